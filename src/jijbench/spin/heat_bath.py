"""Heat-bath Monte Carlo of classical Heisenberg spins, all temperatures at once.

A sweep gives each spin a new direction drawn from exp(e·h / k_B T), h its field from the others, then reflects each
about its field (over-relaxation: the energy stays, the configuration moves on). Spins of one colour do not couple, so
they are renewed together and each draw is exact for the neighbours as they are. Spirit 2.2.0's own Monte Carlo takes
the neighbours' moves of the same sweep into the energy difference of a spin and is biased.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from jijbench.formats.spins import SpinSystem
from jijbench.units import BOLTZMANN_MEV


@dataclass(frozen=True, eq=False)
class Samples:
    """Block means of one realisation.

    ``temperatures`` (t,) K; ``m2``, ``m4``, ``m`` (b, t): mean of m², m⁴ and m of a block, m the length of the mean
    spin (each spin times the sign of its species); ``energy`` (b, t) meV a spin.
    """

    temperatures: np.ndarray
    m2: np.ndarray
    m4: np.ndarray
    m: np.ndarray
    energy: np.ndarray


def simple_cubic(n: int, j: float = 1.0) -> SpinSystem:
    """n³ spins with nearest-neighbour J (meV), whose k_B T_c is 1.443 J: the lattice to check a Monte Carlo against."""
    place = np.arange(n**3).reshape(n, n, n)
    first = np.tile(place.ravel(), 3)
    second = np.concatenate([np.roll(place, -1, axis).ravel() for axis in range(3)])
    grid = np.stack(np.meshgrid(*[np.arange(n)] * 3, indexing="ij"), -1).reshape(-1, 3)
    vector = np.repeat(np.eye(3), n**3, axis=0)
    offset = ((np.tile(grid, (3, 1)) + vector) // n).astype(int)
    size = len(first)
    return SpinSystem(
        n * np.eye(3), grid / n, ("Fe",), np.zeros(n**3, dtype=int), np.ones(n**3), first, second, offset, vector,
        np.full(size, j), np.zeros((size, 3)),
    )  # fmt: skip


def coupling_matrix(system: SpinSystem) -> Any:
    """(3n, 3n) sparse, meV: the field of all spins is the matrix times their components; J and D of both directions."""
    from scipy.sparse import coo_array

    i, j = np.concatenate([system.i, system.j]), np.concatenate([system.j, system.i])
    jij, dmi = np.tile(system.jij, 2), np.concatenate([system.dmi, -system.dmi])
    parts = [(3 * i + x, 3 * j + x, jij) for x in range(3)]
    for x, y, z in ((0, 1, 2), (1, 2, 0), (2, 0, 1)) if dmi.any() else ():  # h_i += e_j × D_ij
        parts += [(3 * i + x, 3 * j + y, dmi[:, z]), (3 * i + y, 3 * j + x, -dmi[:, z])]
    rows, columns, values = (np.concatenate(part) for part in zip(*parts, strict=True))
    return coo_array((values, (rows, columns)), shape=(3 * len(system), 3 * len(system))).tocsr()


def colours(system: SpinSystem) -> list[np.ndarray]:
    """Spins by colour, so that no two of one colour couple; greedy, those with most neighbours first."""
    neighbours: list[set[int]] = [set() for _ in range(len(system))]
    for i, j in zip(system.i.tolist(), system.j.tolist(), strict=True):
        if i == j:
            raise ValueError("a spin couples to its own image; make the supercell larger")
        neighbours[i].add(j)
        neighbours[j].add(i)
    colour = np.full(len(system), -1)
    for spin in sorted(range(len(system)), key=lambda k: (-len(neighbours[k]), k)):
        taken = {colour[k] for k in neighbours[spin]}
        colour[spin] = next(c for c in range(len(system)) if c not in taken)
    return [np.flatnonzero(colour == c) for c in range(colour.max() + 1)]


def heat_bath(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """cos θ drawn from exp(x cos θ), x = h / k_B T ≥ 0 of any shape (θ between spin and field)."""
    x = np.maximum(x, 1e-9)
    return 1.0 + np.log1p(rng.random(x.shape) * np.expm1(-2.0 * x)) / x


class Spins:
    """Configurations at all temperatures: ``e`` (n, 3, t), renewed colour by colour."""

    def __init__(self, system: SpinSystem, temperatures: Sequence[float], rng: np.random.Generator) -> None:
        self.thermal = BOLTZMANN_MEV * np.asarray(temperatures, dtype=float)  # (t,) meV
        self.rng = rng
        self.e = np.zeros((len(system), 3, len(self.thermal)))
        self.e[:, 2] = 1.0
        self.matrix = coupling_matrix(system)
        rows = [(3 * spins[:, None] + np.arange(3)).ravel() for spins in colours(system)]
        self._parts = [(part[::3] // 3, self.matrix[part]) for part in rows]

    def field(self, matrix: Any) -> np.ndarray:
        """(rows / 3, 3, t) meV."""
        n, _, t = self.e.shape
        return (matrix @ self.e.reshape(3 * n, t)).reshape(-1, 3, t)

    def sweep(self) -> None:
        """One heat bath and one over-relaxation of every spin."""
        for spins, matrix in self._parts:
            self.e[spins] = self._drawn(self.field(matrix))
        for spins, matrix in self._parts:
            h = self.field(matrix)
            square = (h**2).sum(1, keepdims=True)
            along = (self.e[spins] * h).sum(1, keepdims=True) / np.where(square > 0, square, 1.0)
            turned = 2.0 * along * h - self.e[spins]
            self.e[spins] = np.where(square > 0, turned, self.e[spins])

    def _drawn(self, h: np.ndarray) -> np.ndarray:
        length = np.sqrt((h**2).sum(1, keepdims=True))  # (c, 1, t)
        cosine = heat_bath(length / self.thermal, self.rng)
        axis = np.where(length > 0, h / np.where(length > 0, length, 1.0), np.array([0.0, 0.0, 1.0])[:, None])
        across = self.rng.standard_normal(h.shape)
        across -= (across * axis).sum(1, keepdims=True) * axis
        across /= np.sqrt((across**2).sum(1, keepdims=True))
        drawn = cosine * axis + np.sqrt(np.maximum(0.0, 1.0 - cosine**2)) * across
        return drawn / np.sqrt((drawn**2).sum(1, keepdims=True))

    def energy(self) -> np.ndarray:
        """(t,) meV a spin."""
        return -0.5 * (self.e * self.field(self.matrix)).sum((0, 1)) / len(self.e)


def simulate(
    system: SpinSystem,
    temperatures: Sequence[float],
    *,
    sweeps: int = 2000,
    warm_up: int = 500,
    blocks: int = 10,
    signs: np.ndarray | None = None,
    seed: int = 0,
    tell: Callable[[], None] = lambda: None,
) -> Samples:
    """Monte Carlo from the aligned state; ``tell`` is called after each sweep.

    ``signs`` (k,) ±1 by species: the order that is measured (default: all one way).
    """
    spins = Spins(system, temperatures, np.random.default_rng(seed))
    sign = np.ones(len(system)) if signs is None else np.sign(np.asarray(signs, dtype=float))[system.species]
    size = sweeps // blocks
    found = np.zeros((4, blocks, len(spins.thermal)))
    for step in range(warm_up + size * blocks):
        spins.sweep()
        tell()
        if step >= warm_up:
            mean = np.tensordot(sign, spins.e, axes=1) / len(system)  # (3, t)
            square = (mean**2).sum(0)
            found[:, (step - warm_up) // size] += np.array([square, square**2, np.sqrt(square), spins.energy()]) / size
    return Samples(np.asarray(temperatures, dtype=float), *found)
