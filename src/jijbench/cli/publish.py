"""``jijbench publish``."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from jijbench.cli._results import FOLDER

if TYPE_CHECKING:
    from jijbench.benchmark import Benchmark


@click.command()
@click.argument("run", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("benchmark", default="full")
@click.option("--to", "out", type=FOLDER, help="Default: the official records.")
@click.option("--renew", is_flag=True, help="Instead: prove rows whose code has changed, then renew its hashes.")
def command(run: Path | None, benchmark: str, out: Path | None, renew: bool) -> None:
    """Pack the records that RUN holds of BENCHMARK, one pair of files a row, where they are published.

    A row of which cells are still missing is marked so, and has no numbers in the table. `jijbench run BENCHMARK
    --results FOLDER` goes on from packed records: a long run can move between machines by publish and resume.
    """
    from jijbench.benchmark import load_benchmark
    from jijbench.runner.publish import publish
    from jijbench.tables.results import official_folder

    if renew == (run is not None):
        raise click.UsageError("give the folder of a run, or --renew")
    loaded, there = load_benchmark(benchmark), out or official_folder()
    if run is None:
        _renew(loaded, there)
        return
    rows = list(publish(loaded, run, there))
    for done in rows:
        missing = f", {done.missing} still to be computed" if done.missing else ""
        click.echo(f"{done.path}: {done.added} cells, {done.kept} kept{missing}")
    click.echo(f"{len(rows)} rows published; `jijbench leaderboard {benchmark} --write` renews the tables", err=True)


def _renew(loaded: "Benchmark", there: Path) -> None:
    from jijbench.errors import RecordError
    from jijbench.runner.publish import renew
    from jijbench.runner.refit import changed_rows, prove
    from jijbench.tables.results import load_results

    results = load_results(loaded, there, [*loaded.cells(), *loaded.growth_cells()])
    rows = changed_rows(list(results.cells), results.records)
    proofs = list(prove(rows, results.records, results.held))
    for proof in proofs:
        click.echo(f"{proof.row}: {proof.outcome}, {proof.why}")
    other = [proof.row for proof in proofs if proof.outcome == "other"]
    if other:
        raise RecordError(f"{', '.join(other)} give other numbers; raise their `version` and compute them anew")
    same = {proof.row: rows[proof.row] for proof in proofs if proof.outcome == "same"}
    click.echo(f"hashes renewed in {renew(same, there)} packs", err=True)
