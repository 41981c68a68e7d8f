"""Scores: pure functions of arrays. An undefined number is None, never NaN."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

SIGN_FLOOR = 0.1  # meV; below it the sign of J says nothing

Scores = dict[str, float | int | None]


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _average(values: np.ndarray, weight: np.ndarray) -> Any:
    """Weighted mean of values (n, …) over n; ``np.average`` takes most of its time on questions about its arguments."""
    return (values.T * weight).sum(-1) / weight.sum()


def _ranks(values: np.ndarray) -> np.ndarray:
    """(n,) ranks from 1, equal values share the mean of theirs."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(count) - (count - 1) / 2)[place]


def mae(truth: np.ndarray, mean: np.ndarray, weight: np.ndarray) -> float | None:
    """Mean absolute error, in the target's unit; None for no rows."""
    return _finite(_average(np.abs(mean - truth), weight)) if len(truth) else None


def rmse(truth: np.ndarray, mean: np.ndarray, weight: np.ndarray) -> float | None:
    """Root of the mean squared error, in the target's unit; None for no rows."""
    return _finite(np.sqrt(_average((mean - truth) ** 2, weight))) if len(truth) else None


def r2(truth: np.ndarray, mean: np.ndarray, weight: np.ndarray) -> float | None:
    """Coefficient of determination; None for fewer than two rows or a constant truth."""
    if len(truth) < 2 or np.ptp(truth) == 0:
        return None
    spread = _average((truth - _average(truth, weight)) ** 2, weight)
    return _finite(1 - _average((mean - truth) ** 2, weight) / spread)


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
    a, b = (ranks - _average(ranks, weight) for ranks in (_ranks(truth), _ranks(mean)))
    return _finite((weight * a * b).sum() / np.sqrt((weight * a**2).sum() * (weight * b**2).sum()))


def sign_accuracy(truth: np.ndarray, mean: np.ndarray, weight: np.ndarray) -> float | None:
    """Share of rows with |truth| ≥ 0.1 meV whose sign is right; a prediction of zero is wrong."""
    keep = np.abs(truth) >= SIGN_FLOOR
    if not keep.any():
        return None
    return _finite(_average(np.sign(mean[keep]) == np.sign(truth[keep]), weight[keep]))


def mae_rel_shell(truth: np.ndarray, mean: np.ndarray, weight: np.ndarray, shell: np.ndarray) -> float | None:
    """Mean over shells of MAE / mean |truth| of that shell, so that two strong shells do not decide alone.

    Shells whose truth is zero throughout have no relative error and are left out of the mean.
    """
    _, place = np.unique(shell, return_inverse=True)
    errors, sizes = (np.bincount(place, weight * np.abs(values)) for values in (mean - truth, truth))
    return _finite(float(np.mean(errors[sizes > 0] / sizes[sizes > 0]))) if (sizes > 0).any() else None


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
    scores["mean_abs_truth"] = _finite(_average(np.abs(truth), weight)) if len(truth) else None
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
    """Errors of curves (n, k), weighted over points by ``rows['volume']`` (k,) and pooled over curves.

    ``rmse_reference`` is that of predicting zero and ``error_left`` the ratio to it; ``rel_l2`` the mean over curves of
    the error's norm by the curve's; ``rmse_boundary`` the error at the last point; ``rmse_basis``, where ``rows`` holds
    ``reconstruction`` (n, k), that of the best the model's basis could do.
    """
    points = int(np.prod(truth.shape[1:]))
    truth, mean = truth.reshape(-1, points), mean.reshape(-1, points)
    volume = rows.get("volume", np.full(points, 1 / points))
    names = ("mae", "rmse", "rmse_reference", "error_left", "r2", "rel_l2", "rmse_boundary", "rmse_basis")
    if not len(truth):
        return {"n": 0} | dict.fromkeys(names)

    def rms(norms: np.ndarray) -> float:
        return float(np.sqrt(_average(norms**2, weight)))

    error = mean - truth
    errors, norms = curve_norms(error, volume), curve_norms(truth, volume)
    left, reference = rms(errors), rms(norms)
    spread = rms(curve_norms(truth - _average(truth, weight), volume))
    numbers = (
        _average(np.abs(error) @ volume, weight),
        left,
        reference,
        left / reference if reference else np.nan,
        1 - (left / spread) ** 2 if spread else np.nan,
        _average(errors / norms, weight) if norms.all() else np.nan,
        np.sqrt(_average(error[:, -1] ** 2, weight)),
        rms(curve_norms(rows["reconstruction"] - truth, volume)) if "reconstruction" in rows else np.nan,
    )
    return {"n": len(truth)} | {name: _finite(value) for name, value in zip(names, numbers, strict=True)}


def curve_norms(curves: np.ndarray, volume: np.ndarray) -> np.ndarray:
    """(n,) root mean square of each curve (n, k) over the cell, weights ``volume`` (k,) of sum one."""
    return np.sqrt(curves**2 @ volume)


def projected(curves: np.ndarray, basis: np.ndarray, volume: np.ndarray) -> np.ndarray:
    """(n, k) the best approximation of curves (n, k) by a basis (m, k), least squares weighted by ``volume`` (k,)."""
    weighted = basis * volume
    return np.linalg.lstsq(weighted @ basis.T, weighted @ curves.T, rcond=None)[0].T @ basis


def vector_scores(truth: np.ndarray, mean: np.ndarray, weight: np.ndarray) -> Scores:
    """Errors of vectors (n, 3): of their components pooled, of their lengths, and the angle between them.

    ``sign_accuracy`` counts components of at least 0.1 meV, ``angle_deg`` is the mean over vectors that long.
    """
    size = truth.shape[1]
    flat, each = (truth.ravel(), mean.ravel()), np.repeat(weight, size)
    length, found = np.linalg.norm(truth, axis=1), np.linalg.norm(mean, axis=1)
    long = (length >= SIGN_FLOOR) & (found > 0)
    cosine = np.clip((truth * mean).sum(axis=1)[long] / (length * found)[long], -1.0, 1.0)
    angle = np.average(np.degrees(np.arccos(cosine)), weights=weight[long]) if long.any() else np.nan
    return {
        "n": len(truth),
        "mae": mae(*flat, each),
        "rmse": rmse(*flat, each),
        "r2": r2(*flat, each),
        "sign_accuracy": sign_accuracy(*flat, each),
        "mean_abs_truth": _finite(np.average(np.abs(flat[0]), weights=each)) if len(truth) else None,
        "mae_length": mae(length, found, weight),
        "angle_deg": _finite(angle),
    }


def pair_score(
    name: str, truth: np.ndarray, mean: np.ndarray, weight: np.ndarray, rows: Mapping[str, np.ndarray]
) -> float | int | None:
    """One of the ``pair_scores``, without computing the others where that can be."""
    stem = name.removesuffix("_magnetic")
    if stem not in _PLAIN:
        return pair_scores(truth, mean, weight, rows)[name]
    keep = rows["magnetic"] if stem != name else slice(None)
    return _PLAIN[stem](truth[keep], mean[keep], weight[keep])
