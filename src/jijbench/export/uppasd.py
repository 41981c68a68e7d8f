"""UppASD, random-alloy mode: concentration by site and species, J by site, pair of species and cell offset.

The code itself draws the alloy (round(c · cells) atoms of a species at each site of the cell), so no realisation is
written. ``maptype 2``: offsets are whole cells, no rounding. The lists have neither header nor comments.
"""

from collections.abc import Iterator

import numpy as np

from jijbench.convention import code
from jijbench.export.lattice import Alloy, Lattice

TITLE = "UppASD (inpsd.dat, posfile, momfile, jfile, dmfile)"
SETTING = "hexagonal"
INPUT = """\
simid  jijbench
ncell  {repeats}
BC     P P P
cell   {vectors}
Sym    0
posfile  ./posfile
momfile  ./momfile
exchange ./jfile
{dm}posfiletype D
maptype 2
do_ralloy 1
mode M
temp 10
mcNstep 2000
tseed {seed}
"""


def files(alloy: Alloy) -> dict[str, str]:
    """Texts by file name; ``dmfile`` only where there is a Dzyaloshinskii–Moriya vector."""
    cell, dmi = alloy.basis @ alloy.couplings.neighbours.host.cell, alloy.couplings.has_dmi
    rows = [" ".join(f"{x:.12f}" for x in row) for row in cell / np.linalg.norm(cell[0])]  # in units of a
    settings = {"repeats": " ".join(map(str, alloy.repeats)), "vectors": ("\n" + " " * 7).join(rows)}
    lattice = Lattice(alloy.couplings.neighbours, alloy.basis)
    lists = {
        "inpsd.dat": INPUT.format(**settings, seed=alloy.seed, dm="dm       ./dmfile\n" if dmi else ""),
        "posfile": _positions(alloy, lattice),
        "momfile": _moments(alloy, lattice),
        "jfile": _list(alloy, lattice, alloy.couplings.j[..., None]),
    }
    return lists | ({"dmfile": _list(alloy, lattice, alloy.couplings.d)} if dmi else {})


def _species(alloy: Alloy, lattice: Lattice) -> Iterator[tuple[int, int, int]]:
    """Site and species, and their numbers from 1."""
    for site in range(len(lattice)):
        for k in range(len(alloy.couplings.elements)):
            yield site + 1, k + 1, site


def _positions(alloy: Alloy, lattice: Lattice) -> str:
    lines = []
    for number, chemical, site in _species(alloy, lattice):
        x, y, z = lattice.fractional[site]
        c = alloy.concentrations[chemical - 1]
        lines.append(f"{number} {number} {chemical} {c:.8f} {x:.9f} {y:.9f} {z:.9f}")
    return "\n".join(lines) + "\n"


def _moments(alloy: Alloy, lattice: Lattice) -> str:
    species = _species(alloy, lattice)
    return "".join(f"{number} {k} {alloy.moments[k - 1]:.6f} 0.0 0.0 1.0\n" for number, k, _ in species)


def _list(alloy: Alloy, lattice: Lattice, values: np.ndarray) -> str:
    """One line for each pair of species and each neighbour, from either end; ``values`` (k, k, m, 1 or 3) meV.

    Zero D vectors are left out.
    """
    factor, lines = code("uppasd").from_house, []
    i, j, pair, offset = _both(alloy, *lattice.pairs(np.arange(len(lattice)), alloy.couplings.used))
    chemicals = range(len(alloy.couplings.elements))
    for a, b, m, (x, y, z) in zip(i, j, pair, offset, strict=True):
        for first in chemicals:
            for second in chemicals:
                if values.shape[-1] == 3 and not values[first, second, m].any():
                    continue
                numbers = " ".join(f"{v:.12g}" for v in factor * values[first, second, m] + 0.0)
                lines.append(f"{a + 1} {b + 1} {first + 1} {second + 1} {x} {y} {z} {numbers}")
    return "\n".join(lines) + "\n"


def _both(alloy: Alloy, i: np.ndarray, j: np.ndarray, pair: np.ndarray, offset: np.ndarray) -> tuple[np.ndarray, ...]:
    reverse = alloy.couplings.neighbours.reverse[pair]
    ends = (np.concatenate(two) for two in ((i, j), (j, i), (pair, reverse), (offset, -offset)))
    i, j, pair, offset = ends
    order = np.lexsort((*offset.T, j, i))
    return i[order], j[order], pair[order], offset[order]
