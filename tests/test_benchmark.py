import itertools

import pytest
import yaml

from jijbench import adapters
from jijbench.benchmark import Benchmark, Budget, Cell, Row, benchmark_names, load_benchmark
from jijbench.data.task import load_task
from jijbench.errors import DataError, UnknownName


def fields(**changes) -> dict:
    """A good benchmark: two tasks (5 folds and 1), three rows, two seeds."""
    return {
        "benchmark": "mine",
        "description": "for tests",
        "tasks": ["jij-bi2te3/jij/random-orbit", "jij-bi2te3/jij/period"],
        "budget": {"trials": 4, "inner_folds": 1},
        "seeds": [0, 1],
        "rows": [
            {"row": "zero", "adapter": "zero", "trials": 0, "seeds": [0]},
            {"row": "soap-pair", "adapter": "soap", "fixed": {"kernel_of": "pair"}, "trials": 9},
            {
                "row": "low-rank+moments",
                "adapter": "low-rank",
                "inputs": "structure+moments",
                "tasks": ["jij-bi2te3/jij/period"],
            },
        ],
    } | changes


@pytest.fixture
def write(tmp_path):
    def to_file(raw: dict):
        path = tmp_path / "mine.yaml"
        path.write_text(yaml.safe_dump(raw), encoding="utf-8")
        return path

    return to_file


@pytest.fixture
def mine(write) -> Benchmark:
    return load_benchmark(write(fields()))


def test_shipped_benchmarks_are_listed():
    assert {"quick", "default", "full"} <= set(benchmark_names())


@pytest.mark.parametrize("name", benchmark_names())
def test_a_shipped_benchmark_loads(name):
    benchmark = load_benchmark(name)
    assert benchmark.benchmark == name
    assert benchmark.description
    for task in benchmark.tasks:
        assert load_task(task).id == task
    for row in benchmark.rows:
        assert row.adapter in adapters.names()
        model = adapters.get(row.adapter)
        assert set(row.fixed) <= set(model._get_param_names()), row.row
        assert row.row.endswith("+moments") == row.inputs.endswith("+moments"), row.row


@pytest.mark.parametrize("name", benchmark_names())
def test_every_cell_of_a_shipped_benchmark_has_a_slot_of_its_own(name):
    slots = [cell.slot for cell in load_benchmark(name).cells()]
    assert len(slots) == len(set(slots)) > 0


def test_rows_of_one_name_mean_the_same_in_every_benchmark():
    seen: dict[str, tuple] = {}
    for name in benchmark_names():
        for row in load_benchmark(name).rows:
            meaning = (row.adapter, row.inputs, row.fixed)
            assert seen.setdefault(row.row, meaning) == meaning


def test_cells_come_task_by_task_row_by_row_seed_by_seed(mine):
    found = [(c.task.split("/")[-1], c.row.row, c.seed, c.fold) for c in mine.cells()]
    expected = [
        *(("random-orbit", "zero", 0, fold) for fold in range(5)),
        *(("random-orbit", "soap-pair", seed, fold) for seed, fold in itertools.product((0, 1), range(5))),
        ("period", "zero", 0, 0),
        ("period", "soap-pair", 0, 0),
        ("period", "soap-pair", 1, 0),
        ("period", "low-rank+moments", 0, 0),
        ("period", "low-rank+moments", 1, 0),
    ]
    assert found == expected


def test_the_number_of_cells_of_the_shipped_benchmarks():
    for name in ("quick", "full"):
        benchmark = load_benchmark(name)
        folds = {task: load_task(task).n_folds for task in benchmark.tasks}
        wanted = sum(folds[task] * row.answers(task) for task in folds for row in benchmark.rows)
        assert len(list(benchmark.cells())) == wanted * len(benchmark.seeds)


def test_patterns_of_tasks_part_the_rows_of_the_two_questions():
    rows = {row.row: row for row in load_benchmark("full").rows}
    assert not rows["pair-gp"].answers("deltav-elemental/dv/random-orbit")
    assert rows["impurity-gp"].answers("deltav-elemental/dv-shell/unseen-host")
    assert not rows["impurity-gp-change"].answers("deltav-elemental/dv-shell/unseen-host")
    assert all(rows["zero"].answers(task) for task in load_benchmark("full").tasks)


def test_a_pattern_that_fits_no_task_is_refused(write):
    raw = fields()
    raw["rows"][0]["tasks"] = ["deltav-*"]
    with pytest.raises(UnknownName, match="deltav"):
        load_benchmark(write(raw))


def test_a_row_may_use_fewer_inner_folds_never_more():
    row, budget = Row(row="r", adapter="zero", inner_folds=2), Budget(trials=3, inner_folds=4)
    assert row.capped(budget) == budget.model_copy(update={"inner_folds": 2})
    assert row.capped(Budget(trials=3, inner_folds=1)).inner_folds == 1


def test_a_row_may_use_fewer_trials_never_more(mine):
    trials = {cell.row.row: cell.budget.trials for cell in mine.cells()}
    assert trials == {"zero": 0, "soap-pair": 4, "low-rank+moments": 4}


