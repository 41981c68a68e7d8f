"""All neighbours of the sites that impurities may take, from the listed shells by the host's symmetry."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import pandas as pd

from jijbench.data.dataset import Dataset, dataset_for, load_dataset
from jijbench.data.host import Host
from jijbench.data.symmetry import operations, site_at
from jijbench.data.validate import host_of
from jijbench.errors import DataError

#: number of a shell, and a or b where it has two triplets that no symmetry joins (else empty)
Group = tuple[int, str]


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Directed neighbour pairs of the primitive cell, both directions listed.

    ``sites`` names the k sites of the sublattice, at ``positions`` (k, 3) Å; pair m leads from site ``i[m]`` of cell 0
    to site ``j[m]`` of the cell ``offset[m]`` (3,), and ``vector[m]`` (3,) Å; ``reverse[m]`` is the same pair from its
    other end. ``images`` holds for each group the symmetry operations that make its pairs from the listed one: pair
    index and rotation (3, 3), once an operation.
    """

    host: Host
    sites: tuple[str, ...]
    i: np.ndarray
    j: np.ndarray
    offset: np.ndarray
    vector: np.ndarray
    reverse: np.ndarray
    images: Mapping[Group, tuple[np.ndarray, np.ndarray]]

    @cached_property
    def positions(self) -> np.ndarray:
        return np.array([self.host.position(site) for site in self.sites])

    @cached_property
    def distance(self) -> np.ndarray:
        """(m,) Å."""
        return np.linalg.norm(self.vector, axis=1)

    @cached_property
    def shell(self) -> np.ndarray:
        """(m,) number of the shell."""
        shells = np.zeros(len(self), dtype=int)
        for (shell, _), (pairs, _) in self.images.items():
            shells[pairs] = shell
        return shells

    @cached_property
    def groups(self) -> list[Group]:
        """(m,) group of each pair, seen from its first site."""
        found: list[Group] = [(0, "")] * len(self)
        for group, (pairs, _) in self.images.items():
            for pair in pairs:
                found[pair] = group
        return found

    def shell_distance(self, shell: int) -> float:
        """Å."""
        return float(self.distance[self.shell == shell][0])

    def of_shell(self, shell: int) -> list[Group]:
        """The one group of a shell, or its two triplets."""
        return [group for group in self.images if group[0] == shell]

    def __len__(self) -> int:
        return len(self.i)


def main_dataset() -> Dataset:
    """The suite's exchange interactions, whose shells make whole sums."""
    return load_dataset(dataset_for("critical-temperature"))


def load_neighbours(dataset: str | None = None) -> Neighbours:
    """Neighbours in the host of a dataset (None: the main one), within the shells that it lists."""
    return _neighbours(main_dataset() if dataset is None else load_dataset(dataset))


@lru_cache(maxsize=4)
def _neighbours(dataset: Dataset) -> Neighbours:
    """Pairs are found from one listed dimer of each group, then numbered in the order of shell and triplet."""
    host, images = host_of(dataset), {}
    keys: dict[tuple, int] = {}
    for group, row in representatives(dataset.table).items():
        geometry = dataset.samples[row].geometry
        a, b = geometry.sublattices[:2]
        found = _images(host, a, b, geometry.displacement)
        images[group] = [keys.setdefault(key, len(keys)) for key, _ in found], np.array([turn for _, turn in found])
    alone = [key for key in keys if _reversed(key) not in keys]
    if alone:
        raise DataError(f"{dataset.id} lists no dimer for the pair {_reversed(alone[0])} of its host; add its triplet")
    sites = tuple(sorted({key[0] for key in keys}))
    i, j = (np.array([sites.index(key[end]) for key in keys]) for end in (0, 1))
    offset = np.array([key[2:] for key in keys])
    positions = np.array([host.position(site) for site in sites])
    reverse = np.array([keys[_reversed(key)] for key in keys])
    vector = positions[j] + offset @ host.cell - positions[i]
    made = {group: (np.array(pairs), turns) for group, (pairs, turns) in images.items()}
    return Neighbours(host, sites, i, j, offset, vector, reverse, made)


def _reversed(key: tuple) -> tuple:
    """A pair (site i, site j, cell offset) from its other end."""
    a, b, *offset = key
    return (b, a, *(-n for n in offset))


def representatives(table: pd.DataFrame) -> dict[Group, int]:
    """Row of one listed dimer for each group: a shell without triplets, or a triplet."""
    triplets = table["triplet"].fillna("") if "triplet" in table else pd.Series("", index=table.index)
    first = {group: k for k, group in reversed(list(enumerate(zip(table["shell"], triplets, strict=True))))}
    split = {shell for shell, triplet in first if triplet}
    return {group: first[group] for group in sorted(first) if group[1] or group[0] not in split}


def _images(host: Host, a: str, b: str, displacement: np.ndarray) -> list[tuple[tuple, np.ndarray]]:
    """What each operation of the host makes of a pair: (site i, site j, cell of j from that of i), rotation."""
    found, inverse = [], np.linalg.inv(host.cell)
    for turn, shift in zip(*operations(host), strict=True):
        start = turn @ host.position(a) + shift
        ends = site_at(host, start), site_at(host, start + turn @ displacement)
        gap = turn @ displacement + host.position(ends[0]) - host.position(ends[1])
        found.append(((*ends, *(int(n) for n in np.round(gap @ inverse))), turn))
    return found
