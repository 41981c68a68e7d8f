"""Predicted uncertainty from records: standard deviations, and conformal intervals calibrated on inner rows."""

import numpy as np
import pytest

from jijbench import plots
from jijbench.benchmark import load_benchmark
from jijbench.data.task import load_task
from jijbench.tables.confidence import bounds
from jijbench.tables.results import load_results, official_folder
from jijbench.tables.uncertainty import (
    Intervals,
    conformal,
    missed,
    of_conformal,
    of_std,
    quantile,
    uncertainty_markdown,
    uncertainty_table,
    worst_unit,
)

TASK = "jij-bi2te3/jij/random-orbit"


def official(task, *rows):
    benchmark = load_benchmark("full")
    return load_results(benchmark, official_folder(), benchmark.cells((task,), rows))


def test_the_quantile_holds_what_it_promises_where_rows_are_alike():
    """Over many calibration sets a new residual lies inside with at least the level, and less than 1/(n+1) above."""
    rng = np.random.default_rng(0)
    held = [abs(rng.normal()) <= quantile(np.abs(rng.normal(size=39)), 0.8) for _ in range(3000)]
    assert 0.8 - 0.02 < np.mean(held) < 0.8 + 1 / 40 + 0.02


def test_and_not_where_the_test_rows_are_others():
    rng = np.random.default_rng(1)
    half = quantile(np.abs(rng.normal(size=200)), 0.95)
    assert np.mean(np.abs(3 * rng.normal(size=1000)) <= half) < 0.6


def test_too_few_rows_give_no_finite_interval():
    assert quantile(np.ones(18), 0.95) == np.inf
    assert quantile(np.ones(19), 0.95) == 1.0


def test_an_infinite_width_is_a_reason_and_no_number():
    task = load_task(TASK)
    split = Intervals(np.ones(3, bool), np.full(3, np.inf), np.ones(3), np.arange(3), 7)
    numbers = of_conformal(task, {0.80: split, 0.95: split})
    assert numbers == {"n_calibration": 7, "reason": "7 inner rows are too few for an interval of 95%"}


def test_the_table_has_deviations_where_a_row_gives_them_and_says_where_not():
    table = uncertainty_table(official(TASK, "soap-pair", "low-rank")).set_index("row")
    assert table.loc["low-rank", "reason"] == "no standard deviation"
    assert table.loc["low-rank", ["nll", "coverage_95", "sharpness"]].isna().all()
    assert 0 < table.loc["soap-pair", "coverage_50"] < table.loc["soap-pair", "coverage_95"] < 1
    assert table.loc["soap-pair", "n_zero_std"] == 0
    assert set(table["n"]) == {1046}


def test_conformal_intervals_come_from_inner_rows_alone():
    results = official(TASK, "low-rank")
    task, cells = load_task(TASK), list(results.cells)
    split = conformal(results, task, cells, 0.95)
    assert len(split.held) == 1046
    assert 0.9 < np.average(split.held, weights=split.weight) <= 1
    one_fold = conformal(results, task, cells[:1], 0.95)
    assert len(set(one_fold.width)) == 1
    assert len(set(split.width)) == len(cells)


def test_the_unit_that_is_held_least_is_named():
    task = load_task("jij-bi2te3/jij/unseen-shell")
    rows = np.flatnonzero(task.dataset.magnetic)
    shells = task.dataset.table["shell"].to_numpy()[rows]
    held = shells != 3
    split = Intervals(held, np.ones(len(rows)), np.ones(len(rows)), rows, 50)
    assert worst_unit(task, split) == "shell 3 0%"


def test_the_interval_of_a_share_holds_the_true_share():
    """Elements that intervals hold 0.8 to 1 of, by luck of the element: 0.9 on average."""
    task = load_task("jij-bi2te3/jij/random-orbit")
    data, rng, inside, draws = task.dataset, np.random.default_rng(0), 0, 100
    rows = np.flatnonzero(data.magnetic)
    names = sorted({e for k in rows for e in data.samples[k].elements[:2]})
    place = np.array([[names.index(e) for e in data.samples[k].elements[:2]] for k in rows])
    for _ in range(draws):
        share = rng.uniform(0.8, 1.0, len(names))
        held = rng.random(len(rows)) < share[place].mean(axis=1)
        low, high = bounds(missed(task, held, np.ones(len(rows)), rows))
        inside += 1 - high < 0.9 < 1 - low
    assert 0.88 <= inside / draws <= 0.99


def test_a_share_that_is_whole_has_no_interval():
    task = load_task("jij-bi2te3/jij/random-orbit")
    assert missed(task, np.full(50, True), np.ones(50), np.arange(50)) is None


def test_shares_carry_their_intervals():
    (line,) = uncertainty_table(official(TASK, "soap-pair")).to_dict("records")
    for name in ("coverage_95", "conformal_coverage_95"):
        assert line[f"{name}_low"] < line[name] < line[f"{name}_high"] <= 1
    (period,) = uncertainty_table(official("jij-bi2te3/jij/period", "low-rank")).to_dict("records")
    assert period["conformal_coverage_95_low"] is None  # one split: nothing to resample


def test_a_zero_deviation_is_counted_in_words():
    numbers = of_std(np.array([0.0, 0.5]), np.array([0.0, 1.0]), np.ones(2))
    assert numbers["nll"] is None
    assert numbers["n_zero_std"] == 1
    assert "1 deviations are zero" in numbers["reason"]
    assert numbers["coverage_95"] == 1.0


def test_curves_have_conformal_intervals_too():
    task = "deltav-elemental/dv/unseen-host"
    (line,) = uncertainty_table(official(task, "plain-gp")).to_dict("records")
    assert 0.8 < line["conformal_coverage_95"] <= 1
    assert line["conformal_width_95"] > line["conformal_width_80"] > 0
    assert line["nll"] is None


def test_the_text_leaves_out_columns_that_no_row_fills():
    text = uncertainty_markdown(official(TASK, "zero", "low-rank"), TASK)
    assert "NLL" not in text
    assert "conformal 95 %" in text
    assert "nan" not in text.lower()


def test_the_figure_is_drawn_for_rows_with_deviations_only():
    draw = plots.get("calibration").draw
    figure = draw(official(TASK, "soap-pair").pooled(TASK, "soap-pair"))
    assert len(figure.axes) == 3
    x, y = figure.axes[0].lines[1].get_data()
    assert (np.diff(y) >= 0).all()
    assert x[0] == pytest.approx(0.05)
    assert draw(official(TASK, "zero").pooled(TASK, "zero")) is None
