"""The table from records."""

import json

import pytest

from jijbench.benchmark import Benchmark, record_path
from jijbench.data.task import load_task
from jijbench.errors import IncompleteTable, RecordError
from jijbench.runner import run_cells, stale_slots
from jijbench.tables.forms import to_csv, to_json, to_markdown
from jijbench.tables.leaderboard import columns, leaderboard
from jijbench.tables.results import load_results

pytestmark = pytest.mark.usefixtures("always_one_warden")
TASK = "jij-bi2te3/jij/unseen-both"


@pytest.fixture(scope="module")
def bench():
    rows = [{"row": name, "adapter": name} for name in ("zero", "shell-mean", "nearest-dimer")]
    rows += [
        {"row": "moments", "adapter": "moment-product"},
        {"row": "nearest+moments", "adapter": "nearest-dimer", "inputs": "structure+moments"},
    ]
    return Benchmark(
        benchmark="mine", description="", tasks=(TASK,), rows=rows, seeds=(0,), budget={"trials": 0, "inner_folds": 1}
    )


@pytest.fixture(scope="module")
def folder(bench, tmp_path_factory):
    path = tmp_path_factory.mktemp("results")
    run_cells(bench.cells(), path)
    return path


def test_columns_and_order(bench, folder):
    table = leaderboard(load_results(bench, folder))
    assert list(table.columns) == columns([load_task(TASK).target])
    values = [v for v in table["mae_magnetic"] if v is not None]
    assert values == sorted(values)
    assert table["status"].tolist().count("refused") == 1
    assert table.iloc[-1]["status"] == "refused"


def test_scores_are_pooled_over_folds_and_not_averaged(bench, folder):
    results = load_results(bench, folder)
    (pooled,) = results.pooled(TASK, "zero")
    table = leaderboard(results).set_index("row")
    assert table.loc["zero", "mae"] == pytest.approx(abs(pooled.truth).mean())
    folds = [results.records[c.slot].metrics["mae"] for c in results.cells if c.row.row == "zero"]
    assert table.loc["zero", "mae"] != pytest.approx(sum(folds) / len(folds), rel=1e-3)


def test_skill_is_against_the_best_floor_with_no_more_inputs(bench, folder):
    table = leaderboard(load_results(bench, folder)).set_index("row")
    best = min(table.loc[name, "mae"] for name in ("zero", "shell-mean", "nearest-dimer"))
    for name in ("zero", "shell-mean", "nearest-dimer"):
        assert table.loc[name, "skill"] == pytest.approx(1 - table.loc[name, "mae"] / best)
    assert table.loc["nearest+moments", "skill"] == pytest.approx(0.0) or table.loc["nearest+moments", "mae"] > best


def test_an_undefined_number_is_empty_in_csv_and_null_in_json(bench, folder):
    table = leaderboard(load_results(bench, folder))
    zero = next(line for line in to_csv(table).splitlines() if ",zero," in line)
    assert zero.split(",")[list(table).index("spearman")] == ""
    assert "nan" not in to_csv(table).lower()
    lines = json.loads(to_json(table), parse_constant=lambda name: pytest.fail(f"{name} in the table"))
    assert next(line for line in lines if line["row"] == "zero")["spearman"] is None


def test_markdown_names_question_unit_and_reasons(bench, folder):
    text = to_markdown(leaderboard(load_results(bench, folder)))
    assert "neither element seen" in text
    assert "meV" in text
    assert "needs moments" in text
    assert "nan" not in text.lower()


def test_a_missing_record_makes_the_table_refuse_and_names_the_cell(bench, folder, tmp_path):
    import shutil

    shutil.copytree(folder, tmp_path / "r")
    cell = next(iter(bench.cells()))
    record_path(tmp_path / "r", cell).unlink()
    with pytest.raises(IncompleteTable, match=cell.slot):
        load_results(bench, tmp_path / "r")


def test_changed_predictions_are_refused(bench, folder, tmp_path):
    import shutil

    shutil.copytree(folder, tmp_path / "r")
    cell = next(iter(bench.cells()))
    file = record_path(tmp_path / "r", cell).with_suffix(".csv.gz")
    file.write_bytes(file.read_bytes() + b"x")
    with pytest.raises(RecordError, match="sha256"):
        leaderboard(load_results(bench, tmp_path / "r"))


def test_a_stale_row_is_shown_as_stale_and_has_no_numbers(bench, folder):
    other = bench.model_copy(update={"budget": bench.budget.model_copy(update={"inner_folds": 2})})
    results = load_results(other, folder)
    stale = stale_slots(results.cells, results.records)
    assert set(stale) == {cell.slot for cell in results.cells}
    table = leaderboard(load_results(other, folder, stale=stale))
    assert set(table["status"]) == {"stale"}
    assert table["mae"].isna().all()


CURVES = "deltav-elemental/dv/random-orbit"


@pytest.fixture(scope="module")
def curves(tmp_path_factory):
    pytest.importorskip("dscribe", reason="dscribe is not installed")
    rows = [
        {"row": "zero", "adapter": "zero", "inputs": "composition"},
        {"row": "host-mean", "adapter": "host-mean"},
        {"row": "additive-curve", "adapter": "additive-curve"},
        {"row": "learned", "adapter": "coulomb-field", "trials": 0},
        {"row": "low-rank", "adapter": "low-rank"},
    ]
    bench = Benchmark(
        benchmark="curves", description="", tasks=(CURVES,), rows=rows, seeds=(0,),
        budget={"trials": 0, "inner_folds": 1, "score_fixed": False},
    )  # fmt: skip
    path = tmp_path_factory.mktemp("curves")
    run_cells(bench.cells(), path, workers=2)
    return load_results(bench, path)


def test_skill_of_curves_is_against_the_start_and_over_floors_against_the_best(curves):
    table = leaderboard(curves).set_index("row")
    reference = table.loc["zero", "rmse"]
    for name in ("host-mean", "additive-curve", "learned"):
        assert table.loc[name, "skill"] == pytest.approx(1 - table.loc[name, "rmse"] / reference)
        assert table.loc[name, "error_left"] == pytest.approx(1 - table.loc[name, "skill"])
    best = min(table.loc["host-mean", "rmse"], table.loc["additive-curve", "rmse"])
    assert table.loc["learned", "skill_floor"] == pytest.approx(1 - table.loc["learned", "rmse"] / best)
    assert table.loc["additive-curve", "error_left"] == pytest.approx(0.18, abs=0.01)  # as in the method note
    assert table.loc["low-rank", "status"] == "refused"
    assert 0 < table.loc["learned", "rmse_basis"] < 0.01 * reference
    assert table.loc["zero", "rmse_basis"] is None


def test_the_page_of_curves_names_the_worst_ones(curves):
    page = to_markdown(leaderboard(curves))
    (pooled,) = curves.pooled(CURVES, "learned")
    assert "| error left" in page
    assert "errors in Ry, ordered by rmse" in page
    worst = leaderboard(curves).iloc[0]["worst"]
    name = worst.split()[0]
    assert f"Largest errors of {leaderboard(curves).iloc[0]['row']} (Ry): {worst}" in page
    ids = [pooled.task.dataset.samples[k].id for k in pooled.rows]
    assert f"deltav-elemental:{name}" in ids


def test_predicted_curves_take_little_room(curves):
    sizes = [path.stat().st_size for path in (curves.folder / "runs").rglob("*.npz")]
    assert len(sizes) == 20
    assert max(sizes) < 120_000
