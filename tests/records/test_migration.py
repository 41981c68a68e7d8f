"""What the last release with ``jijbench.run/1`` wrote is read, converted, and gives the numbers that it gave."""

import hashlib
import json
import warnings

import numpy as np
import pytest

import jijbench
from jijbench import adapters
from jijbench.benchmark import load_benchmark
from jijbench.cli.migrate import command
from jijbench.records.folder import RecordFolder
from jijbench.records.migration import upgraded, upgraded_card
from jijbench.records.predictions import read_predictions
from jijbench.records.schema import SCHEMA
from jijbench.runner import stale_slots
from jijbench.runner.reuse import finished
from jijbench.tables.exact import differences, read_table
from jijbench.tables.forms import to_csv
from jijbench.tables.leaderboard import leaderboard
from jijbench.tables.results import found_results
from jijbench.verify import check_record

#: columns that depend on which other rows a table has
AGAINST_OTHERS = ["skill", "skill_floor", "skill_magnetic", "rank", "resolvable"]


def raw_records(folder) -> dict[str, dict]:
    return {p.relative_to(folder).as_posix(): json.loads(p.read_text()) for p in folder.rglob("f??-s?.json")}


def official_cell(cell):
    """The same cell, with the caps of the official benchmark."""
    full = load_benchmark("full")
    return next(c for c in (*full.cells(), *full.growth_cells()) if c.slot == cell.slot)


def test_old_records_are_read_with_every_number(fixtures):
    raw = raw_records(fixtures / "old")
    assert len(raw) == 5
    found = {f"{slot}.json": record for slot, record in RecordFolder(fixtures / "old").records()}
    assert set(found) == set(raw)
    for name, then in raw.items():
        assert then["schema"] == "jijbench.run/1"
        record = found[name]
        assert record.schema_ == SCHEMA
        assert (record.status, record.metrics, record.seconds) == ("complete", then["metrics"], then["seconds"])
        assert (record.hypers, record.chosen, record.created) == (then["hypers"], then["chosen"], then["created"])
        assert (record.counts, record.extra, record.info) == (then["counts"], then["extra"], then["info"])
        assert record.key.versions == then["key"]["versions"] | {"numpy": then["machine"]["numpy"], "scipy": None}


def test_scores_of_old_records_are_those_of_their_predictions(fixtures):
    results = found_results(fixtures / "old")
    assert len(results.cells) == 4  # growing training parts are left out
    for cell in results.cells:
        check_record(results, cell)


def test_the_table_of_old_records_is_the_one_that_was_made_of_them(fixtures, tmp_path):
    then = read_table(fixtures / "old" / "leaderboard.csv")
    (tmp_path / "leaderboard.csv").write_text(to_csv(leaderboard(found_results(fixtures / "old"))))
    now = read_table(tmp_path)
    now = now.loc[[line for line in now.index if line in then.index]]
    assert len(then) == len(now) == 2
    assert differences(then.drop(columns=AGAINST_OTHERS), now.drop(columns=AGAINST_OTHERS)) == []


@pytest.mark.parametrize("row", ["low-rank", "plain-gp", "pair-gp"])
def test_an_old_record_of_the_released_code_is_one_of_version_1(fixtures, cells, row):
    held, cell = RecordFolder(fixtures / "old"), official_cell(cells[row])
    record = held.record(cell)
    assert record.key.version == 1
    assert record.code_sha256 is not None
    now = adapters.version(cell.row.adapter)
    assert stale_slots([cell], {cell.slot: record}) == ({} if now == 1 else {cell.slot: ["version"]})
    assert finished(held, cell) == (record if now == 1 else None)  # a run goes on from it


def test_an_old_record_of_other_code_is_read_and_stale(fixtures, cells):
    held, cell = RecordFolder(fixtures / "old"), official_cell(cells["shell-mean"])
    record = held.record(cell)
    assert (record.key.version, record.code_sha256) == (0, None)
    assert stale_slots([cell], {cell.slot: record}) == {cell.slot: ["version"]}
    assert finished(held, cell) is None


