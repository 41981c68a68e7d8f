"""``jijbench export``: one subcommand a file, ``cli/export_NAME.py`` with its ``command``; found by name."""

import importlib
from pathlib import Path

import click


class Found(click.Group):
    """A group whose subcommands are found by file and imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(path.stem.removeprefix("export_") for path in Path(__file__).parent.glob("export_*.py"))

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in self.list_commands(ctx):
            return None
        return importlib.import_module(f"jijbench.cli.export_{name}").command


@click.command(cls=Found)
def command() -> None:
    """Hand a model over to the code that needs it."""
