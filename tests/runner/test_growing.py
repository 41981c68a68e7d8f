"""Cells whose training part grows, in this process."""

import numpy as np
import pytest
import yaml

from jijbench.benchmark import Budget, Cell, Growth, Row, load_benchmark, record_path
from jijbench.data.task import load_task
from jijbench.errors import DataError, UnknownName
from jijbench.records.folder import RecordFolder
from jijbench.records.predictions import read_predictions
from jijbench.records.schema import Record, write_record
from jijbench.runner import cell_key, run_cell
from jijbench.runner.key import stale_fields
from jijbench.runner.reuse import finished
from jijbench.tables.growth import growth_markdown, growth_table
from jijbench.tables.results import load_results
from jijbench.verify import check_record

TASK = "jij-bi2te3/jij/random-orbit"


def cell(adapter="coulomb", task=TASK, seed=0, fold=0, **growth) -> Cell:
    plan = {"unit": "dimer", "acquire": "uncertainty", "start": 30, "step": 20, "rounds": 3} | growth
    budget = Budget(trials=0, inner_folds=1)
    row = Row(row="mine", adapter=adapter)
    return Cell(task=task, fold=fold, row=row, seed=seed, budget=budget, growth=Growth(**plan))


def run(folder, wanted: Cell) -> Record:
    return Record.model_validate(run_cell(wanted.model_dump(mode="json"), str(folder)))


def predictions(folder, wanted, record):
    return read_predictions(record_path(folder, wanted).parent / record.predictions.file, record.predictions.sha256)


def test_a_growth_cell_leaves_its_rounds(tmp_path):
    record = run(tmp_path, cell())
    assert record.status == "complete", record.reason
    rounds = record.extra["rounds"]
    assert [(r["n"], r["units"], len(r["acquired"])) for r in rounds] == [(30, 30, 30), (50, 50, 20), (70, 70, 20)]
    found = predictions(tmp_path, cell(), record)
    task = load_task(TASK)
    test = [i for i in task.split.folds[0].test if task.dataset.magnetic[task.dataset.index[i]]]
    for part in ("r00", "r01", "r02"):
        assert sorted(found.of(part).id) == sorted(test)
    last = found.of("r02")
    truth = task.dataset.truth("jij")[task.dataset.rows(last.id)]
    assert record.metrics["mae_magnetic"] == pytest.approx(np.abs(last.mean - truth).mean(), abs=1e-12)


def test_only_magnetic_dimers_of_the_training_part_are_acquired(tmp_path):
    record, task = run(tmp_path, cell(rounds=60)), load_task(TASK)
    dataset = task.dataset
    orbits = {s.orbit for s, yes in zip(dataset.samples, dataset.magnetic, strict=True) if yes}
    tested = {dataset.samples[dataset.index[i]].orbit for i in task.split.folds[0].test}
    acquired = [name for r in record.extra["rounds"] for name in r["acquired"]]
    assert len(acquired) == len(set(acquired)) == len(orbits - tested)  # ended by the pool
    assert set(acquired) == orbits - tested


def test_the_same_seed_gives_the_same_record_and_another_another(tmp_path):
    first, again, other = run(tmp_path / "a", cell()), run(tmp_path / "b", cell()), run(tmp_path / "c", cell(seed=1))
    assert first.key == again.key
    assert first.predictions.sha256 == again.predictions.sha256
    assert [r["acquired"] for r in first.extra["rounds"]] == [r["acquired"] for r in again.extra["rounds"]]
    assert other.predictions.sha256 != first.predictions.sha256


def test_test_truth_does_not_reach_the_model(tmp_path, monkeypatch):
    before = run(tmp_path / "a", cell())
    task = load_task(TASK)
    truth = task.dataset.truth("jij").copy()
    truth[task.dataset.rows(task.split.folds[0].test)] = 1e6
    monkeypatch.setattr(type(task.dataset), "truth", lambda self, name: truth)
    after = run(tmp_path / "b", cell())
    assert after.predictions.sha256 == before.predictions.sha256
    assert after.metrics["mae"] > 1e5


@pytest.mark.parametrize("acquire", ["uncertainty", "both"])
def test_a_model_without_deviations_is_refused_where_they_are_asked_for(tmp_path, acquire):
    record = run(tmp_path, cell("low-rank", acquire=acquire))
    assert (record.status, record.reason) == (
        "refused", "LowRank gives no standard deviation, so it has no uncertainty to acquire by",
    )  # fmt: skip
    assert run(tmp_path, cell("shell-mean", acquire="diversity")).status == "complete"


def test_a_pool_smaller_than_the_start_fails_with_its_reason(tmp_path):
    record = run(tmp_path, cell(unit="element", acquire="random", start=40))
    assert record.status == "failed"
    assert "holds 11 units (element), growth.start asks for 40" in record.reason


