"""``jijbench list``: names only, no heavy import."""

import click

from jijbench.cli._tables import echo_lines
from jijbench.context import home

KINDS = ("datasets", "tasks", "rows", "adapters", "benchmarks")


def _datasets() -> list[str]:
    from jijbench.data.card import read_card

    cards = [read_card(path.parent) for path in sorted(home("datasets").glob("*/card.yaml"))]
    width = max(len(card.id) for card in cards)
    return [f"{card.id:{width}}  {card.title} ({card.licence})" for card in cards]


def _tasks() -> list[str]:
    paths = sorted(home("datasets").glob("*/splits/*.json"))
    return [
        f"{path.parents[1].name}/{target}/{path.stem}" for path in paths for target in _targets(path.parents[1].name)
    ]


def _targets(dataset: str) -> list[str]:
    from jijbench.data.card import read_card

    return list(read_card(home("datasets") / dataset).targets)


def _rows() -> list[str]:
    from jijbench.benchmark import load_benchmark

    width = max(len(row.row) for row in load_benchmark("full").rows)
    return [f"{row.row:{width}}  {row.adapter}, {row.inputs}" for row in load_benchmark("full").rows]


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
    from jijbench.benchmark import benchmark_names, load_benchmark

    return [f"{name:8}  {load_benchmark(name).description}" for name in benchmark_names()]


@click.command()
@click.argument("kind", type=click.Choice(KINDS), required=False)
def command(kind: str | None) -> None:
    """Names of datasets, tasks, rows, adapters and benchmarks; all of them without KIND."""
    make = {"datasets": _datasets, "tasks": _tasks, "rows": _rows, "adapters": _adapters, "benchmarks": _benchmarks}
    for name in KINDS if kind is None else (kind,):
        if kind is None:
            click.echo(f"{name}:")
        echo_lines((f"  {line}" if kind is None else line, 6) for line in make[name]())
