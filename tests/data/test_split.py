import dataclasses
import json

import pytest

from jijbench.data.dataset import Dataset, load_dataset
from jijbench.data.split import Source, load_split, make_split, split_names, split_path, write_split
from jijbench.errors import DataError, UnknownName

COMMITTED = [
    *(("jij-bi2te3", name) for name in ("period", "published-80-20", "published-90-10", "random-orbit")),
    *(("jij-bi2te3", name) for name in ("unseen-both", "unseen-element", "unseen-pair", "unseen-shell")),
    ("jij-published-table", "transfer"),
]


@pytest.fixture
def dataset(tmp_path, published) -> Dataset:
    """The published table with a splits folder of its own, and a good split in it."""
    mine = dataclasses.replace(published, folder=tmp_path)
    write_split(mine, "random-orbit")
    return mine


def tamper(dataset: Dataset, change, name: str = "random-orbit") -> None:
    path = split_path(dataset, name)
    raw = json.loads(path.read_text(encoding="utf-8"))
    change(raw)
    path.write_text(json.dumps(raw), encoding="utf-8")


def test_every_committed_split_is_checked_here(dimers, published):
    assert sorted(COMMITTED) == sorted((d.id, name) for d in (dimers, published) for name in split_names(d))


@pytest.mark.parametrize(("data", "name"), COMMITTED)
def test_a_committed_split_is_what_its_protocol_gives_today(data, name):
    dataset = load_dataset(data)
    train_on = Source("jij-bi2te3", 1) if name == "transfer" else None
    assert json.loads(split_path(dataset, name).read_text(encoding="utf-8")) == make_split(dataset, name, 0, train_on)


@pytest.mark.parametrize(("data", "name"), COMMITTED)
def test_a_committed_split_loads(data, name):
    dataset = load_dataset(data)
    split = load_split(dataset, name)
    assert (split.dataset, split.protocol, split.data_sha256) == (data, name, dataset.sha256)
    for fold in split.folds:
        assert not {*fold.train} & {*fold.test}
        assert not {*fold.dropped} & {*fold.train, *fold.test}


def test_written_again_a_split_keeps_its_bytes(tmp_path, dimers):
    again = write_split(dataclasses.replace(dimers, folder=tmp_path), "unseen-both")
    assert again.read_bytes() == split_path(dimers, "unseen-both").read_bytes()


def test_how_often_a_sample_is_tested(dimers):
    split = load_split(dimers, "unseen-element")
    times = split.times_tested()
    assert set(times) == set(dimers.index)
    for name in list(dimers.index)[::211]:
        assert times[name] == sum(name in fold.test for fold in split.folds)
    assert max(times.values()) > 1
    assert set(load_split(dimers, "random-orbit").times_tested().values()) == {1}


def test_a_good_split_of_ones_own_loads(dataset):
    assert len(load_split(dataset, "random-orbit").folds) == 5


def _twin_to_training(raw: dict) -> None:
    fold = next(fold for fold in raw["folds"] if "jij-published-table:Cr-Mn-s01" in fold["test"])
    fold["test"].remove("jij-published-table:Cr-Mn-s01")


def test_a_parted_orbit_is_named(dataset):
    tamper(dataset, _twin_to_training)
    with pytest.raises(DataError, match=r"fold \d parts the orbit 'Cr-Mn-s01' between training and test"):
        load_split(dataset, "random-orbit")


def test_an_id_twice_in_a_fold_is_named(dataset):
    tamper(dataset, lambda raw: raw["folds"][1]["test"].append(raw["folds"][1]["test"][0]))
    with pytest.raises(DataError, match=r"fold 1 holds 'jij-published-table:.*' twice"):
        load_split(dataset, "random-orbit")


def test_an_id_tested_and_dropped_is_named(dataset):
    tamper(dataset, lambda raw: raw["folds"][2]["dropped"].append(raw["folds"][2]["test"][0]))
    with pytest.raises(DataError, match=r"fold 2 holds 'jij-published-table:.*' twice"):
        load_split(dataset, "random-orbit")


