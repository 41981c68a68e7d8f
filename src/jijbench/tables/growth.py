"""Growing training sets: errors by round from the records, their means over draws, and how much an accuracy costs."""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from jijbench.benchmark import Benchmark, Cell
from jijbench.data.dataset import Dataset, dataset_for, load_dataset
from jijbench.data.task import load_task
from jijbench.records.folder import Held
from jijbench.records.predictions import Predictions
from jijbench.records.schema import Record, round_part
from jijbench.tables.results import Results, cell_of, load_results

#: what tells one curve from another, in the order of the tables
CURVE = ["task", "row", "unit", "acquire"]
COLUMNS = [*CURVE, "asked", "fold", "seed", "round", "n", "units", "headline"]


def growth_table(benchmark: Benchmark, folder: Path | Held, cells: Iterable[Cell] | None = None) -> pd.DataFrame:
    """One line a growth cell and round: ``n`` training rows, ``units`` known, ``headline`` error of the test part.

    ``asked``: how many cells the curve shall be the mean of. A cell that failed, was refused, is still to be computed,
    or grew otherwise than the benchmark asks has one line without a round. Raises ``IncompleteTable`` for cells without
    a record that none announces.
    """
    wanted = list(benchmark.growth_cells() if cells is None else cells)
    results, asked = load_results(benchmark, folder, wanted), Counter(map(_curve, wanted))
    lines = [line | {"asked": asked[_curve(cell)]} for cell in wanted for line in _lines(results, cell)]
    return pd.DataFrame(lines, columns=COLUMNS)


def _curve(cell: Cell) -> tuple[str, ...]:
    """What ``CURVE`` holds of a growth cell."""
    if cell.growth is None:
        raise TypeError(f"{cell.slot} has no growth")
    return cell.task, cell.row.row, cell.growth.unit, cell.growth.acquire


def _lines(results: Results, cell: Cell) -> Iterator[dict[str, Any]]:
    head, record = dict(zip(CURVE, _curve(cell), strict=True)), results.records.get(cell.slot)
    if record is None or record.predictions is None or cell_of(record).growth != cell.growth:
        yield head | {"fold": cell.fold, "seed": cell.seed}
        return
    errors = _errors(results.predictions(cell), record)
    for k, (done, error) in enumerate(zip(record.extra["rounds"], errors, strict=True)):
        place = {"fold": cell.fold, "seed": cell.seed, "round": k, "n": done["n"], "units": done["units"]}
        yield head | place | {"headline": error}


