"""A folder of results: records by cell, and predictions pooled over the folds of a task."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from jijbench.benchmark import Benchmark, Budget, Cell, Growth, Row
from jijbench.context import home
from jijbench.data.task import Task, load_task
from jijbench.errors import DataError, IncompleteTable, RecordError
from jijbench.records.folder import Held, RecordFolder
from jijbench.records.predictions import Predictions
from jijbench.records.schema import Record


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
        table = table.assign(weight=self.weight, fold=self.fold)
        table["magnetic"] = self.task.dataset.magnetic[self.rows]
        if not self.task.target.shape:
            return table.assign(mean=self.mean, std=self.std, truth=self.truth, error=self.mean - self.truth)
        return table.assign(error=self.task.target.size(self.mean - self.truth))


def pool(task: Task, held: Held, cells: list[Cell], records: list[Record]) -> Pooled:
    """Put the test parts of the folds of one row and seed together; raises ``RecordError`` for changed files.

    Every sample that the split tests must be there once a fold, so nothing can be left out of a score.
    """
    truth = task.dataset.truth(task.target.name)
    rows, tests, rebuilt = [], [], []
    for cell, record in zip(cells, records, strict=True):
        test = held.predictions(cell, record).of("test")
        if sorted(test.id.tolist()) != sorted(task.split.folds[cell.fold].test):
            raise RecordError(
                f"{held.place(cell)}: {cell.slot} does not predict the split's test samples; run it again"
            )
        rows.append(task.dataset.rows(test.id))
        tests.append(test)
        rebuilt.append(test.reconstruction(truth[rows[-1]], task.target))
    where = np.concatenate(rows)
    return Pooled(
        task=task,
        row=cells[0].row.row,
        seed=cells[0].seed,
        rows=where,
        mean=np.concatenate([test.mean for test in tests]),
        std=np.concatenate([np.full(test.mean.shape, np.nan) if test.std is None else test.std for test in tests]),
        truth=truth[where],
        weight=task.weight[where],
        fold=np.repeat([cell.fold for cell in cells], [len(test.id) for test in tests]),
        reconstruction=np.concatenate(known)
        if len(known := [r for r in rebuilt if r is not None]) == len(rebuilt)
        else None,
    )


@dataclass(frozen=True, eq=False)
class Results:
    """The records of a benchmark in a folder; complete by construction.

    ``stale`` holds the slots whose records were made by other versions, data or settings than today's, ``unfinished``
    how many cells of a task and row are still to be computed, as its packed records announce.
    """

    benchmark: Benchmark
    held: Held
    cells: tuple[Cell, ...]
    records: dict[str, Record]
    stale: frozenset[str] = frozenset()
    unfinished: Mapping[tuple[str, str], int] = field(default_factory=dict)
    _pools: dict[tuple[str, str, int], Pooled] = field(default_factory=dict, repr=False)  # shared by parts of a whole

    @property
    def folder(self) -> Path:
        """Where the records lie."""
        return self.held.folder

    def predictions(self, cell: Cell) -> Predictions:
        """Predictions of a complete cell; raises ``RecordError`` for changed files."""
        return self.held.predictions(cell, self.records[cell.slot])

    def only(self, task: str) -> "Results":
        """Those of one task."""
        return replace(self, cells=tuple(cell for cell in self.cells if cell.task == task))

    def __repr__(self) -> str:
        failed = sum(record.status != "complete" for record in self.records.values())
        tail = f", {failed} not complete" * bool(failed) + f", {len(self.stale)} stale" * bool(self.stale)
        return f"Results({self.benchmark.benchmark} in {self.folder}: {len(self.cells)} cells{tail})"

    def groups(self) -> dict[tuple[str, str], list[Cell]]:
        """Cells by task and row, in the order of the benchmark."""
        return self._groups

    @cached_property
    def _groups(self) -> dict[tuple[str, str], list[Cell]]:
        found: dict[tuple[str, str], list[Cell]] = {}
        for cell in self.cells:
            found.setdefault((cell.task, cell.row.row), []).append(cell)
        return found

    def left(self, task: str, row: str) -> int:
        """How many cells of a row have no record: those announced, or folds that one of its seeds lacks."""
        cells = self.groups()[task, row]
        lacking = load_task(task).n_folds * len({cell.seed for cell in cells}) - len(cells)
        return max(self.unfinished.get((task, row), 0), lacking)

    def pooled(self, task: str, row: str) -> list[Pooled]:
        """One entry a seed; empty where a cell of the row is not complete or stale, or a fold is missing."""
        cells = self.groups()[task, row]
        if self.left(task, row) or any(
            self.records[cell.slot].status != "complete" or cell.slot in self.stale for cell in cells
        ):
            return []
        seeds = sorted({cell.seed for cell in cells})
        by_seed = [[cell for cell in cells if cell.seed == seed] for seed in seeds]
        for seed, group in zip(seeds, by_seed, strict=True):
            if (task, row, seed) not in self._pools:
                records = [self.records[cell.slot] for cell in group]
                self._pools[task, row, seed] = pool(load_task(task), self.held, group, records)
        return [self._pools[task, row, seed] for seed in seeds]


def load_results(
    benchmark: Benchmark, folder: Path | Held, cells: Iterable[Cell] | None = None, stale: Iterable[str] = ()
) -> Results:
    """Read the records of a benchmark's cells; raises ``IncompleteTable`` naming the cells that have none.

    What a folder ``Held`` that is given instead has been asked before is not read again.

    Cells that packed records announce as still to be computed are left out, and their row has no numbers.
    """
    held = RecordFolder(folder) if isinstance(folder, Path) else folder
    wanted = list(benchmark.cells() if cells is None else cells)
    found = {cell.slot: held.record(cell) for cell in wanted}
    records = {slot: record for slot, record in found.items() if record is not None}
    missing = [cell for cell in wanted if cell.slot not in records]
    unannounced = [cell for cell in missing if not held.is_announced(cell)]
    if unannounced:
        names = "\n  ".join(cell.slot for cell in unannounced[:10]) + ("\n  …" if len(unannounced) > 10 else "")
        raise IncompleteTable(
            f"{len(unannounced)} of {len(wanted)} cells of benchmark {benchmark.benchmark} have no record in "
            f"{held.folder}:\n  {names}\ncompute them with `jijbench run {benchmark.benchmark}`"
        )
    there = tuple(cell for cell in wanted if cell.slot in records)
    unfinished = Counter((cell.task, cell.row.row) for cell in missing)
    return Results(benchmark, held, there, records, frozenset(stale), unfinished)


def found_results(folder: Path) -> Results:
    """Whatever records a folder holds, as the results of a benchmark made of them; raises ``DataError`` for none.

    Rows of which folds are missing count as not complete, as those with a failed cell do. Growing training parts are
    left out.
    """
    held = RecordFolder(folder)
    records = {slot: record for slot, record in held.records() if record.key.search.growth is None}
    if not records:
        raise DataError(
            f"{folder} holds no records; name the folder that `jijbench run` or `publish` wrote; "
            "official ones come with a checkout of the repository"
        )
    cells = [cell_of(record) for record in records.values()]
    benchmark = Benchmark(
        benchmark="found", description=f"records of {folder.name}", tasks=tuple(sorted({c.task for c in cells})),
        rows=tuple({cell.row.row: cell.row for cell in cells}.values()), budget=cells[0].budget,
        seeds=tuple(sorted({c.seed for c in cells})),
    )  # fmt: skip
    return Results(benchmark, held, tuple(cells), records)


def cell_of(record: Record) -> Cell:
    """The cell that a record is of, as far as its key says."""
    key, growth = record.key, record.key.search.growth
    row = Row.model_validate({"row": key.row, "adapter": key.adapter, "inputs": key.inputs, "fixed": key.search.fixed})
    budget = Budget(trials=key.search.trials, inner_folds=max(1, key.search.inner_folds))
    grown = None if growth is None else Growth.model_validate({k: v for k, v in growth.items() if k != "version"})
    return Cell(task=key.task, fold=key.fold, row=row, seed=key.seed, budget=budget, growth=grown)
