"""Kept tables: taken again while everything is the same, made anew when anything is not."""

import json
import shutil
from dataclasses import replace

import pytest

from jijbench.benchmark import Benchmark, record_path
from jijbench.context import context
from jijbench.runner import run_cells
from jijbench.tables import derived
from jijbench.tables.derived import kept_lines
from jijbench.tables.leaderboard import leaderboard
from jijbench.tables.results import load_results

pytestmark = pytest.mark.usefixtures("always_one_warden")
TASK = "jij-published-table/jij/transfer"


@pytest.fixture(scope="module")
def bench():
    budget = {"trials": 0, "inner_folds": 1}
    rows = [{"row": name, "adapter": name} for name in ("zero", "shell-mean")]
    return Benchmark(benchmark="b", description="", tasks=(TASK,), rows=rows, seeds=(0,), budget=budget)


@pytest.fixture(scope="module")
def run(bench, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    run_cells(bench.cells(), folder)
    return folder


@pytest.fixture
def folder(run, tmp_path):
    return shutil.copytree(run, tmp_path / "run")


@pytest.fixture
def ask(tmp_path):
    """How often lines are made when they are asked for."""
    made = []

    def ask(results, name="t"):
        def make():
            made.append(1)
            return [{"row": "x", "value": 0.1 + 0.2, "none": None}]

        with context(cache=tmp_path / "cache"):
            assert kept_lines(name, results, (TASK,), make) == [{"row": "x", "value": 0.1 + 0.2, "none": None}]
        return len(made)

    return ask


def test_lines_are_made_once(bench, folder, ask):
    results = load_results(bench, folder)
    assert [ask(results), ask(results), ask(load_results(bench, folder))] == [1, 1, 1]
    assert ask(results, "another table") == 2


def test_anything_that_decides_them_makes_them_anew(bench, folder, ask, monkeypatch):
    results = load_results(bench, folder)
    assert ask(results) == 1
    slot = results.cells[0].slot
    assert ask(replace(results, stale=frozenset([slot]))) == 2
    assert ask(replace(results, unfinished={(TASK, "zero"): 1})) == 3
    path = record_path(folder, results.cells[0])
    path.write_text(json.dumps(json.loads(path.read_text()) | {"created": "2001-01-01"}), encoding="utf-8")
    assert ask(load_results(bench, folder)) == 4
    monkeypatch.setattr(derived, "_code", lambda: "other code")
    assert ask(load_results(bench, folder)) == 5


def test_a_kept_leaderboard_is_the_one_that_is_made(bench, folder, tmp_path):
    with context(cache=tmp_path / "cache"):
        first, again = (leaderboard(load_results(bench, folder)) for _ in range(2))
    assert leaderboard(load_results(bench, folder), anew=True).equals(first)
    assert again.equals(first)
    assert [type(v) for v in again.iloc[0]] == [type(v) for v in first.iloc[0]]
