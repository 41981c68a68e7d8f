"""Large training parts: the exact kernel's answers where all samples are landmarks, bounded memory."""

import subprocess
import sys

import numpy as np
import pytest

from jijbench.adapters import _kernel
from jijbench.adapters._kernel import REGULARISERS, Scan, best
from jijbench.adapters._nystroem import Nystroem
from jijbench.adapters.ace import Ace
from jijbench.adapters.alchemical_fixed import AlchemicalFixed
from jijbench.adapters.coulomb import Coulomb
from jijbench.adapters.soap import Soap
from jijbench.errors import DataError

ROWS = [
    Coulomb(),
    pytest.param(Soap(n_max=3, l_max=2), marks=pytest.mark.filterwarnings("ignore")),
    AlchemicalFixed(n_max=3, l_max=2),
    Ace(embedding="linear", body_order=2),
]


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
    one = best([[exact.left_out(r, *fold) for fold in folds] for r in REGULARISERS[4:]], y, folds, REGULARISERS[4:])
    other = best(scan.left_out(REGULARISERS[4:]), y, folds, REGULARISERS[4:])
    assert one[0] == other[0]
    for a, b in zip(one[1], other[1], strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


@pytest.mark.parametrize("model", ROWS, ids=lambda model: type(model).__name__)
def test_a_large_part_goes_through_landmarks(model, some, monkeypatch, tmp_path):
    from sklearn.base import clone

    for name in model.requires:
        pytest.importorskip({"python-ace": "pyace"}.get(name, name), reason=f"{name} is not installed")
    samples, _, y = some
    monkeypatch.setattr(_kernel, "BLOCK", 50)
    exact = clone(model).fit(samples[:100], y[:100])
    monkeypatch.setattr(_kernel.KernelAdapter, "exact_below", 60)
    monkeypatch.setattr(_kernel.KernelAdapter, "n_landmarks", 100)
    all_of_them = clone(model).fit(samples[:100], y[:100])
    assert all_of_them.regulariser_ == exact.regulariser_
    np.testing.assert_allclose(all_of_them.predict(samples), exact.predict(samples), atol=1e-3 * np.abs(y).max())
    monkeypatch.setattr(_kernel.KernelAdapter, "n_landmarks", 40)
    few = clone(model).fit(samples[:100], y[:100])
    assert len(few.train_) == 40
    assert np.abs(few.predict(samples[:100]) - y[:100]).mean() < np.abs(y[:100]).mean()
    few.save(tmp_path / "model")
    again = type(model).load(tmp_path / "model")
    for found, expected in zip(again.predict_std(samples), few.predict_std(samples), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)
    mean, std = few.predict_std(samples)
    np.testing.assert_allclose(mean, few.predict(samples), atol=1e-9)
    assert (std > 0).all()


def test_an_embedding_of_a_large_part_is_refused(some, monkeypatch):
    monkeypatch.setattr(Ace, "exact_below", 60)
    with pytest.raises(DataError, match="122 samples, at most 60"):
        Ace(embedding="fs").fit(some[0], some[2])


MEASURE = """
import resource, sys
import numpy as np
from jijbench.adapters._nystroem import Nystroem
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
