"""Benchmarks of machine learning for magnetic exchange interactions and impurity potentials.

>>> import jijbench
>>> task = jijbench.load_task("jij-bi2te3/jij/random-orbit")
>>> task.n_folds
5
"""

from typing import Any

from jijbench.context import context
from jijbench.moved import install as _install

__version__ = "0.1.0"
_install()

#: what a user or the author of a model needs, and where it lives
_HOMES = {
    "Adapter": "jijbench.adapters.base",
    "AdapterInfo": "jijbench.adapters.base",
    "Benchmark": "jijbench.benchmark",
    "Coupling": "jijbench.targets",
    "Curve": "jijbench.targets",
    "CurveFloor": "jijbench.adapters.curve_floor",
    "DIJ": "jijbench.targets",
    "DV": "jijbench.targets",
    "Dataset": "jijbench.data.dataset",
    "FieldRegressor": "jijbench.adapters.field_regressor",
    "Folds": "jijbench.adapters.base",
    "JIJ": "jijbench.targets",
    "KernelAdapter": "jijbench.adapters.kernel_adapter",
    "MomentGated": "jijbench.adapters.base",
    "Question": "jijbench.data.task",
    "Row": "jijbench.benchmark",
    "Sample": "jijbench.data.sample",
    "ShellScaled": "jijbench.adapters.shell_scaled",
    "Target": "jijbench.targets",
    "Task": "jijbench.data.task",
    "Vector": "jijbench.targets",
    "export_bundle": "jijbench.bundle.export",
    "leaderboard": "jijbench.tables.leaderboard",
    "load_benchmark": "jijbench.benchmark",
    "load_bundle": "jijbench.bundle.model",
    "load_dataset": "jijbench.data.dataset",
    "load_results": "jijbench.tables.results",
    "load_task": "jijbench.data.task",
    "run": "jijbench.api",
}
__all__ = ["context", *sorted(_HOMES)]


def __getattr__(name: str) -> Any:
    """Public names load their module when they are first used, so that ``import jijbench`` costs nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module 'jijbench' has no attribute {name!r}; it has {', '.join(__all__)}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)
