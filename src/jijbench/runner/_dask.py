"""Cells on Dask workers. Dask decides which worker runs which cell; the worker runs it in a child that may die."""

import multiprocessing
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing import resource_tracker
from typing import Any

import dask
from distributed import Client, LocalCluster, WorkerPlugin, get_worker
from distributed.scheduler import KilledWorker

from jijbench.errors import JijbenchError, MissingExtra
from jijbench.install import add_extras
from jijbench.runner.child import Children
from jijbench.runner.places import ComputeCluster, Place

NAME = "jijbench-children"
PATIENCE = 30  # seconds until a scheduler is held to be absent
SETTINGS = {
    "distributed.worker.daemon": False,  # daemons may have no children, and cells run in children
    "distributed.scheduler.allowed-failures": 0,  # a cell whose worker died is not tried on the next one
    "distributed.scheduler.worker-saturation": 1.0,  # no cell waits on a worker that may be lost
}


def _variable(setting: str) -> str:
    """Environment variable of a setting of Dask: ``DASK_DISTRIBUTED__WORKER__DAEMON``."""
    return "DASK_" + setting.replace(".", "__").replace("-", "_").upper()


class _Cells(WorkerPlugin):
    """Children of a worker, which holds as many cells as it has threads."""

    name = NAME

    def __init__(self, threads: int) -> None:
        self.threads = threads

    def setup(self, worker: Any) -> None:
        if multiprocessing.current_process().daemon:
            setting = _variable("distributed.worker.daemon")
            raise JijbenchError(f"{worker.address} is a daemon, whose cells cannot run: start it with {setting}=False")
        self.children = Children(self.threads)
        self.children.__enter__()

    def teardown(self, worker: Any) -> None:
        self.children.__exit__(None, None, None)


class _Untold(dict):
    """A cell as Dask's logs may show it: where its search is shared can hold a password."""

    def __repr__(self) -> str:
        return f"<cell of {self['task']}>"


def _run(cell: dict[str, Any], folder: str) -> dict[str, Any]:
    return get_worker().plugins[NAME].children.run(cell, folder)


@contextmanager
def connected(threads: int, where: str | ComputeCluster) -> Iterator[Place]:
    """Workers at an address, or of a cluster that lives as long as this."""
    with ExitStack() as stack:
        stack.enter_context(dask.config.set(SETTINGS))
        address = where if isinstance(where, str) else stack.enter_context(started(where))
        client = stack.enter_context(_client(address))
        _check_scheduler(client)
        client.register_plugin(_Cells(threads))
        executor = client.get_executor(pure=False, retries=0)
        try:
            yield Place(lambda cell, folder: executor.submit(_run, _Untold(cell), folder), (KilledWorker,))
        except BaseException:  # what runs ends by itself or with its worker, what waits is withdrawn
            executor.shutdown(wait=False)
            raise


def _client(address: Any) -> Client:
    try:
        return Client(address, set_as_default=False, timeout=PATIENCE)
    except (OSError, ValueError) as error:  # a timeout is an OSError
        raise JijbenchError(f"no Dask scheduler answers at {address!r}: {error}") from error


def _check_scheduler(client: Client) -> None:
    setting = "distributed.scheduler.allowed-failures"
    found = client.run_on_scheduler(lambda dask_scheduler: dask_scheduler.allowed_failures)
    if found != 0:
        raise JijbenchError(
            f"the scheduler has allowed-failures = {found}, so a cell that kills its worker would kill {found} more; "
            f"start it with {_variable(setting)}=0"
        )


def started(cluster: ComputeCluster) -> Any:
    """The cluster, with its workers asked for."""
    if cluster.cluster == "local":
        defaults = {"threads_per_worker": 1, "dashboard_address": ":0"}
        with _interrupts_kept_from_children():
            return LocalCluster(n_workers=cluster.jobs, **defaults | cluster.options)
    try:
        with _signals_kept():  # importing it makes Ctrl-C a silent exit
            from dask_jobqueue import SLURMCluster
    except ModuleNotFoundError as error:
        raise MissingExtra(f"SLURM needs dask-jobqueue, not installed: {add_extras('cluster')}") from error
    own = [f"export {_variable(name)}={value}" for name, value in SETTINGS.items() if ".worker." in name]
    options = {"n_workers": cluster.jobs} | cluster.options
    return SLURMCluster(**options | {"job_script_prologue": [*own, *options.get("job_script_prologue", [])]})


@contextmanager
def _interrupts_kept_from_children() -> Iterator[None]:
    """Ctrl-C reaches all processes of a terminal; only the one that runs the cells is to answer it.

    Threads and processes inherit the mask that holds when they start; what came meanwhile is delivered afterwards.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # begun later, it would lift the mask
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _signals_kept() -> Iterator[None]:
    before = {which: signal.getsignal(which) for which in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            for which, handler in before.items():
                signal.signal(which, handler)
