import dataclasses

import numpy as np
import pytest

from jijbench import adapters
from jijbench.adapters.floors.additive import Additive
from jijbench.adapters.floors.low_rank import LowRank
from jijbench.adapters.floors.mean import Mean
from jijbench.adapters.floors.moment_product import MomentProduct
from jijbench.adapters.floors.nearest_dimer import NearestDimer
from jijbench.adapters.floors.pair_mean import PairMean
from jijbench.adapters.floors.shell_mean import ShellMean
from jijbench.adapters.floors.zero import Zero
from jijbench.data.sample import Sample
from jijbench.data.task import INPUTS, Question
from jijbench.targets import DIJ, JIJ

FLOORS = [Zero, Mean, ShellMean, PairMean, Additive, NearestDimer, LowRank, MomentProduct]
GATED = [floor for floor in FLOORS if floor is not Zero]
ELEMENTS = ["V", "Cr", "Mn", "Fe", "Nb", "Tc"]
EFFECT = {"V": 3.0, "Cr": -1.0, "Mn": 0.5, "Fe": 2.0, "Nb": -4.0, "Tc": -0.5}  # sums to zero
SHELLS = {3.0: 5.0, 4.0: -2.0, 5.0: 1.0, 7.0: -4.0}
MOMENTS = {"V": 2.7, "Cr": 3.9, "Mn": 4.5, "Fe": 3.5, "Nb": 0.0, "Tc": 0.0}


@pytest.fixture(scope="module")
def table(toy_table):
    return toy_table(ELEMENTS, list(SHELLS))


@pytest.fixture(scope="module")
def with_moments(toy_table):
    return toy_table(ELEMENTS, list(SHELLS), MOMENTS)


@pytest.fixture(scope="module")
def additive(table):
    return np.array([EFFECT[s.pair[0]] + EFFECT[s.pair[1]] + SHELLS[s.distance] for s in table])


@pytest.fixture(scope="module")
def rank_one(table):
    amplitude = {pair: 1.0 + k for k, pair in enumerate(sorted({s.pair for s in table}))}
    return np.array([amplitude[s.pair] * SHELLS[s.distance] for s in table])


@pytest.fixture(scope="module")
def noise(table):
    return np.random.default_rng(0).normal(size=len(table))


def taught(floor, samples, y, rows=slice(None)):
    kept = samples[rows] if isinstance(rows, slice) else [samples[k] for k in rows]
    return floor().fit(kept, y[rows])


def test_zero_and_mean(table, noise):
    assert (taught(Zero, table, noise).predict(table) == 0).all()
    assert np.allclose(taught(Mean, table, noise).predict(table[:3]), noise.mean())


def test_zero_has_the_shape_of_the_target(table):
    assert Zero(target=DIJ).fit(table, np.zeros((len(table), 3))).predict(table[:4]).shape == (4, 3)


def test_shell_means_are_means(table, noise):
    mean = taught(ShellMean, table, noise).predict(table)
    for distance in SHELLS:
        rows = np.array([s.distance == distance for s in table])
        assert np.allclose(mean[rows], noise[rows].mean())


def test_an_unseen_shell_is_interpolated_in_distance(table, toy):
    y = np.array([SHELLS[s.distance] for s in table])
    model = taught(ShellMean, table, y)
    asked = [toy("Cr", "Mn", r) for r in (3.5, 4.25, 6.0, 2.0, 9.0)]
    assert np.allclose(model.predict(asked), [1.5, -1.25, -1.5, 5.0, -4.0])


def test_pair_means_are_means(table, noise, toy):
    mean = taught(PairMean, table, noise).predict(table)
    for pair in {s.pair for s in table}:
        rows = np.array([s.pair == pair for s in table])
        assert np.allclose(mean[rows], noise[rows].mean())
    swapped = taught(PairMean, table, noise).predict([toy("Mn", "Cr", 4.0), toy("Cr", "Mn", 4.0)])
    assert swapped[0] == swapped[1]


def test_an_unseen_pair_gets_the_additive_effects(table, additive):
    unseen = np.array([s.pair == ("Cr", "Fe") for s in table])
    rows = np.flatnonzero(~unseen)
    asked = [s for s, yes in zip(table, unseen, strict=True) if yes]
    expected = taught(Additive, table, additive, rows).predict(asked)
    assert np.allclose(taught(PairMean, table, additive, rows).predict(asked), expected)
    assert np.allclose(taught(LowRank, table, additive, rows).predict(asked), expected)


def ridge_by_hand(samples, y, asked, ridge=1.0):
    """(XᵀX + λ)⁻¹ Xᵀ (y − ȳ) with one column an element and one a distance."""

    def design(rows):
        return np.array([[s.pair.count(e) for e in ELEMENTS] + [float(s.distance == r) for r in SHELLS] for s in rows])

    X, mean = design(samples), y.mean()
    return mean + design(asked) @ np.linalg.solve(X.T @ X + ridge * np.eye(X.shape[1]), X.T @ (y - mean))


