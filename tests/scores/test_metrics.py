import json
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata

from jijbench.scores import metrics
from jijbench.scores.metrics import (
    curve_norms,
    field_scores,
    mae,
    mae_rel_shell,
    pair_scores,
    projected,
    r2,
    r2_without_largest,
    rmse,
    sign_accuracy,
    spearman,
    vector_scores,
)

PLAIN = {"mae": mae, "rmse": rmse, "r2": r2, "r2_without_largest": r2_without_largest, "spearman": spearman,
         "sign_accuracy": sign_accuracy}  # fmt: skip
NONE = np.array([])
TRUTH = np.array([1.0, 2.0, 3.0, -4.0])
MEAN = np.array([1.0, 2.5, 2.0, 1.0])
ONES = np.ones(4)

mev = st.floats(-60, 60).map(lambda x: round(x, 3))


@st.composite
def tables(draw, min_size: int = 0):
    """Truth, prediction, weight, and the rows' shells and moments."""
    n = draw(st.integers(min_size, 12))
    column = st.lists(mev, min_size=n, max_size=n).map(np.array)
    weight = np.array(draw(st.lists(st.sampled_from([0.25, 0.5, 1.0]), min_size=n, max_size=n)))
    shell = np.array(draw(st.lists(st.integers(1, 3), min_size=n, max_size=n)), dtype=int)
    magnetic = np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n)), dtype=bool)
    return draw(column), draw(column), weight, {"shell": shell, "magnetic": magnetic}


def same(found: float | None, expected: float | None) -> bool:
    if found is None or expected is None:
        return found is expected
    return found == pytest.approx(expected, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mae", 6.5 / 4),
        ("rmse", np.sqrt(26.25 / 4)),
        ("r2", 1 - 26.25 / 29.0),
        ("r2_without_largest", 1 - 1.25 / 2.0),
        ("spearman", np.corrcoef([2, 3, 4, 1], [1.5, 4, 3, 1.5])[0, 1]),  # of the ranks
        ("sign_accuracy", 0.75),
    ],
)
def test_known_answers(name, value):
    assert PLAIN[name](TRUTH, MEAN, ONES) == pytest.approx(value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mae", (0.5 * 0.5 + 0.5 * 1 + 5) / 3),
        ("rmse", np.sqrt((0.5 * 0.25 + 0.5 * 1 + 25) / 3)),
        ("sign_accuracy", 2 / 3),
    ],
)
def test_known_answers_with_weights(name, value):
    weight = np.array([1.0, 0.5, 0.5, 1.0])
    assert PLAIN[name](TRUTH, MEAN, weight) == pytest.approx(value)


@pytest.mark.parametrize(
    ("name", "perfect"),
    [("mae", 0), ("rmse", 0), ("r2", 1), ("r2_without_largest", 1), ("spearman", 1), ("sign_accuracy", 1)],
)
def test_a_perfect_prediction(name, perfect):
    assert PLAIN[name](TRUTH, TRUTH, ONES) == pytest.approx(perfect)


def test_the_mean_has_no_r2():
    assert r2(TRUTH, np.full(4, TRUTH.mean()), ONES) == pytest.approx(0)


def test_one_large_row_can_carry_r2():
    truth, mean = np.array([-61.0, 0.5, -0.5, 0.2]), np.array([-60.0, -0.5, 0.5, -0.2])
    assert r2(truth, mean, ONES) > 0.99
    assert r2_without_largest(truth, mean, ONES) < 0


def test_the_sign_counts_from_a_tenth_of_a_mev_on():
    truth = np.array([0.0999, 0.1, -0.1, 5.0])
    assert sign_accuracy(truth, np.array([-1.0, 1.0, 1.0, 1.0]), ONES) == pytest.approx(2 / 3)


def test_a_prediction_of_zero_has_the_wrong_sign():
    assert sign_accuracy(np.array([1.0, -1.0]), np.zeros(2), np.ones(2)) == 0.0


def test_relative_error_of_shells_is_a_mean_over_shells():
    truth = np.array([10.0, -10.0, 1.0, 0.5, 0.0, 0.0])
    mean = np.array([11.0, -12.0, 0.0, 0.5, 7.0, 0.0])  # shell 1: 1.5/10, shell 2: 0.5/0.75, shell 3: truth is zero
    shell = np.array([1, 1, 2, 2, 3, 3])
    assert mae_rel_shell(truth, mean, np.ones(6), shell) == pytest.approx((0.15 + 2 / 3) / 2)


def test_relative_error_of_shells_heeds_weights():
    truth, mean, shell = np.array([10.0, 2.0]), np.array([11.0, 4.0]), np.array([1, 1])
    assert mae_rel_shell(truth, mean, np.array([1.0, 0.5]), shell) == pytest.approx((1 + 0.5 * 2) / (10 + 0.5 * 2))


