"""Errors as the training part grows, with the noise floors."""

from typing import Any

from jijbench.errors import IncompleteTable
from jijbench.tables.growth import CURVE, draws_of, growth_table, noise_floors, summary, without_points
from jijbench.tables.results import Results

TITLE = "Learning curves"
ORDER = 50


def data(results: Results) -> dict[str, Any] | None:
    """Curves by task with their bands; None for a benchmark without any, a reason where records are missing."""
    cells = list(results.benchmark.growth_cells())
    if not cells:
        return None
    try:
        lines = growth_table(results.benchmark, results.held, cells)
    except IncompleteTable as error:
        return {"reason": str(error).splitlines()[0], "curves": {}, "missing": {}, "floors": {}}
    curves: dict[str, list[dict[str, Any]]] = {}
    for (task, row, unit, how), part in summary(lines).groupby(CURVE, sort=False):
        line = {name: part[name].tolist() for name in ("units", "mean", "low", "high")}
        draws = draws_of(part)
        curves.setdefault(str(task), []).append({
            "row": row, "unit": unit, "acquire": how, "draws": "" if draws.isdigit() else f" ({draws} draws)", **line
        })  # fmt: skip
    missing: dict[str, list[str]] = {}
    for task, row, _, how in without_points(lines):
        missing.setdefault(task, []).append(f"{row}, {how}")
    return {"curves": curves, "missing": missing, "floors": {task: noise_floors(task) for task in curves}}
