"""Critical temperatures: mean field for all combinations of impurities, Monte Carlo for one alloy."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from jijbench.elements import atomic_number
from jijbench.errors import ExportError
from jijbench.scores.physics import (
    PERCOLATION,
    STRONG_SHELLS,
    THRESHOLDS,
    Unstable,
    local_rpa,
    mean_field,
    neighbour_number,
    ordering_temperature,
    weighted,
)
from jijbench.spin.binder import Critical, NoCrossing, critical, uncrossed
from jijbench.spin.couplings import Couplings, couplings
from jijbench.spin.exchange import read_exchange
from jijbench.spin.export import random_alloy
from jijbench.spin.heat_bath import Samples, coupling_matrix, simulate
from jijbench.spin.lattice import Alloy, check_concentrations


@dataclass(frozen=True)
class Estimates:
    """T_c of one alloy (K): ``critical`` by Monte Carlo, ``mean_field``, ``rpa`` (None where ``rpa_note`` says why)."""

    critical: Critical
    mean_field: float
    rpa: float | None
    rpa_note: str


def magnetic_elements(table: pd.DataFrame) -> list[str]:
    """Elements of an exchange table with a coupling that is not zero, by atomic number."""
    coupled = table[pd.to_numeric(table["jij_mev"], errors="coerce").fillna(1.0) != 0]
    return sorted({*coupled["element_i"], *coupled["element_j"]}, key=atomic_number)


def tc_table(
    exchange: str | Path | pd.DataFrame,
    concentration: float | tuple[float, float],
    elements: Iterable[str] | None = None,
    shells: Iterable[int] | None = None,
) -> pd.DataFrame:
    """Mean-field T_c of every combination of two impurities, and of each alone.

    ``concentration``: in all, shared equally by the two, or of the first and the second (then every ordered pair of
    different elements is a combination, and a single element has the sum). Columns: ``element_i``, ``element_j``,
    ``c_i``, ``c_j``, ``tc_k`` of uniform order, ``order``, ``tc_any_q_k`` of the best wave vector, ``zc_…`` neighbours
    with \\|J\\| above each threshold in meV, ``percolates`` (the lowest threshold's is at least 2.7), ``missing``
    shells. Sums run over the listed shells; a combination that lacks a strong shell has no T_c.
    """
    table = exchange if isinstance(exchange, pd.DataFrame) else read_exchange(exchange)
    names = list(elements or magnetic_elements(table))
    both = (concentration / 2,) * 2 if isinstance(concentration, int | float) else concentration
    check_concentrations(dict(zip(("first", "second"), both, strict=True)))
    pairs = list(combinations_with_replacement(names, 2))
    if both[0] != both[1]:
        pairs += [(b, a) for a, b in pairs if a != b]
    whole = couplings(table, names, shells)
    return pd.DataFrame([_line(_part(whole, pair), pair, both) for pair in pairs])


def _part(whole: Couplings, pair: tuple[str, str]) -> Couplings:
    """The couplings of one or two of the elements."""
    names = tuple(dict.fromkeys(pair))
    k = np.ix_([whole.elements.index(name) for name in names], [whole.elements.index(name) for name in names])
    return Couplings(names, whole.neighbours, whole.j[k], whole.d[k], whole.known[k], whole.shells)


def _line(found: Couplings, pair: tuple[str, str], both: tuple[float, float]) -> dict:
    c = np.array(both if len(found.elements) == 2 else [sum(both)])
    missing = found.missing()
    strong = {str(shell) for shell in STRONG_SHELLS} & {str(shell) for shell in found.shells}
    counts = not any(strong & set(shells) for shells in missing.values())
    line = dict(zip(("element_i", "element_j", "c_i", "c_j"), (*pair, *both), strict=True))
    result = mean_field(found.sums(), c)
    waves = weighted(found.fourier(), np.repeat(c, len(found.neighbours.sites)))
    line |= {
        "tc_k": result.tc if counts else None,
        "order": result.order if counts else None,
        "tc_any_q_k": ordering_temperature(np.linalg.eigvalsh(waves)[:, -1].max()) if counts else None,
    }
    zc = {f"zc_{threshold:g}": neighbour_number(found.strong(threshold), c) for threshold in THRESHOLDS}
    text = "; ".join(f"{a}-{b} {' '.join(shells)}" for (a, b), shells in missing.items())
    return line | zc | {"percolates": zc[f"zc_{THRESHOLDS[0]:g}"] >= PERCOLATION, "missing": text}


def matrix(table: pd.DataFrame, column: str = "tc_k") -> pd.DataFrame:
    """The column as a matrix over elements, symmetric where both concentrations are the same."""
    elements = sorted({*table["element_i"], *table["element_j"]}, key=atomic_number)
    square = table.pivot(index="element_i", columns="element_j", values=column).reindex(elements, columns=elements)
    return square.combine_first(square.T).reindex(elements, columns=elements)


#: repeats of the host's cell along its vectors
Supercell = tuple[int, int, int]


class MonteCarlo:
    """Heat-bath runs of one alloy in two supercells; what was sampled stays here, whatever comes after.

    ``samples[which]`` holds a ``Samples`` for each finished realisation of the smaller (0) and larger (1) supercell,
    with the seeds ``seed``, ``seed + 1``, …. The order that is measured is the mean field's: species against each other
    where that says so. Raises ``ExportError`` for an alloy without uniform order, or supercells that are not two sizes.
    """

    def __init__(
        self, exchange: str | Path | pd.DataFrame, concentrations: Mapping[str, float],
        supercells: Sequence[Supercell], *, realisations: int = 4, seed: int = 0,
        shells: Iterable[int] | None = None, moments: Mapping[str, float] | None = None,
    ) -> None:  # fmt: skip
        if len(supercells) != 2 or np.prod(supercells[0]) >= np.prod(supercells[1]):
            raise ExportError(
                f"supercells {list(supercells)}: the cumulants of two sizes cross; give the smaller first"
            )
        self.supercells, drawn = list(supercells), range(seed, seed + realisations)
        self.alloys = [
            [random_alloy(exchange, concentrations, cell, seed=s, shells=shells, moments=moments) for s in drawn]
            for cell in supercells
        ]
        self.samples: tuple[list[Samples], list[Samples]] = ([], [])
        first = self.alloys[0][0]
        self.order = mean_field(first.couplings.sums(), np.array(first.concentrations))
        if self.order.order == "antiferromagnetic":
            raise ExportError(f"{', '.join(concentrations)}: the mean field finds no uniform order whose T_c to seek")

    def sample(
        self, temperatures: Sequence[float], sweeps: int = 2000, tell: Callable[[], None] = lambda: None
    ) -> Iterator[str]:
        """Run every realisation, a name after each; ``tell`` is called after each sweep."""
        signs = np.where(self.order.weights < 0, -1.0, 1.0)
        for cell, alloys, kept in zip(self.supercells, self.alloys, self.samples, strict=True):
            for alloy in alloys:
                kept.append(
                    simulate(
                        alloy.system, temperatures, sweeps=sweeps, warm_up=sweeps // 4, signs=signs, seed=alloy.seed,
                        tell=tell,
                    )
                )  # fmt: skip
                yield f"{'x'.join(map(str, cell))}, seed {alloy.seed}"

    def table(self) -> pd.DataFrame:
        """What was sampled so far: a line for each supercell, seed, block and temperature."""
        names = ("m2", "m4", "m", "energy")
        parts = [
            pd.DataFrame({"supercell": "x".join(map(str, cell)), "seed": alloy.seed, "block": block + 1,
                          "temperature": found.temperatures} | {name: getattr(found, name)[block] for name in names})
            for cell, alloys, kept in zip(self.supercells, self.alloys, self.samples, strict=True)
            for alloy, found in zip(alloys, kept, strict=False)
            for block in range(len(found.m2))
        ]  # fmt: skip
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()

    def estimates(self) -> Estimates:
        """T_c where the cumulants cross; None with a note where they do not."""
        try:
            found = critical(*self.samples)
        except NoCrossing as error:
            found = uncrossed(*self.samples, str(error))
        return Estimates(found, self.order.tc, *_rpa(self.alloys[0]))


def monte_carlo(
    exchange: str | Path | pd.DataFrame,
    concentrations: Mapping[str, float],
    supercells: Sequence[Supercell],
    temperatures: Sequence[float],
    *,
    sweeps: int = 2000,
    tell: Callable[[], None] = lambda: None,
    **alloy: Any,
) -> Estimates:
    """T_c where the Binder cumulants of two supercells cross, averaged over realisations of the random alloy.

    Further keywords and errors are those of ``MonteCarlo``. For temperatures on one side of T_c ``critical.tc`` is
    None, and its ``note`` says so.
    """
    run = MonteCarlo(exchange, concentrations, supercells, **alloy)
    for _ in run.sample(temperatures, sweeps, tell):
        pass
    return run.estimates()


def _rpa(alloys: Sequence[Alloy]) -> tuple[float | None, str]:
    """Mean of the local random-phase approximation over the stable realisations, or why there is none."""
    if any(alloy.couplings.has_dmi for alloy in alloys):
        return None, "the local random-phase approximation here knows no D"
    values, reasons = [], []
    for alloy in alloys:
        try:
            values.append(local_rpa(coupling_matrix(alloy.system)[::3, ::3].toarray()))
        except Unstable as error:
            reasons.append(str(error))
    if not values:
        return None, f"none of {len(alloys)} realisations: {reasons[0]}"
    note = f"{len(values)} of {len(alloys)} realisations ({min(values):.1f} to {max(values):.1f} K)"
    return float(np.mean(values)), note + ("; the others are not stable as ferromagnets" if reasons else "")
