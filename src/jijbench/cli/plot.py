"""``jijbench plot``."""

from pathlib import Path

import click

from jijbench.cli._results import FOLDER, default_folder, only_rows, only_tasks, open_results, results_folder


@click.command()
@click.argument("benchmark", default="full")
@results_folder
@only_tasks
@only_rows
@click.option("--format", "form", type=click.Choice(["png", "pdf", "svg"]), default="png", show_default=True)
@click.option("--output", "-o", type=FOLDER, help="Default: figures/ beside the records.")
def command(
    benchmark: str, results: Path | None, tasks: tuple[str, ...], rows: tuple[str, ...], form: str, output: Path | None
) -> None:
    """Parity plots, error maps, error against distance and against the number of calculations, from records."""
    from jijbench import plots
    from jijbench.tables.growth import growth_table

    folder = results or default_folder(benchmark)
    found = open_results(benchmark, folder, tasks)  # all rows: the overview compares them
    for path in plots.save(found, output or folder, rows=rows or None, form=form):
        click.echo(path)
    growing = list(found.benchmark.growth_cells(tasks, rows))
    if any(found.held.record(cell) for cell in growing):  # results of old have none
        for path in plots.save_growth(growth_table(found.benchmark, folder, growing), output or folder, form):
            click.echo(path)
