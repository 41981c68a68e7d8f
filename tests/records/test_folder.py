"""The records of a folder, whichever form they have."""

import shutil

import numpy as np
import pytest

from jijbench.benchmark import record_path
from jijbench.data.card import file_sha256
from jijbench.data.task import load_task
from jijbench.errors import RecordError
from jijbench.records.folder import RecordFolder, is_pack
from jijbench.records.pack import Pack, pack_path, write_pack
from jijbench.records.predictions import Predictions, write_predictions
from jijbench.records.schema import PredictionsFile, write_record


@pytest.fixture
def folder(tmp_path, packed, cells):
    """A folder with a pack: the first two folds of ``low-rank``, and one still to be computed."""
    write_pack(pack_path(tmp_path / "r", cells["low-rank"]), packed("low-rank", 3, 2))
    return tmp_path / "r"


def at(cell, fold):
    return cell.model_copy(update={"fold": fold})


def put(folder, cell, record, shift=1.0):
    """Give a cell files of its own, with other predictions."""
    found = RecordFolder(folder)
    before = found.predictions(at(cell, 0), found.record(at(cell, 0)))
    path = record_path(folder, cell)
    file = write_predictions(
        path.with_suffix(""), Predictions(before.id, before.part, before.mean + shift), load_task(cell.task).target
    )
    there = PredictionsFile(file=file.name, sha256=file_sha256(file))
    write_record(path, record.model_copy(update={"predictions": there, "created": "mine"}))


def test_packed_records_and_their_predictions(folder, packed, cells):
    held, cell = RecordFolder(folder), cells["low-rank"]
    pack = packed("low-rank", 3, 2)
    assert dict(held.records()).keys() == pack.records.keys()
    for fold in (0, 1):
        record = held.record(at(cell, fold))
        assert record.key.fold == fold
        assert held.place(at(cell, fold)) == pack_path(folder, cell)
        found = held.predictions(at(cell, fold), record)
        assert np.array_equal(found.mean, pack.predictions[at(cell, fold).slot].decoded().mean)
    assert held.single_files == []


def test_a_cell_that_is_still_to_be_computed_is_announced(folder, cells):
    held, cell = RecordFolder(folder), cells["low-rank"]
    assert [held.is_announced(at(cell, fold)) for fold in range(4)] == [False, False, True, False]
    assert held.record(at(cell, 2)) is None
    assert not held.is_announced(cells["gap"])  # no pack of its row
    assert held.record(cells["gap"]) is None


def test_a_file_of_its_own_goes_before_the_pack(folder, cells):
    cell = at(cells["low-rank"], 1)
    old = RecordFolder(folder).record(cell)
    before = RecordFolder(folder).predictions(cell, old)
    put(folder, cell, old)
    held = RecordFolder(folder)
    assert held.record(cell).created == "mine"
    assert held.place(cell) == record_path(folder, cell)
    assert held.coded(cell) is None
    assert held.predictions(cell, held.record(cell)).mean == pytest.approx(before.mean + 1, rel=1e-5, abs=1e-5)
    assert held.record(at(cell, 0)).created != "mine"
    found = list(held.records())
    assert len(found) == 2
    assert dict(found)[cell.slot].created == "mine"
    assert held.single_files == [record_path(folder, cell)]


def test_a_file_of_its_own_fulfils_what_the_pack_announces(folder, cells):
    cell = at(cells["low-rank"], 2)
    put(folder, cell, RecordFolder(folder).record(at(cell, 0)))
    assert RecordFolder(folder).record(cell).created == "mine"
    assert cell.slot in dict(RecordFolder(folder).records())


def test_a_damaged_file_of_its_own_is_an_error_and_not_the_pack(folder, cells):
    cell = at(cells["low-rank"], 1)
    path = record_path(folder, cell)
    path.parent.mkdir(parents=True)
    path.write_text("{")
    with pytest.raises(RecordError, match=r"f01-s0\.json"):
        RecordFolder(folder).record(cell)


def test_predictions_of_a_cell_without_numbers_are_refused_by_name(folder, cells, packed):
    pack, cell = packed("low-rank", 3, 2), cells["low-rank"]
    failed = {"status": "failed", "reason": "x", "metrics": None, "predictions": None}
    records = {slot: record.model_copy(update=failed) for slot, record in pack.records.items()}
    write_pack(pack_path(folder, cell), Pack(records, pack.missing, {}))
    held = RecordFolder(folder)
    with pytest.raises(RecordError, match=r"low-rank\.json: runs/.*f00-s0 has status 'failed' and no predictions"):
        held.predictions(cell, held.record(cell))
    assert held.coded(cell) is None


def test_predictions_beside_the_folder_are_refused(folder, cells):
    cell = at(cells["low-rank"], 1)
    put(folder, cell, RecordFolder(folder).record(cell))
    held = RecordFolder(folder)
    record = held.record(cell)
    outside = record.predictions.model_copy(update={"file": "../../secret.csv.gz"})
    with pytest.raises(RecordError, match=r"f01-s0\.json"):
        held.predictions(cell, record.model_copy(update={"predictions": outside}))


def test_a_pack_is_known_by_what_it_says(folder, cells, fixtures, tmp_path):
    assert is_pack(pack_path(folder, cells["low-rank"]))
    assert not is_pack((fixtures / "old" / cells["gap"].slot).with_suffix(".json"))
    (folder / "leaderboard.json").write_text('[{"task": "x"}]')
    (folder / "junk.json").write_bytes(b"\xff\xfe{")
    shutil.copytree(fixtures / "old", folder, dirs_exist_ok=True)
    assert len(dict(RecordFolder(folder).records())) == 5 + 1  # fold 0 of low-rank is there twice
    assert set(dict(RecordFolder(folder).records())) >= {cell.slot for cell in cells.values()}


@pytest.mark.parametrize(("row", "fold"), [("plain-gp", 0), ("pair-gp", 7)])
def test_curves_and_growth_are_packed_as_well(tmp_path, packed, cells, row, fold):
    cell, pack = cells[row], packed(row, 8, 8)
    assert cell.fold == fold
    write_pack(pack_path(tmp_path, cell), pack)
    held = RecordFolder(tmp_path)
    found, same = held.predictions(cell, held.record(cell)), pack.predictions[cell.slot].decoded()
    assert np.array_equal(found.mean, same.mean)
    assert found.part.tolist() == same.part.tolist()
    assert (found.basis is None) == (row == "pair-gp")


def test_predictions_asked_for_twice_in_a_row_are_decoded_once(folder, cells):
    held, cell = RecordFolder(folder), at(cells["low-rank"], 1)
    assert held.predictions(cell, held.record(cell)) is held.predictions(cell, held.record(cell))