def test_additive_is_ridge_least_squares(table, noise):
    assert np.allclose(taught(Additive, table, noise).predict(table), ridge_by_hand(table, noise, table), atol=1e-6)


def test_an_additive_table_is_recovered_up_to_the_ridge(table, additive):
    error = np.abs(taught(Additive, table, additive).predict(table) - additive)
    assert error.max() < 0.06 * np.ptp(additive)
    assert np.corrcoef(taught(Additive, table, additive).predict(table), additive)[0, 1] > 0.999


def test_an_unseen_element_counts_as_the_mean_one(table, additive, toy):
    model = taught(Additive, table, additive)
    asked = [toy("Cr", "Zn", 4.0)]
    average = np.mean(model.predict([toy("Cr", e, 4.0) for e in ELEMENTS]))
    assert model.predict(asked)[0] == pytest.approx(average, abs=0.01)
    nothing_known = model.predict([toy("Zn", "Cu", 4.0)])[0]
    shell = np.mean([y for s, y in zip(table, additive, strict=True) if s.distance == 4.0])
    assert nothing_known == pytest.approx(shell, abs=0.3)


def test_additive_interpolates_an_unseen_distance(table, additive, toy):
    model = taught(Additive, table, additive)
    low, high, between = model.predict([toy("Cr", "Mn", r) for r in (5.0, 7.0, 5.5)])
    assert between == pytest.approx(0.75 * low + 0.25 * high)


def test_a_rank_one_table_is_recovered(table, rank_one):
    model = taught(LowRank, table, rank_one)
    assert np.abs(model.predict(table) - rank_one).max() < 0.02 * np.abs(rank_one).max()


def test_holes_of_a_rank_one_table_are_filled(table, rank_one):
    holes = [5, 30, 47, 66]
    rows = np.setdiff1d(np.arange(len(table)), holes)
    mean = taught(LowRank, table, rank_one, rows).predict([table[k] for k in holes])
    assert np.allclose(mean, rank_one[holes], rtol=0.05, atol=0.05 * np.abs(rank_one).mean())
    additive = taught(Additive, table, rank_one, rows).predict([table[k] for k in holes])
    assert np.abs(mean - rank_one[holes]).max() < 0.2 * np.abs(additive - rank_one[holes]).max()


def test_low_rank_tells_surroundings_apart_not_only_distances(dimers):
    samples = [s for s in dimers.samples if s.shell == 9 and s.moments.all()]
    y = np.array([4.0 if s.geometry.id == "s09b" else -0.1 for s in samples])
    assert np.abs(LowRank().fit(samples, y).predict(samples) - y).max() < 0.1
    assert np.ptp(ShellMean().fit(samples, y).predict(samples)) == 0


def test_low_rank_gives_an_unseen_shell_the_additive_effects(table, additive):
    rows = [k for k, s in enumerate(table) if s.distance != 5.0]
    asked = [s for s in table if s.distance == 5.0]
    expected = taught(Additive, table, additive, rows).predict(asked)
    assert np.allclose(taught(LowRank, table, additive, rows).predict(asked), expected)


def test_the_nearest_dimer_is_copied(toy):
    training = [toy("Cr", "Mn", 4.0), toy("Nb", "Tc", 4.0), toy("Cr", "Mn", 7.0)]
    model = NearestDimer().fit(training, np.array([1.0, 2.0, 3.0]))
    asked = [toy("Cr", "Mn", 4.2), toy("Mn", "Cr", 4.2), toy("Cr", "Fe", 6.9), toy("Mo", "Tc", 4.0)]
    assert model.predict(asked).tolist() == [1.0, 1.0, 3.0, 2.0]


def test_equally_near_dimers_are_averaged(dimers):
    geometry = dimers.samples[0].geometry  # its two sites see the same surroundings
    left, right, asked = (Sample("x", geometry, pair, "o") for pair in (("V", "Cr"), ("Cr", "Mn"), ("Cr", "Cr")))
    assert NearestDimer().fit([left, right], np.array([1.0, 5.0])).predict([asked]).tolist() == [3.0]


def test_the_nearest_dimer_prefers_equal_surroundings(dimers):
    geometries = {s.geometry.id: s for s in dimers.samples if s.pair == ("Cr", "Mn")}
    model = NearestDimer().fit([geometries["s09a"], geometries["s09b"]], np.array([1.0, 2.0]))
    assert model.predict([geometries["s09a"], geometries["s09b"]]).tolist() == [1.0, 2.0]


def test_the_product_of_moments_is_recovered(with_moments):
    strength = {3.0: 0.4, 4.0: -0.3, 5.0: 0.1, 7.0: 0.0}
    y = np.array([strength[s.distance] * np.prod(s.moments) for s in with_moments])
    model = MomentProduct().fit(with_moments, y)
    assert np.allclose(model.predict(with_moments), y)
    assert dict(zip(model.distances_, model.c_, strict=True)) == pytest.approx(strength)


