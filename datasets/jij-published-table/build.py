"""Make the committed files of ``jij-published-table`` from the printed heat map.

    python datasets/jij-published-table/build.py RAW DIMERS

RAW holds ``table.csv``; DIMERS is the raw folder of ``jij-bi2te3`` (host cell and single-impurity moments).
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from jijbench.data.build import write_dataset
from jijbench.data.cluster import cluster
from jijbench.data.host import read_host

RADIUS = 5.0  # Å
STEP = np.array([-4.38531, 0.0, 0.0])  # Å, the nearest in-plane neighbour, as in jij-bi2te3

FIELDS = {
    "id": "jij-published-table",
    "version": "1",
    "title": "Published exchange table, nearest in-plane shell of Bi2Te3",
    "description": (
        "17 x 20 values of J as printed (two significant digits) in a heat map; rows Tc, Ru and Pd are not printed. "
        "Both orders (A,B) and (B,A) are listed and differ: mean |difference| 0.15 meV over 136 pairs, at most 2.3 meV. "
        "The shell (4.385 Å) is inferred from the agreement with jij-bi2te3. The moments are those of the single "
        "impurities of jij-bi2te3, another level of theory; the table prints none. An external check and a transfer "
        "test, never for tuning."
    ),
    "method": "KKR with spin-orbit coupling, l_max = 3, self-consistent dimers (Mozumder et al.).",
    "convention": "house: H = -1/2 sum_{i!=j} J_ij e_i.e_j, |e| = 1, J > 0 ferromagnetic",
    "units": {"jij_mev": "meV", "distance_angstrom": "Å", "moment_i_mub": "Bohr magneton"},
    "licence": "CC BY 4.0",
    "citation": (
        "R. Mozumder et al., High-throughput magnetic co-doping and design of exchange interactions in a topological "
        "insulator, arXiv:2407.04413; Materials Cloud 2024.103, DOI 10.24435/materialscloud:c9-9x; values as printed in "
        "slides of 2024-07-10."
    ),
    "source": {"code": "JuKKR", "functional": "LSDA", "spin_orbit": True, "raw": "table.csv"},
    "host": "Bi2Te3",
    "cluster_radius_angstrom": RADIUS,
    "targets": {"jij": {"unit": "meV", "columns": ["jij_mev"]}},
    "noise_floor": {"jij": 0.15},  # meV: mean |J(A,B) - J(B,A)|
    "analyses": ["twins"],
    # meV: twins differ by up to 2.3, and J reaches 3.2 where one moment of the other level of theory is zero
    "tolerance": {"jij": 3.2},
    "files": ["samples.csv", "geometries.extxyz", "host.json"],
}


def main(raw: Path, dimers: Path) -> None:
    """Read the printed table and write the dataset beside this file."""
    table = pd.read_csv(raw / "table.csv", keep_default_na=False)
    moments = pd.read_csv(dimers / "impurities.csv").set_index("element")["spin_moment_mub"]
    host = read_host(dimers / "host.json")
    table.insert(0, "id", table["element_i"] + "-" + table["element_j"] + "-s01")
    table.insert(1, "geometry", "s01")
    table["shell"], table["distance_angstrom"], table["multiplicity"] = 1, 4.38531, 6
    table["moment_i_mub"] = table["element_i"].map(moments)
    table["moment_j_mub"] = table["element_j"].map(moments)
    geometry = cluster(host, ("Bi2", "Bi2"), np.stack([np.zeros(3), STEP]), RADIUS, "s01", shell=1)
    write_dataset(Path(__file__).parent, FIELDS, table, {"s01": geometry}, host, dimers / "host.json")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
