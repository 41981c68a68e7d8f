"""The files of a dataset: ``samples.csv`` and ``geometries.extxyz``, written and read.

``samples.csv`` has one row a sample. Columns: ``id``, ``geometry``, ``orbit``, ``element_i``,
``element_j`` (a third impurity would add ``element_k``; the pair asked about is always i, j),
``moment_i_mub``, … where known, the targets' columns, and whatever else describes the row.
``geometries.extxyz`` has one frame a geometry: the undoped host cluster, impurity sites marked 1, 2, ….
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from jijbench import limits
from jijbench.data.frames import read_frames
from jijbench.data.sample import Geometry, Sample
from jijbench.elements import SYMBOLS
from jijbench.errors import DataError
from jijbench.reading import read_bytes

if TYPE_CHECKING:
    from ase import Atoms

NOT_TEXT = {"t", "f", "true", "false", "nan", "inf", "infinity"}  # what extended XYZ reads as something else
LETTERS = "ijkl"  # names of the impurities of a sample, in order


def write_geometries(path: Path, geometries: Iterable[Geometry]) -> None:
    """Write the host clusters as extended XYZ (Å)."""
    from ase import Atoms
    from ase.io import write

    frames = []
    for geometry in geometries:
        if not geometry.id[:1].isalpha() or geometry.id.lower() in NOT_TEXT:
            raise DataError(
                f"geometry id {geometry.id!r} would not stay text in the file; begin it with a letter, as in s01"
            )
        atoms = Atoms(geometry.numbers, geometry.positions, cell=geometry.cell, pbc=False)
        marks = np.zeros(len(atoms), dtype=int)
        marks[list(geometry.sites)] = np.arange(1, len(geometry.sites) + 1)
        atoms.set_array("impurity", marks)
        atoms.info.update(geometry=geometry.id, host=geometry.host, sublattices="|".join(geometry.sublattices))
        if geometry.shell is not None:
            atoms.info["shell"] = geometry.shell
        frames.append(atoms)
    text = io.StringIO()
    write(text, frames, format="extxyz")
    path.write_text(text.getvalue(), encoding="utf-8")


def read_geometries(path: Path) -> dict[str, Geometry]:
    """Read the host clusters back, by id; raises ``DataError`` naming file, frame and what is wrong there."""
    found: dict[str, Geometry] = {}
    for k, frame in enumerate(read_frames(path), start=1):
        geometry = _geometry(frame, f"{path}: frame {k}")
        if geometry.id in found:
            raise DataError(f"{path}: frame {k} is called {geometry.id!r} as an earlier one; names must differ")
        found[geometry.id] = geometry
    return found


def _geometry(frame: Atoms, where: str) -> Geometry:
    info, marks = frame.info, frame.arrays.get("impurity")
    missing = [key for key in ("geometry", "host", "sublattices") if key not in info]
    if missing or marks is None or marks.ndim != 1:
        raise DataError(f"{where} lacks {missing or 'the column impurity'}; it is no host cluster, rebuild the dataset")
    names = tuple(str(info["sublattices"]).split("|"))
    if sorted(marks[marks != 0].tolist()) != list(range(1, len(names) + 1)):
        raise DataError(
            f"{where} marks the impurity sites {sorted(marks[marks != 0].tolist())[:9]}, its sublattices are {names}; "
            "each site is marked once, 1, 2, …"
        )
    shell = info.get("shell")
    if shell is not None and (isinstance(shell, bool) or not isinstance(shell, int | np.integer)):
        raise DataError(f"{where} has shell = {str(shell)[:40]!r}, not a whole number")
    return Geometry(
        str(info["geometry"]),
        str(info["host"]),
        frame.numbers,
        frame.positions,
        tuple(int(np.flatnonzero(marks == k)[0]) for k in range(1, len(names) + 1)),
        names,
        np.array(frame.cell),
        None if shell is None else int(shell),
    )


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write ``samples.csv``; the same table gives the same bytes."""
    table.to_csv(path, index=False, lineterminator="\n")


def read_table(path: Path) -> pd.DataFrame:
    """Read ``samples.csv``; text columns stay text (no 'NA' turned into a hole)."""
    content = read_bytes(path, limits.TABLE_BYTES)
    try:
        _refuse_twice(content, path)
        table = pd.read_csv(
            io.BytesIO(content),
            keep_default_na=False,
            na_values={},
            float_precision="round_trip",
            dtype=dict.fromkeys(("id", "geometry", "orbit"), str),
        )
    except (ValueError, OverflowError, csv.Error) as error:  # pandas' own errors are ValueErrors
        reason = " ".join(str(error).split())
        raise DataError(f"{path} cannot be read as a table: {reason}; restore or rebuild it") from error
    if not isinstance(table.index, pd.RangeIndex):
        raise DataError(
            f"{path} cannot be read as a table: its rows have more fields than its header; restore or rebuild it"
        )
    return table


def _refuse_twice(content: bytes, path: Path) -> None:
    """Raise ``DataError`` for a column that is there twice; pandas would call the second one ``NAME.1``."""
    header = next(csv.reader(io.StringIO(content.partition(b"\n")[0].decode("utf-8-sig").strip())), [])
    twice = [
        f"{k + 1} and {len(header) - header[::-1].index(name)}"
        for k, name in enumerate(header)
        if header.count(name) > 1
    ]
    if twice:
        raise DataError(f"{path}: its columns {twice[0]} have one name; keep one of them")


