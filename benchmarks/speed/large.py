"""One fit to N synthetic dimers: real geometries, pairs of many elements, J a smooth function of them with noise.

``python large.py N [landmarks]`` prints one JSON line. Above ``exact_below`` samples the kernel goes through landmarks
by itself.
"""

import json
import sys
import time
from itertools import product

import numpy as np
from common import TASK, peak_mib

from jijbench.adapters.base import orbit_folds
from jijbench.adapters.kernel_adapter import KernelAdapter
from jijbench.adapters.soap import Soap
from jijbench.data.sample import Sample
from jijbench.data.task import load_task
from jijbench.elements import SYMBOLS, atomic_number

ELEMENTS = SYMBOLS[2:86]  # Li to Rn
ASKED, NOISE = 2000, 0.05  # meV


def dimers(n: int) -> tuple[list[Sample], np.ndarray]:
    """``n`` distinct dimers and J (n,) in meV."""
    rng = np.random.default_rng(0)
    geometries = list({s.geometry.id: s.geometry for s in load_task(TASK).dataset.samples}.values())
    every = list(product(geometries, ELEMENTS, ELEMENTS))
    picked = (every[k] for k in rng.choice(len(every), n, replace=False))
    samples = [Sample(f"d{k}", g, (a, b), f"d{k}") for k, (g, a, b) in enumerate(picked)]
    z = np.array([[atomic_number(e) for e in s.elements] for s in samples])
    site = np.cos(z / 9.0)
    shape = site.sum(1) + 0.3 * site.prod(1)
    decay = 20.0 * np.exp(-np.array([s.distance for s in samples]) / 4.0)
    return samples, decay * shape + NOISE * rng.normal(size=n)


def main() -> None:
    n = int(sys.argv[1])
    if "landmarks" in sys.argv:
        KernelAdapter.exact_below = 0
    samples, y = dimers(n + ASKED)
    seen, asked = samples[:n], samples[n:]
    started = time.perf_counter()
    model = Soap(n_max=4, l_max=2, zeta=4).fit(seen, y[:n], orbit_folds(seen, 3))
    fitted = time.perf_counter()
    found = model.predict(asked)
    done = time.perf_counter()
    print(json.dumps({
        "fit": fitted - started, "rate": ASKED / (done - fitted), "peak_mib": peak_mib(),
        "mae": float(np.abs(found - y[n:]).mean()), "mean": float(np.abs(y).mean()), "landmarks": len(model.train_),
    }))  # fmt: skip


if __name__ == "__main__":
    main()
