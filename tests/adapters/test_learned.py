"""Learned element coordinates: symmetry, and what the models do with what they have not seen."""

from dataclasses import replace

import numpy as np
import pytest

from jijbench import adapters
from jijbench.adapters.pair_gp import PairGp
from jijbench.data.sample import Geometry, Sample
from jijbench.data.task import load_task


@pytest.fixture(scope="module")
def fitted(some):
    bare, _, y = some
    return PairGp(rank=2, max_iter=60).fit(bare[:-20], y[:-20])


def reversed_(sample: Sample) -> Sample:
    """The same dimer with i and j named the other way round."""
    g = sample.geometry
    order = [1, 0, *range(2, len(g.numbers))]
    turned = Geometry(g.id, g.host, g.numbers[order], g.positions[order], g.sites, g.sublattices[::-1], g.cell, g.shell)
    inputs = {key: value[::-1] for key, value in sample.inputs.items()}
    return replace(sample, geometry=turned, elements=sample.elements[::-1], inputs=inputs)


def test_it_learns_and_interpolates(some, fitted):
    bare, _, y = some
    error = np.abs(fitted.predict(bare[-20:]) - y[-20:]).mean()
    assert error < 0.5 * np.abs(y[-20:]).mean()


def test_naming_i_and_j_the_other_way_round_changes_nothing(some, fitted):
    bare = some[0]
    assert np.allclose(fitted.predict([reversed_(s) for s in bare]), fitted.predict(bare), rtol=1e-9, atol=1e-9)


def test_one_by_one_equals_the_batch_in_any_order(some, fitted):
    bare = some[0]
    batch = fitted.predict(bare)
    assert np.allclose([fitted.predict([s])[0] for s in bare[:10]], batch[:10], rtol=1e-9, atol=1e-12)
    assert np.allclose(fitted.predict(bare[::-1]), batch[::-1], rtol=1e-9, atol=1e-12)


def test_predicting_leaves_the_model_as_it_was(some, fitted):
    stranger = replace(some[0][0], elements=("Os", "Cr"))
    before = fitted.predict(some[0][:5])
    fitted.predict([stranger])
    assert np.array_equal(fitted.predict(some[0][:5]), before)


def test_an_unseen_element_is_predicted_and_less_sure(some):
    _, known, y = some
    seen = np.array(["Mn" not in s.elements for s in known])
    model = PairGp(rank=2, max_iter=60).fit([s for s, k in zip(known, seen, strict=True) if k], y[seen])
    mean, std = model.predict_std([s for s, k in zip(known, seen, strict=True) if not k])
    assert np.isfinite(mean).all()
    assert (std > 0).all()
    assert std.mean() > model.predict_std([s for s, k in zip(known, seen, strict=True) if k])[1].mean()


@pytest.mark.parametrize("name", ["pair-gp", "soap-pair"])
def test_an_unseen_geometry_is_less_sure_than_a_seen_one(some, name):
    if adapters.missing(name):
        pytest.skip(adapters.missing(name))
    bare, _, y = some
    seen = np.array([s.shell != 2 for s in bare])
    model = adapters.get(name)(max_iter=40).fit([s for s, k in zip(bare, seen, strict=True) if k], y[seen])
    near, far = (model.predict_std([s for s, k in zip(bare, seen, strict=True) if k == known]) for known in (1, 0))
    assert np.isfinite(far[0]).all()
    assert (far[1] / np.abs(y[~seen]).mean()).mean() > (near[1] / np.abs(y[seen]).mean()).mean()


def test_the_size_of_an_unseen_geometry_follows_the_distance(some, fitted):
    dataset = load_task("jij-bi2te3/jij/random-orbit").dataset
    ends = {s.geometry.signatures[0]: (s.geometry, 0) for s in dataset.samples if s.shell in (4, 8, 14)}
    sizes = fitted.scales(fitted.ends | ends)[len(fitted.ends) :]
    order = np.argsort([g.distance for name, (g, _) in ends.items() if name not in fitted.ends])
    assert (np.diff(sizes[order]) <= 0).all()
    assert sizes[order][-1] < sizes[order][0]


def test_an_element_that_is_always_zero_is_silent(some):
    bare, _, y = some
    zeros = tuple(replace(s, elements=("Zn", s.elements[1])) for s in bare[:30])
    model = PairGp(rank=2, max_iter=20).fit((*bare, *zeros), np.concatenate([y, np.zeros(30)]))
    assert model.silent_ == ["Zn"]
    mean, std = model.predict_std([replace(bare[0], elements=("Zn", "Fe"))])
    assert mean[0] == std[0] == 0


def test_nothing_but_zeros_is_predicted_as_zero(some):
    bare = some[0]
    assert (PairGp().fit(bare, np.zeros(len(bare))).predict(bare) == 0).all()


def test_saved_and_loaded_it_predicts_the_same(some, fitted, tmp_path):
    fitted.save(tmp_path)
    again = PairGp.load(tmp_path)
    for old, new in zip(fitted.predict_std(some[0]), again.predict_std(some[0]), strict=True):
        assert np.allclose(old, new, rtol=1e-9, atol=1e-12)


def test_the_same_seed_gives_the_same_numbers(some):
    bare, _, y = some
    first, second = (PairGp(rank=2, max_iter=5, seed=3).fit(bare, y).predict(bare) for _ in range(2))
    assert np.array_equal(first, second)
