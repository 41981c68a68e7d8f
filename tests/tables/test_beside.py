"""A user's own rows among the official ones."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace

import pandas as pd
import pytest
from click.testing import CliRunner

from jijbench.benchmark import Benchmark, load_benchmark
from jijbench.cli import cli
from jijbench.errors import DataError, JijbenchError
from jijbench.runner import run_cells
from jijbench.tables import confidence
from jijbench.tables.beside import beside, leaderboard_beside, only_one_side
from jijbench.tables.forms import to_markdown
from jijbench.tables.leaderboard import leaderboard
from jijbench.tables.results import found_results, load_results, official_folder

pytestmark = pytest.mark.usefixtures("always_one_warden")
BLOCKS, PERIOD, TRANSFER = "jij-bi2te3/jij/unseen-both", "jij-bi2te3/jij/period", "jij-published-table/jij/transfer"
ROWS = [
    {"row": "zero", "adapter": "zero", "inputs": "composition"},
    {"row": "soap", "adapter": "pair-mean"},  # a name of an official row, another model
    {"row": "best", "adapter": "moment-product", "inputs": "structure+moments"},
    {"row": "curves", "adapter": "mean-curve"},
    {"row": "broken", "adapter": "jijbench.testing.bad:Raising", "tasks": [PERIOD]},
]


def computed(folder, tasks=(BLOCKS, PERIOD), rows=ROWS, **changed):
    given = {"seeds": (0,), "budget": {"trials": 0, "inner_folds": 1}} | changed
    bench = Benchmark(benchmark="mine", description="", tasks=tasks, rows=rows, **given)
    run_cells(bench.cells(), folder)
    return load_results(bench, folder)


def official(*tasks):
    full = load_benchmark("full")
    return load_results(full, official_folder(), [cell for task in tasks for cell in full.cells((task,))])


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    return computed(tmp_path_factory.mktemp("own") / "mine")


@pytest.fixture(scope="module")
def table(own):
    return leaderboard_beside(own, official(BLOCKS, PERIOD, TRANSFER))


def of(table, task):
    return table[table["task"] == task].set_index("row")


def test_ranks_and_intervals_are_over_the_rows_of_both(own, table):
    theirs = official(BLOCKS)
    errors = {row: confidence.headline(theirs.pooled(BLOCKS, row)) for _, row in theirs.groups()}
    errors |= {f"{row} (mine)": confidence.headline(own.pooled(BLOCKS, row)) for row in ("zero", "soap", "best")}
    known = {row: error for row, error in errors.items() if error is not None}
    lines, places = of(table, BLOCKS), confidence.ranks(known)
    assert {row: lines.loc[row, "rank"] for row in known} == places
    assert {row: (lines.loc[row, "low"], lines.loc[row, "high"]) for row in known} == {
        row: confidence.bounds(error) for row, error in known.items()
    }
    assert places != confidence.ranks({row: error for row, error in known.items() if "mine" not in row}) | {
        row: place for row, place in places.items() if "mine" in row
    }  # three more rows move places


def test_numbers_of_either_side_are_those_of_its_own_table(own, table):
    for side, mark in ((own, " (mine)"), (official(BLOCKS, PERIOD), "")):
        for _, line in leaderboard(side).iterrows():
            there = of(table, line["task"]).loc[line["row"] + mark]
            same = ["mae", "rmse", "mae_magnetic", "low", "high", "status", "reason", "seconds", "adapter"]
            assert there[same].to_dict() == line[same].to_dict()
    assert len(table) == len(leaderboard(own)) + len(leaderboard(official(BLOCKS, PERIOD)))


def test_a_row_of_an_official_name_is_told_from_it(table):
    lines = of(table, BLOCKS)
    assert lines.loc["soap", "adapter"] == "soap"
    assert lines.loc["soap (mine)", "adapter"] == "pair-mean"
    assert lines.loc["soap (mine)", "mae"] == lines.loc["pair-mean", "mae"]
    assert not table.duplicated(["task", "row"]).any()
    assert all(row.endswith(" (mine)") != (row in load_benchmark("full").row_names) for row in table["row"])


def test_notes_say_where_budget_model_and_fixed_hypers_differ(table):
    lines = of(table, BLOCKS)
    budget = "trials 0 (full: 4); inner folds 1 (full: 3)"
    assert lines.loc["zero (mine)", "note"] == budget
    others = 'adapter pair-mean (full: soap); fixed kernel_of none (full: "sum")'
    assert lines.loc["soap (mine)", "note"] == f"{budget}; {others}"
    assert lines.loc["best (mine)", "note"] == budget  # against the largest of the official rows
    assert lines.loc["zero", "note"] is None
    assert f"\n- zero (mine): complete, {budget}\n" in to_markdown(table)


def test_the_same_budget_is_no_difference_and_seeds_are_one(tmp_path):
    rows = [{"row": "zero", "adapter": "zero", "inputs": "composition"}, {"row": "new", "adapter": "mean"}]
    same = computed(tmp_path / "same", (TRANSFER,), rows, budget={"trials": 4, "inner_folds": 3})
    notes = of(leaderboard_beside(same, official(TRANSFER)), TRANSFER)["note"]
    assert notes[["zero (mine)", "new (mine)"]].isna().all()
    seeds = computed(tmp_path / "seeds", (TRANSFER,), rows, budget={"trials": 4, "inner_folds": 3}, seeds=(0, 1))
    notes = of(leaderboard_beside(seeds, official(TRANSFER)), TRANSFER)["note"]
    assert notes["zero (mine)"] == notes["new (mine)"] == "seeds 0, 1 (full: 0)"


def test_skills_are_against_the_best_floor_of_both(tmp_path):
    better = computed(tmp_path / "mine", (PERIOD,), ROWS[2:3])
    other = computed(tmp_path / "other", (PERIOD,), [{"row": "mean", "adapter": "mean", "inputs": "structure+moments"}])
    lines = of(leaderboard_beside(better, other), PERIOD)
    assert lines.loc["best (mine)", "mae"] < lines.loc["mean", "mae"]
    assert lines.loc["mean", "skill"] == pytest.approx(1 - lines.loc["mean", "mae"] / lines.loc["best (mine)", "mae"])


def test_rows_without_numbers_stand_there_with_their_reason(own, table, tmp_path):
    lines = of(table, PERIOD)
    assert lines.loc["curves (mine)", "status"] == "refused"
    assert lines.loc["broken (mine)", "status"] == "failed"
    assert lines.loc[["curves (mine)", "broken (mine)"], "reason"].notna().all()
    old = replace(own, stale=frozenset(cell.slot for cell in own.cells if cell.row.row == "zero"))
    statuses = of(leaderboard_beside(old, official(PERIOD)), PERIOD)["status"]
    assert (statuses["zero (mine)"], statuses["zero"], statuses["best (mine)"]) == ("stale", "complete", "complete")
    copy = shutil.copytree(own.folder, tmp_path / "mine")
    next((copy / "runs" / BLOCKS / "best").glob("f01*.json")).unlink()
    lines = of(leaderboard_beside(found_results(copy), official(BLOCKS, PERIOD)), BLOCKS)
    assert lines.loc["best (mine)", "status"] == "incomplete"
    assert lines.loc["best (mine)", "reason"] == "1 of 5 cells are still to be computed"
    assert lines.loc[["best (mine)"], ["mae", "rank"]].isna().all(axis=None)
    assert lines.loc["zero (mine)", "status"] == "complete"


def test_tasks_of_one_side_are_named(own, tmp_path):
    two = computed(tmp_path / "two", (PERIOD, TRANSFER), ROWS[:1])
    one = computed(tmp_path / "one", (PERIOD, BLOCKS), ROWS[:1])
    assert only_one_side(one, two) == f"only yours: {BLOCKS}; only in two: {TRANSFER}"
    assert set(leaderboard_beside(one, two)["task"]) == {PERIOD}
    assert only_one_side(one, one) is None
    left = computed(tmp_path / "left", (TRANSFER,), ROWS[:1])
    with pytest.raises(DataError, match=f"share no task; only yours: {TRANSFER}; only in one: {PERIOD}, {BLOCKS}"):
        beside(left, one)
    with pytest.raises(DataError, match="beside itself"):
        beside(one, found_results(one.folder))


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A model of one's own in a file, its benchmark and its run."""
    folder = tmp_path_factory.mktemp("finished")
    (folder / "my_model.py").write_text(
        "from jijbench.adapters.floors.nearest_dimer import NearestDimer\n\n\nclass Mine(NearestDimer):\n    pass\n"
    )
    (folder / "mine.yaml").write_text(
        f"benchmark: mine\ndescription: my model\ntasks: [{PERIOD}, {TRANSFER}]\nseeds: [0]\n"
        'rows: [{row: soap, adapter: "my_model:Mine"}, {row: zero, adapter: zero, inputs: composition}]\n'
        "budget: {trials: 0, inner_folds: 1}\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "jijbench", "run", "mine.yaml", "--no-figures"], cwd=folder, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (folder / "my_model.py").write_text("raise SystemExit('imported')\n\n\nclass Mine:\n    pass\n")
    return folder


def call(folder, monkeypatch, *args):
    monkeypatch.chdir(folder)
    return CliRunner().invoke(cli, ["leaderboard", *args])


@pytest.mark.parametrize("name", ["mine.yaml", "results/local/mine"])
def test_the_command_takes_a_name_or_a_folder_and_imports_no_adapter(finished, monkeypatch, name):
    done = call(finished, monkeypatch, name, "--beside", "full")
    assert done.exit_code == 0, done.output
    assert done.stdout.count("  soap (mine) ") == done.stdout.count("  soap  ") == 2
    last = done.stdout.splitlines()[-1]
    assert last.startswith("Not compared: only in full: jij-bi2te3/jij/random-orbit, ")
    assert PERIOD not in last


def test_files_of_numbers_hold_nothing_else(finished, monkeypatch):
    text = call(finished, monkeypatch, "mine.yaml", "--beside", "full", "--format", "json", "--task", PERIOD)
    assert {"soap", "soap (mine)"} <= {line["row"] for line in json.loads(text.stdout)}
    assert "\nnot compared: only in full: " in "\n" + text.stderr
    assert TRANSFER not in text.stderr  # both have it, it was not asked for
    csv = call(finished, monkeypatch, "mine.yaml", "--beside", "full", "--format", "csv", "--row", "soap")
    (finished / "table.csv").write_text(csv.stdout)
    rows = list(pd.read_csv(finished / "table.csv")["row"])
    assert rows.count("soap (mine)") == rows.count("zero") == 2
    assert "zero (mine)" not in rows


def test_missing_official_records_are_an_error_that_says_where_they_are(finished, monkeypatch, tmp_path):
    monkeypatch.setattr("jijbench.tables.results.official_folder", lambda: tmp_path / "full")
    done = call(finished, monkeypatch, "mine.yaml", "--beside", "full")
    assert isinstance(done.exception, JijbenchError)
    assert f"runs/{PERIOD}/zero/f00-s0" in str(done.exception)
    assert "come with a checkout of the repository" in str(done.exception)


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (["full", "--beside", "full"], "beside itself"),
        (["mine.yaml", "--beside", "ful"], "did you mean 'full'"),
        (["mine.yaml", "--beside", "default", "--task", PERIOD], "share no task"),
    ],
)
def test_what_cannot_stand_beside_is_said(finished, monkeypatch, args, why):
    done = call(finished, monkeypatch, *args)
    assert isinstance(done.exception, JijbenchError), done.output
    assert why in str(done.exception)


def test_a_table_of_both_is_not_written_over_one(finished, monkeypatch):
    done = call(finished, monkeypatch, "mine.yaml", "--beside", "full", "--write")
    assert done.exit_code == 2
    assert "--write" in done.stderr
