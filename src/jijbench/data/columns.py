"""The column map of an import: which column of a table holds what, in which unit and Hamiltonian."""

from pathlib import Path
from typing import Literal, Self

from pydantic import ConfigDict, Field, model_validator

from jijbench.convention import convention
from jijbench.data.card import Strict, Tolerance, validated
from jijbench.data.dialect import spelt
from jijbench.reading import read_yaml
from jijbench.units import LENGTH_ANGSTROM, factor


class Place(Strict):
    """Where a labelled geometry has its impurities: host site of i, and the displacement from i to j."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    site_i: str
    site_j: str | None = None
    displacement: tuple[float, float, float]


class ColumnMap(Strict):
    """Which column of a table holds what; a column is called by its name, or by its number where there is no header.

    Attributes
    ----------
    element_i, element_j : columns of chemical symbols or atomic numbers, or of labels that ``element_names`` explains
    element : instead of both, the one element of the whole file
    j : column of the isotropic exchange, in ``energy_unit`` and ``convention``
    energy_unit, convention : names of ``units.ENERGY_MEV`` and ``convention.CONVENTIONS``; no default, never guessed
    dx, dy, dz, site_i, site_j : columns of the displacement from i to j (``length_unit``, Cartesian, in the frame of
        the host's cell) and of the host site that i replaces; that of j is optional and then checked
    length_unit, alat, alat_unit : angstrom, bohr or alat; the latter is ``alat`` in ``alat_unit``
    cells, site_i, site_j : instead of a displacement, columns of the cell of j (in lattice vectors of the host, i in
        cell 0) and of both sites
    geometry, geometries : instead of a displacement, a column of labels and what each stands for
    site_names : host site that each label in ``site_i``, ``site_j`` stands for; others stand for themselves
    d, d_length : columns of the Dzyaloshinskii-Moriya vector D_ij, same unit and prefactor as J; with the column
        ``d_length`` they are its direction only
    moment_i, moment_j : columns of the moments (μB); a convention whose spins carry their length needs them
    signs : what J multiplies where moments are antiparallel, which must be said there: ``spins``, directions of the
        moments; ``raw``, as the Liechtenstein formula gives it: J > 0 keeps two moments as they stand in the reference
        state
    tolerance : how far values may be from what symmetry and moments demand: ``jij``, ``dij`` (meV), ``moments`` (μB);
        rounding without it
    header, skip_lines : whether the first line names the columns, and how many lines stand above it
    """

    model_config = ConfigDict(coerce_numbers_to_str=True)

    element_i: str | None = None
    element_j: str | None = None
    element: str | None = None
    element_names: dict[str, str] = Field(default={})
    j: str
    energy_unit: str
    convention: str
    length_unit: str = "angstrom"
    alat: float | None = Field(default=None, gt=0)
    alat_unit: str | None = None
    dx: str | None = None
    dy: str | None = None
    dz: str | None = None
    cells: tuple[str, str, str] | None = None
    site_i: str | None = None
    site_j: str | None = None
    geometry: str | None = None
    geometries: dict[str, Place] | None = None
    site_names: dict[str, str] = Field(default={})
    d: tuple[str, str, str] | None = None
    d_length: str | None = None
    moment_i: str | None = None
    moment_j: str | None = None
    signs: Literal["spins", "raw"] | None = None
    tolerance: Tolerance = Field(default={})
    header: bool = True
    skip_lines: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _units(self) -> Self:
        factor(self.energy_unit)  # an unknown name raises
        in_alat = self.length_unit == "alat"
        if in_alat != (self.alat is not None) or in_alat != (self.alat_unit is not None):
            raise ValueError("length_unit: alat needs alat and alat_unit, and they need it")
        factor(self.alat_unit or self.length_unit, LENGTH_ANGSTROM)
        return self

    @model_validator(mode="after")
    def _places(self) -> Self:
        ways = [
            all((self.dx, self.dy, self.dz, self.site_i)) and not (self.cells or self.geometry or self.geometries),
            all((self.cells, self.site_i, self.site_j))
            and not any((self.dx, self.dy, self.dz, self.geometry, self.geometries)),
            bool(self.geometry and self.geometries)
            and not any((self.dx, self.dy, self.dz, self.site_i, self.site_j, self.cells)),
        ]
        if not any(ways):
            raise ValueError(
                "give all of dx, dy, dz and site_i, or all of cells, site_i and site_j, or both of geometry and "
                "geometries; not a mixture"
            )
        if self.element is not None and (self.element_i or self.element_j or self.element_names):
            raise ValueError("element is that of the whole file; give it, or element_i and element_j, not both")
        if self.element is None and not (self.element_i and self.element_j):
            raise ValueError("give element_i and element_j, or element, the one of the whole file")
        return self

    @model_validator(mode="after")
    def _values(self) -> Self:
        if (self.moment_i is None) != (self.moment_j is None):
            raise ValueError("moment_i and moment_j come together; give both or neither")
        if convention(self.convention).moments and self.moment_i is None:
            raise ValueError(f"spins of {self.convention!r} carry their length; give moment_i and moment_j")
        if self.signs is not None and self.moment_i is None:
            raise ValueError("signs tells what J means between antiparallel moments; give moment_i and moment_j")
        if self.signs == "raw" and self.d is not None:
            raise ValueError("signs: raw says what J means, not what D means; convert D to spin directions yourself")
        if self.d_length is not None and self.d is None:
            raise ValueError("d_length is the length of d; give d, its direction")
        single = [spelt(name) for name in self.columns if name not in (self.site_i, self.site_j)]
        twice = sorted({name for name in single if single.count(name) > 1})
        if twice:
            raise ValueError(f"the columns {twice} are named twice; each holds one thing")
        return self

    @property
    def values(self) -> tuple[str, ...]:
        """Columns that are converted: J, then D where given."""
        return (self.j, *(self.d or ()))

    @property
    def moments(self) -> tuple[str, ...]:
        """Columns of the two moments, none where there are none."""
        return tuple(name for name in (self.moment_i, self.moment_j) if name)

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that the table must have."""
        steps = (self.dx, self.dy, self.dz, *(self.cells or ()))
        names = (self.element_i, self.element_j, self.site_i, self.site_j, self.geometry, *steps, self.d_length)
        return tuple(name for name in (*names, *self.moments, *self.values) if name)

    @property
    def to_house(self) -> float:
        """meV in the house convention for one unit of J (times m_i m_j where the spins carry their length)."""
        return factor(self.energy_unit) * convention(self.convention).to_house

    @property
    def to_angstrom(self) -> float:
        """Å for one unit of length."""
        return (self.alat or 1.0) * factor(self.alat_unit or self.length_unit, LENGTH_ANGSTROM)


def read_columns(source: ColumnMap | dict | Path | str) -> ColumnMap:
    """A column map from a mapping or a YAML file; raises ``DataError``, and ``UnknownName`` for unit or convention."""
    if isinstance(source, ColumnMap):
        return source
    if isinstance(source, dict):
        return validated(ColumnMap, source, "column map")
    return validated(ColumnMap, read_yaml(Path(source)), str(source))
