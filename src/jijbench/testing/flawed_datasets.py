"""A toy dataset without a flaw, and ways to spoil a copy of it: each must fail its own check, and no other."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from jijbench.data.build import write_dataset
from jijbench.data.card import read_card, write_card
from jijbench.data.dataset import load_dataset
from jijbench.data.sample import Sample
from jijbench.data.split import write_split
from jijbench.data.store import read_geometries, read_table, write_geometries, write_table
from jijbench.testing import toys

PROTOCOL = "random-orbit"
VECTOR = ("dij_x_mev", "dij_y_mev", "dij_z_mev")
FIELDS = {
    "id": "toy-pairs", "version": "1", "title": "Toy dimers", "description": "J and D by formulas", "method": "none",
    "convention": "H = -1/2 sum_{i!=j} J e_i.e_j + D.(e_i x e_j)", "licence": "CC0-1.0", "citation": "this suite",
    "source": {"code": "jijbench", "functional": "none", "spin_orbit": True}, "host": "Bi2Te3",
    "cluster_radius_angstrom": toys.RADIUS, "noise_floor": {},
    "units": {"jij_mev": "meV", "dij_x_mev": "meV", "distance_angstrom": "Å", "moment_i_mub": "Bohr magneton"},
    "targets": {"jij": {"unit": "meV", "columns": ["jij_mev"]}, "dij": {"unit": "meV", "columns": list(VECTOR)}},
    "files": ["samples.csv", "geometries.extxyz", "host.json"],
}  # fmt: skip


def write_toys(folder: Path) -> Path:
    """Write the toy dimers as a dataset with one split: those of two places, and their images by symmetries."""
    samples = [image for s in toys.dimers() if s.geometry.id in ("inplane", "polar") for image in _images(s)]
    D = toys.vectors(samples)
    table = pd.DataFrame({
        "id": [s.id.partition(":")[2] for s in samples], "geometry": [s.geometry.id for s in samples],
        "element_i": [s.elements[0] for s in samples], "element_j": [s.elements[1] for s in samples],
        "distance_angstrom": [s.distance for s in samples],
        "moment_i_mub": [s.inputs["moments"][0] for s in samples],
        "moment_j_mub": [s.inputs["moments"][1] for s in samples],
        "jij_mev": toys.truth(samples), **{name: D[:, k] for k, name in enumerate(VECTOR)},
    })  # fmt: skip
    host = toys.host()
    sites = zip(host.sites, host.elements, host.positions.tolist(), strict=True)
    crystal = {
        "formula": host.formula, "lattice_angstrom": host.cell.tolist(),
        "sites": [{"site": a, "element": b, "position_angstrom": c} for a, b, c in sites],
    }  # fmt: skip
    geometries = {s.geometry.id: s.geometry for s in samples}
    write_dataset(folder, FIELDS, table, geometries, host, json.dumps(crystal).encode())
    write_split(load_dataset(folder), PROTOCOL)
    return folder


def _images(sample: Sample) -> list[Sample]:
    """The dimer, the same with i and j renamed, and the same turned by 120° around the axis of the crystal."""
    c, s = -0.5, np.sqrt(0.75)
    third, g = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]), sample.geometry
    turned = replace(g, id=f"{g.id}-turned", positions=np.round(g.positions @ third.T, 6) + 0.0)
    return [sample, toys.renamed(sample), replace(sample, id=f"{sample.id}-turned", geometry=turned)]


def _sealed(folder: Path, **fields: object) -> None:
    """The card with other ``fields`` and the hashes of the files as they are now, and splits made for them."""
    write_card(folder, read_card(folder).model_dump(mode="json") | fields)
    for path in (folder / "splits").glob("*.json"):
        _split(path, data_sha256=read_card(folder).sha256)


def _split(path: Path, **fields: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | fields), encoding="utf-8")


def _table(folder: Path, change: Callable[[pd.DataFrame], object]) -> None:
    table = read_table(folder / "samples.csv")
    change(table)
    write_table(folder / "samples.csv", table)
    _sealed(folder)


def changed_byte(folder: Path) -> None:
    """A file that is not what the card says."""
    with (folder / "samples.csv").open("a", encoding="utf-8") as file:
        file.write("\n")


def without_citation(folder: Path) -> None:
    """Nobody to cite."""
    _sealed(folder, citation=" ")


def same_id(folder: Path) -> None:
    """Two rows of one id."""
    _table(folder, lambda table: table.__setitem__("id", [table["id"][1], *table["id"][1:]]))


def no_such_geometry(folder: Path) -> None:
    """A row whose cluster is not in the file."""
    _table(folder, lambda table: table.__setitem__("geometry", ["nowhere", *table["geometry"][1:]]))


def not_all_here(folder: Path) -> None:
    """A file that lies outside the folder and is linked from it."""
    outside = folder.parent / "outside"
    outside.mkdir()
    (folder / "geometries.extxyz").rename(outside / "geometries.extxyz")
    (folder / "geometries.extxyz").symlink_to(Path("..", "outside", "geometries.extxyz"))


def without_a_unit(folder: Path) -> None:
    """Moments, and nobody says in what."""
    known = read_card(folder).units
    _sealed(folder, units={name: unit for name, unit in known.items() if "moment" not in name})


def moved_atom(folder: Path) -> None:
    """An atom where the host has none."""
    found = read_geometries(folder / "geometries.extxyz")
    first = next(iter(found.values()))
    positions = first.positions.copy()
    positions[-1] += 0.3
    write_geometries(folder / "geometries.extxyz", [replace(first, positions=positions), *list(found.values())[1:]])
    _sealed(folder)


def same_vector_from_both_ends(folder: Path) -> None:
    """D_ji = D_ij."""
    _table(folder, lambda table: table.__setitem__("dij_z_mev", table["dij_z_mev"].abs()))


def twins_apart(folder: Path) -> None:
    """Two J for one orbit."""
    _table(folder, lambda table: table.__setitem__("jij_mev", table["jij_mev"] * (1 + 0.1 * (table.index % 3 == 1))))


def parted_orbit(folder: Path) -> None:
    """A split with a dimer in the test set whose image is in training."""
    path = folder / "splits" / f"{PROTOCOL}.json"
    first, *others = json.loads(path.read_text(encoding="utf-8"))["folds"]
    _split(path, folds=[first | {"test": first["test"][1:]}, *others])


#: check → ways to spoil a dataset that it must find
FLAWS: Mapping[str, tuple[Callable[[Path], None], ...]] = {
    "card": (changed_byte,),
    "described": (without_citation,),
    "rows": (same_id,),
    "loads": (no_such_geometry,),
    "again": (not_all_here,),
    "units": (without_a_unit,),
    "structures": (moved_atom,),
    "orbits": (same_vector_from_both_ends, twins_apart),
    "splits": (parted_orbit,),
}
