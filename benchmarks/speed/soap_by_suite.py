"""The same search by the suite's adapter.

Spectra once a geometry, one eigendecomposition for all regularisers and folds. Prints one JSON line.
"""

import json
import time

import numpy as np
from common import ALPHAS, ZETAS, grid, peak_mib, problem

from jijbench.adapters.soap import Soap
from jijbench.gp.ridge import REGULARISERS


def main() -> None:
    samples, y, folds, score = problem()
    assert np.array_equal(REGULARISERS, ALPHAS), "the two searches would differ"
    started = time.perf_counter()
    best = (np.inf, {})
    for setting in grid():
        for zeta in ZETAS:
            hypers = {**setting, "zeta": zeta}
            error = score(Soap(**hypers).out_of_fold(samples, y, folds))
            if error is not None and error < best[0]:
                best = error, hypers
    seconds = time.perf_counter() - started
    print(json.dumps({"seconds": seconds, "mae": best[0], "setting": best[1], "peak_mib": peak_mib(),
                      "tried": len(grid()) * len(ZETAS) * len(ALPHAS)}))  # fmt: skip


if __name__ == "__main__":
    main()
