"""Crystals told from the first shell of a cluster; host cards of another element refused."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk

from jijbench.errors import ExportError
from jijbench.formats.kkr_potential import read_atoms
from jijbench.formats.kkr_scoef import Site
from jijbench.kkr.calculation import read_cluster
from jijbench.kkr.cluster import Cluster, crystal, is_sphere

CARDS = Path(__file__).parents[1] / "formats" / "kkr"


def cluster_of(atoms, reach, alat=6.82191131):
    """Sites of an ASE crystal (Bohr) around its first atom, in the units of the Cu card."""
    near = atoms.repeat((7, 7, 7))
    steps = near.positions - near.positions[3 * len(atoms) * 57]
    order = np.argsort(np.linalg.norm(steps, axis=1))
    kept = [k for k in order if np.linalg.norm(steps[k]) < reach]
    sites = [Site(tuple(steps[k] / alat), 1, 29.0) for k in kept]
    return Cluster(read_atoms(CARDS / "Cu_host.potential"), sites)


@pytest.mark.parametrize("reach", [1.05, 1.6])
@pytest.mark.parametrize(("structure", "a"), [("fcc", 6.8), ("bcc", 5.3)])
def test_cubic_crystals(structure, a, reach):
    nearest = a / np.sqrt(2) if structure == "fcc" else a * np.sqrt(3) / 2
    found = crystal(cluster_of(bulk("Cu", structure, a=a), nearest * max(reach, 1.19)))
    assert found == {"structure": structure, "lattice_constant_bohr": pytest.approx(a)}


@pytest.mark.parametrize("ratio", [1.57, np.sqrt(8 / 3), 1.86])
def test_hexagonal_crystals(ratio):
    found = crystal(cluster_of(bulk("Zn", "hcp", a=5.0, c=5.0 * ratio), 6.2))
    assert found == {
        "structure": "hcp", "lattice_constant_bohr": pytest.approx(5.0), "c_over_a": pytest.approx(ratio)
    }  # fmt: skip


@pytest.mark.parametrize("structure", ["sc", "diamond"])
def test_other_crystals_are_refused(structure):
    with pytest.raises(ExportError, match="fcc, bcc and hcp"):
        crystal(cluster_of(bulk("Cu", structure, a=7.0), 8.0))


def test_cards_of_another_host_are_refused(tmp_path):
    shutil.copy(CARDS / "Cu_host.potential", tmp_path / "Ag_host.potential")
    shutil.copy(CARDS / "Ni_in_Cu.scoef", tmp_path / "scoef")
    with pytest.raises(ExportError, match="Z is 29, Ag has 47"):
        read_cluster(tmp_path, "Ag")


def test_one_atom_stands_for_all_sites_of_a_cell(tmp_path):
    shutil.copy(CARDS / "Cu_host.potential", tmp_path / "Cu_host.potential")
    text = (CARDS / "Ni_in_Cu.scoef").read_text().replace("    1 29.0  7.07", "    2 29.0  7.07")
    (tmp_path / "scoef").write_text(text)
    cluster = read_cluster(tmp_path, "Cu")
    assert len(cluster.atoms) == 2
    assert cluster.at(cluster.sites[5])[0].v is cluster.atoms[0][0].v
    two = (CARDS / "Cu_host.potential").read_text() * 2
    (tmp_path / "Cu_host.potential").write_text(two)
    (tmp_path / "scoef").write_text(text.replace("    2 29.0", "    3 29.0"))
    with pytest.raises(ExportError, match="2 atoms, scoef counts 3 sites"):
        read_cluster(tmp_path, "Cu")


@pytest.mark.parametrize(
    ("structure", "shells", "atoms"),
    [("fcc", 1, 13), ("fcc", 2, 19), ("fcc", 3, 43), ("bcc", 2, 15), ("bcc", 3, 27), ("hcp", 2, 13), ("hcp", 3, 19)],
)
def test_a_whole_sphere_is_known_and_a_part_of_it_is_not(structure, shells, atoms):
    """Numbers of atoms within so many distances, as any textbook lists them (hcp: c/a 1.6, so the first shell is 2)."""
    sites = bulk("Cu", structure, a=6.0, c=9.6 if structure == "hcp" else None)
    whole = cluster_of(sites, 15.0)
    lengths = np.unique(np.round([site.distance for site in whole.sites[1:]], 6))
    whole.sites[:] = [site for site in whole.sites if site.distance < lengths[shells - 1] + 1e-4]
    assert len(whole.sites) == atoms
    assert is_sphere(whole)
    assert not is_sphere(Cluster(whole.atoms, whole.sites[:-1]))
    assert not is_sphere(Cluster(whole.atoms, [*whole.sites, Site((0.0, 0.0, 9.0), 1)]))
    assert is_sphere(Cluster(whole.atoms, whole.sites[:1]))
