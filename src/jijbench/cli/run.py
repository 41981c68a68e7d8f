"""``jijbench run``."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from jijbench.cli._results import FOLDER, local_folder, official_table, only_rows, only_tasks, open_results
from jijbench.text import one_line

if TYPE_CHECKING:
    from jijbench.benchmark import Cell
    from jijbench.records.folder import RecordFolder
    from jijbench.records.schema import Record
    from jijbench.runner.places import Open


@click.command()
@click.argument("benchmark", default="default")
@only_tasks
@only_rows
@click.option(
    "--workers", "-w", default=min(2, os.cpu_count() or 1), show_default=True, type=click.IntRange(1), help="Processes."
)
@click.option("--scheduler", metavar="ADDRESS", help="Run on the workers of this Dask scheduler (tcp://HOST:PORT).")
@click.option(
    "--cluster",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Start the cluster of this YAML file and run there.",
)
@click.option(
    "--study",
    help="Share each search with the same command elsewhere: a journal file or a database's URL. "
    "Not reproducible bit by bit.",
)
@click.option("--results", type=FOLDER, help="Default: results/local/BENCHMARK.")
@click.option("--retry-failed", is_flag=True, help="Run cells anew that failed before.")
@click.option("--no-figures", is_flag=True, help="Only the table.")
def command(
    benchmark: str, tasks: tuple[str, ...], rows: tuple[str, ...], workers: int, scheduler: str | None,
    cluster: Path | None, study: str | None, results: Path | None, retry_failed: bool, no_figures: bool,
) -> None:  # fmt: skip
    """Run BENCHMARK (a name, or a YAML file) and print its table.

    Every cell (task, fold, row, seed) leaves a record in the results folder; finished cells are not repeated, so
    an interrupted run goes on where it stopped. A cluster needs jijbench[cluster]; see docs/cluster.md.
    """
    from jijbench.benchmark import load_benchmark
    from jijbench.runner import run_cells
    from jijbench.tuning import storage_of

    place = _place(scheduler, cluster)
    folder = results or local_folder(benchmark)
    loaded = load_benchmark(benchmark)
    cells = [*loaded.cells(tasks, rows), *loaded.growth_cells(tasks, rows)]
    if study is not None:
        where = study if "://" in study else str(Path(study).resolve())  # workers may stand elsewhere
        storage_of(where)
        cells = [cell.model_copy(update={"study": where}) for cell in cells]
    with _progress(cells) as tell:
        run_cells(cells, folder, workers, retry_failed=retry_failed, tell=tell, place=place)
    _report(benchmark, folder, tasks, rows, figures=not no_figures)
    _report_growth(benchmark, folder, tasks, rows, figures=not no_figures)


def _place(scheduler: str | None, cluster: Path | None) -> "Open | None":
    """Where cells run; None for this machine."""
    from jijbench.runner import dask_workers, read_cluster

    given = click.get_current_context().get_parameter_source("workers") is not ParameterSource.DEFAULT
    if (scheduler is not None) + (cluster is not None) + given > 1:
        raise click.UsageError("--workers, --scheduler and --cluster each say where cells run: give one of them")
    if cluster is not None:
        return dask_workers(read_cluster(cluster))
    return None if scheduler is None else dask_workers(scheduler)


class _progress:  # noqa: N801
    """A bar over the cells, weighed by what the official records say they take; if not on a terminal, a line a cell."""

    def __init__(self, cells: "list[Cell]") -> None:
        from tqdm import tqdm

        from jijbench.records.folder import RecordFolder
        from jijbench.results import official_folder

        official = RecordFolder(official_folder())
        self.cost = {_name(cell): _expected(official, cell) for cell in cells}
        form = "{percentage:3.0f}% |{bar:30}| {elapsed} gone, {remaining} left{postfix}"
        total = sum(self.cost.values())
        self.bar = tqdm(total=total, disable=None, bar_format=form, file=sys.__stderr__)  # it needs \r to be obeyed
        self.done = 0

    def __enter__(self) -> "Callable[[Record, bool], None]":
        return self.tell

    def __exit__(self, *error: object) -> None:
        self.bar.close()

    def tell(self, record: "Record", reused: bool) -> None:
        key = record.key
        growth = key.search.growth and (key.search.growth["unit"], key.search.growth["acquire"])
        cost = self.cost[key.task, key.row, key.fold, key.seed, growth]
        self.done += 1
        if reused:
            self.bar.total -= cost
            self.bar.refresh()
            return
        what = f"{key.task} {key.row} fold {key.fold}: {record.status}"
        if self.bar.disable:
            why = "" if record.reason is None else f", {one_line(record.reason)}"
            click.echo(f"{self.done} of {len(self.cost)} cells: {what}{why}", err=True)
        self.bar.set_postfix_str(what, refresh=False)
        self.bar.update(cost)


def _name(cell: "Cell") -> tuple[object, ...]:
    """What tells a cell from the others of a run; its record says the same."""
    growth = cell.growth and (cell.growth.unit, cell.growth.acquire)
    return cell.task, cell.row.row, cell.fold, cell.seed, growth


def _expected(official: "RecordFolder", cell: "Cell") -> float:
    """Seconds that the official record of the same cell took, in proportion to the trials; else one."""
    from jijbench.errors import RecordError

    try:
        record = official.record(cell)
    except RecordError:
        return 1.0
    if record is None:
        return 1.0
    return max(0.1, record.seconds["total"] * (cell.budget.trials + 1) / (record.key.search.trials + 1))


def _report(benchmark: str, folder: Path, tasks: tuple[str, ...], rows: tuple[str, ...], figures: bool) -> None:
    from jijbench.board import leaderboard
    from jijbench.files import write_atomically
    from jijbench.forms import files

    found = open_results(benchmark, folder, tasks, rows)
    made = files(leaderboard(found), official_table())
    whole = not tasks and not rows
    for name, content in made.items() if whole else ():
        write_atomically(folder / name, content.encode())
    click.echo(made["leaderboard.md"])
    click.echo(
        f"records and predictions: {folder}/runs" + (f"; table: {folder}/leaderboard.md, .csv, .json" if whole else "")
    )
    if figures:
        from jijbench import plots

        click.echo(f"figures: {len(plots.save(found, folder))} files in {folder}/figures")
    failed = sum(record.status == "failed" for record in found.records.values())
    if failed:
        click.echo(f"{failed} of {len(found.records)} cells failed; their reasons stand in the table", err=True)


def _report_growth(
    benchmark: str, folder: Path, tasks: tuple[str, ...], rows: tuple[str, ...], figures: bool
) -> None:  # fmt: skip
    """Errors of growing training sets, where the benchmark has any."""
    from jijbench.benchmark import load_benchmark
    from jijbench.growth import growth_markdown, growth_table

    loaded = load_benchmark(benchmark)
    cells = list(loaded.growth_cells(tasks, rows))
    if not cells:
        return
    table = growth_table(loaded, folder, cells)
    for task, part in table.groupby("task", sort=False):
        half = (part["headline"].max() or 0.0) / 2
        click.echo(f"\nGrowing training part, {task}\n\n{growth_markdown(part, float(f'{half:.1g}'))}")
    if figures:
        from jijbench import plots

        for path in plots.save_growth(table, folder):
            click.echo(path)
