"""A user's own rows among those of other results, mostly the official ones: one table, ranked over all of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from jijbench.benchmark import Benchmark, Cell
from jijbench.errors import DataError
from jijbench.files import canonical, sha256_of
from jijbench.records.folder import Held
from jijbench.records.predictions import Predictions
from jijbench.records.schema import Record
from jijbench.tables.leaderboard import leaderboard
from jijbench.tables.results import Results

MINE = " (mine)"  # no name of a row may hold a blank, so it cannot be an official one


def tasks_of(benchmark: Benchmark) -> list[str]:
    """The tasks of a benchmark that one of its rows answers."""
    return [task for task in benchmark.tasks if any(row.answers(task) for row in benchmark.rows)]


@dataclass(frozen=True)
class Both:
    """The records of two folders as if they were one; ``mine`` has the user's own cells by the slots they have here."""

    own: Held
    other: Held
    mine: Mapping[str, Cell]

    @property
    def folder(self) -> Path:
        """Where the user's own records lie."""
        return self.own.folder

    def _of(self, cell: Cell) -> tuple[Held, Cell]:
        return (self.own, self.mine[cell.slot]) if cell.slot in self.mine else (self.other, cell)

    def record(self, cell: Cell) -> Record | None:
        """The record of a cell, None where there is none."""
        held, there = self._of(cell)
        return held.record(there)

    def is_announced(self, cell: Cell) -> bool:
        """Whether the packed row of a cell says that this cell is still to be computed."""
        held, there = self._of(cell)
        return held.is_announced(there)

    def place(self, cell: Cell) -> Path:
        """The file that holds a cell's record, for messages."""
        held, there = self._of(cell)
        return held.place(there)

    def predictions(self, cell: Cell, record: Record) -> Predictions:
        """Predictions of a cell; raises ``RecordError`` for changed files."""
        held, there = self._of(cell)
        return held.predictions(there, record)

    def sha256(self, cells: Iterable[Cell]) -> str:
        """Hash of all files that hold the records and predictions of cells."""
        found = [self._of(cell) for cell in cells]
        return sha256_of([side.sha256([c for held, c in found if held is side]) for side in (self.own, self.other)])


def beside(own: Results, other: Results) -> Results:
    """Both results as one, of the tasks that both have, in the order of the other; own rows are called ``… (mine)``.

    Raises ``DataError`` where no task is shared, or both are the same folder.
    """
    if own.folder.resolve() == other.folder.resolve():
        raise DataError(f"{own.folder} would stand beside itself; name a benchmark or folder of your own")
    theirs = {cell.task for cell in other.cells}
    shared = {cell.task for cell in own.cells} & theirs
    if not shared:
        why = only_one_side(own, other) or "no row that was asked for is on one of its tasks"
        raise DataError(f"{own.folder} and {other.folder} share no task; {why}")
    cells = {cell.slot: cell for cell in own.cells if cell.task in shared}
    renamed = {slot: _mine(cell) for slot, cell in cells.items()}
    rest = tuple(cell for cell in other.cells if cell.task in shared)
    return Results(
        benchmark=other.benchmark.model_copy(update={"tasks": tuple(t for t in other.benchmark.tasks if t in shared)}),
        held=Both(own.held, other.held, {renamed[slot].slot: cell for slot, cell in cells.items()}),
        cells=(*rest, *renamed.values()),
        records={cell.slot: other.records[cell.slot] for cell in rest}
        | {cell.slot: own.records[slot] for slot, cell in renamed.items()},
        stale=other.stale | {cell.slot for slot, cell in renamed.items() if slot in own.stale},
        unfinished={**other.unfinished, **{(task, row + MINE): n for (task, row), n in own.unfinished.items()}},
    )


def _mine(cell: Cell) -> Cell:
    return cell.model_copy(update={"row": cell.row.model_copy(update={"row": cell.row.row + MINE})})


def only_one_side(own: Results, other: Results) -> str | None:
    """One line naming the tasks that are not compared, for only one side has them; None where there are none."""
    theirs, yours = tasks_of(other.benchmark), tasks_of(own.benchmark)
    asked = {cell.task for cell in own.cells}
    sides = {
        "only yours": [task for task in yours if task in asked and task not in theirs],
        f"only in {other.folder.name}": [task for task in theirs if task not in yours],
    }
    return "; ".join(f"{side}: {', '.join(tasks)}" for side, tasks in sides.items() if tasks) or None


def leaderboard_beside(own: Results, other: Results) -> pd.DataFrame:
    """The table of both; the notes of own rows say where their budgets and fixed hypers are others."""
    table = leaderboard(beside(own, other))
    compared = set(table["task"])
    notes = {(task, row + MINE): _differs(own, other, task, row) for task, row in own.groups() if task in compared}
    told = [(line["note"], notes.get((line["task"], line["row"]))) for _, line in table.iterrows()]
    table["note"] = pd.Series(["; ".join(filter(None, both)) or None for both in told], table.index, dtype=object)
    return table


def _differs(own: Results, other: Results, task: str, row: str) -> str | None:
    """How a row was computed otherwise than the other's row of its name, else than its rows of the largest budget."""
    mine, name = _settings(_records(own, task, row)), other.folder.name
    if (task, row) in other.groups():
        theirs = _settings(_records(other, task, row))
        mine, theirs = ({what: side.get(what, "none") for what in mine | theirs} for side in (mine, theirs))
    else:
        theirs = _largest([r for t, one in other.groups() if t == task for r in _records(other, task, one)])
    return "; ".join(f"{what} {mine[what]} ({name}: {v})" for what, v in theirs.items() if mine[what] != v) or None


def _records(results: Results, task: str, row: str) -> list[Record]:
    return [results.records[cell.slot] for cell in results.groups()[task, row]]


def _settings(records: list[Record]) -> dict[str, str]:
    """Budget, seeds, adapter, inputs and fixed hypers of a row, as its records say."""
    keys = [record.key for record in records]
    found: dict[str, list[Any]] = {
        "trials": [key.search.trials for key in keys], "inner folds": [key.search.inner_folds for key in keys],
        "seeds": [key.seed for key in keys], "adapter": [key.adapter for key in keys],
        "inputs": [key.inputs for key in keys],
    }  # fmt: skip
    for name in dict.fromkeys(name for key in keys for name in key.search.fixed):
        fixed = [key.search.fixed for key in keys]  # as JSON, so that "3" is not 3
        found[f"fixed {name}"] = [canonical(f[name]) if name in f else "none" for f in fixed]
    return {what: _each(values) for what, values in found.items()}


def _largest(records: list[Record]) -> dict[str, str]:
    """The largest budget among rows, for costly ones may have less; and all their seeds."""
    searches = [record.key.search for record in records]
    return {
        "trials": str(max(search.trials for search in searches)),
        "inner folds": str(max(search.inner_folds for search in searches)),
        "seeds": _each(sorted(record.key.seed for record in records)),
    }


def _each(values: list[Any]) -> str:
    """Different values of a row's cells, mostly one."""
    return ", ".join(dict.fromkeys(map(str, values)))
