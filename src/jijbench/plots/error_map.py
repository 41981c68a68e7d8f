"""Map of the error: element against element, a panel for each shell."""

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from jijbench.elements import SYMBOLS, atomic_number, period
from jijbench.plots._style import COLUMN, GREY, WIDE, heading, styled, together
from jijbench.tables.results import Pooled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PolyCollection
    from matplotlib.colors import LogNorm
    from matplotlib.figure import Figure
    from matplotlib.gridspec import GridSpec

TITLE = "Error by elements and shell"
#: Sc to Zn and Y to Cd
D_ELEMENTS = (*SYMBOLS[20:30], *SYMBOLS[38:48])
#: panels in a line, and the decades that the colours span
COLUMNS, DECADES = 4, 4
MAP = "viridis_r"
NO_DATA: Mapping[str, Any] = MappingProxyType(
    {"facecolor": "0.93", "edgecolor": GREY, "hatch": "//////", "linewidth": 0}
)


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
    side = WIDE / COLUMNS if len(shells) > 1 else COLUMN
    width = columns * side if len(shells) > 1 else 1.6 * side
    figure = Figure(figsize=(width, lines * side + 0.45), layout="constrained")
    grid = figure.add_gridspec(lines, columns, width_ratios=None if len(shells) > 1 else (1.0, 0.5))
    norm = colours(table)
    for k, shell in enumerate(shells):
        axes = figure.add_subplot(grid[divmod(k, columns)])
        _panel(axes, table[table["shell"] == shell], elements, norm)
        _ticks(axes, elements, left=k % columns == 0, below=k + columns >= len(shells))
    _key(figure, grid, len(shells), norm, pooled[0].task.target.unit, side)
    heading(figure, pooled)
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
    from matplotlib.colors import ListedColormap

    error, zero = matrices(table, elements)
    n, exact = len(elements), ~np.isnan(error) & zero
    error = np.maximum(error, norm.vmin or 0.0)  # a logarithmic scale has no place for zero
    axes.patch.set(**NO_DATA)
    axes.pcolormesh(np.ma.masked_where(~exact, error), cmap=ListedColormap(["white"]))
    axes.pcolormesh(np.ma.masked_where(np.isnan(error) | exact, error), cmap=MAP, norm=norm)
    axes.add_collection(_small_squares(exact, array=error[exact], cmap=MAP, norm=norm, linewidth=0))
    axes.set(xlim=(0, n), ylim=(n, 0), aspect="equal")
    axes.set_title(f"shell {table['shell'].iloc[0]}, {table['distance_angstrom'].mean():.2f} Å", pad=3)
    periods = [period(element) for element in elements]
    for k in (np.flatnonzero(np.diff(periods)) + 1).tolist():
        axes.axhline(k, color="0.2", lw=0.6)
        axes.axvline(k, color="0.2", lw=0.6)


def _small_squares(where: np.ndarray, **settings: Any) -> "PolyCollection":
    """A square of half a cell's side in the middle of each marked cell."""
    from matplotlib.collections import PolyCollection

    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * 0.225
    centres = np.argwhere(where)[:, ::-1] + 0.5  # column is x, line is y
    return PolyCollection(list(centres[:, None] + corners), **settings)


def _ticks(axes: "Axes", elements: Sequence[str], left: bool, below: bool) -> None:
    """Element labels on the outer panels, every other one further out so that they do not touch."""
    centres = np.arange(len(elements)) + 0.5
    axes.set_xticks(centres, ["\n" * (k % 2) + e for k, e in enumerate(elements)] if below else [])
    axes.set_yticks(centres, [e + " " * 6 * (k % 2) for k, e in enumerate(elements)] if left else [])
    axes.tick_params(length=0, pad=1.5, labelsize=6)


def _key(figure: "Figure", grid: "GridSpec", n: int, norm: "LogNorm", unit: str, side: float) -> None:
    """Colour bar and meaning of the squares, in the places that the panels leave free."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.patches import Patch

    line, column = divmod(n, grid.ncols)
    axes = figure.add_subplot(grid[line, column:])
    axes.set_axis_off()
    inner = axes.inset_axes((0.1, 0.66, 0.8, 0.15 / side))
    bar = figure.colorbar(ScalarMappable(norm, MAP), cax=inner, orientation="horizontal", extend="both")
    bar.set_label(f"MAE ({unit})")
    sizes = {"reference not zero": 40, "reference exactly zero": 9}
    marks = [axes.scatter([], [], marker="s", s=size, color="0.4", label=label) for label, size in sizes.items()]
    empty = Patch(**NO_DATA, label="no data")
    handles = [*marks, empty]
    close = {"borderpad": 0, "labelspacing": 0.35, "handlelength": 1.5, "handletextpad": 0.5, "fontsize": 7}
    axes.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, 0.66 - 0.63 / side), **close)
