"""``jijbench report``."""

from pathlib import Path

import click

from jijbench.cli._results import default_folder, only_rows, only_tasks, open_results, results_folder

FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("benchmark", default="full")
@results_folder
@only_tasks
@only_rows
@click.option("--output", "-o", type=FILE, help="Default: report.html in the results folder.")
@click.option("--markdown", type=FILE, help="Also write a summary for the page of a CI job.")
def command(
    benchmark: str, results: Path | None, tasks: tuple[str, ...], rows: tuple[str, ...], output: Path | None,
    markdown: Path | None,
) -> None:  # fmt: skip
    """Write one HTML file about BENCHMARK that opens offline: tables that sort, figures that answer the pointer."""
    from jijbench.files import write_atomically
    from jijbench.report import build
    from jijbench.report.summary import markdown as summary

    folder = results or default_folder(benchmark)
    found = open_results(benchmark, folder, tasks, rows)
    path = output or folder / "report.html"
    text = build(found).encode()
    write_atomically(path, text)
    click.echo(f"{path}: {len(text) / 1e6:.1f} MB")
    if markdown:
        write_atomically(markdown, summary(found).encode())
        click.echo(markdown)
