"""Search for hypers on the inner folds of the training part; the only place that knows Optuna."""

import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from jijbench.adapters.base import Adapter
from jijbench.benchmark import Budget
from jijbench.data.target import Target
from jijbench.data.task import Question, Training
from jijbench.record import Trial, Tuning, canonical, sha256_of

SAMPLER = "optuna.TPESampler"
Score = Callable[[list[np.ndarray]], float | None]


def _study(seed: int) -> Any:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=5)
    return optuna.create_study(direction="minimize", sampler=sampler)


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
    defaults = default_hypers(adapter, question.target)
    study.enqueue_trial({name: value for name, value in defaults.items() if isinstance(value, int | float | str)})
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


def _evaluate(
    adapter: type[Adapter], question: Question, hypers: dict[str, Any], training: Training, seed: int, score: Score
) -> tuple[float | None, list[np.ndarray]]:
    model = adapter(target=question.target, seed=seed, **hypers)
    predictions = model.out_of_fold(training.samples, training.y, training.folds)
    return score(predictions), predictions
