"""Intervals and ranks on synthetic data whose answer is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t as student

from jijbench.scores.statistics import (
    coverage,
    difference,
    holm,
    interval,
    jackknife,
    mean_of,
    rank_intervals,
    unit_spread,
)


def dyads(n):
    """Members (pairs, 2) of all unordered pairs of n elements, each with itself too."""
    return np.column_stack(np.triu_indices(n))


def errors_of_dyads(rng, n, spread):
    """Errors of all pairs of n elements: a factor of each element, and one of the pair."""
    pairs = dyads(n)
    logs = rng.normal(0, spread, n)
    return np.exp(logs[pairs].sum(axis=1) + rng.normal(0, 0.3, len(pairs))), pairs


def one_way(values):
    return jackknife(np.asarray(values, dtype=float), np.ones(len(values)), [np.arange(len(values))[:, None]])


def test_the_interval_of_a_plain_mean_is_that_of_the_textbook():
    values = 1 + 0.01 * np.random.default_rng(0).normal(size=12)  # so near to one that the logarithm is linear
    low, high = interval(one_way(values))
    half = student.ppf(0.975, 11) * values.std(ddof=1) / np.sqrt(12)
    assert low == pytest.approx(values.mean() - half, rel=1e-3)
    assert high == pytest.approx(values.mean() + half, rel=1e-3)


@settings(max_examples=40, deadline=None)
@given(st.integers(3, 7), st.integers(0, 2**16), st.sampled_from([1.0, 0.5]))
def test_a_unit_leaves_with_all_its_rows_and_once(n, seed, power):
    rng = np.random.default_rng(seed)
    pairs = dyads(n)
    error, weight = rng.uniform(0.1, 2, len(pairs)), rng.uniform(0.5, 1, len(pairs))
    found = jackknife(weight * error, weight, [pairs], power)
    assert found.value == pytest.approx(np.average(error, weights=weight) ** power)
    for k in range(n):
        rest = (pairs != k).all(axis=1)
        assert found.ways[0][k] == pytest.approx(np.average(error[rest], weights=weight[rest]) ** power)


def test_intervals_over_elements_hold_the_truth_and_intervals_over_rows_do_not():
    rng = np.random.default_rng(1)
    spread, n = 0.4, 11
    pairs = dyads(n)
    times = np.where(pairs[:, 0] == pairs[:, 1], 4, 2)  # a dimer of one element has its factor squared
    truth = np.exp(times * spread**2 / 2 + 0.3**2 / 2).mean()
    held = {"elements": 0, "rows": 0}
    for _ in range(400):
        error, members = errors_of_dyads(rng, n, spread)
        for name, units in (("elements", members), ("rows", np.arange(len(error))[:, None])):
            low, high = interval(jackknife(error, np.ones(len(error)), [units]))
            held[name] += low <= truth <= high
    assert held["elements"] / 400 >= 0.90
    assert held["rows"] / 400 < 0.75


def test_what_an_interval_is_worth_falls_with_the_spread_of_few_units():
    shells = np.arange(14)[:, None]
    alike, unlike = coverage([shells], [0.3]), coverage([shells], [1.3])
    assert alike > 0.92
    assert 0.80 < unlike < 0.91


def test_two_ways_are_wider_than_either():
    rng = np.random.default_rng(2)
    hosts, impurities = (a.ravel() for a in np.meshgrid(np.arange(8), np.arange(9)))
    error = np.exp(rng.normal(0, 0.4, 8)[hosts] + rng.normal(0, 0.4, 9)[impurities])
    ways = [hosts[:, None], impurities[:, None]]
    widths = [np.ptp(np.log(interval(jackknife(error, np.ones(72), some)))) for some in (ways, ways[:1], ways[1:])]
    assert widths[0] > max(widths[1:])


def test_a_difference_is_paired_so_what_both_share_goes():
    rng = np.random.default_rng(3)
    common = np.exp(rng.normal(0, 1.0, 12))
    a, b = one_way(common * 1.2 * np.exp(rng.normal(0, 0.02, 12))), one_way(common)
    assert interval(a)[0] < b.value < interval(a)[1]
    gap = difference(a, b)
    assert gap.low < 1.2 < gap.high
    assert gap.low > 1.1
    assert gap.p < 0.001
    back = difference(b, a)
    assert (back.ratio, back.low, back.high) == pytest.approx((1 / gap.ratio, 1 / gap.high, 1 / gap.low))


def test_the_same_error_twice_does_not_differ():
    a = one_way([1.0, 2.0, 3.0, 4.0])
    assert difference(a, a).p == 1.0


def test_no_interval_of_two_units_or_of_no_error():
    assert interval(one_way([1.0, 2.0])) is None
    assert one_way([0.0, 0.0, 0.0]) is None
    assert one_way([0.0, 0.0, 1.0]) is None  # without its third unit it has no logarithm
    assert jackknife(np.array([]), np.array([]), [np.zeros((0, 1), dtype=int)]) is None
    assert interval(jackknife(np.ones(4), np.ones(4), [])) is None


def test_seeds_are_averaged_unit_by_unit():
    found = mean_of([one_way([1.0, 2.0, 3.0]), one_way([3.0, 2.0, 1.0])])
    assert found.value == 2.0
    assert found.ways[0].tolist() == [2.0, 2.0, 2.0]


def test_holm_by_hand():
    assert holm(np.array([0.01, 0.04, 0.03])) == pytest.approx([0.03, 0.06, 0.06])
    assert holm(np.array([0.9, 0.8])).max() == 1.0


def test_ranks_of_a_clear_winner_two_ties_and_a_clear_loser():
    rng = np.random.default_rng(4)
    rows = [one_way(size * np.exp(rng.normal(0, 0.1, 11))) for size in (1.0, 2.0, 2.02, 8.0)]
    assert rank_intervals(rows) == [(1, 1), (2, 3), (2, 3), (4, 4)]


def test_rows_that_cannot_be_told_apart_share_all_ranks():
    same = one_way(np.random.default_rng(5).uniform(1, 2, 9))
    assert rank_intervals([same, same, same]) == [(1, 3)] * 3
    assert rank_intervals([one_way([1.0, 2.0])] * 2) == [None, None]


def test_a_rank_interval_holds_the_true_rank():
    """Four rows of equal expected error: all ranks are true, so each reaches from 1 to 4 19 times of 20."""
    rng = np.random.default_rng(6)
    whole = [
        ends == (1, 4)
        for _ in range(100)
        for ends in rank_intervals([one_way(np.exp(rng.normal(0, 0.3, 11))) for _ in range(4)])[:1]
    ]
    assert np.mean(whole) >= 0.90


def test_the_spread_of_units_is_that_of_their_logarithms():
    values = np.exp(np.array([-1.0, 0.0, 1.0]))
    assert unit_spread(values, np.ones(3), np.arange(3)[:, None]) == pytest.approx(1.0)
