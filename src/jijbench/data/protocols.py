"""Split protocols: rules that say which samples test a model and which must leave training.

Each is a scikit-learn splitter over samples (``split``, ``get_n_splits``). Its rule makes the parts, for the outer
folds (written once, committed) and for the inner folds of tuning, so both obey one rule. A part is (test, dropped):
positions of the tested samples, and of those in neither set. How many parts there are, the units of the dataset at hand
decide where a rule is given no number, and bound where it is.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

import numpy as np

from jijbench.data.sample import Sample
from jijbench.elements import period
from jijbench.errors import DataError, UnknownName

Part = tuple[np.ndarray, np.ndarray]
Unit = Literal["element", "pair", "shell", "host", "impurity"]
Rule = Callable[[Sequence[Sample], int | None, np.random.Generator], list[Part]]
NOTHING = np.array([], dtype=int)


def dealt(items: Sequence, n: int, rng: np.random.Generator) -> list[list]:
    """Deal shuffled ``items`` into n hands whose sizes differ by one at most."""
    order = rng.permutation(len(items))
    return [[items[k] for k in order[start::n]] for start in range(n)]


def _rows(samples: Sequence[Sample], keep: Callable[[Sample], bool]) -> np.ndarray:
    return np.array([k for k, sample in enumerate(samples) if keep(sample)], dtype=int)


def _member(label: Callable[[Sample], Any], names: Collection) -> Callable[[Sample], bool]:
    return lambda sample: label(sample) in names


def _grouped(
    samples: Sequence[Sample], n: int | None, rng: np.random.Generator, label: Callable[[Sample], Any]
) -> list[Part]:
    groups = sorted({label(sample) for sample in samples})
    hands = dealt(groups, min(n or len(groups), len(groups)), rng)
    return [(_rows(samples, _member(label, set(hand))), NOTHING) for hand in hands]


def by_orbit(samples: Sequence[Sample], n: int | None, rng: np.random.Generator) -> list[Part]:
    """Orbits dealt at random."""
    return _grouped(samples, n, rng, lambda sample: sample.orbit)


def by_pair(samples: Sequence[Sample], n: int | None, rng: np.random.Generator) -> list[Part]:
    """Unordered pairs of elements dealt at random, with all their shells."""
    return _grouped(samples, n, rng, lambda sample: sample.pair)


def by_impurity(samples: Sequence[Sample], n: int | None, rng: np.random.Generator) -> list[Part]:
    """Elements of the impurity dealt at random, in all their hosts."""
    return _grouped(samples, n, rng, lambda sample: sample.elements[0])


def by_host(samples: Sequence[Sample], n: int | None, rng: np.random.Generator) -> list[Part]:
    """Hosts dealt at random, with all their impurities."""
    return _grouped(samples, n, rng, lambda sample: sample.host)


def _shell(sample: Sample) -> tuple[float, int | None]:
    return round(sample.distance, 2), sample.shell


def by_shell(samples: Sequence[Sample], n: int | None, rng: np.random.Generator) -> list[Part]:
    """Whole shells; with fewer parts than shells each part gets every n-th one in order of distance."""
    del rng  # the order is that of the distances
    shells = sorted({_shell(sample) for sample in samples})
    n = min(n or len(shells), len(shells))
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


def by_element(samples: Sequence[Sample], n: int | None, rng: np.random.Generator) -> list[Part]:
    """One magnetic element and one other a part (``n`` parts of all); rows touching either are tested."""
    magnetic, others = elements_of(samples)
    magnetic, others = list(rng.permutation(magnetic)), list(rng.permutation(others))
    hands = [{element, *others[k % max(1, len(others)) :: len(magnetic)]} for k, element in enumerate(magnetic)]
    return [(_rows(samples, lambda s, h=hand: bool(h & set(s.pair))), NOTHING) for hand in hands[:n]]  # type: ignore[misc]


def by_block(samples: Sequence[Sample], n: int | None, rng: np.random.Generator) -> list[Part]:
    """Blocks of elements: both elements in the block are tested, rows with one in it are dropped."""
    magnetic, others = elements_of(samples)
    n = min(n or len(magnetic), len(magnetic))
    hands = zip(dealt(magnetic, n, rng), dealt(others, n, rng)[::-1], strict=True)
    parts = []
    for first, second in hands:
        outside = np.array([len(set(s.pair) - {*first, *second}) for s in samples])
        kinds = np.array([len(set(s.pair)) for s in samples])
        parts.append((np.flatnonzero(outside == 0), np.flatnonzero((outside == 1) & (kinds == 2))))
    return parts


def by_period(samples: Sequence[Sample], n: int | None, rng: np.random.Generator) -> list[Part]:
    """Train on pairs of 3d elements, test on pairs of 4d elements, drop the mixed ones."""
    del n, rng
    rows = [{period(element) for element in sample.pair} for sample in samples]
    mixed = [k for k, periods in enumerate(rows) if len(periods) == 2]
    return [(np.array([k for k, periods in enumerate(rows) if periods == {5}], dtype=int), np.array(mixed, dtype=int))]


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """A named rule.

    Attributes
    ----------
    name, question : as in the tables, and what the test set asks
    rule : makes the parts; ``parts`` of them, of which the protocol uses ``used``. None: one for each unit of the
        dataset, and all of them
    inner : rule of the inner folds (the outer one where that can be applied again), ``inner_parts`` of them
    units : what an interval of generalisation resamples, in one crystal; none for a single split by a fixed rule
    n_inner : inner folds that the published set-up prescribes, or None: the budget says
    """

    name: str
    question: str
    rule: Rule
    parts: int | None = None
    used: int | None = None
    inner: Rule
    inner_parts: int
    units: tuple[Unit, ...]
    n_inner: int | None = None

    def get_n_splits(self, X: Sequence[Sample], y: object = None, groups: object = None) -> int:
        """Number of folds of these samples, as scikit-learn asks for it."""
        return len(self.outer(X, 0))

    def split(
        self, X: Sequence[Sample], y: object = None, groups: object = None, seed: int = 0
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:  # fmt: skip
        """(train, test) positions of each fold; dropped samples are in neither."""
        for test, dropped in self.outer(X, seed):
            yield np.setdiff1d(np.arange(len(X)), np.concatenate([test, dropped])), test

    def outer(self, samples: Sequence[Sample], seed: int) -> list[Part]:
        """The (test, dropped) parts of the outer folds."""
        return self.rule(samples, self.parts, np.random.default_rng(seed))[: self.used]

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


_ALL = (
    Protocol(
        name="random-orbit", question="interpolation", rule=by_orbit, parts=5, inner=by_orbit, inner_parts=5,
        units=("element",),
    ),
    Protocol(
        name="published-80-20", question="the published set-up of SOAP + KRR", rule=by_orbit, parts=5, used=1,
        inner=by_orbit, inner_parts=5, n_inner=5, units=("element",),
    ),
    Protocol(
        name="published-90-10", question="the published set-up of AutoML", rule=by_orbit, parts=10, used=1,
        inner=by_orbit, inner_parts=5, n_inner=5, units=("element",),
    ),
    Protocol(
        name="unseen-pair", question="both elements seen, this pair never", rule=by_pair, parts=5, inner=by_pair,
        inner_parts=5, units=("pair",),
    ),
    Protocol(
        name="unseen-impurity", question="an impurity element never seen, in hosts that are", rule=by_impurity, parts=5,
        inner=by_impurity, inner_parts=5, units=("impurity",),
    ),
    Protocol(
        name="unseen-host", question="a host never seen", rule=by_host, parts=5, inner=by_host, inner_parts=5,
        units=("host",),
    ),
    Protocol(
        name="unseen-element", question="one element never seen", rule=by_element, inner=by_element, inner_parts=10,
        units=("element",),
    ),
    Protocol(
        name="unseen-both", question="neither element seen", rule=by_block, parts=5, inner=by_block, inner_parts=4,
        units=("element",),
    ),
    Protocol(
        name="unseen-shell", question="a distance never seen", rule=by_shell, inner=by_shell, inner_parts=5,
        units=("shell",),
    ),
    Protocol(
        name="period", question="train on 3d, test on 4d", rule=by_period, parts=1, inner=by_block, inner_parts=3,
        units=(),
    ),
    Protocol(  # training comes from elsewhere, as its split file says
        name="transfer", question="another level of theory", rule=by_orbit, parts=1, inner=by_orbit, inner_parts=5,
        units=(),
    ),
)  # fmt: skip

PROTOCOLS = MappingProxyType({protocol.name: protocol for protocol in _ALL})


def protocol(name: str) -> Protocol:
    """The protocol called ``name``; raises ``UnknownName``."""
    if name not in PROTOCOLS:
        raise UnknownName("protocol", name, PROTOCOLS)
    return PROTOCOLS[name]
