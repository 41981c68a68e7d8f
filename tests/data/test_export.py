import numpy as np
import pandas as pd
import pytest
from ase.io import read

from jijbench.data.dataset import load_dataset
from jijbench.data.export import export_extxyz
from jijbench.data.importer import import_table
from jijbench.elements import atomic_number


@pytest.fixture(scope="module")
def exported(published, tmp_path_factory):
    path = tmp_path_factory.mktemp("export") / "new" / "all.extxyz"
    return export_extxyz(published, path), read(path, index=":")


def test_every_sample_is_a_frame(published, exported):
    n, frames = exported
    assert n == len(frames) == len(published) == 340
    assert [frame.info["id"] for frame in frames] == [sample.id for sample in published.samples]
    assert [frame.info["orbit"] for frame in frames] == [sample.orbit for sample in published.samples]


def test_truth_and_moments_stand_in_the_frame(published, exported):
    _, frames = exported
    np.testing.assert_allclose([frame.info["jij_mev"] for frame in frames], published.table["jij_mev"], rtol=1e-7)
    expected = published.table[["moment_i_mub", "moment_j_mub"]]
    np.testing.assert_allclose([frame.info["moments_mub"] for frame in frames], expected, atol=1e-7)


def test_impurities_stand_at_the_marked_sites_of_a_finite_cluster(published, exported, host):
    _, frames = exported
    for frame, row in zip(frames, published.table.itertuples(), strict=True):
        assert frame.info["elements"] == f"{row.element_i}-{row.element_j}"
        marks = frame.arrays["impurity"].tolist()
        ends = [marks.index(1), marks.index(2)]
        assert frame.numbers[ends].tolist() == [atomic_number(row.element_i), atomic_number(row.element_j)]
        assert sum(mark > 0 for mark in marks) == 2
        assert frame.get_distance(*ends) == pytest.approx(row.distance_angstrom, abs=1e-4)
        assert not frame.pbc.any()
    np.testing.assert_allclose(frames[0].cell, host.cell, atol=1e-6)


def test_d_vectors_are_written_and_unknown_moments_are_not(tmp_path):
    table = pd.DataFrame(
        {"a": ["F", "Cr"], "b": ["F", "Mn"], "x": -4.38531, "y": 0.0, "z": 0.0, "s": "Bi2", "J": [1.5, -2.0],
         "Dx": [0.0, 0.5], "Dy": 0.0, "Dz": [-1.0, 3.0]}
    )  # fmt: skip
    table.to_csv(tmp_path / "t.csv", index=False)
    columns = {"element_i": "a", "element_j": "b", "dx": "x", "dy": "y", "dz": "z", "site_i": "s", "j": "J",
               "d": ["Dx", "Dy", "Dz"], "energy_unit": "meV", "convention": "house"}  # fmt: skip
    about = {
        "id": "d",
        "title": "D",
        "licence": "MIT",
        "citation": "-",
        "code": "-",
        "functional": "-",
        "spin_orbit": True,
    }
    import_table(tmp_path / "t.csv", columns, tmp_path / "out", radius=3.5, **about)
    assert export_extxyz(load_dataset(tmp_path / "out"), tmp_path / "d.extxyz") == 2
    frames = read(tmp_path / "d.extxyz", index=":")
    np.testing.assert_allclose([frame.info["dij_mev"] for frame in frames], [[0, 0, -1], [0.5, 0, 3]])
    assert [frame.info["jij_mev"] for frame in frames] == [1.5, -2.0]
    assert [frame.info["elements"] for frame in frames] == ["F-F", "Cr-Mn"]
    assert not any("moments_mub" in frame.info for frame in frames)
