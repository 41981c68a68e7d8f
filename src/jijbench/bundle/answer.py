"""Predictions of a bundle as tables, structures and arrays."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from jijbench.bundle.dimers import Dimers
from jijbench.bundle.dimers_read import read_dimer_frames, read_dimer_table
from jijbench.bundle.impurities import Impurities
from jijbench.bundle.impurities_read import read_impurity_arrays, read_impurity_table
from jijbench.bundle.model import Bundle
from jijbench.data.sample import Sample
from jijbench.errors import DataError
from jijbench.files import npz
from jijbench.text import without_formulas
from jijbench.units import BOHR_ANGSTROM

FORMATS = {"dimers": (".csv", ".extxyz", ".npz"), "impurities": (".npz",)}


def read_samples_for(bundle: Bundle, path: Path) -> list[Sample]:
    """Samples of a user's file, by its ending; raises ``DataError`` for one that does not fit the bundle."""
    if isinstance(bundle.known, Dimers):
        readers = {".csv": read_dimer_table, ".extxyz": read_dimer_frames, ".xyz": read_dimer_frames}
        if path.suffix in readers:
            return readers[path.suffix](path, bundle.known)
    elif path.suffix == ".csv":
        return read_impurity_table(path, bundle.known)
    elif path.suffix == ".npz":
        return read_impurity_arrays(path, bundle.known)
    wanted = ".csv or .extxyz" if isinstance(bundle.known, Dimers) else ".csv or .npz"
    raise DataError(f"{path}: a bundle of {bundle.card.domain.kind} reads {wanted} files")


def predicted(bundle: Bundle, samples: Sequence[Sample]) -> tuple[np.ndarray, np.ndarray | None]:
    """Mean and, where the model gives one, standard deviation."""
    return bundle.predict_std(samples) if bundle.card.gives_std else (bundle.predict(samples), None)


def dimer_table(bundle: Bundle, samples: Sequence[Sample]) -> pd.DataFrame:
    """One row a sample: ``element_i, element_j, shell, distance_ang, jij_mev``, ``std_mev`` where there is one,
    ``domain``, ``geometry``; of a vector a column each component, ``dij_x_mev`` and ``std_x_mev``.

    ``shell`` is missing where the pair of sites belongs to none of the numbered ones.
    """  # fmt: skip
    mean, std = predicted(bundle, samples)
    target = bundle.card.asked_target
    table = pd.DataFrame({
        "element_i": [s.elements[0] for s in samples], "element_j": [s.elements[1] for s in samples],
        "shell": pd.array([s.shell for s in samples], dtype="Int64"),
        "distance_ang": [round(s.distance, 6) for s in samples],
    })  # fmt: skip
    table[list(target.fields)] = mean.reshape(len(samples), -1) + 0.0
    if std is not None:
        names = [name.replace(target.name, "std", 1) for name in target.fields]
        table[names] = std.reshape(len(samples), -1)
    return table.assign(domain=bundle.domain(samples), geometry=[s.geometry.id for s in samples])


def curve_arrays(bundle: Bundle, samples: Sequence[Sample]) -> dict[str, np.ndarray]:
    """Arrays of predicted curves.

    ``target`` (), ``host``, ``impurity`` (n,), ``mean`` (n, 349) Ry on r/r_ws, ``std`` where there is one, ``distance``
    (n,) Bohr of the neighbour, ``domain`` (n,), ``start`` (n,): where V_start is known from ('' where not needed).
    """
    mean, std = predicted(bundle, samples)
    known = bundle.known
    arrays = {
        "target": np.array(bundle.card.target["name"]),
        "host": np.array([s.host for s in samples]),
        "impurity": np.array([s.elements[0] for s in samples]),
        "mean": mean,
        "domain": np.array(bundle.domain(samples)),
        "start": np.array([known.source(s) if isinstance(known, Impurities) else "" for s in samples]),
    }
    if len(samples) and len(samples[0].elements) > 1:
        arrays["distance"] = np.array([s.distance / BOHR_ANGSTROM for s in samples])
    return arrays if std is None else arrays | {"std": std}


def render(bundle: Bundle, samples: Sequence[Sample], suffix: str) -> bytes:
    """The content of a ``.csv``, ``.extxyz`` or ``.npz`` file; raises ``DataError`` for another ending."""
    kind = bundle.card.domain.kind
    if suffix not in FORMATS[kind]:
        raise DataError(
            f"predictions of {kind} are written as {' or '.join(FORMATS[kind])}, not {suffix or 'without ending'!r}"
        )
    if kind == "impurities":
        return npz(curve_arrays(bundle, samples))
    table = dimer_table(bundle, samples)
    if suffix == ".csv":
        return without_formulas(table).to_csv(index=False, float_format="%.8g", lineterminator="\n").encode()
    if suffix == ".npz":
        filled = table.assign(shell=table["shell"].fillna(0).astype(int))  # 0: none of the numbered shells
        return npz({str(name): np.array(filled[name].tolist()) for name in filled})
    return _extxyz(table, samples)


def _extxyz(table: pd.DataFrame, samples: Sequence[Sample]) -> bytes:
    from ase.io import write

    frames, text = [], io.StringIO()
    values = table.drop(columns=["element_i", "element_j"])
    for k, sample in enumerate(samples):
        atoms = sample.atoms
        atoms.info.update(elements="-".join(sample.elements), sublattices="|".join(sample.geometry.sublattices))
        atoms.info.update(
            {str(name): value for name, value in zip(values, values.iloc[k], strict=True) if not pd.isna(value)}
        )
        if sample.moments is not None:
            atoms.info["moments_mub"] = sample.moments
        frames.append(atoms)
    write(text, frames, format="extxyz")
    return text.getvalue().encode()
