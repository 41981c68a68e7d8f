"""Scores of predicted uncertainty where the right answer is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from jijbench.scores import calibration

ONES = np.ones(20000)


def gaussian(scale=1.0):
    """Errors of a model that says ``std``, drawn with ``scale`` times it."""
    rng = np.random.default_rng(0)
    std = rng.uniform(0.1, 2.0, len(ONES))
    return scale * std * rng.normal(size=len(ONES)), std


def test_a_model_that_knows_its_errors_is_calibrated():
    error, std = gaussian()
    for level in (0.5, 0.8, 0.95):
        half = calibration.normal_half(std, level)
        assert calibration.coverage(half, error, ONES) == pytest.approx(level, abs=0.01)
    assert calibration.miscalibration(error, std, ONES) < 0.01


@pytest.mark.parametrize(("scale", "side"), [(2.0, -1), (0.5, 1)])
def test_one_that_is_too_sure_or_too_modest_is_not(scale, side):
    error, std = gaussian(scale)
    observed = calibration.curve(error, std, ONES)
    assert (side * (observed - np.array(calibration.GRID)) > 0.01).all()
    assert calibration.miscalibration(error, std, ONES) > 0.1
    expected = 2 * norm.cdf(norm.ppf(0.975) / scale) - 1
    assert calibration.coverage(calibration.normal_half(std, 0.95), error, ONES) == pytest.approx(expected, abs=0.01)


def test_the_likelihood_is_that_of_scipy_and_best_for_the_right_width():
    error, std = gaussian()
    right = calibration.nll(error, std, ONES)
    assert right == pytest.approx(-np.mean(norm(0, std).logpdf(error)))
    assert all(calibration.nll(error, factor * std, ONES) > right for factor in (0.7, 1.4))


def test_a_deviation_of_zero_has_no_likelihood():
    assert calibration.nll(np.array([0.0, 1.0]), np.array([0.0, 1.0]), np.ones(2)) is None


def test_the_interval_score_by_hand():
    error, half = np.array([0.5, -3.0]), np.array([1.0, 1.0])
    assert calibration.interval_score(half, error, np.ones(2), 0.95) == pytest.approx((2 + 2 + 2 / 0.05 * 2.0) / 2)
    error, std = gaussian()
    scores = [
        calibration.interval_score(calibration.normal_half(f * std, 0.95), error, ONES, 0.95) for f in (0.6, 1, 1.6)
    ]
    assert scores[1] == min(scores)


def test_weights_count():
    error, half = np.array([0.0, 2.0]), np.ones(2)
    assert calibration.coverage(half, error, np.array([3.0, 1.0])) == 0.75
    assert calibration.sharpness(np.array([1.0, 3.0]), np.array([1.0, 0.0])) == 1.0


def test_retention_by_hand():
    share, mae = calibration.retention(np.array([1.0, -2.0, 3.0]), np.array([3.0, 1.0, 2.0]), np.ones(3))
    assert share == pytest.approx([1 / 3, 2 / 3, 1])
    assert mae == pytest.approx([2.0, 2.5, 2.0])


def test_retention_gain_is_one_for_the_errors_themselves_and_none_for_equal_errors():
    error = np.array([0.1, -0.4, 2.0, 0.7])
    assert calibration.retention_gain(error, np.abs(error), np.ones(4)) == pytest.approx(1.0)
    assert calibration.retention_gain(error, -np.abs(error), np.ones(4)) < 0
    assert calibration.retention_gain(np.ones(4), np.arange(4.0), np.ones(4)) is None


@given(st.lists(st.floats(-5, 5), min_size=2, max_size=30), st.integers(0, 99))
def test_no_order_gains_more_than_that_of_the_errors(values, seed):
    error = np.array(values)
    gain = calibration.retention_gain(error, np.random.default_rng(seed).uniform(size=len(error)), np.ones(len(error)))
    assert gain is None or gain <= 1 + 1e-9


def test_nothing_gives_none():
    none = np.array([])
    assert calibration.nll(none, none, none) is None
    assert calibration.coverage(none, none, none) is None
    assert calibration.miscalibration(none, none, none) is None
    assert calibration.sharpness(none, none) is None
    assert calibration.interval_score(none, none, none, 0.95) is None
