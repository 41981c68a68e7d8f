"""Large training parts: the exact kernel's answers where all samples are landmarks, bounded memory."""

import subprocess
import sys

import numpy as np
import pytest

from jijbench.gp.landmarks import Nystroem
from jijbench.gp.ridge import REGULARISERS, Scan, choose_regulariser


def kernel_of(x, z):
    return np.exp(-0.5 * ((x[:, None] - z) ** 2).sum(-1))


@pytest.fixture(scope="module")
def problem():
    """Kernels of 90 points with 25 landmarks, values, folds of which some rows are in neither part."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(90, 2))
    order = rng.permutation(90)
    folds = [(np.setdiff1d(np.arange(90), order[k : k + 35]), order[k + 3 : k + 30]) for k in (0, 25, 50)]
    return x, x[rng.choice(90, 25, replace=False)], rng.normal(size=90), folds


def seen(x, z, y, folds, block=32):
    scan = Nystroem(kernel_of(z, z), 1.0)
    rows = [np.arange(k, min(k + block, len(x))) for k in range(0, len(x), block)]
    scan.see(lambda: ((part, kernel_of(x[part], z)) for part in rows), y, folds)
    return scan


def test_answers_are_those_of_ridge_regression_on_the_functions(problem):
    x, z, y, folds = problem
    K, low = kernel_of(x, z), kernel_of(x, z) @ np.linalg.pinv(kernel_of(z, z), rcond=1e-12) @ kernel_of(z, x)
    scan = seen(x, z, y, folds)
    answers = scan.left_out(np.array([1e-3, 1e-1]))
    for level, answer in zip((1e-3, 1e-1), answers, strict=True):
        inverse = np.linalg.inv(low + level * np.eye(90))
        np.testing.assert_allclose(K @ scan.weights(level), low @ inverse @ y, atol=1e-7)
        assert scan.variance(level) == pytest.approx(y @ inverse @ y / 90)
        np.testing.assert_allclose(
            scan.explained(K, level), np.einsum("ij,jk,ki->i", low, inverse, low), atol=1e-7
        )  # fmt: skip
        for found, (train, valid) in zip(answer, folds, strict=True):
            part = low[np.ix_(train, train)] + level * np.eye(len(train))
            np.testing.assert_allclose(found, low[np.ix_(valid, train)] @ np.linalg.solve(part, y[train]), atol=1e-7)


def test_blocks_do_not_decide(problem):
    x, z, y, folds = problem
    one, many = (seen(x, z, y, folds, block) for block in (90, 7))
    np.testing.assert_allclose(one.weights(1e-2), many.weights(1e-2), rtol=1e-6)


def test_curves_are_learned_as_numbers_are(problem):
    x, z, y, folds = problem
    curves = np.stack([y, 2 * y], axis=1)
    scan, plain = seen(x, z, curves, folds), seen(x, z, y, folds)
    np.testing.assert_allclose(scan.weights(1e-2), np.stack([plain.weights(1e-2), 2 * plain.weights(1e-2)], axis=1))
    np.testing.assert_allclose(scan.left_out(REGULARISERS)[3][1][:, 1], 2 * plain.left_out(REGULARISERS)[3][1])


def test_all_samples_as_landmarks_are_the_exact_kernel(problem):
    x, _, y, folds = problem
    exact, scan = Scan(kernel_of(x, x), y), seen(x, x, y, folds)
    one = choose_regulariser(
        [[exact.left_out(r, *fold) for fold in folds] for r in REGULARISERS[4:]], y, folds, REGULARISERS[4:]
    )
    other = choose_regulariser(scan.left_out(REGULARISERS[4:]), y, folds, REGULARISERS[4:])
    assert one[0] == other[0]
    for a, b in zip(one[1], other[1], strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


MEASURE = """
import resource, sys
import numpy as np
from jijbench.gp.landmarks import Nystroem
n = int(sys.argv[1])
rng = np.random.default_rng(0)
z = rng.normal(size=(200, 3))
def blocks():
    for k in range(0, n, 1000):
        x = np.random.default_rng(k).normal(size=(1000, 3))
        yield np.arange(k, k + 1000), np.exp(-0.5 * ((x[:, None] - z) ** 2).sum(-1))
y = rng.normal(size=n)
folds = [(np.arange(n // 2), np.arange(n // 2, n))]
scan = Nystroem(np.exp(-0.5 * ((z[:, None] - z) ** 2).sum(-1)), 1.0)
scan.see(blocks, y, folds)
scan.left_out(np.array([1e-2]))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_memory_does_not_grow_with_the_square_of_the_samples():
    peak = [
        int(subprocess.run([sys.executable, "-c", MEASURE, str(n)], capture_output=True, check=True).stdout)
        for n in (2000, 60_000)
    ]
    assert peak[1] - peak[0] < 40 * 1024  # KiB; the kernel alone would take 29 GB, with the landmarks 96 MB
