"""``jijbench compare``."""

import sys
from pathlib import Path

import click

from jijbench.cli._results import default_folder, given_folder
from jijbench.cli._tables import echo_page, wide_tables


@click.command()
@click.argument("run_a")
@click.argument("run_b")
@click.option("--csv", is_flag=True, help="Only the numbers, as CSV.")
@click.option(
    "--exact", is_flag=True, help="Compare the tables (leaderboard.csv) cell by cell; exit code 1 if any differ."
)
@click.option(
    "--digits", default=6, show_default=True, type=click.IntRange(1, 17), help="Digits that --exact compares."
)
@wide_tables
def command(run_a: str, run_b: str, csv: bool, exact: bool, digits: int, wide: bool) -> None:
    """What differs between two results (data, versions, hypers), and whether their numbers do.

    RUN_A and RUN_B are folders of results, or names of benchmarks. Errors of the rows and tasks that both hold are
    compared on the same test samples; the interval of A / B resamples what the task's protocol leaves out. With --exact
    their leaderboards are compared, of this or an earlier version; a CSV file may be given, too.
    """
    from jijbench.benchmark import benchmark_names
    from jijbench.errors import UnknownName
    from jijbench.tables.compare import compare_markdown, compare_table
    from jijbench.tables.results import found_results
    from jijbench.text import without_formulas

    if exact:
        a_table, b_table = (Path(name) if Path(name).is_file() else default_folder(name) for name in (run_a, run_b))
        _exact(a_table, b_table, digits)
        return
    for name in (run_a, run_b):
        if given_folder(name) is None and name not in benchmark_names() and not name.endswith(".yaml"):
            raise UnknownName("folder of results or benchmark", name, benchmark_names())
    a, b = found_results(default_folder(run_a)), found_results(default_folder(run_b))
    if csv:
        table = without_formulas(compare_table(a, b))
        click.echo(table.to_csv(index=False, float_format="%.6g", lineterminator="\n"), nl=False)
        return
    echo_page(compare_markdown(a, b).rstrip("\n"), wide)


def _exact(run_a: Path, run_b: Path, digits: int) -> None:
    from jijbench.tables.exact import differences, read_table

    a, b = read_table(run_a), read_table(run_b)
    found = differences(a, b, digits)
    for one in found:
        click.echo(f"{one.task} {one.row} {one.column}: {one.a} → {one.b}")
    size = f"{len(a)} lines of {len(a.columns)} columns"
    click.echo(f"{len(found)} cells differ ({size}, {digits} digits)" if found else f"equal: {size}", err=True)
    sys.exit(1 if found else 0)
