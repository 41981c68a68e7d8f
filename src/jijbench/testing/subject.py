"""What is checked: an adapter and its settings, the toys in the inputs that it takes, and one fit that checks share."""

import contextlib
import shutil
import tempfile
import time
import unittest
import weakref
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from jijbench.adapters.base import Adapter, Folds, orbit_folds
from jijbench.context import context
from jijbench.data.sample import Sample
from jijbench.data.task import INPUTS, Question, release
from jijbench.runner.cost import Memory
from jijbench.targets import DIJ, JIJ, TARGETS, Target
from jijbench.testing.toy_sets import Toys, toys_of

EVERY = 5  # each fifth of the toys is held out
FEW = 12  # rows of the checks for which few rows are enough


class Excused(unittest.SkipTest):
    """The adapter does not claim what a check asks; pytest shows it as skipped, with the reason."""


@dataclass(frozen=True)
class Fit:
    """A fitted model, what ``fit`` returned, what it cost, and the files it left in the working directory."""

    model: Adapter
    returned: object
    seconds: float
    memory_mib: float | None
    left_behind: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Subject:
    """An adapter with the settings of its check.

    ``hypers`` are put over those with which the adapter is cheap. ``asked``: the target and the kind of inputs are the
    first that are not refused, unless given. ``tolerance`` in units of the rms of the toys' truth; ``seconds`` and
    ``memory_mib`` bound one fit on four fifths of the toys and the prediction of the others.
    """

    adapter: type[Adapter]
    hypers: Mapping[str, Any] = field(default_factory=dict)
    inputs: str | None = None
    target: Target | None = None
    tolerance: float = 1e-6
    learns: bool = True
    seconds: float = 60.0
    memory_mib: float = 4096.0

    def question(self, inputs: str | None = None, target: Target | None = None) -> Question:
        """What the adapter is asked whether it refuses."""
        return Question(target or self.about, inputs or self.taken, self.toys.n_impurities)

    @cached_property
    def asked(self) -> tuple[Target, str]:
        """The first target with toys, and of that the first kind of inputs, that the adapter does not refuse."""
        targets = TARGETS.values() if self.target is None else (self.target,)
        kinds = INPUTS if self.inputs is None else (self.inputs,)
        reasons = {}
        for target in sorted(targets, key=lambda target: target != JIJ):
            for kind in kinds:
                reason = self.adapter.refuses(Question(target, kind, toys_of(target).n_impurities))
                if reason is None:
                    return target, kind
                reasons[f"{target.name} from {kind}"] = reason
        raise AssertionError(f"refuses every target with these inputs: {reasons}")

    @property
    def settings(self) -> dict[str, Any]:
        """The hypers that it is checked with."""
        return {**getattr(self.adapter, "cheap", {}), **self.hypers}

    @property
    def about(self) -> Target:
        """The target that is asked for."""
        return self.asked[0]

    @property
    def taken(self) -> str:
        """Kind of inputs that the toys are given in."""
        return self.asked[1]

    @property
    def toys(self) -> Toys:
        """Samples of the target."""
        return toys_of(self.about)

    @cached_property
    def vectors(self) -> "Subject":
        """The same adapter asked for a vector; raises ``Excused`` where it refuses it, or is asked for one already."""
        if self.about.directional:
            raise Excused(f"the whole contract is about {self.about.name}")
        reason = self.adapter.refuses(Question(DIJ, self.taken))
        if reason is not None:
            raise Excused(reason)
        return replace(self, target=DIJ, inputs=self.taken)

    def released(self, samples: Sequence[Sample], inputs: str | None = None) -> list[Sample]:
        """Samples with nothing left but what the inputs release."""
        return list(release(tuple(samples), inputs or self.taken))

    def train(self, inputs: str | None = None) -> list[Sample]:
        """The toys to learn from."""
        return self.released([s for k, s in enumerate(self.toys.samples()) if k % EVERY], inputs)

    def held_out(self, inputs: str | None = None) -> list[Sample]:
        """The toys to predict."""
        return self.released(self.toys.samples()[::EVERY], inputs)

    def truth(self, samples: Sequence[Sample]) -> np.ndarray:
        """(n, *shape) in the target's unit."""
        return self.toys.truth(samples)

    @cached_property
    def scale(self) -> float:
        """Root mean square of the truth of the toys, in the target's unit."""
        return float(np.sqrt(np.mean(self.truth(self.toys.samples()) ** 2)))

    def model(self, target: Target | None = None, seed: int = 0) -> Adapter:
        """A new model that has learned nothing."""
        return self.adapter(target=target or self.about, seed=seed, **self.settings)

    def fit(
        self, samples: Sequence[Sample], y: np.ndarray, folds: Folds | None = None, target: Target | None = None
    ) -> Adapter:
        """A new model taught on copies, so that no check can spoil the next."""
        return self.model(target).fit(list(samples), np.array(y), folds)

    @cached_property
    def shared(self) -> Fit:
        """The one fit that most checks look at, with folds, as in a benchmark."""
        samples, model = self.train(), self.model()
        y, folds = self.truth(samples), orbit_folds(samples, 2)
        here = Path(tempfile.mkdtemp(dir=self.scratch))
        with Memory() as memory, contextlib.chdir(here):
            before, started = memory.peak_mib(), time.monotonic()
            returned = model.fit(samples, y, folds)
            model.predict(self.held_out())
            seconds, after = time.monotonic() - started, memory.peak_mib()
        grown = None if before is None or after is None else after - before
        return Fit(model, returned, seconds, grown, tuple(sorted(path.name for path in here.iterdir())))

    def answers(self, samples: Sequence[Sample]) -> np.ndarray:
        """Predictions of the shared fit as numbers."""
        return np.asarray(self.shared.model.predict(list(samples)), dtype=float)

    @cached_property
    def scratch(self) -> Path:
        """A folder that goes when the subject goes."""
        folder = tempfile.mkdtemp(prefix="jijbench-check-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return Path(folder)

    @contextlib.contextmanager
    def surroundings(self) -> Iterator[None]:
        """One thread, and scratch, cache and working directory of the subject's own.

        So nothing cached before can hide a fault, and nothing is left where the user works.
        """
        from threadpoolctl import threadpool_limits

        own = context(threads=1, scratch=self.scratch, cache=self.scratch / "cache")
        with threadpool_limits(1), own, contextlib.chdir(self.scratch):
            yield

    def same(self, found: np.ndarray, expected: np.ndarray, samples: Sequence[Sample], what: str) -> None:
        """Raise ``AssertionError`` unless two sets of predictions agree within the tolerance."""
        found, expected = np.asarray(found, dtype=float), np.asarray(expected, dtype=float)
        if found.shape != expected.shape:
            raise AssertionError(f"{what}: shape {found.shape} instead of {expected.shape}")
        gaps = np.abs(found - expected).reshape(len(samples), -1)
        each, allowed = gaps.max(1, initial=0.0), self.tolerance * self.scale
        worst = int(np.argmax(each))
        if not each[worst] <= allowed:  # a NaN is not either
            here, there = (array.reshape(gaps.shape)[worst, np.argmax(gaps[worst])] for array in (found, expected))
            symbol, unit = self.about.symbol, self.about.unit
            raise AssertionError(
                f"{what}: {symbol} of {samples[worst].id} is {here:.6g} instead of {there:.6g} {unit}, off by more "
                f"than {allowed:.1g} {unit} for {int((each > allowed).sum())} of {len(samples)} {self.toys.noun}"
            )

    def good(
        self, values: object, samples: Sequence[Sample], what: str, shape: tuple[int, ...] | None = None
    ) -> np.ndarray:
        """Raise ``AssertionError`` unless ``values`` are finite and of shape (n, *shape), the target's by default."""
        array = np.asarray(values, dtype=float)
        wanted = (len(samples), *(self.about.shape if shape is None else shape))
        if array.shape != wanted:
            raise AssertionError(f"{what} has shape {array.shape}, expected {wanted} (samples, *target.shape)")
        bad = np.flatnonzero(~np.isfinite(array.reshape(len(samples), -1)).all(1))
        if len(bad):
            raise AssertionError(
                f"{what} is not finite for {len(bad)} of {len(samples)} samples, first {samples[bad[0]].id}"
            )
        return array