def _errors(predictions: Predictions, record: Record) -> list[float | int | None]:
    """Headline of each round over the test part."""
    task = load_task(record.key.task)
    truth, errors = task.dataset.truth(task.target.name), []
    for k in range(len(record.extra["rounds"])):
        part = predictions.of(round_part(k))
        rows = task.dataset.rows(part.id)
        labels = task.dataset.labels(rows)
        errors.append(task.target.score(task.target.headline, truth[rows], part.mean, np.ones(len(rows)), labels))
    return errors


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Mean over folds and seeds of each curve at each round, with its 95 % t-interval (draws − 1 degrees of freedom).

    ``units`` and ``n`` are means too; ``low`` and ``high`` are empty for a single draw. A round that not all draws of a
    curve have reached is left out: its mean would be over other draws. Where ``draws`` are fewer than ``asked`` the
    curve is not complete.
    """
    lines, table = [], table[table["round"].notna()]
    for key, curve in table.groupby(CURVE, sort=False):
        draws = len(curve[["fold", "seed"]].drop_duplicates())
        for k, part in curve.groupby("round"):
            values = part["headline"].dropna().to_numpy(dtype=float)
            if len(values) == draws:
                half = half_interval(values)
                means = {
                    "asked": curve["asked"].iloc[0],
                    "round": k,
                    "draws": draws,
                    "n": part["n"].mean(),
                    "units": part["units"].mean(),
                }
                mean = float(values.mean())
                lines.append(dict(zip(CURVE, key, strict=True)) | means | {"mean": mean, "low": mean - half, "high": mean + half})  # noqa: E501  # fmt: skip
    return pd.DataFrame(lines, columns=[*CURVE, "asked", "round", "draws", "n", "units", "mean", "low", "high"])


def half_interval(values: np.ndarray, level: float = 0.95) -> float:
    """Half the t-interval of the mean of ``values`` (n,); NaN for fewer than two."""
    n = len(values)
    return float(stdtrit(n - 1, (1 + level) / 2) * values.std(ddof=1) / np.sqrt(n)) if n > 1 else float("nan")


def needed(curve: pd.DataFrame, error: float) -> float | None:
    """Units at which the mean of one curve of a ``summary`` first goes below ``error``; None if it never does.

    Between rounds linear in the logarithm of the number. A curve that begins below needs at most what it begins with.
    """
    curve = curve.sort_values("units")
    units, mean = curve["units"].to_numpy(dtype=float), curve["mean"].to_numpy(dtype=float)
    below = np.flatnonzero(mean <= error)
    if not len(below):
        return None
    k = below[0]
    if k == 0:
        return float(units[0])
    share = (mean[k - 1] - error) / (mean[k - 1] - mean[k])
    return float(np.exp(np.log(units[k - 1]) + share * np.log(units[k] / units[k - 1])))


def needed_interval(curve: pd.DataFrame, error: float) -> tuple[float | None, float | None]:
    """Ends of the 95 % interval of ``needed``: where the lower and the upper band of the mean first go below ``error``.

    An end is None where its band never does, or where a single draw has no band.
    """
    low, high = (needed(curve.assign(mean=curve[band]), error) for band in ("low", "high"))
    return low, high


def asymmetry(dataset: Dataset, target: str) -> float | None:
    """Mean \\|J(A,B) − J(B,A)\\| of the magnetic pairs that a table lists in both orders; None where it has none.

    Rows of one orbit beside its first row: the precision of a table that should give them the same number.
    """
    truth, gaps = dataset.truth(target), []
    first: dict[str, int] = {}
    for k, sample in enumerate(dataset.samples):
        if sample.orbit in first and dataset.magnetic[k]:
            gaps.append(abs(truth[k] - truth[first[sample.orbit]]))
        first.setdefault(sample.orbit, k)
    return float(np.mean(gaps)) if gaps else None


def noise_floors(task: str) -> dict[str, float]:
    """Errors below which a number means nothing, in the target's unit, by their description.

    The data's own numerical precision (from their card); for J also the asymmetry of the published table, which is of
    other data and so a remark on what publications agree to, not a bound for these.
    """
    found = load_task(task)
    name, own = found.target.name, found.dataset.card.noise_floor
    floors = {"numerical noise of these data": own[name]} if name in own else {}
    twins = load_dataset(dataset_for("twins"))
    gap = asymmetry(twins, name) if name in twins.card.targets else None
    return floors if gap is None else floors | {"|J(A,B) − J(B,A)| of the published table (other data)": gap}


def growth_markdown(table: pd.DataFrame, error: float) -> str:
    """A table of curves: error at the first and the last round, and the units needed to reach ``error``."""
    curves = summary(table)
    if curves.empty:
        return "no curve is complete\n"
    target = load_task(table["task"].iloc[0]).target
    lines = [f"| row | unit | acquired by | draws | first error, {target.unit} | last error, {target.unit} | units for {error:g} {target.unit} |"]  # noqa: E501  # fmt: skip
    lines.append("|---|---|---|---|---|---|---|")
    for (_, row, unit, how), curve in curves.groupby(CURVE, sort=False):
        ends = [f"{_plus_minus(curve.iloc[k])} ({curve['units'].iloc[k]:.0f})" for k in (0, -1)]
        lines.append(f"| {row} | {unit} | {how} | {draws_of(curve)} | {' | '.join(ends)} | {_cost(curve, error)} |")
    for _, row, unit, how in without_points(table):
        lines.append(f"| {row} | {unit} | {how} | none | | | not computed |")
    return "\n".join(lines) + "\n"


def draws_of(curve: pd.DataFrame) -> str:
    """How many draws one curve of a ``summary`` is the mean of, and of how many it shall be where that is more."""
    draws, asked = int(curve["draws"].iloc[0]), int(curve["asked"].iloc[0])
    return f"{draws}" if draws == asked else f"{draws} of {asked}"


def without_points(table: pd.DataFrame) -> list[tuple[str, str, str, str]]:
    """The curves of a table of growth (``CURVE``) of which no cell is complete."""
    found = table.groupby(CURVE, sort=False)["round"].count()
    return list(found[found == 0].index)


def _plus_minus(point: pd.Series) -> str:
    half = point["high"] - point["mean"]
    return f"{point['mean']:.3g}" + ("" if np.isnan(half) else f" ± {half:.2g}")


def _cost(curve: pd.DataFrame, error: float) -> str:
    """The units needed with their interval, in words where the curve begins below or ends above."""
    units, (low, high), most = needed(curve, error), needed_interval(curve, error), curve["units"].iloc[-1]
    if units is None and low is None:
        return f"not within {most:.0f}"
    middle = f"more than {most:.0f}" if units is None else f"{units:.0f}"
    least = "at most " if units is not None and curve["mean"].iloc[0] <= error else ""
    return f"{least}{middle}" + ("" if low is None else f" [{low:.0f}, {f'{high:.0f}' if high else f'> {most:.0f}'}]")
