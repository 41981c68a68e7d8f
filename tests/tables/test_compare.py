"""Two folders of results: the same, changed on purpose, and incomplete."""

import shutil

import pandas as pd
import pytest

from jijbench.benchmark import Benchmark
from jijbench.errors import DataError
from jijbench.runner import run_cells
from jijbench.tables.compare import changes, compare_markdown, compare_table
from jijbench.tables.results import found_results

pytestmark = pytest.mark.usefixtures("always_one_warden")
TASK = "jij-bi2te3/jij/unseen-both"


def run(folder, *rows):
    benchmark = Benchmark(
        benchmark="mine", description="", tasks=(TASK,), rows=rows, seeds=(0,), budget={"trials": 0, "inner_folds": 1}
    )
    run_cells(benchmark.cells(), folder)
    return folder


@pytest.fixture(scope="module")
def run_a(tmp_path_factory):
    return run(
        tmp_path_factory.mktemp("a"), {"row": "one", "adapter": "nearest-dimer"}, {"row": "two", "adapter": "zero"},
        {"row": "four", "adapter": "mean"},
    )  # fmt: skip


@pytest.fixture(scope="module")
def run_b(tmp_path_factory):
    """The row ``one`` is now another model, ``two`` is as before, ``three`` is new."""
    rows = (
        {"row": "one", "adapter": "pair-mean"},
        {"row": "two", "adapter": "zero"},
        {"row": "four", "adapter": "shell-mean"},
    )
    return run(tmp_path_factory.mktemp("b"), *rows, {"row": "three", "adapter": "mean"})


def test_a_run_does_not_differ_from_itself(run_a):
    a = found_results(run_a)
    assert changes(a, a) == []
    assert set(compare_table(a, a)["verdict"]) == {"the same"}


def test_what_differs_is_named_with_both_values(run_a, run_b):
    found = {(c.row, c.field): (c.a, c.b, c.cells) for c in changes(found_results(run_a), found_results(run_b))}
    assert found["one", "adapter"] == ("nearest-dimer", "pair-mean", 5)
    assert not any(adapter == "two" for adapter, _ in found)
    text = compare_markdown(found_results(run_a), found_results(run_b))
    assert f"only in B: {TASK}: three" in text
    assert "one on" in text


def test_a_difference_beyond_chance_has_a_direction_and_chance_is_called_so(run_a, run_b):
    a, b = found_results(run_a), found_results(run_b)
    there, back = (compare_table(x, y).set_index("row").loc["one"] for x, y in ((a, b), (b, a)))
    assert there["ratio"] == pytest.approx(1 / back["ratio"])
    assert there["p"] == pytest.approx(back["p"])
    assert there["low"] < there["ratio"] < there["high"]
    assert (there["low"] > 1 or there["high"] < 1) == (there["p"] < 0.05)
    beyond = there["p_holm"] < 0.05
    verdict = {True: "A better" if there["ratio"] < 1 else "B better", False: "no more than chance"}[beyond]
    assert there["verdict"] == verdict


def test_p_is_adjusted_for_the_rows_that_differ(run_a, run_b):
    table = compare_table(found_results(run_a), found_results(run_b)).set_index("row")
    tested = table.loc[["one", "four"]].sort_values("p")
    assert list(tested["p_holm"]) == pytest.approx(
        [min(1.0, 2 * tested["p"].iloc[0]), max(min(1.0, 2 * tested["p"].iloc[0]), tested["p"].iloc[1])]
    )
    assert pd.isna(table.loc["two", "p_holm"])  # the same in both: no comparison


def test_a_row_with_a_missing_fold_is_not_compared(run_a, tmp_path):
    copy = shutil.copytree(run_a, tmp_path / "copy")
    next((copy / "runs" / TASK / "one").glob("f01*.json")).unlink()
    table = compare_table(found_results(run_a), found_results(copy)).set_index("row")
    assert table.loc["one", "verdict"] == "not complete in B"
    assert table.loc["two", "verdict"] == "the same"


def test_a_folder_without_records_is_an_error_that_says_what_to_do(tmp_path):
    with pytest.raises(DataError, match="jijbench run"):
        found_results(tmp_path)
