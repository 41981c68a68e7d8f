"""``jijbench check``."""

import sys
from pathlib import Path
from typing import Any

import click


def _hypers(ctx: click.Context, option: click.Parameter, given: tuple[str, ...]) -> dict[str, Any]:
    """``zeta=4`` → a hyper; the value is read as YAML."""
    from jijbench.reading import parse_yaml

    found = {}
    for text in given:
        name, sign, value = text.partition("=")
        if not sign or not name:
            raise click.BadParameter(f"{text!r} is no hyper; write NAME=VALUE, as in zeta=4", ctx, option)
        found[name] = parse_yaml(value, f"--hyper {name}")
    return found


@click.command()
@click.argument("name")
@click.option("--hyper", "hypers", multiple=True, callback=_hypers, metavar="NAME=VALUE",
              help="A hyper (a setting that changes the answer), over the class's cheap ones "
                   "(again for more).")  # fmt: skip
@click.option("--target", help="Target; default: J, or the first that the adapter does not refuse.")
@click.option("--inputs", help="Kind of inputs; default: the first that the adapter does not refuse.")
@click.option("--seconds", default=60.0, show_default=True, type=click.FloatRange(min=0, min_open=True),
              help="Time that one fit on the toys may take.")  # fmt: skip
@click.option("--memory-mib", default=4096.0, show_default=True, help="Memory that it may take.")
@click.option("--tolerance", default=1e-6, show_default=True,
              help="How far numbers that should be equal may lie apart, in units of the rms of the toys.")  # fmt: skip
@click.option(
    "--output", "-o", type=click.Path(dir_okay=False, path_type=Path), help="Also write the report here (.md)."
)
def command(
    name: str, hypers: dict[str, Any], target: str | None, inputs: str | None, seconds: float, memory_mib: float,
    tolerance: float, output: Path | None,
) -> None:  # fmt: skip
    """Check that the adapter NAME (or module:Class) keeps the contract, and print a Markdown report.

    Offline and within a minute, on toy dimers, or impurities in toy hosts, with a known answer: shapes, seeds, order,
    symmetry, elements never seen, saving, what it leaves alone and what it costs. Exit code 1 if a check fails.

    \b
    Examples:
      jijbench check soap --hyper kernel_of=pair
      jijbench check my_module:MyAdapter --inputs structure+moments -o report.md
      jijbench check plain-gp --target dv-shell
    """
    from jijbench import targets
    from jijbench.testing.contract import examine
    from jijbench.testing.report import report

    limits = {"seconds": seconds, "memory_mib": memory_mib, "tolerance": tolerance}
    about = None if target is None else targets.target(target)
    contract = examine(name, hypers, target=about, inputs=inputs, **limits)
    text = report(contract)
    click.echo(text, nl=False)
    if output is not None:
        output.write_text(text, encoding="utf-8")
        click.echo(f"report written to {output}", err=True)
    sys.exit(1 if contract.failed else 0)
