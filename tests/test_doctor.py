"""What the doctor finds: versions, extras and how to add them, cache, data; without loading what is heavy."""

import shutil
import subprocess
import sys

import pytest
from click.testing import CliRunner

from jijbench import doctor
from jijbench.cli import cli
from jijbench.context import context, home, installed
from jijbench.install import add_extras, extras


def topics(benchmark: str | None = None) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in doctor.examine(benchmark):
        found.setdefault(line.topic, []).append(line.text)
    return found


def test_it_says_what_is_here():
    found = topics()
    assert installed("numpy") in found["core"][0]
    assert sys.executable in found["python"][0]
    assert len(found["data"]) == 3
    assert all("are as published" in text for text in found["data"])
    assert "jijbench verify" in found["records"][0] or "official tables" in found["records"][0]
    for extra, names in extras().items():
        (text,) = found[f"extra {extra}"]
        absent = [name for name in names if installed(name) is None]
        assert text == (f"missing {', '.join(absent)}: {add_extras(extra)}" if absent else "present")


def test_the_cache_is_counted(tmp_path):
    (tmp_path / f"{64 * 'a'}.npz").write_bytes(bytes(2**20))
    (tmp_path / "notes.txt").write_bytes(bytes(2**20))
    with context(cache=tmp_path, cache_gib=0.5):
        assert f"{tmp_path}: 1 files, 1.0 MiB of at most 0.5 GiB" in topics()["cache"][0]
    with context(cache=tmp_path / "none"):
        assert "0 files" in topics()["cache"][0]
    with context(cache=None):
        assert "JIJBENCH_CACHE" in topics()["cache"][0]


def test_rows_that_lack_something_are_named(tmp_path):
    (tmp_path / "b.yaml").write_text("""
benchmark: b
description: x
tasks: [jij-published-table/jij/transfer]
budget: {trials: 0, inner_folds: 1}
seeds: [0]
rows: [{row: zero, adapter: zero}, {row: none, adapter: "jijbench.testing.bad:NotInstalled"}]
""")
    found = topics(str(tmp_path / "b.yaml"))
    lacks = "jijbench-no-such-distribution"
    assert found["b"] == [f"1 of 2 rows have what they need; none lack {lacks}: pip install {lacks}"]


def test_damaged_data_are_an_error(tmp_path, monkeypatch):
    shutil.copytree(home("datasets"), tmp_path / "datasets")
    file = tmp_path / "datasets/jij-published-table/samples.csv"
    file.write_bytes(file.read_bytes() + b"\n")
    monkeypatch.setattr(doctor, "home", lambda kind: tmp_path / kind if kind == "datasets" else home(kind))
    done = CliRunner().invoke(cli, ["doctor"])
    assert done.exit_code == 1
    assert "WRONG: " in done.output
    assert "samples.csv has sha256" in done.output


@pytest.mark.parametrize("argument", [[], ["quick"]])
def test_it_loads_nothing_heavy(argument):
    code = f"""import sys
sys.argv = ["jijbench", "doctor", *{argument!r}]
from jijbench.cli import main
try:
    main()
finally:
    print(sorted(set(sys.modules) & {{"torch", "sklearn", "optuna", "matplotlib", "ase", "scipy", "dscribe"}}))"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
