"""Parity plot: predicted against reference values, on linear and on symmetric-logarithmic axes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from jijbench.plots._style import GREY, WIDE, heading, styled, symbol, together
from jijbench.scores.metrics import SIGN_FLOOR
from jijbench.tables.leaderboard import pooled_scores
from jijbench.tables.results import Pooled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import LogNorm
    from matplotlib.figure import Figure

TITLE = "Parity plot"
#: cells an axis is cut into where points are counted for their colour
CELLS = 30
#: what the grey points are
BENEATH = "a moment is zero"


@styled
def draw(pooled: Sequence[Pooled]) -> "Figure":
    """Reference on x, prediction on y, equal limits; colour counts magnetic pairs that lie close together.

    Pairs without a moment lie beneath in grey. Numbers are those of the table: pooled over folds, averaged over
    seeds. Raises ``DataError`` where there is nothing to draw.
    """
    from matplotlib.colors import LogNorm
    from matplotlib.figure import Figure

    table = together(pooled)
    figure = Figure(figsize=(WIDE, 3.25), layout="constrained")
    panels = figure.subplots(1, 2)
    for axes, scale in zip(panels, ("linear", "symlog"), strict=True):
        _frame(axes, table, scale, pooled)
    magnetic = table[table["magnetic"]]
    counts = [nearby(axes, magnetic) for axes in panels]
    norm = LogNorm(1, max([10, *np.concatenate(counts)]))
    for axes, count in zip(panels, counts, strict=True):
        _points(axes, table, count, norm)
    _explain(figure, panels, pooled, empty=magnetic.empty)
    return figure


def limits(table: pd.DataFrame, scale: str) -> tuple[float, float]:
    """Lower and upper end of both axes, in the target's unit; symmetric on symlog axes."""
    values = table[["truth", "mean"]].to_numpy()
    low, high = float(values.min()), float(values.max())
    if scale == "symlog":
        end = 1.6 * max(-low, high, SIGN_FLOOR)
        return -end, end
    margin = 0.05 * ((high - low) or 1.0)
    return low - margin, high + margin


def _frame(axes: "Axes", table: pd.DataFrame, scale: str, pooled: Sequence[Pooled]) -> None:
    unit, what = pooled[0].task.target.unit, symbol(pooled)
    settings = {"linthresh": SIGN_FLOOR, "linscale": 1.0} if scale == "symlog" else {}
    ends = limits(table, scale)
    axes.set_xscale(scale, **settings)
    axes.set_yscale(scale, **settings)
    axes.set(xlim=ends, ylim=ends, box_aspect=1)
    axes.set(xlabel=f"{what} from KKR ({unit})", ylabel=f"{what} predicted ({unit})")
    axes.set_xticks([tick for tick in axes.get_yticks() if ends[0] <= tick <= ends[1]])
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda value, _: f"{value:g}".replace("-", "−"))
    axes.plot(ends, ends, color="0.25", lw=0.7, zorder=1)


def nearby(axes: "Axes", table: pd.DataFrame) -> np.ndarray:
    """(n,) how many rows lie in the same cell of a panel, each axis cut into ``CELLS``."""
    if table.empty:
        return np.zeros(0, dtype=int)
    share = (axes.transData - axes.transAxes).transform(table[["truth", "mean"]].to_numpy())  # 0 to 1 along each axis
    _, cell, count = np.unique((share * CELLS).astype(int), axis=0, return_inverse=True, return_counts=True)
    return count[cell.ravel()]


def _points(axes: "Axes", table: pd.DataFrame, count: np.ndarray, norm: "LogNorm") -> None:
    grey, magnetic = table[~table["magnetic"]], table[table["magnetic"]]
    axes.scatter(grey["truth"], grey["mean"], s=6, color=GREY, linewidths=0, zorder=2, label=BENEATH)
    order = np.argsort(count, kind="stable")
    x, y = (magnetic[name].to_numpy()[order] for name in ("truth", "mean"))
    axes.scatter(x, y, c=count[order], s=7, cmap="viridis", norm=norm, linewidths=0, zorder=3)


def numbers(pooled: Sequence[Pooled]) -> str:
    """Text in the panel: MAE and number of magnetic and of all rows, R² of the magnetic ones."""
    found, unit = pooled_scores(pooled), pooled[0].task.target.unit

    def show(name: str, unit: str = "") -> str:
        value = found[name]
        return "undefined" if value is None else f"{round(value, 3) + 0.0:.3f}{unit}".replace("-", "−")

    return (
        f"MAE magnetic {show('mae_magnetic', ' ' + unit)}, n = {found['n_magnetic']}\n"
        f"MAE all {show('mae', ' ' + unit)}, n = {found['n']}\n"
        f"R² magnetic {show('r2_magnetic')}"
    )


def _explain(figure: "Figure", panels: Sequence["Axes"], pooled: Sequence[Pooled], empty: bool) -> None:
    box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.5}
    left, right = panels
    left.text(0.03, 0.97, numbers(pooled), transform=left.transAxes, va="top", fontsize=7.5, bbox=box, zorder=4)
    note = f"linear within ±{SIGN_FLOOR} {pooled[0].task.target.unit}" + ("\nno magnetic pairs" if empty else "")
    right.text(0.03, 0.97, note, transform=right.transAxes, va="top", fontsize=7.5, bbox=box, zorder=4)
    grey = [points for points in right.collections if points.get_label() == BENEATH]
    right.legend(handles=grey, loc="lower right", handletextpad=0.1, borderpad=0.1)
    if not empty:
        bar = figure.colorbar(left.collections[-1], ax=list(panels), shrink=0.8, pad=0.015, aspect=28)
        bar.set_label(f"pairs per cell of a {CELLS} × {CELLS} grid")
    heading(figure, pooled)
