"""From cells to records: one cell in a worker process, many cells in a pool of them."""

from jijbench.runner.cell import cell_key, run_cell
from jijbench.runner.engine import run_cells, stale_slots

__all__ = ["cell_key", "run_cell", "run_cells", "stale_slots"]
