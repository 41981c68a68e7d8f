"""Many cells on one machine: worker processes that may die, finished cells that are not repeated."""

import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import TimeoutError as Expired
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from jijbench.benchmark import Cell, record_path
from jijbench.errors import RecordError
from jijbench.record import Key, Record, read_record, write_record
from jijbench.runner.cell import cell_key, not_complete, run_cell

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


def stale_fields(record: Record, key: Key) -> list[str]:
    """Names of the fields in which a record's key differs from ``key``.

    Versions of distributions that are not installed here are not compared.
    """
    found, now = record.key.model_dump(mode="json"), key.model_dump(mode="json")
    present = {name for name, version in now["versions"].items() if version is not None}
    for side in (found, now):
        side["versions"] = {name: version for name, version in side["versions"].items() if name in present}
    return [name for name in now if found[name] != now[name]]


def stale_slots(cells: Iterable[Cell], records: Mapping[str, Record]) -> dict[str, list[str]]:
    """Slots whose record was made by other code, data or settings than today's, with the fields that differ."""
    found = {cell.slot: stale_fields(records[cell.slot], cell_key(cell)) for cell in cells if cell.slot in records}
    return {slot: fields for slot, fields in found.items() if fields}


def finished(folder: Path, cell: Cell) -> Record | None:
    """The cell's record if it is there and was made by today's code, data and settings."""
    path = record_path(folder, cell)
    if not path.is_file():
        return None
    try:
        record = read_record(path)
    except RecordError:
        return None  # left by another version: computed anew, the file is replaced
    if stale_fields(record, cell_key(cell)):
        return None
    if record.predictions and not (path.parent / record.predictions.file).is_file():
        return None
    return record


def run_cells(
    cells: Iterable[Cell], folder: Path, workers: int = 1, threads: int = 1, retry_failed: bool = False,
    tell: Callable[[Record, bool], None] = lambda record, reused: None,
) -> list[Record]:  # fmt: skip
    """Run the cells that ``folder`` does not hold yet, each in a spawned worker process.

    ``tell(record, reused)`` is called as cells end. A worker that dies or outlasts ``cell_seconds`` fails its cell
    only. Records come back in the order of the cells.
    """
    cells = list(cells)
    done: dict[str, Record] = {}
    for cell in cells:
        record = finished(folder, cell)
        if record is not None and not (retry_failed and record.status == "failed"):
            done[cell.slot] = record
            tell(record, True)
    todo = [cell for cell in cells if cell.slot not in done]
    if todo:
        done |= _run_pool(todo, folder, workers, threads, tell)
    return [done[cell.slot] for cell in cells]


def _run_pool(
    todo: list[Cell], folder: Path, workers: int, threads: int, tell: Callable[[Record, bool], None]
) -> dict[str, Record]:
    from pebble import ProcessPool

    done = {}
    with _environment(threads), ProcessPool(max_workers=workers, context=get_context("spawn")) as pool:
        try:
            jobs = [(cell, pool.schedule(run_cell, args=[cell.model_dump(mode="json"), str(folder), threads],
                                         timeout=cell.budget.cell_seconds)) for cell in todo]  # fmt: skip
            for cell, job in jobs:
                done[cell.slot] = _outcome(cell, job, folder)
                tell(done[cell.slot], False)
        except BaseException:
            pool.stop()  # Ctrl-C: running cells leave no record and are computed at the next start
            raise
    return done


def _outcome(cell: Cell, job: Any, folder: Path) -> Record:
    from pebble import ProcessExpired

    try:
        return Record.model_validate(job.result())
    except Expired:
        reason = f"the cell took longer than {cell.budget.cell_seconds:g} s and was stopped"
        record = not_complete(cell, "failed", reason, cell.budget.cell_seconds)
    except ProcessExpired as error:
        record = not_complete(cell, "failed", f"the worker process died with exit code {error.exitcode}")
    write_record(record_path(folder, cell), record)
    return record


@contextmanager
def _environment(threads: int) -> Any:
    """Thread counts in the environment that spawned workers inherit."""
    before = {name: os.environ.get(name) for name in THREAD_VARIABLES}
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, str(threads)))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
