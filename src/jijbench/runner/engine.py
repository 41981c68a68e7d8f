"""Many cells: finished ones are not repeated, the others run where they are sent, each leaves a record."""

import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from jijbench.benchmark import Cell, record_path
from jijbench.errors import JijbenchError
from jijbench.records.folder import RecordFolder
from jijbench.records.schema import Record, write_record
from jijbench.runner.cell import not_complete
from jijbench.runner.key import cell_key, stale_fields
from jijbench.runner.leftovers import sweep
from jijbench.runner.places import Open, Place, this_machine
from jijbench.runner.reuse import LOST, complete, finished

Tell = Callable[[Record, bool], None]


def run_cells(
    cells: Iterable[Cell], folder: Path, workers: int = 1, threads: int = 1, retry_failed: bool = False,
    tell: Tell = lambda record, reused: None, place: Open | None = None, devices: Sequence[str] = (),
) -> list[Record]:  # fmt: skip
    """Run the cells that ``folder`` does not hold yet, each in a process of its own that may die.

    They run on this machine, ``workers`` at a time, or one on each of the ``devices``, or in ``place``
    (``dask_workers``). ``tell(record, reused)`` is
    called as cells end. A cell whose process dies or outlasts ``cell_seconds`` fails alone. Records come back in the
    order of the cells.
    """
    cells = list(cells)
    done: dict[str, Record] = {}
    held = RecordFolder(folder)
    for cell in cells:
        record = finished(held, cell)
        if record is not None and not (retry_failed and record.status == "failed"):
            done[cell.slot] = record
            tell(record, True)
    todo = [cell for cell in cells if cell.slot not in done]
    if todo:
        sweep(folder)
        with (place or partial(this_machine, workers=workers, devices=devices))(threads) as opened:
            done |= _collect(todo, folder, opened, tell)
    return [done[cell.slot] for cell in cells]


def _collect(todo: list[Cell], folder: Path, place: Place, tell: Tell) -> dict[str, Record]:
    there, done = str(folder.resolve()), {}
    with _interrupts() as interrupted:
        jobs = {place.submit(cell.model_dump(mode="json"), there): cell for cell in todo}
        waiting = set(jobs)
        while waiting:
            ended, waiting = wait(waiting, timeout=1.0, return_when=FIRST_COMPLETED)
            if interrupted:  # before records are made of workers that it may have ended too
                raise KeyboardInterrupt
            for job in ended:
                cell = jobs[job]
                done[cell.slot] = _record(cell, job, folder, place)
                tell(done[cell.slot], False)
        if interrupted:  # while the last ones were told
            raise KeyboardInterrupt
    return done


@contextmanager
def _interrupts() -> Iterator[list[int]]:
    """Ctrl-C as a list that fills, to be answered where nothing is half done; the second one is answered at once.

    An exception in the midst of whatever the main thread runs could be lost in a destructor, or leave a lock held.
    """
    came: list[int] = []
    before: Any = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield came
        return

    def answer(number: int, frame: Any) -> None:
        came.append(number)
        if len(came) > 1:
            before(number, frame)

    signal.signal(signal.SIGINT, answer)
    try:
        yield came
    finally:
        signal.signal(signal.SIGINT, before)


def _record(cell: Cell, job: Future, folder: Path, place: Place) -> Record:
    """What a job promised; a lost worker's cell counts as failed until the next start computes it."""
    try:
        record = Record.model_validate(job.result())
    except CancelledError as error:
        raise JijbenchError("the scheduler is gone; run the same command again to go on") from error
    except place.lost as error:
        known = complete(RecordFolder(folder), cell)  # written before the worker was lost
        if known is not None:
            return known
        reason = f"its worker was lost ({type(error).__name__}); run the same command again to compute it"
        record = not_complete(cell, "failed", reason).model_copy(update={"extra": {LOST: type(error).__name__}})
        write_record(record_path(folder, cell), record)
        return record
    other = stale_fields(record, cell_key(cell))
    if other:
        raise JijbenchError(f"a worker computed {cell.slot} with another {', '.join(other)} than here; update it")
    return record
