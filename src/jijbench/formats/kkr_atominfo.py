"""``kkrflex_atominfo``: the atoms of an impurity run as the impurity code reads them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from jijbench.errors import ExportError
from jijbench.formats.kkr_scoef import Site, printed_error
from jijbench.formats.kkr_text import Lines, as_number

ROW = "x y z Z virtual remove lmax"


@dataclass(frozen=True, eq=False)
class AtomInfo:
    """Atoms in the file's order: ``x`` (n, 3) in units of alat, known to ``error``, ``z`` (n,), one ``l_max``."""

    path: Path
    lines: tuple[str, ...]
    rows: tuple[int, ...]  # numbers of the atoms' lines, from 1
    x: np.ndarray
    error: float
    z: tuple[float, ...]
    l_max: int

    def with_z(self, z: float) -> str:
        """The file's text with another Z on its first atom, the impurity."""
        lines, row = list(self.lines), self.rows[0] - 1
        words = lines[row].split()
        start = 0
        for word in words[:3]:
            start = lines[row].index(word, start) + len(word)
        at = lines[row].index(words[3], start)
        lines[row] = f"{lines[row][:at]}{z:.2f}{lines[row][at + len(words[3]) :]}"
        return "\n".join(lines) + "\n"


def read_atominfo(path: Path) -> AtomInfo:
    """Read a ``kkrflex_atominfo``; raises ``ExportError`` naming file and line for all that is not n atoms in full.

    Atoms that are virtual or removed, and one l_max beside another, are refused: they are not the host's cluster.
    """
    lines = Lines(path)
    kept = [k for k, line in enumerate(lines.lines, start=1) if not line.lstrip().startswith("#")]
    if len(kept) < 2:
        raise ExportError(f"{path}: no NATOM NTOTATOM and atoms; give the file that the code wrote")
    lines.at = kept[0] - 1
    n, total = lines.whole(2, "NATOM NTOTATOM")
    if n != total or n != len(kept) - 1:
        lines.fail(f"{n} {total}, and {len(kept) - 1} lines of atoms follow; all three must agree", "NATOM NTOTATOM")
    rows = [_row(lines, number) for number in kept[1:]]
    levels = sorted({int(row[6]) for row in rows})
    if len(levels) > 1:
        raise ExportError(f"{path}: lmax is {levels}; one is meant for all atoms")
    x = np.array([[as_number(word) for word in row[:3]] for row in rows])
    z = tuple(as_number(row[3]) for row in rows)
    error = printed_error([word for row in rows for word in row[:3]])
    return AtomInfo(Path(path), tuple(lines.lines), tuple(kept[1:]), x, error, z, levels[0])


def _row(lines: Lines, number: int) -> list[str]:
    lines.at = number - 1
    words = lines.next(ROW).split()
    if len(words) != 7:
        lines.fail(f"{len(words)} columns, expected {ROW}", "atom")
    for word in words[:4]:
        lines.number(word, ROW)
    if words[4:6] != ["0", "0"]:
        lines.fail(f"{' '.join(words[4:6])}: a virtual or removed atom; give the file of the host's cluster", "atom")
    if words[6] not in ("1", "2", "3", "4", "5", "6", "7", "8"):
        lines.fail(f"{words[6]} is not 1 to 8", "lmax")
    return words


def atominfo_text(sites: Sequence[Site], z: Sequence[float], l_max: int) -> str:
    """Text of ``kkrflex_atominfo`` for the sites with these Z."""
    rows = [
        "".join(f"{x:25.16f}" for x in site.x) + f"{number:6.2f}    0    0{l_max:5d}"
        for site, number in zip(sites, z, strict=True)
    ]
    head = [
        "#NATOM   NTOTATOM",
        f"{len(sites):12d}{len(sites):12d}",
        "#x,y,z|Core Charge|Virtual Atom?|Remove Atom?|LMAX",
    ]
    return "\n".join([*head, *rows]) + "\n"
