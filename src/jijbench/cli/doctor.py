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

    out, broken = console(), False
    for line in examine(benchmark):
        broken |= line.wrong
        print_text(out, f"{line.topic:19}{'WRONG: ' if line.wrong else ''}{line.text}", indent=19)
    sys.exit(1 if broken else 0)
