"""Predicted uncertainty as a graded task: standard deviations of models, and conformal intervals for every row."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from jijbench.benchmark import Cell
from jijbench.data.protocols import Unit
from jijbench.data.task import Task, load_task
from jijbench.scores import calibration
from jijbench.scores.statistics import Jackknife, jackknife, mean_of
from jijbench.tables.confidence import bounds, units, ways
from jijbench.tables.derived import kept_lines
from jijbench.tables.results import Pooled, Results
from jijbench.text import markdown

#: levels of the intervals that are graded
LEVELS = (0.50, 0.80, 0.95)
CONFORMAL = (0.80, 0.95)
COLUMNS = (
    "task", "row", "n", "n_zero_std", "nll", "interval_score_95", "coverage_50", "coverage_80", "coverage_95",
    "miscalibration", "sharpness", "retention_gain", "n_calibration", "conformal_coverage_80", "conformal_coverage_95",
    "conformal_width_80", "conformal_width_95", "conformal_worst_95", "coverage_95_low", "coverage_95_high",
    "conformal_coverage_95_low", "conformal_coverage_95_high", "reason",
)  # fmt: skip
Numbers = dict[str, Any]
#: absolute errors of the counted inner rows and of the counted test rows of a cell, and the latter's positions
Residuals = tuple[np.ndarray, np.ndarray, np.ndarray]


def uncertainty_table(results: Results) -> pd.DataFrame:
    """One line for each task and complete row, in the order of the benchmark.

    Of J only magnetic pairs count: the others are zero, and a model that has the moments knows it. Numbers of the
    standard deviation are missing for rows that give none; ``n_zero_std`` rows have a deviation of exactly zero, and
    with one of them there is no likelihood. Conformal intervals are calibrated on the inner rows of the same cell;
    ``conformal_worst_95`` names the unit (element, shell, host, …) that they hold least often; ``…_low`` and ``…_high``
    are the 95 % interval of a share over what the protocol leaves out. ``reason`` says why a number is missing.
    """
    lines = []
    for task in dict.fromkeys(task for task, _ in results.groups()):
        lines += kept_lines("uncertainty", results, (task,), partial(_lines, results, task))
    return pd.DataFrame([[line.get(c) for c in COLUMNS] for line in lines], columns=list(COLUMNS), dtype=object)


def _lines(results: Results, task: str) -> list[Numbers]:
    return [
        {"task": task, "row": row} | _line(results, load_task(task), cells, pooled)
        for (name, row), cells in results.groups().items()
        if name == task and (pooled := results.pooled(task, row))
    ]


def _line(results: Results, task: Task, cells: list[Cell], pooled: Sequence[Pooled]) -> Numbers:
    own = _mean([of_std(*rows_with_std(one)) for one in pooled])
    if "coverage_95" in own:
        own |= _ends("coverage_95", [_missed_by_std(one) for one in pooled])
    sizes = [_residuals(results, task, cell) for cell in cells]
    split = of_conformal(task, {level: _conformal(task, sizes, level) for level in CONFORMAL})
    reasons = [numbers.pop("reason", None) for numbers in (own, split)]
    counted = int(task.target.counted(pooled[0].labels).sum())
    return own | split | {"n": counted, "reason": "; ".join(r for r in reasons if r) or None}


def rows_with_std(pooled: Pooled) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """``error``, ``std`` and ``weight`` (n,) of the counted rows; empty where the row gives no deviations."""
    target = pooled.task.target
    keep, found = target.counted(pooled.labels), target.deviations(pooled.mean - pooled.truth, pooled.std)
    if found is None or not np.isfinite(found[1][keep]).all():
        return (np.array([]),) * 3
    return found[0][keep], found[1][keep], pooled.weight[keep]


def of_std(error: np.ndarray, std: np.ndarray, weight: np.ndarray) -> Numbers:
    """Scores of standard deviations (n,); only a reason for no rows."""
    if not len(error):
        return {"reason": "no standard deviation"}
    zero = int((std == 0).sum())
    numbers: Numbers = {"n_zero_std": zero, "reason": f"{zero} deviations are zero: no likelihood" if zero else None}
    for level in LEVELS:
        numbers[f"coverage_{100 * level:.0f}"] = calibration.coverage(
            calibration.normal_half(std, level), error, weight
        )
    return numbers | {
        "nll": calibration.nll(error, std, weight),
        "interval_score_95": calibration.interval_score(calibration.normal_half(std, 0.95), error, weight, 0.95),
        "miscalibration": calibration.miscalibration(error, std, weight),
        "sharpness": calibration.sharpness(std, weight),
        "retention_gain": calibration.retention_gain(error, std, weight),
    }


def missed(task: Task, held: np.ndarray, weight: np.ndarray, rows: np.ndarray) -> Jackknife | None:
    """Share of rows that intervals do not hold, and without each unit that the protocol leaves out."""
    return jackknife(weight * ~held, weight, [units(task.dataset, rows, unit)[1] for unit in ways(task)])


def _missed_by_std(pooled: Pooled) -> Jackknife | None:
    error, std, weight = rows_with_std(pooled)
    rows = pooled.rows[pooled.task.target.counted(pooled.labels)]
    return missed(pooled.task, np.abs(error) <= calibration.normal_half(std, 0.95), weight, rows)


def _ends(name: str, each: Sequence[Jackknife | None]) -> Numbers:
    """Interval of a share held, mean over seeds; a share is not below 0."""
    known = [one for one in each if one is not None]
    low, high = bounds(mean_of(known) if known and len(known) == len(each) else None)
    return {} if low is None or high is None else {f"{name}_low": max(0.0, 1 - high), f"{name}_high": 1 - low}


def _mean(each: Sequence[Numbers]) -> Numbers:
    """Mean over seeds; the reason and the counts of the first."""
    numbers = dict(each[0])
    for name, value in each[0].items():
        if isinstance(value, float):
            values = [one.get(name) for one in each]
            numbers[name] = None if any(v is None for v in values) else float(np.mean([v for v in values if v]))
    return numbers


@dataclass(frozen=True, eq=False)
class Intervals:
    """Split-conformal intervals of one level, all folds together.

    ``held`` (n,) bool whether the truth lies inside, ``width`` (n,) in the target's unit (infinite where a fold has too
    few inner rows), ``weight`` (n,), ``rows`` (n,) positions in the dataset, ``n`` the fewest inner rows of a fold.
    """

    held: np.ndarray
    width: np.ndarray
    weight: np.ndarray
    rows: np.ndarray
    n: int


def conformal(results: Results, task: Task, cells: Sequence[Cell], level: float) -> Intervals:
    """Split-conformal intervals of a row, calibrated cell by cell on the inner rows of its search.

    The interval is the prediction ± the quantile of the absolute inner residuals (of a curve: of the rms over the cell;
    Vovk, Gammerman and Shafer 2005). Its promise holds where test rows are like the inner ones.
    """
    return _conformal(task, [_residuals(results, task, cell) for cell in cells], level)


def _conformal(task: Task, cells: Sequence[Residuals], level: float) -> Intervals:
    held, width, where, sizes = [], [], [], []
    for residuals, tested, rows in cells:
        half = quantile(residuals, level)
        held.append(tested <= half)
        width.append(np.full(len(tested), 2 * half))
        where.append(rows)
        sizes.append(len(residuals))
    rows = np.concatenate(where)
    return Intervals(np.concatenate(held), np.concatenate(width), task.weight[rows], rows, min(sizes))


def of_conformal(task: Task, splits: dict[float, Intervals]) -> Numbers:
    """Coverage and mean width of conformal intervals by level, and the unit they hold least often."""
    numbers: Numbers = {"n_calibration": min(split.n for split in splits.values())}
    for level, split in splits.items():
        name = f"{100 * level:.0f}"
        if len(split.rows) and np.isfinite(split.width).all():
            numbers[f"conformal_coverage_{name}"] = float(np.average(split.held, weights=split.weight))
            numbers[f"conformal_width_{name}"] = float(np.average(split.width, weights=split.weight))
        else:
            numbers["reason"] = f"{split.n} inner rows are too few for an interval of {level:.0%}"
    if "conformal_coverage_95" in numbers:
        split = splits[0.95]
        numbers["conformal_worst_95"] = worst_unit(task, split)
        numbers |= _ends("conformal_coverage_95", [missed(task, split.held, split.weight, split.rows)])
    return numbers


def worst_unit(task: Task, split: Intervals, fewest: int = 10) -> str | None:
    """Name and coverage of the unit that intervals hold least often, of those with at least ``fewest`` rows.

    Units are those that the protocol leaves out, and shells of dimers, whose J differ by factors of ten.
    """
    found: list[tuple[float, str]] = []
    several = ways(task) or ("element",)
    kinds: list[Unit] = list(several) if "host" in several else list(dict.fromkeys((*several, "shell")))
    for unit in kinds:
        names, places = units(task.dataset, split.rows, unit)
        for k, name in enumerate(names):
            here = (places == k).any(axis=1)
            if here.sum() >= fewest:
                found.append((float(np.average(split.held[here], weights=split.weight[here])), _words(unit, name)))
    return f"{min(found)[1]} {min(found)[0]:.0%}" if found else None


def _words(unit: str, name: object) -> str:
    """How a unit is called in a table."""
    if unit == "shell" and isinstance(name, tuple):
        return f"shell {name[1]}"
    return "-".join(map(str, name)) if isinstance(name, tuple) else str(name)


def quantile(residuals: np.ndarray, level: float) -> float:
    """Half-width of the split-conformal interval; infinite where there are too few residuals (n,) for the level."""
    from crepes import ConformalRegressor

    if len(residuals) < np.ceil(level / (1 - level)):
        return float("inf")
    fitted = ConformalRegressor().fit(residuals)
    return float(fitted.predict_int(np.zeros(1), confidence=level)[0, 1])


def _residuals(results: Results, task: Task, cell: Cell) -> Residuals:
    predictions, found = results.predictions(cell), []
    for part, data in (("inner", task.source), ("test", task.dataset)):
        here = predictions.of(part)
        rows = data.rows(here.id)
        size = task.target.size(here.mean - data.truth(task.target.name)[rows])
        keep = task.target.counted(data.labels(rows))
        found.append((size[keep], rows[keep]))
    return found[0][0], *found[1]


#: what a reader sees: column, heading, format
SHOWN = (
    ("row", "row", "{}"), ("nll", "NLL", "{:.2f}"), ("interval_score_95", "interval score 95 %", "{:.3g}"),
    ("coverage_50", "50 %", "{:.0%}"), ("coverage_80", "80 %", "{:.0%}"), ("coverage_95", "95 %", "{:.0%}"),
    ("miscalibration", "miscalibration", "{:.2f}"), ("sharpness", "sharpness", "{:.3g}"),
    ("retention_gain", "retention", "{:.2f}"), ("conformal_coverage_80", "conformal 80 %", "{:.0%}"),
    ("conformal_coverage_95", "conformal 95 %", "{:.0%}"), ("conformal_worst_95", "worst at 95 %", "{}"),
    ("conformal_width_95", "width at 95 %", "{:.3g}"),
)  # fmt: skip


def uncertainty_markdown(results: Results, task: str) -> str:
    """The lines of one task, as they are read; reasons below."""
    lines = uncertainty_table(results.only(task))
    if lines.empty:
        return "no row of this task is complete\n"
    columns = [(column, title, form) for column, title, form in SHOWN if lines[column].notna().any()]
    shown = pd.DataFrame(
        {title: [_cell(line, column, form) for _, line in lines.iterrows()] for column, title, form in columns}
    )
    unit = load_task(task).target.unit
    text = f"{lines['n'].iloc[0]} rows; interval score, sharpness and width in {unit}. "
    text += "In brackets: 95 % interval of a share.\n\n"
    text += shown.to_markdown(index=False, disable_numparse=True) + "\n"
    told = lines[lines["reason"].notna() & ~lines["reason"].eq("no standard deviation")]
    notes = "".join(f"- {line['row']}: {markdown(line['reason'])}\n" for _, line in told.iterrows())
    return text + (f"\n{notes}" if notes else "")


def _cell(line: pd.Series, column: str, form: str) -> str:
    value, low, high = (line.get(name) for name in (column, f"{column}_low", f"{column}_high"))
    if pd.isna(value):
        return ""
    ends = "" if pd.isna(low) or pd.isna(high) else f" [{100 * low:.0f}, {100 * high:.0f}]"
    return form.format(value) + ends
