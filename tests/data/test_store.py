import contextlib
import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jijbench.data.sample import Geometry, Sample
from jijbench.data.store import (
    impurity_columns,
    make_samples,
    read_geometries,
    read_samples,
    read_table,
    write_geometries,
    write_samples,
    write_table,
)
from jijbench.errors import DataError


def assert_same(again: Sample, sample: Sample) -> None:
    assert (again.id, again.elements, again.orbit) == (sample.id, sample.elements, sample.orbit)
    assert (again.host, again.shell, again.impurities) == (sample.host, sample.shell, sample.impurities)
    assert again.geometry.sublattices == sample.geometry.sublattices
    assert np.array_equal(again.numbers, sample.numbers)
    assert np.allclose(again.positions, sample.positions, atol=1e-7)
    assert np.allclose(again.geometry.cell, sample.geometry.cell, atol=1e-7)
    assert (again.moments is None) == (sample.moments is None)
    if sample.moments is not None:
        assert np.array_equal(again.moments, sample.moments)


@pytest.fixture
def trimer(toy) -> Sample:
    g = toy("Cr", "Mn").geometry
    geometry = Geometry("trimer", "Toy", g.numbers, g.positions, (4, 0, 1), ("B", "A", "A"), g.cell)
    return Sample("toy:trimer", geometry, ("Fe", "Cr", "Mn"), "t1", {"moments": (3.5, 3.9, 4.5)})


@pytest.mark.parametrize("moments", [None, (3.9, 4.5)])
def test_samples_come_back(tmp_path, toy, moments):
    samples = [
        toy("Cr", "Mn", 4.0, moments, shell=2),
        toy("Mn", "Cr", 5.0, moments),
        toy("Fe", "Fe", 4.0, moments, shell=2),
    ]
    write_samples(tmp_path, samples)
    for again, sample in zip(read_samples(tmp_path), samples, strict=True):
        assert_same(again, sample)


def test_samples_of_one_geometry_share_it_again(tmp_path, toy):
    write_samples(tmp_path, [toy("Cr", "Mn"), toy("Cr", "Fe")])
    first, second = read_samples(tmp_path)
    assert first.geometry is second.geometry


def test_shipped_samples_come_back(tmp_path, dimers):
    samples = dimers.samples[::97]
    write_samples(tmp_path, samples)
    for again, sample in zip(read_samples(tmp_path), samples, strict=True):
        assert_same(again, sample)
        assert again.signature == sample.signature


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moments=st.lists(st.tuples(*[st.floats(-10, 10)] * 2), min_size=1, max_size=4))
def test_moments_come_back_to_the_last_bit(tmp_path, toy, moments):
    write_samples(tmp_path, [toy("Cr", "Mn", moments=pair) for pair in moments])
    assert [tuple(sample.moments) for sample in read_samples(tmp_path)] == moments


def test_a_trimer_comes_back(tmp_path, trimer):
    write_samples(tmp_path, [trimer])
    assert "element_k" in read_table(tmp_path / "samples.csv")
    assert_same(read_samples(tmp_path)[0], trimer)


def test_dimers_and_trimers_in_one_table_come_back(tmp_path, toy, trimer):
    samples = [toy("Cr", "Mn"), Sample(trimer.id, trimer.geometry, trimer.elements, trimer.orbit)]
    write_samples(tmp_path, samples)
    for again, sample in zip(read_samples(tmp_path), samples, strict=True):
        assert_same(again, sample)


def test_two_geometries_of_one_name_are_not_mixed_up(tmp_path, toy):
    here = toy("Cr", "Mn", 4.0)
    g = toy("Cr", "Mn", 5.0).geometry
    there = Sample(
        "other:x",
        Geometry(here.geometry.id, g.host, g.numbers, g.positions, g.sites, g.sublattices, g.cell),
        ("Cr", "Mn"),
        "o",
    )
    with contextlib.suppress(DataError):  # to be refused is as good
        write_samples(tmp_path, [here, there])
        assert [s.distance for s in read_samples(tmp_path)] == pytest.approx([4.0, 5.0])


