"""Map of the error: element against element, a panel for each shell."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from jijbench.data.elements import SYMBOLS, atomic_number, period
from jijbench.plots._style import GREY, heading, styled, together
from jijbench.results import Pooled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import LogNorm
    from matplotlib.figure import Figure
    from matplotlib.gridspec import GridSpec

TITLE = "Error by elements and shell"
#: Sc to Zn and Y to Cd
D_ELEMENTS = (*SYMBOLS[20:30], *SYMBOLS[38:48])
#: panels in a line, and the decades that the colours span
COLUMNS, DECADES = 4, 4
MAP = "viridis_r"


@styled
def draw(pooled: Sequence[Pooled]) -> "Figure":
    """Mean absolute error of each pair of elements, on one logarithmic colour scale for all shells.

    The scale follows from the largest reference value, so all rows of a task share it. A small square is a pair whose
    reference is exactly zero, hatching a pair without data. Triplets of a shell and seeds are averaged.
    """
    from matplotlib.figure import Figure

    table = together(pooled)
    elements = elements_of(table)
    shells = sorted(table["shell"].unique())
    columns = min(COLUMNS, len(shells) + 1)
    lines = math.ceil((len(shells) + 1) / columns)
    side = 1.75 if columns > 2 else 3.2
    figure = Figure(figsize=(columns * side, lines * side + 0.35), layout="constrained")
    grid = figure.add_gridspec(lines, columns)
    norm = colours(table)
    for k, shell in enumerate(shells):
        axes = figure.add_subplot(grid[divmod(k, columns)])
        _panel(axes, table[table["shell"] == shell], elements, norm)
        _ticks(axes, elements, left=k % columns == 0, below=k + columns >= len(shells))
    _key(figure, grid, len(shells), norm, pooled[0].task.target.unit)
    figure.suptitle(heading(pooled))
    return figure


def elements_of(table: pd.DataFrame) -> list[str]:
    """All 3d and 4d elements, and any other of the data, by atomic number."""
    return sorted({*D_ELEMENTS, *table["element_i"], *table["element_j"]}, key=atomic_number)


def colours(table: pd.DataFrame) -> "LogNorm":
    """Colour scale: ``DECADES`` decades up to the one that holds the largest reference value."""
    from matplotlib.colors import LogNorm

    largest = float(table["truth"].abs().max()) or 1.0
    top = 10.0 ** math.ceil(math.log10(largest))
    return LogNorm(top * 10.0**-DECADES, top)


def matrices(table: pd.DataFrame, elements: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """(k, k) mean absolute error, NaN without data; (k, k) bool: all references are exactly zero. Both symmetric."""
    place = {element: k for k, element in enumerate(elements)}
    i, j = (table[name].map(place).to_numpy() for name in ("element_i", "element_j"))
    parts = np.zeros((3, len(elements), len(elements)))  # weight, weight × |error|, |truth|
    weight = table["weight"].to_numpy()
    terms = np.stack([weight, weight * table["error"].abs().to_numpy(), table["truth"].abs().to_numpy()])
    for k, term in enumerate(terms):
        np.add.at(parts[k], (np.minimum(i, j), np.maximum(i, j)), term)
    parts = np.maximum(parts, parts.transpose(0, 2, 1))
    with np.errstate(invalid="ignore"):
        return parts[1] / parts[0], (parts[2] == 0) & (parts[0] > 0)


def _panel(axes: "Axes", table: pd.DataFrame, elements: Sequence[str], norm: "LogNorm") -> None:
    error, zero = matrices(table, elements)
    known = ~np.isnan(error)
    n = len(elements)
    axes.set(xlim=(0, n), ylim=(n, 0), aspect="equal")
    axes.set_title(f"shell {table['shell'].iloc[0]}, {table['distance_angstrom'].mean():.2f} Å", pad=3)
    _squares(axes, ~known, 1.0, facecolor="0.93", edgecolor=GREY, hatch="//////", linewidth=0)
    for where, side in ((known & ~zero, 1.0), (known & zero, 0.45)):
        values = np.clip(error[where], norm.vmin, norm.vmax)
        _squares(axes, where, side, array=values, cmap=MAP, norm=norm, linewidth=0)
    periods = [period(element) for element in elements]
    for k in np.flatnonzero(np.diff(periods)) + 1:
        axes.axhline(k, color="0.2", lw=0.6)
        axes.axvline(k, color="0.2", lw=0.6)


def _squares(axes: "Axes", where: np.ndarray, side: float, **settings: object) -> None:
    """A square of the given side in the middle of each marked cell."""
    from matplotlib.collections import PatchCollection
    from matplotlib.patches import Rectangle

    gap = (1.0 - side) / 2
    patches = [Rectangle((column + gap, line + gap), side, side) for line, column in np.argwhere(where)]
    axes.add_collection(PatchCollection(patches, **settings))


def _ticks(axes: "Axes", elements: Sequence[str], left: bool, below: bool) -> None:
    """Element labels on the outer panels, every other one further out so that they do not touch."""
    centres = np.arange(len(elements)) + 0.5
    axes.set_xticks(centres, ["\n" * (k % 2) + e for k, e in enumerate(elements)] if below else [])
    axes.set_yticks(centres, [e + " " * 6 * (k % 2) for k, e in enumerate(elements)] if left else [])
    axes.tick_params(length=0, pad=1.5, labelsize=6.5)


def _key(figure: "Figure", grid: "GridSpec", n: int, norm: "LogNorm", unit: str) -> None:
    """Colour bar and meaning of the squares, in the places that the panels leave free."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.patches import Patch

    line, column = divmod(n, grid.ncols)
    axes = figure.add_subplot(grid[line, column:])
    axes.set_axis_off()
    inner = axes.inset_axes((0.1, 0.62, 0.8, 0.09))
    bar = figure.colorbar(ScalarMappable(norm, MAP), cax=inner, orientation="horizontal", extend="both")
    bar.set_label(f"MAE ({unit})")
    handles = [
        Patch(facecolor="0.93", edgecolor=GREY, hatch="//////", linewidth=0, label="no data"),
    ]
    axes.scatter([], [], marker="s", s=9, color="0.4", label="reference exactly zero")
    axes.scatter([], [], marker="s", s=40, color="0.4", label="reference not zero")
    handles = [*axes.get_legend_handles_labels()[0][::-1], *handles]
    axes.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, 0.36), borderpad=0, labelspacing=0.35)
