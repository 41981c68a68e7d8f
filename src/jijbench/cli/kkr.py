"""``jijbench kkr``."""

from pathlib import Path

import click

from jijbench.cli._told import warnings_told

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)


def _positive(_: click.Context, __: click.Parameter, value: float) -> float:
    if not value > 0:
        raise click.BadParameter(f"{value:g} is not above 0")
    return value


@click.group()
def command() -> None:
    """Start potentials in your own KKR program: what to ask the model for, and what they save."""


@command.command()
@click.option("--cases", type=FILE, required=True, help="csv with the columns host, impurity.")
@click.option("--hosts", type=FOLDER, required=True, help="Folder of converged hosts.")
@click.argument("output", type=click.Path(path_type=Path, dir_okay=False))
def ask(cases: Path, hosts: Path, output: Path) -> None:
    """Read starts and hosts from your files into OUTPUT (.npz), the question to `jijbench predict`.

    \b
    jijbench kkr ask --cases cases.csv --hosts hosts asked.npz
    jijbench predict dv-bundle asked.npz -o dv.npz
    """
    from jijbench.files import npz, write_atomically
    from jijbench.kkr.cases import asked, read_cases

    if output.suffix != ".npz":
        raise click.UsageError(f"{output}: the output is an .npz file")
    found = read_cases(cases)
    question = asked(found, hosts)
    write_atomically(output, npz(question))
    click.echo(f"{output}: {len(found)} cases")
    if (question["spins"] > 1).any():
        click.echo("warning: hosts of two spins; the models are non-magnetic, so every prediction is outside", err=True)


@command.command()
@click.option("--program", required=True, help="Your own KKRimp; arguments too, as 'mpirun -n 4 kkrimp.x'.")
@click.option("--cases", type=FILE, required=True, help="csv with the columns host, impurity.")
@click.option("--hosts", type=FOLDER, required=True, help="Folder of converged hosts.")
@click.option("--impurity", type=FILE, required=True, help="Predicted dv (.npz).")
@click.option("--shell", type=FILE, required=True, help="Predicted dv-shell (.npz).")
@click.option("--seconds", default=3600.0, show_default=True, callback=_positive, help="Limit of one run.")
@click.argument("out", type=click.Path(path_type=Path))
def steps(program: str, cases: Path, hosts: Path, impurity: Path, shell: Path, seconds: float, out: Path) -> None:
    """Run every case from the atomic and the predicted starts; write OUT/steps.csv and OUT/savings.csv.

    Program and files are checked before the first run. Call it again after an interruption, or with the cause of a
    failure mended: what steps.csv holds is not run again, unless it failed.
    """
    from jijbench.files import write_atomically
    from jijbench.kkr.cases import read_cases
    from jijbench.kkr.run import STARTS, read_runs, run_cases, savings

    found = read_cases(cases)
    with warnings_told():
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
