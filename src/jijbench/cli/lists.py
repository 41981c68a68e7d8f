"""``jijbench list``: names only, no heavy import; what is listed is read as it stands, loading it checks it."""

from pathlib import Path
from typing import Any

import click

from jijbench.cli._tables import echo_lines
from jijbench.context import home
from jijbench.errors import DataError

KINDS = ("datasets", "tasks", "rows", "adapters", "benchmarks")


def _listed(path: Path, *fields: str) -> list[Any]:
    """Fields of a YAML file."""
    from jijbench.reading import read_yaml

    found = read_yaml(path)
    lacking = [name for name in fields if not isinstance(found, dict) or name not in found]
    if lacking:
        raise DataError(f"{path} has no {lacking[0]}; restore it")
    return [found[name] for name in fields]


def _datasets() -> list[str]:
    cards = [_listed(path, "id", "title", "licence") for path in sorted(home("datasets").glob("*/card.yaml"))]
    width = max(len(name) for name, *_ in cards)
    return [f"{name:{width}}  {title} ({licence})" for name, title, licence in cards]


def _tasks() -> list[str]:
    cards = sorted(home("datasets").glob("*/card.yaml"))
    return [
        f"{card.parent.name}/{target}/{split.stem}"
        for card in cards
        if (splits := sorted(card.parent.glob("splits/*.json")))
        for targets in _listed(card, "targets")
        for split in splits
        for target in targets
    ]


def _rows() -> list[str]:
    (rows,) = _listed(home("benchmarks") / "full.yaml", "rows")
    width = max(len(row["row"]) for row in rows)
    return [f"{row['row']:{width}}  {row['adapter']}, {row.get('inputs', 'structure')}" for row in rows]


def _adapters() -> list[str]:
    from jijbench import adapters

    width = max(map(len, adapters.names()))
    return [f"{name:{width}}  {_about_adapter(name)}".rstrip() for name in adapters.names()]


def _about_adapter(name: str) -> str:
    """What it is, its licence, and what it lacks here."""
    from jijbench import adapters

    what, licence = adapters.described(name)
    reason = adapters.missing(name)
    return " ".join(filter(None, [what, licence and f"({licence})", reason and f"[{reason}]"]))


def _benchmarks() -> list[str]:
    paths = sorted(home("benchmarks").glob("*.yaml"))
    return [f"{path.stem:8}  {text}" for path in paths for text in _listed(path, "description")]


@click.command()
@click.argument("kind", type=click.Choice(KINDS), required=False)
def command(kind: str | None) -> None:
    """Names of datasets, tasks, rows, adapters and benchmarks; all of them without KIND."""
    make = {"datasets": _datasets, "tasks": _tasks, "rows": _rows, "adapters": _adapters, "benchmarks": _benchmarks}
    for name in KINDS if kind is None else (kind,):
        if kind is None:
            click.echo(f"{name}:")
        echo_lines((f"  {line}" if kind is None else line, 6) for line in make[name]())
