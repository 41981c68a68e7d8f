"""Map of the error of curves: a periodic table of the impurities, and one of the hosts."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from jijbench.elements import SYMBOLS, group, period, place_in_row
from jijbench.plots._style import WIDE, Curves, heading, significant, stacked, styled
from jijbench.plots.error_map import MAP, NO_DATA
from jijbench.scores.metrics import curve_norms
from jijbench.tables.results import Pooled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable
    from matplotlib.figure import Figure

TITLE = "Error by impurity and host"
#: decades that the colours span
DECADES = 2
#: the two panels: column of the table, and what it holds
PANELS = {"element_i": "impurity", "host": "host"}


@styled
def field(pooled: Sequence[Pooled]) -> "Figure":
    """Rms error of the curves of each impurity, above, and of each host, below, mean over test curves and seeds.

    The logarithmic colour scale follows from the reference, so all rows of a task share it. Hatching is an element
    without data.
    """
    from matplotlib.figure import Figure

    curves = stacked(pooled)
    scale = colours(curves)
    figure = Figure(figsize=(WIDE, 5.3), layout="constrained")
    panels = figure.subplots(2, 1)
    for axes, (column, what) in zip(panels, PANELS.items(), strict=True):
        errors = means(curves.table, column)
        _panel(axes, errors, scale)
        count = f"{len(errors)} element{'s' if len(errors) > 1 else ''}"
        axes.text(7.5, 1.5, f"by {what}: {count}", ha="center", va="center", fontsize=8)
    _key(figure, panels, scale, pooled[0].task.target.unit)
    heading(figure, pooled)
    return figure


def means(table: pd.DataFrame, column: str) -> dict[str, float]:
    """Weighted mean of ``error`` by the element in a column."""
    groups = table.groupby(column)
    return {str(name): float(np.average(part["error"], weights=part["weight"])) for name, part in groups}


def colours(curves: Curves) -> "ScalarMappable":
    """Colour scale: ``DECADES`` decades up to the largest mean of an element when zero is predicted."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LogNorm

    size = curves.table.assign(error=curve_norms(curves.truth, curves.volume))
    top = max(max(means(size, column).values()) for column in PANELS) or 1.0
    return ScalarMappable(LogNorm(top * 10.0**-DECADES, top), MAP)


def place(element: str) -> tuple[float, float]:
    """Column and line of the periodic table; Ce to Lu and Th to Lr stand in two lines below."""
    column, line = place_in_row(element), period(element)
    if line > 5 and 3 < column < 18:
        return column, line + 2.5
    return (18 if element == "He" else group(element)), line


def layout(known: Iterable[str]) -> dict[str, tuple[float, float]]:
    """Places of ``known`` and of all other elements up to radon, without Ce to Lu."""
    plain = (element for element in SYMBOLS if place(element)[1] <= 6)
    return {element: place(element) for element in dict.fromkeys([*plain, *known])}


def _panel(axes: "Axes", errors: Mapping[str, float], scale: "ScalarMappable") -> None:
    from matplotlib.collections import PolyCollection

    places = layout(errors)
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * 0.47
    empty = [np.array(xy) + corners for element, xy in places.items() if element not in errors]
    full = [np.array(places[element]) + corners for element in errors]
    axes.add_collection(PolyCollection(empty, **NO_DATA))
    axes.add_collection(PolyCollection(full, facecolors=scale.to_rgba(list(errors.values())), linewidth=0))
    for element, xy in places.items():
        _label(axes, element, xy, errors.get(element), scale)
    lowest = max(line for _, line in places.values())
    axes.set(xlim=(0.5, 18.5), ylim=(lowest + 0.5, 0.5), aspect="equal")
    axes.set_axis_off()


def _label(axes: "Axes", element: str, xy: tuple[float, float], error: float | None, scale: "ScalarMappable") -> None:
    x, y = xy
    if error is None:
        axes.text(x, y, element, ha="center", va="center", fontsize=7, color="0.55")
        return
    dark = float(np.dot(scale.to_rgba(error)[:3], (0.3, 0.59, 0.11))) < 0.42
    shared = {"ha": "center", "va": "center", "color": "white" if dark else "black"}
    axes.text(x, y - 0.16, element, fontsize=7.5, **shared)
    number = significant(error, 2)
    axes.text(x, y + 0.22, number, fontsize=min(5.2, 32 / len(number)), **shared)


def _key(figure: "Figure", panels: Sequence["Axes"], scale: "ScalarMappable", unit: str) -> None:
    from matplotlib.patches import Patch
    from matplotlib.ticker import LogLocator, NullLocator

    bar = figure.colorbar(scale, ax=list(panels), shrink=0.7, pad=0.015, aspect=32, extend="both")
    bar.ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    bar.ax.yaxis.set_minor_locator(NullLocator())
    bar.ax.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    bar.set_label(f"rms error, mean over curves ({unit})")
    figure.legend(handles=[Patch(**NO_DATA, label="no data")], loc="outside lower center")
