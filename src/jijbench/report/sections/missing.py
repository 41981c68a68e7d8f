"""Cells that have no numbers, with their reasons."""

from typing import Any

from jijbench.tables.results import Results

TITLE = "Failed, refused and stale"
ORDER = 80


def data(results: Results) -> list[dict[str, Any]]:
    """One line for each task, row, status and reason, with the folds and seeds of the cells that share it."""
    found: dict[tuple[str, str, str, str | None], list[str]] = {}
    for cell in results.cells:
        record, stale = results.records[cell.slot], cell.slot in results.stale
        if record.status != "complete" or stale:
            why = ("stale", "made by other versions, data or settings") if stale else (record.status, record.reason)
            found.setdefault((cell.task, cell.row.row, *why), []).append(f"{cell.fold}/{cell.seed}")
    return [
        {"task": task, "row": row, "status": status, "reason": reason, "cells": " ".join(cells)}
        for (task, row, status, reason), cells in found.items()
    ]
