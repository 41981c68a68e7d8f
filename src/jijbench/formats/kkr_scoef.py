"""``scoef``: the sites of an impurity's cluster as the impurity code lists them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

from jijbench.errors import ExportError
from jijbench.formats.kkr_text import Lines, as_number, decimals

#: units of alat: positions this near are one, however many digits a file prints
SAME_SITE = 1e-10
MOST_SITES = 100_000
COLUMNS = "x y z site, and perhaps Z, distance, centre"


@dataclass(frozen=True, eq=False)
class Site:
    """One atom of the cluster as ``scoef`` lists it; lengths in units of alat.

    ``z``: None where the file has no such column, 0 in files of tools that do not fill it (no code reads it).
    ``error``: what the digits of its file leave open of a coordinate.
    """

    x: tuple[float, float, float]
    host_site: int  # from 1
    z: float | None = None
    error: float = SAME_SITE

    @property
    def distance(self) -> float:
        """From the impurity."""
        return float(np.linalg.norm(self.x))


def printed_error(words: Sequence[str]) -> float:
    """One unit of the last digit that a file prints of its coordinates: of the longest, so that a cut one shows."""
    return max(SAME_SITE, 10.0 ** -max(map(decimals, words)))


def read_scoef(path: Path) -> list[Site]:
    """Atoms of a cluster, the impurity first: 4 to 7 columns, of which the code reads x y z site.

    Raises ``ExportError`` naming file and line where the count, a site given twice, or a distance is wrong.
    """
    lines = Lines(path)
    (n,) = lines.whole(1, "number of atoms")
    if lines.left != n or not n:
        lines.fail(f"{n} atoms, {lines.left} lines of atoms follow", "number of atoms")
    rows = [_words(lines) for _ in range(n)]
    if len({len(row) for row in rows}) > 1:
        raise ExportError(f"{path}: lines of {sorted({len(row) for row in rows})} columns; one was cut")
    error = printed_error([word for row in rows for word in row[:3]])
    x = np.array([[as_number(word) for word in row[:3]] for row in rows])
    if np.abs(x[0]).max() > error:
        raise ExportError(f"{path}, line 2: {' '.join(rows[0][:3])}: the first atom is the impurity, at 0 0 0")
    for first, second in sorted(cKDTree(x).query_pairs(2 * error)):
        raise ExportError(f"{path}, lines {first + 2} and {second + 2}: one site given twice: {' '.join(rows[first])}")
    _check_distances(path, rows, x, error)
    z = [None if len(row) < 5 else as_number(row[4]) for row in rows]
    places = enumerate(zip(x.tolist(), rows, strict=True))
    return [Site((a, b, c), int(row[3]), z[k], error) for k, ((a, b, c), row) in places]


def _words(lines: Lines) -> list[str]:
    """4 to 7 words of a line; raises ``ExportError`` unless all are numbers, site and centre counted from 1."""
    words = lines.next(COLUMNS).split()
    if not 4 <= len(words) <= 7:
        lines.fail(f"{len(words)} columns, expected {COLUMNS}", "atom")
    values = [lines.number(word, COLUMNS) for word in words]
    for name, k in (("site", 3), ("centre", 6)):
        if k < len(words) and not (words[k].isdigit() and 0 < values[k] < MOST_SITES):
            lines.fail(f"{words[k]} does not count from 1", name)
    if len(words) > 4 and not (0 <= values[4] < 120 and values[4] == int(values[4])):
        lines.fail(f"{words[4]} is no atomic number", "Z")
    return words


def _check_distances(path: Path, rows: Sequence[Sequence[str]], x: np.ndarray, error: float) -> None:
    """Raises ``ExportError`` where the sixth column is not the distance from the centre that the seventh names."""
    if len(rows[0]) < 6:
        return
    found = [row[5] for row in rows]
    allowed = 2 * error + printed_error(found)
    for k, (row, place) in enumerate(zip(rows, x, strict=True)):
        centre = int(row[6]) if len(row) > 6 else 1
        if centre > len(rows):
            raise ExportError(f"{path}, line {k + 2}: centre {centre} of {len(rows)} atoms")
        length = float(np.linalg.norm(place - x[centre - 1]))
        if abs(as_number(row[5]) - length) > allowed:
            raise ExportError(f"{path}, line {k + 2}: distance {row[5]}, but x y z are {length:.9f} away; correct one")
