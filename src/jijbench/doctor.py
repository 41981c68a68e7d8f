"""What is installed and what is missing, where things lie, and whether they are intact; nothing heavy is imported."""

import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from jijbench import __version__, adapters
from jijbench.benchmark import load_benchmark
from jijbench.context import current, home, installed
from jijbench.data.card import check_hashes, read_card
from jijbench.errors import JijbenchError
from jijbench.install import add, add_extras, checkout, core, distribution, extras


@dataclass(frozen=True)
class Line:
    """One thing that was looked at; ``wrong`` where the suite cannot work as it is."""

    topic: str
    text: str
    wrong: bool = False


def examine(benchmark: str | None = None) -> Iterator[Line]:
    """Versions, extras, threads, devices, cache, data and records; with ``benchmark`` what its rows lack."""
    root = checkout()
    place = f"checkout {root}" if root else f"installed in {Path(__file__).parent}"
    yield Line("jijbench", f"{__version__}, {place}, distribution {distribution() or 'unknown: it is not installed'}")
    yield Line("python", f"{platform.python_version()}, {sys.executable}, {platform.platform()}")
    yield from _core()
    yield from _extras()
    if benchmark is not None:
        yield _rows(benchmark)
    yield Line("threads", _threads())
    yield Line("devices", _devices())
    yield Line("cache", _cache())
    yield from _data()
    yield Line("records", _records())


def _core() -> Iterator[Line]:
    versions = {name: installed(name) for name in core()}
    yield Line("core", ", ".join(f"{name} {version}" for name, version in versions.items() if version))
    absent = [name for name, version in versions.items() if version is None]
    if absent:
        yield Line("core", f"missing: {', '.join(absent)}; pip install {' '.join(absent)}", wrong=True)


def _extras() -> Iterator[Line]:
    for extra, names in extras().items():
        absent = [name for name in names if installed(name) is None]
        text = f"missing {', '.join(absent)}: {add_extras(extra)}" if absent else "present"
        yield Line(f"extra {extra}", text)


def _rows(benchmark: str) -> Line:
    """How many rows of a benchmark could run, and what the others lack."""
    loaded = load_benchmark(benchmark)
    lack = {
        row.row: [name for name in adapters.requires(row.adapter) if installed(name) is None] for row in loaded.rows
    }
    absent = dict.fromkeys(name for names in lack.values() for name in names)
    able = [row for row, names in lack.items() if not names]
    text = f"{len(able)} of {len(lack)} rows have what they need"
    if absent:
        text += f"; {', '.join(row for row in lack if row not in able)} lack {', '.join(absent)}: {add(*absent)}"
    return Line(loaded.benchmark, text)


def _threads() -> str:
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return f"{current().threads} a worker; {usable} cores can be used; workers: `jijbench run --workers N`"


def _devices() -> str:
    found = len(list(Path("/dev").glob("nvidia[0-9]*")))
    torch = installed("torch")
    return (
        f"{found or 'no'} NVIDIA GPU{'' if found == 1 else 's'}, torch {torch or 'is not installed'}; "
        "no row that comes with the suite uses a GPU"
    )


def _cache() -> str:
    from jijbench.cache import ENTRY

    folder, limit = current().cache, current().cache_gib
    if folder is None:
        return "none: there is no home directory; set JIJBENCH_CACHE to a folder"
    try:
        sizes = [entry.stat().st_size for entry in os.scandir(folder) if ENTRY.fullmatch(entry.name)]
    except OSError:
        sizes = []
    mib = sum(sizes) / 2**20
    return f"{folder}: {len(sizes)} files, {mib:.1f} MiB of at most {limit:g} GiB (JIJBENCH_CACHE, JIJBENCH_CACHE_GIB)"


def _data() -> Iterator[Line]:
    for folder in sorted(path.parent for path in home("datasets").glob("*/card.yaml")):
        name = folder.name
        try:
            card = read_card(folder)
            check_hashes(folder, card)
        except JijbenchError as error:
            yield Line("data", str(error), wrong=True)
        else:
            yield Line(
                "data", f"{name}: {len(card.files)} files are as published; rows: `jijbench data validate {name}`"
            )


def _records() -> str:
    folder = home("results") / "full"
    if checkout() is None:
        return f"{folder}: the official tables; the records behind them come with a checkout of the repository"
    packs = len(list(folder.rglob("*.npz")))
    return f"{folder}: {packs} packs, not verified here; `jijbench verify` recomputes every number from them"
