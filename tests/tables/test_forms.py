"""The forms of a table: the official value beside the right column, reasons where there are no numbers, plain text."""

import csv
import io

import pandas as pd
import pytest

from jijbench.data.task import load_task
from jijbench.tables.forms import compact, files, to_csv, to_markdown
from jijbench.tables.leaderboard import columns
from jijbench.tables.results import official_folder

DIMERS, CURVES = "jij-bi2te3/jij/random-orbit", "deltav-elemental/dv/random-orbit"


@pytest.fixture(scope="module")
def official() -> pd.DataFrame:
    return pd.read_csv(official_folder() / "leaderboard.csv")


def cells(text: str) -> list[list[str]]:
    """The table of a section: its lines, cell by cell."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if "|:--" not in line]


@pytest.mark.parametrize("hidden", [[], ["rank"], ["rank", "fold_low", "rmse"]])
@pytest.mark.parametrize("task", [DIMERS, CURVES])
def test_the_official_value_stands_right_of_the_headline(official, task, hidden):
    headline = load_task(task).target.headline
    hidden = [column for column in hidden if column != headline]
    table = official[official["task"] == task]
    table = table.astype(object).where(table.notna(), None).assign(**dict.fromkeys(hidden))
    title = next(title for column, title, _ in load_task(task).target.shown if column == headline)
    head, *lines = cells(to_markdown(table, official))
    place = head.index(title)
    assert head[place + 1] == "official"
    assert len(lines) == len(table)
    for line in lines:
        assert line[place].split(" [")[0] == line[place + 1]
    assert "official" not in cells(to_markdown(table))[0]


def without_numbers(task: str, **values: object) -> pd.DataFrame:
    line = dict.fromkeys(columns([load_task(task).target])) | {
        "task": task, "row": "mine", "kind": "model", "inputs": "structure", "unit": "meV", "status": "failed",
        "reason": "1 of 1 cells: it broke", "trials": 0, "seconds": 1.0,
    }  # fmt: skip
    return pd.DataFrame([line | values], dtype=object)


@pytest.mark.parametrize("task", [DIMERS, CURVES])
def test_a_table_without_a_number_says_why(official, task):
    for beside in (None, official, official.iloc[:0]):
        made = files(without_numbers(task), beside)
        assert "- mine: failed, 1 of 1 cells: it broke" in made["leaderboard.md"]
        assert "it broke" in made["leaderboard.csv"]
        assert "it broke" in made["leaderboard.json"]
    named = without_numbers(task, row="soap", status="refused", reason="needs dscribe")
    head, line = cells(to_markdown(named, official))
    own = official[(official["task"] == task) & (official["row"] == "soap")][load_task(task).target.headline]
    if len(own):
        assert float(line[head.index("official")]) == pytest.approx(own.iloc[0], abs=1e-3)


ATTACK = "x\n\n| 1 | best | model |\n# heading\n\x1b]0;title\x07<img src=x onerror=alert(1)>\u202e"


def test_text_of_others_stays_in_its_place_in_markdown():
    text = to_markdown(without_numbers(DIMERS, reason=ATTACK, licence=f"MIT {ATTACK}", note=ATTACK, worst=ATTACK))
    assert len([line for line in text.splitlines() if line.startswith("|")]) == 3
    assert [line for line in text.splitlines() if line.startswith("#")] == [f"### {DIMERS}"]
    assert "<" not in text
    assert not {"\x1b", "\x07", "\u202e"} & set(text)
    assert r"- mine: failed, x \| 1 \| best \| model \| # heading \\x1b]0;title\\x07&lt;img src=x" in text


def test_a_text_in_csv_is_no_formula_and_numbers_are_numbers():
    table = without_numbers(DIMERS, reason="=cmd|' /C calc'!A0", licence="@x\x1b", note="-1", r2=-1.5, skill=-2e-7)
    (line,) = csv.DictReader(io.StringIO(to_csv(table)))
    assert line["reason"] == "'=cmd|' /C calc'!A0"
    assert (line["licence"], line["note"]) == (r"'@x\x1b", "'-1")
    assert (line["r2"], line["skill"], line["trials"]) == ("-1.5", "-2e-07", "0")


@pytest.mark.parametrize(
    ("task", "row", "expected"),
    [
        (DIMERS, "pair-gp", ["2–4", "pair-gp", "0.215 [0.118, 0.393]", "0.215", "0.638", "97.9"]),
        (DIMERS, "nearest-dimer", ["8–15", "nearest-dimer", "1.523 [0.869, 2.671]", "1.523", "-1.559", "1.6"]),
        (CURVES, "gap", ["", "gap", "(refused)", "", "", "0.0"]),
    ],
)
def test_the_short_form_has_rank_headline_interval_official_skill_and_seconds(official, task, row, expected):
    table = official[(official["task"] == task) & (official["row"] == row)]
    table = table.astype(object).mask(table.isna(), None)
    short = compact(table, task, official)
    headline = {DIMERS: "MAE magnetic, meV", CURVES: "RMSE, Ry"}[task]
    assert list(short) == ["rank", "row", headline, "official", "skill", "seconds"]
    assert list(short.iloc[0]) == expected
    assert "official" not in compact(table, task)
