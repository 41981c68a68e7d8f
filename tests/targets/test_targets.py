"""What kinds of targets say of their values: sizes, losses, turning, naming, and how they are written down."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jijbench.errors import DataError, UnknownName
from jijbench.scores.metrics import Scores
from jijbench.targets import DIJ, DV, DV_SHELL, JIJ, KINDS, TARGETS, Curve, Target, restored, target
from jijbench.testing.toys import rotation

RNG = np.random.default_rng(0)
LABELS = {"magnetic": np.array([True, False, True, True]), "shell": np.array([1, 1, 2, 2])}
WEIGHT = np.array([1.0, 1.0, 0.5, 0.5])
ALL = [pytest.param(one, id=one.name) for one in (*TARGETS.values(), Curve(name="two", shape=(2, 7), convention="toy"))]


def values(what: Target, n: int = 4) -> np.ndarray:
    return RNG.normal(size=(n, *what.shape))


def test_targets_and_kinds_are_found():
    assert {"jij", "dij", "dv", "dv-shell"} <= set(TARGETS)
    assert {"coupling", "vector", "curve"} <= set(KINDS)
    assert target("jij") is JIJ
    with pytest.raises(UnknownName, match="did you mean 'jij'"):
        target("jii")


@pytest.mark.parametrize("what", ALL)
def test_the_headline_is_the_weighted_mean_of_the_loss(what):
    truth, mean = values(what), values(what)
    keep = what.counted(LABELS)
    found: Scores = what.scores(truth, mean, WEIGHT, LABELS)
    expected = np.average(what.loss(mean - truth)[keep], weights=WEIGHT[keep]) ** what.power
    assert found[what.headline] == pytest.approx(expected)


@pytest.mark.parametrize("what", ALL)
def test_every_score_has_a_column(what):
    found = what.scores(values(what), values(what), WEIGHT, LABELS)
    assert set(found) <= set(what.columns)
    assert what.headline in what.columns
    assert what.error in what.columns
    assert {ends for pair in what.intervals.values() for ends in pair} <= {*what.columns, "low", "high"}
    assert {column for column, _, _ in what.shown} <= {*what.columns, "fold_low"}


@pytest.mark.parametrize("what", ALL)
@pytest.mark.parametrize("mirror", [1, -1])
def test_nothing_but_direction_changes_when_the_crystal_is_turned(what, mirror):
    before, turn = values(what), mirror * rotation(5)
    after = what.turned(before, turn)
    assert np.allclose(what.turned(after, turn.T), before)
    assert np.allclose(what.size(after), what.size(before))
    assert np.allclose(what.renamed(what.renamed(before)), before)
    assert np.allclose(what.renamed(after), what.turned(what.renamed(before), turn))


def test_d_turns_as_a_pseudovector():
    """As the cross product of two vectors does: D is the coupling of e_i x e_j."""
    a, b = RNG.normal(size=(2, 6, 3))
    for turn in (rotation(1), -rotation(2), np.diag([1.0, 1.0, -1.0])):
        assert np.allclose(DIJ.turned(np.cross(a, b), turn), np.cross(a @ turn.T, b @ turn.T))
    assert np.allclose(DIJ.renamed(np.cross(a, b)), np.cross(b, a))


def test_the_size_of_a_curve_is_its_mean_over_the_sphere():
    assert DV.volume.sum() == pytest.approx(1.0)
    assert DV.size(np.full((1, 349), -2.0)) == pytest.approx(2.0)
    two = Curve(name="two", shape=(2, 349), convention="toy")
    assert two.size(np.stack([np.ones((1, 349)), np.zeros((1, 349))], axis=1)) == pytest.approx(np.sqrt(0.5))


def test_the_shell_belongs_to_the_impurity():
    assert DV.neighbours == DV_SHELL.name
    assert (DV.of_neighbour, DV_SHELL.of_neighbour) == (False, True)


@pytest.mark.parametrize("what", ALL)
def test_a_target_comes_back_from_json(what):
    assert restored(what.as_json()) == what


OLD = {"name": "jij", "shape": [], "unit": "meV", "kind": "scalar", "headline": "mae_magnetic", "description": "J"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [({}, JIJ), ({"name": "dv", "shape": [349], "unit": "Ry", "kind": "field", "headline": "rmse"}, DV),
     ({"name": "dij", "shape": [3], "kind": "axial vector", "headline": "mae"}, DIJ)],
)  # fmt: skip
def test_targets_of_the_first_release_are_read(changes, expected):
    assert restored(OLD | changes) == expected


@given(key=st.sampled_from(sorted(OLD)), value=st.none() | st.integers() | st.text(max_size=3))
def test_what_describes_no_target_is_refused_or_is_one(key, value):
    raw = OLD | {key: value}
    if key == "kind" or (key == "shape" and not isinstance(value, str)):
        with pytest.raises(DataError, match="describes no target"):
            restored(raw)
    else:
        assert isinstance(restored(raw), Target)
