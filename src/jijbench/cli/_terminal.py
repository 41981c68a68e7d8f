"""What the command does to its process first: whatever it prints can be read, at once, and nothing of it is obeyed."""

import codecs
import os
import sys
import warnings
from pathlib import Path
from typing import Any, TextIO

import click

from jijbench.errors import CacheWarning

#: letters of our tables that other encodings lack, and what is read the same
ASCII = {"−": "-", "–": "-", "…": "...", "→": "->", "≤": "<=", "≥": ">=", "×": "x", "’": "'", "₀": "0", "²": "^2"}
NEAREST = "jijbench-nearest"


class Shown:
    """A text stream that shows control characters instead of passing them to the terminal."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    @property
    def obeyed(self) -> TextIO:
        """The terminal itself, for who writes its own control characters and none of others."""
        return self._stream

    def write(self, text: str) -> int:
        from jijbench.text import visible

        self._stream.write(visible(text))
        return len(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def prepare() -> None:
    """Set up stdout, stderr, our own warnings, and a home for a user without one."""
    codecs.register_error(NEAREST, _nearest)
    sys.stdout, sys.stderr = map(_shown, (sys.stdout, sys.stderr))
    warnings.showwarning = _one_line(warnings.showwarning)
    try:
        Path.home()
    except RuntimeError:  # ase cannot be imported without
        os.environ["HOME"] = os.devnull


def _shown(stream: Any) -> Any:
    """A stream that prints as it goes and lacks no letter."""
    if stream is None or isinstance(stream, Shown):
        return stream
    if hasattr(stream, "reconfigure"):
        name = codecs.lookup(stream.encoding).name
        # what click would do with ASCII, but in a stream of its own
        stream.reconfigure(encoding="utf-8" if name == "ascii" else name, errors=NEAREST, line_buffering=True)
    return Shown(stream)


def _nearest(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    letters = error.object[error.start : error.end]
    return "".join(ASCII.get(x, x.encode("ascii", "backslashreplace").decode()) for x in letters), error.end


def _one_line(before: Any) -> Any:
    def show(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
        if issubclass(category, CacheWarning):
            click.echo(f"warning: {message}", err=True)
        else:
            before(message, category, *where, **more)

    return show
