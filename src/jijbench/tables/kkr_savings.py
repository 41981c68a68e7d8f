"""Estimated self-consistency steps that a predicted potential saves a KKR impurity run.

No KKR program is run. The estimate is fitted to recorded runs from starts of graded quality (``datasets/kkr-steps``):
the code converges linearly, so the number of steps grows with the logarithm of the error of the start,

    steps ∝ n₀ + ln(1 + E/τ),   E² = (error in the impurity's cell)² + (c × error in the first shell)²,

and what a start saves against the code's own is a share of the steps that this one needs. n₀, τ and c are fitted to the
shares of the graded starts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from jijbench.context import home
from jijbench.data.card import described
from jijbench.data.task import load_task
from jijbench.tables.results import Pooled, Results

#: starts that the estimate is fitted to, and learned ones that it is judged by
GRADED, LEARNED = ("mix", "mix_shell"), ("gp", "gp_shell")
#: cases that a mean saving in real calculations is taken over, at least; the interval is of such a mean
CASES = 20
COLUMNS = ("protocol", "row", "saved", "low", "high", "steps", "saved_impurity_only", "n", "hosts", "reason")


@lru_cache(maxsize=1)
def runs() -> pd.DataFrame:
    """The recorded runs, with the share of steps saved and the errors of the code's own start beside each.

    Columns of ``runs.csv`` and ``steps_atomic``, ``atomic_impurity``, ``atomic_shell``, ``saved``. Raises ``DataError``
    where the file is not what its description says.
    """
    table = pd.read_csv(described(home("datasets") / "kkr-steps", "runs.csv"))
    atomic = table[table["start"] == "atomic"].set_index(["host", "z"])
    names = {"steps": "steps_atomic", "err_impurity_ry": "atomic_impurity", "err_shell_ry": "atomic_shell"}
    table = table.join(atomic[list(names)].rename(columns=names), on=["host", "z"])
    return table.assign(saved=1 - table["steps"] / table["steps_atomic"])


@dataclass(frozen=True)
class Estimate:
    """Parameters of the number of steps: ``shell`` c, ``scale`` τ in Ry, ``least`` n₀."""

    shell: float
    scale: float
    least: float

    def relative_steps(self, impurity: np.ndarray, shell: np.ndarray) -> np.ndarray:
        """(n,) steps, up to a factor of the case, from errors (n,) in Ry."""
        return self.least + np.log1p(np.hypot(impurity, self.shell * shell) / self.scale)

    def saved(self, table: pd.DataFrame) -> np.ndarray:
        """(n,) share of steps saved; columns ``err_impurity_ry``, ``err_shell_ry``, and of the code's start."""
        own = self.relative_steps(table["atomic_impurity"].to_numpy(), table["atomic_shell"].to_numpy())
        return 1 - self.relative_steps(table["err_impurity_ry"].to_numpy(), table["err_shell_ry"].to_numpy()) / own


def fit(table: pd.DataFrame) -> Estimate:
    """Least squares of the share saved over the graded starts of a table of runs."""
    from scipy.optimize import least_squares

    graded = table[table["start"].isin(GRADED)]

    def residual(logs: np.ndarray) -> np.ndarray:
        return Estimate(*np.exp(logs)).saved(graded) - graded["saved"].to_numpy()

    return Estimate(*np.exp(least_squares(residual, np.log([3.0, 1e-4, 1.0])).x).tolist())


@dataclass(frozen=True, eq=False)
class Fitted:
    """The estimate, those with one host of the runs left out, and how far real runs from learned starts lie from it.

    ``gaps`` (hosts,): mean share really saved − share estimated without that host's runs.
    """

    estimate: Estimate
    without: tuple[Estimate, ...]
    gaps: np.ndarray


def fitted(table: pd.DataFrame) -> Fitted:
    """Fit the estimate to a table of runs, and judge it by the learned starts of hosts that it has not seen."""
    hosts = sorted(set(table["host"]))
    without = tuple(fit(table[table["host"] != host]) for host in hosts)
    gaps = []
    for host, estimate in zip(hosts, without, strict=True):
        part = table[(table["host"] == host) & table["start"].isin(LEARNED)]
        gaps.append(float((part["saved"] - estimate.saved(part)).mean()))
    return Fitted(fit(table), without, np.array(gaps))


@lru_cache(maxsize=1)
def recorded() -> Fitted:
    """The estimate from all recorded runs."""
    return fitted(runs())


def interval(model: Fitted, table: pd.DataFrame, cases: int = CASES) -> tuple[float, float]:
    """95 % interval of the mean saving over that many real cases in new hosts, for the errors of a table's lines.

    Variances add: of the estimate and of the mean over these hosts (both by delete-one-host jackknife), and of the mean
    over ``cases`` others: the spread of the shares between hosts and the gaps of real runs, their mean included. A
    start that is the code's own saves nothing for certain.
    """
    saved, hosts = model.estimate.saved(table), table["host"].to_numpy()
    if not saved.any():
        return 0.0, 0.0
    means = np.array([saved[hosts == name].mean() for name in np.unique(hosts)])
    rest = np.array([saved[hosts != name].mean() for name in np.unique(hosts)])
    fits = np.array([estimate.saved(table).mean() for estimate in model.without])
    variance = sum((len(way) - 1) * float(np.var(way)) for way in (fits, rest))
    variance += (float(np.var(means, ddof=1)) + float(np.var(model.gaps, ddof=1))) / cases + model.gaps.mean() ** 2
    half = float(stdtrit(min(len(fits), len(means)) - 1, 0.975) * np.sqrt(variance))
    return float(saved.mean()) - half, float(saved.mean()) + half


