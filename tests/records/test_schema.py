"""The record of a cell: what it holds, what it refuses."""

import json
from pathlib import Path

import pytest

from jijbench.errors import RecordError
from jijbench.records.schema import Record, read_record, write_record

HASH = "0" * 64


def content(**changes) -> dict:
    """A complete record as JSON."""
    search = {"fixed": {"kernel_of": "sum"}, "space_sha256": HASH, "sampler": "optuna.TPESampler", "trials": 2,
              "inner_folds": 1, "inner_sha256": HASH, "growth": None}  # fmt: skip
    key = {"task": "jij-bi2te3/jij/random-orbit", "data_sha256": {"jij-bi2te3": HASH}, "split_sha256": HASH, "fold": 0,
           "row": "soap", "adapter": "soap", "inputs": "structure", "search": search, "seed": 0, "version": 3,
           "versions": {"dscribe": "2.1.2", "absent": None, "numpy": "2.4.6", "scipy": "1.17.1"}}  # fmt: skip
    trial = {"number": 0, "hypers": {"zeta": 2}, "inner": 1.5, "seconds": 0.1}
    return {
        "schema": "jijbench.run/2", "key": key, "code_sha256": HASH, "kind": "model", "info": {"citation": "x"},
        "unit": "meV", "status": "complete", "reason": None, "hypers": {"zeta": 2}, "chosen": {"regulariser_": 1e-3},
        "metrics": {"mae": 1.0, "r2": None, "n": 3}, "counts": {"train": 5, "test": 3}, "seconds": {"total": 1.0},
        "peak_memory_mib": 100.0, "predictions": {"file": "f00-s0.csv.gz", "sha256": HASH},
        "tuning": {"trials": 1, "configurations": 1, "inner": 1.5, "capped": False, "shared": False, "ledger": [trial]},
        "machine": {"python": "3.11"}, "created": "2026-01-01T00:00:00+00:00", "extra": {},
    } | changes  # fmt: skip


def written(path: Path, raw: dict) -> Path:
    path.write_text(json.dumps(raw), encoding="utf-8")
    return path


def test_a_record_comes_back(tmp_path):
    record = Record.model_validate(content())
    write_record(tmp_path / "deep" / "f00-s0.json", record)
    assert read_record(tmp_path / "deep" / "f00-s0.json") == record
    assert json.loads((tmp_path / "deep" / "f00-s0.json").read_text()) == content()


def test_a_record_from_before_growth_reads_as_one_without(tmp_path):
    raw = content()
    del raw["key"]["search"]["growth"]
    assert read_record(written(tmp_path / "r.json", raw)) == Record.model_validate(content())


def test_the_same_record_gives_the_same_bytes(tmp_path):
    for name in "ab":
        write_record(tmp_path / name, Record.model_validate(content()))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ((), "note"),
        (("key",), "row_hash"),
        (("key",), "adapter_sha256"),  # of jijbench.run/1 only
        (("key", "search"), "pruner"),
        (("tuning",), "best"),
        (("predictions",), "rows"),
    ],
)
def test_an_unknown_key_is_refused(tmp_path, place, name):
    raw = inner = content()
    for part in place:
        inner = inner[part]
    inner[name] = 1
    with pytest.raises(RecordError, match=name):
        read_record(written(tmp_path / "r.json", raw))


def test_later_additions_go_to_extra(tmp_path):
    raw = content(extra={"note": [1, 2]})
    assert read_record(written(tmp_path / "r.json", raw)).extra == {"note": [1, 2]}


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
@pytest.mark.parametrize(
    ("place", "name"),
    [
        (("metrics",), "mae"), (("seconds",), "total"), (("tuning",), "inner"), ((), "peak_memory_mib"),
        (("chosen",), "regulariser_"), (("hypers",), "zeta"), (("extra",), "x"), (("machine",), "load"),
        (("key", "search", "fixed"), "gamma"), (("info",), "x"),
    ],
)  # fmt: skip
def test_nan_is_refused(tmp_path, place, name, bad):
    raw = inner = content()
    for part in place:
        inner = inner[part]
    inner[name] = bad
    with pytest.raises(RecordError, match=r"r\.json"):
        read_record(written(tmp_path / "r.json", raw))


def test_nan_is_not_written(tmp_path):
    with pytest.raises(ValueError, match=r"(?i)nan|finite|out of range"):
        write_record(tmp_path / "r.json", Record.model_validate(content(extra={"x": float("nan")})))
    assert not (tmp_path / "r.json").exists()


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"reason": "because"}, "a reason stands exactly when not complete"),
        ({"status": "failed"}, "a reason stands exactly when not complete"),
        ({"status": "refused", "reason": None}, "a reason stands exactly when not complete"),
        ({"metrics": None}, "metrics and predictions stand exactly when complete"),
        ({"predictions": None}, "metrics and predictions stand exactly when complete"),
        ({"status": "failed", "reason": "x"}, "metrics and predictions stand exactly when complete"),
        ({"status": "done"}, "status"),
        ({"schema": "jijbench.run/3"}, "schema"),
    ],
)
def test_a_status_that_does_not_fit_is_refused(tmp_path, changes, complaint):
    with pytest.raises(RecordError, match=complaint):
        read_record(written(tmp_path / "r.json", content(**changes)))


@pytest.mark.parametrize("status", ["failed", "refused"])
def test_a_record_without_numbers_says_why(tmp_path, status):
    raw = content(status=status, reason="no memory", metrics=None, predictions=None)
    assert read_record(written(tmp_path / "r.json", raw)).reason == "no memory"


@pytest.mark.parametrize("text", ["", "{", "[]"])
def test_a_broken_record_is_named(tmp_path, text):
    (tmp_path / "r.json").write_text(text)
    with pytest.raises(RecordError, match=r"r\.json is no run record"):
        read_record(tmp_path / "r.json")


def test_a_missing_record_is_named(tmp_path):
    with pytest.raises(RecordError, match=r"r\.json is no run record"):
        read_record(tmp_path / "r.json")
