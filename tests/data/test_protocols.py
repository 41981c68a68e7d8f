from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.model_selection import GridSearchCV, cross_val_score

from jijbench.data.protocols import PROTOCOLS, dealt, elements_of, protocol
from jijbench.elements import period
from jijbench.errors import DataError, UnknownName

POTENTIALS = ("unseen-impurity", "unseen-host")  # dimers have one host; see test_curves.py
OWN = [name for name, rule in PROTOCOLS.items() if name not in ("transfer", *POTENTIALS)]


@pytest.fixture(scope="module")
def folds(dimers) -> dict[str, list]:
    """(train, test) of every protocol that draws both from one dataset."""
    return {name: list(PROTOCOLS[name].split(dimers.samples)) for name in OWN}


def elements(samples, rows) -> set[str]:
    return {element for k in rows for element in samples[k].pair}


def breaks(name: str, samples, train, test) -> str | None:
    """What a (train, test) pair does that the protocol's question forbids; None if nothing."""
    if set(train) & set(test):
        return "not disjoint"
    if {samples[k].orbit for k in train} & {samples[k].orbit for k in test}:
        return "orbit parted"
    if name == "unseen-pair" and {samples[k].pair for k in train} & {samples[k].pair for k in test}:
        return "pair seen"
    if name == "unseen-element":
        held_out = elements(samples, test) - elements(samples, train)
        if not all(held_out & set(samples[k].pair) for k in test):
            return "element seen"
    if name in ("unseen-both", "period") and elements(samples, train) & elements(samples, test):
        return "element seen"
    if name == "unseen-shell" and {samples[k].shell for k in train} & {samples[k].shell for k in test}:
        return "shell seen"
    return None


@pytest.mark.parametrize("name", OWN)
def test_no_fold_breaks_its_rule(dimers, folds, name):
    for train, test in folds[name]:
        assert len(train)
        assert len(test)
        assert breaks(name, dimers.samples, train, test) is None


@pytest.mark.parametrize(
    ("name", "what"),
    [("random-orbit", "not disjoint"), ("unseen-pair", "pair seen"), ("unseen-element", "element seen"),
     ("unseen-both", "element seen"), ("unseen-shell", "shell seen"), ("period", "element seen")],
)  # fmt: skip
def test_a_fold_that_breaks_its_rule_is_noticed(dimers, folds, name, what):
    train, test = folds[name][0]
    elsewhere = test[:1] if name == "random-orbit" else test[-1:]
    kept = test if name == "random-orbit" else test[:-1]
    assert breaks(name, dimers.samples, np.append(train, elsewhere), kept) == what


def test_an_orbit_in_both_parts_is_noticed(published):
    first, second = (published.index[f"jij-published-table:{name}-s01"] for name in ("Cr-Mn", "Mn-Cr"))
    assert breaks("random-orbit", published.samples, [first], [second]) == "orbit parted"


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("n", [1, 3])
def test_inner_folds_obey_the_outer_rule(dimers, folds, name, n):
    rule = protocol(name)
    for train, _ in folds[name]:
        samples = [dimers.samples[k] for k in train]
        inner = rule.inner_folds(samples, n)
        assert len(inner) == (rule.n_inner or n)
        for part in inner:
            asked = "unseen-both" if name == "period" else name  # within 3d: elements unseen
            assert breaks(asked, samples, *part) is None
            assert max(map(max, part)) < len(samples)


N_FOLDS = {"random-orbit": 5, "published-80-20": 1, "published-90-10": 1, "unseen-pair": 5, "unseen-element": 11,
           "unseen-both": 5, "unseen-shell": 14, "period": 1}  # fmt: skip


@pytest.mark.parametrize(("name", "n"), N_FOLDS.items())
def test_the_number_of_folds_is_the_announced_one(dimers, folds, name, n):
    assert protocol(name).get_n_splits(dimers.samples) == len(folds[name]) == n


@pytest.mark.parametrize("name", ["random-orbit", "unseen-pair", "unseen-shell"])
def test_every_sample_is_tested_once(dimers, folds, name):
    times = Counter(k for _, test in folds[name] for k in test)
    assert times == dict.fromkeys(range(len(dimers)), 1)


@pytest.mark.parametrize("name", ["random-orbit", "unseen-pair", "unseen-shell", "unseen-element", "published-80-20"])
def test_what_is_not_tested_trains(dimers, folds, name):
    for train, test in folds[name]:
        assert len(train) + len(test) == len(dimers)


