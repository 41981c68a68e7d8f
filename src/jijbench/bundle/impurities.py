"""Impurities to predict: host crystals with their potentials, and the atomic starts of the elements."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from jijbench import limits
from jijbench.data.cluster import atoms_near, cluster
from jijbench.data.curves import SPINLESS, check_curves, elemental_host
from jijbench.data.dataset import Dataset, load_dataset
from jijbench.data.host import Host
from jijbench.data.sample import Geometry, Sample
from jijbench.data.store import read_geometries, write_geometries
from jijbench.elements import atomic_number
from jijbench.errors import DataError
from jijbench.reading import read_arrays
from jijbench.targets.mesh import relative_mesh

GEOMETRIES, POTENTIALS = "geometries.extxyz", "potentials.npz"
ARRAYS = ("hosts", "host_potential", "host_state", "start_host", "start_impurity", "start")
#: reach of the clusters, and of the neighbours whose potentials change, in nearest-neighbour distances (as the data)
REACH, NEAR = 1.8, 1.2
#: where a start is known from, best first
DATA, FILE = "data", "file"


@dataclass(frozen=True, eq=False)
class HostState:
    """A host crystal as an impurity calculation sees it: clusters, potential (349,) Ry, and (r_ws Bohr, E_F Ry)."""

    geometries: tuple[Geometry, ...]
    potential: np.ndarray | None = None
    state: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Impurities:
    """What a bundle knows of hosts and atoms, to put impurities into them.

    ``hosts`` by name; ``starts``: V_start (349,) Ry on the host's mesh, by impurity and host, empty where the row's
    inputs do not need it.
    """

    hosts: dict[str, HostState]
    starts: dict[tuple[str, str], np.ndarray]
    neighbours: bool

    @property
    def elements(self) -> list[str]:
        """Impurities whose atomic start is known."""
        return sorted({impurity for impurity, _ in self.starts}, key=atomic_number)

    def grid(self, hosts: Iterable[str], impurities: Iterable[str]) -> list[Sample]:
        """All impurities in all hosts, the host's own element left out: that is no impurity.

        Of neighbours one sample a distance. Raises ``DataError`` for an unknown host or start.
        """
        pairs = [(host, x) for host in hosts for x in impurities if host != x]
        return [sample for host, x in pairs for sample in self.samples(host, x)]

    def samples(
        self, host: str, impurity: str, v_start: np.ndarray | None = None, crystal: HostState | None = None
    ) -> list[Sample]:
        """The impurity in a host of the bundle, or in ``crystal``; ``v_start`` (349,) Ry as the potential file has it.

        Without ``v_start`` that of the data is taken or, since an atom does not know its host, the same element's in
        another host (``start_from``). Raises ``DataError`` where a potential is not known.
        """
        atomic_number(impurity)
        place = crystal if crystal is not None else self._host(host)
        inputs = {} if not self.starts else self._inputs(host, impurity, place, v_start)
        return [self._sample(host, impurity, geometry, inputs) for geometry in place.geometries]

    def _host(self, host: str) -> HostState:
        if host not in self.hosts:
            raise DataError(
                f"host {host!r} is not in the data ({', '.join(self.hosts)}); "
                "give its crystal and potential in a .npz file"
            )
        if not self.hosts[host].geometries:
            raise DataError(f"host {host!r} has no neighbours' potentials in the data; give its crystal in a .npz file")
        return self.hosts[host]

    def _sample(self, host: str, impurity: str, geometry: Geometry, inputs: dict[str, np.ndarray]) -> Sample:
        second = (geometry.host,) if self.neighbours else ()
        return Sample(f"{impurity}-in-{geometry.id}", geometry, (impurity, *second), f"{impurity}-in-{host}", inputs)

    def _inputs(
        self, host: str, impurity: str, place: HostState, v_start: np.ndarray | None
    ) -> dict[str, np.ndarray]:  # fmt: skip
        if place.potential is None or place.state is None:
            raise DataError(
                f"host {host!r}: its potential is not known; the model needs v_host, r_ws and the Fermi energy"
            )
        if v_start is None:
            v_start, _ = self.start(impurity, host, float(place.state[0]), own=place is self.hosts.get(host))
        check_curves(np.atleast_2d(v_start), f"v_start of {impurity} in {host}")
        return {"start": v_start - place.potential, "host_potential": place.potential, "host_state": place.state}

    def start(self, impurity: str, host: str, r_ws: float, own: bool = True) -> tuple[np.ndarray, str]:
        """V_start (349,) Ry of an impurity in a host whose mesh ends at ``r_ws`` (Bohr), and where it is known from.

        Of the data where they hold it (``own``: the host is theirs), else of the same atom in the largest cell of the
        data: V_start(r) does not depend on the host. Raises ``DataError`` for an atom that is not in the data.
        """
        if not 0 < r_ws < limits.CELL_BOHR:
            raise DataError(f"host {host!r}: the radius of its cell is {r_ws:g} Bohr; atoms have 1 to 6, check r_ws")
        if own and (impurity, host) in self.starts:
            return self.starts[impurity, host], DATA
        cells = {h: self._radius(h) for x, h in self.starts if x == impurity}
        if not cells:
            raise DataError(f"the atomic start of {impurity} is not in the data; give v_start in a .npz file")
        from jijbench.data.potentials.start import Spherical, atom_potential

        largest = max(cells, key=lambda h: cells[h])
        known = self.starts[impurity, largest]
        found = atom_potential(impurity, Spherical(known, cells[largest]), relative_mesh() * r_ws)
        beyond = f", extrapolated beyond {cells[largest]:.3f} Bohr" if r_ws > cells[largest] else ""
        return found, f"atom in {largest}{beyond}"

    def _radius(self, host: str) -> float:
        state = self.hosts[host].state
        if state is None:
            raise DataError(f"host {host!r}: its radius is not known; export the bundle again")
        return float(state[0])

    def beyond(self, sample: Sample) -> str:
        """That a sample is for two spins, or its start had to be extrapolated, else ''."""
        start = f"start of {sample.elements[0]} extrapolated" if "extrapolated" in self.source(sample) else ""
        spins = SPINLESS if "spins" in sample.inputs else ""
        return "; ".join(filter(None, (spins, start)))

    def source(self, sample: Sample) -> str:
        """Where the start of a sample is known from; '' where the row does not need it."""
        if "start" not in sample.inputs:
            return ""
        host, own = sample.host, self.hosts.get(sample.host)
        potential, state = sample.inputs["host_potential"], sample.inputs["host_state"]
        if own is None or own.potential is None or not np.array_equal(potential, own.potential):
            return FILE
        found, source = self.start(sample.elements[0], host, float(state[0]))
        return source if np.allclose(sample.inputs["start"], found - potential, rtol=0, atol=1e-6) else FILE


def for_spins(sample: Sample, spins: float) -> Sample:
    """The sample, marked where it is meant for a calculation with two spins, of which no model of the data knows."""
    return sample if spins == 1 else replace(sample, inputs={**sample.inputs, "spins": np.array([spins])})


def crystal_of(
    name: str, structure: str, lattice_constant_bohr: float, c_over_a: float | None, near: bool
) -> list[Geometry]:
    """Clusters of an elemental fcc, bcc or hcp crystal, made as those of the data.

    One around the impurity; with ``near`` one for each distance within 1.2 nearest-neighbour distances instead.
    """
    if structure not in ("fcc", "bcc", "hcp"):
        raise DataError(f"host {name}: structure {structure!r} is none of fcc, bcc, hcp")
    about = {"structure": structure, "lattice_constant_bohr": lattice_constant_bohr, "c_over_a": c_over_a}
    host = elemental_host(name, about)
    start = host.position("A")
    _, positions, sites = atoms_near(host, start[None], 8.0)
    steps = positions - start
    gaps = np.linalg.norm(steps, axis=1)
    nearest = float(np.sort(gaps)[1])
    if not near:
        return [cluster(host, ["A"], np.zeros((1, 3)), REACH * nearest, name)]
    return _neighbour_clusters(host, sites, steps, gaps, nearest, name)


def _neighbour_clusters(
    host: Host, sites: Sequence[str], steps: np.ndarray, gaps: np.ndarray, nearest: float, name: str
) -> list[Geometry]:  # fmt: skip
    found: dict[float, Geometry] = {}
    for k in np.lexsort(np.round(steps, 4).T):
        distance = round(float(gaps[k]), 2)
        if 0.1 < gaps[k] <= NEAR * nearest and distance not in found:
            steps_k = np.stack([np.zeros(3), steps[k]])
            found[distance] = cluster(host, ["A", sites[k]], steps_k, REACH * nearest, name)
    ordered = [found[distance] for distance in sorted(found)]
    return [replace(g, id=f"{name}-d{k}") for k, g in enumerate(ordered, start=1)]


def write_impurities(folder: Path, dataset: Dataset, target: str, starts: bool) -> None:
    """Write the host clusters of a target and, where the row needs them, the potentials of hosts and atoms."""
    folder.mkdir(parents=True, exist_ok=True)
    whole = load_dataset(dataset.folder)
    geometries = {s.geometry.id: s.geometry for s in whole.of(target).samples}
    write_geometries(folder / GEOMETRIES, geometries.values())
    if not starts:
        return
    singles = [s for s in whole.samples if len(s.elements) == 1]
    hosts = {s.host: s for s in singles}
    single = {
        "hosts": np.array(list(hosts)),
        "host_potential": np.array([s.inputs["host_potential"] for s in hosts.values()]),
        "host_state": np.array([s.inputs["host_state"] for s in hosts.values()]),
        "start_host": np.array([s.host for s in singles]),
        "start_impurity": np.array([s.elements[0] for s in singles]),
        "start": np.array([s.inputs["start"] for s in singles]),
    }
    kept = {name: a.astype(np.float32) if a.dtype == float else a for name, a in single.items()}  # as the dataset
    np.savez_compressed(folder / POTENTIALS, allow_pickle=False, **kept)


def read_impurities(folder: Path, neighbours: bool) -> Impurities:
    """Read what ``write_impurities`` wrote; ``neighbours``: the target is a neighbour's potential."""
    places: dict[str, list[Geometry]] = {}
    for geometry in read_geometries(folder / GEOMETRIES).values():
        places.setdefault(geometry.host, []).append(geometry)
    if not (folder / POTENTIALS).is_file():
        return Impurities({name: HostState(tuple(found)) for name, found in places.items()}, {}, neighbours)
    a = _potentials(folder / POTENTIALS)
    potentials = dict(zip(a["hosts"].tolist(), zip(a["host_potential"], a["host_state"], strict=True), strict=True))
    hosts = {name: HostState(tuple(places.get(name, ())), *values) for name, values in potentials.items()}
    rows = zip(a["start_impurity"].tolist(), a["start_host"].tolist(), a["start"], strict=True)
    return Impurities(hosts, {(x, h): start + potentials[h][0] for x, h, start in rows}, neighbours)


