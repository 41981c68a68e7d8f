"""Tables of critical temperatures."""

import numpy as np
import pandas as pd
import pytest

from jijbench.errors import ExportError
from jijbench.plots import png
from jijbench.scores.physics import STRONG_SHELLS
from jijbench.spin.binder import Critical
from jijbench.spin.exchange import read_exchange
from jijbench.spin.plots import cumulants, magnetisation, tc_map
from jijbench.spin.tc import magnetic_elements, matrix, monte_carlo, tc_table
from jijbench.units import BOLTZMANN_MEV


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return tc_table("dataset", 0.1)


def of(table: pd.DataFrame, a: str, b: str) -> pd.Series:
    return table[(table["element_i"] == a) & (table["element_j"] == b)].iloc[0]


def test_single_elements_follow_from_the_sum_over_shells(table):
    exchange = read_exchange("dataset")
    for element in ("Cr", "V", "Nb"):
        rows = exchange[(exchange["element_i"] == element) & (exchange["element_j"] == element)]
        k = (rows["multiplicity"] * rows["jij_mev"]).sum()
        assert of(table, element, element)["tc_k"] == pytest.approx(0.1 * k / 3 / BOLTZMANN_MEV)


def test_no_wave_vector_orders_below_the_uniform_one(table):
    known = table[table["tc_k"].notna()]
    assert np.all(known["tc_any_q_k"] >= known["tc_k"] - 1e-9)
    assert np.all(known.loc[known["order"] == "antiferromagnetic", "tc_k"] == 0)


def test_a_combination_without_a_strong_shell_has_no_temperature(table):
    for line in table.to_dict("records"):
        lacking = {word.strip(";") for word in line["missing"].split()}
        assert (line["tc_k"] is None or np.isnan(line["tc_k"])) == bool(lacking & {str(s) for s in STRONG_SHELLS})
    assert table["tc_k"].notna().sum() > 30


def test_all_combinations_of_magnetic_elements(table):
    assert len(magnetic_elements(read_exchange("dataset"))) == 11
    assert len(table) == 66
    square = matrix(table)
    assert np.allclose(square, square.T, equal_nan=True)


def test_unequal_shares_depend_on_the_order():
    unequal = tc_table("dataset", (0.08, 0.02), elements=["Cr", "Mn"])
    assert len(unequal) == 4
    assert of(unequal, "Cr", "Mn")["tc_k"] > of(unequal, "Mn", "Cr")["tc_k"]
    assert of(unequal, "Cr", "Cr")["tc_k"] == pytest.approx(of(tc_table("dataset", 0.1), "Cr", "Cr")["tc_k"])


def test_concentrations_are_checked():
    with pytest.raises(ExportError, match="between 0 and 1"):
        tc_table("dataset", 2.4)


def test_percolation_numbers_fall_with_the_threshold(table):
    assert np.all(table["zc_0.1"] >= table["zc_0.5"])
    assert np.all(table["zc_0.5"] >= table["zc_1"])
    assert not of(table, "Mn", "Mo")["percolates"]


def test_monte_carlo_of_an_alloy_lies_below_the_mean_field():
    found = monte_carlo(
        "dataset", {"Cr": 0.4}, [(6, 6, 1), (12, 12, 2)], np.linspace(250, 550, 5).tolist(), realisations=2, sweeps=120
    )
    assert 250 < found.critical.tc < 0.95 * found.mean_field
    assert found.rpa is not None
    assert found.rpa < found.mean_field


def test_monte_carlo_refuses_what_has_no_uniform_order():
    with pytest.raises(ExportError, match="no uniform order"):
        monte_carlo("dataset", {"Mn": 0.2}, [(6, 6, 1), (8, 8, 1)], [10.0, 20.0])
    with pytest.raises(ExportError, match="two sizes"):
        monte_carlo("dataset", {"Cr": 0.2}, [(6, 6, 1)], [10.0, 20.0])


def test_figures_can_be_drawn(table):
    run = pd.DataFrame({"temperature": [1.0, 2.0], "magnetisation": [0.9, 0.5], "magnetisation_error": [0.1, 0.1]})
    run = run.assign(energy=[-1.0, -0.5], energy_error=0.1)
    found = Critical(1.5, 0.1, np.array([1.0, 2.0]), np.array([0.6, 0.5]), np.array([0.65, 0.45]))
    for figure in (tc_map(table), magnetisation(run, "Cr"), cumulants(found, ("6x6x1", "8x8x1"), "Cr")):
        assert png(figure).startswith(b"\x89PNG")
