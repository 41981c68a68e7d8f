import importlib
import json
import os
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jijbench.errors import RecordError
from jijbench.record import (
    Record,
    adapter_sha256,
    canonical,
    low_rank,
    new_folder,
    read_basis,
    read_predictions,
    read_record,
    reconstruction,
    sha256_of,
    write_atomically,
    write_predictions,
    write_record,
)

HASH = "0" * 64


def content(**changes) -> dict:
    """A complete record as JSON."""
    search = {"fixed": {"kernel_of": "sum"}, "space_sha256": HASH, "sampler": "optuna.TPESampler", "trials": 2,
              "inner_folds": 1, "inner_sha256": HASH, "growth": None}  # fmt: skip
    key = {"task": "jij-bi2te3/jij/random-orbit", "data_sha256": {"jij-bi2te3": HASH}, "split_sha256": HASH, "fold": 0,
           "row": "soap", "adapter": "soap", "inputs": "structure", "search": search, "seed": 0, "adapter_sha256": HASH,
           "versions": {"dscribe": "2.1.2", "absent": None}}  # fmt: skip
    trial = {"number": 0, "hypers": {"zeta": 2}, "inner": 1.5, "seconds": 0.1}
    return {
        "schema": "jijbench.run/1", "key": key, "kind": "model", "info": {"citation": "x"}, "unit": "meV",
        "status": "complete", "reason": None, "hypers": {"zeta": 2}, "chosen": {"regulariser_": 1e-3},
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
        ({"schema": "jijbench.run/2"}, "schema"),
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


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)


def _reversed(value):
    if isinstance(value, dict):
        return {key: _reversed(value[key]) for key in reversed(value)}
    return [_reversed(x) for x in value] if isinstance(value, list) else value


@given(value=json_values)
def test_the_hash_does_not_depend_on_the_order_of_keys(value):
    assert sha256_of(value) == sha256_of(_reversed(value))
    assert json.loads(canonical(value)) == value


@given(a=json_values, b=json_values)
def test_different_values_have_different_hashes(a, b):
    assert (sha256_of(a) == sha256_of(b)) == (canonical(a) == canonical(b))


def test_the_order_of_a_list_counts():
    assert sha256_of([1, 2]) != sha256_of([2, 1])


def test_a_hash_of_nan_is_refused():
    with pytest.raises(ValueError, match=r"(?i)nan|out of range"):
        canonical({"a": float("nan")})


def test_a_file_is_written_whole(tmp_path):
    write_atomically(tmp_path / "deep" / "a.json", b"new")
    assert (tmp_path / "deep" / "a.json").read_bytes() == b"new"
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["a.json"]


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002, 0o027])
def test_files_and_folders_obey_the_umask(tmp_path, mask):
    before = os.umask(mask)
    try:
        write_atomically(tmp_path / "new" / "a.json", b"new")
        with new_folder(tmp_path / "out") as made:
            write_atomically(made / "b.json", b"new")
    finally:
        os.umask(before)
    found = {path.relative_to(tmp_path): path.stat().st_mode & 0o777 for path in tmp_path.rglob("*")}
    files = {path: mode for path, mode in found.items() if path.suffix}
    assert set(files.values()) == {0o666 & ~mask}
    assert {mode for path, mode in found.items() if path not in files} == {0o777 & ~mask}


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, failing):
    path = tmp_path / "a.json"
    path.write_bytes(b"old")

    def fail(*args, **kwargs):
        raise OSError("no space left")

    monkeypatch.setattr(*((os, "fsync") if failing == "fsync" else (Path, "replace")), fail)
    with pytest.raises(OSError, match="no space left"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_an_interrupted_write_leaves_nothing(tmp_path, monkeypatch):
    def stop(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", stop)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(tmp_path / "a.json", b"new")
    assert list(tmp_path.iterdir()) == []


IDS = ["jij:a", "jij:b", "jij:c"]
PART = ["inner", "test", "test"]


@pytest.mark.parametrize("std", [None, np.array([np.nan, 0.5, 0.25])])
def test_predictions_come_back(tmp_path, std):
    mean = np.array([1.25, -61.0, 1e-5])
    path = write_predictions(tmp_path / "f00-s0", IDS, PART, mean, std)
    assert path.name == "f00-s0.csv.gz"
    table, again = read_predictions(path)
    assert table["id"].tolist() == IDS
    assert table["part"].tolist() == PART
    assert np.array_equal(again, mean)
    assert np.array_equal(
        table["std"].to_numpy(dtype=float), np.full(3, np.nan) if std is None else std, equal_nan=True
    )


@given(mean=st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=5))
def test_predictions_keep_six_digits(tmp_path_factory, mean):
    path = tmp_path_factory.mktemp("p") / "a"
    _, again = read_predictions(
        write_predictions(path, map(str, range(len(mean))), ["test"] * len(mean), np.array(mean), None)
    )
    assert np.allclose(again, mean, rtol=1e-5, atol=0)


def test_predicted_curves_come_back_in_single_precision(tmp_path):
    mean = np.random.default_rng(0).normal(size=(3, 7))
    path = write_predictions(tmp_path / "f00-s0", IDS, PART, mean, None)
    assert path.name == "f00-s0.npz"
    table, again = read_predictions(path)
    assert table["id"].tolist() == IDS
    assert np.array_equal(again, mean.astype(np.float32))


def test_curves_of_a_few_shapes_take_few_numbers():
    rng = np.random.default_rng(1)
    curves = rng.normal(size=(40, 3)) @ (100.0 ** rng.normal(size=(3, 50)))
    coefficients, shapes = low_rank(curves)
    assert (coefficients.shape, shapes.shape) == ((40, 3), (3, 50))
    assert np.all(np.abs(coefficients.astype(float) @ shapes - curves) <= 1e-5 * (1 + np.abs(curves)))
    assert [part.shape[-1] for part in low_rank(np.zeros((4, 5)))] == [0, 5]


def test_the_basis_of_a_model_is_kept_beside_its_curves(tmp_path):
    basis, truth = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 1.0]]), np.array([[2.0, 3.0, 5.0]] * 3)
    path = write_predictions(tmp_path / "a", IDS, PART, np.ones((3, 3)), None, basis)
    assert np.array_equal(read_basis(path), basis)
    rebuilt = reconstruction(path, truth, np.full(3, 1 / 3))
    assert rebuilt == pytest.approx(np.array([[2.0, 4.0, 4.0]] * 3))
    without = write_predictions(tmp_path / "b", IDS, PART, np.ones((3, 3)), None)
    assert reconstruction(without, truth, np.full(3, 1 / 3)) is None
    assert read_basis(write_predictions(tmp_path / "c", IDS, PART, np.zeros(3), None)) is None


