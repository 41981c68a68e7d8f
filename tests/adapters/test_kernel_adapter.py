"""Adapters that are one kernel and a regulariser, also where they learn through landmarks."""

import numpy as np
import pytest

from jijbench.adapters import kernel_adapter
from jijbench.adapters.ace import Ace
from jijbench.adapters.alchemical_fixed import AlchemicalFixed
from jijbench.adapters.base import Adapter, AdapterInfo, orbit_folds
from jijbench.adapters.coulomb import Coulomb
from jijbench.adapters.kernel_adapter import KernelAdapter
from jijbench.adapters.soap import Soap
from jijbench.elements import place_in_row
from jijbench.errors import DataError
from jijbench.gp.ridge import REGULARISERS
from jijbench.targets import JIJ, Vector


class Gaussian(KernelAdapter):
    """A small kernel on distance and group, for tests."""

    info = AdapterInfo("none", "MIT", "descriptor")

    def features(self, samples):
        return np.array([[s.distance, *sorted(place_in_row(e) for e in s.elements)] for s in samples])

    def kernel(self, a, b):
        return np.exp(-0.5 * ((a[:, None] - b) ** 2).sum(-1))

    def diagonal(self, a):
        return np.ones(len(a))


MOMENTS = {"V": 2.7, "Cr": 3.9, "Mn": 4.5, "Zn": 0.0}


@pytest.fixture(scope="module")
def samples(toy_table):
    return toy_table(["V", "Cr", "Mn", "Fe"], [3.0, 4.0, 5.5])


@pytest.fixture(scope="module")
def with_moments(toy_table):
    return toy_table(list(MOMENTS), [3.0, 4.0, 5.5], MOMENTS)


@pytest.fixture(scope="module")
def y(samples):
    return np.random.default_rng(5).normal(size=len(samples))


@pytest.fixture(scope="module", name="K")
def kernel_matrix(samples):
    features = Gaussian().features(samples)
    return Gaussian().kernel(features, features)


def folds(n: int, dropped: bool) -> list[tuple[np.ndarray, np.ndarray]]:
    """Three folds; with ``dropped`` a few rows are in neither part. Valid rows are not in order."""
    order = np.random.default_rng(2).permutation(n)
    made = []
    for k in range(3):
        valid = order[k::3]
        gone = order[(k + 1) % 3 :: 3][:4] if dropped else []
        made.append((np.setdiff1d(np.arange(n), [*valid, *gone]), valid))
    return made


def test_a_fitted_model_predicts_as_ridge_regression(samples, y, K):
    model = Gaussian().fit(samples, y, folds(len(y), False))
    level = model.regulariser_ * np.mean(np.diag(K))
    asked = samples[::3]
    rows = Gaussian().kernel(Gaussian().features(asked), Gaussian().features(samples))
    assert np.allclose(model.predict(asked), rows @ np.linalg.solve(K + level * np.eye(len(y)), y), atol=1e-7)
    assert model.regulariser_ in REGULARISERS


def test_standard_deviations_are_those_of_a_gaussian_process(samples, y, K, toy):
    model = Gaussian().fit(samples, y, folds(len(y), False))
    asked = [toy("Cr", "Co", 4.4), toy("Cr", "Mn", 4.0), toy("Ni", "Ni", 9.0)]
    seen, level = Gaussian().features(samples), model.regulariser_ * np.mean(np.diag(K))
    rows = Gaussian().kernel(Gaussian().features(asked), seen)
    inverse = np.linalg.inv(K + level * np.eye(len(y)))
    scale = y @ inverse @ y / len(y)  # maximum likelihood of the signal variance
    variance = scale * (1.0 + level - np.einsum("ij,jk,ik->i", rows, inverse, rows))
    mean, std = model.predict_std(asked)
    assert np.allclose(mean, rows @ inverse @ y, atol=1e-7)
    assert np.allclose(std, np.sqrt(variance), rtol=1e-5)
    assert std[2] > std[0] > std[1]  # the farther from training, the less sure


def test_the_mean_does_not_depend_on_who_asks(samples, y):
    model = Gaussian().fit(samples, y)
    assert np.allclose(model.predict_std(samples)[0], model.predict(samples))


def test_far_from_training_j_is_zero(samples, y, toy):
    mean, std = Gaussian().fit(samples, y).predict_std([toy("Cr", "Mn", 60.0)])
    assert mean[0] == pytest.approx(0, abs=1e-12)
    assert std[0] > 0


@pytest.mark.parametrize("dropped", [False, True])
def test_out_of_fold_is_what_refits_predict(samples, y, dropped):
    class Fixed(Gaussian):
        """The same, with the regulariser that the closed form chose."""

        def __init__(self, *, target=JIJ, seed: int = 0, regulariser: float = 1.0) -> None:
            super().__init__(target=target, seed=seed)
            self.regulariser = regulariser

        def learn(self, samples, y, folds):
            self.train_ = tuple(samples)
            self.restore()
            kernel = self.kernel(self._seen, self._seen)
            self.alpha_ = np.linalg.solve(kernel + self.regulariser * np.eye(len(y)), y)  # diagonal is one

    parts = folds(len(y), dropped)
    chosen = Gaussian().fit(samples, y, parts).regulariser_
    closed = Gaussian().out_of_fold(samples, y, parts)
    generic = Adapter.out_of_fold(Fixed(regulariser=chosen), samples, y, parts)
    for found, expected in zip(closed, generic, strict=True):
        assert np.allclose(found, expected, atol=1e-6)


