"""Error against the number of calculations: one curve a row and strategy, with the noise floors."""

from textwrap import fill
from typing import TYPE_CHECKING

import pandas as pd

from jijbench.data.task import load_task
from jijbench.errors import DataError
from jijbench.plots._style import WIDE, entitle, plain, say, styled
from jijbench.plots.overview import NAMES
from jijbench.tables.growth import draws_of, noise_floors, summary, without_points

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLE = "Error against the number of calculations"
#: strategies, told apart with any colour vision (Okabe and Ito) and by their markers
HOW = {"random": ("#555555", "o"), "uncertainty": ("#0072B2", "s"), "diversity": ("#E69F00", "^"), "both": ("#D55E00", "D")}  # noqa: E501  # fmt: skip
ROWS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00")
#: what a unit is called on an axis
UNITS = {
    "dimer": "dimers computed", "pair": "pairs of elements computed", "element": "magnetic elements computed",
    "host": "hosts computed", "impurity": "impurity elements computed",
}  # fmt: skip


@styled
def grown(table: pd.DataFrame) -> "Figure":
    """Mean error over folds and seeds with 95 % intervals, on logarithmic axes; ``table``: lines of one task and unit.

    Where strategies compete each row has a panel of its own, else the rows share one. Raises ``DataError`` for several
    tasks or units, or none.
    """
    from matplotlib.figure import Figure

    kinds = sorted(set(zip(table["task"], table["unit"], strict=True)))
    if len(kinds) != 1:
        raise DataError(f"a figure of growth shows one task and unit, the table holds {kinds}; select the lines of one")
    (task, unit), curves = kinds[0], summary(table)
    compete = curves["acquire"].nunique() > 1
    panels = [curves[curves["row"] == row] for row in dict.fromkeys(curves["row"])] if compete else [curves]
    figure = Figure(figsize=(max(0.52, 0.48 * len(panels)) * WIDE, 3.9), layout="constrained")
    drawn = figure.subplots(1, len(panels) or 1, sharex=True, sharey=True, squeeze=False)[0]
    about = load_task(task)
    target = about.target
    drawn[0].set_ylabel(f"{NAMES.get(target.headline, target.headline)} ({target.unit})")
    for axes, panel in zip(drawn, panels, strict=False):
        _panel(axes, panel, compete)
        axes.set_xlabel(UNITS[unit])
    floors = noise_floors(task)
    least, most = span(curves)
    for axes in drawn:
        _floors(axes, {name: value for name, value in floors.items() if least < value < most}, words=axes is drawn[0])
        axes.set_ylim(least, most)
        _ticks(axes, curves)
        plain(axes)
    if curves.empty:
        say(drawn[0], "no curve is complete")
    _beyond(drawn[0], {name: value for name, value in floors.items() if not least < value < most}, least)
    _legend(figure)
    if missing := without_points(table):
        names = ", ".join(row if how == "random" and not compete else f"{row} by {how}" for _, row, _, how in missing)
        figure.text(0.995, 0.005, f"not computed: {names}", ha="right", va="bottom", fontsize=6.5, color="0.35")
    draws = int(curves["draws"].max()) if len(curves) else 0
    entitle(figure, about, more=f", {draws} draws, 95 % intervals" if draws > 1 else "")
    return figure


def span(curves: pd.DataFrame) -> tuple[float, float]:
    """Ends of the axis of errors: those of the curves with a margin; bands may leave the panel, and floors too."""
    if curves.empty:
        return 0.1, 10.0
    low, high = float(curves["mean"].min()), float(curves["mean"].max())
    margin = max(1.5, (high / low) ** 0.15)
    return low / margin, high * margin


def _panel(axes: "Axes", panel: pd.DataFrame, compete: bool) -> None:
    """The curves of one panel: strategies where they compete, else rows."""
    axes.set(xscale="log", yscale="log")
    if compete:
        axes.set_title(panel["row"].iloc[0])
    for k, (name, curve) in enumerate(panel.groupby("acquire" if compete else "row", sort=False)):
        colour, marker = HOW[str(name)] if compete else (ROWS[k % len(ROWS)], "os^Dv"[k % 5])
        axes.fill_between(curve["units"], curve["low"].clip(lower=1e-9), curve["high"], color=colour, alpha=0.15, lw=0)
        axes.plot(
            curve["units"],
            curve["mean"],
            marker=marker,
            ms=3,
            mew=0,
            lw=1.1,
            color=colour,
            label=_label(str(name), curve),
        )


def _label(name: str, curve: pd.DataFrame) -> str:
    draws = draws_of(curve)
    return name if draws.isdigit() else f"{name} ({draws} draws)"


def _floors(axes: "Axes", floors: dict[str, float], words: bool) -> None:
    """Noise floors as lines; the words stand in the first panel only."""
    for k, (name, value) in enumerate(floors.items()):
        axes.axhline(value, color="0.35", lw=0.8, ls=(0, (1, 1.5)) if k else (0, (5, 2)), zorder=0)
        if words:
            side = {"xytext": (3, -2), "va": "top"} if k else {"xytext": (3, 2), "va": "bottom"}
            place = side | {"textcoords": "offset points", "fontsize": 6.5, "color": "0.35"}
            text = fill(f"{name}: {value:.2g}", 36)
            axes.annotate(text, (0, value), xycoords=("axes fraction", "data"), **place)


def _beyond(axes: "Axes", floors: dict[str, float], least: float) -> None:
    """Words for noise floors that lie below or above the panel."""
    text = "\n".join(f"{'↓' if value <= least else '↑'} {name}: {value:.2g}" for name, value in floors.items())
    if text:
        axes.text(0.02, 0.015, text, transform=axes.transAxes, fontsize=6.5, color="0.35", va="bottom")


def _legend(figure: "Figure") -> None:
    """One legend for all panels."""
    found = [axes.get_legend_handles_labels() for axes in figure.axes]
    handles = {label: handle for pair in found for handle, label in zip(*pair, strict=True)}
    if handles:
        figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=4, handlelength=1.6)


def _ticks(axes: "Axes", curves: pd.DataFrame) -> None:
    """Plain numbers on x, some of those that there are points for."""
    from matplotlib.ticker import FixedLocator, LogLocator, NullFormatter, NullLocator

    found = sorted(set(curves["units"].round().astype(int)))
    shown: list[int] = []
    for value in found:
        if not shown or value >= 1.45 * shown[-1]:
            shown.append(value)
    axes.xaxis.set_major_locator(FixedLocator(shown))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.yaxis.set_minor_formatter(NullFormatter())
