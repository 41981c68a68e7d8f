"""AutoGluon behind the adapter: what it sees, on which rows it weighs its models, what it leaves behind."""

import gc
import json
import logging
import os
import threading

import numpy as np
import pytest

from jijbench import adapters
from jijbench.adapters.automl import AutoMl
from jijbench.context import context
from jijbench.errors import DataError, NotPortable, UnknownElement

pytestmark = pytest.mark.skipif(adapters.missing("automl") is not None, reason=f"automl {adapters.missing('automl')}")

SMALL = {"n_rounds": 20, "n_trees": 10}
ALL = ["ExtraTrees", "LightGBM", "WeightedEnsemble_L2", "XGBoost"]


@pytest.fixture(scope="module")
def table(toy_table):
    """40 dimers of four elements at four distances, and a truth that depends on both."""
    samples = toy_table(("Cr", "Mn", "Fe", "Co"), (4.0, 5.0, 6.0, 7.0))
    return samples, np.array([(s.numbers[0] - 24) / s.distance + 3 * np.cos(2 * s.distance) for s in samples])


@pytest.fixture(scope="module")
def fold(table):
    """Every fifth row validates, three rows are in neither part."""
    rows = np.arange(len(table[0]))
    return rows[(rows % 5 > 0) & (rows > 3)], rows[rows % 5 == 0]


@pytest.fixture(scope="module")
def seeing(table, fold, tmp_path_factory):
    with context(scratch=tmp_path_factory.mktemp("scratch")):
        return AutoMl(geometry=True, **SMALL).fit(*table, [fold])


def test_the_same_seed_gives_the_same_numbers_in_the_same_scratch(table, fold, seeing, tmp_path):
    before = seeing.predict(table[0])
    with context(scratch=tmp_path):
        again = AutoMl(geometry=True, **SMALL).fit(*table, [fold])
        other = AutoMl(geometry=True, seed=1, **SMALL).fit(*table, [fold])
    assert np.array_equal(again.predict(table[0]), before)
    assert again.leaderboard_ == seeing.leaderboard_ != other.leaderboard_
    assert len(list(tmp_path.iterdir())) == 2  # a folder each


def test_with_geometry_it_sees_the_distance_and_learns(table, toy, seeing):
    near, far = seeing.predict([toy("Cr", "Mn", 4.0), toy("Cr", "Mn", 5.0)])
    assert near != far
    samples, y = table
    assert np.abs(seeing.predict(samples) - y).mean() < 0.7 * np.abs(y - np.median(y)).mean()


def test_without_geometry_it_sees_the_elements_only(table, toy):
    samples, _ = table
    blind = AutoMl(**SMALL).fit(samples, np.array([float(sum(s.numbers[:2])) for s in samples]))  # folds by orbit
    wanted = [("Cr", "Mn", 4.0), ("Cr", "Mn", 7.0), ("Mn", "Cr", 4.0), ("Co", "Co", 4.0)]
    near, far, swapped, other = blind.predict([toy(*pair) for pair in wanted])
    assert near == far == swapped
    assert near != other
    assert blind.n_valid_ == len(samples) // 5


def test_models_are_weighted_on_the_valid_rows_and_refitted_on_all(table, fold, monkeypatch):
    from autogluon.tabular import TabularPredictor

    seen, fit, refit = {}, TabularPredictor.fit, TabularPredictor.refit_full

    def spied_fit(self, train_data, tuning_data, **settings):
        seen.update(train=train_data.index, valid=tuning_data.index)
        return fit(self, train_data, tuning_data=tuning_data, **settings)

    def spied_refit(self, model, train_data_extra, **settings):
        seen.update(extra=train_data_extra.index)
        return refit(self, model, train_data_extra=train_data_extra, **settings)

    monkeypatch.setattr(TabularPredictor, "fit", spied_fit)
    monkeypatch.setattr(TabularPredictor, "refit_full", spied_refit)
    samples, y = table
    nothing = (fold[0], fold[1][:0])  # a fold of which the gate has left one part is passed over
    AutoMl(geometry=True, **SMALL).fit(samples, y, [nothing, fold, fold[::-1]])
    assert list(seen["train"]) == list(fold[0])
    assert list(seen["valid"]) == list(fold[1])
    assert list(seen["extra"]) == [1, 2, 3]


def test_the_leaderboard_is_json_with_errors_and_weights(seeing, fold):
    lines = json.loads(seeing.leaderboard_)
    assert sorted(line["model"] for line in lines) == ALL
    assert [line["mae"] for line in lines] == sorted(line["mae"] for line in lines)
    assert sum(line["weight"] for line in lines) == pytest.approx(1, abs=1e-5)
    assert lines[0]["mae"] > 0
    assert seeing.n_valid_ == len(fold[1])


def test_an_unseen_element_is_predicted_and_an_unknown_one_is_an_error(toy, seeing):
    assert np.isfinite(seeing.predict([toy("Os", "Cr"), toy("Zn", "Zn", 30.0)])).all()
    with pytest.raises(UnknownElement, match="He"):
        seeing.predict([toy("Cr", "He")])


def test_a_pair_without_moments_is_exactly_zero(toy_table, toy):
    moments = {"Cr": 3.9, "Mn": 4.5, "Zn": 0.0}
    samples = toy_table(("Cr", "Mn", "Zn"), (4.0, 5.0, 6.0), moments)
    model = AutoMl(geometry=True, **SMALL).fit(samples, np.arange(len(samples), dtype=float))
    gate = np.array(["Zn" in s.elements for s in samples])
    assert model.n_learned_ == (~gate).sum()
    assert (model.predict(samples)[gate] == 0).all()
    assert (model.predict(samples)[~gate] != 0).all()
    silent = AutoMl(**SMALL).fit([s for s, closed in zip(samples, gate, strict=True) if closed], np.zeros(gate.sum()))
    assert silent.predict([toy("Cr", "Mn", 4.0, (3.9, 4.5))])[0] == 0


def test_it_cannot_be_saved(seeing, tmp_path):
    with pytest.raises(NotPortable, match="pickles only"):
        seeing.save(tmp_path)


def test_rows_that_allow_no_hold_out_are_an_error(toy):
    with pytest.raises(DataError, match="give rows of more orbits"):
        AutoMl(**SMALL).fit([toy("Cr", "Mn"), toy("Mn", "Cr")], np.ones(2))


def test_it_leaves_no_trace(table, fold, tmp_path, monkeypatch, capfd):
    cwd, scratch = tmp_path / "cwd", tmp_path / "scratch"
    cwd.mkdir()
    scratch.mkdir()
    monkeypatch.chdir(cwd)
    logger = logging.getLogger("autogluon")
    state = [logger.level, list(logger.handlers), logger.propagate, logging.root.manager.disable, dict(os.environ)]
    threads, drawn = set(threading.enumerate()), np.random.get_state()[1].tolist()  # noqa: NPY002
    with context(scratch=scratch):
        model = AutoMl(geometry=True, **SMALL).fit(*table, [fold])
    model.predict(table[0])
    assert [logger.level, logger.handlers, logger.propagate, logging.root.manager.disable, dict(os.environ)] == state
    assert not [t for t in set(threading.enumerate()) - threads if t.join(5) or (t.is_alive() and not t.daemon)]
    assert np.random.get_state()[1].tolist() == drawn  # noqa: NPY002
    assert capfd.readouterr() == ("", "")
    assert list(cwd.iterdir()) == []
    assert len(list(scratch.iterdir())) == 1
    del model
    gc.collect()
    assert list(scratch.iterdir()) == []
