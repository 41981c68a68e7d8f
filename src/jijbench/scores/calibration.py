"""How good predicted standard deviations and intervals are: pure functions of errors and deviations.

``error`` (n,) is prediction − truth, ``std`` (n,) the predicted standard deviation, both in the target's unit,
``weight`` (n,) what a row counts. Undefined numbers are None, never NaN.
"""

import numpy as np
from scipy.special import ndtri

#: expected shares at which observed ones are asked for
GRID = tuple(np.round(np.arange(0.05, 1.0, 0.05), 2))


def nll(error: np.ndarray, std: np.ndarray, weight: np.ndarray) -> float | None:
    """Mean negative log-likelihood of the truth under normal distributions; None where a deviation is zero."""
    if not len(error) or (std <= 0).any():
        return None
    return float(np.average(0.5 * (error / std) ** 2 + np.log(std) + 0.5 * np.log(2 * np.pi), weights=weight))


def interval_score(half: np.ndarray, error: np.ndarray, weight: np.ndarray, level: float) -> float | None:
    """Mean score of central intervals of half-width ``half`` (n,): width + 2/α × what the truth lies outside.

    Gneiting and Raftery, J. Am. Stat. Assoc. 102 (2007) 359, eq. 43; small is good, in the target's unit.
    """
    if not len(error):
        return None
    outside = np.maximum(np.abs(error) - half, 0.0)
    return float(np.average(2 * half + 2 / (1 - level) * outside, weights=weight))


def normal_half(std: np.ndarray, level: float) -> np.ndarray:
    """(n,) half-widths of the central intervals of normal distributions."""
    return ndtri((1 + level) / 2) * std


def coverage(half: np.ndarray, error: np.ndarray, weight: np.ndarray) -> float | None:
    """Share of rows whose truth lies within ``half`` (n,) of the prediction."""
    return float(np.average(np.abs(error) <= half, weights=weight)) if len(error) else None


def curve(error: np.ndarray, std: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Observed share within the central normal interval of each expected share in ``GRID``; empty for no rows."""
    if not len(error):
        return np.array([])
    return np.array([coverage(normal_half(std, level), error, weight) for level in GRID], dtype=float)


def miscalibration(error: np.ndarray, std: np.ndarray, weight: np.ndarray) -> float | None:
    """Mean distance of the calibration curve from the diagonal: 0 is perfect, 0.5 the worst."""
    observed = curve(error, std, weight)
    return float(np.mean(np.abs(observed - np.array(GRID)))) if len(observed) else None


def sharpness(std: np.ndarray, weight: np.ndarray) -> float | None:
    """Root of the mean variance, in the target's unit."""
    return float(np.sqrt(np.average(std**2, weights=weight))) if len(std) else None


def retention(error: np.ndarray, by: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Shares of rows kept, rising to 1, and the MAE of the kept ones; the rows of largest ``by`` (n,) go first."""
    order = np.argsort(by, kind="stable")
    kept = np.cumsum(weight[order])
    return kept / kept[-1], np.cumsum((weight * np.abs(error))[order]) / kept


def retention_gain(error: np.ndarray, std: np.ndarray, weight: np.ndarray) -> float | None:
    """How much of what knowing the errors would gain, dropping rows by their deviation does: 1 all, 0 as at random.

    Area between the MAE of all rows and the retention curve, relative to that of the curve ordered by the errors
    themselves. None where no order gains anything.
    """
    if len(error) < 2:
        return None
    whole = np.average(np.abs(error), weights=weight)
    areas = []
    for by in (std, np.abs(error)):
        share, mae = retention(error, by, weight)
        areas.append(float(np.sum((whole - mae) * np.diff(share, prepend=0.0))))
    return areas[0] / areas[1] if areas[1] > 0 else None
