"""All rows of one task: error against what a fit costs in time and memory."""

from typing import TYPE_CHECKING

import pandas as pd

from jijbench.data.task import load_task
from jijbench.errors import DataError
from jijbench.plots._style import BLUE, ORANGE, WIDE, entitle, plain, say, styled
from jijbench.plots.overview import NAMES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLE = "Error against cost"
#: columns of the table, what stands on the axis, and its scale
COSTS = (("seconds_fit", "fits of all folds (s)", "log"), ("peak_memory_mib", "peak memory (MiB)", "linear"))


@styled
def compare(table: pd.DataFrame) -> "Figure":
    """Headline error of the complete rows of one task against seconds of fitting and peak memory.

    The line joins the rows that no other row beats in both. ``table`` holds the leaderboard's lines of one task, of one
    run: costs of different machines do not compare. Raises ``DataError`` for several tasks or none.
    """
    from matplotlib.figure import Figure

    tasks = sorted(set(table["task"]))
    if len(tasks) != 1:
        raise DataError(f"a comparison shows one task, the table holds {tasks}; select the lines of one")
    task = load_task(tasks[0])
    target = task.target
    figure = Figure(figsize=(WIDE, 3.4), layout="constrained")
    entitle(figure, task)
    panels = figure.subplots(1, len(COSTS), sharey=True)
    for axes, (column, label, scale) in zip(panels, COSTS, strict=True):
        plain(axes)
        axes.set(xlabel=label, xscale=scale)
        _points(axes, positive(table, target.headline, column))
    panels[0].set_ylabel(f"{NAMES.get(target.headline, target.headline)} ({target.unit})")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def positive(table: pd.DataFrame, headline: str, column: str) -> pd.DataFrame:
    """``row``, ``kind``, ``error``, ``cost`` of the complete rows where both are above zero, cheapest first.

    A logarithmic axis has no place for a cost of zero: fits too fast to be timed are set to a millisecond.
    """
    lines = table[(table["status"] == "complete") & table[headline].notna() & table[column].notna()]
    lines = lines.assign(error=lines[headline].astype(float), cost=lines[column].astype(float).clip(lower=1e-3))
    lines = lines[lines["error"] > 0]
    return lines[["row", "kind", "error", "cost"]].sort_values(["cost", "error"], ignore_index=True)


def front(lines: pd.DataFrame) -> pd.DataFrame:
    """Rows that no cheaper row beats."""
    return lines[lines["error"] <= lines["error"].cummin()].drop_duplicates("error")


def _points(axes: "Axes", lines: pd.DataFrame) -> None:
    from matplotlib.ticker import LogLocator

    if lines.empty:
        say(axes, "no row has an error and a cost")
        return
    for kind, colour in (("model", BLUE), ("floor", ORANGE)):
        group = lines[lines["kind"] == kind]
        if len(group):
            axes.plot(group["cost"], group["error"], "o", color=colour, ms=4, mew=0, label=kind)
    best = front(lines)
    axes.plot(best["cost"], best["error"], color="0.4", lw=0.8, zorder=0, label="best for its cost")
    for _, line in labelled(best).iterrows():
        place = (line["cost"], line["error"])
        axes.annotate(line["row"], place, xytext=(4, 4), textcoords="offset points", fontsize=6.5)
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("")


def labelled(best: pd.DataFrame, gain: float = 0.8) -> pd.DataFrame:
    """Rows of a front that have room for a name: each a fifth better than the one named before, and the best."""
    kept: list[int] = []
    for k in range(len(best)):
        if not kept or best["error"].iloc[k] < gain * best["error"].iloc[kept[-1]]:
            kept.append(k)
    if len(best) - 1 not in kept:
        kept[-1:] = [len(best) - 1]
    return best.iloc[kept]
