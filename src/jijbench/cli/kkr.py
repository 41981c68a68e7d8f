"""``jijbench kkr``."""

from pathlib import Path

import click

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.group()
def command() -> None:
    """Steps to self-consistency that a start potential saves, in your own KKR program."""


@command.command()
@click.option("--program", type=click.Path(path_type=Path), required=True, help="Your own KKRimp.")
@click.option("--cases", type=FILE, required=True, help="csv with the columns host, impurity.")
@click.option("--hosts", type=click.Path(path_type=Path, exists=True), required=True, help="Folder of converged hosts.")
@click.option("--impurity", type=FILE, required=True, help="Predicted dv (.npz).")
@click.option("--shell", type=FILE, required=True, help="Predicted dv-shell (.npz).")
@click.option("--seconds", default=3600.0, show_default=True, help="Limit of one run.")
@click.argument("out", type=click.Path(path_type=Path))
def steps(program: Path, cases: Path, hosts: Path, impurity: Path, shell: Path, seconds: float, out: Path) -> None:
    """Run every case from the atomic and the predicted starts; write OUT/steps.csv and OUT/savings.csv."""
    import pandas as pd

    from jijbench.export.kkr_steps import run_cases, savings

    table = pd.read_csv(cases, dtype=str, keep_default_na=False)
    if not {"host", "impurity"} <= set(table.columns):
        raise click.UsageError(f"{cases}: columns {list(table.columns)}, expected host, impurity")
    pairs = list(zip(table["host"], table["impurity"], strict=True))
    runs = run_cases(program, pairs, hosts, {"dv": impurity, "dv-shell": shell}, out, seconds)
    runs.to_csv(out / "steps.csv", index=False)
    saved = savings(runs)
    saved.to_csv(out / "savings.csv", index=False)
    click.echo(saved.to_string(index=False))
