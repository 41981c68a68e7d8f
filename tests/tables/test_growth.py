"""Numbers of growing training sets: means, intervals, and what an accuracy costs, on curves that are known."""

import numpy as np
import pandas as pd
import pytest

from jijbench.runner.audit import twin_audit
from jijbench.tables.growth import (
    COLUMNS,
    asymmetry,
    growth_markdown,
    half_interval,
    needed,
    needed_interval,
    noise_floors,
    summary,
)

TASK = "jij-bi2te3/jij/random-orbit"
SIZES = [40, 80, 160, 320]


def curve(errors, units=SIZES, **more) -> pd.DataFrame:
    head = {"task": TASK, "row": "mine", "unit": "dimer", "acquire": "random", "asked": 1, "fold": 0, "seed": 0} | more
    lines = [head | {"round": k, "n": u, "units": u, "headline": e} for k, (u, e) in enumerate(zip(units, errors, strict=True))]  # noqa: E501  # fmt: skip
    return pd.DataFrame(lines, columns=COLUMNS)


def test_units_needed_on_a_curve_that_is_straight_in_the_logarithm():
    mean = summary(curve([4.0, 3.0, 2.0, 1.0]))  # one less for each doubling
    for error in (3.5, 2.25, 1.0):
        assert needed(mean, error) == pytest.approx(40 * 2 ** (4 - error))
    assert needed(mean, 5.0) == 40
    assert needed(mean, 0.9) is None


def test_the_interval_of_units_is_where_the_bands_cross():
    table = pd.concat([curve([3.9, 2.9, 1.9, 0.9], seed=k) for k in (0, 1)] + [curve([4.2, 3.2, 2.2, 1.2], seed=2)])
    mean = summary(table)  # 4, 3, 2, 1 with the same half-width at every round
    half = mean["high"].iloc[0] - mean["mean"].iloc[0]
    low, high = needed_interval(mean, 2.5)
    assert (low, high) == pytest.approx((40 * 2 ** (1.5 - half), 40 * 2 ** (1.5 + half)))
    assert needed_interval(mean, 1.0)[1] is None
    assert f"160 [{40 * 2 ** (2 - half):.0f}, {40 * 2 ** (2 + half):.0f}]" in growth_markdown(table, 2.0)
    assert "> 320]" in growth_markdown(table, 1.2)
    assert "more than 320 [" in growth_markdown(table, 0.9)


def test_the_first_crossing_counts_where_a_curve_goes_up_again():
    assert needed(summary(curve([4.0, 2.0, 3.0, 1.0])), 2.5) == pytest.approx(40 * 2**0.75)


def test_the_interval_of_draws_of_known_spread():
    values = np.array([1.0, 2.0, 3.0, 4.0, 5.0])  # variance 2.5, t(0.975; 4) = 2.776445
    table = pd.concat([curve([v] * 4, seed=k) for k, v in enumerate(values)])
    point = summary(table).iloc[0]
    half = 2.776445 * np.sqrt(2.5 / 5)
    assert (point["mean"], point["draws"]) == (3.0, 5)
    assert (point["low"], point["high"]) == pytest.approx((3 - half, 3 + half), rel=1e-6)


def test_an_interval_holds_the_mean_of_normal_draws_as_often_as_it_says():
    draws = np.random.default_rng(0).normal(size=(4000, 5))
    inside = [abs(d.mean()) < half_interval(d) for d in draws]
    assert np.mean(inside) == pytest.approx(0.95, abs=0.012)  # 3.5 standard errors


def test_one_draw_has_no_interval():
    assert np.isnan(summary(curve([4.0, 3.0, 2.0, 1.0]))["low"]).all()


def test_a_round_that_not_all_draws_have_is_left_out():
    table = pd.concat([curve([4.0, 3.0, 2.0, 1.0]), curve([4.0, 3.0], SIZES[:2], seed=1)])
    assert summary(table)["units"].tolist() == [40, 80]


def test_curves_are_not_mixed():
    table = pd.concat([curve([4.0] * 4), curve([1.0] * 4, acquire="both"), curve([2.0] * 4, row="other")])
    assert summary(table).groupby(["row", "acquire"])["mean"].first().to_dict() == {
        ("mine", "random"): 4.0, ("mine", "both"): 1.0, ("other", "random"): 2.0,
    }  # fmt: skip


def test_the_table_says_what_an_accuracy_costs():
    table = pd.concat([curve([4.0, 3.0, 2.0, 1.0]), curve([4.0, 3.5, 3.2, 3.1], acquire="diversity")])
    lines = growth_markdown(table, 2.0).splitlines()
    assert lines[2] == "| mine | dimer | random | 1 | 4 (40) | 1 (320) | 160 |"
    assert lines[3] == "| mine | dimer | diversity | 1 | 4 (40) | 3.1 (320) | not within 320 |"
    assert growth_markdown(table, 4.0).splitlines()[2].endswith("| at most 40 |")
    assert "no curve" in growth_markdown(table.iloc[:0], 2.0)


def test_draws_and_curves_that_are_not_there_are_said():
    parts = [{"seed": 0}, {"seed": 1}, {"seed": 2, "round": None}, {"acquire": "both", "round": None}]
    table = pd.concat([curve([4.0, 3.0, 2.0, 1.0]).assign(asked=3, **part) for part in parts])
    lines = growth_markdown(table, 2.0).splitlines()
    assert lines[2].startswith("| mine | dimer | random | 2 of 3 | 4 ± 0 (40) | 1 ± 0 (320) | ")
    assert lines[3] == "| mine | dimer | both | none | | | not computed |"
    assert growth_markdown(table[table["acquire"] == "both"], 2.0) == "no curve is complete\n"


def test_the_asymmetry_of_the_published_table_is_that_of_its_magnetic_twins(published):
    gap = asymmetry(published, "jij")
    audit = twin_audit("jij-published-table", adapter="nearest-dimer", n_splits=2)
    # pairs with a zero moment are zero in both orders, so all the gap is in the magnetic ones
    assert gap * 36 == pytest.approx(audit.copy_mae * audit.n_copied, rel=0.1)
    assert 0 < gap < audit.copy_worst


def test_data_without_twins_have_no_asymmetry(dimers):
    assert asymmetry(dimers, "jij") is None


def test_noise_floors_by_target():
    assert list(noise_floors(TASK).values()) == pytest.approx([0.002, 0.525], abs=1e-3)
    assert list(noise_floors("deltav-elemental/dv/unseen-host").values()) == [1e-5]
