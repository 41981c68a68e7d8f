"""The hash of the code behind a model."""

import importlib
import re
import sys
from pathlib import Path

import pytest

from jijbench.records import code

HASH = "0" * 64
MODEL = '''"""A model."""

from {package}.core import scale
from .more import shift


class Model:
    """Doubles."""

    def predict(self, x):
        """Twice."""
        if x > 0:
            x = scale(x)
            x = shift(x)
        return x
'''


class ThirdParty:
    """A plug-in package in a folder, whose files a test may change."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name = folder / name, name
        self.folder.mkdir()
        self.write("__init__.py", "")
        self.write("model.py", MODEL.format(package=name))
        self.write("core.py", "import json\nfrom jijbench.targets import JIJ\n\n\ndef scale(x):\n    return 2 * x\n")
        self.write("more.py", "from . import deep\n\n\ndef shift(x):\n    return x + deep.STEP\n")
        self.write("deep.py", "STEP = 1\n")
        self.write("unused.py", "A = 1\n")

    def write(self, file: str, text: str) -> None:
        (self.folder / file).write_text(text, encoding="utf-8")
        importlib.invalidate_caches()

    def edit(self, file: str, old: str, new: str) -> None:
        text = (self.folder / file).read_text(encoding="utf-8")
        assert old in text
        self.write(file, text.replace(old, new, 1))

    @property
    def sha256(self) -> str:
        return code.code_sha256(f"{self.name}.model")


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    name = "plugin_" + re.sub(r"\W", "_", tmp_path.name)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield ThirdParty(tmp_path, name)
    for module in [module for module in sys.modules if module.split(".")[0] == name]:
        del sys.modules[module]


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("model.py", '"""A model."""', '"""Another text,\n\nover some lines.\n"""'),
        ("model.py", '"""Doubles."""', '"""Doubles a number."""'),
        ("model.py", '"""Twice."""', "'''Thrice.'''"),
        ("model.py", "        return x\n", "        # what comes out\n\n        return x  # done\n"),
        ("core.py", "return 2 * x", "return 2 * x  # doubled"),
        ("model.py", "        return x\n", "        return  x\n"),
        ("unused.py", "A = 1", "A = 2"),
    ],
)
def test_the_hash_of_an_adapter_does_not_see_words(plugin, file, old, new):
    before = plugin.sha256
    plugin.edit(file, old, new)
    assert plugin.sha256 == before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("model.py", "x > 0", "x > 1"),
        ("model.py", "            x = shift(x)\n", "        x = shift(x)\n"),  # out of the branch
        ("model.py", "        return x\n", "        x = 'text'\n        return x\n"),
        ("core.py", "2 * x", "3 * x"),
        ("more.py", "x + deep", "x - deep"),
        ("deep.py", "STEP = 1", "STEP = 2"),
        ("core.py", "    return 2 * x\n", "    y = 2\n    -x\n    return y\n"),
    ],
)
def test_the_hash_of_an_adapter_sees_code(plugin, file, old, new):
    before = plugin.sha256
    plugin.edit(file, old, new)
    assert plugin.sha256 != before


def test_the_hash_of_an_adapter_sees_where_a_statement_ends(plugin):
    plugin.write("deep.py", "STEP = 1\n-1\n")
    before = plugin.sha256
    plugin.write("deep.py", "STEP = 1 - 1\n")
    assert plugin.sha256 != before


def test_the_hash_is_that_of_the_source_not_of_the_import(plugin):
    before = plugin.sha256
    importlib.import_module(f"{plugin.name}.model")
    assert plugin.sha256 == before


def _sources_seen(module: str, monkeypatch) -> set[str]:
    seen: list[dict] = []
    monkeypatch.setattr(code, "sha256_of", lambda value: seen.append(value) or HASH)
    code.code_sha256(module)
    return set(seen[0])


def test_the_hash_of_an_own_adapter_covers_its_descriptor_and_base(monkeypatch):
    seen = _sources_seen("jijbench.adapters.soap", monkeypatch)
    assert {
        "jijbench.adapters.soap",
        "jijbench.adapters.kernel_adapter",
        "jijbench.adapters.base",
        "jijbench.descriptors.soap",
        "jijbench.gp.ridge",
    } <= seen
    assert "jijbench.adapters.coulomb" not in seen
    assert not any(name.startswith("jijbench.scores.metrics") for name in seen)
    features = {"jijbench.elements", "jijbench.targets.mesh", "jijbench.data.sample"}
    assert {name for name in seen if name.startswith("jijbench.data")} <= features


def test_the_hash_of_a_plug_in_covers_its_own_package_and_the_descriptors_it_uses(plugin, monkeypatch):
    plugin.edit(
        "core.py",
        "import json\n",
        "from jijbench.descriptors.coulomb import coulomb\n"
        "from jijbench.adapters.kernel_adapter import KernelAdapter\n",
    )
    seen = _sources_seen(f"{plugin.name}.model", monkeypatch)
    own = {f"{plugin.name}.{name}" for name in ("model", "core", "more", "deep")}
    assert own <= seen
    assert {"jijbench.descriptors.coulomb", "jijbench.adapters.kernel_adapter"} <= seen
    assert f"{plugin.name}.unused" not in seen


@pytest.mark.parametrize(
    ("adapter", "feature"), [("automl", "jijbench.elements"), ("alchemical_field", "jijbench.targets.mesh")]
)
def test_the_hash_covers_tables_and_meshes_that_are_features(monkeypatch, adapter, feature):
    assert feature in _sources_seen(f"jijbench.adapters.{adapter}", monkeypatch)
