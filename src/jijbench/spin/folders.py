"""What the runs leave behind: tables, figures and facts by file name."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from jijbench.export import spirit
from jijbench.export.lattice import Alloy
from jijbench.export.spin import card
from jijbench.plots import png
from jijbench.spin.plots import cumulants, magnetisation, tc_map
from jijbench.spin.tc import Estimates, matrix

Files = dict[str, str | bytes]


def tc_files(table: pd.DataFrame) -> Files:
    """tc.csv, tc-matrix.csv and tc.png of a ``tc_table``."""
    return {
        "tc.csv": table.to_csv(index=False, float_format="%.6g"),
        "tc-matrix.csv": matrix(table).to_csv(float_format="%.6g"),
        "tc.png": png(tc_map(table)),
    }


def monte_carlo_files(found: Estimates, supercells: Sequence[Sequence[int]], facts: Mapping[str, Any]) -> Files:
    """cumulants.csv, cumulants.png and tc.json with ``facts`` of the run."""
    small, large = ("x".join(map(str, cell)) for cell in supercells)
    critical = found.critical
    table = pd.DataFrame({"temperature": critical.temperatures, small: critical.small, large: critical.large})
    estimates = {
        "tc_k": critical.tc, "error_k": critical.error, "mean_field_k": found.mean_field, "rpa_k": found.rpa,
        "rpa_note": found.rpa_note, "supercells": [list(cell) for cell in supercells],
    }  # fmt: skip
    title = ", ".join(f"{element}={c:g}" for element, c in facts["concentrations"].items())
    return {
        "cumulants.csv": table.to_csv(index=False, float_format="%.6g"),
        "tc.json": json.dumps({**estimates, **facts}, indent=1) + "\n",
        "cumulants.png": png(cumulants(critical, (small, large), title)),
    }


def llg_files(alloy: Alloy, table: pd.DataFrame, exchange: str) -> Files:
    """magnetisation.csv and .png beside the input that Spirit ran."""
    shares = zip(alloy.couplings.elements, alloy.concentrations, strict=True)
    return {
        **spirit.files(alloy),
        "export.json": card("spirit", alloy, exchange),
        "magnetisation.csv": table.to_csv(index=False, float_format="%.6g"),
        "magnetisation.png": png(magnetisation(table, ", ".join(f"{element}={c:g}" for element, c in shares))),
    }
