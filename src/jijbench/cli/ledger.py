"""``jijbench ledger``."""

from pathlib import Path

import click

from jijbench.cli._results import default_folder, only_rows, only_tasks, open_results, results_folder
from jijbench.cli._tables import echo_page, wide_tables


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
    from jijbench.text import without_formulas

    found = open_results(benchmark, results or default_folder(benchmark), tasks, rows)
    if csv:
        table = without_formulas(ledger_table(found))
        click.echo(table.to_csv(index=False, float_format="%.6g", lineterminator="\n"), nl=False)
        return
    for task in dict.fromkeys(cell.task for cell in found.cells):
        echo_page(f"### {task}\n\n{ledger_markdown(found, task)}", wide)
