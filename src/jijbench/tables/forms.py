"""A leaderboard as Markdown, CSV and JSON."""

import numpy as np
import pandas as pd

from jijbench.data.task import load_task
from jijbench.targets import Target
from jijbench.text import markdown, no_formula, one_line


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


def compact(table: pd.DataFrame, task: str, official: pd.DataFrame | None = None) -> pd.DataFrame:
    """What a reader wants first, as texts: rank, row, headline with its interval, official, skill, seconds.

    A row without a headline has its status there.
    """
    target = load_task(task).target
    title, digits = next((title, digits) for column, title, digits in target.shown if column == target.headline)
    values, lows, highs = ([_show(v, digits) for v in table[name]] for name in (target.headline, "low", "high"))
    skills = table["skill_magnetic" if target.headline == "mae_magnetic" else "skill"]
    texts = {
        "rank": [_show(rank, None) for rank in table["rank"]],
        "row": [_show(row, None) for row in table["row"]],
        f"{title}, {target.unit}": [
            (f"{value} [{low}, {high}]" if low else value) or f"({status})"
            for value, low, high, status in zip(values, lows, highs, table["status"], strict=True)
        ],
    }
    if official is not None:
        texts["official"] = _beside(table, task, official, target.headline, digits)
    texts["skill"] = [_show(skill, 3) for skill in skills]
    texts["seconds"] = [_show(seconds, None) for seconds in table["seconds"]]
    return pd.DataFrame(texts)


def _beside(table: pd.DataFrame, task: str, official: pd.DataFrame, headline: str, digits: int | None) -> list[str]:
    """The headline of another table, for the rows of the same name."""
    values = {r["row"]: r[headline] for _, r in official[official["task"] == task].iterrows()}
    return [_show(values.get(name), digits) for name in table["row"]]


def shown(table: pd.DataFrame, task: str, official: pd.DataFrame | None = None) -> pd.DataFrame:
    """The lines of one task as texts, by heading: numbers rounded, intervals in brackets.

    With ``official`` its headline value stands beside each row of the same name.
    """
    target = load_task(task).target
    headline = target.headline
    kept = {headline} if official is not None else set()  # beside what the official value stands, also without values
    columns = [c for c in (*FIRST, *target.shown, *LAST) if c[0] in kept or table[c[0]].notna().any()]
    texts = pd.DataFrame({title: _column(table, column, digits, target) for column, title, digits in columns})
    if official is not None:
        place = [column for column, _, _ in columns].index(headline)
        texts.insert(place + 1, "official", _beside(table, task, official, headline, columns[place][2]))
    return texts


def about(table: pd.DataFrame, task: str) -> tuple[str, str]:
    """What a task asks and what its errors are in, and what intervals and ranks mean."""
    target, question = load_task(task).target, load_task(task).protocol.question
    return f"*{question}*; errors in {target.unit}, ordered by {target.headline}.", _resolution(table, target.unit)


def _section(table: pd.DataFrame, task: str, official: pd.DataFrame | None) -> str:
    unit = load_task(task).target.unit
    question, resolution = about(table, task)
    text = f"### {task}\n\n{question}\n{resolution}\n\n"
    text += shown(table, task, official).map(markdown).to_markdown(index=False, disable_numparse=True) + "\n"
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
    return f"{value:.{digits}f}" if digits is not None else one_line(str(value))
