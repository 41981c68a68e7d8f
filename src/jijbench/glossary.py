"""Words of the suite, read from ``docs/glossary.md``, which is their one source."""

import re
from dataclasses import dataclass

from jijbench.context import home
from jijbench.errors import UnknownName

_ENTRY = re.compile(r"\*\*(?P<word>[^*]+)\*\*(?: \((?P<also>[^)]+)\))?: (?P<meaning>.+)", re.DOTALL)


@dataclass(frozen=True)
class Entry:
    """A word, others that mean the same or belong to it, and what it means, in Markdown."""

    word: str
    also: tuple[str, ...]
    meaning: str


def entries() -> list[Entry]:
    """Every entry of the page, in its order."""
    page = (home("docs") / "glossary.md").read_text(encoding="utf-8")
    found = [_ENTRY.fullmatch(paragraph.strip()) for paragraph in page.split("\n\n")]
    return [
        Entry(entry["word"], tuple((entry["also"] or "").split(", ")) if entry["also"] else (), _joined(entry))
        for entry in found
        if entry is not None
    ]


def _joined(entry: re.Match[str]) -> str:
    return " ".join(entry["meaning"].split())


def explain(word: str) -> Entry:
    """The entry of a word, whatever its capitals and an ending -s; raises ``UnknownName`` with the nearest."""
    known = {name.lower(): entry for entry in entries() for name in (entry.word, *entry.also)}
    for name in (word.lower(), word.lower().removesuffix("s")):
        if name in known:
            return known[name]
    raise UnknownName("word", word, known)
