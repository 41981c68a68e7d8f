"""Fixtures that several folders share."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from itertools import combinations_with_replacement

import numpy as np
import pandas as pd
import pytest

from jijbench.data.dataset import Dataset, load_dataset
from jijbench.data.host import Host
from jijbench.data.sample import Geometry, Sample
from jijbench.data.validate import host_of
from jijbench.runner.child import Children
from jijbench.runner.places import Open, Place
from jijbench.spin.export import random_alloy


@pytest.fixture(scope="session", autouse=True)
def descriptor_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Descriptors are cached in a folder of this test run, also by the workers it starts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JIJBENCH_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def one_warden(descriptor_cache: None) -> Iterator[Open]:
    """A place for ``run_cells`` whose cells start from one process that stays, two seconds cheaper than one a run.

    For tests of what is made from records; those of how cells begin and end start their own.
    """
    with Children(threads=1) as children:

        @contextmanager
        def opened(threads: int, workers: int = 1, devices: Sequence[str] = ()) -> Iterator[Place]:
            with ThreadPoolExecutor(workers) as executor:
                yield Place(lambda cell, folder: executor.submit(children.run, cell, folder))

        yield opened


@pytest.fixture(scope="module")
def always_one_warden(one_warden: Open) -> Iterator[None]:
    """All runs of a module there, unless they are told another place."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("jijbench.runner.engine.this_machine", one_warden)
        yield


@pytest.fixture(scope="session")
def dimers() -> Dataset:
    return load_dataset("jij-bi2te3")


@pytest.fixture(scope="session")
def published() -> Dataset:
    return load_dataset("jij-published-table")


@pytest.fixture(scope="session")
def host(dimers: Dataset) -> Host:
    return host_of(dimers)


@lru_cache(maxsize=64)
def _toy_geometry(distance: float, shell: int | None) -> Geometry:
    positions = [[0, 0, 0], [distance, 0, 0], [1.1, 2.0, 0.3], [distance + 0.7, -1.9, 0.4], [-1.3, 0.4, 2.2]]
    numbers, sites = [83, 83, 52, 52, 83], (0, 1)
    return Geometry(
        f"g{distance:g}", "Toy", np.array(numbers), np.array(positions), sites, ("A", "A"), 20 * np.eye(3), shell
    )


@pytest.fixture(scope="session")
def toy() -> Callable[..., Sample]:
    """A made-up dimer: ``toy("Cr", "Mn", 4.0, moments=(3.9, 4.5))``."""

    def make(first: str, second: str, distance: float = 4.0, moments=None, shell: int | None = None) -> Sample:
        name = f"{first}-{second}-{distance:g}"
        orbit = "-".join([*sorted((first, second)), f"{distance:g}"])
        inputs = {} if moments is None else {"moments": np.array(moments)}
        return Sample(f"toy:{name}", _toy_geometry(distance, shell), (first, second), orbit, inputs)

    return make


@pytest.fixture(scope="session")
def toy_table(toy) -> Callable[..., list[Sample]]:
    """All unordered pairs of the elements at all distances; ``moments`` maps elements to μB."""

    def make(elements, distances, moments=None) -> list[Sample]:
        return [
            toy(a, b, distance, None if moments is None else (moments[a], moments[b]), shell)
            for shell, distance in enumerate(distances, start=1)
            for a, b in combinations_with_replacement(elements, 2)
        ]

    return make


#: V and Cr in Bi2Te3: shell 1 with spin–orbit coupling (D along z), shells 2, 3 and the triplets of 6 made up
ROWS = (
    ("V", "V", 1, "", 10.84492, 0.96164), ("V", "Cr", 1, "", 15.94698, 1.55782), ("Cr", "Cr", 1, "", 8.75775, 0.41547),
    ("V", "V", 2, "", 1.5, 0.0), ("V", "Cr", 2, "", -2.25, 0.0), ("Cr", "Cr", 2, "", 3.0, 0.0),
    ("V", "V", 3, "", 0.5, 0.0), ("V", "Cr", 3, "", 0.25, 0.0), ("Cr", "Cr", 3, "", -0.75, 0.0),
    ("V", "V", 6, "", 0.125, 0.0), ("V", "Cr", 6, "a", 0.625, 0.0), ("V", "Cr", 6, "b", -0.375, 0.0),
    ("Cr", "Cr", 6, "", 0.0625, 0.0),
)  # fmt: skip


@pytest.fixture(scope="session")
def exchange() -> pd.DataFrame:
    return pd.DataFrame(ROWS, columns=["element_i", "element_j", "shell", "triplet", "jij_mev", "dmi_z_mev"])


@pytest.fixture(scope="session")
def alloy(exchange):
    """``alloy("hexagonal", supercell)``: a random alloy of V and Cr with all couplings of ``exchange``."""

    def make(setting: str = "hexagonal", supercell=(5, 4, 1), seed: int = 3, shells=None):
        concentrations = {"V": 0.08, "Cr": 0.05}
        return random_alloy(exchange, concentrations, supercell, seed=seed, shells=shells, setting=setting)

    return make


@pytest.fixture
def spins():
    """``spins(n)``: random unit vectors (n, 3)."""
    rng = np.random.default_rng(11)

    def draw(n: int) -> np.ndarray:
        e = rng.normal(size=(n, 3))
        return e / np.linalg.norm(e, axis=1, keepdims=True)

    return draw
