"""What ``verify`` finds: wrong numbers are errors, old ones a warning."""

import json
import shutil

import pytest

from jijbench.benchmark import Benchmark, record_path
from jijbench.records.schema import read_record
from jijbench.runner import run_cells
from jijbench.tables.generated_docs import render
from jijbench.tables.results import load_results
from jijbench.verify import check_documents, check_results, tables

pytestmark = pytest.mark.usefixtures("always_one_warden")
TASK = "jij-published-table/jij/transfer"


@pytest.fixture(scope="module")
def bench():
    rows = [{"row": name, "adapter": name} for name in ("zero", "shell-mean")]
    return Benchmark(
        benchmark="mine", description="", tasks=(TASK,), rows=rows, seeds=(0,), budget={"trials": 0, "inner_folds": 1}
    )


@pytest.fixture(scope="module")
def made(bench, tmp_path_factory):
    path = tmp_path_factory.mktemp("results")
    run_cells(bench.cells(), path)
    for name, text in tables(load_results(bench, path)).items():
        (path / name).write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def folder(made, tmp_path):
    return shutil.copytree(made, tmp_path / "full")


def levels(bench, folder) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {"ok": [], "warning": [], "error": []}
    for finding in check_results(bench, folder):
        found[finding.level].append(finding.what)
    return found


def edit(path, change) -> None:
    raw = json.loads(path.read_text())
    change(raw)
    path.write_text(json.dumps(raw))


def test_untouched_results_are_in_order(bench, folder):
    found = levels(bench, folder)
    assert not found["error"]
    assert not found["warning"]
    assert any("2 records, 2 complete" in what for what in found["ok"])


def test_a_changed_number_in_a_record_is_an_error_that_names_it(bench, folder):
    path = record_path(folder, next(iter(bench.cells())))
    edit(path, lambda raw: raw["metrics"].update(mae=raw["metrics"]["mae"] + 1e-6))
    (what,) = levels(bench, folder)["error"]
    assert path.name in what
    assert "mae is" in what


def test_changed_predictions_are_an_error(bench, folder):
    path = record_path(folder, next(iter(bench.cells())))
    (path.parent / read_record(path).predictions.file).write_bytes(b"")
    assert "sha256" in levels(bench, folder)["error"][0]


@pytest.mark.parametrize("name", ["leaderboard.md", "leaderboard.csv", "leaderboard.json"])
def test_an_edited_table_is_an_error(bench, folder, name):
    path = folder / name
    path.write_text(path.read_text(encoding="utf-8").replace("zero", "Zero"), encoding="utf-8")
    (what,) = levels(bench, folder)["error"]
    assert name in what


def test_a_missing_record_is_an_error(bench, folder):
    record_path(folder, next(iter(bench.cells()))).unlink()
    assert "have no record" in levels(bench, folder)["error"][0]


def test_a_stale_record_is_a_warning_that_names_the_field(bench, folder):
    edit(record_path(folder, next(iter(bench.cells()))), lambda raw: raw["key"].update(version=0))
    found = levels(bench, folder)
    assert not found["error"]
    assert "1 records are stale (version changed)" in found["warning"][0]


def test_blocks_of_a_document_are_made_anew_and_an_old_one_is_an_error(bench, folder, tmp_path):
    results = load_results(bench, folder)
    page = tmp_path / "README.md"
    page.write_text(
        f"before\n<!-- begin:leaderboard {TASK} -->\nold\n<!-- end:leaderboard -->\nafter\n", encoding="utf-8"
    )
    (finding,) = check_documents(results, [page])
    assert finding.level == "error"
    text = render(page.read_text(encoding="utf-8"), results)
    assert "shell-mean" in text
    assert "\nold\n" not in text
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert render(text, results) == text
    page.write_text(text, encoding="utf-8")
    assert [f.level for f in check_documents(results, [page])] == ["ok"]


@pytest.fixture(scope="module")
def growing(bench, tmp_path_factory):
    """A benchmark with one growth cell, whose row is in no table."""
    plan = {"task": TASK, "rows": ["grown"], "unit": "dimer", "start": 5, "step": 5, "rounds": 2}
    row = {"row": "grown", "adapter": "shell-mean", "tasks": []}
    with_growth = Benchmark.model_validate(bench.model_dump() | {"rows": [*bench.rows, row], "growth": [plan]})
    path = tmp_path_factory.mktemp("growing")
    run_cells([*with_growth.cells(), *with_growth.growth_cells()], path)
    for name, text in tables(load_results(with_growth, path)).items():
        (path / name).write_text(text, encoding="utf-8")
    return with_growth, path


def test_growth_records_are_recomputed_and_counted_apart(growing, tmp_path):
    bench, path = growing
    folder = shutil.copytree(path, tmp_path / "full")
    found = levels(bench, folder)
    assert not found["error"] + found["warning"]
    assert any("full/growth: 1 records, 1 complete" in what for what in found["ok"])
    (cell,) = bench.growth_cells()
    edit(record_path(folder, cell), lambda raw: raw["metrics"].update(mae=-1.0))
    assert "mae is -1.0" in levels(bench, folder)["error"][0]
    record_path(folder, cell).unlink()
    assert "have no record" in levels(bench, folder)["error"][0]


def test_a_block_of_growth_is_made_from_its_records(growing):
    bench, path = growing
    text = render(f"<!-- begin:growth {TASK} 99 -->\n<!-- end:growth -->\n", load_results(bench, path))
    assert "| grown | dimer | random | 1 |" in text
    assert text.splitlines()[4].endswith("| at most 5 |")
