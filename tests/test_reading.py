"""Files of others: YAML, JSON and npz in which nothing is doubled, endless or larger than it says."""

import io
import json
import os
import zipfile

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from jijbench import limits
from jijbench.errors import DataError
from jijbench.reading import inside, parse_json, parse_yaml, read_array, read_arrays, read_bytes, read_json, read_yaml

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**17), 10**17) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abcdefgh", max_size=3), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
BOMB = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


@given(PLAIN)
def test_plain_values_come_back(value):
    assert parse_yaml(yaml.safe_dump(value), "x") == value
    assert parse_json(json.dumps(value), "x") == value


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "the key 'a' stands there twice, first in line 1"),
        ("r:\n  - {row: x, row: y}\n", 2, "the key 'row' stands there twice, first in line 2"),
        ("m:\n  1: a\n  1.0: b\n", 3, "the key '1.0' stands there twice, first in line 2"),
        ("a: &x {u: 1}\nb:\n  <<: *x\n  <<: *x\n", 4, "the key '<<' stands there twice, first in line 3"),
        ("a: 2024-99-99\n", 1, "'2024-99-99' would be read as timestamp"),
        ("a: 2024-01-01\n", 1, "'2024-01-01' would be read as timestamp"),
        ("b: 0\na: 010\n", 2, "'010' is no decimal whole number"),
        ("a: 1:30\n", 1, "'1:30' is no decimal whole number"),
        ("a: " + "9" * 5000, 1, "is no decimal whole number of up to 18 digits"),
        ("a: .nan\n", 1, "'.nan' is no finite decimal number"),
        ("a: 1e999\n", 1, "'1e999' is larger than any number"),
        ("a: &x [*x]\n", 1, "an alias stands inside what it is an alias of"),
        ("a: " + "[" * 3000, 1, "maximum nesting depth"),
        ("a: " + "[" * 50 + "]" * 50, 1, "more than 50 levels"),
        ("x0: &x0 [1]\n" + "".join(f"x{k}: &x{k} [*x{k - 1}]\n" for k in range(1, 60)), 50, "more than 50 levels"),
        (BOMB, 6, "stands for more than 200000 values"),
        ("a: !!python/object:os.system x\n", 1, "would be read as os.system"),
        ("a: !!python/object/apply:os.system [x]\n", 1, "is no plain list or mapping"),
        ("a: !!bool perhaps\n", 1, "would be read as bool"),
        ("? [1]\n: 2\n", 1, "a key is a list or a mapping"),
        ("a: 1\n---\nb: 1\n", 2, "another document"),
        ("a: 1\nb: [1\n", 3, "expected ',' or ']'"),
    ],
)
def test_what_a_yaml_file_must_not_hold_is_named_with_its_line(tmp_path, text, line, words):
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(DataError) as refused:
        read_yaml(tmp_path / "x.yaml")
    assert f"x.yaml: line {line}: " in str(refused.value)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_numbers_are_read_as_they_are_meant():
    assert parse_yaml("[1e-3, 2.5E+3, 1_000, -4, .5, 0]", "x") == [1e-3, 2500.0, 1000, -4, 0.5, 0]
    assert parse_yaml("a: &x {u: 1, v: 2}\nb: {<<: *x, v: 3}\n", "x")["b"] == {"u": 1, "v": 3}


@pytest.mark.parametrize("content", [b"\xef\xbb\xbfa: 1\r\nb: 2\r\n", b"a: 1\nb: 2"])
def test_byte_order_marks_and_line_ends_of_windows_are_read(tmp_path, content):
    (tmp_path / "x.yaml").write_bytes(content)
    assert read_yaml(tmp_path / "x.yaml") == {"a": 1, "b": 2}


