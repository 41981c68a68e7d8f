"""What the two searches share: the data, the folds, the grid, and how memory is measured."""

import resource
import sys

import numpy as np

from jijbench.data.task import load_task
from jijbench.runner.scoring import inner_score

TASK, FOLD, INNER = "jij-bi2te3/jij/random-orbit", 0, 3
GRIDS = {
    "small": [{"n_max": 4, "l_max": 2, "sigma": sigma} for sigma in (0.3, 0.5)],
    "default": [{"n_max": 6, "l_max": 4, "sigma": 0.5}],  # where the adapter's own search begins
}
ZETAS = (1, 2, 4)
ALPHAS = 10.0 ** np.arange(-8.0, 3.0)  # in units of the mean diagonal of the kernel


def grid():
    """Settings of SOAP that a search tries: those named on the command line."""
    return GRIDS[sys.argv[1] if sys.argv[1:] else "small"]


def problem():
    """Samples, truth (n,), inner folds of one training part; and the score of predictions left out."""
    task = load_task(TASK)
    part = task.training(FOLD, "structure", INNER)
    return part.samples, part.y, list(part.folds), lambda predictions: inner_score(task, part, predictions)


def peak_mib() -> float:
    """Largest resident memory of this process, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
