"""An exchange table put onto all neighbours of the host: J and D by species and pair of sites."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from jijbench.errors import DataError, ExportError
from jijbench.spin.exchange import DMI, exchange_table, species_of
from jijbench.spin.neighbours import Group, Neighbours, load_neighbours

#: meV; two rows that a symmetry makes equal may differ by rounding, not by more
AGREEMENT = 1e-3


@dataclass(frozen=True, eq=False)
class Couplings:
    """Couplings of k species at the m directed pairs of ``neighbours``, house convention.

    ``j`` (k, k, m) meV: element a at the first site, b at the second; ``d`` (k, k, m, 3) meV the
    Dzyaloshinskii–Moriya vector; ``known`` (k, k, m) bool says where the table has a value (elsewhere both are zero).
    ``shells`` are those taken into account.
    """

    elements: tuple[str, ...]
    neighbours: Neighbours
    j: np.ndarray
    d: np.ndarray
    known: np.ndarray
    shells: tuple[int, ...]

    @property
    def has_dmi(self) -> bool:
        return bool(self.d.any())

    @property
    def used(self) -> np.ndarray:
        """(m,) bool: pairs of the shells taken into account."""
        return np.isin(self.neighbours.shell, self.shells)

    @property
    def reach(self) -> float:
        """Å, the longest distance taken into account."""
        return float(self.neighbours.distance[self.used].max())

    def sums(self) -> np.ndarray:
        """(k, k) meV, K_ab = Σ_R J_ab(R) over the listed neighbours of one site."""
        return (self.j * self.used).sum(-1) / len(self.neighbours.sites)

    def fourier(self, points: int = 6) -> np.ndarray:
        """(points³, k·s, k·s) meV, J_ab(q) of species and sublattices on a grid of q, q = 0 first."""
        host, k, s = self.neighbours, len(self.elements), len(self.neighbours.sites)
        grid = np.array(list(itertools.product(np.arange(points) / points, repeat=3)))
        phases = np.exp(2j * np.pi * grid @ host.offset.T)  # (q, m)
        found = np.zeros((len(grid), k, s, k, s), dtype=complex)
        for m in np.flatnonzero(self.used):
            found[:, :, host.i[m], :, host.j[m]] += phases[:, m, None, None] * self.j[:, :, m]
        return found.reshape(len(grid), k * s, k * s)

    def strong(self, threshold: float) -> np.ndarray:
        """(k, k) number of neighbours of one site with \\|J\\| ≥ ``threshold`` meV."""
        return ((np.abs(self.j) >= threshold) & self.used).sum(-1) / len(self.neighbours.sites)

    def missing(self) -> dict[tuple[str, str], list[str]]:
        """Shells (and triplets) without a value, by pair of elements in the order of ``elements``."""
        groups, found = self.neighbours.groups, {}
        for a, first in enumerate(self.elements):
            for b in range(a, len(self.elements)):
                lacking = {groups[m] for m in np.flatnonzero(self.used & ~self.known[a, b])}
                if lacking:
                    found[first, self.elements[b]] = [f"{shell}{triplet}" for shell, triplet in sorted(lacking)]
        return found

    def require(self) -> "Couplings":
        """Itself; raises ``ExportError`` naming the pairs and shells without a value."""
        lacking = self.missing()
        if lacking:
            text = "; ".join(f"{a}-{b}: {', '.join(shells)}" for (a, b), shells in lacking.items())
            raise ExportError(
                f"the exchange table has no J for these pairs and shells: {text}; predict them, or leave the shells out"
            )
        return self


def couplings(
    table: pd.DataFrame, elements: Sequence[str], shells: Iterable[int] | None = None, host: Neighbours | None = None
) -> Couplings:
    """Put the rows of an exchange table that belong to ``elements`` onto all pairs that symmetry makes of them.

    D is a pseudovector: an operation g turns it to det(g) g D. A pair seen from its other end has J_ba = J_ab and
    D_ba = −D_ab. ``shells`` limits what is taken into account (default: every shell of the table).
    Raises ``DataError`` where two rows contradict each other, ``UnknownElement`` for an element without rows.
    """
    host = host or load_neighbours()
    wanted = None if shells is None else sorted(set(shells))
    table = exchange_table(table, host, wanted)
    wanted = wanted or sorted(set(table["shell"]))
    _check_shells(wanted, table)
    species_of(table, elements)
    place = {element: k for k, element in enumerate(elements)}
    values = _Values(host, len(elements))
    rows = table[table["element_i"].isin(place) & table["element_j"].isin(place) & table["shell"].isin(wanted)]
    for row in rows.to_dict("records"):
        groups = [(row["shell"], row["triplet"])] if row["triplet"] else host.of_shell(row["shell"])
        values.add(place[row["element_i"]], place[row["element_j"]], groups, row)
    return Couplings(tuple(elements), host, values.j, values.d, values.known, tuple(wanted))


def _check_shells(wanted: Sequence[int], table: pd.DataFrame) -> None:
    unknown = sorted(set(wanted) - set(table["shell"]))
    if unknown or not wanted:
        raise ExportError(f"shells {unknown} are not in the exchange table; choose others")


class _Values:
    """The arrays of ``Couplings`` while they are filled."""

    def __init__(self, host: Neighbours, k: int) -> None:
        self.host = host
        self.j = np.zeros((k, k, len(host)))
        self.d = np.zeros((k, k, len(host), 3))
        self.known = np.zeros((k, k, len(host)), dtype=bool)

    def add(self, a: int, b: int, groups: Sequence[Group], row: Mapping) -> None:
        dmi = np.array([row[name] for name in DMI], dtype=float)
        if len(groups) > 1 and dmi.any():
            raise DataError(f"{_name(row)}: a D vector belongs to one triplet; name it in the column `triplet`")
        for group in groups:
            pairs, turns = self.host.images[group]
            turned = np.linalg.det(turns)[:, None] * (turns @ dmi)  # (n, 3)
            for pair, d in zip(pairs, turned, strict=True):
                self._put(a, b, pair, row, d)
                self._put(b, a, self.host.reverse[pair], row, -d)

    def _put(self, a: int, b: int, pair: int, row: Mapping, d: np.ndarray) -> None:
        if self.known[a, b, pair]:
            if abs(self.j[a, b, pair] - row["jij_mev"]) > AGREEMENT:
                raise DataError(
                    f"{_name(row)}: J = {row['jij_mev']:g} meV, another row that symmetry makes equal says "
                    f"{self.j[a, b, pair]:g}; keep one, or tell triplets a and b apart in the column `triplet`"
                )
            if np.abs(self.d[a, b, pair] - d).max() > AGREEMENT:
                vector, two = self.host.vector[pair].round(3).tolist(), np.round([self.d[a, b, pair], d], 4).tolist()
                raise DataError(
                    f"{_name(row)}: D = {[float(row[name]) for name in DMI]} meV does not have the symmetry of the "
                    f"host: the pair {vector} Å gets both {two[0]} and {two[1]}; correct the vector"
                )
        self.j[a, b, pair], self.d[a, b, pair], self.known[a, b, pair] = row["jij_mev"], d, True


def _name(row: Mapping) -> str:
    return f"{row['element_i']}-{row['element_j']}, shell {row['shell']}{row['triplet']}"
