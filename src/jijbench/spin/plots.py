"""Figures of critical temperatures, magnetisation and cumulants."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from jijbench.plots._style import BLUE, COLUMN, GREY, ORANGE, WIDE, styled
from jijbench.scores.physics import PERCOLATION, THRESHOLDS
from jijbench.spin.binder import Critical

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@styled
def tc_map(table: pd.DataFrame) -> "Figure":
    """T_c of a ``tc_table`` as a map over elements: number in K, hatching without a T_c.

    A frame marks uniform order other than ferromagnetic, a dot fewer neighbours than percolation needs at the middle
    threshold.
    """
    from matplotlib.figure import Figure

    from jijbench.spin.tc import matrix

    values = matrix(table).to_numpy(dtype=float)
    elements = list(matrix(table).columns)
    figure = Figure(figsize=(WIDE * 0.72, WIDE * 0.66), layout="constrained")
    axes = figure.subplots()
    axes.patch.set(facecolor="0.93", edgecolor=GREY, hatch="//////", linewidth=0)
    n = len(elements)
    mesh = axes.pcolormesh(np.ma.masked_invalid(values), cmap="viridis", vmin=0.0, vmax=np.nanmax(values))
    axes.set(xlim=(0, n), ylim=(n, 0), aspect="equal")
    axes.set_xticks(np.arange(n) + 0.5, elements)
    axes.set_yticks(np.arange(n) + 0.5, elements)
    axes.tick_params(length=0)
    few = matrix(table, f"zc_{THRESHOLDS[1]:g}").to_numpy(dtype=float) < PERCOLATION
    _marks(axes, values, matrix(table, "order").to_numpy(dtype=object), few)
    figure.colorbar(mesh, ax=axes, label="mean-field $T_c$ (K)", shrink=0.85)
    first = table.iloc[0]
    axes.set_title(f"{first['c_i']:g} + {first['c_j']:g} of the Bi sites")
    axes.set_xlabel(
        f"frame: ferrimagnetic; 0: no uniform order; hatched: a strong shell has no J;\n"
        f"dot: fewer than {PERCOLATION} neighbours with |J| ≥ {THRESHOLDS[1]} meV"
    )
    return figure


def _marks(axes: "Axes", values: np.ndarray, order: np.ndarray, few: np.ndarray) -> None:
    from matplotlib.patches import Rectangle

    for i, j in np.argwhere(np.isfinite(values)):
        light = "white" if values[i, j] < 0.6 * np.nanmax(values) else "black"
        axes.text(j + 0.5, i + 0.5, f"{values[i, j]:.0f}", ha="center", va="center", color=light, fontsize=7)
        if order[i, j] == "ferrimagnetic":
            axes.add_patch(Rectangle((j + 0.08, i + 0.08), 0.84, 0.84, fill=False, edgecolor=ORANGE, linewidth=1.1))
        if few[i, j]:
            axes.plot(j + 0.85, i + 0.17, ".", color=light, markersize=3)


@styled
def magnetisation(table: pd.DataFrame, title: str) -> "Figure":
    """Magnetisation and energy against temperature, from ``run_llg``."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(COLUMN, 4.0), layout="constrained")
    axes = figure.subplots(2, sharex=True)
    labels = {"magnetisation": "|Σ μ e| / Σ μ", "energy": "energy (meV a spin)"}
    for (name, label), part, colour in zip(labels.items(), axes, (BLUE, ORANGE), strict=True):
        part.errorbar(table["temperature"], table[name], table[f"{name}_error"], color=colour, marker="o", ms=3, lw=1)
        part.set_ylabel(label)
    axes[0].set_ylim(0, 1)
    axes[1].set_xlabel("temperature (K)")
    figure.suptitle(title)
    return figure


@styled
def cumulants(found: Critical, sizes: tuple[str, str], title: str) -> "Figure":
    """Binder cumulants of two sizes, and where they cross, if they do."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(COLUMN, 2.6), layout="constrained")
    axes = figure.subplots()
    for curve, size, colour in zip((found.small, found.large), sizes, (BLUE, ORANGE), strict=True):
        axes.plot(found.temperatures, curve, color=colour, marker="o", ms=3, lw=1, label=size)
    if found.tc is not None and found.error is not None:
        axes.axvspan(found.tc - found.error, found.tc + found.error, color=GREY, alpha=0.4, lw=0)
        axes.axvline(found.tc, color="0.3", lw=0.8, label=f"$T_c$ = {found.tc:.1f} ± {found.error:.1f} K")
    axes.set(xlabel="temperature (K)", ylabel="Binder cumulant")
    axes.legend()
    figure.suptitle(title)
    return figure
