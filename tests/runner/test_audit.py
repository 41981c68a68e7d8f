import dataclasses

import numpy as np
import pandas as pd
import pytest

from jijbench.data.importer import import_table
from jijbench.errors import DataError, UnknownName
from jijbench.runner.audit import audit_markdown, orbit_split, order_split, row_split, twin_audit, twin_share

ORBITS = ["a", "b", "a", "c", "d", "d", "e", "b", "f", "f"]


@pytest.fixture(scope="module")
def audit():
    return twin_audit("jij-published-table", n_splits=6)


def transposed(published):
    """J(A,B) beside J(B,A) of each pair that the table lists in both orders."""
    table = published.table[["element_i", "element_j", "jij_mev"]]
    swapped = table.rename(columns={"element_i": "element_j", "element_j": "element_i"})
    both = table.merge(swapped, on=["element_i", "element_j"])
    return both[both["element_i"] < both["element_j"]]


def test_counts_are_those_of_the_table(audit, published):
    pairs = transposed(published)
    assert (audit.n_rows, audit.n_orbits, audit.n_twins, audit.n_copied) == (340, 204, 272, 136)
    assert len(pairs) == audit.n_copied
    assert audit.n_test == 68


def test_copying_the_twin_errs_by_the_asymmetry_of_the_table(audit, published):
    pairs = transposed(published)
    asymmetry = (pairs["jij_mev_x"] - pairs["jij_mev_y"]).abs()
    assert audit.copy_mae == pytest.approx(asymmetry.mean())
    assert audit.copy_worst == pytest.approx(asymmetry.max())
    assert audit.copy_mae == pytest.approx(0.15, abs=0.005)  # the card's noise floor
    size = (pairs["jij_mev_x"].abs().mean() + pairs["jij_mev_y"].abs().mean()) / 2
    assert audit.zero_mae == pytest.approx(size, abs=audit.copy_mae)
    assert audit.zero_mae > 10 * audit.copy_mae


def test_a_split_over_rows_gains_from_twins(audit):
    for gain in audit.gains:
        assert gain.gain == pytest.approx(gain.orbits_mae - gain.rows_mae)
        assert gain.gain_percent == pytest.approx(100 * gain.gain / gain.orbits_mae)
        assert gain.gain > 3 * gain.gain_error > 0
    assert [gain.adapter for gain in audit.gains] == ["nearest-dimer", "low-rank"]
    expected = 272 / 340 * (1 - 67 / 339)  # a row has a twin, and that is not among the other 67 tested
    assert audit.twin_share == pytest.approx(expected, abs=0.05)


def test_nearest_dimer_copies_the_twin(audit):
    assert audit.gains[0].swapped_mae == pytest.approx(audit.copy_mae)


def test_a_model_that_learns_nothing_copies_nothing():
    audit = twin_audit("jij-published-table", "zero", n_splits=4)
    (gain,) = audit.gains
    assert gain.swapped_mae == audit.zero_mae
    assert abs(gain.gain) < 5 * gain.gain_error


def test_the_same_call_gives_the_same_numbers():
    first, second = (twin_audit("jij-published-table", ["pair-mean"], n_splits=2) for _ in range(2))
    assert dataclasses.asdict(first) == dataclasses.asdict(second)
    assert first != twin_audit("jij-published-table", ["pair-mean"], n_splits=3)


@pytest.mark.parametrize("seed", range(5))
def test_splits_have_one_size_and_only_that_over_rows_parts_orbits(seed):
    many = [f"o{k // 2}" for k in range(40)]
    for split in (row_split, orbit_split):
        train, test = split(many, 8, np.random.default_rng(seed))
        assert len(test) == 8
        assert sorted([*train, *test]) == list(range(40))
        assert (twin_share(many, (train, test)) > 0) == (split is row_split)


def test_an_orbit_split_passes_over_what_would_exceed_its_size():
    for seed in range(10):
        train, test = orbit_split(ORBITS, 3, np.random.default_rng(seed))
        assert len(test) == 3
        assert not {ORBITS[k] for k in train} & {ORBITS[k] for k in test}


def test_twin_share_counts_test_rows_with_their_orbit_in_training():
    assert twin_share(ORBITS, (np.array([0, 1, 3]), np.array([2, 6, 7, 8]))) == 0.5


def test_order_split_trains_on_the_first_row_of_each_orbit():
    (train, test), copied = order_split(ORBITS)
    assert train.tolist() == [0, 1, 3, 4, 6, 8]
    assert dict(zip(test.tolist(), copied.tolist(), strict=True)) == {2: 0, 7: 1, 5: 4, 9: 8}


def test_a_dataset_without_twins_is_refused():
    with pytest.raises(DataError, match=r"jij-bi2te3 has no twins: its 3022 rows are 3022 orbits"):
        twin_audit("jij-bi2te3")


def test_bad_settings_are_refused():
    with pytest.raises(DataError, match="n_splits = 1"):
        twin_audit("jij-published-table", n_splits=1)
    with pytest.raises(UnknownName, match="nearest-dimer"):
        twin_audit("jij-published-table", "nearest-dimers", n_splits=2)
    with pytest.raises(DataError, match="moment-product cannot audit jij-published-table: needs moments"):
        twin_audit("jij-published-table", "moment-product", n_splits=2)


def test_moments_may_be_released():
    audit = twin_audit("jij-published-table", "moment-product", n_splits=2, inputs="structure+moments")
    assert audit.inputs == "structure+moments"
    assert 0 < audit.gains[0].rows_mae < audit.zero_mae


def test_a_table_too_small_to_split_is_refused(tmp_path):
    table = pd.DataFrame(
        {"a": ["Cr", "Mn"], "b": ["Mn", "Cr"], "x": [-4.38531, 4.38531], "o": 0.0, "J": 1.0, "s": "Bi2"}
    )
    table.assign(z=0.0).to_csv(tmp_path / "t.csv", index=False)
    columns = {"element_i": "a", "element_j": "b", "dx": "x", "dy": "o", "dz": "z", "site_i": "s", "j": "J",
               "energy_unit": "meV", "convention": "house"}  # fmt: skip
    about = {"id": "tiny", "title": "T", "licence": "MIT", "citation": "-", "code": "-", "functional": "-"}
    import_table(tmp_path / "t.csv", columns, tmp_path / "out", radius=3.5, spin_orbit=False, **about)
    with pytest.raises(DataError, match="tiny: 2 rows in 1 orbits are too few"):
        twin_audit(tmp_path / "out")


def test_the_text_shows_the_numbers(audit):
    text = audit_markdown(audit)
    nearest = audit.gains[0]
    assert f"| nearest-dimer | {nearest.rows_mae:.3f} ± {nearest.rows_error:.3f} | {nearest.orbits_mae:.3f}" in text
    assert f"Copying the twin misses 136 rows by {audit.copy_mae:.3f} meV" in text
    assert f"zero misses them by {audit.zero_mae:.3f}" in text
    assert text.count("\n|") == 2 + len(audit.gains)


def test_a_dataset_of_potentials_is_told_what_the_audit_needs():
    with pytest.raises(
        DataError, match=r"deltav-elemental has dv, dv-shell.*audit a dataset of dimers: jij-bi2te3, jij-p"
    ):
        twin_audit("deltav-elemental")
