"""Split protocols: rules that say which samples test a model and which must leave training.

Each is a scikit-learn splitter over samples (``split``, ``get_n_splits``). ``parts`` does the work and
serves the outer folds (written once, committed) and the inner folds of tuning, so both obey one rule.
A part is (test, dropped): positions of the tested samples, and of those in neither set.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

import numpy as np

from jijbench.data.elements import period
from jijbench.data.sample import Sample
from jijbench.errors import DataError, UnknownName

Part = tuple[np.ndarray, np.ndarray]
Unit = Literal["element", "pair", "shell", "host", "impurity"]
Rule = Callable[[Sequence[Sample], int, np.random.Generator], list[Part]]
NOTHING = np.array([], dtype=int)


def dealt(items: Sequence, n: int, rng: np.random.Generator) -> list[list]:
    """Deal shuffled ``items`` into n hands whose sizes differ by one at most."""
    order = rng.permutation(len(items))
    return [[items[k] for k in order[start::n]] for start in range(n)]


def _rows(samples: Sequence[Sample], keep: Callable[[Sample], bool]) -> np.ndarray:
    return np.array([k for k, sample in enumerate(samples) if keep(sample)], dtype=int)


def _member(label: Callable[[Sample], Any], names: Collection) -> Callable[[Sample], bool]:
    return lambda sample: label(sample) in names


def _grouped(samples: Sequence[Sample], n: int, rng: np.random.Generator, label: Callable[[Sample], Any]) -> list[Part]:
    groups = sorted({label(sample) for sample in samples})
    return [(_rows(samples, _member(label, set(hand))), NOTHING) for hand in dealt(groups, n, rng)]


def by_orbit(samples: Sequence[Sample], n: int, rng: np.random.Generator) -> list[Part]:
    """Orbits dealt at random."""
    return _grouped(samples, n, rng, lambda sample: sample.orbit)


def by_pair(samples: Sequence[Sample], n: int, rng: np.random.Generator) -> list[Part]:
    """Unordered pairs of elements dealt at random, with all their shells."""
    return _grouped(samples, n, rng, lambda sample: sample.pair)


def by_impurity(samples: Sequence[Sample], n: int, rng: np.random.Generator) -> list[Part]:
    """Elements of the impurity dealt at random, in all their hosts."""
    return _grouped(samples, n, rng, lambda sample: sample.elements[0])


def by_host(samples: Sequence[Sample], n: int, rng: np.random.Generator) -> list[Part]:
    """Hosts dealt at random, with all their impurities."""
    return _grouped(samples, n, rng, lambda sample: sample.host)


def _shell(sample: Sample) -> tuple[float, int | None]:
    return round(sample.distance, 2), sample.shell


def by_shell(samples: Sequence[Sample], n: int, rng: np.random.Generator) -> list[Part]:
    """Whole shells; with fewer parts than shells each part gets every n-th one in order of distance."""
    del rng  # the order is that of the distances
    shells = sorted({_shell(sample) for sample in samples})
    return [(_rows(samples, _member(_shell, set(shells[k::n]))), NOTHING) for k in range(n)]


#: the units that a sample belongs to, by kind
MEMBER: Mapping[Unit, Callable[[Sample], tuple[Any, ...]]] = MappingProxyType(
    {
        "element": lambda sample: sample.ends,
        "pair": lambda sample: (sample.pair,),
        "shell": lambda sample: (_shell(sample),),
        "host": lambda sample: (sample.host,),
        "impurity": lambda sample: (sample.elements[0],),
    }
)


def members(samples: Sequence[Sample], unit: Unit) -> tuple[list, np.ndarray]:
    """Names of the units among the samples, and (n, m) the places in that list of those each sample belongs to."""
    labels = [MEMBER[unit](sample) for sample in samples]
    names = sorted({name for label in labels for name in label})
    place = {name: k for k, name in enumerate(names)}
    return names, np.array([[place[name] for name in label] for label in labels], dtype=int).reshape(len(labels), -1)


def elements_of(samples: Sequence[Sample]) -> tuple[list[str], list[str]]:
    """Elements whose impurities carry a moment, and the others.

    Where moments are not known an element counts as magnetic.
    """
    moments: dict[str, float] = {}
    for sample in samples:
        values = np.ones(len(sample.elements)) if sample.moments is None else sample.moments
        moments.update(zip(sample.elements, map(float, values), strict=False))
    return sorted(e for e in moments if moments[e] != 0), sorted(e for e in moments if moments[e] == 0)


def by_element(samples: Sequence[Sample], n: int, rng: np.random.Generator) -> list[Part]:
    """One magnetic element and one other a part (``n`` parts of all); rows touching either are tested."""
    magnetic, others = elements_of(samples)
    magnetic, others = list(rng.permutation(magnetic)), list(rng.permutation(others))
    hands = [{element, *others[k % max(1, len(others)) :: len(magnetic)]} for k, element in enumerate(magnetic)]
    return [(_rows(samples, lambda s, h=hand: bool(h & set(s.pair))), NOTHING) for hand in hands[:n]]  # type: ignore[misc]


def by_block(samples: Sequence[Sample], n: int, rng: np.random.Generator) -> list[Part]:
    """Blocks of elements: both elements in the block are tested, rows with one in it are dropped."""
    magnetic, others = elements_of(samples)
    hands = zip(dealt(magnetic, n, rng), dealt(others, n, rng)[::-1], strict=True)
    parts = []
    for first, second in hands:
        outside = np.array([len(set(s.pair) - {*first, *second}) for s in samples])
        kinds = np.array([len(set(s.pair)) for s in samples])
        parts.append((np.flatnonzero(outside == 0), np.flatnonzero((outside == 1) & (kinds == 2))))
    return parts


def by_period(samples: Sequence[Sample], n: int, rng: np.random.Generator) -> list[Part]:
    """Train on pairs of 3d elements, test on pairs of 4d elements, drop the mixed ones."""
    del n, rng
    rows = [{period(element) for element in sample.pair} for sample in samples]
    mixed = [k for k, periods in enumerate(rows) if len(periods) == 2]
    return [(np.array([k for k, periods in enumerate(rows) if periods == {5}], dtype=int), np.array(mixed, dtype=int))]


@dataclass(frozen=True)
class Protocol:
    """A named rule.

    Attributes
    ----------
    name, question : as in the tables, and what the test set asks
    rule : makes the parts; ``parts`` of them in all, of which the protocol uses ``n_folds``
    inner : rule of the inner folds (the outer one where that can be applied again), ``inner_parts`` of them
    units : what an interval of generalisation resamples, in one crystal; none for a single split by a fixed rule
    n_inner : inner folds that the published set-up prescribes, or None: the budget says
    train_on : another dataset that training comes from, with the shell it is limited to
    """

    name: str
    question: str
    rule: Rule
    n_folds: int
    parts: int
    inner: Rule
    inner_parts: int
    units: tuple[Unit, ...]
    n_inner: int | None = None
    train_on: tuple[str, int] | None = None

    def get_n_splits(self, X: object = None, y: object = None, groups: object = None) -> int:
        """Number of folds, as scikit-learn asks for it."""
        return self.n_folds

    def split(
        self, X: Sequence[Sample], y: object = None, groups: object = None, seed: int = 0
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:  # fmt: skip
        """(train, test) positions of each fold; dropped samples are in neither."""
        for test, dropped in self.outer(X, seed):
            yield np.setdiff1d(np.arange(len(X)), np.concatenate([test, dropped])), test

    def outer(self, samples: Sequence[Sample], seed: int) -> list[Part]:
        """The (test, dropped) parts of the outer folds."""
        return self.rule(samples, self.parts, np.random.default_rng(seed))[: self.n_folds]

    def inner_folds(
        self, samples: Sequence[Sample], n: int, seed: int = 0
    ) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
        """``n`` (train, valid) pairs of positions into the training samples.

        The first n of the rule's parts on the training samples, so that each leaves out the share that
        the outer test leaves out. Raises ``DataError`` where the samples do not allow one such fold.
        """
        everything = np.arange(len(samples))
        parts = self.inner(samples, self.inner_parts, np.random.default_rng(seed))[: self.n_inner or n]
        folds = [(np.setdiff1d(everything, np.concatenate([valid, dropped])), valid) for valid, dropped in parts]
        kept = tuple((train, valid) for train, valid in folds if len(train) and len(valid))
        if not kept:
            raise DataError(f"{self.name}: {len(samples)} training samples allow no inner fold; give more samples")
        return kept


def _protocols() -> dict[str, Protocol]:
    found = [
        Protocol("random-orbit", "interpolation", by_orbit, 5, 5, by_orbit, 5, ("element",)),
        Protocol("published-80-20", "the published set-up of SOAP + KRR", by_orbit, 1, 5, by_orbit, 5, ("element",), 5),
        Protocol("published-90-10", "the published set-up of AutoML", by_orbit, 1, 10, by_orbit, 5, ("element",), 5),
        Protocol("unseen-pair", "both elements seen, this pair never", by_pair, 5, 5, by_pair, 5, ("pair",)),
        Protocol(
            "unseen-impurity",
            "an impurity element never seen, in hosts that are",
            by_impurity,
            5,
            5,
            by_impurity,
            5,
            ("impurity",),
        ),
        Protocol("unseen-host", "a host never seen", by_host, 5, 5, by_host, 5, ("host",)),
        Protocol("unseen-element", "one element never seen", by_element, 11, 11, by_element, 10, ("element",)),
        Protocol("unseen-both", "neither element seen", by_block, 5, 5, by_block, 4, ("element",)),
        Protocol("unseen-shell", "a distance never seen", by_shell, 14, 14, by_shell, 5, ("shell",)),
        Protocol("period", "train on 3d, test on 4d", by_period, 1, 1, by_block, 3, ()),
        Protocol("transfer", "another level of theory", by_orbit, 1, 1, by_orbit, 5, (), train_on=("jij-bi2te3", 1)),
    ]
    return {protocol.name: protocol for protocol in found}


PROTOCOLS = MappingProxyType(_protocols())


def protocol(name: str) -> Protocol:
    """The protocol called ``name``; raises ``UnknownName``."""
    if name not in PROTOCOLS:
        raise UnknownName("protocol", name, PROTOCOLS)
    return PROTOCOLS[name]