def test_another_encoding_is_named_with_line_and_byte(tmp_path):
    (tmp_path / "x.yaml").write_bytes("a: 1\nb: Å".encode("latin-1"))
    with pytest.raises(DataError, match=r"x\.yaml: line 2 is not UTF-8 \(byte 0xc5\)"):
        read_yaml(tmp_path / "x.yaml")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"J": 1, "J": 1000}', "the key 'J' stands there twice, with '1' and '1000'"),
        ('{"a": NaN}', "'NaN' is no finite number"),
        ("[-Infinity]", "'-Infinity' is no finite number"),
        ("[1e400]", "'1e400' is no finite number"),
        ("[" + "9" * 5000 + "]", "has more than 18 digits"),
        ("[" * 100_000, "too many levels"),
        ("[" * 60 + "]" * 60, "more than 50 levels"),
        ('{"a": 1,\n', "line 2: "),
    ],
)
def test_what_a_json_file_must_not_hold_is_named(tmp_path, text, words):
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(DataError, match=r"x\.json") as refused:
        read_json(tmp_path / "x.json")
    assert words in str(refused.value)


def test_devices_pipes_folders_and_missing_files_are_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in ("/dev/zero", tmp_path / "pipe", tmp_path):
        with pytest.raises(DataError, match=f"{path} (is no plain file|cannot be read)"):
            read_bytes(tmp_path / path, 10)
    with pytest.raises(DataError, match=r"gone\.yaml cannot be read: No such file"):
        read_yaml(tmp_path / "gone.yaml")
    with pytest.raises(DataError, match="device, pipe or folder"):
        read_arrays(tmp_path / "pipe")


def test_a_file_above_its_limit_is_refused(tmp_path):
    (tmp_path / "x.yaml").write_bytes(b"#" * (limits.YAML_BYTES + 1))
    with pytest.raises(DataError, match=f"more than {limits.YAML_BYTES} bytes"):
        read_yaml(tmp_path / "x.yaml")


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a/../../x", "a//b", "./x", "a\\b", "C:x", "", ".", "a\0b"])
def test_names_that_lead_elsewhere_are_refused(tmp_path, name):
    with pytest.raises(DataError, match="is not the name of a file below"):
        inside(tmp_path, name)


def packed(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name + ".npy", content)
    return buffer.getvalue()


def npy(header: str, body: bytes = b"") -> bytes:
    text = header.encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + body


def test_arrays_come_back(tmp_path):
    arrays = {"a": np.arange(6.0).reshape(2, 3, order="F"), "names": np.array(["Cr", "Mn"]), "n": np.array(3)}
    np.savez_compressed(tmp_path / "x.npz", **arrays)
    found = read_arrays(tmp_path / "x.npz")
    assert set(found) == set(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array)
    np.save(tmp_path / "x.npy", arrays["a"])
    np.testing.assert_array_equal(read_array(tmp_path / "x.npy"), arrays["a"])


HUGE = npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }")
OBJECT = npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", b"\x80\x04N.")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (packed(a=HUGE), "promises 8000000000000 bytes, 0 are there"),
        (packed(a=OBJECT), "Python objects"),
        (packed(a=npy("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }")), "'a.npy'"),
        (packed(a=b"no array"), "magic string"),
        (packed(a=npy("(" * 100)), "EOF"),
        (b"PK\x03\x04 and no more", "not a zip file"),
        (b"", "not a zip file"),
    ],
)
def test_damaged_archives_are_named(tmp_path, content, words):
    (tmp_path / "x.npz").write_bytes(content)
    with pytest.raises(DataError, match=r"x\.npz cannot be read as arrays") as refused:
        read_arrays(tmp_path / "x.npz")
    assert words in str(refused.value)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_array_that_is_there_twice_is_refused(tmp_path):
    one = io.BytesIO()
    np.save(one, np.ones(2))
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        for name in ("a.npy", "a.npy"):
            archive.writestr(name, one.getvalue())
    with pytest.raises(DataError, match="the array 'a' is there twice"):
        read_arrays(tmp_path / "x.npz")


def test_zeros_that_unpack_beyond_the_limit_are_refused_unread(tmp_path, monkeypatch):
    np.savez_compressed(tmp_path / "x.npz", a=np.zeros(100_000))
    monkeypatch.setattr(limits, "ARRAYS_BYTES", 50_000)
    with pytest.raises(DataError, match="its arrays take 800128 bytes, more than 50000"):
        read_arrays(tmp_path / "x.npz")
