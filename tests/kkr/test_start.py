"""Start potentials: the files for Ni in Cu rebuilt from the dataset, what is refused before anything is written."""

import itertools
import shutil
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from jijbench.cli import cli
from jijbench.data.dataset import load_dataset
from jijbench.elements import atomic_number
from jijbench.errors import ExportError
from jijbench.formats.kkr_potential import potential_text, read_atoms, read_blocks
from jijbench.formats.kkr_scoef import Site, read_scoef
from jijbench.kkr.cluster import Cluster
from jijbench.kkr.start import cluster_blocks, export_kkr

CARDS = Path(__file__).parents[1] / "formats" / "kkr"
START = CARDS / "Ni_in_Cu.start.potential"


@pytest.fixture
def cards(tmp_path):
    folder = tmp_path / "cards"
    folder.mkdir()
    shutil.copy(CARDS / "Cu_host.potential", folder)
    shutil.copy(CARDS / "Ni_in_Cu.scoef", folder / "scoef")
    return folder


def predicted(folder, target="dv", n=349, value=0.1, **extra):
    path = folder / f"{target}.npz"
    arrays = {"target": target, "host": ["Cu"], "impurity": ["Ni"], "mean": np.full((1, n), value)} | extra
    np.savez(path, **arrays)
    return path


def test_a_correction_lands_in_its_cells_alone(cards, tmp_path):
    alat = read_blocks(CARDS / "Cu_host.potential")[0].alat
    shell = predicted(tmp_path, "dv-shell", value=-0.02, distance=[alat / np.sqrt(2)])
    export_kkr("Cu", "Ni", predicted(tmp_path), shell, str(START), cards, tmp_path / "out")
    (host,) = read_blocks(CARDS / "Cu_host.potential")
    found, start = read_blocks(tmp_path / "out" / "potential"), read_blocks(START)
    assert [b.z for b in found] == [28.0] + [29.0] * 12
    np.testing.assert_allclose(found[0].v - start[0].v, 0.1, atol=1e-9)
    for block in found[1:]:
        np.testing.assert_allclose(block.v - host.v, -0.02, atol=1e-9)
    assert found[0].core == start[0].core
    assert all(abs(b.alat - host.alat) < 1e-11 for b in found)


def test_tables_of_the_cluster_are_those_of_the_real_run(cards, tmp_path):
    export_kkr("Cu", "Ni", predicted(tmp_path), None, str(START), cards, tmp_path / "out")
    assert (tmp_path / "out" / "scoef").read_bytes() == (CARDS / "Ni_in_Cu.scoef").read_bytes()
    assert len(read_scoef(tmp_path / "out" / "scoef")) == 13

    def rows(path):
        return np.array([line.split() for line in path.read_text().splitlines() if "#" not in line][1:], float)

    np.testing.assert_array_equal(
        rows(tmp_path / "out" / "kkrflex_atominfo"), rows(CARDS / "Ni_in_Cu.kkrflex_atominfo")
    )
    snippet = (tmp_path / "out" / "aiida_inputs.py").read_text()
    compile(snippet, "snippet", "exec")
    assert '"Rcut": 2.5552' in snippet  # Å, the nearest neighbours of Cu at 2.5526


def test_the_codes_own_atominfo_gets_another_z(cards, tmp_path):
    given = (CARDS / "Ni_in_Cu.kkrflex_atominfo").read_text()
    (cards / "kkrflex_atominfo").write_text(given.replace(" 28.00 0 0 2", " 29.00 0 0 2").replace(" 2\n", " 3\n"))
    export_kkr("Cu", "Ni", None, None, str(START), cards, tmp_path / "out", l_max=2)
    assert (tmp_path / "out" / "kkrflex_atominfo").read_text() == given.replace(" 2\n", " 3\n")
    (cards / "kkrflex_atominfo").write_text("13 13\n0.0 0.0\n")
    with pytest.raises(ExportError, match="NATOM"):
        export_kkr("Cu", "Ni", None, None, str(START), cards, tmp_path / "other")


def test_the_impurity_lies_on_the_hosts_mesh_with_its_own_core(cards, tmp_path):
    export_kkr("Cu", "Ni", None, None, str(CARDS / "Ni_in_Cu.converged.potential"), cards, tmp_path / "out")
    found, (host,) = read_blocks(tmp_path / "out" / "potential")[0], read_blocks(CARDS / "Cu_host.potential")
    own = read_blocks(CARDS / "Ni_in_Cu.converged.potential")[0]
    assert (found.alat, found.r_mt_new, found.b, found.r_ws) == (host.alat, host.r_mt_new, host.b, host.r_ws)
    assert (found.z, found.core, found.title) == (28.0, own.core, own.title)