def test_the_product_of_moments_interpolates_an_unseen_distance(with_moments, toy):
    y = np.array([s.distance * np.prod(s.moments) for s in with_moments])
    asked = [toy("Cr", "Mn", 6.0, moments=(3.9, 4.5))]
    assert MomentProduct().fit(with_moments, y).predict(asked)[0] == pytest.approx(6.0 * 3.9 * 4.5)


@pytest.mark.parametrize("inputs", ["structure", "composition"])
def test_the_product_of_moments_refuses_without_moments(inputs):
    assert "needs moments" in MomentProduct.refuses(Question(JIJ, inputs))
    assert inputs in MomentProduct.refuses(Question(JIJ, inputs))
    assert MomentProduct.refuses(Question(JIJ, "structure+moments")) is None


@pytest.mark.parametrize("floor", GATED)
def test_a_scalar_floor_refuses_a_vector(floor):
    assert "turn" in floor.refuses(Question(DIJ, "structure+moments"))


@pytest.mark.parametrize("floor", GATED)
def test_with_moments_a_pair_without_two_of_them_is_exactly_zero(floor, with_moments, noise):
    mean = floor().fit(with_moments, noise + 10.0).predict(with_moments)
    closed = np.array([not s.moments.all() for s in with_moments])
    assert (mean[closed] == 0.0).all()
    assert (mean[~closed] != 0.0).all()


@pytest.mark.parametrize("floor", [floor for floor in GATED if floor is not MomentProduct])
def test_with_moments_a_floor_learns_from_the_magnetic_rows_only(floor, with_moments, table, noise):
    magnetic = [k for k, s in enumerate(with_moments) if s.moments.all()]
    spoiled = noise.copy()
    spoiled[np.setdiff1d(np.arange(len(noise)), magnetic)] = 1e6
    asked = [with_moments[k] for k in magnetic]
    gated = floor().fit(with_moments, spoiled).predict(asked)
    alone = floor().fit([table[k] for k in magnetic], noise[magnetic]).predict([table[k] for k in magnetic])
    assert np.allclose(gated, alone)


@pytest.mark.parametrize("floor", FLOORS)
def test_unseen_pairs_shells_and_elements_get_finite_numbers(floor, with_moments, noise, toy):
    rows = [k for k, s in enumerate(with_moments) if s.pair != ("Cr", "Fe") and s.distance != 5.0]
    model = taught(floor, with_moments, noise, rows)
    asked = [toy("Cr", "Fe", 4.0, (3.9, 3.5)), toy("Cr", "Mn", 5.0, (3.9, 4.5)), toy("Ni", "Cr", 4.0, (1.0, 3.9)),
             toy("Ni", "Co", 11.0, (1.0, 2.0)), toy("Cr", "Zn", 4.0, (3.9, 0.0))]  # fmt: skip
    mean = model.predict(asked)
    assert mean.shape == (5,)
    assert np.isfinite(mean).all()


@pytest.mark.parametrize("floor", FLOORS)
def test_training_without_a_magnetic_pair_predicts_zero(floor, toy):
    training = [toy("Cr", "Zn", 4.0, (3.9, 0.0)), toy("Zn", "Zn", 5.0, (0.0, 0.0))]
    model = floor().fit(training, np.zeros(2))
    assert model.predict([*training, toy("Cr", "Cr", 4.0, (3.9, 3.9))]).tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("floor", FLOORS)
def test_naming_i_and_j_the_other_way_round_does_not_matter(floor, with_moments, noise):
    renamed = []
    for s in with_moments:
        geometry = dataclasses.replace(
            s.geometry, sites=s.geometry.sites[::-1], sublattices=s.geometry.sublattices[::-1]
        )
        renamed.append(Sample(s.id, geometry, s.elements[::-1], s.orbit, {"moments": s.moments[::-1]}))
    model = floor().fit(with_moments, noise)
    assert np.allclose(model.predict(renamed), model.predict(with_moments))


@pytest.mark.parametrize("floor", FLOORS)
def test_a_floor_does_not_change_what_it_is_given(floor, with_moments, noise):
    before = noise.copy()
    floor().fit(with_moments, noise).predict(with_moments)
    assert np.array_equal(noise, before)


@pytest.mark.parametrize("floor", FLOORS)
def test_a_floor_says_that_it_is_one(floor):
    assert floor.info.kind == "floor"
    assert floor.info.citation.startswith("baseline of this suite")
    assert floor.requires == ()


def test_every_floor_of_the_suite_is_tested_here():
    found = {
        name
        for name in adapters.names()
        if adapters.requires(name) == ()
        and adapters.get(name).info.kind == "floor"
        and any(adapters.get(name).refuses(Question(JIJ, inputs)) is None for inputs in INPUTS)
    }
    assert found == {
        "zero",
        "mean",
        "shell-mean",
        "pair-mean",
        "additive",
        "nearest-dimer",
        "low-rank",
        "moment-product",
    }


def test_targets_compare_by_value():
    again = type(JIJ)(**vars(JIJ))
    assert again == JIJ
    assert Zero(target=again).get_params() == Zero().get_params()
