"""Errors as the training part grows, with the noise floors."""

from typing import Any

from jijbench.errors import IncompleteTable
from jijbench.tables.growth import growth_table, noise_floors, summary
from jijbench.tables.results import Results

TITLE = "Learning curves"
ORDER = 50


def data(results: Results) -> dict[str, Any] | None:
    """Curves by task with their bands; None for a benchmark without any, a reason where records are missing."""
    cells = list(results.benchmark.growth_cells())
    if not cells:
        return None
    try:
        table = summary(growth_table(results.benchmark, results.held, cells))
    except IncompleteTable as error:
        return {"reason": str(error).splitlines()[0], "curves": {}, "floors": {}}
    curves: dict[str, list[dict[str, Any]]] = {}
    for (task, row, unit, how), part in table.groupby(["task", "row", "unit", "acquire"], sort=False):
        line = {name: part[name].tolist() for name in ("units", "mean", "low", "high")}
        curves.setdefault(str(task), []).append({"row": row, "unit": unit, "acquire": how, **line})
    return {"curves": curves, "floors": {task: noise_floors(task) for task in curves}}
