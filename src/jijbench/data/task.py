"""A task: dataset × target × protocol. It hands out samples and folds, and keeps the truth to itself."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from types import MappingProxyType

import numpy as np

from jijbench.data.dataset import Dataset, load_dataset
from jijbench.data.protocols import Protocol, protocol
from jijbench.data.sample import Geometry, Sample
from jijbench.data.shown import html_table
from jijbench.data.split import Split, load_split
from jijbench.errors import DataError, UnknownName
from jijbench.targets import Target

#: inputs a row may declare, and the extra arrays of a sample that each releases
INPUTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "structure": (),
        "structure+moments": ("moments",),
        "structure+start": ("start", "host_potential", "host_state"),
        "composition": (),
        "composition+moments": ("moments",),
    }
)


def within(inputs: str) -> set[str]:
    """Kinds of inputs that release no more than ``inputs`` does."""

    def places(name: str) -> bool:
        return name.startswith("structure")

    return {
        name for name, keys in INPUTS.items() if set(keys) <= set(INPUTS[inputs]) and places(name) <= places(inputs)
    }


InnerFolds = tuple[tuple[np.ndarray, np.ndarray], ...]


@dataclass(frozen=True)
class Question:
    """What an adapter may know before it sees data.

    ``n_impurities`` and ``n_impurities_trained``: how many a sample has at most, of test and of training.
    """

    target: Target
    inputs: str = "structure"
    n_impurities: int = 2
    protocol: str = "random-orbit"
    n_impurities_trained: int = 2


@dataclass(frozen=True, eq=False)
class Training:
    """What a fold gives a model: samples, their truth, and inner (train, valid) folds of positions."""

    samples: tuple[Sample, ...]
    y: np.ndarray
    folds: InnerFolds


def folds_sha256(folds: InnerFolds) -> str:
    """Hash of (train, valid) positions, so that a record says on what it was tuned."""
    digest = hashlib.sha256()
    for train, valid in folds:
        digest.update(b"train" + train.astype("<i8").tobytes() + b"valid" + valid.astype("<i8").tobytes())
    return digest.hexdigest()


def release(samples: tuple[Sample, ...], inputs: str) -> tuple[Sample, ...]:
    """The samples with only the declared extra inputs left; raises ``DataError`` where one lacks them."""
    if inputs not in INPUTS:
        raise UnknownName("kind of inputs", inputs, INPUTS)
    keys, hidden = INPUTS[inputs], inputs.startswith("composition")
    lacking = [sample.id for sample in samples if not set(keys) <= set(sample.inputs)]
    if lacking:
        raise DataError(
            f"{lacking[0]} has no {' and '.join(keys)}, which the inputs {inputs!r} declare; use 'structure'"
        )
    return tuple(
        replace(s, geometry=_nowhere(s) if hidden else s.geometry, inputs={key: s.inputs[key] for key in keys})
        for s in samples
    )


def _nowhere(sample: Sample) -> Geometry:
    """A geometry that tells nothing: all impurities at one point, no host around them."""
    return _blank(sample.host, len(sample.elements))


@lru_cache(maxsize=16)
def _blank(host: str, n: int) -> Geometry:
    return Geometry("nowhere", host, np.zeros(n), np.zeros((n, 3)), tuple(range(n)), ("",) * n, np.zeros((3, 3)))


@dataclass(frozen=True, eq=False)
class Task:
    """``dataset/target/protocol``, named after the dataset it tests on."""

    dataset: Dataset
    target: Target
    split: Split

    @property
    def id(self) -> str:
        return f"{self.dataset.id}/{self.target.name}/{self.split.protocol}"

    def __repr__(self) -> str:
        return f"Task({self.id}: {len(self.dataset)} samples, {self.n_folds} fold{'s' * (self.n_folds > 1)})"

    def _repr_html_(self) -> str:
        return html_table(self.id, {
            "asks": self.protocol.question, "samples": len(self.dataset), "folds": self.n_folds,
            "target": f"{self.target.name} ({self.target.unit}), ordered by {self.target.headline}",
            "trained on": "" if self.source is self.dataset else self.source.id,
        })  # fmt: skip

    @property
    def protocol(self) -> Protocol:
        return protocol(self.split.protocol)

    @property
    def n_folds(self) -> int:
        return len(self.split.folds)

    @cached_property
    def source(self) -> Dataset:
        """The dataset that training comes from."""
        where = self.split.train_on
        return load_dataset(where.dataset).of(self.target.name) if where else self.dataset

    @cached_property
    def weight(self) -> np.ndarray:
        """(n,) what a test of each sample of the dataset counts in a pooled score: one over how often it is tested."""
        times = self.split.times_tested()
        return np.array([1.0 / max(times[sample.id], 1) for sample in self.dataset.samples])

    @property
    def data_sha256(self) -> dict[str, str]:
        """Hash of each dataset that is touched."""
        return {dataset.id: dataset.sha256 for dataset in (self.dataset, self.source)}

    def question(self, inputs: str) -> Question:
        """What a row with these inputs may know beforehand."""
        asked, trained = (max(len(s.elements) for s in data.samples) for data in (self.dataset, self.source))
        return Question(self.target, inputs, asked, self.split.protocol, trained)

    def training(self, fold: int, inputs: str, n_inner: int) -> Training:
        """Samples, truth and inner folds of one fold's training part, inputs as declared.

        The inner rule may use the moments (they decide which elements are magnetic), the samples carry them
        only where they are declared.
        """
        rows = self.source.rows(self.split.folds[fold].train)
        samples = released(self.source, inputs)
        return Training(
            tuple(samples[row] for row in rows), self.source.truth(self.target.name)[rows],
            self.inner_folds(fold, n_inner),
        )  # fmt: skip

    def inner_folds(self, fold: int, n_inner: int) -> InnerFolds:
        """(train, valid) positions into the training part of one fold, by the protocol's own rule."""
        return _inner_folds(self, fold, n_inner)

    def test(self, fold: int, inputs: str) -> tuple[Sample, ...]:
        """Samples to predict; their truth stays here."""
        samples = released(self.dataset, inputs)
        return tuple(samples[row] for row in self.dataset.rows(self.split.folds[fold].test))


