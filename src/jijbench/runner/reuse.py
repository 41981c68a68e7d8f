"""Which cells need not run: their record is there and was made by today's code, data and settings."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from jijbench.benchmark import Cell, record_path
from jijbench.data.card import file_sha256
from jijbench.errors import RecordError
from jijbench.record import Key, Record, read_record
from jijbench.runner.cell import cell_key

LOST = "lost"  # in a record's ``extra``: the cell did not fail, its worker was lost


def stale_fields(record: Record, key: Key) -> list[str]:
    """Names of the fields in which a record's key differs from ``key``.

    Versions of distributions that are not installed here are not compared.
    """
    found, now = record.key.model_dump(mode="json"), key.model_dump(mode="json")
    present = {name for name, version in now["versions"].items() if version is not None}
    for side in (found, now):
        side["versions"] = {name: version for name, version in side["versions"].items() if name in present}
    return [name for name in now if found[name] != now[name]]


def stale_slots(cells: Iterable[Cell], records: Mapping[str, Record]) -> dict[str, list[str]]:
    """Slots whose record was made by other code, data or settings than today's, with the fields that differ."""
    found = {cell.slot: stale_fields(records[cell.slot], cell_key(cell)) for cell in cells if cell.slot in records}
    return {slot: fields for slot, fields in found.items() if fields}


def finished(folder: Path, cell: Cell) -> Record | None:
    """The cell's record if it is whole, not lost, and was made by today's code, data and settings.

    No clock is asked: neither the times of files nor those in records decide, so machines may disagree about them.
    """
    path = record_path(folder, cell)
    if not path.is_file():
        return None
    try:
        record = read_record(path)
    except RecordError:
        return None  # left by another version: computed anew, the file is replaced
    if LOST in record.extra or stale_fields(record, cell_key(cell)) or not _whole(path, record):
        return None
    return record


def complete(folder: Path, cell: Cell) -> Record | None:
    """The cell's record if it is finished and holds numbers, whoever computed it."""
    record = finished(folder, cell)
    return record if record is not None and record.status == "complete" else None


def _whole(path: Path, record: Record) -> bool:
    """Whether the predictions are those of the record; two runs in one folder may have mixed theirs."""
    if record.predictions is None:
        return True
    file = path.parent / record.predictions.file
    return file.is_file() and file_sha256(file) == record.predictions.sha256
