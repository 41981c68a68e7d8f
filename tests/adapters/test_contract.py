"""Every adapter of the package keeps the contract that third parties inherit, also in its other shapes."""

from functools import lru_cache

import pytest

from jijbench import adapters
from jijbench.data.task import INPUTS, Question
from jijbench.targets import JIJ
from jijbench.testing.checks import CHECKS
from jijbench.testing.contract import perform
from jijbench.testing.subject import Subject

#: hypers that make a heavy model cheap: the answers get worse, the contract is the same
SMALL = {
    "alchemical": {"n_max": 3, "l_max": 2, "max_iter": 20},
    "alchemical-fixed": {"n_max": 3, "l_max": 2},
    "gap": {"n_max": 4, "l_max": 1, "n_sparse": 60},
    "automl": {"n_rounds": 5, "n_trees": 5},
    "ace-pair": {"max_iter": 40},
    "pair-gp": {"max_iter": 40},
    "soap-pair": {"n_max": 3, "l_max": 2, "max_iter": 40},
    "soap": {"n_max": 3, "l_max": 2},
}
#: id → adapter, hypers, inputs; what hypers or inputs turn into another model
VARIANTS = {
    "ace:fs": ("ace", {"embedding": "fs"}, None),
    "automl:geometry": ("automl", {"geometry": True, "n_rounds": 5, "n_trees": 5}, None),
    "boosted-coulomb:eigenspectrum": ("boosted-coulomb", {"form": "eigenspectrum"}, None),
    "coulomb:eigenspectrum": ("coulomb", {"form": "eigenspectrum", "metric": "gaussian"}, None),
    "coulomb:sorted": ("coulomb", {"form": "sorted_l2"}, None),
    "low-rank:moments": ("low-rank", {}, "structure+moments"),
    "pair-gp:moments": ("pair-gp", {"max_iter": 40}, "structure+moments"),
    "soap:pair": ("soap", {"n_max": 3, "l_max": 2, "kernel_of": "pair", "weighting": "poly"}, None),
}
#: the toys are dimers: models of curves refuse them, and are tested on real curves in test_field.py
NAMES = [name for name in adapters.names() if any(adapters.get(name).refuses(Question(JIJ, k)) is None for k in INPUTS)]
CASES = {name: (name, SMALL.get(name, {}), None) for name in NAMES} | VARIANTS

#: (case, check) → what is wrong there today
TIES = "rows of equal norm keep the order of the atoms"
KNOWN = {("coulomb:sorted", "rotation"): TIES, ("coulomb:sorted", "permutation"): TIES}


@lru_cache(maxsize=1)  # the tests of a case follow each other
def subject(case: str) -> Subject:
    name, hypers, inputs = CASES[case]
    return Subject(adapters.require(name), hypers, inputs)


def _marked(case: str, check) -> pytest.param:
    reason = KNOWN.get((case, check.__name__))
    marks = [pytest.mark.xfail(strict=True, reason=reason)] if reason else []
    return pytest.param(case, check, id=f"{case}-{check.__name__}", marks=marks)


@pytest.mark.parametrize(("case", "check"), [_marked(case, check) for case in CASES for check in CHECKS])
def test_the_contract_holds(case, check):
    reason = adapters.missing(CASES[case][0])
    if reason:
        pytest.skip(reason)
    perform(check, subject(case))


def test_no_case_hides_another_and_what_is_known_to_be_wrong_is_one():
    assert len(CASES) == len(NAMES) + len(VARIANTS)
    assert set(KNOWN) <= {(case, check.__name__) for case in CASES for check in CHECKS}
