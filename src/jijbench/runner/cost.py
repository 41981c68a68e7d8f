"""What a cell costs: processor time, peak and limit of memory."""

import contextlib
import os
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from threading import Event, Thread
from typing import Self

_PROC = Path("/proc")
_PAUSE = 0.2  # s between looks at the children


def cpu_seconds() -> float:
    """Processor time of this process and of its ended children; wall time depends on who else is computing."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def limit(gib: float) -> None:
    """Let allocations beyond ``gib`` fail in this process, and in each of its children, where the system can."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        size = int(gib * 2**30)
        resource.setrlimit(resource.RLIMIT_DATA, (size, resource.getrlimit(resource.RLIMIT_DATA)[1]))


class Memory:
    """Memory of this process and its children while a ``with`` block runs.

    The kernel keeps this process's own peak. Children are looked at every fifth of a second (Linux), each shared page
    counted once (proportional set size): one that comes and goes between two looks is missed. What the kernel says of
    ended children is of no use: it includes the parent's memory between fork and exec. ``beyond(mib)`` is called, from
    another thread, when what they and this process hold together, shared memory included, exceeds ``limit_gib``.
    """

    def __init__(self, limit_gib: float = float("inf"), beyond: Callable[[float], None] = lambda mib: None) -> None:
        self.limit_mib, self._beyond = limit_gib * 1024, beyond
        self._family, self._ended = 0.0, Event()
        self._watch = Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        with contextlib.suppress(OSError):  # count the peak anew, where the system can (Linux)
            (_PROC / "self/clear_refs").write_text("5")
        if _PROC.is_dir():
            self._watch.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        if self._watch.ident is not None:
            self._watch.join()

    def peak_mib(self) -> float | None:
        """Largest resident memory so far, MiB: of this process, or of it and its children together if larger."""
        try:
            import resource
        except ImportError:  # not a Unix system
            return None
        own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        with contextlib.suppress(OSError, KeyError):
            own = _fields(_PROC / "self/status")["VmHWM"]
        return round(max(own, self._family), 1)

    def _look(self) -> None:
        pause = _PAUSE
        while not self._ended.wait(pause):
            started = time.monotonic()
            try:
                held = self._held()
            except (OSError, KeyError):  # a kernel that does not say it
                return
            if held > self.limit_mib:
                self._beyond(held)
            pause = max(_PAUSE, 20 * (time.monotonic() - started))  # looking at much memory takes long

    def _held(self) -> float:
        """MiB that cannot be given back: of this process alone, else of it and all its descendants."""
        if not has_children():
            own = _fields(_PROC / "self/status")
            return own["RssAnon"] + own["RssShmem"]
        family = [os.getpid(), *descendants(os.getpid())]
        sums = [found for found in map(_rollup, family) if found]
        self._family = max(self._family, sum(found["Pss"] for found in sums))
        return sum(found["Pss_Anon"] + found["Pss_Shmem"] for found in sums)


def descendants(pid: int) -> Iterator[int]:
    """Children of a process, their children, and so on, as they are now."""
    parents = dict(_parents())
    todo = [pid]
    while todo:
        of = todo.pop()
        found = [child for child, parent in parents.items() if parent == of]
        yield from found
        todo += found


def children(pid: int) -> list[int]:
    """Processes whose parent is ``pid``, ended ones included that nobody has waited for."""
    return [child for child, parent in _parents() if parent == pid]


def _parents() -> Iterator[tuple[int, int]]:
    for entry in os.scandir(_PROC):
        if entry.name.isdigit():
            with contextlib.suppress(OSError):  # it has ended
                stat = (_PROC / entry.name / "stat").read_bytes()
                yield int(entry.name), int(stat.rpartition(b")")[2].split()[1])


def has_children() -> bool:
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)  # asks, and takes nobody's answer away
    except ChildProcessError:
        return False
    return True


def _rollup(pid: int) -> dict[str, float]:
    try:
        return _fields(_PROC / str(pid) / "smaps_rollup")
    except (OSError, IndexError):  # it has ended
        return {}


def _fields(path: Path) -> dict[str, float]:
    """Sizes in a file of ``/proc``, MiB."""
    lines: Iterable[list[str]] = (line.split() for line in path.read_text().splitlines())
    return {words[0].rstrip(":"): int(words[1]) / 1024 for words in lines if words[-1] == "kB"}
