"""Whether the numbers of a row are still those of its records, proved by one cheap cell: its *canary*."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from jijbench.benchmark import Cell
from jijbench.data.task import load_task
from jijbench.records.folder import Held, RecordFolder
from jijbench.records.predictions import Predictions
from jijbench.records.schema import Record
from jijbench.runner.engine import run_cells
from jijbench.runner.key import cell_key, code_of, stale_fields

Tell = Callable[[Record, bool], None]
#: s that the fit and prediction of a canary may take, by its record
DEAR = 60.0
#: s that the canaries of all rows may take together: four minutes of two cores
ALL = 480.0


@dataclass(frozen=True)
class Proof:
    """What became of a row's canary: the ``same`` numbers, ``other`` ones, or why there are none.

    ``none`` where it could not be fitted, ``dear`` where it was not for taking too long; ``seconds``: what it took now.
    """

    row: str
    slot: str
    outcome: str
    why: str
    seconds: float = 0.0


def changed_rows(cells: list[Cell], records: Mapping[str, Record]) -> dict[str, list[Cell]]:
    """Cells by row, of the rows with a record made by other code than today's."""
    return {row: some for row, some in by_row(cells).items() if any(_is_changed(c, records[c.slot]) for c in some)}


def by_row(cells: list[Cell]) -> dict[str, list[Cell]]:
    """Cells by the name of their row."""
    rows: dict[str, list[Cell]] = {}
    for cell in cells:
        rows.setdefault(cell.row.row, []).append(cell)
    return rows


def _is_changed(cell: Cell, record: Record) -> bool:
    return record.status == "complete" and record.code_sha256 != code_of(cell)


def canary(cells: list[Cell], records: Mapping[str, Record]) -> Cell | None:
    """Of a row's complete cells in first folds, the one whose fit and prediction took least; None without one.

    Where all of them are dear the first round of a growing training part stands in: a toy canary.
    """
    first = [cell for cell in cells if cell.fold == 0 and records[cell.slot].status == "complete"]
    whole = [cell for cell in first if cell.growth is None and _seconds(records[cell.slot]) <= DEAR]
    return min(whole or first, key=lambda cell: (_seconds(records[cell.slot]), cell.slot), default=None)


def _seconds(record: Record) -> float:
    if rounds := record.extra.get("rounds"):
        return rounds[0]["seconds"]
    seconds = record.seconds
    return seconds["fit"] + seconds["predict"] if {"fit", "predict"} <= set(seconds) else record.cost


def prove(
    rows: Mapping[str, list[Cell]], records: Mapping[str, Record], held: Held, workers: int = 2,
    tell: Tell = lambda record, reused: None,
) -> Iterator[Proof]:  # fmt: skip
    """Fit the canary of each row again with the recorded hypers, and compare its test predictions.

    They are the same where they differ by at most the row's ``tolerance`` times the largest of them, curves also by
    what their files leave (``records.predictions.low_rank``). A search space that is not the recorded one counts as
    other numbers. A canary that took longer than ``DEAR`` is not fitted.
    """
    found = {row: canary(cells, records) for row, cells in rows.items()}
    chosen = {row: cell for row, cell in found.items() if cell is not None and _seconds(records[cell.slot]) <= DEAR}
    again = {row: _once(cell, records[cell.slot]) for row, cell in chosen.items()}
    with TemporaryDirectory(prefix="jijbench-") as folder:
        made = RecordFolder(Path(folder))
        fitted = dict(zip(again, run_cells(again.values(), made.folder, workers, tell=tell), strict=True))
        for row, cell in found.items():
            if cell is None:
                yield Proof(row, "", "none", "no cell of a first fold is complete")
            elif row not in chosen:
                yield Proof(
                    row, cell.slot, "dear", f"its cheapest first fold took {_seconds(records[cell.slot]):.0f} s"
                )
            else:
                outcome, why = _compared(cell, records[cell.slot], fitted[row], held, made, again[row])
                yield Proof(row, cell.slot, outcome, why, fitted[row].cost)


def _once(cell: Cell, record: Record) -> Cell:
    """The cell with nothing to search; of a growing training part, its first round."""
    row = cell.row.model_copy(update={"fixed": record.hypers})
    budget = cell.budget.model_copy(update={"trials": 0, "score_fixed": False})
    growth = cell.growth and cell.growth.model_copy(update={"rounds": 1})
    return cell.model_copy(update={"row": row, "budget": budget, "growth": growth})


def _compared(
    cell: Cell, record: Record, fitted: Record, held: Held, made: RecordFolder, again: Cell
) -> tuple[str, str]:
    if "search" in stale_fields(record, cell_key(cell)):
        return "other", "its search is another than the recorded one"
    if fitted.status != "complete":
        return "none", f"{fitted.status}: {fitted.reason}"
    part = "test" if cell.growth is None else "r00"
    then, now = held.predictions(cell, record).of(part), made.predictions(again, fitted).of(part)
    largest = float(np.abs(then.mean).max(initial=0.0))
    off = _largest_difference(then, now)
    stored = 2e-5 if load_task(cell.task).target.compressed else 0.0
    if off <= cell.row.tolerance * largest + stored:
        return "same", f"largest difference {off:.1e} of {largest:.3g}"
    return "other", f"largest difference {off:.1e} of {largest:.3g}, tolerance {cell.row.tolerance:g} times that"


def _largest_difference(a: Predictions, b: Predictions) -> float:
    if not np.array_equal(a.id, b.id) or a.mean.shape != b.mean.shape:
        return float("inf")
    return float(np.abs(a.mean - b.mean).max(initial=0.0))
