"""What killed processes left: every temporary name says whose it is, so that a later run can remove it."""

import contextlib
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from jijbench.context import current, owner

_MARK = re.compile(r"(?:^jijbench-|\.)([0-9a-f]{8})-(\d+)[.-][^.]+$")


def scratch_prefix() -> str:
    """How the names of this process's scratch folders begin."""
    return f"jijbench-{owner()}-"


def sweep(folder: Path) -> None:
    """Remove half-written files of ended processes of this machine from a results folder, and their scratch folders."""
    found = [Path(parent, name) for parent, _, names in os.walk(folder) for name in names if name.startswith(".")]
    with contextlib.suppress(OSError):
        found += current().scratch.glob("jijbench-*")
    for path in _abandoned(found):
        with contextlib.suppress(OSError):  # another's, or another run was quicker
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _abandoned(paths: list[Path]) -> Iterator[Path]:
    here = owner().partition("-")[0]
    for path in paths:
        mark = _MARK.search(path.name)
        if mark and mark[1] == here and not _alive(int(mark[2])):
            yield path


def _alive(pid: int) -> bool:
    if os.name != "posix":  # asking would end it
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True