def test_cells_of_some_tasks_and_rows(mine):
    some = list(mine.cells(tasks=("jij-bi2te3/jij/period",), rows=("zero",)))
    assert [(cell.task, cell.row.row) for cell in some] == [("jij-bi2te3/jij/period", "zero")]


def test_a_cell_survives_json(mine):
    for cell in mine.cells():
        assert Cell.model_validate(cell.model_dump(mode="json")) == cell


def test_the_slot_names_everything_that_tells_cells_apart(mine):
    cell = next(cell for cell in mine.cells() if cell.fold == 3 and cell.seed == 1)
    assert cell.slot == "runs/jij-bi2te3/jij/random-orbit/soap-pair/f03-s1"


def test_an_unknown_task_comes_with_near_names(mine):
    with pytest.raises(
        UnknownName, match=r"no task of benchmark mine named '.*/perod'; did you mean 'jij-bi2te3/jij/period'"
    ):
        list(mine.cells(tasks=("jij-bi2te3/jij/perod",)))


def test_an_unknown_row_comes_with_near_names(mine):
    with pytest.raises(UnknownName, match="no row of benchmark mine named 'soap'; did you mean 'soap-pair'"):
        list(mine.cells(rows=("soap",)))


def test_a_task_that_does_not_exist_comes_with_near_names(write):
    benchmark = load_benchmark(write(fields(tasks=["jij-bi2te3/jij/unseen-pairs"], rows=fields()["rows"][:2])))
    with pytest.raises(UnknownName, match="did you mean 'unseen-pair'"):
        list(benchmark.cells())


def test_an_unknown_benchmark_comes_with_near_names():
    with pytest.raises(UnknownName, match="no benchmark named 'quik'; did you mean 'quick'"):
        load_benchmark("quik")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"nowhere\.yaml"):
        load_benchmark(tmp_path / "nowhere.yaml")


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"note": 1}, "note"),
        ({"budget": {"trials": 1, "inner_folds": 1, "hours": 2}}, r"budget\.hours"),
        ({"budget": {"trials": -1, "inner_folds": 1}}, r"budget\.trials"),
        ({"budget": {"trials": 1, "inner_folds": 0}}, r"budget\.inner_folds"),
        ({"budget": {"trials": 1, "inner_folds": 1, "tune_seconds": float("nan")}}, r"line 5: '\.nan' is no finite"),
        ({"rows": [{"row": "a", "adapter": "zero", "input": "structure"}]}, r"rows\.0\.input\b"),
        ({"rows": [{"row": "a", "adapter": "zero", "inputs": "moments"}]}, r"rows\.0\.inputs"),
        ({"rows": [{"row": "A row", "adapter": "zero"}]}, r"rows\.0\.row"),
        ({"rows": [{"row": "zero", "adapter": "zero"}, {"row": "zero", "adapter": "mean"}]}, "'zero' is listed twice"),
    ],
)
def test_a_bad_file_names_the_field(write, changes, complaint):
    with pytest.raises(DataError, match=complaint) as caught:
        load_benchmark(write(fields(**changes)))
    assert "mine.yaml" in str(caught.value)


def test_a_row_that_is_given_twice_is_refused_naming_both_lines(tmp_path):
    text = "benchmark: b\ndescription: d\ntasks: []\nrows: []\nseeds: [0]\nbudget: {trials: 1, inner_folds: 1}\n"
    (tmp_path / "mine.yaml").write_text(text + "seeds: [0, 1, 2]\n")
    with pytest.raises(DataError, match=r"mine\.yaml: line 7: the key 'seeds' stands there twice, first in line 5"):
        load_benchmark(tmp_path / "mine.yaml")


@pytest.mark.parametrize("key", ["tasks", "rows", "budget", "seeds"])
def test_a_missing_key_is_named(write, key):
    raw = fields()
    del raw[key]
    with pytest.raises(DataError, match=rf"{key}: Field required"):
        load_benchmark(write(raw))


def test_a_row_limited_to_a_task_that_the_benchmark_lacks_is_refused(write):
    row = {"row": "zero", "adapter": "zero", "tasks": ["jij-bi2te3/jij/perod"]}
    with pytest.raises((DataError, UnknownName), match="perod"):
        list(load_benchmark(write(fields(rows=[row]))).cells())


@pytest.mark.parametrize(
    "changes",
    [
        {"tasks": ["jij-bi2te3/jij/period"] * 2},
        {"seeds": [0, 0]},
        {"rows": [{"row": "a", "adapter": "zero", "seeds": [1, 1]}]},
    ],
)
def test_nothing_that_would_make_two_cells_of_one_slot_is_accepted(write, changes):
    with pytest.raises(DataError, match="twice"):
        load_benchmark(write(fields(**changes)))


def test_yaml_that_is_no_mapping_is_named(tmp_path):
    for text in ("a: [1\n", "words\n", ""):
        (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
        with pytest.raises(DataError, match=r"mine\.yaml"):
            load_benchmark(tmp_path / "mine.yaml")
