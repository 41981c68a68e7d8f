"""ACE projections for the geometry, learned coordinates for the elements."""

from dataclasses import replace

import numpy as np
import pytest

from jijbench import adapters
from jijbench.adapters.ace_pair import AcePair, _aligned
from jijbench.adapters.shell_scaled import ends_of
from jijbench.testing import toys

if adapters.missing("ace-pair"):
    pytest.skip(f"ace-pair {adapters.missing('ace-pair')}", allow_module_level=True)


@pytest.fixture(scope="module")
def fitted(samples, y):
    return AcePair(max_iter=60).fit(samples, y)


@pytest.fixture(scope="module")
def ends(dimers):
    return list(ends_of(dimers.samples).values())


@pytest.mark.parametrize("body_order", [2, 3, 4])
def test_kernels_of_geometries_are_positive_and_tell_them_apart(ends, body_order):
    kernels = AcePair(body_order=body_order).geometry_kernels(ends, ends)
    assert kernels.shape[1:] == (len(ends), len(ends)) == (18, 18)
    for K in kernels:
        assert np.allclose(np.diag(K), 1.0)
        assert np.linalg.eigvalsh(K).min() > -1e-9
    similarity = kernels[1][np.triu_indices(18, 1)] ** 0.25
    assert 0.5 < similarity.min() < 0.9
    assert np.median(similarity) < 0.97


def test_reading_both_geometries_the_other_way_round_changes_no_kernel(ends):
    there, back = ends, [(geometry, 1 - side) for geometry, side in ends]
    model = AcePair()
    assert np.allclose(model.geometry_kernels(there, there), model.geometry_kernels(back, back), rtol=1e-10)


def test_a_kernel_does_not_depend_on_which_other_geometries_are_asked(ends):
    all_, some = AcePair().geometry_kernels(ends, ends), AcePair().geometry_kernels(ends[:5], ends[:5])
    assert np.allclose(all_[:, :5, :5], some, rtol=1e-10)


def test_a_site_without_a_species_has_an_empty_block():
    found = _aligned([{(0,): np.array([3.0, 4.0]), (52,): np.ones(1)}, {(52,): np.full(1, 2.0), (0,): np.zeros(2)}, {}])
    assert np.allclose(found, [[0.6, 0.8, 1.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]])


def test_it_learns(samples, y, fitted):
    magnetic = y != 0
    assert np.abs(fitted.predict(samples) - y)[magnetic].mean() < 0.5 * np.abs(y[magnetic]).mean()


def test_an_unseen_element_is_predicted_and_less_sure(samples, fitted):
    mean, std = fitted.predict_std([replace(s, inputs={}) for s in toys.strangers(toys.UNSEEN)])
    assert np.isfinite(mean).all()
    assert std.mean() > fitted.predict_std(samples)[1].mean()


def test_an_unseen_geometry_is_predicted(samples, y):
    seen = np.array([s.shell != 1 for s in samples])
    model = AcePair(max_iter=30).fit([s for s, k in zip(samples, seen, strict=True) if k], y[seen])
    mean, std = model.predict_std([s for s, k in zip(samples, seen, strict=True) if not k])
    assert np.isfinite(mean).all()
    assert np.isfinite(std).all()
    assert std.max() > 0


def test_saved_and_loaded_it_predicts_the_same(samples, fitted, tmp_path):
    fitted.save(tmp_path)
    again = AcePair.load(tmp_path)
    for old, new in zip(fitted.predict_std(samples), again.predict_std(samples), strict=True):
        assert np.allclose(old, new, rtol=1e-8, atol=1e-10)
