import pytest

from jijbench.spin.export import random_alloy


@pytest.fixture(scope="session")
def alloy_system():
    """Cr and Mn in Bi2Te3, reference couplings."""
    return random_alloy("dataset", {"Cr": 0.1, "Mn": 0.05}, (6, 6, 1), seed=1).system
