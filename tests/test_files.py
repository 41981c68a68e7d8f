"""Files and folders are there whole or not at all, also where the disk is full, and the error names them."""

import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from jijbench.files import canonical, new_folder, sha256_of, write_atomically

MAP = {
    "element_i": "a", "element_j": "b", "dx": "x", "dy": "y", "dz": "z", "site_i": "s", "j": "J", "convention": "house",
    "energy_unit": "meV",
}  # fmt: skip


def small_disk(limit=3000):
    """In a child process: no file may become larger than ``limit`` bytes, as on a disk that fills up."""

    def limited():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return limited


def jijbench(folder, *words, **options):
    command = [sys.executable, "-m", "jijbench", *map(str, words)]
    env = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, env=env, **options)


@pytest.fixture
def table(tmp_path):
    rows = {"a": ["Cr"] * 3, "b": ["Mn", "Fe", "Co"], "x": -4.38531, "y": 0.0, "z": 0.0, "s": "Bi2", "J": 1.0}
    pd.DataFrame(rows).to_csv(tmp_path / "t.csv", index=False)
    (tmp_path / "map.yaml").write_text(yaml.safe_dump(MAP))
    return tmp_path


IMPORT = ("data", "import", "t.csv", "--columns", "map.yaml", "--id", "t", "-o", "out")


def test_an_import_on_a_full_disk_leaves_nothing_and_can_be_repeated(table):
    before = sorted(table.iterdir())
    found = jijbench(table, *IMPORT, preexec_fn=small_disk(1500))
    assert found.returncode == 1
    assert found.stderr.startswith("error: File too large (out")
    assert found.stderr.count("\n") == 1
    assert sorted(table.iterdir()) == before
    assert jijbench(table, *IMPORT).returncode == 0
    assert sorted(p.name for p in (table / "out").iterdir()) == [
        "card.yaml", "geometries.extxyz", "host.json", "samples.csv",
    ]  # fmt: skip
    again = jijbench(table, *IMPORT)
    assert "already holds a dataset" in again.stderr


def test_an_export_on_a_full_disk_keeps_the_file_that_was_there(table):
    assert jijbench(table, *IMPORT).returncode == 0
    (table / "out.extxyz").write_text("mine")
    found = jijbench(table, "data", "export", "out", "-o", "out.extxyz", preexec_fn=small_disk())
    assert found.returncode == 1
    assert found.stderr == "error: File too large (out.extxyz); check the path and the free space\n"
    assert (table / "out.extxyz").read_text() == "mine"
    assert not [p for p in table.iterdir() if p.name.startswith(".")]


def test_an_error_names_what_was_wanted_not_the_temporary_file(tmp_path):
    (tmp_path / "file" / "x").mkdir(parents=True)
    with pytest.raises(IsADirectoryError) as caught:
        write_atomically(tmp_path / "file" / "x", b"")
    assert caught.value.filename == str(tmp_path / "file" / "x")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("")
    with pytest.raises(OSError, match="not empty") as caught, new_folder(tmp_path / "full"):
        pass
    assert caught.value.filename == str(tmp_path / "full")
    with pytest.raises(FileNotFoundError) as caught, new_folder(tmp_path / "new") as made:
        (made / "a" / "b").write_text("")
    assert caught.value.filename == str(tmp_path / "new" / "a" / "b")
    with pytest.raises(FileNotFoundError) as caught, new_folder(tmp_path / "new"):
        (tmp_path / "elsewhere").read_text()
    assert caught.value.filename == str(tmp_path / "elsewhere")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "full"]


def test_a_file_is_replaced_whole(tmp_path):
    write_atomically(tmp_path / "a" / "x", b"one")
    write_atomically(tmp_path / "a" / "x", b"two")
    assert [(p.name, p.read_bytes()) for p in (tmp_path / "a").iterdir()] == [("x", b"two")]


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)


def _reversed(value):
    if isinstance(value, dict):
        return {key: _reversed(value[key]) for key in reversed(value)}
    return [_reversed(x) for x in value] if isinstance(value, list) else value


@given(value=json_values)
def test_the_hash_does_not_depend_on_the_order_of_keys(value):
    assert sha256_of(value) == sha256_of(_reversed(value))
    assert json.loads(canonical(value)) == value


@given(a=json_values, b=json_values)
def test_different_values_have_different_hashes(a, b):
    assert (sha256_of(a) == sha256_of(b)) == (canonical(a) == canonical(b))


def test_the_order_of_a_list_counts():
    assert sha256_of([1, 2]) != sha256_of([2, 1])


def test_a_hash_of_nan_is_refused():
    with pytest.raises(ValueError, match=r"(?i)nan|out of range"):
        canonical({"a": float("nan")})


def test_a_file_is_written_whole(tmp_path):
    write_atomically(tmp_path / "deep" / "a.json", b"new")
    assert (tmp_path / "deep" / "a.json").read_bytes() == b"new"
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["a.json"]


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002, 0o027])
def test_files_and_folders_obey_the_umask(tmp_path, mask):
    before = os.umask(mask)
    try:
        write_atomically(tmp_path / "new" / "a.json", b"new")
        with new_folder(tmp_path / "out") as made:
            write_atomically(made / "b.json", b"new")
    finally:
        os.umask(before)
    found = {path.relative_to(tmp_path): path.stat().st_mode & 0o777 for path in tmp_path.rglob("*")}
    files = {path: mode for path, mode in found.items() if path.suffix}
    assert set(files.values()) == {0o666 & ~mask}
    assert {mode for path, mode in found.items() if path not in files} == {0o777 & ~mask}


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, failing):
    path = tmp_path / "a.json"
    path.write_bytes(b"old")

    def fail(*args, **kwargs):
        raise OSError("no space left")

    monkeypatch.setattr(*((os, "fsync") if failing == "fsync" else (Path, "replace")), fail)
    with pytest.raises(OSError, match="no space left"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_an_interrupted_write_leaves_nothing(tmp_path, monkeypatch):
    def stop(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", stop)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(tmp_path / "a.json", b"new")
    assert list(tmp_path.iterdir()) == []
