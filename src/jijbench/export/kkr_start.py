"""Start potential of a KKR impurity run, from predicted curves: impurity, first shell, host cards elsewhere."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from jijbench.data.dataset import dataset_folder, load_dataset
from jijbench.data.elements import atomic_number
from jijbench.errors import DataError, ExportError
from jijbench.export.folders import check_free, write_folder
from jijbench.export.jukkr import Block, card_text, check_same_mesh, n_spins, read_card

DATASET = "deltav-elemental"
SAME_DISTANCE = 2e-3  # Bohr: distances of one shell in files of finite digits


@dataclass(frozen=True, eq=False)
class Site:
    """One atom of the cluster as ``scoef`` lists it; lengths in units of alat."""

    x: tuple[float, float, float]
    host_site: int  # from 1
    z: float
    distance: float


def read_scoef(path: Path) -> list[Site]:
    """Atoms of a cluster, the impurity first. Raises ``ExportError`` naming file and line."""
    lines = Path(path).read_text(encoding="ascii").splitlines()
    try:
        n = int(lines[0])
        rows = [[float(word.replace("D", "E")) for word in line.split()] for line in lines[1 : n + 1]]
    except (IndexError, ValueError) as error:
        raise ExportError(f"{path}: {error}; first line the number of atoms, then x y z site Z distance") from error
    for k, row in enumerate(rows, start=2):
        if len(row) != 6 or not np.isfinite(row).all() or row[3] < 1:
            raise ExportError(f"{path}, line {k}: {row}: expected x y z site Z distance")
    if not rows or len(rows) < n or rows[0][5] > 1e-8:
        raise ExportError(f"{path}: {len(rows)} of {n} atoms, the first must be the impurity at distance 0")
    return [Site((r[0], r[1], r[2]), int(r[3]), r[4], r[5]) for r in rows]


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


def start_from_dataset(host: str, element: str, card: Sequence[Block]) -> list[Block]:
    """V_start of a combination that the dataset holds, in the header of the host's card.

    The list of core states is that of the element's own crystal; raises ``ExportError`` where the dataset has none.
    """
    dataset = load_dataset(DATASET)
    if f"{element}-in-{host}" not in set(dataset.table["orbit"]):
        raise ExportError(f"{DATASET} has no {element} in {host}; make a card with voronoi and give it as --start")
    states = json.loads((dataset_folder(DATASET) / "hosts.json").read_text(encoding="utf-8"))
    if element not in states:
        raise ExportError(f"{DATASET} has no core states of {element}; make a card with voronoi and give it as --start")
    core = tuple((int(ell), float(energy)) for ell, energy in states[element]["core_states"])
    row = dataset.table.set_index("id").loc[f"{element}-in-{host}"]
    with np.load(dataset.folder / "curves.npz", allow_pickle=False) as found:
        v = found["host_potential"][row["host_row"]] + found["start"][row["start_row"]]
    number = atomic_number(element)
    titles = [f"{element + str(number):<5}{block.title[5:]}" for block in card]
    return [replace(b, title=t, z=float(number), core=core, v=v) for b, t in zip(card, titles, strict=True)]


def _check_z(found: float, element: str, what: str) -> None:
    if found != atomic_number(element):
        raise ExportError(f"{what}: Z is {found:g}, {element} has {atomic_number(element)}")


def _shell_curve(site: Site, alat: float, shell: Mapping[float, np.ndarray]) -> np.ndarray | None:
    near = [curve for d, curve in shell.items() if abs(d - site.distance * alat) < SAME_DISTANCE]
    return near[0] if near else None


def cluster_blocks(
    host: Sequence[Block],
    start: Sequence[Block],
    sites: Sequence[Site],
    correction: np.ndarray,
    shell: Mapping[float, np.ndarray],
) -> list[Block]:
    """Blocks of the whole cluster, the impurity first; all spins of a site get the same predicted change.

    V_start + correction on the impurity, with the host's non-spherical part; V_host + change on neighbours whose
    distance
    is in ``shell``; V_host elsewhere. Raises ``ExportError`` for other meshes, alat, sites or spins.
    """
    n_sites = max(site.host_site for site in sites)
    spins = n_spins(host, n_sites, "host card")
    if len(start) % spins or n_spins(start[:spins], 1, "start card") != spins:
        raise ExportError(f"start card: {len(start)} blocks, the host has {spins} spins; make both with one NSPIN")
    alat = host[0].alat
    unused = [d for d in shell if not any(abs(d - s.distance * alat) < SAME_DISTANCE for s in sites)]
    if unused:
        raise ExportError(f"no atom of scoef at the predicted distances {unused} Bohr; check alat {alat} and the host")
    blocks: list[Block] = []
    for k, site in enumerate(sites):
        for s in range(spins):
            mine = host[(site.host_site - 1) * spins + s]
            if k == 0:
                check_same_mesh(start[s], mine, "start card")
                kept = replace(start[s], nonspherical=mine.nonspherical, inner=mine.inner, n_lm=mine.n_lm)
                blocks.append(added(kept, correction, "impurity"))
                continue
            curve = _shell_curve(site, alat, shell)
            blocks.append(mine if curve is None else added(mine, curve, f"neighbour {k + 1}"))
    return blocks


def scoef_text(sites: Sequence[Site]) -> str:
    """Text of ``scoef``."""
    rows = ["".join(f"{x:27.19E}" for x in s.x) + f"{s.host_site:5d}{s.z:5.1f}{s.distance:17.9E}" for s in sites]
    return "\n".join([f"{len(sites):8d}", *rows]) + "\n"


def atominfo_text(sites: Sequence[Site], z: float, l_max: int) -> str:
    """Text of ``kkrflex_atominfo``: the host's Z everywhere but on the impurity."""
    rows = [
        "".join(f"{x:25.16f}" for x in site.x) + f"{z if k == 0 else site.z:6.2f}    0    0{l_max:5d}"
        for k, site in enumerate(sites)
    ]
    head = [
        "#NATOM   NTOTATOM",
        f"{len(sites):12d}{len(sites):12d}",
        "#x,y,z|Core Charge|Virtual Atom?|Remove Atom?|LMAX",
    ]
    return "\n".join([*head, *rows]) + "\n"


