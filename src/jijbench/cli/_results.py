"""What the commands on results share: where they lie, which cells, how a table is printed."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    import pandas as pd

    from jijbench.tables.results import Results

FOLDER = click.Path(file_okay=False, path_type=Path)
only_tasks = click.option("--task", "tasks", multiple=True, help="Only this task (again for more).")
only_rows = click.option("--row", "rows", multiple=True, help="Only this row (again for more).")
results_folder = click.option("--results", type=FOLDER, help="Default: your own, else the official ones.")


def local_folder(benchmark: str) -> Path:
    """A user's own results of a benchmark."""
    return Path("results") / "local" / Path(benchmark).stem


def given_folder(name: str) -> Path | None:
    """A folder of results that is given by its path; the bare name of a benchmark means the benchmark."""
    from jijbench.benchmark import benchmark_names

    return Path(name) if Path(name).is_dir() and name not in benchmark_names() else None


def default_folder(benchmark: str) -> Path:
    """The folder that is given; else a user's own results where there are any, for ``full`` else the official ones."""
    from jijbench.tables.results import official_folder

    given = given_folder(benchmark)
    if given is not None:
        return given
    local = local_folder(benchmark)
    return official_folder() if benchmark == "full" and not local.is_dir() else local


def one_thread() -> None:
    """Tables are made of small arrays: more threads than one would spin and gain nothing. Called with numpy loaded."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(1)


def open_results(benchmark: str, folder: Path, tasks: tuple[str, ...] = (), rows: tuple[str, ...] = ()) -> "Results":
    """Results of a benchmark's cells, or of whatever a folder of results holds; stale ones marked."""
    from jijbench.benchmark import load_benchmark
    from jijbench.tables.results import load_results

    one_thread()
    if given_folder(benchmark) is not None:
        return _marked(_held(folder, tasks, rows))
    loaded = load_benchmark(benchmark)
    return _marked(load_results(loaded, folder, loaded.cells(tasks, rows)))


def open_beside(name: str, own: "Results") -> "Results":
    """What ``own`` results shall stand beside: for ``full`` the official ones, of the tasks that both have."""
    from jijbench.benchmark import load_benchmark
    from jijbench.errors import IncompleteTable
    from jijbench.tables.results import load_results, official_folder

    if given_folder(name) is not None:
        return _marked(_held(Path(name), (), ()))
    loaded, asked = load_benchmark(name), {cell.task for cell in own.cells}
    cells = [cell for task in loaded.tasks if task in asked for cell in loaded.cells((task,))]
    if name != "full":
        return _marked(load_results(loaded, default_folder(name), cells))
    try:
        return _marked(load_results(loaded, official_folder(), cells))
    except IncompleteTable as error:
        raise IncompleteTable(
            f"{error}\nor take the committed ones: they come with a checkout of the repository, not with the package"
        ) from error


def _marked(found: "Results") -> "Results":
    """Results with their stale cells marked; says of which rows that cannot be known."""
    from jijbench.runner import stale_slots, unchecked_rows

    if unchecked := unchecked_rows(found.cells):
        click.echo(f"not checked whether stale, their adapters are not installed: {', '.join(unchecked)}", err=True)
    return replace(found, stale=frozenset(stale_slots(found.cells, found.records)))


def _held(folder: Path, tasks: tuple[str, ...], rows: tuple[str, ...]) -> "Results":
    """What a folder holds of the tasks and rows; raises ``UnknownName`` for one that it does not hold."""
    from jijbench.tables.results import found_results

    found = found_results(folder)
    next(found.benchmark.cells(tasks, rows), None)  # checks the names
    cells = tuple(c for c in found.cells if (not tasks or c.task in tasks) and (not rows or c.row.row in rows))
    return replace(found, cells=cells, records={cell.slot: found.records[cell.slot] for cell in cells})


def comes_without_records(folder: Path) -> bool:
    """Whether a folder is the official one of a wheel, which holds tables and no records."""
    from jijbench.install import checkout
    from jijbench.tables.results import official_folder

    return checkout() is None and folder == official_folder()


def official_lines(tasks: tuple[str, ...], rows: tuple[str, ...]) -> "pd.DataFrame":
    """The committed table of ``full``, or its lines of some tasks and rows; raises ``UnknownName``."""
    import pandas as pd

    from jijbench.benchmark import load_benchmark
    from jijbench.tables.results import official_folder

    next(load_benchmark("full").cells(tasks, rows), None)  # checks the names
    table = pd.read_csv(official_folder() / "leaderboard.csv")
    table = table.astype(object).mask(table.isna(), None)
    chosen = (table["task"].isin(tasks) | (not tasks)) & (table["row"].isin(rows) | (not rows))
    return table[chosen]


def official_table() -> "pd.DataFrame | None":
    """The committed table of ``full``, to stand beside a user's own numbers."""
    import pandas as pd

    from jijbench.tables.results import official_folder

    path = official_folder() / "leaderboard.csv"
    return pd.read_csv(path) if path.is_file() else None
