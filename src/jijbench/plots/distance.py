"""Error against distance, beside the size of the couplings themselves."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from jijbench.plots._style import BLUE, COLUMN, heading, plain, say, styled, symbol, together
from jijbench.tables.results import Pooled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLE = "Error against distance"
#: marker of each triplet; "" is a shell whose neighbours are all equal
MARKERS = {"": "o", "a": "^", "b": "v"}


@styled
def draw(pooled: Sequence[Pooled]) -> "Figure":
    """MAE of the magnetic pairs at each distance, and their mean absolute reference, on a logarithmic axis.

    Two triplets at one distance are two points. A pair that counts for both (equal elements) enters both.
    """
    from matplotlib.figure import Figure

    points = by_distance(together(pooled))
    figure = Figure(figsize=(COLUMN, 2.9), layout="constrained")
    axes = figure.subplots()
    axes.set(xlabel="distance (Å)", ylabel=f"MAE and mean |{symbol(pooled)}| ({pooled[0].task.target.unit})")
    heading(figure, pooled)
    plain(axes)
    if points.empty:
        say(axes, "no magnetic pairs")
        axes.set(xticks=[], yticks=[])
    else:
        _points(axes, points, symbol(pooled))
    return figure


def by_distance(table: pd.DataFrame) -> pd.DataFrame:
    """``distance`` (Å), ``mae``, ``size`` = mean |truth| and ``n`` of the magnetic pairs of each shell and triplet."""
    table = table[table["magnetic"]]
    table = table.assign(triplet=table.get("triplet", ""))
    lines = []
    for shell, group in table.groupby("shell"):
        names = sorted(set(group["triplet"]) - {""}) or [""]
        for name in names:
            part = group[group["triplet"].isin([name, ""])]
            size, mae = (np.average(part[c].abs(), weights=part["weight"]) for c in ("truth", "error"))
            lines.append((shell, name, part["distance_angstrom"].mean(), mae, size, len(part)))
    return pd.DataFrame(lines, columns=["shell", "triplet", "distance", "mae", "size", "n"])


def _points(axes: "Axes", points: pd.DataFrame, what: str) -> None:
    axes.set_yscale("log")
    axes.vlines(points["distance"], points["mae"], points["size"], color="0.75", lw=0.8, zorder=1)
    for name, group in points.groupby("triplet"):
        marker = MARKERS.get(str(name), "s")
        axes.plot(group["distance"], group["size"], marker, mfc="white", mec="0.25", mew=0.8, ms=5.5, zorder=2)
        axes.plot(group["distance"], group["mae"], marker, color=BLUE, mew=0, ms=4.5, zorder=3)
    axes.margins(0.06, 0.08)
    _whole_decades(axes)
    axes.grid(axis="y", color="0.92", lw=0.5)
    axes.set_axisbelow(True)
    exact = int((points["mae"] == 0).sum())
    if exact:
        axes.text(0.02, 0.02, f"{exact} of {len(points)} points: no error", transform=axes.transAxes, color="0.35")
    _legend(axes, sorted(set(points["triplet"])), what)


def _whole_decades(axes: "Axes") -> None:
    """Widen an axis that spans less than a decade, so that it has labels."""
    low, high = axes.get_ylim()
    if high < 10 * low:
        axes.set_ylim(10.0 ** math.floor(math.log10(low)), 10.0 ** math.ceil(math.log10(high)))


def _legend(axes: "Axes", triplets: Sequence[str], what: str) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], ls="", marker="o", color=BLUE, mew=0, ms=4.5, label="MAE"),
        Line2D([], [], ls="", marker="o", mfc="white", mec="0.25", mew=0.8, ms=5.5, label=f"mean |{what}|"),
    ]
    for name in (n for n in triplets if n):
        label = f"triplet {name}"
        handles.append(Line2D([], [], ls="", marker=MARKERS.get(name, "s"), color="0.6", mew=0, ms=5, label=label))
    axes.figure.legend(
        handles=handles, loc="outside lower center", ncols=len(handles), handletextpad=0.0, columnspacing=0.9
    )
