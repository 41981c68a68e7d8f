"""What all plots share: sizes, colours, one style in force while a figure is drawn or saved."""

import contextlib
import functools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from textwrap import fill
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import numpy as np
import pandas as pd

from jijbench.data.task import Task
from jijbench.errors import DataError
from jijbench.tables.results import Pooled
from jijbench.targets.mesh import relative_mesh

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

P = ParamSpec("P")
R = TypeVar("R")

#: inch; one column and the full width of a two-column page
COLUMN, WIDE = 3.4, 7.0
#: letters of a title on an inch
LETTERS = 15
#: dots per inch of a saved figure
DPI = 160
#: told apart with any colour vision (Okabe and Ito)
BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#B8B8B8"

STYLE = MappingProxyType(
    {
        "font.size": 8,
        "axes.titlesize": 8,
        "axes.labelsize": 8,
        "figure.titlesize": 9,
        "xtick.labelsize": 7.5,
        "ytick.labelsize": 7.5,
        "legend.fontsize": 7.5,
        "legend.frameon": False,
        "axes.linewidth": 0.6,
        "xtick.major.width": 0.6,
        "ytick.major.width": 0.6,
        "hatch.linewidth": 0.4,
        "axes.unicode_minus": True,
        "figure.dpi": DPI,
        "figure.constrained_layout.h_pad": 0.06,
        "figure.constrained_layout.w_pad": 0.06,
        "pdf.fonttype": 42,  # letters stay letters
        "svg.hashsalt": "jijbench",  # the same figure gives the same bytes
    }
)


@contextlib.contextmanager
def style() -> Iterator[None]:
    """matplotlib's own defaults with ``STYLE`` on top; what was in force before comes back afterwards."""
    import matplotlib.style

    with matplotlib.style.context(["default", dict(STYLE)]):
        yield


def styled(function: Callable[P, R]) -> Callable[P, R]:
    """Run a function that draws inside ``style``, whatever the user's own settings are."""

    @functools.wraps(function)
    def inner(*args: P.args, **kwargs: P.kwargs) -> R:
        with style():
            return function(*args, **kwargs)

    return inner


def together(pooled: Sequence[Pooled]) -> pd.DataFrame:
    """Tables of all seeds, one below the other; raises ``DataError`` for no seed or a target of several numbers."""
    _need(pooled)
    if pooled[0].task.target.shape:
        shape, name = pooled[0].task.target.shape, pooled[0].task.target.name
        raise DataError(
            f"this plot shows one number a sample, target {name!r} has shape {shape}; use a plot made for it"
        )
    return pd.concat([p.table for p in pooled], ignore_index=True)


def _need(pooled: Sequence[Pooled]) -> None:
    if not pooled:
        raise DataError("nothing to draw: the row has no pooled predictions; run its missing, failed or stale cells")


@dataclass(frozen=True, eq=False)
class Curves:
    """Test curves of all seeds, one below the other.

    ``truth`` and ``mean`` (n, k) in the target's unit, on ``mesh`` (k,) r/r_ws; ``volume`` (k,) is what a point weighs.
    ``table`` holds the samples' own columns with ``host``, ``weight`` and ``error``, the rms error over the cell.
    """

    truth: np.ndarray
    mean: np.ndarray
    mesh: np.ndarray
    volume: np.ndarray
    table: pd.DataFrame


def stacked(pooled: Sequence[Pooled]) -> Curves:
    """Curves of all seeds; raises ``DataError`` for no seed or a target that is no curve."""
    _need(pooled)
    target, volume = pooled[0].task.target, pooled[0].task.target.volume
    if volume is None:
        raise DataError(f"this plot shows curves, target {target.name!r} is none; use a plot made for it")
    truth, mean = (np.concatenate([getattr(p, name) for p in pooled]) for name in ("truth", "mean"))
    table = pd.concat([p.table for p in pooled], ignore_index=True)
    hosts = [p.task.dataset.samples[k].host for p in pooled for k in p.rows]
    table = table.assign(host=hosts, error=target.size(mean - truth))
    return Curves(truth, mean, relative_mesh(len(volume)), volume, table)


def symbol(pooled: Sequence[Pooled]) -> str:
    """What stands on an axis for the target."""
    return pooled[0].task.target.symbol


def significant(value: float, digits: int = 3) -> str:
    """A number with that many significant digits, trailing zeros kept."""
    return f"{value:#.{digits}g}".rstrip(".")


_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def in_words(task: Task) -> str:
    """What is predicted, in which host, and what the protocol asks, with its name."""
    host = re.sub(r"(?<=[A-Za-z)])\d+", lambda n: n[0].translate(_SUBSCRIPTS), task.dataset.card.host)
    return f"{task.target.subject} in {host}: {task.protocol.question} ({task.protocol.name})"


def entitle(figure: "Figure", task: Task, row: str | None = None, more: str = "") -> None:
    """Title of a figure: the row on a line of its own, then the task in words, as wide as the figure."""
    wrapped = fill(in_words(task) + more, int(LETTERS * figure.get_figwidth()), break_on_hyphens=False)
    figure.suptitle(wrapped if row is None else f"{row}\n{wrapped}")


def heading(figure: "Figure", pooled: Sequence[Pooled]) -> None:
    """Title of a figure of one row, with the seeds where there are several."""
    seeds = f", {len(pooled)} seeds" if len(pooled) > 1 else ""
    entitle(figure, pooled[0].task, pooled[0].row, seeds)


def say(axes: "Axes", text: str, **settings: Any) -> None:
    """Write a remark into the middle of a panel: why it is empty."""
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color="0.35", **settings)


def plain(axes: "Axes") -> None:
    """Leave only the left and the lower frame line."""
    axes.spines[["top", "right"]].set_visible(False)
