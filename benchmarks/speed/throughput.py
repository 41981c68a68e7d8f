"""Predictions a second of the exported best model, on one core; surroundings repeat, dimers do not all.

``python throughput.py`` exports the bundle, loads it in the same process and prints one JSON line.
"""

import json
import tempfile
import time
from pathlib import Path

import numpy as np
from common import TASK, peak_mib

import jijbench

ASKED = (1_000, 10_000, 100_000)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        bundle = jijbench.export_bundle(TASK, Path(folder) / "bundle")
        bundle = jijbench.load_bundle(Path(folder) / "bundle")
        every = bundle.known.grid(bundle.card.domain.elements)
        rng, rates = np.random.default_rng(0), {}
        for n in ASKED:
            asked = [every[k] for k in rng.integers(len(every), size=n)]
            started = time.perf_counter()
            bundle.predict(asked)
            rates[str(n)] = n / (time.perf_counter() - started)
    print(json.dumps({"row": bundle.card.row, "distinct": len(every), "rates": rates, "peak_mib": peak_mib()}))


if __name__ == "__main__":
    main()