@pytest.mark.parametrize("shape", [(3,), (3, 7)])
def test_the_same_predictions_give_the_same_bytes(tmp_path, shape):
    mean = np.linspace(-1, 1, int(np.prod(shape))).reshape(shape)
    one, two = (write_predictions(tmp_path / name / "f", IDS, PART, mean, None) for name in "ab")
    assert one.read_bytes() == two.read_bytes()


def test_changed_predictions_are_named_with_their_hashes(tmp_path):
    path = write_predictions(tmp_path / "f00-s0", IDS, PART, np.zeros(3), None)
    with pytest.raises(RecordError, match=rf"f00-s0\.csv\.gz has sha256 [0-9a-f]{{64}}, its record says {HASH}"):
        read_predictions(path, HASH)


@pytest.mark.parametrize("shape", [(3,), (3, 7)])
@pytest.mark.parametrize("keep", [0.0, 0.6])
def test_a_cut_off_file_of_predictions_is_named(tmp_path, shape, keep):
    path = write_predictions(tmp_path / "f00-s0", IDS, PART, np.zeros(shape), None)
    data = path.read_bytes()
    path.write_bytes(data[: int(keep * len(data))])
    with pytest.raises(RecordError, match=r"f00-s0\.\S+ cannot be read"):
        read_predictions(path)


def test_missing_predictions_are_named(tmp_path):
    with pytest.raises(RecordError, match=r"f00-s0\.csv\.gz cannot be read"):
        read_predictions(tmp_path / "f00-s0.csv.gz")


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
        self.write(
            "core.py", "import json\nfrom jijbench.data.target import JIJ\n\n\ndef scale(x):\n    return 2 * x\n"
        )
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
        return adapter_sha256(f"{self.name}.model")


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
    import jijbench.record as record

    seen: list[dict] = []
    monkeypatch.setattr(record, "sha256_of", lambda value: seen.append(value) or HASH)
    record.adapter_sha256(module)
    return set(seen[0])


def test_the_hash_of_an_own_adapter_covers_its_descriptor_and_base(monkeypatch):
    seen = _sources_seen("jijbench.adapters.soap", monkeypatch)
    assert {
        "jijbench.adapters.soap",
        "jijbench.adapters._kernel",
        "jijbench.adapters.base",
        "jijbench.descriptors.soap",
    } <= seen
    assert "jijbench.adapters.coulomb" not in seen
    assert not any(name.startswith(("jijbench.data", "jijbench.metrics")) for name in seen)


def test_the_hash_of_a_plug_in_covers_its_own_package_and_the_descriptors_it_uses(plugin, monkeypatch):
    plugin.edit(
        "core.py",
        "import json\n",
        "from jijbench.descriptors.coulomb import coulomb\nfrom jijbench.adapters._kernel import KernelAdapter\n",
    )
    seen = _sources_seen(f"{plugin.name}.model", monkeypatch)
    own = {f"{plugin.name}.{name}" for name in ("model", "core", "more", "deep")}
    assert own <= seen
    assert {"jijbench.descriptors.coulomb", "jijbench.adapters._kernel"} <= seen
    assert f"{plugin.name}.unused" not in seen
