"""The clean process that cells are forked from: it begins them, bounds their time, and clears away what they leave.

It has imported what cells need, once, and nothing of any model; each cell is a fresh copy of it (Linux) or a fresh
interpreter (elsewhere), so no cell finds what another has changed. It has one thread, and linear algebra has begun no
others, as forking needs. It ends when the connection to the process that asks is closed, however that one ended, and
its cells end with it.
"""

import contextlib
import ctypes
import gc
import importlib
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from threading import Thread
from typing import Any

from jijbench.errors import CacheWarning
from jijbench.runner.cost import children, has_children

FORKS = sys.platform == "linux"  # elsewhere system libraries do not bear it
_PRELOADED = (
    "ase.io", "joblib", "optuna", "pandas", "scipy.optimize", "scipy.spatial.distance", "sklearn.kernel_ridge",
    "sklearn.model_selection", "spglib", "threadpoolctl", "jijbench.adapters.base", "jijbench.runner.cell",
    "jijbench.runner.tuning",
)  # fmt: skip
_PAUSE = 0.5  # s between looks at cells that tell nothing
_SET_PDEATHSIG, _SET_CHILD_SUBREAPER = 1, 36  # of Linux's prctl


@dataclass(frozen=True)
class Job:
    """A cell to run, and the surroundings of who asks for it."""

    cell: dict[str, Any]
    folder: str
    threads: int
    seconds: float
    environment: dict[str, str]
    path: list[str]
    directory: str


def main(handle: int, scratch: str) -> None:
    """``serve`` at a descriptor that was passed on."""
    with Connection(handle) as connection:
        serve(connection, scratch)


