"""The kernel of pairs × geometries: its covariance against the formula written out, what it makes of the unknown."""

from dataclasses import replace

import numpy as np

from jijbench.gp.element_pairs import Grid, extended
from jijbench.gp.process import GaussianProcess


def rows_of(x: Grid) -> np.ndarray:
    return np.hstack([x.pairs[x.pair], x.ends[x.end]])


def test_the_covariance_is_the_formula(pairs):
    rows, few = rows_of(pairs.x), Grid.of(rows_of(pairs.x)[:7])
    K = pairs.kernel(pairs.p, pairs.x, few)
    for n, (a, b, g, h) in enumerate(rows):
        for m, (c, d, k, q) in enumerate(rows[:7]):
            total = 0.0
            for part in pairs.p.components:
                E, B = pairs.kernel.elements(part), pairs.kernel.geometries(part)
                total += E[a, c] * E[b, d] * (B[g, k] + B[h, q]) / 2 + E[a, d] * E[b, c] * (B[g, q] + B[h, k]) / 2
            assert np.isclose(K[n, m], total)


def test_naming_the_sites_the_other_way_round_changes_nothing(pairs):
    turned = Grid.of(rows_of(pairs.x)[:, [1, 0, 3, 2]])
    K = pairs.kernel(pairs.p, pairs.x, pairs.x)
    assert np.allclose(pairs.kernel(pairs.p, turned, pairs.x), K)


def test_an_element_whose_place_is_guessed_is_less_like_the_others(pairs):
    kernel, part = pairs.kernel, pairs.p.components[0]
    last = np.arange(len(part.offset)) == len(part.offset) - 1
    known, unsure = kernel.elements(part), replace(kernel, guessed=last).elements(part)
    assert np.allclose(unsure[:-1, :-1], known[:-1, :-1])
    assert np.allclose(np.diag(unsure), np.diag(known))
    spread = np.mean((kernel.freedom * part.offset[:-1]) ** 2, axis=0)
    z = kernel.coordinates(part)
    draws = z[-1] + np.sqrt(spread) * np.random.default_rng(1).normal(size=(200000, 4))
    amplitude = np.exp(part.amplitude[-1] + part.amplitude[0])
    mean = amplitude * np.exp(-((draws - z[0]) ** 2).sum(1) / 2).mean()
    assert np.isclose(unsure[-1, 0], mean, rtol=0.05)


def test_rows_for_new_elements_and_geometries_change_no_answer_about_known_ones(pairs):
    n, kernel = len(pairs.kernel.properties), pairs.kernel
    model = GaussianProcess(kernel, pairs.p).condition(pairs.x, pairs.y)
    given = np.pad(kernel.given, ((0, 0), (0, 1), (0, 1)), constant_values=0.3)
    more = replace(
        kernel, properties=np.vstack([kernel.properties, np.ones((2, 3))]), given=given, guessed=np.arange(n + 2) >= n
    )
    p = extended(pairs.p, n + 2, given.shape[1])
    for found, wanted in zip(model.mean_std(pairs.x, more, p), model.mean_std(pairs.x), strict=True):
        assert np.allclose(found, wanted)
    mean, std = model.mean_std(Grid.of([[n, 0, 4, 4]]), more, p)
    assert np.isfinite(mean).all()
    assert std[0] > 0
