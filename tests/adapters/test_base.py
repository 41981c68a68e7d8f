"""What every adapter inherits: saving what is plain, and saying what is not."""

import sys

import numpy as np
import pytest

from jijbench import adapters
from jijbench.adapters.base import MomentGated
from jijbench.data.task import INPUTS, Question
from jijbench.errors import NotPortable
from jijbench.targets import DIJ, DV, JIJ
from jijbench.testing.bad import Zeros
from jijbench.testing.sound import Sound, SoundVector


@pytest.mark.parametrize("counts", [{"n_impurities": 3}, {"n_impurities_trained": 3}])
@pytest.mark.parametrize("name", adapters.names())
def test_a_model_of_pairs_refuses_clusters_of_three(name, counts):
    if adapters.missing(name):
        pytest.skip(adapters.missing(name))
    found = adapters.get(name)
    if found.beyond_pairs:
        assert found.refuses(Question(JIJ, **counts)) is None
    else:
        assert all(found.refuses(Question(JIJ, inputs, **counts)) for inputs in INPUTS)


class Opaque:
    """Nothing that a file could hold."""


@pytest.mark.parametrize(
    "value",
    [Opaque(), {1, 2}, [Opaque()], np.float32(1), np.int64(2), float("nan"), np.array([Opaque()]), {"a": np.zeros(2)}],
    ids=lambda value: type(value).__name__,
)
def test_what_cannot_be_saved_is_named_with_what_to_do(samples, y, tmp_path, value):
    model = Sound().fit(samples, y)
    model.save(tmp_path / "as it is")
    model.extra_ = value
    with pytest.raises(NotPortable, match=r"Sound\.extra_ .*underscore.*`restore\(\)`.*`portable = "):
        model.save(tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_hyper_that_cannot_be_saved_is_named(samples, y, tmp_path):
    model = Sound(ridge=np.float32(1e-3)).fit(samples, y)
    with pytest.raises(NotPortable, match=r"Sound\.ridge \(float32\)"):
        model.save(tmp_path / "out")


def test_what_turns_is_told_from_what_does_not():
    scalar, numbers, turning, targets = Zeros, Sound, SoundVector, (JIJ, DV, DIJ)
    reasons = {(kind, t): kind.refuses(Question(t)) for kind in (scalar, numbers, turning) for t in targets}
    assert {pair for pair, reason in reasons.items() if reason is None} == {
        (scalar, JIJ), (numbers, JIJ), (numbers, DV), (turning, JIJ), (turning, DV), (turning, DIJ)
    }  # fmt: skip
    assert reasons[numbers, DIJ] == "Sound has no vectors that turn with the crystal, as dij does"
    assert reasons[scalar, DV] == "Zeros predicts one number, the target dv has shape (349,)"


SOURCE = """
from typing import ClassVar

from jijbench.testing.bad import Zeros


class Third(Zeros):
    version: ClassVar[int] = 3
    requires: ClassVar[tuple[str, ...]] = ("optuna",)


class Heir(Third):
    pass


class Fifth(Third):
    requires = ("numpy", "scipy")
    version = 5
"""


def test_a_class_declares_its_own_version_and_a_subclass_begins_with_1(tmp_path, monkeypatch):
    (tmp_path / "several_versions.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(str(tmp_path))
    read = {name: adapters.version(f"several_versions:{name}") for name in ("Third", "Heir", "Fifth")}
    assert read == {"Third": 3, "Heir": 1, "Fifth": 5}
    assert "several_versions" not in sys.modules
    assert adapters.requires("several_versions:Third") == ("optuna",)
    assert adapters.requires("several_versions:Fifth") == ("numpy", "scipy")
    imported = {name: adapters.get(f"several_versions:{name}").version for name in read}
    assert imported == read
    sys.modules.pop("several_versions")


@pytest.mark.parametrize("name", adapters.names())
def test_the_version_read_from_the_source_is_that_of_the_class(name):
    if adapters.missing(name):
        pytest.skip(adapters.missing(name))
    found = adapters.get(name)
    assert adapters.version(name) == found.version >= 1
    assert adapters.requires(name) == tuple(found.requires)


class Gate(MomentGated):
    """One everywhere, sure to one half, where J is not zero by rule."""

    gives_std = True

    def learn(self, samples, y, folds):
        assert all(s.moments.all() for s in samples)

    def answer_std(self, samples):
        return np.ones(len(samples)), np.full(len(samples), 0.5)


def test_where_a_moment_is_missing_a_gated_model_is_sure_of_zero(toy_table):
    asked = toy_table(["Cr", "Mn", "Zn"], [3.0], {"Cr": 3.9, "Mn": 4.5, "Zn": 0.0})
    mean, std = Gate().fit(asked, np.zeros(len(asked))).predict_std(asked)
    magnetic = np.array(["Zn" not in s.elements for s in asked])
    assert 0 < magnetic.sum() < len(asked)
    assert np.array_equal(mean, np.where(magnetic, 1.0, 0.0))
    assert np.array_equal(std, np.where(magnetic, 0.5, 0.0))


def test_a_gated_model_without_a_deviation_says_so(samples, y):
    with pytest.raises(TypeError, match="gives no standard deviation; check `gives_std` first"):
        adapters.get("mean")().fit(samples, y).predict_std(samples)
