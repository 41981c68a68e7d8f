"""ACE: the dual ridge regression is the primal one, and what the second density does."""

from dataclasses import replace

import numpy as np
import pytest

from jijbench import adapters
from jijbench.adapters.ace import Ace, Embedding, root
from jijbench.adapters.base import Adapter, orbit_folds
from jijbench.testing import toys

if adapters.missing("ace"):
    pytest.skip(f"ace {adapters.missing('ace')}", allow_module_level=True)


@pytest.fixture(scope="module")
def linear(samples, y):
    return Ace(body_order=3).fit(samples, y)


@pytest.fixture(scope="module")
def embedded(samples, y):
    return Ace(body_order=3, embedding="fs").fit(samples, y)


def columns(model: Ace, samples, centres: list[int], keys: list[tuple[int, ...]]) -> np.ndarray:
    """(n, f) sum of the features of both sites: one part for each centre element and one that all share."""
    seen = model.features(samples)
    parts = [np.zeros((seen.size, model._seen.values[key].shape[1])) for key in keys]
    for key, part in zip(keys, parts, strict=True):
        if key in seen.rows:
            part[seen.rows[key]] = seen.values[key]
    table = np.column_stack(parts)
    X = np.zeros((len(samples), 1 + len(centres), table.shape[1]))
    for side, row in ((side, row) for side in (0, 1) for row in range(len(samples))):
        z, vector = seen.centres[row, side], table[seen.place[row, side]]
        X[row, 0] += np.sqrt(model.coupling) * vector
        if z in centres:
            X[row, 1 + centres.index(z)] += np.sqrt(1 - model.coupling) * vector
    return X.reshape(len(samples), -1)


@pytest.mark.parametrize("coupling", [0.0, 0.4])
def test_the_dual_ridge_is_the_primal_one(samples, y, coupling):
    model = Ace(body_order=2, coupling=coupling).fit(samples, y)
    centres, keys = sorted(set(model._seen.centres.ravel().tolist())), sorted(model._seen.values)
    X = columns(model, samples, centres, keys)
    level = model.regulariser_ * np.mean(np.sum(X**2, 1))
    coefficients = np.linalg.solve(X.T @ X + level * np.eye(X.shape[1]), X.T @ y)
    asked = [*samples[::7], *(replace(s, inputs={}) for s in toys.strangers(toys.UNSEEN))]
    expected = columns(model, asked, centres, keys) @ coefficients
    assert np.allclose(model.predict(asked), expected, atol=1e-7 * np.abs(y).max())


def test_functions_are_brought_to_one_size(linear):
    seen = linear._seen
    kinds = {(len(key), key.count(0)) for key in linear._sizes}
    assert kinds == {(1, 0), (1, 1), (2, 0), (2, 1), (2, 2)}
    pooled: dict = {}
    for key, values in seen.values.items():
        pooled.setdefault(linear._nameless(key), []).append(values)
    for kind in kinds:
        means = [(np.concatenate(v) ** 2).mean(0) for k, v in pooled.items() if (len(k), k.count(0)) == kind]
        assert np.concatenate(means).sum() == pytest.approx(1.0, abs=0.2)  # some functions vanish by symmetry


def test_left_out_rows_are_predicted_as_by_a_refit(samples, y, linear):
    folds = orbit_folds(samples, 3)
    model = Ace(body_order=3).fit(samples, y, folds)
    K = model.kernel(model._seen, model._seen)
    level = model.regulariser_ * np.mean(np.diag(K))
    for found, (train, valid) in zip(Ace(body_order=3).out_of_fold(samples, y, folds), folds, strict=True):
        alpha = np.linalg.solve(K[np.ix_(train, train)] + level * np.eye(len(train)), y[train])
        assert np.allclose(found, K[np.ix_(valid, train)] @ alpha, atol=1e-6)


def test_left_out_rows_of_the_second_density_come_from_refits(samples, y):
    folds, model = orbit_folds(samples, 2), Ace(body_order=2, embedding="fs", max_iter=20)
    for found, expected in zip(
        model.out_of_fold(samples, y, folds), Adapter.out_of_fold(model, samples, y, folds), strict=True
    ):
        assert np.array_equal(found, expected)


