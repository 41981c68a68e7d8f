"""``jijbench kkr``."""

import click


@click.group()
def command() -> None:
    """Steps to self-consistency that a start potential saves, in your own KKR program."""
