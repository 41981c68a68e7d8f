"""``jijbench export``: one file ``export_<name>.py`` a subcommand, imported when it is called."""

import importlib
from pathlib import Path

import click

PREFIX = "export_"


class ByFile(click.Group):
    """A group whose subcommands are the files beside it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(path.stem.removeprefix(PREFIX) for path in Path(__file__).parent.glob(f"{PREFIX}*.py"))

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in self.list_commands(ctx):
            return None
        return importlib.import_module(f"jijbench.cli.{PREFIX}{name}").command


@click.command(cls=ByFile)
def command() -> None:
    """Hand a winner over: files that the next code reads."""
