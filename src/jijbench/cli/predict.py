"""``jijbench predict``."""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from jijbench.cli._spans import span_of

if TYPE_CHECKING:
    from jijbench.bundle.model import Bundle
    from jijbench.data.sample import Sample

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("bundle", type=click.Path(exists=True, path_type=Path))
@click.argument("file", type=FILE, required=False)
@click.option("--grid", is_flag=True, help="All combinations of the data, or of what the next options name.")
@click.option("--elements", help="Dimers: impurity elements, such as Cr,V.")
@click.option("--shells", help="Dimers: neighbour shells, such as 1-5 or 1,3,7.")
@click.option("--hosts", help="Potentials: host crystals, such as Ag,Cu.")
@click.option("--impurities", help="Potentials: impurity elements, such as Fe,Co.")
@click.option(
    "--moments", type=FILE, help="csv with element, moment_mub, and sublattice if it matters; goes before the data's."
)
@click.option("--output", "-o", type=click.Path(dir_okay=False, path_type=Path),
              help="A .csv, .extxyz or .npz file (potentials: .npz); default: csv to the terminal.")  # fmt: skip
def command(bundle: Path, file: Path | None, output: Path | None, moments: Path | None, **grid: Any) -> None:
    """Predict with the model in the folder BUNDLE: for FILE, or for a grid.

    \b
    Dimers:      FILE is a csv (element_i, element_j, shell) or extended XYZ with the impurities marked 1 and 2;
                 or --grid, --elements Cr,V --shells 1-5
    Potentials:  FILE is a csv (host, impurity) or an npz with starts and hosts of your own;
                 or --grid, --hosts Ag,Cu --impurities Fe

    Each prediction says whether it is inside what the model was trained on (domain), with its standard deviation
    where the model gives one.
    """
    loaded = _load(bundle)
    loaded = _with_moments(loaded, moments)
    asked = _samples(loaded, file, grid)
    _write(loaded, asked, output)


def _load(folder: Path) -> "Bundle":
    from jijbench.bundle.model import load_bundle

    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", UserWarning)
        loaded = load_bundle(folder)
    for warning in told:
        click.echo(f"warning: {warning.message}", err=True)
    return loaded


def _with_moments(bundle: "Bundle", path: Path | None) -> "Bundle":
    from dataclasses import replace

    from jijbench.bundle.dimers import Dimers, read_moments

    if path is None:
        return bundle
    if not isinstance(bundle.known, Dimers):
        raise click.UsageError("--moments is for dimers; this bundle predicts potentials")
    return replace(bundle, known=bundle.known.given(read_moments(path)))


def _samples(bundle: "Bundle", file: Path | None, grid: dict[str, Any]) -> "list[Sample]":
    from jijbench.bundle.answer import read_samples_for
    from jijbench.bundle.dimers import Dimers

    dimers = isinstance(bundle.known, Dimers)
    wrong = [name for name in (("hosts", "impurities") if dimers else ("elements", "shells")) if grid[name] is not None]
    if wrong:
        raise click.UsageError(f"--{wrong[0]} does not fit a bundle of {bundle.card.domain.kind}")
    if (file is not None) == any(value for value in grid.values()):
        raise click.UsageError("give either FILE or a grid (--grid, --elements, --shells, --hosts, --impurities)")
    if file is not None:
        return read_samples_for(bundle, file)
    return _dimer_grid(bundle, grid) if dimers else _impurity_grid(bundle, grid)


def _dimer_grid(bundle: "Bundle", grid: dict[str, Any]) -> "list[Sample]":
    elements = _names(grid["elements"]) or bundle.card.domain.elements
    known: Any = bundle.known
    return known.grid(elements, None if grid["shells"] is None else _numbers(grid["shells"]))


def _impurity_grid(bundle: "Bundle", grid: dict[str, Any]) -> "list[Sample]":
    known: Any = bundle.known
    hosts = _names(grid["hosts"]) or list(bundle.card.domain.hosts)
    return known.grid(hosts, _names(grid["impurities"]) or bundle.card.domain.elements)


def _names(text: str | None) -> list[str]:
    return [name.strip() for name in (text or "").split(",") if name.strip()]


def _numbers(text: str) -> list[int]:
    """``1-3,5`` as 1, 2, 3, 5."""
    found: list[int] = []
    for part in _names(text):
        span = span_of(part)
        if span is None:
            raise click.UsageError(f"--shells {text!r}: {part!r} is no shell or range of shells, such as 3 or 1-5")
        found += span
    return found


def _write(bundle: "Bundle", samples: "list[Sample]", output: Path | None) -> None:
    from jijbench.bundle.answer import render
    from jijbench.files import write_atomically

    content = render(bundle, samples, output.suffix if output else ".csv")
    if output is None:
        click.echo(content.decode(), nl=False)
        return
    write_atomically(output, content)
    inside = sum(reason == "inside" for reason in bundle.domain(samples))
    click.echo(f"{output}: {len(samples)} predictions of {bundle.card.row}, {inside} inside what it was trained on")
