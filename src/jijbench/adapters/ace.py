"""ACE: J is the sum of the energies of its two impurity sites, each a function of the site's projections."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar, Literal, cast

import numpy as np
from scipy.optimize import minimize

from jijbench.adapters.base import Adapter, AdapterInfo, Folds
from jijbench.adapters.kernel_adapter import KernelAdapter
from jijbench.data.sample import Sample
from jijbench.data.task import Question
from jijbench.descriptors.ace import AceSettings, Key, RadialBasis, Sites, sites
from jijbench.errors import DataError
from jijbench.gp.ridge import Scan
from jijbench.targets import JIJ, Target

#: radial functions and degrees for one, two and three neighbours
N_MAX, L_MAX = (12, 4, 2), (0, 3, 1)
#: leading eigenvectors of the kernel that span the second density
N_MODES = 500


class Ace(KernelAdapter):
    """J = e_i + e_j, e = ρ₁ for ``embedding = 'linear'`` and ρ₁ + F(ρ₂) for ``'fs'``, ρ_p = Σ_ν c_ν^(p) B_ν.

    Every centre element has coefficients c of its own, with a prior correlation ``coupling`` between any two elements
    (0 in the published form). The functions B_ν are brought to one size before: unit mean square over the surroundings
    in training, divided by how many have as many neighbours and as many impurities among them. The ridge regression is
    solved in its dual form. F is the Finnis-Sinclair function of exponent ½ (``root``); c⁽²⁾ under the same penalty as
    c⁽¹⁾ is a local minimum of the squared error, with c⁽¹⁾ solved for exactly. The standard deviation is that of ρ₁ as
    a Gaussian process, with ρ₂ taken as known. Radial functions are not fitted. The cutoff exceeds the largest pair
    distance, so each site sees the other.
    """

    requires: ClassVar[tuple[str, ...]] = ("python-ace",)
    info: ClassVar[AdapterInfo] = AdapterInfo(
        citation="Drautz, PRB 99, 014104 (2019); python-ace: Lysogorskiy et al., npj Comput. Mater. 7, 97 (2021), "
        "Bochkarev et al., PR Materials 6, 013804 (2022)",
        licence="Academic Software Licence (python-ace): non-commercial use only, not open source",
        kind="descriptor",
    )

    def __init__(
        self, *, target: Target = JIJ, seed: int = 0, embedding: Literal["linear", "fs"] = "linear",
        body_order: int = 4, coupling: float = 0.5, radial_basis: RadialBasis = "ChebExpCos",
        radial_parameter: float = 5.25, r_cut: float = 12.0, max_iter: int = 100,
    ) -> None:  # fmt: skip
        super().__init__(target=target, seed=seed)
        self.embedding = embedding
        self.body_order = body_order
        self.coupling = coupling
        self.radial_basis = radial_basis
        self.radial_parameter = radial_parameter
        self.r_cut = r_cut
        self.max_iter = max_iter

    @classmethod
    def suggest(cls, trial: Any, question: Question) -> dict[str, Any]:
        return {
            "embedding": trial.suggest_categorical("embedding", ["linear", "fs"]),
            "body_order": trial.suggest_categorical("body_order", [2, 3, 4]),
            "coupling": trial.suggest_categorical("coupling", [0.0, 0.25, 0.5, 0.75]),
            "radial_basis": trial.suggest_categorical("radial_basis", ["ChebExpCos", "SBessel"]),
            "radial_parameter": trial.suggest_categorical("radial_parameter", [3.0, 5.25, 8.0]),
        }

    def learn(self, samples: Sequence[Sample], y: np.ndarray, folds: Folds | None) -> None:
        if self.embedding == "fs" and len(samples) > self.exact_below:
            raise DataError(f"embedding 'fs' needs an exact kernel: {len(samples)} samples, at most {self.exact_below}")
        super().learn(samples, y, folds)
        self.unit_ = float(np.sqrt(np.mean(y[y != 0] ** 2))) if (y != 0).any() else 1.0  # in target.unit
        self.beta_ = np.zeros_like(self.alpha_)
        if self.embedding == "fs" and y.any():
            self._embed(y)

    def _embed(self, y: np.ndarray) -> None:
        """Fit the second density; then the first one to what it leaves."""
        scan = cast(Scan, self._scan)  # larger parts are refused above
        halves = [self._half(self._seen, side, self._seen) for side in (0, 1)]
        fit = Embedding(scan, self.regulariser_ * scan.scale, halves, y / self.unit_)
        found = minimize(fit, fit.start(), jac=True, method="L-BFGS-B", options={"maxiter": self.max_iter})
        self.beta_ = fit.weights(found.x)
        rest = y - self.unit_ * sum(root(half @ self.beta_)[0] for half in halves)
        scan.turned = scan.U.T @ rest
        self.alpha_ = scan.weights(self.regulariser_)
        self.variance_ = float(np.mean(rest * self.alpha_))

    def restore(self) -> None:
        surroundings = sites(self.train_, self._settings())
        self._hosts = {int(z) for s in self.train_ for z in s.geometry.numbers}
        self._sizes = self._typical(surroundings)
        self._seen = self._scaled(surroundings)

    def features(self, samples: Sequence[Sample]) -> Sites:
        return self._scaled(sites(samples, self._settings()))

    def _settings(self) -> AceSettings:
        n = self.body_order - 1
        return AceSettings(self.r_cut, N_MAX[:n], L_MAX[:n], self.radial_basis, self.radial_parameter)

    def _nameless(self, key: Key) -> Key:
        """The tuple of species with every element that is none of the host's called 0."""
        return tuple(z if z in self._hosts else 0 for z in key)

    def _typical(self, surroundings: Sites) -> dict[Key, np.ndarray]:
        """(f,) what divides the functions of each nameless tuple of species."""
        pooled: dict[Key, list[np.ndarray]] = {}
        for key, values in surroundings.values.items():
            pooled.setdefault(self._nameless(key), []).append(values)
        alike: dict[tuple[int, int], int] = {}  # functions by number of neighbours, and of impurities among them
        for key, tables in pooled.items():
            kind = len(key), key.count(0)
            alike[kind] = alike.get(kind, 0) + tables[0].shape[1]
        return {
            key: np.sqrt(np.mean(np.concatenate(tables) ** 2, 0) * alike[len(key), key.count(0)]) + 1e-12
            for key, tables in pooled.items()
        }

    def _scaled(self, surroundings: Sites) -> Sites:
        """Every function in units of its typical size; tuples of species that training has none of are left out."""
        values = {
            key: table / self._sizes[self._nameless(key)]
            for key, table in surroundings.values.items()
            if self._nameless(key) in self._sizes
        }
        return replace(surroundings, rows={key: surroundings.rows[key] for key in values}, values=values)

    def kernel(self, a: Sites, b: Sites) -> np.ndarray:
        return self._half(a, 0, b) + self._half(a, 1, b)

    def _half(self, a: Sites, side: int, b: Sites) -> np.ndarray:
        """(n_a, n_b) kernel of one site of each dimer in ``a`` with both sites of each in ``b``."""
        gram, total = a.gram(b)[a.place[:, side]], np.zeros((len(a.place), len(b.place)))
        for other in (0, 1):
            alike = a.centres[:, side, None] == b.centres[:, other]
            total += np.where(alike, 1.0, self.coupling) * gram[:, b.place[:, other]]
        return total

    def diagonal(self, a: Sites) -> np.ndarray:
        gram, (i, j) = a.gram(a), a.place.T
        alike = np.where(a.centres[:, 0] == a.centres[:, 1], 1.0, self.coupling)
        return gram[i, i] + gram[j, j] + 2 * alike * gram[i, j]

    def answer(self, samples: Sequence[Sample]) -> np.ndarray:
        seen, total = self.features(samples), np.zeros((len(samples), *self.target.shape))
        for side in (0, 1):
            half = self._half(seen, side, self._seen)
            total += half @ self.alpha_ + self.unit_ * root(half @ self.beta_)[0]
        return total

    def predict_std(self, samples: Sequence[Sample]) -> tuple[np.ndarray, np.ndarray]:
        return self.predict(samples), super().predict_std(samples)[1]

    def out_of_fold(self, samples: Sequence[Sample], y: np.ndarray, folds: Folds) -> list[np.ndarray]:
        """In closed form for the linear embedding; the other one has none and is fitted again."""
        if self.embedding == "linear":
            return super().out_of_fold(samples, y, folds)
        return Adapter.out_of_fold(self, samples, y, folds)


