"""The contract of an adapter, one function a property.

A check takes a ``Subject``, raises ``AssertionError`` where the property does not hold and ``Excused`` where the
adapter does not claim it. The first line of its docstring is what reports print.
"""

from collections.abc import Callable

from jijbench.testing.checks import answers, declared, learning, manners, symmetry, vectors
from jijbench.testing.subject import Subject

Check = Callable[[Subject], None]

CHECKS: tuple[Check, ...] = (
    declared.card,
    declared.refuses,
    declared.hypers,
    declared.search,
    answers.fit,
    answers.answer,
    answers.deviation,
    answers.arrays,
    answers.seed,
    answers.batch,
    answers.order,
    symmetry.rotation,
    symmetry.translation,
    symmetry.permutation,
    symmetry.naming,
    answers.unseen,
    answers.outside,
    learning.learns,
    learning.few,
    learning.constant,
    learning.moments,
    learning.folds,
    learning.out_of_fold,
    manners.save,
    manners.inputs,
    manners.owns,
    manners.tidy,
    manners.cost,
    vectors.vector_answer,
    vectors.vector_rotation,
    vectors.vector_translation,
    vectors.vector_permutation,
    vectors.vector_naming,
    vectors.vector_learns,
)
#: where one of these fails, those that follow would only repeat it
GROUND = (declared.card, answers.fit, answers.answer, vectors.vector_answer)
