"""Read any table of dimers, csv or parquet, into the files of a dataset.

A ``ColumnMap`` says which column holds what, in which unit and Hamiltonian. Every row is kept or the import is
refused; an error names the file, the row (the first data row is 1) and what stands in it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from jijbench import limits
from jijbench.context import home
from jijbench.convention import convention
from jijbench.data.build import write_dataset
from jijbench.data.card import Card, file_sha256, make_card
from jijbench.data.cluster import TOLERANCE, cluster
from jijbench.data.columns import ColumnMap, read_columns
from jijbench.data.consistency import ROUNDING, check_zero
from jijbench.data.dataset import dataset_for
from jijbench.data.dialect import spelt
from jijbench.data.host import Host
from jijbench.data.sample import Geometry
from jijbench.data.structures import crystal_of
from jijbench.data.symmetry import site_at
from jijbench.data.tables import Table, as_symbol, read_table_of_user, table_of_frame
from jijbench.elements import atomic_number
from jijbench.errors import DataError, MissingExtra
from jijbench.install import add_extras
from jijbench.targets import DIJ, JIJ

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


def read_any(file: Path, columns: ColumnMap) -> Table:
    """The columns of the map as they stand; raises ``DataError`` where they cannot be read or there is no row."""
    if file.suffix == ".parquet":
        table = table_of_frame(_read_parquet(file), str(file))
    else:
        table = read_table_of_user(file, columns.header, columns.skip_lines)
    table.need(*columns.columns)
    names = dict.fromkeys(spelt(name) for name in columns.columns)
    return replace(table, columns={name: table.columns[name] for name in names})


def _read_parquet(file: Path) -> pd.DataFrame:
    try:
        table = pd.read_parquet(file)
    except ImportError as error:
        raise MissingExtra(f"{file} needs pyarrow, not installed: {add_extras('parquet')}") from error
    except Exception as error:  # pyarrow has errors of its own for a damaged file
        reason = " ".join(str(error).split())[:200]
        raise DataError(f"{file} cannot be read as parquet: {reason}; restore it or give a csv file") from error
    named = any(name is not None for name in table.index.names)
    return table.reset_index(drop=not named)


def _elements(rows: Table, columns: ColumnMap) -> tuple[list[str], list[str]]:
    """Symbols of both ends of each row."""
    if columns.element is not None:
        one = as_symbol(columns.element)
        atomic_number(one)
        return [one] * len(rows), [one] * len(rows)
    first, second = (
        rows.elements(name or "", columns.element_names) for name in (columns.element_i, columns.element_j)
    )
    return first, second


def _placed(rows: Table, columns: ColumnMap, host: Host) -> tuple[list[str], list[str | None], np.ndarray]:
    """Host site of i, of j (None where not given) and displacement (n, 3) Å of each row."""
    scale = columns.to_angstrom
    if columns.geometries is not None and columns.geometry is not None:
        known = {spelt(label): place for label, place in columns.geometries.items()}
        labels = rows.text(columns.geometry)
        rows.refuse((label not in known for label in labels), f"has a geometry that is none of {sorted(known)}; add it")
        places = [known[label] for label in labels]
        steps = np.array([place.displacement for place in places]) * scale
        return [place.site_i for place in places], [place.site_j for place in places], steps
    names = {spelt(label): site for label, site in columns.site_names.items()}
    first = [names.get(name, name) for name in rows.text(columns.site_i or "")]
    second: list[str | None] = [None] * len(first)
    if columns.site_j is not None:
        second = [names.get(name, name) for name in rows.text(columns.site_j)]
    if columns.cells is None:
        return first, second, rows.numbers(columns.dx or "", columns.dy or "", columns.dz or "") * scale
    _check_sites(rows, host, first, second)
    cells = rows.numbers(*columns.cells, whole=True)
    start, end = (np.array([host.position(name or "") for name in side]) for side in (first, second))
    return first, second, end + cells @ host.cell - start


def _check_sites(rows: Table, host: Host, *ends: Sequence[str | None]) -> None:
    for names in ends:
        unknown = (name is not None and name not in host.sites for name in names)
        rows.refuse(unknown, f"names no site of {host.formula} ({', '.join(host.sites)}); map it in site_names")


def _land(host: Host, site: str, step: np.ndarray) -> tuple[Ends, float]:
    """The host sites that ``step`` (3,) Å from ``site`` connects, and by how much (Å) it misses the second."""
    point = host.position(site) + step
    name = site_at(host, point)
    shift = np.round((point - host.position(name)) @ np.linalg.inv(host.cell)).astype(int)
    ends = Ends(site, name, (int(shift[0]), int(shift[1]), int(shift[2])))
    return ends, float(np.linalg.norm(step - ends.displacement(host)))


def find_ends(rows: Table, columns: ColumnMap, host: Host) -> list[Ends]:
    """The pair of host sites of each row; refuses a row whose displacement does not lead from site to site."""
    first, second, steps = _placed(rows, columns, host)
    _check_sites(rows, host, first, second)
    far = np.abs(steps).max(1) > limits.FARTHEST
    rows.refuse(far, f"has a displacement beyond {limits.FARTHEST:g} Å; check it, and the unit")
    rows.refuse(np.linalg.norm(steps, axis=1) < TOLERANCE, "has a distance of zero: i and j are one site; correct it")
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


def _couplings(rows: Table, columns: ColumnMap) -> tuple[np.ndarray, np.ndarray | None]:
    """J and D (n, 1 or 4) meV, house convention, and moments (n, 2) μB where there are any.

    Refuses moments that the convention cannot have, and antiparallel ones where the map does not say what J means.
    """
    values = rows.numbers(*columns.values)
    if columns.d_length is not None:
        values[:, 1:] = _directed(rows, rows.numbers(columns.d_length), values[:, 1:])
    values = values * columns.to_house
    if not columns.moments:
        return values, None
    moments = rows.numbers(*columns.moments)
    check_zero(values, moments, "J", (ROUNDING | columns.tolerance)[JIJ.name], rows.where)
    if convention(columns.convention).moments:
        rows.refuse(moments.min(axis=1) < 0, f"has a negative moment; {columns.convention!r} wants lengths, give |m|")
        return values * moments.prod(axis=1, keepdims=True), moments
    against = moments.prod(axis=1) < 0
    if columns.signs is None:
        rows.refuse(
            against,
            "has antiparallel moments: say in the column map what J means there, `signs: spins` (J multiplies the "
            "directions of the moments) or `signs: raw` (as the Liechtenstein formula gives it, J > 0 keeps them so)",
        )
    return (np.where(against, -1.0, 1.0)[:, None] * values if columns.signs == "raw" else values), moments


def _directed(rows: Table, length: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """Vectors (n, 3) of lengths (n, 1) along directions, which need not have length one."""
    norm = np.linalg.norm(direction, axis=1, keepdims=True)
    rows.refuse(((norm == 0) & (length != 0))[:, 0], "has a D of a length without a direction; correct it")
    return length * direction / np.where(norm == 0, 1.0, norm)


def house_table(rows: Table, columns: ColumnMap, ends: list[Ends], geometries: dict[Ends, Geometry]) -> pd.DataFrame:
    """The rows as ``samples.csv`` has them: Å, meV, house convention; ids ``A-B-g01``.

    Raises ``DataError`` for a pair that is listed twice, naming both rows.
    """
    where = [geometries[pair] for pair in ends]
    table = pd.DataFrame({"geometry": [g.id for g in where]})
    table["element_i"], table["element_j"] = _elements(rows, columns)
    table.insert(0, "id", table["element_i"] + "-" + table["element_j"] + "-" + table["geometry"])
    table["shell"], table["distance_angstrom"] = [g.shell for g in where], [round(g.distance, 6) for g in where]
    table["sublattice_i"], table["sublattice_j"] = [pair.site_i for pair in ends], [pair.site_j for pair in ends]
    steps = np.round([g.displacement for g in where], 6) + 0.0  # + 0.0: no negative zero
    table[list(STEP_COLUMNS)] = steps
    values, moments = _couplings(rows, columns)
    if moments is not None:
        table[["moment_i_mub", "moment_j_mub"]] = moments
    table[[J_COLUMN, *D_COLUMNS][: values.shape[1]]] = values + 0.0
    first: dict[str, int] = {}
    for k, name in enumerate(table["id"]):
        if first.setdefault(name, k) != k:
            raise DataError(f"{rows.where(k)} is a pair listed twice, first in {rows.where(first[name])}; keep one")
    return table


def _described(columns: ColumnMap) -> dict[str, dict]:
    """Targets and units of the card."""
    targets = {JIJ.name: {"unit": JIJ.unit, "columns": [J_COLUMN]}}
    if columns.d is not None:
        targets[DIJ.name] = {"unit": DIJ.unit, "columns": list(D_COLUMNS)}
    energies = [name for spec in targets.values() for name in spec["columns"]]
    moments = ["moment_i_mub", "moment_j_mub"] if columns.moments else []
    units = {"meV": energies, "Å": ["distance_angstrom", *STEP_COLUMNS], "Bohr magneton": moments}
    return {"targets": targets, "units": {name: unit for unit, names in units.items() for name in names}}


def _fields(file: Path, columns: ColumnMap, about: dict[str, Any], source: dict[str, Any]) -> dict:
    """Content of the card; raises ``DataError`` before anything is written."""
    formula = convention(columns.convention).formula
    fields = about | _described(columns)
    fields["source"] = source | {"raw": f"{file.name}, sha256 {file_sha256(file)}"}
    fields["tolerance"] = columns.tolerance
    fields["convention"] = (
        "house: H = -1/2 sum_{i!=j} [J_ij e_i.e_j + D_ij.(e_i x e_j)], |e| = 1, J > 0 ferromagnetic; "
        f"converted from {columns.convention} ({formula}) in {columns.energy_unit}"
        + (", sign of J reversed between antiparallel moments" if columns.signs == "raw" else "")
    )
    make_card(fields, {})  # a bad field shows before any row is read
    return fields | {"files": list(FILES)}


def import_table(
    file: Path, columns: ColumnMap | dict | Path | str, output: Path, *, id: str, title: str, licence: str,
    citation: str, code: str, functional: str, spin_orbit: bool | None = None, host: Path | None = None,
    radius: float = 5.0, version: str = "1", description: str = "", method: str = "",
    noise_floor: dict[str, float] | None = None,
) -> Card:  # fmt: skip
    """Write the dataset folder ``output`` from a table of dimers.

    ``host`` is a ``host.json`` or a structure that ASE reads, a CIF or POSCAR (None: Bi2Te3, as in the suite's dimers),
    ``spin_orbit`` None: not stated, or true because the table has D, ``radius`` (Å) that of the clusters,
    ``noise_floor`` meV by target. Raises ``DataError`` naming file and row of what cannot be imported; then nothing is
    written.
    """
    file, output, columns = Path(file), Path(output), read_columns(columns)
    if output.exists() and (not output.is_dir() or any(output.iterdir()) or output.samefile(".")):
        raise DataError(f"{output} already holds a dataset, or something else; name a new folder, or an empty one")
    if not 0 < radius <= limits.RADIUS:
        raise DataError(f"the clusters' radius is {radius:g} Å; give one above 0 and up to {limits.RADIUS:g}")
    host_file = home("datasets") / dataset_for("critical-temperature") / "host.json" if host is None else Path(host)
    crystal, host_json = crystal_of(host_file)
    rows = read_any(file, columns)
    about = {
        "id": id, "version": version, "title": title, "description": description, "method": method, "licence": licence,
        "citation": citation, "noise_floor": noise_floor or {}, "host": crystal.formula,
        "cluster_radius_angstrom": radius,
    }  # fmt: skip
    source = {"code": code, "functional": functional, "spin_orbit": spin_orbit}
    fields = _fields(file, columns, about, source)
    ends = find_ends(rows, columns, crystal)
    geometries = make_geometries(crystal, ends, radius)
    table = house_table(rows, columns, ends, geometries)
    fields["source"]["spin_orbit"] = _with_orbit(table, spin_orbit)
    named = {geometry.id: geometry for geometry in geometries.values()}
    return write_dataset(output, fields, table, named, crystal, host_json, rows.where)


def _with_orbit(table: pd.DataFrame, stated: bool | None) -> bool | None:
    """Whether spin-orbit coupling was there: D is zero without it. Raises ``DataError`` where they disagree."""
    found = D_COLUMNS[0] in table and bool((table[list(D_COLUMNS)] != 0).any(axis=None))
    if found and stated is False:
        raise DataError(
            "the table has D vectors, which need spin-orbit coupling; say so (--spin-orbit), or leave d out"
        )
    return True if found else stated
