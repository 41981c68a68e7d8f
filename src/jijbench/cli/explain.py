"""``jijbench explain``."""

import re
from typing import TYPE_CHECKING

import click

from jijbench.cli._tables import echo_lines
from jijbench.context import home

if TYPE_CHECKING:
    from jijbench.glossary import Entry


@click.command()
@click.argument("words", metavar="[WORD]...", nargs=-1)
def command(words: tuple[str, ...]) -> None:
    """What WORD means in tables and commands, as in `jijbench explain floor`; all words without one.

    Row, cell, orbit, twin, floor, hyper, skill, rank and others that tables and messages use.
    """
    from jijbench.glossary import entries, explain

    echo_lines((_plain(entry), 2) for entry in [explain(word) for word in words] or entries())


def _plain(entry: "Entry") -> str:
    """An entry without Markdown; a page is named by where it lies."""
    also = f" ({', '.join(entry.also)})" if entry.also else ""
    meaning = re.sub(r"\[[^]]*\]\(([^)]*)\)", lambda link: str(home("docs") / link[1]), entry.meaning)
    meaning = re.sub(r"\*+([^*`\s][^*]*)\*+", r"\1", meaning)
    return f"{entry.word}{also}: {meaning}"
