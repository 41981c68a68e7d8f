"""``jijbench run``."""

import os
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from jijbench.cli._progress import Progress
from jijbench.cli._results import FOLDER, local_folder, official_table, only_rows, only_tasks, open_results
from jijbench.cli._tables import echo_page, print_leaderboard, wide_tables
from jijbench.context import home

if TYPE_CHECKING:
    from jijbench.runner.places import Open


@click.command(epilog=f"\b\nSeveral machines, clusters, shared searches:\n{home('docs') / 'cluster.md'}")
@click.argument("benchmark", default="default")
@only_tasks
@only_rows
@click.option(
    "--workers", "-w", default=min(2, os.cpu_count() or 1), show_default=True, type=click.IntRange(1), help="Processes."
)
@click.option(
    "--device", "devices", multiple=True, metavar="DEVICE",
    help="Where models that can may compute, such as cuda:0; repeat it: one cell at a time on each.",
)  # fmt: skip
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
@wide_tables
def command(
    benchmark: str, tasks: tuple[str, ...], rows: tuple[str, ...], workers: int, devices: tuple[str, ...],
    scheduler: str | None, cluster: Path | None, study: str | None, results: Path | None, retry_failed: bool,
    no_figures: bool, wide: bool,
) -> None:  # fmt: skip
    """Run BENCHMARK (a name, or a YAML file) and print its table.

    Every row (a model with its settings, or a simple rule) is taught and tested on every fold of a task. One such
    cell (task, fold, row, seed) leaves a record in the results folder; finished cells are not repeated, so an
    interrupted run goes on where it stopped.
    """
    from jijbench.benchmark import load_benchmark
    from jijbench.runner import run_cells
    from jijbench.runner.tuning import storage_of

    place = _place(scheduler, cluster, devices)
    folder = results or local_folder(benchmark)
    loaded = load_benchmark(benchmark)
    cells = [*loaded.cells(tasks, rows), *loaded.growth_cells(tasks, rows)]
    if study is not None:
        where = study if "://" in study else str(Path(study).resolve())  # workers may stand elsewhere
        storage_of(where)
        cells = [cell.model_copy(update={"study": where}) for cell in cells]
    with Progress(cells, (len(devices) or workers) if place is None else None) as tell:
        run_cells(cells, folder, workers, retry_failed=retry_failed, tell=tell, place=place, devices=devices)
    _report(benchmark, folder, tasks, rows, wide)
    if not no_figures:
        _draw_all(benchmark, folder, tasks or loaded.tasks, rows, workers)
    _report_growth(benchmark, folder, tasks, rows, figures=not no_figures, wide=wide)


def _place(scheduler: str | None, cluster: Path | None, devices: tuple[str, ...]) -> "Open | None":
    """Where cells run; None for this machine."""
    from jijbench.runner import dask_workers, read_cluster

    given = click.get_current_context().get_parameter_source("workers") is not ParameterSource.DEFAULT
    if (scheduler is not None) + (cluster is not None) + given + bool(devices) > 1:
        raise click.UsageError("--workers, --device, --scheduler and --cluster say where cells run: give one of them")
    if cluster is not None:
        return dask_workers(read_cluster(cluster))
    return None if scheduler is None else dask_workers(scheduler)


def _report(benchmark: str, folder: Path, tasks: tuple[str, ...], rows: tuple[str, ...], wide: bool) -> None:
    from jijbench.files import write_atomically
    from jijbench.tables.forms import files
    from jijbench.tables.leaderboard import leaderboard

    found = open_results(benchmark, folder, tasks, rows)
    table = leaderboard(found)
    made = files(table, official_table())
    whole = not tasks and not rows
    for name, content in made.items() if whole else ():
        write_atomically(folder / name, content.encode())
    print_leaderboard(table, official_table(), wide)
    click.echo(
        f"records and predictions: {folder}/runs" + (f"; table: {folder}/leaderboard.md, .csv, .json" if whole else "")
    )
    failed = sum(record.status == "failed" for record in found.records.values())
    if failed:
        click.echo(f"{failed} of {len(found.records)} cells failed; their reasons stand in the table", err=True)


def _draw_all(benchmark: str, folder: Path, tasks: tuple[str, ...], rows: tuple[str, ...], workers: int) -> None:
    """The figures, task by task in as many processes as ran the cells; said before, since they may take a while."""
    click.echo(
        f"drawing figures into {folder}/figures; the run is complete without them, "
        f"`jijbench plot {benchmark} --results {folder}` draws them too"
    )
    draw = partial(_draw, benchmark, folder, rows)
    if min(workers, len(tasks)) == 1:
        drawn = sum(map(draw, tasks))
    else:
        with ProcessPoolExecutor(min(workers, len(tasks)), get_context("spawn")) as pool:
            drawn = sum(pool.map(draw, tasks))
    click.echo(f"figures: {drawn} files in {folder}/figures")


def _draw(benchmark: str, folder: Path, rows: tuple[str, ...], task: str) -> int:
    from jijbench import plots

    return len(plots.save(open_results(benchmark, folder, (task,), rows), folder))


def _report_growth(
    benchmark: str, folder: Path, tasks: tuple[str, ...], rows: tuple[str, ...], figures: bool, wide: bool
) -> None:  # fmt: skip
    """Errors of growing training sets, where the benchmark has any."""
    from jijbench.benchmark import load_benchmark
    from jijbench.tables.growth import growth_markdown, growth_table

    loaded = load_benchmark(benchmark)
    cells = list(loaded.growth_cells(tasks, rows))
    if not cells:
        return
    table = growth_table(loaded, folder, cells)
    for task, part in table.groupby("task", sort=False):
        half = (part["headline"].max() or 0.0) / 2
        echo_page(f"\nGrowing training part, {task}\n\n{growth_markdown(part, float(f'{half:.1g}'))}", wide)
    if figures:
        from jijbench import plots

        for path in plots.save_growth(table, folder):
            click.echo(path)
