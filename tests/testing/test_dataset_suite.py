"""Every shipped dataset keeps the contract of datasets, and each flaw is found by its own check and by no other."""

import shutil
from pathlib import Path

import pytest

from jijbench.data.dataset import dataset_ids
from jijbench.testing import DatasetTests
from jijbench.testing.contract import asks, check_all
from jijbench.testing.dataset import DATASET_CHECKS, DATASET_GROUND, DatasetSubject
from jijbench.testing.flawed_datasets import FLAWS, write_toys


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    return write_toys(tmp_path_factory.mktemp("dataset") / "toy-pairs")


def outcomes(folder) -> dict[str, str]:
    return {o.check: o.status for o in check_all(DatasetSubject(folder), DATASET_CHECKS, DATASET_GROUND)}


class TestDimers(DatasetTests):
    dataset = "jij-bi2te3"


class TestPublishedTable(DatasetTests):
    dataset = "jij-published-table"


class TestPotentials(DatasetTests):
    dataset = "deltav-elemental"


def test_every_shipped_dataset_keeps_the_contract():
    assert [suite.dataset for suite in (TestPotentials, TestDimers, TestPublishedTable)] == dataset_ids()


def test_a_dataset_without_a_flaw_passes_everything(sound):
    assert set(outcomes(sound).values()) == {"passed"}


def test_every_check_has_a_flaw_that_it_must_find():
    assert list(FLAWS) == [check.__name__ for check in DATASET_CHECKS]


def test_the_page_on_datasets_lists_every_check():
    page = (Path(__file__).parents[2] / "docs" / "import.md").read_text(encoding="utf-8")
    for check in DATASET_CHECKS:
        assert f"| {check.__name__} | {asks(check)} |" in page


@pytest.mark.parametrize(("check", "spoil"), [(check, spoil) for check, many in FLAWS.items() for spoil in many])
def test_each_flaw_is_found_by_its_own_check_alone(sound, tmp_path, check, spoil):
    folder = shutil.copytree(sound, tmp_path / "toy-pairs")
    spoil(folder)
    assert [name for name, status in outcomes(folder).items() if status == "failed"] == [check]
