"""``jijbench verify``."""

import sys
from pathlib import Path

import click

from jijbench.cli._results import one_thread


@click.command()
@click.option("--root", default=".", type=click.Path(exists=True, file_okay=False, path_type=Path), show_default=True,
              help="Checkout whose README and results are checked.")  # fmt: skip
@click.option("--refit", is_flag=True, help="Fit a cheap cell of each row whose code has changed, and compare.")
@click.option("--refit-all", is_flag=True, help="The same for every row (some minutes).")
@click.option("--json", "as_json", is_flag=True, help="Findings as JSON.")
def command(root: Path, refit: bool, refit_all: bool, as_json: bool) -> None:
    """Recompute every published number from the committed data, splits, records and predictions.

    Exit code 1 if a number is wrong; stale records are a warning. A row whose code gives other numbers than its
    records, without another `version`, is wrong too; only --refit can tell. Nothing is written.
    """
    from jijbench import verify
    from jijbench.errors import DataError

    if not (root / "results" / "full").is_dir():
        raise DataError(f"{root.resolve()} is no checkout with results/full, which is what is recomputed; give --root")
    one_thread()
    findings = verify.verify(root, refit, refit_all)
    if as_json:
        click.echo(verify.as_json(findings), nl=False)
    else:
        for finding in findings:
            click.echo(f"{finding.level:8}{finding.what}", err=finding.level == "error")
    errors = sum(finding.level == "error" for finding in findings)
    warnings = sum(finding.level == "warning" for finding in findings)
    click.echo(f"{len(findings)} checks, {errors} errors, {warnings} warnings", err=True)
    sys.exit(1 if errors else 0)