def serve(connection: Connection, scratch: str) -> None:
    """Begin the jobs that come, as ``(number, Job)``, and tell ``(number, what, value)``; until ``None`` comes.

    That nobody listens any more is taken for ``None``.

    ``what`` is ``begun`` (process id), then ``record`` (JSON), ``raised`` (an exception), ``died`` (exit code),
    ``late``, or ``memory`` (MiB that it held). Scratch folders of cells lie in ``scratch``, which ends with this.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who asks decides what Ctrl-C ends
    if FORKS:
        _prctl(_SET_CHILD_SUBREAPER, 1)
        for name in _PRELOADED:
            importlib.import_module(name)
        gc.collect()
        gc.freeze()
    cells: dict[int, _Cell] = {}
    try:
        while _attend(connection, cells, Path(scratch)):
            pass
    finally:
        for cell in cells.values():
            cell.clear(())
        shutil.rmtree(scratch, ignore_errors=True)


def _attend(connection: Connection, cells: dict[int, "_Cell"], scratch: Path) -> bool:
    """Wait for something to happen and answer it; False when nobody listens any more."""
    told = [handle for cell in cells.values() for handle in cell.handles()]
    wait([connection, *told], _PAUSE if cells else None)
    try:
        if connection.poll():
            asked = connection.recv()
            if asked is None:
                return False
            number, job = asked
            cells[number] = _Cell.begun(job, scratch / str(number), [connection, *(c.answer for c in cells.values())])
            connection.send((number, "begun", cells[number].process.pid))
        for number, cell in list(cells.items()):
            ending = cell.ending()
            if ending is not None:
                del cells[number]
                cell.clear({other.process.pid for other in cells.values()})
                connection.send((number, *ending))
    except (EOFError, OSError):
        return False
    return True


@dataclass
class _Cell:
    """A cell that runs."""

    process: BaseProcess
    answer: Connection
    scratch: Path
    deadline: float
    hears: bool = True

    @classmethod
    def begun(cls, job: Job, scratch: Path, others: list[Connection]) -> "_Cell":
        if FORKS:
            with contextlib.suppress(Exception):  # the cell will tell what is wrong
                _read(job.cell)
        context: Any = multiprocessing.get_context("fork" if FORKS else "spawn")
        here, there = context.Pipe(duplex=False)
        scratch.mkdir(mode=0o700, parents=True)
        process = context.Process(target=_work, args=(job, there, scratch, [here, *others] if FORKS else []))
        process.start()
        there.close()
        return cls(process, here, scratch, time.monotonic() + job.seconds)

    def handles(self) -> Iterator[Any]:
        """What becomes readable when it answers or ends."""
        yield self.process.sentinel
        if self.hears:
            yield self.answer

    def ending(self) -> tuple[str, Any] | None:
        """How it ended; None while it runs."""
        code = self.process.exitcode  # asked first: it may answer and end in between
        try:
            if self.hears and self.answer.poll():
                return self.answer.recv()
        except (EOFError, OSError):  # a model may have closed it
            self.hears = False
        if code is not None:
            return "died", code
        return ("late", None) if time.monotonic() > self.deadline else None

    def clear(self, running: set[int | None] | tuple) -> None:
        """End it and all its processes, and remove its scratch folder."""
        with contextlib.suppress(OSError):
            if os.name == "posix":
                os.killpg(self.process.pid or 0, signal.SIGKILL)
        self.process.kill()
        self.process.join()
        self.answer.close()
        if FORKS:
            _end_orphans(running)
        shutil.rmtree(self.scratch, ignore_errors=True)


def _end_orphans(running: set[int | None] | tuple) -> None:
    """End the children that are no running cells: what an ended cell had started was left to this process."""
    deadline = time.monotonic() + 10
    while has_children() and time.monotonic() < deadline:
        orphans = [pid for pid in children(os.getpid()) if pid not in running]
        if not orphans:
            return
        for pid in orphans:
            with contextlib.suppress(ProcessLookupError, ChildProcessError, PermissionError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)


def _work(job: Job, answer: Connection, scratch: Path, inherited: list[Connection]) -> None:
    """Run a cell in a process of its own and tell its record."""
    for connection in inherited:
        connection.close()
    _settle(job, scratch)
    from jijbench.context import context
    from jijbench.runner.cell import run_cell

    def beyond(mib: float) -> None:
        answer.send(("memory", mib))
        os._exit(1)

    try:
        with context(scratch=scratch):
            answer.send(("record", run_cell(job.cell, job.folder, job.threads, beyond)))
    except BaseException as error:
        answer.send(("raised", _plain(error)))
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
        os._exit(0)  # whatever threads and last wishes the model has


def _settle(job: Job, scratch: Path) -> None:
    """The surroundings of who asks, a session of its own, and an end with the parent."""
    if os.name == "posix":
        os.setsid()
    parent = multiprocessing.parent_process()
    if FORKS:
        _prctl(_SET_PDEATHSIG, signal.SIGKILL)
        _prctl(_SET_CHILD_SUBREAPER, 1)
        if parent is None or os.getppid() != parent.pid:  # it ended meanwhile
            os._exit(1)
    else:
        Thread(target=_end_with_parent, daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.clear()
    os.environ.update(job.environment | dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(scratch)))
    tempfile.tempdir = None
    warnings.simplefilter("ignore", CacheWarning)  # who asks has said it for all
    sys.path[:] = job.path
    with contextlib.suppress(OSError):
        os.chdir(job.directory)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _plain(error: BaseException) -> Exception:
    """The exception as one that can be sent: an ``OSError`` as it is, of others the text."""
    from jijbench.runner.cell import said

    if isinstance(error, OSError):
        return OSError(error.errno, error.strerror, error.filename)
    return RuntimeError(f"{type(error).__name__}: {said(error) or 'no message'}")


def _read(cell: dict[str, Any]) -> None:
    """Read what cells share, for all that follow: data, inner folds, and the source of the suite's own adapters."""
    from jijbench import adapters
    from jijbench.data.task import load_task, released
    from jijbench.records.code import code_sha256
    from jijbench.runner.key import versions_of

    task, row = load_task(cell["task"]), cell["row"]
    task.inner_folds(cell["fold"], cell["budget"]["inner_folds"])
    for dataset in (task.source, task.dataset):
        released(dataset, row["inputs"])
    adapters.names()
    if adapters.module_of(row["adapter"]).startswith("jijbench."):  # nothing of anybody else is imported here
        versions_of(adapters.requires(row["adapter"]))
        code_sha256(adapters.module_of(row["adapter"]))


def _prctl(option: int, value: int) -> None:
    ctypes.CDLL(None).prctl(option, value, 0, 0, 0)
