"""``jijbench plot``."""

from pathlib import Path

import click


@click.command()
@click.argument("benchmark", default="full")
@click.option(
    "--results", type=click.Path(file_okay=False, path_type=Path), help="Default: your own, else the official ones."
)
@click.option("--task", "tasks", multiple=True, help="Only this task (again for more).")
@click.option("--row", "rows", multiple=True, help="Only this row (again for more).")
@click.option(
    "--output", "-o", type=click.Path(file_okay=False, path_type=Path), help="Default: figures/ beside the records."
)
def command(
    benchmark: str, results: Path | None, tasks: tuple[str, ...], rows: tuple[str, ...], output: Path | None
) -> None:
    """Parity plots, error maps and error against distance of BENCHMARK, from its records."""
    from jijbench import plots
    from jijbench.cli._results import default_folder, open_results

    folder = results or default_folder(benchmark)
    found = open_results(benchmark, folder, tasks)  # all rows: the overview compares them
    for path in plots.save(found, output or folder, rows=rows or None):
        click.echo(path)
