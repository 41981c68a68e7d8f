"""A host crystal, checked when it is made: what is none reaches neither symmetry library nor neighbour search."""

from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from jijbench import limits
from jijbench.elements import atomic_number
from jijbench.errors import DataError, UnknownElement
from jijbench.reading import read_json
from jijbench.text import quoted

#: least volume of a cell over that of a box of its edges; below it the lattice vectors lie in a plane
FLAT = 1e-3


@dataclass(frozen=True, eq=False)
class Host:
    """A host crystal: primitive cell and named sites.

    ``cell`` (3, 3) Å, rows are lattice vectors; ``positions`` (m, 3) Å; ``elements`` and ``sites`` name the m atoms.
    Raises ``DataError`` naming field or site where this is no crystal.
    """

    formula: str
    cell: np.ndarray
    sites: tuple[str, ...]
    elements: tuple[str, ...]
    positions: np.ndarray

    def __post_init__(self) -> None:
        _check_cell(self.cell)
        _check_names(self)
        _check_gaps(self)

    def position(self, site: str) -> np.ndarray:
        """(3,) Å of a named site in the home cell; raises ``DataError``."""
        if site not in self.sites:
            raise DataError(f"host {self.formula} has no site {site!r}; its sites are {', '.join(self.sites)}")
        return self.positions[self.sites.index(site)]

    @classmethod
    def from_json(cls, raw: Any) -> "Host":
        """From the mapping of a ``host.json`` (``lattice_angstrom``, ``sites`` with name, element, position)."""
        sites = _field(raw, "sites", list, "")
        if not sites:
            raise DataError("sites is empty; a crystal has one or more")
        if len(sites) > limits.SITES:
            raise DataError(f"sites are {len(sites)}, the limit is {limits.SITES}; give the primitive cell")
        known = [(site, f"sites[{k}].") for k, site in enumerate(sites)]
        return cls(
            _field(raw, "formula", str, ""),
            _numbers(_field(raw, "lattice_angstrom", list, ""), "lattice_angstrom", (3, 3)),
            tuple(_field(site, "site", str, where) for site, where in known),
            tuple(_field(site, "element", str, where) for site, where in known),
            np.array([
                _numbers(_field(site, "position_angstrom", list, where), where + "position_angstrom", (3,))
                for site, where in known
            ]),
        )  # fmt: skip


def read_host(path: Path) -> Host:
    """The host crystal of a ``host.json``; raises ``DataError`` naming file and field."""
    try:
        return Host.from_json(read_json(path))
    except DataError as error:
        text = str(error) if str(path) in str(error) else f"{path}: {error}"
        raise DataError(f"{text} (datasets/jij-bi2te3/host.json is a pattern)") from error


def _field(raw: Any, name: str, kind: type[str] | type[list], where: str) -> Any:
    if not isinstance(raw, dict):
        raise DataError(f"{where.rstrip('.') or 'the file'} is {quoted(raw)}, not a mapping with {name!r}")
    if name not in raw:
        raise DataError(f"{where}{name} is missing")
    if not isinstance(raw[name], kind) or raw[name] == "":
        words = "a text" if kind is str else "a list"
        raise DataError(f"{where}{name} is {quoted(raw[name])}, not {words}")
    return raw[name]


def _numbers(raw: Any, where: str, shape: tuple[int, ...]) -> np.ndarray:
    """Nested lists as an array of finite numbers; text that looks like a number is none."""
    if not isinstance(raw, list) or len(raw) != shape[0]:
        given = f"a list of {len(raw)}" if isinstance(raw, list) else quoted(raw)
        raise DataError(
            f"{where} is {given}, expected a list of {shape[0]} {'numbers' if len(shape) == 1 else 'vectors'}"
        )
    if len(shape) > 1:
        return np.array([_numbers(part, f"{where}[{k}]", shape[1:]) for k, part in enumerate(raw)])
    for k, value in enumerate(raw):
        if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
            raise DataError(f"{where}[{k}] is {quoted(value)}, not a finite number (Å, without quotes)")
    return np.array(raw, dtype=float)


def _check_cell(cell: np.ndarray) -> None:
    """Raise ``DataError`` unless three vectors of the size of atoms span a volume."""
    if cell.shape != (3, 3) or cell.dtype.kind != "f" or not np.isfinite(cell).all():
        raise DataError(f"the lattice is {cell.tolist()}, expected three vectors of three finite numbers (Å)")
    lengths = np.linalg.norm(cell, axis=1)
    for k in np.flatnonzero((lengths < limits.SHORTEST) | (lengths > limits.LONGEST)):
        raise DataError(
            f"lattice_angstrom[{k}] is {lengths[k]:.3g} Å long, a lattice vector has {limits.SHORTEST} to "
            f"{limits.LONGEST:g} Å; check the unit"
        )
    if abs(np.linalg.det(cell)) < FLAT * lengths.prod():
        raise DataError(f"lattice_angstrom {cell.tolist()} has its three vectors in one plane; correct one")


def _check_names(host: Host) -> None:
    m = len(host.sites)
    if not m or len(host.elements) != m or host.positions.shape != (m, 3) or host.positions.dtype.kind != "f":
        raise DataError(
            f"{m} sites, {len(host.elements)} elements and positions of shape {host.positions.shape} differ"
        )
    twice = [name for name in host.sites if host.sites.count(name) > 1]
    if twice:
        raise DataError(f"the site {twice[0]!r} is named {host.sites.count(twice[0])} times; names must differ")
    for site, element in zip(host.sites, host.elements, strict=True):
        try:
            atomic_number(element)
        except UnknownElement as error:
            raise DataError(f"site {site!r}: {error}") from error
    far = ~(np.abs(host.positions) < limits.LONGEST).all(1)  # also NaN
    if far.any():
        k = int(far.argmax())
        raise DataError(f"site {host.sites[k]!r} lies at {host.positions[k].tolist()} Å; check the number and the unit")
    volume = abs(float(np.linalg.det(host.cell))) / m
    if volume < limits.SMALLEST:
        raise DataError(
            f"the lattice leaves {volume:.3g} Å³ to each of {m} atoms, a solid has {limits.SMALLEST} or more; "
            "check the unit"
        )


def _check_gaps(host: Host) -> None:
    """Raise ``DataError`` where two sites, or a site and its own image, are nearer than any two atoms."""
    from ase.geometry import minkowski_reduce

    cell, _ = minkowski_reduce(host.cell)  # shortest vectors, so the nearest image is among the 27 cells around
    images = np.array(list(product((-1, 0, 1), repeat=3))) @ cell
    own = np.linalg.norm(images, axis=1)
    if np.sort(own)[1] < limits.SHORTEST:
        raise DataError(
            f"the lattice has a vector of {np.sort(own)[1]:.3g} Å, shorter than any bond; check the lattice"
        )
    for k, site in enumerate(host.sites):
        offset = (host.positions[k + 1 :] - host.positions[k]) @ np.linalg.inv(cell)
        offset = (offset - np.round(offset)) @ cell
        gaps = np.linalg.norm(offset[:, None] + images, axis=-1).min(1)
        if len(gaps) and gaps.min() < limits.SHORTEST:
            other = host.sites[k + 1 + int(gaps.argmin())]
            raise DataError(
                f"the sites {site!r} and {other!r} are {gaps.min():.3f} Å apart, lattice vectors added; "
                f"no atoms are nearer than {limits.SHORTEST} Å: correct one or leave it out"
            )
