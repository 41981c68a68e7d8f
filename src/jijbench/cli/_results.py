"""What the commands on results share: where they lie, which cells, how a table is printed."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    import pandas as pd

    from jijbench.results import Results

FOLDER = click.Path(file_okay=False, path_type=Path)
only_tasks = click.option("--task", "tasks", multiple=True, help="Only this task (again for more).")
only_rows = click.option("--row", "rows", multiple=True, help="Only this row (again for more).")
results_folder = click.option("--results", type=FOLDER, help="Default: your own, else the official ones.")


def local_folder(benchmark: str) -> Path:
    """A user's own results of a benchmark."""
    return Path("results") / "local" / Path(benchmark).stem


def default_folder(benchmark: str) -> Path:
    """A user's own results where there are any, else for ``full`` the official ones."""
    from jijbench.results import official_folder

    local = local_folder(benchmark)
    return official_folder() if benchmark == "full" and not local.is_dir() else local


def open_results(benchmark: str, folder: Path, tasks: tuple[str, ...] = (), rows: tuple[str, ...] = ()) -> "Results":
    """Results of a benchmark's cells, stale ones marked."""
    from jijbench.benchmark import load_benchmark
    from jijbench.results import load_results
    from jijbench.runner import stale_slots

    loaded = load_benchmark(benchmark)
    found = load_results(loaded, folder, loaded.cells(tasks, rows))
    return replace(found, stale=frozenset(stale_slots(found.cells, found.records)))


def official_table() -> "pd.DataFrame | None":
    """The committed table of ``full``, to stand beside a user's own numbers."""
    import pandas as pd

    from jijbench.results import official_folder

    path = official_folder() / "leaderboard.csv"
    return pd.read_csv(path) if path.is_file() else None
