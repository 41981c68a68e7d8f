"""``jijbench data``: list, show, validate, export, import, split."""

from pathlib import Path
from typing import Any

import click

from jijbench.context import home


@click.group()
def command() -> None:
    """Datasets: what they are, whether they are intact, and how to bring your own."""


@command.command("list")
def list_() -> None:
    """Datasets that come with the suite."""
    from jijbench.data.card import read_card
    from jijbench.data.dataset import dataset_ids

    for name in dataset_ids():
        card = read_card(home("datasets") / name)
        click.echo(f"{name:22}  {card.title} ({', '.join(card.targets)}; {card.licence})")


@command.command()
@click.argument("dataset")
def show(dataset: str) -> None:
    """The card of DATASET (an id, or a folder): method, convention, units, licence, citation, hashes."""
    from jijbench.data.card import check_hashes
    from jijbench.data.dataset import dataset_folder, load_dataset

    loaded = load_dataset(dataset)
    check_hashes(loaded.folder, loaded.card)
    click.echo((dataset_folder(dataset) / "card.yaml").read_text(encoding="utf-8"), nl=False)
    click.echo(f"samples: {len(loaded)}\nsha256: {loaded.sha256}")


@command.command()
@click.argument("dataset")
def validate(dataset: str) -> None:
    """Check hashes, schema, units, every row, duplicates, symmetry orbits and splits of DATASET."""
    from jijbench.data.split import load_split, split_names
    from jijbench.data.validate import validate as check

    loaded, audit = check(dataset)
    click.echo(f"{loaded.id}: {len(loaded.card.files)} files have the sha256 of the card ({loaded.sha256[:12]})")
    click.echo(f"{audit.samples} samples in {audit.orbits} symmetry orbits, {audit.twins} twins")
    if audit.disagreement is not None:
        click.echo(f"values within an orbit differ by {audit.disagreement:.3f} on average, at most {audit.worst:.3f}")
    for name in split_names(loaded):
        split = load_split(loaded, name)
        click.echo(f"split {name}: {len(split.folds)} folds, disjoint, no orbit parted ({split.sha256[:12]})")


@command.command()
@click.argument("dataset")
@click.option("--output", "-o", type=click.Path(dir_okay=False, path_type=Path), help="Default: DATASET.extxyz.")
def export(dataset: str, output: Path | None) -> None:
    """Write every sample of DATASET into one extended XYZ file for other programs."""
    from jijbench.data.dataset import load_dataset
    from jijbench.data.export import export_extxyz

    loaded = load_dataset(dataset)
    path = output or Path(f"{loaded.id}.extxyz")
    click.echo(f"{export_extxyz(loaded, path)} structures written to {path}")


@command.command("import", epilog=f"\b\nColumn maps, conventions, hosts:\n{home('docs') / 'import.md'}")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--columns", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="YAML column map; see the page below.")  # fmt: skip
@click.option(
    "--output", "-o", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder to write."
)
@click.option("--id", "name", required=True, help="Id of the new dataset.")
@click.option("--title", default="", help="One line.")
@click.option("--licence", default="not stated", show_default=True)
@click.option("--citation", default="not stated", show_default=True)
@click.option("--code", default="not stated", show_default=True, help="Program that computed J.")
@click.option("--functional", default="not stated", show_default=True)
@click.option("--spin-orbit/--no-spin-orbit", default=None, help="Whether J includes it; D never is without it.")
@click.option("--radius", type=float, default=5.0, show_default=True, help="Radius of the host clusters, Å.")
@click.option("--host", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="host.json, CIF or POSCAR of the host cell; default Bi2Te3.")  # fmt: skip
def import_(file: Path, columns: Path, output: Path, name: str, title: str, **more: Any) -> None:
    """Read any table of dimers (text or parquet) into a dataset folder, validated row by row."""
    from jijbench.data.columns import read_columns
    from jijbench.data.importer import import_table

    card = import_table(file, read_columns(columns), output, id=name, title=title or name, **more)
    click.echo(f"{output}: dataset {card.id} ({card.sha256[:12]}); check it with `jijbench data validate {output}`")


@command.command()
@click.argument("dataset")
@click.argument("protocol")
@click.option("--seed", default=0, show_default=True)
@click.option("--train-on", metavar="DATASET", help="Training comes from there, and DATASET is tested as a whole.")
@click.option("--shell", type=int, help="Of --train-on only this shell.")
def split(dataset: str, protocol: str, seed: int, train_on: str | None, shell: int | None) -> None:
    """Write the split of PROTOCOL for DATASET; an existing one is kept unless the data have changed."""
    from jijbench.data.dataset import load_dataset
    from jijbench.data.split import Source, split_path, write_split
    from jijbench.errors import DataError

    loaded = load_dataset(dataset)
    path = split_path(loaded, protocol)
    if path.is_file() and loaded.sha256 in path.read_text(encoding="utf-8"):
        raise DataError(f"{path} exists for these data; a split is written once (remove the file to make another)")
    if shell is not None and train_on is None:
        raise click.UsageError("--shell belongs to --train-on; say from which dataset training comes")
    source = None if train_on is None else Source(load_dataset(train_on).id, shell)
    click.echo(f"{write_split(loaded, protocol, seed, source)} written")
