"""The same of a model that also takes vectors: they turn with the crystal and change sign with the names of i and j."""

from jijbench.testing.checks import answers, learning, symmetry
from jijbench.testing.subject import Subject


def vector_answer(s: Subject) -> None:
    """where it takes vectors that turn: `predict` returns three finite numbers a sample"""
    answers.fit(s.vectors)
    answers.answer(s.vectors)


def vector_rotation(s: Subject) -> None:
    """where it takes vectors that turn: R and inversions turn D as a pseudovector, D' = det(R) R D"""
    symmetry.rotation(s.vectors)


def vector_translation(s: Subject) -> None:
    """where it takes vectors that turn: shifted as a whole, a dimer has the same D"""
    symmetry.translation(s.vectors)


def vector_permutation(s: Subject) -> None:
    """where it takes vectors that turn: with its atoms listed in another order, a dimer has the same D"""
    symmetry.permutation(s.vectors)


def vector_naming(s: Subject) -> None:
    """where it takes vectors that turn: D_ji = −D_ij"""
    symmetry.naming(s.vectors)


def vector_learns(s: Subject) -> None:
    """where it takes vectors that turn: on the rows it was taught it is closer to D than zero is (floors excused)"""
    learning.learns(s.vectors)
