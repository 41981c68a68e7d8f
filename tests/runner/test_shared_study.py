"""One search shared between workers: trials are counted once, a dead worker's do not count, and the record says so."""

import os
import signal
import subprocess
import sys
import time
import traceback
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from jijbench.benchmark import Budget, record_path
from jijbench.data.task import load_task
from jijbench.errors import DataError
from jijbench.records.schema import read_record
from jijbench.runner import run_cells
from jijbench.runner.scoring import inner_score
from jijbench.runner.tuning import storage_of, tune, tune_together
from jijbench.tables.leaderboard import leaderboard
from jijbench.tables.results import load_results

TASK = "jij-published-table/jij/transfer"


@pytest.fixture
def counted(models):
    """``Searching``, which counts how often it was evaluated."""
    from models_of_faults import Searching

    class Counted(Searching):
        evaluated = 0

        def out_of_fold(self, samples, y, folds):
            type(self).evaluated += 1
            return super().out_of_fold(samples, y, folds)

    return Counted


@pytest.fixture
def searched(counted):
    """``searched(where, trials)``: what ``tune_together`` finds, of the smallest task."""
    task = load_task(TASK)
    training, question = task.training(0, "structure", 1), task.question("structure")

    def search(where, trials, adapter=counted, fixed=None, name="x"):
        counted.evaluated = 0
        budget = Budget(trials=trials, inner_folds=1)
        return tune_together(
            adapter,
            question,
            training,
            fixed or {},
            budget,
            0,
            lambda p: inner_score(task, training, p),
            str(where),
            name,
        )

    return search


@pytest.fixture(params=["journal", "database"])
def where(request, tmp_path):
    return str(tmp_path / "new" / "trials.journal") if request.param == "journal" else f"sqlite:///{tmp_path}/trials.db"


def test_a_search_goes_on_where_it_was_left(where, searched, counted):
    _, _, first = searched(where, 3)
    hypers, predictions, whole = searched(where, 5)
    assert (first.trials, whole.trials, whole.shared, whole.capped) == (3, 5, True, False)
    assert whole.ledger[:3] == first.ledger
    assert whole.inner == min(trial.inner for trial in whole.ledger)
    assert hypers in [trial.hypers for trial in whole.ledger if trial.inner == whole.inner]
    again = searched(where, 5)  # nothing is left to try, the winner alone is evaluated for its predictions
    assert counted.evaluated == 1
    assert again[0] == hypers
    np.testing.assert_allclose(again[1][0], predictions[0])
    assert searched(where, 2, name="another")[2].trials == 2


def test_workers_share_the_trials(where, searched):
    with ThreadPoolExecutor() as executor:
        both = [job.result() for job in [executor.submit(searched, where, 8) for _ in range(2)]]
    assert all(8 <= tuning.trials <= 9 for _, _, tuning in both)
    assert both[0][0] == both[1][0] or both[0][2].trials != both[1][2].trials
    assert both[0][2].ledger[0].hypers == {"size": 1.0}


def test_settings_that_break_count_as_worst(where, searched, counted):
    class Sometimes(counted):
        def out_of_fold(self, samples, y, folds):
            if type(self).evaluated:
                raise ValueError("a setting that breaks")
            return super().out_of_fold(samples, y, folds)

    Sometimes.evaluated = 0
    hypers, _, tuning = searched(where, 3, Sometimes)
    assert [trial.inner is None for trial in tuning.ledger] == [False, True, True]
    assert hypers == tuning.ledger[0].hypers

    class Never(counted):
        def out_of_fold(self, samples, y, folds):
            raise ValueError("no setting works")

    with pytest.raises(ValueError, match="no setting works"):
        searched(where, 2, Never, name="never")


def test_with_nothing_to_search_it_is_the_usual_search(where, searched):
    assert not searched(where, 0)[2].shared


