"""The regulariser scanned in closed form, against ridge regression solved directly."""

import numpy as np
import pytest

from jijbench.gp.ridge import Scan, choose_regulariser


@pytest.fixture(scope="module")
def x():
    return np.random.default_rng(7).normal(size=(40, 2))


@pytest.fixture(scope="module", name="K")
def kernel_matrix(x):
    return np.exp(-0.5 * ((x[:, None] - x) ** 2).sum(-1))


@pytest.fixture(scope="module")
def y(x):
    return np.random.default_rng(5).normal(size=len(x))


def folds(n: int, dropped: bool) -> list[tuple[np.ndarray, np.ndarray]]:
    """Three folds; with ``dropped`` a few rows are in neither part. Valid rows are not in order."""
    order = np.random.default_rng(2).permutation(n)
    made = []
    for k in range(3):
        valid = order[k::3]
        gone = order[(k + 1) % 3 :: 3][:4] if dropped else []
        made.append((np.setdiff1d(np.arange(n), [*valid, *gone]), valid))
    return made


def refit(K, y, regulariser, train, valid):
    """Ridge regression on the training rows alone, solved directly."""
    level = regulariser * np.mean(np.diag(K))
    alpha = np.linalg.solve(K[np.ix_(train, train)] + level * np.eye(len(train)), y[train])
    return K[np.ix_(valid, train)] @ alpha


@pytest.mark.parametrize("dropped", [False, True])
@pytest.mark.parametrize("regulariser", [1e-4, 1e-2, 1.0])
def test_left_out_rows_are_predicted_as_by_a_refit(K, y, regulariser, dropped):
    scan = Scan(K.copy(), y)
    for train, valid in folds(len(y), dropped):
        assert np.allclose(scan.left_out(regulariser, train, valid), refit(K, y, regulariser, train, valid), atol=1e-6)


def test_left_out_rows_of_vectors(K):
    y = np.random.default_rng(1).normal(size=(len(K), 3))
    scan = Scan(K.copy(), y)
    train, valid = folds(len(y), True)[1]
    found = scan.left_out(1e-2, train, valid)
    assert found.shape == (len(valid), 3)
    assert np.allclose(found, refit(K, y, 1e-2, train, valid), atol=1e-7)


def test_one_left_out_row(K, y):
    everything = np.arange(len(y))
    for k in (0, 7, len(y) - 1):
        train, valid = np.delete(everything, k), np.array([k])
        assert np.allclose(Scan(K.copy(), y).left_out(1e-2, train, valid), refit(K, y, 1e-2, train, valid))


def test_weights_solve_the_system(K, y):
    level = 1e-3 * np.mean(np.diag(K))
    assert np.allclose((K + level * np.eye(len(y))) @ Scan(K.copy(), y).weights(1e-3), y)


@pytest.mark.parametrize("dropped", [False, True])
def test_the_regulariser_of_the_least_error_is_chosen(K, x, y, dropped):
    smooth = np.cos(x[:, 0]) + 0.3 * y
    parts, tried = folds(len(y), dropped), 10.0 ** np.arange(-5.0, 2.0)
    answers = {r: [refit(K, smooth, r, *part) for part in parts] for r in tried}
    truth = np.concatenate([smooth[valid] for _, valid in parts])
    errors = {r: np.abs(np.concatenate(answers[r]) - truth).mean() for r in tried}
    scan = Scan(K.copy(), smooth)
    regulariser, predictions = choose_regulariser(
        [[scan.left_out(r, *part) for part in parts] for r in tried], smooth, parts, tried
    )
    assert regulariser == min(errors, key=errors.get)
    assert tried[0] < regulariser < tried[-1]  # not decided by the edge
    for found, expected in zip(predictions, answers[regulariser], strict=True):
        assert np.allclose(found, expected, atol=1e-7)
