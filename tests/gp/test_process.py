"""One likelihood for all kernels: its gradient, its value, what follows from the data."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from jijbench.gp.process import JITTER, REFUSED, GaussianProcess, Posterior, loss, pack, unpack


def loss_of(problem, theta):
    return loss(theta, problem.kernel, problem.p, problem.prior, problem.x, problem.y)


def test_the_gradient_is_that_of_differences(problem):
    theta = pack(problem.p)
    steps = 1e-5 * np.eye(len(theta))
    wanted = [(loss_of(problem, theta + s)[0] - loss_of(problem, theta - s)[0]) / 2e-5 for s in steps]
    gradient = loss_of(problem, theta)[1]
    assert gradient == pytest.approx(np.array(wanted), abs=1e-7 * np.abs(gradient).max())
    assert np.abs(gradient).min() > 0


def test_the_value_is_the_likelihood_of_a_gaussian_and_the_priors(problem):
    kernel, p, n = problem.kernel, problem.p, len(problem.y)
    K = kernel(p, problem.x, problem.x) + (kernel.noise(p) + JITTER) * np.eye(n)
    columns = problem.y.reshape(n, -1).T
    likelihood = sum(multivariate_normal.logpdf(y, np.zeros(n), K) + n * np.log(2 * np.pi) / 2 for y in columns)
    off, width = pack(p) - pack(problem.prior.mean), pack(problem.prior.width)
    assert loss_of(problem, pack(p))[0] == pytest.approx(np.sum((off / width) ** 2) / 2 - likelihood)


def test_the_covariance_is_one(problem):
    K = problem.kernel(problem.p, problem.x, problem.x)
    assert np.allclose(K, K.T)
    assert np.linalg.eigvalsh(K).min() > -1e-9 * np.abs(K).max()
    assert np.allclose(problem.kernel.diagonal(problem.p, problem.x), np.diag(K))
    assert np.allclose(problem.kernel.with_gradient(problem.p, problem.x)[0], K)


def test_learning_makes_the_data_more_likely(problem):
    model = GaussianProcess(problem.kernel, problem.p).learn(problem.x, problem.y, problem.prior, 20)
    assert loss_of(problem, pack(model.parameters))[0] < loss_of(problem, pack(problem.p))[0]
    assert type(model.parameters) is type(problem.p)


def test_what_is_not_positive_definite_is_refused_and_left_again(pairs):
    hopeless = pairs.p._replace(noise=-400.0)  # the same rows twice, and no noise between them
    p = hopeless._replace(components=tuple(c._replace(amplitude=c.amplitude + 20.0) for c in hopeless.components))
    value, gradient = loss_of(pairs, pack(p))
    assert value == REFUSED
    assert not gradient.any()


def test_the_mean_and_its_deviation_are_those_of_the_formula(pairs):
    kernel, p, x, y = pairs.kernel, pairs.p, pairs.x, pairs.y
    model = GaussianProcess(kernel, p).condition(x, y)
    K, level = kernel(p, x, x), kernel.noise(p) + JITTER
    inverse = np.linalg.inv(K + level * np.eye(len(y)))
    mean, std = model.mean_std(x)
    assert np.allclose(mean, K @ inverse @ y)
    assert np.allclose(model.mean(x), mean)
    assert np.allclose(std**2, np.diag(K - K @ inverse @ K) + kernel.noise(p))


def test_columns_share_a_covariance(impurities):
    K = impurities.kernel(impurities.p, impurities.x, impurities.x)
    both = Posterior(K.copy(), 0.1, impurities.y)
    one, other = (Posterior(K.copy(), 0.1, y) for y in impurities.y.T)
    assert both.misfit() == pytest.approx(one.misfit() + other.misfit())
    assert np.allclose(both.slope(), one.slope() + other.slope())


def test_parameters_and_vector_are_the_same_numbers(problem):
    again = unpack(pack(problem.p), problem.p)
    assert type(again) is type(problem.p)
    assert np.array_equal(pack(again), pack(problem.p))
    assert [type(part) for part in again] == [
        np.ndarray if isinstance(part, float) else type(part) for part in problem.p
    ]
