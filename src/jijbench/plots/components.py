"""Parity of a vector, component by component and by length."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from jijbench.plots._style import BLUE, WIDE, heading, plain, styled, symbol
from jijbench.tables.results import Pooled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TITLE = "Components of a vector"


@styled
def components(pooled: Sequence[Pooled]) -> "Figure":
    """Reference on x, prediction on y of each Cartesian component, and of the length; all seeds together."""
    from matplotlib.figure import Figure

    target, what = pooled[0].task.target, symbol(pooled)
    truth, mean = (np.concatenate([getattr(p, name) for p in pooled]) for name in ("truth", "mean"))
    pairs = {f"${what}_{axis}$": (truth[:, k], mean[:, k]) for k, axis in enumerate("xyz")}
    pairs[f"$|{what}|$"] = target.size(truth), target.size(mean)
    figure = Figure(figsize=(WIDE, 2.5), layout="constrained")
    for axes, (name, (x, y)) in zip(figure.subplots(1, len(pairs)), pairs.items(), strict=True):
        ends = min(x.min(), y.min()), max(x.max(), y.max())
        axes.plot(ends, ends, color="0.25", lw=0.7, zorder=1)
        axes.scatter(x, y, s=6, color=BLUE, linewidths=0, alpha=0.6, zorder=2)
        axes.set(xlabel=f"{name} from KKR ({target.unit})", ylabel="predicted", box_aspect=1)
        axes.locator_params(nbins=4)
        plain(axes)
    heading(figure, pooled)
    return figure
