"""Every adapter of the package keeps the contract that third parties inherit, of J or of curves, in all its shapes."""

from functools import lru_cache

import pytest

from jijbench import adapters
from jijbench.targets import DIJ, DV_SHELL
from jijbench.testing.checks import CHECKS
from jijbench.testing.contract import perform
from jijbench.testing.subject import Subject

#: id → adapter and what turns it into another model
VARIANTS = {
    "ace:fs": ("ace", {"hypers": {"embedding": "fs"}}),
    "additive-curve:neighbour": ("additive-curve", {"target": DV_SHELL}),
    "automl:geometry": ("automl", {"hypers": {"geometry": True}}),
    "boosted-coulomb:eigenspectrum": ("boosted-coulomb", {"hypers": {"form": "eigenspectrum"}}),
    "coulomb:eigenspectrum": ("coulomb", {"hypers": {"form": "eigenspectrum", "metric": "gaussian"}}),
    "coulomb:sorted": ("coulomb", {"hypers": {"form": "sorted_l2"}}),
    "impurity-gp:change": ("impurity-gp", {"hypers": {"predicts": "change", "basis_error": 1e-6, "max_iter": 2}}),
    "impurity-gp:neighbour": ("impurity-gp", {"target": DV_SHELL, "hypers": {"max_iter": 2}}),
    "jacobi-legendre:neighbour": ("jacobi-legendre", {"target": DV_SHELL}),
    "low-rank:moments": ("low-rank", {"inputs": "structure+moments"}),
    "pair-gp:moments": ("pair-gp", {"inputs": "structure+moments"}),
    "soap:pair": ("soap", {"hypers": {"kernel_of": "pair", "weighting": "poly"}}),
    "zero:vector": ("zero", {"target": DIJ}),
}
CASES: dict[str, tuple[str, dict]] = {name: (name, {}) for name in adapters.names()} | VARIANTS

#: (case, check) → what is wrong there today
TIES = "rows of equal norm keep the order of the atoms"
STRANGE = "functions of two elements that are none of the training hosts' are taken for those of one such element"
KNOWN = {("coulomb:sorted", "rotation"): TIES, ("coulomb:sorted", "permutation"): TIES} | {
    ("ace-field", check): STRANGE for check in ("unseen", "outside", "few")
}


@lru_cache(maxsize=1)  # the tests of a case follow each other
def subject(case: str) -> Subject:
    name, settings = CASES[case]
    return Subject(adapters.require(name), **settings)


def _marked(case: str, check) -> pytest.param:
    reason = KNOWN.get((case, check.__name__))
    marks = [pytest.mark.xfail(strict=True, reason=reason)] if reason else []
    return pytest.param(case, check, id=f"{case}-{check.__name__}", marks=marks)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # the toys have no noise
@pytest.mark.parametrize(("case", "check"), [_marked(case, check) for case in CASES for check in CHECKS])
def test_the_contract_holds(case, check):
    reason = adapters.missing(CASES[case][0])
    if reason:
        pytest.skip(reason)
    perform(check, subject(case))


def test_no_case_hides_another_and_what_is_known_to_be_wrong_is_one():
    assert len(CASES) == len(adapters.names()) + len(VARIANTS)
    assert set(KNOWN) <= {(case, check.__name__) for case in CASES for check in CHECKS}
