"""The first page: short, narrow, with the two commands; it and the others link to what exists."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from jijbench.tables.generated_docs import BLOCK, documents

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"


def test_it_is_short_and_narrow():
    text = README.read_text(encoding="utf-8")
    assert len(text.encode()) <= 8192
    assert max(map(len, text.splitlines())) <= 160


def test_the_two_commands_stand_there():
    lines = README.read_text(encoding="utf-8").splitlines()
    first = "python -m pip install tox && python -m tox -e bench   # splits, tuned models, scores, leaderboard, figures"
    assert first in lines
    assert "python -m tox -e tests                                # the tests" in lines


def test_its_tables_are_generated_and_small():
    blocks = [match for match in BLOCK.finditer(README.read_text(encoding="utf-8")) if match["name"] == "best"]
    assert [block["args"].strip() for block in blocks] == [
        "jij-bi2te3/jij/random-orbit", "deltav-elemental/dv/random-orbit",
    ]  # fmt: skip
    for block in blocks:
        lines = [line for line in block[0].splitlines() if line.startswith("|")]
        assert 7 <= len(lines) <= 8
        assert sum("(floor)" in line for line in lines) >= 1
        assert all("[" in line for line in lines[2:])


@pytest.mark.parametrize("page", documents(ROOT), ids=lambda page: page.name)
def test_links_and_figures_lead_to_files(page):
    text = page.read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'<img src="([^"]+)"', text)
    local = [target.partition("#")[0] for target in targets if "://" not in target and not target.startswith("#")]
    assert [target for target in local if not (page.parent / target).exists()] == []


def test_its_python_runs(tmp_path):
    code = re.search(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)[1]
    assert len(code.splitlines()) <= 10
    code = code.replace('"low-rank", "coulomb"', '"zero", "mean"')  # the same lines, with rows that cost nothing
    guarded = "".join(f"    {line}\n" for line in code.splitlines())
    (tmp_path / "example.py").write_text(f'if __name__ == "__main__":\n{guarded}')
    done = subprocess.run(
        [sys.executable, "example.py"], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "mae_magnetic" in done.stdout
