"""Start potential of a KKR impurity run: predicted in the impurity and its first shell, the host's elsewhere."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from jijbench.context import home
from jijbench.data.card import described
from jijbench.data.curves import SPINLESS
from jijbench.data.dataset import dataset_for, load_dataset
from jijbench.elements import atomic_number
from jijbench.errors import ExportError
from jijbench.files import check_free, write_folder
from jijbench.formats.kkr_atominfo import atominfo_text
from jijbench.formats.kkr_potential import Atom, Block, potential_text
from jijbench.formats.kkr_scoef import Site
from jijbench.formats.kkr_text import Lines
from jijbench.kkr.calculation import (
    SAME_DISTANCE,
    Calculation,
    check_l_max,
    check_shell,
    matched,
    read_calculation,
)
from jijbench.kkr.cluster import BEYOND, Cluster, is_sphere
from jijbench.kkr.curves import Curves, read_curves
from jijbench.targets import DV, DV_SHELL
from jijbench.units import BOHR_ANGSTROM

SAME_RADIUS = 2e-3  # Bohr
ALONE = 1e-5  # Å: the radius of a cluster of one atom


def added(block: Block, curve: np.ndarray, what: str) -> Block:
    """Block with a curve added to its spherical part; raises ``ExportError`` for another number of points."""
    if curve.shape != block.v.shape:
        raise ExportError(
            f"{what}: predicted on {curve.size} points, the potential has {block.v.size}; meshes must agree"
        )
    return replace(block, v=block.v + curve)


def core_states(element: str) -> tuple[tuple[int, float], ...]:
    """(l, energy in Ry) of an element's core, as the code of the data keeps it; raises ``ExportError``."""
    states = pd.read_csv(described(home("datasets") / "core-states", "states.csv"))
    mine = states[states["element"] == element]
    if mine.empty:
        raise ExportError(f"core states of {element} are not in the data; make one with voronoi, give it as --start")
    return tuple(zip(mine["l"].tolist(), mine["energy_ry"].tolist(), strict=True))


def start_from_dataset(host: str, element: str, mine: Atom) -> Atom:
    """V_start of a combination that the dataset holds, on the host's mesh; raises ``ExportError``."""
    dataset = load_dataset(dataset_for("kkr-savings"))
    if f"{element}-in-{host}" not in set(dataset.table["orbit"]):
        raise ExportError(f"{dataset.id} has no {element} in {host}; make one with voronoi and give it as --start")
    core = core_states(element)
    row = dataset.table.set_index("id").loc[f"{element}-in-{host}"]
    with np.load(dataset.folder / "curves.npz", allow_pickle=False) as found:
        v = found["host_potential"][row["host_row"]] + found["start"][row["start_row"]]
        radius = float(found["host_state"][row["host_row"], 0])
    if abs(radius - mine[0].r_ws) > SAME_RADIUS or len(v) != len(mine[0].v):
        raise ExportError(
            f"{dataset.id} has {element} in {host} of {len(v)} points up to {radius:.5f} Bohr, the potential "
            f"{len(mine[0].v)} up to {mine[0].r_ws:.5f}; make one with voronoi and give it as --start"
        )
    number = atomic_number(element)
    titles = [f"{element + str(number):<5}{block.title[5:]}" for block in mine]
    return tuple(replace(b, title=t, z=float(number), core=core, v=v) for b, t in zip(mine, titles, strict=True))


def _shell_curve(site: Site, alat: float, shell: Mapping[float, np.ndarray]) -> np.ndarray | None:
    near = [curve for d, curve in shell.items() if abs(d - site.distance * alat) < SAME_DISTANCE]
    return near[0] if near else None


def cluster_blocks(
    cluster: Cluster, start: Atom, correction: np.ndarray | None, shell: Mapping[float, np.ndarray]
) -> list[Block]:
    """Blocks of the whole cluster, the impurity first; all spins of a site get the same predicted change.

    V_start + correction on the impurity, whose block has name, Z, core and V of ``start`` and mesh and non-spherical
    part of the host's site; V_host + change on neighbours whose distance is in ``shell``; V_host elsewhere. Raises
    ``ExportError`` for other meshes, alat, sites or spins.
    """
    first, *around = cluster.sites
    if shell:
        check_shell(cluster, list(shell))
    blocks: list[Block] = []
    for begin, mine in zip(matched(start, cluster, "start potential"), cluster.at(first), strict=True):
        impurity = replace(mine, title=begin.title, z=begin.z, core=begin.core, v=begin.v)
        blocks.append(impurity if correction is None else added(impurity, correction, "impurity"))
    for k, site in enumerate(around, start=2):
        curve = _shell_curve(site, cluster.alat, shell) if cluster.z(site) else None
        blocks += [mine if curve is None else added(mine, curve, f"neighbour {k}") for mine in cluster.at(site)]
    return blocks