def root(rho: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """F(ρ) = sign(ρ) [√(|ρ| + e/4) − e/2] with e = exp(−|ρ|), and its derivative: smooth at 0, a square root far away.

    python-ace's FinnisSinclairShiftedScaled for the exponent ½ (Bochkarev et al. 2022).
    """
    size = np.abs(rho)
    fade = np.exp(-size)
    stem = np.sqrt(size + fade / 4)
    return np.sign(rho) * (stem - fade / 2), (1 - fade / 4) / (2 * stem) + fade / 2


class Embedding:
    """Penalised squared error as a function of the second density alone, the first one being solved for.

    min over θ₁ of |r − Φθ₁|² + λ|θ₁|² = λ rᵀ(K + λ)⁻¹r with r = y − F(Φ_i θ) − F(Φ_j θ), plus λ|θ|². The features of a
    site are its kernel with all training dimers, projected on the leading eigenvectors of K: Φ_i + Φ_j = U √d.
    """

    def __init__(self, scan: Scan, level: float, halves: Sequence[np.ndarray], y: np.ndarray) -> None:
        modes = np.flatnonzero(scan.d > 1e-10 * scan.d[-1])[-N_MODES:]
        self.scan, self.level, self.y = scan, level, y
        self.d = scan.d[modes]
        self.turn = scan.U[:, modes] / np.sqrt(self.d)  # (n, modes)
        self.sites = [half @ self.turn for half in halves]
        self.shrink = level / (np.maximum(scan.d, 0) + level)

    def start(self) -> np.ndarray:
        """Half of the linear solution."""
        share = self.d / (self.d + self.level) / 2
        return (self.turn.T @ self.y * share.reshape(-1, *(1 for _ in self.y.shape[1:]))).ravel()

    def weights(self, theta: np.ndarray) -> np.ndarray:
        """Dual weights of the second density, of the shape of y."""
        return self.turn @ self._shaped(theta)

    def _shaped(self, theta: np.ndarray) -> np.ndarray:
        return theta.reshape(-1, *self.y.shape[1:])

    def __call__(self, theta: np.ndarray) -> tuple[float, np.ndarray]:
        parts = [root(site @ self._shaped(theta)) for site in self.sites]
        rest = self.y - parts[0][0] - parts[1][0]
        left = self.scan.U @ ((self.scan.U.T @ rest).T * self.shrink).T  # λ (K + λ)⁻¹ r
        slope = sum(site.T @ (df * left) for site, (_, df) in zip(self.sites, parts, strict=True))
        value = float(np.sum(rest * left)) + self.level * float(theta @ theta)
        return value, 2 * (self.level * theta - np.ravel(slope))
