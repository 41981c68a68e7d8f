"""What the writers of codes of spin dynamics start from: plain arrays of spins, and of an alloy not drawn yet."""

from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np


@dataclass(frozen=True, eq=False)
class SpinSystem:
    """Spins in a periodic cell, each unordered pair once; what writers of one realisation start from.

    ``cell`` (3, 3) Å; ``fractional`` (n, 3) in [0, 1); ``species`` (n,) index into ``elements``; ``moments`` (n,) μB;
    pair p couples spin ``i[p]`` and spin ``j[p]`` of the cell ``offset[p]`` (3,), with ``vector[p]`` (3,) Å,
    ``jij[p]`` meV and ``dmi[p]`` (3,) meV in the house convention.
    """

    cell: np.ndarray
    fractional: np.ndarray
    elements: tuple[str, ...]
    species: np.ndarray
    moments: np.ndarray
    i: np.ndarray
    j: np.ndarray
    offset: np.ndarray
    vector: np.ndarray
    jij: np.ndarray
    dmi: np.ndarray

    @property
    def positions(self) -> np.ndarray:
        """(n, 3) Å."""
        return self.fractional @ self.cell

    @property
    def symbols(self) -> list[str]:
        return [self.elements[k] for k in self.species]

    def energy(self, e: np.ndarray) -> float:
        """meV, of unit vectors (n, 3)."""
        scalar = (e[self.i] * e[self.j]).sum(1)
        triple = (self.dmi * np.cross(e[self.i], e[self.j])).sum(1)
        return -float(self.jij @ scalar + triple.sum())

    def both(self) -> "SpinSystem":
        """The same pairs listed from either end, sorted by first spin (for codes that want it so)."""
        i, j = np.concatenate([self.i, self.j]), np.concatenate([self.j, self.i])
        offset, vector, dmi = (np.concatenate([a, -a]) for a in (self.offset, self.vector, self.dmi))
        order = np.lexsort((*offset.T, j, i))
        parts = {"i": i, "j": j, "offset": offset, "vector": vector, "jij": np.tile(self.jij, 2), "dmi": dmi}
        changes: dict[str, Any] = {name: values[order] for name, values in parts.items()}
        return replace(self, **changes)

    def __len__(self) -> int:
        return len(self.species)


@dataclass(frozen=True, eq=False)
class Mixture:
    """k species at random on the sites of a cell, before any is drawn: for codes that draw by themselves.

    ``cell`` (3, 3) Å, ``repeats`` of it along each axis; ``fractional`` (s, 3); ``concentrations`` and ``moments`` (k,)
    share of the sites, μB. Pair p, listed from either end, couples site ``i[p]`` and site ``j[p]`` of the cell
    ``offset[p]`` (3,): ``jij[p]`` (k, k) meV by species, ``dmi[p]`` (k, k, 3) meV, in the house convention.
    """

    cell: np.ndarray
    repeats: tuple[int, int, int]
    fractional: np.ndarray
    elements: tuple[str, ...]
    concentrations: tuple[float, ...]
    moments: tuple[float, ...]
    i: np.ndarray
    j: np.ndarray
    offset: np.ndarray
    jij: np.ndarray
    dmi: np.ndarray


class RandomAlloy(Protocol):
    """An alloy to write: not drawn yet, and one realisation of it, drawn with the seed.

    ``host`` is its formula, ``reach`` (Å) the distance beyond which nothing couples.
    """

    @property
    def mixture(self) -> Mixture: ...
    @property
    def system(self) -> SpinSystem: ...
    @property
    def seed(self) -> int: ...
    @property
    def host(self) -> str: ...
    @property
    def reach(self) -> float: ...
