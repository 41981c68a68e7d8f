"""Predictions coded into few bytes, as packed records keep them.

Numbers are float32 and mean their nearest number of six significant digits, which is what a cell's own file holds.
Curves are sums of a few common curves: ``scores`` are whole multiples of ``STEP``, each common curve is written in
whole multiples of 2^−``power``, coarser the less it is used. Points that hardly count (near a nucleus the volume of a
mesh point is nothing) are 2^``coarse`` times coarser, inner rows 2^``coarse_rows`` times. Decoding gives the same
numbers everywhere.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from jijbench.records.predictions import Predictions
from jijbench.targets import Target

#: of the scores of curves, in the target's unit; curves come back to LEFT (1 + |value|), 2^``coarse`` times that
STEP, LEFT = 2.0**-28, 2.0**-24
#: largest ``coarse``: a point without weight comes back to four digits
COARSEST = 8
#: ``coarse_rows`` of inner rows, which calibrate intervals and stand in no score
COARSE_INNER = 10
Code = Mapping[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Coded:
    """``Predictions`` of a cell with coded values; ``basis`` is float32."""

    id: np.ndarray
    part: np.ndarray
    mean: Code
    std: Code | None = None
    basis: np.ndarray | None = None

    def decoded(self) -> Predictions:
        """What a reader is given."""
        std = None if self.std is None else decode(self.std)
        basis = None if self.basis is None else self.basis.astype(float)
        return Predictions(self.id, self.part, decode(self.mean), std, basis)


def coarseness(weight: np.ndarray) -> np.ndarray:
    """(k,) ``coarse`` of the points of curves that count by ``weight`` (k,) in an error's square."""
    with np.errstate(divide="ignore"):
        return np.clip(np.floor(-0.5 * np.log2(weight / weight.max())), 0, COARSEST).astype(np.int8)


def coded(found: Predictions, target: Target) -> Coded:
    """Code the predictions of a cell."""
    made: Callable[[np.ndarray], Code] = code_numbers
    if target.compressed:
        coarse = None if target.volume is None else coarseness(target.volume)
        inner = np.where(found.part == "inner", COARSE_INNER, 0).astype(np.int8)
        made = partial(code_curves, coarse=coarse, coarse_rows=inner)
    std = None if found.std is None else made(found.std)
    basis = None if found.basis is None else found.basis.astype(np.float32)
    return Coded(found.id, found.part, made(found.mean), std, basis)


def code_numbers(values: np.ndarray) -> Code:
    """Code numbers (n, …), each by itself."""
    return {"values": values.astype(np.float32)}


def code_curves(values: np.ndarray, coarse: np.ndarray | None = None, coarse_rows: np.ndarray | None = None) -> Code:
    """Code curves (n, k); rows that are not finite come back as NaN."""
    n, k = values.shape
    coarse = np.zeros(k, dtype=np.int8) if coarse is None else coarse
    coarse_rows = np.zeros(n, dtype=np.int8) if coarse_rows is None else coarse_rows
    unknown = ~np.isfinite(values).all(axis=1)
    left = np.where(unknown[:, None], 0.0, values) / _unit(coarse, coarse_rows)
    enough = LEFT * (1 + np.abs(left))
    scores, curves, powers = [], [], []
    for curve in np.linalg.svd(left, full_matrices=False)[2]:
        if np.all(np.abs(left) <= enough):
            break
        largest = np.abs(left @ curve).max()
        power = int(np.ceil(np.log2(max(largest / STEP, 1.0))))
        whole = np.rint(curve * 2.0**power)
        if not whole.any():
            continue
        rounded = whole / 2.0**power
        times = np.rint(left @ rounded / (rounded @ rounded) / STEP)
        left -= np.outer(times * STEP, rounded)
        scores.append(times)
        curves.append(whole)
        powers.append(power)
    made = {
        "scores": _bytes(np.reshape(scores, (-1, n))),
        "curves": _bytes(np.reshape(curves, (-1, k))),
        "power": np.array(powers, dtype=np.int8),
        "coarse": coarse,
        "coarse_rows": coarse_rows,
    }
    return made | ({"unknown": unknown} if unknown.any() else {})


def is_faithful(made: Code, values: np.ndarray) -> bool:
    """Whether a code gives the values that it was made of: numbers to the last digit."""
    back = decode(made)
    if back.shape != values.shape:
        return False
    known = np.isfinite(values)
    loose = 1e-14 * np.abs(values) if "values" in made else 2 * LEFT * (1 + np.abs(values)) * _unit_of(made)
    return bool(np.array_equal(known, np.isfinite(back)) and np.all(np.abs(back - values)[known] <= loose[known]))


def decode(made: Code) -> np.ndarray:
    """The values of a code."""
    if "values" in made:
        return six_digits(made["values"].astype(float))
    # the unit is a product of powers of two, so it may stand before the sum: no bit changes
    curves = np.ldexp(_whole(made["curves"]), made["coarse"] - made["power"].astype(int)[:, None])
    values = np.ldexp(_whole(made["scores"]) * STEP, made["coarse_rows"]).T @ curves
    if "unknown" in made:
        values[made["unknown"]] = np.nan
    return values


def _unit(coarse: np.ndarray, coarse_rows: np.ndarray) -> np.ndarray:
    """(n, k) how much coarser than the finest each value is."""
    return 2.0 ** np.add.outer(coarse_rows.astype(float), coarse.astype(float))


def _unit_of(made: Code) -> np.ndarray:
    return _unit(made["coarse"], made["coarse_rows"])


def _bytes(whole: np.ndarray) -> np.ndarray:
    """(8, m, n) bytes of whole numbers (m, n), lowest first, the sign in the lowest bit: few bytes are not zero."""
    signed = whole.astype("<i8")
    return np.ascontiguousarray(
        np.moveaxis(((signed << 1) ^ (signed >> 63)).view(np.uint8).reshape(*whole.shape, 8), 2, 0)
    )


def _whole(planes: np.ndarray) -> np.ndarray:
    """Whole numbers (m, n) of their bytes (8, m, n)."""
    lifted = np.ascontiguousarray(np.moveaxis(planes, 0, 2)).view("<u8")[..., 0]
    return (lifted >> np.uint64(1)).astype("<i8") ^ -(lifted & np.uint64(1)).astype("<i8")


def six_digits(values: np.ndarray) -> np.ndarray:
    """The nearest numbers of six significant digits, as their text would be read."""
    size = np.where((values == 0) | ~np.isfinite(values), 1.0, np.abs(values))
    power = 5 - np.floor(np.log10(size)).astype(int)
    scale = 10.0 ** np.abs(power)
    return np.where(power >= 0, np.rint(values * scale) / scale, np.rint(values / scale) * scale)
