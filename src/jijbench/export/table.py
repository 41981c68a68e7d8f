"""Exchange tables: what a bundle predicts, what a dataset lists, or a file of one's own."""

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from jijbench.data.dataset import Dataset, dataset_ids, load_dataset
from jijbench.data.elements import atomic_number
from jijbench.errors import DataError, ExportError, UnknownElement
from jijbench.export.neighbours import DATASET, Neighbours

DMI = ("dmi_x_mev", "dmi_y_mev", "dmi_z_mev")
NEEDED = ("element_i", "element_j", "shell", "jij_mev")
#: other names under which columns are met
ALIASES = {"distance_angstrom": "distance_ang", "dz_dmi_mev": "dmi_z_mev", "mean": "jij_mev"}
#: Å; a table made for the same host gives the same distances but for rounding
SAME_DISTANCE = 0.02


def read_exchange(source: str | Path) -> pd.DataFrame:
    """The exchange table of a csv file, of a dataset given by id, or of the main dataset (``dataset``).

    Raises ``DataError`` for a file that cannot be read.
    """
    name = DATASET if str(source) == "dataset" else str(source)
    if name in dataset_ids():
        return dataset_table(load_dataset(name))
    path = Path(source)
    if not path.is_file():
        raise DataError(f"no exchange table {str(source)!r}; give a csv file or one of {', '.join(dataset_ids())}")
    try:
        return pd.read_csv(path, comment="#")
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: no csv table ({error}); write one with the columns {', '.join(NEEDED)}") from error


def dataset_table(dataset: Dataset) -> pd.DataFrame:
    """The reference J of a dataset as an exchange table."""
    if "jij" not in dataset.card.targets:
        raise DataError(f"{dataset.id} holds no exchange interactions; take {DATASET}")
    return dataset.table.assign(jij_mev=dataset.truth("jij"))


def exchange_table(table: pd.DataFrame, host: Neighbours, shells: Collection[int] | None = None) -> pd.DataFrame:
    """The table with the columns element_i, element_j, shell, triplet, jij_mev and D (zero where it has none).

    Only rows of ``shells`` where they are given. Without a column ``triplet`` the letter of ``geometry`` (s06a) is
    taken; a row without a triplet stands for all neighbours of its shell. Raises ``DataError`` naming row and column.
    """
    old = {old: new for old, new in ALIASES.items() if old in table and new not in table}
    table = table.rename(columns=old).reset_index(drop=True)
    lacking = [name for name in NEEDED if name not in table]
    if lacking:
        raise DataError(f"the exchange table lacks the columns {lacking}; it has {list(table.columns)}")
    if shells is not None:
        table = table[pd.to_numeric(table["shell"], errors="coerce").isin(list(shells))]
    for name in (*NEEDED[2:], *(name for name in DMI if name in table)):
        _check_numbers(table, name)
    table = table.assign(triplet=_triplets(table, host), **{name: 0.0 for name in DMI if name not in table})
    table["shell"] = table["shell"].astype(int)
    for element in {*table["element_i"], *table["element_j"]}:
        atomic_number(element)
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


def _check_numbers(table: pd.DataFrame, name: str) -> None:
    values = pd.to_numeric(table[name], errors="coerce").to_numpy(dtype=float)
    whole = name != "shell" or np.all(values[np.isfinite(values)] % 1 == 0)
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad) or not whole:
        row = int(bad[0]) if len(bad) else int(np.flatnonzero(values % 1)[0])
        raise DataError(
            f"exchange table, row {table.index[row] + 1}: {name} is {table[name].iloc[row]}; give a number"
            + (", or leave rows of other pairs out with `--shells`" if name == "shell" else "")
        )


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

    Raises ``ExportError`` for an element without a moment: codes of spin dynamics need one.
    """
    known = _moments(dataset_table(load_dataset(DATASET))) | _moments(table) | dict(given or {})
    for element in elements:
        if element not in known:
            raise ExportError(f"no moment of {element} is known; give one, such as {element}=3.0 (μB)")
        if not (np.isfinite(known[element]) and known[element] > 0):
            raise ExportError(
                f"{element} carries a moment of {known[element]:g} μB and so no spin; leave it out, or give a moment"
            )
    return {element: float(known[element]) for element in elements}


def _moments(table: pd.DataFrame) -> dict[str, float]:
    found: dict[str, float] = {}
    for end in "ij":
        if f"moment_{end}_mub" in table:
            part = table[table[f"moment_{end}_mub"].notna()]
            found |= dict(zip(part[f"element_{end}"], part[f"moment_{end}_mub"], strict=True))
    return found


def outside_training(table: pd.DataFrame, elements: Iterable[str]) -> dict[str, int]:
    """Rows of the elements that a model answered outside its training, by its own words; empty where none says so."""
    if "domain" not in table:
        return {}
    names = list(elements)
    rows = table[table["element_i"].isin(names) & table["element_j"].isin(names) & (table["domain"] != "inside")]
    return {str(words): int(count) for words, count in rows["domain"].value_counts().items()}
