"""Make the committed files of ``core-states`` from the raw KKR potentials.

    python datasets/core-states/build.py RAW

RAW is the folder with ``impurities.npz``: its core states, one list a row.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from jijbench.data.card import write_about
from jijbench.elements import symbol

ABOUT = {
    "id": "core-states",
    "title": "Core states of impurity atoms in a KKR code",
    "description": (
        "Which states of 54 elements the impurity code of deltav-elemental keeps in the core, in the order of its "
        "potential cards, with their energies in Ry: medians over the hosts, in which they differ by 1.2 Ry at most. "
        "The code takes number and l from the card and solves for the energies again."
    ),
    "method": "KKRimp (JuKKR), ASA, scalar relativistic, LDA (Vosko-Wilk-Nusair).",
    "licence": "CC BY 4.0",
    "citation": "Computed for jijbench, 2026-11-22.",
}


def table(z: np.ndarray, states: list[list[list[float]]]) -> pd.DataFrame:
    """One row a core state: element, l, energy in Ry. Raises ``SystemExit`` where an element's lists differ in l."""
    rows = []
    for number in np.unique(z):
        found = [states[k] for k in np.flatnonzero(z == number)]
        if len({tuple(ell for ell, _ in one) for one in found}) > 1:
            raise SystemExit(f"impurities.npz: core states of Z = {number} are not the same in all hosts")
        energies = np.median([[energy for _, energy in one] for one in found], axis=0)
        rows += [
            (symbol(int(number)), int(ell), round(float(energy), 6))
            for (ell, _), energy in zip(found[0], energies, strict=True)
        ]
    return pd.DataFrame(rows, columns=["element", "l", "energy_ry"])


def main(raw: Path) -> None:
    """Read the core states and write table and description beside this file."""
    here = Path(__file__).parent
    with np.load(raw / "impurities.npz", allow_pickle=False) as found:
        states = table(found["z"], json.loads(str(found["core_states"])))
    states.to_csv(here / "states.csv", index=False, lineterminator="\n")
    write_about(here, ABOUT, ["states.csv"])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
