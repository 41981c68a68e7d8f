"""What a cell costs: processor time, peak and limit of memory."""

import contextlib
import os
from pathlib import Path

_STATUS = Path("/proc/self/status")


def cpu_seconds() -> float:
    """Processor time of this process and of its ended children; wall time depends on who else is computing."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def reset_peak() -> None:
    """Start counting the peak anew, where the system can (Linux)."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak_mib() -> float | None:
    """Largest resident memory since ``reset_peak``, MiB; with that of the largest child process, if larger."""
    try:
        import resource
    except ImportError:  # not a Unix system
        return None
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    with contextlib.suppress(OSError, StopIteration):
        line = next(line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM:"))
        own = int(line.split()[1]) / 1024
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return round(own + children, 1)


def limit(gib: float) -> None:
    """Let allocations beyond ``gib`` fail in this process and its children, where the system can."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        size = int(gib * 2**30)
        resource.setrlimit(resource.RLIMIT_DATA, (size, resource.getrlimit(resource.RLIMIT_DATA)[1]))
