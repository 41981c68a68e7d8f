"""Conversion numbers: the only file that has any.

CODATA 2022 values, as in ``scipy.constants``.
"""

from types import MappingProxyType

from jijbench.errors import UnknownName

RYDBERG_EV = 13.605693122990
BOHR_ANGSTROM = 0.529177210544
JOULE_PER_EV = 1.602176634e-19
BOLTZMANN_MEV = 0.08617333262  # meV/K

#: one unit of energy in meV
ENERGY_MEV = MappingProxyType(
    {
        "meV": 1.0,
        "eV": 1e3,
        "mRy": RYDBERG_EV,
        "Ry": 1e3 * RYDBERG_EV,
        "J": 1e3 / JOULE_PER_EV,
    }
)
#: one unit of length in Å
LENGTH_ANGSTROM = MappingProxyType({"angstrom": 1.0, "bohr": BOHR_ANGSTROM})


def factor(unit: str, table: MappingProxyType[str, float] = ENERGY_MEV) -> float:
    """Size of one ``unit`` in the house unit (meV for energies, Å for lengths).

    Raises ``UnknownName`` for a unit that the table does not hold.
    """
    if unit not in table:
        raise UnknownName("unit", unit, table)
    return table[unit]
