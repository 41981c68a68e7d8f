"""Whether a model knows its errors: calibration of its standard deviations, and the error of what it is sure of."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from jijbench.plots._style import BLUE, GREY, ORANGE, WIDE, heading, plain, say, styled, together
from jijbench.scores import calibration
from jijbench.tables.results import Pooled
from jijbench.tables.uncertainty import rows_with_std

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLE = "Calibration"


@styled
def draw(pooled: Sequence[Pooled]) -> "Figure | None":
    """Observed against expected share in central intervals, error against deviation, and error of the rows kept.

    Rows that the headline counts, all seeds together; None for a row without standard deviations. Raises ``DataError``
    where there is nothing to draw.
    """
    from matplotlib.figure import Figure

    table = together(pooled)  # raises where there is nothing, or no number
    if table["std"].isna().any():
        return None
    figure = Figure(figsize=(WIDE, 2.5), layout="constrained")
    heading(figure, pooled)
    panels = figure.subplots(1, 3)
    for axes in panels:
        plain(axes)
    error, std, weight = (np.concatenate(parts) for parts in zip(*map(rows_with_std, pooled), strict=True))
    if len(error):
        unit = pooled[0].task.target.unit
        _curve(panels[0], error, std, weight)
        _spread(panels[1], error, std, unit)
        _kept(panels[2], error, std, weight, unit)
    else:
        say(panels[1], "no magnetic pairs")
    return figure


def _curve(axes: "Axes", error: np.ndarray, std: np.ndarray, weight: np.ndarray) -> None:
    axes.plot([0, 1], [0, 1], color=GREY, lw=0.8)
    axes.plot(calibration.GRID, calibration.curve(error, std, weight), "o-", color=BLUE, ms=3, lw=1)
    axes.set(xlabel="expected share in the interval", ylabel="observed share", xlim=(0, 1), ylim=(0, 1))
    area = calibration.miscalibration(error, std, weight)
    axes.text(0.05, 0.93, f"miscalibration {area:.2f}", transform=axes.transAxes, va="top", fontsize=7)


def _spread(axes: "Axes", error: np.ndarray, std: np.ndarray, unit: str) -> None:
    axes.set(xlabel=f"standard deviation ({unit})", ylabel=f"absolute error ({unit})")
    seen = (std > 0) & (error != 0)
    if not seen.any():
        say(axes, "no error to show")
        return
    axes.plot(std[seen], np.abs(error)[seen], ".", color=BLUE, ms=2, alpha=0.5, mew=0, label="one prediction")
    ends = np.array([std[seen].min(), std[seen].max()])
    for level, style in ((0.5, "-"), (0.95, "--")):
        axes.plot(
            ends, calibration.normal_half(ends, level), color=ORANGE, lw=0.8, ls=style, label=f"{level:.0%} below"
        )
    axes.set(xscale="log", yscale="log")
    axes.legend(loc="lower right", handlelength=1.5, markerscale=3)


def _kept(axes: "Axes", error: np.ndarray, std: np.ndarray, weight: np.ndarray, unit: str) -> None:
    whole = np.average(np.abs(error), weights=weight)
    for by, colour, label in ((std, BLUE, "by deviation"), (np.abs(error), GREY, "by the error itself")):
        share, kept = calibration.retention(error, by, weight)
        axes.plot(share, kept, color=colour, lw=1, label=label)
    axes.axhline(whole, color=ORANGE, lw=0.8, ls=(0, (4, 3)), label="at random")
    axes.set(xlabel="share of rows kept", ylabel=f"MAE of the kept ({unit})", xlim=(0, 1))
    axes.set_ylim(bottom=0)
    axes.legend(loc="upper left", handlelength=1.5)
