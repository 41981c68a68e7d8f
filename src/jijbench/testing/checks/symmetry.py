"""What the target says of values when the crystal turns, atoms are listed otherwise, or i and j change their names."""

from collections.abc import Callable

import numpy as np

from jijbench.data.sample import Sample
from jijbench.testing import toys
from jijbench.testing.subject import Excused, Subject


def _moved(
    s: Subject, move: Callable[[Sample], Sample], what: str, how: Callable[[np.ndarray], np.ndarray] = np.asarray
) -> None:
    """Raise unless the answers for moved samples are those for the samples themselves, changed as ``how`` says."""
    asked = s.held_out()
    s.same(s.answers([move(sample) for sample in asked]), how(s.answers(asked)), asked, what)


def rotation(s: Subject) -> None:
    """turned as a whole, crystal and all, a sample has the value that its target says (or `info.symmetry = False`)"""
    if not s.adapter.info.symmetry:
        raise Excused("`info.symmetry` is False: the model does not claim it")
    for seed, proper, what in ((1, True, "the crystal was turned"), (2, False, "the crystal was turned and inverted")):
        R = toys.rotation(seed, proper)
        _moved(s, lambda x, R=R: toys.turned(x, R), what, lambda y, R=R: s.about.turned(y, R))  # type: ignore[misc]


def translation(s: Subject) -> None:
    """shifted as a whole, a sample has the same value"""
    _moved(s, lambda sample: toys.shifted(sample, (7.3, -2.1, 11.9)), "all atoms were shifted")


def permutation(s: Subject) -> None:
    """with its atoms listed in another order, a sample has the same value; `impurities` says where the pair is"""
    rng = np.random.default_rng(3)
    _moved(
        s,
        lambda sample: toys.reordered(sample, rng.permutation(len(sample.positions))),
        "atoms were listed in another order",
    )


def naming(s: Subject) -> None:
    """with i and j named the other way round, a pair has the value that its target says: the same J, −D"""
    if not s.toys.pairs:
        raise Excused(f"{s.toys.noun} have one name")
    _moved(s, toys.renamed, "i and j were named the other way round", s.about.renamed)
