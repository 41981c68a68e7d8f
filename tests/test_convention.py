"""Every factor is proved by the energy of two spins, evaluated from the formula that the convention states."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jijbench.convention import CONVENTIONS, code, convention, pair_energy
from jijbench.errors import UnknownName

UP, DOWN = np.array([0.0, 0.0, 1.0]), np.array([0.0, 0.0, -1.0])
FORMULA = re.compile(r"(?P<sign>[+-])(?P<half>1/2 )?sum_\{(?P<range>i!=j|i<j)\} J (?P<spin>[em])_i\.(?P=spin)_j")
units = (
    st.tuples(*[st.floats(-1, 1)] * 3)
    .map(np.array)
    .filter(lambda v: np.linalg.norm(v) > 0.1)
    .map(lambda v: v / np.linalg.norm(v))
)
vectors = st.tuples(*[st.floats(-50, 50)] * 3).map(np.array)


def energy_of_formula(formula: str, j: float, spins: list[np.ndarray], lengths: tuple[float, float]) -> float:
    """Energy of two spins from the text of a formula, with the sums written out."""
    parts = FORMULA.fullmatch(formula)
    assert parts, f"the formula {formula!r} is not written in the grammar of this test"
    pairs = [(0, 1), (1, 0)] if parts["range"] == "i!=j" else [(0, 1)]
    vectors = [m * e for m, e in zip(lengths, spins, strict=True)] if parts["spin"] == "m" else spins
    prefactor = (-1.0 if parts["sign"] == "-" else 1.0) * (0.5 if parts["half"] else 1.0)
    return prefactor * sum(j * vectors[a] @ vectors[b] for a, b in pairs)


@pytest.mark.parametrize("name", CONVENTIONS)
@given(j=st.floats(-100, 100), lengths=st.tuples(st.floats(0.1, 5), st.floats(0.1, 5)), spins=st.tuples(units, units))
def test_the_factor_keeps_the_energy_of_two_spins(name, j, lengths, spins):
    source = convention(name)
    house = source.to_house * j * (lengths[0] * lengths[1] if source.moments else 1.0)
    assert pair_energy(*spins, house) == pytest.approx(
        energy_of_formula(source.formula, j, list(spins), lengths), abs=1e-9
    )


@pytest.mark.parametrize("name", CONVENTIONS)
def test_a_flip_costs_twice_the_house_j(name):
    source, j, lengths = convention(name), 1.7, (3.8, 4.5)
    house = source.to_house * j * (lengths[0] * lengths[1] if source.moments else 1.0)
    flip = energy_of_formula(source.formula, j, [UP, DOWN], lengths) - energy_of_formula(
        source.formula, j, [UP, UP], lengths
    )
    assert flip == pytest.approx(2 * house)


@pytest.mark.parametrize(
    ("name", "factor"), [("house", 1), ("ordered-pairs", 2), ("unique-pairs", 1), ("half-positive", -1)]
)
def test_known_factors(name, factor):
    assert convention(name).to_house == factor


def test_a_positive_j_prefers_parallel_spins():
    assert pair_energy(UP, DOWN, 3.0) - pair_energy(UP, UP, 3.0) == 6.0


@given(first=units, second=units, j=st.floats(-50, 50), d=vectors)
def test_the_order_of_the_pair_does_not_matter_if_d_changes_sign(first, second, j, d):
    assert pair_energy(first, second, j, d) == pytest.approx(pair_energy(second, first, j, -d), abs=1e-9)


def test_d_has_the_sign_of_the_house_convention():
    x, y = np.eye(3)[:2]
    assert pair_energy(x, y, 0.0, np.array([0.0, 0.0, 2.0])) == -2.0  # −D·(e_i × e_j)
    assert pair_energy(y, x, 0.0, np.array([0.0, 0.0, 2.0])) == 2.0


def test_an_unknown_convention_is_named_with_near_ones():
    with pytest.raises(UnknownName, match="did you mean 'unique-pairs'"):
        convention("unique-pair")


#: of an aligned dimer, J = 8 meV; UppASD gave −0.8 mRy for a listed J of 0.4 mRy
MEASURED = {"spirit": -8.0, "vampire": -1.28174e-21, "uppasd": -2.0 * 8.0 / (2 * 13.605693), "tb2j": -8.0}


@pytest.mark.parametrize(("name", "measured"), MEASURED.items())
def test_a_dimer_has_the_energy_that_the_code_was_seen_to_give(name, measured):
    """Each program's own sum over what is written, in its own unit."""
    kind = code(name)
    energy = 2 * CONVENTIONS[kind.convention].prefactor * kind.from_house * 8.0
    assert energy == pytest.approx(measured, rel=1e-5)
