"""Runs Spirit on an exported folder: a process of its own, since Spirit ends the process where a call is wrong.

Called as ``python -m jijbench.spin._worker JOB``; prints one JSON line for each sample of the magnetisation.
"""

import json
import sys
from pathlib import Path

import numpy as np


def main(job: dict) -> None:
    """``job``: config, temperatures (K), time_step (ps), warm_up, samples and stride in steps."""
    from spirit import configuration, quantities, simulation, state, system
    from spirit.parameters import llg

    with state.State(job["config"], quiet=True) as p:
        configuration.plus_z(p)
        llg.set_timestep(p, job["time_step"])
        for temperature in job["temperatures"]:
            llg.set_temperature(p, temperature)
            simulation.start(p, simulation.METHOD_LLG, simulation.SOLVER_DEPONDT, single_shot=True)
            simulation.n_shot(p, job["warm_up"])
            for _ in range(job["samples"]):
                simulation.n_shot(p, job["stride"])
                system.update_data(p)
                moment = np.linalg.norm(quantities.get_magnetization(p))  # μB a spin
                line = {"temperature": temperature, "moment": float(moment), "energy": system.get_energy(p)}
                print(json.dumps(line), flush=True)
            simulation.stop(p)


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
