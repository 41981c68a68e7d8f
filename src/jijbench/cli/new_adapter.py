"""``jijbench new-adapter``."""

from pathlib import Path

import click


@click.command()
@click.argument("name")
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path), help="Default: ./jijbench-NAME.")
def command(name: str, folder: Path | None) -> None:
    """Write a package with a small working adapter called NAME, registered and tested.

    NAME is what rows and `jijbench check` call it: small letters, digits and hyphens. The package's tests inherit the
    contract and pass; change the model, keep them passing. An existing folder is left alone.
    """
    from jijbench.testing.skeleton import write_skeleton

    written = write_skeleton(name, folder or Path(f"jijbench-{name}"))
    for path in written:
        click.echo(f"{path} written")
    where = folder or f"jijbench-{name}"
    click.echo(f"next: pip install -e {where}; jijbench check {name}; pytest {where}")
