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
    from jijbench.cli._tables import echo_lines
    from jijbench.doctor import examine

    lines = list(examine(benchmark))
    width = max(len(line.topic) for line in lines) + 2
    echo_lines((f"{line.topic:{width}}{'WRONG: ' if line.wrong else ''}{line.text}", width) for line in lines)
    sys.exit(1 if any(line.wrong for line in lines) else 0)
