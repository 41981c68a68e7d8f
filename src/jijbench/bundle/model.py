"""A bundle in use: the refitted model, what it was trained on, and what it predicts."""

import warnings
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from jijbench import adapters
from jijbench.adapters.base import Adapter
from jijbench.bundle.card import BundleCard, joined, ranges, read_bundle_card
from jijbench.bundle.dimers import Dimers, read_dimers
from jijbench.bundle.files import check_folder
from jijbench.bundle.impurities import Impurities, read_impurities
from jijbench.context import installed
from jijbench.data.sample import Sample
from jijbench.data.shown import html_table
from jijbench.data.task import INPUTS, release
from jijbench.errors import DataError, JijbenchError
from jijbench.text import printable

MODEL, KNOWN = "model", "known"
#: samples that the model is asked at once, which bounds its memory; curves take longer and the bar should move
BATCH, CURVES = 1000, 20


@dataclass(frozen=True, eq=False)
class Bundle:
    """A model refitted on all data of a task, with its card, its domain, and what makes samples for it.

    ``known`` makes samples (``known.grid(…)``); ``sha256`` names the bundle.
    """

    folder: Path
    sha256: str
    card: BundleCard
    model: Adapter
    known: Dimers | Impurities

    def __repr__(self) -> str:
        return f"Bundle({self.card.row} for {self.card.task}, {self.sha256[:12]}, in {self.folder})"

    def _repr_html_(self) -> str:
        card = self.card
        scores = card.scores.get(card.task, {})
        shells = ranges(card.domain.shells) if card.domain.kind == "dimers" else ""
        return html_table(f"{card.row} for {card.task}", {
            "predicts": f"{card.asked_target.name} ({card.asked_target.unit})", "inputs": card.inputs,
            "trained on": f"{card.training.get('samples')} samples of {card.dataset} {card.dataset_version}",
            "elements": ", ".join(card.domain.elements), "shells": shells,
            "scores": ", ".join(f"{name} {_shown(value)}" for name, value in list(scores.items())[:6]),
            "standard deviation": "yes" if card.gives_std else "no", "made": card.created, "sha256": self.sha256[:12],
        })  # fmt: skip

    def predict(self, samples: Sequence[Sample]) -> np.ndarray:
        """(n, *target.shape) in the target's unit; equal samples are computed once.

        Raises ``DataError`` where samples lack an input that the model needs, such as moments.
        """
        return self._answer(samples, lambda asked: (self.model.predict(asked),))[0]

    def predict_std(self, samples: Sequence[Sample]) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation; raises ``JijbenchError`` where the model gives none (``card.gives_std``)."""
        if not self.card.gives_std:
            raise JijbenchError(f"{self.card.row} gives no standard deviation; use predict")
        mean, std = self._answer(samples, self.model.predict_std)
        return mean, std

    def domain(self, samples: Sequence[Sample]) -> list[str]:
        """``inside`` for samples like those of training, else what is outside; also a start that was extrapolated."""
        found, known = self.card.domain.test(samples), self.known
        if isinstance(known, Dimers):
            return found
        return [joined(reason, known.beyond(sample)) for reason, sample in zip(found, samples, strict=True)]

    def _answer(
        self, samples: Sequence[Sample], ask: Callable[[tuple[Sample, ...]], tuple[np.ndarray, ...]]
    ) -> list[np.ndarray]:
        keys, place = INPUTS[self.card.inputs], {}
        first: list[Sample] = []
        where = np.empty(len(samples), dtype=int)
        for k, sample in enumerate(samples):
            key = _key(sample, keys)
            if key not in place:
                place[key] = len(first)
                first.append(sample)
            where[k] = place[key]
        parts = self._parts(self._released(first), ask)
        return [np.concatenate(values)[where] for values in zip(*parts, strict=True)]

    def _parts(
        self, samples: tuple[Sample, ...], ask: Callable[[tuple[Sample, ...]], tuple[np.ndarray, ...]]
    ) -> list[tuple[np.ndarray, ...]]:
        """Answers batch by batch, with a bar on a terminal where it takes longer than some seconds."""
        from tqdm import tqdm

        shape = self.card.asked_target.shape
        size = CURVES if shape else BATCH
        starts = tqdm(range(0, len(samples), size), disable=None, delay=5, leave=False, desc="predicting")
        found = []
        for k in starts:
            asked = samples[k : k + size]
            with blamed(f"{self.folder} gives {asked[0].id} no answer"):
                found.append(ask(asked))
            wrong = [part.shape for part in found[-1] if part.shape != (len(asked), *shape)]
            if wrong:
                raise DataError(f"{self.folder} answers {len(asked)} samples with {wrong[0]} numbers; export it again")
            _refuse_infinite(asked, found[-1][0])
        return found or [(np.zeros((0, *shape)),) * 2]

    def _released(self, samples: Sequence[Sample]) -> tuple[Sample, ...]:
        if "moments" in INPUTS[self.card.inputs]:
            lacking = [sample for sample in samples if sample.moments is None]
            if lacking:
                raise DataError(_no_moment(lacking[0], self.known))
        return release(tuple(samples), self.card.inputs)


def _shown(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _refuse_infinite(samples: Sequence[Sample], mean: np.ndarray) -> None:
    """Raise ``JijbenchError`` for an answer that is no number, naming the first sample that has one."""
    bad = np.flatnonzero(~np.isfinite(mean.reshape(len(mean), -1)).all(1))
    if len(bad):
        raise JijbenchError(f"the model has no finite answer for {samples[bad[0]].id}; check its positions and inputs")


def _key(sample: Sample, inputs: Sequence[str]) -> Hashable:
    """What the answer can depend on."""
    more = (sample.inputs[name].tobytes() for name in inputs if name in sample.inputs)
    return id(sample.geometry), sample.elements, *more


def _no_moment(sample: Sample, known: Dimers | Impurities) -> str:
    sites = zip(sample.elements, sample.geometry.sublattices, strict=True)
    moments = known.moments if isinstance(known, Dimers) else {}
    missing = [f"{e} at {site}" for e, site in sites if (e, site) not in moments and (e, "") not in moments]
    which = " and ".join(dict.fromkeys(missing)) or "its impurities"
    return (
        f"{sample.id}: the moment of {which} is not known, and the model needs it; "
        "give a csv with element, moment_mub and, if it matters, sublattice (--moments)"
    )


def load_bundle(path: str | Path, adapter: type[Adapter] | None = None) -> Bundle:
    """Read a bundle; no code comes from it.

    ``adapter``: class of a model that is not installed as a plug-in. Raises ``DataError`` naming the file where a byte
    has changed, a file is missing or added, a path leads outside, or the schema is another; ``MissingExtra`` where
    the model's packages are not installed. Warns where the model's code or packages are others than at export.
    """
    folder = Path(path)
    manifest = check_folder(folder)
    card = read_bundle_card(folder)
    found = adapter if adapter is not None else _adapter(card.adapter, folder)
    with blamed(f"{folder} does not hold the model that its card names"):
        try:
            _ = card.asked_target
        except DataError as error:
            raise DataError(f"{folder} does not hold the model that its card names: {error}") from error
        model = found.load(folder / MODEL)
        known = _known(folder / KNOWN, card)
    for change in changes(card, found):
        warnings.warn(f"{folder}: {change}; export it again to be sure of its numbers", UserWarning, stacklevel=2)
    return Bundle(folder, manifest.sha256, card, model, known)


@contextmanager
def blamed(words: str) -> Iterator[None]:
    """What a model's own code raises over damaged files, be it anything, as a ``DataError`` that begins so."""
    try:
        yield
    except JijbenchError:
        raise
    except Exception as error:
        said = printable(str(error))
        raise DataError(f"{words} ({type(error).__name__}: {said}); export it again") from error


def _adapter(name: str, folder: Path) -> type[Adapter]:
    """An installed adapter: a bundle must not choose what else is imported."""
    if name not in adapters.names():
        raise DataError(
            f"{folder} needs the adapter {name!r}, which is not installed; load_bundle(…, adapter=ITS_CLASS)"
        )
    return adapters.require(name)


def _known(folder: Path, card: BundleCard) -> Dimers | Impurities:
    if card.domain.kind == "impurities":
        return read_impurities(folder, card.asked_target.of_neighbour)
    return read_dimers(folder, card.cluster_radius_angstrom or 0.0)


def changes(card: BundleCard, adapter: type[Adapter]) -> list[str]:
    """What decides the numbers and is another than at export: versions of the model and of its packages."""
    now: dict[str, int | str | None] = {card.adapter: adapter.version}
    now |= {name: installed(name) for name in card.versions}
    then = {card.adapter: card.version, **card.versions}
    return [f"{name} is {now[name]}, at export {then[name]}" for name in then if now[name] != then[name]]