def test_the_diagonal_is_that_of_the_kernel(linear):
    assert np.allclose(linear.diagonal(linear._seen), np.diag(linear.kernel(linear._seen, linear._seen)))


@pytest.mark.parametrize("shape", [(), (3,)])
def test_the_gradient_of_the_second_density_is_that_of_the_value(linear, y, shape):
    rng = np.random.default_rng(0)
    target = y if not shape else np.column_stack([y, y[::-1], y**2])
    halves = [linear._half(linear._seen, side, linear._seen) for side in (0, 1)]
    fit = Embedding(linear._scan, 0.3, halves, target)
    theta = fit.start() + 0.1 * rng.normal(size=fit.start().size)
    gradient = fit(theta)[1]
    for step in 1e-5 * rng.normal(size=(8, theta.size)):
        numeric = (fit(theta + step)[0] - fit(theta - step)[0]) / 2
        assert numeric == pytest.approx(gradient @ step, rel=1e-5, abs=1e-9)


def test_the_second_density_lowers_the_penalised_error(linear, embedded, y):
    halves = [linear._half(linear._seen, side, linear._seen) for side in (0, 1)]
    fit = Embedding(linear._scan, linear.regulariser_ * linear._scan.scale, halves, y / linear.unit_)
    theta = np.linalg.lstsq(fit.turn, embedded.beta_, rcond=None)[0]
    assert fit(theta)[0] < min(fit(fit.start())[0], fit(np.zeros_like(theta))[0])


def test_without_a_second_density_there_is_none(linear, embedded):
    assert not linear.beta_.any()
    assert embedded.beta_.any()


def test_the_embedding_is_a_smooth_odd_root():
    rho = np.linspace(-9.0, 9.0, 181)
    value, slope = root(rho)
    step = 1e-6
    assert np.allclose(slope, (root(rho + step)[0] - root(rho - step)[0]) / (2 * step), atol=1e-8)
    assert np.allclose(value, -value[::-1])
    assert root(np.array([1e4]))[0][0] == pytest.approx(100.0)


@pytest.mark.parametrize("embedding", ["linear", "fs"])
def test_the_mean_that_comes_with_a_deviation_is_the_prediction(samples, linear, embedded, embedding):
    model = linear if embedding == "linear" else embedded
    mean, std = model.predict_std(samples)
    assert np.array_equal(mean, model.predict(samples))
    assert (std > 0).all()


@pytest.mark.parametrize("embedding", ["linear", "fs"])
def test_it_learns_and_places_an_unseen_element(samples, y, linear, embedded, embedding):
    model = linear if embedding == "linear" else embedded
    magnetic = y != 0
    assert np.abs(model.predict(samples) - y)[magnetic].mean() < 0.7 * np.abs(y[magnetic]).mean()
    unseen = [replace(s, inputs={}) for s in toys.strangers(toys.UNSEEN)]
    mean, std = model.predict_std(unseen)
    assert np.isfinite(mean).all()
    assert std.mean() > 0.5 * model.predict_std(samples)[1].mean()


@pytest.mark.parametrize("embedding", ["linear", "fs"])
def test_saved_and_loaded_it_answers_alike(samples, linear, embedded, embedding, tmp_path):
    model = linear if embedding == "linear" else embedded
    model.save(tmp_path / "model")
    again = Ace.load(tmp_path / "model")
    for old, new in zip(model.predict_std(samples), again.predict_std(samples), strict=True):
        assert np.allclose(old, new, rtol=1e-6, atol=1e-9)


def test_nothing_but_zeros_is_predicted_as_zero(samples):
    assert (Ace(body_order=2, embedding="fs").fit(samples, np.zeros(len(samples))).predict(samples) == 0).all()


def test_it_says_plainly_that_the_licence_is_not_open():
    assert "non-commercial" in Ace.info.licence
    assert adapters.requires("ace") == adapters.requires("ace-pair") == ("python-ace",)
