"""What `tox -e bench` installs: what the rows of the run need and nothing else."""

import runpy
from pathlib import Path

import pytest

from jijbench import adapters
from jijbench.benchmark import load_benchmark
from jijbench.install import checkout, extra_of, extras

NEEDS = runpy.run_path(str(Path(__file__).parents[1] / "benchmarks" / "needs.py"))


@pytest.fixture
def bare(monkeypatch):
    """Rows' packages as if none were there."""
    monkeypatch.setitem(NEEDS["wanted"].__globals__, "installed", lambda name: None)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["quick"], {"dscribe"}),
        (["quick", "--row", "zero"], set()),
        (["quick", "--workers", "4", "--task", "deltav-elemental/dv/random-orbit", "--row", "additive-curve"], set()),
        (["default", "--row", "gap", "--row", "pair-gp"], {"gap"}),
        (["default"], {"ace", "automl", "composition", "dscribe", "gap"}),
    ],
)
def test_only_what_the_rows_need(bare, arguments, expected):
    assert NEEDS["wanted"](arguments) == expected


def test_nothing_where_all_is_there(monkeypatch):
    monkeypatch.setitem(NEEDS["wanted"].__globals__, "installed", lambda name: "1.0")
    assert NEEDS["wanted"](["default"]) == set()


def test_the_size_of_every_extra_that_a_row_needs_is_known():
    needed = {name for row in load_benchmark("full").rows for name in adapters.requires(row.adapter)}
    assert {extra_of(name) for name in needed} <= set(NEEDS["SIZES"])
    assert set(NEEDS["SIZES"]) <= set(extras())
    assert checkout() is not None
