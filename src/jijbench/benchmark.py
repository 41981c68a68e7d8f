"""A benchmark: the YAML list of tasks, rows, budget and seeds behind one table; and its cells."""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from jijbench.context import home
from jijbench.data.card import Strict, validated
from jijbench.errors import DataError, UnknownName
from jijbench.reading import read_yaml

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9+-]*$")]


class Budget(Strict):
    """Caps of one cell.

    ``trials`` and ``inner_folds`` decide numbers; ``tune_seconds`` (stops the search), ``cell_seconds`` (kills the
    worker) and ``memory_gib`` are safety nets, and a cell that hit one says so. With ``score_fixed: false`` a row
    that searches nothing skips the inner folds, which saves its refits; the test predictions are the same.
    """

    trials: int = Field(ge=0)
    inner_folds: int = Field(ge=1)
    tune_seconds: float = Field(default=1800, gt=0)
    cell_seconds: float = Field(default=3600, gt=0)
    memory_gib: float = Field(default=8, gt=0)
    score_fixed: bool = True


class Row(Strict):
    """One line of a table: adapter + inputs + fixed hypers, with a name.

    ``trials``, ``inner_folds`` and ``seeds`` may lie below the benchmark's; ``tasks`` limits a row to the tasks it
    names, as ids or patterns such as ``deltav-elemental/dv/*``. ``tolerance``: by how much of the largest prediction a
    refitted canary may differ from its record (``jijbench verify --refit``).
    """

    row: Name
    adapter: str
    inputs: Literal["structure", "structure+moments", "structure+start", "composition", "composition+moments"] = (
        "structure"
    )
    fixed: dict[str, Any] = {}
    trials: int | None = Field(default=None, ge=0)
    inner_folds: int | None = Field(default=None, ge=1)
    seeds: tuple[int, ...] | None = None
    tasks: tuple[str, ...] | None = None
    tolerance: float = Field(default=1e-4, gt=0)

    def answers(self, task: str) -> bool:
        """Whether the row is listed for a task."""
        return self.tasks is None or any(fnmatchcase(task, pattern) for pattern in self.tasks)

    def capped(self, budget: Budget) -> Budget:
        """The benchmark's budget, lowered to the row's own caps."""
        own = {"trials": self.trials, "inner_folds": self.inner_folds}
        return budget.model_copy(update={k: min(v, getattr(budget, k)) for k, v in own.items() if v is not None})


Unit = Literal["dimer", "pair", "element", "host", "impurity"]
Acquire = Literal["random", "uncertainty", "diversity", "both"]


class Growth(Strict):
    """How a training set grows: from ``start`` units by ``step`` a round, at most ``rounds`` fits.

    Units are what calculations are counted in. Dimers may be acquired by any strategy; the others, which stand for many
    dimers or potentials each, at random: that is a learning curve.
    """

    unit: Unit
    acquire: Acquire = "random"
    start: int = Field(ge=1)
    step: int = Field(ge=1)
    rounds: int = Field(ge=1)

    @model_validator(mode="after")
    def _only_dimers_are_chosen(self) -> Self:
        if self.unit != "dimer" and self.acquire != "random":
            raise ValueError(f"acquire = {self.acquire!r} is for unit 'dimer', not {self.unit!r}; acquire at random")
        return self


class Plan(Strict):
    """Growth cells of a benchmark: a task, names of rows, strategies, folds and seeds."""

    task: str
    rows: tuple[str, ...]
    unit: Unit
    acquire: tuple[Acquire, ...] = ("random",)
    start: int
    step: int
    rounds: int
    folds: tuple[int, ...] = (0,)
    seeds: tuple[int, ...] = (0,)

    @cached_property
    def growths(self) -> list[Growth]:
        """One growth a strategy."""
        return [
            Growth(unit=self.unit, acquire=how, start=self.start, step=self.step, rounds=self.rounds)
            for how in self.acquire
        ]

    @model_validator(mode="after")
    def _each_growth_is_one(self) -> Self:
        self.growths  # noqa: B018  # raises ValueError
        return self


class Cell(Strict):
    """The unit of work: one task, fold, row and seed, with the budget of its search.

    With ``growth`` the training part is not taken whole but grows. ``study``: where its trials are shared with other
    workers (a journal file or the URL of a database), None for a search of its own.
    """

    task: str
    fold: int
    row: Row
    seed: int
    budget: Budget
    growth: Growth | None = None
    study: str | None = None

    @property
    def slot(self) -> str:
        """Path of the cell's files in a results folder, without ending."""
        end = f"f{self.fold:02d}-s{self.seed}"
        if self.growth is None:
            return f"runs/{self.task}/{self.row.row}/{end}"
        return f"growth/{self.task}/{self.row.row}/{self.growth.unit}-{self.growth.acquire}/{end}"


