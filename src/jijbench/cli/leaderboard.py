"""``jijbench leaderboard``."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from jijbench.cli._results import (
    comes_without_records,
    default_folder,
    official_lines,
    official_table,
    only_rows,
    only_tasks,
    open_beside,
    open_results,
    results_folder,
)
from jijbench.cli._tables import print_leaderboard, wide_tables

if TYPE_CHECKING:
    import pandas as pd

    from jijbench.tables.results import Results


@click.command()
@click.argument("benchmark", default="full")
@results_folder
@only_tasks
@only_rows
@click.option("--beside", metavar="BENCHMARK", help="Put these rows among those of another table, mostly `full`.")
@click.option("--format", "form", type=click.Choice(["text", "md", "csv", "json"]), default="text", show_default=True)
@wide_tables
@click.option("--write", is_flag=True, help="Write the tables into the results folder and renew README and docs.")
def command(
    benchmark: str, results: Path | None, tasks: tuple[str, ...], rows: tuple[str, ...], beside: str | None, form: str,
    wide: bool, write: bool,
) -> None:  # fmt: skip
    """The table of BENCHMARK, recomputed from its records: a row for each model or floor, best first.

    A missing record is an error that names the cells; failed, refused and stale rows are shown with their reason.

    With --beside full your rows, called NAME (mine), stand among the official ones on the tasks that both have, with
    intervals, ranks and skills over all of them; notes say where budgets or fixed hypers differ. It takes a name or a
    folder of results; --row chooses among your rows.
    """
    from jijbench.tables.leaderboard import leaderboard

    folder = results or default_folder(benchmark)
    if write and beside is not None:
        raise click.UsageError("--write renews a table of its own; leave out --beside, or redirect what it prints")
    if write:
        _write(benchmark, folder)
        return
    if beside is None and comes_without_records(folder):
        click.echo("the committed table; its records come with a checkout of the repository", err=True)
        _print(official_lines(tasks, rows), None, form, wide)
        return
    own = open_results(benchmark, folder, tasks, rows)
    if beside is not None:
        _beside(own, beside, form, wide)
        return
    _print(leaderboard(own), official_table() if folder.name != "full" else None, form, wide)


def _print(table: "pd.DataFrame", official: "pd.DataFrame | None", form: str, wide: bool) -> None:
    from jijbench.tables.forms import files

    if form == "text":
        print_leaderboard(table, official, wide)
    else:
        click.echo(files(table, official)[f"leaderboard.{form}"], nl=False)


def _beside(own: "Results", name: str, form: str, wide: bool) -> None:
    """The table of both, and the tasks that only one has: in the page, for a file of numbers on stderr."""
    from jijbench.tables.beside import leaderboard_beside, only_one_side

    other = open_beside(name, own)
    _print(leaderboard_beside(own, other), None, form, wide)
    left_out = only_one_side(own, other)
    if left_out is not None:
        click.echo(
            f"\nNot compared: {left_out}" if form in ("text", "md") else f"not compared: {left_out}",
            err=form not in ("text", "md"),
        )


def _write(benchmark: str, folder: Path) -> None:
    """Tables from the records as they are: a stale record keeps its number, ``verify`` warns of it."""
    from jijbench.benchmark import load_benchmark
    from jijbench.files import write_atomically
    from jijbench.tables.generated_docs import documents, render
    from jijbench.tables.results import load_results
    from jijbench.verify import tables

    results = load_results(load_benchmark(benchmark), folder)
    for name, text in tables(results).items():
        write_atomically(folder / name, text.encode())
        click.echo(f"{folder / name} written")
    for path in documents(Path.cwd()):
        write_atomically(path, render(path.read_text(encoding="utf-8"), results).encode())
        click.echo(f"{path.name}: generated blocks renewed")