def test_out_of_fold_with_moments_is_zero_where_one_is_missing(with_moments):
    y = np.random.default_rng(0).normal(size=len(with_moments))
    parts = folds(len(y), False)
    for found, (_, valid) in zip(Gaussian().out_of_fold(with_moments, y, parts), parts, strict=True):
        closed = np.array([not with_moments[k].moments.all() for k in valid])
        assert (found[closed] == 0).all()
        assert (found[~closed] != 0).all()


def test_out_of_fold_with_moments_is_that_of_the_magnetic_rows(with_moments):
    y = np.random.default_rng(0).normal(size=len(with_moments))
    parts = folds(len(y), True)
    magnetic = np.array([k for k, s in enumerate(with_moments) if s.moments.all()])
    place = {k: p for p, k in enumerate(magnetic)}
    inner = [tuple(np.array([place[k] for k in part if k in place]) for part in fold) for fold in parts]
    alone = Gaussian().out_of_fold([with_moments[k] for k in magnetic], y[magnetic], inner)
    together = Gaussian().out_of_fold(with_moments, y, parts)
    for found, expected, (_, valid) in zip(together, alone, parts, strict=True):
        assert np.allclose(found[[k in place for k in valid]], expected)


def test_out_of_fold_without_a_magnetic_pair_is_zero(toy):
    samples = [toy("Zn", "Cu", r, (0.0, 0.0)) for r in (3.0, 4.0, 5.0, 6.0)]
    parts = [(np.array([0, 1]), np.array([2, 3])), (np.array([2, 3]), np.array([0]))]
    found = Gaussian().out_of_fold(samples, np.zeros(4), parts)
    assert [part.tolist() for part in found] == [[0.0, 0.0], [0.0]]


def test_gating_gives_no_deviation_where_j_is_zero_by_rule(with_moments):
    y = np.random.default_rng(0).normal(size=len(with_moments))
    mean, std = Gaussian().fit(with_moments, y).predict_std(with_moments)
    closed = np.array([not s.moments.all() for s in with_moments])
    assert (mean[closed] == 0).all()
    assert (std[closed] == 0).all()
    assert (std[~closed] > 0).all()


def test_folds_may_be_left_out(samples, y):
    assert Gaussian().fit(samples, y).regulariser_ == Gaussian().fit(samples, y, orbit_folds(samples)).regulariser_


def test_grouped_folds_part_no_orbit(published):
    for train, valid in orbit_folds(published.samples):
        assert not {published.samples[k].orbit for k in train} & {published.samples[k].orbit for k in valid}


def test_a_fit_is_repeatable(samples, y):
    assert np.array_equal(Gaussian().fit(samples, y).predict(samples), Gaussian().fit(samples, y).predict(samples))


def test_vectors_are_predicted_component_by_component(samples):
    y = np.random.default_rng(9).normal(size=(len(samples), 3))
    target, parts = Vector(name="three", convention=""), folds(len(samples), False)
    model = Gaussian(target=target).fit(samples, y, parts)
    mean, std = model.predict_std(samples[:5])
    assert mean.shape == std.shape == (5, 3)
    K = model.kernel(model.features(samples), model.features(samples))
    level = model.regulariser_ * np.mean(np.diag(K))
    assert np.allclose(model.predict(samples), K @ np.linalg.solve(K + level * np.eye(len(K)), y), atol=1e-7)
    assert model.out_of_fold(samples, y, parts)[0].shape == (len(parts[0][1]), 3)


def test_a_loaded_model_answers_alike(tmp_path, samples, y):
    model = Gaussian().fit(samples, y)
    model.save(tmp_path / "model")
    again = Gaussian.load(tmp_path / "model")
    for found, expected in zip(again.predict_std(samples), model.predict_std(samples), strict=True):
        assert np.allclose(found, expected, rtol=1e-6, atol=1e-9)


ROWS = [
    Coulomb(),
    pytest.param(Soap(n_max=3, l_max=2), marks=pytest.mark.filterwarnings("ignore")),
    AlchemicalFixed(n_max=3, l_max=2),
    Ace(embedding="linear", body_order=2),
]


@pytest.mark.parametrize("model", ROWS, ids=lambda model: type(model).__name__)
def test_a_large_part_goes_through_landmarks(model, some, monkeypatch, tmp_path):
    from sklearn.base import clone

    for name in model.requires:
        pytest.importorskip({"python-ace": "pyace"}.get(name, name), reason=f"{name} is not installed")
    samples, _, y = some
    monkeypatch.setattr(kernel_adapter, "BLOCK", 50)
    exact = clone(model).fit(samples[:100], y[:100])
    monkeypatch.setattr(KernelAdapter, "exact_below", 60)
    monkeypatch.setattr(KernelAdapter, "n_landmarks", 100)
    all_of_them = clone(model).fit(samples[:100], y[:100])
    assert all_of_them.regulariser_ == exact.regulariser_
    np.testing.assert_allclose(all_of_them.predict(samples), exact.predict(samples), atol=1e-3 * np.abs(y).max())
    monkeypatch.setattr(KernelAdapter, "n_landmarks", 40)
    few = clone(model).fit(samples[:100], y[:100])
    assert len(few.train_) == 40
    assert np.abs(few.predict(samples[:100]) - y[:100]).mean() < np.abs(y[:100]).mean()
    few.save(tmp_path / "model")
    again = type(model).load(tmp_path / "model")
    for found, expected in zip(again.predict_std(samples), few.predict_std(samples), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)
    mean, std = few.predict_std(samples)
    np.testing.assert_allclose(mean, few.predict(samples), atol=1e-9)
    assert (std > 0).all()


def test_an_embedding_of_a_large_part_is_refused(some, monkeypatch):
    monkeypatch.setattr(Ace, "exact_below", 60)
    with pytest.raises(DataError, match="122 samples, at most 60"):
        Ace(embedding="fs").fit(some[0], some[2])