def record_path(folder: Path, cell: Cell) -> Path:
    """Where the record of a cell lies; its predictions lie beside it."""
    return (folder / cell.slot).with_suffix(".json")


class Benchmark(Strict):
    """Tasks × rows × seeds of one table."""

    benchmark: Name
    description: str
    tasks: tuple[str, ...]
    rows: tuple[Row, ...]
    budget: Budget
    seeds: tuple[int, ...]
    growth: tuple[Plan, ...] = ()

    @cached_property
    def row_names(self) -> list[str]:
        return [row.row for row in self.rows]

    def cells(self, tasks: tuple[str, ...] = (), rows: tuple[str, ...] = ()) -> Iterator[Cell]:
        """All cells, or those of the named tasks and rows; raises ``UnknownName``."""
        from jijbench.data.task import load_task

        self._check(tasks, rows)
        for task in tasks or self.tasks:
            for row in self.rows:
                if (rows and row.row not in rows) or not row.answers(task):
                    continue
                budget = row.capped(self.budget)
                for seed in self.seeds if row.seeds is None else row.seeds:
                    for fold in range(load_task(task).n_folds):
                        yield Cell(task=task, fold=fold, row=row, seed=seed, budget=budget)

    def growth_cells(self, tasks: tuple[str, ...] = (), rows: tuple[str, ...] = ()) -> Iterator[Cell]:
        """Cells whose training part grows, all or those of the named tasks and rows; raises ``UnknownName``.

        They are not tuned: hypers are the row's own and the adapter's defaults in every round, since the question is
        what data buy, and inner folds of forty dimers would answer another one.
        """
        self._check(tasks, rows)
        known = dict(zip(self.row_names, self.rows, strict=True))
        for plan in self.growth:
            if tasks and plan.task not in tasks:
                continue
            for row in (known[name] for name in plan.rows if not rows or name in rows):
                budget = self.budget.model_copy(update={"trials": 0, "inner_folds": 1})
                for growth, fold, seed in product(plan.growths, plan.folds, plan.seeds):
                    yield Cell(task=plan.task, fold=fold, row=row, seed=seed, budget=budget, growth=growth)

    def _check(self, tasks: tuple[str, ...], rows: tuple[str, ...]) -> None:
        for kind, wanted, known in (("task", tasks, self.tasks), ("row", rows, self.row_names)):
            for name in wanted:
                if name not in known:
                    raise UnknownName(f"{kind} of benchmark {self.benchmark}", name, known)


def benchmark_names() -> list[str]:
    """Benchmarks that come with the suite."""
    return sorted(path.stem for path in home("benchmarks").glob("*.yaml"))


def load_benchmark(name: str | Path) -> Benchmark:
    """Read a benchmark by name or by the path of a YAML file; raises ``DataError`` naming file and field."""
    path = Path(name)
    if path.suffix != ".yaml":
        path = home("benchmarks") / f"{name}.yaml"
        if not path.is_file():
            raise UnknownName("benchmark", str(name), benchmark_names())
    found = validated(Benchmark, read_yaml(path), str(path))
    _check_lists(found, path)
    return found


def _check_lists(found: Benchmark, path: Path) -> None:
    """Raise ``DataError`` for what is listed twice, ``UnknownName`` for what is named and not listed."""
    lists = [("row", found.row_names), ("task", found.tasks), ("seed", found.seeds)]
    lists += [(f"seed of {row.row}", row.seeds or ()) for row in found.rows]
    for kind, values in lists:
        twice = [value for value in values if list(values).count(value) > 1]
        if twice:
            raise DataError(f"{path}: {kind} {twice[0]!r} is listed twice; each may stand there once")
    for row in found.rows:
        for pattern in row.tasks or ():
            if not any(fnmatchcase(task, pattern) for task in found.tasks):
                raise UnknownName(f"task of benchmark {found.benchmark}", pattern, found.tasks)
    for plan in found.growth:
        found._check((plan.task,), plan.rows)
    slots = [cell.slot for cell in found.growth_cells()]
    if len(slots) > len(set(slots)):
        raise DataError(f"{path}: growth lists {max(slots, key=slots.count)} twice; each may stand there once")
