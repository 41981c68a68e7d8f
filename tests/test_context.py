from pathlib import Path

import pytest

from jijbench.context import context, current, home
from jijbench.errors import DataError


def test_settings_hold_for_the_block_only():
    before = current()
    with context(threads=3, scratch=Path("elsewhere")) as inside:
        assert (inside.threads, current().threads, current().scratch) == (3, 3, Path("elsewhere"))
        with context(threads=5):
            assert (current().threads, current().scratch) == (5, Path("elsewhere"))
        assert current().threads == 3
    assert current() == before


def test_settings_are_put_back_after_an_error():
    with pytest.raises(RuntimeError, match="stop"), context(threads=7):
        raise RuntimeError("stop")
    assert current().threads == 1


def test_an_unknown_setting_is_refused():
    with pytest.raises(TypeError, match="thread_count"), context(thread_count=2):
        pass


def test_the_cache_folder_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("JIJBENCH_CACHE", str(tmp_path / "own"))
    assert current().cache == tmp_path / "own"
    monkeypatch.delenv("JIJBENCH_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert current().cache == tmp_path / "jijbench"


@pytest.mark.parametrize("text", ["much", "-1", "nan", "inf"])
def test_a_size_of_the_cache_that_is_none_is_refused(monkeypatch, text):
    monkeypatch.setenv("JIJBENCH_CACHE_GIB", "0.5")
    assert current().cache_gib == 0.5
    monkeypatch.setenv("JIJBENCH_CACHE_GIB", text)
    with pytest.raises(DataError, match="JIJBENCH_CACHE_GIB"):
        current()


@pytest.mark.parametrize("kind", ["datasets", "benchmarks"])
def test_shipped_folders_are_found(kind):
    assert home(kind).is_dir()
