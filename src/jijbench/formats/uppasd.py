"""UppASD, random-alloy mode: concentration by site and species, J by site, pair of species and cell offset.

The code itself draws the alloy (round(c · cells) atoms of a species at each site of the cell), so no realisation is
written. ``maptype 2``: offsets are whole cells, no rounding. The lists have neither header nor comments.
"""

import numpy as np

from jijbench.convention import code
from jijbench.formats.spins import Mixture, RandomAlloy

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


def files(alloy: RandomAlloy) -> dict[str, str]:
    """Texts by file name; ``dmfile`` only where there is a Dzyaloshinskii–Moriya vector."""
    mixture, dmi = alloy.mixture, bool(alloy.mixture.dmi.any())
    rows = [" ".join(f"{x:.12f}" for x in row) for row in mixture.cell / np.linalg.norm(mixture.cell[0])]  # units of a
    settings = {"repeats": " ".join(map(str, mixture.repeats)), "vectors": ("\n" + " " * 7).join(rows)}
    lists = {
        "inpsd.dat": INPUT.format(**settings, seed=alloy.seed, dm="dm       ./dmfile\n" if dmi else ""),
        "posfile": _positions(mixture),
        "momfile": _moments(mixture),
        "jfile": _list(mixture, mixture.jij[..., None]),
    }
    return lists | ({"dmfile": _list(mixture, mixture.dmi)} if dmi else {})


def _positions(mixture: Mixture) -> str:
    return "".join(
        f"{site} {site} {k} {c:.8f} {x:.9f} {y:.9f} {z:.9f}\n"
        for site, (x, y, z) in enumerate(mixture.fractional, start=1)
        for k, c in enumerate(mixture.concentrations, start=1)
    )


def _moments(mixture: Mixture) -> str:
    return "".join(
        f"{site} {k} {moment:.6f} 0.0 0.0 1.0\n"
        for site in range(1, len(mixture.fractional) + 1)
        for k, moment in enumerate(mixture.moments, start=1)
    )


def _list(mixture: Mixture, values: np.ndarray) -> str:
    """One line for each pair of species and each neighbour, from either end; ``values`` (p, k, k, 1 or 3) meV.

    Zero D vectors are left out.
    """
    factor, lines = code("uppasd").from_house, []
    chemicals = range(len(mixture.elements))
    for a, b, (x, y, z), value in zip(mixture.i, mixture.j, mixture.offset, values, strict=True):
        for first in chemicals:
            for second in chemicals:
                if values.shape[-1] == 3 and not value[first, second].any():
                    continue
                numbers = " ".join(f"{v:.12g}" for v in factor * value[first, second] + 0.0)
                lines.append(f"{a + 1} {b + 1} {first + 1} {second + 1} {x} {y} {z} {numbers}")
    return "\n".join(lines) + "\n"
