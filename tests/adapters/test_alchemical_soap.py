"""Alchemical SOAP, fixed and learned: likelihood, symmetries, what it does with what it has not seen."""

import json
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("dscribe", reason="SOAP needs the extra 'dscribe'")


from jijbench.adapters.alchemical import Alchemical
from jijbench.adapters.alchemical_fixed import AlchemicalFixed
from jijbench.data.task import load_task
from jijbench.descriptors.alchemical import elements_of, kappa
from jijbench.descriptors.soap import SoapSettings, site_spectra
from jijbench.errors import UnknownElement
from jijbench.testing import toys

SMALL = {"n_max": 4, "l_max": 2, "max_iter": 60}


@pytest.fixture(scope="module")
def fitted(some):
    bare, _, y = some
    return {cls: cls(**hypers).fit(bare[:-20], y[:-20]) for cls, hypers in BOTH}


BOTH = [(Alchemical, SMALL), (AlchemicalFixed, {"n_max": 4, "l_max": 2, "zeta": 16})]
CLASSES = pytest.mark.parametrize("cls", [Alchemical, AlchemicalFixed])


def test_learning_raises_the_likelihood_and_lowers_the_error(some):
    bare, _, y = some
    train, test = np.split(np.random.default_rng(0).permutation(len(bare)), [-20])
    models = [Alchemical(**SMALL | {"max_iter": n}).fit([bare[k] for k in train], y[train]) for n in (0, 5, 60)]
    values = [_likelihood(model) for model in models]
    assert values[0] < values[1] < values[2]
    errors = [np.abs(model.predict([bare[k] for k in test]) - y[test]).mean() for model in models]
    assert errors[2] < errors[0]
    assert errors[2] < 0.5 * np.abs(y[test]).mean()


def _likelihood(model: Alchemical) -> float:
    """Log marginal likelihood of all training rows, without constants."""
    return -model._model.posterior.misfit()


def test_the_fixed_kernel_is_the_published_sum(some):
    bare = some[0][::9]
    model = AlchemicalFixed(n_max=3, l_max=2, zeta=3, n_species=20, s_chi=0.02, s_r=0.001)
    model._reference = elements_of(bare)
    first, second = site_spectra(bare, SoapSettings(12.0, 3, 2, 0.5))
    features = model.features(bare)
    expected = 0.0  # so narrow a coupling is none but between Co and Ni
    for a, p in enumerate((first, second)):
        for b, q in enumerate((first, second)):
            same = kappa([s.elements[a] for s in bare], [s.elements[b] for s in bare], 0.02, 0.001)
            expected += same * (p.gram(q) / np.sqrt(np.outer(p.norms(), q.norms()))) ** 3
    K = model.kernel(features, features)
    off = np.isin([s.elements for s in bare], ("Co", "Ni", "Tc", "Nb", "Mo", "Ru")).any(1)
    keep = np.ix_(~off, ~off)
    assert np.allclose(K[keep], expected[keep], rtol=1e-6)
    assert np.allclose(np.diag(K), model.diagonal(features))
    assert np.linalg.eigvalsh(K).min() > -1e-9 * K.max()


@CLASSES
def test_turning_reordering_and_naming_change_nothing(some, fitted, cls):
    asked, rng = some[0][::11], np.random.default_rng(3)
    plain = fitted[cls].predict(asked)
    for moved in (
        [toys.turned(s, toys.rotation(3)) for s in asked],
        [toys.reordered(s, rng.permutation(len(s.numbers))) for s in asked],
        [toys.renamed(s) for s in asked],
    ):
        assert np.allclose(fitted[cls].predict(moved), plain, rtol=1e-6, atol=1e-8)


@CLASSES
def test_one_by_one_equals_the_batch(some, fitted, cls):
    bare = some[0]
    batch = fitted[cls].predict(bare)
    assert np.allclose([fitted[cls].predict([s])[0] for s in bare[:8]], batch[:8], rtol=1e-9, atol=1e-10)


@CLASSES
def test_saved_and_loaded_it_predicts_the_same(some, fitted, cls, tmp_path):
    fitted[cls].save(tmp_path)
    again = cls.load(tmp_path)
    for old, new in zip(fitted[cls].predict_std(some[0]), again.predict_std(some[0]), strict=True):
        assert np.allclose(old, new, rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("moments", [False, True])
@CLASSES
def test_an_unseen_element_is_predicted(some, cls, moments):
    bare, known, y = some
    samples = known if moments else bare
    seen = np.array(["Mn" not in s.elements for s in samples])
    train, test = ([s for s, k in zip(samples, keep, strict=True) if k] for keep in (seen, ~seen))
    model = cls(**dict(BOTH)[cls] | ({"max_iter": 10} if cls is Alchemical else {})).fit(train, y[seen])
    before = model.predict(train[:5])
    mean, std = model.predict_std(test)
    assert np.isfinite(mean).all()
    assert (std > 0).all()
    assert std.mean() > model.predict_std(train)[1].mean()
    assert np.array_equal(model.predict(train[:5]), before)


def test_an_unseen_geometry_is_predicted_with_more_doubt(some, fitted):
    dataset = load_task("jij-bi2te3/jij/random-orbit").dataset
    far = next(s for s in dataset.samples if s.shell == 8 and s.pair == ("Cr", "Mn"))
    mean, std = fitted[Alchemical].predict_std([replace(far, inputs={}), *some[0][:50]])
    assert np.isfinite(mean).all()
    assert std[0] > 0


@CLASSES
def test_an_element_outside_every_table_is_unknown(some, fitted, cls):
    with pytest.raises(UnknownElement):
        fitted[cls].predict([replace(some[0][0], elements=("Xx", "Cr"))])


def test_an_element_that_is_always_zero_is_silent(some):
    bare, _, y = some
    zeros = tuple(replace(s, elements=("Zn", s.elements[1])) for s in bare[:30])
    model = Alchemical(**SMALL | {"max_iter": 5}).fit((*bare, *zeros), np.concatenate([y, np.zeros(30)]))
    assert model.silent_ == ["Zn"]
    mean, std = model.predict_std([replace(bare[0], elements=("Zn", "Fe"))])
    assert mean[0] == std[0] == 0


def test_nothing_but_zeros_is_predicted_as_zero(some):
    bare = some[0][::4]
    assert (Alchemical(**SMALL | {"max_iter": 5}).fit(bare, np.zeros(len(bare))).predict(bare) == 0).all()


def test_the_same_seed_gives_the_same_numbers(some):
    bare, _, y = some
    first, second, other = (
        Alchemical(**SMALL | {"max_iter": 3, "n_learn": 60}, seed=seed).fit(bare, y).predict(bare) for seed in (3, 3, 4)
    )
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


def test_the_map_holds_every_impurity_and_is_what_was_learned(some, fitted):
    model = fitted[Alchemical]
    places = json.loads(model.element_map_)
    assert list(places) == sorted({e for s in some[0] for e in s.elements})
    assert np.isfinite(list(places.values())).all()
    assert model.u_.shape == (len(model.elements_), model.n_species)
    assert set(model.elements_) == {*places, "Bi", "Te"}


def test_neighbours_in_the_row_are_more_alike_by_the_prior(fitted):
    model = fitted[Alchemical]
    u = dict(zip(model.elements_, model._prior(model.properties(model.elements_, {})), strict=True))
    assert u["Cr"] @ u["Mn"] > u["Cr"] @ u["Co"]
    assert u["Fe"] @ u["Co"] > u["Fe"] @ u["Te"]
