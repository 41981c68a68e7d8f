"""``jijbench ledger``."""

from pathlib import Path

import click

from jijbench.cli._results import default_folder, only_rows, only_tasks, open_results, results_folder
from jijbench.cli._tables import echo_csv, echo_tasks, wide_tables


@click.command()
@click.argument("benchmark", default="full")
@results_folder
@only_tasks
@only_rows
@click.option("--csv", is_flag=True, help="One line a cell, as CSV.")
@wide_tables
def command(
    benchmark: str, results: Path | None, tasks: tuple[str, ...], rows: tuple[str, ...], csv: bool, wide: bool
) -> None:
    """What tuning promised, what the test said, and the rank of each row by the number of trials."""
    from jijbench.tables.ledger import ledger_markdown, ledger_table

    found = open_results(benchmark, results or default_folder(benchmark), tasks, rows)
    if csv:
        echo_csv(ledger_table(found))
    else:
        echo_tasks(found, ledger_markdown, wide)
