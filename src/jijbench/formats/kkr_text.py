"""Text files of the JuKKR codes, line by line: numbers as Fortran writes them, nothing cut or shifted."""

import re
from decimal import Decimal
from pathlib import Path
from typing import NoReturn

import numpy as np

from jijbench.errors import ExportError

NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:[EeDd]([+-]?\d{1,3})|([+-]\d{3}))?")
#: a column of 20 in an edit descriptor such as D20.12; the exponent always has two digits or three
COLUMN = re.compile(r" *[+-]?\d?\.(\d{6,})(?:[EeDd][+-]\d{2,3}|[+-]\d{3})")
EXPONENT = re.compile(r".*(?:[EeDd][+-]\d{2,3}|[+-]\d{3})")
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def _fortran(word: str) -> str | None:
    """A number in the spelling of Python: D for E, and the letter that Fortran leaves out before three digits."""
    found = NUMBER.fullmatch(word)
    return None if found is None else f"{found[1]}e{found[2] or found[3] or 0}"


def as_number(word: str) -> float:
    """The value of a word; NaN where it is no number."""
    return float(_fortran(word.strip()) or "nan")


def decimals(word: str) -> int:
    """Digits behind the point of a number as it is printed: 1.50D-02 has four."""
    exponent = Decimal(_fortran(word) or "0").as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


class Lines:
    """Lines of a text file with their number, so that errors can name both.

    A byte order mark and the line ends of Windows are taken away. Raises ``ExportError`` for what is no text.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.at = Path(path), 0
        if self.path.exists() and not self.path.is_file():
            raise ExportError(f"{path} is a folder or a device; give a file")
        try:
            text = self.path.read_bytes().removeprefix(b"\xef\xbb\xbf").decode("ascii").replace("\r\n", "\n")
        except OSError as error:
            raise ExportError(f"{path}: {error.strerror}; check the path") from error
        except UnicodeDecodeError as error:
            raise ExportError(
                f"{path}: byte {error.start + 1} is no plain text; give the file the code wrote"
            ) from error
        self.lines = text.split("\n")
        for number, line in enumerate(self.lines, start=1):
            if bad := CONTROL.search(line):
                raise ExportError(f"{path}, line {number}: {bad[0]!r} is no plain text; give the file the code wrote")
        while self.lines and not self.lines[-1].strip():
            self.lines.pop()

    @property
    def text(self) -> str:
        return "\n".join(self.lines) + "\n"

    @property
    def left(self) -> int:
        """Number of lines that were not yet read."""
        return len(self.lines) - self.at

    def fail(self, what: str, field: str) -> NoReturn:
        raise ExportError(f"{self.path}, line {self.at}: {field}: {what}")

    def next(self, field: str) -> str:
        if not self.left:
            self.fail("the file ends here; it is truncated", field)
        self.at += 1
        return self.lines[self.at - 1]

    def number(self, word: str, field: str) -> float:
        value = as_number(word)
        if np.isnan(value):
            self.fail(f"{word.strip()!r} is no number", field)
        if not np.isfinite(value):
            self.fail(f"{word.strip()} is not finite", field)
        return value

    def words(self, n: int, fields: str) -> list[str]:
        """The first ``n`` words of the next line; what follows may be a comment, not a number."""
        words = self.next(fields).split()
        if len(words) < n or any(NUMBER.fullmatch(word) for word in words[n:]):
            self.fail(f"{len(words)} numbers, expected {n}", fields)
        return words[:n]

    def numbers(self, *digits: int, fields: str) -> list[float]:
        """The numbers of the next line, each with as many decimals as asked for or more: fewer, and it was cut."""
        words = self.words(len(digits), fields)
        values = [self.number(word, fields) for word in words]
        for word, least in zip(words, digits, strict=True):
            if decimals(word) < least:
                self.fail(f"{word} has fewer than {least} decimals; the line was cut", fields)
        return values

    def powers(self, n: int, fields: str) -> list[float]:
        """The numbers of the next line, which have to show their exponent."""
        words = self.words(n, fields)
        for word in words:
            if self.number(word, fields) and not EXPONENT.fullmatch(word):
                self.fail(f"{word} lacks an exponent of two digits; the line was cut", fields)
        return [self.number(word, fields) for word in words]

    def whole(self, n: int, fields: str) -> list[int]:
        words = self.words(n, fields)
        values = [self.number(word, fields) for word in words]
        if any(not word.isdigit() for word in words):
            self.fail(f"{' '.join(words)}: not whole numbers from 0 on", fields)
        return [int(value) for value in values]

    def columns(self, n: int, field: str) -> np.ndarray:
        """(n,) values in columns of 20, four a line, all in one format."""
        found: list[float] = []
        digits: set[int] = set()
        while len(found) < n:
            line, wanted = self.next(field).rstrip(), min(4, n - len(found))
            if len(line) != 20 * wanted:
                self.fail(f"{len(line)} characters, expected {wanted} columns of 20", field)
            for k in range(0, len(line), 20):
                word = COLUMN.fullmatch(line[k : k + 20])
                if word is None:
                    self.fail(
                        f"{line[k : k + 20]!r} is no number with an exponent; the column was cut or shifted", field
                    )
                found.append(self.number(word[0], field))
                digits.add(len(word[1]))
            if len(digits) > 1:
                self.fail(f"columns of {sorted(digits)} decimals; one was cut or shifted", field)
        return np.array(found)
