"""What is predicted: name, shape, unit, and how it behaves."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from jijbench.errors import UnknownName
from jijbench.targets.mesh import POINTS

Kind = Literal["scalar", "axial vector", "tensor", "field"]


@dataclass(frozen=True)
class Target:
    """A quantity to predict; compared by value.

    ``shape`` is that of one sample's value, ``kind`` says how it turns with the structure,
    ``headline`` is the metric that tuning minimises and the table is ordered by.
    """

    name: str
    shape: tuple[int, ...] = ()
    unit: str = "meV"
    kind: Kind = "scalar"
    headline: str = "mae_magnetic"
    description: str = ""


JIJ = Target("jij", description="isotropic exchange J_ij of a pair, H = -1/2 sum J e_i.e_j")
DIJ = Target("dij", (3,), kind="axial vector", headline="mae", description="Dzyaloshinskii-Moriya vector D_ij")

DV = Target(
    "dv", (POINTS,), "Ry", "field", "rmse",
    "correction C(r) = V_converged - V_start of the spherical potential in the impurity's cell, on r/r_ws",
)  # fmt: skip
DV_SHELL = Target(
    "dv-shell", (POINTS,), "Ry", "field", "rmse",
    "change V_converged - V_host of the spherical potential in a neighbour's cell, on r/r_ws",
)  # fmt: skip

TARGETS = MappingProxyType({target.name: target for target in (JIJ, DIJ, DV, DV_SHELL)})


def target(name: str) -> Target:
    """The target called ``name``; raises ``UnknownName``."""
    if name not in TARGETS:
        raise UnknownName("target", name, TARGETS)
    return TARGETS[name]
