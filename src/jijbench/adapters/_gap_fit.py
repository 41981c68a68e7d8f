"""Runs QUIP's ``gap_fit``, a program of its own, and reads the model it wrote."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from jijbench.context import current
from jijbench.errors import JijbenchError, MissingExtra
from jijbench.install import add

if TYPE_CHECKING:
    from ase import Atoms

Files = tuple[tuple[str, str], ...]  # name and text of each

#: seconds after which one fit is stopped; it takes about ten of an idle processor, on a crowded one many times that
TIME_LIMIT = 600.0
MODEL = "gap.xml"  # the model; its sparse points lie beside it in a file whose name begins alike
QUESTION, ANSWER = "clusters.npz", "energies.npy"  # of the process that predicts
OUTPUT, ERRORS = "output.txt", "errors.txt"  # what a program says, in its folder
TAIL, WIDTH = 15, 300  # lines that an error shows of each, and characters of a line
ENERGY = "J"  # key of a cluster's J in the file of training clusters
#: gap_fit copies all spectra for each element of its covariance; glibc would map and unmap fresh pages for each of
#: these copies, which doubles the time of a fit. Other systems ignore the two names
MEMORY = MappingProxyType({"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(2**31 - 1)})


class ProgramError(JijbenchError):
    """A program that failed, or that did not come to an end."""


def gap_fit(clusters: Sequence["Atoms"], gap: str, noise: float, seed: int) -> Files:
    """The fitted GAP as the text files that QUIP reads: ``gap.xml`` and its sparse points.

    ``clusters`` carry their energy as ``info['J']``; ``gap`` describes the descriptor and its Gaussian process,
    ``noise`` is the standard deviation of an energy. Raises ``MissingExtra`` where the program is not found and
    ``ProgramError`` where it fails; all it writes lies in a folder of the scratch that is gone afterwards.
    """
    from ase.io import write

    program = find("gap_fit")
    with tempfile.TemporaryDirectory(prefix="gap-", dir=current().scratch) as name:
        folder = Path(name)
        write(folder / "train.xyz", clusters, format="extxyz")
        run("gap_fit", [program, *_settings(gap, noise, seed)], folder, MODEL, TIME_LIMIT)
        return read_files(folder)


def read_files(folder: Path) -> Files:
    """Names and texts of the files of a GAP."""
    return tuple((path.name, path.read_text(encoding="utf-8")) for path in sorted(folder.glob(f"{MODEL}*")))


def write_files(folder: Path, files: Files) -> None:
    """Write what ``read_files`` gave."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files:
        (folder / name).write_text(text, encoding="utf-8")


def energies(files: Files, atoms: "Atoms") -> np.ndarray:
    """(n,) energy of each atom, by a GAP.

    QUIP answers in a process of its own: it keeps megabytes of each model and of each list of neighbours for good.
    Raises ``ProgramError``.
    """
    with tempfile.TemporaryDirectory(prefix="gap-", dir=current().scratch) as name:
        folder = Path(name)
        write_files(folder, files)
        np.savez(folder / QUESTION, numbers=atoms.numbers, positions=atoms.positions, cell=atoms.cell.array)
        run("the prediction of QUIP", [sys.executable, "-m", __name__], folder, ANSWER, TIME_LIMIT)
        return np.load(folder / ANSWER, allow_pickle=False)


def main(folder: Path) -> None:
    """What the process of ``energies`` does."""
    from ase import Atoms
    from quippy.potential import Potential

    with np.load(folder / QUESTION, allow_pickle=False) as asked:
        atoms = Atoms(asked["numbers"], asked["positions"], cell=asked["cell"], pbc=True)
    potential = Potential("IP GAP", param_filename=str(folder / MODEL))
    potential.set_default_properties([])  # no forces
    potential.calculate(atoms, ["energies"])
    np.save(folder / ANSWER, potential.results["energies"])


def _settings(gap: str, noise: float, seed: int) -> list[str]:
    return [
        "atoms_filename=train.xyz",
        f"gap={{{gap}}}",
        f"energy_parameter_name={ENERGY}",
        "force_parameter_name=none",
        "virial_parameter_name=none",
        "e0=0.0",  # the mean of the process is zero
        f"default_sigma={{{noise} 0 0 0}}",
        "sigma_per_atom=F",
        f"rnd_seed={1 + seed % 2**30}",  # positive and within 32 bit, else the clock decides
        "do_copy_at_file=F",
        "sparse_separate_file=T",  # to read the points from the XML takes ten times as long
        f"gp_file={MODEL}",
    ]


def find(program: str) -> str:
    """Path of a console script, beside this Python or on the search path; raises ``MissingExtra``."""
    places = [str(Path(sys.executable).parent), sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath)]
    found = shutil.which(program, path=os.pathsep.join(places))
    if found is None:
        raise MissingExtra(f"{program!r} is neither in {places[0]} nor on PATH: {add('quippy-ase')}")
    return found


def run(what: str, argv: Sequence[str], folder: Path, makes: str, seconds: float) -> None:
    """Run a program in ``folder`` that ``makes`` a file there; raises ``ProgramError`` where it does not.

    After ``seconds``, and whenever this process is interrupted, the program and all it started are killed. It uses
    as many threads as the context allows.
    """
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(current().threads))
    with (folder / OUTPUT).open("wb") as output, (folder / ERRORS).open("wb") as errors:
        process = subprocess.Popen(
            list(argv), cwd=folder, env={**os.environ, **threads, **MEMORY}, stdin=subprocess.DEVNULL, stdout=output,
            stderr=errors, process_group=0,  # no new session: Linux may give that a share of the processor of its own
        )  # fmt: skip
        try:
            code = process.wait(seconds)
        except BaseException as error:
            _kill(process)
            if not isinstance(error, subprocess.TimeoutExpired):
                raise
            raise ProgramError(f"{what} took longer than {seconds:g} s and was stopped") from None
    if code or not (folder / makes).is_file():  # QUIP gives up with code 0, too
        raise ProgramError(f"{what} failed with code {code}: {_complaint(folder)}\n{_said(folder)}")


def _kill(process: subprocess.Popen) -> None:
    """End the program's whole process group: the console script starts the program proper."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _last_lines(file: Path) -> list[str]:
    text = file.read_text(encoding="utf-8", errors="replace")
    return [line.strip()[:WIDTH] for line in text.splitlines() if line.strip()][-TAIL:]


def _complaint(folder: Path) -> str:
    """What was wrong in one line: tables show the first line of an error only."""
    lines = [line for line in _last_lines(folder / ERRORS) if not line.startswith("STOP")]
    return (lines or _last_lines(folder / OUTPUT) or ["it said nothing"])[-1]


def _said(folder: Path) -> str:
    """The last lines of its output and of its errors."""
    return "\n".join(_last_lines(folder / OUTPUT) + _last_lines(folder / ERRORS))


if __name__ == "__main__":
    main(Path.cwd())
