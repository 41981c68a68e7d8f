"""``jijbench export bundle``."""

from pathlib import Path

import click

from jijbench.cli._results import default_folder, results_folder


@click.command()
@click.option("--task", required=True, help="dataset/target/protocol; `jijbench list tasks` shows all.")
@click.option(
    "--row", "--adapter", "row", default="best", show_default=True, help="Name of a row of the benchmark, or best."
)
@click.option("--benchmark", default="full", show_default=True, help="Benchmark whose rows and budget are used.")
@results_folder
@click.argument("out", type=click.Path(path_type=Path))
def command(task: str, row: str, benchmark: str, results: Path | None, out: Path) -> None:
    """Refit a row on all data of TASK and write it into the folder OUT.

    The search runs again with the benchmark's budget and the protocol's inner rule, on all data. `best` is the best
    row by the leaderboard's headline that can be saved without pickle; which rows were better is said. The folder
    holds plain arrays and JSON with the sha256 of every file, a card and the domain of the model; `jijbench predict`
    reads it.
    """
    from jijbench.bundle.export import export_bundle

    def tell(text: str) -> None:
        click.echo(text, err=True)

    bundle = export_bundle(task, out, row, benchmark, results or default_folder(benchmark), tell)
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    seconds = sum(bundle.card.seconds.values())
    click.echo(
        f"{out}: bundle {bundle.sha256[:12]}, {bundle.card.row}, {size / 1e6:.1f} MB, {seconds:.0f} s of search and fit"
    )
