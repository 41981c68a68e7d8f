"""What a user is told to type to add an extra: true for a checkout, a wheel, an index; one name, stated once."""

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from jijbench import install

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
NAME = PROJECT["name"]
METADATA = f"""Metadata-Version: 2.4
Name: {NAME}
Version: 0.1.0
Requires-Dist: numpy<3,>=2
Provides-Extra: composition
Requires-Dist: cbfv<2,>=1.1; extra == 'composition'
Provides-Extra: automl
Requires-Dist: autogluon-tabular[lightgbm]<2,>=1.6; extra == 'automl'
Requires-Dist: cbfv<2,>=1.1; extra == 'automl'
"""


def installed(folder: Path, direct_url: dict | None) -> None:
    """The package as pip leaves it, with its note on where it came from."""
    shutil.copytree(ROOT / "src" / "jijbench", folder / "jijbench", ignore=shutil.ignore_patterns("__pycache__"))
    card = folder / f"{NAME.replace('-', '_')}-0.1.0.dist-info"
    card.mkdir()
    (card / "METADATA").write_text(METADATA)
    (card / "entry_points.txt").write_text(f"[console_scripts]\n{install.SCRIPT} = {install.TARGET}\n")
    if direct_url is not None:
        (card / "direct_url.json").write_text(json.dumps(direct_url))


def told(folder: Path, expression: str) -> str:
    code = f"import sys; sys.path.insert(0, {str(folder)!r})\nfrom jijbench import install\nprint({expression})"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False, cwd=folder, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("direct_url", "source"),
    [
        (None, ""),
        ({"url": "file:///tmp/a%20b/x.whl", "archive_info": {}}, " @ file:///tmp/a%20b/x.whl"),
        ({"url": "file:///tmp/tree", "dir_info": {}}, " @ file:///tmp/tree"),
        (
            {"url": "https://example.org/x", "vcs_info": {"vcs": "git", "commit_id": "0a1b"}},
            " @ git+https://example.org/x@0a1b",
        ),
    ],
)
def test_an_installed_package_names_its_distribution_and_where_it_came_from(tmp_path, direct_url, source):
    installed(tmp_path, direct_url)
    assert told(tmp_path, "install.add_extras('gap', 'ace')") == f'pip install "{NAME}[ace,gap]{source}"'
    assert told(tmp_path, "install.checkout()") == "None"
    assert told(tmp_path, "install.add('CBFV', 'nobody-has-this')") == (
        f'pip install "{NAME}[composition]{source}" nobody-has-this'
    )
    assert told(tmp_path, "install.add('autogluon.tabular', 'CBFV')") == f'pip install "{NAME}[automl]{source}"'
    assert told(tmp_path, "install.add('nobody-has-this')") == "pip install nobody-has-this"


def test_what_an_extra_brings_is_known(tmp_path):
    installed(tmp_path, None)
    assert told(tmp_path, "install.extras()") == "{'composition': ('cbfv',), 'automl': ('autogluon-tabular', 'cbfv')}"
    assert told(tmp_path, "install.core()") == "('numpy',)"


def test_without_metadata_no_name_is_made_up(tmp_path):
    shutil.copytree(ROOT / "src" / "jijbench", tmp_path / "jijbench", ignore=shutil.ignore_patterns("__pycache__"))
    assert "from its checkout or wheel" in told(tmp_path, "install.add_extras('gap')")


@pytest.mark.skipif(install.checkout() is None, reason="the package is not used from a checkout")
def test_a_checkout_is_named_by_its_folder():
    assert install.add_extras("gap", "ace") == f'pip install -e "{ROOT}[ace,gap]"'


def test_the_name_is_not_that_of_somebody_else_and_cannot_be_uploaded_by_mistake():
    assert NAME != "jijbench"
    assert "Private :: Do Not Upload" in PROJECT["classifiers"]
    assert PROJECT["scripts"] == {install.SCRIPT: install.TARGET}


def test_the_name_stands_in_pyproject_alone():
    code = [path for path in (ROOT / "src").rglob("*") if path.suffix in {".py", ".in", ".html", ".js"}]
    assert [path for path in code if NAME in path.read_text(encoding="utf-8")] == []


def test_nobody_is_told_to_install_a_stranger_s_package():
    stranger = re.compile(
        r"pip install [^;`\n]*[ '\"]jijbench(\[|['\" `;]|$)|dependencies = \[.*\"jijbench[\"\[]", re.MULTILINE
    )
    places = [ROOT / "README.md", ROOT / "tox.ini", ROOT / "pyproject.toml", ROOT / ".ci/run"]
    for folder in ("src", "docs", "tests/plugins", "benchmarks"):
        places += [p for p in (ROOT / folder).rglob("*") if p.suffix in {".py", ".in", ".md", ".toml", ".html", ".ini"}]
    found = [str(path) for path in places if stranger.search(path.read_text(encoding="utf-8"))]
    assert found == []
