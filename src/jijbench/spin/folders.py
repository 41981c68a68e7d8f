"""What the runs leave behind: tables, figures and facts by file name."""

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd

from jijbench.formats import spirit
from jijbench.plots import png
from jijbench.spin.export import card
from jijbench.spin.lattice import Alloy
from jijbench.spin.plots import cumulants, magnetisation, tc_map
from jijbench.spin.tc import Estimates, MonteCarlo, matrix

Files = dict[str, str | bytes]


def tc_files(table: pd.DataFrame) -> Files:
    """tc.csv, tc-matrix.csv and tc.png of a ``tc_table``."""
    return {
        "tc.csv": table.to_csv(index=False, float_format="%.6g"),
        "tc-matrix.csv": matrix(table).to_csv(float_format="%.6g"),
        "tc.png": png(tc_map(table)),
    }


def samples_files(run: MonteCarlo, facts: Mapping[str, Any], note: str) -> Files:
    """samples.csv with what was sampled, and tc.json that says why there is no T_c; nothing where nothing was."""
    if run.table().empty:
        return {}
    return {
        "samples.csv": run.table().to_csv(index=False, float_format="%.9g"),
        "tc.json": json.dumps({"tc_k": None, "tc_note": note, "supercells": run.supercells, **facts}, indent=1) + "\n",
    }


def monte_carlo_files(run: MonteCarlo, found: Estimates, facts: Mapping[str, Any]) -> Files:
    """samples.csv, cumulants.csv and tc.json with ``facts`` of the run."""
    small, large = ("x".join(map(str, cell)) for cell in run.supercells)
    critical = found.critical
    table = pd.DataFrame({"temperature": critical.temperatures, small: critical.small, large: critical.large})
    estimates = {
        "tc_k": critical.tc, "error_k": critical.error, "tc_note": critical.note, "mean_field_k": found.mean_field,
        "rpa_k": found.rpa, "rpa_note": found.rpa_note, "supercells": run.supercells,
    }  # fmt: skip
    return {
        "samples.csv": run.table().to_csv(index=False, float_format="%.9g"),
        "cumulants.csv": table.to_csv(index=False, float_format="%.6g"),
        "tc.json": json.dumps({**estimates, **facts}, indent=1) + "\n",
    }


def cumulants_figure(run: MonteCarlo, found: Estimates, concentrations: Mapping[str, float]) -> bytes:
    """The content of cumulants.png."""
    small, large = ("x".join(map(str, cell)) for cell in run.supercells)
    title = ", ".join(f"{element}={c:g}" for element, c in concentrations.items())
    return png(cumulants(found.critical, (small, large), title))


def llg_files(alloy: Alloy, table: pd.DataFrame, exchange: str) -> Files:
    """magnetisation.csv and .png beside the input that Spirit ran."""
    shares = zip(alloy.couplings.elements, alloy.concentrations, strict=True)
    return {
        **spirit.files(alloy),
        "export.json": card("spirit", alloy, exchange),
        "magnetisation.csv": table.to_csv(index=False, float_format="%.6g"),
        "magnetisation.png": png(magnetisation(table, ", ".join(f"{element}={c:g}" for element, c in shares))),
    }
