"""Which cells need not run: their record is there and was made by today's versions, data and settings."""

from jijbench.benchmark import Cell
from jijbench.errors import RecordError
from jijbench.records.folder import RecordFolder
from jijbench.records.schema import Record
from jijbench.runner.key import cell_key, stale_fields

LOST = "lost"  # in a record's ``extra``: the cell did not fail, its worker was lost


def finished(held: RecordFolder, cell: Cell) -> Record | None:
    """The cell's record if it is whole, not lost, and was made by today's versions, data and settings.

    No clock is asked: neither the times of files nor those in records decide, so machines may disagree about them.
    """
    try:
        record = held.record(cell)
        if record is None or LOST in record.extra or stale_fields(record, cell_key(cell)):
            return None
        if record.predictions is not None:
            held.predictions(cell, record)  # two runs in one folder may have mixed theirs
    except RecordError:
        return None  # damaged: computed anew, the file is replaced
    return record


def complete(held: RecordFolder, cell: Cell) -> Record | None:
    """The cell's record if it is finished and holds numbers, whoever computed it."""
    record = finished(held, cell)
    return record if record is not None and record.status == "complete" else None
