"""The use from Python: ``run`` some rows on some tasks, get their results."""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from jijbench.adapters import in_no_file
from jijbench.benchmark import Benchmark, Budget, Row, load_benchmark
from jijbench.data.task import Task
from jijbench.errors import DataError, UnknownName
from jijbench.records.schema import Record
from jijbench.runner import run_cells
from jijbench.tables.results import Results, load_results


def run(
    tasks: Task | str | Iterable[Task | str], rows: Iterable[str | dict[str, Any] | Row], *, trials: int = 5,
    inner_folds: int = 1, seeds: Iterable[int] = (0,), folder: str | Path = "results/local/python", workers: int = 1,
    tell: Callable[[Record, bool], None] = lambda record, reused: None,
) -> Results:  # fmt: skip
    """Tune, fit and score ``rows`` on ``tasks``; finished cells in ``folder`` are reused.

    A row is the name of a row of the ``full`` benchmark, or a mapping such as
    ``{"row": "mine", "adapter": "my_module:MyAdapter"}``, or with the class itself where it stands in a file. Raises
    ``UnknownName``, and ``DataError`` for a class that stands in no file.
    """
    names = [tasks] if isinstance(tasks, Task | str) else list(tasks)
    benchmark = Benchmark(
        benchmark="python",
        description="called from Python",
        tasks=tuple(task if isinstance(task, str) else task.id for task in names),
        rows=tuple(_row(row) for row in rows),
        budget=Budget(trials=trials, inner_folds=inner_folds),
        seeds=tuple(seeds),
    )
    run_cells(benchmark.cells(), Path(folder), workers=workers, tell=tell)
    return load_results(benchmark, Path(folder))


def _name(adapter: Any) -> Any:
    """An adapter as ``module:Class``; raises ``DataError`` for a class that other processes cannot import."""
    if isinstance(adapter, type):
        adapter = f"{adapter.__module__}:{adapter.__qualname__}"
    module, colon, wanted = str(adapter).partition(":")
    if colon and ("<locals>" in wanted or (module == "__main__" and not hasattr(sys.modules["__main__"], "__file__"))):
        raise DataError(in_no_file(wanted.rpartition(".")[2]))
    return adapter


def _row(row: str | dict[str, Any] | Row) -> Row:
    if not isinstance(row, str):
        raw = row.model_dump(exclude_unset=True) if isinstance(row, Row) else row
        return Row.model_validate(raw | {"adapter": _name(raw.get("adapter"))})
    known = {known.row: known for known in load_benchmark("full").rows}
    if row not in known:
        raise UnknownName("row of benchmark full", row, known)
    return known[row]
