"""Files and folders are there whole or not at all, also where the disk is full, and the error names them."""

import os
import resource
import signal
import subprocess
import sys

import pandas as pd
import pytest
import yaml

from jijbench.files import new_folder, write_atomically

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
