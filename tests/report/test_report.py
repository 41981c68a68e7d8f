"""The page: whole, self-contained, harmless whatever the names, and small enough."""

import json
import re

import pytest

from jijbench.benchmark import load_benchmark
from jijbench.report import Section, all_sections, build, embedded, page, short
from jijbench.report.summary import markdown
from jijbench.tables.results import load_results, official_folder

TASKS = ("jij-bi2te3/jij/random-orbit", "deltav-elemental/dv/unseen-host")
ROWS = {TASKS[0]: ("soap-pair", "low-rank", "zero"), TASKS[1]: ("plain-gp", "zero", "gap")}


@pytest.fixture(scope="module")
def results():
    benchmark = load_benchmark("full")
    cells = [cell for task in TASKS for cell in benchmark.cells((task,), ROWS[task])]
    return load_results(benchmark, official_folder(), cells)


@pytest.fixture(scope="module")
def text(results):
    return build(results)


def held(text: str) -> dict:
    (found,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    return json.loads(found)


def test_every_section_is_two_files_and_on_the_page(text):
    names = [section.name for section in all_sections()]
    assert names[0] == "leaderboard"
    assert [section["name"] for section in held(text)["about"]["sections"]] == names
    assert all(f"RENDER.{name} = function" in text for name in names)


def test_nothing_is_loaded_from_elsewhere(text):
    outside = text.replace("\\u003c", "<")
    own = re.sub(r"<script>.*?</script>", "", outside, count=1, flags=re.DOTALL)  # the plotting library
    assert not re.search(r'(src|href)="(?!#|data:)', own)


def test_the_lines_are_those_of_the_table(text):
    data = held(text)["leaderboard"]
    first = data["lines"][TASKS[0]][0]
    assert first["row"] == "soap-pair"
    assert first["low"] < first["mae_magnetic"] < first["high"]
    assert data["resampled"][TASKS[0]].startswith("11 elements")


def test_points_know_their_neighbours_in_training(results, text):
    here = held(text)["parity"]["tasks"][TASKS[0]]
    (pooled,) = results.pooled(TASKS[0], "zero")
    task = pooled.task
    n = 5
    sample = task.dataset.samples[here["index"][n]]
    fold = next(f for f in task.split.folds if sample.id in f.test)
    train = [task.dataset.samples[k] for k in task.dataset.rows(fold.train) if task.dataset.magnetic[k]]
    same = sum(s.pair == sample.pair for s in train)
    near = sum(
        s.shell == sample.shell and s.pair != sample.pair and bool(set(s.pair) & set(sample.pair)) for s in train
    )
    assert here["neighbours"][n] == [same, near]
    assert len(here["index"]) == int(task.dataset.magnetic.sum())


def test_refused_cells_stand_there_with_their_reason(text):
    missing = held(text)["missing"]
    assert {line["row"] for line in missing} == {"gap"}
    assert all(line["status"] == "refused" and line["reason"] for line in missing)


def test_a_name_that_is_markup_stays_text(results):
    evil = "</script><script>alert(1)</script>"
    part = Section("evil", evil, 1, lambda _: {"name": evil, "nan": float("nan")}, "RENDER.evil = function () {};")
    made = page(results, "", [part])
    assert evil not in made
    assert held(made)["evil"] == {"name": evil, "nan": None}
    assert held(made)["about"]["sections"] == [{"name": "evil", "title": evil}]


def test_numbers_are_short_and_what_is_none_is_null():
    assert embedded({"a": [0.123456, float("inf"), 3, None, "é"]}) == '{"a":[0.1235,null,3,null,"é"]}'
    assert short((1.0, {"b": 2})) == [1.0, {"b": 2}]


def test_a_section_without_data_is_left_out(results):
    part = Section("none", "None", 1, lambda _: None, "RENDER.none = function () { fail(); };")
    made = page(results, "", [part])
    assert "none" not in held(made)
    assert "RENDER.none" not in made


def test_the_summary_names_the_best_and_what_is_missing(results):
    lines = markdown(results).splitlines()
    assert lines[4].startswith(f"| {TASKS[0]} | soap-pair |")
    assert any(line.startswith(f"- gap on {TASKS[1]}: refused") for line in lines)
    assert "records" in lines[-1]


def test_the_official_page_is_below_eight_megabytes(text):
    """The library and the data of all rows; measured on the part that grows: this page holds six of them."""
    benchmark = load_benchmark("full")
    rest = build(load_results(benchmark, official_folder(), benchmark.cells((TASKS[0],))))
    assert len(rest.encode()) - len(text.encode()) < 3e5
    assert len(text.encode()) < 5.5e6
