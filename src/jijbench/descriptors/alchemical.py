"""SOAP spectra whose species are coupled: κ(a, b) = Σ_k u_ak u_bk, so the spectrum runs over K pseudo-species.

p_kk'nn'l = Σ_ZZ' u_Zk u_Z'k' p_ZZ'nn'l is a linear map of the full spectrum (Willatt, Musil, Ceriotti, PCCP 20, 29661,
2018). The full one is known once a geometry, over stand-ins (``soap.site_blocks``), so any u costs a contraction, and
the gradient with respect to u another.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from jijbench.data.sample import Geometry, Sample
from jijbench.descriptors.soap import SoapSettings, site_blocks
from jijbench.elements import atomic_number, symbol
from jijbench.errors import UnknownElement

#: Pauling's electronegativity (Allred, J. Inorg. Nucl. Chem. 17, 215, 1961; gaps as in the CRC Handbook). d metals,
#: and elements of the main groups that hosts are made of; no package that we always need has such a table
_PAULING = """
    H 2.20 Li 0.98 Be 1.57 B 2.04 C 2.55 N 3.04 O 3.44 F 3.98 Na 0.93 Mg 1.31 Al 1.61 Si 1.90 P 2.19 S 2.58 Cl 3.16
    K 0.82 Ca 1.00 Sc 1.36 Ti 1.54 V 1.63 Cr 1.66 Mn 1.55 Fe 1.83 Co 1.88 Ni 1.91 Cu 1.90 Zn 1.65 Ga 1.81 Ge 2.01
    As 2.18 Se 2.55 Br 2.96 Rb 0.82 Sr 0.95 Y 1.22 Zr 1.33 Nb 1.60 Mo 2.16 Tc 1.90 Ru 2.20 Rh 2.28 Pd 2.20 Ag 1.93
    Cd 1.69 In 1.78 Sn 1.96 Sb 2.05 Te 2.10 I 2.66 Cs 0.79 Ba 0.89 La 1.10 Hf 1.30 Ta 1.50 W 2.36 Re 1.90 Os 2.20
    Ir 2.20 Pt 2.28 Au 2.54 Hg 2.00 Tl 1.62 Pb 2.33 Bi 2.02
"""
ELECTRONEGATIVITY = MappingProxyType(
    {e: float(chi) for e, chi in zip(_PAULING.split()[::2], _PAULING.split()[1::2], strict=True)}
)


def properties(elements: Sequence[str]) -> np.ndarray:
    """(n, 2) Pauling electronegativity, and covalent radius in Å (Cordero et al. 2008, as in ase)."""
    from ase.data import covalent_radii

    unknown = sorted({e for e in elements if e not in ELECTRONEGATIVITY})
    if unknown:
        known = " ".join(ELECTRONEGATIVITY)
        raise UnknownElement(f"no electronegativity is known here for {', '.join(unknown)}; known are {known}")
    return np.array([(ELECTRONEGATIVITY[e], covalent_radii[atomic_number(e)]) for e in elements]).reshape(-1, 2)


def kappa(a: Sequence[str], b: Sequence[str], s_chi: float, s_r: float) -> np.ndarray:
    """(n_a, n_b) exp(−Δχ²/2 s_chi² − Δr²/2 s_r²) of elements (De et al., PCCP 18, 13754, 2016); ``s_r`` in Å."""
    return gaussian(properties(a) / (s_chi, s_r), properties(b) / (s_chi, s_r))


def gaussian(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(n, m) exp(−|x − y|²/2) of points (n, d) and (m, d)."""
    return np.exp(-((x[:, None] - y) ** 2).sum(-1) / 2)


def low_rank(known: np.ndarray, new: np.ndarray, n_species: int) -> np.ndarray:
    """(m, K) u of elements with couplings ``new`` (m, n) to those whose couplings ``known`` (n, n) are.

    The leading eigenvectors of ``known`` times the square root of their eigenvalues, continued by Nyström's formula,
    so that u uᵀ is the best coupling of rank K among the known elements.
    """
    values, vectors = np.linalg.eigh(known)
    values, vectors = values[::-1][:n_species], vectors[:, ::-1][:, :n_species]
    vectors = vectors * np.sign(vectors[np.abs(vectors).argmax(0), np.arange(vectors.shape[1])])
    inverse = np.where(values > 1e-10, 1.0 / np.sqrt(np.maximum(values, 1e-10)), 0.0)
    return np.pad(new @ (vectors * inverse), ((0, 0), (0, n_species - len(values))))


