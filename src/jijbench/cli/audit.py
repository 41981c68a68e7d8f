"""``jijbench audit``."""

import click


@click.command()
@click.argument("dataset")
def command(dataset: str) -> None:
    """What a random split over the rows of DATASET gains from symmetric twins, as a number."""
    from jijbench.audit import render, twin_audit

    click.echo(render(twin_audit(dataset)), nl=False)
