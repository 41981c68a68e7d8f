"""Run the search of a row again on all data of a task, refit, and write the bundle."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from jijbench import adapters
from jijbench.adapters.base import Adapter
from jijbench.benchmark import Budget, Row, load_benchmark
from jijbench.bundle.card import BundleCard, Domain, write_card
from jijbench.bundle.choose import BEST, Choice, choose
from jijbench.bundle.dimers import write_dimers
from jijbench.bundle.files import refuse_taken, seal, whole_folder
from jijbench.bundle.impurities import write_impurities
from jijbench.bundle.model import KNOWN, MODEL, Bundle, load_bundle
from jijbench.context import current, installed
from jijbench.data.task import Task, Training, folds_sha256, load_task, release
from jijbench.errors import DataError, NotPortable
from jijbench.records.code import code_sha256
from jijbench.records.schema import Tuning
from jijbench.runner.cell import chosen, surroundings
from jijbench.runner.machine import machine
from jijbench.runner.scoring import inner_score, predict
from jijbench.runner.tuning import SAMPLER, tune
from jijbench.tables.results import official_folder

#: training rows whose predictions must be the same before and after writing
PROOF = 20
#: training rows, about, whose error the card gives
CHECKED = 200
Tell = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Fitted:
    """A model refitted on all data, and how it came about."""

    model: Adapter
    training: Training
    hypers: dict[str, Any]
    tuning: Tuning
    seconds: dict[str, float]


def refuse_foreign(task: Task) -> None:
    """Raise ``DataError`` where a protocol trains on another dataset than it tests."""
    if task.source is not task.dataset:
        raise DataError(
            f"{task.id} trains on {task.source.id} and tests on {task.dataset.id}, which is never trained on; "
            f"export a task of {task.source.id}"
        )


def all_data(task: Task, inputs: str, n_inner: int) -> Training:
    """All samples of a task's dataset, and the inner folds that the protocol's rule makes of them.

    Raises ``DataError`` where the protocol trains on another dataset than it tests.
    """
    refuse_foreign(task)
    folds = task.protocol.inner_folds(task.dataset.samples, n_inner)
    return Training(release(task.dataset.samples, inputs), task.dataset.truth(task.target.name), folds)


def refit(task: Task, row: Row, budget: Budget, seed: int) -> Fitted:
    """The search of a cell (``run_cell``) on all data instead of a fold's training part, and the final fit.

    Raises ``NotPortable``, ``MissingExtra``, and ``DataError`` for a question that the adapter refuses.
    """
    adapter, question = adapters.require(row.adapter), task.question(row.inputs)
    if adapter.portable is not None:
        raise NotPortable(f"{row.row} cannot be exported: {adapter.portable}; choose another row")
    reason = adapter.refuses(question)
    if reason:
        raise DataError(f"{row.row} refuses {task.id}: {reason}; choose another row")
    training, clock = all_data(task, row.inputs, budget.inner_folds), time.monotonic()
    with surroundings(current().threads):
        hypers, _, tuning = tune(
            adapter, question, training, row.fixed, budget, seed, lambda p: inner_score(task, training, p)
        )
        seconds, clock = {"tune": round(time.monotonic() - clock, 3)}, time.monotonic()
        model = adapter(target=task.target, seed=seed, **hypers).fit(training.samples, training.y, training.folds)
    seconds["fit"] = round(time.monotonic() - clock, 3)
    return Fitted(model, training, hypers, tuning, seconds)


def write_bundle(out: Path, task: Task, choice: Choice, fitted: Fitted) -> None:
    """Write a refitted model as a bundle, whole or not at all.

    Before the folder gets its name it is loaded again and must predict the same. Raises ``DataError`` where ``out`` is
    not free or the model does not come back as it was.
    """
    with whole_folder(out) as folder:
        fitted.model.save(folder / MODEL)
        card = _card(task, choice, fitted)
        if card.domain.kind == "impurities":
            write_impurities(folder / KNOWN, task.dataset, task.target.name, choice.row.inputs == "structure+start")
        else:
            write_dimers(folder / KNOWN, task.dataset)
        write_card(folder, card)
        seal(folder)
        _prove(load_bundle(folder, type(fitted.model)), fitted)


def _prove(bundle: Bundle, fitted: Fitted) -> None:
    samples = fitted.training.samples[:: max(1, len(fitted.training.samples) // PROOF)]
    before, after = fitted.model.predict(samples), bundle.predict(samples)
    if not np.allclose(after, before, rtol=1e-6, atol=1e-9):
        worst = float(np.abs(after - before).max())
        raise DataError(f"{bundle.card.row} read back predicts otherwise (by {worst:.2g}); its save or load is wrong")


def _card(task: Task, choice: Choice, fitted: Fitted) -> BundleCard:
    data, row, adapter = task.dataset.card, choice.row, type(fitted.model)
    return BundleCard(
        task=task.id, dataset=data.id, dataset_version=data.version, target=task.target.as_json(), row=row.row,
        adapter=row.adapter, inputs=row.inputs, selection=choice.words, seed=choice.seed, hypers=fitted.hypers,
        chosen=chosen(fitted.model), search=_search(choice, fitted), training=_training(task, fitted),
        scores=choice.scores, gives_std=adapter.gives_std, units=_units(task), convention=task.target.convention,
        licence={"data": data.licence, "model": adapter.info.licence},
        citation={"data": data.citation, "model": adapter.info.citation},
        data_sha256=task.data_sha256, split_sha256=task.split.sha256, version=adapter.version,
        code_sha256=code_sha256(adapter.__module__), versions={name: installed(name) for name in adapter.requires},
        environment=machine(), cluster_radius_angstrom=data.cluster_radius_angstrom,
        domain=Domain.of(task.dataset.samples, task.target), seconds=fitted.seconds,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )  # fmt: skip


def _search(choice: Choice, fitted: Fitted) -> dict[str, Any]:
    return {
        "sampler": SAMPLER, "fixed": choice.row.fixed, "budget_trials": choice.budget.trials,
        "inner_folds": len(fitted.training.folds), "inner_sha256": folds_sha256(fitted.training.folds),
        "trials": fitted.tuning.trials, "configurations": fitted.tuning.configurations, "inner": fitted.tuning.inner,
        "capped": fitted.tuning.capped,
    }  # fmt: skip


def _training(task: Task, fitted: Fitted) -> dict[str, float | int | None]:
    """Number of rows, and the model's error on ``checked`` ones of them: it has seen them, so this is no score."""
    n, headline = len(fitted.training.samples), task.target.headline
    rows = np.arange(0, n, max(1, n // CHECKED))
    mean, _ = predict(fitted.model, tuple(fitted.training.samples[k] for k in rows), task)
    found = task.target.scores(fitted.training.y[rows], mean, np.ones(len(mean)), task.dataset.labels(rows))
    return {"samples": n, "checked": len(rows), f"{headline}_of_seen_rows": found[headline]}


def _units(task: Task) -> dict[str, str]:
    return {task.target.name: task.target.unit, "std": task.target.unit, "distance": "Å (dimers), Bohr (potentials)",
            "moment": "Bohr magneton, length"}  # fmt: skip


def export_bundle(
    task: str, out: str | Path, row: str = BEST, benchmark: str | Path = "full", results: str | Path | None = None,
    tell: Tell = lambda text: None,
) -> Bundle:  # fmt: skip
    """Choose a row of ``task``, run its search again on all data, refit, write the folder ``out`` and load it.

    ``row``: name of a row, or ``best``: the best portable one by the leaderboard's headline. Scores come from the
    records of ``benchmark`` in ``results`` (None: the official ones). Raises ``DataError``, ``UnknownName``,
    ``IncompleteTable``, ``NotPortable``, ``MissingExtra``; then nothing is written.
    """
    out = Path(out)
    refuse_taken(out)
    loaded = load_task(task)
    refuse_foreign(loaded)
    choice = choose(load_benchmark(benchmark), official_folder() if results is None else Path(results), task, row)
    tell(choice.words)
    tell(f"searching and fitting {choice.row.row} on all {len(loaded.dataset)} samples of {loaded.dataset.id}")
    fitted = refit(loaded, choice.row, choice.budget, choice.seed)
    write_bundle(out, loaded, choice, fitted)
    return load_bundle(out, type(fitted.model))
