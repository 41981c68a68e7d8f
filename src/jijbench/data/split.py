"""The stored outcome of a protocol: lists of ids, written once, committed, afterwards only checked."""

import json
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from jijbench.data.card import file_sha256
from jijbench.data.dataset import Dataset, load_dataset
from jijbench.data.protocols import protocol
from jijbench.data.sample import Sample
from jijbench.errors import DataError, UnknownName
from jijbench.reading import read_json

SCHEMA = "jijbench.split/1"


@dataclass(frozen=True)
class Source:
    """Where training comes from, if not from the tested dataset: another one, or one shell of it."""

    dataset: str
    shell: int | None = None

    def samples(self) -> tuple[Sample, ...]:
        """What training may draw from."""
        samples = load_dataset(self.dataset).samples
        return tuple(sample for sample in samples if self.shell in (None, sample.shell))


@dataclass(frozen=True)
class Fold:
    """Sample ids of one fold; ``dropped`` ones are in neither set."""

    train: tuple[str, ...]
    test: tuple[str, ...]
    dropped: tuple[str, ...] = ()


@dataclass(frozen=True)
class Split:
    """The folds of a protocol on a dataset, with the hashes of the file and of the data it was made for."""

    dataset: str
    protocol: str
    seed: int
    data_sha256: str
    folds: tuple[Fold, ...]
    sha256: str
    train_on: Source | None = None

    def __repr__(self) -> str:
        return f"Split({self.dataset}/{self.protocol}: {len(self.folds)} fold{'s' * (len(self.folds) > 1)})"

    def only(self, known: Collection[str]) -> "Split":
        """The same folds with the samples that are among ``known``, or come from another dataset."""

        def keep(names: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(name for name in names if name in known or not name.startswith(f"{self.dataset}:"))

        folds = tuple(Fold(keep(fold.train), keep(fold.test), keep(fold.dropped)) for fold in self.folds)
        return self if folds == self.folds else replace(self, folds=folds)

    def times_tested(self) -> Counter[str]:
        """How often each sample is tested: its weight in a pooled score is one over this."""
        return Counter(name for fold in self.folds for name in fold.test)


def make_split(dataset: Dataset, name: str, seed: int = 0, train_on: Source | None = None) -> dict:
    """Apply a protocol to a dataset; the JSON content of a split file.

    Training is every other sample of the dataset, or every sample of ``train_on`` that is not tested, so a fold stores
    ``test`` and ``dropped`` only.
    """
    rule = protocol(name)
    folds = [
        {"test": [dataset.samples[k].id for k in test], "dropped": [dataset.samples[k].id for k in dropped]}
        for test, dropped in rule.outer(dataset.samples, seed)
    ]
    head = {"schema": SCHEMA, "dataset": dataset.id, "protocol": name, "seed": seed, "data_sha256": dataset.sha256}
    return head | {"train_on": train_on and [train_on.dataset, train_on.shell], "folds": folds}


def split_path(dataset: Dataset, name: str) -> Path:
    """Where the split of a protocol lies."""
    return dataset.folder / "splits" / f"{name}.json"


def write_split(dataset: Dataset, name: str, seed: int = 0, train_on: Source | None = None) -> Path:
    """Make and write a split; checks it before anything is written."""
    raw = make_split(dataset, name, seed, train_on)
    _split(dataset, raw, "")
    path = split_path(dataset, name)
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(raw, indent=0, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def split_names(dataset: Dataset) -> list[str]:
    """Protocols that have a split file."""
    return sorted(path.stem for path in (dataset.folder / "splits").glob("*.json"))


@lru_cache(maxsize=64)
def load_split(dataset: Dataset, name: str) -> Split:
    """Read and check a split.

    Raises ``UnknownName`` where the dataset has none of this protocol, ``DataError`` where it was made for
    other data, names unknown samples, tests one twice in a fold, or parts an orbit.
    """
    path = split_path(dataset, name)
    if name not in split_names(dataset):
        raise UnknownName(f"protocol of {dataset.id}", name, split_names(dataset))
    raw = read_json(path)
    try:
        head = (raw["schema"], raw["dataset"], raw["protocol"])
    except (KeyError, TypeError) as error:
        raise DataError(f"{path} is no split file ({SCHEMA}): {error!r}") from error
    if head != (SCHEMA, dataset.id, name):
        raise DataError(f"{path} is the split {head}, not {(SCHEMA, dataset.id, name)}; make it anew")
    if raw.get("data_sha256") != dataset.sha256:
        raise DataError(
            f"{path} was made for data {raw.get('data_sha256')}, the dataset is {dataset.sha256}; "
            "make the split anew with `jijbench data split`"
        )
    try:
        return _split(dataset, raw, file_sha256(path))
    except (KeyError, TypeError) as error:
        raise DataError(f"{path} is no split file ({SCHEMA}): {error!r}") from error


def _split(dataset: Dataset, raw: dict, sha256: str) -> Split:
    train_on = _source(raw["train_on"], dataset)
    pool = train_on.samples() if train_on else dataset.samples
    own = set(dataset.index)
    folds = []
    for number, part in enumerate(raw["folds"]):
        out = {*part["test"], *part["dropped"]}
        fold = Fold(tuple(s.id for s in pool if s.id not in out), tuple(part["test"]), tuple(part["dropped"]))
        check_fold(
            fold,
            own,
            {s.id: s.orbit for s in (*dataset.samples, *pool)},
            f"{dataset.id}/{raw['protocol']} fold {number}",
        )
        folds.append(fold)
    return Split(raw["dataset"], raw["protocol"], raw["seed"], raw["data_sha256"], tuple(folds), sha256, train_on)


def _source(raw: object, dataset: Dataset) -> Source | None:
    """``train_on`` of a split file: null, or [dataset, shell or null]."""
    if raw is None:
        return None
    match raw:
        case [str(name), int() | None as shell] if name != dataset.id and not isinstance(shell, bool):
            return Source(name, shell)
    raise DataError(f"train_on is {raw!r}; give null, or [another dataset, one of its shells or null]")


def check_fold(fold: Fold, known: set[str], orbits: dict[str, str], where: str) -> None:
    """Raise ``DataError`` unless the fold is disjoint, names known samples once, and parts no orbit."""
    unknown = {*fold.test, *fold.dropped} - known
    if unknown:
        raise DataError(f"{where} names {min(unknown)!r}, which the dataset does not hold; make the split anew")
    names = [*fold.train, *fold.test, *fold.dropped]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(f"{where} holds {twice[0]!r} twice; a sample stands in one of train, test and dropped")
    if not fold.train or not fold.test:
        raise DataError(f"{where} has {len(fold.train)} training and {len(fold.test)} test samples; both must be there")
    source = {name.split(":")[0] for name in fold.test}
    same = [name for name in fold.train if name.split(":")[0] in source]
    parted = {orbits[name] for name in same} & {orbits[name] for name in fold.test}
    if parted:
        raise DataError(f"{where} parts the orbit {min(parted)!r} between training and test; make the split anew")
