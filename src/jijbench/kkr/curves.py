"""Predicted curves of one impurity, from the files of ``jijbench predict``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from jijbench.errors import DataError, ExportError
from jijbench.reading import read_arrays
from jijbench.targets import DV_SHELL

#: what every prediction has to name
ARRAYS = ("target", "host", "impurity", "mean")
INSIDE = "inside"


@dataclass(frozen=True, eq=False)
class Curves:
    """Curves (n,) Ry by distance of the neighbour in Bohr (0 for ``dv``); ``outside``: what the model says of them."""

    by_distance: Mapping[float, np.ndarray]
    outside: tuple[str, ...] = ()


def read_curves(path: Path, target: str, host: str, element: str) -> Curves:
    """Curves that were predicted for one impurity.

    Raises ``ExportError`` for a file that cannot be read, another target, a missing combination, NaN.
    """
    neighbours = target == DV_SHELL.name
    arrays = _arrays(path, (*ARRAYS, "distance") if neighbours else ARRAYS)
    if str(arrays["target"]) != target:
        raise ExportError(f"{path} holds {str(arrays['target'])!r}, expected {target!r}")
    rows = np.flatnonzero((arrays["host"] == host) & (arrays["impurity"] == element))
    if not len(rows) or (not neighbours and len(rows) > 1):
        raise ExportError(f"{path}: {len(rows)} rows of {element} in {host}; predict that combination once")
    curves, places = arrays["mean"][rows], arrays["distance"][rows] if neighbours else np.zeros(len(rows))
    if not (np.isfinite(curves).all() and np.isfinite(places).all()):
        raise ExportError(f"{path}: mean of {element} in {host} is not finite")
    if len(set(np.round(places, 3))) < len(places):
        raise ExportError(f"{path}: a distance of {element} in {host} stands there twice: {sorted(places)}")
    outside = sorted(set(arrays["domain"][rows].tolist()) - {INSIDE}) if "domain" in arrays else []
    return Curves(dict(zip(places.tolist(), curves, strict=True)), tuple(outside))


def _arrays(path: Path, names: Sequence[str]) -> dict[str, np.ndarray]:
    """The named arrays, and ``domain`` where there is one: texts and numbers, one row each."""
    try:
        found = read_arrays(path, (*names, "domain"))
        arrays = {name: a.astype(float if name in ("mean", "distance") else str) for name, a in found.items()}
    except (DataError, ValueError, TypeError) as error:
        raise ExportError(f"{path} cannot be read: {error}; make it with `jijbench predict`") from error
    lacking = [name for name in names if name not in arrays]
    if lacking:
        raise ExportError(f"{path} has no array {lacking[0]!r}; make it with `jijbench predict`")
    n = len(np.atleast_1d(arrays["mean"]))
    wrong = [name for name, array in arrays.items() if name not in ("target", "mean") and array.shape != (n,)]
    if wrong or arrays["mean"].ndim != 2 or arrays["target"].shape != ():
        raise ExportError(f"{path}: {', '.join(wrong) or 'mean'}: not one row each; make it with `jijbench predict`")
    return arrays
