"""The unit of work, in this process."""

import json
import re

import numpy as np
import pytest

from jijbench.benchmark import Budget, Cell, Row, record_path
from jijbench.data.task import load_task
from jijbench.records.predictions import read_predictions
from jijbench.records.schema import Record, read_record
from jijbench.runner import run_cell
from jijbench.runner.key import stale_fields

TASK = "jij-bi2te3/jij/random-orbit"
BAD = "jijbench.testing.bad:"


def cell(adapter: str = "shell-mean", **more) -> Cell:
    budget = {"trials": 0, "inner_folds": 1, "memory_gib": 8} | more.pop("budget", {})
    row = {"row": "mine", "adapter": adapter} | more.pop("row", {})
    return Cell(**{"task": TASK, "fold": 0, "row": Row(**row), "seed": 0, "budget": Budget(**budget)} | more)


def run(folder, wanted: Cell) -> Record:
    return Record.model_validate(run_cell(wanted.model_dump(mode="json"), str(folder)))


def test_a_cell_leaves_its_record_and_predictions(tmp_path):
    record = run(tmp_path, cell())
    path = record_path(tmp_path, cell())
    assert read_record(path) == record
    assert record.status == "complete"
    found = read_predictions(path.parent / record.predictions.file, record.predictions.sha256)
    fold = load_task(TASK).split.folds[0]
    assert sorted(found.of("test").id) == sorted(fold.test)
    inner = set(found.of("inner").id)
    assert inner
    assert inner <= set(fold.train)
    assert np.isfinite(found.mean).all()


def test_a_row_that_searches_nothing_may_skip_the_inner_folds(tmp_path):
    scored, unscored = run(tmp_path / "a", cell()), run(tmp_path / "b", cell(budget={"score_fixed": False}))
    assert unscored.key == scored.key
    assert unscored.metrics == scored.metrics
    assert (unscored.counts["inner"], unscored.tuning.inner) == (0, None)
    assert scored.counts["inner"] > 0
    small = "jij-published-table/jij/transfer"
    searched = run(tmp_path / "c", cell("coulomb", budget={"trials": 1, "score_fixed": False}, task=small))
    assert searched.counts["inner"] > 0


def test_metrics_are_those_of_the_written_predictions(tmp_path):
    record = run(tmp_path, cell())
    test = read_predictions(record_path(tmp_path, cell()).parent / record.predictions.file).of("test")
    dataset = load_task(TASK).dataset
    truth = dataset.truth("jij")[dataset.rows(test.id)]
    assert record.metrics["mae"] == pytest.approx(np.abs(test.mean - truth).mean(), abs=1e-12)


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    wanted = cell(
        "soap",
        row={"fixed": {"n_max": 3, "l_max": 2, "sigma": 0.5}},
        budget={"trials": 2},
        task="jij-published-table/jij/transfer",
    )
    hashes = [run(tmp_path / name, wanted).predictions.sha256 for name in ("a", "b")]
    assert hashes[0] == hashes[1]


def test_tuning_sees_training_data_only(tmp_path, monkeypatch):
    """Truth of test rows replaced by nonsense changes no hyper and no prediction."""
    wanted = cell("low-rank", budget={"inner_folds": 2})
    before = run(tmp_path / "a", wanted)
    task = load_task(TASK)
    truth = task.dataset.truth("jij").copy()
    truth[task.dataset.rows(task.split.folds[0].test)] = 1e6
    monkeypatch.setattr(type(task.dataset), "truth", lambda self, name: truth)
    after = run(tmp_path / "b", wanted)
    assert after.predictions.sha256 == before.predictions.sha256
    assert after.metrics["mae"] > 1e5


@pytest.mark.parametrize(
    ("adapter", "reason"),
    [
        ("NotANumber", "not finite"),
        ("Raising", "ArithmeticError: this model always raises"),
        ("WrongShape", "shape"),
        ("TooFew", "shape"),
        ("Hungry", "MemoryError|allocate"),
    ],
)
def test_a_bad_model_is_a_failed_cell_with_its_reason(tmp_path, adapter, reason):
    record = run(tmp_path, cell(BAD + adapter))
    assert record.status == "failed"
    assert record.metrics is None
    assert record.predictions is None
    with pytest.raises(AssertionError, match=reason):
        raise AssertionError(record.reason)


def test_zeros_are_a_valid_answer(tmp_path):
    assert run(tmp_path, cell(BAD + "Zeros")).status == "complete"


def test_a_missing_package_is_a_refused_cell_that_names_it(tmp_path):
    record = run(tmp_path, cell(BAD + "NotInstalled"))
    assert record.status == "refused"
    assert "jijbench-no-such-distribution" in record.reason


def test_a_refused_question_is_a_refused_cell(tmp_path):
    record = run(tmp_path, cell("moment-product"))
    assert (record.status, record.reason) == ("refused", "needs moments, which the inputs 'structure' do not release")


