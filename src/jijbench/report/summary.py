"""A few lines of Markdown about a run, for the page of a CI job."""

import pandas as pd

from jijbench.data.task import load_task
from jijbench.tables.leaderboard import leaderboard
from jijbench.tables.results import Results
from jijbench.text import markdown as escaped


def markdown(results: Results, best: int = 3) -> str:
    """The best rows of each task with intervals and ranks, cells without numbers, and where the records come from."""
    table = leaderboard(results)
    text = f"# jijbench {results.benchmark.benchmark}\n\n"
    text += "| task | row | error | 95 % interval | rank |\n|---|---|---|---|---|\n"
    for task in dict.fromkeys(table["task"]):
        target = load_task(task).target
        lines = table[(table["task"] == task) & table[target.headline].notna()]
        for _, line in lines.head(best).iterrows():
            interval = "" if pd.isna(line["low"]) else f"{line['low']:.3g} to {line['high']:.3g}"
            place = "" if pd.isna(line["rank"]) else line["rank"]
            text += f"| {task} | {line['row']} | {line[target.headline]:.3g} {target.unit} | {interval} | {place} |\n"
    missing = table[table["status"] != "complete"]
    for _, line in missing.iterrows():
        text += f"\n- {line['row']} on {line['task']}: {line['status']}, {escaped(line['reason'])}"
    created = sorted(record.created for record in results.records.values())
    hours = sum(record.cost for record in results.records.values()) / 3600
    span = f", {created[0]} to {created[-1]}" if created else ""
    return text + f"\n{len(created)} records, {hours:.2f} h of processor time{span}.\n"