def test_hosts_of_curves(tmp_path):
    wanted = cell("additive-curve", "deltav-elemental/dv/unseen-host", unit="host", acquire="random", start=3, step=5)
    record = run(tmp_path, wanted)
    assert record.status == "complete", record.reason
    assert [r["units"] for r in record.extra["rounds"]] == [3, 8, 13]
    check_record(load_results(load_benchmark("quick"), tmp_path, [wanted]), wanted)


def test_a_finished_growth_cell_is_reused_unless_its_growth_changes(tmp_path):
    record = run(tmp_path, cell())
    assert finished(RecordFolder(tmp_path), cell()) == record
    assert stale_fields(record, cell_key(cell(step=21))) == ["search"]
    assert finished(RecordFolder(tmp_path), cell(rounds=4)) is None


def test_a_cell_that_takes_its_training_part_whole_has_the_key_it_had(tmp_path):
    key = cell_key(cell().model_copy(update={"growth": None}))
    assert key.search.growth is None
    assert "growth" not in cell().model_copy(update={"growth": None}).slot


# ---- benchmarks that list growth


def written(path, **plan):
    entry = {"task": TASK, "rows": ["coulomb"], "unit": "dimer", "acquire": ["random", "diversity"]}
    content = {
        "benchmark": "mine", "description": "", "tasks": [TASK], "rows": [{"row": "coulomb", "adapter": "coulomb"}],
        "budget": {"trials": 5, "inner_folds": 3}, "seeds": [0],
        "growth": [entry | {"start": 30, "step": 30, "rounds": 2, "seeds": [0, 1]} | plan],
    }  # fmt: skip
    path.write_text(yaml.safe_dump(content))
    return load_benchmark(path)


def test_cells_of_a_listed_growth(tmp_path):
    bench = written(tmp_path / "b.yaml")
    cells = list(bench.growth_cells())
    assert [cell.slot for cell in cells] == [
        f"growth/{TASK}/coulomb/dimer-{how}/f00-s{seed}" for how in ("random", "diversity") for seed in (0, 1)
    ]
    assert {cell.budget.trials for cell in cells} == {0}
    assert all(cell.growth is None for cell in bench.cells())
    assert list(bench.growth_cells(rows=("coulomb",), tasks=(TASK,))) == cells
    with pytest.raises(UnknownName):
        list(bench.growth_cells(rows=("colomb",)))


@pytest.mark.parametrize(
    ("plan", "error", "complaint"),
    [
        ({"rows": ["soap"]}, UnknownName, "row of benchmark mine"),
        ({"task": "jij-bi2te3/jij/period"}, UnknownName, "task of benchmark mine"),
        ({"unit": "pair"}, DataError, "acquire = 'diversity' is for unit 'dimer'"),
        ({"seeds": [0, 0]}, DataError, "twice"),
        ({"start": 0}, DataError, "greater than or equal to 1"),
    ],
)
def test_a_bad_growth_is_named(tmp_path, plan, error, complaint):
    with pytest.raises(error, match=complaint):
        written(tmp_path / "b.yaml", **plan)


def test_the_table_of_growth_has_a_line_a_cell_and_round(tmp_path):
    bench = written(tmp_path / "b.yaml", acquire=["random"])
    records = [run(tmp_path, wanted) for wanted in bench.growth_cells()]
    table = growth_table(bench, tmp_path)
    assert table[["seed", "round", "n", "units"]].to_numpy().tolist() == [
        [0, 0, 30, 30], [0, 1, 60, 60], [1, 0, 30, 30], [1, 1, 60, 60],
    ]  # fmt: skip
    last = table[table["round"] == 1]["headline"].tolist()
    assert last == pytest.approx([record.metrics["mae_magnetic"] for record in records], abs=1e-12)


def test_cells_that_grew_otherwise_than_asked_or_are_not_computed_are_no_points(tmp_path):
    bench = written(tmp_path / "b.yaml", acquire=["random"])
    records = [run(tmp_path, wanted) for wanted in bench.growth_cells()]
    other = written(tmp_path / "b.yaml", acquire=["random"], rounds=3)
    table = growth_table(other, tmp_path)
    assert (len(table), table["round"].notna().sum(), set(table["asked"])) == (2, 0, {2})
    assert "| coulomb" not in growth_markdown(table, 1.0)
    failed = {"status": "failed", "reason": "x", "predictions": None, "metrics": None}
    write_record(record_path(tmp_path, next(bench.growth_cells())), records[0].model_copy(update=failed))
    assert "| coulomb | dimer | random | 1 of 2 | " in growth_markdown(growth_table(bench, tmp_path), 1.0)
