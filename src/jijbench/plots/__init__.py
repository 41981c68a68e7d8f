"""Figures, always made from records; found by file, one plot each.

A file with ``TITLE`` and ``draw(pooled)`` shows one row of a task whose target is a number (None where the row lacks
what it shows), one with ``components(pooled)`` a vector, one with ``field(pooled)`` a curve; one with
``compare(table)`` shows all rows of a task (``table``: the leaderboard's lines of that task), one with
``learned(records)`` what a row's models have learned, or gives None where their records do not hold it, one with
``grown(table)`` (``jijbench.tables.growth``) how errors fall as the training part grows.
"""

import importlib
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, get_args

from jijbench.errors import UnknownName
from jijbench.files import write_atomically
from jijbench.plots._style import DPI, style
from jijbench.tables.leaderboard import leaderboard
from jijbench.tables.results import Pooled, Results

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


#: the six kinds of plots, by the function that a file of that kind has
Kind = Literal["draw", "components", "field", "compare", "learned", "grown"]
#: which of them shows the rows of a target, by the target's kind; others have no figures of their rows
OF_TARGET: Mapping[str, Kind] = MappingProxyType({"coupling": "draw", "vector": "components", "curve": "field"})


@dataclass(frozen=True)
class Plot:
    """A plot by name; ``draw`` takes what its kind says: pooled predictions, a table or records."""

    name: str
    title: str
    draw: Callable[[Any], Any]
    kind: Kind


def _load(stem: str) -> Plot:
    module = importlib.import_module(f"{__name__}.{stem}")
    kind: Kind = next(kind for kind in get_args(Kind) if hasattr(module, kind))
    return Plot(stem.replace("_", "-"), module.TITLE, getattr(module, kind), kind)


def _plots() -> dict[str, Plot]:
    stems = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if not path.stem.startswith("_"))
    return {plot.name: plot for plot in map(_load, stems)}


def names() -> list[str]:
    """Names of all plots."""
    return list(_plots())


def get(name: str) -> Plot:
    """The plot called ``name``; raises ``UnknownName``."""
    found = _plots()
    if name not in found:
        raise UnknownName("plot", name, found)
    return found[name]


#: formats of files, and what of date and version they would hold
FORMATS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"png": ("Software",), "pdf": ("CreationDate", "Creator", "Producer"), "svg": ("Date", "Creator")}
)


def image(figure: "Figure", form: str = "png") -> bytes:
    """A figure as PNG, PDF or SVG; without date and version, so that the same figure gives the same bytes."""
    buffer = io.BytesIO()
    with style():
        figure.savefig(buffer, format=form, dpi=DPI, metadata=dict.fromkeys(FORMATS[form]))
    return buffer.getvalue()


def png(figure: "Figure") -> bytes:
    """A figure as PNG."""
    return image(figure)


def save(
    results: Results, folder: Path, rows: Iterable[str] | None = None, tasks: Iterable[str] | None = None,
    form: str = "png",
) -> list[Path]:  # fmt: skip
    """Write ``figures/<task>/<row>-<plot>.png`` and ``figures/<task>/<comparison>.png``; returns the paths.

    ``form``: png, pdf or svg.

    Only rows that are complete and predict a number or a curve have figures of their own; comparisons show all complete
    rows of a task whatever ``rows`` says. Raises ``UnknownName`` for a row or task that the benchmark lacks.
    """
    groups = results.groups()
    wanted_tasks = _chosen("task", tasks, [task for task, _ in groups])
    wanted_rows = _chosen("row", rows, [row for _, row in groups])
    paths = []
    for task in wanted_tasks:
        place = _place(folder, task)
        for row in (row for row in wanted_rows if (task, row) in groups):
            drawn = _of_row(results.pooled(task, row)) | _learned(results, task, row)
            paths += _write(place, {f"{row}-{name}": figure for name, figure in drawn.items()}, form)
        paths += _write(place, _comparisons(results, task), form)
    return paths


def save_growth(table: "pd.DataFrame", folder: Path, form: str = "png") -> list[Path]:
    """Write ``figures/<task>/growth-<unit>.png`` for each task and unit of a table of growth; returns the paths."""
    plots = [plot for plot in _plots().values() if plot.kind == "grown"]
    groups = [(str(task), str(unit), part) for (task, unit), part in table.groupby(["task", "unit"], sort=False)]
    return [
        path
        for task, unit, part in groups
        for plot in plots
        for path in _write(_place(folder, task), {f"{plot.name}-{unit}": plot.draw(part)}, form)
    ]


def _chosen(kind: str, wanted: Iterable[str] | None, known: Iterable[str]) -> list[str]:
    known = list(dict.fromkeys(known))
    chosen = known if wanted is None else list(wanted)
    for name in chosen:
        if name not in known:
            raise UnknownName(kind, name, known)
    return chosen


def _place(folder: Path, task: str) -> Path:
    return folder / "figures" / task.replace("/", ".")


def _write(place: Path, figures: "Mapping[str, Figure | None]", form: str) -> list[Path]:
    """Write the figures that there are, by their name."""
    drawn = {place / f"{name}.{form}": figure for name, figure in figures.items() if figure is not None}
    for path, figure in drawn.items():
        write_atomically(path, image(figure, form))
    return list(drawn)


def _of_row(pooled: Sequence[Pooled]) -> "dict[str, Figure | None]":
    if not pooled:
        return {}
    kind = OF_TARGET.get(pooled[0].task.target.kind)
    return {plot.name: plot.draw(pooled) for plot in _plots().values() if plot.kind == kind}


def _learned(results: Results, task: str, row: str) -> "dict[str, Figure | None]":
    cells = results.groups()[task, row]
    records = [results.records[cell.slot] for cell in cells if cell.slot not in results.stale]
    if len(records) < len(cells) or any(record.status != "complete" for record in records):
        return {}
    return {plot.name: plot.draw(records) for plot in _plots().values() if plot.kind == "learned"}


def _comparisons(results: Results, task: str) -> "dict[str, Figure | None]":
    table = leaderboard(results.only(task))
    if not (table["status"] == "complete").any():
        return {}
    return {plot.name: plot.draw(table) for plot in _plots().values() if plot.kind == "compare"}
