"""Dimers to predict: made from element pairs and shells, or read from a table or from structures."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations_with_replacement
from pathlib import Path
from string import ascii_lowercase

import numpy as np
import pandas as pd

from jijbench.data.cluster import atoms_near, cluster
from jijbench.data.dataset import Dataset
from jijbench.data.host import Host, read_host
from jijbench.data.sample import Geometry, Sample
from jijbench.data.store import read_geometries, write_geometries
from jijbench.data.symmetry import canonical, site_at
from jijbench.data.tables import read_table_of_user
from jijbench.elements import atomic_number
from jijbench.errors import DataError

GEOMETRIES, HOST, MOMENTS = "geometries.extxyz", "host.json", "moments.csv"
#: two different impurities, by which a pair of sites is told from the same pair read the other way round
MARKS = ("Cr", "Mn")
#: shells are looked for up to this one
LAST = 100


@dataclass(frozen=True, eq=False)
class Dimers:
    """What a bundle knows of its host, to make dimers in it.

    ``geometries`` by id, as in the data; ``moments`` (μB) by element and sublattice, '' standing for any; ``radius``
    (Å) of the clusters.
    """

    host: Host
    geometries: dict[str, Geometry]
    moments: dict[tuple[str, str], float]
    radius: float

    def given(self, moments: dict[tuple[str, str], float]) -> "Dimers":
        """The same with moments of the user's own, which go before those of the data."""
        elements = {e for e, where in moments if where == ""}
        kept = {key: value for key, value in self.moments.items() if key[0] not in elements}
        return replace(self, moments=kept | moments)

    def sample(self, elements: tuple[str, str], geometry: Geometry, name: str = "") -> Sample:
        """One dimer, with moments where both are known; raises ``UnknownElement``."""
        for element in elements:
            atomic_number(element)
        sites = zip(elements, geometry.sublattices, strict=True)
        found = [self.moments.get((e, where), self.moments.get((e, ""))) for e, where in sites]
        inputs = {} if None in found else {"moments": np.array(found, dtype=float)}
        name = name or f"{elements[0]}-{elements[1]}-{geometry.id}"
        return Sample(name, geometry, elements, name, inputs)

    def grid(self, elements: Iterable[str], shells: Iterable[int] | None = None) -> list[Sample]:
        """All unordered pairs of the elements, by atomic number, in all geometries of the shells (None: of the data).

        A shell in which exchanging the elements changes J has two geometries, as in the data.
        """
        geometries = list(self.geometries.values()) if shells is None else self.of_shells(shells)
        pairs = list(combinations_with_replacement(sorted(set(elements), key=atomic_number), 2))
        return [self.sample(pair, geometry) for geometry in geometries for pair in pairs]

    def of_shells(self, shells: Iterable[int]) -> list[Geometry]:
        """Geometries of the numbered shells, those beyond the data found in the host; raises ``DataError``."""
        wanted = sorted(set(shells))
        bad = [shell for shell in wanted if not 1 <= shell <= LAST]
        if bad:
            raise DataError(f"shell {bad[0]}: shells are numbered from 1, the nearest neighbours, to {LAST}")
        known = {g.shell for g in self.geometries.values()}
        more = self._further(max(wanted)) if set(wanted) - known else []
        return [g for shell in wanted for g in (*self.geometries.values(), *more) if g.shell == shell]

    def _further(self, last: int) -> list[Geometry]:
        """Geometries of the shells beyond the data, up to number ``last``.

        Raises ``DataError`` where the data number their shells otherwise than by the distances of the host's sites.
        """
        known = {canonical(self.host, g, MARKS): g for g in self.geometries.values()}
        reach = 1.2 * max(g.distance for g in known.values())
        while len(found := self._pairs_within(reach)) < last:
            reach *= 1.2
        more = []
        for number, classes in enumerate(list(found.values())[:last], start=1):
            missing = [key for key in classes if key not in known]
            wrong = [known[key].shell for key in classes if key in known and known[key].shell != number]
            if wrong:
                raise DataError(
                    f"shell {wrong[0]} of the data is not the host's {number}th; give displacements instead"
                )
            letters = ascii_lowercase[: len(missing)] if len(missing) > 1 else [""] * len(missing)
            for letter, key in zip(letters, missing, strict=True):
                more.append(self._cluster(*classes[key], f"s{number:02d}{letter}", number))
        return more

    def _pairs_within(self, reach: float) -> dict[float, dict[tuple, tuple[str, str, np.ndarray]]]:
        """By distance (0.01 Å), one pair of impurity sites of each class that the host's symmetry makes equal."""
        sublattices = sorted({name for g in self.geometries.values() for name in g.sublattices})
        found: dict[float, dict[tuple, tuple[str, str, np.ndarray]]] = {}
        for first in sublattices:
            start = self.host.position(first)
            _, positions, names = atoms_near(self.host, start[None], reach)
            for step, second in zip(positions - start, names, strict=True):
                distance = float(np.linalg.norm(step))
                if second in sublattices and distance > 0.1:
                    bare = self._cluster(first, second, step, "pair", radius=0.0)
                    classes = found.setdefault(round(distance, 2), {})
                    classes.setdefault(canonical(self.host, bare, MARKS), (first, second, step))
        return dict(sorted(found.items()))

    def _cluster(
        self,
        first: str,
        second: str,
        step: np.ndarray,
        name: str,
        shell: int | None = None,
        radius: float | None = None,
    ) -> Geometry:
        steps = np.stack([np.zeros(3), step])
        return cluster(self.host, (first, second), steps, self.radius if radius is None else radius, name, shell)

    def placed(self, first: str, step: np.ndarray, name: str) -> Geometry:
        """The pair of sites ``step`` (3,) Å apart, i on the site ``first``; the data's own geometry where it is one."""
        second = site_at(self.host, self.host.position(first) + step)
        return self.as_known(self._cluster(first, second, step, name))

    def as_known(self, geometry: Geometry) -> Geometry:
        """The data's geometry with the same surroundings, read in the same sense; else this one."""
        same = [g for g in self.geometries.values() if g.signatures == geometry.signatures]
        turned = [g for g in self.geometries.values() if g.signatures[::-1] == geometry.signatures]
        if not same and turned:
            return replace(geometry, shell=turned[0].shell)
        return same[0] if same else geometry


