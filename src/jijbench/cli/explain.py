"""``jijbench explain``."""

import re

import click


@click.command()
@click.argument("words", metavar="[WORD]...", nargs=-1)
def command(words: tuple[str, ...]) -> None:
    """What WORD means in tables and commands, as in `jijbench explain floor`; all words without one.

    Row, cell, orbit, twin, floor, hyper, skill, rank and others that tables and messages use.
    """
    from jijbench.cli._tables import console, print_text
    from jijbench.context import home
    from jijbench.glossary import entries, explain

    out = console()
    for entry in [explain(word) for word in words] or entries():
        also = f" ({', '.join(entry.also)})" if entry.also else ""
        meaning = re.sub(r"\[[^]]*\]\(([^)]*)\)", rf"{home('docs')}/\1", entry.meaning)
        meaning = re.sub(r"\*+([^*`\s][^*]*)\*+", r"\1", meaning)
        print_text(out, f"{entry.word}{also}: {meaning}", indent=2)
