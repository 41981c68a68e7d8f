"""Generated blocks of pages, made from records."""

import re

import pandas as pd
import pytest

from jijbench.benchmark import load_benchmark
from jijbench.tables.generated_docs import BLOCK, render
from jijbench.tables.results import load_results, official_folder

TASK = "deltav-elemental/dv/random-orbit"


@pytest.fixture(scope="module")
def official():
    table = pd.read_csv(official_folder() / "leaderboard.csv")
    return table[table["task"] == TASK]


def block(rows: tuple[str, ...]) -> list[list[str]]:
    benchmark = load_benchmark("full")
    results = load_results(benchmark, official_folder(), benchmark.cells((TASK,), rows))
    page = render(f"before\n<!-- begin:best {TASK} -->\nold\n<!-- end:best -->\nafter\n", results)
    assert page.startswith("before\n")
    assert page.endswith("\nafter\n")
    assert "old" not in page
    assert len(BLOCK.findall(page)) == 1
    assert render(page, results) == page
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line[0:1] == "|"]


def test_the_best_block_shows_five_rows_and_the_best_floor_with_the_table_s_numbers(official):
    models = ("plain-gp", "jacobi-legendre", "ace-field", "coulomb-field", "soap-field", "alchemical-field", "gap")
    head, _, *lines = block((*models, "zero", "host-mean"))
    assert head == ["rank", "row", "RMSE, Ry", "skill"]
    assert [line[1] for line in lines] == [
        "`plain-gp`", "`jacobi-legendre`", "`ace-field`", "`coulomb-field`", "`alchemical-field`",
        "`host-mean` (floor)",
    ]  # fmt: skip
    for _, row, error, skill in lines:
        known = official[official["row"] == re.search("`(.*)`", row)[1]].iloc[0]
        assert error.split(" [")[0] == f"{known['rmse']:.4f}"
        assert skill == f"{known['skill']:.3f}"


def test_a_floor_among_the_five_is_not_shown_twice():
    *_, last = lines = block(("zero", "host-mean", "plain-gp"))[2:]
    assert [line[1] for line in lines] == ["`plain-gp`", "`host-mean` (floor)", "`zero` (floor)"]
    assert last[3] == "0.000"