@pytest.mark.parametrize(
    ("name", "truth", "mean"),
    [
        *((name, [], []) for name in PLAIN),
        *((name, [1.0], [2.0]) for name in ("r2", "r2_without_largest", "spearman")),
        *((name, [2.0, 2.0, 2.0], [1.0, 2.0, 3.0]) for name in ("r2", "r2_without_largest", "spearman")),
        ("r2_without_largest", [1.0, 2.0], [1.0, 2.0]),
        ("r2_without_largest", [5.0, 2.0, 2.0], [5.0, 2.0, 1.0]),
        ("spearman", [1.0, 2.0, 3.0], [0.0, 0.0, 0.0]),
        ("sign_accuracy", [0.05, -0.05], [1.0, 1.0]),
    ],
)
def test_what_is_undefined_is_none(name, truth, mean):
    assert PLAIN[name](np.array(truth), np.array(mean), np.ones(len(truth))) is None


def test_relative_error_without_a_shell_of_any_size_is_none():
    assert mae_rel_shell(np.zeros(3), np.ones(3), np.ones(3), np.array([1, 1, 2])) is None
    assert mae_rel_shell(NONE, NONE, NONE, NONE) is None


def test_scores_of_a_jij_task():
    rows = {"magnetic": np.array([True, True, False, True]), "shell": np.array([1, 1, 2, 2])}
    found = pair_scores(TRUTH, MEAN, ONES, rows)
    assert (found["n"], found["n_magnetic"]) == (4, 3)
    assert found["mae_magnetic"] == pytest.approx(5.5 / 3)
    assert found["mean_abs_truth"] == pytest.approx(2.5)
    assert found["mae_rel_shell"] == pytest.approx((0.25 / 1.5 + 3 / 3.5) / 2)
    assert set(found) == {
        "n",
        "n_magnetic",
        "mae_rel_shell",
        "mean_abs_truth",
        *PLAIN,
        *(f"{name}_magnetic" for name in PLAIN),
    }


def test_an_empty_magnetic_subset_gives_none_with_its_n():
    rows = {"magnetic": np.zeros(4, dtype=bool), "shell": np.ones(4)}
    found = pair_scores(TRUTH, MEAN, ONES, rows)
    assert found["n_magnetic"] == 0
    assert all(found[f"{name}_magnetic"] is None for name in PLAIN)
    assert found["mae"] is not None


@settings(deadline=None)
@given(table=tables())
def test_scores_are_json_without_nan(table):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = pair_scores(*table)
    again = json.loads(json.dumps(found, allow_nan=False))
    assert again == found
    assert all(value is None or type(value) in (int, float) for value in found.values())


@settings(deadline=None)
@given(table=tables(min_size=1), seed=st.integers(0, 99))
def test_the_order_of_rows_does_not_matter(table, seed):
    truth, mean, weight, rows = table
    # ties in |truth| leave open which row is the largest
    order = np.random.default_rng(seed).permutation(len(truth))
    moved = pair_scores(truth[order], mean[order], weight[order], {key: value[order] for key, value in rows.items()})
    for name, value in pair_scores(*table).items():
        if "without_largest" not in name:
            assert same(moved[name], value), name


@settings(deadline=None)
@given(table=tables(min_size=1), factor=st.sampled_from([0.25, 2.0, 8.0]))
def test_a_common_factor_of_all_weights_does_not_matter(table, factor):
    truth, mean, weight, rows = table
    scaled = pair_scores(truth, mean, weight * factor, rows)
    for name, value in pair_scores(*table).items():
        assert same(scaled[name], value), name


@settings(deadline=None)
@given(table=tables(min_size=1))
def test_a_row_listed_k_times_with_weight_one_over_k_counts_once(table):
    truth, mean, weight, rows = table
    twice = [np.repeat(column, 2) for column in (truth, mean, weight / 2)]
    doubled = pair_scores(*twice, {key: np.repeat(value, 2) for key, value in rows.items()})
    for name, value in pair_scores(*table).items():
        if name in ("mae", "rmse", "sign_accuracy", "mae_rel_shell", "mean_abs_truth", "mae_magnetic", "rmse_magnetic"):
            assert same(doubled[name], value), name


@settings(deadline=None)
@given(table=tables(min_size=1), factor=st.sampled_from([0.5, 2.0, 16.0]))
def test_another_unit_scales_errors_and_leaves_ratios(table, factor):
    truth, mean, weight, rows = table
    for name in ("mae", "rmse"):
        assert same(PLAIN[name](factor * truth, factor * mean, weight), factor * PLAIN[name](truth, mean, weight))
    for name in ("r2", "spearman"):
        assert same(PLAIN[name](factor * truth, factor * mean, weight), PLAIN[name](truth, mean, weight))
    ratio = mae_rel_shell(truth, mean, weight, rows["shell"])
    assert same(mae_rel_shell(factor * truth, factor * mean, weight, rows["shell"]), ratio)


@settings(deadline=None)
@given(table=tables(min_size=1))
def test_mae_is_never_above_rmse_and_signs_lie_between_zero_and_one(table):
    truth, mean, weight, _ = table
    assert mae(truth, mean, weight) <= rmse(truth, mean, weight) + 1e-9
    share = sign_accuracy(truth, mean, weight)
    assert share is None or 0 <= share <= 1
    rank = spearman(truth, mean, weight)
    assert rank is None or -1 - 1e-9 <= rank <= 1 + 1e-9


