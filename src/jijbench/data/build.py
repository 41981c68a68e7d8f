"""Turn a raw table and its geometries into the files of a dataset."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd

from jijbench.data.card import Card, make_card, write_card
from jijbench.data.cluster import Host
from jijbench.data.sample import Geometry
from jijbench.data.store import impurity_columns, write_geometries, write_table
from jijbench.data.symmetry import canonical
from jijbench.data.validate import check_table


def orbit_names(table: pd.DataFrame, geometries: dict[str, Geometry], host: Host) -> list[str]:
    """Name of each row's orbit: the id of the first row that belongs to it."""
    first: dict[tuple, str] = {}
    elements = table[impurity_columns(table, "element")].itertuples(index=False, name=None)
    keys = [canonical(host, geometries[g], who) for g, who in zip(table["geometry"], elements, strict=True)]
    for key, name in zip(keys, table["id"], strict=True):
        first.setdefault(key, name)
    return [first[key] for key in keys]


def write_dataset(
    folder: Path, fields: dict, table: pd.DataFrame, geometries: dict[str, Geometry], host: Host, host_file: Path
) -> Card:
    """Write ``samples.csv``, ``geometries.extxyz``, ``host.json`` and ``card.yaml`` into ``folder``.

    Every row is checked first (``check_table``), so nothing is written from a table with a bad row.
    """
    table = table.copy()
    table.insert(2, "orbit", orbit_names(table, geometries, host))
    _check(folder, fields, table)
    folder.mkdir(parents=True, exist_ok=True)
    if host_file.resolve() != (folder / "host.json").resolve():
        shutil.copyfile(host_file, folder / "host.json")
    return _write(folder, fields, table, geometries)


def write_curves(
    folder: Path, fields: dict, table: pd.DataFrame, geometries: dict[str, Geometry], hosts_file: Path,
    arrays: dict[str, np.ndarray],
) -> Card:  # fmt: skip
    """Write the files of a dataset of potentials: as ``write_dataset``, with ``hosts.json`` and ``curves.npz``.

    ``table`` says itself which rows are one orbit. Numbers are kept in single precision, as the curves are printed.
    """
    _check(folder, fields, table)
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(hosts_file, folder / "hosts.json")
    kept = {name: array.astype(np.float32) for name, array in arrays.items()}
    np.savez_compressed(folder / "curves.npz", allow_pickle=False, **kept)
    return _write(folder, fields, table, geometries)


def _check(folder: Path, fields: dict, table: pd.DataFrame) -> None:
    check_table(table, fields["targets"], f"{folder / 'samples.csv'} (not written)")
    make_card(fields, dict.fromkeys(fields["files"], "0" * 64))  # a bad field shows before anything is written


def _write(folder: Path, fields: dict, table: pd.DataFrame, geometries: dict[str, Geometry]) -> Card:
    write_table(folder / "samples.csv", table)
    write_geometries(folder / "geometries.extxyz", geometries.values())
    return write_card(folder, fields)
