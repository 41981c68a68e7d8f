import numpy as np
import pytest

from jijbench.data.potentials.lost_s_states import best_cut, learn_odds


def test_the_cut_is_found_where_the_curves_change_their_branch():
    u = np.linspace(-0.5, 0.3, 33)
    y = np.where(u < -0.21, -1.0, 1.0)
    lost = best_cut(u, lambda lost: float(np.sum((y + 2.0 * lost - 1.0) ** 2)))
    assert np.array_equal(lost, y < 0)
    assert not best_cut(u, lambda lost: float(lost.sum())).any()


def test_an_element_may_lose_its_electrons_apart_from_the_others():
    u = np.array([-0.3, -0.25, -0.2, -0.1, 0.0, -0.3, -0.25, -0.2, -0.1, 0.0])
    elements, lost = ["S"] * 5 + ["Te"] * 5, np.array([1, 1, 1, 0, 0, 0, 0, 0, 0, 0])
    odds = learn_odds(u, elements, lost)
    assert np.array_equal(odds.probability(u, elements) > 0.5, lost == 1)
    assert odds.probability(np.array([-2.0, 2.0]), ["Se", "Se"]) == pytest.approx([1.0, 0.0], abs=1e-3)
    assert learn_odds(u, elements, np.zeros(10)).probability(u, elements).max() < 1e-6
