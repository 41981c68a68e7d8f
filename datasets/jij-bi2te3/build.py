"""Make the committed files of ``jij-bi2te3`` from the raw KKR tables.

    python datasets/jij-bi2te3/build.py RAW

RAW is the folder with ``dimers.csv``, ``impurities.csv`` and ``host.json``. The same input gives the same bytes.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from jijbench.data.build import write_dataset
from jijbench.data.cluster import cluster
from jijbench.data.host import read_host

RADIUS = 5.0  # Å

FIELDS = {
    "id": "jij-bi2te3",
    "version": "2",
    "title": "Exchange interactions of 3d and 4d impurity dimers in Bi2Te3",
    "description": (
        "Isotropic exchange J of two substitutional 3d (Sc-Zn) or 4d (Y-Cd) impurities on Bi sites of bulk Bi2Te3, "
        "14 neighbour shells (4.4-11.4 Å). One row an unordered dimer, shell and triplet. Shells 6, 11 and 14 (same "
        "sublattice, R in a mirror plane): exchanging the two elements changes J, the neighbours at +R are triplet a, "
        "those at -R triplet b. Shell 9: two inequivalent triplets at one distance. Where one element carries no moment "
        "J is exactly zero (frozen potentials leave out induced moments) and one row counts both triplets."
    ),
    "method": (
        "Full-potential KKR Green-function method (Jülich KKR codes JuKKR: voronoi, KKRhost, KKRimp), l_max = 2, scalar "
        "relativistic, LSDA (Vosko-Wilk-Nusair); host converged to 1e-5 Ry, Fermi energy in mid gap, 24x24x24 k-points; "
        "single impurities with 14 neighbour sites converged to 1e-5 Ry; dimers by the Dyson equation from the frozen "
        "single-impurity potentials; Liechtenstein formula with parallel moments."
    ),
    "convention": "house: H = -1/2 sum_{i!=j} J_ij e_i.e_j, |e| = 1, J > 0 ferromagnetic, E(up,down) - E(up,up) = 2 J",
    "units": {"jij_mev": "meV", "distance_angstrom": "Å", "dx_angstrom": "Å", "moment_i_mub": "Bohr magneton"},
    "licence": "CC BY 4.0",
    "citation": "Computed for jijbench, second edition of 2026-11-24; method as Mozumder et al., arXiv:2407.04413.",
    "source": {
        "code": "JuKKR (voronoi, KKRhost, KKRimp), public source of 2024-05-03",
        "functional": "LSDA (Vosko-Wilk-Nusair)",
        "spin_orbit": False,
        "raw": "dimers.csv, impurities.csv, host.json",
    },
    "host": "Bi2Te3",
    "cluster_radius_angstrom": RADIUS,
    "targets": {"jij": {"unit": "meV", "columns": ["jij_mev"]}},
    "noise_floor": {"jij": 0.002},  # meV: largest change of J from 24^3 to 32^3 k-points, ten dimers
    "analyses": ["critical-temperature"],
    "files": ["samples.csv", "geometries.extxyz", "host.json"],
}


def geometry_id(row: pd.Series) -> str:
    """``s06a``, ``s06b``: rows of a split shell that are listed once stand at +R, as triplet a does."""
    split = row["shell"] in (6, 9, 11, 14)
    return f"s{row['shell']:02d}{row['triplet'] or ('a' if split else '')}"


def main(raw: Path) -> None:
    """Read the raw tables and write the dataset beside this file."""
    dimers = pd.read_csv(raw / "dimers.csv", keep_default_na=False)
    host = read_host(raw / "host.json")
    dimers.insert(1, "geometry", dimers.apply(geometry_id, axis=1))
    geometries = {}
    for name, row in dimers.drop_duplicates("geometry").set_index("geometry").sort_index().iterrows():
        step = row[["dx_angstrom", "dy_angstrom", "dz_angstrom"]].to_numpy(dtype=float)
        sublattices = (row["sublattice_i"], row["sublattice_j"])
        geometries[name] = cluster(host, sublattices, np.stack([np.zeros(3), step]), RADIUS, str(name), row["shell"])
    table = dimers.rename(columns={"dimer_id": "id"})
    write_dataset(Path(__file__).parent, FIELDS, table, geometries, host, raw / "host.json")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
