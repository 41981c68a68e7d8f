"""What `jijbench list adapters` says is what the imported class says, without importing it."""

import subprocess
import sys

import pytest

from jijbench import adapters

OURS = [name for name in adapters.names() if name in adapters._files()]


@pytest.mark.parametrize("name", OURS)
def test_licence_and_line_are_those_of_the_class(name):
    what, licence = adapters.described(name)
    found = adapters.get(name)
    assert licence == found.info.licence
    assert what == found.__doc__.partition("\n")[0].replace("`", "")


def test_what_a_source_does_not_say_is_empty(tmp_path, monkeypatch):
    (tmp_path / "silent.py").write_text("from elsewhere import info as card\n\n\nclass A:\n    info = card\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert adapters.described("silent:A") == ("", "")
    assert adapters.described("silent:B") == ("", "")


def test_listing_imports_no_model():
    code = """import sys
sys.argv = ["jijbench", "list", "adapters"]
from jijbench.cli import main
try:
    main()
finally:
    print([name for name in sys.modules if name.startswith("jijbench.adapters.") and "._described" not in name])"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert any(line.startswith("gap ") and "(GPL-2.0 (quippy), " in line for line in done.stdout.splitlines())
