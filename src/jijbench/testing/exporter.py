"""The contract of a writer of spin codes' files, one function a property; what a check is: ``jijbench.testing.checks``.

A writer is a module, or any object, with ``files(alloy)``, which returns texts by file name. What its texts mean is
said by a reader that knows nothing of the writer: the energy (meV) of given spins by the code's own Hamiltonian.
"""

import contextlib
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, NoReturn, Protocol

import numpy as np

from jijbench.convention import pair_energy
from jijbench.errors import ExportError
from jijbench.formats.spins import Mixture, RandomAlloy, SpinSystem
from jijbench.testing.subject import Excused

J, D = 7.25, np.array([0.5, -1.25, 0.75])  # meV
CELL = np.diag([9.0, 10.0, 11.0])  # Å, orthogonal, as some codes want it


class Writer(Protocol):
    """What makes the texts of an alloy."""

    def files(self, alloy: RandomAlloy) -> dict[str, str]: ...


#: texts, spins (n, 3) and the alloy that was written → meV
Energy = Callable[[Mapping[str, str], np.ndarray, RandomAlloy], float]


@dataclass(frozen=True)
class TwoSpins:
    """Two impurities on the two sites of a cell, coupled within it or, by ``offset``, across its end."""

    j: float
    d: np.ndarray
    offset: tuple[int, int, int] = (0, 0, 0)
    seed: int = 1
    host: str = "Toy"
    reach: float = 5.0

    @cached_property
    def system(self) -> SpinSystem:
        fractional = np.array([[0.125, 0.25, 0.25], [0.375, 0.5, 0.25]])
        step = (fractional[1] + self.offset - fractional[0]) @ CELL
        return SpinSystem(
            CELL, fractional, ("Cr", "Mn"), np.array([0, 1]), np.array([3.5, 4.5]), np.array([0]), np.array([1]),
            np.array([self.offset]), step[None], np.array([self.j]), self.d[None],
        )  # fmt: skip

    @cached_property
    def mixture(self) -> Mixture:
        """From either end; only the two elements that were drawn are coupled, so no other draw has this energy."""
        s, j, d = self.system, np.zeros((2, 2)), np.zeros((2, 2, 3))
        j[0, 1], d[0, 1] = self.j, self.d
        return Mixture(
            s.cell, (1, 1, 1), s.fractional, s.elements, (0.5, 0.5), (3.5, 4.5), np.array([0, 1]), np.array([1, 0]),
            np.concatenate([s.offset, -s.offset]), np.array([j, j.T]), np.array([d, -d.swapaxes(0, 1)]),
        )  # fmt: skip


class Broken:
    """An alloy that says what is wrong when it is asked for anything."""

    seed, host, reach = 1, "Toy", 5.0

    @property
    def system(self) -> NoReturn:
        raise ExportError("this alloy has no couplings")

    mixture = system


@dataclass(frozen=True, eq=False)
class ExporterSubject:
    """A writer, and the reader that its texts are understood by; ``vectors``: whether the code can hold D."""

    writer: Writer
    energy: Energy
    vectors: bool = True
    tolerance: float = 1e-6
    seconds: float = 60.0

    def texts(self, alloy: Any) -> dict[str, str]:
        return self.writer.files(alloy)

    @contextlib.contextmanager
    def surroundings(self) -> Iterator[None]:
        with tempfile.TemporaryDirectory(prefix="jijbench-check-") as scratch, contextlib.chdir(scratch):
            yield


Check = Callable[[ExporterSubject], None]
OFFSETS = ((0, 0, 0), (1, 0, 0), (0, -1, 1))


def texts(s: ExporterSubject) -> None:
    """it returns texts by plain file names, in ASCII, each ending with a line's end"""
    found = s.texts(TwoSpins(J, D))
    if not found:
        raise AssertionError("it returns no file")
    for name, text in found.items():
        if name != PurePosixPath(name).name or not isinstance(text, str):
            raise AssertionError(f"{name!r} is no plain file name with a text, but with {type(text).__name__}")
        if not text.isascii():
            strange = next(letter for letter in text if not letter.isascii())
            raise AssertionError(f"{name} holds {strange!r}; codes in Fortran and C++ read ASCII")
        if not text.endswith("\n"):
            raise AssertionError(f"{name} does not end with a line's end; some codes drop its last line")


def again(s: ExporterSubject) -> None:
    """the same alloy gives the same texts"""
    first, second = s.texts(TwoSpins(J, D)), s.texts(TwoSpins(J, D))
    if first != second:
        differing = sorted(name for name in first | second if first.get(name) != second.get(name))
        raise AssertionError(f"written twice, {', '.join(differing)} differ: a clock or a random number is in them")


def energy(s: ExporterSubject) -> None:
    """read back, two spins have the energy of the house convention: E(up, down) − E(up, up) = 2 J"""
    up = np.array([0.0, 0.0, 1.0])
    for offset in OFFSETS:
        alloy = TwoSpins(J, np.zeros(3), offset)
        made = s.texts(alloy)
        found = s.energy(made, np.array([up, -up]), alloy) - s.energy(made, np.array([up, up]), alloy)
        _agree(s, found, 2 * J, f"E(up, down) − E(up, up) across {offset}")
        for e in _spins():
            _agree(s, s.energy(made, e, alloy), pair_energy(e[0], e[1], J), f"the energy across {offset}")


def vectors(s: ExporterSubject) -> None:
    """what D adds to the energy, read back, is that of the house convention, −D·(e_i × e_j)"""
    if not s.vectors:
        raise Excused("`vectors` is False: the code has no place for D")
    for offset in OFFSETS:
        alloys = TwoSpins(J, D, offset), TwoSpins(J, np.zeros(3), offset)
        made = [s.texts(alloy) for alloy in alloys]
        for e in _spins():
            with_d, without = (s.energy(text, e, alloy) for text, alloy in zip(made, alloys, strict=True))
            _agree(s, with_d - without, pair_energy(e[0], e[1], 0.0, D), f"what D adds across {offset}")


def nothing_written(s: ExporterSubject) -> None:
    """it writes nothing by itself, and what is wrong with an alloy reaches who asked"""
    s.texts(TwoSpins(J, D))
    try:
        found = s.texts(Broken())
    except ExportError:
        found = None
    if found is not None:
        raise AssertionError(f"of an alloy that raises it returns {', '.join(found) or 'nothing'}; let the error pass")
    left = sorted(path.name for path in Path.cwd().iterdir())
    if left:
        raise AssertionError(f"it left {', '.join(left)} in the working directory; return texts, the suite writes them")


def _spins() -> np.ndarray:
    """(4, 2, 3) unit vectors, the last pairs along two axes each."""
    drawn = np.random.default_rng(6).normal(size=(2, 2, 3))
    axes = np.eye(3)
    return np.array([*(drawn / np.linalg.norm(drawn, axis=-1, keepdims=True)), axes[:2], axes[1:]])


def _agree(s: ExporterSubject, found: float, expected: float, what: str) -> None:
    if not abs(found - expected) <= s.tolerance * J:  # a NaN is not either
        raise AssertionError(f"{what} is {found:.8g} meV, expected {expected:.8g} meV")


EXPORTER_CHECKS: tuple[Check, ...] = (texts, again, energy, vectors, nothing_written)
#: where it fails, those that follow would only repeat it
EXPORTER_GROUND: tuple[Check, ...] = (texts,)