@lru_cache(maxsize=16)  # the same for all cells of a row
def released(dataset: Dataset, inputs: str) -> tuple[Sample, ...]:
    """All samples of a dataset with only the declared extra inputs left."""
    return release(dataset.samples, inputs)


@lru_cache(maxsize=256)  # the same for all rows of a table
def _inner_folds(task: Task, fold: int, n_inner: int) -> InnerFolds:
    rows = task.source.rows(task.split.folds[fold].train)
    return task.protocol.inner_folds(tuple(task.source.samples[row] for row in rows), n_inner)


def task_ids() -> list[str]:
    """Ids of all tasks whose split is committed."""
    from jijbench.data.dataset import dataset_ids
    from jijbench.data.split import split_names

    datasets = [load_dataset(name) for name in dataset_ids()]
    return [f"{d.id}/{target}/{name}" for d in datasets for target in d.card.targets for name in split_names(d)]


@lru_cache(maxsize=64)
def load_task(name: str) -> Task:
    """Load ``dataset/target/protocol``; raises ``UnknownName`` with the nearest name."""
    parts = name.split("/")
    if len(parts) != 3:
        raise DataError(
            f"a task is named dataset/target/protocol, not {name!r}; `jijbench list tasks` shows all, "
            "and a dataset of your own is named by its bare id from the folder it lies in"
        )
    dataset = load_dataset(parts[0])
    if dataset.id != parts[0]:
        raise DataError(
            f"the folder {dataset.folder} holds the dataset {dataset.id!r}; call the folder so, or the task"
        )
    part = dataset.of(parts[1])
    return Task(part, dataset.target(parts[1]), load_split(dataset, parts[2]).only(part.index))
