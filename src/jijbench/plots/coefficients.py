"""Parity of the leading coefficients of curves: their parts along the directions in which the reference varies most."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from jijbench.plots._style import BLUE, WIDE, Curves, heading, say, significant, stacked, styled
from jijbench.plots.curves import INNER, span
from jijbench.scores.metrics import r2, rmse
from jijbench.tables.results import Pooled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLE = "Parity of the leading coefficients"
#: how many modes are shown, and the smallest singular value that counts, over the first
MODES, NOISE = 4, 1e-9


@styled
def field(pooled: Sequence[Pooled]) -> "Figure":
    """Reference on x, prediction on y: the coefficients of each curve along the reference's leading singular vectors.

    Singular vectors are those of all test curves, weighted by volume and not centred, so the squared coefficients of a
    curve add up to its mean square over the cell. The small panel is the vector itself, over r/r_ws.
    """
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    curves = stacked(pooled)
    vectors, shares = modes(curves)
    unit = pooled[0].task.target.unit
    figure = Figure(figsize=(0.74 * WIDE, 5.1), layout="constrained")
    panels = figure.subplots(2, MODES // 2).ravel()
    truth, mean = (coefficients(values, vectors, curves.volume) for values in (curves.truth, curves.mean))
    for k, axes in enumerate(panels):
        axes.set(box_aspect=1, xlabel=f"KKR ({unit})", ylabel=f"predicted ({unit})")
        if k < len(vectors):
            axes.set_title(f"{k + 1}: {significant(100 * shares[k])} % of mean square")
            _parity(axes, truth[:, k], mean[:, k], curves, unit)
            _vector(axes, curves.mesh, vectors[k])
        else:
            say(axes, "the reference varies\nin no further way")
            axes.set(xticks=[], yticks=[])
    dot = Line2D([], [], ls="", marker="o", ms=3, mew=0, color=BLUE, label="one test curve")
    mode = Line2D([], [], color="0.25", lw=0.8, label="shape of the part, over $r/r_{\\mathrm{ws}}$")
    figure.legend(handles=[dot, mode], loc="outside lower center", ncols=2)
    heading(figure, pooled)
    return figure


def modes(curves: Curves) -> tuple[np.ndarray, np.ndarray]:
    """(m, k) leading singular vectors of the reference, mean square one over the cell; (m,) their shares of its square.

    Signs are such that a vector's mean over the cell is positive; m ≤ ``MODES`` is smaller where the rank is.
    """
    scaled = np.sqrt(curves.table["weight"].to_numpy())[:, None] * curves.truth
    left, size, _ = np.linalg.svd(scaled * np.sqrt(curves.volume), full_matrices=False)
    keep = (size > NOISE * size[0]) & (np.arange(len(size)) < MODES)
    vectors = (left[:, keep] / size[keep]).T @ scaled
    vectors *= np.where(vectors @ curves.volume < 0, -1.0, 1.0)[:, None]
    return vectors, size[keep] ** 2 / ((size**2).sum() or 1.0)


def coefficients(values: np.ndarray, vectors: np.ndarray, volume: np.ndarray) -> np.ndarray:
    """(n, m) parts of curves (n, k) along orthonormal vectors (m, k), in the curves' unit."""
    return (values * volume) @ vectors.T


def _parity(axes: "Axes", truth: np.ndarray, mean: np.ndarray, curves: Curves, unit: str) -> None:
    from matplotlib.ticker import MaxNLocator

    weight = curves.table["weight"].to_numpy()
    ends = span(np.concatenate([truth, mean]))
    axes.plot(ends, ends, color="0.25", lw=0.7, zorder=1)
    axes.scatter(truth, mean, s=7, color=BLUE, alpha=0.5, linewidths=0, zorder=2)
    axes.set(xlim=ends, ylim=ends)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
        axis.set_major_formatter(lambda value, _: f"{value:g}".replace("-", "−"))
    found, error = r2(truth, mean, weight), rmse(truth, mean, weight) or 0.0
    text = f"R² {'undefined' if found is None else f'{round(found, 3) + 0.0:.3f}'}\nRMSE {significant(error, 2)} {unit}"
    box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.0}
    axes.text(0.04, 0.96, text.replace("-", "−"), transform=axes.transAxes, va="top", fontsize=7.5, bbox=box, zorder=4)


def _vector(axes: "Axes", mesh: np.ndarray, vector: np.ndarray) -> None:
    """The shape of a mode, small in the corner that parity leaves free."""
    inner = axes.inset_axes((0.68, 0.05, 0.29, 0.22), facecolor="none")  # points beneath stay visible
    inner.spines[:].set_color("0.6")
    inner.axhline(0, color="0.7", lw=0.4)
    inner.plot(mesh, vector, color="0.25", lw=0.8)
    inner.set(xlim=(0, 1), ylim=span(vector[mesh > INNER]), xticks=[], yticks=[])
