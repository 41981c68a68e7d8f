"""The records of a results folder, whichever form they have: a cell's own files, or packed."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Protocol

from jijbench.benchmark import Cell, record_path
from jijbench.data.card import file_sha256
from jijbench.errors import DataError, RecordError
from jijbench.files import sha256_of
from jijbench.reading import UNREADABLE, inside
from jijbench.records.coding import Coded
from jijbench.records.pack import SCHEMA, Pack, pack_path, read_packed_predictions, read_records
from jijbench.records.predictions import Predictions, read_predictions
from jijbench.records.schema import Record, read_record


class Held(Protocol):
    """Records by cell, wherever they lie: what a table needs."""

    @property
    def folder(self) -> Path: ...
    def record(self, cell: Cell) -> Record | None: ...
    def is_announced(self, cell: Cell) -> bool: ...
    def place(self, cell: Cell) -> Path: ...
    def predictions(self, cell: Cell, record: Record) -> Predictions: ...
    def sha256(self, cells: Iterable[Cell]) -> str: ...


class RecordFolder:
    """What a results folder holds, as it is found when first asked.

    A cell's own file goes before a packed record of the same cell: whoever ran the cell again did not want the old one.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._pack = lru_cache(maxsize=None)(read_records)
        self._packed = lru_cache(maxsize=None)(self._read_packed)  # small while it is coded
        self._decoded = lru_cache(maxsize=32)(self._decode)  # who checks a row's cells pools them next

    def record(self, cell: Cell) -> Record | None:
        """The record of a cell, None where there is none; raises ``RecordError`` where it cannot be read."""
        path = record_path(self.folder, cell)
        if path.is_file():
            return read_record(path)
        packed = pack_path(self.folder, cell)
        return self._pack(packed).records.get(cell.slot) if packed.is_file() else None

    def is_announced(self, cell: Cell) -> bool:
        """Whether the packed row of a cell says that this cell is still to be computed."""
        packed = pack_path(self.folder, cell)
        return packed.is_file() and cell.slot in self._pack(packed).missing

    def place(self, cell: Cell) -> Path:
        """The file that holds a cell's record, for messages."""
        path = record_path(self.folder, cell)
        return path if path.is_file() else pack_path(self.folder, cell)

    def predictions(self, cell: Cell, record: Record) -> Predictions:
        """Predictions of a cell; raises ``RecordError`` where it has none, or other bytes than its record says."""
        place = self.place(cell)
        if record.predictions is None:
            raise RecordError(f"{place}: {cell.slot} has status {record.status!r} and no predictions; run it again")
        if place == record_path(self.folder, cell):
            return read_predictions(_beside(place, record.predictions.file), record.predictions.sha256)
        try:
            return self._decoded(place, cell.slot)
        except UNREADABLE as error:
            raise RecordError(f"{place.with_suffix('.npz')}: {cell.slot} is damaged ({error}); restore it") from error

    def coded(self, cell: Cell) -> Coded | None:
        """Predictions as they are packed; None for a cell with a file of its own, or without predictions."""
        place = self.place(cell)
        return self._packed(place).get(cell.slot) if place == pack_path(self.folder, cell) else None

    def pack(self, path: Path) -> Pack:
        """A packed row with its predictions."""
        return replace(self._pack(path), predictions=self._packed(path))

    def _read_packed(self, path: Path) -> dict[str, Coded]:
        return read_packed_predictions(path, self._pack(path).records)

    def _decode(self, path: Path, slot: str) -> Predictions:
        return self._packed(path)[slot].decoded()

    def sha256(self, cells: Iterable[Cell]) -> str:
        """Hash of all files that hold the records and predictions of cells."""
        files: set[Path] = set()
        for place in {self.place(cell) for cell in cells}:
            files.update(place.parent.glob(f"{place.stem}.*"))
        return sha256_of([[file.relative_to(self.folder).as_posix(), file_sha256(file)] for file in sorted(files)])

    @cached_property
    def single_files(self) -> list[Path]:
        """Records of cells in files of their own."""
        return sorted(path for kind in ("runs", "growth") for path in (self.folder / kind).rglob("f??-s*.json"))

    def records(self) -> Iterator[tuple[str, Record]]:
        """Slot and record of everything that the folder holds."""
        own = {path.relative_to(self.folder).with_suffix("").as_posix(): path for path in self.single_files}
        others = set(self.folder.rglob("*.json")).difference(own.values())
        for path in sorted(others):
            if is_pack(path):
                yield from ((slot, record) for slot, record in self._pack(path).records.items() if slot not in own)
        yield from ((slot, read_record(path)) for slot, path in own.items())


def _beside(place: Path, name: str) -> Path:
    try:
        return inside(place.parent, name)
    except DataError as error:
        raise RecordError(f"{place}: {error}") from error


def is_pack(path: Path) -> bool:
    """Whether a file says of itself that it holds packed records."""
    with path.open(encoding="utf-8", errors="replace") as stream:
        return SCHEMA in stream.read(200)
