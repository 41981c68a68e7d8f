"""Checks of a dataset: every row, its orbits, its twins."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from jijbench.data.consistency import check_impurities, check_pairs
from jijbench.data.curves import check_curves, check_hosts
from jijbench.data.dataset import Dataset, load_dataset, named_array
from jijbench.data.host import Host, read_host
from jijbench.data.store import finite_numbers, impurity_columns, refuse_rows
from jijbench.data.symmetry import canonical
from jijbench.elements import SYMBOLS
from jijbench.errors import DataError
from jijbench.reading import read_json
from jijbench.targets import JIJ

REQUIRED = ("id", "geometry", "orbit", "element_i", "element_j")


def check_table(table: pd.DataFrame, targets: dict, where: str) -> None:
    """Raise ``DataError`` naming the first bad row: missing column, NaN, unknown element, zero distance, twice.

    ``targets`` maps each target's name to a mapping with its ``columns``.
    """
    columns = [column for spec in targets.values() for column in spec.get("columns", ())]
    missing = [name for name in (*REQUIRED, *columns) if name not in table]
    if missing:
        raise DataError(f"{where}: the table lacks the columns {missing}; it has {list(table)}")
    finite_numbers(table, [*columns, *impurity_columns(table, "moment", "_mub")], where)
    _check_elements(table, where, pairs=bool(columns))
    if "distance_angstrom" in table:
        distance = finite_numbers(table, ["distance_angstrom"], where)[:, 0]
        refuse_rows(table, distance <= 1e-6, "distance_angstrom", "has a distance of zero", where)
    refuse_rows(table, table["id"].duplicated(), "id", "is listed twice under this id", where)
    _check_pairs(table, columns, where)


def _check_elements(table: pd.DataFrame, where: str, pairs: bool) -> None:
    """Every row names its elements; a table without numbers of pairs may hold single impurities, without a second."""
    for k, column in enumerate(impurity_columns(table, "element")):
        known = table[column].isin(SYMBOLS) | ((table[column] == "") & (k > 0) & (not pairs))
        refuse_rows(table, ~known, column, "names no chemical element", where)


def _check_pairs(table: pd.DataFrame, columns: Iterable[str], where: str) -> None:
    same = [*impurity_columns(table, "element"), "geometry"]
    for column in columns:
        values = pd.to_numeric(table[column])
        groups = values.groupby([table[name] for name in same])
        spread = groups.transform("max") - groups.transform("min")
        refuse_rows(table, spread > 0, column, "is a pair listed twice with different values", where)
    refuse_rows(table, table[same].duplicated(), "id", "is a pair listed twice", where)


@dataclass(frozen=True)
class Audit:
    """What the symmetry audit found.

    ``twins`` counts rows that share their orbit with an earlier row; ``disagreement`` is the mean and
    ``worst`` the largest difference of the target between such rows.
    """

    samples: int
    orbits: int
    twins: int
    disagreement: float | None
    worst: float | None


def host_of(dataset: Dataset) -> Host:
    """The host crystal from the dataset's ``host.json``."""
    return read_host(dataset.folder / "host.json")


def audit_orbits(dataset: Dataset, target: str = JIJ.name) -> Audit:
    """How far the rows of an orbit disagree; raises ``DataError`` as ``check_orbits``."""
    orbits = check_orbits(dataset)
    groups = pd.Series(dataset.truth(target)).groupby([sample.orbit for sample in dataset.samples])
    spread = (groups.max() - groups.min())[groups.size() > 1]
    mean, worst = (float(spread.mean()), float(spread.max())) if len(spread) else (None, None)
    return Audit(len(dataset), orbits, len(dataset) - orbits, mean, worst)


def check_orbits(dataset: Dataset) -> int:
    """Recompute every orbit from the host's space group and compare it with the table's; returns how many there are.

    Raises ``DataError`` naming the first row whose orbit is wrong.
    """
    host = host_of(dataset)
    names: dict[tuple, str] = {}
    for row, sample in enumerate(dataset.samples, start=1):
        key = canonical(host, sample.geometry, sample.elements)
        if names.setdefault(key, sample.orbit) != sample.orbit:
            raise DataError(
                f"{dataset.folder / 'samples.csv'}: row {row} ({sample.id}) has orbit {sample.orbit!r}, but the host's "
                f"symmetry puts it into {names[key]!r}; rebuild the dataset"
            )
    twice = [name for name, count in Counter(names.values()).items() if count > 1]
    if twice:
        raise DataError(
            f"{dataset.folder / 'samples.csv'}: the orbit name {twice[0]!r} stands for two orbits; rebuild the dataset"
        )
    return len(names)


def audit_curves(dataset: Dataset) -> Audit:
    """Check hosts, meshes and curves of a dataset of potentials, and that an orbit is one impurity in one host.

    Raises ``DataError`` naming file and field.
    """
    file = dataset.folder / "hosts.json"
    hosts = read_json(file)
    check_hosts(hosts, str(file))
    for row, sample in enumerate(dataset.samples, start=1):
        where = f"{dataset.folder / 'samples.csv'}: row {row} ({sample.id})"
        if sample.host not in hosts:
            raise DataError(f"{where} has the host {sample.host!r}, which {file.name} does not hold")
        if sample.orbit != f"{sample.elements[0]}-in-{sample.host}":
            raise DataError(f"{where} has orbit {sample.orbit!r}, expected {sample.elements[0]}-in-{sample.host}")
    check_impurities(dataset, hosts)
    for spec in dataset.card.targets.values():
        if spec.array is not None:
            check_curves(named_array(dataset.folder, spec.array), f"{dataset.folder}: array {spec.array}")
    for name, values in dataset.samples[0].inputs.items():
        table = np.array([sample.inputs[name] for sample in dataset.samples])
        check_curves(table, f"{dataset.folder}: input {name}", len(values))
    orbits = len({sample.orbit for sample in dataset.samples})
    return Audit(len(dataset), orbits, len(dataset) - orbits, None, None)


def validate(name: str | Path) -> tuple[Dataset, Audit]:
    """Hashes, schema, units, rows, duplicates, orbits, structures and physics of a dataset; raises ``DataError``."""
    dataset = load_dataset(name)
    targets = {key: {"columns": spec.columns} for key, spec in dataset.card.targets.items()}
    check_table(dataset.table, targets, str(dataset.folder / "samples.csv"))
    for key, spec in dataset.card.targets.items():
        if spec.unit != dataset.target(key).unit:
            raise DataError(
                f"{dataset.id}: target {key} is in {spec.unit}, the suite's unit is {dataset.target(key).unit}"
            )
    if "hosts.json" in dataset.card.files:
        return dataset, audit_curves(dataset)
    audit = audit_orbits(dataset)
    check_pairs(dataset, host_of(dataset))
    return dataset, audit
