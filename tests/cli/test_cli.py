"""The command line, as a user calls it."""

import shutil
import subprocess
import sys

import pytest
from click.testing import CliRunner

from jijbench.cli import COMMANDS, HELP, cli


def call(*args: str, cwd=None) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "jijbench", *args], capture_output=True, text=True, timeout=120, cwd=cwd, check=False
    )


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_help_that_teaches(name):
    result = CliRunner().invoke(cli, [name, "--help"])
    assert result.exit_code == 0, result.output
    assert len(result.output.splitlines()) > 5
    assert name in HELP


@pytest.mark.parametrize("args", [["--help"], ["list"]])
def test_help_and_list_load_nothing_heavy(args):
    code = f"""import sys
sys.argv = ["jijbench", *{args!r}]
from jijbench.cli import main
try:
    main()
finally:
    heavy = {{"numpy", "pydantic", "pandas", "sklearn", "optuna", "matplotlib", "ase", "scipy", "dscribe"}}
    print(sorted(heavy & set(sys.modules)))"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1] == "[]"


def test_unknown_names_suggest_the_nearest_and_exit_codes_can_be_trusted():
    wrong = call("runn")
    assert wrong.returncode == 2
    assert "did you mean 'run'" in wrong.stderr
    bench = call("run", "quik")
    assert bench.returncode == 1
    assert "did you mean 'quick'" in bench.stderr
    assert "Traceback" not in bench.stderr
    row = call("run", "quick", "--row", "sope")
    assert row.returncode == 1
    assert "'soap'" in row.stderr


def test_data_validate_and_show():
    shown = call("data", "show", "jij-bi2te3")
    assert "CC BY 4.0" in shown.stdout
    valid = call("data", "validate", "jij-published-table")
    assert valid.returncode == 0
    assert "340 samples in 204 symmetry orbits" in valid.stdout


def test_a_changed_byte_is_an_error_that_names_file_and_hash(tmp_path):
    from jijbench.data.dataset import dataset_folder

    shutil.copytree(dataset_folder("jij-published-table"), tmp_path / "d")
    file = tmp_path / "d" / "samples.csv"
    file.write_bytes(file.read_bytes().replace(b"0.012", b"0.013", 1))
    result = call("data", "validate", str(tmp_path / "d"))
    assert result.returncode == 1
    assert "samples.csv has sha256" in result.stderr


def test_run_prints_a_table_and_says_where_things_lie_and_resumes(tmp_path):
    command = ("run", "quick", "--task", "jij-bi2te3/jij/random-orbit", "--row", "zero", "--row", "shell-mean")
    first = call(*command, cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    assert "shell-mean" in first.stdout
    assert "results/local/quick/runs" in first.stdout
    assert list((tmp_path / "results/local/quick/figures").rglob("*parity*.png"))
    announced, counted = (first.stdout.index(words) for words in ("drawing figures into", "\nfigures: "))
    assert announced < counted
    drawn = len(list((tmp_path / "results/local/quick/figures").rglob("*.png")))
    assert f"\nfigures: {drawn} files in results/local/quick/figures" in first.stdout
    records = {p: p.stat().st_mtime_ns for p in (tmp_path / "results").rglob("f*.json")}
    again = call(*command, "--no-figures", cwd=tmp_path)
    assert records == {p: p.stat().st_mtime_ns for p in (tmp_path / "results").rglob("f*.json")}
    assert again.stdout.splitlines()[:8] == first.stdout.splitlines()[:8]


def test_a_table_without_records_is_an_error_that_names_cells(tmp_path):
    result = call("leaderboard", "quick", cwd=tmp_path)
    assert result.returncode == 1
    assert "jijbench run quick" in result.stderr


def test_check_prints_a_report_and_its_exit_code_can_be_trusted(tmp_path):
    good = call("check", "zero", "--output", "zero.md", cwd=tmp_path)
    assert good.returncode == 0, good.stderr
    assert good.stdout.startswith("# Contract of `zero`\n\n**It holds**")
    assert (tmp_path / "zero.md").read_text() == good.stdout
    bad = CliRunner().invoke(cli, ["check", "jijbench.testing.flawed:ReadsFrame", "--hyper", "ridge=0.1"])
    assert bad.exit_code == 1
    assert "- **rotation**: the crystal was turned" in bad.output
    assert "- hypers: ridge = 0.1" in bad.output


def test_check_of_what_cannot_be_checked_is_an_error():
    lacking = call("check", "jijbench.testing.bad:NotInstalled")
    assert lacking.returncode == 1
    assert "pip install jijbench-no-such-distribution" in lacking.stderr
    assert not lacking.stdout
    wrong = CliRunner().invoke(cli, ["check", "zero", "--hyper", "depth"])
    assert wrong.exit_code == 2
    assert "write NAME=VALUE" in wrong.output


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A folder with a benchmark of two floors, run."""
    folder = tmp_path_factory.mktemp("finished")
    (folder / "mine.yaml").write_text(
        "benchmark: mine\ndescription: two floors\ntasks: [jij-bi2te3/jij/period]\nseeds: [0]\n"
        "rows: [{row: zero, adapter: zero, inputs: composition}, {row: shell-mean, adapter: shell-mean}]\n"
        "budget: {trials: 0, inner_folds: 1}\n"
    )
    done = call("run", "mine.yaml", "--no-figures", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize("command", ["leaderboard", "ledger", "uncertainty"])
def test_commands_on_results_take_a_name_or_a_folder_alike(finished, command, monkeypatch):
    monkeypatch.chdir(finished)
    by_name, by_folder = (CliRunner().invoke(cli, [command, name]) for name in ("mine.yaml", "results/local/mine"))
    assert by_folder.exit_code == 0, by_folder.output
    assert "shell-mean" in by_folder.stdout
    assert sorted(by_folder.stdout.splitlines()) == sorted(by_name.stdout.splitlines())


def test_compare_takes_names_and_folders(finished):
    done = call("compare", "results/local/mine", "mine.yaml", cwd=finished)
    assert done.returncode == 0, done.stderr
    done = call("compare", "nope", "results/local/mine", cwd=finished)
    assert done.returncode == 1
    assert done.stderr == ("error: no folder of results or benchmark named 'nope'; known: default, full, quick\n")


def test_an_unknown_row_of_a_folder_lists_what_it_holds(finished):
    done = call("leaderboard", "results/local/mine", "--row", "zer", cwd=finished)
    assert done.returncode == 1
    assert "did you mean 'zero'? known: shell-mean, zero" in done.stderr


def test_a_row_whose_adapter_is_not_installed_is_shown_as_not_checked(finished, tmp_path, monkeypatch):
    shutil.copytree(finished / "results/local/mine", tmp_path / "r")
    for path in (tmp_path / "r").rglob("shell-mean/f*.json"):
        path.write_text(path.read_text().replace('"adapter": "shell-mean"', '"adapter": "no_such_package:Mean"'))
    shown = CliRunner().invoke(cli, ["leaderboard", str(tmp_path / "r")])
    assert shown.exit_code == 0, shown.output
    told = "not checked whether stale, their adapters are not installed: shell-mean (no_such_package:Mean)"
    assert shown.stderr.splitlines() == [told]
    assert "shell-mean" in shown.stdout


def test_datasets_are_listed_with_what_they_are_and_their_licence():
    lines = CliRunner().invoke(cli, ["list", "datasets"]).output.splitlines()
    assert [line.split()[0] for line in lines] == ["deltav-elemental", "jij-bi2te3", "jij-published-table"]
    assert all("(CC" in line for line in lines)


def test_what_makes_tables_loads_nothing_that_makes_models():
    code = "import sys, jijbench.verify, jijbench.tables.uncertainty as made; "
    code += "print(sorted(set(sys.modules) & {'sklearn', 'optuna'}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_tables_are_made_on_one_thread():
    code = (
        "import numpy; from threadpoolctl import threadpool_info; from jijbench.cli._results import one_thread; "
        "one_thread(); print({pool['num_threads'] for pool in threadpool_info()})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "{1}"
