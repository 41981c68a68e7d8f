"""A sound writer of two spins for no code at all, and copies with one flaw each for the contract of exporters."""

import contextlib
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from jijbench.formats.spins import RandomAlloy, SpinSystem


class Plain:
    """``pairs.txt``: a line for each pair once, i j J D in meV, H = −Σ_pairs J e_i·e_j + D·(e_i × e_j)."""

    def files(self, alloy: RandomAlloy) -> dict[str, str]:
        """Texts by file name."""
        return {"pairs.txt": self.head() + "".join(map(self.line, *self.columns(alloy.system)))}

    def head(self) -> str:
        return "i j J Dx Dy Dz (meV)\n"

    def columns(self, system: SpinSystem) -> tuple[np.ndarray, ...]:
        return system.i, system.j, system.jij, system.dmi

    def line(self, i: int, j: int, jij: float, dmi: np.ndarray) -> str:
        return f"{i} {j} {jij:.12g} {' '.join(f'{x:.12g}' for x in dmi)}\n"


def energy(texts: Mapping[str, str], e: np.ndarray, alloy: RandomAlloy) -> float:
    """meV, of ``pairs.txt``."""
    rows = np.array([line.split() for line in texts["pairs.txt"].splitlines()[1:]], dtype=float)
    i, j = rows[:, :2].astype(int).T
    return -float(np.sum(rows[:, 2] * (e[i] * e[j]).sum(1)) + np.sum(rows[:, 3:] * np.cross(e[i], e[j])))


class NotAscii(Plain):
    """Writes a letter that Fortran does not read."""

    def head(self) -> str:
        return "i j J Dx Dy Dz (meV, 1 Å = 0.1 nm)\n"


class WithTheTime(Plain):
    """Says when it was written."""

    def head(self) -> str:
        return f"written at {time.time_ns()}\n"


class EachPairTwice(Plain):
    """Writes J for a sum over pairs that counts each twice."""

    def columns(self, system: SpinSystem) -> tuple[np.ndarray, ...]:
        return system.i, system.j, system.jij / 2, system.dmi


class OtherEnd(Plain):
    """Writes D_ji for D_ij."""

    def columns(self, system: SpinSystem) -> tuple[np.ndarray, ...]:
        return system.i, system.j, system.jij, -system.dmi


class WritesItself(Plain):
    """Writes its file where it is called."""

    def files(self, alloy: RandomAlloy) -> dict[str, str]:
        found = super().files(alloy)
        Path("pairs.txt").write_text(found["pairs.txt"], encoding="utf-8")
        return found


class SwallowsErrors(Plain):
    """Writes no pair where there is an error."""

    def files(self, alloy: RandomAlloy) -> dict[str, str]:
        with contextlib.suppress(Exception):
            return super().files(alloy)
        return {"pairs.txt": self.head()}


#: check → writers that it must find
FLAWS: Mapping[str, tuple[Any, ...]] = {
    "texts": (NotAscii(),),
    "again": (WithTheTime(),),
    "energy": (EachPairTwice(),),
    "vectors": (OtherEnd(),),
    "nothing_written": (WritesItself(), SwallowsErrors()),
}
