"""A table with Dzyaloshinskii–Moriya vectors, small alloys, random spins."""

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
