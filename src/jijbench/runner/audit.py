"""What twins are worth: rows of one orbit, such as J(A,B) and J(B,A), on both sides of a random split."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from jijbench import adapters
from jijbench.adapters.base import Adapter
from jijbench.data.card import read_card
from jijbench.data.dataset import Dataset, dataset_folder, dataset_ids, load_dataset
from jijbench.data.sample import Sample
from jijbench.data.task import Question, release
from jijbench.errors import DataError
from jijbench.scores import metrics
from jijbench.targets import JIJ

Part = tuple[np.ndarray, np.ndarray]  # positions of training and test rows
TARGET = JIJ.name
ADAPTERS = ("nearest-dimer", "low-rank")  # cheap, and both able to copy a twin
SHARE = 0.2  # of the rows, tested


@dataclass(frozen=True)
class TwinGain:
    """One adapter's errors (meV), mean and standard error over seeds.

    ``gain`` is the MAE of the orbit split minus that of the row split, seed by seed; ``gain_percent`` is its share of
    the former. ``swapped_mae``: trained on the first row of each orbit, tested on its twins.
    """

    adapter: str
    rows_mae: float
    rows_error: float
    orbits_mae: float
    orbits_error: float
    gain: float
    gain_error: float
    gain_percent: float
    swapped_mae: float


@dataclass(frozen=True)
class TwinAudit:
    """What a random split over rows gains from twins.

    ``twins`` counts rows that share their orbit with another; ``twin_share`` is the mean share of test rows with a twin
    in training under the row split. ``copy_mae``: mean |difference| of an orbit's first row and its twins, the table's
    own asymmetry; ``copy_worst`` the largest; ``zero_mae``: the error of predicting zero for the same twins (all meV).
    """

    dataset: str
    inputs: str
    n_rows: int
    n_orbits: int
    n_twins: int
    n_splits: int
    n_test: int
    twin_share: float
    n_copied: int
    copy_mae: float
    copy_worst: float
    zero_mae: float
    gains: tuple[TwinGain, ...]


def row_split(orbits: Sequence[str], n_test: int, rng: np.random.Generator) -> Part:
    """Rows at random, whatever their orbit."""
    order = rng.permutation(len(orbits))
    return np.sort(order[n_test:]), np.sort(order[:n_test])


def orbit_split(orbits: Sequence[str], n_test: int, rng: np.random.Generator) -> Part:
    """Whole orbits at random until ``n_test`` rows are tested; one that would exceed it is passed over."""
    groups = _groups(orbits)
    test: list[int] = []
    for k in rng.permutation(len(groups)):
        if len(test) + len(groups[k]) <= n_test:
            test += groups[k]
    return np.setdiff1d(np.arange(len(orbits)), test), np.sort(test)


def order_split(orbits: Sequence[str]) -> tuple[Part, np.ndarray]:
    """Training: the first row of every orbit; test: its twins; and the training row that each test row copies."""
    groups = _groups(orbits)
    test = [(twin, group[0]) for group in groups for twin in group[1:]]
    rows = np.array(test, dtype=int).reshape(-1, 2)
    return (np.array([group[0] for group in groups]), rows[:, 0]), rows[:, 1]


def _groups(orbits: Sequence[str]) -> list[list[int]]:
    """Positions of the rows of each orbit, in the order of the table."""
    groups: dict[str, list[int]] = defaultdict(list)
    for k, orbit in enumerate(orbits):
        groups[orbit].append(k)
    return list(groups.values())


def twin_share(orbits: Sequence[str], part: Part) -> float:
    """Share of the test rows whose orbit also stands in training."""
    train, test = part
    known = {orbits[k] for k in train}
    return float(np.mean([orbits[k] in known for k in test]))


def _mae(truth: np.ndarray, mean: np.ndarray) -> float:
    value = metrics.mae(truth, mean, np.ones(len(truth)))
    if value is None:
        raise DataError(f"the error of {len(truth)} test rows is no number; give more rows or check the adapter")
    return value


def _test_mae(model: Adapter, samples: Sequence[Sample], y: np.ndarray, part: Part) -> float:
    train, test = part
    model.fit([samples[k] for k in train], y[train])
    return _mae(y[test], model.predict([samples[k] for k in test]))


def _summary(values: np.ndarray) -> tuple[float, float]:
    """Mean and standard error over seeds."""
    return float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values)))


def _gain(name: str, dataset: Dataset, inputs: str, splits: Sequence[tuple[Part, Part]]) -> TwinGain:
    """Fit one adapter on both parts of every seed; raises ``DataError`` where it refuses the question."""
    kind, target = adapters.require(name), dataset.target(TARGET)
    most = max(len(sample.elements) for sample in dataset.samples)
    reason = kind.refuses(Question(target, inputs, most, n_impurities_trained=most))
    if reason:
        raise DataError(f"{name} cannot audit {dataset.id}: {reason}; choose another adapter")
    samples, y = release(dataset.samples, inputs), dataset.truth(TARGET)
    errors = [
        [_test_mae(kind(target=target, seed=seed), samples, y, part) for part in parts]
        for seed, parts in enumerate(splits)
    ]
    rows, orbits = np.array(errors).T
    gain, gain_error = _summary(orbits - rows)
    part, _ = order_split([sample.orbit for sample in samples])
    swapped = _test_mae(kind(target=target, seed=0), samples, y, part)
    percent = 100 * gain / float(orbits.mean()) if orbits.any() else 0.0
    return TwinGain(name, *_summary(rows), *_summary(orbits), gain, gain_error, percent, swapped)


def _splits(dataset: Dataset, orbits: Sequence[str], n_splits: int) -> list[tuple[Part, Part]]:
    """Row split and orbit split of each seed; raises ``DataError`` where they are the same or cannot be made."""
    if len(set(orbits)) == len(orbits):
        raise DataError(
            f"{dataset.id} has no twins: its {len(orbits)} rows are {len(orbits)} orbits, so a split over rows is one "
            "over orbits; audit a dataset that lists a pair in both orders, such as jij-published-table"
        )
    if n_splits < 2:
        raise DataError(f"n_splits = {n_splits} gives no standard error; use 2 or more")
    n_test, found = round(SHARE * len(orbits)), []
    for seed in range(n_splits):
        rows = row_split(orbits, n_test, np.random.default_rng(seed))
        whole = orbit_split(orbits, n_test, np.random.default_rng(seed))
        if not all(len(part) for part in (*rows, *whole)):
            raise DataError(f"{dataset.id}: {len(orbits)} rows in {len(set(orbits))} orbits are too few to split 80/20")
        found.append((rows, whole))
    return found


def twin_audit(
    name: str | Path, adapter: str | Sequence[str] = ADAPTERS, n_splits: int = 20, inputs: str = "structure"
) -> TwinAudit:
    """Compare random 80/20 splits over rows with random splits of the same size over orbits, seeds 0 … n_splits − 1.

    Raises ``DataError`` for a dataset without dimers, without twins or too few rows, and for fewer than two splits.
    """
    dataset = load_dataset(name)
    if TARGET not in dataset.card.targets:
        dimers = [known for known in dataset_ids() if TARGET in read_card(dataset_folder(known)).targets]
        raise DataError(
            f"{dataset.id} has {', '.join(dataset.card.targets)}, and twins are pairs of impurities with a coupling "
            f"({TARGET}); audit a dataset of dimers: {', '.join(dimers)}, or a folder of your own"
        )
    orbits = [sample.orbit for sample in dataset.samples]
    splits, sizes = _splits(dataset, orbits, n_splits), Counter(orbits)
    names = [adapter] if isinstance(adapter, str) else list(adapter)
    y, ((_, test), copied) = dataset.truth(TARGET), order_split(orbits)
    return TwinAudit(
        dataset=dataset.id,
        inputs=inputs,
        n_rows=len(orbits),
        n_orbits=len(sizes),
        n_twins=sum(size for size in sizes.values() if size > 1),
        n_splits=n_splits,
        n_test=len(splits[0][0][1]),
        twin_share=float(np.mean([twin_share(orbits, rows) for rows, _ in splits])),
        n_copied=len(test),
        copy_mae=_mae(y[test], y[copied]),
        copy_worst=float(np.abs(y[test] - y[copied]).max()),
        zero_mae=_mae(y[test], np.zeros(len(test))),
        gains=tuple(_gain(each, dataset, inputs, splits) for each in names),
    )


def audit_markdown(audit: TwinAudit) -> str:
    """The audit as a short Markdown text with one table."""
    lines = [
        f"**{audit.dataset}**: {audit.n_rows} rows in {audit.n_orbits} orbits. {audit.n_twins} rows have a twin: a row "
        "that a symmetry of the host, or naming i and j the other way round, makes equal.",
        "",
        f"A random split over rows ({audit.n_test} tested) leaves a twin in training for {audit.twin_share:.0%} of the "
        "test rows; one of the same size over orbits leaves none. MAE in meV, mean ± standard error over "
        f"{audit.n_splits} seeds, inputs `{audit.inputs}`:",
        "",
        "| adapter | split over rows | split over orbits | gain from twins | gain, % | one order → the other |",
        "|---|---|---|---|---|---|",
        *(_line(gain) for gain in audit.gains),
        "",
        f"Copying the twin misses {audit.n_copied} rows by {audit.copy_mae:.3f} meV on average, the table's own "
        f"asymmetry, and by {audit.copy_worst:.3f} meV at most; predicting zero misses them by {audit.zero_mae:.3f}.",
    ]
    return "\n".join(lines) + "\n"


def _line(gain: TwinGain) -> str:
    cells = [
        gain.adapter,
        f"{gain.rows_mae:.3f} ± {gain.rows_error:.3f}",
        f"{gain.orbits_mae:.3f} ± {gain.orbits_error:.3f}",
        f"{gain.gain:.3f} ± {gain.gain_error:.3f}",
        f"{gain.gain_percent:.0f}",
        f"{gain.swapped_mae:.3f}",
    ]
    return f"| {' | '.join(cells)} |"
