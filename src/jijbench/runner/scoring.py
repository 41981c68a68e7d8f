"""What a cell asks of a model's answers: that they are predictions, and how good they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from jijbench.data.task import Task, Training
from jijbench.errors import JijbenchError
from jijbench.records.predictions import Predictions
from jijbench.scores.metrics import Scores

if TYPE_CHECKING:
    from jijbench.adapters.base import Adapter


class BadPrediction(JijbenchError):
    """A model returned something that is no prediction."""


class Refused(Exception):
    """The adapter refuses the question."""


def predict(model: Adapter, samples: tuple, task: Task) -> tuple[np.ndarray, np.ndarray | None]:
    """Mean and, where the model gives one, standard deviation; raises ``BadPrediction`` for anything else."""
    mean, std = model.predict_std(samples) if model.gives_std else (model.predict(samples), None)
    for name, values in (("mean", mean), ("std", std)):
        if values is None:
            continue
        wanted, found = (len(samples), *task.target.shape), np.shape(values)
        if found != wanted:
            raise BadPrediction(f"{name} has shape {found}, expected {wanted} (samples, *target.shape)")
        bad = np.flatnonzero(~np.isfinite(np.asarray(values, dtype=float).reshape(len(samples), -1)).all(1))
        if len(bad):
            raise BadPrediction(
                f"{name} is not finite for {len(bad)} of {len(samples)} samples, first {samples[bad[0]].id}"
            )
    return np.asarray(mean, dtype=float), None if std is None else np.asarray(std, dtype=float)


def inner_score(task: Task, training: Training, predictions: list[np.ndarray]) -> float | None:
    """Headline metric of the task over the left-out rows of all inner folds; None where it is undefined.

    Raises ``BadPrediction`` for predictions of the wrong shape or without a finite value.
    """
    positions = np.concatenate([valid for _, valid in training.folds])
    mean = np.concatenate([np.asarray(p, dtype=float) for p in predictions])
    if mean.shape != training.y[positions].shape:
        raise BadPrediction(f"inner predictions have shape {mean.shape}, expected {training.y[positions].shape}")
    if not np.isfinite(mean).all():
        raise BadPrediction(
            f"inner predictions are not finite for {int((~np.isfinite(mean)).sum())} of {mean.size} values"
        )
    known = task.source.labels(task.source.rows(training.samples[k].id for k in positions))
    found = task.target.score(task.target.headline, training.y[positions], mean, np.ones(len(mean)), known)
    return None if found is None else float(found)


def fold_scores(task: Task, predictions: Predictions, part: str = "test") -> Scores:
    """Scores of one fold's test part, from the predictions as they were written.

    ``part`` is another than ``test`` where the training part grew: each round has its own.
    """
    test = predictions.of(part)
    rows = task.dataset.rows(test.id)
    truth = task.dataset.truth(task.target.name)[rows]
    labels = task.dataset.labels(rows)
    rebuilt = test.reconstruction(truth, task.target)
    extra = {} if rebuilt is None else {"reconstruction": rebuilt}
    return task.target.scores(truth, test.mean, np.ones(len(truth)), labels | extra)
