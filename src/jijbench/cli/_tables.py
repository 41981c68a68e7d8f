"""Tables as whoever reads wants them: as wide as the terminal; plain, and one line a row, in a pipe."""

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import click

from jijbench.text import visible

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

    from jijbench.tables.results import Results

UNBROKEN = 100_000  # characters of a line where nothing shall be folded
GAP = 2
wide_tables = click.option("--wide", is_flag=True, help="Every column, however long the lines become.")


def console(wide: bool = False) -> "Console":
    """What writes to stdout: in a terminal's own width and with its colours (not with NO_COLOR), else plain.

    It goes past what makes control characters visible, so texts of others must have been through ``visible``.
    """
    from rich.console import Console

    stream = getattr(sys.stdout, "obeyed", sys.stdout)
    unbroken = wide or not stream.isatty()
    return Console(
        file=stream, width=UNBROKEN if unbroken else None, highlight=False, markup=False, emoji=False,
        color_system=None if os.environ.get("NO_COLOR") else "auto",
    )  # fmt: skip


def print_table(
    out: "Console", heads: Sequence[str], rows: Sequence[Sequence[str]], bold: Sequence[bool] = ()
) -> list[str]:
    """A table of the leading columns that fit; returns the heads of those that do not.

    Only the second column, which names the row, may be folded.
    """
    from rich.table import Table
    from rich.text import Text

    heads, rows = [visible(head) for head in heads], [[visible(cell) for cell in row] for row in rows]
    widths = [max(Text(cell).cell_len for cell in column) for column in zip(heads, *rows, strict=True)]
    shown = len(heads)
    while shown > 2 and sum(widths[:shown]) + GAP * (shown - 1) > out.width:
        shown -= 1
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    for head, column in zip(heads[:shown], list(zip(*rows, strict=True)) or [()] * len(heads), strict=False):
        table.add_column(head, justify="right" if _numeric(column) else "left", overflow="fold", no_wrap=shown > 2)
    for k, row in enumerate(rows):
        table.add_row(*row[:shown], style="bold" if k < len(bold) and bold[k] else None)
    out.print(table)
    return heads[shown:]


def _numeric(column: Sequence[str]) -> bool:
    return all(re.fullmatch(r"[-−+]?[\d.]*", cell) for cell in column)


def print_text(out: "Console", text: str, indent: int = 0, style: str | None = None) -> None:
    """A paragraph, folded between words, all lines but the first indented."""
    from rich.text import Text

    lines = Text(visible(text)).wrap(out, max(20, out.width - indent))
    for k, line in enumerate(lines):
        line.rstrip()
        out.print(Text(" " * (indent if k else 0)) + line, style=style, soft_wrap=True)


def echo_lines(lines: Iterable[tuple[str, int]]) -> None:
    """Lines and how far each is indented where a terminal is too narrow for it; rich is not loaded for a pipe."""
    out = console() if sys.stdout.isatty() else None
    for text, indent in lines:
        if out is None:
            click.echo(text)
        else:
            print_text(out, text, indent)


def print_leaderboard(table: "pd.DataFrame", official: "pd.DataFrame | None", wide: bool = False) -> None:
    """The table of each task: rank, row, headline with interval, the official value, skill, seconds; then why not."""
    out = console(wide)
    for task in dict.fromkeys(table["task"]):
        _print_task(out, table[table["task"] == task], task, official, wide)
    ends = "" if wide else "More columns: --wide. "
    print_text(out, f"{ends}What a word means: `jijbench explain floor` (or rank, skill, cell, …).")


def _print_task(
    out: "Console", table: "pd.DataFrame", task: str, official: "pd.DataFrame | None", wide: bool
) -> None:  # fmt: skip
    from jijbench.tables.forms import about, compact, shown

    question, resolution = about(table, task)
    cells = shown(table, task, official) if wide else compact(table, task, official)
    if not wide:
        floors = [" *" if kind == "floor" else "" for kind in table["kind"]]
        cells["row"] = [row + mark for row, mark in zip(cells["row"], floors, strict=True)]
    print_text(out, task, style="bold")
    print_text(out, question.replace("*", ""))
    out.print()
    left = print_table(out, list(cells.columns), cells.to_numpy().tolist(), bold=[True])
    out.print()
    if left:
        print_text(out, f"Not shown for want of room: {', '.join(left)}.")
    if not wide and (table["kind"] == "floor").any():
        print_text(out, "* a floor: a simple rule that a model has to beat.")
    print_text(out, resolution)
    for line in table[table["reason"].notna() | table["note"].notna()].to_dict("records"):
        why = line["reason"] if isinstance(line["reason"], str) else line["note"]
        print_text(out, f"- {line['row']}: {line['status']}, {' '.join(why.split())}", indent=2)
    out.print()


def echo_csv(table: "pd.DataFrame") -> None:
    """A table of numbers for a file: six digits, no text that is a formula."""
    from jijbench.text import without_formulas

    click.echo(without_formulas(table).to_csv(index=False, float_format="%.6g", lineterminator="\n"), nl=False)


def echo_tasks(results: "Results", page: "Callable[[Results, str], str]", wide: bool) -> None:
    """The page of each task, under its name."""
    for task in dict.fromkeys(cell.task for cell in results.cells):
        echo_page(f"### {task}\n\n{page(results, task)}", wide)


def echo_page(page: str, wide: bool = False) -> None:
    """A page of Markdown: as it is in a pipe, with tables that fit on a terminal."""
    out = console(wide)
    if not out.is_terminal:
        click.echo(page)
        return
    for block in _blocks(page.splitlines()):
        if block[0].startswith("|") and len(block) > 1:
            heads, _, *rows = (_cells(line) for line in block)
            left = print_table(out, heads, rows)
            if left:
                print_text(out, f"(not shown for want of room: {', '.join(left)}; --wide)")
        else:
            for line in block:
                print_text(out, line, indent=2 if line.startswith("- ") else 0)
    out.print()


def _blocks(lines: Sequence[str]) -> Iterator[list[str]]:
    """Runs of lines that belong to a table, and of lines that do not."""
    block: list[str] = []
    for line in lines:
        if block and line.startswith("|") != block[0].startswith("|"):
            yield block
            block = []
        block.append(line)
    if block:
        yield block


def _cells(line: str) -> list[str]:
    r"""The cells of a line; ``\|`` within one is a bar, ``\\`` a backslash."""
    cells = re.split(r"(?<!\\)(?:\\\\)*\|", line.strip().removeprefix("|").removesuffix("|"))
    return [re.sub(r"\\([\\|])", r"\1", cell.strip()).replace("&lt;", "<").replace("]\\(", "](") for cell in cells]
