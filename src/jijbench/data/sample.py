"""A sample: impurities at marked sites of a host cluster, and the pair asked about. No target inside."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from jijbench.elements import atomic_number

if TYPE_CHECKING:
    from ase import Atoms


def _frozen(values: Iterable, dtype: type) -> np.ndarray:
    array: np.ndarray = np.array(values, dtype=dtype)
    array.setflags(write=False)
    return array


@dataclass(frozen=True, eq=False)
class Geometry:
    """A finite piece of the host with its impurity sites marked, shared by many samples.

    Attributes
    ----------
    id, host : name of the geometry within its dataset, and of the host crystal
    numbers : (n,) atomic numbers of the undoped host
    positions : (n, 3) Å
    sites : indices of the impurity sites; the pair asked about is ``sites[0], sites[1]``, and of a single impurity the
        site with itself
    sublattices : name of the host site each impurity replaces
    cell : (3, 3) Å, rows are lattice vectors of the host's primitive cell (metadata: the cluster is finite)
    shell : number of the neighbour shell of the pair, or None
    """

    id: str
    host: str
    numbers: np.ndarray
    positions: np.ndarray
    sites: tuple[int, ...]
    sublattices: tuple[str, ...]
    cell: np.ndarray
    shell: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "numbers", _frozen(self.numbers, int))
        object.__setattr__(self, "positions", _frozen(self.positions, float))
        object.__setattr__(self, "cell", _frozen(self.cell, float))

    def __reduce__(self) -> tuple:  # pickled arrays would come back writeable
        return Geometry, tuple(getattr(self, name) for name in self.__dataclass_fields__)

    @property
    def pair(self) -> tuple[int, int]:
        """Indices of the two sites asked about, the same twice for a single impurity."""
        return self.sites[0], self.sites[:2][-1]

    @cached_property
    def displacement(self) -> np.ndarray:
        """(3,) Å, from site i to site j."""
        i, j = self.pair
        return self.positions[j] - self.positions[i]

    @cached_property
    def distance(self) -> float:
        """Å, between the two sites of the pair."""
        return float(np.linalg.norm(self.displacement))

    @cached_property
    def signatures(self) -> tuple[str, str]:
        """Fingerprint of the surroundings seen from i to j, and from j to i.

        Made of the distances of all host atoms to both sites, so it is the same for clusters that a rotation,
        reflection, shift or reordering of atoms makes equal, and for both directions where a symmetry
        exchanges the sites.
        """
        ends = self.positions[list(self.pair)]
        gaps = np.round(np.linalg.norm(self.positions[:, None] - ends, axis=-1), 1) + 0.0
        rows = np.column_stack([gaps, self.numbers])
        return _digest(rows), _digest(rows[:, [1, 0, 2]])


def _digest(rows: np.ndarray) -> str:
    ordered = rows[np.lexsort(rows.T)]
    return hashlib.sha256(np.ascontiguousarray(ordered).tobytes()).hexdigest()[:12]


@dataclass(frozen=True, eq=False)
class Sample:
    """Impurity ``elements`` at the sites of ``geometry``; the pair asked about comes first.

    ``orbit`` names the set of samples that a symmetry of the host, or naming i and j the other way
    round, makes equal. ``inputs`` holds what a task releases beyond the structure, for instance
    ``moments`` (n_impurities,) in μB.
    """

    id: str
    geometry: Geometry
    elements: tuple[str, ...]
    orbit: str
    inputs: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        frozen = {key: _frozen(value, float) for key, value in self.inputs.items()}
        object.__setattr__(self, "inputs", MappingProxyType(frozen))

    def __reduce__(self) -> tuple:  # a mapping proxy cannot be pickled
        return Sample, (self.id, self.geometry, self.elements, self.orbit, dict(self.inputs))

    @property
    def host(self) -> str:
        return self.geometry.host

    @property
    def shell(self) -> int | None:
        return self.geometry.shell

    @property
    def distance(self) -> float:
        """Å, between the impurities of the pair."""
        return self.geometry.distance

    @property
    def pair(self) -> tuple[str, str]:
        """Elements of the pair in alphabetical order: the same for (A, B) and (B, A)."""
        first, second = sorted(self.ends)
        return first, second

    @property
    def ends(self) -> tuple[str, str]:
        """Elements at the two sites of the pair, the same twice for a single impurity."""
        return self.elements[0], self.elements[:2][-1]

    @property
    def signature(self) -> str:
        """Fingerprint of the geometry, read from the lighter impurity to the heavier one.

        With ``pair`` it names the dimer whichever impurity is called i.
        """
        forward, backward = self.geometry.signatures
        first, second = (atomic_number(element) for element in self.ends)
        if first == second:
            return min(forward, backward)
        return forward if first < second else backward

    @property
    def impurities(self) -> tuple[int, ...]:
        """Indices of the impurities in ``positions``; the pair asked about first."""
        return self.geometry.sites

    @property
    def moments(self) -> np.ndarray | None:
        """(n_impurities,) μB where the task releases them, else None."""
        return self.inputs.get("moments")

    @property
    def numbers(self) -> np.ndarray:
        """(n,) atomic numbers with the impurities in place."""
        numbers = self.geometry.numbers.copy()
        numbers[list(self.impurities)] = [atomic_number(element) for element in self.elements]
        return numbers

    @property
    def positions(self) -> np.ndarray:
        """(n, 3) Å."""
        return self.geometry.positions

    @property
    def atoms(self) -> Atoms:
        """The cluster as ``ase.Atoms``; array ``impurity`` is 1, 2, … on the impurities and 0 elsewhere."""
        from ase import Atoms

        atoms = Atoms(self.numbers, self.positions, cell=self.geometry.cell, pbc=False)
        tags = np.zeros(len(atoms), dtype=int)
        tags[list(self.impurities)] = np.arange(1, len(self.impurities) + 1)
        atoms.set_array("impurity", tags)
        atoms.info.update(id=self.id, host=self.host, orbit=self.orbit)
        return atoms


def magnetic(samples: Iterable[Sample]) -> np.ndarray | None:
    """(n,) bool: both impurities of the pair carry a moment; None where moments are not released."""
    moments = [sample.moments for sample in samples]
    if any(moment is None for moment in moments):
        return None
    return np.array([bool(np.all(moment[:2] != 0)) for moment in moments if moment is not None], dtype=bool)
