import json

import numpy as np
import pandas as pd
import pytest
from ase.io import write
from ase.spacegroup import crystal

from jijbench.data.dataset import load_dataset
from jijbench.data.host import Host
from jijbench.data.importer import import_table
from jijbench.data.structures import crystal_of, structure_json
from jijbench.data.symmetry import operations
from jijbench.data.validate import validate
from jijbench.errors import DataError

A, C = 4.38531, 30.487  # Å, Bi2Te3
BI2TE3 = crystal(
    ["Bi", "Te", "Te"], [(0, 0, 0.4), (0, 0, 0), (0, 0, 0.2095)], spacegroup=166, cellpar=[A, A, C, 90, 90, 120]
)


@pytest.mark.parametrize("name", ["POSCAR", "Bi2Te3.vasp", "Bi2Te3.cif"])
def test_a_crystal_is_a_host(tmp_path, name):
    write(tmp_path / name, BI2TE3, format="cif" if name.endswith("cif") else "vasp")
    host, content = crystal_of(tmp_path / name)
    assert host.formula == "Bi2Te3"
    assert host.sites[:2] == ("Bi1", "Bi2")
    assert len(host.sites) == 15
    assert len(operations(host)[0]) == 36  # 12 operations of R-3m, three lattice points in the hexagonal cell
    np.testing.assert_allclose(host.cell, np.array(BI2TE3.cell), atol=1e-4)
    assert Host.from_json(json.loads(content)).sites == host.sites


def test_a_table_is_imported_into_it(tmp_path):
    write(tmp_path / "POSCAR", BI2TE3, format="vasp")
    table = pd.DataFrame({"a": ["Cr"], "b": ["Mn"], "x": [A], "y": [0.0], "z": [0.0], "s": ["Bi1"], "J": [1.0]})
    table.to_csv(tmp_path / "t.csv", index=False)
    columns = {"element_i": "a", "element_j": "b", "dx": "x", "dy": "y", "dz": "z", "site_i": "s", "j": "J",
               "energy_unit": "meV", "convention": "house"}  # fmt: skip
    about = {"id": "d", "title": "D", "licence": "MIT", "citation": "-", "code": "-", "functional": "-"}
    import_table(tmp_path / "t.csv", columns, tmp_path / "out", host=tmp_path / "POSCAR", **about)
    validate(tmp_path / "out")
    assert load_dataset(tmp_path / "out").samples[0].geometry.sublattices == ("Bi1", "Bi1")


def test_what_is_no_ordered_crystal_is_refused(tmp_path):
    poscar = "x\n1.0\n3 0 0\n0 3 0\n0 0 3\nFe\n1\nDirect\n0 0 0\n"
    for old, new, message in (
        ("0 0 3\n", "3 0 0\n", "no cell of three independent vectors"),
        ("Fe", "X", "a site of X"),
        ("0 0 3\n", "0 0 inf\n", "no cell of three independent vectors|no VASP file"),
        ("\n1\n", "\n1000000000000\n", "promises 100000000 atoms in 9 lines"),
        ("Direct\n0 0 0", "Direct\n0 0", "no VASP file that ASE reads"),
    ):
        (tmp_path / "POSCAR").write_text(poscar.replace(old, new))
        with pytest.raises(DataError, match=rf"POSCAR.*({message})"):
            structure_json(tmp_path / "POSCAR")
    text = (
        "data_x\n_cell_length_a 3\n_cell_length_b 3\n_cell_length_c 3\n_cell_angle_alpha 90\n_cell_angle_beta 90\n"
        "_cell_angle_gamma 90\nloop_\n_atom_site_label\n_atom_site_type_symbol\n_atom_site_fract_x\n"
        "_atom_site_fract_y\n_atom_site_fract_z\n_atom_site_occupancy\nA Fe 0 0 0 0.5\nB Co 0 0 0 0.5\n"
    )
    (tmp_path / "x.cif").write_text(text)
    with pytest.raises(DataError, match=r"x\.cif has a site that is occupied by"):
        structure_json(tmp_path / "x.cif")
    (tmp_path / "x.traj").write_text("x")
    with pytest.raises(DataError, match=r"x\.traj: a host is read from a \.json"):
        structure_json(tmp_path / "x.traj")
