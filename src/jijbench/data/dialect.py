"""The text of a user's table: encoding, separator and decimal sign are found, never assumed.

Spreadsheets and codes write one and the same table with commas, semicolons, tabulators or blanks, decimal commas,
UTF-8, UTF-16 or Latin-1. What cannot be told is refused, with what to do.
"""

import csv
import re
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from jijbench import limits
from jijbench.errors import DataError
from jijbench.reading import read_bytes
from jijbench.text import quoted

BOMS = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe\0\0": "utf-32", b"\0\0\xfe\xff": "utf-32", b"\xff\xfe": "utf-16",
        b"\xfe\xff": "utf-16"}  # fmt: skip
SEPARATORS = {"\t": "tabulators", ";": "semicolons", ",": "commas", " ": "blanks"}
COMMA = re.compile(r"[+-]?[0-9]*,[0-9]+([eEdD][+-]?[0-9]+)?")
POINT = re.compile(r"[+-]?([0-9]+\.[0-9]*|\.[0-9]+)([eEdD][+-]?[0-9]+)?")
DECLARED = re.compile(r'"?sep=([,;\t ])"?')  # what a spreadsheet may write above a table
THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2},[0-9]{3}")  # 1,234: a decimal comma, or a thousand


class Line(NamedTuple):
    """One row of a file: the number of its line, and its fields."""

    number: int
    fields: list[str]


def spelt(name: str) -> str:
    """One spelling of a name: composed letters, one micro sign (µm typed on a Mac and on a PC are the same name)."""
    return unicodedata.normalize("NFC", name).replace("\N{MICRO SIGN}", "\N{GREEK SMALL LETTER MU}").strip()


def read_text(path: Path) -> str:
    """The text of a file in UTF-8, UTF-16, UTF-32 or Windows-1252/Latin-1; raises ``DataError``."""
    data = read_bytes(path, limits.TABLE_BYTES)
    text = _decoded(path, data)
    odd = re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]", text)
    if odd:
        line = text[: odd.start()].count("\n") + 1
        raise DataError(f"{path} is no text: line {line} holds the control character {odd[0]!r}; save it as csv")
    return text


def _decoded(path: Path, data: bytes) -> str:
    marked = next((name for mark, name in BOMS.items() if data.startswith(mark)), None)
    if marked is None and data[:4096].count(0) > len(data[:4096]) / 4:  # UTF-16 of ASCII has every second byte zero
        marked = "utf-16-be" if data[0] == 0 else "utf-16-le"
    try:
        return data.decode(marked or "utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        if marked is not None:
            raise DataError(f"{path} begins like {marked} and is none ({error.reason}); save it as UTF-8") from error
    return data.decode("cp1252" if not set(data) & {0x81, 0x8D, 0x8F, 0x90, 0x9D} else "latin-1")


def rows_of(text: str, source: str, skip: int = 0, header: bool = True) -> list[Line]:
    """Fields of every row that is neither empty, a ``#`` comment, nor one of the first ``skip`` lines.

    A line ``sep=;`` declares the separator, else the first row, usually the header, decides on it. Raises
    ``DataError`` naming a row (and line) that has not as many fields as the first.
    """
    lines = [(number, line) for number, line in enumerate(re.split(r"\r\n|\r|\n", text), start=1) if line.strip()]
    lines = [(number, line) for number, line in lines if number > skip and not line.lstrip().startswith("#")]
    told = DECLARED.fullmatch(lines[0][1].strip()) if lines else None
    lines = lines[1:] if told else lines
    if not lines:
        raise DataError(f"{source} has no rows; nothing to read")
    separator = told[1] if told else _separator(lines[0][1])
    rows = [Line(number, _split(line, separator, f"{source}: line {number}")) for number, line in lines]
    for k, row in enumerate(rows[1:], start=1):
        if len(row.fields) != len(rows[0].fields):
            raise DataError(
                f"{source}: row {k + (not header)} (line {row.number}) has {len(row.fields)} fields, the "
                f"{'header' if header else 'first row'} {len(rows[0].fields)}, separated by {SEPARATORS[separator]}; "
                + _hint(lines[k][1], separator, len(row.fields) > len(rows[0].fields))
            )
    return rows


def _hint(line: str, separator: str, more: bool) -> str:
    if separator == "," and more and re.search(r"[0-9],[0-9]", line):
        return "a decimal comma needs another separator (;), or write a point"
    return "give every row the same fields, a field that holds the separator in quotes"


def _separator(first: str) -> str:
    """The first of tabulator, semicolon, comma and blank that parts the line, another not left at its fields' ends."""
    bare = re.sub(r'"[^"]*"', '""', first).strip(" ")
    for separator in SEPARATORS:
        fields = [field.strip() for field in bare.split(separator)]
        others = tuple(other for other in ";," if other != separator)
        if separator == "," and all(COMMA.fullmatch(word) for word in bare.split() if "," in word):
            continue  # a row of numbers such as 1,5 2,5
        if len(fields) > 1 and not any(field.endswith(others) for field in fields[:-1]):
            return separator
    return ","


def _split(line: str, separator: str, where: str) -> list[str]:
    """Fields of one line; a quote that is not closed in it would swallow the rows that follow."""
    line = line.strip().replace("\t", " ") if separator == " " else line
    try:
        ((*fields,),) = csv.reader([line], delimiter=separator, skipinitialspace=True, strict=True)
    except (csv.Error, ValueError) as error:
        raise DataError(
            f"{where}: {str(error).replace('unexpected end of data', 'a quote is opened and not closed')} "
            f"({quoted(line.strip())}); close the quote, a field has one line"
        ) from error
    return [spelt(field) for field in fields]


def decimal_sign(rows: Iterable[Sequence[str]]) -> str:
    """``.`` or ``,``: the comma where numbers are written with it and none with a point.

    Where all that is found could as well be thousands (1,234), it is the point, and such a number is refused.
    """
    cells = {cell for row in rows for cell in row}
    commas = {cell for cell in cells if COMMA.fullmatch(cell)}
    points = any(POINT.fullmatch(cell) for cell in cells)
    return "," if not points and any(not THOUSANDS.fullmatch(cell) for cell in commas) else "."
