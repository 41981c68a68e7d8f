"""Scores: pure functions of arrays. An undefined number is None, never NaN."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from scipy.stats import rankdata

SIGN_FLOOR = 0.1  # meV; below it the sign of J says nothing

Scores = dict[str, float | int | None]


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def mae(truth: np.ndarray, mean: np.ndarray, weight: np.ndarray) -> float | None:
    """Mean absolute error, in the target's unit; None for no rows."""
    return _finite(np.average(np.abs(mean - truth), weights=weight)) if len(truth) else None


def rmse(truth: np.ndarray, mean: np.ndarray, weight: np.ndarray) -> float | None:
    """Root of the mean squared error, in the target's unit; None for no rows."""
    return _finite(np.sqrt(np.average((mean - truth) ** 2, weights=weight))) if len(truth) else None


def r2(truth: np.ndarray, mean: np.ndarray, weight: np.ndarray) -> float | None:
    """Coefficient of determination; None for fewer than two rows or a constant truth."""
    if len(truth) < 2 or np.ptp(truth) == 0:
        return None
    spread = np.average((truth - np.average(truth, weights=weight)) ** 2, weights=weight)
    return _finite(1 - np.average((mean - truth) ** 2, weights=weight) / spread)


def r2_without_largest(truth: np.ndarray, mean: np.ndarray, weight: np.ndarray) -> float | None:
    """R² with the row of the largest \\|truth\\| left out: one coupling can carry the whole number."""
    if len(truth) < 3:
        return None
    keep = np.arange(len(truth)) != np.argmax(np.abs(truth))
    return r2(truth[keep], mean[keep], weight[keep])


def spearman(truth: np.ndarray, mean: np.ndarray, weight: np.ndarray) -> float | None:
    """Rank correlation; None for a constant truth or prediction."""
    if len(truth) < 2 or np.ptp(truth) == 0 or np.ptp(mean) == 0:
        return None
    a, b = rankdata(truth), rankdata(mean)
    a, b = a - np.average(a, weights=weight), b - np.average(b, weights=weight)
    return _finite((weight * a * b).sum() / np.sqrt((weight * a**2).sum() * (weight * b**2).sum()))


def sign_accuracy(truth: np.ndarray, mean: np.ndarray, weight: np.ndarray) -> float | None:
    """Share of rows with |truth| ≥ 0.1 meV whose sign is right; a prediction of zero is wrong."""
    keep = np.abs(truth) >= SIGN_FLOOR
    if not keep.any():
        return None
    return _finite(np.average(np.sign(mean[keep]) == np.sign(truth[keep]), weights=weight[keep]))


def mae_rel_shell(truth: np.ndarray, mean: np.ndarray, weight: np.ndarray, shell: np.ndarray) -> float | None:
    """Mean over shells of MAE / mean |truth| of that shell, so that two strong shells do not decide alone.

    Shells whose truth is zero throughout have no relative error and are left out of the mean.
    """
    ratios = []
    for name in np.unique(shell):
        here = shell == name
        size = np.average(np.abs(truth[here]), weights=weight[here])
        if size > 0:
            ratios.append(np.average(np.abs(mean[here] - truth[here]), weights=weight[here]) / size)
    return _finite(np.mean(ratios)) if ratios else None


def pair_scores(truth: np.ndarray, mean: np.ndarray, weight: np.ndarray, rows: Mapping[str, np.ndarray]) -> Scores:
    """All numbers of a Jij task.

    ``truth``, ``mean`` (n,) meV, ``weight`` (n,); ``rows`` holds ``magnetic`` (n,) bool and ``shell`` (n,).
    """
    scores: Scores = {"n": len(truth)}
    for name, function in _PLAIN.items():
        scores[name] = function(truth, mean, weight)
    scores["mae_rel_shell"] = mae_rel_shell(truth, mean, weight, rows["shell"])
    magnetic = rows["magnetic"]
    scores["n_magnetic"] = int(magnetic.sum())
    for name, function in _PLAIN.items():
        scores[f"{name}_magnetic"] = function(truth[magnetic], mean[magnetic], weight[magnetic])
    scores["mean_abs_truth"] = _finite(np.average(np.abs(truth), weights=weight)) if len(truth) else None
    return scores


_PLAIN: Mapping[str, Callable[[np.ndarray, np.ndarray, np.ndarray], float | None]] = MappingProxyType(
    {
        "mae": mae,
        "rmse": rmse,
        "r2": r2,
        "r2_without_largest": r2_without_largest,
        "spearman": spearman,
        "sign_accuracy": sign_accuracy,
    }
)


def field_scores(truth: np.ndarray, mean: np.ndarray, weight: np.ndarray, rows: Mapping[str, np.ndarray]) -> Scores:
    """Errors of curves (n, k), pooled over points with equal weight."""
    del rows
    if not len(truth):
        return {"n": 0, "mae": None, "rmse": None}
    error = mean - truth
    per_row = error.reshape(len(error), -1)
    return {
        "n": len(truth),
        "mae": _finite(np.average(np.abs(per_row).mean(1), weights=weight)),
        "rmse": _finite(np.sqrt(np.average((per_row**2).mean(1), weights=weight))),
    }


def scores(truth: np.ndarray, mean: np.ndarray, weight: np.ndarray, rows: Mapping[str, np.ndarray]) -> Scores:
    """Scores of scalars (n,) or of curves (n, k)."""
    return (pair_scores if truth.ndim == 1 else field_scores)(truth, mean, weight, rows)
