"""Coded predictions come back: scalars digit by digit, curves as close as they say."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jijbench.records.coding import (
    COARSE_INNER,
    COARSEST,
    LEFT,
    coarseness,
    code_curves,
    code_numbers,
    coded,
    decode,
    six_digits,
)
from jijbench.records.predictions import Predictions
from jijbench.targets import DV, Curve

sizes = st.floats(1e-12, 1e12)
numbers = st.one_of(sizes, sizes.map(lambda x: -x), st.just(0.0), st.integers(-12, 12).map(lambda k: 10.0**k))


@given(values=st.lists(numbers, min_size=1, max_size=20))
def test_numbers_of_six_digits_survive_single_precision(values):
    six = np.array([float(f"{value:.6g}") for value in values])
    assert decode(code_numbers(six)).tolist() == six.tolist()
    assert six_digits(six).tolist() == six.tolist()


@given(values=st.lists(numbers, min_size=1, max_size=20))
def test_more_digits_are_rounded_to_the_sixth(values):
    assert np.allclose(decode(code_numbers(np.array(values))), values, rtol=5.1e-6, atol=0)


@given(values=st.lists(numbers | st.sampled_from([np.nan, np.inf, -np.inf]), min_size=1, max_size=9))
def test_scalars_that_are_not_finite_come_back_as_they_are(values):
    again = decode(code_numbers(np.array(values)))
    assert np.array_equal(again[~np.isfinite(values)], np.array(values)[~np.isfinite(values)], equal_nan=True)
    assert np.isfinite(again[np.isfinite(values)]).all()


def curves(seed: int, n: int, k: int, rank: int, size: float) -> np.ndarray:
    """(n, k) sums of ``rank`` curves, whose sizes lie some orders of magnitude apart."""
    rng = np.random.default_rng(seed)
    return size * rng.normal(size=(n, rank)) * 10.0 ** rng.uniform(-3, 1, size=rank) @ rng.normal(size=(rank, k))


@settings(deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1), n=st.integers(1, 40), k=st.integers(1, 40), rank=st.integers(0, 40),
    size=st.sampled_from([1e-6, 1.0, 1e3]), data=st.data(),
)  # fmt: skip
def test_curves_come_back_as_close_as_they_say(seed, n, k, rank, size, data):
    values = curves(seed, n, k, rank, size)
    coarse = np.array(data.draw(st.lists(st.integers(0, COARSEST), min_size=k, max_size=k)), dtype=np.int8)
    rows = np.array(data.draw(st.lists(st.sampled_from([0, COARSE_INNER]), min_size=n, max_size=n)), dtype=np.int8)
    allowed = LEFT * (1 + np.abs(values)) * 2.0 ** np.add.outer(rows.astype(float), coarse.astype(float))
    assert np.all(np.abs(decode(code_curves(values, coarse, rows)) - values) <= allowed)
    assert np.all(np.abs(decode(code_curves(values)) - values) <= LEFT * (1 + np.abs(values)))


def test_curves_without_a_common_shape_come_back_too():
    values = curves(0, 400, 349, 349, 1.0)
    assert np.all(np.abs(decode(code_curves(values)) - values) <= LEFT * (1 + np.abs(values)))


@settings(deadline=None)
@given(seed=st.integers(0, 2**32 - 1), unknown=st.lists(st.booleans(), min_size=5, max_size=5))
def test_a_curve_with_a_point_that_is_not_finite_comes_back_as_nan(seed, unknown):
    values, rng = curves(seed, 5, 7, 3, 1.0), np.random.default_rng(seed)
    for row in np.flatnonzero(unknown):
        values[row, rng.integers(7)] = rng.choice([np.nan, np.inf, -np.inf])
    again = decode(code_curves(values))
    assert np.isnan(again[unknown]).all()
    known = ~np.array(unknown)
    assert np.all(np.abs(again[known] - values[known]) <= LEFT * (1 + np.abs(values[known])))


def test_the_same_curves_give_the_same_code():
    values = curves(3, 30, 50, 6, 1.0)
    one, two = code_curves(values), code_curves(values.copy())
    assert set(one) == set(two)
    assert all(np.array_equal(one[name], two[name]) for name in one)


def test_zero_curves_take_no_numbers():
    made = code_curves(np.zeros((4, 5)))
    assert made["scores"].shape == (8, 0, 4)
    assert np.array_equal(decode(made), np.zeros((4, 5)))


def test_points_without_weight_are_the_coarsest():
    found = coarseness(np.array([1.0, 0.25, 1e-3, 0.0]))
    assert found.tolist() == [0, 1, 4, COARSEST]
    volume = DV.volume
    found = coarseness(volume)
    assert found.min() == 0
    # nowhere does coarseness let an error count more than at the point that counts most
    fine = found < COARSEST
    assert np.all(volume[fine] * 4.0 ** found[fine] <= volume.max())


@pytest.mark.parametrize("std", [False, True])
def test_predictions_come_back_with_their_names_and_basis(std):
    mean, basis = curves(1, 6, 9, 2, 1.0), np.linspace(0, 1, 18).reshape(2, 9)
    part = np.array(["inner", "inner", "test", "test", "test", "test"])
    found = Predictions(np.array(list("abcdef")), part, mean, np.abs(mean) if std else None, basis)
    toy = Curve(name="toy", shape=(9,), convention="a toy")
    again = coded(found, toy).decoded()
    assert again.id.tolist() == found.id.tolist()
    assert again.part.tolist() == found.part.tolist()
    assert np.array_equal(again.basis, basis.astype(np.float32))
    assert (again.std is not None) == std
    pairs = [(mean, again.mean)] + ([(np.abs(mean), again.std)] if std else [])
    for before, after in pairs:
        off = np.abs(after - before) / (LEFT * (1 + np.abs(before))) / 2.0 ** coarseness(toy.volume)
        assert np.all(off[2:] <= 1)
        assert np.all(off[:2] <= 2**COARSE_INNER)
        assert off[:2].max() > 1  # inner rows are kept coarser
