"""Each code's own Hamiltonian, evaluated on what was written, gives the energy of the house Hamiltonian.

The readers below know nothing of the writers: they follow the codes' formats and Hamiltonians as they are documented.
"""

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest

from jijbench.convention import CODES
from jijbench.errors import ExportError, UnknownElement, UnknownName
from jijbench.formats import spirit, tb2j, uppasd, vampire
from jijbench.spin.export import export_spin
from jijbench.testing import ExporterTests
from jijbench.units import JOULE_PER_EV, RYDBERG_EV

GOLDEN = Path(__file__).parent / "golden"
MODULES = {"spirit": spirit, "vampire": vampire, "uppasd": uppasd, "tb2j": tb2j}


def spirit_energy(texts, e):
    """−Σ over listed pairs of J n_i·n_j + D·(n_i × n_j), meV."""
    head, *lines = texts["pairs.txt"].splitlines()
    assert head.split() == ["i", "j", "da", "db", "dc", "Jij", "Dijx", "Dijy", "Dijz"]
    energy = 0.0
    for line in lines:
        i, j, *rest = line.split()
        a, b, numbers = e[int(i)], e[int(j)], [float(x) for x in rest]
        assert all(abs(x) <= 1 for x in numbers[:3])  # Spirit drops farther images in silence
        energy -= numbers[3] * a @ b + np.array(numbers[4:]) @ np.cross(a, b)
    return energy


def vampire_energy(texts, e):
    """−½ Σ_{i≠j} S_i^T A_ij S_j in J, here back in meV; both directions must be listed."""
    lines = [line for line in texts["alloy.ucf"].splitlines() if not line.startswith("#")]
    n = int(lines[4].split()[0])
    count, kind = lines[5 + n].split()
    rows = [line.split() for line in lines[6 + n :]]
    assert kind == "tensorial"
    assert len(rows) == int(count)
    listed = {tuple(map(int, row[1:6])) for row in rows}
    assert all((j, i, -x, -y, -z) in listed for i, j, x, y, z in listed)
    energy = 0.0
    for row in rows:
        tensor = np.array([float(x) for x in row[6:]]).reshape(3, 3)
        energy -= 0.5 * e[int(row[1])] @ tensor @ e[int(row[2])]
    return energy / JOULE_PER_EV * 1e3


def tb2j_energy(texts, e):
    """−Σ_{i≠j} J S_i·S_j + D·(S_i × S_j), meV."""
    text = texts["exchange.out"]
    atoms = re.search(r"Atom_number.*?\n(.*?)\nTotal", text, re.DOTALL)[1].splitlines()
    place = {line.split()[0]: k for k, line in enumerate(atoms)}
    energy = 0.0
    for block in text.split("Exchange: ")[1].split("-" * 88)[1:]:
        i, j = block.split()[:2]
        a, b = e[place[i]], e[place[j]]
        energy -= float(re.search(r"J_iso: +(\S+)", block)[1]) * (a @ b)
        if dmi := re.search(r"DMI: \( *(\S+) +(\S+) +(\S+)\)", block):
            energy -= np.array([float(x) for x in dmi.groups()]) @ np.cross(a, b)
    return energy


def uppasd_energy(texts, e, system):
    """−Σ_{i≠j} J e_i·e_j + D·(e_i × e_j) in mRy, here back in meV, for atoms where ``system`` has them."""
    words = texts["inpsd.dat"].split()
    start = words.index("cell") + 1
    scale = np.linalg.norm(system.cell[0]) / int(words[words.index("ncell") + 1])
    cell = scale * np.array([float(x) for x in words[start : start + 9]]).reshape(3, 3)
    repeats = [int(x) for x in words[words.index("ncell") + 1 :][:3]]
    rows = [line.split() for line in texts["posfile"].splitlines()]
    sites = {int(row[0]): np.array([float(x) for x in row[4:]]) for row in rows}
    atom = {}
    for k, fractional in enumerate(system.positions @ np.linalg.inv(cell)):
        gaps = {site: fractional - position for site, position in sites.items()}
        site = min(gaps, key=lambda s: np.abs(gaps[s] - gaps[s].round()).max())
        assert np.abs(gaps[site] - gaps[site].round()).max() < 1e-5
        atom[(site, *(gaps[site].round().astype(int) % repeats))] = k
    energy = 0.0
    for file, columns in (("jfile", 1), ("dmfile", 3)):
        for line in texts.get(file, "").splitlines():
            i, j, a, b, *offset = (int(x) for x in line.split()[:7])
            value = np.array([float(x) for x in line.split()[7:]])
            assert len(value) == columns
            for (site, *cells), k in atom.items():
                other = atom.get((j, *((np.array(cells) + offset) % repeats)))
                if site != i or other is None or (system.species[k], system.species[other]) != (a - 1, b - 1):
                    continue
                energy -= value[0] * (e[k] @ e[other]) if columns == 1 else value @ np.cross(e[k], e[other])
    return energy * RYDBERG_EV


