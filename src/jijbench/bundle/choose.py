"""Which row of a task is exported, in words, and its scores under every protocol."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from jijbench import adapters
from jijbench.benchmark import Benchmark, Budget, Row
from jijbench.data.task import load_task
from jijbench.errors import DataError, UnknownName
from jijbench.records.folder import RecordFolder
from jijbench.runner import stale_slots
from jijbench.tables.leaderboard import leaderboard
from jijbench.tables.results import Results, load_results

if TYPE_CHECKING:
    import pandas as pd

BEST = "best"
#: columns of the leaderboard that are no scores
NOT_SCORES = ("task", "row", "kind", "inputs", "status", "reason", "adapter", "licence", "note")
Scores = dict[str, dict[str, float | int | str]]


@dataclass(frozen=True)
class Choice:
    """A row with its budget and seed, why it is this one, and its scores by task."""

    row: Row
    budget: Budget
    seed: int
    words: str
    scores: Scores


def choose(benchmark: Benchmark, folder: Path, task: str, wanted: str = BEST) -> Choice:
    """The row named ``wanted``, or the best portable one of ``task``; raises ``UnknownName``, ``IncompleteTable``.

    Raises ``DataError`` where the row cannot be exported or has no numbers.
    """
    if task not in benchmark.tasks:
        raise UnknownName(f"task of benchmark {benchmark.benchmark}", task, benchmark.tasks)
    rows = {row.row: row for row in benchmark.rows if row.answers(task)}
    if wanted not in (*rows, BEST):
        raise UnknownName(f"row of {task}", wanted, [*rows, BEST])
    asked = [row for row in rows if wanted == BEST or row == wanted or _has_records(benchmark, folder, task, row)]
    table = leaderboard(_results(benchmark, folder, (task,), tuple(asked)))
    portable = {name: adapters.get(row.adapter).portable for name, row in rows.items()}
    name, words = best(table, task, portable) if wanted == BEST else named(table, task, wanted, portable[wanted])
    row = rows[name]
    seeds = benchmark.seeds if row.seeds is None else row.seeds
    scores = _scores(table[table["row"] == name]) | _other_scores(benchmark, folder, task, row)
    return Choice(row, row.capped(benchmark.budget), seeds[0], words, scores)


def _has_records(benchmark: Benchmark, folder: Path, task: str, row: str) -> bool:
    held = RecordFolder(folder)
    return all(held.record(cell) is not None for cell in benchmark.cells((task,), (row,)))


def _results(benchmark: Benchmark, folder: Path, tasks: tuple[str, ...], rows: tuple[str, ...]) -> Results:
    found = load_results(benchmark, folder, benchmark.cells(tasks, rows))
    return replace(found, stale=frozenset(stale_slots(found.cells, found.records)))


def best(table: "pd.DataFrame", task: str, portable: dict[str, str | None]) -> tuple[str, str]:
    """Name of the best row of a table that can be saved without pickle, and which were better and why not taken."""
    target = load_task(task).target
    numbered = table[table[target.headline].notna()]
    good = [name for name in numbered["row"] if portable[name] is None]
    if not good:
        raise DataError(f"no row of {task} has a number and can be saved without pickle; name one with --row")
    values = dict(zip(numbered["row"], numbered[target.headline], strict=True))
    better = list(numbered["row"])[: list(numbered["row"]).index(good[0])]
    words = (
        f"{good[0]}: the best portable row of {task} by {target.headline}, {values[good[0]]:.4g} {target.unit}, "
        f"of {len(numbered)} rows with a number"
    )
    reasons = [f"{name} ({values[name]:.4g} {target.unit}) is better but {portable[name]}" for name in better]
    return good[0], "; ".join([words, *reasons, *_without_numbers(table, target.headline)])


def _without_numbers(table: "pd.DataFrame", headline: str) -> list[str]:
    rest = table[table[headline].isna()]
    return [f"{line['row']} has no number ({line['status']}: {line['reason']})" for _, line in rest.iterrows()]


def named(table: "pd.DataFrame", task: str, row: str, reason: str | None) -> tuple[str, str]:
    """The row that was asked for, and where it stands."""
    if reason is not None:
        raise DataError(f"{row} cannot be exported: {reason}; choose another row, or {BEST!r}")
    headline = load_task(task).target.headline
    line = table[table["row"] == row].iloc[0]
    if line["status"] != "complete":
        raise DataError(f"{row} has no scores on {task} ({line['status']}: {line['reason']}); choose another row")
    numbered = list(table[table[headline].notna()]["row"])
    place = numbered.index(row) + 1 if row in numbered else None
    return row, f"{row}: as asked; by {headline} it is number {place} of {len(numbered)} rows of {task}"


def _other_scores(benchmark: Benchmark, folder: Path, task: str, row: Row) -> Scores:
    """Scores of the row under the other protocols of the dataset and target, where it has records; floors for skill."""
    stem = task.rpartition("/")[0] + "/"
    tasks = [t for t in benchmark.tasks if t.startswith(stem) and t != task and row.answers(t)]
    floors = {r.row for r in benchmark.rows if adapters.get(r.adapter).info.kind == "floor"}
    found: Scores = {}
    for other in (t for t in tasks if _has_records(benchmark, folder, t, row.row)):
        rows = [r.row for r in benchmark.rows if r.answers(other) and (r.row in floors or r == row)]
        known = tuple(name for name in rows if _has_records(benchmark, folder, other, name))
        table = leaderboard(_results(benchmark, folder, (other,), known))
        found |= _scores(table[table["row"] == row.row])
    return found


def _scores(lines: "pd.DataFrame") -> Scores:
    """Numbers of each line by task; undefined ones, and rows that are not complete, are left out."""
    complete = lines[lines["status"] == "complete"].to_dict("records")
    columns = [str(name) for name in lines if name not in NOT_SCORES]
    return {line["task"]: _numbers(line, columns) for line in complete}


def _numbers(line: dict, columns: Sequence[str]) -> dict[str, float | int | str]:
    known = {name: line.get(name) for name in columns}
    return {name: value for name, value in known.items() if value is not None and value == value}  # NaN is unequal
