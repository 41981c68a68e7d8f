import ast
from pathlib import Path

import pytest
import scipy.constants as codata

import jijbench
from jijbench import units
from jijbench.errors import UnknownName


def test_numbers_are_those_of_codata():
    assert pytest.approx(codata.value("Rydberg constant times hc in eV"), rel=1e-10) == units.RYDBERG_EV
    assert pytest.approx(codata.value("Bohr radius") * 1e10, rel=1e-9) == units.BOHR_ANGSTROM
    assert pytest.approx(codata.e, rel=1e-15) == units.JOULE_PER_EV


@pytest.mark.parametrize(
    ("unit", "mev"),
    [("meV", 1), ("eV", 1000), ("mRy", 13.605693), ("Ry", 13605.693), ("J", 6.241509e21)],
)
def test_energies_in_mev(unit, mev):
    assert units.factor(unit) == pytest.approx(mev, rel=1e-7)


@pytest.mark.parametrize(("unit", "angstrom"), [("angstrom", 1), ("bohr", 0.52917721)])
def test_lengths_in_angstrom(unit, angstrom):
    assert units.factor(unit, units.LENGTH_ANGSTROM) == pytest.approx(angstrom, rel=1e-8)


def test_an_unknown_unit_is_named_with_near_ones():
    with pytest.raises(UnknownName, match=r"no unit named 'mRyd'; did you mean .*'mRy'"):
        units.factor("mRyd")


def test_a_length_is_no_energy():
    with pytest.raises(UnknownName, match="no unit named 'bohr'"):
        units.factor("bohr")


def test_the_tables_cannot_be_changed():
    with pytest.raises(TypeError):
        units.ENERGY_MEV["meV"] = 2.0


def _conversion_numbers(source: str) -> list[float]:
    known = (13.605693, 27.211386, 0.529177, 1.889726, 1.602176e-19, 6.241509e18, 0.736)
    numbers = [n.value for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Constant) and type(n.value) is float]
    return [x for x in numbers for c in known for p in range(-3, 4) if abs(x / (c * 10.0**p) - 1) < 2e-5]


def test_no_other_file_holds_a_conversion_number():
    package = Path(jijbench.__file__).parent
    found = {
        p.name: _conversion_numbers(p.read_text(encoding="utf-8"))
        for p in package.rglob("*.py")
        if p.name != "units.py"
    }
    assert {name: numbers for name, numbers in found.items() if numbers} == {}


def test_a_conversion_number_elsewhere_would_be_found():
    assert _conversion_numbers("x = 13605.6931 * y + 0.5") == [13605.6931]