@dataclass(frozen=True)
class Sites:
    """One impurity site of each of m samples: its surroundings, and which element each stand-in is.

    ``blocks`` (E, S, S, f) of the distinct surroundings, ``block`` (m,) which of them a site has, ``species`` (m, S)
    positions of elements: of the site itself, of its partner, of further impurities, of the host.
    """

    blocks: np.ndarray
    block: np.ndarray
    species: np.ndarray

    def spectra(self, u: np.ndarray) -> np.ndarray:
        """(m, K(K+1)/2 · f) coupled spectra for ``u`` (elements, K).

        Of two equal parts kk' and k'k one is kept, times √2, so that inner products are the full double sums.
        """
        first, second, weight = _pairs(u.shape[1])
        V = u[self.species]  # (m, S, K)
        full = np.matmul(V.swapaxes(1, 2)[:, None], self._half(V, 0))  # (m, k, k', f)
        return (full[:, first, second] * weight[:, None]).reshape(len(V), -1)

    def gradient(self, u: np.ndarray, slope: np.ndarray) -> np.ndarray:
        """(elements, K) gradient over ``u`` of a value whose gradient over ``spectra(u)`` is ``slope``."""
        V, (m, S, K), f = u[self.species], (*self.species.shape, u.shape[1]), self.blocks.shape[-1]
        first, second, weight = _pairs(K)
        full = np.zeros((m, K, K, f))
        full[:, first, second] = slope.reshape(m, len(weight), f) * weight[:, None]
        dV = np.zeros((m, S, K))
        for axis, turned in ((0, full), (1, full.swapaxes(1, 2))):  # contracted over the first, the second species
            half = self._half(V, axis).swapaxes(1, 2).reshape(m, S, K * f)
            dV += half @ turned.swapaxes(2, 3).reshape(m, K * f, K)
        found = np.zeros_like(u)
        np.add.at(found, self.species, dV)
        return found

    def _half(self, V: np.ndarray, axis: int) -> np.ndarray:
        """(m, K, S, f): blocks with their first (0) or second (1) species contracted."""
        found = np.empty((len(V), V.shape[2], *self.blocks.shape[2:]))
        for k in np.unique(self.block):
            rows = self.block == k
            found[rows] = np.tensordot(V[rows], self.blocks[k], (1, axis))
        return found

    def compressed(self, tolerance: float) -> "Sites":
        """The same with fewer components f: directions weaker than ``tolerance`` times the strongest are left out."""
        _, strength, axes = np.linalg.svd(self.blocks.reshape(-1, self.blocks.shape[-1]), full_matrices=False)
        return replace(self, blocks=self.blocks @ axes[strength > tolerance * strength[0]].T)


def _pairs(K: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs k ≤ k' and their weights, 1 or √2."""
    first, second = np.triu_indices(K)
    return first, second, np.where(first == second, 1.0, np.sqrt(2.0))


def elements_of(samples: Sequence[Sample]) -> list[str]:
    """Elements of impurities and hosts, in alphabetical order."""
    hosts = {id(s.geometry): s.geometry for s in samples}.values()
    return sorted({e for s in samples for e in s.elements} | {e for g in hosts for e in _host(g)})


def _host(geometry: Geometry) -> set[str]:
    return {symbol(z) for z in np.delete(geometry.numbers, list(geometry.sites)).tolist()}


def sites_of(samples: Sequence[Sample], elements: Sequence[str], settings: SoapSettings) -> tuple[Sites, Sites]:
    """Sites i and sites j of all samples; ``elements`` must hold all of ``elements_of(samples)``."""
    geometries = {id(s.geometry): s.geometry for s in samples}
    known = [site_blocks(geometry, settings) for geometry in geometries.values()]
    place, row = {e: k for k, e in enumerate(elements)}, {name: k for k, name in enumerate(geometries)}
    size = max((blocks.shape[1] for _, blocks in known), default=0)
    gaps = [size - blocks.shape[1] for _, blocks in known]  # hosts may have different numbers of elements
    blocks = [np.pad(b, ((0, 0), (0, gap), (0, gap), *((0, 0),) * 3)) for (_, b), gap in zip(known, gaps, strict=True)]
    table = np.array(blocks).reshape(2 * len(blocks), size, size, -1)  # i, j, i, j, …
    block = np.array([row[id(s.geometry)] for s in samples], dtype=int)
    species = [[*s.elements, *known[k][0]] for s, k in zip(samples, block, strict=True)]
    found = np.array([[*(place[e] for e in names), *(0 for _ in range(size - len(names)))] for names in species])
    turned = found[:, [1, 0, *range(2, size)]]
    return Sites(table, 2 * block, found), Sites(table, 2 * block + 1, turned)


def unit(spectra: np.ndarray) -> np.ndarray:
    """Spectra of length one."""
    return spectra / np.linalg.norm(spectra, axis=1, keepdims=True)
