"""One HTML file that holds a whole table: opens offline, made from records alone.

A section is two files of one name in ``sections``: Python with ``TITLE``, ``ORDER`` and ``data(results)``, what the
page needs as JSON (None: the section is left out), and JavaScript that draws it. Nothing else names it.
"""

import html
import importlib
import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from jijbench import __version__
from jijbench.data.task import load_task
from jijbench.errors import MissingExtra
from jijbench.install import add_extras
from jijbench.tables.results import Results

DIGITS = 4


@dataclass(frozen=True)
class Section:
    """A part of the page: its name, heading, place, data and the JavaScript that draws it."""

    name: str
    title: str
    order: int
    data: Callable[[Results], Any]
    script: str


def all_sections() -> list[Section]:
    """All sections, in the order of the page."""
    folder = Path(__file__).parent / "sections"
    found = []
    for path in sorted(folder.glob("[a-z]*.py")):
        module = importlib.import_module(f"{__name__}.sections.{path.stem}")
        script = path.with_suffix(".js").read_text(encoding="utf-8")
        found.append(Section(path.stem, module.TITLE, module.ORDER, module.data, script))
    return sorted(found, key=lambda section: section.order)


def build(results: Results) -> str:
    """The page of a benchmark's results as text; raises ``MissingExtra`` without plotly."""
    return page(results, _plotly(), all_sections())


def page(results: Results, plotly: str, parts: list[Section]) -> str:
    """Put the page together from the plotting library's JavaScript and the sections."""
    held = {part.name: part.data(results) for part in parts}
    shown = [part for part in parts if held[part.name] is not None]
    about = {
        "benchmark": results.benchmark.benchmark,
        "version": __version__,
        "tasks": {task: _about(task) for task in dict.fromkeys(cell.task for cell in results.cells)},
        "sections": [{"name": part.name, "title": part.title} for part in shown],
    }
    holes = {
        "title": html.escape(f"jijbench: {results.benchmark.benchmark}"),
        "css": _own("page.css"),
        "plotly": plotly,
        "data": embedded({"about": about, **{part.name: held[part.name] for part in shown}}),
        "script": "\n".join([_own("page.js"), *(part.script for part in shown), "start();"]),
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda hole: holes[hole[1]], _own("page.html"))


def _about(task: str) -> dict[str, str]:
    loaded = load_task(task)
    target = loaded.target
    return {"question": loaded.protocol.question, "unit": target.unit, "kind": target.kind, "headline": target.headline}


def _own(name: str) -> str:
    return files(__name__).joinpath(name).read_text(encoding="utf-8")


def _plotly() -> str:
    try:
        from plotly.offline import get_plotlyjs
    except ImportError as error:
        raise MissingExtra(f"the report needs plotly, not installed: {add_extras('report')}") from error
    return get_plotlyjs()


def embedded(value: Any) -> str:
    """JSON that may stand inside ``<script>``: no ``<`` in it, numbers with four digits, what is no number null."""
    text = json.dumps(short(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c")


def short(value: Any) -> Any:
    """The same with floats of four significant digits and None for what is not finite."""
    if isinstance(value, dict):
        return {str(name): short(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [short(part) for part in value]
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None
    return value.item() if hasattr(value, "item") else value
