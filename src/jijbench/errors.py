"""Every exception of the package.

A message says what was wrong, shows the value, and says what to do.
"""

import difflib
from collections.abc import Iterable

from jijbench.text import printable

#: names that a message lists
SHOWN = 40


class JijbenchError(Exception):
    """Base class: anything the command line reports without a traceback.

    What a message quotes of a file may hold any letter: those that are not printable are shown as escapes.
    """

    def __str__(self) -> str:
        return "\n".join(map(printable, super().__str__().split("\n")))


class DataError(JijbenchError):
    """A dataset, card, split or table is not what it claims to be; said in one line."""

    def __str__(self) -> str:
        return printable(Exception.__str__(self))


class UnknownName(JijbenchError, KeyError):
    """A dataset, task, row, adapter or benchmark that does not exist."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        known = sorted(known)
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(map(repr, near))}? " if near else ""
        more = f", and {len(known) - SHOWN} more" if len(known) > SHOWN else ""
        shown = name if len(name) <= 80 else f"{name[:79]}…"
        self.message = f"no {kind} named {shown!r}; {hint}known: {', '.join(known[:SHOWN]) or 'none'}{more}"
        super().__init__(self.message)
        self._made_of = (kind, name, known)

    def __str__(self) -> str:
        return printable(self.message)

    def __reduce__(self) -> tuple:
        return UnknownName, self._made_of


class UnknownElement(JijbenchError, ValueError):
    """An element outside the table that a model or descriptor works with."""


class NotPortable(JijbenchError):
    """The adapter cannot be saved without pickle."""


class MissingExtra(JijbenchError):
    """A model family whose packages are not installed."""


class ExportError(JijbenchError):
    """What was asked for cannot be written for another code."""


class RecordError(JijbenchError):
    """A run record that breaks the schema or disagrees with its files."""


class CacheWarning(UserWarning):
    """The cache of descriptors cannot be used; the work goes on without."""


class IncompleteTable(JijbenchError):
    """A leaderboard was asked for and cells are missing."""
