"""Benchmarks of machine learning for magnetic exchange interactions and impurity potentials.

>>> import jijbench
>>> task = jijbench.load_task("jij-bi2te3/jij/random-orbit")
>>> task.n_folds
5
"""

from typing import Any

from jijbench.context import context

__version__ = "0.1.0"
__all__ = [
    "context",
    "export_bundle",
    "leaderboard",
    "load_benchmark",
    "load_bundle",
    "load_dataset",
    "load_task",
    "run",
]

_HOMES = {
    "export_bundle": "jijbench.bundle.export",
    "leaderboard": "jijbench.tables.leaderboard",
    "load_benchmark": "jijbench.benchmark",
    "load_bundle": "jijbench.bundle.model",
    "load_dataset": "jijbench.data.dataset",
    "load_task": "jijbench.data.task",
    "run": "jijbench.api",
}


def __getattr__(name: str) -> Any:
    """Public names load their module when they are first used, so that ``import jijbench`` costs nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module 'jijbench' has no attribute {name!r}; it has {', '.join(__all__)}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)
