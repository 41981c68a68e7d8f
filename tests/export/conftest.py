"""A table with Dzyaloshinskii–Moriya vectors, small alloys, random spins."""

import os
import random

import numpy as np
import pandas as pd
import pytest

from jijbench.export.spin import random_alloy

#: V and Cr in Bi2Te3: shell 1 with spin–orbit coupling (D along z), shells 2, 3 and the triplets of 6 made up
ROWS = (
    ("V", "V", 1, "", 10.84492, 0.96164), ("V", "Cr", 1, "", 15.94698, 1.55782), ("Cr", "Cr", 1, "", 8.75775, 0.41547),
    ("V", "V", 2, "", 1.5, 0.0), ("V", "Cr", 2, "", -2.25, 0.0), ("Cr", "Cr", 2, "", 3.0, 0.0),
    ("V", "V", 3, "", 0.5, 0.0), ("V", "Cr", 3, "", 0.25, 0.0), ("Cr", "Cr", 3, "", -0.75, 0.0),
    ("V", "V", 6, "", 0.125, 0.0), ("V", "Cr", 6, "a", 0.625, 0.0), ("V", "Cr", 6, "b", -0.375, 0.0),
    ("Cr", "Cr", 6, "", 0.0625, 0.0),
)  # fmt: skip


@pytest.fixture(scope="session")
def table() -> pd.DataFrame:
    return pd.DataFrame(ROWS, columns=["element_i", "element_j", "shell", "triplet", "jij_mev", "dmi_z_mev"])


@pytest.fixture(scope="session")
def alloy(table):
    """``alloy("hexagonal", supercell)``: a random alloy of V and Cr with all couplings of ``table``."""

    def make(setting: str = "hexagonal", supercell=(5, 4, 1), seed: int = 3, shells=None):
        concentrations = {"V": 0.08, "Cr": 0.05}
        return random_alloy(table, concentrations, supercell, seed=seed, shells=shells, setting=setting)

    return make


@pytest.fixture
def spins():
    """``spins(n)``: random unit vectors (n, 3)."""
    rng = np.random.default_rng(11)

    def draw(n: int) -> np.ndarray:
        e = rng.normal(size=(n, 3))
        return e / np.linalg.norm(e, axis=1, keepdims=True)

    return draw


PIECES = (
    b"\n",
    b"\r\n",
    b"\xff",
    b"\x00",
    b" ",
    b"1e999",
    b"-",
    b".",
    b"NaN",
    b"****",
    b"D+02",
    b"0",
    b"\xef\xbb\xbf",
    b"x",
)


def _of_lines(data: bytes, rng: random.Random) -> bytes:
    """Lines left out, doubled, swapped or cut."""
    lines = data.split(b"\n")
    k, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    cut = lines[k][: rng.randrange(len(lines[k]) + 1)]
    whole = {0: [], 1: [lines[other], lines[k]], 2: [cut]}
    kind = rng.randrange(4)
    if kind == 3:
        lines[k], lines[other] = lines[other], lines[k]
    else:
        lines[k : k + 1] = whole[kind]
    return b"\n".join(lines)


def _of_bytes(data: bytes, rng: random.Random) -> bytes:
    """The file truncated; something put in, left out, or overwritten; a digit changed."""
    at = rng.randrange(len(data))
    digits = [place for place, byte in enumerate(data) if chr(byte).isdigit()] or [at]
    digit = rng.choice(digits)
    return (
        data[:at],
        data[:at] + rng.choice(PIECES) + data[at:],
        data[:at] + data[at + rng.randint(1, 20) :],
        data[:at] + bytes([rng.randrange(256)]) + data[at + 1 :],
        data[:digit] + str(rng.randrange(10)).encode() + data[digit + 1 :],
    )[rng.randrange(5)]


@pytest.fixture(scope="session")
def mutants():
    """``mutants(data, n)``: seeded damaged copies, in lines and in bytes, of which none is the original.

    200 of them, or as many as the environment variable JIJBENCH_MUTANTS says; JIJBENCH_SEED gives others.
    """

    def made(data: bytes, n: int | None = None):
        rng = random.Random(int(os.environ.get("JIJBENCH_SEED", "0")))
        left = n or int(os.environ.get("JIJBENCH_MUTANTS", "200"))
        while left:
            mutant = rng.choice((_of_lines, _of_bytes))(data, rng)
            if mutant != data:
                left -= 1
                yield mutant

    return made