@pytest.mark.parametrize(("name", "share"), [("random-orbit", 0.2), ("published-80-20", 0.2), ("published-90-10", 0.1)])
def test_the_tested_share_is_the_published_one(dimers, folds, name, share):
    for _, test in folds[name]:
        assert len(test) / len(dimers) == pytest.approx(share, abs=0.001)


def test_unseen_pair_keeps_both_elements_in_training(dimers, folds):
    for train, test in folds["unseen-pair"]:
        assert elements(dimers.samples, test) <= elements(dimers.samples, train)


def test_unseen_element_leaves_no_row_of_the_held_out_elements_in_training(dimers, folds):
    magnetic, others = elements_of(dimers.samples)
    assert (len(magnetic), len(others)) == (11, 9)
    held_out = []
    for train, test in folds["unseen-element"]:
        gone = elements(dimers.samples, range(len(dimers))) - elements(dimers.samples, train)
        assert len(gone & set(magnetic)) == 1
        assert 1 <= len(gone & set(others)) <= 2
        touching = {k for k, sample in enumerate(dimers.samples) if gone & set(sample.pair)}
        assert touching == set(test)
        held_out += gone
    assert set(held_out) == {*magnetic, *others}
    assert all(held_out.count(element) == 1 for element in magnetic)


def test_unseen_both_drops_rows_with_one_element_of_the_block(dimers, folds):
    blocks = []
    for train, test in folds["unseen-both"]:
        block = elements(dimers.samples, test)
        dropped = set(range(len(dimers))) - set(train) - set(test)
        assert dropped
        assert all(len(set(dimers.samples[k].pair) & block) == 1 for k in dropped)
        assert any(
            sample.moments is not None and (sample.moments != 0).all() for sample in (dimers.samples[k] for k in test)
        )
        blocks.append(block)
    assert set.union(*blocks) == elements(dimers.samples, range(len(dimers)))
    assert sum(map(len, blocks)) == 20
    assert {len(block) for block in blocks} == {4}


def test_unseen_shell_tests_one_shell_after_the_other(dimers, folds):
    shells = [{dimers.samples[k].shell for k in test} for _, test in folds["unseen-shell"]]
    assert shells == [{k} for k in range(1, 15)]


def test_period_trains_on_3d_and_tests_on_4d(dimers, folds):
    ((train, test),) = folds["period"]
    assert {period(e) for e in elements(dimers.samples, train)} == {4}
    assert {period(e) for e in elements(dimers.samples, test)} == {5}
    dropped = set(range(len(dimers))) - set(train) - set(test)
    assert all({period(e) for e in dimers.samples[k].pair} == {4, 5} for k in dropped)


def test_transfer_trains_on_shell_one_of_the_other_dataset():
    from jijbench.data.task import load_task

    task = load_task("jij-published-table/jij/transfer")
    training = task.training(0, "structure", 3)
    assert {sample.id.split(":")[0] for sample in training.samples} == {"jij-bi2te3"}
    assert {sample.shell for sample in training.samples} == {1}
    assert len(training.samples) == 204
    assert len(task.test(0, "structure")) == len(task.dataset) == 340
    assert set(task.data_sha256) == {"jij-bi2te3", "jij-published-table"}
    for train, valid in training.folds:
        assert breaks("transfer", training.samples, train, valid) is None


@pytest.mark.parametrize("name", OWN)
def test_the_same_seed_gives_the_same_folds(dimers, folds, name):
    again = protocol(name).split(dimers.samples, seed=0)
    assert all(
        np.array_equal(a, b) for one, two in zip(again, folds[name], strict=True) for a, b in zip(one, two, strict=True)
    )


@pytest.mark.parametrize("name", ["random-orbit", "unseen-pair", "unseen-element", "unseen-both"])
def test_another_seed_gives_other_folds(dimers, folds, name):
    assert {*next(protocol(name).split(dimers.samples, seed=1))[1]} != {*folds[name][0][1]}


@given(size=st.integers(0, 40), n=st.integers(1, 12), seed=st.integers(0, 99))
def test_dealt_hands_differ_by_one_at_most(size, n, seed):
    hands = dealt(list(range(size)), n, np.random.default_rng(seed))
    assert len(hands) == n
    assert sorted(x for hand in hands for x in hand) == list(range(size))
    sizes = sorted(map(len, hands))
    assert sizes[-1] - sizes[0] <= 1


