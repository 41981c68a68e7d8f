"""What a user sees in an empty folder, the same from a checkout and (``tox -e wheel``) from a wheel."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

TASK = "deltav-elemental/dv/random-orbit"


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    return tmp_path_factory.mktemp("empty")


def call(folder: Path, *args: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "jijbench", *args], cwd=folder, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, f"{args}: {done.stderr}"
    return done.stdout


def test_data_and_benchmarks_are_there(empty):
    listed = [line.split()[0] for line in call(empty, "list", "datasets").splitlines()]
    assert listed == ["deltav-elemental", "jij-bi2te3", "jij-published-table"]
    assert [line.split()[0] for line in call(empty, "list", "benchmarks").splitlines()] == ["default", "full", "quick"]
    assert "340 samples" in call(empty, "data", "validate", "jij-published-table")


def test_the_official_table_is_there(empty):
    text = call(empty, "leaderboard", "full", "--task", TASK, "--row", "impurity-gp", "--row", "gap")
    assert re.search(r"^ *1 +impurity-gp +0\.0130 \[0\.0089, 0\.0189\] +0\.949 +[\d.]+\s*$", text, re.MULTILINE)
    assert "gap: refused, 5 of 5 cells: J is the sum over two sites" in text
    csv = call(empty, "leaderboard", "full", "--format", "csv", "--task", TASK)
    assert csv.splitlines()[1].startswith(f"{TASK},impurity-gp,model,")


def test_a_run_stands_beside_the_official_values(empty):
    text = call(empty, "run", "quick", "--row", "zero", "--task", TASK)
    assert re.search(r"^ *1 +zero \* +0\.2553 \[.*\] +0\.2553 +0\.000 ", text, re.MULTILINE)
    assert (empty / "results/local/quick/figures").is_dir()


@pytest.mark.parametrize("command", [["run"], ["data", "import"]])
def test_pages_that_help_cites_are_there(empty, command):
    cited = re.findall(r"\S+\.md\b", call(empty, *command, "--help"))
    assert cited
    assert all(Path(page).is_file() for page in cited)


def test_words_and_the_installation_are_told(empty):
    assert call(empty, "explain", "floor").startswith("floor: a rule that needs no machine learning")
    told = call(empty, "doctor", "quick")
    assert "jij-bi2te3: 3 files are as published" in told
    assert "rows have what they need" in told
