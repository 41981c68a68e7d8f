"""The command ``jijbench``: parses arguments, calls one function each. Commands load when they are used."""

import importlib
import os
import sys
from typing import Any

import click

from jijbench import __version__
from jijbench.cli._terminal import prepare
from jijbench.errors import JijbenchError

#: command → module that defines it
COMMANDS = {
    "audit": "audit",
    "check": "check",
    "compare": "compare",
    "data": "data",
    "doctor": "doctor",
    "explain": "explain",
    "export": "export",
    "kkr": "kkr",
    "leaderboard": "leaderboard",
    "ledger": "ledger",
    "list": "lists",
    "migrate": "migrate",
    "new-adapter": "new_adapter",
    "plot": "plot",
    "predict": "predict",
    "publish": "publish",
    "report": "report",
    "run": "run",
    "spin": "spin",
    "uncertainty": "uncertainty",
    "verify": "verify",
}
HELP = {
    "audit": "What a random split over rows gains from symmetric twins.",
    "check": "Whether an adapter keeps the contract, on toy dimers.",
    "compare": "What differs between two runs, and whether their numbers do.",
    "data": "Datasets: list, show, validate, export, import.",
    "doctor": "What is installed, what is missing and how to add it, where things lie.",
    "explain": "What a word means: row, cell, orbit, floor, …",
    "export": "Hand a model over: a bundle, and files of the codes that need it.",
    "kkr": "Start potentials in your own KKR program: what it needs, what they save.",
    "leaderboard": "Print or write the table of a results folder.",
    "ledger": "What tuning promised and what the test said.",
    "list": "Names of datasets, tasks, rows, adapters and benchmarks.",
    "migrate": "Records of an earlier version in today's form.",
    "new-adapter": "Begin a model of your own: a package that already passes.",
    "plot": "Figures of a results folder.",
    "predict": "Predict with a bundle, for a file or a grid.",
    "publish": "Pack the records of a run, where they are published.",
    "report": "One HTML file about a benchmark, to open offline.",
    "run": "Run a benchmark; run again, it resumes.",
    "spin": "Critical temperatures and spin dynamics of random alloys.",
    "uncertainty": "Whether predicted uncertainties keep what they promise.",
    "verify": "Recompute every published number.",
}


class Lazy(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module = importlib.import_module(f"jijbench.cli.{COMMANDS[name]}")
        return module.command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, HELP[name]) for name in sorted(COMMANDS)])

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and args[0] not in COMMANDS:
            from jijbench.errors import UnknownName

            raise click.UsageError(str(UnknownName("command", args[0], COMMANDS)), ctx)
        return super().resolve_command(ctx, args)


@click.command(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="jijbench")
def cli() -> None:
    """Which model predicts exchange interactions and impurity potentials, and how far can it be trusted?

    \b
    First steps:
      jijbench list                 what there is
      jijbench run quick            a first table in a minute or two
      jijbench run default          every classical model, small budgets
      jijbench leaderboard full     the official table
      jijbench doctor               what is installed and what is missing
      jijbench explain WORD         what row, cell, orbit, floor, … mean

    Exit codes: 0 all well, 1 something was found wrong (message on stderr), 2 wrong usage.
    """


def main() -> None:
    """Entry point: errors of the suite become one line on stderr and exit code 1."""
    prepare()
    try:
        cli.main(standalone_mode=False)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.Abort:
        click.echo("stopped; run the same command again to go on", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except JijbenchError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(1)
    except OSError as error:
        about = f" ({os.fsdecode(error.filename)})" if isinstance(error.filename, str | bytes) else ""
        click.echo(f"error: {error.strerror or error}{about}; check the path and the free space", err=True)
        sys.exit(1)
