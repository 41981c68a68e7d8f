"""Generated blocks of README and docs: ``<!-- begin:NAME args --> … <!-- end:NAME -->``, made from the records."""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from jijbench.tables.downstream import downstream_markdown, downstream_table
from jijbench.tables.forms import compact, to_markdown
from jijbench.tables.growth import growth_markdown, growth_table
from jijbench.tables.kkr_savings import savings_markdown
from jijbench.tables.leaderboard import leaderboard
from jijbench.tables.ledger import ledger_markdown
from jijbench.tables.magnetism import magnetism_markdown
from jijbench.tables.results import Results
from jijbench.tables.uncertainty import uncertainty_markdown
from jijbench.text import markdown

BLOCK = re.compile(r"(<!-- begin:(?P<name>[a-z-]+)(?P<args>[^>]*?) -->\n).*?(<!-- end:(?P=name) -->)", re.DOTALL)


@lru_cache(maxsize=2)
def table_of(results: Results) -> pd.DataFrame:
    """The leaderboard behind the committed tables and the documents, computed anew but once."""
    return leaderboard(results, anew=True)


def _leaderboard(results: Results, task: str) -> str:
    table = table_of(results)
    return to_markdown(table[table["task"] == task])


def _best(results: Results, task: str) -> str:
    """The five best rows of a task and its best floor, as narrow as a page is."""
    table = table_of(results)
    table = table[(table["task"] == task) & (table["status"] == "complete")]
    floors = table["kind"] == "floor"
    chosen = pd.concat([table.head(5), table[floors].head(1)]).drop_duplicates("row")
    texts = compact(chosen, task).drop(columns="seconds")
    texts["row"] = [
        f"`{name}`" + (" (floor)" if kind == "floor" else "")
        for name, kind in zip(texts["row"], chosen["kind"], strict=True)
    ]
    return texts.map(markdown).to_markdown(index=False, disable_numparse=True) + "\n"


def _growth(results: Results, args: str) -> str:
    task, error = args.split()
    grown = [cell for cell in results.benchmark.growth_cells() if cell.task == task]
    return growth_markdown(growth_table(results.benchmark, results.held, grown), float(error))


def _downstream(results: Results, task: str) -> str:
    return downstream_markdown(downstream_table(results.only(task)))


def _published(results: Results, task: str) -> str:
    """The published set-up on this data, with what the numbers should be read against."""
    table = table_of(results)
    rows = table[(table["task"] == task) & (table["status"] == "complete")]
    zero = rows[rows["row"] == "zero"]
    lines = [
        "| row | MAE all | MAE all / mean abs J | R² all | MAE magnetic | R² magnetic |",
        "|---|---|---|---|---|---|",
    ]
    for _, row in rows[
        rows["row"].isin(["pair-gp+moments", "alchemical", "soap", "soap-pair", "low-rank", "zero"])
    ].iterrows():
        numbers = [row["mae"], row["mae"] / row["mean_abs_truth"], row["r2"], row["mae_magnetic"], row["r2_magnetic"]]
        lines.append(f"| {row['row']} | " + " | ".join(f"{number:.3f}" for number in numbers) + " |")
    note = f"The zero floor stands at {zero['mae'].iloc[0]:.3f} meV over all rows.\n" if len(zero) else ""
    return "\n".join(lines) + "\n\n" + note


#: what makes a block, from the results and its arguments
BLOCKS: Mapping[str, Callable[[Results, str], str]] = MappingProxyType(
    {
        "best": _best,
        "downstream": _downstream,
        "growth": _growth,
        "leaderboard": _leaderboard,
        "ledger": ledger_markdown,
        "magnetism": magnetism_markdown,
        "published": _published,
        "steps": savings_markdown,
        "uncertainty": uncertainty_markdown,
    }
)


def render(text: str, results: Results) -> str:
    """A document with its generated blocks made anew."""
    return BLOCK.sub(lambda m: f"{m[1]}\n{BLOCKS[m['name']](results, m['args'].strip())}\n{m[4]}", text)


def documents(root: Path) -> list[Path]:
    """Documents of a checkout that may hold generated blocks."""
    return [path for path in (root / "README.md", *sorted((root / "docs").glob("*.md"))) if path.is_file()]
