"""Which toys the checks of a target use, and what they know of them beside the answer."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from jijbench.data.sample import Sample
from jijbench.errors import DataError
from jijbench.targets import Coupling, Curve, Target, Vector
from jijbench.testing import toy_impurities, toys


@dataclass(frozen=True)
class Toys:
    """Samples with a known answer.

    ``noun`` is what they are called; ``strangers`` makes samples of elements that are not among them; ``unseen`` ones
    must be predicted, ``outside`` ones may be refused. Where ``moments`` are known the answer is zero with an element
    of ``silent``; ``pairs`` may be named the other way round.
    """

    noun: str
    samples: Callable[[], tuple[Sample, ...]]
    truth: Callable[[Sequence[Sample]], np.ndarray]
    strangers: Callable[[Iterable[str]], tuple[Sample, ...]]
    unseen: tuple[str, ...]
    outside: tuple[str, ...]
    n_impurities: int = 2
    moments: bool = False
    pairs: bool = False
    silent: tuple[str, ...] = ()


def _dimers(truth: Callable[[Sequence[Sample]], np.ndarray]) -> Toys:
    return Toys(
        "dimers", toys.dimers, truth, toys.strangers, toys.UNSEEN, toys.OUTSIDE,
        moments=True, pairs=True, silent=toys.NONMAGNETIC,
    )  # fmt: skip


#: kind of target, and whether it is of a neighbour → toys
_SETS: Mapping[tuple[str, bool], Toys] = MappingProxyType({
    (Coupling.kind, False): _dimers(toys.truth),
    (Vector.kind, False): _dimers(toys.vectors),
    (Curve.kind, False): Toys(
        "impurities", toy_impurities.impurities, toy_impurities.truth, toy_impurities.strangers,
        toy_impurities.UNSEEN, toy_impurities.OUTSIDE, n_impurities=1,
    ),
    (Curve.kind, True): Toys(
        "neighbours", toy_impurities.neighbours, toy_impurities.change, toy_impurities.strange_neighbours,
        toy_impurities.UNSEEN, toy_impurities.OUTSIDE,
    ),
})  # fmt: skip


def toys_of(target: Target) -> Toys:
    """The toys of a target; raises ``DataError`` where there are none of its kind and shape."""
    found = _SETS.get((target.kind, target.of_neighbour))
    if found is None or found.truth(found.samples()[:1]).shape[1:] != target.shape:
        raise DataError(f"there are no toys for {target.name} of kind {target.kind} and shape {target.shape}")
    return found