@pytest.mark.parametrize("where", ["nothing://nowhere", "postgresql://127.0.0.1:1/x", "/dev/null/trials.journal"])
def test_a_storage_that_cannot_be_used_is_named(where):
    with pytest.raises(DataError, match=where):
        storage_of(where)


@pytest.mark.parametrize(
    "where",
    [
        "postgresql://bench:GEHEIM@127.0.0.1:1/x", "nothing://u:GEHEIM@h/x", "sqlite:////dev/null/x.db?password=GEHEIM",
        "mysql://u:a@GEHEIM@h:port/x",
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore:Query string argument")
def test_no_password_reaches_reasons_records_and_what_is_printed(where, tmp_path, benchmark, begun, capfd, one_warden):
    with pytest.raises(DataError, match=r"\*\*\*") as told:
        storage_of(where)
    assert "GEHEIM" not in "".join(traceback.format_exception(told.value))
    (cell,) = benchmark("models_of_faults:Searching").cells()
    (record,) = run_cells([cell.model_copy(update={"study": where})], tmp_path / "r", place=one_warden)
    assert record.status == "failed"
    assert "***" in record.reason
    assert not [path for path in (tmp_path / "r").rglob("*") if path.is_file() and b"GEHEIM" in path.read_bytes()]
    said = capfd.readouterr()
    assert "GEHEIM" not in said.out + said.err


def test_no_password_reaches_what_a_driver_says_later(tmp_path, searched, counted):
    where = f"sqlite:///{tmp_path}/trials.db?timeout=5&token=GEHEIM"

    class Gone(counted):
        @classmethod
        def suggest(cls, trial, question):
            found = super().suggest(trial, question)
            if trial.number == 1:
                raise RuntimeError(f"lost {where}: token GEHEIM")
            return found

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(DataError, match=r"lost sqlite:.*token \*\*\*") as told:
            searched(where, 3, Gone)
    assert "GEHEIM" not in "".join(traceback.format_exception(told.value))


def command(tmp_path) -> list[str]:
    return [sys.executable, "-m", "jijbench", "run", str(tmp_path / "b.yaml"), "--results", str(tmp_path / "r"),
            "--no-figures", "-w", "1", "--study", str(tmp_path / "trials.journal")]  # fmt: skip


def test_the_same_command_twice_shares_its_searches(tmp_path, benchmark, begun):
    bench = benchmark("models_of_faults:Searching", trials=12)
    both = [subprocess.Popen(command(tmp_path), stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=120)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    (cell,) = bench.cells()
    record = read_record(record_path(tmp_path / "r", cell))
    assert record.tuning.shared
    assert 12 <= record.tuning.trials <= 13
    (line,) = leaderboard(load_results(bench, tmp_path / "r")).to_dict("records")
    assert "not reproducible bit by bit, in 1 of 1 cells" in line["note"]
    assert line["status"] == "complete"
    assert all("searching" in text for text in said)


def test_a_killed_worker_s_trial_does_not_count(tmp_path, benchmark, begun, one_warden):
    bench = benchmark("models_of_faults:Choosing", trials=4)
    study = str(tmp_path / "trials.journal")
    cells = [cell.model_copy(update={"study": study}) for cell in bench.cells()]
    with ThreadPoolExecutor() as executor:
        job = executor.submit(run_cells, cells, tmp_path / "r", place=one_warden)
        while not begun.exists():
            assert not job.done()
            time.sleep(0.02)
        os.kill(int(begun.read_text()), signal.SIGKILL)
        assert job.result(timeout=60)[0].status == "failed"
    (record,) = run_cells(cells, tmp_path / "r", retry_failed=True, place=one_warden)
    assert record.status == "complete"
    assert record.tuning.trials == 4


def test_the_usual_search_is_not_marked(counted):
    task = load_task(TASK)
    training = task.training(0, "structure", 1)
    _, _, tuning = tune(counted, task.question("structure"), training, {}, Budget(trials=2, inner_folds=1), 0,
                        lambda p: inner_score(task, training, p))  # fmt: skip
    assert not tuning.shared
