"""What the tests of many cells share: benchmarks, tables, and models that wait to be killed."""

import importlib
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from jijbench import adapters
from jijbench.benchmark import Benchmark, load_benchmark
from jijbench.runner import key
from jijbench.tables.forms import to_csv
from jijbench.tables.leaderboard import leaderboard
from jijbench.tables.results import load_results

TRANSFER = "jij-published-table/jij/transfer"
MODELS = '''
"""Models of the tests of faults."""

import os
import time
from pathlib import Path

from jijbench.targets import JIJ
from jijbench.testing.bad import Zeros


class Patient(Zeros):
    """Waits to be killed when it first fits; fits at once when asked again."""

    def fit(self, samples, y, folds=None):
        begun = Path(os.environ["JIJBENCH_TEST_BEGUN"])
        try:
            with begun.with_suffix(".new").open("x") as file:  # one of those that ask at once
                file.write(str(os.getpid()))
        except FileExistsError:
            return super().fit(samples, y, folds)
        os.link(begun.with_suffix(".new"), begun)
        time.sleep(120)


class Searching(Zeros):
    """Predicts a number that is searched."""

    def __init__(self, *, target=JIJ, seed=0, size=1.0):
        super().__init__(target=target, seed=seed)
        self.size = size

    @classmethod
    def suggest(cls, trial, question):
        return {"size": trial.suggest_float("size", -2.0, 2.0)}

    def predict(self, samples):
        return super().predict(samples) + self.size


class Choosing(Searching, Patient):
    """Searching, by one who waits to be killed."""


class Counting(Zeros):
    """Says how many threads its linear algebra has."""

    def fit(self, samples, y, folds=None):
        import scipy.linalg
        from threadpoolctl import threadpool_info

        self.threads_ = max(pool["num_threads"] for pool in threadpool_info())
        self.variable_ = int(os.environ["OMP_NUM_THREADS"])
        return super().fit(samples, y, folds)
'''


class Source:
    """A module of its own name, whose file a test may change."""

    def __init__(self, folder: Path, text: str) -> None:
        self.name = "module_of_" + re.sub(r"\W", "_", folder.name)
        self.path = folder / f"{self.name}.py"
        self.path.write_text(text, encoding="utf-8")
        importlib.invalidate_caches()

    def change(self, old: str, new: str) -> None:
        text = self.path.read_text(encoding="utf-8")
        assert old in text
        self.path.write_text(text.replace(old, new), encoding="utf-8")
        shutil.rmtree(self.path.parent / "__pycache__", ignore_errors=True)  # known by size and second alone
        self.forget()

    def forget(self) -> None:
        """As in a new process: neither the module nor what was read from its source is known."""
        sys.modules.pop(self.name, None)
        for function in (key._code, key._space, adapters._declared):
            function.cache_clear()
        importlib.invalidate_caches()


@pytest.fixture
def written(tmp_path, monkeypatch) -> Iterator[Callable[[str], Source]]:
    """``written(text)``: a module that can be imported until the test ends."""
    monkeypatch.syspath_prepend(str(tmp_path))
    made: list[Source] = []

    def write(text: str) -> Source:
        made.append(Source(tmp_path, text))
        return made[-1]

    yield write
    for source in made:
        source.forget()


@pytest.fixture(scope="package")
def models(tmp_path_factory):
    """Module ``models_of_faults``, importable here and in processes started from here; and the file of ``Patient``."""
    folder = tmp_path_factory.mktemp("models")
    (folder / "models_of_faults.py").write_text(MODELS)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        patch.setenv("PYTHONPATH", str(folder), prepend=":")
        patch.setenv("JIJBENCH_TEST_BEGUN", str(folder / "begun"))
        yield folder / "begun"
    sys.modules.pop("models_of_faults", None)


@pytest.fixture
def begun(models):
    """The file that appears, with a process id in it, when ``Patient`` waits."""
    for path in (models, models.with_suffix(".new")):
        path.unlink(missing_ok=True)
    return models


@pytest.fixture
def benchmark(tmp_path) -> Callable[..., Benchmark]:
    """A benchmark of the named adapters on the smallest task."""

    def write(*names: str, tasks=(TRANSFER,), **budget) -> Benchmark:
        rows = [{"row": name.rpartition(":")[2].lower(), "adapter": name} for name in names]
        content = {
            "benchmark": "mine", "description": "for the tests", "tasks": list(tasks), "rows": rows, "seeds": [0],
            "budget": {"trials": 2, "inner_folds": 1, "cell_seconds": 60, "memory_gib": 8} | budget,
        }  # fmt: skip
        (tmp_path / "b.yaml").write_text(yaml.safe_dump(content))
        return load_benchmark(tmp_path / "b.yaml")

    return write


@pytest.fixture(scope="session")
def numbers() -> Callable[..., str]:
    """The table of a folder without what it cost, which no two runs share."""

    def text(bench: Benchmark, folder) -> str:
        table = leaderboard(load_results(bench, folder))
        return to_csv(table.drop(columns=[c for c in table if c.startswith("seconds") or c == "peak_memory_mib"]))

    return text