def test_ids_and_orbits_made_of_digits_stay_text(tmp_path, toy):
    write_samples(tmp_path, [Sample("0012", toy("Cr", "Mn").geometry, ("Cr", "Mn"), "05")])
    again = read_samples(tmp_path)[0]
    assert (again.id, again.orbit) == ("0012", "05")


@pytest.mark.parametrize("name", ["s01", "007", "1e5", "T", "F", "true", "nan", "inf", "two words", "a=b"])
def test_a_geometry_comes_back_under_its_name_or_is_refused(tmp_path, toy, name):
    geometry = dataclasses.replace(toy("Cr", "Mn").geometry, id=name)
    with contextlib.suppress(DataError):
        write_geometries(tmp_path / "g.extxyz", [geometry])
        assert list(read_geometries(tmp_path / "g.extxyz")) == [name]


def test_a_geometry_named_by_a_number_is_refused(tmp_path, toy):
    with pytest.raises(DataError, match="'007' would not stay text"):
        write_geometries(tmp_path / "g.extxyz", [dataclasses.replace(toy("Cr", "Mn").geometry, id="007")])


def test_the_same_table_gives_the_same_bytes(tmp_path, dimers):
    for name in "ab":
        write_samples(tmp_path / name, dimers.samples[:50])
    for file in ("samples.csv", "geometries.extxyz"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_a_table_written_again_keeps_its_bytes(tmp_path, dimers):
    write_table(tmp_path / "samples.csv", dimers.table)
    assert (tmp_path / "samples.csv").read_bytes() == (dimers.folder / "samples.csv").read_bytes()


def test_geometries_written_again_keep_their_bytes(tmp_path, dimers):
    geometries = read_geometries(dimers.folder / "geometries.extxyz")
    write_geometries(tmp_path / "again.extxyz", geometries.values())
    assert (tmp_path / "again.extxyz").read_bytes() == (dimers.folder / "geometries.extxyz").read_bytes()


def test_na_in_a_text_column_is_no_hole(tmp_path):
    (tmp_path / "samples.csv").write_text("id,element_i\nNA,Na\nnan,N\n", encoding="utf-8")
    assert read_table(tmp_path / "samples.csv")["id"].tolist() == ["NA", "nan"]


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2,3\n", b"\xff\xfe\x00", b"a,\rb\n1,2\n"])
def test_a_broken_table_is_named(tmp_path, content):
    path = tmp_path / "samples.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"samples\.csv cannot be read as a table"):
        read_table(path)


def test_a_missing_table_is_named(tmp_path):
    with pytest.raises(DataError, match=r"samples\.csv cannot be read"):
        read_table(tmp_path / "samples.csv")


@pytest.mark.parametrize("content", ["nonsense\n", "1\nProperties=species:S:1:pos:R:3\nBi 0 0 0\n", "5\n\nBi 0 0 0\n"])
def test_a_broken_geometry_file_is_named(tmp_path, content):
    path = tmp_path / "geometries.extxyz"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=r"geometries\.extxyz(: frame 1| cannot be read)"):
        read_geometries(path)


def test_a_missing_geometry_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"geometries\.extxyz(: frame 1| cannot be read)"):
        read_geometries(Path(tmp_path / "geometries.extxyz"))


def test_a_geometry_that_is_not_there_is_named(toy):
    table = pd.DataFrame({"id": ["a"], "geometry": ["s99"], "orbit": ["a"], "element_i": ["Cr"], "element_j": ["Mn"]})
    with pytest.raises(DataError, match="s99"):
        make_samples(table, {"s01": toy("Cr", "Mn").geometry}, "x")


def test_columns_of_impurities_come_in_order():
    table = pd.DataFrame(
        columns=["moment_j_mub", "element_k", "element_j", "moment_i_mub", "element_i", "element_name"]
    )
    assert impurity_columns(table, "element") == ["element_i", "element_j", "element_k"]
    assert impurity_columns(table, "moment", "_mub") == ["moment_i_mub", "moment_j_mub"]
