"""Error against what a fit costs; drawn from the lines of the leaderboard."""

from typing import Any

from jijbench.tables.results import Results

TITLE = "Cost"
ORDER = 70


def data(results: Results) -> dict[str, Any]:
    """Nothing of its own: seconds and memory are in ``leaderboard``."""
    del results
    return {}