def test_the_record_is_plain_json_without_nan(tmp_path):
    run(tmp_path, cell("zero"))
    text = record_path(tmp_path, cell("zero")).read_text()
    record = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} in the record"))
    assert record["metrics"]["spearman"] is None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"seed": 1}, "seed"),
        ({"budget": {"trials": 3}}, "search"),
        ({"budget": {"inner_folds": 2}}, "search"),
        ({"row": {"inputs": "structure+moments"}}, "inputs"),
        ({"fold": 1}, "fold"),
    ],
)
def test_a_changed_setting_makes_a_record_stale(tmp_path, change, field):
    from jijbench.runner import cell_key

    record = run(tmp_path, cell())
    assert stale_fields(record, cell_key(cell())) == []
    assert field in stale_fields(record, cell_key(cell(**change)))


def test_safety_nets_do_not_make_a_record_stale(tmp_path):
    from jijbench.runner import cell_key

    assert stale_fields(run(tmp_path, cell()), cell_key(cell(budget={"tune_seconds": 9, "memory_gib": 3}))) == []


@pytest.mark.parametrize(
    ("adapter", "reason"),
    [
        ("a_module_that_nobody_has:Model", "ModuleNotFoundError: No module named 'a_module_that_nobody_has'"),
        ("jijbench.testing.flawed:SpaceRaises", "ArithmeticError: this search space always raises"),
    ],
)
def test_an_adapter_that_breaks_before_it_is_made_fails_its_cell(tmp_path, adapter, reason):
    record = run(tmp_path, cell(adapter, budget={"trials": 1}))
    assert (record.status, record.reason) == ("failed", reason)


HOSTILE = '''
"""Models that raise what is no ``Exception``, or say what no record can hold."""

from typing import ClassVar

from jijbench.adapters.base import AdapterInfo
from jijbench.testing.bad import Zeros


class Mute(Exception):
    def __str__(self):
        raise RuntimeError("no")


class Own(BaseException):
    pass


def _raising(error):
    def fit(self, samples, y, folds=None):
        raise error

    return fit


class Exits(Zeros):
    fit = _raising(SystemExit(0))


class Interrupts(Zeros):
    fit = _raising(KeyboardInterrupt())


class Generates(Zeros):
    fit = _raising(GeneratorExit())


class Owns(Zeros):
    fit = _raising(Own("of its own"))


class Mutes(Zeros):
    fit = _raising(Mute())


class Surrogate(Zeros):
    fit = _raising(ValueError("caf\\udce9"))


class NanCard(Zeros):
    info: ClassVar[AdapterInfo] = AdapterInfo("x", float("nan"), "descriptor")


class SurrogateCard(Zeros):
    info: ClassVar[AdapterInfo] = AdapterInfo("caf\\udce9", "MIT", "descriptor")


class BytesCard(Zeros):
    info: ClassVar[AdapterInfo] = AdapterInfo(b"caf", "MIT", "descriptor")


class NanChoice(Zeros):
    def fit(self, samples, y, folds=None):
        self.chosen_ = float("nan")
        return super().fit(samples, y, folds)


class SurrogateChoice(Zeros):
    def fit(self, samples, y, folds=None):
        self.chosen_ = "caf\\udce9"
        return super().fit(samples, y, folds)
'''


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        ("Exits", r"SystemExit: 0"),
        ("Interrupts", "KeyboardInterrupt: no message"),
        ("Generates", "GeneratorExit: no message"),
        ("Owns", "Own: of its own"),
        ("Mutes", r"Mute: no message \(RuntimeError while it was made\)"),
        ("Surrogate", r"ValueError: caf\\udce9"),
        ("NanCard", "DataError: NanCard.info holds what no record can"),
        ("SurrogateCard", "DataError: SurrogateCard.info holds what no record can"),
        ("BytesCard", "DataError: BytesCard.info holds what no record can"),
        ("NanChoice", "DataError: an attribute that ends in an underscore holds what no record can"),
        ("SurrogateChoice", "DataError: an attribute that ends in an underscore holds what no record can"),
    ],
)
def test_whatever_a_model_raises_or_says_fails_its_own_cell(tmp_path, monkeypatch, model, reason):
    (tmp_path / "hostile.py").write_text(HOSTILE)
    monkeypatch.syspath_prepend(str(tmp_path))
    record = run(tmp_path / "r", cell(f"hostile:{model}", task="jij-published-table/jij/transfer"))
    assert record.status == "failed"
    assert re.match(reason, record.reason), record.reason
    assert read_record(record_path(tmp_path / "r", cell("x", task="jij-published-table/jij/transfer"))) == record


def test_a_module_that_ends_the_interpreter_fails_its_cell(tmp_path, monkeypatch):
    (tmp_path / "ends_at_once.py").write_text("import sys\n\nsys.exit(0)\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    record = run(tmp_path / "r", cell("ends_at_once:Model", task="jij-published-table/jij/transfer"))
    assert (record.status, record.reason) == ("failed", "ImportError: ends_at_once ends its interpreter: SystemExit: 0")
