"""SOAP power spectra of the impurity sites, computed once a geometry and relabelled for the elements.

The density is linear in the atoms, so the power spectrum of a site splits into blocks of two species.
dscribe computes these blocks with each impurity as a species of its own; putting elements into the
geometry only decides which blocks carry the same label and are therefore added. So a dataset of
thousands of dimers on a few geometries costs a few spectra, and the kernel is exact.

p_ZZ'nn'l = π √(8/(2l+1)) Σ_m c_Znlm c_Z'n'lm (Bartók et al. 2013; dscribe's GTO basis). Products of two
spectra are the full double sums over Z, Z', n, n'.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations_with_replacement
from typing import Literal

import numpy as np

from jijbench.cache import cached
from jijbench.data.sample import Geometry, Sample
from jijbench.elements import SYMBOLS, atomic_number

Weighting = Literal["none", "poly"]
Compression = Literal["none", "crossover", "mu1nu1", "mu2"]
Key = tuple[int, int]  # atomic numbers of a block, the smaller first; ANY where a compression has summed over species
ANY = -1


@dataclass(frozen=True)
class SoapSettings:
    """Settings of the spectra; lengths in Å.

    ``weighting = 'poly'`` lets the density of atoms fade as 1 + 2 (r/r_cut)³ − 3 (r/r_cut)². ``compression`` (Darby,
    Kermode, Csányi 2022): ``crossover`` keeps blocks of one species, ``mu1nu1`` sums over the second species and
    radial function, ``mu2`` over both species.
    """

    r_cut: float = 12.0
    n_max: int = 6
    l_max: int = 4
    sigma: float = 0.5
    weighting: Weighting = "none"
    compression: Compression = "none"


@cached("dscribe")
def _blocks(
    numbers: np.ndarray, positions: np.ndarray, site: int, species: tuple[str, ...], settings: SoapSettings
) -> np.ndarray:
    """(S, S, n, n, l+1): blocks of the spectrum of one site over S species."""
    from ase import Atoms
    from dscribe.descriptors import SOAP

    poly = {"function": "poly", "r0": settings.r_cut, "c": 1, "m": 1}
    soap = SOAP(
        species=list(species), r_cut=settings.r_cut, n_max=settings.n_max, l_max=settings.l_max, sigma=settings.sigma,
        periodic=False, rbf="gto", weighting=poly if settings.weighting == "poly" else None,
    )  # fmt: skip
    row = soap.create(Atoms(numbers, positions), centers=[site])[0]
    return np.array([[_block(row, soap, a, b) for b in species] for a in species])


def _block(row: np.ndarray, soap: object, first: str, second: str) -> np.ndarray:
    """(n, n, l+1) block of two species; dscribe lists l, n, n' (n' ≥ n within one species), lighter species first."""
    part = row[soap.get_location((first, second))]  # type: ignore[attr-defined]
    n, degrees = soap._n_max, soap._l_max + 1  # type: ignore[attr-defined]
    if first != second:
        block = part.reshape(degrees, n, n).transpose(1, 2, 0)
        return block if atomic_number(first) < atomic_number(second) else block.swapaxes(0, 1)
    block = np.zeros((n, n, degrees))
    i, j = np.triu_indices(n)
    block[i, j] = block[j, i] = part.reshape(degrees, -1).T
    return block


@dataclass
class SiteSpectra:
    """Spectra of one impurity site of many samples, as labels and rows of a shared table.

    ``vectors`` (m, n·n·(l+1)) are the distinct blocks; ``rows[key]``, ``ids[key]`` say which samples have the
    block ``key`` = (Z, Z') and which vector it is.
    """

    n: int
    rows: dict[Key, np.ndarray]
    ids: dict[Key, np.ndarray]
    vectors: np.ndarray

    def gram(self, other: "SiteSpectra") -> np.ndarray:
        """(n, n') inner products of the full spectra."""
        products = self.vectors @ other.vectors.T
        gram = np.zeros((self.n, other.n))
        for key in self.rows.keys() & other.rows.keys():
            values = products[np.ix_(self.ids[key], other.ids[key])]
            if len(self.rows[key]) == self.n and len(other.rows[key]) == other.n:
                gram += values  # every sample has the block: rows are in order
            else:
                gram[np.ix_(self.rows[key], other.rows[key])] += values
        return gram

    def products(self, other: "SiteSpectra") -> np.ndarray:
        """(n,) inner products of the two spectra of the same sample."""
        total = np.zeros(self.n)
        for key in self.rows.keys() & other.rows.keys():
            here, p, q = np.intersect1d(self.rows[key], other.rows[key], assume_unique=True, return_indices=True)
            left, right = self.vectors[self.ids[key][p]], other.vectors[other.ids[key][q]]
            total[here] += np.einsum("nf,nf->n", left, right)
        return total

    def norms(self) -> np.ndarray:
        """(n,) squared lengths of the spectra."""
        squares = (self.vectors**2).sum(1)
        total = np.zeros(self.n)
        for key, rows in self.rows.items():
            total[rows] += squares[self.ids[key]]
        return total


@dataclass
class _Table:
    """Distinct block vectors, collected while samples are labelled."""

    vectors: list[np.ndarray] = field(default_factory=list)
    known: dict[tuple, dict[tuple[int, int], int]] = field(default_factory=dict)

    def add(self, name: tuple, blocks: np.ndarray, ranks: np.ndarray, compression: Compression) -> None:
        """Keep the vectors of a site by pair of ranks, after species of equal rank have been added up."""
        merge = np.eye(ranks.max() + 1)[ranks]  # (S, labels)
        found = _compressed(np.einsum("stnml,sa,tb->abnml", blocks, merge, merge), compression)
        self.known[name] = {key: len(self.vectors) + k for k, key in enumerate(found)}
        self.vectors.extend(found.values())


def _compressed(blocks: np.ndarray, compression: Compression) -> dict[tuple[int, int], np.ndarray]:
    """Vectors by pair of ranks, of blocks (labels, labels, n, n, l+1)."""
    labels = range(len(blocks))
    if compression == "mu2":
        return {(ANY, ANY): blocks.sum((0, 1)).ravel()}
    if compression == "mu1nu1":
        return {(a, ANY): blocks[a].sum((0, 2)).ravel() for a in labels}
    if compression == "crossover":
        return {(a, a): blocks[a, a].ravel() for a in labels}
    both = combinations_with_replacement(labels, 2)
    return {(a, b): blocks[a, b].ravel() * (1.0 if a == b else np.sqrt(2.0)) for a, b in both}


def _species(geometry: Geometry) -> tuple[tuple[str, ...], np.ndarray]:
    """Stand-in species of a geometry (host elements, then one a site), lightest first; and the atoms' numbers."""
    host = sorted(set(np.delete(geometry.numbers, list(geometry.sites)).tolist()))
    spare = [z for z in range(1, 100) if z not in host][: len(geometry.sites)]
    numbers = geometry.numbers.copy()
    numbers[list(geometry.sites)] = spare
    return tuple(SYMBOLS[z - 1] for z in sorted([*host, *spare])), numbers


def site_spectra(samples: Sequence[Sample], settings: SoapSettings) -> tuple[SiteSpectra, SiteSpectra]:
    """Spectra of site i and of site j of every sample."""
    table = _Table()
    labels = [[_label(table, sample, which, settings) for sample in samples] for which in (0, 1)]
    vectors = np.array(table.vectors)
    return _gather(labels[0], vectors), _gather(labels[1], vectors)


def blind_spectra(geometry: Geometry, settings: SoapSettings) -> np.ndarray:
    """(2, f) spectra of sites i and j in which all impurities are one species, whatever their element."""
    species, numbers = _species(geometry)
    host = sorted(set(np.delete(geometry.numbers, list(geometry.sites)).tolist()))
    labels = [host.index(z) if z in host else len(host) for z in map(atomic_number, species)]
    merge = np.eye(len(host) + 1)[labels]  # (S, labels)
    blocks = [_blocks(numbers, geometry.positions, site, species, settings) for site in geometry.sites[:2]]
    return np.array([np.einsum("stnml,sa,tb->abnml", block, merge, merge).ravel() for block in blocks])


def site_blocks(geometry: Geometry, settings: SoapSettings) -> tuple[tuple[str, ...], np.ndarray]:
    """Host elements, and (2, S, S, n, n, l+1) blocks of sites i and j before elements are put in.

    The S stand-ins in their order: the site itself, its partner, further impurities, the host elements.
    """
    species, numbers = _species(geometry)
    place = {atomic_number(s): k for k, s in enumerate(species)}
    first, second, *others = (place[z] for z in numbers[list(geometry.sites)].tolist())
    host = sorted(set(place.values()) - {first, second, *others})
    orders = [[first, second, *others, *host], [second, first, *others, *host]]
    blocks = [_blocks(numbers, geometry.positions, site, species, settings) for site in geometry.sites[:2]]
    parts = [block[np.ix_(order, order)] for block, order in zip(blocks, orders, strict=True)]
    return tuple(species[k] for k in host), np.array(parts)


def _label(table: _Table, sample: Sample, which: int, settings: SoapSettings) -> dict[Key, int]:
    geometry = sample.geometry
    species, numbers = _species(geometry)
    site = geometry.sites[which]
    stand_in = {atomic_number(s): atomic_number(s) for s in species}
    stand_in |= {int(numbers[k]): atomic_number(e) for k, e in zip(geometry.sites, sample.elements, strict=True)}
    actual = np.array([stand_in[atomic_number(s)] for s in species])
    values, ranks = np.unique(actual, return_inverse=True)
    name = (id(geometry), which, tuple(ranks))
    if name not in table.known:
        blocks = _blocks(numbers, geometry.positions, site, species, replace(settings, compression="none"))
        table.add(name, blocks, ranks, settings.compression)
    element = dict(enumerate(values.tolist())) | {ANY: ANY}
    return {(element[a], element[b]): k for (a, b), k in table.known[name].items()}


def _gather(labels: list[dict[Key, int]], vectors: np.ndarray) -> SiteSpectra:
    rows: dict[Key, list[int]] = {}
    ids: dict[Key, list[int]] = {}
    for row, label in enumerate(labels):
        for key, k in label.items():
            rows.setdefault(key, []).append(row)
            ids.setdefault(key, []).append(k)
    return SiteSpectra(
        len(labels), {k: np.array(v) for k, v in rows.items()}, {k: np.array(v) for k, v in ids.items()}, vectors
    )
