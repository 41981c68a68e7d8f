"""Make the committed files of ``kkr-steps`` from the recorded runs.

    python datasets/kkr-steps/build.py RAW

RAW holds ``steps.csv``: runs of a KKR impurity code from starts of graded quality.
"""

import sys
from pathlib import Path

import pandas as pd

from jijbench.data.card import write_about

COLUMNS = [
    "run", "host", "z", "start", "a", "b", "err_impurity_ry", "err_shell_ry", "steps", "converged", "rms_last_ry",
]  # fmt: skip
ABOUT = {
    "id": "kkr-steps",
    "title": "Self-consistency steps of a KKR impurity code from starts of graded quality",
    "description": (
        "64 impurities in 35 elemental crystals of deltav-elemental, each started 14 times with one schedule. Starts: "
        "atomic (that of the code, host potentials around it); mix, mix_shell (impurity V_start + a (V_converged - "
        "V_start), first shell V_host + b (V_converged - V_host)); gp, gp_shell (learned by a plain Gaussian process on "
        "the other nine tenths). Errors are volume-weighted rms over r/r_ws of V - V_converged; of the shell, rms over "
        "its atoms. Runs that did not converge within 60 steps stay."
    ),
    "method": "KKRimp (JuKKR), ASA, 13 to 15 sites, Anderson mixing 0.1, end below an rms error of 1e-5 Ry, 60 steps at most.",
    "licence": "CC BY 4.0",
    "citation": "Computed for jijbench, 2026-11-24.",
}


def main(raw: Path) -> None:
    """Read the runs and write table and description beside this file."""
    here = Path(__file__).parent
    runs = pd.read_csv(raw / "steps.csv")[COLUMNS]
    if runs["run"].duplicated().any() or not ((runs["steps"] > 0) & (runs["steps"] <= 60)).all():
        raise SystemExit("steps.csv: runs must be listed once, with 1 to 60 steps")
    runs.to_csv(here / "runs.csv", index=False, lineterminator="\n")
    write_about(here, ABOUT, ["runs.csv"])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
