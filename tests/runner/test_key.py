"""What makes a record stale, and what looking at records costs."""

import sys
from pathlib import Path

import pytest

from jijbench import adapters
from jijbench.benchmark import Budget, Cell, Growth, Row
from jijbench.errors import UnknownName
from jijbench.records.folder import RecordFolder
from jijbench.runner import cell_key, key, run_cell, stale_slots
from jijbench.runner.key import other_libraries, stale_fields, unchecked_rows, versions_of
from jijbench.runner.machine import installed

TRANSFER = "jij-published-table/jij/transfer"
MODEL = '''"""A model whose import is seen."""

from pathlib import Path
from typing import ClassVar

from jijbench.testing.bad import Zeros

Path(__file__).with_suffix(".seen").touch()


class Model(Zeros):
    requires: ClassVar[tuple[str, ...]] = ("numpy",)
    version: ClassVar[int] = 3
'''


def cell(adapter="zero", **more) -> Cell:
    row = Row(row="mine", adapter=adapter)
    return Cell(task=TRANSFER, fold=0, row=row, seed=0, budget=Budget(trials=0, inner_folds=1), **more)


@pytest.fixture
def module(written):
    """A module with an adapter, its ``cell``, and whether it ``was_imported`` since that was asked last."""
    made = written(MODEL)
    made.cell = cell(f"{made.name}:Model")
    seen = made.path.with_suffix(".seen")

    def was_imported() -> bool:
        found = seen.exists()
        seen.unlink(missing_ok=True)
        return found

    made.was_imported = was_imported
    return made


def record_of(wanted: Cell, folder: Path):
    run_cell(wanted.model_dump(mode="json"), str(folder))
    found = RecordFolder(folder).record(wanted)
    assert found.status == "complete", found.reason
    return found


def with_versions(record, **versions):
    changed = {name: version for name, version in (record.key.versions | versions).items() if version != ""}
    return record.model_copy(update={"key": record.key.model_copy(update={"versions": changed})})


def test_a_key_names_the_version_and_the_distributions(module, tmp_path):
    record = record_of(module.cell, tmp_path / "r")
    assert record.key.version == 3
    assert record.key.versions == {"numpy": installed("numpy"), "scipy": installed("scipy")}
    assert stale_fields(record, cell_key(module.cell)) == []
    assert stale_slots([module.cell], {module.cell.slot: record}) == {}


def test_a_raised_version_makes_records_stale(module, tmp_path):
    record = record_of(module.cell, tmp_path / "r")
    module.change("= 3", "= 4")
    assert stale_fields(record, cell_key(module.cell)) == ["version"]
    module.forget()
    assert stale_slots([module.cell], {module.cell.slot: record}) == {module.cell.slot: ["version"]}


def test_changed_code_under_the_same_version_is_not_stale(module, tmp_path):
    record = record_of(module.cell, tmp_path / "r")
    module.change('"""A model whose import is seen."""', "SHIFT = 1.0")
    assert stale_fields(record, cell_key(module.cell)) == []
    assert key.code_of(module.cell) != record.code_sha256


def test_looking_at_records_imports_no_adapter(module, tmp_path):
    record = record_of(module.cell, tmp_path / "r")
    assert module.was_imported()
    module.change("= 3", "= 4")
    assert stale_slots([module.cell], {module.cell.slot: record}) == {module.cell.slot: ["version"]}
    assert not module.was_imported()
    assert module.name not in sys.modules


def test_looking_at_records_needs_no_adapter(module, tmp_path):
    named = cell("a-model-that-nobody-has")
    record = record_of(module.cell, tmp_path / "r")
    then = record.key.model_copy(update={"adapter": "a-model-that-nobody-has"})
    assert stale_slots([named], {named.slot: record.model_copy(update={"key": then})}) == {}
    with pytest.raises(UnknownName, match="a-model-that-nobody-has"):
        cell_key(named)


