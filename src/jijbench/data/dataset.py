"""A dataset: card, samples, and the truth beside them."""

import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from jijbench.context import home
from jijbench.data.card import Card, check_hashes, file_sha256, read_card
from jijbench.data.mesh import volume_weights
from jijbench.data.sample import Sample
from jijbench.data.store import make_samples, read_geometries, read_table
from jijbench.data.target import Target, target
from jijbench.errors import DataError, UnknownName


@dataclass(frozen=True, eq=False)
class Dataset:
    """Samples in the order of ``table`` (one row a sample), which holds the truth.

    ``truth(name)`` gives the values of a target; samples never carry them.
    """

    folder: Path
    card: Card
    table: pd.DataFrame
    samples: tuple[Sample, ...]

    @property
    def id(self) -> str:
        return self.card.id

    @property
    def sha256(self) -> str:
        return self.card.sha256

    @cached_property
    def index(self) -> dict[str, int]:
        """Position of each sample id."""
        return {sample.id: k for k, sample in enumerate(self.samples)}

    def target(self, name: str) -> Target:
        """The target called ``name``; raises ``UnknownName`` where the card does not list it."""
        if name not in self.card.targets:
            raise UnknownName(f"target of {self.id}", name, self.card.targets)
        return target(name)

    def truth(self, name: str) -> np.ndarray:
        """(n, *target.shape) reference values in the target's unit."""
        wanted = self.target(name)
        spec = self.card.targets[name]
        if spec.array is not None and spec.row is not None:
            if len(self.rows_with(name)) < len(self):
                raise DataError(f"not every sample of {self.id} has a {name}; take them with `dataset.of({name!r})`")
            return read_array(self.folder, spec.array)[self.table[spec.row]].reshape(len(self), *wanted.shape)
        columns = list(spec.columns)
        return self.table[columns].to_numpy(dtype=float).reshape(len(self.table), *wanted.shape)

    def rows_with(self, name: str) -> np.ndarray:
        """(k,) positions of the samples that have the target ``name``."""
        self.target(name)
        row = self.card.targets[name].row
        return np.arange(len(self)) if row is None else np.flatnonzero(self.table[row] >= 0)

    def of(self, name: str) -> "Dataset":
        """The part of the dataset that has the target ``name``; the whole where every sample does."""
        rows = self.rows_with(name)
        if len(rows) == len(self):
            return self
        table = self.table.iloc[rows].reset_index(drop=True)
        return replace(self, table=table, samples=tuple(self.samples[k] for k in rows))

    @cached_property
    def magnetic(self) -> np.ndarray:
        """(n,) bool: both impurities of the pair carry a moment (for scores; adapters do not see it).

        Where the table has no moments every pair counts as magnetic.
        """
        if "moment_i_mub" not in self.table:
            return np.ones(len(self), dtype=bool)
        return ((self.table["moment_i_mub"] != 0) & (self.table["moment_j_mub"] != 0)).to_numpy()

    def rows(self, ids: Iterable[str]) -> np.ndarray:
        """(n,) positions of sample ids."""
        return np.array([self.index[name] for name in ids], dtype=int)

    def labels(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """What scores need to know of samples beside their truth.

        ``magnetic`` (n,) bool and ``shell`` (n,); for curves ``volume`` (k,), the weights of the points of the mesh.
        """
        shells = self.table["shell"].to_numpy() if "shell" in self.table else np.zeros(len(self), dtype=int)
        labels = {"magnetic": self.magnetic[rows], "shell": shells[rows]}
        curves = any(spec.array for spec in self.card.targets.values())
        return labels | ({"volume": volume_weights()} if curves else {})

    def __len__(self) -> int:
        return len(self.samples)

    def __repr__(self) -> str:
        return f"Dataset({self.id}: {len(self)} samples, targets {', '.join(self.card.targets)})"


def dataset_ids() -> list[str]:
    """Ids of the datasets that come with the suite."""
    return sorted(path.parent.name for path in home("datasets").glob("*/card.yaml"))


def dataset_folder(name: str | Path) -> Path:
    """Folder of a dataset given by id, or by the path of a folder with a card."""
    if isinstance(name, Path) or (Path(name) / "card.yaml").is_file():
        return Path(name)
    if name not in dataset_ids():
        raise UnknownName("dataset", name, dataset_ids())
    return home("datasets") / name


def load_dataset(name: str | Path) -> Dataset:
    """Load a dataset by id or folder, every file checked against the card's sha256.

    Raises ``DataError`` naming file and hash if a byte has changed, ``UnknownName`` for an unknown id.
    """
    folder = dataset_folder(name).resolve()
    read_card(folder)  # a folder without a card is an error that says so
    return _load(folder, file_sha256(folder / "card.yaml"))


@lru_cache(maxsize=8)
def _load(folder: Path, card_sha256: str) -> Dataset:
    card = read_card(folder)
    unvouched = {"samples.csv", "geometries.extxyz"} - set(card.files)
    if unvouched:
        raise DataError(f"{folder / 'card.yaml'} gives no sha256 of {min(unvouched)}; rebuild the dataset")
    check_hashes(folder, card)
    table = read_table(folder / "samples.csv")
    missing = {column for spec in card.targets.values() for column in spec.columns} - set(table)
    if missing:
        raise DataError(f"{folder / 'samples.csv'} lacks the target columns {sorted(missing)} that the card names")
    rows = {s.row for s in card.targets.values() if s.row} | {s.row for s in card.inputs.values()}
    rows -= set(table)
    if rows:
        raise DataError(
            f"{folder / 'samples.csv'} lacks the columns {sorted(rows)} that the card names as rows of arrays"
        )
    samples = make_samples(table, read_geometries(folder / "geometries.extxyz"), card.id)
    extra = {name: read_array(folder, spec.array)[table[spec.row]] for name, spec in card.inputs.items()}
    return Dataset(folder, card, table, _with_inputs(samples, extra))


def _with_inputs(samples: tuple[Sample, ...], extra: dict[str, np.ndarray]) -> tuple[Sample, ...]:
    if not extra:
        return samples
    rows = [{name: array[k] for name, array in extra.items()} for k in range(len(samples))]
    return tuple(replace(s, inputs={**s.inputs, **more}) for s, more in zip(samples, rows, strict=True))


def read_array(folder: Path, where: str) -> np.ndarray:
    """An array of an ``.npz`` file given as ``file:name``; raises ``DataError`` naming both."""
    file, _, name = where.partition(":")
    try:
        with np.load(folder / file, allow_pickle=False) as arrays:
            return arrays[name].astype(float)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"{folder / file}: the array {name!r} cannot be read: {error}; restore the file") from error
