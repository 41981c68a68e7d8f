"""``jijbench kkr``."""

from pathlib import Path

import click

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)


@click.group()
def command() -> None:
    """Start potentials in your own KKR program: what to ask the model for, and what they save."""


@command.command()
@click.option("--cases", type=FILE, required=True, help="csv with the columns host, impurity.")
@click.option("--hosts", type=FOLDER, required=True, help="Folder of converged hosts.")
@click.argument("output", type=click.Path(path_type=Path, dir_okay=False))
def ask(cases: Path, hosts: Path, output: Path) -> None:
    """Read starts and hosts from your cards into OUTPUT (.npz), the question to `jijbench predict`.

    \b
    jijbench kkr ask --cases cases.csv --hosts hosts asked.npz
    jijbench predict dv-bundle asked.npz -o dv.npz
    """
    from jijbench.export.kkr_cases import asked, read_cases
    from jijbench.files import write_atomically
    from jijbench.record import npz

    if output.suffix != ".npz":
        raise click.UsageError(f"{output}: the output is an .npz file")
    found = read_cases(cases)
    write_atomically(output, npz(asked(found, hosts)))
    click.echo(f"{output}: {len(found)} cases")


@command.command()
@click.option("--program", type=click.Path(path_type=Path), required=True, help="Your own KKRimp.")
@click.option("--cases", type=FILE, required=True, help="csv with the columns host, impurity.")
@click.option("--hosts", type=FOLDER, required=True, help="Folder of converged hosts.")
@click.option("--impurity", type=FILE, required=True, help="Predicted dv (.npz).")
@click.option("--shell", type=FILE, required=True, help="Predicted dv-shell (.npz).")
@click.option("--seconds", default=3600.0, show_default=True, help="Limit of one run.")
@click.argument("out", type=click.Path(path_type=Path))
def steps(program: Path, cases: Path, hosts: Path, impurity: Path, shell: Path, seconds: float, out: Path) -> None:
    """Run every case from the atomic and the predicted starts; write OUT/steps.csv and OUT/savings.csv.

    Call it again after an interruption: what steps.csv holds is not run again.
    """
    from jijbench.export.kkr_cases import read_cases
    from jijbench.export.kkr_steps import STARTS, read_runs, run_cases, savings
    from jijbench.files import write_atomically

    found = read_cases(cases)
    for runs in run_cases(program, found, hosts, {"dv": impurity, "dv-shell": shell}, out, seconds):
        last = runs.iloc[-1]
        said = f" ({last['reason']})" if last["reason"] else ""
        click.echo(
            f"[{len(runs)}/{len(found) * len(STARTS)}] {last['impurity']} in {last['host']}, {last['start']}: "
            f"{last['steps']} steps, {last['ended']}{said}"
        )
    saved = savings(read_runs(out))
    write_atomically(out / "savings.csv", saved.to_csv(index=False).encode())
    click.echo(saved.to_string(index=False))
