"""A Gaussian process: parameters that maximise the marginal likelihood, and what the data then say.

y = f + noise, f of mean zero and covariance k(x, x'). The parameters of a kernel are a named tuple of arrays (or of
such tuples), one of them ``noise``; L-BFGS sees them as one vector.
"""

from collections.abc import Callable, Iterator
from typing import Any, ClassVar, Generic, NamedTuple, Self, TypeVar

import numpy as np
import scipy.linalg
from scipy.optimize import minimize

#: added to the diagonal of every covariance
JITTER = 1e-8
#: value of parameters whose covariance is not positive definite
REFUSED = 1e10
#: d value / dK (n, n), symmetric → d value / d parameters
Backward = Callable[[np.ndarray], Any]


class Kernel:
    """A covariance with parameters ``p``. The noise, of variance exp(``noise_power`` p.noise), is not part of it."""

    noise_power: ClassVar[int] = 2

    def __call__(self, p: Any, x: Any, z: Any) -> np.ndarray:
        """(n_x, n_z) covariances."""
        raise TypeError(f"{type(self).__name__} must define __call__(p, x, z)")

    def with_gradient(self, p: Any, x: Any) -> tuple[np.ndarray, Backward]:
        """(n, n) covariances of x, and the way back from them to the parameters (zero for the noise)."""
        raise TypeError(f"{type(self).__name__} must define with_gradient(p, x)")

    def diagonal(self, p: Any, x: Any) -> np.ndarray:
        """(n,) variances."""
        return np.diag(self(p, x, x))

    def noise(self, p: Any) -> float:
        """Variance of the noise."""
        return float(np.exp(self.noise_power * p.noise))


AnyKernel = TypeVar("AnyKernel", bound=Kernel)


class Prior(NamedTuple):
    """Independent normal priors: ``mean`` and ``width`` (standard deviations; infinite: none) of all parameters."""

    mean: Any
    width: Any


class Posterior:
    """y (n,) or (n, m), whose m columns share the covariance K + noise (n, n); ``K`` is overwritten.

    Raises ``LinAlgError`` where the sum is not positive definite.
    """

    def __init__(self, K: np.ndarray, noise: float, y: np.ndarray) -> None:
        K[np.diag_indices(len(K))] += noise + JITTER
        self.y, self.columns = y, 1 if y.ndim == 1 else y.shape[1]
        self.lower = scipy.linalg.cholesky(K, lower=True, check_finite=False, overwrite_a=True)
        self.alpha = scipy.linalg.cho_solve((self.lower, True), y, check_finite=False)

    def misfit(self) -> float:
        """Minus the logarithm of the marginal likelihood, without constants: yᵀ K⁻¹ y / 2 + m log|K| / 2.

        Rasmussen and Williams (2006), eq. 5.8.
        """
        return float(np.sum(self.y * self.alpha) / 2 + self.columns * np.log(np.diag(self.lower)).sum())

    def slope(self) -> np.ndarray:
        """(n, n) d misfit / dK = (m K⁻¹ − α αᵀ) / 2, α = K⁻¹ y (eq. 5.9)."""
        inverse = scipy.linalg.lapack.dpotri(self.lower, lower=1)[0]
        inverse = np.tril(inverse) + np.tril(inverse, -1).T
        alpha = self.alpha.reshape(len(inverse), -1)
        return (self.columns * inverse - alpha @ alpha.T) / 2

    def explained(self, K: np.ndarray) -> np.ndarray:
        """(n,) by how much the data lessen the variance of rows whose covariances with them are K (n, n_data)."""
        return np.einsum("nm,mn->n", K, scipy.linalg.cho_solve((self.lower, True), K.T, check_finite=False))


