"""The marginal likelihood of pairs × geometries: its gradient, and its covariance against the formula written out."""

import numpy as np
import pytest

from jijbench.adapters._evidence import JITTER, Component, Evidence, Given, Grid, Parameters, optimum

ELEMENTS, GEOMETRIES, KERNELS = 5, 4, 2


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def given(rng):
    roots = rng.normal(size=(KERNELS, GEOMETRIES, 3))
    kernels = roots @ roots.swapaxes(1, 2)
    return Given(rng.normal(size=(ELEMENTS, 3)), kernels, 0.7, np.zeros(ELEMENTS, dtype=bool))


@pytest.fixture
def parameters(rng):
    def component():
        return Component(
            0.2 * rng.normal(size=ELEMENTS), rng.normal(size=(3, 4)), rng.normal(size=(ELEMENTS, 4)),
            rng.normal(size=(GEOMETRIES, 2)), rng.normal(size=GEOMETRIES), rng.normal(size=KERNELS),
        )  # fmt: skip

    return Parameters(-1.0, (component(), component()))


@pytest.fixture
def rows(rng):
    return np.column_stack([rng.integers(ELEMENTS, size=(40, 2)), rng.integers(GEOMETRIES, size=(40, 2))])


def test_the_gradient_is_that_of_the_value(rng, given, parameters, rows):
    evidence, theta = Evidence(Grid.of(rows), rng.normal(size=len(rows)), given, parameters), parameters.pack()
    gradient = evidence(theta)[1]
    numeric = [(evidence(theta + step)[0] - evidence(theta - step)[0]) / 2e-5 for step in 1e-5 * np.eye(len(theta))]
    assert np.allclose(gradient, numeric, atol=1e-7)


def test_the_covariance_is_the_formula(given, parameters, rows):
    K = parameters.covariance(Grid.of(rows), Grid.of(rows[:7]), given)
    for n, (a, b, g, h) in enumerate(rows):
        for m, (c, d, k, q) in enumerate(rows[:7]):
            total = 0.0
            for part in parameters.components:
                E, B = part.elements(given), part.geometries(given)
                total += E[a, c] * E[b, d] * (B[g, k] + B[h, q]) / 2 + E[a, d] * E[b, c] * (B[g, q] + B[h, k]) / 2
            assert np.isclose(K[n, m], total)


def test_the_variance_is_the_diagonal(given, parameters, rows):
    grid = Grid.of(rows)
    assert np.allclose(parameters.variance(grid, given), np.diag(parameters.covariance(grid, grid, given)))


def test_naming_the_sites_the_other_way_round_changes_nothing(given, parameters, rows):
    turned = Grid.of(rows[:, [1, 0, 3, 2]])
    grid = Grid.of(rows)
    assert np.allclose(parameters.covariance(turned, grid, given), parameters.covariance(grid, grid, given))


def test_samples_that_stand_twice_are_counted_twice(rng, given, parameters, rows):
    twice = np.vstack([rows, rows[:5]])
    evidence = Evidence(Grid.of(twice), rng.normal(size=len(twice)), given, parameters)
    theta, step = parameters.pack(), np.eye(len(parameters.pack()))[3] * 1e-5
    slope = (evidence(theta + step)[0] - evidence(theta - step)[0]) / 2e-5
    assert np.isclose(evidence(theta)[1][3], slope, atol=1e-7)


def test_the_value_is_the_likelihood_of_a_gaussian(rng, given, parameters, rows):
    from scipy.stats import multivariate_normal

    grid, y = Grid.of(rows), rng.normal(size=len(rows))
    K = parameters.covariance(grid, grid, given) + (np.exp(2 * parameters.noise) + JITTER) * np.eye(len(y))
    prior = sum(c.penalty() for c in parameters.components)
    likelihood = multivariate_normal.logpdf(y, np.zeros(len(y)), K) + len(y) * np.log(2 * np.pi) / 2
    assert np.isclose(Evidence(grid, y, given, parameters)(parameters.pack())[0] * len(y), prior - likelihood)


def test_an_element_whose_place_is_guessed_is_less_like_the_others(given, parameters):
    guessed = np.arange(ELEMENTS) == ELEMENTS - 1
    part = parameters.components[0]
    known = part.elements(given)
    unsure = part.elements(Given(given.properties, given.kernels, given.freedom, guessed))
    assert np.allclose(unsure[:-1, :-1], known[:-1, :-1])
    assert np.allclose(np.diag(unsure), np.diag(known))
    spread = np.mean((0.7 * part.offset[:-1]) ** 2, axis=0)
    z = part.coordinates(given)
    draws = z[-1] + np.sqrt(spread) * np.random.default_rng(1).normal(size=(200000, 4))
    amplitude = np.exp(part.amplitude[-1] + part.amplitude[0])
    mean = amplitude * np.exp(-((draws - z[0]) ** 2).sum(1) / 2).mean()
    assert np.isclose(unsure[-1, 0], mean, rtol=0.05)


def test_the_optimum_is_better_than_the_start(rng, given, parameters, rows):
    evidence = Evidence(Grid.of(rows), rng.normal(size=len(rows)), given, parameters)
    assert evidence(optimum(evidence, parameters, 20).pack())[0] < evidence(parameters.pack())[0]
