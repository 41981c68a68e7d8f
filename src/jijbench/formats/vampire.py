"""vampire: ``alloy.ucf`` (the supercell as one unit cell, each pair from either end) and ``alloy.mat``.

Its unit cells are orthogonal, so the supercell repeats the orthorhombic cell (a, √3 a, c). J_xy = +D_z, J_yz = +D_x,
J_zx = +D_y.
"""

import numpy as np

from jijbench.convention import code
from jijbench.errors import ExportError
from jijbench.formats.spins import Mixture, RandomAlloy, SpinSystem

TITLE = "vampire (alloy.ucf, alloy.mat)"
SETTING = "orthorhombic"
MOST_ATOMS = 1_000_000  # of a unit cell
MATERIAL = """\
material[{k}]:material-name={element}
material[{k}]:material-element={element}
material[{k}]:unit-cell-category={k}
material[{k}]:atomic-spin-moment={moment:.6f} !muB
material[{k}]:damping-constant=0.5
material[{k}]:initial-spin-direction=0,0,1
"""


def files(alloy: RandomAlloy) -> dict[str, str]:
    """Texts by file name."""
    return {"alloy.ucf": unit_cell(alloy.system), "alloy.mat": materials(alloy.mixture)}


def materials(mixture: Mixture) -> str:
    """One material a species."""
    species = enumerate(zip(mixture.elements, mixture.moments, strict=True), start=1)
    blocks = [MATERIAL.format(k=k, element=element, moment=moment) for k, (element, moment) in species]
    return f"material:num-materials={len(blocks)}\n" + "\n".join(["", *blocks])


def unit_cell(system: SpinSystem) -> str:
    """Raises ``ExportError`` for a cell that is not orthogonal along x, y, z, or too large."""
    lengths = np.diag(system.cell)
    if np.abs(system.cell - np.diag(lengths)).max() > 1e-6:
        raise ExportError(f"vampire takes orthogonal cells along x, y and z only, not {system.cell.round(3).tolist()}")
    if len(system) > MOST_ATOMS:
        raise ExportError(f"{len(system)} spins are more than the {MOST_ATOMS} of a vampire unit cell; take fewer")
    used = sorted(set(system.species.tolist()))
    lines = ["# Unit cell size (Angstrom)", " ".join(f"{x:.10f}" for x in lengths)]
    lines += ["# Unit cell vectors", "1 0 0", "0 1 0", "0 0 1"]
    lines += ["# Atoms: number, materials; id x y z material category height", f"{len(system)} {len(used)}"]
    atoms = enumerate(zip(system.fractional, system.species, strict=True))
    lines += [f"{n} {x:.9f} {y:.9f} {z:.9f} {k} {k} 0" for n, ((x, y, z), k) in atoms]
    return "\n".join(lines + _interactions(system.both())) + "\n"


def _interactions(system: SpinSystem) -> list[str]:
    lines = ["# Interactions: number, type; id i j dx dy dz Jxx Jxy Jxz Jyx Jyy Jyz Jzx Jzy Jzz (J)"]
    lines.append(f"{len(system.i)} tensorial")
    columns = (system.i, system.j, system.offset, tensors(system).reshape(-1, 9))
    for n, (i, j, offset, tensor) in enumerate(zip(*columns, strict=True)):
        numbers = " ".join(f"{x:.12g}" for x in tensor)
        lines.append(f"{n} {i} {j} {offset[0]} {offset[1]} {offset[2]} {numbers}")
    return lines


def tensors(system: SpinSystem) -> np.ndarray:
    """(p, 3, 3) J: e_i^T A e_j = J e_i·e_j + D·(e_i × e_j)."""
    x, y, z = system.dmi.T
    a = system.jij[:, None, None] * np.eye(3)
    for (row, column), d in {(0, 1): z, (1, 2): x, (2, 0): y}.items():
        a[:, row, column] += d
        a[:, column, row] -= d
    return code("vampire").from_house * a + 0.0
