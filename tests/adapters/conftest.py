"""Dimers that the tests of several adapters learn from."""

from dataclasses import replace

import numpy as np
import pytest

from jijbench.data.task import load_task, release
from jijbench.testing import toys


@pytest.fixture(scope="session")
def some():
    """122 magnetic dimers of the strongest four shells, without and with their moments, and their truth."""
    dataset = load_task("jij-bi2te3/jij/random-orbit").dataset
    rows = np.flatnonzero(dataset.magnetic & (dataset.table["shell"] <= 4).to_numpy())[::2]
    samples = tuple(dataset.samples[k] for k in rows)
    return release(samples, "structure"), samples, dataset.truth("jij")[rows]


@pytest.fixture(scope="session")
def samples():
    return [replace(s, inputs={}) for s in toys.dimers()]


@pytest.fixture(scope="session")
def y():
    return toys.truth(toys.dimers())