def loss(theta: np.ndarray, kernel: Kernel, like: Any, prior: Prior, x: Any, y: np.ndarray) -> tuple[float, np.ndarray]:
    """Minus the logarithm of the posterior of ``theta``, parameters as ``like`` in one vector; and its gradient."""
    p = unpack(theta, like)
    K, backward = kernel.with_gradient(p, x)
    try:
        posterior = Posterior(K, kernel.noise(p), y)
    except np.linalg.LinAlgError:
        return REFUSED, np.zeros_like(theta)
    M = posterior.slope()
    gradient = backward(M)._replace(noise=kernel.noise_power * kernel.noise(p) * np.trace(M))
    off, precision = theta - pack(prior.mean), pack(prior.width) ** -2.0
    return posterior.misfit() + precision @ off**2 / 2, pack(gradient) + precision * off


class GaussianProcess(Generic[AnyKernel]):
    """A kernel with its parameters; ``learn`` changes them, ``condition`` takes in the data that ``mean`` follows."""

    x: Any
    posterior: Posterior

    def __init__(self, kernel: AnyKernel, parameters: Any) -> None:
        self.kernel, self.parameters = kernel, parameters

    def learn(self, x: Any, y: np.ndarray, prior: Prior, max_iter: int, unit: float = 1.0) -> Self:
        """Go to a local maximum of the posterior of the parameters, by L-BFGS.

        ``unit`` of the loss: what the tolerance of L-BFGS refers to (the number of rows: that of a row's share).
        """
        start = self.parameters

        def share(theta: np.ndarray) -> tuple[float, np.ndarray]:
            value, gradient = loss(theta, self.kernel, start, prior, x, y)
            return (value, gradient) if value == REFUSED else (value / unit, gradient / unit)

        optimum = minimize(share, pack(start), jac=True, method="L-BFGS-B", options={"maxiter": max_iter})
        self.parameters = unpack(optimum.x, start)
        return self

    def condition(self, x: Any, y: np.ndarray) -> Self:
        """Take in y (n,) or (n, m) of the rows x."""
        self.x = x
        self.posterior = Posterior(self.kernel(self.parameters, x, x), self.kernel.noise(self.parameters), y)
        return self

    def mean(self, x: Any) -> np.ndarray:
        """(n,) or (n, m)."""
        return self.kernel(self.parameters, x, self.x) @ self.posterior.alpha

    def mean_std(self, x: Any, kernel: Kernel | None = None, parameters: Any = None) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation (noise included), each (n,).

        ``kernel`` and ``parameters`` may know more than was learned from, if they agree on the rows of the data.
        """
        kernel, p = kernel or self.kernel, self.parameters if parameters is None else parameters
        across = kernel(p, x, self.x)
        spread = kernel.diagonal(p, x) - self.posterior.explained(across) + kernel.noise(p)
        return across @ self.posterior.alpha, np.sqrt(np.maximum(spread, 0.0))


def leaves(tree: Any) -> Iterator[np.ndarray]:
    """The arrays of nested tuples, in order."""
    if isinstance(tree, tuple):
        for part in tree:
            yield from leaves(part)
    else:
        yield np.asarray(tree, dtype=float)


def pack(tree: Any) -> np.ndarray:
    """Nested tuples of arrays as one vector."""
    return np.concatenate([np.ravel(leaf) for leaf in leaves(tree)])


def unpack(theta: np.ndarray, like: Any) -> Any:
    """Nested tuples of arrays as ``like``, from one vector."""
    cuts = np.cumsum([leaf.size for leaf in leaves(like)])[:-1]
    parts = iter(np.split(theta, cuts))
    return _mapped(lambda leaf, _: next(parts).reshape(np.shape(leaf)), like, like)


def filled(like: Any, values: Any) -> Any:
    """Nested tuples of arrays as ``like``, each full of the number that stands in its place in ``values``."""
    return _mapped(lambda leaf, value: np.full(np.shape(leaf), value), like, values)


def _mapped(function: Callable[[Any, Any], np.ndarray], tree: Any, other: Any) -> Any:
    """``function`` of the leaves of nested tuples; an empty tuple has none, whatever stands there in ``other``."""
    if not isinstance(tree, tuple):
        return function(tree, other)
    made = [_mapped(function, *parts) for parts in zip(tree, other, strict=bool(tree))]
    return type(tree)(*made) if hasattr(tree, "_fields") else tuple(made)
