"""Tables made from records, kept until anything that decides them changes: records, data, splits, code, libraries.

Nothing is asked but hashes, so a kept table is what would be computed; ``jijbench verify`` computes leaderboards anew.
"""

import importlib.metadata
import json
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from jijbench.cache import remembered
from jijbench.data.task import load_task
from jijbench.files import canonical, sha256_of
from jijbench.tables.results import Results

Lines = list[dict[str, Any]]
#: libraries that numbers of tables come from
LIBRARIES = ("numpy", "scipy", "pandas", "scikit-learn", "crepes")


def kept_lines(name: str, results: Results, tasks: tuple[str, ...], make: Callable[[], Lines]) -> Lines:
    """The lines of a table of some tasks, as ``make`` gives them; ``name`` tells it from other tables."""
    cells = [cell for cell in results.cells if cell.task in tasks]
    decides = {
        "table": name,
        "code": _code(),
        "libraries": {library: importlib.metadata.version(library) for library in LIBRARIES},
        "tasks": [[load_task(task).data_sha256, load_task(task).split.sha256] for task in tasks],
        "cells": [cell.model_dump(mode="json") for cell in cells],
        "stale": sorted(results.stale & {cell.slot for cell in cells}),
        "unfinished": sorted([*key, n] for key, n in results.unfinished.items() if key[0] in tasks),
        "files": results.held.sha256(cells),
    }
    return json.loads(remembered(canonical(decides), lambda: json.dumps(make(), default=_plain, allow_nan=False)))


def _plain(value: Any) -> Any:
    """A number of numpy as one of Python."""
    return value.item()


@lru_cache(maxsize=1)
def _code() -> str:
    """Hash of the whole package."""
    root = Path(__file__).parent
    files = sorted(path for path in root.rglob("*.py") if "_share" not in path.parts)
    return sha256_of([[path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")] for path in files])
