"""A dataset: card, samples, and the truth beside them."""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from jijbench.context import home
from jijbench.data.card import Card, check_hashes, file_sha256, read_card
from jijbench.data.sample import Sample
from jijbench.data.shown import html_table
from jijbench.data.store import finite_numbers, make_samples, read_geometries, read_table, refuse_rows
from jijbench.errors import DataError, UnknownName
from jijbench.reading import inside, read_arrays
from jijbench.targets import Target, target

#: letters of a folder's name that every file system takes
LONGEST_NAME = 200


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
            if name not in self._truths:  # asked for with every record
                found = _taken(self.folder, self.table, spec.array, spec.row)
                if found.shape[1:] != wanted.shape:
                    raise DataError(
                        f"{self.folder}: array {spec.array} has rows of {found.shape[1:]}, not {wanted.shape}"
                    )
                found.flags.writeable = False
                self._truths[name] = found
            return self._truths[name]
        if name not in self._truths:
            values = self.table[list(spec.columns)].to_numpy(dtype=float).reshape(len(self.table), *wanted.shape)
            values.flags.writeable = False
            self._truths[name] = values
        return self._truths[name]

    @cached_property
    def _truths(self) -> dict[str, np.ndarray]:
        return {}

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
        names = ids.tolist() if isinstance(ids, np.ndarray) else ids
        return np.array(list(map(self.index.__getitem__, names)), dtype=int)

    def labels(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """What scores need to know of samples beside their truth: ``magnetic`` (n,) bool and ``shell`` (n,)."""
        return {"magnetic": self.magnetic[rows], "shell": self._shells[rows]}

    @cached_property
    def _shells(self) -> np.ndarray:
        return self.table["shell"].to_numpy() if "shell" in self.table else np.zeros(len(self), dtype=int)

    def __len__(self) -> int:
        return len(self.samples)

    def __repr__(self) -> str:
        return f"Dataset({self.id}: {len(self)} samples, targets {', '.join(self.card.targets)})"

    def _repr_html_(self) -> str:
        card = self.card
        return html_table(f"{card.id}: {card.title}", {
            "samples": len(self), "targets": ", ".join(f"{name} ({spec.unit})" for name, spec in card.targets.items()),
            "host": card.host, "made with": f"{card.source.code}, {card.source.functional}", "licence": card.licence,
            "folder": self.folder,
        })  # fmt: skip


def dataset_ids() -> list[str]:
    """Ids of the datasets that come with the suite."""
    return sorted(path.parent.name for path in home("datasets").glob("*/card.yaml"))


@lru_cache(maxsize=8)
def dataset_for(analysis: str) -> str:
    """Id of the first shipped dataset whose card lists an analysis; raises ``UnknownName``."""
    cards = {name: read_card(home("datasets") / name) for name in dataset_ids()}
    found = [name for name, card in cards.items() if analysis in card.analyses]
    if not found:
        raise UnknownName("analysis of a dataset", analysis, {a for card in cards.values() for a in card.analyses})
    return found[0]


def dataset_folder(name: str | Path) -> Path:
    """Folder of a dataset given by its path, by the id of a shipped one, or by the name of a folder here.

    A path is a ``Path``, or has a slash. Raises ``DataError`` where a bare name is that of a shipped dataset and of
    another folder here (a stranger's archive must not replace the suite's data), ``UnknownName`` where it is of none.
    """
    folder = Path(name)
    if isinstance(name, Path) or re.search(r"[/\\]", name) or name in ("", ".", ".."):
        return folder
    if len(name) > LONGEST_NAME:
        raise UnknownName("dataset", name, dataset_ids())
    here, shipped = (folder / "card.yaml").is_file(), home("datasets") / name
    if name not in dataset_ids():
        if not here:
            raise UnknownName("dataset", name, dataset_ids())
        return folder
    if here and not folder.samefile(shipped):
        raise DataError(
            f"{name!r} is the shipped dataset {shipped} and the folder {folder.resolve()}; "
            f"write ./{name} for the folder, or go to another one for the shipped dataset"
        )
    return shipped


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
    arrays = [spec.array for spec in card.targets.values()] + [spec.array for spec in card.inputs.values()]
    named = {name.partition(":")[0] for name in arrays if name is not None}
    unvouched = {"samples.csv", "geometries.extxyz", *named} - set(card.files)
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
    where = str(folder / "samples.csv")
    samples = make_samples(table, read_geometries(folder / "geometries.extxyz"), card.id, where)
    _check_columns(card, table, where)
    extra = {name: _taken(folder, table, spec.array, spec.row) for name, spec in card.inputs.items()}
    return Dataset(folder, card, table, _with_inputs(samples, extra))


def _check_columns(card: Card, table: pd.DataFrame, where: str) -> None:
    """Raise ``DataError`` naming row and value where a column that the suite computes with holds no number."""
    refuse_rows(table, table["id"].duplicated(), "id", "is listed twice under this id", where)
    for name, spec in card.targets.items():
        finite_numbers(table, spec.columns, where)
        if spec.array is None and len(spec.columns) != math.prod(target(name).shape):
            raise DataError(
                f"{where}: target {name} has the columns {list(spec.columns)}; the card names too many or few"
            )
    finite_numbers(table, sorted({"shell", "distance_angstrom"} & set(table)), where)
    for column in {s.row for s in card.targets.values() if s.row} | {s.row for s in card.inputs.values()}:
        rows = finite_numbers(table, [column], where)[:, 0]
        refuse_rows(table, rows != np.round(rows), column, "names no row of an array", where)


def _taken(folder: Path, table: pd.DataFrame, array: str, column: str) -> np.ndarray:
    """(n, …) the row of an array that each row of the table names; raises ``DataError`` for one that is not there."""
    found, rows = named_array(folder, array), table[column].to_numpy()
    outside = (rows < 0) | (rows >= len(found))
    refuse_rows(table, outside, column, f"names no row of {array} ({len(found)} rows)", str(folder / "samples.csv"))
    return found[rows.astype(int)]


def _with_inputs(samples: tuple[Sample, ...], extra: dict[str, np.ndarray]) -> tuple[Sample, ...]:
    if not extra:
        return samples
    rows = [{name: array[k] for name, array in extra.items()} for k in range(len(samples))]
    return tuple(replace(s, inputs={**s.inputs, **more}) for s, more in zip(samples, rows, strict=True))


def named_array(folder: Path, where: str) -> np.ndarray:
    """An array of an ``.npz`` file given as ``file:name``; raises ``DataError`` naming both."""
    file, _, name = where.partition(":")
    found = read_arrays(inside(folder, file), [name]).get(name)
    if found is None or found.dtype.kind not in "biuf" or not found.ndim:
        raise DataError(f"{folder / file} has no array {name!r} of numbers; restore the file, or name another")
    return found.astype(float)
