"""Start potential of a KKR impurity run, from predicted curves: impurity, first shell, host cards elsewhere."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from jijbench.context import home
from jijbench.data.card import described
from jijbench.data.dataset import load_dataset
from jijbench.data.elements import atomic_number
from jijbench.errors import DataError, ExportError
from jijbench.export.folders import check_free, write_folder
from jijbench.export.jukkr import Block, card_text, check_same_mesh, n_spins, read_card
from jijbench.export.kkr_cluster import Cluster, Site, atominfo_text, check_z, read_cluster, with_z
from jijbench.units import BOHR_ANGSTROM

DATASET = "deltav-elemental"
SAME_DISTANCE = 2e-3  # Bohr: distances of one shell in files of finite digits


def read_curves(path: Path, target: str, host: str, element: str) -> dict[float, np.ndarray]:
    """Curves (n,) Ry that were predicted for one impurity, by distance of the neighbour in Bohr (0 for ``dv``).

    Raises ``ExportError`` for another target, a missing combination, NaN.
    """
    with np.load(path, allow_pickle=False) as found:
        arrays = {name: found[name] for name in found.files}
    for name in ("target", "host", "impurity", "mean", *(["distance"] if target == "dv-shell" else [])):
        if name not in arrays:
            raise ExportError(f"{path} has no array {name!r}; make it with `jijbench predict`")
    if str(arrays["target"]) != target:
        raise ExportError(f"{path} holds {str(arrays['target'])!r}, expected {target!r}")
    rows = np.flatnonzero((arrays["host"] == host) & (arrays["impurity"] == element))
    if not len(rows) or (target == "dv" and len(rows) > 1):
        raise ExportError(f"{path}: {len(rows)} rows of {element} in {host}; predict that combination once")
    curves = np.asarray(arrays["mean"], dtype=float)[rows]
    if not np.isfinite(curves).all():
        raise ExportError(f"{path}: mean of {element} in {host} is not finite")
    places = np.zeros(len(rows)) if target == "dv" else np.asarray(arrays["distance"], dtype=float)[rows]
    if len(set(np.round(places, 3))) < len(places):
        raise ExportError(f"{path}: a distance of {element} in {host} stands there twice: {sorted(places)}")
    return dict(zip(places.tolist(), curves, strict=True))


def added(block: Block, curve: np.ndarray, what: str) -> Block:
    """Block with a curve added to its spherical part; raises ``ExportError`` for another number of points."""
    if curve.shape != block.v.shape:
        raise ExportError(f"{what}: predicted on {curve.size} points, the card has {block.v.size}; meshes must agree")
    return replace(block, v=block.v + curve)


def core_states(element: str) -> tuple[tuple[int, float], ...]:
    """(l, energy in Ry) of an element's core, as the code of the data keeps it; raises ``ExportError``."""
    states = pd.read_csv(described(home("datasets") / "core-states", "states.csv"))
    mine = states[states["element"] == element]
    if mine.empty:
        raise ExportError(f"core states of {element} are not in the data; make a card with voronoi, give it as --start")
    return tuple(zip(mine["l"].tolist(), mine["energy_ry"].tolist(), strict=True))


def start_from_dataset(host: str, element: str, card: Sequence[Block]) -> list[Block]:
    """V_start of a combination that the dataset holds, in the header of the host's card; raises ``ExportError``."""
    dataset = load_dataset(DATASET)
    if f"{element}-in-{host}" not in set(dataset.table["orbit"]):
        raise ExportError(f"{DATASET} has no {element} in {host}; make a card with voronoi and give it as --start")
    core = core_states(element)
    row = dataset.table.set_index("id").loc[f"{element}-in-{host}"]
    with np.load(dataset.folder / "curves.npz", allow_pickle=False) as found:
        v = found["host_potential"][row["host_row"]] + found["start"][row["start_row"]]
    number = atomic_number(element)
    titles = [f"{element + str(number):<5}{block.title[5:]}" for block in card]
    return [replace(b, title=t, z=float(number), core=core, v=v) for b, t in zip(card, titles, strict=True)]


def _shell_curve(site: Site, alat: float, shell: Mapping[float, np.ndarray]) -> np.ndarray | None:
    near = [curve for d, curve in shell.items() if abs(d - site.distance * alat) < SAME_DISTANCE]
    return near[0] if near else None


