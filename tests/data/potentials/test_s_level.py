import numpy as np
import pytest

from jijbench.data.potentials.s_level import s_level


@pytest.mark.parametrize(("z", "n"), [(1, 1), (1, 2), (8, 1), (8, 2), (34, 4)])
def test_a_bare_nucleus_has_the_levels_of_rydberg(z, n):
    assert s_level(z, n, lambda r: -2.0 * z / r, radius=60.0 / z * n, points=4000) == pytest.approx(
        -((z / n) ** 2), rel=0.01
    )


def test_a_deeper_potential_binds_deeper():
    shallow, deep = (s_level(1, 1, lambda r, a=a: -2.0 / r - a * np.exp(-r)) for a in (0.0, 0.5))
    assert deep < shallow
