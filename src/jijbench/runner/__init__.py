"""From cells to records: one cell in a process that may die, many cells here or on a cluster."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jijbench.runner.cell import run_cell
    from jijbench.runner.cluster import dask_workers
    from jijbench.runner.engine import run_cells
    from jijbench.runner.key import cell_key, stale_slots, unchecked_rows
    from jijbench.runner.places import read_cluster

__all__ = ["cell_key", "dask_workers", "read_cluster", "run_cell", "run_cells", "stale_slots", "unchecked_rows"]

_HOMES = {
    "cell_key": "key",
    "dask_workers": "cluster",
    "read_cluster": "places",
    "run_cell": "cell",
    "run_cells": "engine",
    "stale_slots": "key",
    "unchecked_rows": "key",
}


def __getattr__(name: str) -> Any:
    """Names load their module when they are first used: who asks for stale records needs no scikit-learn."""
    if name not in _HOMES:
        raise AttributeError(f"module 'jijbench.runner' has no attribute {name!r}; it has {', '.join(__all__)}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
