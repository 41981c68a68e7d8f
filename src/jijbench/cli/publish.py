"""``jijbench publish``."""

from pathlib import Path

import click

from jijbench.cli._results import FOLDER


@click.command()
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("benchmark", default="full")
@click.option("--to", "out", type=FOLDER, help="Default: the official records.")
def command(run: Path, benchmark: str, out: Path | None) -> None:
    """Pack the records that RUN holds of BENCHMARK, one pair of files a row, where they are published.

    A row of which cells are still missing is marked so, and has no numbers in the table. `jijbench run BENCHMARK
    --results FOLDER` goes on from packed records: a long run can move between machines by publish and resume.
    """
    from jijbench.benchmark import load_benchmark
    from jijbench.results import official_folder
    from jijbench.runner.publish import publish

    rows = 0
    for rows, done in enumerate(publish(load_benchmark(benchmark), run, out or official_folder()), start=1):
        missing = f", {done.missing} still to be computed" if done.missing else ""
        click.echo(f"{done.path}: {done.added} cells, {done.kept} kept{missing}")
    click.echo(f"{rows} rows published; `jijbench leaderboard {benchmark} --write` renews the tables", err=True)
