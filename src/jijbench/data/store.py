"""The files of a dataset: ``samples.csv`` and ``geometries.extxyz``, written and read.

``samples.csv`` has one row a sample. Columns: ``id``, ``geometry``, ``orbit``, ``element_i``,
``element_j`` (a third impurity would add ``element_k``; the pair asked about is always i, j),
``moment_i_mub``, … where known, the targets' columns, and whatever else describes the row.
``geometries.extxyz`` has one frame a geometry: the undoped host cluster, impurity sites marked 1, 2, ….
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from jijbench.data.sample import Geometry, Sample
from jijbench.errors import DataError

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
    """Read the host clusters back, by id; raises ``DataError`` naming frame and file."""
    from ase.io import read

    try:
        frames = read(path, index=":", format="extxyz")
        return {frame.info["geometry"]: _geometry(frame) for frame in frames}
    except (KeyError, ValueError, IndexError, OSError) as error:
        raise DataError(f"{path} is no file of host clusters: {error!r}; rebuild the dataset") from error


def _geometry(frame: Atoms) -> Geometry:
    marks = frame.arrays["impurity"]
    sites = tuple(int(np.flatnonzero(marks == k)[0]) for k in range(1, int(marks.max()) + 1))
    info = frame.info
    return Geometry(
        str(info["geometry"]),
        str(info["host"]),
        frame.numbers,
        frame.positions,
        sites,
        tuple(str(info["sublattices"]).split("|")),
        np.array(frame.cell),
        int(info["shell"]) if "shell" in info else None,
    )


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write ``samples.csv``; the same table gives the same bytes."""
    table.to_csv(path, index=False, lineterminator="\n")


def read_table(path: Path) -> pd.DataFrame:
    """Read ``samples.csv``; text columns stay text (no 'NA' turned into a hole)."""
    try:
        table = pd.read_csv(
            path,
            keep_default_na=False,
            na_values={},
            float_precision="round_trip",
            dtype=dict.fromkeys(("id", "geometry", "orbit"), str),
        )
    except (OSError, pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read as a table: {error}; restore or rebuild it") from error
    if not isinstance(table.index, pd.RangeIndex):
        raise DataError(
            f"{path} cannot be read as a table: its rows have more fields than its header; restore or rebuild it"
        )
    return table


def impurity_columns(table: pd.DataFrame, stem: str, ending: str = "") -> list[str]:
    """Columns ``stem_i``, ``stem_j``, … of a table, in order."""
    return [f"{stem}_{letter}{ending}" for letter in LETTERS if f"{stem}_{letter}{ending}" in table]


def make_samples(table: pd.DataFrame, geometries: dict[str, Geometry], prefix: str) -> tuple[Sample, ...]:
    """One ``Sample`` a row, moments among its inputs where the table has them.

    Ids get ``prefix:`` unless it is empty.
    """
    unknown = sorted(set(table["geometry"]) - set(geometries))
    if unknown:
        raise DataError(f"{prefix}: samples.csv names geometries {unknown} that geometries.extxyz does not hold")
    elements = table[impurity_columns(table, "element")].to_numpy().tolist()
    moment_columns = impurity_columns(table, "moment", "_mub")
    inputs: list[dict] = [{} for _ in elements]
    if moment_columns:
        inputs = [{"moments": row} for row in table[moment_columns].to_numpy(dtype=float)]
    rows = zip(table["id"], table["geometry"], elements, table["orbit"], inputs, strict=True)
    return tuple(
        Sample(f"{prefix}:{name}" if prefix else name, geometries[where], tuple(filter(None, who)), str(orbit), extra)
        for name, where, who, orbit, extra in rows
    )


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
    return make_samples(table, read_geometries(folder / "geometries.extxyz"), prefix="")
