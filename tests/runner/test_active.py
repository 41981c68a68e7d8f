"""What is acquired next, and the loop that learns from it: small cases with known answers."""

from itertools import pairwise

import numpy as np
import pytest
from pydantic import ValidationError

from jijbench.benchmark import Growth
from jijbench.errors import DataError
from jijbench.runner.active import Pool, columns, farthest, grow, most_uncertain, uncertain_and_far, units_of

ELEMENTS = ["V", "Cr", "Mn", "Fe"]
DISTANCES = [3.0, 4.0, 5.0]


@pytest.fixture(scope="module")
def table(toy_table):
    """Ten pairs at three distances."""
    return toy_table(ELEMENTS, DISTANCES)


def growth(**changes) -> Growth:
    return Growth(**{"unit": "dimer", "acquire": "random", "start": 4, "step": 5, "rounds": 9} | changes)


def certain(samples):
    return np.zeros(len(samples)), None


def test_farthest_points_on_a_line_come_end_first_then_the_middles():
    line = np.array([[0.0], [1.0], [2.0], [3.0], [4.0], [5.0], [6.0], [7.0], [8.0]])
    assert farthest(line, np.array([[0.0]]), 4).tolist() == [8, 4, 2, 6]
    assert farthest(line, np.array([[3.0]]), 2).tolist() == [8, 0]


def test_points_that_coincide_are_not_chosen_twice():
    assert sorted(farthest(np.zeros((3, 2)), np.zeros((1, 2)), 5)) == [0, 1, 2]
    assert farthest(np.zeros((2, 2)), np.zeros((0, 2)), 1).tolist() == [0]


def test_the_most_uncertain_are_the_largest_and_of_equals_the_first():
    assert most_uncertain(np.array([0.1, 3.0, 2.0, 3.0, 0.5]), 3).tolist() == [1, 3, 2]


def test_both_looks_for_distance_among_the_uncertain_only():
    points = np.arange(12.0)[:, None]  # the ten most uncertain of twelve leave out the two ends
    std = np.array([0.1, *np.ones(10), 0.1])
    assert uncertain_and_far(std, points, np.array([[0.0]]), 2).tolist() == [10, 5]


def test_the_descriptor_space_does_not_know_who_is_called_i(toy, table):
    swapped = [toy(*s.elements[::-1], s.distance) for s in table]
    assert np.array_equal(columns(table), columns(swapped))
    assert columns(table).mean(0) == pytest.approx(np.zeros(6), abs=1e-12)
    spread = columns(table).std(0)  # one period: those two columns are constant
    assert sorted(np.round(spread, 12)) == [0, 0, 1, 1, 1, 1]


@pytest.mark.parametrize(
    ("unit", "expected"),
    [("dimer", {"Cr-Fe-3"}), ("pair", {"Cr-Fe"}), ("element", {"Cr", "Fe"}), ("host", {"Toy"})],
)
def test_units_that_a_sample_needs(toy, unit, expected):
    assert units_of(toy("Fe", "Cr", 3.0), unit) == expected == units_of(toy("Cr", "Fe", 3.0), unit)


def test_elements_give_the_pairs_among_them(table):
    pool = Pool(table, growth(unit="element", start=2, step=1), seed=3)
    sizes = [len((pool.begin(), pool.rows)[1])]
    while pool.left:
        pool.acquire(certain)
        sizes.append(len(pool.rows))
    assert sizes == [3 * n for n in (3, 6, 10)]


@pytest.mark.parametrize("acquire", ["random", "diversity", "uncertainty", "both"])
def test_what_is_acquired_is_disjoint_and_in_the_end_everything(table, acquire):
    spread = {sample.id: 1.0 + k % 7 for k, sample in enumerate(table)}
    learned = []

    def learn(samples, y):
        learned.append({s.id for s in samples})
        return lambda asked: (np.zeros(len(asked)), np.array([spread[s.id] for s in asked]))

    rounds = list(grow(table, lambda rows: np.zeros(len(rows)), table[:2], learn, growth(acquire=acquire), 0))
    names = [name for r in rounds for name in r.acquired]
    assert len(names) == len(set(names)) == 30
    assert [r.n for r in rounds] == [4, 9, 14, 19, 24, 29, 30]
    assert all(a < b for a, b in pairwise(learned))


def test_uncertainty_acquires_the_largest_deviations(table):
    spread = {sample.id: float(k) for k, sample in enumerate(table)}
    pool = Pool(table, growth(acquire="uncertainty", step=3), seed=0)
    start = pool.begin()
    acquired = pool.acquire(lambda asked: (np.zeros(len(asked)), np.array([spread[s.id] for s in asked])))
    left = [s.orbit for s in reversed(table) if s.orbit not in start]
    assert list(acquired) == left[:3]


def test_strategies_of_a_seed_begin_with_the_same_dimers_and_seeds_differ(table):
    starts = {(how, seed): Pool(table, growth(acquire=how), seed).begin() for how in ("random", "both") for seed in (0, 1)}  # noqa: E501  # fmt: skip
    assert starts["random", 0] == starts["both", 0]
    assert starts["random", 0] != starts["random", 1]


def test_twins_are_acquired_together(toy, table):
    twins = [toy(*s.elements[::-1], s.distance) for s in table if len(set(s.elements)) == 2]
    pool = Pool([*table, *twins], growth(step=26), seed=0)
    pool.begin()
    assert len(pool.known) == 4
    pool.acquire(certain)
    assert (len(pool.known), len(pool.rows)) == (30, 48)


def test_a_model_that_knows_pairs_is_exact_once_every_pair_is_known(table):
    """J depends on the pair alone: the error is the share of pairs that are not known yet."""
    truth = np.array([1.0 + ELEMENTS.index(s.pair[0]) * 4 + ELEMENTS.index(s.pair[1]) for s in table])

    def learn(samples, y):
        memory = {s.pair: value for s, value in zip(samples, y, strict=True)}
        return lambda asked: (np.array([memory.get(s.pair, 0.0) for s in asked]), None)

    plan = growth(unit="pair", start=1, step=3)
    rounds = list(grow(table, lambda rows: truth[rows], table, learn, plan, 5))
    wrong = [int((r.mean != truth).sum()) for r in rounds]
    assert wrong == [3 * (10 - k) for k in (1, 4, 7, 10)]
    assert [r.n for r in rounds] == [3, 12, 21, 30]


def test_truth_is_asked_for_known_rows_only(table):
    asked = []
    plan = growth(start=6, step=6, rounds=2)
    list(grow(table, lambda rows: asked.append(set(rows.tolist())) or np.zeros(len(rows)), table, lambda s, y: certain, plan, 0))  # noqa: E501  # fmt: skip
    assert [len(rows) for rows in asked] == [6, 12]
    assert asked[0] < asked[1]


def test_a_pool_that_is_too_small_says_so(table):
    with pytest.raises(DataError, match=r"holds 4 units \(element\), growth.start asks for 5"):
        Pool(table, growth(unit="element", start=5), seed=0)


def test_a_model_without_deviations_cannot_be_asked_for_them(table):
    pool = Pool(table, growth(acquire="both"), seed=0)
    pool.begin()
    with pytest.raises(DataError, match="the model gives none; take 'diversity'"):
        pool.acquire(certain)


def test_only_dimers_are_acquired_by_choice():
    with pytest.raises(ValidationError, match="acquire = 'diversity' is for unit 'dimer', not 'pair'"):
        growth(unit="pair", acquire="diversity")
