"""Everything that decides the numbers of a cell, as it is today; and what of it a record was made without."""

import importlib.util
from collections.abc import Iterable, Mapping
from functools import lru_cache

from jijbench import adapters
from jijbench.benchmark import Cell
from jijbench.context import installed
from jijbench.data.task import Question, Task, folds_sha256, load_task
from jijbench.errors import UnknownName
from jijbench.files import sha256_of
from jijbench.records.code import code_sha256
from jijbench.records.schema import Key, Record, Search
from jijbench.runner.growing import growth_search
from jijbench.runner.tuning import SAMPLER, space_sha256

#: libraries below all models: recorded, and compared without their last number
BELOW_ALL = ("numpy", "scipy")


def versions_of(requires: Iterable[str]) -> dict[str, str | None]:
    """Versions of the distributions that an adapter requires, and of the libraries below all."""
    return {name: installed(name) for name in (*requires, *BELOW_ALL)}


def cell_key(cell: Cell, seen: Search | None = None) -> Key:
    """The key of a cell as it is today; raises ``UnknownName`` for an adapter that is not at hand.

    The adapter is imported to ask for its search space, and the inner folds are made. Who looks at a record gives what
    it was ``seen`` to search: then nothing of the adapter runs, its version is read from the source.
    """
    task, name = load_task(cell.task), cell.row.adapter
    search = growth_search(cell) if cell.growth is not None else _search(cell, task, seen)
    return Key(
        task=cell.task, data_sha256=task.data_sha256, split_sha256=task.split.sha256, fold=cell.fold, row=cell.row.row,
        adapter=name, inputs=cell.row.inputs, search=search, seed=cell.seed, version=adapters.version(name),
        versions=versions_of(adapters.requires(name)),
    )  # fmt: skip


def _search(cell: Cell, task: Task, seen: Search | None) -> Search:
    if seen is None:
        space = _space(cell.row.adapter, task.question(cell.row.inputs))
        n_inner, inner_sha256 = _inner(task, cell.fold, cell.budget.inner_folds)
    else:
        space, inner_sha256 = seen.space_sha256, seen.inner_sha256
        n_inner = seen.inner_folds
        if n_inner != cell.budget.inner_folds:  # a rule may make fewer than it was asked for
            n_inner, _ = _inner(task, cell.fold, cell.budget.inner_folds)
    return Search(
        fixed=cell.row.fixed, space_sha256=space, sampler=SAMPLER, trials=cell.budget.trials, inner_folds=n_inner,
        inner_sha256=inner_sha256,
    )  # fmt: skip


@lru_cache(maxsize=1024)
def _inner(task: Task, fold: int, n_inner: int) -> tuple[int, str]:
    folds = task.inner_folds(fold, n_inner)
    return len(folds), folds_sha256(folds)


@lru_cache(maxsize=512)
def _space(adapter: str, question: Question) -> str:
    """Hash of the search space; that of nothing where the module breaks, which fails its cells and not the run."""
    try:
        return space_sha256(adapters.get(adapter), question)
    except (UnknownName, KeyboardInterrupt):
        raise
    except BaseException:  # SystemExit too
        return sha256_of(None)


@lru_cache(maxsize=512)  # the code of a loaded module does not change
def _code(adapter: str) -> str | None:
    try:
        return code_sha256(adapters.module_of(adapter))
    except Exception:  # there is no source, or it does not parse: its cells fail with the reason
        return None


def code_of(cell: Cell) -> str | None:
    """Hash of the code behind a cell's model, None where it cannot be read."""
    return _code(cell.row.adapter)


def stale_fields(record: Record, key: Key) -> list[str]:
    """Names of the fields in which a record's key differs from ``key``.

    Versions of distributions that are not installed here, or that the record does not know, are not compared; numpy
    and scipy without their last number.
    """
    then, now = record.key.model_dump(mode="json"), key.model_dump(mode="json")
    known = {name for name in now["versions"] if now["versions"][name] and then["versions"].get(name)}
    known |= {name for name in now["versions"] if now["versions"][name] and name not in BELOW_ALL}
    for side in (then, now):
        side["versions"] = {name: _compared(name, side["versions"].get(name)) for name in known}
    return [name for name in now if then[name] != now[name]]


def _compared(name: str, version: str | None) -> str | None:
    return ".".join(version.split(".")[:2]) if version and name in BELOW_ALL else version


def stale_slots(cells: Iterable[Cell], records: Mapping[str, Record]) -> dict[str, list[str]]:
    """Slots whose record was made by other versions, data or settings than today's, with the fields that differ.

    For those who look at records: no adapter is imported and no inner fold is made, so other search spaces and rules of
    inner folds are not seen here but by ``jijbench verify --refit``. A record of an adapter that is not at hand cannot
    be called stale: see ``unchecked_rows``.
    """
    stale = {cell.slot: _seen(records[cell.slot], cell) for cell in cells if cell.slot in records}
    return {slot: fields for slot, fields in stale.items() if fields}


def unchecked_rows(cells: Iterable[Cell]) -> list[str]:
    """Rows of which nobody can say here whether they are stale: their adapter is not installed."""
    rows = {cell.row.row: cell.row.adapter for cell in cells}
    return [f"{row} ({adapter})" for row, adapter in rows.items() if not _at_hand(adapter)]


def _seen(record: Record, cell: Cell) -> list[str]:
    return stale_fields(record, cell_key(cell, record.key.search)) if _at_hand(cell.row.adapter) else []


def _at_hand(adapter: str) -> bool:
    """Whether there is a module to read an adapter's version from."""
    try:
        return importlib.util.find_spec(adapters.module_of(adapter).partition(".")[0]) is not None
    except (UnknownName, ValueError):  # ValueError: of a prompt
        return False


def other_libraries(records: Iterable[Record]) -> dict[str, dict[str, int]]:
    """Versions of numpy and scipy, other than those here, that records were made with, and how many were."""
    found: dict[str, dict[str, int]] = {}
    for record in records:
        for name in BELOW_ALL:
            then = record.key.versions.get(name)
            if then is not None and then != installed(name):
                found.setdefault(name, {})[then] = found.get(name, {}).get(then, 0) + 1
    return found
