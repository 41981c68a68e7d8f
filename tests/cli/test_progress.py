"""What is told while cells run: what runs, what is left, until when."""

import re
import time

import pytest

from jijbench.benchmark import load_benchmark
from jijbench.cli._progress import Progress, _expected, _in_words, official_costs
from jijbench.records.folder import RecordFolder
from jijbench.tables.results import official_folder

TASK = "jij-bi2te3/jij/random-orbit"


@pytest.fixture(scope="module")
def cells():
    return list(load_benchmark("full").cells((TASK,), ("zero", "soap")))


@pytest.fixture(scope="module")
def records(cells):
    held = RecordFolder(official_folder())
    return [held.record(cell) for cell in cells]


def test_costs_are_those_of_the_official_table(cells, records):
    official = official_costs()
    soap = [record.cost for record in records if record.key.row == "soap"]
    assert official[TASK, "soap"][0] == pytest.approx(sum(soap) / len(soap), rel=1e-2)
    one = next(cell for cell in cells if cell.row.row == "soap")
    trials = official[TASK, "soap"][1]
    assert _expected(official, one) == pytest.approx(official[TASK, "soap"][0] * (one.budget.trials + 1) / (trials + 1))
    stranger = one.model_copy(update={"row": one.row.model_copy(update={"row": "nobody"})})
    assert _expected(official, stranger) == 1.0


def test_each_cell_is_a_line_with_what_is_left_and_until_when(cells, records, capsys):
    with Progress(cells, workers=2) as tell:
        for record in records:
            tell(record, False)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == len(cells)
    first = re.fullmatch(
        rf"1 of {len(cells)} cells: {TASK} \S+ fold 0: complete; {len(cells) - 1} left, about .+, until (\d\d:\d\d)",
        lines[0],
    )
    assert first
    assert lines[-1].endswith("complete")


def test_what_need_not_run_is_no_line_and_no_time(cells, records, capsys):
    progress = Progress(cells, workers=2)
    for record in records[:-1]:
        progress.tell(record, True)
    assert capsys.readouterr().err == ""
    assert progress.done == 0
    last = cells[-1]
    assert progress._running() == f"{last.row.row} fold {last.fold} of {TASK}"
    assert progress._until().startswith("; 1 left, about ")


def test_as_many_run_as_there_are_workers_in_the_order_in_which_they_are_sent(cells, records):
    progress = Progress(cells, workers=2)
    names = [f"{cell.row.row} fold {cell.fold} of {TASK}" for cell in cells]
    assert progress._running() == ", ".join(names[:2])
    progress.tell(records[1], True)
    assert progress._running() == ", ".join([names[0], names[2]])
    assert Progress(cells, workers=None)._running() == ""


def test_time_left_follows_what_cells_took_here(cells):
    progress = Progress(cells, workers=2)
    whole = sum(progress.cost.values())
    assert progress._seconds_left() == pytest.approx(whole / 2)
    for name in list(progress.left)[:-1]:
        progress.done += progress.left.pop(name)
    progress.began = time.monotonic() - 100
    left = sum(progress.left.values())
    assert progress._seconds_left() == pytest.approx(100 * left / (whole - left), rel=1e-2)


@pytest.mark.parametrize(("seconds", "text"), [(40, "40 s"), (720, "12 min"), (12600, "3.5 h")])
def test_seconds_in_words(seconds, text):
    assert _in_words(seconds) == text