def cases(impurity: Pooled, shell: Pooled) -> pd.DataFrame:
    """One line for each impurity that has curves of its neighbours: errors of predictions and of the code's start.

    Errors are rms over the cell in Ry, of the shell over its atoms: each distance counts as often as it has neighbours.
    """
    own = [impurity.task.dataset.samples[k] for k in impurity.rows]
    orbits = pd.Index([sample.orbit for sample in own])
    place = orbits.get_indexer([shell.task.dataset.samples[k].orbit for k in shell.rows])  # -1: of no impurity tested
    here = place >= 0
    weight = shell.task.dataset.table["multiplicity"].to_numpy()[shell.rows][here]
    count = np.bincount(place[here], weight, len(own))
    errors = {}
    for name, curves in (("err_shell_ry", shell.mean - shell.truth), ("atomic_shell", shell.truth)):
        squares = np.bincount(place[here], weight * _norms(shell, curves)[here] ** 2, len(own))
        errors[name] = np.sqrt(np.divide(squares, count, out=np.zeros(len(own)), where=count > 0))
    table = pd.DataFrame(
        {
            "host": [sample.host for sample in own],
            "err_impurity_ry": _norms(impurity, impurity.mean - impurity.truth),
            "atomic_impurity": _norms(impurity, impurity.truth),
        }
        | errors,
        index=orbits,
    )
    return table[count > 0]


def _norms(pooled: Pooled, curves: np.ndarray) -> np.ndarray:
    return pooled.task.target.size(curves)


def savings_line(impurity: Sequence[Pooled], shell: Sequence[Pooled]) -> dict:
    """Estimated share of steps saved by a row's predictions of impurity and shell, with its interval; first seed.

    ``steps``: the same in steps of the recorded schedule, at its mean number from the code's own start.
    """
    return dict(_steps_of(impurity[0], shell[0]))


@lru_cache(maxsize=512)  # the leaderboard and the pages ask for the same
def _steps_of(impurity: Pooled, shell: Pooled) -> dict:
    table = cases(impurity, shell)
    model = recorded()
    saved, (low, high) = model.estimate.saved(table), interval(model, table)
    alone = model.estimate.saved(table.assign(err_shell_ry=table["atomic_shell"]))
    mean = float(runs().loc[runs()["start"] == "atomic", "steps"].mean())
    return {
        "saved": float(saved.mean()), "low": low, "high": high, "steps": mean * float(saved.mean()),
        "saved_impurity_only": float(alone.mean()), "n": len(table), "hosts": int(table["host"].nunique()),
    }  # fmt: skip


def savings_table(results: Results) -> pd.DataFrame:
    """One line for each protocol and row of the potentials, best first; ``reason`` where a prediction is missing."""
    lines = [line for task in _tasks(results) for line in _task_lines(results, task)]
    return pd.DataFrame([[line.get(c) for c in COLUMNS] for line in lines], columns=list(COLUMNS), dtype=object)


def shell_task(task: str) -> str | None:
    """The task of the neighbours beside that of the impurity, where both together say what a KKR run is saved."""
    found = load_task(task)
    if found.target.neighbours is None or "kkr-savings" not in found.dataset.card.analyses:
        return None
    return f"{found.dataset.id}/{found.target.neighbours}/{found.protocol.name}"


def _tasks(results: Results) -> list[str]:
    return [task for task in results.benchmark.tasks if shell_task(task) is not None]


def _task_lines(results: Results, task: str) -> list[dict]:
    """The lines of one task of impurities, best first."""
    groups, lines = results.groups(), []
    tasks = [task, str(shell_task(task))]
    protocol = load_task(task).protocol.name
    for row in dict.fromkeys(row for task, row in groups if task in tasks):
        pooled = [results.pooled(task, row) if (task, row) in groups else [] for task in tasks]
        lacking = [load_task(one).target.name for one, found in zip(tasks, pooled, strict=True) if not found]
        line = {"reason": f"no predictions of {' and '.join(lacking)}"} if lacking else savings_line(*pooled)
        lines.append({"protocol": protocol, "row": row} | line)
    return sorted(lines, key=lambda line: -line.get("saved", -np.inf))


def savings_markdown(results: Results, protocol: str) -> str:
    """The lines of one protocol, with what the estimate is worth."""
    found = [line for task in _tasks(results) for line in _task_lines(results, task) if line["protocol"] == protocol]
    table = pd.DataFrame([[line.get(c) for c in COLUMNS] for line in found], columns=list(COLUMNS), dtype=object)
    lines = ["| row | estimated steps saved | 95 % interval | impurity's cell alone |", "|---|---|---|---|"]
    for line in table[table["saved"].notna()].to_dict("records"):
        ends = f"{line['low']:.0%} to {line['high']:.0%}"
        share = f"{line['saved']:.0%} ({line['steps']:.1f} steps)"
        lines.append(f"| {line['row']} | {share} | {ends} | {line['saved_impurity_only']:.0%} |")
    gaps = recorded().gaps
    note = (
        f"An estimate: no KKR program was run for it. Out-of-fold predictions for {table['n'].max()} impurities in "
        f"{table['hosts'].max()} hosts. The interval is of the mean over {CASES} real cases in new hosts. Recorded "
        f"runs from learned starts, of hosts left out of the fit, saved {gaps.mean():+.1%} more than estimated; spread "
        f"between hosts {gaps.std(ddof=1):.1%}.\n"
    )
    lacking = table[table["saved"].isna()].to_dict("records")
    missing = "".join(f"- {line['row']}: {line['reason']}\n" for line in lacking)
    return "\n".join(lines) + f"\n\n{note}" + (f"\n{missing}" if missing else "")
