"""Predicted against reference values, and for curves their error against their size."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from jijbench.data.task import Task, load_task
from jijbench.tables.results import Pooled, Results

TITLE = "Parity"
ORDER = 20


def data(results: Results) -> dict[str, Any] | None:
    """By dataset and target what a point is; by task its truth, neighbours in training and each row's value."""
    found: dict[str, Any] = {"samples": {}, "tasks": {}}
    for task in dict.fromkeys(cell.task for cell in results.cells):
        rows = {row: results.pooled(task, row) for name, row in results.groups() if name == task}
        complete = {row: pooled for row, pooled in rows.items() if pooled}
        if complete:
            loaded = load_task(task)
            family = task.rpartition("/")[0]
            found["samples"].setdefault(family, _samples(loaded))
            found["tasks"][task] = {"family": family} | _points(loaded, complete)
    return found if found["tasks"] else None


def _samples(task: Task) -> dict[str, list[Any]]:
    """Name, elements or impurity and host, shell and distance of every sample."""
    samples = task.dataset.samples
    several = len({s.host for s in samples}) > 1
    return {
        "name": [s.id.partition(":")[2] for s in samples],
        "first": [s.elements[0] for s in samples],
        "second": [s.host if several else s.ends[1] for s in samples],
        "shell": [s.shell for s in samples],
        "distance": [s.distance for s in samples],
    }


def _points(task: Task, rows: dict[str, list[Pooled]]) -> dict[str, Any]:
    """One point a counted sample: means over seeds and over the times that it is tested."""
    first = next(iter(rows.values()))[0]
    keep = task.target.counted(first.labels)
    where = np.unique(first.rows[keep])
    return {
        "index": where.tolist(),
        "truth": task.target.points(truth := task.dataset.truth(task.target.name)[where], truth).tolist(),
        "neighbours": _neighbours(task, where) if len(task.dataset.samples[0].elements) > 1 else None,
        "rows": {
            row: np.mean([_values(one, where) for one in pooled], axis=0).tolist() for row, pooled in rows.items()
        },
    }


def _values(pooled: Pooled, where: np.ndarray) -> np.ndarray:
    """(n,) prediction of each sample, or the size of its error; mean over the times it is tested."""
    values = pooled.task.target.points(pooled.mean, pooled.truth)
    size = len(pooled.task.dataset)
    sums, counts = np.bincount(pooled.rows, values, size), np.bincount(pooled.rows, minlength=size)
    return sums[where] / counts[where]


def _neighbours(task: Task, where: np.ndarray) -> list[list[int]]:
    """Training rows of the same pair of elements, and others of the same shell that share an element with the sample.

    Counted in the first fold that tests the sample; only rows with moments, which can have a J.
    """
    found: dict[int, list[int]] = {}
    wanted, source = set(where.tolist()), task.source
    for fold in task.split.folds:
        rows = source.rows(fold.train)
        pairs, near = _counts([source.samples[k] for k in rows[source.magnetic[rows]]])
        for k in task.dataset.rows(fold.test).tolist():
            if k in wanted and k not in found:
                sample = task.dataset.samples[k]
                a, b = sample.pair
                shared = near[sample.shell, a] + (near[sample.shell, b] if a != b else 0)
                found[k] = [pairs[a, b], shared - near[sample.shell, a, b] * (1 + (a != b))]
    return [found[k] for k in where.tolist()]


def _counts(samples: Sequence[Any]) -> tuple[Counter, Counter]:
    """Rows by pair, and by (shell, element) and (shell, pair)."""
    pairs: Counter = Counter(s.pair for s in samples)
    near: Counter = Counter()
    for sample in samples:
        a, b = sample.pair
        near.update({(sample.shell, element) for element in (a, b)} | {(sample.shell, a, b)})
    return pairs, near
