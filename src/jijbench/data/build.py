"""Turn a raw table and its geometries into the files of a dataset."""

import io
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd

from jijbench.data.card import Card, make_card, write_card
from jijbench.data.consistency import check_physics
from jijbench.data.host import Host
from jijbench.data.sample import Geometry
from jijbench.data.store import impurity_columns, write_geometries, write_table
from jijbench.data.symmetry import canonical
from jijbench.data.validate import check_table
from jijbench.files import new_folder, write_atomically


def orbit_names(table: pd.DataFrame, geometries: dict[str, Geometry], host: Host) -> list[str]:
    """Name of each row's orbit: the id of the first row that belongs to it."""
    first: dict[tuple, str] = {}
    elements = table[impurity_columns(table, "element")].itertuples(index=False, name=None)
    keys = [canonical(host, geometries[g], who) for g, who in zip(table["geometry"], elements, strict=True)]
    for key, name in zip(keys, table["id"], strict=True):
        first.setdefault(key, name)
    return [first[key] for key in keys]


def write_dataset(
    folder: Path, fields: dict, table: pd.DataFrame, geometries: dict[str, Geometry], host: Host,
    host_file: Path | bytes, where: Callable[[int], str] | None = None,
) -> Card:  # fmt: skip
    """Write ``samples.csv``, ``geometries.extxyz``, ``host.json`` (or its content) and ``card.yaml`` into ``folder``.

    Every row is checked first (``check_table``, ``check_physics``), so nothing is written from a table with a bad row;
    ``where`` names the k-th row in an error. All files are written, or none.
    """
    table = table.copy()
    table.insert(2, "orbit", orbit_names(table, geometries, host))
    _check(folder, fields, table)
    names = table["id"].tolist()
    where = where or (lambda k: f"{folder / 'samples.csv'} (not written): row {k + 1} ({names[k]})")
    check_physics(table, geometries, host, fields["targets"], fields.get("tolerance", {}), where)
    content = host_file if isinstance(host_file, bytes) else host_file.read_bytes()
    return _write(folder, fields, table, geometries, {"host.json": content})


def write_curves(
    folder: Path, fields: dict, table: pd.DataFrame, geometries: dict[str, Geometry], hosts_file: Path,
    arrays: dict[str, np.ndarray],
) -> Card:  # fmt: skip
    """Write the files of a dataset of potentials: as ``write_dataset``, with ``hosts.json`` and ``curves.npz``.

    ``table`` says itself which rows are one orbit. Numbers are kept in single precision, as the curves are printed.
    """
    _check(folder, fields, table)
    kept, packed = {name: array.astype(np.float32) for name, array in arrays.items()}, io.BytesIO()
    np.savez_compressed(packed, allow_pickle=False, **kept)
    more = {"hosts.json": hosts_file.read_bytes(), "curves.npz": packed.getvalue()}
    return _write(folder, fields, table, geometries, more)


def _check(folder: Path, fields: dict, table: pd.DataFrame) -> None:
    check_table(table, fields["targets"], f"{folder / 'samples.csv'} (not written)")
    make_card(fields, dict.fromkeys(fields["files"], "0" * 64))  # a bad field shows before anything is written


def _write(
    folder: Path, fields: dict, table: pd.DataFrame, geometries: dict[str, Geometry], more: Mapping[str, bytes]
) -> Card:
    """The files of a dataset, all or none; in a folder that holds other files (build.py, splits) one after another."""
    with new_folder(folder) if _is_free(folder) else _staged(folder) as made:
        for name, content in more.items():
            write_atomically(made / name, content)
        write_table(made / "samples.csv", table)
        write_geometries(made / "geometries.extxyz", geometries.values())
        return write_card(made, fields)


def _is_free(folder: Path) -> bool:
    return not folder.exists() or (folder.is_dir() and not any(folder.iterdir()))


@contextmanager
def _staged(folder: Path) -> Iterator[Path]:
    """A temporary folder whose files take their places in ``folder`` when the block ends without an error."""
    with tempfile.TemporaryDirectory(dir=folder, prefix=".new.") as made:
        yield Path(made)
        for path in sorted(Path(made).iterdir()):
            path.replace(folder / path.name)
