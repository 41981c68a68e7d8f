"""Predictions of a cell and the file that holds them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jijbench.errors import RecordError
from jijbench.records.predictions import Predictions, low_rank, read_predictions, write_predictions
from jijbench.targets import DIJ, JIJ, Curve

HASH = "0" * 64
IDS = ["jij:a", "jij:b", "jij:c"]
PART = ["inner", "test", "test"]


def predictions(mean, std=None, basis=None) -> Predictions:
    return Predictions(np.array(IDS), np.array(PART), mean, std, basis)


def write(path, found):
    """As for J, or for curves on that many points."""
    k = found.mean.shape[1:]
    return write_predictions(path, found, Curve(name="toy", shape=k, convention="") if k else JIJ)


@pytest.mark.parametrize("std", [None, np.array([np.nan, 0.5, 0.25])])
def test_predictions_come_back(tmp_path, std):
    mean = np.array([1.25, -61.0, 1e-5])
    path = write(tmp_path / "f00-s0", predictions(mean, std))
    assert path.name == "f00-s0.csv.gz"
    again = read_predictions(path)
    assert again.id.tolist() == IDS
    assert again.part.tolist() == PART
    assert np.array_equal(again.mean, mean)
    assert again.std is None if std is None else np.array_equal(again.std, std, equal_nan=True)
    assert again.basis is None


@given(mean=st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=5))
def test_predictions_keep_six_digits(tmp_path_factory, mean):
    path = tmp_path_factory.mktemp("p") / "a"
    names, part = np.array([str(k) for k in range(len(mean))]), np.array(["test"] * len(mean))
    again = read_predictions(write(path, Predictions(names, part, np.array(mean))))
    assert again.mean.tolist() == [float(f"{value:.6g}") for value in mean]


@pytest.mark.parametrize("std", [False, True])
def test_predicted_curves_come_back_in_single_precision(tmp_path, std):
    mean, spread = np.random.default_rng(0).normal(size=(2, 3, 7))
    path = write(tmp_path / "f00-s0", predictions(mean, spread if std else None))
    assert path.name == "f00-s0.npz"
    again = read_predictions(path)
    assert again.id.tolist() == IDS
    assert again.part.tolist() == PART
    assert np.array_equal(again.mean, mean.astype(np.float32))
    assert np.array_equal(again.std, spread.astype(np.float32)) if std else again.std is None


@pytest.mark.parametrize("shape", [(3,), (3, 7)])
def test_the_rows_of_one_part(shape):
    mean = np.arange(np.prod(shape), dtype=float).reshape(shape)
    found = predictions(mean, mean + 100, np.ones((2, 7))).of("test")
    assert found.id.tolist() == IDS[1:]
    assert set(found.part) == {"test"}
    assert np.array_equal(found.mean, mean[1:])
    assert np.array_equal(found.std, mean[1:] + 100)
    assert np.array_equal(found.basis, np.ones((2, 7)))
    assert predictions(mean).of("test").std is None
    assert len(predictions(mean).of("r00").id) == 0


def test_curves_of_a_few_shapes_take_few_numbers():
    rng = np.random.default_rng(1)
    curves = rng.normal(size=(40, 3)) @ (100.0 ** rng.normal(size=(3, 50)))
    coefficients, shapes = low_rank(curves)
    assert (coefficients.shape, shapes.shape) == ((40, 3), (3, 50))
    assert np.all(np.abs(coefficients.astype(float) @ shapes - curves) <= 1e-5 * (1 + np.abs(curves)))
    assert [part.shape[-1] for part in low_rank(np.zeros((4, 5)))] == [0, 5]


def test_the_basis_of_a_model_is_kept_beside_its_curves(tmp_path):
    toy = Curve(name="toy", shape=(3,), convention="")  # the first point of the mesh has no volume
    basis, truth = np.array([[0.0, 1.0, 1.0]]), np.array([[0.0, 3.0, 5.0]] * 3)
    again = read_predictions(write(tmp_path / "a", predictions(np.ones((3, 3)), None, basis)))
    assert np.array_equal(again.basis, basis)
    middle = np.average([3.0, 5.0], weights=toy.volume[1:])
    assert again.reconstruction(truth, toy) == pytest.approx(np.array([[0.0, middle, middle]] * 3))
    without = read_predictions(write(tmp_path / "b", predictions(np.ones((3, 3)))))
    assert without.basis is None
    assert without.reconstruction(truth, toy) is None
    assert read_predictions(write(tmp_path / "c", predictions(np.zeros(3)))).basis is None


@pytest.mark.parametrize("shape", [(3,), (3, 7)])
def test_the_same_predictions_give_the_same_bytes(tmp_path, shape):
    mean = np.linspace(-1, 1, int(np.prod(shape))).reshape(shape)
    one, two = (write(tmp_path / name / "f", predictions(mean)) for name in "ab")
    assert one.read_bytes() == two.read_bytes()


def test_changed_predictions_are_named_with_their_hashes(tmp_path):
    path = write(tmp_path / "f00-s0", predictions(np.zeros(3)))
    with pytest.raises(RecordError, match=rf"f00-s0\.csv\.gz has sha256 [0-9a-f]{{64}}, its record says {HASH}"):
        read_predictions(path, HASH)


@pytest.mark.parametrize("shape", [(3,), (3, 7)])
@pytest.mark.parametrize("keep", [0.0, 0.6])
def test_a_cut_off_file_of_predictions_is_named(tmp_path, shape, keep):
    path = write(tmp_path / "f00-s0", predictions(np.zeros(shape)))
    data = path.read_bytes()
    path.write_bytes(data[: int(keep * len(data))])
    with pytest.raises(RecordError, match=r"f00-s0\.\S+ cannot be read"):
        read_predictions(path)


def test_missing_predictions_are_named(tmp_path):
    with pytest.raises(RecordError, match=r"f00-s0\.csv\.gz cannot be read"):
        read_predictions(tmp_path / "f00-s0.csv.gz")


def test_vectors_come_back_component_by_component(tmp_path):
    mean = np.array([[1.25, -61.0, 1e-5], [0.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    path = write_predictions(tmp_path / "f00-s0", predictions(mean, mean**2), DIJ)
    again = read_predictions(path)
    assert path.name == "f00-s0.csv.gz"
    assert np.array_equal(again.mean, mean)
    assert np.array_equal(again.std, np.array([[float(f"{v:.6g}") for v in row] for row in mean**2]))
    assert read_predictions(write_predictions(tmp_path / "b", predictions(mean), DIJ)).std is None
