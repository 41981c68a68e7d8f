"""``jijbench uncertainty``."""

from pathlib import Path

import click

from jijbench.cli._results import default_folder, only_rows, only_tasks, open_results, results_folder
from jijbench.cli._tables import echo_csv, echo_tasks, wide_tables


@click.command()
@click.argument("benchmark", default="full")
@results_folder
@only_tasks
@only_rows
@click.option("--csv", is_flag=True, help="All numbers, as CSV.")
@wide_tables
def command(
    benchmark: str, results: Path | None, tasks: tuple[str, ...], rows: tuple[str, ...], csv: bool, wide: bool
) -> None:
    """Whether predicted standard deviations and conformal intervals keep what they promise."""
    from jijbench.tables.uncertainty import uncertainty_markdown, uncertainty_table

    found = open_results(benchmark, results or default_folder(benchmark), tasks, rows)
    if csv:
        echo_csv(uncertainty_table(found))
    else:
        echo_tasks(found, uncertainty_markdown, wide)
