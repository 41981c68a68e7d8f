"""What a magnetism person asks of predicted couplings: are the strong ones found, and how wrong are they?"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from jijbench.data.protocols import Unit
from jijbench.data.task import load_task
from jijbench.scores.metrics import mae
from jijbench.tables.confidence import units
from jijbench.tables.results import Pooled, Results

#: how many of the strongest ferromagnetic couplings are looked for
STRONGEST = (10, 25, 50)
#: \|J\| from which a coupling counts as large, meV
LARGE = (1.0, 5.0)
COLUMNS = (
    "task", "row", "orbits",
    *(f"found_{k}" for k in STRONGEST),
    *(f"{name}_above_{size:g}" for name in ("mae", "n") for size in LARGE),
)  # fmt: skip


def magnetism_table(results: Results) -> pd.DataFrame:
    """One line for each Jij task and complete row.

    ``found_k``: share of the k strongest ferromagnetic couplings that are among the k that the row predicts to be,
    counted over orbits, since twins are one coupling; missing where fewer than 2k orbits are ferromagnetic.
    ``mae_above_x``: MAE in meV of the magnetic pairs with \\|J\\| ≥ x, missing where there are none.
    """
    lines = []
    for task, row in results.groups():
        if "magnetism" in load_task(task).target.analyses and (pooled := results.pooled(task, row)):
            each = [_numbers(one) for one in pooled]
            lines.append({"task": task, "row": row} | {name: _mean([e[name] for e in each]) for name in each[0]})
    return pd.DataFrame([[line[c] for c in COLUMNS] for line in lines], columns=list(COLUMNS), dtype=object)


def _mean(values: list[Any]) -> Any:
    """Mean over seeds; a count stays whole."""
    if any(v is None for v in values):
        return None
    return values[0] if len(set(values)) == 1 else float(np.mean(values))


def _numbers(pooled: Pooled) -> dict[str, Any]:
    orbits = by_orbit(pooled)
    numbers: dict[str, Any] = {"orbits": len(orbits)}
    for k in STRONGEST:
        numbers[f"found_{k}"] = found(orbits["truth"].to_numpy(), orbits["mean"].to_numpy(), k)
    magnetic = pooled.labels["magnetic"]
    for size in LARGE:
        large = magnetic & (np.abs(pooled.truth) >= size)
        numbers[f"n_above_{size:g}"] = int(large.sum())
        numbers[f"mae_above_{size:g}"] = mae(pooled.truth[large], pooled.mean[large], pooled.weight[large])
    return numbers


def by_orbit(pooled: Pooled) -> pd.DataFrame:
    """``truth`` and ``mean`` of the magnetic orbits, means over their rows and over the times a row is tested."""
    keep = pooled.labels["magnetic"]
    names = [pooled.task.dataset.samples[k].orbit for k in pooled.rows[keep]]
    table = pd.DataFrame({"orbit": names, "truth": pooled.truth[keep], "mean": pooled.mean[keep]})
    return table.groupby("orbit", sort=True).mean()


def found(truth: np.ndarray, mean: np.ndarray, k: int) -> float | None:
    """Share of the k largest of ``truth`` (n,) among the k largest of ``mean`` (n,).

    None where fewer than 2k are positive, so that there is little to miss, or where all of ``mean`` is the same.
    """
    if (truth > 0).sum() < 2 * k or np.ptp(mean) == 0:
        return None
    top = [set(np.argsort(-values, kind="stable")[:k].tolist()) for values in (truth, mean)]
    return len(top[0] & top[1]) / k


def errors_by(pooled: Pooled, unit: Unit) -> pd.DataFrame:
    """MAE, mean size of J and number of magnetic pairs of each ``element``, ``pair`` or ``shell``, worst first."""
    keep = pooled.labels["magnetic"]
    names, places = units(pooled.task.dataset, pooled.rows[keep], unit)
    truth, mean, weight = pooled.truth[keep], pooled.mean[keep], pooled.weight[keep]
    lines = []
    for k, name in enumerate(names):
        here = (places == k).any(axis=1)
        size = float(np.average(np.abs(truth[here]), weights=weight[here]))
        lines.append(
            {unit: name, "mae": mae(truth[here], mean[here], weight[here]), "size": size, "n": int(here.sum())}
        )
    return pd.DataFrame(lines, columns=[unit, "mae", "size", "n"]).sort_values(
        "mae", ascending=False, ignore_index=True
    )


def magnetism_markdown(results: Results, task: str) -> str:
    """The lines of one task, with the MAE by element of its best row."""
    part = results.only(task)
    table = magnetism_table(part)
    if table.empty:
        return "no row of this task is complete\n"
    table = table.sort_values(f"mae_above_{LARGE[0]:g}", ignore_index=True)
    first = table.iloc[0]
    heads = [f"strongest {k} found" for k in STRONGEST]
    heads += [f"MAE, abs J ≥ {size:g} meV ({first[f'n_above_{size:g}']} rows)" for size in LARGE]
    text = f"{first['orbits']} magnetic couplings, MAE in meV.\n\n| row | {' | '.join(heads)} |\n"
    text += "|---" * (len(heads) + 1) + "|\n"
    for _, line in table.iterrows():
        shares = [_show(line[f"found_{k}"], "{:.0%}") for k in STRONGEST]
        errors = [_show(line[f"mae_above_{size:g}"], "{:.2f}") for size in LARGE]
        text += f"| {line['row']} | {' | '.join(shares + errors)} |\n"
    return text + _best_by_element(part.pooled(task, first["row"]))


def _show(value: float | None, form: str) -> str:
    return "" if value is None or pd.isna(value) else form.format(value)


def _best_by_element(pooled: Sequence[Pooled]) -> str:
    found = errors_by(pooled[0], "element")
    errors = ", ".join(f"{line['element']} {line['mae']:.2f}" for _, line in found.iterrows())
    return f"\nMAE of {pooled[0].row} by element, meV: {errors}\n"
