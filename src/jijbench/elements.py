"""Chemical symbols, atomic numbers, and the place of a d element in its row."""

from ase.data import atomic_numbers, chemical_symbols

from jijbench.errors import UnknownElement

SYMBOLS = chemical_symbols[1:]  # of Z = 1, 2, …
_NOBLE = (0, 2, 10, 18, 36, 54, 86)


def atomic_number(symbol: str) -> int:
    """Z of a chemical symbol; raises ``UnknownElement``."""
    if not atomic_numbers.get(symbol):  # ase gives X the number 0
        raise UnknownElement(f"{symbol!r} is no chemical element; use a symbol such as 'Fe'")
    return atomic_numbers[symbol]


def symbol(z: int) -> str:
    """Chemical symbol of Z; raises ``UnknownElement``."""
    if not 1 <= z <= len(SYMBOLS):
        raise UnknownElement(f"no element has Z = {z}; use 1 to {len(SYMBOLS)}")
    return SYMBOLS[z - 1]


def period(element: str) -> int:
    """Row of the periodic table: 4 for Sc–Zn (3d), 5 for Y–Cd (4d)."""
    return sum(atomic_number(element) > noble for noble in _NOBLE)


def place_in_row(element: str) -> int:
    """Electrons outside the noble-gas core: 3 for Sc and Y, 12 for Zn and Cd (the group, for d elements)."""
    z = atomic_number(element)
    return z - max(noble for noble in _NOBLE if noble < z)


def group(element: str) -> int:
    """Group of the periodic table, 1 to 18; 3 for the f elements."""
    place = place_in_row(element)
    if period(element) < 6:
        return place if period(element) > 3 or place < 3 else place + 10
    return place if place < 3 else max(3, place - 14)
