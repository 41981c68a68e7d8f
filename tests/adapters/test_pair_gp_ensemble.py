"""The ensemble: who learns from what, and that its deviation is the jackknife's."""

import numpy as np
import pytest

from jijbench.adapters.pair_gp_ensemble import PairGpEnsemble
from jijbench.testing import toys


@pytest.fixture(scope="module")
def model():
    samples = toys.dimers()
    return PairGpEnsemble(n_models=4, max_iter=10, rank=3).fit(samples, toys.truth(samples))


def test_every_orbit_is_left_out_once():
    samples = [s for s in toys.dimers() for _ in range(2)]  # twins stay together
    parts = PairGpEnsemble(n_models=4)._parts(samples)
    left_out = [set(range(len(samples))) - set(part.tolist()) for part in parts]
    assert sorted(k for rows in left_out for k in rows) == list(range(len(samples)))
    orbits = [{samples[k].orbit for k in rows} for rows in left_out]
    assert sum(map(len, orbits)) == len(set.union(*orbits))
    assert max(map(len, orbits)) - min(map(len, orbits)) <= 1


def test_a_single_orbit_is_not_left_out():
    (part,) = PairGpEnsemble()._parts(toys.dimers()[:1])
    assert part.tolist() == [0]


def test_mean_and_jackknife_of_the_models(model):
    samples = toys.dimers()
    answers = np.array([m.predict(samples) for m in model._models])
    mean, std = model.predict_std(samples)
    assert mean == pytest.approx(answers.mean(0))
    assert std == pytest.approx(np.sqrt(3 / 4 * ((answers - answers.mean(0)) ** 2).sum(0)))
    assert (std > 0).any()


def test_the_jackknife_of_a_mean_is_its_standard_error():
    """Leaving out one of n values at a time, the formula gives s / √n exactly."""
    values = np.random.default_rng(0).normal(size=7)
    left = np.array([np.delete(values, k).mean() for k in range(7)])
    assert np.sqrt(6 * left.var()) == pytest.approx(values.std(ddof=1) / np.sqrt(7))
