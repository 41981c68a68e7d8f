"""How far an error can be trusted: jackknife over what a protocol leaves out, Student's t, ranks.

An error is a ratio of sums over rows (a mean, or the root of one). Deleting one unit (an element with all its rows, a
shell, a host) and computing it anew gives the variance of its logarithm (Quenouille, Tukey; for dimers, whose rows
touch two elements each, the node jackknife: Snijders and Borgatti, Connections 22 (1999) 161). With few units the
interval needs Student's t and the logarithm: on synthetic data of this size it covers 92 to 94 % where a percentile
bootstrap covers 77 to 90 %.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import stdtr, stdtrit

LEVEL = 0.95
#: fewer units say nothing about their spread
FEWEST = 3


@dataclass(frozen=True, eq=False)
class Jackknife:
    """An error, and what it is without each unit.

    ``value`` is the error; ``ways`` holds for each way of resampling (elements; or hosts and impurities) an array
    (units,) of the error with one unit left out.
    """

    value: float
    ways: tuple[np.ndarray, ...]


def jackknife(
    numerator: np.ndarray, denominator: np.ndarray, members: Sequence[np.ndarray], power: float = 1.0
) -> Jackknife | None:
    """The error (Σ numerator / Σ denominator)^power and its value without each unit.

    ``numerator`` and ``denominator`` (n,) are the rows' terms of the sums; ``members`` holds for each way an array
    (n, m) of the numbers 0, 1, … of the units that a row belongs to (the two elements of a dimer; the same number twice
    counts once). None where an error is zero or undefined: its logarithm says nothing.
    """
    ways = tuple(_left_out(numerator, denominator, units) ** power for units in members)
    total = denominator.sum()
    value = float((numerator.sum() / total) ** power) if total > 0 else 0.0
    defined = value > 0 and all(np.isfinite(way).all() for way in ways)
    return Jackknife(value, ways) if defined else None


def _left_out(numerator: np.ndarray, denominator: np.ndarray, units: np.ndarray) -> np.ndarray:
    """(…, units) the ratio of the sums of (…, n) and (n,) without each unit; NaN where no rows or no error are left."""
    leaves = (_named(units) > 0).astype(float)  # once, however often it is named
    totals = [terms.sum(-1, keepdims=True) for terms in (numerator, denominator)]
    rest = [total - terms @ leaves for total, terms in zip(totals, (numerator, denominator), strict=True)]
    left = (rest[0] > 1e-12 * totals[0]) & (rest[1] > 1e-12 * totals[1])  # what rounding leaves is nothing
    return np.divide(rest[0], rest[1], out=np.full(left.shape, np.nan), where=left)


def mean_of(each: Sequence[Jackknife]) -> Jackknife:
    """The mean over seeds, unit by unit: seeds share the units."""
    ways = zip(*(one.ways for one in each), strict=True)
    return Jackknife(float(np.mean([one.value for one in each])), tuple(np.mean(way, axis=0) for way in ways))


@dataclass(frozen=True)
class Spread:
    """Standard error of a logarithm (of several: (draws,)), and the degrees of freedom it was seen with."""

    error: Any
    freedom: int

    @property
    def half(self) -> Any:
        """Half the 95 % interval of the logarithm."""
        return float(stdtrit(self.freedom, (1 + LEVEL) / 2)) * self.error


def _spread(ways: Sequence[np.ndarray]) -> Spread | None:
    """From logarithms (or their differences) with one unit left out; variances of the ways add, so it errs upwards.

    None where a way has fewer than three units, or where there is none.
    """
    sizes = [way.shape[-1] for way in ways]
    if min(sizes, default=0) < FEWEST:
        return None
    variance = sum((size - 1) * np.var(way, axis=-1) for way, size in zip(ways, sizes, strict=True))
    return Spread(np.sqrt(variance), min(sizes) - 1)


def interval(error: Jackknife) -> tuple[float, float] | None:
    """The 95 % interval of an error; None where there are too few units to say."""
    spread = _spread([np.log(way) for way in error.ways])
    if spread is None:
        return None
    factor = np.exp(spread.half)
    return error.value / float(factor), error.value * float(factor)


@dataclass(frozen=True)
class Difference:
    """Two errors on the same rows: their ratio, its 95 % interval, and the two-sided p of their being the same."""

    ratio: float
    low: float
    high: float
    p: float


def difference(a: Jackknife, b: Jackknife) -> Difference | None:
    """Error a over error b, paired unit by unit; None where there are too few units to say."""
    spread = _spread([np.log(x) - np.log(y) for x, y in zip(a.ways, b.ways, strict=True)])
    if spread is None:
        return None
    gap = float(np.log(a.value) - np.log(b.value))
    p = float(gap == 0) if spread.error == 0 else float(2 * stdtr(spread.freedom, -abs(gap) / spread.error))
    factor = np.exp(spread.half)
    return Difference(float(np.exp(gap)), float(np.exp(gap) / factor), float(np.exp(gap) * factor), p)


def holm(p: np.ndarray) -> np.ndarray:
    """(k,) p-values adjusted for k comparisons (Holm, Scand. J. Statist. 6 (1979) 65)."""
    order = np.argsort(p, kind="stable")
    steps = np.maximum.accumulate(np.sort(p) * (len(p) - np.arange(len(p))))
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(steps, 1.0)
    return adjusted


def rank_intervals(errors: Sequence[Jackknife]) -> list[tuple[int, int] | None]:
    """The ranks that each of several errors may have, 1 the smallest error, with 95 % confidence for each.

    A row is compared with all others; it stands behind those that are significantly better and before those that are
    significantly worse (Mogstad, Romano, Shaikh and Wilhelm, Rev. Econ. Stud. 91 (2024) 476, marginal intervals).
    """
    return [_ranks(k, errors) for k in range(len(errors))]


def _ranks(k: int, errors: Sequence[Jackknife]) -> tuple[int, int] | None:
    gaps = [difference(other, errors[k]) for j, other in enumerate(errors) if j != k]
    known = [gap for gap in gaps if gap is not None]
    if len(known) < len(gaps) or not errors[k].ways:
        return None
    sure = holm(np.array([gap.p for gap in known])) < 1 - LEVEL
    better = sum(bool(s) and gap.ratio < 1 for s, gap in zip(sure, known, strict=True))
    worse = sum(bool(s) and gap.ratio > 1 for s, gap in zip(sure, known, strict=True))
    return 1 + better, len(errors) - worse


def coverage(members: Sequence[np.ndarray], spreads: Sequence[float], draws: int = 500, seed: int = 0) -> float:
    """How often an interval of nominally 95 % holds the true mean error, by simulation with these units.

    Each unit of a way gets a log-normal factor whose logarithm has the standard deviation ``spreads[way]``; a row's
    error is the product over the units it names (a dimer of one element twice has its factor squared). ``members`` as
    for ``jackknife``.
    """
    rng = np.random.default_rng(seed)
    named = [_named(units) for units in members]
    variance = sum(s**2 * (counts**2).sum(axis=1) for s, counts in zip(spreads, named, strict=True))
    truth = float(np.exp(variance / 2).mean())
    scale = np.concatenate([np.full(counts.shape[1], s) for s, counts in zip(spreads, named, strict=True)])
    factors = np.exp(rng.normal(0, scale, (draws, len(scale))) @ np.hstack(named).T)  # (draws, n)
    ways = [_left_out(factors, np.ones(len(units)), units) for units in members]
    spread = _spread([np.log(way) for way in ways])
    return 0.0 if spread is None else float((np.abs(np.log(factors.mean(1) / truth)) <= spread.half).mean())


def _named(units: np.ndarray) -> np.ndarray:
    """(n, units) how often each row names each unit."""
    counts = np.zeros((len(units), units.max(initial=-1) + 1))
    for column in units.T:
        counts[np.arange(len(units)), column] += 1
    return counts


def unit_spread(numerator: np.ndarray, denominator: np.ndarray, units: np.ndarray) -> float:
    """Standard deviation of the logarithm of the units' own errors, for ``coverage``; one without error has none."""
    counts = _named(units) > 0
    error = np.divide(numerator @ counts, denominator @ counts, out=np.zeros(counts.shape[1]), where=counts.any(axis=0))
    return float(np.std(np.log(error[error > 0]), ddof=1)) if (error > 0).sum() > 1 else 0.0