class TestSpirit(ExporterTests):
    writer = "spirit"

    def energy(self, texts, spins, alloy):
        return spirit_energy(texts, spins)


class TestVampire(ExporterTests):
    writer = "vampire"

    def energy(self, texts, spins, alloy):
        return vampire_energy(texts, spins)


class TestTb2j(ExporterTests):
    writer = "tb2j"

    def energy(self, texts, spins, alloy):
        return tb2j_energy(texts, spins)


class TestUppasd(ExporterTests):
    writer = "uppasd"

    def energy(self, texts, spins, alloy):
        return uppasd_energy(texts, spins, alloy.system)


def test_every_code_keeps_the_contract_of_exporters():
    assert {suite.writer for suite in (TestSpirit, TestVampire, TestTb2j, TestUppasd)} == set(CODES)


@pytest.mark.parametrize("name", CODES)
def test_energy_of_what_was_written(name, alloy, spins):
    made = alloy(MODULES[name].SETTING, (4, 4, 1))
    texts, system = MODULES[name].files(made), made.system
    assert system.dmi.any()
    for _ in range(3):
        e = spins(len(system))
        extra = (system,) if name == "uppasd" else ()
        found = globals()[f"{name}_energy"](texts, e, *extra)
        assert found == pytest.approx(system.energy(e), rel=1e-6, abs=1e-4)


@pytest.mark.parametrize("name", CODES)
def test_files_are_those_in_the_golden_folder(name, alloy):
    """``JIJBENCH_GOLDEN=write pytest tests/export`` writes them anew, after a look at the difference."""
    texts = MODULES[name].files(
        alloy(MODULES[name].SETTING, (4, 4, 1) if name != "vampire" else (4, 2, 1), shells=[1, 2])
    )
    for file, text in texts.items():
        path = GOLDEN / name / file
        if os.environ.get("JIJBENCH_GOLDEN") == "write":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.read_text(encoding="utf-8") == text


@pytest.mark.parametrize("name", CODES)
def test_a_folder_is_written_with_its_card(name, exchange, tmp_path):
    paths = export_spin(name, exchange, {"V": 0.08, "Cr": 0.05}, (5, 4, 1), tmp_path / "out", seed=3)
    assert {path.name for path in paths} == {path.name for path in (tmp_path / "out").iterdir()}
    card = json.loads((tmp_path / "out" / "export.json").read_text())
    assert card["factor_from_mev"] == CODES[name].from_house
    assert card["shells"] == [1, 2, 3, 6]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]  # no temporary folder is left


def test_nothing_is_written_where_something_is_wrong(exchange, tmp_path):
    out, good = tmp_path / "out", {"V": 0.08, "Cr": 0.05}
    for arguments, error in (
        (("spirit", exchange, {"V": 0.08, "Au": 0.1}, (5, 4, 1)), UnknownElement),
        (("spirit", exchange, {"V": 0.8, "Cr": 0.5}, (5, 4, 1)), ExportError),
        (("spirit", exchange, good, (2, 4, 1)), ExportError),
        (("spirit", exchange[exchange["shell"] != 2], good, (5, 1, 1)), ExportError),
        (("spirit", exchange.drop(index=1), good, (5, 4, 1)), ExportError),
        (("spirt", exchange, good, (5, 4, 1)), UnknownName),
    ):
        with pytest.raises(error):
            export_spin(*arguments, out)
        assert list(tmp_path.iterdir()) == []


def test_a_folder_with_something_in_it_is_left_alone(exchange, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ExportError, match="not empty"):
        export_spin("spirit", exchange, {"V": 0.08}, (5, 4, 1), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_vampire_needs_an_orthogonal_cell(alloy):
    with pytest.raises(ExportError, match="orthogonal"):
        vampire.files(alloy("hexagonal"))
