"""Gaussian process on learned coordinates of the elements and a learned covariance of the geometries."""

from typing import Any, ClassVar

from jijbench.adapters._learned import LearnedElements
from jijbench.adapters.base import AdapterInfo
from jijbench.data.task import Question
from jijbench.targets import JIJ, Target


class PairGp(LearnedElements):
    """Σ_q k_q(A, A') k_q(B, B') b_q(R, R') + the same with A, B exchanged, on J in units of its rms in each geometry.

    k(A, A') = a_A a_A' exp(−|z_A − z_A'|² / 2) with learned coordinates z_A, whose prior mean is group, period and
    (where released) moment; b = W Wᵀ + diag, a learned covariance of the geometries (a linear model of
    coregionalisation, Álvarez et al. 2012). All are learned by the marginal likelihood of the training part. An
    element all of whose training rows are exactly zero is silent: J = 0. No descriptor: an unseen element is placed
    by its group, period and moment, an unseen geometry takes what all geometries share.
    """

    info: ClassVar[AdapterInfo] = AdapterInfo(
        citation="Rasmussen and Williams (2006); Álvarez, Rosasco, Lawrence, Found. Trends ML 4, 195 (2012)",
        licence="MIT",
        kind="descriptor",
        compressed_species=True,
        spin=True,
    )
    cheap: ClassVar[dict[str, Any]] = {"max_iter": 40}

    def __init__(
        self, *, target: Target = JIJ, seed: int = 0, n_coordinates: int = 5, rank: int = 6, n_components: int = 2,
        freedom: float = 1.0, max_iter: int = 150, n_members: int = 1,
    ) -> None:  # fmt: skip
        super().__init__(target=target, seed=seed)
        self.n_coordinates = n_coordinates
        self.rank = rank
        self.n_components = n_components
        self.freedom = freedom
        self.max_iter = max_iter
        self.n_members = n_members

    @classmethod
    def suggest(cls, trial: Any, question: Question) -> dict[str, Any]:
        return {
            "n_coordinates": trial.suggest_int("n_coordinates", 3, 6),
            "rank": trial.suggest_int("rank", 3, 8),
            "n_components": trial.suggest_int("n_components", 1, 2),
        }
