"""Landau–Lifshitz–Gilbert runs with Spirit: magnetisation against temperature."""

import importlib.util
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from jijbench.errors import JijbenchError, MissingExtra
from jijbench.formats import spirit
from jijbench.formats.spins import SpinSystem
from jijbench.install import add_extras


class RunFailed(JijbenchError):
    """Spirit ended before its time."""


@dataclass(frozen=True)
class Schedule:
    """``warm_up`` steps at each temperature, then ``samples`` of the magnetisation, ``stride`` steps apart.

    ``time_step`` in ps.
    """

    warm_up: int = 5000
    samples: int = 50
    stride: int = 200
    time_step: float = 1e-3


def run_llg(
    system: SpinSystem,
    temperatures: Sequence[float],
    schedule: Schedule | None = None,
    *,
    seed: int = 0,
    tell: Callable[[], None] = lambda: None,
    lines: list[dict] | None = None,
) -> pd.DataFrame:
    """Magnetisation and energy against temperature, from the aligned state, heated step by step.

    Columns: ``temperature`` K, ``magnetisation`` \\|Σ μ_i e_i\\| / Σ μ_i, its standard error, ``energy`` meV a spin,
    its standard error, and ``samples``. ``tell`` is called after each sample; ``lines``, a list of the caller's, keeps
    the samples also where the run ends early (``llg_table`` makes a table of them). Raises ``MissingExtra`` without
    Spirit and ``RunFailed`` where it ends early.
    """
    if importlib.util.find_spec("spirit") is None:
        raise MissingExtra(f"spin dynamics needs spirit, not installed: {add_extras('spin')}")
    schedule = schedule or Schedule()
    with tempfile.TemporaryDirectory(prefix="jijbench-spirit-") as name:
        folder = Path(name)
        for file, text in spirit.texts(system, seed=seed).items():
            (folder / file).write_text(text, encoding="utf-8")
        job = {"config": "input.cfg", "temperatures": [float(t) for t in temperatures], **asdict(schedule)}
        (folder / "job.json").write_text(json.dumps(job), encoding="utf-8")
        lines = [] if lines is None else lines
        for line in _lines(folder):
            lines.append(line)
            tell()
    if len(lines) < len(temperatures) * schedule.samples:
        raise RunFailed(f"Spirit gave {len(lines)} of {len(temperatures) * schedule.samples} samples and stopped")
    return llg_table(lines, system)


def llg_table(lines: Sequence[dict], system: SpinSystem) -> pd.DataFrame:
    """The table of ``run_llg`` from the samples of a run."""
    table = pd.DataFrame(lines)
    table["magnetisation"] = table["moment"] / system.moments.mean()
    table["energy"] /= len(system)
    return pd.DataFrame([_summary(part) for _, part in table.groupby("temperature", sort=False)])


def _lines(folder: Path) -> Iterator[dict]:
    """What the worker prints; raises ``RunFailed`` with its last words."""
    command = [sys.executable, "-m", "jijbench.spin._worker", "job.json"]
    with (folder / "stderr").open("w+", encoding="utf-8") as errors:
        with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=errors, text=True) as process:
            try:
                for line in process.stdout or ():
                    if line.startswith("{"):
                        yield json.loads(line)
            except BaseException:
                process.kill()
                raise
        if process.returncode:
            errors.seek(0)
            words = errors.read().strip().splitlines()[-1:] or ["no message"]
            raise RunFailed(f"Spirit ended with exit code {process.returncode}: {words[0]}")


def _summary(part: pd.DataFrame) -> dict[str, float]:
    found = {"temperature": float(part["temperature"].iloc[0])}
    for name in ("magnetisation", "energy"):
        values = part[name].to_numpy()
        found |= {name: values.mean(), f"{name}_error": standard_error(values)}
    return found | {"samples": len(part)}


def standard_error(values: np.ndarray, blocks: int = 10) -> float:
    """Of the mean of correlated ``values`` (n,), from block means; 0 for a single value."""
    blocks = min(blocks, len(values))
    if blocks < 2:
        return 0.0
    means = np.array([block.mean() for block in np.array_split(values, blocks)])
    return float(means.std(ddof=1) / np.sqrt(blocks))
