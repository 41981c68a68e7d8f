"""Kill every process of a small run in turn, at random moments; go on; nothing may be lost, doubled or left over.

``python benchmarks/kills.py --kills 200 --seed 3``: the run itself, the process that cells start from, a cell, a
process that a cell has started. After each run that came to its end: the table of an undisturbed run, no process, no
scratch folder, no half-written file. Prints what was killed; exit code 1 and a reason where something is wrong. Linux.
"""

import argparse
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from jijbench.runner.cost import children, descendants

BENCHMARK = """
benchmark: kills
description: killed at every moment
tasks: [jij-bi2te3/jij/random-orbit, jij-published-table/jij/transfer]
budget: {trials: 1, inner_folds: 1, cell_seconds: 60, memory_gib: 4}
seeds: [0]
rows:
  - {row: busy, adapter: "busy_model:Busy"}
  - {row: zero, adapter: zero, inputs: composition}
"""
MODEL = '''
"""A model that keeps a process and a temporary file while it fits."""

import subprocess
import tempfile
import time

from jijbench.testing.bad import Zeros


class Busy(Zeros):
    """Zeros, at leisure."""

    def fit(self, samples, y, folds=None):
        tempfile.mkstemp()
        helper = subprocess.Popen(["sleep", "300"], start_new_session=True)
        time.sleep(0.5)
        helper.kill()
        helper.wait()
        return super().fit(samples, y, folds)
'''
COSTS = ("seconds", "peak_memory_mib")
ROLES = ("run", "warden", "cell", "helper")


class Wrong(Exception):
    """What a kill must not leave."""


class Trial:
    """A folder in which the same small run is started, killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.scratch = folder, folder / "scratch"
        self.scratch.mkdir()
        (folder / "b.yaml").write_text(BENCHMARK)
        (folder / "busy_model.py").write_text(MODEL)
        path = os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])
        self.environment = dict(os.environ) | {
            "PYTHONPATH": path, "TMPDIR": str(self.scratch), "JIJBENCH_CACHE": str(folder / "cache"),
        }  # fmt: skip

    def start(self, results: str) -> subprocess.Popen:
        command = [sys.executable, "-m", "jijbench", "run", "b.yaml", "--results", results, "--no-figures", "-w", "2"]
        log = (self.folder / "log").open("w")
        return subprocess.Popen(
            [*command, "--retry-failed"], cwd=self.folder, env=self.environment, stdout=log, stderr=log
        )

    def told(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    def table(self, results: str) -> list[str]:
        """Lines of the table without what they cost, which no two runs share."""
        import pandas as pd

        table = pd.read_csv(self.folder / results / "leaderboard.csv", dtype=str)
        return table.drop(columns=[c for c in table if c.startswith(COSTS)]).to_csv(index=False).splitlines()

    def check_nothing_is_left(self, seconds: float = 15.0) -> None:
        """Raises ``Wrong`` where processes outlive the run, or it left temporary files."""
        deadline = time.monotonic() + seconds
        while found := _processes_of(self.scratch):
            if time.monotonic() > deadline:
                raise Wrong(f"processes outlive the run: {found}")
            time.sleep(0.05)

    def check_whole(self, results: str, wanted: list[str]) -> None:
        """Raises ``Wrong`` where a run that came to its end left anything, or another table than an undisturbed one."""
        self.check_nothing_is_left()
        left = [*self.scratch.iterdir(), *(self.folder / results).rglob(".*")]
        if left:
            raise Wrong(f"left over: {', '.join(map(str, left))}")
        if self.table(results) != wanted:
            raise Wrong(f"another table than that of an undisturbed run: {self.folder / results}")


def _processes_of(scratch: Path) -> list[int]:
    """Processes that were started with this scratch folder, or one inside it."""
    mark, found = f"TMPDIR={scratch}".encode(), []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                if mark in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
    return found


def members(run: int) -> dict[str, list[int]]:
    """Processes of a run by what they are."""
    wardens = children(run)
    cells = [cell for warden in wardens for cell in children(warden)]
    return {"run": [run], "warden": wardens, "cell": cells, "helper": [h for cell in cells for h in descendants(cell)]}


def disturb(run: subprocess.Popen, chance: random.Random, kills: int, done: Counter) -> None:
    """Kill members of a run until it ends, or ``kills`` are done in all."""
    while done.total() < kills and run.poll() is None:
        role = ROLES[done.total() % len(ROLES)]
        until = time.monotonic() + chance.uniform(0, 4 if role == "run" else 0.6)
        while time.monotonic() < until and run.poll() is None:
            time.sleep(0.01)
        found = []
        while run.poll() is None and not found:  # there is no cell while the run begins
            found = members(run.pid)[role]
            time.sleep(0.005)
        if found and run.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(chance.choice(found), signal.SIGKILL)
                done[role] += 1
    run.wait(timeout=600)


def try_all(folder: Path, kills: int, seed: int) -> Counter:
    """Disturbed runs until ``kills`` processes were killed; what was killed how often."""
    trial, chance, done = Trial(folder), random.Random(seed), Counter()
    if trial.start("undisturbed").wait(timeout=600):
        raise Wrong(f"the undisturbed run fails: {trial.told()}")
    wanted = trial.table("undisturbed")
    trial.check_whole("undisturbed", wanted)
    while done.total() < kills:
        ended = False
        while not ended:
            run = trial.start("disturbed")
            disturb(run, chance, kills, done)
            if "Traceback" in trial.told():
                raise Wrong(f"a traceback: {trial.told()}")
            trial.check_nothing_is_left()
            ended = run.returncode == 0 and "failed" not in trial.told()
        trial.check_whole("disturbed", wanted)
        shutil.rmtree(folder / "disturbed")
    return done


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kills-") as folder:
        try:
            done = try_all(Path(folder), given.kills, given.seed)
        except Wrong as wrong:
            print(f"seed {given.seed}: {wrong}", file=sys.stderr)
            return 1
    print(f"seed {given.seed}: {done.total()} kills ({', '.join(f'{n} × {role}' for role, n in done.items())}), "
          "the same table, nothing left")  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