@settings(deadline=None)
@given(table=tables(min_size=3))
def test_spearman_sees_ranks_only(table):
    truth, mean, weight, _ = table
    assert same(spearman(truth, mean**3, weight), spearman(truth, mean, weight))


def test_scores_of_curves_are_pooled_over_points():
    truth = np.zeros((2, 3))
    mean = np.array([[1.0, 1.0, 1.0], [0.0, 0.0, 3.0]])
    found = field_scores(truth, mean, np.ones(2), {})
    assert (found["n"], found["mae"], found["rmse"]) == (2, pytest.approx(1.0), pytest.approx(np.sqrt(2)))
    assert {name for name, value in found.items() if value is None} == {"error_left", "r2", "rel_l2", "rmse_basis"}
    assert field_scores(truth, mean, np.array([1.0, 3.0]), {})["rmse"] == pytest.approx(np.sqrt((1 + 9) / 4))


def test_scores_of_no_curves_are_none():
    found = field_scores(np.zeros((0, 5)), np.zeros((0, 5)), NONE, {})
    assert found.pop("n") == 0
    assert set(found.values()) == {None}
    assert set(found) | {"n"} == set(field_scores(np.ones((2, 5)), np.ones((2, 5)), np.ones(2), {}))


def test_scores_of_curves_with_known_answers():
    """Two curves of two points, the second point weighing three times the first."""
    truth, mean = np.array([[2.0, 2.0], [-2.0, 0.0]]), np.array([[2.0, 1.0], [0.0, 0.0]])
    rows = {"volume": np.array([0.25, 0.75]), "reconstruction": truth + np.array([[0.0, 0.0], [0.0, 0.5]])}
    found = field_scores(truth, mean, np.ones(2), rows)
    assert found["rmse"] == pytest.approx(np.sqrt((0.75 * 1 + 0.25 * 4) / 2))
    assert found["mae"] == pytest.approx((0.75 * 1 + 0.25 * 2) / 2)
    assert found["rmse_reference"] == pytest.approx(np.sqrt((4 + 1) / 2))
    assert found["error_left"] == pytest.approx(found["rmse"] / found["rmse_reference"])
    assert found["r2"] == pytest.approx(1 - found["rmse"] ** 2 / (0.25 * 4 + 0.75 * 1))
    assert found["rel_l2"] == pytest.approx((np.sqrt(0.75) / 2 + 1.0) / 2)
    assert found["rmse_boundary"] == pytest.approx(np.sqrt(0.5))
    assert found["rmse_basis"] == pytest.approx(np.sqrt(0.75 * 0.25 / 2))
    assert field_scores(truth, 0 * mean, np.ones(2), rows)["error_left"] == pytest.approx(1.0)
    twice = field_scores(truth, mean, np.array([1.0, 3.0]), rows)["rmse"]
    assert twice == pytest.approx(np.sqrt((0.75 + 3 * 1.0) / 4))


def test_what_a_basis_makes_of_curves_is_the_nearest_under_the_weights():
    volume, basis = np.array([0.5, 0.25, 0.25]), np.array([[1.0, 1.0, 0.0], [0.0, 0.0, 2.0]])
    curves = np.array([[3.0, 0.0, 5.0]])
    assert projected(curves, basis, volume) == pytest.approx(np.array([[2.0, 2.0, 5.0]]))
    assert curve_norms(curves, volume) == pytest.approx(np.sqrt([0.5 * 9 + 0.25 * 25]))


def test_scores_of_vectors_with_known_answers():
    truth = np.array([[3.0, 4.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.01]])
    mean = np.array([[4.0, 3.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, -0.01]])
    found = vector_scores(truth, mean, np.array([1.0, 1.0, 2.0]))
    assert found["n"] == 3
    assert found["mae"] == pytest.approx((2 + 2 + 2 * 0.02) / 12)
    assert found["mae_length"] == pytest.approx(0.0, abs=1e-12)
    assert found["angle_deg"] == pytest.approx((np.degrees(np.arccos(24 / 25)) + 90) / 2)  # the third is too short
    assert found["sign_accuracy"] == pytest.approx(2 / 3)


def test_scores_of_no_vectors_are_none():
    found = vector_scores(np.zeros((0, 3)), np.zeros((0, 3)), NONE)
    assert found.pop("n") == 0
    assert set(found.values()) == {None}


@given(tables(min_size=2))
def test_ranks_are_those_of_scipy(table):
    assert np.array_equal(metrics._ranks(table[0]), rankdata(table[0]))


def test_one_score_is_the_one_of_all():
    rng = np.random.default_rng(0)
    truth, weight = rng.normal(size=60), rng.random(60)
    rows = {"magnetic": rng.random(60) > 0.4, "shell": rng.integers(0, 4, 60)}
    every = pair_scores(truth, truth + 0.1, weight, rows)
    assert {name: metrics.pair_score(name, truth, truth + 0.1, weight, rows) for name in every} == every
