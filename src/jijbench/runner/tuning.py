"""Search for hypers on the inner folds of the training part; the only place that knows Optuna."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from jijbench.benchmark import Budget
from jijbench.data.task import Question, Training
from jijbench.errors import DataError
from jijbench.files import canonical, sha256_of
from jijbench.records.schema import Trial, Tuning
from jijbench.targets import Target
from jijbench.text import address, one_line, without_secrets

if TYPE_CHECKING:
    from jijbench.adapters.base import Adapter

SAMPLER = "optuna.TPESampler"
Score = Callable[[list[np.ndarray]], float | None]


def _sampler(**settings: Any) -> Any:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return optuna.samplers.TPESampler(n_startup_trials=5, **settings)


def _study(seed: int) -> Any:
    import optuna

    return optuna.create_study(direction="minimize", sampler=_sampler(seed=seed))


def space_sha256(adapter: type[Adapter], question: Question) -> str:
    """Hash of the search space, as Optuna describes it."""
    import optuna

    trial = _study(0).ask()
    adapter.suggest(trial, question)
    space = {name: optuna.distributions.distribution_to_json(d) for name, d in trial.distributions.items()}
    return sha256_of(space)


def default_hypers(adapter: type[Adapter], target: Target) -> dict[str, Any]:
    """Hypers of an adapter made without any, ``target`` and ``seed`` apart."""
    params = adapter(target=target).get_params(deep=False)
    return {name: value for name, value in params.items() if name not in ("target", "seed")}


def draws(adapter: type[Adapter], question: Question, n: int) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Hypers of ``n`` random trials, each with Optuna's distributions by the names that it knows them by."""
    study, found = _study(0), []
    for _ in range(n):
        trial = study.ask()
        found.append((adapter.suggest(trial, question), dict(trial.distributions)))
    return found


def tune(
    adapter: type[Adapter], question: Question, training: Training, fixed: dict[str, Any], budget: Budget, seed: int,
    score: Score,
) -> tuple[dict[str, Any], list[np.ndarray], Tuning]:  # fmt: skip
    """Hypers of the least inner score, their out-of-fold predictions, and the ledger.

    The first trial takes the adapter's defaults, the others come from a seeded TPE sampler. A setting that
    comes up again is not computed again. Settings that fail or give no finite score count as worst; if all do,
    the first one's exception is raised. With no trials, or nothing to search, ``fixed`` alone is tried; with no
    trials and ``score_fixed`` false it is taken unseen, without inner predictions.
    """
    if budget.trials == 0 and not budget.score_fixed:
        return fixed, [], Tuning(trials=0, configurations=1, inner=None, capped=False, ledger=())
    started, study = time.monotonic(), _study(seed)
    _begin_with_defaults(study, adapter, question.target)
    tried: dict[str, tuple[float | None, list[np.ndarray]]] = {}
    ledger: list[Trial] = []
    failure: Exception | None = None
    best: tuple[float, dict[str, Any], list[np.ndarray]] | None = None
    while not ledger or (len(ledger) < budget.trials and time.monotonic() - started < budget.tune_seconds):
        clock, trial = time.monotonic(), study.ask()
        hypers = fixed if budget.trials == 0 else adapter.suggest(trial, question) | fixed
        name = canonical(hypers)
        if name not in tried:
            try:
                tried[name] = _evaluate(adapter, question, hypers, training, seed, score)
            except Exception as error:
                tried[name], failure = (None, []), failure or error
        inner, predictions = tried[name]
        study.tell(trial, np.inf if inner is None else inner)
        ledger.append(Trial(number=len(ledger), hypers=hypers, inner=inner, seconds=round(time.monotonic() - clock, 3)))
        if inner is not None and (best is None or inner < best[0]):
            best = (inner, hypers, predictions)
        if not trial.distributions:
            break  # nothing to search
    if best is None and failure is not None:
        raise failure
    inner_score, hypers, predictions = best or (None, ledger[0].hypers, tried[canonical(ledger[0].hypers)][1])
    used = len(ledger) if budget.trials and study.trials[0].distributions else 0
    capped = 0 < used < budget.trials
    return (
        hypers,
        predictions,
        Tuning(trials=used, configurations=len(tried), inner=inner_score, capped=capped, ledger=tuple(ledger)),
    )


def _begin_with_defaults(study: Any, adapter: type[Adapter], target: Target) -> None:
    defaults = default_hypers(adapter, target)
    study.enqueue_trial({name: value for name, value in defaults.items() if isinstance(value, int | float | str)})


def storage_of(where: str) -> Any:
    """Optuna's storage: a journal file, or the database at a URL; raises ``DataError`` where it cannot be used."""
    import optuna
    from optuna.storages.journal import JournalFileBackend

    with _reached(where, ImportError, ValueError):
        if "://" in where:
            return _database(where)
        Path(where).parent.mkdir(parents=True, exist_ok=True)
        return optuna.storages.JournalStorage(JournalFileBackend(where))


