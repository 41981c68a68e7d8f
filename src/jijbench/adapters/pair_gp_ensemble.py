"""Several `pair-gp`, each without one part of the training orbits; their spread is the standard deviation."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from jijbench.adapters.base import Adapter, AdapterInfo, Folds
from jijbench.adapters.pair_gp import PairGp
from jijbench.data.sample import Sample
from jijbench.data.task import Question
from jijbench.targets import JIJ, Target


class PairGpEnsemble(Adapter):
    """Mean of ``n_models`` `pair-gp`; each leaves out another of as many equal parts of the orbits, dealt by ``seed``.

    The standard deviation is the delete-a-group jackknife's, σ² = (K − 1) / K Σ_k (f_k − f̄)² (Kott, J. Off. Stat. 17,
    521 (2001)): what the answer owes to which dimers happen to be known. It knows no noise, and is zero where all
    models agree. Parts without repetition, since a Gaussian process gains nothing from a row that it gets twice.
    """

    gives_std: ClassVar[bool] = True
    info: ClassVar[AdapterInfo] = AdapterInfo(
        citation="Kott, J. Off. Stat. 17, 521 (2001); the models: Álvarez, Rosasco, Lawrence (2012), see pair-gp",
        licence="MIT",
        kind="descriptor",
        compressed_species=True,
        spin=True,
    )

    def __init__(
        self, *, target: Target = JIJ, seed: int = 0, n_models: int = 5, max_iter: int = 40, rank: int = 6
    ) -> None:
        self.target = target
        self.seed = seed
        self.n_models = n_models
        self.max_iter = max_iter
        self.rank = rank

    @classmethod
    def refuses(cls, question: Question) -> str | None:
        return PairGp.refuses(question)

    @classmethod
    def suggest(cls, trial: Any, question: Question) -> dict[str, Any]:
        return {"rank": trial.suggest_int("rank", 3, 8)}

    def fit(self, samples: Sequence[Sample], y: np.ndarray, folds: Folds | None = None) -> Self:
        parts = self._parts(samples)
        self.n_parts_ = len(parts)
        self._models = [self._new(k).fit([samples[i] for i in part], y[part]) for k, part in enumerate(parts)]
        return self

    def _parts(self, samples: Sequence[Sample]) -> list[np.ndarray]:
        """Positions that each model learns from; all for the only one where there is a single orbit."""
        orbits, place = np.unique([sample.orbit for sample in samples], return_inverse=True)
        n = min(self.n_models, len(orbits))
        hand = np.random.default_rng(self.seed).permutation(len(orbits)) % n
        return [np.flatnonzero((hand[place] != k) | (n == 1)) for k in range(n)]

    def _new(self, k: int) -> PairGp:
        return PairGp(target=self.target, seed=self.seed + k, max_iter=self.max_iter, rank=self.rank)

    def predict(self, samples: Sequence[Sample]) -> np.ndarray:
        return self.predict_std(samples)[0]

    def predict_std(self, samples: Sequence[Sample]) -> tuple[np.ndarray, np.ndarray]:
        """Mean of the models and the standard error of the jackknife."""
        answers = np.array([model.predict(samples) for model in self._models])  # (K, n) in target.unit
        return answers.mean(0), np.sqrt((len(answers) - 1) * answers.var(0))

    def save(self, folder: Path) -> None:
        super().save(folder)
        for k, model in enumerate(self._models):
            model.save(folder / f"model-{k}")

    @classmethod
    def load(cls, folder: Path) -> Self:
        model = super().load(folder)
        model._models = [PairGp.load(folder / f"model-{k}") for k in range(model.n_parts_)]
        return model
