"""From cells to records: one cell in a process that may die, many cells here or on a cluster."""

from jijbench.runner.cell import run_cell
from jijbench.runner.cluster import dask_workers
from jijbench.runner.engine import run_cells
from jijbench.runner.key import cell_key, stale_slots, unchecked_rows
from jijbench.runner.places import read_cluster

__all__ = ["cell_key", "dask_workers", "read_cluster", "run_cell", "run_cells", "stale_slots", "unchecked_rows"]
