"""``jijbench plot``."""

from pathlib import Path

import click

from jijbench.cli._results import FOLDER, default_folder, only_rows, only_tasks, open_results, results_folder


@click.command()
@click.argument("benchmark", default="full")
@results_folder
@only_tasks
@only_rows
@click.option("--output", "-o", type=FOLDER, help="Default: figures/ beside the records.")
def command(
    benchmark: str, results: Path | None, tasks: tuple[str, ...], rows: tuple[str, ...], output: Path | None
) -> None:
    """Parity plots, error maps and error against distance of BENCHMARK, from its records."""
    from jijbench import plots

    folder = results or default_folder(benchmark)
    found = open_results(benchmark, folder, tasks)  # all rows: the overview compares them
    for path in plots.save(found, output or folder, rows=rows or None):
        click.echo(path)