def test_a_model_whose_module_is_gone_is_not_stale(module, tmp_path):
    record = record_of(module.cell, tmp_path / "r")
    module.path.unlink()
    module.forget()
    assert stale_slots([module.cell], {module.cell.slot: record}) == {}


@pytest.mark.parametrize("name", ["numpy", "scipy"])
@pytest.mark.parametrize(
    ("change", "stale"),
    [(lambda v: (*v[:2], "99"), False), (lambda v: (v[0], "0"), True), (lambda v: ("1", "0", v[2]), True)],
)
def test_another_patch_of_numpy_or_scipy_is_not_stale_another_minor_is(tmp_path, name, change, stale):
    record = record_of(cell(), tmp_path)
    there = ".".join(change([*installed(name).split("."), "0"][:3]))
    found = with_versions(record, **{name: there})
    assert stale_fields(found, cell_key(cell())) == (["versions"] if stale else [])
    assert stale_slots([cell()], {cell().slot: found}) == ({cell().slot: ["versions"]} if stale else {})
    assert other_libraries([found, record]) == {name: {there: 1}}


def test_a_library_below_all_that_the_record_does_not_know_is_not_compared(tmp_path):
    record = record_of(cell(), tmp_path)
    for unknown in (None, ""):  # not recorded; not in the record at all
        assert stale_fields(with_versions(record, scipy=unknown), cell_key(cell())) == []
    assert other_libraries([with_versions(record, scipy=None)]) == {}


def test_another_version_of_a_required_distribution_is_stale_to_the_last_number(module, tmp_path):
    module.change('("numpy",)', '("optuna",)')
    record = record_of(module.cell, tmp_path / "r")
    assert record.key.versions["optuna"] == installed("optuna")
    *most, last = installed("optuna").split(".")
    other = ".".join([*most, str(int(last) + 1)])
    for found in (with_versions(record, optuna=other), with_versions(record, optuna="")):
        assert stale_fields(found, cell_key(module.cell)) == ["versions"]


def test_a_distribution_that_is_not_installed_is_not_compared(module, tmp_path):
    record = record_of(module.cell, tmp_path / "r")
    module.change('("numpy",)', '("jijbench-no-such-distribution",)')
    assert versions_of(adapters.requires(module.cell.row.adapter))["jijbench-no-such-distribution"] is None
    found = with_versions(record, **{"jijbench-no-such-distribution": "1.0"})
    assert stale_fields(found, cell_key(module.cell)) == []
    assert stale_slots([module.cell], {module.cell.slot: found}) == {}


def test_looking_sees_other_settings_of_the_search(tmp_path):
    record = record_of(cell(), tmp_path)
    for change in ({"trials": 5}, {"inner_folds": 3}):
        other = cell().model_copy(update={"budget": cell().budget.model_copy(update=change)})
        assert stale_slots([other], {cell().slot: record}) == {cell().slot: ["search"]}
        assert stale_fields(record, cell_key(other)) == ["search"]


def test_looking_sees_that_training_parts_grow_otherwise(tmp_path):
    def grown(**change):
        task = {"task": "jij-bi2te3/jij/random-orbit"}
        growth = Growth(**{"unit": "element", "start": 3, "step": 3, "rounds": 1} | change)
        return cell("shell-mean", growth=growth).model_copy(update=task)

    record = record_of(grown(), tmp_path)
    assert stale_slots([grown()], {grown().slot: record}) == {}
    assert stale_slots([grown(rounds=2)], {grown().slot: record}) == {grown().slot: ["search"]}


def test_cells_without_a_record_are_not_looked_at():
    assert stale_slots([cell()], {}) == {}


def test_rows_of_adapters_that_are_not_installed_are_named_and_not_called_stale(module, tmp_path):
    record, gone = record_of(module.cell, tmp_path / "r"), cell("no_such_package.models:Model")
    assert unchecked_rows([module.cell, cell()]) == []
    assert unchecked_rows([gone, gone]) == ["mine (no_such_package.models:Model)"]
    assert stale_slots([gone], {gone.slot: record}) == {}
