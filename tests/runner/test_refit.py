"""Canaries: a changed number without a raised version is caught, other changes of the code are not."""

import re

import pytest

from jijbench.benchmark import Benchmark, load_benchmark
from jijbench.runner import refit, run_cells
from jijbench.runner.key import stale_slots
from jijbench.runner.publish import publish, renew
from jijbench.runner.refit import canary, changed_rows, prove
from jijbench.tables.results import load_results, official_folder
from jijbench.verify import check_code

pytestmark = pytest.mark.usefixtures("always_one_warden")
TASKS = ("jij-published-table/jij/transfer", "jij-bi2te3/jij/period")
MODEL = '''"""Predicts the mean of its training part."""

from typing import ClassVar

import numpy as np

from jijbench.adapters.base import Adapter, AdapterInfo


class Mean(Adapter):
    """Mean times a factor."""

    version: ClassVar[int] = 1
    info: ClassVar[AdapterInfo] = AdapterInfo(citation="test", licence="MIT", kind="descriptor")

    def __init__(self, *, target=None, seed: int = 0, factor: float = 1.0) -> None:
        self.target, self.seed, self.factor = target, seed, factor

    @classmethod
    def suggest(cls, trial, question):
        return {"factor": trial.suggest_float("factor", 0.5, 2.0)}

    def fit(self, samples, y, folds=None):
        self.mean_ = float(np.mean(y))
        return self

    def predict(self, samples):
        return np.full(len(samples), self.factor * self.mean_)
'''


@pytest.fixture
def source(written):
    return written(MODEL)


@pytest.fixture
def made(source, tmp_path):
    """A benchmark of the model and its published records."""
    budget = {"trials": 2, "inner_folds": 1}
    rows = [{"row": "mine", "adapter": f"{source.name}:Mean"}]
    bench = Benchmark(benchmark="b", description="", tasks=TASKS, rows=rows, seeds=(0,), budget=budget)
    run_cells(bench.cells(), tmp_path / "run")
    list(publish(bench, tmp_path / "run", tmp_path / "out"))
    return bench, tmp_path / "out"


def proofs(bench, folder):
    results = load_results(bench, folder)
    return list(prove(changed_rows(list(results.cells), results.records), results.records, results.held))


def test_code_that_is_the_same_is_not_asked(made, source):
    assert proofs(*made) == []
    source.change('"""Mean times a factor."""', '"""The mean, times a factor."""  # words')
    assert proofs(*made) == []


def test_other_code_of_the_same_numbers_is_proved_and_renewed(made, source):
    bench, folder = made
    source.change("np.full(len(samples), self.factor * self.mean_)", "self.factor * self.mean_ * np.ones(len(samples))")
    (proof,) = proofs(bench, folder)
    assert (proof.row, proof.outcome) == ("mine", "same"), proof.why
    results = load_results(bench, folder)
    before = [results.predictions(cell).mean.tolist() for cell in results.cells]
    assert renew(changed_rows(list(results.cells), results.records), folder) == len(TASKS)
    assert proofs(bench, folder) == []
    after = load_results(bench, folder)
    assert [after.predictions(cell).mean.tolist() for cell in after.cells] == before


def test_a_changed_number_without_a_raised_version_is_caught(made, source):
    source.change("self.factor * self.mean_", "1.001 * self.factor * self.mean_")
    (proof,) = proofs(*made)
    assert proof.outcome == "other"
    assert "largest difference" in proof.why


def test_a_changed_number_with_a_raised_version_is_stale(made, source):
    bench, folder = made
    source.change("version: ClassVar[int] = 1", "version: ClassVar[int] = 2")
    results = load_results(bench, folder)
    stale = stale_slots(results.cells, results.records)
    assert set(map(tuple, stale.values())) == {("version",)}
    assert len(stale) == len(results.cells)


def test_another_search_space_is_caught(made, source):
    source.change("0.5, 2.0", "0.4, 2.0")
    (proof,) = proofs(*made)
    assert proof.outcome == "other"
    assert "search" in proof.why


def test_a_model_that_breaks_is_said_and_not_called_the_same(made, source):
    source.change("return np.full(", "raise OSError('no weights')\n        return np.full(")
    (proof,) = proofs(*made)
    assert proof.outcome == "none"
    assert "no weights" in proof.why


def test_the_canary_is_the_cheapest_first_fold_or_a_toy_where_all_are_dear():
    full = load_benchmark("full")
    cells = [*full.cells(rows=("soap-pair",)), *full.growth_cells(rows=("soap-pair",))]
    results = load_results(full, official_folder(), cells)
    chosen = canary(cells, results.records)
    assert (chosen.task, chosen.fold, chosen.growth) == ("jij-published-table/jij/transfer", 0, None)
    dear = {
        slot: record if "rounds" in record.extra else record.model_copy(update={"seconds": {"total": 61.0}})
        for slot, record in results.records.items()
    }
    toy = canary(cells, dear)
    assert (toy.growth.unit, toy.fold) == ("element", 0)  # two elements are the smallest first round


def test_a_dear_canary_is_not_fitted_and_told_to_become_a_toy(made, source, monkeypatch):
    bench, folder = made
    source.change("np.full(len(samples), self.factor * self.mean_)", "self.factor * self.mean_ * np.ones(len(samples))")
    monkeypatch.setattr(refit, "DEAR", -1.0)
    dear, summary = check_code(bench, folder)
    assert (dear.level, summary.level) == ("error", "ok")
    assert "give the row a `growth` of few samples" in dear.what
    monkeypatch.undo()
    monkeypatch.syspath_prepend(str(source.path.parent))
    same, summary = check_code(bench, folder)
    assert same.level == "ok"
    assert re.search(r"mine: .*/f00-s0 fitted again in \d+\.\d s", same.what)
    assert re.search(r"1 canaries took \d s of processor time, they may take 480; .*--renew", summary.what)
    monkeypatch.setattr("jijbench.runner.refit.ALL", -1.0)
    assert [f.level for f in check_code(bench, folder)] == ["ok", "error"]
