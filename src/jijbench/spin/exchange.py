"""Exchange tables: what a bundle predicts, what a dataset lists, or a file of one's own."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from jijbench.data.dataset import Dataset, dataset_ids, load_dataset
from jijbench.data.tables import Table, read_table_of_user, table_of_frame
from jijbench.elements import atomic_number
from jijbench.errors import DataError, ExportError, UnknownElement
from jijbench.spin.neighbours import Neighbours, main_dataset
from jijbench.targets import JIJ

DMI = ("dmi_x_mev", "dmi_y_mev", "dmi_z_mev")
NEEDED = ("element_i", "element_j", "shell", "jij_mev")
#: other names under which columns are met
ALIASES = {
    "distance_angstrom": "distance_ang",
    "dz_dmi_mev": "dmi_z_mev",
    **{f"dij_{axis}_mev": f"dmi_{axis}_mev" for axis in "xyz"},
    "mean": "jij_mev",
}
NUMBERS = (*NEEDED[2:], *DMI, "distance_ang", "moment_i_mub", "moment_j_mub")
#: μB; by more the moments of one element must not differ, since codes of spin dynamics take one
SAME_MOMENT = 1e-3
#: Å; a table made for the same host gives the same distances but for rounding
SAME_DISTANCE = 0.02


def read_exchange(source: str | Path) -> pd.DataFrame:
    """The exchange table of a csv file, of a dataset given by id or folder, or of the main dataset (``dataset``).

    Raises ``DataError`` for a file that cannot be read.
    """
    if str(source) == "dataset":
        return dataset_table(main_dataset())
    if str(source) in dataset_ids():
        return dataset_table(load_dataset(str(source)))
    path = Path(source)
    if (path / "card.yaml").is_file():
        return dataset_table(load_dataset(path))
    if not path.is_file():
        raise DataError(f"no exchange table {str(source)!r}; give a csv file or one of {', '.join(dataset_ids())}")
    return _typed(read_table_of_user(path))


def _typed(table: Table) -> pd.DataFrame:
    """The table with symbols and numbers for what is used; a hole of it stays one, which ``exchange_table`` may refuse.

    Raises ``DataError`` naming file, row and column for anything else.
    """
    for old, new in ALIASES.items():
        if old in table and new in table:
            raise DataError(f"{table.source}: the columns {old} and {new} say the same; keep one")
    table = replace(table, columns={ALIASES.get(name, name): cells for name, cells in table.columns.items()})
    table.need(*NEEDED)
    found = pd.DataFrame({name: table.text(name) for name in table.columns})
    for name in found:
        if name in NEEDED[:2]:
            found[name] = table.elements(name)
        elif name in NUMBERS:
            found[name] = table.numbers(name, whole=name == "shell", blank=True)[:, 0]
    found.attrs["source"] = table.source
    return found


def dataset_table(dataset: Dataset) -> pd.DataFrame:
    """The reference J of a dataset as an exchange table."""
    if JIJ.name not in dataset.card.targets:
        raise DataError(f"{dataset.id} holds no exchange interactions; take `dataset`")
    return dataset.table.assign(jij_mev=dataset.truth(JIJ.name))


def exchange_table(table: pd.DataFrame, host: Neighbours, shells: Collection[int] | None = None) -> pd.DataFrame:
    """The table with the columns element_i, element_j, shell, triplet, jij_mev and D (zero where it has none).

    Only rows of ``shells`` where they are given. Without a column ``triplet`` the letter of ``geometry`` (s06a) is
    taken; a row without a triplet stands for all neighbours of its shell. Raises ``DataError`` naming row and column.
    """
    old = {old: new for old, new in ALIASES.items() if old in table and new not in table}
    table = table.rename(columns=old).reset_index(drop=True)
    lacking = [name for name in NEEDED if name not in table]
    if lacking:
        raise DataError(f"{_source(table)} lacks the columns {lacking}; it has {list(table.columns)}")
    if shells is not None:
        table = table[pd.to_numeric(table["shell"], errors="coerce").isin(list(shells))]
        if table.empty:
            raise ExportError(f"{_source(table)} has no rows of the shells {sorted(shells)}; choose others")
    cells = table_of_frame(table, _source(table))
    table = table.assign(**{name: cells.elements(name) for name in NEEDED[:2]})
    table["shell"] = _shells(cells)
    table["jij_mev"] = cells.numbers("jij_mev")[:, 0]
    for name in DMI:
        table[name] = cells.numbers(name)[:, 0] if name in table else 0.0
    if "distance_ang" in table:
        table["distance_ang"] = cells.numbers("distance_ang", blank=True)[:, 0]
    table = table.assign(triplet=_triplets(table, host))
    _check_groups(table, host)
    return table


def _triplets(table: pd.DataFrame, host: Neighbours) -> pd.Series:
    """a or b for each row, empty where the shell has none or the row stands for both."""
    if "triplet" in table:
        return table["triplet"].fillna("").astype(str)
    if "geometry" not in table:
        return pd.Series("", index=table.index)
    letters = table["geometry"].astype(str).str.extract(r"^s\d+([a-z])$", expand=False).fillna("")
    return letters.where(table["shell"].isin([shell for shell, triplet in host.images if triplet]), "")


def _source(table: pd.DataFrame) -> str:
    return str(table.attrs.get("source", "exchange table"))


def _shells(cells: Table) -> np.ndarray:
    shells = cells.numbers("shell", whole=True, blank=True)[:, 0]
    cells.refuse(np.isnan(shells), "has no shell: its shell is empty; leave rows of other pairs out with `--shells`")
    return shells.astype(int)


def _check_groups(table: pd.DataFrame, host: Neighbours) -> None:
    """Shell and triplet exist in the host, at the distance that the table says."""
    for row in table.drop_duplicates(["shell", "triplet"]).to_dict("records"):
        groups = host.of_shell(row["shell"])
        if not groups or (row["triplet"] and (row["shell"], row["triplet"]) not in groups):
            known = ", ".join(f"{shell}{triplet}" for shell, triplet in host.images)
            raise DataError(f"no shell {row['shell']}{row['triplet']} in {host.host.formula}; shells are {known}")
    if "distance_ang" in table:
        gaps = {shell: host.shell_distance(shell) for shell in set(table["shell"])}
        off = (table["distance_ang"] - table["shell"].map(gaps)).abs() > SAME_DISTANCE
        if off.any():
            first = table[off].iloc[0]
            raise DataError(
                f"shell {first['shell']} lies at {first['distance_ang']} Å in the exchange table, at "
                f"{gaps[first['shell']]:.4f} Å in {host.host.formula}; the table is of another host"
            )


def species_of(table: pd.DataFrame, elements: Iterable[str]) -> None:
    """Raises ``UnknownElement`` for an element that the table has no rows of."""
    known = {*table["element_i"], *table["element_j"]}
    for element in elements:
        atomic_number(element)
        if element not in known:
            raise UnknownElement(f"the exchange table has no couplings of {element}; it has {', '.join(sorted(known))}")


def moments_of(
    table: pd.DataFrame, elements: Iterable[str], given: Mapping[str, float] | None = None
) -> dict[str, float]:
    """Spin moment of each element (μB): as given, else of the table, else of the main dataset.

    Raises ``ExportError`` for an element without a moment, since codes of spin dynamics need one, and ``DataError`` for
    one that has two in the table.
    """
    given, elements = dict(given or {}), list(elements)
    wanted = set(elements) - set(given)
    known = _moments(dataset_table(main_dataset()), wanted) | _moments(table, wanted) | given
    for element in elements:
        if element not in known:
            raise ExportError(f"no moment of {element} is known; give one, such as {element}=3.0 (μB)")
        if not (np.isfinite(known[element]) and known[element] > 0):
            raise ExportError(
                f"{element} carries a moment of {known[element]:g} μB and so no spin; leave it out, or give a moment"
            )
    return {element: float(known[element]) for element in elements}


def _moments(table: pd.DataFrame, elements: Collection[str]) -> dict[str, float]:
    """Moment (μB) of each of the elements that has one; raises ``DataError`` naming two rows that differ."""
    found: dict[str, tuple[float, int]] = {}
    for end in "ij":
        if f"moment_{end}_mub" in table:
            cells = table_of_frame(table.reset_index(drop=True), _source(table))
            values = cells.numbers(f"moment_{end}_mub", blank=True)[:, 0]
            for n, (element, value) in enumerate(zip(cells.elements(f"element_{end}"), values, strict=True)):
                if element in elements and not np.isnan(value):
                    first, row = found.setdefault(element, (value, n))
                    if abs(first - value) > SAME_MOMENT:
                        raise DataError(
                            f"{cells.where(n)} gives {element} a moment of {value:g} μB, row {row + 1} one of "
                            f"{first:g}; correct one, or say which counts with --moment {element}=…"
                        )
    return {element: value for element, (value, _) in found.items()}


def outside_training(table: pd.DataFrame, elements: Iterable[str]) -> dict[str, int]:
    """Rows of the elements that a model answered outside its training, by its own words; empty where none says so."""
    if "domain" not in table:
        return {}
    names = list(elements)
    rows = table[table["element_i"].isin(names) & table["element_j"].isin(names) & (table["domain"] != "inside")]
    return {str(words): int(count) for words, count in rows["domain"].value_counts().items()}
