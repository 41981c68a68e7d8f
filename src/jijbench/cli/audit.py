"""``jijbench audit``."""

import click


@click.command()
@click.argument("dataset")
def command(dataset: str) -> None:
    """What a random split over the rows of DATASET gains from symmetric twins, as a number.

    Twins are samples that a symmetry of the host, or naming i and j the other way round, makes equal.
    """
    from jijbench.runner.audit import audit_markdown, twin_audit

    click.echo(audit_markdown(twin_audit(dataset)), nl=False)
