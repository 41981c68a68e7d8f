"""Where a cell ran: what its record says of the machine."""

import contextlib
import os
import platform
from functools import lru_cache
from pathlib import Path
from typing import Any

from jijbench import __version__
from jijbench.context import current, installed


def machine() -> dict[str, Any]:
    """Versions, threads of the cell, and the machine: model of its processor, cores, memory."""
    versions = {name: installed(name) for name in ("numpy", "scipy", "scikit-learn", "optuna")}
    return _hardware() | {"threads": current().threads, "device": current().device, "jijbench": __version__} | versions


@lru_cache(maxsize=1)
def _hardware() -> dict[str, Any]:
    system = (platform.system(), platform.release(), platform.machine(), "with", "".join(platform.libc_ver()))
    return {
        "python": platform.python_version(),
        "platform": "-".join(system if system[-1] else system[:3]),  # platform.platform would start a process
        "architecture": platform.machine(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "ram_gib": _ram_gib(),
    }


def _processor() -> str:
    """Model name of the processor; its architecture where the system does not say."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name" and value.strip():
                return value.strip()
    return platform.machine()


def _ram_gib() -> float | None:
    try:
        return round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1)
    except (AttributeError, ValueError, OSError):
        return None
