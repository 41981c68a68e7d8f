"""What must not change J: how the crystal lies, how its atoms are listed, and which impurity is called i."""

from collections.abc import Callable

import numpy as np

from jijbench.data.sample import Sample
from jijbench.testing import toys
from jijbench.testing.subject import Excused, Subject


def _unmoved(s: Subject, move: Callable[[Sample], Sample], what: str) -> None:
    asked = s.held_out()
    s.same(s.answers([move(sample) for sample in asked]), s.answers(asked), asked, what)


def rotation(s: Subject) -> None:
    """turned as a whole, crystal and all, a dimer has the same J (excused by `info.symmetry = False`)"""
    if not s.adapter.info.symmetry:
        raise Excused("`info.symmetry` is False: the model does not claim it")
    for seed in (1, 2):
        R = toys.rotation(seed)
        _unmoved(s, lambda sample, R=R: toys.turned(sample, R), "the crystal was turned")  # type: ignore[misc]


def translation(s: Subject) -> None:
    """shifted as a whole, a dimer has the same J"""
    _unmoved(s, lambda sample: toys.shifted(sample, (7.3, -2.1, 11.9)), "all atoms were shifted")


def permutation(s: Subject) -> None:
    """with its atoms listed in another order, a dimer has the same J; `impurities` says where the pair is"""
    rng = np.random.default_rng(3)
    _unmoved(
        s,
        lambda sample: toys.reordered(sample, rng.permutation(len(sample.positions))),
        "atoms were listed in another order",
    )


def naming(s: Subject) -> None:
    """with i and j named the other way round, a dimer has the same J (not: with its elements exchanged)"""
    _unmoved(s, toys.renamed, "i and j were named the other way round")
