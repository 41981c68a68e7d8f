"""``jijbench leaderboard``."""

from pathlib import Path

import click

from jijbench.cli._results import default_folder, official_table, only_rows, only_tasks, open_results, results_folder


@click.command()
@click.argument("benchmark", default="full")
@results_folder
@only_tasks
@only_rows
@click.option("--format", "form", type=click.Choice(["md", "csv", "json"]), default="md", show_default=True)
@click.option("--write", is_flag=True, help="Write the tables into the results folder and renew README and docs.")
def command(
    benchmark: str, results: Path | None, tasks: tuple[str, ...], rows: tuple[str, ...], form: str, write: bool
) -> None:
    """The table of BENCHMARK, recomputed from its records.

    A missing record is an error that names the cells; failed, refused and stale rows are shown with their reason.
    """
    from jijbench.board import leaderboard
    from jijbench.forms import files

    folder = results or default_folder(benchmark)
    if write:
        _write(benchmark, folder)
        return
    table = leaderboard(open_results(benchmark, folder, tasks, rows))
    official = official_table() if folder.name != "full" else None
    click.echo(files(table, official)[f"leaderboard.{form}"], nl=False)


def _write(benchmark: str, folder: Path) -> None:
    """Tables from the records as they are: a stale record keeps its number, ``verify`` warns of it."""
    from jijbench.benchmark import load_benchmark
    from jijbench.documents import documents, render
    from jijbench.files import write_atomically
    from jijbench.results import load_results
    from jijbench.verify import tables

    results = load_results(load_benchmark(benchmark), folder)
    for name, text in tables(results).items():
        write_atomically(folder / name, text.encode())
        click.echo(f"{folder / name} written")
    for path in documents(Path.cwd()):
        write_atomically(path, render(path.read_text(encoding="utf-8"), results).encode())
        click.echo(f"{path.name}: generated blocks renewed")
