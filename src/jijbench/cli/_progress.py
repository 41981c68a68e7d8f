"""How far a run is: what runs, what is left, and until when."""

import csv
import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from jijbench.text import one_line

if TYPE_CHECKING:
    from rich.live import Live

    from jijbench.benchmark import Cell
    from jijbench.records.schema import Record


class Progress:
    """Lines that renew themselves on a terminal, else a line a cell. Time left is judged by the official table.

    ``workers``: how many cells run at a time, in the order of ``cells``; None where somebody else decides that.
    """

    def __init__(self, cells: "Sequence[Cell]", workers: int | None) -> None:
        official = official_costs()
        self.cost = {_name(cell): _expected(official, cell) for cell in cells}
        self.left = dict(self.cost)  # of what has not ended, in the order in which it is sent
        self.workers = workers
        self.done = 0.0  # expected seconds of what ended here
        self.began = time.monotonic()
        self.live: Live | None = None

    def __enter__(self) -> "Callable[[Record, bool], None]":
        from rich.console import Console
        from rich.live import Live

        terminal = sys.__stderr__  # past what makes control characters visible
        if terminal is not None and terminal.isatty():
            self.live = Live(
                get_renderable=self._text, console=Console(file=terminal, highlight=False, markup=False),
                refresh_per_second=2, redirect_stdout=False, redirect_stderr=False,
            )  # fmt: skip
            self.live.start()
        return self.tell

    def __exit__(self, *error: object) -> None:
        if self.live is not None:
            self.live.stop()

    def tell(self, record: "Record", reused: bool) -> None:
        """A cell has ended, or need not run."""
        key = record.key
        growth = key.search.growth and (key.search.growth["unit"], key.search.growth["acquire"])
        cost = self.left.pop((key.task, key.row, key.fold, key.seed, growth))
        if reused:
            return
        self.done += cost
        why = "" if record.reason is None else f", {one_line(record.reason)}"
        line = f"{key.task} {key.row} fold {key.fold}: {record.status}{why}"
        if self.live is None:
            click.echo(f"{len(self.cost) - len(self.left)} of {len(self.cost)} cells: {line}{self._until()}", err=True)
        elif record.status == "failed":
            self.live.console.print(line, soft_wrap=True)

    def _seconds_left(self) -> float:
        """By what the cells that ended took beside what was expected of them; before that as the official table."""
        left, gone = sum(self.left.values()), time.monotonic() - self.began
        enough = self.done > 0.05 * (self.done + left)
        return left * (gone / self.done if enough else 1 / (self.workers or 1))

    def _until(self) -> str:
        if not self.left:
            return ""
        seconds = self._seconds_left()
        end = time.strftime("%H:%M", time.localtime(time.time() + seconds))
        return f"; {len(self.left)} left, about {_in_words(seconds)}, until {end}"

    def _running(self) -> str:
        now = list(self.left)[: self.workers or 0]
        return ", ".join(f"{row} fold {fold} of {task}" for task, row, fold, *_ in now)

    def _text(self) -> Any:
        from rich.text import Text

        lines = [f"{len(self.cost) - len(self.left)} of {len(self.cost)} cells{self._until()}"]
        running = self._running()
        return Text("\n".join([*lines, f"now: {running}"] if running else lines), overflow="ellipsis", no_wrap=True)


def _in_words(seconds: float) -> str:
    """``40 s``, ``12 min``, ``3.5 h``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _name(cell: "Cell") -> tuple[Any, ...]:
    """What tells a cell from the others of a run; its record says the same."""
    growth = cell.growth and (cell.growth.unit, cell.growth.acquire)
    return cell.task, cell.row.row, cell.fold, cell.seed, growth


def official_costs() -> dict[tuple[str, str], tuple[float, int]]:
    """Processor seconds that a cell of each task and row takes by the committed table, and its trials."""
    from jijbench.data.task import load_task
    from jijbench.tables.results import official_folder

    path = official_folder() / "leaderboard.csv"
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        return {
            (line["task"], line["row"]): (
                float(line["seconds"]) / (load_task(line["task"]).n_folds * int(line["n_seeds"])), int(line["trials"]),
            )
            for line in csv.DictReader(file)
        }  # fmt: skip


def _expected(official: dict[tuple[str, str], tuple[float, int]], cell: "Cell") -> float:
    """Seconds that a cell should take, in proportion to trials and rounds; one where no official row has its name."""
    seconds, trials = official.get((cell.task, cell.row.row), (1.0, cell.budget.trials))
    rounds = 1 if cell.growth is None else cell.growth.rounds
    return max(0.1, seconds * rounds * (cell.budget.trials + 1) / (trials + 1))
