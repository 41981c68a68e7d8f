"""One cell in a process that may die: killed, out of memory, out of time, it fails alone and says why."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import Future
from itertools import count
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from multiprocessing.spawn import get_executable
from pathlib import Path
from threading import Lock, Thread
from typing import Any, Self

from jijbench.benchmark import Cell, record_path
from jijbench.cache import probe, trim
from jijbench.context import DEVICE, current
from jijbench.errors import JijbenchError
from jijbench.records.folder import RecordFolder
from jijbench.records.schema import Record, as_json, write_record
from jijbench.runner.cell import not_complete
from jijbench.runner.leftovers import scratch_prefix, sweep
from jijbench.runner.reuse import LOST, complete
from jijbench.runner.warden import Job

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
ATTEMPTS = 3  # to start a warden for a cell
PATIENCE = 10.0  # s in which a warden must have ended whom nobody listens to


class Children:
    """Processes of cells, a fresh one for each, forked from one that has already imported what they need.

    Call ``run`` from as many threads as cells are to run at a time; whoever owns the threads (this process, or a Dask
    worker) decides which cells.
    """

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._warden: Warden | None = None
        self._lock, self._stopped = Lock(), False

    def __enter__(self) -> Self:
        probe()
        self._attended()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()
        probe()  # the disk may be full by now
        trim()

    def stop(self) -> None:
        """Kill what runs; its cells leave no record."""
        with self._lock:
            self._stopped = True
            if self._warden is not None:
                self._warden.close()

    def run(self, cell: dict[str, Any], folder: str, device: str | None = None) -> dict[str, Any]:
        """The cell's record (JSON), also written: that of ``run_cell``, or of how its process ended.

        ``device``: where its model may compute, if it can; None: as here.
        """
        wanted = Cell.model_validate(cell)
        known = complete(RecordFolder(Path(folder)), wanted)  # another run in this folder may have been quicker
        record = known or self._outcome(wanted, folder, device)
        return as_json(record)

    def _outcome(self, cell: Cell, folder: str, device: str | None) -> Record:
        job, started = self._job(cell, folder, device), time.monotonic()
        what, value = self._asked(job)
        if what == "record":
            return Record.model_validate(value)
        if what == "raised" and isinstance(value, OSError):  # the results folder: nobody's fault, and all cells'
            raise value
        sweep(Path(folder))
        budget = cell.budget
        reasons = {
            "raised": f"its record could not be written: {value}",
            "late": f"the cell took longer than {budget.cell_seconds:g} s and was stopped",
            "memory": f"the cell and its processes held {value or 0:.0f} MiB, more than {budget.memory_gib:g} GiB",
            "died": f"the worker process died with exit code {value}",
            "lost": "its worker was lost (killed from outside); run the same command again to compute it",
        }
        record = not_complete(cell, "failed", reasons[what], time.monotonic() - started)
        if what == "lost":
            record = record.model_copy(update={"extra": {LOST: "KilledWorker"}})
        write_record(record_path(Path(folder), cell), record)
        return record

    def _job(self, cell: Cell, folder: str, device: str | None) -> Job:
        environment = dict(os.environ) | _fixed(self.threads) | ({DEVICE: device} if device else {})
        limit = cell.budget.cell_seconds
        return Job(cell.model_dump(mode="json"), folder, self.threads, limit, environment, _path(), str(Path.cwd()))

    def _asked(self, job: Job) -> tuple[str, Any]:
        """How the job ended; one that had not begun when the warden was lost is asked for again."""
        for _ in range(ATTEMPTS):
            try:
                return self._attended().ask(job).result()
            except WardenLost as error:
                if self._stopped:
                    raise
                if error.begun:
                    return "lost", None
        raise JijbenchError("the process that cells start from ends before it begins; see what it said above")

    def _attended(self) -> "Warden":
        """The warden, or another one where it was killed."""
        with self._lock:
            if self._stopped:
                raise WardenLost(begun=False)
            if self._warden is None or self._warden.lost:
                self._warden = Warden(self.threads)
            return self._warden


class WardenLost(JijbenchError):
    """The process that cells start from has ended; ``begun``: after the cell had begun."""

    def __init__(self, begun: bool) -> None:
        self.begun = begun
        super().__init__("the cell was stopped with the process that asked for it; run the same command again to go on")

    def __reduce__(self) -> tuple:
        return WardenLost, (self.begun,)


class Warden:
    """This end of the process that begins cells and ends them (``runner/warden.py``)."""

    def __init__(self, threads: int) -> None:
        self.lost = False
        self._scratch = tempfile.mkdtemp(prefix=scratch_prefix(), dir=current().scratch)
        self._connection, there = Pipe()
        self._process = _started(there, self._scratch, threads)
        there.close()
        self._numbers, self._lock = count(), Lock()
        self._asked: dict[int, Future] = {}
        self._running: dict[int, int] = {}
        self._listener = Thread(target=self._listen, daemon=True)
        self._listener.start()

    def ask(self, job: Job) -> Future:
        """``(what, value)`` of the job's end, as ``serve`` tells it; raises ``WardenLost``."""
        promised: Future = Future()
        with self._lock:
            if self.lost:
                raise WardenLost(begun=False)
            number = next(self._numbers)
            self._asked[number] = promised
            with contextlib.suppress(OSError):  # the listener learns it too
                self._connection.send((number, job))
        return promised

    def close(self) -> None:
        """End it, with its cells and what they started."""
        with contextlib.suppress(OSError), self._lock:
            self._connection.send(None)
        self._listener.join(PATIENCE)

    def _listen(self) -> None:
        with contextlib.suppress(EOFError, OSError):
            while True:
                number, what, value = self._connection.recv()
                if what == "begun":
                    self._running[number] = value
                    continue
                self._running.pop(number, None)
                self._asked.pop(number).set_result((what, value))
        with self._lock:
            self.lost = True
        begun = set(self._running)
        self._clear()
        for number, promised in self._asked.items():
            promised.set_exception(WardenLost(begun=number in begun))

    def _clear(self) -> None:
        """End what a killed warden could not end, and remove its scratch folders."""
        self._process.wait()
        for pid in self._running.values():
            with contextlib.suppress(OSError):
                os.killpg(pid, signal.SIGKILL)
            _gone(pid)
        shutil.rmtree(self._scratch, ignore_errors=True)
        self._connection.close()


def _gone(pid: int, seconds: float = 2.0) -> None:
    """Wait until nothing can write any more for a process that was killed and is not ours to wait for."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except OSError:
            return
        time.sleep(0.01)


def _started(connection: Connection, scratch: str, threads: int) -> subprocess.Popen:
    """The warden, in a session of its own: Ctrl-C reaches the process that asks, and that alone.

    It is begun as a program and not through ``multiprocessing``, which would run the caller's script a second time.
    """
    handle = connection.fileno()
    code = (
        f"import sys; sys.path[:] = {_path()!r}; from jijbench.runner.warden import main; main({handle}, {scratch!r})"
    )
    flags = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]  # as multiprocessing does
    command = [get_executable(), *flags, "-c", code]
    return subprocess.Popen(
        command, pass_fds=[handle], stdin=subprocess.DEVNULL, env=dict(os.environ) | _fixed(threads),
        start_new_session=True,
    )  # fmt: skip


def _fixed(threads: int) -> dict[str, str]:
    """Threads of linear algebra, as its libraries read them when they are loaded."""
    return dict.fromkeys(THREAD_VARIABLES, str(threads))


def _path() -> list[str]:
    """Where modules are found, wherever that is looked for from."""
    return [str(Path(entry).resolve()) if entry in ("", ".") else entry for entry in sys.path]
