"""What a model's error does to the physics: critical temperature and order from predicted J against the data's own.

Out-of-fold predictions only. For each combination of two magnetic elements (or one) the sums K_ab = Σ multiplicity × J
run over the same listed shells for predicted and reference J, so what the data lack is lacking in both.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations_with_replacement

import numpy as np
import pandas as pd

from jijbench.data.task import Task, load_task
from jijbench.elements import atomic_number
from jijbench.errors import DataError
from jijbench.scores.physics import STRONG_SHELLS, mean_field
from jijbench.scores.statistics import interval, jackknife
from jijbench.tables.confidence import units
from jijbench.tables.results import Pooled, Results

#: protocols whose test folds cover every pair, so that all sums can be made out of fold
PROTOCOLS = ("random-orbit", "unseen-pair")
#: share of the sites that the impurities of a combination take in all, equally; T_c is proportional to it
CONCENTRATION = 0.1
COLUMNS = (
    "task", "row", "tc_mae_k", "low", "high", "order_accuracy", "order_floor", "mean_tc_k", "combinations",
)  # fmt: skip


def sums(pooled: Pooled) -> pd.DataFrame:
    """K of each pair of magnetic elements: columns ``a``, ``b``, ``truth``, ``mean`` (meV) and ``whole``.

    ``whole``: the pair is listed at every strong shell. Raises ``DataError`` for a target that is not J, or predictions
    that were not made for every row of the dataset.
    """
    data = pooled.task.dataset
    if "magnetism" not in pooled.task.target.analyses or "multiplicity" not in data.table:
        raise DataError(
            f"{pooled.task.id} has no sums over shells; take a task of J in a dataset with the column multiplicity"
        )
    keep = pooled.labels["magnetic"]
    rows, shells = pooled.rows[keep], pooled.labels["shell"][keep]
    tested, expected = len(np.unique(rows)), int(data.magnetic.sum())
    if tested != expected:
        raise DataError(
            f"{pooled.task.id} tests {tested} of {expected} magnetic dimers; sums need all of them out "
            f"of fold, as {' and '.join(PROTOCOLS)} have"
        )
    pairs, places = units(data, rows, "pair")
    place = places[:, 0]
    share = data.table["multiplicity"].to_numpy()[rows] * pooled.weight[keep]  # tested k times: weight 1/k
    listed = [np.bincount(place[shells == shell], minlength=len(pairs)) > 0 for shell in STRONG_SHELLS]
    return pd.DataFrame({
        "a": [a for a, _ in pairs],
        "b": [b for _, b in pairs],
        "truth": np.bincount(place, share * pooled.truth[keep]),
        "mean": np.bincount(place, share * pooled.mean[keep]),
        "whole": np.all(listed, axis=0),
    })  # fmt: skip


@lru_cache(maxsize=512)  # the leaderboard and the pages ask for the same
def combinations(pooled: Pooled, concentration: float = CONCENTRATION) -> pd.DataFrame:
    """One line for each combination that counts: ``element_i``, ``element_j``, and T_c (K) and order of each kind of J.

    Columns ``tc_truth``, ``tc_mean``, ``order_truth``, ``order_mean``. A combination counts where its sums AA, AB and
    BB miss none of the strong shells.
    """
    known = {(str(row["a"]), str(row["b"])): row for row in sums(pooled).to_dict("records") if row["whole"]}
    elements = sorted({element for pair in known for element in pair}, key=atomic_number)
    lines = []
    for pair in combinations_with_replacement(elements, 2):
        names = tuple(dict.fromkeys(pair))
        needed = {(a, b): (min(a, b), max(a, b)) for a in names for b in names}
        if not set(needed.values()) <= set(known):
            continue
        line: dict = {"element_i": pair[0], "element_j": pair[1]}
        shares = np.full(len(names), concentration / len(names))
        for kind in ("truth", "mean"):
            k = np.array([[known[needed[a, b]][kind] for b in names] for a in names])
            found = mean_field(k, shares)
            line |= {f"tc_{kind}": found.tc, f"order_{kind}": found.order}
        lines.append(line)
    return pd.DataFrame(lines)


def downstream_line(pooled: Sequence[Pooled], concentration: float = CONCENTRATION) -> dict:
    """Error of T_c with its interval, and share of combinations with the right order, averaged over seeds.

    ``order_floor``: what always naming the commonest order would reach.
    """
    table = pd.concat([combinations(p, concentration) for p in pooled], ignore_index=True)
    if table.empty:
        raise DataError(f"{pooled[0].task.id}: no combination has every strong shell, so no T_c can be compared")
    low, high = bounds(table)
    return {
        "task": pooled[0].task.id, "row": pooled[0].row, "tc_mae_k": tc_mae(table), "low": low, "high": high,
        "order_accuracy": float((table["order_truth"] == table["order_mean"]).mean()),
        "order_floor": float(table["order_truth"].value_counts(normalize=True).max()),
        "mean_tc_k": float(table["tc_truth"].mean()), "combinations": len(table) // len(pooled),
    }  # fmt: skip


def tc_mae(table: pd.DataFrame) -> float:
    """K."""
    return float((table["tc_mean"] - table["tc_truth"]).abs().mean())


def bounds(table: pd.DataFrame) -> tuple[float | None, float | None]:
    """95 % interval of the mean absolute error of T_c, over elements; None where there are too few or no error."""
    elements = sorted({*table["element_i"], *table["element_j"]})
    place = {element: k for k, element in enumerate(elements)}
    ends = np.array([[place[a], place[b]] for a, b in zip(table["element_i"], table["element_j"], strict=True)])
    error = (table["tc_mean"] - table["tc_truth"]).abs().to_numpy(dtype=float)
    found = jackknife(error, np.ones(len(error)), [ends])
    return (None, None) if found is None else interval(found) or (None, None)


def has_sums(task: Task) -> bool:
    """Whether the task's predictions make whole sums over shells, all of them out of fold."""
    known = "critical-temperature" in task.dataset.card.analyses and "magnetism" in task.target.analyses
    return known and task.protocol.name in PROTOCOLS