def impurity_columns(table: pd.DataFrame, stem: str, ending: str = "") -> list[str]:
    """Columns ``stem_i``, ``stem_j``, … of a table, in order."""
    return [f"{stem}_{letter}{ending}" for letter in LETTERS if f"{stem}_{letter}{ending}" in table]


def refuse_rows(table: pd.DataFrame, bad: Iterable, column: str, what: str, where: str) -> None:
    """Raise ``DataError`` naming the first bad row (the first data row is 1), its id and its value of ``column``."""
    rows = np.flatnonzero(np.asarray(bad, dtype=bool))
    if len(rows):
        row = table.iloc[rows[0]]
        more = f" ({len(rows)} such rows)" if len(rows) > 1 else ""
        name = f"row {rows[0] + 1} ({row.get('id', '?')})"
        raise DataError(f"{where}: {name} {what}: {column} = {row[column]!r}{more}; correct the table")


def finite_numbers(table: pd.DataFrame, columns: Sequence[str], where: str) -> np.ndarray:
    """(n, k) numbers of the columns; raises ``DataError`` naming the first row that has none."""
    for column in columns:
        values = pd.to_numeric(table[column], errors="coerce").to_numpy(dtype=float)
        bad = ~np.isfinite(values) | (table[column].map(type) == bool).to_numpy()  # noqa: E721  # True is no 1.0
        refuse_rows(table, bad, column, "has no finite number", where)
    return table[list(columns)].apply(pd.to_numeric).to_numpy(dtype=float)


def make_samples(
    table: pd.DataFrame, geometries: dict[str, Geometry], prefix: str, where: str = "samples.csv"
) -> tuple[Sample, ...]:
    """One ``Sample`` a row, moments among its inputs where the table has them.

    Ids get ``prefix:`` unless it is empty. Raises ``DataError`` naming row and value in the file ``where``.
    """
    elements = _elements(table, where)
    unknown = ~table["geometry"].isin(list(geometries))
    refuse_rows(table, unknown, "geometry", "names no geometry of geometries.extxyz", where)
    lengths = [len(who) != len(geometries[name].sites) for who, name in zip(elements, table["geometry"], strict=True)]
    refuse_rows(table, lengths, "geometry", "has another number of elements than its geometry has impurities", where)
    columns = impurity_columns(table, "moment", "_mub")
    inputs: list[dict] = [{} for _ in elements]
    if columns:
        inputs = [{"moments": row} for row in finite_numbers(table, columns, where)]
    rows = zip(table["id"], table["geometry"], elements, table["orbit"], inputs, strict=True)
    return tuple(
        Sample(f"{prefix}:{name}" if prefix else name, geometries[place], who, str(orbit), extra)
        for name, place, who, orbit, extra in rows
    )


def _elements(table: pd.DataFrame, where: str) -> list[tuple[str, ...]]:
    """Elements of each row; further columns of a row may be empty, those after an empty one too."""
    columns = impurity_columns(table, "element")
    missing = [name for name in ("id", "geometry", "orbit", "element_i") if name not in table]
    if missing:
        raise DataError(f"{where}: the table lacks the columns {missing}; it has {list(table)}")
    ended = np.zeros(len(table), dtype=bool)
    for k, column in enumerate(columns):
        empty = (table[column] == "").to_numpy() & (k > 0)
        refuse_rows(table, ~empty & (ended | ~table[column].isin(SYMBOLS)), column, "names no chemical element", where)
        ended |= empty
    return [tuple(filter(None, who)) for who in table[columns].to_numpy().tolist()]


def write_samples(folder: Path, samples: Iterable[Sample]) -> None:
    """Write samples with their geometries into ``folder``, to be read back by ``read_samples``."""
    samples = list(samples)
    folder.mkdir(parents=True, exist_ok=True)
    geometries = {sample.geometry.id: sample.geometry for sample in samples}
    mixed = [s.geometry.id for s in samples if s.geometry.signatures != geometries[s.geometry.id].signatures]
    if mixed:
        raise DataError(f"two different geometries are called {mixed[0]!r}; give them names of their own")
    columns: dict[str, list] = {
        "id": [sample.id for sample in samples],
        "geometry": [sample.geometry.id for sample in samples],
        "orbit": [sample.orbit for sample in samples],
    }
    for k, letter in enumerate(LETTERS[: max(len(sample.elements) for sample in samples)]):
        columns[f"element_{letter}"] = [dict(enumerate(sample.elements)).get(k, "") for sample in samples]
    for k, letter in enumerate(LETTERS[: max(len(sample.elements) for sample in samples)]):
        if samples[0].moments is not None:
            columns[f"moment_{letter}_mub"] = [sample.inputs["moments"][k] for sample in samples]
    write_table(folder / "samples.csv", pd.DataFrame(columns))
    write_geometries(folder / "geometries.extxyz", geometries.values())


def read_samples(folder: Path) -> tuple[Sample, ...]:
    """Read what ``write_samples`` wrote."""
    table = read_table(folder / "samples.csv")
    return make_samples(table, read_geometries(folder / "geometries.extxyz"), "", str(folder / "samples.csv"))
