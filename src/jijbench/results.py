"""A folder of results: records by cell, and predictions pooled over the folds of a task."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from jijbench.benchmark import Benchmark, Budget, Cell, Row, record_path
from jijbench.context import home
from jijbench.data.task import Task, load_task
from jijbench.errors import DataError, IncompleteTable, RecordError
from jijbench.record import Record, read_predictions, read_record, reconstruction


def official_folder() -> Path:
    """The committed results of ``full``."""
    return home("results") / "full"


@dataclass(frozen=True, eq=False)
class Pooled:
    """Test predictions of one row and seed, all folds of a task together.

    ``rows`` (n,) positions in the task's dataset; ``mean``, ``std`` and ``truth`` (n,) or (n, k) in the target's
    unit; ``weight`` (n,) is one over how often the sample is tested; ``fold`` (n,); ``reconstruction`` (n, k) the truth
    as the models' bases give it back, None where a model has none.
    """

    task: Task
    row: str
    seed: int
    rows: np.ndarray
    mean: np.ndarray
    std: np.ndarray
    truth: np.ndarray
    weight: np.ndarray
    fold: np.ndarray
    reconstruction: np.ndarray | None = None

    @cached_property
    def labels(self) -> dict[str, np.ndarray]:
        """What scores need to know beside truth, mean and weight."""
        extra = {} if self.reconstruction is None else {"reconstruction": self.reconstruction}
        return self.task.dataset.labels(self.rows) | extra

    @cached_property
    def table(self) -> pd.DataFrame:
        """The samples' own columns (elements, shell, distance, moments) with ``mean``, ``std`` and ``truth``."""
        table = self.task.dataset.table.iloc[self.rows].reset_index(drop=True)
        table = table.assign(std=self.std, weight=self.weight, fold=self.fold)
        table["magnetic"] = self.task.dataset.magnetic[self.rows]
        if self.mean.ndim == 1:
            table = table.assign(mean=self.mean, truth=self.truth, error=self.mean - self.truth)
        return table


def pool(task: Task, folder: Path, cells: list[Cell], records: list[Record]) -> Pooled:
    """Put the test parts of the folds of one row and seed together; raises ``RecordError`` for changed files.

    Every sample that the split tests must be there once a fold, so nothing can be left out of a score.
    """
    rows, means, stds, folds, rebuilt = [], [], [], [], []
    truth = task.dataset.truth(task.target.name)
    for cell, record in zip(cells, records, strict=True):
        if record.predictions is None:
            raise RecordError(f"{record_path(folder, cell)} has status {record.status!r} and no predictions to pool")
        file = record_path(folder, cell).parent / record.predictions.file
        table, mean = read_predictions(file, record.predictions.sha256)
        test = (table["part"] == "test").to_numpy()
        ids = table["id"][test].tolist()
        if sorted(ids) != sorted(task.split.folds[cell.fold].test):
            raise RecordError(
                f"{record_path(folder, cell)}: its predictions are not those of the split's test samples; run it again"
            )
        rows.append(task.dataset.rows(ids))
        means.append(mean[test])
        stds.append(table["std"].to_numpy(dtype=float)[test])
        folds.append(np.full(len(ids), cell.fold))
        rebuilt.append(reconstruction(file, truth[rows[-1]], task.dataset.labels(rows[-1]).get("volume")))
    where = np.concatenate(rows)
    times = task.split.times_tested()
    weight = np.array([1.0 / times[task.dataset.samples[k].id] for k in where])
    return Pooled(
        task,
        cells[0].row.row,
        cells[0].seed,
        where,
        np.concatenate(means),
        np.concatenate(stds),
        truth[where],
        weight,
        np.concatenate(folds),
        np.concatenate(known) if len(known := [r for r in rebuilt if r is not None]) == len(rebuilt) else None,
    )


@dataclass(frozen=True, eq=False)
class Results:
    """The records of a benchmark in a folder; complete by construction.

    ``stale`` holds the slots whose records were made by other code, data or settings than today's.
    """

    benchmark: Benchmark
    folder: Path
    cells: tuple[Cell, ...]
    records: dict[str, Record]
    stale: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        failed = sum(record.status != "complete" for record in self.records.values())
        tail = f", {failed} not complete" * bool(failed) + f", {len(self.stale)} stale" * bool(self.stale)
        return f"Results({self.benchmark.benchmark} in {self.folder}: {len(self.cells)} cells{tail})"

    def groups(self) -> dict[tuple[str, str], list[Cell]]:
        """Cells by task and row, in the order of the benchmark."""
        found: dict[tuple[str, str], list[Cell]] = {}
        for cell in self.cells:
            found.setdefault((cell.task, cell.row.row), []).append(cell)
        return found

    def pooled(self, task: str, row: str) -> list[Pooled]:
        """One entry a seed; empty where a cell of the row is not complete or stale, or a fold is missing."""
        cells = self.groups()[task, row]
        if any(self.records[cell.slot].status != "complete" or cell.slot in self.stale for cell in cells):
            return []
        seeds = sorted({cell.seed for cell in cells})
        by_seed = [[cell for cell in cells if cell.seed == seed] for seed in seeds]
        if any(len(group) < load_task(task).n_folds for group in by_seed):
            return []
        return [pool(load_task(task), self.folder, group, [self.records[c.slot] for c in group]) for group in by_seed]


def load_results(
    benchmark: Benchmark, folder: Path, cells: Iterable[Cell] | None = None, stale: Iterable[str] = ()
) -> Results:
    """Read the records of a benchmark's cells; raises ``IncompleteTable`` naming the cells that have none."""
    wanted = tuple(benchmark.cells() if cells is None else cells)
    missing = [cell for cell in wanted if not record_path(folder, cell).is_file()]
    if missing:
        names = "\n  ".join(cell.slot for cell in missing[:10]) + ("\n  …" if len(missing) > 10 else "")
        raise IncompleteTable(
            f"{len(missing)} of {len(wanted)} cells of benchmark {benchmark.benchmark} have no record in {folder}:\n"
            f"  {names}\ncompute them with `jijbench run {benchmark.benchmark}`"
        )
    records = {cell.slot: read_record(record_path(folder, cell)) for cell in wanted}
    return Results(benchmark, folder, wanted, records, frozenset(stale))


def found_results(folder: Path) -> Results:
    """Whatever records a folder holds, as the results of a benchmark made of them; raises ``DataError`` for none.

    Rows of which folds are missing count as not complete, as those with a failed cell do.
    """
    paths = sorted((folder / "runs").rglob("*.json"))
    if not paths:
        raise DataError(f"{folder} holds no run records (runs/…/*.json); name the folder that `jijbench run` wrote")
    records = [read_record(path) for path in paths]
    rows: dict[str, Row] = {}
    cells = []
    for key in (record.key for record in records):
        row = rows.setdefault(
            key.row, Row.model_validate({"row": key.row, "adapter": key.adapter, "inputs": key.inputs})
        )
        budget = Budget(trials=key.search.trials, inner_folds=key.search.inner_folds)
        cells.append(Cell(task=key.task, fold=key.fold, row=row, seed=key.seed, budget=budget))
    benchmark = Benchmark(
        benchmark="found", description=f"records of {folder.name}", tasks=tuple(sorted({c.task for c in cells})),
        rows=tuple(rows.values()), budget=cells[0].budget, seeds=tuple(sorted({c.seed for c in cells})),
    )  # fmt: skip
    return Results(benchmark, folder, tuple(cells), {c.slot: r for c, r in zip(cells, records, strict=True)})
