"""One cell in a process that may die: killed, out of memory, out of time, it fails alone and says why."""

import os
import warnings
from collections.abc import Iterator
from concurrent.futures import TimeoutError as Expired
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread
from typing import Any, Self

from jijbench.benchmark import Cell, record_path
from jijbench.cache import probe, trim
from jijbench.errors import CacheWarning, JijbenchError
from jijbench.records.folder import RecordFolder
from jijbench.records.schema import Record, as_json, write_record
from jijbench.runner.cell import not_complete, run_cell
from jijbench.runner.reuse import complete

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


class Children:
    """``n`` spawned processes that run one cell after another, and are replaced where one dies.

    Call ``run`` from as many threads; whoever owns the threads (this process, or a Dask worker) decides which cells.
    """

    def __init__(self, n: int, threads: int) -> None:
        from pebble import ProcessPool

        self.threads = threads
        self._pool = ProcessPool(max_workers=n, context=get_context("spawn"), initializer=_end_with_parent)
        self._jobs: set[Any] = set()
        self._surroundings = _environment(threads)

    def __enter__(self) -> Self:
        self._surroundings.__enter__()
        probe()
        return self

    def __exit__(self, *error: object) -> None:
        if error[0] is not None:
            self.stop()
        self._pool.close()
        self._pool.join()
        probe()  # the disk may be full by now
        trim()
        self._surroundings.__exit__(None, None, None)

    def stop(self) -> None:
        """Kill what runs; its cells leave no record."""
        self._pool.stop()
        for job in tuple(self._jobs):
            job.cancel()

    def run(self, cell: dict[str, Any], folder: str) -> dict[str, Any]:
        """The cell's record (JSON), also written: that of ``run_cell``, or of how its process ended."""
        wanted = Cell.model_validate(cell)
        known = complete(RecordFolder(Path(folder)), wanted)  # another run in this folder may have been quicker
        record = known or self._outcome(wanted, folder)
        return as_json(record)

    def _outcome(self, cell: Cell, folder: str) -> Record:
        from pebble import ProcessExpired

        limit = cell.budget.cell_seconds
        job = self._pool.schedule(run_cell, [cell.model_dump(mode="json"), folder, self.threads], timeout=limit)
        self._jobs.add(job)
        try:
            return Record.model_validate(job.result())
        except Expired:
            reason = f"the cell took longer than {limit:g} s and was stopped"
            record = not_complete(cell, "failed", reason, limit)
        except ProcessExpired as error:
            record = not_complete(cell, "failed", f"the worker process died with exit code {error.exitcode}")
        except BrokenProcessPool as error:
            raise JijbenchError(
                "the processes of cells end before they begin; call run under `if __name__ == '__main__':`; "
                "if they were killed from outside, run again to go on"
            ) from error
        finally:
            self._jobs.discard(job)
        write_record(record_path(Path(folder), cell), record)
        return record


def _end_with_parent() -> None:
    """End with the process that asked: its record could come after that of the next attempt."""
    Thread(target=_outlive_nobody, daemon=True).start()
    warnings.simplefilter("ignore", CacheWarning)  # the parent has said it for all


def _outlive_nobody() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@contextmanager
def _environment(threads: int) -> Iterator[None]:
    """Thread counts in the environment that spawned processes inherit."""
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
