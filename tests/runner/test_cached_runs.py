"""Runs whose cache of descriptors is bounded, or cannot be used."""

import pytest

from jijbench.errors import CacheWarning
from jijbench.runner import run_cells

pytest.importorskip("dscribe", reason="dscribe is not installed")


def test_a_run_ends_within_the_limit(tmp_path, benchmark, monkeypatch):
    monkeypatch.setenv("JIJBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("JIJBENCH_CACHE_GIB", "0")
    (record,) = run_cells(benchmark("soap").cells(), tmp_path / "r")
    assert record.status == "complete"
    assert (tmp_path / "cache").is_dir()
    assert not list((tmp_path / "cache").iterdir())


def test_a_cache_that_cannot_be_used_is_told_once_and_fails_no_cell(tmp_path, benchmark, monkeypatch, capfd):
    (record,) = run_cells(benchmark("soap").cells(), tmp_path / "with")
    (tmp_path / "cache").write_text("a file")
    monkeypatch.setenv("JIJBENCH_CACHE", str(tmp_path / "cache"))
    with pytest.warns(CacheWarning, match="JIJBENCH_CACHE") as told:
        (alone,) = run_cells(benchmark("soap").cells(), tmp_path / "without", workers=2)
    assert len(told) == 1
    assert "CacheWarning" not in capfd.readouterr().err  # nor do the workers say it again
    assert alone.status == "complete"
    assert alone.metrics == record.metrics