@pytest.mark.parametrize(("element", "core"), [("N", [0, 0]), ("Pd", [0, 0, 0, 0, 1, 1, 1, 2])])
def test_the_dataset_gives_the_start(element, core, cards, tmp_path):
    dataset = load_dataset("deltav-elemental")
    dv = predicted(tmp_path, value=0.0, impurity=[element])
    export_kkr("Cu", element, dv, None, "dataset", cards, tmp_path / "out")
    found, (host,) = read_blocks(tmp_path / "out" / "potential")[0], read_blocks(CARDS / "Cu_host.potential")
    row = dataset.table.set_index("id").loc[f"{element}-in-Cu"]
    with np.load(dataset.folder / "curves.npz") as arrays:
        np.testing.assert_allclose(found.v - host.v, arrays["start"][row["start_row"]], atol=1e-5)
    assert [ell for ell, _ in found.core] == core
    assert found.title.startswith(f"{element}{atomic_number(element)} ")
    with pytest.raises(ExportError, match="no Ni in Cu"):
        export_kkr("Cu", "Ni", predicted(tmp_path), None, "dataset", cards, tmp_path / "other")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"n": 348}, "348 points"),
        ({"value": np.nan}, "not finite"),
        ({"host": ["Ag"]}, "0 rows of Ni in Cu"),
        ({"target": "dv-shell"}, "dv-shell"),
    ],
)
def test_other_predictions_are_refused(change, complaint, cards, tmp_path):
    path = predicted(tmp_path, **{"distance": [4.8]} | change)
    with pytest.raises(ExportError, match=complaint):
        export_kkr("Cu", "Ni", path, None, str(START), cards, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_other_cards_are_refused(cards, tmp_path):
    dv = predicted(tmp_path)
    with pytest.raises(ExportError, match="Z is 28, Co has 27"):
        export_kkr("Cu", "Co", predicted(tmp_path, impurity=["Co"]), None, str(START), cards, tmp_path / "out")
    dv = predicted(tmp_path)
    shell = predicted(tmp_path, "dv-shell", distance=[3.0])
    with pytest.raises(ExportError, match="no atom of scoef"):
        export_kkr("Cu", "Ni", dv, shell, str(START), cards, tmp_path / "out")
    short = tmp_path / "start"
    short.write_text(START.read_text().replace("6.821911310000000", "6.821911320000000", 1))
    with pytest.raises(ExportError, match="alat"):
        export_kkr("Cu", "Ni", dv, None, str(short), cards, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_command_writes_once(cards, tmp_path):
    words = ["export", "kkr", "--impurity", str(predicted(tmp_path)), "--host", "Cu", "--element", "Ni",
             "--start", str(START), "--cards", str(cards), str(tmp_path / "out")]  # fmt: skip
    assert CliRunner().invoke(cli, words).exit_code == 0
    again = CliRunner().invoke(cli, words)
    assert isinstance(again.exception, ExportError)
    assert "not empty" in str(again.exception)


def test_full_potential_keeps_the_hosts_nonspherical_part():
    start = read_blocks(CARDS / "Cr_in_Bi2Te3.full.converged.potential")
    host = [replace(b, nonspherical={lm: 2 * v for lm, v in b.nonspherical.items()}) for b in start]
    sites = [Site((0.0, 0.0, 0.0), 1, 83.0), Site((0.5, 0.0, 0.0), 1, 83.0)]
    cluster, start = Cluster([tuple(host)], sites), tuple(start)
    found = cluster_blocks(cluster, start, np.full(484, 0.1), {})
    assert len(found) == 4
    for block, spin, begin in zip(found[:2], host, start, strict=True):
        np.testing.assert_allclose(block.v, begin.v + 0.1)
        assert all((block.nonspherical[lm] == v).all() for lm, v in spin.nonspherical.items())
    with pytest.raises(ExportError, match="349 points, the potential has 484"):
        cluster_blocks(cluster, start, np.zeros(349), {})
    with pytest.raises(ExportError, match="not of 2 spins"):
        cluster_blocks(cluster, read_atoms(START)[0], None, {})


def snippet_of(out):
    text = (out / "aiida_inputs.py").read_text()
    compile(text, "snippet", "exec")
    return text[text.index('"impurity_info"') :].split("\n    #")[0]


def info_of(out):
    return eval(snippet_of(out).removeprefix('"impurity_info": Dict(dict=').rstrip().removesuffix("),"))


def test_the_cluster_that_aiida_is_told_is_that_of_scoef(cards, tmp_path):
    """A sphere by its radius from x y z; any other cluster by its atoms."""
    lines = (cards / "scoef").read_text().splitlines()
    for name, kept in {"whole": lines[1:], "part": lines[1:9], "one": lines[1:2]}.items():
        (cards / "scoef").write_text("\n".join([str(len(kept)), *(" ".join(line.split()[:4]) for line in kept)]))
        export_kkr("Cu", "Ni", None, None, str(START), cards, tmp_path / name)
    assert info_of(tmp_path / "whole") == {"Rcut": 2.5552, "ilayer_center": 0, "Zimp": [28.0]}
    assert info_of(tmp_path / "one") == {"Rcut": 1e-5, "ilayer_center": 0, "Zimp": [28.0]}
    part = info_of(tmp_path / "part")
    assert "Rcut" not in part
    assert part["Rimp_rel"] == [[0.0, 0.0, 0.0]]
    sites = read_scoef(tmp_path / "part" / "scoef")
    assert [tuple(row[:3]) for row in part["imp_cls"]] == [site.x for site in sites]
    assert [row[3:5] for row in part["imp_cls"]] == [[1, 29.0]] * 8
    np.testing.assert_allclose([row[5] for row in part["imp_cls"]], [0.0] + [np.sqrt(0.5)] * 7)


def test_a_first_shell_is_predicted_whole(cards, tmp_path):
    """bcc has two distances in its first shell: a prediction of one of them is refused."""
    rows = [(0, 0, 0), *itertools.product((-0.5, 0.5), repeat=3)]
    rows += [tuple(s * row) for row in np.eye(3) for s in (-1, 1)]
    text = "\n".join([str(len(rows)), *(f"{x:.6f} {y:.6f} {z:.6f} 1" for x, y, z in rows)])
    (cards / "scoef").write_text(text)
    alat = 6.82191131
    both = [np.sqrt(0.75) * alat, alat]
    mean = {"mean": np.full((2, 349), 0.1), "host": ["Cu"] * 2, "impurity": ["Ni"] * 2}
    shell = predicted(tmp_path, "dv-shell", distance=both, **mean)
    export_kkr("Cu", "Ni", None, shell, str(START), cards, tmp_path / "out")
    one = predicted(tmp_path, "dv-shell", distance=both[:1])
    with pytest.raises(ExportError, match=r"nothing is predicted for the atoms of scoef at \[.*6\.8219"):
        export_kkr("Cu", "Ni", None, one, str(START), cards, tmp_path / "other")


def test_predictions_from_outside_and_for_two_spins_are_said(cards, tmp_path):
    inside = predicted(tmp_path, domain=["inside"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        export_kkr("Cu", "Ni", inside, None, str(START), cards, tmp_path / "out")
    outside = predicted(tmp_path, domain=["element Ni not in training"])
    with pytest.warns(UserWarning, match="outside .*: element Ni not in training"):
        export_kkr("Cu", "Ni", outside, None, str(START), cards, tmp_path / "other")
    host, start = cards / "Cu_host.potential", tmp_path / "start"
    for path, to in ((host, host), (START, start)):
        blocks = [replace(b, title=f"{b.title[:14]} {w:<13}{b.title[28:]}") for b in read_blocks(path)
                  for w in ("SPIN DOWN", "SPIN UP")]  # fmt: skip
        to.write_text(potential_text(blocks))
    with pytest.warns(UserWarning, match="two spins, the model is non-magnetic"):
        export_kkr("Cu", "Ni", predicted(tmp_path), None, str(start), cards, tmp_path / "spins")


def test_a_start_of_the_data_is_not_put_on_another_mesh(cards, tmp_path):
    text = (cards / "Cu_host.potential").read_text()
    scale = 2.70000 / 2.66598
    text = text.replace("2.66598", "2.70000").replace("0.44418808D-03", f"{0.44418808 * scale:.8f}D-03")
    (cards / "Cu_host.potential").write_text(text)
    with pytest.raises(ExportError, match=r"up to 2\.66598 Bohr, the potential 349 up to 2\.70000"):
        export_kkr("Cu", "N", None, None, "dataset", cards, tmp_path / "out")
