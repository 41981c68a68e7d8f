"""Cells that have no numbers, with their reasons."""

from typing import Any

from jijbench.results import Results

TITLE = "Failed, refused and stale"
ORDER = 80


def data(results: Results) -> list[dict[str, Any]]:
    """One line for each cell that is not complete or was made by other code, data or settings."""
    lines = []
    for cell in results.cells:
        record, stale = results.records[cell.slot], cell.slot in results.stale
        if record.status != "complete" or stale:
            status, reason = (
                ("stale", "made by other code, data or settings") if stale else (record.status, record.reason)
            )
            lines.append({"task": cell.task, "row": cell.row.row, "fold": cell.fold, "seed": cell.seed}
                         | {"status": status, "reason": reason})  # fmt: skip
    return lines
