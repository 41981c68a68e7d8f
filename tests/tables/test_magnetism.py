"""Retrieval of the strong couplings and errors where J is large, by hand."""

from dataclasses import replace

import numpy as np
import pytest

from jijbench.benchmark import load_benchmark
from jijbench.tables.magnetism import by_orbit, errors_by, found, magnetism_markdown, magnetism_table
from jijbench.tables.results import load_results, official_folder

TASK = "jij-bi2te3/jij/random-orbit"


@pytest.fixture(scope="module")
def results():
    benchmark = load_benchmark("full")
    return load_results(benchmark, official_folder(), benchmark.cells((TASK,), ("low-rank", "zero")))


def test_retrieval_by_hand():
    truth = np.array([5.0, 4.0, 3.0, 2.0, -9.0])
    assert found(truth, np.array([1.0, 9.0, 8.0, 0.0, 0.0]), 2) == 0.5
    assert found(truth, truth, 2) == 1.0
    assert found(truth, -truth, 2) == 0.0
    assert found(truth, np.zeros(5), 2) is None  # who says nothing has no strongest
    assert found(truth, truth, 3) is None  # four are ferromagnetic: three of them are hard to miss


def test_a_perfect_row_finds_all_and_has_no_error(results):
    (pooled,) = results.pooled(TASK, "low-rank")
    orbits = by_orbit(replace(pooled, mean=pooled.truth))
    assert all(found(orbits["truth"].to_numpy(), orbits["mean"].to_numpy(), k) == 1.0 for k in (10, 25, 50))
    assert errors_by(replace(pooled, mean=pooled.truth), "element")["mae"].max() == 0


def test_twins_are_one_coupling(results):
    (pooled,) = results.pooled(TASK, "low-rank")
    samples = [pooled.task.dataset.samples[k] for k in pooled.rows]
    magnetic = {s.orbit for s, keep in zip(samples, pooled.labels["magnetic"], strict=True) if keep}
    assert len(by_orbit(pooled)) == len(magnetic)


def test_predicting_nothing_errs_by_the_size_of_the_coupling(results):
    line = magnetism_table(results).set_index("row").loc["zero"]
    (pooled,) = results.pooled(TASK, "zero")
    large = np.abs(pooled.truth) >= 5.0
    assert line["n_above_5"] == large.sum()
    assert line["mae_above_5"] == pytest.approx(np.abs(pooled.truth[large]).mean())
    assert line["mae_above_5"] > line["mae_above_1"]


def test_each_pair_of_elements_counts_for_both(results):
    (pooled,) = results.pooled(TASK, "low-rank")
    elements, pairs = errors_by(pooled, "element"), errors_by(pooled, "pair")
    assert pairs["n"].sum() == pooled.labels["magnetic"].sum()
    alike = sum(n for pair, n in zip(pairs["pair"], pairs["n"], strict=True) if pair[0] == pair[1])
    assert elements["n"].sum() == 2 * pairs["n"].sum() - alike
    assert elements["mae"].is_monotonic_decreasing


def test_the_text_has_the_best_row_on_top(results):
    lines = magnetism_markdown(results, TASK).splitlines()
    assert lines[4].startswith("| low-rank |")
    assert lines[-1].startswith("MAE of low-rank by element")
