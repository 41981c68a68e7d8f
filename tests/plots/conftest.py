"""Predictions made by hand: no model runs."""

from collections.abc import Callable

import numpy as np
import pytest

from jijbench.data.task import load_task
from jijbench.tables.results import Pooled

PLAIN = "jij-bi2te3/jij/published-90-10"
TRANSFER = "jij-published-table/jij/transfer"
CURVES = "deltav-elemental/dv/random-orbit"


@pytest.fixture(scope="session")
def by_hand() -> Callable[..., Pooled]:
    """Truth with noise as the predictions of a task's test samples; ``keep`` limits them to magnetic ones or others."""

    def make(name: str = PLAIN, *, seed: int = 0, magnetic: bool | None = None) -> Pooled:
        task = load_task(name)
        rows = task.dataset.rows([i for fold in task.split.folds for i in fold.test])
        if magnetic is not None:
            rows = rows[task.dataset.magnetic[rows] == magnetic]
        truth, n = task.dataset.truth(task.target.name)[rows], len(rows)
        mean = 0.8 * truth + 0.3 * np.random.default_rng(seed).normal(size=n)
        return Pooled(task, "made-up", seed, rows, mean, np.full(n, 0.3), truth, np.ones(n), np.zeros(n, dtype=int))

    return make


@pytest.fixture(scope="session")
def curves_by_hand() -> Callable[..., Pooled]:
    """Predictions of the first ``n`` test curves of a task, each off by its ``shift`` (n,) at all points.

    That is also the rms error of the curve; by default the k-th of n curves is off by (k + 1) / n.
    """

    def make(name: str = CURVES, *, shift=None, seed: int = 0, n: int | None = None) -> Pooled:
        task = load_task(name)
        rows = task.dataset.rows([i for fold in task.split.folds for i in fold.test])[
            : n if shift is None else len(shift)
        ]
        truth, n = task.dataset.truth(task.target.name)[rows], len(rows)
        off = np.arange(1, n + 1) / n if shift is None else np.asarray(shift, dtype=float)
        mean = truth + off[:, None]
        return Pooled(task, "made-up", seed, rows, mean, np.full(n, 0.3), truth, np.ones(n), np.zeros(n, dtype=int))

    return make
