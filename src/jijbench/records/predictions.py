"""Predictions of a cell, and the file that holds them beside its record."""

import gzip
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from jijbench.data.card import file_sha256
from jijbench.errors import DataError, RecordError
from jijbench.files import npz, write_atomically
from jijbench.reading import UNREADABLE, read_arrays
from jijbench.targets import Target


@dataclass(frozen=True, eq=False)
class Predictions:
    """Inner and test predictions of a cell.

    ``id`` and ``part`` (n,) of text; ``mean`` and, where the model gives one, ``std`` (n, *target.shape) in the
    target's unit; ``basis`` (m, k) that the model expands its curves in, None for a model without one.
    """

    id: np.ndarray
    part: np.ndarray
    mean: np.ndarray
    std: np.ndarray | None = None
    basis: np.ndarray | None = None

    def of(self, part: str) -> "Predictions":
        """Those of one part: ``inner``, ``test``, or a round of a growing training part."""
        here = self.part == part
        std = None if self.std is None else self.std[here]
        return Predictions(self.id[here], self.part[here], self.mean[here], std, self.basis)

    def reconstruction(self, truth: np.ndarray, target: Target) -> np.ndarray | None:
        """(n, *target.shape) what the model's basis makes of the truth; None for a model without one."""
        return None if self.basis is None else target.projected(truth, self.basis)


def write_predictions(path: Path, found: Predictions, target: Target) -> Path:
    """Write predictions; returns the path with its ending.

    They go to ``.csv.gz`` (``id, part, mean, std``, six digits; ``mean_0, mean_1, …`` of a vector), or, where the
    target says that they are compressed, to ``.npz`` as float32 coefficients of a few curves, beside the model's own
    basis. The same predictions give the same bytes.
    """
    if not target.compressed:
        names = {"id": found.id, "part": found.part}
        table = pd.DataFrame(names | _columns("mean", found.mean) | _columns("std", found.std, found.mean.shape[1:]))
        text = table.to_csv(index=False, float_format="%.6g", lineterminator="\n")
        path = path.with_suffix(".csv.gz")
        write_atomically(path, gzip.compress(text.encode(), mtime=0))
        return path
    arrays = {"id": np.array(found.id, dtype=str), "part": np.array(found.part, dtype=str)}
    arrays["coefficients"], arrays["curves"] = low_rank(found.mean)
    if found.std is not None:
        arrays["std_coefficients"], arrays["std_curves"] = low_rank(found.std)
    if found.basis is not None:
        arrays["basis"] = found.basis.astype(np.float32)
    path = path.with_suffix(".npz")
    write_atomically(path, npz(arrays))
    return path


def _columns(name: str, values: np.ndarray | None, shape: tuple[int, ...] = ()) -> dict[str, Any]:
    """``name`` of numbers (n,), ``name_0``, ``name_1``, … of the components of vectors; empty for no values."""
    shape = shape if values is None else values.shape[1:]
    if not shape:
        return {name: np.nan if values is None else values}
    flat = np.full((1, int(np.prod(shape))), np.nan) if values is None else values.reshape(len(values), -1)
    return {f"{name}_{k}": np.nan if values is None else column for k, column in enumerate(flat.T)}


def _of_columns(name: str, table: pd.DataFrame) -> np.ndarray:
    """What ``_columns`` wrote."""
    if name in table:
        return table[name].to_numpy(dtype=float)
    return table[[f"{name}_{k}" for k in range(sum(str(c).startswith(f"{name}_") for c in table))]].to_numpy(
        dtype=float
    )


def low_rank(curves: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Float32 coefficients (n, m) and curves (m, k) whose product is ``curves`` (n, k) to about five digits.

    The fewest singular vectors that leave at most 1e-5 (1 + |value|) at any point; the curves themselves if none do.
    """
    U, s, V = np.linalg.svd(curves, full_matrices=False)
    single = curves.astype(np.float32), np.eye(curves.shape[1], dtype=np.float32)
    for m in range(len(s)):
        pair = (U[:, :m] * s[:m]).astype(np.float32), V[:m].astype(np.float32)
        if np.all(np.abs(pair[0].astype(float) @ pair[1] - curves) <= 1e-5 * (1 + np.abs(curves))):
            return pair
    return single


def read_predictions(path: Path, sha256: str | None = None) -> Predictions:
    """Read a cell's own file; raises ``RecordError`` for changed bytes."""
    try:
        found = file_sha256(path)
        if sha256 is not None and found != sha256:
            raise RecordError(f"{path} has sha256 {found}, its record says {sha256}; run the cell again")
        if path.suffix == ".gz":
            table = pd.read_csv(path, float_precision="round_trip")
            mean, std = _of_columns("mean", table), _of_columns("std", table)
            names, parts = (table[name].to_numpy(dtype=str) for name in ("id", "part"))
            return Predictions(names, parts, mean, std if np.isfinite(std).any() else None)
        arrays = read_arrays(path)
        spread = _product(arrays, "std_") if "std_curves" in arrays else None
        basis = arrays["basis"].astype(float) if "basis" in arrays else None
        return Predictions(arrays["id"], arrays["part"], _product(arrays, ""), spread, basis)
    except RecordError:
        raise
    except (DataError, *UNREADABLE) as error:
        said = str(error).strip().splitlines() or [type(error).__name__]
        raise RecordError(f"{path} cannot be read: {said[0]}; run the cell again") from error


def _product(arrays: dict[str, np.ndarray], kind: str) -> np.ndarray:
    return arrays[f"{kind}coefficients"].astype(float) @ arrays[f"{kind}curves"].astype(float)
