import dataclasses
import shutil

import numpy as np
import pytest
import yaml

from jijbench.data.card import file_sha256
from jijbench.data.dataset import dataset_folder, dataset_ids, load_dataset
from jijbench.data.task import load_task
from jijbench.errors import DataError, UnknownName
from jijbench.targets import JIJ


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


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_folder_here_does_not_replace_a_shipped_dataset(here, published):
    shutil.copytree(published.folder, here / published.id)
    for ask in (load_dataset, dataset_folder, lambda name: load_task(f"{name}/jij/transfer")):
        load_task.cache_clear()
        with pytest.raises(DataError) as refused:
            ask(published.id)
        assert str(published.folder) in str(refused.value)
        assert str(here / published.id) in str(refused.value)
    assert load_dataset(f"./{published.id}").folder == here / published.id
    assert load_dataset(here / published.id).folder == here / published.id


def test_the_shipped_folder_itself_is_no_clash(published, monkeypatch):
    monkeypatch.chdir(published.folder.parent)
    assert load_dataset(published.id).folder == published.folder


def test_a_folder_here_is_found_by_its_bare_name(here, published):
    shutil.copytree(published.folder, here / "mine")
    assert load_dataset("mine").folder == load_dataset("./mine").folder == here / "mine"
    with pytest.raises(DataError, match=r"mine holds the dataset 'jij-published-table'; call the folder so"):
        load_task("mine/jij/transfer")


def test_a_path_that_leads_nowhere_is_named(here):
    with pytest.raises(DataError, match=r"nowhere/card\.yaml does not exist"):
        load_dataset("./nowhere")


def resealed(folder, change, file="samples.csv"):
    """A copy's file changed, and the card's sha256 with it."""
    (folder / file).write_text(change((folder / file).read_text(encoding="utf-8")), encoding="utf-8")
    card = yaml.safe_load((folder / "card.yaml").read_text(encoding="utf-8"))
    card["files"][file] = file_sha256(folder / file)
    (folder / "card.yaml").write_text(yaml.safe_dump(card), encoding="utf-8")
    return folder


def cell(row: int, column: str, value: str):
    def change(text: str) -> str:
        lines = text.splitlines()
        values = lines[row].split(",")
        values[lines[0].split(",").index(column)] = value
        lines[row] = ",".join(values)
        return "\n".join(lines) + "\n"

    return change


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("moment_i_mub", "", "has no finite number: moment_i_mub = ''"),
        ("moment_j_mub", "large", "has no finite number: moment_j_mub = 'large'"),
        ("moment_i_mub", "1e999", "has no finite number: moment_i_mub = "),
        ("jij_mev", "", "has no finite number: jij_mev = ''"),
        ("jij_mev", "True", "has no finite number: jij_mev = 'True'"),
        ("jij_mev", "nan", "has no finite number: jij_mev = 'nan'"),
        ("shell", "first", "has no finite number: shell = 'first'"),
        ("element_i", "", "names no chemical element: element_i = ''"),
        ("element_j", "Vac", "names no chemical element: element_j = 'Vac'"),
        ("element_j", "", "has another number of elements than its geometry has impurities"),
        ("geometry", "s99", "names no geometry of geometries.extxyz: geometry = 's99'"),
    ],
)
def test_a_bad_cell_of_samples_is_named_with_row_and_value(tmp_path, published, column, value, words):
    folder = resealed(shutil.copytree(published.folder, tmp_path / "copy"), cell(7, column, value))
    with pytest.raises(DataError) as refused:
        load_dataset(folder)
    assert f"samples.csv: row 7 ({published.table.loc[6, 'id']}) {words}" in str(refused.value)


def test_an_id_or_a_column_that_stands_twice_is_named(tmp_path, published):
    folder = shutil.copytree(published.folder, tmp_path / "copy")
    resealed(folder, cell(9, "id", published.table.loc[3, "id"]))
    with pytest.raises(DataError, match=r"samples\.csv: row 9 \(.*\) is listed twice under this id"):
        load_dataset(folder)
    resealed(folder, lambda text: text.replace("shell", "jij_mev", 1))
    with pytest.raises(DataError, match=r"samples\.csv: its columns 6 and 7 have one name"):
        load_dataset(folder)


def test_a_geometry_that_stands_twice_is_named(tmp_path, published):
    folder = resealed(
        shutil.copytree(published.folder, tmp_path / "copy"), lambda text: text + text, "geometries.extxyz"
    )
    with pytest.raises(DataError, match=r"geometries\.extxyz: frame 2 is called 's01' as an earlier one"):
        load_dataset(folder)


@pytest.mark.parametrize(("column", "value"), [("start_row", "-1"), ("host_row", "99999"), ("dv_row", "1.5")])
def test_a_row_of_an_array_that_is_not_there_is_named(tmp_path, column, value):
    folder = shutil.copytree(load_dataset("deltav-elemental").folder, tmp_path / "copy")
    resealed(folder, cell(7, column, value))
    with pytest.raises(DataError, match=rf"samples\.csv: row 7 \(.*\) names no row of .*: {column} = "):
        load_dataset(folder)


@pytest.mark.parametrize("name", ["../secret.npz", "/etc/passwd"])
def test_a_card_does_not_lead_out_of_its_folder(tmp_path, published, name):
    folder = shutil.copytree(published.folder, tmp_path / "copy")
    card = yaml.safe_load((folder / "card.yaml").read_text(encoding="utf-8"))
    card["files"][name] = "0" * 64
    (folder / "card.yaml").write_text(yaml.safe_dump(card), encoding="utf-8")
    with pytest.raises(DataError, match="a path that leads elsewhere is refused"):
        load_dataset(folder)


def test_html_of_a_dataset_is_short_and_escaped(published):
    card = published.card.model_copy(update={"title": "<script>alert(1)</script>"})
    text = dataclasses.replace(published, card=card)._repr_html_()
    assert "&lt;script&gt;" in text
    assert "<script" not in text
    assert "340" in text
    assert len(text) < 2000


def test_names_that_no_folder_can_have_are_unknown(published):
    with pytest.raises(UnknownName, match="no dataset named 'xxx"):
        load_dataset("x" * 5000)
    with pytest.raises(UnknownName, match="no protocol of jij-published-table named 'xxx"):
        load_task(f"{published.id}/jij/{'x' * 5000}")
