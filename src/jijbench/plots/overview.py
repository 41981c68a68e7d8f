"""All rows of one task side by side: the headline error, models against floors."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from jijbench.data.task import load_task
from jijbench.errors import DataError
from jijbench.plots._style import BLUE, COLUMN, ORANGE, entitle, plain, say, significant, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLE = "Rows of a task compared"
#: an end so many times the median row's error makes the axis logarithmic
FAR = 20
#: what a headline metric is called on an axis
NAMES = {"mae_magnetic": "MAE of magnetic pairs", "mae": "MAE", "rmse": "RMSE"}


@styled
def compare(table: pd.DataFrame) -> "Figure":
    """Headline error of the complete rows of one task with 95 % intervals, best on top, best floor as a line.

    ``table`` holds the leaderboard's lines of one task; raises ``DataError`` for several tasks or none.
    """
    from matplotlib.figure import Figure

    tasks = sorted(set(table["task"]))
    if len(tasks) != 1:
        raise DataError(f"a comparison shows one task, the table holds {tasks}; select the lines of one")
    task = load_task(tasks[0])
    target = task.target
    lines = shown(table, target.headline)
    figure = Figure(figsize=(COLUMN, 1.3 + 0.19 * max(len(lines), 3)), layout="constrained")
    axes = figure.subplots()
    axes.set_xlabel(f"{NAMES.get(target.headline, target.headline)} ({target.unit})")
    entitle(figure, task)
    plain(axes)
    if lines.empty:
        say(axes, f"no row has a {target.headline}")
        axes.set(xticks=[], yticks=[])
    else:
        _dots(axes, lines, significant if target.reference_is_zero else "{:.3f}".format)
    return figure


def shown(table: pd.DataFrame, headline: str) -> pd.DataFrame:
    """``row``, ``kind``, ``value``, ``low``, ``high`` of the complete rows with a headline, best first."""
    lines = table[(table["status"] == "complete") & table[headline].notna()]
    lines = lines.assign(value=lines[headline].astype(float), low=lines["low"].astype(float))
    lines = lines.assign(high=lines["high"].astype(float))[["row", "kind", "value", "low", "high"]]
    return lines.sort_values(["value", "row"], ignore_index=True)


def _scale(axes: "Axes", lines: pd.DataFrame) -> None:
    """The axis of errors: from zero on, or logarithmic where a row or its interval would press all others together."""
    most, values = np.nanmax(lines[["value", "high"]].to_numpy()), lines["value"].to_numpy()
    if values.min() <= 0 or most < FAR * np.median(values):
        axes.set_xlim(0, 1.05 * (most or 1.0))
        axes.locator_params(axis="x", nbins=4, steps=[1, 2, 5, 10])  # labels of small numbers are long
        return
    least = lines.loc[lines["low"] > 0.1 * values.min(), "low"].min()  # an interval may begin at zero
    axes.set(xscale="log", xlim=(0.8 * np.nanmin([values.min(), least]), 1.25 * most))
    axes.xaxis.set_major_formatter("{x:g}")


def _dots(axes: "Axes", lines: pd.DataFrame, show: Callable[[float], str]) -> None:
    places = list(range(len(lines)))
    for kind, colour in (("model", BLUE), ("floor", ORANGE)):
        group = lines[lines["kind"] == kind]
        axes.hlines(group.index, group["low"], group["high"], color=colour, lw=1.2)
        if len(group):
            axes.plot(group["value"], group.index, "o", color=colour, ms=5, mew=0, label=kind)
    for k, value in zip(places, lines["value"], strict=True):
        axes.text(1.02, k, show(value), transform=axes.get_yaxis_transform(), va="center", fontsize=7)
    axes.set_yticks(places, lines["row"])
    axes.set_ylim(len(lines) - 0.5, -0.5)
    _scale(axes, lines)
    axes.tick_params(axis="y", length=0)
    floors = lines[lines["kind"] == "floor"]
    if len(floors):
        axes.axvline(floors["value"].min(), color=ORANGE, lw=0.8, ls=(0, (4, 3)), zorder=0, label="best floor")
    axes.figure.legend(loc="outside lower center", ncols=3, handlelength=1.4, handletextpad=0.5, columnspacing=1.2)
