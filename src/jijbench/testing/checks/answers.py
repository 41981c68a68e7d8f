"""Numbers: that there are some, of the right shape, and the same however they are asked for."""

import contextlib
import random
from collections.abc import Iterator

import numpy as np

from jijbench.adapters.base import orbit_folds
from jijbench.errors import UnknownElement
from jijbench.targets import Curve
from jijbench.testing.subject import Excused, Subject

NUMBERS = Curve(name="toy_numbers", shape=(3,), unit="meV", convention="three multiples of J")
ALONE = 8  # rows that are also predicted one by one


def fit(s: Subject) -> None:
    """`fit` learns from the toys and returns the model; what it finds ends in an underscore"""
    model, before = s.shared.model, s.model().get_params(deep=False)
    if s.shared.returned is not model:
        raise AssertionError(f"fit returned {s.shared.returned!r}; return self")
    if model.get_params(deep=False) != before:
        raise AssertionError(f"fit changed hypers to {model.get_params(deep=False)}")
    loose = [name for name in vars(model) if name not in before and not name.startswith("_") and name[-1] != "_"]
    if loose:
        raise AssertionError(
            f"fit sets {loose}; end the names of what it finds in an underscore, begin the rest with one"
        )


def answer(s: Subject) -> None:
    """`predict` returns one finite value of the target's shape a sample"""
    for samples in (s.held_out(), s.train(), s.held_out()[:1]):
        s.good(s.shared.model.predict(samples), samples, "the prediction")


def deviation(s: Subject) -> None:
    """`predict_std` returns the mean of `predict` and standard deviations that are not negative"""
    if not s.adapter.gives_std:
        raise Excused("`gives_std` is False")
    asked = s.held_out()
    mean, std = s.shared.model.predict_std(asked)
    s.same(s.good(mean, asked, "the mean"), s.answers(asked), asked, "mean of predict_std")
    least = s.good(std, asked, "the standard deviation").min()
    if not least >= 0:  # a NaN is not either
        raise AssertionError(f"a standard deviation is {least:.3g} {s.about.unit}")


def arrays(s: Subject) -> None:
    """for a target of three numbers that nothing turns it returns three a sample, or refuses it"""
    if s.about.shape:
        raise Excused(f"{s.about.name} has several numbers already")
    reason = s.adapter.refuses(s.question(target=NUMBERS))
    if reason is not None:
        raise Excused(reason)
    samples, asked = s.train(), s.held_out()
    y = np.outer(s.truth(samples), [1.0, -0.5, 0.25])
    model = s.fit(samples, y, orbit_folds(samples, 2), target=NUMBERS)
    s.good(model.predict(asked), asked, "the prediction of three numbers", NUMBERS.shape)


@contextlib.contextmanager
def _other_global_state() -> Iterator[None]:
    """Global random numbers set to something of ours, and put back."""
    legacy, own = np.random.get_state(), random.getstate()  # noqa: NPY002
    np.random.seed(20261124)  # noqa: NPY002
    random.seed(20261124)
    try:
        yield
    finally:
        np.random.set_state(legacy)  # noqa: NPY002
        random.setstate(own)


def seed(s: Subject) -> None:
    """two fits with one seed give the same numbers, whatever the global random state"""
    samples, asked = s.train(), s.held_out()
    with _other_global_state():
        again = s.fit(samples, s.truth(samples), orbit_folds(samples, 2)).predict(asked)
    s.same(again, s.answers(asked), asked, "a second fit with the same seed")


def batch(s: Subject) -> None:
    """a sample asked alone gets the number that it gets among others"""
    asked = s.held_out()[:ALONE]
    s.same(np.concatenate([s.answers([sample]) for sample in asked]), s.answers(asked), asked, "asked one by one")


def order(s: Subject) -> None:
    """predictions come back in the order of the samples (the order of training rows may matter)"""
    asked = s.held_out()
    mixed = np.random.default_rng(4).permutation(len(asked))
    s.same(s.answers([asked[k] for k in mixed]), s.answers(asked)[mixed], [asked[k] for k in mixed], "in another order")


def unseen(s: Subject) -> None:
    """an element that training has not seen is predicted, and so is a host"""
    for element in s.toys.unseen:
        asked = s.released(s.toys.strangers([element]))
        s.good(s.answers(asked), asked, f"the prediction for {element}, not in training,")
        if s.adapter.gives_std:
            s.good(s.shared.model.predict_std(asked)[1], asked, f"the deviation for {element}, not in training,")


def outside(s: Subject) -> None:
    """an element outside every table raises `UnknownElement`, unless it gets a finite number"""
    for element in s.toys.outside:
        asked = s.released(s.toys.strangers([element]))
        with contextlib.suppress(UnknownElement):
            s.good(s.answers(asked), asked, f"the prediction for {element!r}, outside every table,")