def downstream_table(results: Results, concentration: float = CONCENTRATION) -> pd.DataFrame:
    """Downstream error of each complete row of the tasks that allow it, best first; columns are ``COLUMNS``."""
    lines = []
    for task, row in results.groups():
        if has_sums(load_task(task)):
            pooled = results.pooled(task, row)
            lines += [downstream_line(pooled, concentration)] if pooled else []
    table = pd.DataFrame(lines, columns=list(COLUMNS))
    order = {task: k for k, task in enumerate(results.benchmark.tasks)}
    place = table["task"].map(order)
    return table.iloc[np.lexsort((table["tc_mae_k"], place))].reset_index(drop=True)


def downstream_markdown(table: pd.DataFrame, concentration: float = CONCENTRATION) -> str:
    """The lines of one task as a table, with what they mean."""
    if table.empty:
        return "no row is complete\n"
    lines = ["| row | error of Tc, K | 95 % interval | right order |", "|---|---|---|---|"]
    for line in table.to_dict("records"):
        span = "" if pd.isna(line["low"]) else f"{line['low']:.1f} – {line['high']:.1f}"
        lines.append(f"| {line['row']} | {line['tc_mae_k']:.1f} | {span} | {line['order_accuracy']:.2f} |")
    first = table.iloc[0]
    note = (
        f"Mean absolute error of the mean-field Tc at {concentration:.0%} of the Bi sites over {first['combinations']} "
        f"combinations of impurities (mean Tc {first['mean_tc_k']:.1f} K), from out-of-fold predictions; interval by "
        f"jackknife over elements. Always naming the commonest order is right for {first['order_floor']:.2f}.\n"
    )
    return "\n".join(lines) + "\n\n" + note
