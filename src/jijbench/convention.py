"""The house Hamiltonian, and the factors that lead to it from others.

House: H = −½ Σ_{i≠j} [J_ij e_i·e_j + D_ij·(e_i × e_j)] = −Σ_{pairs} [...], with |e| = 1, in meV,
J > 0 ferromagnetic and D_ij = −D_ji. For one pair E(↑↓) − E(↑↑) = 2 J.
"""

from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from jijbench.errors import UnknownName
from jijbench.units import factor


@dataclass(frozen=True)
class Convention:
    """How another source writes the same energy.

    ``prefactor`` stands before the sum over *ordered* pairs i ≠ j (a sum over unique pairs counts
    as half of it); ``moments`` says that the spins carry their length m (μB) instead of |e| = 1.
    """

    formula: str
    prefactor: float
    moments: bool = False

    @property
    def to_house(self) -> float:
        """J_house = to_house · J_source (· m_i m_j where ``moments``)."""
        return self.prefactor / HOUSE_PREFACTOR


HOUSE_PREFACTOR = -0.5

CONVENTIONS = MappingProxyType(
    {
        "house": Convention("-1/2 sum_{i!=j} J e_i.e_j", -0.5),
        "ordered-pairs": Convention("-sum_{i!=j} J e_i.e_j", -1.0),
        "unique-pairs": Convention("-sum_{i<j} J e_i.e_j", -0.5),
        "half-positive": Convention("+1/2 sum_{i!=j} J e_i.e_j", 0.5),
        "ordered-pairs-moments": Convention("-sum_{i!=j} J m_i.m_j", -1.0, moments=True),
    }
)


@dataclass(frozen=True)
class Code:
    """How another program's input file writes the same energy: sum, unit, and how pairs are listed.

    ``both`` says that each pair stands twice, once from either end (with D_ji = −D_ij).
    """

    convention: str
    unit: str
    both: bool

    @property
    def from_house(self) -> float:
        """J_code = from_house · J_house(meV); the same for D."""
        return 1.0 / (CONVENTIONS[self.convention].to_house * factor(self.unit))


#: the one table of factors that exporters take theirs from
CODES = MappingProxyType(
    {
        "spirit": Code("unique-pairs", "meV", both=False),
        "vampire": Code("house", "J", both=True),
        "uppasd": Code("ordered-pairs", "mRy", both=True),
        "tb2j": Code("ordered-pairs", "meV", both=True),
    }
)


def code(name: str) -> Code:
    """The program called ``name``; raises ``UnknownName``."""
    if name not in CODES:
        raise UnknownName("code", name, CODES)
    return CODES[name]


def convention(name: str) -> Convention:
    """The convention called ``name``; raises ``UnknownName``."""
    if name not in CONVENTIONS:
        raise UnknownName("convention", name, CONVENTIONS)
    return CONVENTIONS[name]


def pair_energy(e_i: np.ndarray, e_j: np.ndarray, j: float, d: np.ndarray | None = None) -> float:
    """Energy (meV) of one pair of unit vectors (3,) in the house convention, D (3,) in meV."""
    d = np.zeros(3) if d is None else d
    return -float(j * e_i @ e_j + d @ np.cross(e_i, e_j))
