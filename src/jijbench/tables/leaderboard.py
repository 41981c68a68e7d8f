"""The table: records in, one line for each task and row out. No machine-learning package is needed."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from jijbench.data.task import load_task, within
from jijbench.records.schema import Record, Tuning
from jijbench.scores.metrics import Scores
from jijbench.scores.statistics import Jackknife
from jijbench.tables import confidence
from jijbench.tables.derived import kept_lines
from jijbench.tables.downstream import downstream_line, has_sums
from jijbench.tables.kkr_savings import savings_line, shell_task
from jijbench.tables.results import Pooled, Results
from jijbench.targets import Target

#: columns of every table, before and after those of its targets
HEAD = ("task", "row", "kind", "inputs", "unit", "status", "reason")
TAIL = (
    "n_seeds", "trials", "configurations", "inner", "seconds", "seconds_fit", "seconds_predict", "peak_memory_mib",
    "adapter", "licence", "note", "low", "high", "rank", "resampled", "resolvable",
    "fold_low", "fold_high", "seed_low", "seed_high",
)  # fmt: skip


def columns(targets: Iterable[Target]) -> list[str]:
    """Columns of a table of tasks with these targets, each once."""
    own = dict.fromkeys(name for target in targets for name in target.columns)
    return [*HEAD, *own, *TAIL]


def pooled_scores(pooled: Sequence[Pooled]) -> Scores:
    """Scores of each seed over the pooled predictions, averaged over seeds; None where one seed has None."""
    return _over_seeds(_by_seed(pooled))


def _by_seed(pooled: Sequence[Pooled]) -> list[Scores]:
    return [p.task.target.scores(p.truth, p.mean, p.weight, p.labels) for p in pooled]


def _over_seeds(each: Sequence[Scores]) -> Scores:
    mean: Scores = {}
    for name in each[0] if each else ():
        values = [s[name] for s in each]
        known = [v for v in values if v is not None]
        mean[name] = _average(known) if len(known) == len(values) else None
    return mean


def _average(values: list[float | int]) -> float | int:
    """Mean over seeds; a count that all seeds share stays a whole number."""
    return values[0] if len(set(values)) == 1 else float(np.mean(values))


def _status(records: list[Record], stale: int, unfinished: int) -> tuple[str, str | None]:
    """Status of a row, and why it has no numbers: the first cell that is not complete decides."""
    if unfinished:
        return "incomplete", f"{unfinished} of {len(records) + unfinished} cells are still to be computed"
    if stale:
        return "stale", f"{stale} of {len(records)} cells were made by other versions, data or settings; run them again"
    for status in ("failed", "refused"):
        bad = [record for record in records if record.status == status]
        if bad:
            return status, f"{len(bad)} of {len(records)} cells: {bad[0].reason}"
    return "complete", None


def _downstream(pooled: Sequence[Pooled]) -> dict[str, Any]:
    """What a row's error does to critical temperatures; nothing for tasks whose sums over shells are not whole."""
    if not pooled or not has_sums(pooled[0].task):
        return {}
    found = downstream_line(pooled)
    return {
        "tc_mae_k": found["tc_mae_k"],
        "tc_low": found["low"],
        "tc_high": found["high"],
        "order_accuracy": found["order_accuracy"],
    }


def _task_lines(results: Results, task: str) -> list[dict[str, Any]]:
    """The lines of one task, but for the skills, which compare them."""
    pooled = {row: results.pooled(task, row) for name, row in results.groups() if name == task}
    lines = [_line(results, task, row, found) for row, found in pooled.items()]
    _add_confidence(lines, pooled)
    _add_steps(lines, results)
    return lines


def _add_steps(lines: list[dict[str, Any]], results: Results) -> None:
    """Estimated share of KKR steps saved, beside each row that predicts impurities and their neighbours."""
    for line in lines:
        shell = shell_task(line["task"])
        if shell is not None and (shell, line["row"]) in results.groups():
            pooled = [results.pooled(task, line["row"]) for task in (line["task"], shell)]
            if all(pooled):
                found = savings_line(*pooled)
                line |= {"steps_saved": found["saved"], "steps_low": found["low"], "steps_high": found["high"]}


def _line(results: Results, task: str, row: str, pooled: Sequence[Pooled]) -> dict[str, Any]:
    cells = results.groups()[task, row]
    records = [results.records[cell.slot] for cell in cells]
    stale = sum(cell.slot in results.stale for cell in cells)
    status, reason = _status(records, stale, results.left(task, row))
    tuned = [record.tuning for record in records if record.tuning is not None]
    inner = [t.inner for t in tuned if t.inner is not None]
    memory = [record.peak_memory_mib for record in records if record.peak_memory_mib is not None]
    line: dict[str, Any] = {
        "task": task, "row": row, "kind": records[0].kind, "inputs": cells[0].row.inputs, "unit": records[0].unit,
        "status": status, "reason": reason, "n_seeds": len({cell.seed for cell in cells}),
        "trials": max((t.trials for t in tuned), default=0),
        "configurations": max((t.configurations for t in tuned), default=0),
        "seconds": round(sum(record.cost for record in records), 1),
        "inner": float(np.mean(inner)) if inner else None, "peak_memory_mib": max(memory, default=None),
        "adapter": cells[0].row.adapter, "licence": (records[0].info or {}).get("licence"),
        "note": _note(tuned, len(records)),
    }  # fmt: skip
    if status == "complete":
        each = _by_seed(pooled)
        line |= _over_seeds(each) | {"worst": worst(pooled)} | _spread(task, records, each)
        line |= _downstream(pooled)
    return line


