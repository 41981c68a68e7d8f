"""Benchmarks of the suite itself: ``tox -e speed`` writes ``table.md`` beside this file.

Each figure is the median of repeats with their range; every timing takes less than three minutes on one core. Times are
of processes started anew, with an empty cache of descriptors.
"""

import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

HERE = Path(__file__).parent
TASK = "jij-bi2te3/jij/random-orbit"
CLUSTER = "cluster: local\njobs: 2\n"
#: training dimers of one fit, and whether the kernel goes through landmarks where it need not
SIZES = (("1000",), ("3000",), ("3000", "landmarks"), ("10000",), ("10000", "landmarks"), ("30000",), ("100000",))

#: processor seconds of commands with an empty cache and again, before packed records were read once; and the aim
BEFORE = {
    "--help": (0.11, 0.11, 0.2),
    "list": (0.66, 0.57, 0.3),
    "leaderboard full": (17.3, 3.94, 2),
    "uncertainty full": (23.1, 3.55, 5),
    "ledger full": (5.92, 6.19, 5),
    "report full": (32.7, 15.3, 10),
    "verify": (36.2, 27.5, 10),
}


@dataclass(frozen=True)
class Line:
    """One comparison: repeats of what is measured and of what it is measured against."""

    what: str
    measured: list[float]
    against: str
    reference: list[float]
    unit: str
    aim: str

    def __str__(self) -> str:
        ratio = statistics.median(self.measured) / statistics.median(self.reference)
        cells = (
            self.what,
            _spread(self.measured),
            self.against,
            _spread(self.reference),
            self.unit,
            f"{ratio:.3g}",
            self.aim,
        )
        return f"| {' | '.join(cells)} |"


def _spread(values: list[float]) -> str:
    return f"{statistics.median(values):.4g} ({min(values):.4g}–{max(values):.4g})"


def timed(*command: str) -> tuple[float, str]:
    """Wall seconds and output of a Python process, threads bounded, descriptors not yet cached."""
    with TemporaryDirectory() as cache:
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
        started = time.perf_counter()
        done = subprocess.run(
            [sys.executable, *command], env=os.environ | threads | {"JIJBENCH_CACHE": cache}, capture_output=True,
            text=True, check=False,
        )  # fmt: skip
        seconds = time.perf_counter() - started
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}: {done.stderr}")
    return seconds, done.stdout


@dataclass(frozen=True)
class Run:
    """What ``jijbench run`` took: wall seconds, seconds inside models, MiB of the largest cell of each row."""

    wall: float
    models: float
    peaks: dict[str, float]

    @property
    def peak(self) -> float:
        return max(self.peaks.values())


def run(*options: str) -> Run:
    """``jijbench run quick`` on the exchange interactions into an empty folder."""
    with TemporaryDirectory() as folder:
        command = ("-m", "jijbench", "run", "quick", "--task", TASK, "--results", folder, "--no-figures", *options)
        wall = timed(*command)[0]
        records = [json.loads(path.read_text()) for path in Path(folder).rglob("f*.json")]
    peaks: dict[str, float] = {}
    for record in records:
        row = record["key"]["row"]
        peaks[row] = max(peaks.get(row, 0.0), record["peak_memory_mib"] or 0.0)
    return Run(wall, sum(map(_inside, records)), peaks)


def _inside(record: dict) -> float:
    """Seconds of tuning, fits and predictions; those of a growing training part stand in its rounds."""
    rounds = record["extra"].get("rounds", [])
    return sum(r["seconds"] for r in rounds) + sum(record["seconds"].get(k, 0.0) for k in ("tune", "fit", "predict"))


def searches(grid: str, repeats: int) -> list[Line]:
    """SOAP + KRR, tuned by the suite and by a plain script."""
    found = {name: [script(f"soap_by_{name}", grid) for _ in range(repeats)] for name in ("suite", "hand")}

    def line(what: str, key: str, unit: str, aim: str) -> Line:
        mine, plain = ([one[key] for one in found[name]] for name in ("suite", "hand"))
        return Line(f"SOAP+KRR search, {grid} spectra, {what}", mine, "plain script", plain, unit, aim)

    return [
        line(f"{found['suite'][0]['tried']} settings", "seconds", "s", "≤ 0.2"),
        line("validation MAE", "mae", "meV", "≤ 1"),
        line("peak memory", "peak_mib", "MiB", ""),
    ]


def script(name: str, *options: str) -> dict:
    """What a script beside this file says of itself."""
    return json.loads(timed(str(HERE / f"{name}.py"), *options)[1])


def throughput(repeats: int) -> list[Line]:
    """Predictions of the exported best model against what is aimed at."""
    found = [script("throughput") for _ in range(repeats)]
    return [
        Line(f"{found[0]['row']} from its bundle, {n} dimers asked", [one["rates"][n] for one in found], "aim", [2e4],
             "predictions/s", "≥ 1")
        for n in found[0]["rates"]
    ]  # fmt: skip


def large() -> str:
    """Table of cost against the size of the training part, SOAP + KRR, one fit each."""
    rows = [
        "| training dimers | kernel | fit, s | left out, MAE / mean, meV | predictions/s | peak MiB |",
        "|---|---|---|---|---|---|",
    ]
    for size, *how in SIZES:
        one = script("large", size, *how)
        kernel = "exact" if one["landmarks"] == int(size) else f"{one['landmarks']} landmarks"
        rows.append(
            f"| {size} | {kernel} | {one['fit']:.3g} | {one['mae']:.3g} / {one['mean']:.3g} | {one['rate']:.0f} | "
            f"{one['peak_mib']:.0f} |"
        )
    return "\n".join(rows)


