"""``jijbench export spin``."""

import json
from pathlib import Path

import click

from jijbench.cli._alloy import alloy_options, assignments, numbers
from jijbench.convention import CODES


@click.command()
@click.option("--code", type=click.Choice(sorted(CODES)), default="spirit", show_default=True)
@alloy_options
@click.argument("folder", type=click.Path(path_type=Path))
def command(
    code: str,
    exchange: str,
    concentrations: tuple[str, ...],
    supercell: tuple[int, int, int],
    seed: int,
    moments: tuple[str, ...],
    shells: str | None,
    folder: Path,
) -> None:
    """Write a random alloy in Bi2Te3 into FOLDER, for a code of spin dynamics.

    \b
    jijbench export spin -c Cr=0.1 -c Mn=0.05 --supercell 12 12 1 --seed 0 alloy
    jijbench export spin --code uppasd --exchange predicted.csv -c V=0.1 alloy

    spirit, tb2j: one realisation in a hexagonal supercell (6 Bi sites a cell); vampire: in an orthorhombic one
    (12 sites); uppasd: concentrations and J by species, the code draws the alloy itself. Every shell needs a J of every
    pair of species, the supercell must be twice as thick as the longest shell, and FOLDER new or empty.
    """
    from jijbench.spin.export import export_spin

    paths = export_spin(
        code, exchange, assignments(concentrations), supercell, folder,
        seed=seed, moments=assignments(moments), shells=numbers(shells),
    )  # fmt: skip
    for path in paths:
        click.echo(path)
    for words, count in json.loads(paths[-1].read_text(encoding="utf-8"))["outside_training"].items():
        click.echo(f"warning: {count} couplings come from outside the model's training: {words}", err=True)
