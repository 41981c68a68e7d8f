"""Whether predicted deviations and conformal intervals keep what they promise."""

from typing import Any

from jijbench.report.sections.leaderboard import _plain
from jijbench.scores import calibration
from jijbench.tables.results import Results
from jijbench.tables.uncertainty import SHOWN, rows_with_std, uncertainty_table

TITLE = "Uncertainty"
ORDER = 40


def data(results: Results) -> dict[str, Any]:
    """Lines by task, and the calibration curve of each row with deviations (first seed)."""
    table = uncertainty_table(results)
    fields = [column for column, _, _ in SHOWN]
    curves: dict[str, dict[str, list[float]]] = {}
    for task, row in results.groups():
        pooled = results.pooled(task, row)
        if pooled and len(observed := calibration.curve(*rows_with_std(pooled[0]))):
            curves.setdefault(task, {})[row] = observed.tolist()
    return {
        "grid": list(calibration.GRID),
        "curves": curves,
        "columns": [{"key": key, "title": title, "form": form} for key, title, form in SHOWN],
        "lines": {task: _plain(part[fields].to_dict("records")) for task, part in table.groupby("task", sort=False)},
    }
