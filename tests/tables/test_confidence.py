"""What the table says of its own resolution."""

import numpy as np
import pytest

from jijbench.benchmark import load_benchmark
from jijbench.data.protocols import members
from jijbench.data.task import load_task
from jijbench.tables import confidence
from jijbench.tables.forms import to_markdown
from jijbench.tables.leaderboard import leaderboard
from jijbench.tables.results import load_results, official_folder

TASK = "jij-bi2te3/jij/random-orbit"


def official(task, *rows):
    benchmark = load_benchmark("full")
    return load_results(benchmark, official_folder(), benchmark.cells((task,), rows))


@pytest.mark.parametrize(
    ("task", "words"),
    [
        ("jij-bi2te3/jij/random-orbit", "11 elements"),
        ("jij-bi2te3/jij/unseen-pair", "63 pairs"),
        ("jij-bi2te3/jij/unseen-element", "11 elements"),
        ("jij-bi2te3/jij/unseen-shell", "14 shells"),
        ("jij-bi2te3/jij/period", "one split: no interval of generalisation"),
        ("jij-published-table/jij/transfer", "one split: no interval of generalisation"),
        ("deltav-elemental/dv/unseen-host", "37 hosts and 54 impurities"),
        ("deltav-elemental/dv-shell/random-orbit", "37 hosts and 54 impurities"),
    ],
)
def test_what_each_protocol_resamples(task, words):
    row = "zero"
    (pooled,) = official(task, row).pooled(task, row)
    assert confidence.resampled(pooled).startswith(words)


def test_the_interval_is_of_the_number_in_the_table():
    for task, number in ((TASK, "mae_magnetic"), ("deltav-elemental/dv/unseen-host", "rmse")):
        for _, line in leaderboard(official(task, "zero")).iterrows():
            assert line["low"] < line[number] < line["high"]
            error = confidence.headline(official(task, "zero").pooled(task, "zero"))
            assert error.value == pytest.approx(line[number])


def test_the_relative_error_of_predicting_nothing_is_one_without_doubt():
    (line,) = leaderboard(official("deltav-elemental/dv/unseen-host", "zero")).to_dict("records")
    assert (line["error_left"], line["error_left_low"], line["error_left_high"]) == pytest.approx((1, 1, 1))


def test_rows_that_predict_the_same_share_their_ranks():
    task = "deltav-elemental/dv/unseen-host"  # of a host never seen, its own mean is the mean
    table = leaderboard(official(task, "mean-curve", "host-mean", "impurity-gp")).set_index("row")
    assert table.loc["impurity-gp", "rank"] == "1"
    assert table.loc["mean-curve", "rank"] == table.loc["host-mean", "rank"] == "2–3"


def test_one_split_has_no_interval_and_says_so():
    task = "jij-bi2te3/jij/period"
    table = leaderboard(official(task, "zero", "pair-mean"))
    assert table[["low", "high", "rank", "resolvable"]].isna().all(axis=None)
    assert "One split: no interval of generalisation" in to_markdown(table)


def test_the_header_says_what_is_resampled_and_resolved():
    table = leaderboard(official(TASK, "pair-gp", "soap-pair", "zero"))
    text = to_markdown(table)
    assert "11 elements" in text
    assert f"resolved: {table['resolvable'].iloc[0]:.2g} meV" in text
    best = table.iloc[0]
    assert f"{best['mae_magnetic']:.3f} [{best['low']:.3f}, {best['high']:.3f}]" in text


def test_folds_are_shown_as_spread_and_one_seed_has_none():
    line = leaderboard(official(TASK, "pair-gp")).iloc[0]
    assert line["fold_low"] < line["mae_magnetic"] < line["fold_high"]
    assert line["seed_low"] is None


def test_only_magnetic_rows_count_for_the_headline():
    (pooled,) = official(TASK, "pair-gp").pooled(TASK, "pair-gp")
    found = confidence.terms(pooled)
    assert len(found.weight) == int(pooled.labels["magnetic"].sum()) < len(pooled.truth)
    assert confidence.ways(load_task(TASK)) == ("element",)
    error = found.error()
    assert np.average(abs(pooled.mean - pooled.truth)[pooled.labels["magnetic"]]) == pytest.approx(error.value)


def test_the_smallest_difference_is_that_to_the_best():
    results = official(TASK, "pair-gp", "soap-pair")
    errors = {row: confidence.headline(results.pooled(TASK, row)) for row in ("pair-gp", "soap-pair")}
    assert confidence.resolvable({"pair-gp": errors["pair-gp"]}) is None
    smallest = confidence.resolvable(errors)
    assert 0 < smallest < errors["pair-gp"].value


@pytest.mark.parametrize("unit", ["element", "pair", "shell", "host", "impurity"])
def test_units_of_some_rows_are_the_members_of_their_samples(unit):
    task = load_task("jij-bi2te3/jij/random-orbit")
    rows = np.flatnonzero(task.dataset.magnetic)[::7]
    names, places = confidence.units(task.dataset, rows, unit)
    expected, there = members([task.dataset.samples[k] for k in rows], unit)
    assert names == expected
    assert np.array_equal(places, there)
