"""What errors of J do to critical temperatures, on predictions whose effect is known."""

import numpy as np
import pandas as pd
import pytest

from jijbench.benchmark import Benchmark
from jijbench.data.task import load_task
from jijbench.errors import DataError
from jijbench.runner import run_cells
from jijbench.scores.physics import STRONG_SHELLS
from jijbench.spin.tc import tc_table
from jijbench.tables.downstream import (
    COLUMNS,
    bounds,
    combinations,
    downstream_line,
    downstream_markdown,
    downstream_table,
)
from jijbench.tables.generated_docs import render
from jijbench.tables.results import Pooled, load_results

TASK = "jij-bi2te3/jij/random-orbit"


def pooled(change, task: str = TASK, seed: int = 0) -> Pooled:
    """Predictions for every test row of a task; ``change`` makes them of the truth and the table."""
    about = load_task(task)
    ids = [name for fold in about.split.folds for name in fold.test]
    rows = about.dataset.rows(ids)
    times = about.split.times_tested()
    truth = about.dataset.truth("jij")[rows]
    mean = np.asarray(change(truth, about.dataset.table.iloc[rows].reset_index(drop=True)), dtype=float)
    weight = np.array([1.0 / times[name] for name in ids])
    return Pooled(about, "made-up", seed, rows, mean, np.full(len(ids), np.nan), truth, weight, np.zeros(len(ids)))


def test_the_truth_has_no_error():
    line = downstream_line([pooled(lambda truth, table: truth)])
    assert line["tc_mae_k"] == 0
    assert line["order_accuracy"] == 1
    assert line["low"] is None


def test_temperatures_are_those_of_the_exchange_table():
    """The same T_c by another way: symmetry expansion of the dataset on the lattice."""
    table = combinations(pooled(lambda truth, table: truth))
    other = tc_table("dataset", 0.1)
    other = other[other["tc_k"].notna()]
    assert len(table) == len(other)
    merged = table.merge(other, on=["element_i", "element_j"])
    assert len(merged) == len(table)
    assert merged["tc_truth"].to_numpy() == pytest.approx(merged["tc_k"].to_numpy(dtype=float), abs=1e-6)
    assert (merged["order_truth"] == merged["order"]).all()


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_temperatures_scale_with_j(factor):
    line = downstream_line([pooled(lambda truth, table: factor * truth)])
    assert line["tc_mae_k"] == pytest.approx(abs(factor - 1) * line["mean_tc_k"])
    assert line["order_accuracy"] == 1
    assert line["low"] < line["tc_mae_k"] < line["high"]


def test_predicting_nothing_costs_the_mean_temperature():
    line = downstream_line([pooled(lambda truth, table: 0 * truth)])
    assert line["tc_mae_k"] == pytest.approx(line["mean_tc_k"])
    assert line["order_accuracy"] < line["order_floor"] < 1


def test_a_wrong_sign_between_species_is_a_wrong_order_at_the_same_temperature():
    def flip(truth, table):
        return np.where(table["element_i"] == table["element_j"], truth, -truth)

    found = combinations(pooled(flip))
    two = found[(found["element_i"] != found["element_j"]) & (found["tc_truth"] > 1)]
    assert two["tc_mean"].to_numpy() == pytest.approx(two["tc_truth"].to_numpy())
    assert not (two["order_truth"] == two["order_mean"]).any()


def test_a_shell_counts_with_its_multiplicity():
    def one_shell(truth, table):
        return truth + (table["shell"] == 1) * (table["element_i"] == "Cr") * (table["element_j"] == "Cr") * 1.0

    found = combinations(pooled(one_shell)).set_index(["element_i", "element_j"]).loc[("Cr", "Cr")]
    assert found["tc_mean"] - found["tc_truth"] == pytest.approx(0.1 * 6.0 / (3 * 0.08617333262))


def test_only_combinations_with_all_strong_shells_count(dimers):
    table = dimers.table[dimers.magnetic]
    whole = {frozenset(pair) for pair, part in table.groupby(["element_i", "element_j"])
             if set(STRONG_SHELLS) <= set(part["shell"])}  # fmt: skip
    for line in combinations(pooled(lambda truth, table: truth)).itertuples():
        a, b = line.element_i, line.element_j
        assert {frozenset([a]), frozenset([b]), frozenset([a, b])} <= whole


def test_seeds_are_averaged():
    one, two = pooled(lambda truth, table: 2 * truth), pooled(lambda truth, table: truth, seed=1)
    line, single = downstream_line([one, two]), downstream_line([one])
    assert line["tc_mae_k"] == pytest.approx(single["tc_mae_k"] / 2)
    assert line["combinations"] == single["combinations"]


def test_protocols_that_leave_dimers_untested_are_refused():
    with pytest.raises(DataError, match="need all of them"):
        downstream_line([pooled(lambda truth, table: truth, task="jij-bi2te3/jij/period")])


def errors_table(errors: dict[tuple[str, str], float]) -> pd.DataFrame:
    return pd.DataFrame(
        [{"element_i": a, "element_j": b, "tc_truth": 0.0, "tc_mean": e} for (a, b), e in errors.items()]
    )


def test_equal_errors_leave_no_doubt():
    table = errors_table({(a, b): 3.0 for a in "ABCD" for b in "ABCD"})
    assert bounds(table) == pytest.approx((3.0, 3.0))


def test_the_interval_holds_the_mean_of_independent_elements():
    """Eleven elements, one error each: close to what it says for a skewed distribution of known mean."""
    rng, inside = np.random.default_rng(0), 0
    for _ in range(300):
        errors = rng.lognormal(0.0, 0.5, 11)
        low, high = bounds(errors_table({(str(k), str(k)): e for k, e in enumerate(errors)}))
        inside += low <= np.exp(0.125) <= high
    assert inside / 300 > 0.88


@pytest.mark.usefixtures("always_one_warden")
def test_table_of_a_folder_and_its_block_in_a_document(tmp_path):
    rows = [{"row": name, "adapter": name} for name in ("zero", "pair-mean")]
    bench = Benchmark(
        benchmark="mine", description="", tasks=(TASK,), rows=rows, seeds=(0,), budget={"trials": 0, "inner_folds": 1}
    )
    run_cells(bench.cells(), tmp_path)
    results = load_results(bench, tmp_path)
    table = downstream_table(results)
    assert list(table.columns) == list(COLUMNS)
    assert table["row"].tolist() == ["pair-mean", "zero"]
    text = downstream_markdown(table)
    assert "| pair-mean | " in text
    page = f"<!-- begin:downstream {TASK} -->\nold\n<!-- end:downstream -->"
    assert text in render(page, results)


def test_no_row_is_said_in_words():
    assert downstream_markdown(pd.DataFrame(columns=list(COLUMNS))) == "no row is complete\n"