def test_other_data_are_refused(dataset):
    tamper(dataset, lambda raw: raw.update(data_sha256="0" * 64))
    with pytest.raises(DataError, match=f"was made for data {'0' * 64}, the dataset is {dataset.sha256}"):
        load_split(dataset, "random-orbit")


@pytest.mark.parametrize("part", ["test", "dropped"])
def test_an_unknown_id_is_named(dataset, part):
    tamper(dataset, lambda raw: raw["folds"][0][part].append("jij-published-table:Xx-Cr-s01"))
    with pytest.raises(
        DataError, match="fold 0 names 'jij-published-table:Xx-Cr-s01', which the dataset does not hold"
    ):
        load_split(dataset, "random-orbit")


def test_an_empty_test_set_is_refused(dataset):
    tamper(dataset, lambda raw: raw["folds"][3].update(test=[]))
    with pytest.raises(DataError, match="fold 3 has 340 training and 0 test samples"):
        load_split(dataset, "random-orbit")


@pytest.mark.parametrize("key", ["folds", "seed", "protocol", "dataset"])
def test_a_missing_key_is_named(dataset, key):
    tamper(dataset, lambda raw: raw.pop(key))
    with pytest.raises(DataError, match=rf"random-orbit\.json is no split file .*{key}"):
        load_split(dataset, "random-orbit")


@pytest.mark.parametrize("text", ["", "{", "[]", '"words"'])
def test_a_file_that_is_no_split_is_named(dataset, text):
    split_path(dataset, "random-orbit").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=r"random-orbit\.json"):
        load_split(dataset, "random-orbit")


def test_a_split_under_the_name_of_another_protocol_is_refused(dataset):
    split_path(dataset, "random-orbit").rename(split_path(dataset, "unseen-pair"))
    with pytest.raises(DataError, match=r"unseen-pair\.json"):
        load_split(dataset, "unseen-pair")


def test_a_split_of_another_dataset_is_refused(dataset):
    tamper(dataset, lambda raw: raw.update(dataset="jij-bi2te3"))
    with pytest.raises(DataError, match="jij-bi2te3"):
        load_split(dataset, "random-orbit")


def test_a_protocol_without_a_split_comes_with_near_names(dimers):
    with pytest.raises(UnknownName, match="no protocol of jij-bi2te3 named 'unseen-pairs'; did you mean 'unseen-pair'"):
        load_split(dimers, "unseen-pairs")


def test_training_comes_from_where_the_file_says(tmp_path, published):
    mine = dataclasses.replace(published, folder=tmp_path)
    write_split(mine, "transfer", train_on=Source("jij-bi2te3", 2))
    (fold,) = load_split(mine, "transfer").folds
    assert {name.split(":")[0] for name in fold.train} == {"jij-bi2te3"}
    assert all("-s02" in name for name in fold.train)
    tamper(mine, lambda raw: raw.update(train_on=["jij-bi2te3", None]), "transfer")
    load_split.cache_clear()
    assert len(load_split(mine, "transfer").folds[0].train) == len(load_dataset("jij-bi2te3"))


@pytest.mark.parametrize("wrong", ["jij-bi2te3", ["jij-published-table", 1], ["jij-bi2te3", "1"], ["jij-bi2te3"], 3])
def test_a_source_that_is_none_is_named(dataset, wrong):
    tamper(dataset, lambda raw: raw.update(train_on=wrong))
    with pytest.raises(DataError, match="train_on is"):
        load_split(dataset, "random-orbit")


def test_nothing_is_written_where_the_split_is_bad(tmp_path, published):
    with pytest.raises(DataError, match="fold 0 has 0 training"):
        write_split(dataclasses.replace(published, folder=tmp_path), "unseen-shell")  # the table has one shell
    assert not (tmp_path / "splits").exists()