def cluster_blocks(
    cluster: Cluster, start: Sequence[Block], correction: np.ndarray | None, shell: Mapping[float, np.ndarray]
) -> list[Block]:
    """Blocks of the whole cluster, the impurity first; all spins of a site get the same predicted change.

    V_start + correction on the impurity, whose block has name, Z, core and V of ``start`` and mesh and non-spherical
    part of the host's site; V_host + change on neighbours whose distance is in ``shell``; V_host elsewhere. Raises
    ``ExportError`` for other meshes, alat, sites or spins.
    """
    spins, alat = cluster.spins, cluster.blocks[0].alat
    if n_spins(start, "start card") != spins:
        raise ExportError(f"start card: not of {spins} spins as the host's; make both with one NSPIN")
    unused = [d for d in shell if not any(abs(d - s.distance * alat) < SAME_DISTANCE for s in cluster.sites)]
    if unused:
        raise ExportError(f"no atom of scoef at the predicted distances {unused} Bohr; check alat {alat} and the host")
    blocks: list[Block] = []
    for k, site in enumerate(cluster.sites):
        for s, mine in enumerate(cluster.at(site)):
            if k == 0:
                check_same_mesh(start[s], mine, "start card")
                impurity = replace(mine, title=start[s].title, z=start[s].z, core=start[s].core, v=start[s].v)
                blocks.append(impurity if correction is None else added(impurity, correction, "impurity"))
                continue
            curve = _shell_curve(site, alat, shell)
            blocks.append(mine if curve is None else added(mine, curve, f"neighbour {k + 1}"))
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
    # Rcut in Angstrom: the atoms of scoef and no others
    "impurity_info": Dict(dict={{"Rcut": {reach!r}, "ilayer_center": {layer}, "Zimp": [{z:.1f}]}}),
    # a potential without a moment keeps mag_init where the run is to become magnetic (nspin 2)
    "wf_parameters": Dict(dict={{"nspin": {nspin}, "mag_init": {magnetic}}}),
}}
'''


def export_kkr(
    host: str, element: str, impurity: Path | None, shell: Path | None, start: str, cards: Path, out: Path,
    *, l_max: int = 2,
) -> list[Path]:  # fmt: skip
    """Write the start potential of ``element`` in ``host`` with ``scoef``, ``kkrflex_atominfo`` and a snippet.

    ``impurity``, ``shell``: files of `jijbench predict`; None leaves those cells as the code would start them.
    ``start``: a card, or ``dataset``. ``cards`` holds ``HOST_host.potential`` (converged), ``scoef`` and, if the
    code wrote one, ``kkrflex_atominfo``, of which the impurity's Z is changed; without it ``l_max`` counts. Raises
    ``ExportError`` before anything is written.
    """
    check_free(out)
    try:
        atomic_number(host), atomic_number(element)
        cluster = read_cluster(cards, host)
        begin = (
            start_from_dataset(host, element, cluster.at(cluster.sites[0]))
            if start == "dataset"
            else read_card(Path(start))
        )
        correction = None if impurity is None else read_curves(impurity, "dv", host, element)[0.0]
        changes = {} if shell is None else read_curves(shell, "dv-shell", host, element)
    except (OSError, ValueError, DataError) as error:
        raise ExportError(f"{error}; check the files given") from error
    check_z(begin[0].z, element, "start card")
    blocks = cluster_blocks(cluster, begin, correction, changes)
    return write_folder(out, _files(blocks, cluster, begin[0].z, l_max, cards))


def _files(blocks: Sequence[Block], cluster: Cluster, z: float, l_max: int, cards: Path) -> dict[str, str]:
    sites, given = cluster.sites, cards / "kkrflex_atominfo"
    reach = 1.001 * max(site.distance for site in sites) * cluster.blocks[0].alat * BOHR_ANGSTROM
    layer, magnetic = sites[0].host_site - 1, cluster.spins == 2
    return {
        "potential": card_text(blocks),
        "scoef": (cards / "scoef").read_text(encoding="ascii"),
        "kkrflex_atominfo": with_z(given, z) if given.is_file() else atominfo_text(sites, z, l_max),
        "aiida_inputs.py": SNIPPET.format(
            reach=round(reach, 4), layer=layer, z=z, nspin=cluster.spins, magnetic=magnetic
        ),
    }
