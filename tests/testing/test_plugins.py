"""Adapters from outside, installed for real: found, checked, run, and harmless where they break."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from jijbench import adapters
from jijbench.cli import cli
from jijbench.testing.skeleton import write_skeleton

PLUGIN = Path(__file__).parents[1] / "plugins" / "jijbench-toy-plugin"
TASK = "jij-published-table/jij/transfer"  # one fold


class Site:
    """A folder with installed packages, and commands that see it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def install(self, source: Path) -> None:
        """Without the network: what builds it and what it needs are here."""
        options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--no-index", "--no-build-isolation"]
        pip = [sys.executable, "-m", "pip", "install", *options]
        subprocess.run([*pip, "--target", str(self.folder), str(source)], check=True)

    def call(self, *args: str, cwd: Path) -> subprocess.CompletedProcess:
        path = os.pathsep.join(filter(None, [str(self.folder), os.environ.get("PYTHONPATH")]))
        env = os.environ | {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
        return subprocess.run(
            [sys.executable, "-m", *args], capture_output=True, text=True, cwd=cwd, env=env, timeout=120, check=False
        )


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The plug-in of this folder, built from a copy and installed."""
    root = tmp_path_factory.mktemp("plugin")
    shutil.copytree(PLUGIN, root / "source")
    found = Site(root / "site")
    found.install(root / "source")
    return found


def add_broken(folder: Path, body: str = "pass") -> None:
    """Beside what is installed there, a distribution whose module breaks when it is imported."""
    folder.mkdir(exist_ok=True)
    module = f"import a_package_that_nobody_has\n\n\nclass Broken:\n    {body}\n"
    (folder / "jijbench_broken.py").write_text(module)
    card = folder / "jijbench_broken-1.0.dist-info"
    card.mkdir()
    (card / "METADATA").write_text("Metadata-Version: 2.1\nName: jijbench-broken\nVersion: 1.0\n")
    (card / "entry_points.txt").write_text("[jijbench.adapters]\ntoy-broken = jijbench_broken:Broken\n")


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder whose distributions this process sees."""
    folder = tmp_path / "here"
    monkeypatch.syspath_prepend(folder)
    adapters._entry_points.cache_clear()
    yield folder
    adapters._entry_points.cache_clear()


def benchmark(folder: Path, *names: str) -> Path:
    rows = [{"row": name, "adapter": name} for name in names]
    path = folder / "mine.yaml"
    budget = {"trials": 1, "inner_folds": 1, "cell_seconds": 60, "memory_gib": 4}
    whole = {"benchmark": "mine", "description": "toys", "tasks": [TASK], "rows": rows, "budget": budget, "seeds": [0]}
    path.write_text(json.dumps(whole))  # JSON is YAML
    return path


def record(folder: Path, row: str) -> dict:
    return json.loads((folder / f"results/local/mine/runs/{TASK}/{row}/f00-s0.json").read_text())


def test_an_installed_adapter_is_listed(site, tmp_path):
    listed = site.call("jijbench", "list", "adapters", cwd=tmp_path)
    assert listed.returncode == 0, listed.stderr
    told = dict(line.split(maxsplit=1) for line in listed.stdout.splitlines())
    assert {"toy-decay", "soap"} <= set(told)
    assert told["toy-decay"].endswith("(MIT)")


def test_an_installed_adapter_keeps_the_contract(site, tmp_path):
    checked = site.call("jijbench", "check", "toy-decay", "--hyper", "length=4", "-o", "report.md", cwd=tmp_path)
    assert checked.returncode == 0, checked.stdout
    assert "- class: `jijbench_toy_plugin:Decay`\n" in checked.stdout
    assert (tmp_path / "report.md").read_text() == checked.stdout


def test_an_installed_adapter_is_a_row_and_one_that_breaks_fails_its_own_cell_only(site, tmp_path):
    shutil.copytree(site.folder, tmp_path / "site")
    add_broken(tmp_path / "site")
    wanted = benchmark(tmp_path, "toy-broken", "toy-decay")
    ran = Site(tmp_path / "site").call("jijbench", "run", str(wanted), "--no-figures", cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert any("toy-decay" in line.split()[:2] for line in ran.stdout.splitlines())
    made = record(tmp_path, "toy-decay")
    assert made["status"] == "complete"
    assert made["info"]["citation"] == "a plug-in of jijbench's tests"
    assert made["metrics"]["mae"] > 0
    failed = record(tmp_path, "toy-broken")
    assert failed["status"] == "failed"
    assert failed["reason"] == "ModuleNotFoundError: No module named 'a_package_that_nobody_has'"
    assert failed["reason"] in ran.stdout


def test_a_skeleton_passes_its_own_tests_once_installed(tmp_path):
    write_skeleton("my-model", tmp_path / "new")
    shutil.copytree(tmp_path / "new", tmp_path / "source")
    site = Site(tmp_path / "site")
    site.install(tmp_path / "source")
    tested = site.call("pytest", "-q", "-p", "no:cacheprovider", str(tmp_path / "new/tests"), cwd=tmp_path)
    assert tested.returncode == 0, tested.stdout
    assert "26 passed, 8 skipped" in tested.stdout


def test_an_import_that_breaks_does_not_spoil_the_list(here):
    add_broken(here)
    listed = CliRunner().invoke(cli, ["list", "adapters"])
    assert listed.exit_code == 0, listed.exception
    assert "toy-broken" in listed.output.splitlines()


def test_a_version_is_that_of_the_file_as_it_is_now(here):
    add_broken(here, "version = 3")
    assert adapters.version("toy-broken") == 3
    file = here / "jijbench_broken.py"
    file.write_text(file.read_text().replace("version = 3", "version = 4"))
    assert adapters.version("toy-broken") == 4


@pytest.mark.parametrize("how", ['requires = ("nobody-has-this",)', 'requires: tuple[str, ...] = ("nobody-has-this",)'])
def test_what_an_adapter_from_outside_lacks_is_known_before_its_import(here, how):
    add_broken(here, how)
    assert "pip install nobody-has-this" in adapters.missing("toy-broken")


def test_an_adapter_from_outside_cannot_take_the_name_of_one_of_ours(here):
    add_broken(here)
    points = here / "jijbench_broken-1.0.dist-info" / "entry_points.txt"
    points.write_text("[jijbench.adapters]\nzero = jijbench.testing.bad:Raising\n")
    assert adapters.get("zero").__module__ == "jijbench.adapters.floors.zero"
