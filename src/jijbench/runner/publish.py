"""Records of a run, packed where they are published."""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from jijbench.benchmark import Benchmark, Cell, record_path
from jijbench.data.task import load_task
from jijbench.errors import RecordError
from jijbench.records.coding import Coded, coded, is_faithful
from jijbench.records.folder import RecordFolder
from jijbench.records.pack import Pack, pack_path, write_pack
from jijbench.records.predictions import Predictions
from jijbench.records.schema import Record
from jijbench.runner.key import cell_key, code_of, stale_fields
from jijbench.runner.leftovers import sweep
from jijbench.runner.scoring import fold_scores


@dataclass(frozen=True)
class Published:
    """One packed row: its file, how many cells came from the run and how many were there, and what is missing."""

    path: Path
    added: int
    kept: int
    missing: int


def publish(benchmark: Benchmark, run: Path, out: Path) -> Iterator[Published]:
    """Pack what ``run`` holds of a benchmark's cells into ``out``, row by row.

    Rows without a new cell stay as they are. A cell that ``out`` holds already is replaced where the run has computed
    it again. The scores in packed records are those of the packed predictions. Where ``run`` is ``out``, the files of
    cells go as soon as their pack is written. Raises ``RecordError`` for records that are stale or damaged, or
    predictions that come back otherwise.
    """
    sweep(out)
    held, there = RecordFolder(run), RecordFolder(out)
    same = run.resolve() == out.resolve()
    for path, row in _by_pack([*benchmark.cells(), *benchmark.growth_cells()], out):
        new = [cell for cell in row if (record_path(run, cell).is_file() if same else held.record(cell) is not None)]
        if not new:
            continue
        pack = _pack(row, {cell.slot for cell in new}, held, there)
        write_pack(path, pack)
        if same:
            _remove([record_path(run, cell) for cell in new], out)
        yield Published(path, len(new), len(pack.records) - len(new), len(pack.missing))


def renew(rows: Mapping[str, Sequence[Cell]], folder: Path) -> int:
    """Write today's hash of the code into the packed records of rows that it was proved for; returns how many packs."""
    held = RecordFolder(folder)
    packs = _by_pack([cell for some in rows.values() for cell in some], folder)
    for path, row in packs:
        codes = {cell.slot: code_of(cell) for cell in row}
        pack = held.pack(path)
        records = {
            slot: record.model_copy(update={"code_sha256": codes[slot]}) if slot in codes else record
            for slot, record in pack.records.items()
        }
        write_pack(path, replace(pack, records=records))
    return len(packs)


def _by_pack(cells: Sequence[Cell], folder: Path) -> list[tuple[Path, list[Cell]]]:
    """Cells by the file that they are packed in."""
    by_path = sorted(cells, key=lambda cell: str(pack_path(folder, cell)))
    return [(path, list(group)) for path, group in groupby(by_path, lambda cell: pack_path(folder, cell))]


def _pack(row: Sequence[Cell], new: Set[str], held: RecordFolder, there: RecordFolder) -> Pack:
    target = load_task(row[0].task).target
    records: dict[str, Record] = {}
    predictions: dict[str, Coded] = {}
    for cell in row:
        if cell.slot in new:
            record = _fresh(cell, held)
            if record.predictions is not None:
                before = held.predictions(cell, record)
                predictions[cell.slot] = made = held.coded(cell) or coded(before, target)
                record = _scored(cell, record, before, made)
            records[cell.slot] = record
        elif (old := there.record(cell)) is not None:
            records[cell.slot] = old
            if (kept := there.coded(cell)) is not None:
                predictions[cell.slot] = kept
    return Pack(records, tuple(cell.slot for cell in row if cell.slot not in records), predictions)


def _fresh(cell: Cell, held: RecordFolder) -> Record:
    """The record of a cell of the run; raises ``RecordError`` where it is stale."""
    record = held.record(cell)
    if record is None:
        raise RecordError(f"{held.place(cell)} has gone while it was read; publish again")
    other = stale_fields(record, cell_key(cell))
    if other:
        raise RecordError(f"{held.place(cell)} is stale ({', '.join(other)} changed); run the cell again, then publish")
    return record


def _scored(cell: Cell, record: Record, before: Predictions, made: Coded) -> Record:
    """The record with the scores of its packed predictions; raises ``RecordError`` where these are other ones."""
    stds = made.std is None if before.std is None else made.std is not None and is_faithful(made.std, before.std)
    if not (stds and is_faithful(made.mean, before.mean)):
        raise RecordError(f"{cell.slot}: packed predictions are not those of the run; keep the run, and report this")
    scores = fold_scores(load_task(cell.task), made.decoded(), record.scored_part)
    return record.model_copy(update={"metrics": scores})


def _remove(paths: Sequence[Path], out: Path) -> None:
    """Remove the files of cells that are packed now, and the folders that this leaves empty."""
    for path in paths:
        path.unlink()  # the record first: without its predictions it would be a damaged one
        for file in path.parent.glob(f"{path.stem}.*"):
            file.unlink()
        for folder in path.parents:
            if folder == out or any(folder.iterdir()):
                break
            folder.rmdir()
