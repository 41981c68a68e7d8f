"""Options that name an alloy."""

from collections.abc import Callable

import click

from jijbench.cli._spans import span_of
from jijbench.errors import ExportError

exchange = click.option(
    "--exchange", default="dataset", show_default=True,
    help="csv of an exchange table (element_i, element_j, shell, jij_mev; triplet and D where known), a dataset, or "
    "`dataset` for the reference values of jij-bi2te3.",
)  # fmt: skip
concentrations = click.option(
    "-c", "--concentration", "concentrations", multiple=True, required=True, metavar="ELEMENT=SHARE",
    help="Share of the Bi sites, such as Cr=0.1 (again for more).",
)  # fmt: skip
supercell = click.option(
    "--supercell", nargs=3, type=int, default=(8, 8, 1), show_default=True, help="Conventional cells along each axis."
)
seed = click.option("--seed", default=0, show_default=True, help="Of the random occupation.")
moments = click.option(
    "--moment", "moments", multiple=True, metavar="ELEMENT=MUB", help="Spin moment where the data's own is not wanted."
)
shells = click.option("--shells", metavar="1-5,7", help="Neighbour shells to take. [default: all of the table]")


def alloy_options(function: Callable) -> Callable:
    """All of them, in the order of the help page."""
    for option in (shells, moments, seed, supercell, concentrations, exchange):
        function = option(function)
    return function


def assignments(pairs: tuple[str, ...]) -> dict[str, float]:
    """``("Cr=0.1", "V=0.05")`` → mapping; raises ``ExportError``."""
    found: dict[str, float] = {}
    for pair in pairs:
        name, _, value = pair.partition("=")
        try:
            number = float(value)
        except ValueError:
            raise ExportError(f"{pair!r} is not ELEMENT=NUMBER, such as Cr=0.1") from None
        if name in found:
            raise ExportError(f"{name} is given twice")
        found[name] = number
    return found


def numbers(text: str | None) -> list[int] | None:
    """``"1-5,7"`` → [1, 2, 3, 4, 5, 7]; None for None; raises ``ExportError``."""
    if text is None:
        return None
    found: list[int] = []
    for part in text.split(","):
        span = span_of(part)
        if span is None:
            raise ExportError(f"shells {text!r}: write numbers and ranges, such as 1-5,7")
        found += span
    return found