def _note(tuned: Sequence[Tuning], n: int) -> str | None:
    notes = {
        "search stopped by the clock": sum(t.capped for t in tuned),
        "search shared between workers, not reproducible bit by bit,": sum(t.shared for t in tuned),
    }
    return "; ".join(f"{what} in {k} of {n} cells" for what, k in notes.items() if k) or None


def _spread(task: str, records: list[Record], each: Sequence[Scores]) -> dict[str, Any]:
    """How far folds and seeds lie apart (smallest and largest headline), and what fits and predictions cost."""
    name = load_task(task).target.headline
    folds: dict[int, list[float]] = {}
    for record in records:
        value = (record.metrics or {}).get(name)
        folds.setdefault(record.key.fold, []).extend([] if value is None else [value])
    fold = [float(np.mean(values)) for values in folds.values() if values]
    seed = [s for s in (one[name] for one in each) if s is not None]
    spread: dict[str, Any] = {}
    for kind, values in (("fold", fold), ("seed", seed)):
        spread[f"{kind}_low"], spread[f"{kind}_high"] = (min(values), max(values)) if len(values) > 1 else (None, None)
    return spread | {
        f"seconds_{part}": round(sum(record.seconds.get(part, 0.0) for record in records), 3)
        for part in ("fit", "predict")
    }


def _add_confidence(lines: list[dict[str, Any]], pooled: Mapping[str, Sequence[Pooled]]) -> None:
    """Intervals, ranks and the smallest difference that counts, for the lines of one task."""
    errors: dict[str, Jackknife | None] = {row: confidence.headline(found) for row, found in pooled.items()}
    known = {row: error for row, error in errors.items() if error is not None}
    if not known:
        return
    places, smallest = confidence.ranks(known), confidence.resolvable(known)
    first = pooled[min(known, key=lambda row: known[row].value)][0]
    words = confidence.resampled(first)
    for line in lines:
        row = line["row"]
        line |= {"resampled": words, "resolvable": smallest, "rank": places.get(row)}
        line["low"], line["high"] = confidence.bounds(known.get(row))
        if first.task.target.reference_is_zero:
            relative = confidence.headline(pooled.get(row, ()), relative=True)
            line["error_left_low"], line["error_left_high"] = confidence.bounds(relative)


def worst(pooled: Sequence[Pooled], n: int = 3) -> str | None:
    """Names and errors of the n worst predictions of the first seed, where the target's tables have that column."""
    if not pooled or "worst" not in pooled[0].task.target.columns:
        return None
    first = pooled[0]
    errors = first.task.target.size(first.mean - first.truth)
    names = [first.task.dataset.samples[k].id.partition(":")[2] for k in first.rows]
    return ", ".join(f"{names[k]} {errors[k]:.2g}" for k in np.argsort(-errors, kind="stable")[:n])


def _add_skill(lines: list[dict[str, Any]]) -> None:
    """Skill = 1 − error / error of the reference, and of the best floor with no more inputs.

    The target says what its reference is: that floor, or zero (the atomic start, the host's potential).
    """
    for line in lines:
        target = load_task(line["task"]).target
        line["skill_floor"] = _over_floors(line, lines, target.error)
        line["skill"] = line["skill_floor"]
        if target.reference_is_zero:
            line["skill"] = None if line.get("error_left") is None else 1.0 - line["error_left"]
        line["skill_magnetic"] = _over_floors(line, lines, "mae_magnetic")


def _over_floors(line: dict[str, Any], lines: list[dict[str, Any]], metric: str) -> float | None:
    allowed = within(line["inputs"])
    floors = [
        f[metric] for f in lines
        if f["kind"] == "floor" and f["task"] == line["task"] and f["inputs"] in allowed and f.get(metric) is not None
    ]  # fmt: skip
    if not floors or line.get(metric) is None or min(floors) <= 0:
        return None
    return 1.0 - line[metric] / min(floors)


def leaderboard(results: Results, anew: bool = False) -> pd.DataFrame:
    """One line for each task and row, best headline first within a task, lines without numbers last.

    Columns are ``columns`` of the tasks' targets; a number that is undefined, or of a row that is not complete, is
    missing. Lines that were made of the same records before are taken from the cache, unless they are wanted ``anew``.
    """
    order = {task: k for k, task in enumerate(results.benchmark.tasks)}
    lines: list[dict[str, Any]] = []
    for task in order:
        shell = shell_task(task)
        both = (task, *([shell] if shell in order else []))
        make = partial(_task_lines, results, task)
        lines += make() if anew else kept_lines("leaderboard", results, both, make)
    _add_skill(lines)
    headline = {task: load_task(task).target.headline for task in order}

    def place(line: dict[str, Any]) -> tuple:
        value = line.get(headline[line["task"]])
        return order[line["task"]], value is None, 0.0 if value is None else value

    lines.sort(key=place)
    names = columns(load_task(task).target for task in order)
    return pd.DataFrame([[line.get(name) for name in names] for line in lines], columns=names, dtype=object)
