"""What a bundle says of itself: how it came about, how good it is, and what it was trained on."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np

from jijbench.data.card import Sha256, Strict, validated
from jijbench.data.sample import Sample
from jijbench.reading import read_json
from jijbench.records.migration import upgraded_card
from jijbench.targets import Target, restored

CARD = "card.json"
INSIDE = "inside"
#: relative difference of nearest-neighbour distances below which two crystals of an element are one host
SAME_LATTICE = 0.01


#: what kinds of targets are asked of
DOMAINS: Mapping[str, Literal["dimers", "impurities"]] = {
    "coupling": "dimers",
    "vector": "dimers",
    "curve": "impurities",
}


class Domain(Strict):
    """What training held, as a test: a sample is inside, or there is a reason why it is not.

    Attributes
    ----------
    kind : dimers (elements, pairs, shells, geometries) or impurities (elements, hosts)
    elements : of the impurities
    pairs : unordered pairs of elements, in any geometry
    shells, distances : of the neighbour shells; Å
    hosts : nearest-neighbour distance (Å) at the impurity, by host
    geometries : fingerprints of the surroundings, read from either site
    """

    kind: Literal["dimers", "impurities"]
    elements: tuple[str, ...]
    pairs: tuple[tuple[str, str], ...]
    shells: tuple[int, ...]
    distances: tuple[float, ...]
    hosts: dict[str, float]
    geometries: tuple[str, ...]

    @classmethod
    def of(cls, samples: Sequence[Sample], target: Target) -> Self:
        """The domain of training samples."""
        kind, geometries = DOMAINS[target.kind], {s.geometry.id: s.geometry for s in samples}.values()
        dimers = kind == "dimers"
        impurities = {e for s in samples for e in (s.elements[:2] if dimers else s.elements[:1])}
        return cls(
            kind=kind,
            elements=tuple(sorted(impurities)),
            pairs=tuple(sorted({s.pair for s in samples})) if dimers else (),
            shells=tuple(sorted({g.shell for g in geometries if g.shell is not None})),
            distances=tuple(sorted({round(g.distance, 4) for g in geometries})),
            hosts={s.host: nearest(s) for s in sorted(samples, key=lambda s: s.host)},
            geometries=tuple(sorted({name for g in geometries for name in g.signatures})),
        )

    def test(self, samples: Sequence[Sample]) -> list[str]:
        """``inside``, or what is outside training, for each sample."""
        known: dict[tuple, str] = {}
        for sample in samples:
            key = (id(sample.geometry), sample.elements)
            if key not in known:
                known[key] = joined(*self._reasons(sample))
        return [known[id(sample.geometry), sample.elements] for sample in samples]

    def _reasons(self, sample: Sample) -> list[str]:
        asked = sample.elements[:2] if self.kind == "dimers" else sample.elements[:1]
        found = [f"element {e} not in training" for e in dict.fromkeys(asked) if e not in self.elements]
        found += self._host_reasons(sample)
        if self.kind == "dimers" and not found and sample.pair not in self.pairs:
            found.append(f"pair {'-'.join(sample.pair)} never seen")
        return found + (self._place_reasons(sample) if sample.host in self.hosts else [])

    def _host_reasons(self, sample: Sample) -> list[str]:
        if sample.host not in self.hosts:
            return [f"host {sample.host} not in data"]
        known, found = self.hosts[sample.host], nearest(sample)
        if self.kind == "impurities" and abs(found - known) > SAME_LATTICE * known:
            return [f"host {sample.host} with neighbours at {found:.3f} Å, in the data {known:.3f} Å"]
        return []

    def _place_reasons(self, sample: Sample) -> list[str]:
        if self.kind == "impurities":
            far = min(abs(sample.distance / d - 1) if d else sample.distance for d in self.distances) > SAME_LATTICE
            return [f"distance {sample.distance:.3f} Å not in data"] if far else []
        if sample.shell is not None and sample.shell not in self.shells:
            return [f"shell {sample.shell} outside {ranges(self.shells)}"]
        if not set(sample.geometry.signatures) <= set(self.geometries):
            return [f"geometry at {sample.distance:.3f} Å not in training"]
        return []


def joined(*reasons: str) -> str:
    """``inside``, or the reasons that are there."""
    return "; ".join(reason for reason in reasons if reason not in ("", INSIDE)) or INSIDE


def nearest(sample: Sample) -> float:
    """Å, distance from the first impurity to the nearest atom of its cluster."""
    positions = sample.geometry.positions
    gaps = np.linalg.norm(positions - positions[sample.impurities[0]], axis=1)
    return round(float(np.sort(gaps)[1]), 4)


def ranges(numbers: Sequence[int]) -> str:
    """1, 2, 3, 5 as ``1–3, 5``."""
    if not numbers:
        return "none"
    cuts = [k for k, (a, b) in enumerate(pairwise(numbers), start=1) if b != a + 1]
    parts = [numbers[a:b] for a, b in pairwise([0, *cuts, len(numbers)])]
    return ", ".join(str(p[0]) if len(p) == 1 else f"{p[0]}–{p[-1]}" for p in parts)


class BundleCard(Strict):
    """Everything that a user of the model should know, in JSON.

    ``scores``: by task, from the leaderboard, so from models that had not seen their test rows; ``training``: how well
    the refitted model gives its own training rows back, which says nothing of new ones.
    """

    task: str
    dataset: str
    dataset_version: str
    target: dict[str, Any]
    row: str
    adapter: str
    inputs: str
    selection: str
    seed: int
    hypers: dict[str, Any]
    chosen: dict[str, float | int | str]
    search: dict[str, Any]
    training: dict[str, float | int | None]
    scores: dict[str, dict[str, float | int | str]]
    gives_std: bool
    units: dict[str, str]
    convention: str
    licence: dict[str, str]
    citation: dict[str, str]
    data_sha256: dict[str, Sha256]
    split_sha256: Sha256
    version: int
    code_sha256: Sha256 | None
    versions: dict[str, str | None]
    environment: dict[str, Any]
    cluster_radius_angstrom: float | None
    domain: Domain
    seconds: dict[str, float]
    created: str

    @property
    def asked_target(self) -> Target:
        """What the model predicts."""
        return restored(self.target)


def write_card(folder: Path, card: BundleCard) -> None:
    """Write ``card.json``."""
    (folder / CARD).write_text(card.model_dump_json(indent=1) + "\n", encoding="utf-8")


def read_bundle_card(folder: Path) -> BundleCard:
    """Read ``card.json``; raises ``DataError`` naming file and field."""
    return validated(BundleCard, upgraded_card(read_json(folder / CARD)), f"{folder / CARD} is no card of a bundle")
