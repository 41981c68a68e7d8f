"""Grid-centred linear Jacobi-Legendre model of a spherical potential."""

from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np

from jijbench.adapters.base import Adapter, AdapterInfo, Folds, orbit_folds
from jijbench.data.potentials.start import host_element
from jijbench.data.sample import Sample
from jijbench.data.task import Question
from jijbench.descriptors.jacobi import JacobiSettings, polynomials
from jijbench.targets import JIJ, Target
from jijbench.targets.mesh import POINTS, volume_weights

#: penalties tried, in units of the mean diagonal of the normal matrix
RIDGES = (10.0 ** np.arange(-10.0, 0.0)).tolist()


class JacobiLegendre(Adapter):
    """C(r) = Σ_atoms Σ_n a_n(species, role) <P_n(|r − R|)>, the average over directions of r; linear, by ridge.

    The expansion of Focassio et al. in distances between grid point and atoms; its angular (Legendre) terms average
    out around one nucleus. Impurity and host have coefficients of their own. The terms in a pair of species would be
    new for every test curve, for a host and an impurity meet once: so the model is additive in host and impurity. A
    species that training does not hold adds nothing. The penalty is chosen on the inner folds.
    """

    info: ClassVar[AdapterInfo] = AdapterInfo(
        citation="Focassio, Domina, Patil, Fazzio, Sanvito, npj Comput. Mater. 9, 87 (2023)", licence="MIT",
        kind="descriptor",
    )  # fmt: skip
    cheap: ClassVar[dict[str, Any]] = {"n_max": 6}
    takes_arrays: ClassVar[bool] = True

    def __init__(
        self, *, target: Target = JIJ, seed: int = 0, n_max: int = 12, alpha: float = 0.0, beta: float = 0.0,
        r_cut: float = 6.0,
    ) -> None:  # fmt: skip
        self.target = target
        self.seed = seed
        self.n_max = n_max
        self.alpha = alpha
        self.beta = beta
        self.r_cut = r_cut

    @classmethod
    def refuses(cls, question: Question) -> str | None:
        if question.target.shape != (POINTS,):
            return f"JacobiLegendre predicts curves on the radial mesh ({POINTS},), not shape {question.target.shape}"
        return None

    @classmethod
    def suggest(cls, trial: Any, question: Question) -> dict[str, Any]:
        return {
            "n_max": trial.suggest_int("n_max", 6, 18),
            "alpha": trial.suggest_categorical("alpha", [-0.5, 0.0, 1.0]),
            "beta": trial.suggest_categorical("beta", [-0.5, 0.0, 1.0]),
            "r_cut": trial.suggest_float("r_cut", 3.5, 8.0),
        }

    def fit(self, samples: Sequence[Sample], y: np.ndarray, folds: Folds | None = None) -> Self:
        folds = orbit_folds(samples) if folds is None else folds
        self.impurities_ = sorted({sample.elements[0] for sample in samples})
        self.hosts_ = sorted({host_element(sample) for sample in samples})
        squares = Squares(self._polynomials(samples), self._places(samples), np.asarray(y, dtype=float))
        self.ridge_ = squares.best(folds, len(self.impurities_) + len(self.hosts_))
        everything = np.arange(len(samples))
        self.coefficients_ = squares.solutions(everything, len(self.impurities_) + len(self.hosts_), [self.ridge_])[0]
        return self

    def _polynomials(self, samples: Sequence[Sample]) -> np.ndarray:
        """(n, points, 2, n_max) polynomials of impurity and host."""
        settings = JacobiSettings(self.n_max, self.alpha, self.beta, self.r_cut)
        return np.array([polynomials(sample.geometry, settings) for sample in samples])

    def _places(self, samples: Sequence[Sample]) -> np.ndarray:
        """(n, 2) which species' coefficients a curve needs; −1 for one that training does not hold."""
        impurity = {element: k for k, element in enumerate(self.impurities_)}
        host = {element: len(impurity) + k for k, element in enumerate(self.hosts_)}
        return np.array([(impurity.get(s.elements[0], -1), host.get(host_element(s), -1)) for s in samples])

    def predict(self, samples: Sequence[Sample]) -> np.ndarray:
        known = np.concatenate([self.coefficients_, np.zeros((1, self.n_max))])  # the last one for unknown species
        return np.einsum("npsm,nsm->np", self._polynomials(samples), known[self._places(samples)])


class Squares:
    """Sums of squares of each curve, from which any set of curves is fitted and any other scored.

    ``P`` (n, points, 2, n_max) polynomials, ``places`` (n, 2) the species they belong to, ``y`` (n, points).
    """

    def __init__(self, P: np.ndarray, places: np.ndarray, y: np.ndarray) -> None:
        self.n_max, self.places, weights = P.shape[-1], places, volume_weights()
        flat = P.reshape(*P.shape[:2], -1)
        weighted = flat * weights[:, None]
        self.grams = np.einsum("npf,npg->nfg", weighted, flat, optimize=True)  # (n, 2 n_max, 2 n_max)
        self.moments = np.einsum("npf,np->nf", weighted, y)
        self.norms = y**2 @ weights

    def solutions(self, rows: np.ndarray, species: int, ridges: Sequence[float]) -> np.ndarray:
        """(ridges, species, n_max) coefficients of the curves ``rows``."""
        where = (self.places[:, :, None] * self.n_max + np.arange(self.n_max)).reshape(len(self.places), -1)
        normal, moment = np.zeros((species * self.n_max,) * 2), np.zeros(species * self.n_max)
        for k in rows:
            normal[np.ix_(where[k], where[k])] += self.grams[k]
            moment[where[k]] += self.moments[k]
        d, U = np.linalg.eigh(normal)
        turned, scale = U.T @ moment, max(float(d.mean()), 1e-300)
        found = [U @ (turned / (np.maximum(d, 0) + ridge * scale)) for ridge in ridges]
        return np.array(found).reshape(len(ridges), species, self.n_max)

    def best(self, folds: Folds, species: int) -> float:
        """The penalty of the least squared error over the left-out curves."""
        errors = np.zeros(len(RIDGES))
        for train, valid in folds:
            for k, a in enumerate(self.solutions(train, species, RIDGES)):
                b = a[self.places[valid]].reshape(len(valid), -1)
                fitted = np.einsum("nf,nfg,ng->", b, self.grams[valid], b, optimize=True)
                errors[k] += self.norms[valid].sum() - 2 * np.sum(b * self.moments[valid]) + fitted
        return float(RIDGES[int(np.argmin(errors))])
