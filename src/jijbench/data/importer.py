"""Read any table of dimers, csv or parquet, into the files of a dataset.

A ``ColumnMap`` says which column holds what, in which unit and Hamiltonian. Every row is kept or the import is
refused; an error names the file, the row (the first data row is 1) and what stands in it.
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from jijbench.context import home
from jijbench.convention import convention
from jijbench.data.build import write_dataset
from jijbench.data.card import Card, file_sha256, make_card
from jijbench.data.cluster import TOLERANCE, cluster
from jijbench.data.columns import ColumnMap, read_columns
from jijbench.data.elements import SYMBOLS, symbol
from jijbench.data.host import Host, read_host
from jijbench.data.sample import Geometry
from jijbench.data.store import read_table
from jijbench.data.symmetry import site_at
from jijbench.data.validate import check_table
from jijbench.errors import DataError, MissingExtra
from jijbench.units import LENGTH_ANGSTROM, factor

J_COLUMN = "jij_mev"
D_COLUMNS = ("dij_x_mev", "dij_y_mev", "dij_z_mev")
STEP_COLUMNS = ("dx_angstrom", "dy_angstrom", "dz_angstrom")
FILES = ("samples.csv", "geometries.extxyz", "host.json")


class Ends(NamedTuple):
    """Host sites of a pair: that of i in the home cell, that of j in the cell ``shift`` (lattice vectors)."""

    site_i: str
    site_j: str
    shift: tuple[int, int, int]

    def displacement(self, host: Host) -> np.ndarray:
        """(3,) Å, from i to j, exact for the host."""
        return host.position(self.site_j) + np.array(self.shift) @ host.cell - host.position(self.site_i)


def read_any(file: Path, columns: ColumnMap) -> pd.DataFrame:
    """The table as it stands; raises ``DataError`` where it cannot be read, is empty or lacks a column."""
    if file.suffix not in (".csv", ".parquet"):
        raise DataError(f"{file}: a table ends in .csv or .parquet, not {file.suffix!r}; rename or convert it")
    table = read_table(file) if file.suffix == ".csv" else _read_parquet(file)
    table = table.rename(columns=lambda name: str(name).strip())
    missing = [name for name in columns.columns if name not in table]
    if missing:
        raise DataError(f"{file} lacks the columns {missing}; it has {list(table)}; correct the column map")
    if table.empty:
        raise DataError(f"{file} has no rows; nothing to import")
    return table


def _read_parquet(file: Path) -> pd.DataFrame:
    try:
        table = pd.read_parquet(file)
    except ImportError as error:
        raise MissingExtra(f"{file} needs pyarrow, not installed: pip install 'jijbench[parquet]'") from error
    except (OSError, ValueError) as error:
        raise DataError(f"{file} cannot be read as parquet: {error}; restore it or give a csv file") from error
    named = any(name is not None for name in table.index.names)
    return table.reset_index(drop=not named)


class _Rows:
    """A table under its column map; knows how to name a row in an error."""

    def __init__(self, file: Path, raw: pd.DataFrame, columns: ColumnMap) -> None:
        self.file, self.raw, self.columns = file, raw, columns
        records = raw[list(dict.fromkeys(columns.columns))].astype(object).to_dict("records")
        self.content = [", ".join(f"{name}={value}" for name, value in record.items()) for record in records]

    def refuse(self, bad: Iterable, what: str | Sequence[str]) -> None:
        """Raise ``DataError`` for the first bad row; ``what`` is wrong with all, or with each."""
        rows = np.flatnonzero(np.fromiter(bad, dtype=bool))
        if len(rows):
            reason = what if isinstance(what, str) else what[rows[0]]
            more = f" ({len(rows)} such rows)" if len(rows) > 1 else ""
            raise DataError(f"{self.file}: row {rows[0] + 1} ({self.content[rows[0]]}) {reason}{more}")

    def text(self, column: str) -> list[str]:
        return [str(value).strip() for value in self.raw[column]]

    def numbers(self, *columns: str) -> np.ndarray:
        """(n, k), NaN where there is no number."""
        return self.raw[list(columns)].apply(pd.to_numeric, errors="coerce").to_numpy(dtype=float)

    def symbols(self, column: str) -> list[str]:
        return [_symbol(text) for text in self.text(column)]


def _symbol(text: str) -> str:
    """Symbol of an atomic number (26, or 26.0 from a column with holes); anything else as it stands."""
    number = re.fullmatch(r"([0-9]+)(\.0)?", text)
    return symbol(int(number[1])) if number and 1 <= int(number[1]) <= len(SYMBOLS) else text


def _placed(rows: _Rows) -> tuple[list[str], list[str | None], np.ndarray]:
    """Host site of i, of j (None where not given) and displacement (n, 3) Å of each row."""
    columns = rows.columns
    scale = factor(columns.length_unit, LENGTH_ANGSTROM)
    if columns.geometries is not None and columns.geometry is not None:
        known, labels = columns.geometries, rows.text(columns.geometry)
        rows.refuse((label not in known for label in labels), f"has a geometry that is none of {sorted(known)}; add it")
        places = [known[label] for label in labels]
        steps = np.array([place.displacement for place in places]) * scale
        return [place.site_i for place in places], [place.site_j for place in places], steps
    steps = rows.numbers(columns.dx or "", columns.dy or "", columns.dz or "") * scale
    first = [columns.site_names.get(name, name) for name in rows.text(columns.site_i or "")]
    if columns.site_j is None:
        return first, [None] * len(first), steps
    return first, [columns.site_names.get(name, name) for name in rows.text(columns.site_j)], steps


def _land(host: Host, site: str, step: np.ndarray) -> tuple[Ends, float]:
    """The host sites that ``step`` (3,) Å from ``site`` connects, and by how much (Å) it misses the second."""
    point = host.position(site) + step
    name = site_at(host, point)
    shift = np.round((point - host.position(name)) @ np.linalg.inv(host.cell)).astype(int)
    ends = Ends(site, name, (int(shift[0]), int(shift[1]), int(shift[2])))
    return ends, float(np.linalg.norm(step - ends.displacement(host)))


def find_ends(rows: _Rows, host: Host) -> list[Ends]:
    """The pair of host sites of each row; refuses a row whose displacement does not lead from site to site."""
    first, second, steps = _placed(rows)
    for names in (first, second):
        unknown = (name is not None and name not in host.sites for name in names)
        rows.refuse(unknown, f"names no site of {host.formula} ({', '.join(host.sites)}); map it in site_names")
    rows.refuse(~np.isfinite(steps).all(1), "has no finite displacement; correct the table")
    landed = [_land(host, site, step) for site, step in zip(first, steps, strict=True)]
    missed = [f"misses the nearest site of {host.formula} ({ends.site_j}) by {gap:.3f} Å; " for ends, gap in landed]
    rows.refuse((gap > TOLERANCE for _, gap in landed), [text + "check displacement, unit and host" for text in missed])
    other = [name not in (None, ends.site_j) for name, (ends, _) in zip(second, landed, strict=True)]
    rows.refuse(other, [f"ends on a {ends.site_j} site, not where the table says; check site_j" for ends, _ in landed])
    return [ends for ends, _ in landed]


def make_geometries(host: Host, ends: Iterable[Ends], radius: float) -> dict[Ends, Geometry]:
    """One cluster for each pair of sites, ``g01``, ``g02``, … by distance; equal distances (0.01 Å) are one shell."""
    steps = {pair: pair.displacement(host) for pair in set(ends)}
    distance = {pair: round(float(np.linalg.norm(step)), 2) for pair, step in steps.items()}
    shells = {value: number for number, value in enumerate(sorted(set(distance.values())), start=1)}
    order = sorted(steps, key=lambda pair: (distance[pair], *pair[:2], *(np.round(steps[pair], 2) + 0.0)))
    made = {}
    for number, pair in enumerate(order, start=1):
        displacements = np.stack([np.zeros(3), steps[pair]])
        made[pair] = cluster(host, pair[:2], displacements, radius, f"g{number:02d}", shells[distance[pair]])
    return made


def _check(rows: _Rows, ends: list[Ends], host: Host) -> None:
    """Refuse a bad row, in the source's own units, by ``check_table``; a row's content stands for its id."""
    columns = rows.columns
    distance = [np.linalg.norm(pair.displacement(host)) for pair in ends]
    table = rows.raw[list(columns.values)].assign(
        id=rows.content, orbit="", geometry=[str(pair) for pair in ends], distance_angstrom=distance,
        element_i=rows.symbols(columns.element_i), element_j=rows.symbols(columns.element_j),
    )  # fmt: skip
    if columns.moment_i and columns.moment_j:
        table = table.assign(moment_i_mub=rows.raw[columns.moment_i], moment_j_mub=rows.raw[columns.moment_j])
    check_table(table, {"values": {"columns": columns.values}}, str(rows.file))
    if columns.moment_i and columns.moment_j and convention(columns.convention).moments:
        moments = rows.numbers(columns.moment_i, columns.moment_j)
        rows.refuse(moments.min(axis=1) < 0, f"has a negative moment; {columns.convention!r} wants lengths, give |m|")


def house_table(rows: _Rows, ends: list[Ends], geometries: dict[Ends, Geometry]) -> pd.DataFrame:
    """The rows as ``samples.csv`` has them: Å, meV, house convention; ids ``A-B-g01``."""
    columns, where = rows.columns, [geometries[pair] for pair in ends]
    table = pd.DataFrame({"geometry": [g.id for g in where]})
    table["element_i"], table["element_j"] = rows.symbols(columns.element_i), rows.symbols(columns.element_j)
    table.insert(0, "id", table["element_i"] + "-" + table["element_j"] + "-" + table["geometry"])
    table["shell"], table["distance_angstrom"] = [g.shell for g in where], [round(g.distance, 6) for g in where]
    table["sublattice_i"], table["sublattice_j"] = [pair.site_i for pair in ends], [pair.site_j for pair in ends]
    steps = np.round([g.displacement for g in where], 6) + 0.0  # + 0.0: no negative zero
    table[list(STEP_COLUMNS)] = steps
    values = rows.numbers(*columns.values) * columns.to_house
    if columns.moment_i and columns.moment_j:
        moments = rows.numbers(columns.moment_i, columns.moment_j)
        table[["moment_i_mub", "moment_j_mub"]] = moments
        if convention(columns.convention).moments:
            values = values * moments.prod(axis=1, keepdims=True)
    table[[J_COLUMN, *D_COLUMNS][: values.shape[1]]] = values + 0.0
    return table


def _described(columns: ColumnMap) -> dict[str, dict]:
    """Targets and units of the card."""
    targets = {"jij": {"unit": "meV", "columns": [J_COLUMN]}}
    if columns.d is not None:
        targets["dij"] = {"unit": "meV", "columns": list(D_COLUMNS)}
    energies = [name for spec in targets.values() for name in spec["columns"]]
    moments = ["moment_i_mub", "moment_j_mub"] if columns.moment_i else []
    units = {"meV": energies, "Å": ["distance_angstrom", *STEP_COLUMNS], "Bohr magneton": moments}
    return {"targets": targets, "units": {name: unit for unit, names in units.items() for name in names}}


def _fields(file: Path, columns: ColumnMap, about: dict[str, Any], source: dict[str, Any]) -> dict:
    """Content of the card; raises ``DataError`` before anything is written."""
    formula = convention(columns.convention).formula
    fields = about | _described(columns)
    fields["source"] = source | {"raw": f"{file.name}, sha256 {file_sha256(file)}"}
    fields["convention"] = (
        "house: H = -1/2 sum_{i!=j} [J_ij e_i.e_j + D_ij.(e_i x e_j)], |e| = 1, J > 0 ferromagnetic; "
        f"converted from {columns.convention} ({formula}) in {columns.energy_unit}"
    )
    make_card(fields, {})  # a bad field shows before any row is read
    return fields | {"files": list(FILES)}


def import_table(
    file: Path, columns: ColumnMap | dict | Path | str, output: Path, *, id: str, title: str, licence: str,
    citation: str, code: str, functional: str, spin_orbit: bool, host: Path | None = None, radius: float = 5.0,
    version: str = "1", description: str = "", method: str = "", noise_floor: dict[str, float] | None = None,
) -> Card:  # fmt: skip
    """Write the dataset folder ``output`` from a table of dimers.

    ``host`` is a ``host.json`` (None: Bi2Te3 as in jij-bi2te3), ``radius`` (Å) that of the clusters, ``noise_floor``
    meV by target. Raises ``DataError`` naming file and row of what cannot be imported; then nothing is written.
    """
    file, output, columns = Path(file), Path(output), read_columns(columns)
    if (output / "card.yaml").exists():
        raise DataError(f"{output} already holds a dataset; remove it or choose another folder")
    host_file = home("datasets") / "jij-bi2te3" / "host.json" if host is None else Path(host)
    crystal = read_host(host_file)
    rows = _Rows(file, read_any(file, columns), columns)
    about = {
        "id": id, "version": version, "title": title, "description": description, "method": method, "licence": licence,
        "citation": citation, "noise_floor": noise_floor or {}, "host": crystal.formula,
        "cluster_radius_angstrom": radius,
    }  # fmt: skip
    source = {"code": code, "functional": functional, "spin_orbit": spin_orbit}
    fields = _fields(file, columns, about, source)
    ends = find_ends(rows, crystal)
    _check(rows, ends, crystal)
    geometries = make_geometries(crystal, ends, radius)
    named = {geometry.id: geometry for geometry in geometries.values()}
    return write_dataset(output, fields, house_table(rows, ends, geometries), named, crystal, host_file)
