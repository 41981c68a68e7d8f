"""``jijbench doctor``."""

import sys

import click


@click.command()
@click.argument("benchmark", required=False)
def command(benchmark: str | None) -> None:
    """Versions, extras and the command that adds each, threads, devices, cache, and whether data are intact.

    With BENCHMARK (quick, default, full, or a YAML file) also which of its rows lack something. Nothing is changed or
    downloaded. Exit code 1 where something is broken; a missing extra is not.
    """
    from jijbench.cli._tables import console, print_text
    from jijbench.doctor import examine

    out, lines = console(), list(examine(benchmark))
    width = max(len(line.topic) for line in lines) + 2
    for line in lines:
        print_text(out, f"{line.topic:{width}}{'WRONG: ' if line.wrong else ''}{line.text}", indent=width)
    sys.exit(1 if any(line.wrong for line in lines) else 0)
