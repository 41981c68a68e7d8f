"""The tuning ledger: what the search saw, what the test said, and what more trials would have changed."""

from typing import Any

import pandas as pd

from jijbench.data.task import load_task
from jijbench.records.schema import Record
from jijbench.tables.growth import half_interval
from jijbench.tables.results import Results

COLUMNS = (
    "task", "row", "fold", "seed", "inner", "outer", "difference", "trials", "configurations", "seconds", "capped",
)  # fmt: skip
#: trials after which rows are ranked
BUDGETS = (1, 2, 4, 16, 64)


def ledger_table(results: Results) -> pd.DataFrame:
    """One line for each complete cell: ``inner`` score of the winner, ``outer`` score of the test, their difference.

    Both are the task's headline error; ``difference`` is outer − inner, so a positive one is what the search promised
    and the test did not keep. ``inner`` is missing for rows whose search was skipped; ``seconds`` are the search's.
    """
    lines = [_line(results.records[cell.slot]) for cell in results.cells if cell.slot not in results.stale]
    return pd.DataFrame([line for line in lines if line], columns=list(COLUMNS))


def _line(record: Record) -> dict[str, Any] | None:
    if record.status != "complete" or record.tuning is None or record.metrics is None:
        return None
    inner, outer = record.tuning.inner, record.metrics.get(load_task(record.key.task).target.headline)
    return {
        "task": record.key.task, "row": record.key.row, "fold": record.key.fold, "seed": record.key.seed,
        "inner": inner, "outer": outer, "difference": None if inner is None or outer is None else outer - inner,
        "trials": record.tuning.trials, "configurations": record.tuning.configurations,
        "seconds": record.seconds.get("tune", 0.0), "capped": record.tuning.capped,
    }  # fmt: skip


def promise_table(table: pd.DataFrame) -> pd.DataFrame:
    """One line for each task and row of a ``ledger_table``: means over its cells, best inner score first within a task.

    ``half`` is half the 95 % t-interval of the mean difference over cells; folds share training rows, so it is a lower
    bound. Rows without an inner score in every cell are left out: there is nothing to compare.
    """
    lines = []
    for (task, row), cells in table.groupby(["task", "row"], sort=False):
        if cells["difference"].isna().any():
            continue
        half = half_interval(cells["difference"].to_numpy(dtype=float))
        means = {name: float(cells[name].astype(float).mean()) for name in ("inner", "outer", "difference")}
        lines.append({
            "task": task, "row": row, "cells": len(cells), **means, "half": half,
            "trials": int(cells["trials"].max()), "seconds": float(cells["seconds"].sum()),
        })  # fmt: skip
    names = ["task", "row", "cells", "inner", "outer", "difference", "half", "trials", "seconds"]
    found = pd.DataFrame(lines, columns=names)
    order = {task: k for k, task in enumerate(dict.fromkeys(table["task"]))}
    return found.sort_values(
        ["task", "inner"], key=lambda c: c.map(order) if c.name == "task" else c, ignore_index=True
    )


def budget_table(results: Results, budgets: tuple[int, ...] = BUDGETS) -> pd.DataFrame:
    """Mean over cells of the best inner score within the first k trials, and the row's rank by it, for each budget k.

    Columns ``task, row, budget, inner, rank``; the last budget is the first that holds every trial of the task. A
    row with fewer trials keeps its best. Only rows with an inner score by then in every cell take part.
    """
    scores: dict[tuple[str, str], list[list[float | None]]] = {}
    for cell in results.cells:
        record = results.records[cell.slot]
        known = record.status == "complete" and record.tuning is not None and record.tuning.ledger
        ledger = [trial.inner for trial in record.tuning.ledger] if known and record.tuning else []
        scores.setdefault((cell.task, cell.row.row), []).append(ledger)
    lines = []
    for (task, row), cells in scores.items():
        longest = max(len(ledger) for key, some in scores.items() if key[0] == task for ledger in some)
        for budget in [k for n, k in enumerate(budgets) if n == 0 or budgets[n - 1] < longest]:
            best = [min((s for s in ledger[:budget] if s is not None), default=None) for ledger in cells]
            known_best = [b for b in best if b is not None]
            if len(known_best) == len(best):
                inner = sum(known_best) / len(known_best)
                lines.append({"task": task, "row": row, "budget": budget, "inner": inner})
    found = pd.DataFrame(lines, columns=["task", "row", "budget", "inner"])
    return found.assign(rank=found.groupby(["task", "budget"])["inner"].rank(method="min").astype(int))


def ledger_markdown(results: Results, task: str) -> str:
    """The ledger of one task as a table: promise, test, difference, and ranks by the number of trials."""
    part = results.only(task)
    found = promise_table(ledger_table(part))
    if found.empty:
        return "no row of this task was tuned\n"
    ranks = budget_table(part).pivot(index="row", columns="budget", values="rank")
    unit = load_task(task).target.unit
    heads = [f"rank, trials ≤ {k}" for k in ranks.columns]
    lines = [f"| row | inner, {unit} | test, {unit} | test − inner | trials | seconds | {' | '.join(heads)} |"]
    lines.append("|---" * (6 + len(heads)) + "|")
    for _, row in found.iterrows():
        spread = "" if pd.isna(row["half"]) else f" ± {row['half']:.2g}"
        places = [str(ranks.loc[row["row"], k]) if row["row"] in ranks.index else "" for k in ranks.columns]
        lines.append(
            f"| {row['row']} | {row['inner']:.3g} | {row['outer']:.3g} | {row['difference']:+.2g}{spread} "
            f"| {row['trials']} | {row['seconds']:.0f} | {' | '.join(places)} |"
        )
    return "\n".join(lines) + "\n"