SNIPPET = '''"""Inputs of aiida-kkr that begin from this start potential. Fill in codes, remote data and options."""
from pathlib import Path

from aiida.orm import Dict, SinglefileData

here = Path(__file__).parent
startpot = SinglefileData(file=str((here / "potential").resolve()))
# kkr_imp_wc skips voronoi and neworder_potential with `startpot`; `voronoi` stays a required input.
# KkrimpCalculation takes the same file as `impurity_potential`.
inputs = {{
    "startpot": startpot,
    "impurity_info": Dict(dict={{"Rcut": {rcut!r}, "ilayer_center": {layer}, "Zimp": [{z:.1f}]}}),
    # a potential without a moment keeps mag_init where the run is to become magnetic (nspin 2)
    "wf_parameters": Dict(dict={{"nspin": {nspin}, "mag_init": {magnetic}}}),
}}
'''


def export_kkr(
    host: str, element: str, impurity: Path, shell: Path | None, start: str, cards: Path, out: Path, *, l_max: int = 2
) -> list[Path]:
    """Write the start potential of ``element`` in ``host`` with ``scoef``, ``kkrflex_atominfo`` and a snippet.

    ``cards`` holds ``HOST_host.potential`` (the converged host card) and ``scoef``. Raises ``ExportError`` before
    anything is written.
    """
    check_free(out)
    try:
        atomic_number(host), atomic_number(element)
        host_card = read_card(cards / f"{host}_host.potential")
        sites = read_scoef(cards / "scoef")
        first = host_card[: n_spins(host_card, max(s.host_site for s in sites), "host card")]
        begin = start_from_dataset(host, element, first) if start == "dataset" else read_card(Path(start))
        correction = read_curves(impurity, "dv", host, element)[0.0]
        changes = {} if shell is None else read_curves(shell, "dv-shell", host, element)
    except (OSError, ValueError, DataError) as error:
        raise ExportError(f"{error}; check the files given") from error
    for what, z, name in [("host card", first[0].z, host), ("start card", begin[0].z, element),
                          *((f"scoef, atom {k}", s.z, host) for k, s in enumerate(sites, 1))]:  # fmt: skip
        _check_z(z, name, what)
    blocks, spins = cluster_blocks(host_card, begin, sites, correction, changes), len(first)
    rcut, layer = 1.001 * max(s.distance for s in sites), sites[0].host_site - 1
    files = {
        "potential": card_text(blocks),
        "scoef": scoef_text(sites),
        "kkrflex_atominfo": atominfo_text(sites, begin[0].z, l_max),
        "aiida_inputs.py": SNIPPET.format(rcut=rcut, layer=layer, z=begin[0].z, nspin=spins, magnetic=spins == 2),
    }
    return write_folder(out, files)
