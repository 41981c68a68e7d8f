"""The only unit of work: ``run_cell`` tunes, fits and predicts one cell and leaves its record."""

import errno
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from jijbench import adapters
from jijbench.adapters.base import Adapter
from jijbench.benchmark import Cell, record_path
from jijbench.context import context, current
from jijbench.data.card import file_sha256
from jijbench.data.task import load_task
from jijbench.errors import DataError, MissingExtra
from jijbench.files import canonical, sha256_of
from jijbench.records.predictions import Predictions, read_predictions, write_predictions
from jijbench.records.schema import Key, PredictionsFile, Record, as_json, write_record
from jijbench.runner.cost import Memory, cpu_seconds, limit
from jijbench.runner.growing import grown
from jijbench.runner.key import cell_key, code_of
from jijbench.runner.leftovers import scratch_prefix
from jijbench.runner.machine import machine
from jijbench.runner.scoring import Refused, fold_scores, inner_score, predict
from jijbench.runner.tuning import tune, tune_together

NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # EFBIG: the limit of `ulimit -f`


def not_complete(cell: Cell, status: str, reason: str, seconds: float = 0.0) -> Record:
    """The record of a cell without numbers."""
    return Record.model_validate(_head(cell, cell_key(cell)) | {
        "status": status, "reason": reason, "seconds": {"total": round(seconds, 3)}, "peak_memory_mib": None,
    })  # fmt: skip


def _head(cell: Cell, key: Key) -> dict[str, Any]:
    try:
        kind, info = _card(adapters.get(cell.row.adapter))
    except BaseException:  # it cannot be imported, or has no card
        kind, info = "model", None
    return {
        "key": key, "code_sha256": code_of(cell), "kind": kind, "info": info,
        "unit": load_task(cell.task).target.unit, "machine": machine(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }  # fmt: skip


def _card(adapter: type[Adapter]) -> tuple[str, dict[str, Any]]:
    """Its kind, and its card as a record holds it; raises ``DataError`` for what no record can hold."""
    info = _plain(asdict(adapter.info) | {"portable": adapter.portable}, f"{adapter.__name__}.info")
    return "floor" if adapter.info.kind == "floor" else "model", info


def _plain(content: dict[str, Any], what: str) -> dict[str, Any]:
    """``content`` if a record can hold it, else raises ``DataError``."""
    try:
        canonical(content).encode()
    except (TypeError, ValueError) as error:
        raise DataError(f"{what} holds what no record can ({error}); give text and finite numbers") from error
    return content


def run_cell(
    cell: dict[str, Any], folder: str, threads: int = 1, beyond: Callable[[float], None] = lambda mib: None
) -> dict[str, Any]:
    """Run one cell (JSON) and write its record and predictions into ``folder``; returns the record (JSON).

    Whatever the model raises becomes a failed record; a question it refuses, or a missing package, a refused one.
    ``beyond(mib)`` is called, from another thread, when the cell and its children hold more than ``memory_gib``.
    """
    wanted, started = Cell.model_validate(cell), time.monotonic()
    path = record_path(Path(folder), wanted)
    limit(wanted.budget.memory_gib)
    with surroundings(threads), Memory(wanted.budget.memory_gib, beyond) as memory:
        try:
            record = Record.model_validate(_complete(wanted, path, started) | {"peak_memory_mib": memory.peak_mib()})
            write_record(path, record)
            return as_json(record)
        except (MissingExtra, Refused) as error:
            status, reason = "refused", said(error)
        except BaseException as error:  # SystemExit and KeyboardInterrupt too: a model may raise anything
            if isinstance(error, OSError) and error.errno in NO_SPACE:
                raise  # nobody's fault: the cell is to be run again, not to be failed
            status, reason = "failed", f"{type(error).__name__}: {said(error) or 'no message'}"
        record = not_complete(wanted, status, reason, time.monotonic() - started if status == "failed" else 0.0)
        write_record(path, record)
    return as_json(record)


def said(error: BaseException) -> str:
    """First line of an exception's text, as a record can hold it."""
    try:
        lines = str(error).strip().splitlines()
    except BaseException as broken:
        return f"no message ({type(broken).__name__} while it was made)"
    return lines[0].encode("utf-8", "backslashreplace").decode() if lines else ""


@contextmanager
def surroundings(threads: int) -> Iterator[None]:
    """Bounded threads, and a scratch folder of the cell's own that is removed with all that is in it."""
    from threadpoolctl import threadpool_limits

    with (
        TemporaryDirectory(prefix=scratch_prefix(), dir=current().scratch, ignore_cleanup_errors=True) as scratch,
        threadpool_limits(threads),
        context(threads=threads, scratch=Path(scratch)),
    ):
        yield


def _complete(cell: Cell, path: Path, started: float) -> dict[str, Any]:
    task, key = load_task(cell.task), cell_key(cell)
    question = task.question(cell.row.inputs)
    adapter = adapters.require(cell.row.adapter)
    reason = adapter.refuses(question)
    if reason:
        raise Refused(reason)
    _card(adapter)
    if cell.growth is not None:
        return _head(cell, key) | grown(cell, task, adapter, path, started)
    cpu = cpu_seconds()
    training = task.training(cell.fold, cell.row.inputs, cell.budget.inner_folds)
    test = task.test(cell.fold, cell.row.inputs)
    search = tune
    if cell.study is not None:
        search = partial(tune_together, where=cell.study, name=f"{cell.slot} {sha256_of(key.model_dump())[:12]}")
    hypers, inner, tuning = search(
        adapter, question, training, cell.row.fixed, cell.budget, cell.seed, lambda p: inner_score(task, training, p)
    )
    clock = {"tune": time.monotonic() - started}
    fitting = time.monotonic()
    model = adapter(target=task.target, seed=cell.seed, **hypers).fit(training.samples, training.y, training.folds)
    clock["fit"] = time.monotonic() - fitting
    predicting = time.monotonic()
    mean, std = predict(model, test, task)
    clock["predict"] = time.monotonic() - predicting
    ids = [training.samples[k].id for _, valid in training.folds for k in valid] if inner else []
    names = np.array([*ids, *(sample.id for sample in test)])
    part = np.repeat(["inner", "test"], [len(ids), len(test)])
    if std is not None:  # inner predictions have none
        std = np.concatenate([np.full((len(ids), *std.shape[1:]), np.nan), std])
    whole = np.concatenate([*inner, mean])
    file = write_predictions(path, Predictions(names, part, whole, std, getattr(model, "basis_", None)), task.target)
    clock["total"], clock["cpu"] = time.monotonic() - started, cpu_seconds() - cpu
    return _head(cell, key) | {
        "status": "complete", "hypers": _plain(hypers, "what was searched"),
        "chosen": _plain(chosen(model), "an attribute that ends in an underscore"),
        "metrics": fold_scores(task, read_predictions(file)),
        "counts": {"train": len(training.samples), "inner": len(ids), "test": len(test)}, "tuning": tuning,
        "seconds": {name: round(value, 3) for name, value in clock.items()},
        "predictions": PredictionsFile(file=file.name, sha256=file_sha256(file)),
    }  # fmt: skip


def chosen(model: Adapter) -> dict[str, float | int | str]:
    plain = {name: value for name, value in vars(model).items() if name.endswith("_") and not name.startswith("_")}
    return {name: value for name, value in plain.items() if isinstance(value, int | float | str)}
