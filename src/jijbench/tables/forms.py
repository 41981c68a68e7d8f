"""A leaderboard as Markdown, CSV and JSON."""

import numpy as np
import pandas as pd

from jijbench.data.task import load_task
from jijbench.targets import Target
from jijbench.text import markdown, no_formula


def files(table: pd.DataFrame, official: pd.DataFrame | None = None) -> dict[str, str]:
    """The three forms of a table, by file name."""
    return {
        "leaderboard.md": to_markdown(table, official),
        "leaderboard.csv": to_csv(table),
        "leaderboard.json": to_json(table),
    }


def to_csv(table: pd.DataFrame) -> str:
    """CSV with six significant digits; an undefined number is an empty field, no text is a formula."""
    return table.map(lambda value: no_formula(_six(value))).astype(object).to_csv(index=False, lineterminator="\n")


def to_json(table: pd.DataFrame) -> str:
    """JSON list of lines; an undefined number is null."""
    import json

    lines = [{name: _six(value) for name, value in line.items()} for line in table.to_dict("records")]
    return json.dumps(lines, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _six(value: object) -> object:
    """Six significant digits; missing numbers of any kind become None."""
    if isinstance(value, float):
        return None if np.isnan(value) else float(f"{value:.6g}")
    return value


#: what a reader sees of every row, before and after what its target shows: column, heading, digits
FIRST = (("rank", "rank", None), ("row", "row", None), ("kind", "kind", None), ("inputs", "inputs", None))
LAST = (("trials", "trials", None), ("seconds", "seconds", None), ("licence", "licence", None))


def to_markdown(table: pd.DataFrame, official: pd.DataFrame | None = None) -> str:
    """A section for each task: the question it asks, the rows, and why some have no numbers.

    With ``official`` its headline value stands beside each row of the same name.
    """
    return "\n".join(_section(table[table["task"] == task], task, official) for task in dict.fromkeys(table["task"]))


def _section(table: pd.DataFrame, task: str, official: pd.DataFrame | None) -> str:
    about = load_task(task)
    unit, headline = about.target.unit, about.target.headline
    kept = {headline} if official is not None else set()  # beside what the official value stands, also without values
    every = (*FIRST, *about.target.shown, *LAST)
    columns = [c for c in every if c[0] in kept or table[c[0]].notna().any()]
    shown = pd.DataFrame({title: _column(table, column, digits, about.target) for column, title, digits in columns})
    if official is not None:
        values = {r["row"]: r[headline] for _, r in official[official["task"] == task].iterrows()}
        place = [column for column, _, _ in columns].index(headline)
        official_column = [_show(values.get(name), columns[place][2]) for name in table["row"]]
        shown.insert(place + 1, "official", official_column)
    text = f"### {task}\n\n*{about.protocol.question}*; errors in {unit}, ordered by {headline}.\n"
    text += f"{_resolution(table, unit)}\n\n"
    text += shown.to_markdown(index=False, disable_numparse=True) + "\n"
    reasons = table[table["reason"].notna() | table["note"].notna()]
    for _, line in reasons.iterrows():
        text += f"\n- {line['row']}: {line['status']}, {markdown(line['reason'] or line['note'])}"
    text += "\n" if len(reasons) else ""
    best = table[table["worst"].notna()].head(1) if "worst" in table else table.head(0)
    for _, line in best.iterrows():
        text += f"\nLargest errors of {line['row']} ({unit}): {markdown(line['worst'])}\n"
    return text


def _resolution(table: pd.DataFrame, unit: str) -> str:
    """What the intervals in brackets and the ranks of a task mean, and how small a difference counts."""
    line = table.iloc[0]
    words, smallest = line["resampled"], line["resolvable"]
    if words is None or pd.isna(words):
        return "No row has an error to give an interval of."
    if table["low"].isna().all():
        return f"{str(words).capitalize()}."
    text = f"In brackets: 95 % intervals over {words}. Rank: the places that a row may have at 95 %."
    return (
        text
        if pd.isna(smallest)
        else f"{text} Smallest lead over the best row that is resolved: {smallest:.2g} {unit}."
    )


#: columns shown as a range that ends with another
RANGES = {"fold_low": "fold_high"}


def _column(table: pd.DataFrame, column: str, digits: int | None, target: Target) -> list[str]:
    """A column as it is shown, with its interval where the target has one."""
    shown = [_show(value, digits) for value in table[column]]
    if column in RANGES:
        ends = [_show(value, digits) for value in table[RANGES[column]]]
        return [f"{low}–{high}" if low else "" for low, high in zip(shown, ends, strict=True)]
    if column not in target.intervals:
        return shown
    lows, highs = ([_show(value, digits) for value in table[name]] for name in target.intervals[column])
    return [f"{value} [{low}, {high}]" if low else value for value, low, high in zip(shown, lows, highs, strict=True)]


def _show(value: object, digits: int | None) -> str:
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return ""
    return f"{value:.{digits}f}" if digits is not None else markdown(str(value))
