"""What tuning promised and what the test said."""

from typing import Any

from jijbench.report.sections.leaderboard import _plain
from jijbench.tables.ledger import budget_table, ledger_table, promise_table
from jijbench.tables.results import Results

TITLE = "Tuning ledger"
ORDER = 60


def data(results: Results) -> dict[str, Any]:
    """Lines by task, each with the row's rank after so many trials."""
    promises, budgets = promise_table(ledger_table(results)), budget_table(results)
    ranks = {(t, a, b): r for t, a, b, r in budgets[["task", "row", "budget", "rank"]].itertuples(index=False)}
    lines: dict[str, list[dict[str, Any]]] = {}
    for line in _plain(promises.to_dict("records")):
        after = {f"rank_{b}": r for (t, a, b), r in ranks.items() if (t, a) == (line["task"], line["row"])}
        lines.setdefault(line["task"], []).append(line | after)
    return {"budgets": sorted({int(b) for b in budgets["budget"]}), "lines": lines}
