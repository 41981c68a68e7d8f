"""The column map of an import: which column of a table holds what, in which unit and Hamiltonian."""

from pathlib import Path
from typing import Self

from pydantic import ConfigDict, Field, model_validator

from jijbench.convention import convention
from jijbench.data.card import Strict, validated
from jijbench.reading import read_yaml
from jijbench.units import LENGTH_ANGSTROM, factor


class Place(Strict):
    """Where a labelled geometry has its impurities: host site of i, and the displacement from i to j."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    site_i: str
    site_j: str | None = None
    displacement: tuple[float, float, float]


class ColumnMap(Strict):
    """Which column of a table holds what.

    Attributes
    ----------
    element_i, element_j : columns of chemical symbols or atomic numbers
    j : column of the isotropic exchange, in ``energy_unit`` and ``convention``
    energy_unit, convention : names of ``units.ENERGY_MEV`` and ``convention.CONVENTIONS``; no default, never guessed
    dx, dy, dz, site_i, site_j : columns of the displacement from i to j (``length_unit``, Cartesian, in the frame of
        the host's cell) and of the host site that i replaces; that of j is optional and then checked
    geometry, geometries : instead of a displacement, a column of labels and what each stands for
    site_names : host site that each label in ``site_i``, ``site_j`` stands for; others stand for themselves
    d : columns of the Dzyaloshinskii-Moriya vector D_ij, same unit and prefactor as J
    moment_i, moment_j : columns of the moments (μB); a convention whose spins carry their length needs them
    """

    model_config = ConfigDict(coerce_numbers_to_str=True)

    element_i: str
    element_j: str
    j: str
    energy_unit: str
    convention: str
    length_unit: str = "angstrom"
    dx: str | None = None
    dy: str | None = None
    dz: str | None = None
    site_i: str | None = None
    site_j: str | None = None
    geometry: str | None = None
    geometries: dict[str, Place] | None = None
    site_names: dict[str, str] = Field(default={})
    d: tuple[str, str, str] | None = None
    moment_i: str | None = None
    moment_j: str | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        factor(self.length_unit, LENGTH_ANGSTROM)  # an unknown name raises
        factor(self.energy_unit)
        steps, labels = (self.dx, self.dy, self.dz, self.site_i), (self.geometry, self.geometries)
        one_way = all(steps) and not any(labels)
        other_way = all(labels) and not any((*steps, self.site_j))
        if not (one_way or other_way):
            raise ValueError("give all of dx, dy, dz and site_i, or both of geometry and geometries; not a mixture")
        if (self.moment_i is None) != (self.moment_j is None):
            raise ValueError("moment_i and moment_j come together; give both or neither")
        if convention(self.convention).moments and self.moment_i is None:
            raise ValueError(f"spins of {self.convention!r} carry their length; give moment_i and moment_j")
        single = [name for name in self.columns if name not in (self.site_i, self.site_j)]
        twice = sorted({name for name in single if single.count(name) > 1})
        if twice:
            raise ValueError(f"the columns {twice} are named twice; each holds one thing")
        return self

    @property
    def values(self) -> tuple[str, ...]:
        """Columns that are converted: J, then D where given."""
        return (self.j, *(self.d or ()))

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that the table must have."""
        names = (self.element_i, self.element_j, self.site_i, self.site_j, self.geometry, self.dx, self.dy, self.dz)
        return tuple(name for name in (*names, self.moment_i, self.moment_j, *self.values) if name)

    @property
    def to_house(self) -> float:
        """meV in the house convention for one unit of J (times m_i m_j where the spins carry their length)."""
        return factor(self.energy_unit) * convention(self.convention).to_house


def read_columns(source: ColumnMap | dict | Path | str) -> ColumnMap:
    """A column map from a mapping or a YAML file; raises ``DataError``, and ``UnknownName`` for unit or convention."""
    if isinstance(source, ColumnMap):
        return source
    if isinstance(source, dict):
        return validated(ColumnMap, source, "column map")
    return validated(ColumnMap, read_yaml(Path(source)), str(source))
