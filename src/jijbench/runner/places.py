"""Where cells run: on this machine, or on the workers of a Dask cluster."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Queue
from typing import Any, Literal

from pydantic import Field

from jijbench.data.card import Strict, validated
from jijbench.reading import read_yaml
from jijbench.runner.child import Children


@dataclass(frozen=True)
class Place:
    """``submit(cell, folder)`` promises the record (JSON); ``lost``: what it raises where a worker was lost."""

    submit: Callable[[dict[str, Any], str], Future]
    lost: tuple[type[Exception], ...] = ()


Open = Callable[[int], AbstractContextManager[Place]]  # threads of a cell → a place, open for a while


@contextmanager
def this_machine(threads: int, workers: int = 1, devices: Sequence[str] = ()) -> Iterator[Place]:
    """As many cells at a time as ``workers``, or one on each of the ``devices``."""
    free: Queue[str | None] = Queue()
    for device in devices or workers * (None,):
        free.put(device)

    def run(cell: dict[str, Any], folder: str) -> dict[str, Any]:
        device = free.get()
        try:
            return children.run(cell, folder, device)
        finally:
            free.put(device)

    with Children(threads) as children, ThreadPoolExecutor(free.qsize()) as executor:
        try:
            yield Place(lambda cell, folder: executor.submit(run, cell, folder))
        except BaseException:  # Ctrl-C: running cells leave no record and are computed at the next start
            executor.shutdown(wait=False, cancel_futures=True)
            children.stop()
            raise


class ComputeCluster(Strict):
    """A cluster to be started: ``dask_jobqueue.SLURMCluster`` or ``distributed.LocalCluster``, and its options.

    ``jobs``: how many SLURM jobs (each holds ``options.processes`` workers), or how many local workers.
    """

    cluster: Literal["slurm", "local"]
    jobs: int = Field(ge=1)
    options: dict[str, Any] = {}


def read_cluster(path: Path) -> ComputeCluster:
    """Read the YAML file of a cluster; raises ``DataError`` naming file and field."""
    return validated(ComputeCluster, read_yaml(path), str(path))