SNIPPET = '''"""Inputs of aiida-kkr that begin from this start potential. Fill in codes, remote data and options."""
from pathlib import Path

from aiida.orm import Dict, SinglefileData

here = Path(__file__).parent
startpot = SinglefileData(file=str((here / "potential").resolve()))
# kkr_imp_wc skips voronoi and neworder_potential with `startpot`; `voronoi` stays a required input.
# KkrimpCalculation takes the same file as `impurity_potential`.
inputs = {{
    "startpot": startpot,
    # {note}
    "impurity_info": Dict(dict={{{info}, "ilayer_center": {layer}, "Zimp": [{z:.1f}]}}),
    # a potential without a moment keeps mag_init where the run is to become magnetic (nspin 2)
    "wf_parameters": Dict(dict={{"nspin": {nspin}, "mag_init": {magnetic}}}),
}}
'''


def export_kkr(
    host: str, element: str, impurity: Path | None, shell: Path | None, start: str, files: Path, out: Path,
    *, l_max: int = 2,
) -> list[Path]:  # fmt: skip
    """Write the start potential of ``element`` in ``host`` with ``scoef``, ``kkrflex_atominfo`` and a snippet.

    ``impurity``, ``shell``: files of `jijbench predict`; None leaves those cells as the code would start them.
    ``start``: a file, or ``dataset``. ``files`` holds ``HOST_host.potential`` (converged), ``scoef`` and, if the
    code wrote one, ``kkrflex_atominfo``, of which the impurity's Z is changed; without it ``l_max`` counts. Raises
    ``ExportError`` before anything is written.
    """
    check_free(out)
    atomic_number(host), atomic_number(element)
    found = read_calculation(files, host, element, None if start == "dataset" else Path(start))
    if start == "dataset":
        found = replace(found, start=start_from_dataset(host, element, found.host))
    correction = None if impurity is None else read_curves(impurity, DV.name, host, element)
    changes = None if shell is None else read_curves(shell, DV_SHELL.name, host, element)
    blocks = cluster_blocks(
        found.cluster, found.start, correction.by_distance[0.0] if correction else None,
        changes.by_distance if changes else {},
    )  # fmt: skip
    warn_outside(found.cluster.spins, [curves for curves in (correction, changes) if curves])
    return write_folder(out, _files(blocks, found, l_max, files))


def warn_outside(spins: int, used: Sequence[Curves]) -> None:
    """Warn of predictions that the model itself calls outside of its training, and of any for two spins."""
    reasons = {reason for curves in used for reason in curves.outside}
    if used and spins == 2:
        reasons.add(SPINLESS)
    for reason in sorted(reasons):
        warnings.warn(f"outside of what the model was trained on: {reason}", UserWarning, stacklevel=3)


def _files(blocks: Sequence[Block], found: Calculation, l_max: int, files: Path) -> dict[str, str]:
    cluster, z = found.cluster, [found.start[0].z]
    z += [cluster.z(site) for site in cluster.sites[1:]]
    if not found.info:
        check_l_max(l_max, cluster, "--l-max")
    note, info = _impurity_info(cluster)
    layer, magnetic = cluster.sites[0].host_site - 1, cluster.spins == 2
    return {
        "potential": potential_text(blocks),
        "scoef": Lines(files / "scoef").text,
        "kkrflex_atominfo": found.info.with_z(z[0]) if found.info else atominfo_text(cluster.sites, z, l_max),
        "aiida_inputs.py": SNIPPET.format(
            note=note, info=info, layer=layer, z=z[0], nspin=cluster.spins, magnetic=magnetic
        ),
    }


def _impurity_info(cluster: Cluster) -> tuple[str, str]:
    """What tells aiida-kkr the cluster: a radius where a sphere is known to be it, else the list of atoms."""
    if is_sphere(cluster):
        reach = BEYOND * max(site.distance for site in cluster.sites) * cluster.alat * BOHR_ANGSTROM
        return "Rcut in Angstrom: the atoms of scoef and no others", f'"Rcut": {max(round(reach, 4), ALONE)!r}'
    rows = [[*site.x, site.host_site, cluster.z(site), site.distance] for site in cluster.sites]
    text = "".join(f"        {row!r},\n" for row in rows)
    return (
        "the atoms of scoef (x, y, z in alat, site, Z, distance): a sphere around the impurity may hold others",
        f'"imp_cls": [\n{text}    ], "Rimp_rel": [[0.0, 0.0, 0.0]]',
    )
