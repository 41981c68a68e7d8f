"""Tables that users hand in: read in one way by every command, and checked in one place.

A ``Table`` names file, row (the first data row is 1), column and what stands there in every error.
"""

import datetime
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from jijbench.data.dialect import COMMA, decimal_sign, read_text, rows_of, spelt
from jijbench.elements import SYMBOLS, symbol
from jijbench.errors import DataError
from jijbench.text import printable, quoted

NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eEdD][+-]?[0-9]+)?")
LARGEST_WHOLE = 2**31 - 1


@dataclass(frozen=True, eq=False)
class Table:
    """Columns of cells by name; a cell of a text file is a text, one of a frame anything.

    ``source`` is what errors call the table, ``decimal`` its decimal sign, ``rows`` the numbers of its rows.
    """

    source: str
    columns: Mapping[str, Sequence[Any]]
    rows: Sequence[int]
    decimal: str = "."

    def __len__(self) -> int:
        return len(self.rows)

    def __contains__(self, name: str) -> bool:
        return spelt(name) in self.columns

    def need(self, *names: str) -> None:
        """Raises ``DataError`` where a column is missing or there is no row."""
        missing = [name for name in names if name not in self]
        if missing:
            raise DataError(
                f"{self.source} lacks the columns {missing}; it has {list(self.columns)}; name them so, "
                "in one line above the rows"
            )
        if not len(self):
            raise DataError(f"{self.source} has no rows; nothing to read")

    def cells(self, name: str) -> Sequence[Any]:
        """Cells of a column; raises ``DataError`` where there is none."""
        self.need(name)
        return self.columns[spelt(name)]

    def text(self, name: str) -> list[str]:
        """Cells as text, '' for a hole; a whole number of a frame without decimals."""
        return [spelt(_as_text(cell)) for cell in self.cells(name)]

    def numbers(self, *names: str, whole: bool = False, blank: bool = False) -> np.ndarray:
        """(n, k) numbers of k columns; NaN for a hole where ``blank`` allows it.

        Raises ``DataError`` naming row, column and text for anything that is no finite number, ``whole`` also for one
        with decimals or beyond 32 bits.
        """
        found = np.empty((len(self), len(names)))
        for k, name in enumerate(names):
            for n, cell in enumerate(self.cells(name)):
                if blank and _as_text(cell) == "":
                    found[n, k] = np.nan
                    continue
                try:
                    found[n, k] = number(cell, self.decimal, whole)
                except ValueError as error:
                    raise DataError(f"{self.where(n)}: {name} is {_shown(cell)}, {error}") from None
        return found

    def elements(self, name: str, names: Mapping[str, str] | None = None) -> list[str]:
        """Chemical symbols of a column of symbols, atomic numbers, or labels that ``names`` explains.

        Raises ``DataError`` naming row, column and text.
        """
        names = {spelt(label): element for label, element in (names or {}).items()}
        found = [as_symbol(names.get(text, text)) for text in self.text(name)]
        for n, element in enumerate(found):
            if element not in SYMBOLS:
                raise DataError(
                    f"{self.where(n)}: {name} is {_shown(element)}, no chemical element; give a symbol such as Fe, or Z"
                )
        return found

    @cached_property
    def content(self) -> list[str]:
        """What stands in each row, for an error."""
        names = list(self.columns)
        lines = zip(*(self.columns[name] for name in names), strict=True)
        return [", ".join(f"{name}={_as_text(c)}" for name, c in zip(names, line, strict=True)) for line in lines]

    def where(self, n: int) -> str:
        """File, number and content of the n-th row."""
        text = printable(self.content[n])
        return f"{self.source}: row {self.rows[n]} ({text if len(text) < 300 else text[:300] + ' …'})"

    def refuse(self, bad: Iterable, what: str | Sequence[str]) -> None:
        """Raise ``DataError`` for the first bad row; ``what`` is wrong with all, or with each."""
        found = np.flatnonzero(np.fromiter(bad, dtype=bool))
        if len(found):
            reason = what if isinstance(what, str) else what[found[0]]
            more = f" ({len(found)} such rows)" if len(found) > 1 else ""
            raise DataError(f"{self.where(found[0])} {reason}{more}")


def read_table_of_user(path: Path, header: bool = True, skip: int = 0) -> Table:
    """The table of a text file, from line ``skip`` + 1 on; without a ``header`` columns are called 1, 2, ….

    Raises ``DataError`` for what is no table, a column name that stands twice, or rows of another length.
    """
    lines = rows_of(read_text(path), str(path), skip, header)
    names = lines[0].fields if header else [str(k) for k in range(1, len(lines[0].fields) + 1)]
    body = [line.fields for line in lines[header:]]
    _check_names(names, str(path))
    columns = {name: [fields[k] for fields in body] for k, name in enumerate(names) if name or any(r[k] for r in body)}
    return Table(str(path), columns, range(1, len(body) + 1), decimal_sign(body))


def table_of_frame(frame: pd.DataFrame, source: str) -> Table:
    """The same of a data frame, its index (from 0) numbering the rows."""
    names = [spelt(str(name)) for name in frame.columns]
    _check_names(names, source)
    cells = [frame.iloc[:, k].astype(object).tolist() for k in range(len(names))]
    return Table(source, dict(zip(names, cells, strict=True)), [int(k) + 1 for k in frame.index])


def _check_names(names: Sequence[str], source: str) -> None:
    for k, name in enumerate(names):
        if name and name in names[:k]:
            places = f"columns {names.index(name) + 1} and {k + 1}"
            raise DataError(f"{source}: the column {printable(name)} stands twice, as {places}; keep one")


def number(cell: Any, decimal: str = ".", whole: bool = False) -> float:
    """The finite number that a cell holds, with E or D exponent; raises ``ValueError`` saying why it is none."""
    if isinstance(cell, bool | np.bool_ | datetime.date | datetime.timedelta | np.datetime64 | np.timedelta64):
        raise ValueError("no number")
    text = _as_text(cell).replace("\N{MINUS SIGN}", "-")
    if decimal == "," and COMMA.fullmatch(text):
        text = text.replace(",", ".")
    elif COMMA.fullmatch(text):
        raise ValueError("a decimal comma where others are points, or a thousand; write all with points")
    if not NUMBER.fullmatch(text):
        raise ValueError("no finite number; give one such as 8.7" if text else "empty; give a number")
    value = float(text.lower().replace("d", "e"))
    if np.isinf(value) or (value == 0 and re.search("[1-9]", re.split("[eEdD]", text)[0])):
        raise ValueError("beyond the range of numbers; correct it")
    if whole and (value != np.floor(value) or abs(value) > LARGEST_WHOLE):
        raise ValueError("no whole number, or too large")
    return value


def _as_text(cell: Any) -> str:
    if cell is None or cell is pd.NaT or cell is pd.NA or (isinstance(cell, float) and np.isnan(cell)):
        return ""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e9 else str(cell).strip()


def _shown(cell: Any) -> str:
    return quoted(cell if isinstance(cell, str) else _as_text(cell))


def as_symbol(text: str) -> str:
    """Symbol of an atomic number (26, or 26.0 from a column with holes); anything else as it stands."""
    whole = re.fullmatch(r"([0-9]{1,3})([.,]0*)?", text)
    return symbol(int(whole[1])) if whole and 1 <= int(whole[1]) <= len(SYMBOLS) else text