def write_dimers(folder: Path, dataset: Dataset) -> None:
    """Write host, geometries and moments of a dataset of dimers."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / HOST).write_bytes((dataset.folder / HOST).read_bytes())
    geometries = {sample.geometry.id: sample.geometry for sample in dataset.samples}
    write_geometries(folder / GEOMETRIES, geometries.values())
    moments = moments_of(dataset.samples)
    rows = [(e, where, value) for (e, where), value in sorted(moments.items())]
    pd.DataFrame(rows, columns=["element", "sublattice", "moment_mub"]).to_csv(
        folder / MOMENTS, index=False, lineterminator="\n"
    )


def moments_of(samples: Sequence[Sample]) -> dict[tuple[str, str], float]:
    """Moment (μB) by element and sublattice, where all samples agree on it."""
    found: dict[tuple[str, str], set[float]] = {}
    for sample in samples:
        if sample.moments is not None:
            for e, where, value in zip(sample.elements, sample.geometry.sublattices, sample.moments, strict=True):
                found.setdefault((e, where), set()).add(float(value))
    return {key: values.pop() for key, values in found.items() if len(values) == 1}


def read_dimers(folder: Path, radius: float) -> Dimers:
    """Read what ``write_dimers`` wrote."""
    return Dimers(
        read_host(folder / HOST),
        read_geometries(folder / GEOMETRIES),
        read_moments(folder / MOMENTS, signed=True),
        radius,
    )


def read_moments(path: Path, signed: bool = False) -> dict[tuple[str, str], float]:
    """Moments (μB) by element and sublattice from a table of ``element``, ``moment_mub`` and, if any, ``sublattice``.

    Raises ``DataError`` naming file and row: no finite number, a negative one unless ``signed``, listed twice.
    """
    table = read_table_of_user(path)
    table.need("element", "moment_mub")
    sites = table.text("sublattice") if "sublattice" in table else [""] * len(table)
    values = table.numbers("moment_mub")[:, 0]
    table.refuse((values < 0) & (not signed), "has a negative moment; give its length |m| in μB")
    keys = list(zip(table.elements("element"), sites, strict=True))
    again = [f"lists {' on '.join(filter(None, key))} a second time; keep one" for key in keys]
    table.refuse((key in keys[:k] for k, key in enumerate(keys)), again)
    return dict(zip(keys, map(float, values), strict=True))
