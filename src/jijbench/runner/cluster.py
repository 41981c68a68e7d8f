"""The workers of a Dask cluster as a place for cells; Dask is imported when one is asked for."""

from functools import partial

from jijbench.errors import MissingExtra
from jijbench.install import add_extras
from jijbench.runner.places import ComputeCluster, Open


def dask_workers(where: str | ComputeCluster) -> Open:
    """The workers of a scheduler that runs at an address, or of a cluster that is started for the run.

    Raises ``MissingExtra`` where Dask is not installed.
    """
    try:
        from jijbench.runner import _dask
    except ModuleNotFoundError as error:
        raise MissingExtra(
            f"a cluster needs {error.name}, not installed: {add_extras('cluster')}; --workers N alone needs nothing"
        ) from error
    return partial(_dask.connected, where=where)