def _potentials(path: Path) -> dict[str, np.ndarray]:
    """The arrays of ``ARRAYS``; raises ``DataError`` naming one that is missing or does not fit the others."""
    found = read_arrays(path, ARRAYS)
    for name in ARRAYS:
        rows = found.get("start_host" if name.startswith("start") else "hosts", np.empty(0)).size
        array = found.get(name)
        kinds = "U" if name in ("hosts", "start_host", "start_impurity") else "f"
        shape = (rows,) if kinds == "U" else (rows, *(() if array is None else array.shape[1:]))
        if array is None or array.dtype.kind not in kinds or array.shape != shape:
            raise DataError(
                f"{path}: the array {name!r} is missing or does not fit the others; export the bundle again"
            )
        if name in ("host_potential", "start"):
            check_curves(array, f"{path}: {name}")
    state, hosts = found["host_state"], found["hosts"]
    known = state.shape == (len(hosts), 2) and ((state[:, 0] > 0) & (state[:, 0] < limits.CELL_BOHR)).all()
    if not known or not np.isfinite(state).all() or not np.isin(found["start_host"], hosts).all():
        raise DataError(f"{path}: hosts, their states and those of the starts do not fit; export the bundle again")
    return {name: array if array.dtype.kind == "U" else array.astype(float) for name, array in found.items()}