def test_sizes_that_do_not_divide(toy_table):
    samples = toy_table(["V", "Cr", "Mn", "Fe"], [3.0, 4.0, 5.0])  # 30 samples, 10 pairs, 3 shells
    sizes = [len(test) for _, test in protocol("random-orbit").split(samples[:23])]
    assert sorted(sizes) == [4, 4, 5, 5, 5]
    pairs = [len({samples[k].pair for k in test}) for _, test in protocol("unseen-pair").split(samples)]
    assert pairs == [2] * 5
    inner = protocol("unseen-shell").inner_folds(samples, 5)
    assert [sorted({samples[k].shell for k in valid}) for _, valid in inner] == [[1], [2], [3]]  # no empty fold


@pytest.mark.parametrize(
    ("magnetic", "others"), [(["Cr", "Mn"], ["Sc", "Cu", "Zn", "Y", "Zr"]), (["V", "Cr", "Mn"], ["Sc", "Cu"])]
)
def test_unseen_element_tests_every_element_whatever_their_numbers(toy_table, magnetic, others):
    moments = dict.fromkeys(magnetic, 2.0) | dict.fromkeys(others, 0.0)
    samples = toy_table(sorted(moments), [4.0], moments)
    everything = set(moments)
    held_out = [everything - elements(samples, train) for train, _ in protocol("unseen-element").split(samples)]
    assert set.union(*held_out) == everything


def test_unseen_element_works_without_moments(toy_table):
    samples = toy_table(["V", "Cr", "Mn", "Fe"], [4.0])
    folds = list(protocol("unseen-element").split(samples))
    assert [len(test) for _, test in folds] == [4] * 4
    assert all(breaks("unseen-element", samples, *fold) is None for fold in folds)


def test_twins_and_either_naming_stay_together(published):
    for name in ("random-orbit", "unseen-pair", "published-80-20"):
        for train, test in protocol(name).split(published.samples):
            assert breaks(name, published.samples, train, test) is None


def test_a_dataset_too_small_for_an_inner_fold_says_so(toy):
    with pytest.raises(DataError, match="random-orbit: 1 training samples allow no inner fold"):
        protocol("random-orbit").inner_folds([toy("Cr", "Mn")], 3)


@pytest.mark.parametrize(("name", "folds"), [("unseen-shell", 3), ("unseen-element", 4), ("unseen-pair", 5)])
def test_folds_are_counted_in_the_units_of_the_dataset(toy, name, folds):
    pairs = [("Cr", "Mn"), ("Cr", "Fe"), ("Mn", "V"), ("Fe", "V"), ("Cr", "V"), ("Mn", "Fe")]
    samples = [toy(*pair, distance, shell=k) for pair in pairs for k, distance in enumerate((4.0, 5.0, 6.0))]
    parts = list(protocol(name).split(samples))
    assert len(parts) == folds
    assert sorted({k for _, test in parts for k in test}) == list(range(len(samples)))


def test_no_more_folds_than_units(toy):
    samples = [toy("Cr", "Mn", distance) for distance in (4.0, 5.0, 6.0)]
    assert protocol("random-orbit").get_n_splits(samples) == 3


def test_shells_come_in_order_of_distance(dimers):
    distances = [
        np.mean([dimers.samples[k].distance for k in test])
        for _, test in protocol("unseen-shell").split(dimers.samples)
    ]
    assert all(a < b for a, b in pairwise(distances))


class ShellCount(RegressorMixin, BaseEstimator):
    """A trivial regressor over samples."""

    def __init__(self, power: int = 1) -> None:
        self.power = power

    def fit(self, samples, y):
        self.mean_ = float(np.mean(y))
        self.seen_ = len(samples)
        return self

    def predict(self, samples):
        return np.array([self.mean_ / sample.distance**self.power for sample in samples])


@pytest.mark.parametrize("name", OWN)
def test_a_protocol_is_a_scikit_learn_splitter(dimers, name):
    samples, y = list(dimers.samples), dimers.truth("jij")
    scores = cross_val_score(ShellCount(), samples, y, cv=protocol(name), scoring="neg_mean_absolute_error")
    assert len(scores) == protocol(name).get_n_splits(samples)
    assert np.isfinite(scores).all()


def test_a_protocol_serves_a_grid_search(dimers):
    samples, y = list(dimers.samples), dimers.truth("jij")
    search = GridSearchCV(
        ShellCount(), {"power": [0, 3]}, cv=protocol("unseen-pair"), scoring="neg_mean_absolute_error"
    )
    assert search.fit(samples, y).best_params_ == {"power": 3}


def test_an_unknown_protocol_comes_with_near_names():
    with pytest.raises(UnknownName, match="no protocol named 'unseen-pairs'; did you mean 'unseen-pair'"):
        protocol("unseen-pairs")
