"""What tuning promised and what the test said, from records written by hand and from official ones."""

import pytest

from jijbench.benchmark import Benchmark, load_benchmark
from jijbench.records.folder import RecordFolder
from jijbench.records.schema import Trial, Tuning
from jijbench.tables.ledger import budget_table, ledger_markdown, ledger_table, promise_table
from jijbench.tables.results import Results, load_results, official_folder

TASK = "jij-bi2te3/jij/random-orbit"


@pytest.fixture(scope="module")
def official():
    benchmark = load_benchmark("full")
    return load_results(benchmark, official_folder(), benchmark.cells((TASK,), ("coulomb", "soap", "zero")))


def with_ledger(results: Results, scores: dict[str, list[list[float | None]]]) -> Results:
    """The same records with other inner scores, trial by trial, for each row and fold."""
    records = {}
    for cell in results.cells:
        trials = tuple(
            Trial(number=k, hypers={}, inner=inner, seconds=1.0)
            for k, inner in enumerate(scores[cell.row.row][cell.fold])
        )
        best = min(t.inner for t in trials if t.inner is not None)
        tuning = Tuning(trials=len(trials), configurations=len(trials), inner=best, capped=False, ledger=trials)
        records[cell.slot] = results.records[cell.slot].model_copy(update={"tuning": tuning})
    return Results(results.benchmark, results.held, results.cells, records)


def test_a_line_for_each_cell_with_the_difference_of_test_and_promise(official):
    table = ledger_table(official)
    assert len(table) == 15
    for _, line in table.iterrows():
        cell = next(c for c in official.cells if (c.row.row, c.fold) == (line["row"], line["fold"]))
        record = official.records[cell.slot]
        assert line["inner"] == record.tuning.inner
        assert line["difference"] == pytest.approx(record.metrics["mae_magnetic"] - record.tuning.inner)


def test_the_mean_difference_has_the_interval_of_the_textbook(official):
    found = with_ledger(official, {row: [[1.0]] * 5 for row in ("coulomb", "soap", "zero")})
    line = promise_table(ledger_table(found)).set_index("row").loc["zero"]
    outer = [r.metrics["mae_magnetic"] for r in official.records.values() if r.key.row == "zero"]
    mean = sum(outer) / 5
    assert line["difference"] == pytest.approx(mean - 1)
    variance = sum((value - mean) ** 2 for value in outer) / 4
    assert line["half"] == pytest.approx(2.776 * (variance / 5) ** 0.5, rel=1e-3)


def test_ranks_change_with_the_budget_and_a_failed_trial_counts_as_none(official):
    scores = {
        "coulomb": [[3.0, 2.0, 0.5]] * 5,
        "soap": [[2.0, 1.5, 1.5]] * 5,
        "zero": [[1.0]] * 5,
    }
    ranks = budget_table(with_ledger(official, scores)).pivot(index="row", columns="budget", values="rank")
    assert list(ranks.columns) == [1, 2, 4]
    assert ranks.loc["coulomb"].tolist() == [3, 3, 1]
    assert ranks.loc["zero"].tolist() == [1, 1, 2]
    scores["coulomb"] = [[None, 2.0, 0.5]] * 5
    found = budget_table(with_ledger(official, scores))
    assert "coulomb" not in found[found["budget"] == 1]["row"].tolist()


def test_rows_without_an_inner_score_are_not_ranked():
    benchmark = Benchmark(
        benchmark="mine", description="", tasks=(TASK,), rows=({"row": "gap", "adapter": "gap"},), seeds=(0,),
        budget={"trials": 0, "inner_folds": 1},
    )  # fmt: skip
    empty = Results(benchmark, RecordFolder(official_folder()), (), {})
    assert ledger_table(empty).empty
    assert budget_table(empty).empty
    assert "no row of this task was tuned" in ledger_markdown(empty, TASK)


def test_the_text_names_the_unit_and_every_row(official):
    text = ledger_markdown(official, TASK)
    assert "inner, meV" in text
    assert all(f"| {row} |" in text for row in ("coulomb", "soap", "zero"))
    assert "nan" not in text
