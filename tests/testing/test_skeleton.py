"""A package written by ``jijbench new-adapter`` is one that works as it is."""

import ast
import re

import pytest
import yaml
from click.testing import CliRunner

from jijbench.benchmark import load_benchmark
from jijbench.cli import cli
from jijbench.errors import DataError
from jijbench.testing.skeleton import FILES, write_skeleton


def test_it_writes_a_package_without_a_placeholder_left(tmp_path):
    written = write_skeleton("my-2nd-model", tmp_path / "new")
    assert len(written) == len(FILES)
    package = tmp_path / "new/src/jijbench_my_2nd_model/__init__.py"
    assert package in written
    assert "class My2ndModel(MomentGated):" in package.read_text()
    for path in written:
        assert not re.search("@[a-z]+@", path.read_text())
        if path.suffix == ".py":
            ast.parse(path.read_text())
            assert max(map(len, path.read_text().splitlines())) <= 120


def test_its_benchmark_is_one(tmp_path):
    write_skeleton("my-model", tmp_path)
    assert load_benchmark(tmp_path / "benchmark.yaml").row_names == ["zero", "low-rank", "my-model"]
    assert yaml.safe_load((tmp_path / "benchmark.yaml").read_text())["rows"][-1]["adapter"] == "my-model"


@pytest.mark.parametrize("name", ["My", "my_model", "2nd", "", "-a", "a--b", "../a", "class", "a b"])
def test_a_name_that_no_row_could_use_is_refused(tmp_path, name):
    with pytest.raises(DataError, match="no name for an adapter"):
        write_skeleton(name, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_name_that_is_taken_is_refused(tmp_path):
    with pytest.raises(DataError, match="there is an adapter called 'soap' already"):
        write_skeleton("soap", tmp_path)


def test_what_is_there_is_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(DataError, match="is not empty"):
        write_skeleton("my-model", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_the_command_says_what_it_wrote_and_what_comes_next(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(cli, ["new-adapter", "my-model"])
    assert result.exit_code == 0, result.output
    assert "jijbench-my-model/tests/test_jijbench_my_model.py written" in result.output
    assert result.output.splitlines()[-1].startswith("next: pip install -e jijbench-my-model; jijbench check my-model")
