"""Floor: a low-rank factorisation of the table pair × shell."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from jijbench.adapters.base import AdapterInfo, Folds, MomentGated, orbit_folds
from jijbench.adapters.floors.base import Additive, floor_info
from jijbench.data.sample import Sample

RANKS = (1, 2, 3, 4)
RIDGES = (0.003, 0.03, 0.3)


class LowRank(MomentGated):
    """J[pair, geometry] ≈ Σ_k u_k[pair] v_k[geometry], each geometry scaled to unit rms first.

    Alternating ridge least squares (Koren et al. 2009); rank and ridge are chosen on the inner folds.
    A pair or geometry that training has not seen gets the additive effects.
    """

    info: ClassVar[AdapterInfo] = floor_info("low-rank table pair x shell, additive effects where it is unseen")

    def learn(self, samples: Sequence[Sample], y: np.ndarray, folds: Folds | None) -> None:
        folds = orbit_folds(samples) if folds is None else folds
        grid = [(rank, ridge) for rank in RANKS for ridge in RIDGES]
        errors = [
            np.mean(
                [self._inner_error(samples, y, fold, *point) for fold in folds if len(fold[0]) and len(fold[1])]
                or [0.0]
            )
            for point in grid
        ]
        self.rank_, self.ridge_ = grid[int(np.argmin(errors))]
        self.train_, self.y_ = tuple(samples), y
        self.restore()

    def restore(self) -> None:
        self._fallback = Additive(self.train_, self.y_)
        self._table = _Table(self.train_, self.y_, self.rank_, self.ridge_)

    def _inner_error(
        self, samples: Sequence[Sample], y: np.ndarray, fold: tuple[np.ndarray, np.ndarray], rank: int, ridge: float
    ) -> float:
        train, valid = fold
        table = _Table([samples[k] for k in train], y[train], rank, ridge)
        mean, known = table.predict([samples[k] for k in valid])
        return float(np.abs(mean - y[valid])[known].mean()) if known.any() else 0.0

    def answer(self, samples: Sequence[Sample]) -> np.ndarray:
        mean, known = self._table.predict(samples)
        return np.where(known, mean, self._fallback(samples))


class _Table:
    """The factorised table."""

    def __init__(self, samples: Sequence[Sample], y: np.ndarray, rank: int, ridge: float, sweeps: int = 30) -> None:
        self.rows = {key: k for k, key in enumerate(sorted({s.pair for s in samples}))}
        self.columns = {key: k for k, key in enumerate(sorted({s.signature for s in samples}))}
        i = np.array([self.rows[s.pair] for s in samples])
        j = np.array([self.columns[s.signature] for s in samples])
        power = np.bincount(j, y**2, len(self.columns)) / np.bincount(j, minlength=len(self.columns))
        self.scale = np.sqrt(np.maximum(power, 1e-12))
        table = np.zeros((len(self.rows), len(self.columns)))
        seen = np.zeros_like(table)
        table[i, j], seen[i, j] = y / self.scale[j], 1.0
        self.u, self.v = _alternate(table, seen, rank, ridge, sweeps)

    def predict(self, samples: Sequence[Sample]) -> tuple[np.ndarray, np.ndarray]:
        """(n,) values, and (n,) bool where the table knows both pair and geometry."""
        i = np.array([self.rows.get(s.pair, -1) for s in samples])
        j = np.array([self.columns.get(s.signature, -1) for s in samples])
        return (self.u[i] * self.v[j]).sum(1) * self.scale[j], (i >= 0) & (j >= 0)


def _alternate(
    table: np.ndarray, seen: np.ndarray, rank: int, ridge: float, sweeps: int
) -> tuple[np.ndarray, np.ndarray]:
    """Alternating ridge regressions of rows and columns, started from the leading singular vectors."""
    _, s, vt = np.linalg.svd(table, full_matrices=False)
    v = (vt[:rank] * np.sqrt(s[:rank, None])).T
    for _ in range(sweeps):
        u = _ridge_rows(table, seen, v, ridge)
        v = _ridge_rows(table.T, seen.T, u, ridge)
    return u, v


def _ridge_rows(table: np.ndarray, seen: np.ndarray, v: np.ndarray, ridge: float) -> np.ndarray:
    gram = np.einsum("pk,pq,pr->qkr", v, seen.T, v) + ridge * np.eye(v.shape[1])
    return np.linalg.solve(gram, ((table * seen) @ v)[..., None])[..., 0]
