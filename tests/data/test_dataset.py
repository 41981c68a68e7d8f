import dataclasses
import shutil

import numpy as np
import pytest
import yaml

from jijbench.data.card import file_sha256
from jijbench.data.dataset import dataset_ids, load_dataset
from jijbench.data.target import JIJ
from jijbench.errors import DataError, UnknownName


def test_shipped_datasets_are_listed():
    assert {"jij-bi2te3", "jij-published-table"} <= set(dataset_ids())


def test_sizes_are_those_of_the_method_note(dimers, published):
    assert (len(dimers), len(published)) == (3022, 340)
    assert int(dimers.magnetic.sum()) == 1046
    assert len({s.pair for s, yes in zip(dimers.samples, dimers.magnetic, strict=True) if yes}) == 63


def test_truth_stands_in_the_order_of_the_samples(dimers):
    truth = dimers.truth("jij")
    for k in (0, 17, 1500, 3021):
        row = dimers.table.iloc[k]
        assert dimers.samples[k].id == f"jij-bi2te3:{row['id']}"
        assert dimers.samples[k].elements == (row["element_i"], row["element_j"])
        assert truth[k] == row["jij_mev"]
    assert truth.shape == (3022,)


def test_known_couplings(dimers):
    truth, index = dimers.truth("jij"), dimers.index
    assert truth.min() == pytest.approx(-61, abs=1)
    assert dimers.samples[int(truth.argmin())].id == "jij-bi2te3:Nb-Tc-s04"
    assert index[dimers.samples[5].id] == 5


def test_j_is_zero_without_two_moments(dimers):
    truth = dimers.truth("jij")
    assert (truth[~dimers.magnetic] == 0).all()
    assert np.abs(truth[dimers.magnetic]).mean() == pytest.approx(2.44, abs=0.005)


def test_two_shells_hold_most_of_the_squared_j(dimers):
    j2, shell = dimers.truth("jij") ** 2, dimers.table["shell"]
    assert j2[shell == 4].sum() / j2.sum() == pytest.approx(0.56, abs=0.005)
    assert j2[shell == 1].sum() / j2.sum() == pytest.approx(0.25, abs=0.005)


def test_geometry_agrees_with_the_table(dimers):
    distance = np.array([sample.distance for sample in dimers.samples])
    assert np.allclose(distance, dimers.table["distance_angstrom"], atol=2e-3)
    steps = np.array([sample.geometry.displacement for sample in dimers.samples])
    assert np.allclose(steps, dimers.table[["dx_angstrom", "dy_angstrom", "dz_angstrom"]], atol=2e-3)
    assert [sample.shell for sample in dimers.samples] == dimers.table["shell"].tolist()


def test_samples_of_one_geometry_share_it(dimers):
    assert len({id(sample.geometry) for sample in dimers.samples}) == dimers.table["geometry"].nunique() == 18


def test_no_sample_holds_its_truth(dimers):
    names = {field.name for field in dataclasses.fields(dimers.samples[0])}
    assert names == {"id", "geometry", "elements", "orbit", "inputs"}
    assert {key for sample in dimers.samples for key in sample.inputs} == {"moments"}


def test_the_target_is_the_suite_s(dimers):
    assert dimers.target("jij") == JIJ


def test_unknown_names_come_with_near_ones(dimers):
    with pytest.raises(UnknownName, match="no dataset named 'jij-bi2te'; did you mean 'jij-bi2te3'"):
        load_dataset("jij-bi2te")
    with pytest.raises(UnknownName, match="no target of jij-bi2te3 named 'jji'; did you mean 'jij'"):
        dimers.truth("jji")


def test_a_folder_loads_by_its_path(dimers):
    assert load_dataset(dimers.folder) is load_dataset("jij-bi2te3")
    assert load_dataset(str(dimers.folder)).id == "jij-bi2te3"


def test_a_missing_target_column_is_named(tmp_path, published):
    folder = shutil.copytree(published.folder, tmp_path / "copy")
    (folder / "samples.csv").write_text((folder / "samples.csv").read_text().replace("jij_mev", "j", 1))
    card = yaml.safe_load((folder / "card.yaml").read_text())
    card["files"]["samples.csv"] = file_sha256(folder / "samples.csv")
    (folder / "card.yaml").write_text(yaml.safe_dump(card))
    with pytest.raises(DataError, match=r"samples\.csv lacks the target columns \['jij_mev'\]"):
        load_dataset(folder)


def test_the_repr_says_what_it_is(dimers):
    assert repr(dimers) == "Dataset(jij-bi2te3: 3022 samples, targets jij)"