def memory(peaks: dict[str, float]) -> str:
    """Table of the memory of rows."""
    rows = [f"| {row} | {peak:.0f} |" for row, peak in sorted(peaks.items(), key=lambda pair: -pair[1])]
    return "| row of quick | peak of a cell, MiB |\n|---|---|\n" + "\n".join(rows)


def engine(repeats: int) -> tuple[list[Line], dict[str, float]]:
    """Overhead, scaling and memory of runs; and the memory of each row."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "cluster.yaml"
        file.write_text(CLUSTER)
        places = {"one": ("-w", "1"), "two": ("-w", "2"), "dask": ("--cluster", str(file))}
        runs: dict[str, list[Run]] = {name: [] for name in places}
        for _ in range(repeats):  # in turns, so that a busy hour meets all alike
            for name, options in places.items():
                runs[name].append(run(*options))
        cheap = [run("-w", "1", "--row", "zero", "--row", "shell-mean") for _ in range(repeats)]
    wall = {name: [one.wall for one in found] for name, found in runs.items()}
    inside = [one.models for one in runs["one"]]
    lines = [
        Line("run quick, 1 worker", wall["one"], "tune + fit + predict", inside, "s", "≤ 1.10"),
        Line("run of floors alone, 1 worker", [one.wall for one in cheap], "tune + fit + predict",
             [one.models for one in cheap], "s", ""),
        Line("run quick, 2 workers", wall["two"], "1 worker", wall["one"], "s", "0.5 ideal"),
        Line("run quick, 2 workers of Dask", wall["dask"], "1 worker", wall["one"], "s", "0.5 ideal"),
        Line("models, 2 workers", [one.models for one in runs["two"]], "1 worker", inside, "s", "1: no fight"),
        Line("peak memory of a cell", [one.peak for one in runs["one"]], "limit of quick", [2048.0], "MiB", "≤ 1"),
    ]  # fmt: skip
    return lines, runs["one"][0].peaks


def starts(repeats: int) -> list[Line]:
    """Seconds until something answers, against an empty Python."""
    empty = [timed("-c", "pass")[0] for _ in range(repeats)]
    commands = {
        "import jijbench": ("-c", "import jijbench"),
        "jijbench --help": ("-m", "jijbench", "--help"),
        "jijbench run --help": ("-m", "jijbench", "run", "--help"),
        "jijbench list": ("-m", "jijbench", "list"),
        "import jijbench.runner": ("-c", "import jijbench.runner"),
    }
    return [
        Line(name, [timed(*command)[0] for _ in range(repeats)], "empty Python", empty, "s", "")
        for name, command in commands.items()
    ]


def answers(repeats: int) -> list[Line]:
    """Processor seconds of commands that look at the official records, before and now, without and with a cache."""
    lines = []
    with TemporaryDirectory() as folder:
        report = str(Path(folder) / "report.html")
        for name, (cold, warm, aim) in BEFORE.items():
            command = ["-m", "jijbench", *name.split(), *(["--output", report] if name.startswith("report") else [])]
            found = [_twice(command) for _ in range(repeats)]
            for k, (how, then) in enumerate((("no cache", cold), ("again", warm))):
                now = [pair[k] for pair in found]
                lines.append(Line(f"jijbench {name}, {how}", now, "before", [then], "processor s", f"≤ {aim:g} s"))
    return lines


def _twice(command: list[str]) -> tuple[float, float]:
    """Processor seconds, children and all, of a command with an empty cache and of the same again."""
    spent = []
    with TemporaryDirectory() as cache:
        for _ in range(2):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run(
                [sys.executable, *command], env=os.environ | {"JIJBENCH_CACHE": cache}, cwd=HERE.parents[1],
                capture_output=True, check=True,
            )  # fmt: skip
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return spent[0], spent[1]


def table(lines: list[Line]) -> str:
    """Lines with their head."""
    head = "| what | measured | against | that | unit | ratio | aim |\n|---|---|---|---|---|---|---|\n"
    return head + "\n".join(map(str, lines))


def main() -> None:
    """Measure everything and write the table; with ``answers`` as an argument only print those."""
    if sys.argv[1:] == ["answers"]:
        print(table(answers(1)))
        return
    repeats = int(sys.argv[1]) if sys.argv[1:] else 3
    timed("-c", "import jijbench.runner")  # byte code is compiled
    load = os.getloadavg()[0]
    runs, peaks = engine(repeats)
    lines = [
        *starts(3 * repeats),
        *answers(repeats),
        *runs,
        *searches("small", repeats),
        *searches("default", repeats),
        *throughput(repeats),
    ]
    head = (
        f"Median (least–largest) of {repeats} repeats, of {3 * repeats} for start times; Python "
        f"{platform.python_version()}, {os.cpu_count()} cores, load {load:.1f} before. Ratio = measured / against."
    )
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    text = "\n\n".join([head, table(lines), f"Largest process: {largest:.0f} MiB.", large(), memory(peaks)])
    (HERE / "table.md").write_text(text + "\n")
    print((HERE / "table.md").read_text())


if __name__ == "__main__":
    main()
