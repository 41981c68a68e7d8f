"""Composition-based feature vectors of the pair of elements (CBFV), and the geometry of the pair."""

import contextlib
import io
from collections.abc import Sequence

import numpy as np

from jijbench.data.sample import Sample
from jijbench.descriptors._cache import cached
from jijbench.errors import UnknownElement


@cached
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
        X, _, kept, skipped = composition.generate_features(
            frame, elem_prop=table, drop_duplicates=False, extend_features=False, sum_feat=True
        )
    if len(kept) != len(formulae):
        raise UnknownElement(f"CBFV table {table!r} lacks elements of {sorted(set(skipped))}; choose another table")
    columns = X.to_numpy(dtype=float)
    holes = [name for name, row in zip(formulae, columns, strict=True) if not np.isfinite(row).all()]
    if holes:  # some tables list an element and leave its properties open
        raise UnknownElement(f"CBFV table {table!r} has no number for some property of {holes}; choose another table")
    return columns


def composition(samples: Sequence[Sample], table: str = "oliynyk") -> np.ndarray:
    """(n, columns) features of the two elements, the same for (A, B) and (B, A); no geometry."""
    pairs = sorted({sample.pair for sample in samples})
    rows = _features(tuple(f"{a}2" if a == b else f"{a}{b}" for a, b in pairs), table)
    place = {pair: k for k, pair in enumerate(pairs)}
    return rows[[place[sample.pair] for sample in samples]]


def pair_geometry(samples: Sequence[Sample]) -> np.ndarray:
    """(n, 4) distance (Å), in-plane part and height of the displacement (Å), 1 on one sublattice else 0."""
    steps = np.array([sample.geometry.displacement for sample in samples])
    same = [float(s.geometry.sublattices[0] == s.geometry.sublattices[1]) for s in samples]
    return np.column_stack(
        [np.linalg.norm(steps, axis=1), np.hypot(steps[:, 0], steps[:, 1]), np.abs(steps[:, 2]), same]
    )
