"""Composition-based feature vectors of the pair of elements (CBFV), and the geometry of the pair."""

import contextlib
import io
from collections.abc import Sequence
from functools import lru_cache
from importlib import resources
from itertools import product

import numpy as np

from jijbench.cache import cached
from jijbench.data.sample import Geometry, Sample
from jijbench.errors import UnknownElement


@lru_cache(maxsize=8)
def _known(table: str) -> frozenset[str]:
    """Elements of a CBFV table."""
    import pandas as pd

    file = resources.files("CBFV") / f"element_properties/{table}.csv"
    with resources.as_file(file) as path:
        return frozenset(pd.read_csv(path, usecols=["element"])["element"])


@cached("CBFV", "pandas")
def _features(formulae: tuple[str, ...], table: str) -> np.ndarray:
    """(n, columns) CBFV features of formulae such as ``CrMn`` or ``Cr2``."""
    import warnings

    import pandas as pd

    with (
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        from CBFV import composition

        frame = pd.DataFrame({"formula": list(formulae), "target": 0.0})
        X, *_ = composition.generate_features(
            frame, elem_prop=table, drop_duplicates=False, extend_features=False, sum_feat=True
        )
    columns = X.to_numpy(dtype=float)
    holes = [name for name, row in zip(formulae, columns, strict=True) if not np.isfinite(row).all()]
    if holes:  # some tables list an element and leave its properties open
        raise UnknownElement(f"CBFV table {table!r} has no number for some property of {holes}; choose another table")
    return columns


def composition(samples: Sequence[Sample], table: str = "oliynyk") -> np.ndarray:
    """(n, columns) features of the two elements, the same for (A, B) and (B, A); no geometry.

    Raises ``UnknownElement`` for an element that the table lacks or describes with holes.
    """
    pairs = sorted({sample.pair for sample in samples})
    strangers = {element for pair in pairs for element in pair} - _known(table)
    if strangers:
        raise UnknownElement(f"CBFV table {table!r} lacks {sorted(strangers)}; choose another table")
    rows = _features(tuple(f"{a}2" if a == b else f"{a}{b}" for a, b in pairs), table)
    place = {pair: k for k, pair in enumerate(pairs)}
    return rows[[place[sample.pair] for sample in samples]]


def pair_geometry(samples: Sequence[Sample]) -> np.ndarray:
    """(n, 4) distance (Å), its parts in and across the host's layers (Å), 1 on one sublattice else 0."""
    steps = np.array([sample.geometry.displacement for sample in samples])
    axes = np.array([_axis(sample.geometry) for sample in samples])
    same = [float(s.geometry.sublattices[0] == s.geometry.sublattices[1]) for s in samples]
    height = (steps * axes).sum(1)
    inplane = np.linalg.norm(steps - height[:, None] * axes, axis=1)
    columns = [np.linalg.norm(steps, axis=1), inplane, np.abs(height), same]
    return np.round(np.column_stack(columns), 6)  # else trees split what only a rotation of the frame tells apart


@lru_cache(maxsize=1024)
def _axis(geometry: Geometry) -> np.ndarray:
    """(3,) normal of the two shortest lattice vectors, c of a layered host, however it lies; zero without a cell."""
    steps = np.array([step for step in product((-2, -1, 0, 1, 2), repeat=3) if any(step)])
    vectors = steps @ geometry.cell
    vectors = vectors[np.argsort(np.round(np.linalg.norm(vectors, axis=1), 6), kind="stable")]
    normals = np.cross(vectors[0], vectors)
    sizes = np.linalg.norm(normals, axis=1)
    k = int(np.argmax(sizes > 1e-6 * max(sizes.max(), 1e-12)))
    return normals[k] / max(sizes[k], 1e-12)


def pair_moments(samples: Sequence[Sample]) -> np.ndarray:
    """(n, 2) product and sum of the moments of the pair (μB², μB); (n, 0) where moments are not released."""
    moments = [sample.moments for sample in samples]
    if any(moment is None for moment in moments):
        return np.empty((len(samples), 0))
    pairs = np.array([moment[:2] for moment in moments if moment is not None])
    return np.column_stack([pairs.prod(1), pairs.sum(1)])
