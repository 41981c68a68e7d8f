"""What an adapter leaves alone, takes along and costs."""

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from jijbench.adapters.base import orbit_folds
from jijbench.bundle.files import unsafe
from jijbench.data.sample import Sample
from jijbench.errors import NotPortable
from jijbench.testing.subject import FEW, Subject


def save(s: Subject) -> None:
    """saved to plain files and loaded it answers as before; or `portable` says why it cannot be saved"""
    model = s.shared.model
    folder = Path(tempfile.mkdtemp(dir=s.scratch))
    if s.adapter.portable is not None:
        _not_saved(s, folder)
        return
    model.save(folder / "here")
    found = [f"{p.name} {reason}" for p in sorted(folder.rglob("*")) if p.is_file() and (reason := unsafe(p))]
    if found:
        raise AssertionError(f"save writes what can run code when it is read: {'; '.join(found)}")
    shutil.move(folder / "here", folder / "there")  # nothing may depend on where it was written
    again = s.adapter.load(folder / "there")
    if again.target != model.target:
        raise AssertionError(f"target {model.target} comes back as {again.target}")
    asked = s.held_out()
    s.same(again.predict(asked), s.answers(asked), asked, "after save and load")
    if s.adapter.gives_std:
        s.same(again.predict_std(asked)[1], model.predict_std(asked)[1], asked, "deviation after save and load")


def _not_saved(s: Subject, folder: Path) -> None:
    try:
        s.shared.model.save(folder / "here")
    except NotPortable:
        return
    raise AssertionError(f"`portable` says {s.adapter.portable!r}, and save raises no NotPortable")


def _rows(s: Subject) -> tuple[list[Sample], np.ndarray, list[tuple[np.ndarray, np.ndarray]]]:
    samples = s.train()[:FEW]
    return samples, s.truth(samples), list(orbit_folds(samples, 2))


def _snapshot(samples: Sequence[Sample]) -> list[tuple[Any, ...]]:
    """Everything a sample holds, copied."""
    return [
        (
            *(sample.id, sample.elements, sample.orbit, sample.geometry.id, sample.geometry.sites),
            *(array.tobytes() for array in (sample.numbers, sample.positions, sample.geometry.cell)),
            *(values.tobytes() for values in sample.inputs.values()),
        )
        for sample in samples
    ]


def inputs(s: Subject) -> None:
    """fitting and predicting change neither samples nor truth nor folds"""
    samples, y, folds = _rows(s)
    asked = s.held_out()
    before = _snapshot(samples), _snapshot(asked), y.copy(), [part.copy() for fold in folds for part in fold]
    model = s.model().fit(samples, y, folds)
    model.predict(asked)
    if _snapshot(samples) != before[0]:
        raise AssertionError("fit changed the samples, or their order in the list")
    if _snapshot(asked) != before[1]:
        raise AssertionError("predict changed the samples, or their order in the list")
    if not np.array_equal(y, before[2]):
        raise AssertionError("fit changed y in place; copy it first")
    parts = zip([part for fold in folds for part in fold], before[3], strict=True)
    if not all(np.array_equal(part, old) for part, old in parts):
        raise AssertionError("fit changed the folds in place")


def owns(s: Subject) -> None:
    """a fitted model does not lean on the arrays and lists it was taught with"""
    samples, y, folds = _rows(s)
    asked, model = s.held_out(), s.model().fit(samples, y, folds)
    before = np.asarray(model.predict(asked), dtype=float)
    y[:] = np.nan
    samples.clear()
    for part in (part for fold in folds for part in fold):
        part[:] = 0
    after = s.good(model.predict(asked), asked, "after the caller's arrays have changed the prediction")
    s.same(after, before, asked, "after the caller's arrays have changed")


def tidy(s: Subject) -> None:
    """it leaves no files in the working directory; `jijbench.context` names a scratch folder"""
    left = s.shared.left_behind
    if left:
        raise AssertionError(
            f"the fit left {', '.join(left)} in the working directory; use jijbench.context.current().scratch"
        )


def cost(s: Subject) -> None:
    """a fit on the toys and the prediction of those held out stay within the limits of time and memory"""
    fit = s.shared
    if fit.seconds > s.seconds:
        raise AssertionError(f"took {fit.seconds:.1f} s, allowed are {s.seconds:g} s")
    grown = fit.memory_mib or 0.0
    if grown > s.memory_mib:
        raise AssertionError(f"took {grown:.0f} MiB more than before, allowed are {s.memory_mib:g} MiB")
