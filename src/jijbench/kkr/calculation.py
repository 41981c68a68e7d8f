"""The files of one impurity calculation, checked against each other: the only place where they are read together.

``HOST_host.potential``, ``scoef`` and, where there is one, ``kkrflex_atominfo`` of a folder, and the start of the
impurity. Whatever asks a model or writes a start potential begins from a ``Calculation``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from jijbench.elements import atomic_number
from jijbench.errors import ExportError
from jijbench.formats.kkr_atominfo import AtomInfo, read_atominfo
from jijbench.formats.kkr_potential import Atom, Block, check_same_mesh, read_atoms
from jijbench.formats.kkr_scoef import Site, read_scoef
from jijbench.kkr.cluster import NEAR, Cluster

SAME_DISTANCE = 2e-3  # Bohr: distances of one shell in files of finite digits


@dataclass(frozen=True, eq=False)
class Calculation:
    """Files that belong to each other: ``start`` has the spins and the mesh of the host's potential at its site."""

    cluster: Cluster
    start: Atom
    info: AtomInfo | None

    @property
    def host(self) -> Atom:
        """The host's potential where the impurity goes."""
        return self.cluster.at(self.cluster.sites[0])


def check_z(found: float, element: str, what: str) -> None:
    """Raises ``ExportError`` where a potential's Z is not the element's."""
    if found != atomic_number(element):
        raise ExportError(f"{what}: Z is {found:g}, {element} has {atomic_number(element)}")


def read_calculation(files: Path, host: str, element: str, start: Path | None) -> Calculation:
    """The files of ``element`` in ``host``; without ``start`` the host's own potential stands in its place.

    Raises ``ExportError`` naming file and atom where one file is not of the same calculation as the others.
    """
    cluster = read_cluster(files, host, element)
    mine = cluster.at(cluster.sites[0])
    begin = mine if start is None else read_start(start, cluster, host, element)
    info = files / "kkrflex_atominfo"
    if not info.is_file():
        return Calculation(cluster, begin, None)
    return Calculation(cluster, begin, check_info(read_atominfo(info), cluster, host, element))


def read_cluster(files: Path, host: str, element: str | None = None) -> Cluster:
    """``HOST_host.potential`` and ``scoef`` of a folder; raises ``ExportError`` where they are not of that host.

    A potential of one atom stands for all sites of the cell; Z = 0 is an empty sphere, not in the impurity's place. Z
    in ``scoef``, where there is one, is the potential's, or 0; on the first line it may be that of ``element``.
    """
    path, listed = files / f"{host}_host.potential", files / "scoef"
    atoms, sites = read_atoms(path), read_scoef(listed)
    used = {site.host_site for site in sites}
    n_sites = max(used)
    if len(atoms) == 1:
        if len(used) < n_sites:
            raise ExportError(f"{listed}: sites {sorted(used)} of the host; {path} has one atom: give all")
        atoms *= n_sites
    if len(atoms) < n_sites:
        raise ExportError(f"{path}: {len(atoms)} atoms, scoef counts {n_sites} sites of the host; give all")
    for k, (first, *_) in enumerate(atoms, start=1):
        if first.z or k == sites[0].host_site:
            check_z(first.z, host, f"{path}, atom {k}")
    cluster = Cluster(atoms, sites)
    for k, site in enumerate(sites, start=1):
        if site.z and (k > 1 or element is None or site.z != atomic_number(element)):
            _check_site(site.z, cluster, site, host, f"{listed}, line {k + 1}")
    return cluster


def _check_site(found: float, cluster: Cluster, site: Site, host: str, what: str) -> None:
    """Raises ``ExportError`` where a file gives another Z than the host's potential at a site."""
    z = cluster.z(site)
    if found != z:
        whose = f"{host} has" if z else f"site {site.host_site} of the host's potential, an empty sphere, has"
        raise ExportError(f"{what}: Z is {found:g}, {whose} {z:g}")


def read_start(path: Path, cluster: Cluster, host: str, element: str) -> Atom:
    """The impurity of a start potential, its first atom; raises ``ExportError`` for another host, mesh or spins.

    A start of two spins in a host of one gives their mean; other atoms of the file are the host's.
    """
    impurity, *others = read_atoms(path)
    check_z(impurity[0].z, element, f"{path}, atom 1")
    for k, other in enumerate(others, start=2):
        if other[0].z:
            check_z(other[0].z, host, f"{path}, atom {k}")
    return matched(impurity, cluster, str(path))


def matched(impurity: Atom, cluster: Cluster, where: str) -> Atom:
    """An impurity's potential with as many spins as the host's, on the same mesh; raises ``ExportError``."""
    mine = cluster.at(cluster.sites[0])
    if len(impurity) == 2 and cluster.spins == 1:
        impurity = (mean_spin(impurity),)
    if len(impurity) != cluster.spins:
        raise ExportError(
            f"{where}: start potential: not of {cluster.spins} spins as the host's; make both with one NSPIN"
        )
    for one, other in zip(impurity, mine, strict=True):
        check_same_mesh(one, other, where)
    return impurity


def check_shell(cluster: Cluster, distances: Sequence[float]) -> None:
    """Raises ``ExportError`` unless predicted distances (Bohr) are those of the atoms around the impurity.

    Each belongs to an atom of scoef, and no atom of the first shell is left without one.
    """
    around = np.array([site.distance * cluster.alat for site in cluster.sites[1:] if cluster.z(site)])
    unused = [d for d in distances if not (np.abs(around - d) < SAME_DISTANCE).any()]
    if unused:
        raise ExportError(
            f"no atom of scoef at the predicted distances {unused} Bohr; check alat {cluster.alat} and the host"
        )
    first = around[around < NEAR * around.min(initial=np.inf)]
    left = sorted({round(d, 4) for d in first if np.abs(np.array(distances) - d).min() >= SAME_DISTANCE})
    if left:
        raise ExportError(f"nothing is predicted for the atoms of scoef at {left} Bohr; predict the whole first shell")


def mean_spin(atom: Sequence[Block]) -> Block:
    """An atom without its splitting."""
    first = atom[0]
    title = first.title if len(atom) == 1 else f"{first.title[:14]}{'':14}{first.title[28:]}"
    return replace(first, title=title, v=np.mean([block.v for block in atom], axis=0))


def check_info(info: AtomInfo, cluster: Cluster, host: str, element: str) -> AtomInfo:
    """``kkrflex_atominfo`` against the other files, atom by atom; the impurity's Z may still be the host's, or 0."""
    sites = cluster.sites
    if len(info.rows) != len(sites):
        raise ExportError(f"{info.path}: {len(info.rows)} atoms, scoef has {len(sites)}; they are of two clusters")
    for k, (row, site) in enumerate(zip(info.rows, sites, strict=True)):
        what = f"{info.path}, line {row}, atom {k + 1}"
        if np.abs(info.x[k] - site.x).max() > max(info.error, site.error):
            raise ExportError(f"{what}: at {info.x[k].tolist()}, in scoef at {list(site.x)}; they are of two clusters")
        if k or info.z[k] not in (0.0, atomic_number(element)):
            _check_site(info.z[k], cluster, site, host, what)
    check_l_max(info.l_max, cluster, str(info.path))
    return info


def check_l_max(l_max: int, cluster: Cluster, where: str) -> None:
    """Raises ``ExportError`` where lmax is not that of a host's potential of full potential."""
    first = cluster.at(cluster.sites[0])[0]
    if first.full and first.n_lm != (2 * l_max + 1) ** 2:
        raise ExportError(f"{where}: lmax is {l_max}, but the host's potential has lmpot {first.n_lm}")