@pytest.mark.parametrize("change", [{"adapter": "mine:Model"}, {"adapter_sha256": None}, {"adapter_sha256": 1}])
def test_a_hash_that_no_release_had_is_version_0(fixtures, change):
    name = "runs/jij-published-table/jij/transfer/low-rank/f00-s0.json"
    raw = raw_records(fixtures / "old")[name]
    raw["key"] |= change
    assert upgraded(raw)["key"]["version"] == 0
    del raw["key"]["adapter_sha256"]
    assert upgraded(raw)["key"]["version"] == 0
    unknown = raw["key"] | {"adapter": "mine:Model"}
    assert upgraded(raw | {"key": unknown})["key"]["version"] == 0


def test_growth_of_other_code_is_stale(fixtures, cells):
    cell = official_cell(cells["pair-gp"])
    raw = raw_records(fixtures / "old")[f"{cell.slot}.json"]
    assert upgraded(raw)["key"]["search"]["growth"]["version"] == 1
    raw["key"]["search"]["growth"]["code_sha256"] = "0" * 64
    assert upgraded(raw)["key"]["search"]["growth"]["version"] == 0


@pytest.mark.parametrize(
    "raw", [None, [], "text", {}, {"schema": "jijbench.run/1"}, {"schema": "jijbench.run/1", "key": 1}]
)
def test_what_is_no_record_is_left_to_the_schema(raw):
    assert upgraded(raw) == raw
    assert upgraded_card(raw) == raw


def test_migrate_rewrites_records_once_and_they_read_the_same(old, cells, cli):
    before = dict(RecordFolder(old).records())
    numbers = {p: p.read_bytes() for p in old.rglob("*") if p.is_file() and p.suffix != ".json"}
    assert cli(command, old).output == f"{old}: 5 records in today's form\n"
    assert {raw["schema"] for raw in raw_records(old).values()} == {SCHEMA}
    assert all("adapter_sha256" not in raw["key"] for raw in raw_records(old).values())
    assert dict(RecordFolder(old).records()) == before
    assert {p: p.read_bytes() for p in old.rglob("*") if p.is_file() and p.suffix != ".json"} == numbers
    for cell in cells.values():
        held = RecordFolder(old)
        held.predictions(cell, held.record(cell))
    once = {p: p.read_bytes() for p in old.rglob("*.json")}
    cli(command, old)
    assert {p: p.read_bytes() for p in old.rglob("*.json")} == once


def test_old_scalars_are_the_digits_of_their_file(fixtures, cells):
    held = RecordFolder(fixtures / "old")
    record = held.record(cells["gap"])
    found = held.predictions(cells["gap"], record)
    path = (fixtures / "old" / cells["gap"].slot).with_suffix(".csv.gz")
    assert hashlib.sha256(path.read_bytes()).hexdigest() == record.predictions.sha256
    assert np.array_equal(found.mean, read_predictions(path).mean)
    assert all(float(f"{value:.6g}") == value for value in found.mean)


#: what the release that exported the bundle predicted with it, meV
EXPORTED = [
    13.139840791827787, 4.506570935594404, -3.947519279075118, 14.246203763482011, 4.88602022202531,
    -4.279896910543541,
]  # fmt: skip


def test_an_old_bundle_is_read_and_predicts_what_it_predicted(fixtures):
    with warnings.catch_warnings():
        if adapters.version("low-rank") == 1:
            warnings.simplefilter("error")
        bundle = jijbench.load_bundle(fixtures / "bundle")
    assert bundle.card.version == 1
    assert bundle.predict(bundle.known.grid(["Cr", "Mn"], [1, 2])) == pytest.approx(EXPORTED, rel=1e-9)


def test_the_card_of_an_old_bundle_of_other_code_has_version_0(fixtures):
    raw = json.loads((fixtures / "bundle" / "card.json").read_text())
    known = upgraded_card(raw)
    assert known["version"] == 1
    assert known["code_sha256"] != raw["adapter_sha256"]
    assert {k: v for k, v in known.items() if k not in ("version", "code_sha256")} == {
        k: v for k, v in raw.items() if k != "adapter_sha256"
    }
    for change in ({"adapter_sha256": "0" * 64}, {"adapter": "mine:Model"}, {"adapter": "x", "adapter_sha256": None}):
        other = upgraded_card(raw | change)
        assert (other["version"], other["code_sha256"]) == (0, None)
