"""Figures of a small results folder: one task of one fold, a complete, a failed and a stale row."""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from jijbench import plots
from jijbench.benchmark import Benchmark, Cell, record_path
from jijbench.data.task import load_task
from jijbench.errors import UnknownName
from jijbench.records.predictions import Predictions, write_predictions
from jijbench.records.schema import Record, write_record
from jijbench.tables.results import Results, load_results
from jijbench.targets import JIJ

TASK = "jij-published-table/jij/transfer"
CURVES = "deltav-elemental/dv-shell/random-orbit"
SHA = "0" * 64


def record(cell: Cell, file: Path | None) -> Record:
    search = {"fixed": {}, "space_sha256": SHA, "sampler": "none", "trials": 0, "inner_folds": 1, "inner_sha256": SHA}
    key = {
        "task": cell.task, "data_sha256": {}, "split_sha256": SHA, "fold": cell.fold, "row": cell.row.row,
        "adapter": cell.row.adapter, "inputs": cell.row.inputs, "search": search, "seed": cell.seed,
        "version": 1, "versions": {},
    }  # fmt: skip
    found = {"status": "failed", "reason": "made up"}
    if file is not None:
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        found = {"status": "complete", "metrics": {}, "predictions": {"file": file.name, "sha256": digest}}
    kind = "floor" if cell.row.row == "zero" else "model"
    return Record.model_validate(
        {"key": key, "kind": kind, "info": None, "unit": "meV", "seconds": {"total": 1.0}, "machine": {}, "created": ""}
        | found
    )


def outer(ids, mean: np.ndarray) -> Predictions:
    return Predictions(np.array(ids), np.full(len(ids), "test"), mean)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    folder = tmp_path_factory.mktemp("results")
    rows = [{"row": name, "adapter": name} for name in ("zero", "soap", "coulomb", "mean")]
    budget = {"trials": 0, "inner_folds": 1}
    benchmark = Benchmark.model_validate(
        {"benchmark": "tiny", "description": "", "tasks": [TASK], "rows": rows, "budget": budget, "seeds": [0]}
    )
    ids = load_task(TASK).split.folds[0].test
    for cell in benchmark.cells():
        path, file = record_path(folder, cell), None
        if cell.row.row != "coulomb":
            mean = np.random.default_rng(0).normal(size=len(ids)) if cell.row.row == "soap" else np.zeros(len(ids))
            file = write_predictions(path.with_suffix(""), outer(ids, mean), JIJ)
        write_record(path, record(cell, file))
    stale = [cell.slot for cell in benchmark.cells() if cell.row.row == "mean"]
    return load_results(benchmark, folder, stale=stale)


@pytest.fixture(scope="module")
def saved(results, tmp_path_factory) -> tuple[Path, list[Path]]:
    """Where all figures lie, and what ``save`` said it wrote."""
    folder = tmp_path_factory.mktemp("saved")
    return folder, plots.save(results, folder)


def test_figures_of_complete_rows_only(saved):
    folder, paths = saved
    place = folder / "figures" / "jij-published-table.jij.transfer"
    names = [f"{row}-{plot}.png" for row in ("zero", "soap") for plot in ("distance", "error-map", "parity")]
    assert paths == [place / name for name in [*names, "cost.png", "overview.png"]]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in paths)


def test_only_what_is_asked_for_and_the_same_bytes_without_a_date(results, saved, tmp_path):
    paths = plots.save(results, tmp_path, rows=["soap"], tasks=[TASK])
    names = ["soap-distance.png", "soap-error-map.png", "soap-parity.png", "cost.png", "overview.png"]
    assert [path.name for path in paths] == names
    for path in paths:
        content = path.read_bytes()
        assert content == (saved[0] / path.relative_to(tmp_path)).read_bytes()
        assert not any(word in content for word in (b"tEXt", b"iTXt", b"tIME"))
    assert plots.save(results, tmp_path, tasks=[]) == []


@pytest.mark.parametrize("wrong", [{"rows": ["soup"]}, {"tasks": [TASK + "s"]}])
def test_unknown_row_or_task_suggests_and_writes_nothing(results, tmp_path, wrong):
    with pytest.raises(UnknownName, match="did you mean"):
        plots.save(results, tmp_path, **wrong)
    assert not any(tmp_path.iterdir())


def test_nothing_complete_nothing_drawn(results, tmp_path):
    stale = replace(results, stale=frozenset(cell.slot for cell in results.cells))
    assert plots.save(stale, tmp_path) == []


def test_curves_have_plots_of_their_own(tmp_path):
    benchmark = Benchmark.model_validate({
        "benchmark": "tiny", "description": "", "tasks": [CURVES], "rows": [{"row": "zero", "adapter": "zero"}],
        "budget": {"trials": 0, "inner_folds": 1}, "seeds": [0],
    })  # fmt: skip
    task = load_task(CURVES)
    for cell in benchmark.cells():
        ids = task.split.folds[cell.fold].test
        path = record_path(tmp_path, cell)
        mean = np.zeros((len(ids), *task.target.shape))
        write_record(path, record(cell, write_predictions(path.with_suffix(""), outer(ids, mean), task.target)))
    paths = plots.save(load_results(benchmark, tmp_path), tmp_path / "out")
    assert [path.name for path in paths] == [
        "zero-coefficients.png",
        "zero-curves.png",
        "zero-host-map.png",
        "cost.png",
        "overview.png",
    ]
