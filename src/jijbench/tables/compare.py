"""Two runs of a benchmark side by side: what differs, and whether the numbers differ by more than chance."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from jijbench.scores.statistics import difference, holm
from jijbench.tables import confidence
from jijbench.tables.results import Results
from jijbench.text import markdown

COLUMNS = ("task", "row", "a", "b", "ratio", "low", "high", "p", "p_holm", "verdict")


@dataclass(frozen=True)
class Change:
    """Something that differs between the records of one row: where, the values in A and B, and in how many cells."""

    task: str
    row: str
    field: str
    a: str
    b: str
    cells: int


def changes(a: Results, b: Results) -> list[Change]:
    """Key fields, hypers and versions of cells that both runs have and that are not the same, counted by row."""
    counted: dict[tuple[str, str, str, str, str], int] = {}
    shared = [cell for cell in a.cells if cell.slot in b.records]
    for cell in shared:
        for field, (x, y) in _differing(_facts(a, cell.slot), _facts(b, cell.slot)).items():
            where = (cell.task, cell.row.row, field, x, y)
            counted[where] = counted.get(where, 0) + 1
    return [Change(*where, cells) for where, cells in counted.items()]


def _facts(results: Results, slot: str) -> dict[str, Any]:
    """What may differ: the flattened key, the hypers, status, and the machine's Python and platform."""
    record = results.records[slot]
    key = record.key.model_dump(mode="json")
    facts = {"status": record.status, "hypers": record.hypers or {}, "chosen": record.chosen or {}} | key
    return _flat(facts | {"machine": {k: v for k, v in record.machine.items() if isinstance(v, str | int)}})


def _flat(values: dict[str, Any], head: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        flat |= _flat(value, f"{head}{name}.") if isinstance(value, dict) else {f"{head}{name}": value}
    return flat


def _differing(a: dict[str, Any], b: dict[str, Any]) -> dict[str, tuple[str, str]]:
    names = [*a, *(name for name in b if name not in a)]
    return {name: (_short(a.get(name)), _short(b.get(name))) for name in names if a.get(name) != b.get(name)}


def _short(value: object) -> str:
    if value is None:
        return "none"
    text = f"{value:.4g}" if isinstance(value, float) else markdown(str(value))
    return text if len(text) <= 24 else f"{text[:12]}…"


def compare_table(a: Results, b: Results) -> pd.DataFrame:
    """Headline errors of the rows that both runs have complete, their ratio A / B, its 95 % interval and p.

    The difference is paired over what the task's protocol leaves out. ``p_holm`` is p adjusted for as many comparisons
    as rows differ at all. ``verdict``: the same, no more than chance, A or B better at 95 % (adjusted), or why it
    cannot be said.
    """
    lines = []
    for task, row in a.groups():
        if (task, row) in b.groups():
            lines.append({"task": task, "row": row} | _pair(a, b, task, row))
    tested = [line for line in lines if "p" in line and line["ratio"] != 1]
    for line, p in zip(tested, holm(np.array([line["p"] for line in tested])), strict=True):
        line |= {"p_holm": float(p), "verdict": _verdict(line["ratio"], float(p))}
    return pd.DataFrame(lines, columns=list(COLUMNS), dtype=object)


def _pair(a: Results, b: Results, task: str, row: str) -> dict[str, Any]:
    pooled = [run.pooled(task, row) for run in (a, b)]
    if not all(pooled):
        which = " and ".join(name for name, found in zip("AB", pooled, strict=True) if not found)
        return {"verdict": f"not complete in {which}"}
    if pooled[0][0].task.data_sha256 != pooled[1][0].task.data_sha256:
        return {"verdict": "other data"}
    first, second = (confidence.headline(found) for found in pooled)
    if first is None or second is None:
        return {"verdict": "no error to compare"}
    line: dict[str, Any] = {"a": first.value, "b": second.value, "ratio": first.value / second.value}
    gap = difference(first, second)
    if gap is None:
        return line | {"verdict": "the same" if first.value == second.value else "one split: no interval"}
    return line | {"low": gap.low, "high": gap.high, "p": gap.p, "verdict": "the same"}


def _verdict(ratio: float, p: float) -> str:
    if p >= 0.05:
        return "no more than chance"
    return "A better" if ratio < 1 else "B better"


def compare_markdown(a: Results, b: Results) -> str:
    """The comparison as text: what differs, row by row, then the numbers."""
    found, table = changes(a, b), compare_table(a, b)
    only = [line for name, one, other in (("A", a, b), ("B", b, a)) for line in _only(name, one, other)]
    text = f"A: {a.folder}\nB: {b.folder}\n\n## What differs\n\n"
    text += "\n".join(f"- {line}" for line in [*only, *_by_field(found)]) or "nothing"
    heads = ("task", "row", "A", "B", "A / B", "p", "p adjusted", "verdict")
    text += f"\n\n## The numbers\n\n| {' | '.join(heads)} |\n|{'---|' * len(heads)}\n"
    for _, line in table.iterrows():
        numbers = [_number(line[name]) for name in ("a", "b", "ratio", "p", "p_holm")]
        if not pd.isna(line["low"]):
            numbers[2] += f" [{line['low']:.3f}, {line['high']:.3f}]"
        text += f"| {line['task']} | {line['row']} | {' | '.join(numbers)} | {line['verdict']} |\n"
    return text


def _only(name: str, one: Results, other: Results, most: int = 4) -> list[str]:
    """Rows that the other run lacks, a line for each task."""
    rows: dict[str, list[str]] = {}
    for task, row in one.groups():
        if (task, row) not in other.groups():
            rows.setdefault(task, []).append(row)
    return [
        f"only in {name}: {task}: {', '.join(names[:most])}"
        + (f" and {n} more" if (n := len(names) - most) > 0 else "")
        for task, names in rows.items()
    ]


def _number(value: float | None) -> str:
    return "" if value is None or pd.isna(value) else f"{value:.4g}"


def _by_field(found: list[Change], most: int = 3) -> list[str]:
    """One line for each field that differs, with the first few places and values."""
    fields: dict[str, list[Change]] = {}
    for change in found:
        fields.setdefault(change.field, []).append(change)
    lines = []
    for field, some in fields.items():
        places = [f"{c.row} on {c.task}: {c.a} → {c.b}" for c in some[:most]]
        more = f"; and {len(some) - most} more" if len(some) > most else ""
        lines.append(f"{field} ({sum(c.cells for c in some)} cells): {'; '.join(places)}{more}")
    return lines
