"""The table: every row of a task with intervals and the places it may have."""

from typing import Any

from jijbench.data.task import load_task
from jijbench.tables.forms import FIRST, LAST
from jijbench.tables.leaderboard import leaderboard
from jijbench.tables.results import Results

TITLE = "Leaderboard"
ORDER = 10
#: beside what is shown
MORE = (
    "status", "reason", "note", "low", "high", "error_left_low", "error_left_high", "fold_high", "seconds_fit",
    "seconds_predict", "peak_memory_mib", "worst", "tc_low", "tc_high", "steps_low", "steps_high",
)  # fmt: skip


def data(results: Results) -> dict[str, Any]:
    """Columns by kind of target, lines by task, and what each task's intervals resample."""
    table = leaderboard(results)
    tasks = list(dict.fromkeys(table["task"]))
    shown = {target.kind: (*FIRST, *target.shown, *LAST) for target in (load_task(task).target for task in tasks)}
    fields = list(dict.fromkeys([c for columns in shown.values() for c, _, _ in columns] + list(MORE)))
    table = table.reindex(columns=[*table, *(name for name in fields if name not in table)])
    parts = {task: table[table["task"] == task] for task in tasks}
    return {
        "columns": {
            kind: [{"key": key, "title": title, "digits": digits} for key, title, digits in columns]
            for kind, columns in shown.items()
        },
        "lines": {task: _plain(part[fields].to_dict("records")) for task, part in parts.items()},
        "resampled": {task: part["resampled"].iloc[0] for task, part in parts.items()},
        "resolvable": {task: part["resolvable"].iloc[0] for task, part in parts.items()},
        "headline": {task: load_task(task).target.headline for task in tasks},
    }


def _plain(lines: list[dict[Any, Any]]) -> list[dict[str, Any]]:
    """Missing values of any kind become None."""
    return [{str(k): None if v is None or v != v else v for k, v in line.items()} for line in lines]
