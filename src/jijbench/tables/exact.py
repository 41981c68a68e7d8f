"""Two leaderboards cell by cell: not whether they differ by more than chance, but whether they differ at all."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from jijbench.errors import DataError

#: columns that earlier versions called otherwise
RENAMED = {"adapter": "row", "model": "adapter"}
LINE = ["task", "row"]


@dataclass(frozen=True)
class Difference:
    """A cell of two tables that is not the same in both; ``a`` or ``b`` is None where a table lacks it."""

    task: str
    row: str
    column: str
    a: str | None
    b: str | None


def read_table(where: Path) -> pd.DataFrame:
    """A leaderboard as text, from its CSV or the folder that holds it; raises ``DataError``.

    Names of columns are today's, whichever version wrote the table.
    """
    path = where / "leaderboard.csv" if where.is_dir() else where
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise DataError(f"{path} is no leaderboard: {error}; `jijbench leaderboard --format csv` writes one") from error
    if "row" not in table:
        table = table.rename(columns=RENAMED)
    if not set(LINE) <= set(table) or table.duplicated(LINE).any():
        raise DataError(f"{path} is no leaderboard: it needs the columns task and row, and each pair of them once")
    return table.set_index(LINE)


def differences(a: pd.DataFrame, b: pd.DataFrame, digits: int = 6) -> list[Difference]:
    """Every cell in which two tables differ; numbers are compared by their first ``digits`` significant digits."""
    found = []
    columns = [*a.columns, *(name for name in b.columns if name not in a.columns)]
    for task, row in [*a.index, *b.index.difference(a.index)]:
        x, y = (table.loc[(task, row)] if (task, row) in table.index else None for table in (a, b))
        if x is None or y is None:
            found.append(Difference(task, row, "row", None if x is None else row, None if y is None else row))
            continue
        for column in columns:
            one, other = x.get(column), y.get(column)
            if one is None or other is None or _rounded(one, digits) != _rounded(other, digits):
                found.append(Difference(task, row, column, one, other))
    return found


def _rounded(text: str, digits: int) -> str:
    try:
        return f"{float(text):.{digits}g}"
    except ValueError:
        return text
