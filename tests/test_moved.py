"""Old names of modules are found, and say where they are now."""

import importlib
import sys

import pytest

from jijbench.moved import MOVED
from jijbench.targets import JIJ


@pytest.mark.parametrize("old", [old for old, new in MOVED.items() if new])
def test_an_old_name_is_found_and_warned_of(old):
    sys.modules.pop(old, None)
    with pytest.warns(DeprecationWarning, match=f"{old} is now {MOVED[old]}"):
        found = importlib.import_module(old)
    new = importlib.import_module(MOVED[old])
    assert new.__spec__.name == MOVED[old]
    assert {name for name in vars(new) if not name.startswith("__")} <= set(vars(found))


def test_what_is_found_is_the_same_thing():
    sys.modules.pop("jijbench.data.target", None)
    with pytest.warns(DeprecationWarning, match="import it from there"):
        old = importlib.import_module("jijbench.data.target")
    assert old.JIJ is JIJ


def test_a_name_that_never_was_is_not_found():
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("jijbench.export.nothing")