@contextmanager
def _reached(where: str, *also: type[Exception]) -> Iterator[None]:
    """What a driver or Optuna says of a storage, as a ``DataError`` without the secrets of its address.

    ``also``: further exceptions that are the storage's; any other passes unless it tells a secret.
    """
    import optuna
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except Exception as error:
        told = without_secrets(one_line(str(error)), where)
        its_own = (OSError, SQLAlchemyError, optuna.exceptions.OptunaError, *also)
        if not isinstance(error, its_own) and told == one_line(str(error)):
            raise
        advice = "give a file on a shared disk, or the URL of a database"
        raise DataError(f"study {address(where)}: {type(error).__name__}: {told}; {advice}") from None


def _database(url: str) -> Any:
    import optuna
    from sqlalchemy.exc import DBAPIError

    for pause in (0.2, 1.0, 2.0):  # while another worker, who came first too, makes the tables
        try:
            return optuna.storages.RDBStorage(url)
        except DBAPIError:
            time.sleep(pause)
    return optuna.storages.RDBStorage(url)


def _shared_study(where: str, name: str) -> Any:
    """The study of that name, made by whoever comes first."""
    import optuna

    sampler = _sampler(constant_liar=True)  # trials of others still run
    return optuna.create_study(
        study_name=name, storage=storage_of(where), direction="minimize", sampler=sampler, load_if_exists=True
    )


def tune_together(
    adapter: type[Adapter], question: Question, training: Training, fixed: dict[str, Any], budget: Budget, seed: int,
    score: Score, where: str, name: str,
) -> tuple[dict[str, Any], list[np.ndarray], Tuning]:  # fmt: skip
    """As ``tune``, but all who search under the same ``name`` in ``where`` (``storage_of``) share the trials.

    Which settings are tried depends on who is quicker: not reproducible bit by bit. Trials of a worker that died do
    not count; those of an interrupted search do, so it goes on.
    """
    if budget.trials == 0 or not draws(adapter, question, 1)[0][1]:
        return tune(adapter, question, training, fixed, budget, seed, score)
    started = time.monotonic()
    with _reached(where):
        study = _shared_study(where, name)
        if not study.get_trials(deepcopy=False):
            _begin_with_defaults(study, adapter, question.target)

    def evaluate(hypers: dict[str, Any]) -> tuple[float | None, list[np.ndarray]]:
        return _evaluate(adapter, question, hypers, training, seed, score)

    mine: dict[int, list[np.ndarray]] = {}
    failure: Exception | None = None
    with _reached(where):
        while len(_ended(study)) < budget.trials and time.monotonic() - started < budget.tune_seconds:
            trial = study.ask()
            hypers = adapter.suggest(trial, question) | fixed
            trial.set_user_attr("hypers", hypers)
            try:
                inner, mine[trial.number] = evaluate(hypers)
            except Exception as error:
                inner, failure = None, failure or error
            study.tell(trial, np.inf if inner is None else inner)
        trials = _ended(study)
    done = _told(trials, budget)
    if done.inner is None:
        raise failure or DataError(
            f"study {address(where)}: no trial of {name} gave a score; look into it, or give another"
        )
    best = min((t for t in trials if np.isfinite(t.value)), key=lambda t: (t.value, t.number))
    hypers = best.user_attrs["hypers"]
    return hypers, mine[best.number] if best.number in mine else evaluate(hypers)[1], done


def _ended(study: Any) -> list[Any]:
    return [trial for trial in study.get_trials(deepcopy=False) if trial.state.is_finished()]


def _told(trials: list[Any], budget: Budget) -> Tuning:
    ledger = tuple(
        Trial(
            number=k, hypers=trial.user_attrs["hypers"], inner=trial.value if np.isfinite(trial.value) else None,
            seconds=round(trial.duration.total_seconds(), 3),
        )
        for k, trial in enumerate(trials)
    )  # fmt: skip
    return Tuning(
        trials=len(ledger), configurations=len({canonical(one.hypers) for one in ledger}), ledger=ledger, shared=True,
        inner=min((one.inner for one in ledger if one.inner is not None), default=None),
        capped=len(ledger) < budget.trials,
    )  # fmt: skip


def _evaluate(
    adapter: type[Adapter], question: Question, hypers: dict[str, Any], training: Training, seed: int, score: Score
) -> tuple[float | None, list[np.ndarray]]:
    model = adapter(target=question.target, seed=seed, **hypers)
    predictions = model.out_of_fold(training.samples, training.y, training.folds)
    return score(predictions), predictions
