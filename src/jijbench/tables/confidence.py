"""What a table can resolve: intervals over what the protocol leaves out, ranks, and the smallest difference."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from jijbench.data.dataset import Dataset
from jijbench.data.protocols import Unit, members
from jijbench.data.task import Task
from jijbench.scores.statistics import (
    FEWEST,
    Jackknife,
    coverage,
    difference,
    interval,
    jackknife,
    mean_of,
    rank_intervals,
    unit_spread,
)
from jijbench.tables.results import Pooled

PLURAL = {"element": "elements", "pair": "pairs", "shell": "shells", "host": "hosts", "impurity": "impurities"}
#: leaders are the rows whose error is at most this many times the smallest, or at least the second
LEADERS = 2.0


@lru_cache(maxsize=64)
def ways(task: Task) -> tuple[Unit, ...]:
    """Kinds of units that an interval resamples: the protocol's in one crystal; hosts and impurities in many.

    Pairs of elements are nested in elements: deleting an element deletes its pairs, so both together are the elements.
    """
    several = len({sample.host for sample in task.dataset.samples}) > 1
    return ("host", "impurity") if several and task.protocol.units else task.protocol.units


def units(dataset: Dataset, rows: np.ndarray, unit: Unit) -> tuple[list, np.ndarray]:
    """``members`` of the samples at positions ``rows`` (n,)."""
    names, places = _members(dataset, unit)
    known, places = np.unique(places[rows], return_inverse=True)
    return [names[k] for k in known], places.reshape(len(rows), -1)


@lru_cache(maxsize=64)  # the same for all rows of a table
def _members(dataset: Dataset, unit: Unit) -> tuple[list, np.ndarray]:
    return members(dataset.samples, unit)


@dataclass(frozen=True, eq=False)
class Terms:
    """Sums behind an error, over the rows that the headline counts.

    ``numerator`` (n,) and ``reference`` (n,) are weighted errors and truths (absolute, or squared and averaged over the
    curve), ``weight`` (n,), ``members`` one array (n, m) a way, ``power`` that of the ratio.
    """

    numerator: np.ndarray
    reference: np.ndarray
    weight: np.ndarray
    members: tuple[np.ndarray, ...]
    power: float

    def error(self, relative: bool = False) -> Jackknife | None:
        """The headline error; ``relative`` to predicting zero."""
        return jackknife(self.numerator, self.reference if relative else self.weight, self.members, self.power)


def terms(pooled: Pooled) -> Terms:
    """Sums behind a row's headline, as the target defines its loss."""
    task, weight, target = pooled.task, pooled.weight, pooled.task.target
    keep = target.counted(pooled.labels)
    error, truth = target.loss(pooled.mean - pooled.truth), target.loss(pooled.truth)
    places = tuple(units(task.dataset, pooled.rows[keep], unit)[1] for unit in ways(task))
    return Terms((weight * error)[keep], (weight * truth)[keep], weight[keep], places, target.power)


def headline(pooled: Sequence[Pooled], relative: bool = False) -> Jackknife | None:
    """The headline error of a row, mean over its seeds; None where it is zero, undefined or not there."""
    each = [terms(one).error(relative) for one in pooled]
    known = [one for one in each if one is not None]
    return mean_of(known) if known and len(known) == len(each) else None


def ranks(errors: Mapping[str, Jackknife | None]) -> dict[str, str | None]:
    """Places that the rows of one task may have, as "2" or "1–3"; None for rows without an error or an interval."""
    known = {row: error for row, error in errors.items() if error is not None}
    found = dict(zip(known, rank_intervals(list(known.values())), strict=True))
    return {row: _place(found.get(row)) for row in errors}


def _place(ends: tuple[int, int] | None) -> str | None:
    if ends is None:
        return None
    return f"{ends[0]}" if ends[0] == ends[1] else f"{ends[0]}–{ends[1]}"


def resolvable(errors: Mapping[str, Jackknife | None]) -> float | None:
    """The smallest difference to the best row that counts, in the target's unit.

    Median over the other leaders of the half-width of the paired 95 % interval; None where there is none.
    """
    known = sorted((error for error in errors.values() if error is not None), key=lambda error: error.value)
    if not known:
        return None
    best = known[0]
    leaders = [other for other in known[1:] if other.value <= LEADERS * best.value] or known[1:2]
    gaps = [difference(other, best) for other in leaders]
    halves = [best.value * (gap.high / gap.ratio - 1) for gap in gaps if gap is not None and gap.high > gap.ratio]
    return float(np.median(halves)) if halves else None


def resampled(pooled: Pooled) -> str:
    """What the intervals of a task resample and what they are worth, in words; or why it has none.

    The worth is the simulated coverage with as many units whose errors differ as much as this row's.
    """
    found = terms(pooled)
    kinds = ways(pooled.task)
    if not kinds:
        return "one split: no interval of generalisation"
    sizes = [int(places.max()) + 1 for places in found.members]
    names = " and ".join(f"{n} {PLURAL[kind]}" for n, kind in zip(sizes, kinds, strict=True))
    if min(sizes) < FEWEST:
        return f"{names}: too few for an interval"
    spreads = [found.power * unit_spread(found.numerator, found.weight, places) for places in found.members]
    worth = coverage(found.members, spreads)
    return f"{names} (worth {worth:.0%} by simulation)"


def bounds(error: Jackknife | None) -> tuple[float | None, float | None]:
    """Ends of the 95 % interval, or two None."""
    found = None if error is None else interval(error)
    return (None, None) if found is None else found
