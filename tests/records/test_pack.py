"""All cells of a row in two files: what comes back, what is refused, and what a killed writer leaves."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from jijbench.data.card import file_sha256
from jijbench.errors import RecordError
from jijbench.records.coding import Coded
from jijbench.records.pack import NEW, Pack, pack_path, read_packed_predictions, read_records, write_pack

ROWS = ["low-rank", "gap", "plain-gp", "pair-gp"]


def read(path: Path) -> Pack:
    pack = read_records(path)
    return replace(pack, predictions=read_packed_predictions(path, pack.records))


def plain(one: Coded) -> dict[str, np.ndarray]:
    """Every array of coded predictions by name."""
    std = {f"std.{name}": a for name, a in (one.std or {}).items()}
    basis = {} if one.basis is None else {"basis": one.basis}
    return {"id": one.id, "part": one.part} | {f"mean.{name}": a for name, a in one.mean.items()} | std | basis


def assert_same(a: Pack, b: Pack) -> None:
    """Records but for the name of their file of predictions, and every byte of these."""
    without = {"predictions": None}
    for x, y in ((a, b), (b, a)):
        assert {s: r.model_copy(update=without) for s, r in x.records.items()} == {
            s: r.model_copy(update=without) for s, r in y.records.items()
        }
    assert a.missing == b.missing
    assert set(a.predictions) == set(b.predictions)
    for slot, one in a.predictions.items():
        left, right = plain(one), plain(b.predictions[slot])
        assert set(left) == set(right)
        assert all(np.array_equal(left[name], right[name], equal_nan=left[name].dtype.kind == "f") for name in left)


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("computed", [1, 2, 3])
def test_a_pack_comes_back(tmp_path, packed, row, computed):
    pack = packed(row, 3, computed)
    write_pack(tmp_path / f"{row}.json", pack)
    assert sorted(bytes_of(tmp_path)) == [f"{row}.json", f"{row}.npz"]
    assert_same(read(tmp_path / f"{row}.json"), pack)


@pytest.mark.parametrize("row", ROWS)
def test_the_same_pack_gives_the_same_bytes_also_after_reading(tmp_path, packed, row):
    for name in "ab":
        write_pack(tmp_path / name / "x.json", packed(row))
    write_pack(tmp_path / "c" / "x.json", read(tmp_path / "a" / "x.json"))
    assert bytes_of(tmp_path / "a") == bytes_of(tmp_path / "b") == bytes_of(tmp_path / "c")


def failed(record):
    return record.model_copy(update={"status": "failed", "reason": "x", "metrics": None, "predictions": None})


def test_a_pack_with_cells_without_numbers_comes_back(tmp_path, packed):
    pack = packed("low-rank")
    first, *others = pack.records
    mixed = Pack(
        pack.records | {first: failed(pack.records[first])}, (), {slot: pack.predictions[slot] for slot in others}
    )
    write_pack(tmp_path / "x.json", mixed)
    assert_same(read(tmp_path / "x.json"), mixed)
    none = Pack({slot: failed(record) for slot, record in pack.records.items()}, ("runs/a/b/c/f09-s0",), {})
    write_pack(tmp_path / "y.json", none)
    assert_same(read(tmp_path / "y.json"), none)
    assert not (tmp_path / "y.npz").exists()


def test_one_of_several_cells_may_give_no_deviation(tmp_path, packed):
    pack = packed("low-rank")
    first, second, *_ = pack.records
    one = pack.predictions[first]
    std = {"values": np.linspace(0.5, 1, len(one.id), dtype=np.float32)}
    some = replace(pack, predictions=pack.predictions | {second: replace(one, std=std)})
    write_pack(tmp_path / "x.json", some)
    assert_same(read(tmp_path / "x.json"), some)


def test_records_stand_one_a_line_and_what_they_share_once(tmp_path, packed):
    write_pack(tmp_path / "x.json", packed("low-rank"))
    lines = (tmp_path / "x.json").read_text().splitlines()
    assert sum(line.startswith('["runs/') or line.startswith('[ "runs/') for line in map(str.strip, lines)) == 3
    assert sum("baseline of this suite" in line for line in lines) == 1


def test_where_packs_lie(cells):
    assert pack_path(Path("r"), cells["gap"]) == Path("r/jij-published-table/jij/transfer/gap.json")
    assert pack_path(Path("r"), cells["pair-gp"]) == Path("r/growth/jij-bi2te3/jij/unseen-element/pair-gp.json")


# ---- a writer killed between its steps: new predictions wait, records are replaced, the predictions get their name


@pytest.fixture
def states(tmp_path, packed):
    """Files of an old and a new pack of one row: (old json, old npz, new json, new npz), and both packs."""
    before, after = packed("low-rank", 3, 2), packed("low-rank", 3, 3)
    for name, pack in (("old", before), ("new", after)):
        write_pack(tmp_path / name / "x.json", pack)
    return (
        before,
        after,
        [(tmp_path / name / f"x.{end}").read_bytes() for name in ("old", "new") for end in ("json", "npz")],
    )


@pytest.mark.parametrize("there", [False, True])
@pytest.mark.parametrize("step", ["waiting", "records", "done"])
def test_a_writer_killed_between_its_steps_leaves_the_old_or_the_new_pack(tmp_path, packed, states, there, step):
    before, after, (old_json, old_npz, new_json, new_npz) = states
    path = tmp_path / "r" / "x.json"
    path.parent.mkdir()
    if there:
        path.write_bytes(old_json)
        path.with_suffix(".npz").write_bytes(old_npz)
    waiting = path.with_name(f"x.npz{NEW}")
    waiting.write_bytes(new_npz)
    if step != "waiting":
        path.write_bytes(new_json)
    if step == "done":
        waiting.replace(path.with_suffix(".npz"))
    if step == "waiting" and not there:
        assert not path.exists()  # as if there were no pack
    else:
        assert_same(read(path), before if step == "waiting" else after)
    write_pack(path, after)
    assert bytes_of(path.parent) == {"x.json": new_json, "x.npz": new_npz}


def test_a_writer_without_space_leaves_the_old_pack(tmp_path, packed, monkeypatch):
    path = tmp_path / "x.json"
    before = packed("low-rank", 3, 2)
    write_pack(path, before)
    there = bytes_of(tmp_path)
    replaced = Path.replace

    def full(self, target):
        if Path(target) == path:
            raise OSError(28, "No space left on device")
        return replaced(self, target)

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        write_pack(path, packed("low-rank", 3, 3))
    assert_same(read(path), before)
    assert there.items() <= bytes_of(tmp_path).items()


# ---- damage


@pytest.mark.parametrize("row", ["low-rank", "plain-gp"])
def test_changed_predictions_are_an_error_that_names_the_file(tmp_path, packed, row):
    path = tmp_path / "x.json"
    write_pack(path, packed(row))
    whole = (tmp_path / "x.npz").read_bytes()
    for damaged in (whole[:-1], whole + b"x", b"", whole[:50] + bytes([whole[50] ^ 1]) + whole[51:]):
        (tmp_path / "x.npz").write_bytes(damaged)
        with pytest.raises(RecordError, match=r"x\.npz is not the file that x\.json was written with"):
            read(path)
    (tmp_path / "x.npz").unlink()
    with pytest.raises(RecordError, match=r"x\.npz is not the file"):
        read(path)


def test_predictions_of_another_row_are_an_error(tmp_path, packed):
    for row in ("low-rank", "gap"):
        write_pack(tmp_path / f"{row}.json", packed(row))
    (tmp_path / "low-rank.npz").write_bytes((tmp_path / "gap.npz").read_bytes())
    with pytest.raises(RecordError, match=r"low-rank\.npz is not the file"):
        read(tmp_path / "low-rank.json")


def test_arrays_that_are_not_those_of_a_pack_are_an_error(tmp_path, packed):
    path, file = tmp_path / "x.json", tmp_path / "x.npz"
    write_pack(path, packed("low-rank"))
    then = file_sha256(file)
    with np.load(file) as arrays:
        kept = dict(arrays)
    for lost in ("cell", "id", "ids", "mean"):
        np.savez(file, **{name: a for name, a in kept.items() if name != lost})
        text = path.read_text()
        path.write_text(text.replace(then, then := file_sha256(file)))
        with pytest.raises(RecordError, match=r"x\.npz"):
            read(path)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("jijbench.pack/1", "jijbench.pack/2", r"x\.json has schema 'jijbench\.pack/2', this version reads"),
        ('"status": "complete"', '"status": "done"', r"x\.json is no run record .*status"),
        ('"missing"', '"lost"', r"x\.json holds no packed records .*missing"),
        ('"records"', '"cells"', r"x\.json holds no packed records .*records"),
        ('"common": {', '"common": [', r"x\.json holds no packed records"),
        ('"schema": "jijbench.pack/1",', "", r"x\.json holds no packed records .*schema"),
    ],
)
def test_changed_records_are_an_error_that_names_the_file(tmp_path, packed, old, new, complaint):
    path = tmp_path / "x.json"
    write_pack(path, packed("low-rank"))
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(RecordError, match=complaint):
        read_records(path)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "1", '{"schema": "jijbench.pack/1"}', "[" * 100_000])
def test_what_is_no_pack_is_an_error_that_names_the_file(tmp_path, text):
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(RecordError, match=r"x\.json holds no packed records"):
        read_records(tmp_path / "x.json")


def test_every_shortened_file_of_records_is_an_error(tmp_path, packed):
    path = tmp_path / "x.json"
    write_pack(path, packed("low-rank"))
    whole = path.read_bytes().rstrip()
    for end in range(0, len(whole), 37):
        path.write_bytes(whole[:end])
        with pytest.raises(RecordError, match=r"x\.json"):
            read_records(path)


def test_records_of_an_earlier_version_are_read_in_packs_too(tmp_path, packed):
    path = tmp_path / "x.json"
    write_pack(path, packed("low-rank"))
    raw = json.loads(path.read_text())
    raw["common"]["schema"] = "jijbench.run/1"
    del raw["common"]["key"]["version"]
    raw["common"]["key"]["adapter_sha256"] = "0" * 64
    path.write_text(json.dumps(raw))
    assert {record.key.version for record in read_records(path).records.values()} == {0}
