"""Predicted and reference curves: the best, the median and the worst of the test."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from jijbench.plots._style import (
    BLUE,
    COLUMN,
    ORANGE,
    WIDE,
    Curves,
    heading,
    plain,
    significant,
    stacked,
    styled,
    symbol,
)
from jijbench.tables.results import Pooled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLE = "Best, median and worst curve"
#: r/r_ws from which on curves set the range of the axis; 0.3 % of the volume, and values of many Ry, lie below
INNER = 0.15
#: r/r_ws from which on curves are drawn: below they change sign within tens of Ry
START = 0.01


@styled
def field(pooled: Sequence[Pooled]) -> "Figure":
    """Curves of smallest, median and largest rms error of all test curves and seeds, their difference below.

    The difference is multiplied by 3 (r/r_ws)², so that the area beneath is its mean over the cell; its axis is the
    same for all three. Raises ``DataError`` where there is nothing to draw.
    """
    from matplotlib.figure import Figure

    curves = stacked(pooled)
    chosen = picked(curves.table["error"].to_numpy())
    figure = Figure(figsize=(WIDE if len(chosen) > 1 else COLUMN, 3.7), layout="constrained")
    above, below = figure.subplots(2, len(chosen), sharex=True, squeeze=False, height_ratios=(1.7, 1))
    unit, what = pooled[0].task.target.unit, symbol(pooled)
    for axes, (place, rank) in zip(above, chosen.items(), strict=True):
        _curves(axes, curves, place)
        error = significant(curves.table["error"].iloc[place], 2)
        axes.set_title(f"{rank}: {name(curves.table.iloc[place])}\nrms error {error} {unit}")
    _differences(below, curves, list(chosen))
    above[0].set_ylabel(f"{what} ({unit})")
    below[0].set_ylabel(f"difference ({unit})\n$\\times\\,3(r/r_{{\\mathrm{{ws}}}})^2$")
    figure.align_ylabels()
    figure.legend(*above[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    heading(figure, pooled)
    return figure


def picked(error: np.ndarray) -> dict[int, str]:
    """Positions of the best, the (lower) median and the worst curve, with these words; equal ones share an entry."""
    order = np.argsort(error, kind="stable")
    words: dict[int, list[str]] = {}
    for word, place in (("best", 0), ("median", (len(order) - 1) // 2), ("worst", -1)):
        words.setdefault(int(order[place]), []).append(word)
    return {place: ", ".join(found) for place, found in words.items()}


def name(line: pd.Series) -> str:
    """What a curve is of: "Ni in Cu", or of a neighbour "Ni in Cu, 4.8 a₀ away"."""
    away = f", {line['distance_bohr']:.1f} a₀ away" if line.get("element_j") else ""
    return f"{line['element_i']} in {line['host']}{away}"


def span(values: np.ndarray) -> tuple[float, float]:
    """Ends of an axis that shows zero and all ``values`` with a margin."""
    low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
    margin = 0.06 * ((high - low) or 1.0)
    return low - margin, high + margin


def _curves(axes: "Axes", curves: Curves, place: int) -> None:
    drawn = curves.mesh > START
    mesh, truth, mean = (values[drawn] for values in (curves.mesh, curves.truth[place], curves.mean[place]))
    axes.axhline(0, color="0.7", lw=0.6, zorder=0)
    axes.plot(mesh, truth, color="0.15", lw=1.6, label="KKR")
    axes.plot(mesh, mean, color=ORANGE, lw=1.2, ls=(0, (4, 1.5)), label="predicted")
    axes.set(xlim=(0, 1), ylim=span(np.stack([truth, mean])[:, mesh > INNER]))
    plain(axes)


def _differences(panels: Sequence["Axes"], curves: Curves, places: Sequence[int]) -> None:
    weighted = 3 * curves.mesh**2 * (curves.mean - curves.truth)[list(places)]
    for axes, line in zip(panels, weighted, strict=True):
        axes.axhline(0, color="0.7", lw=0.6, zorder=0)
        axes.fill_between(curves.mesh, line, color=BLUE, alpha=0.25, lw=0)
        axes.plot(curves.mesh, line, color=BLUE, lw=1.0)
        axes.set(ylim=span(weighted), xlabel="$r/r_{\\mathrm{ws}}$")
        plain(axes)
