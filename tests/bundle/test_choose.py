"""The best row is the best portable one, and the words say what was passed over."""

import pandas as pd
import pytest

from jijbench.benchmark import load_benchmark
from jijbench.bundle.choose import best, choose, named
from jijbench.errors import DataError, IncompleteTable, UnknownName
from jijbench.tables.results import official_folder

TASK = "jij-bi2te3/jij/random-orbit"


def table(*lines: tuple) -> pd.DataFrame:
    names = ["row", "mae_magnetic", "status", "reason"]
    return pd.DataFrame(lines, columns=names, dtype=object)


LINES = table(
    ("boosted", 0.1, "complete", None), ("gp", 0.2, "complete", None), ("zero", 2.0, "complete", None),
    ("gap", None, "refused", "needs quippy"),
)  # fmt: skip


def test_a_better_row_that_cannot_be_saved_is_passed_over_in_words():
    name, words = best(LINES, TASK, {"boosted": "saves pickles only", "gp": None, "zero": None})
    assert name == "gp"
    assert words == (
        f"gp: the best portable row of {TASK} by mae_magnetic, 0.2 meV, of 3 rows with a number; "
        "boosted (0.1 meV) is better but saves pickles only; gap has no number (refused: needs quippy)"
    )


def test_the_best_row_is_taken_where_it_is_portable():
    name, words = best(LINES, TASK, {"boosted": None, "gp": None, "zero": None})
    assert name == "boosted"
    assert "is better but" not in words


def test_no_portable_row_is_an_error():
    with pytest.raises(DataError, match=r"no row of .* has a number and can be saved"):
        best(LINES, TASK, dict.fromkeys(["boosted", "gp", "zero"], "no"))


def test_a_named_row_is_taken_and_placed():
    assert named(LINES, TASK, "gp", None) == ("gp", f"gp: as asked; by mae_magnetic it is number 2 of 3 rows of {TASK}")
    with pytest.raises(DataError, match="boosted cannot be exported: saves pickles only; choose another row"):
        named(LINES, TASK, "boosted", "saves pickles only")
    with pytest.raises(DataError, match=r"gap has no scores on .* \(refused: needs quippy\)"):
        named(LINES, TASK, "gap", None)


def test_unknown_names_and_missing_records_are_said(tmp_path):
    full = load_benchmark("full")
    with pytest.raises(UnknownName, match="random-orbit"):
        choose(full, official_folder(), "jij-bi2te3/jij/random")
    with pytest.raises(UnknownName, match="pair-gp"):
        choose(full, official_folder(), TASK, "pair-gpp")
    with pytest.raises(IncompleteTable, match="jijbench run full"):
        choose(full, tmp_path, TASK, "zero")


def test_the_official_choice_of_potentials():
    found = choose(load_benchmark("full"), official_folder(), "deltav-elemental/dv/random-orbit")
    lines = pd.read_json(official_folder() / "leaderboard.json")
    lines = lines[(lines["task"] == "deltav-elemental/dv/random-orbit") & (lines["status"] == "complete")]
    assert found.row.row == lines.sort_values("rmse")["row"].iloc[0]
    assert found.budget.trials == found.row.trials == 0
    assert "automl-composition has no number (refused" in found.words
