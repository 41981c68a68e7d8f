"""A training set that grows: which calculations to add next, and the loop that refits after each addition.

Learning curves and replayed active learning are the same loop. What is added are *units*: dimers (orbits), pairs of
elements, elements, hosts or impurity elements. A sample can be learned from once all its units are known.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from jijbench.benchmark import Growth
from jijbench.data.sample import Sample
from jijbench.elements import period, place_in_row
from jijbench.errors import DataError

#: mean and, where there is one, standard deviation of the samples asked
Answer = Callable[[Sequence[Sample]], tuple[np.ndarray, np.ndarray | None]]
#: fits a new model to samples and their truth
Learn = Callable[[Sequence[Sample], np.ndarray], Answer]

#: raised when rounds acquire other units than before
VERSION = 1
#: ``both`` looks for distant points among so many times the step of the most uncertain
SHORTLIST = 5


@dataclass(frozen=True, eq=False)
class Round:
    """One refit: ``n`` training rows of ``units`` known units, those ``acquired`` for it, and the test predictions."""

    n: int
    units: int
    acquired: tuple[str, ...]
    seconds: float
    mean: np.ndarray
    std: np.ndarray | None


def units_of(sample: Sample, unit: str) -> frozenset[str]:
    """Units that must be known before a sample can be learned from."""
    if unit == "dimer":
        return frozenset({sample.orbit})
    if unit == "pair":
        return frozenset({"-".join(sample.pair)})
    if unit == "host":
        return frozenset({sample.host})
    return frozenset(sample.ends)


def columns(samples: Sequence[Sample]) -> np.ndarray:
    """(n, 6) descriptor space of ``diversity``: symmetric in the two elements, standardised over the samples.

    Sum and difference of the places in the row, of the periods, product of the places, and the log of the distance.
    """
    ends = np.array([[(place_in_row(e), period(e)) for e in s.ends] for s in samples], dtype=float)  # (n, 2, 2)
    distance = np.log([max(s.distance, 1e-9) for s in samples])  # a single impurity has none: a constant
    total, apart = ends.sum(1), np.abs(ends[:, 0] - ends[:, 1])
    table = np.column_stack([total, apart, ends[:, 0, 0] * ends[:, 1, 0], distance])
    spread = table.std(0)
    return (table - table.mean(0)) / np.where(spread > 0, spread, 1.0)


def most_uncertain(std: np.ndarray, n: int) -> np.ndarray:
    """(≤ n,) positions of the largest ``std`` (m,), largest first; of equals the first."""
    return np.argsort(-std, kind="stable")[:n]


def farthest(points: np.ndarray, known: np.ndarray, n: int) -> np.ndarray:
    """(≤ n,) positions in ``points`` (m, d), one after the other the farthest from ``known`` (k, d) and those chosen.

    Farthest-point sampling, Gonzalez, Theor. Comput. Sci. 38, 293 (1985); of equals the first.
    """
    gap = np.linalg.norm(points[:, None] - known[None], axis=-1).min(1) if len(known) else np.full(len(points), np.inf)
    chosen: list[int] = []
    for _ in range(min(n, len(points))):
        chosen.append(int(np.argmax(gap)))
        gap = np.minimum(gap, np.linalg.norm(points - points[chosen[-1]], axis=1))
        gap[chosen] = -1.0  # never twice, also where points coincide
    return np.array(chosen, dtype=int)


def uncertain_and_far(std: np.ndarray, points: np.ndarray, known: np.ndarray, n: int) -> np.ndarray:
    """(≤ n,) positions: the farthest points among the ``SHORTLIST`` × n most uncertain."""
    short = most_uncertain(std, SHORTLIST * n)
    return short[farthest(points[short], known, n)]


class Pool:
    """Samples that may be learned from, by unit; ``known`` are the units acquired so far, in order."""

    def __init__(self, samples: Sequence[Sample], growth: Growth, seed: int) -> None:
        self.samples, self.growth = samples, growth
        self.needs = [units_of(sample, growth.unit) for sample in samples]
        self.names = sorted(frozenset().union(*self.needs))
        self.known: list[str] = []
        self.rng = np.random.default_rng(seed)
        if len(self.names) < growth.start:
            found = f"the pool holds {len(self.names)} units ({growth.unit}), growth.start asks for {growth.start}"
            raise DataError(f"{found}; start with fewer")

    @property
    def rows(self) -> np.ndarray:
        """(n,) positions of the samples that can be learned from."""
        known = set(self.known)
        return np.array([k for k, needs in enumerate(self.needs) if needs <= known], dtype=int)

    @property
    def left(self) -> list[str]:
        """Units that are not known yet."""
        known = set(self.known)
        return [name for name in self.names if name not in known]

    def begin(self) -> tuple[str, ...]:
        """The first units, at random: the same for all strategies and models of a seed."""
        return self._add(self.rng.permutation(len(self.names))[: self.growth.start])

    def acquire(self, answer: Answer) -> tuple[str, ...]:
        """The next units by the growth's strategy; ``answer`` is the model that knows the present ones."""
        left, n, how = self.left, self.growth.step, self.growth.acquire
        if how == "random":
            return self._add(self.rng.permutation(len(left))[:n])
        first = [self.needs.index(frozenset({name})) for name in left]  # one row speaks for the twins of its orbit
        points = columns(self.samples)
        if how == "diversity":
            return self._add(farthest(points[first], points[self.rows], n))
        std = answer([self.samples[k] for k in first])[1]
        if std is None:
            raise DataError(f"acquire = {how!r} needs standard deviations and the model gives none; take 'diversity'")
        if how == "uncertainty":
            return self._add(most_uncertain(std, n))
        return self._add(uncertain_and_far(std, points[first], points[self.rows], n))

    def _add(self, places: np.ndarray) -> tuple[str, ...]:
        left = self.left
        found = tuple(left[k] for k in places)
        self.known += found
        return found


def grow(
    samples: Sequence[Sample], truth: Callable[[np.ndarray], np.ndarray], test: Sequence[Sample], learn: Learn,
    growth: Growth, seed: int,
) -> Iterator[Round]:  # fmt: skip
    """The rounds of a growing training set, until ``growth.rounds`` or the pool is empty.

    ``truth`` is asked for positions of ``samples`` that are known by then, and for no others.
    """
    pool, started = Pool(samples, growth, seed), time.monotonic()
    acquired = pool.begin()
    for k in range(growth.rounds):
        rows = pool.rows
        if not len(rows):
            raise DataError(f"{len(pool.known)} units ({growth.unit}) hold no whole sample; start with more")
        answer = learn([samples[row] for row in rows], truth(rows))
        mean, std = answer(test)
        yield Round(len(rows), len(pool.known), acquired, time.monotonic() - started, mean, std)
        started = time.monotonic()
        if k + 1 == growth.rounds or not pool.left:
            return
        acquired = pool.acquire(answer)
