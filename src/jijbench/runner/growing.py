"""A cell whose training part grows: rounds of ``jijbench.runner.active`` as one record."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from jijbench.benchmark import Cell
from jijbench.data.card import file_sha256
from jijbench.data.dataset import Dataset
from jijbench.data.sample import Sample
from jijbench.data.task import Task, folds_sha256
from jijbench.files import sha256_of
from jijbench.records.predictions import Predictions, read_predictions, write_predictions
from jijbench.records.schema import PredictionsFile, Search, round_part
from jijbench.runner.active import VERSION, Answer, Round, grow
from jijbench.runner.cost import cpu_seconds
from jijbench.runner.scoring import Refused, fold_scores, predict
from jijbench.targets import Target

if TYPE_CHECKING:
    from jijbench.adapters.base import Adapter


def growth_search(cell: Cell) -> Search:
    """What stands for the search in the key of a growth cell: none, and how the training part grew."""
    if cell.growth is None:
        raise TypeError(f"{cell.slot} has no growth; its key holds the search of its hypers")
    return Search(
        fixed=cell.row.fixed, space_sha256=sha256_of({}), sampler="none", trials=0, inner_folds=0,
        inner_sha256=folds_sha256(()), growth=cell.growth.model_dump(mode="json") | {"version": VERSION},
    )  # fmt: skip


def computed(dataset: Dataset, samples: Sequence[Sample]) -> np.ndarray:
    """(k,) positions of the samples that anybody would compute.

    J is zero without two moments, which a calculation of the single impurity shows. Such dimers would fill two thirds
    of a random pool and cost nothing to predict, so they are neither acquired nor tested.
    """
    return np.flatnonzero(dataset.magnetic[dataset.rows(sample.id for sample in samples)])


def grown(cell: Cell, task: Task, adapter: type[Adapter], path: Path, started: float) -> dict[str, Any]:
    """Run the rounds, write their predictions; what a record holds beside its head."""
    if cell.growth is None or (cell.growth.acquire in ("uncertainty", "both") and not adapter.gives_std):
        raise Refused(f"{adapter.__name__} gives no standard deviation, so it has no uncertainty to acquire by")
    cpu = cpu_seconds()
    training, test = task.training(cell.fold, cell.row.inputs, 1), task.test(cell.fold, cell.row.inputs)
    rows = computed(task.source, training.samples)
    test = tuple(test[k] for k in computed(task.dataset, test))

    def learn(samples: Sequence[Sample], y: np.ndarray) -> Answer:
        # folds=None: the protocol's own rule needs more samples than the first rounds have
        model = adapter(target=task.target, seed=cell.seed, **cell.row.fixed).fit(samples, y)
        return lambda asked: predict(model, tuple(asked), task)

    pool = [training.samples[k] for k in rows]
    rounds = list(grow(pool, lambda k: training.y[rows[k]], test, learn, cell.growth, cell.seed))
    file = _write(path, rounds, test, task.target)
    seconds = {"total": time.monotonic() - started, "cpu": cpu_seconds() - cpu}
    return {
        "status": "complete", "hypers": cell.row.fixed, "extra": {"rounds": [_round(r) for r in rounds]},
        "metrics": fold_scores(task, read_predictions(file), part=round_part(len(rounds) - 1)),
        "counts": {"train": rounds[-1].n, "inner": 0, "test": len(test)},
        "seconds": {name: round(value, 3) for name, value in seconds.items()},
        "predictions": PredictionsFile(file=file.name, sha256=file_sha256(file)),
    }  # fmt: skip


def _round(done: Round) -> dict[str, Any]:
    return {"n": done.n, "units": done.units, "acquired": list(done.acquired), "seconds": round(done.seconds, 3)}


def _write(path: Path, rounds: list[Round], test: tuple[Sample, ...], target: Target) -> Path:
    """One row a test sample and round; without the deviations, which have chosen and are not scored."""
    ids = np.array([sample.id for sample in test] * len(rounds))
    parts = np.array([round_part(k) for k in range(len(rounds)) for _ in test])
    return write_predictions(path, Predictions(ids, parts, np.concatenate([done.mean for done in rounds])), target)
