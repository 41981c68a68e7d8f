"""Map of the elements that a model has learned, beside each other as it finds them alike."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from jijbench.data.task import load_task
from jijbench.elements import atomic_number, group, period
from jijbench.plots._style import COLUMN, entitle, styled
from jijbench.records.schema import Record

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLE = "Learned map of the elements"
#: element → (2,) position
Places = dict[str, np.ndarray]


@styled
def learned(records: Sequence[Record]) -> "Figure | None":
    """Mean position of each element over the models of a row, a line along each period, a faint dot a model.

    The models are those of all folds and seeds; ``chosen.element_map_`` holds their maps. Maps that differ by a
    rotation, reflection, shift or scale say the same, so each is laid upon the first, and the first upon the periodic
    table by rotation and reflection. None where no record holds a map of three elements.
    """
    from matplotlib.figure import Figure

    maps = aligned([places for record in records if len(places := read(record)) >= 3])
    if not maps:
        return None
    figure = Figure(figsize=(COLUMN, 3.4), layout="constrained")
    axes = figure.subplots()
    _draw(axes, maps)
    count = f", {len(maps)} models" if len(maps) > 1 else ""
    entitle(figure, load_task(records[0].key.task), records[0].key.row, count)
    return figure


def read(record: Record) -> Places:
    """The map that a record holds; empty where it holds none."""
    text = (record.chosen or {}).get("element_map_")
    return {e: np.array(xy, dtype=float) for e, xy in json.loads(text).items()} if isinstance(text, str) else {}


def aligned(maps: Sequence[Places]) -> list[Places]:
    """Each map laid upon the first one by its common elements, and the first upon the periodic table (Procrustes)."""
    if not maps:
        return []
    table = {e: np.array([group(e) / 3, -period(e)], dtype=float) for e in maps[0]}
    first = _laid(maps[0], table, stretch=False)
    return [first, *(_laid(other, first, stretch=True) for other in maps[1:])]


def _laid(places: Places, onto: Places, stretch: bool) -> Places:
    """``places`` rotated, reflected and shifted (and scaled where ``stretch``) so as to be closest to ``onto``."""
    from scipy.linalg import orthogonal_procrustes

    common = [e for e in places if e in onto]
    if not common:
        return places
    x, y = (np.array([table[e] for e in common]) for table in (places, onto))
    shift, origin = x.mean(0), y.mean(0) if stretch else np.zeros(2)
    turn, size = orthogonal_procrustes(x - shift, y - y.mean(0))
    length = float(((x - shift) ** 2).sum())
    scale = size / length if stretch and length > 0 and size > 0 else 1.0
    return {e: (xy - shift) @ turn * scale + origin for e, xy in places.items()}


def apart(points: np.ndarray, width: float = 0.105, height: float = 0.08, rounds: int = 200) -> np.ndarray:
    """(n, 2) places of labels near ``points`` (n, 2), pushed off each other until none overlaps.

    ``width`` and ``height`` of a label in units of the larger extent of the points.
    """
    extent = float(np.ptp(points, axis=0).max()) if len(points) else 0.0
    size = np.array([width, height]) * (extent or 1.0)
    places = points.astype(float)
    for _ in range(rounds):
        moved = False
        for j in range(len(places)):
            for i in range(j):
                gap = places[j] - places[i]
                room = size - np.abs(gap)
                if (room <= 1e-9 * size).any():
                    continue
                axis = int(np.argmin(room / size))  # the shorter way out
                step = np.zeros(2)
                step[axis] = (room[axis] / 2 + 1e-6 * size[axis]) * (1.0 if gap[axis] >= 0 else -1.0)
                places[i], places[j], moved = places[i] - step, places[j] + step, True
        if not moved:
            break
    return places


def _explain(axes: "Axes", n: int) -> None:
    """What dots and lines mean."""
    from matplotlib.lines import Line2D

    dot = Line2D([], [], ls="", marker="o", ms=2.8, mew=0, color="0.4", label="one model")
    label = Line2D([], [], ls="", marker="s", ms=6, mfc="white", mec="0.4", label="their mean" if n > 1 else "element")
    line = Line2D([], [], color="0.7", lw=0.8, label="along a period")
    handles = [dot, label, line] if n > 1 else [label, line]
    axes.figure.legend(
        handles=handles, loc="outside lower center", ncols=3, handlelength=1.2, handletextpad=0.4, columnspacing=1.2
    )


def _draw(axes: "Axes", maps: Sequence[Places]) -> None:
    from matplotlib import colormaps
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    elements = sorted({e for places in maps for e in places}, key=atomic_number)
    mean = {e: np.mean([places[e] for places in maps if e in places], axis=0) for e in elements}
    groups = [group(e) for e in elements]
    shades = ScalarMappable(Normalize(min(groups) - 0.5, max(groups) + 0.5), colormaps["viridis"].resampled(
        max(groups) - min(groups) + 1
    ))  # fmt: skip
    places_of = dict(zip(elements, apart(np.array([mean[e] for e in elements])), strict=True))
    for number in sorted({period(e) for e in elements}):
        line = np.array([mean[e] for e in elements if period(e) == number])
        axes.plot(*line.T, color="0.7", lw=0.8, zorder=1, label=f"period {number}")
    for element, colour in zip(elements, shades.to_rgba(groups), strict=True):
        dots = np.array([places[element] for places in maps if element in places])
        axes.scatter(*dots.T, s=8, color=[colour], alpha=0.35 if len(maps) > 1 else 1.0, linewidths=0, zorder=2)
        box = {"boxstyle": "round,pad=0.15", "facecolor": (1, 1, 1, 0.6), "edgecolor": colour, "linewidth": 1.2}
        at = (places_of[element], mean[element])
        axes.plot(*np.array(at).T, color=colour, lw=0.8, zorder=2.5)  # to the mean, where the label had to move
        axes.text(*at[0], element, ha="center", va="center", fontsize=7.5, bbox=box, zorder=3)
    axes.set(xticks=[], yticks=[], xlabel="directions and units have no meaning")
    axes.set_aspect("equal", adjustable="datalim")
    axes.margins(0.12)
    _explain(axes, len(maps))
    axes.figure.colorbar(shades, ax=axes, label="group", shrink=0.8)
