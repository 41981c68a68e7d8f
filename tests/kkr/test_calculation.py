"""Files of one calculation against each other: what does not belong together is refused, other layouts are read."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fuzz import Subject, mutants
from jijbench.errors import ExportError
from jijbench.formats.kkr_atominfo import read_atominfo
from jijbench.formats.kkr_potential import atoms_of, potential_text, read_atoms, read_blocks
from jijbench.kkr.calculation import check_info, read_cluster
from jijbench.kkr.cases import asked
from jijbench.kkr.start import export_kkr

CARDS = Path(__file__).parents[1] / "formats" / "kkr"
SCOEF = (CARDS / "Ni_in_Cu.scoef").read_text()
INFO = (CARDS / "Ni_in_Cu.kkrflex_atominfo").read_text()


@pytest.fixture
def hosts(tmp_path):
    folder = tmp_path / "hosts" / "Cu"
    folder.mkdir(parents=True)
    shutil.copy(CARDS / "Cu_host.potential", folder)
    (folder / "scoef").write_text(SCOEF)
    shutil.copy(CARDS / "Ni_in_Cu.start.potential", folder / "Ni.start.potential")
    return folder.parent


def ask(hosts):
    return asked([("Cu", "Ni")], hosts)


def export(hosts, out):
    start = str(hosts / "Cu" / "Ni.start.potential")
    export_kkr("Cu", "Ni", None, None, start, hosts / "Cu", out)
    return out


def two_spins(path, shift):
    """The card at ``path`` with SPIN DOWN ``shift`` Ry below and SPIN UP as much above."""
    blocks = [
        replace(b, title=f"{b.title[:14]} {word:<13}{b.title[28:]}", v=b.v + sign * shift)
        for b in read_blocks(path)
        for sign, word in ((-1, "SPIN DOWN"), (1, "SPIN UP"))
    ]
    path.write_text(potential_text(blocks))


def refused(hosts, tmp_path, match):
    """Both commands that read a calculation refuse it, in the same words, and write nothing."""
    for go in (lambda: ask(hosts), lambda: export(hosts, tmp_path / "out")):
        with pytest.raises(ExportError, match=match) as error:
            go()
        assert "\n" not in str(error.value)
    assert not (tmp_path / "out").exists()


# spins


@pytest.mark.parametrize("whole", [True, False])
def test_a_start_of_one_spin_in_a_host_of_two_is_refused(whole, hosts, tmp_path):
    two_spins(hosts / "Cu" / "Cu_host.potential", 0.0)
    if not whole:
        start = hosts / "Cu" / "Ni.start.potential"
        start.write_text(potential_text(read_blocks(start)[:1]))
    refused(hosts, tmp_path, "not of 2 spins as the host's")


def test_a_start_of_two_spins_in_a_host_of_one_gives_its_mean(hosts, tmp_path):
    right, written = ask(hosts)["v_start"], read_blocks(export(hosts, tmp_path / "one") / "potential")
    two_spins(hosts / "Cu" / "Ni.start.potential", 0.3)
    found = ask(hosts)
    np.testing.assert_allclose(found["v_start"], right, atol=1e-9)
    assert found["spins"].tolist() == [1]
    again = read_blocks(export(hosts, tmp_path / "two") / "potential")
    assert len(again) == 13
    assert "SPIN" not in again[0].title
    np.testing.assert_allclose(again[0].v, written[0].v, atol=1e-9)


def test_two_spins_throughout_are_asked_by_their_mean_and_exported_both(hosts, tmp_path):
    right = ask(hosts)
    two_spins(hosts / "Cu" / "Ni.start.potential", 0.3)
    two_spins(hosts / "Cu" / "Cu_host.potential", 0.1)
    found = ask(hosts)
    assert found["spins"].tolist() == [2]
    for name in ("v_start", "v_host"):
        np.testing.assert_allclose(found[name], right[name], atol=1e-9)
    blocks = read_blocks(export(hosts, tmp_path / "out") / "potential")
    assert [b.title[15:24].strip() for b in blocks] == ["SPIN DOWN", "SPIN UP"] * 13
    np.testing.assert_allclose(blocks[1].v - blocks[0].v, 0.6, atol=1e-9)
    np.testing.assert_allclose(blocks[3].v - blocks[2].v, 0.2, atol=1e-9)


def test_two_blocks_are_one_atom_only_where_they_agree(tmp_path):
    path = tmp_path / "card"
    shutil.copy(CARDS / "Ni_in_Cu.start.potential", path)
    two_spins(path, 0.1)
    blocks = read_blocks(path)
    assert [len(atom) for atom in atoms_of(blocks, "card")] == [2] * 13
    with pytest.raises(ExportError, match=r"block 2 .*Z 29 or the core is not that of the other spin, Z 28"):
        atoms_of([blocks[0], blocks[3]], "card")
    with pytest.raises(ExportError, match=r"block 2 .*r_?ws"):
        atoms_of([blocks[0], replace(blocks[1], r_ws=2.7)], "card")
    with pytest.raises(ExportError, match=r"block 3 .*alat"):
        atoms_of([*blocks[:2], *(replace(b, alat=7.0) for b in blocks[2:4])], "card")


def test_other_atoms_of_a_start_potential_are_the_hosts(hosts, tmp_path):
    start = hosts / "Cu" / "Ni.start.potential"
    blocks = read_blocks(start)
    start.write_text(potential_text([*blocks[:3], blocks[0]]))
    refused(hosts, tmp_path, "atom 4: Z is 28, Cu has 29")
    start.write_text(potential_text([blocks[1], blocks[0]]))
    refused(hosts, tmp_path, "atom 1: Z is 29, Ni has 28")


# scoef


def rows(text=SCOEF):
    return [line.split() for line in text.splitlines()[1:]]


def listed(rows, n=None):
    return "\n".join([f"{len(rows) if n is None else n:8d}", *(" ".join(row) for row in rows)]) + "\n"


READ = {
    "four columns": listed([row[:4] for row in rows()]),
    "five columns": listed([row[:5] for row in rows()]),
    "seven columns": listed([[*row, "1"] for row in rows()]),
    "the impurity's Z on its line": SCOEF.replace(" 29.0", " 28.0", 1),
    "no Z": SCOEF.replace(" 29.0", "  0.0"),
    "vacancy on its line": SCOEF.replace(" 29.0", "  0.0", 1),
    "D exponents": SCOEF.replace("E", "D"),
    "Windows": SCOEF.replace("\n", "\r\n"),
    "byte order mark": "\ufeff" + SCOEF,
    "few digits": listed([[*(f"{float(x):.4f}" for x in r[:3]), r[3], "29", f"{float(r[5]):.4f}"] for r in rows()]),
    "blank lines at the end": SCOEF + "\n \n",
}  # fmt: skip


@pytest.mark.parametrize("name", READ)
def test_every_layout_of_scoef_is_read(name, hosts, tmp_path):
    right = ask(hosts)
    (hosts / "Cu" / "scoef").write_bytes(READ[name].encode())
    found = ask(hosts)
    assert found["structure"] == right["structure"]
    assert found["lattice_constant_bohr"] == pytest.approx(right["lattice_constant_bohr"], rel=1e-7)
    written = (export(hosts, tmp_path / "out") / "kkrflex_atominfo").read_text().splitlines()[3:]
    assert [line.split()[3] for line in written] == ["28.00", *["29.00"] * 12]


def moved(k, column, word):
    changed = rows()
    changed[k][column] = word
    return listed(changed)


REFUSED = {
    "a site twice": (listed([*rows(), rows()[-1]]), "lines 14 and 15: one site given twice"),
    "fewer counted": (listed(rows(), 12), "12 atoms, 13 lines"),
    "more counted": (listed(rows(), 14), "14 atoms, 13 lines"),
    "distance in Bohr": (listed([*rows()[:1], *[[*row[:5], "4.8238E+00"] for row in rows()[1:]]]), "line 3: distance"),
    "an atom moved": (moved(4, 1, "5.1000000000000000000E-01"), "line 6: distance"),
    "Z of another element": (moved(0, 4, "27.0"), "line 2: Z is 27"),
    "an impurity on a neighbour": (moved(3, 4, "28.0"), "line 5: Z is 28, Cu has 29"),
    "three columns": (listed([row[:3] for row in rows()]), "3 columns, expected x y z site"),
    "one line shorter": (listed([*rows()[:-1], rows()[-1][:5]]), "columns"),
    "not a number": (moved(2, 0, "abc"), "line 4: .*'abc' is no number"),
    "a site far off": (moved(2, 3, "9"), r"sites \[1, 9\] of the host; .* has one atom"),
    "site 0": (moved(2, 3, "0"), "site: 0 does not count"),
    "the impurity elsewhere": (listed(rows()[1:]), "the first atom is the impurity"),
    "no atoms": ("0\n", "0 atoms"),
    "empty": ("", "truncated"),
    "beyond ASCII": (SCOEF[:30] + "é" + SCOEF[30:], "no plain text"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_other_scoef_is_refused(name, hosts, tmp_path):
    text, complaint = REFUSED[name]
    (hosts / "Cu" / "scoef").write_text(text)
    refused(hosts, tmp_path, complaint)


# kkrflex_atominfo


def table(text):
    """What the impurity code reads of it: NATOM, NTOTATOM and seven numbers an atom."""
    lines = [line.split() for line in text.splitlines() if not line.lstrip().startswith("#")]
    return np.array(lines[0], float), np.array(lines[1:], float)


ATOMS = [line for line in INFO.splitlines() if "#" not in line][1:]


def info(atoms, head="13 13"):
    return "\n".join(["#NATOM NTOTATOM", head, *atoms]) + "\n"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (info(ATOMS[:3], "3 3"), "3 atoms, scoef has 13"),
        (info([ATOMS[1], ATOMS[0], *ATOMS[2:]]), "atom 1: at .*of two clusters"),
        (info([*ATOMS[:5], ATOMS[6], ATOMS[5], *ATOMS[7:]]), "atom 6: at .*of two clusters"),
        (info([*ATOMS[:5], ATOMS[5].replace("29.00", "28.00"), *ATOMS[6:]]), "atom 6: Z is 28, Cu has 29"),
        (info([ATOMS[0].replace("28.00", "27.00"), *ATOMS[1:]]), "atom 1: Z is 27, Cu has 29"),
        (info(ATOMS, "13 14"), "all three must agree"),
        (info(ATOMS[:-1]), "all three must agree"),
        (info([*ATOMS[:-1], ATOMS[-1][:-1] + "3"]), "lmax is"),
        (info([*ATOMS[:-1], ATOMS[-1].replace("    0    0", "    1    0")]), "virtual or removed"),
        (info([line.replace("0.5000", "0.7071") for line in ATOMS]), "atom 2: at"),
        ("", "no NATOM"),
    ],
)
def test_an_atominfo_of_another_cluster_is_refused(text, complaint, hosts, tmp_path):
    (hosts / "Cu" / "kkrflex_atominfo").write_text(text)
    refused(hosts, tmp_path, complaint)


@pytest.mark.parametrize("z", ["28.00", "29.00", "0.00"])
def test_the_impuritys_z_is_put_in(z, hosts, tmp_path):
    text = INFO.replace(" 28.00 0 0 2", f" {z} 0 0 2").replace("\n", "\r\n")
    (hosts / "Cu" / "kkrflex_atominfo").write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert (export(hosts, tmp_path / "out") / "kkrflex_atominfo").read_text() == INFO


def test_no_damage_that_changes_physics_passes(hosts):
    """Of 939 damaged files each is refused, or what is written holds what the undamaged one does."""
    given, right = hosts / "Cu" / "kkrflex_atominfo", table(INFO)
    cluster, passed, crashed = read_cluster(hosts / "Cu", "Cu", "Ni"), 0, []
    subject = Subject("kkrflex_atominfo", INFO.encode(), given.name, read_atominfo)
    for k, mutant in enumerate(mutants(subject, 939, seed=0)):
        given.write_bytes(mutant)
        try:
            written = check_info(read_atominfo(given), cluster, "Cu", "Ni").with_z(28.0)
        except ExportError as error:
            crashed += ["two lines"] if "\n" in str(error) else []
            continue
        passed += 1
        found = table(written)
        np.testing.assert_array_equal(found[0], right[0], err_msg=f"mutant {k}")
        np.testing.assert_allclose(found[1], right[1], rtol=0, atol=1e-9, err_msg=f"mutant {k}")
    assert not crashed
    assert 0 < passed < 500  # comments, blanks and digits that nobody reads may change


# empty spheres


def test_empty_spheres_of_the_host_stay_what_they_are(hosts, tmp_path):
    """Z = 0 at sites of the host's card, in scoef and in kkrflex_atominfo; never in the impurity's place."""
    path, folder = hosts / "Cu" / "Cu_host.potential", hosts / "Cu"
    (cu,) = read_blocks(path)
    path.write_text(potential_text([cu, replace(cu, z=0.0, core=(), title="Va0 " + cu.title[4:])]))
    empty = [*rows()[:-1], [*rows()[-1][:3], "2", "0.0", rows()[-1][5]]]
    (folder / "scoef").write_text(listed(empty))
    (folder / "kkrflex_atominfo").write_text(info([*ATOMS[:-1], ATOMS[-1].replace("29.00", " 0.00")]))
    out = export(hosts, tmp_path / "out")
    assert [b.z for b in read_blocks(out / "potential")] == [28.0, *[29.0] * 11, 0.0]
    assert table((out / "kkrflex_atominfo").read_text())[1][:, 3].tolist() == [28.0, *[29.0] * 11, 0.0]
    (folder / "kkrflex_atominfo").write_text(INFO)
    with pytest.raises(ExportError, match="atom 13: Z is 29, site 2 of the host's potential, an empty sphere, has 0"):
        export(hosts, tmp_path / "other")
    (folder / "scoef").write_text(listed([[*rows()[0][:3], "2", "0.0", "0.0"], *rows()[1:]]))
    with pytest.raises(ExportError, match="atom 2: Z is 0, Cu has 29"):
        export(hosts, tmp_path / "other")


# alat and the mesh, to the digits printed


def test_alat_is_compared_to_the_digits_printed(hosts, tmp_path):
    start = hosts / "Cu" / "Ni.start.potential"
    text = start.read_text()
    start.write_text(text.replace("   6.821911310000000", "          6.82191131"))
    assert len(ask(hosts)["v_start"]) == 1
    start.write_text(text.replace("   6.821911310000000", "   6.821911390000000"))
    refused(hosts, tmp_path, "alat is 6.82191139")
    start.write_text(text.replace("   6.821911310000000", "             6.8219 "))
    refused(hosts, tmp_path, "6.8219 has fewer than 8 decimals")


def test_a_host_card_of_two_lattice_constants_is_refused(hosts, tmp_path):
    path = hosts / "Cu" / "Cu_host.potential"
    path.write_text(path.read_text() + path.read_text().replace("6.821911310000000", "6.921911310000000"))
    refused(hosts, tmp_path, "alat is 6.92")


def test_blocks_by_atom_need_no_other_file():
    assert [len(atom) for atom in read_atoms(CARDS / "Cr_in_Bi2Te3.full.converged.potential")] == [2]
    assert len(read_atoms(CARDS / "Ni_in_Cu.start.potential")) == 13
