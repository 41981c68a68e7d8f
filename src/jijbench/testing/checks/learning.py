"""That it learns, and from little or dull data too."""

import numpy as np

from jijbench.adapters.base import Folds, orbit_folds
from jijbench.testing.subject import FEW, Excused, Subject

HONEST = 0.5  # of the error of predicting zero, on noise it has not been told


def learns(s: Subject) -> None:
    """on the rows it was taught, those of zero apart, it is closer to the truth than zero is (floors are excused)"""
    if s.adapter.info.kind == "floor" or not s.learns:
        raise Excused("a floor need not learn" if s.learns else "`learns` is False")
    samples = s.train()
    y, unit = s.truth(samples), s.about.unit
    errors = np.abs(s.answers(samples) - y)[y != 0].mean()
    zero = np.abs(y[y != 0]).mean()
    if not errors < zero:
        raise AssertionError(
            f"mean absolute error {errors:.3g} {unit} on its own training rows, that of predicting zero is {zero:.3g} "
            f"{unit}"
        )


def few(s: Subject) -> None:
    """three rows are enough to fit without an exception and to predict finite numbers"""
    samples = [sample for sample in s.train() if not set(sample.pair) & set(s.toys.silent)]
    samples, asked = samples[:: len(samples) // 3][:3], s.held_out()
    s.good(s.fit(samples, s.truth(samples)).predict(asked), asked, "after three training rows the prediction")


def constant(s: Subject) -> None:
    """a constant truth, zero or not, is no trouble"""
    samples, asked = s.train()[:FEW], s.held_out()
    for value in (0.0, 2.5):
        model = s.fit(samples, np.full((FEW, *s.about.shape), value))
        s.good(model.predict(asked), asked, f"after training on {s.about.symbol} = {value} alone the prediction")


def moments(s: Subject) -> None:
    """with moments released, pairs without two of them are predicted, and may be all that training has"""
    if not s.toys.moments:
        raise Excused(f"{s.about.name} has nothing to do with moments")
    inputs = s.taken.split("+")[0] + "+moments"
    reason = s.adapter.refuses(s.question(inputs))
    if reason is not None:
        raise Excused(reason)
    samples, asked = s.train(inputs), s.held_out(inputs)
    model = s.fit(samples, s.truth(samples))
    s.good(model.predict(asked), asked, "with moments the prediction")
    silent = [sample for sample in samples if set(sample.pair) & set(s.toys.silent)]
    model = s.fit(silent, np.zeros((len(silent), *s.about.shape)))
    s.good(model.predict(asked), asked, "after training on pairs without two moments the prediction")


def folds(s: Subject) -> None:
    """folds may be left out, and rows may be in neither part of a fold"""
    samples, asked = s.train(), s.held_out()
    y, kept = s.truth(samples), np.flatnonzero(np.arange(len(samples)) % 3)
    parts: Folds = [(kept[train], kept[valid]) for train, valid in orbit_folds([samples[k] for k in kept], 2)]
    s.good(s.fit(samples, y).predict(asked), asked, "without folds the prediction")
    s.good(s.fit(samples, y, parts).predict(asked), asked, "with folds that leave rows out the prediction")


def out_of_fold(s: Subject) -> None:
    """`out_of_fold` predicts the rows of each fold by a model that was not told them"""
    samples = s.train()
    y, parts = _noise(s, len(samples)), orbit_folds(samples, 2)
    answers = s.model().out_of_fold(samples, y.copy(), parts)
    if len(answers) != len(parts):
        raise AssertionError(f"out_of_fold gives {len(answers)} parts for {len(parts)} folds")
    asked = [[samples[k] for k in valid] for _, valid in parts]
    means = [s.good(mean, who, "out_of_fold") for mean, who in zip(answers, asked, strict=True)]
    truth = np.concatenate([y[valid] for _, valid in parts])
    error = np.abs(np.concatenate(means) - truth).mean() / np.abs(truth).mean()
    if not error > HONEST:
        raise AssertionError(
            f"out_of_fold guesses pure noise with {error:.2f} of the error of zero: it has seen the answers"
        )


def _noise(s: Subject, n: int) -> np.ndarray:
    """(n, *shape) noise; of curves two shapes times noise, for each shape costs a model of its own."""
    rng = np.random.default_rng(5)
    if s.about.volume is None:
        return rng.normal(size=(n, *s.about.shape))
    x = np.linspace(0.0, 1.0, s.about.shape[-1])
    return rng.normal(size=(n, 2)) @ np.array([1.0 - x, x])
