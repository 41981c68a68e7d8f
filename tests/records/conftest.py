"""Records of a run that ``jijbench.run/1`` wrote, and packs made of them."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from jijbench.benchmark import Cell
from jijbench.data.task import load_task
from jijbench.records.coding import coded
from jijbench.records.folder import RecordFolder
from jijbench.records.pack import Pack
from jijbench.tables.results import cell_of

FIXTURES = Path(__file__).parent / "fixtures"


@pytest.fixture(scope="session")
def fixtures() -> Path:
    """``old``: records and their table; ``bundle``: as exported. All of the last release with ``jijbench.run/1``."""
    return FIXTURES


@pytest.fixture
def old(tmp_path) -> Path:
    """A copy of the records."""
    return Path(shutil.copytree(FIXTURES / "old", tmp_path / "old"))


@pytest.fixture(scope="session")
def cells() -> dict[str, Cell]:
    """The cells of the old records by row."""
    return {record.key.row: cell_of(record) for _, record in RecordFolder(FIXTURES / "old").records()}


@pytest.fixture(scope="session")
def packed(cells):
    """Row and folds → a pack: the old record of the row, once a fold, folds from ``computed`` on still missing."""
    held = RecordFolder(FIXTURES / "old")

    def make(row: str, folds: int = 3, computed: int = 3) -> Pack:
        record = held.record(cells[row])
        made = coded(held.predictions(cells[row], record), load_task(cells[row].task).target)
        slots = [cells[row].model_copy(update={"fold": fold}).slot for fold in range(folds)]
        records = {
            slot: record.model_copy(update={"key": record.key.model_copy(update={"fold": fold})})
            for fold, slot in enumerate(slots[:computed])
        }
        return Pack(records, tuple(slots[computed:]), dict.fromkeys(records, made))

    return make


@pytest.fixture
def cli():
    """A command called with its words, which is to succeed."""

    def call(command, *words):
        found = CliRunner().invoke(command, [str(word) for word in words], catch_exceptions=False)
        assert found.exit_code == 0, found.output
        return found

    return call
