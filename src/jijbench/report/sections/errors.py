"""Error by pair of elements, or by host and impurity; drawn from the points of the parity section."""

from typing import Any

from jijbench.elements import SYMBOLS
from jijbench.tables.results import Results

TITLE = "Errors by element"
ORDER = 30


def data(results: Results) -> dict[str, Any]:
    """The order of the elements; the points are in ``parity``."""
    del results
    return {"elements": list(SYMBOLS)}
