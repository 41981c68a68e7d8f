"""What is checked: an adapter and its settings, the toys in the inputs that it takes, and one fit that checks share."""

import contextlib
import shutil
import tempfile
import time
import unittest
import weakref
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from jijbench.adapters.base import Adapter, Folds, orbit_folds
from jijbench.context import context
from jijbench.data.sample import Sample
from jijbench.data.task import INPUTS, Question, release
from jijbench.runner.cost import Memory
from jijbench.targets import JIJ, Target
from jijbench.testing import toys

EVERY = 5  # each fifth dimer is held out
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

    ``inputs``: the first kind that is not refused, unless given. ``tolerance`` in units of the rms of J;
    ``seconds`` and ``memory_mib`` bound one fit on 79 dimers and the prediction of 20.
    """

    adapter: type[Adapter]
    hypers: Mapping[str, Any] = field(default_factory=dict)
    inputs: str | None = None
    tolerance: float = 1e-6
    learns: bool = True
    seconds: float = 60.0
    memory_mib: float = 4096.0

    def question(self, inputs: str | None = None, target: Target = JIJ) -> Question:
        """What the adapter is asked whether it refuses."""
        return Question(target, inputs or self.taken)

    @cached_property
    def taken(self) -> str:
        """Kind of inputs that the toys are given in."""
        kinds = INPUTS if self.inputs is None else (self.inputs,)
        reasons = {kind: self.adapter.refuses(Question(JIJ, kind)) for kind in kinds}
        for kind, reason in reasons.items():
            if reason is None:
                return kind
        raise AssertionError(f"refuses J of dimers with these inputs, the only toys there are: {reasons}")

    def released(self, samples: Sequence[Sample], inputs: str | None = None) -> list[Sample]:
        """Samples with nothing left but what the inputs release."""
        return list(release(tuple(samples), inputs or self.taken))

    def train(self, inputs: str | None = None) -> list[Sample]:
        """The dimers to learn from."""
        return self.released([s for k, s in enumerate(toys.dimers()) if k % EVERY], inputs)

    def held_out(self, inputs: str | None = None) -> list[Sample]:
        """The dimers to predict."""
        return self.released(toys.dimers()[::EVERY], inputs)

    @cached_property
    def scale(self) -> float:
        """Root mean square of J on the toys, meV."""
        return float(np.sqrt(np.mean(toys.truth(toys.dimers()) ** 2)))

    def model(self, target: Target = JIJ, seed: int = 0) -> Adapter:
        """A new model that has learned nothing."""
        return self.adapter(target=target, seed=seed, **self.hypers)

    def fit(
        self, samples: Sequence[Sample], y: np.ndarray, folds: Folds | None = None, target: Target = JIJ
    ) -> Adapter:
        """A new model taught on copies, so that no check can spoil the next."""
        return self.model(target).fit(list(samples), np.array(y), folds)

    @cached_property
    def shared(self) -> Fit:
        """The one fit that most checks look at, with folds, as in a benchmark."""
        samples, model = self.train(), self.model()
        y, folds = toys.truth(samples), orbit_folds(samples, 2)
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
        gaps = np.abs(found - expected).reshape(len(samples), -1).max(1, initial=0.0)
        worst, allowed = int(np.argmax(gaps)), self.tolerance * self.scale
        if not gaps[worst] <= allowed:  # a NaN is not either
            raise AssertionError(
                f"{what}: J of {samples[worst].id} is {found[worst]:.6g} instead of {expected[worst]:.6g} meV, "
                f"off by more than {allowed:.1g} meV for {int((gaps > allowed).sum())} of {len(samples)} dimers"
            )

    @staticmethod
    def good(values: object, samples: Sequence[Sample], what: str, shape: tuple[int, ...] = ()) -> np.ndarray:
        """Raise ``AssertionError`` unless ``values`` are finite numbers of the shape (n, *shape)."""
        array = np.asarray(values, dtype=float)
        wanted = (len(samples), *shape)
        if array.shape != wanted:
            raise AssertionError(f"{what} has shape {array.shape}, expected {wanted} (samples, *target.shape)")
        bad = np.flatnonzero(~np.isfinite(array.reshape(len(samples), -1)).all(1))
        if len(bad):
            raise AssertionError(
                f"{what} is not finite for {len(bad)} of {len(samples)} samples, first {samples[bad[0]].id}"
            )
        return array
