"""From an exchange table to a folder that a code of spin dynamics reads."""

import importlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType

import pandas as pd

from jijbench import __version__
from jijbench.convention import CODES, CONVENTIONS, code
from jijbench.files import check_free, write_folder
from jijbench.spin.couplings import couplings
from jijbench.spin.exchange import moments_of, outside_training, read_exchange
from jijbench.spin.lattice import Alloy, check_concentrations


def writer(name: str) -> ModuleType:
    """The module that writes for a code; raises ``UnknownName``."""
    code(name)
    return importlib.import_module(f"jijbench.formats.{name}")


def random_alloy(
    exchange: str | Path | pd.DataFrame,
    concentrations: Mapping[str, float],
    supercell: tuple[int, int, int],
    *,
    seed: int = 0,
    moments: Mapping[str, float] | None = None,
    shells: Iterable[int] | None = None,
    setting: str = "hexagonal",
) -> Alloy:
    """Species at random on the sublattice of the host, with every coupling that the shells need.

    ``exchange`` is a table, a csv file, a dataset's id or ``dataset``. Raises ``ExportError``, ``DataError`` or
    ``UnknownElement`` naming what is wrong.
    """
    check_concentrations(concentrations)
    table = exchange if isinstance(exchange, pd.DataFrame) else read_exchange(exchange)
    elements = tuple(concentrations)
    found = couplings(table, elements, shells).require()
    known = moments_of(table, elements, moments)
    shares = tuple(float(c) for c in concentrations.values())
    return Alloy(found, shares, tuple(known[e] for e in elements), supercell, seed, setting)


def export_spin(
    name: str,
    exchange: str | Path | pd.DataFrame,
    concentrations: Mapping[str, float],
    supercell: tuple[int, int, int],
    folder: str | Path,
    *,
    seed: int = 0,
    moments: Mapping[str, float] | None = None,
    shells: Iterable[int] | None = None,
) -> list[Path]:
    """Write the input of the code ``name`` into a new folder; returns the paths.

    Everything is checked before the folder is made. ``export.json`` beside the code's own files says what they hold.
    """
    made = writer(name)
    check_free(Path(folder))
    table = exchange if isinstance(exchange, pd.DataFrame) else read_exchange(exchange)
    alloy = random_alloy(
        table, concentrations, supercell, seed=seed, moments=moments, shells=shells, setting=made.SETTING
    )
    source = "table" if isinstance(exchange, pd.DataFrame) else str(exchange)
    outside = outside_training(table, concentrations)
    return write_folder(Path(folder), {**made.files(alloy), "export.json": card(name, alloy, source, outside)})


def card(name: str, alloy: Alloy, source: str, outside: Mapping[str, int] | None = None) -> str:
    """What an exported folder holds, as JSON: a record for people, no code reads it.

    ``outside``: couplings of the table that a model answered outside its training, by its words.
    """
    kind = CODES[name]
    elements = alloy.couplings.elements
    facts = {
        "code": name,
        "hamiltonian": CONVENTIONS[kind.convention].formula,
        "unit": kind.unit,
        "factor_from_mev": kind.from_house,
        "pairs": "both directions" if kind.both else "once",
        "exchange": source,
        "concentrations": dict(zip(elements, alloy.concentrations, strict=True)),
        "moments_mub": dict(zip(elements, alloy.moments, strict=True)),
        "supercell": list(alloy.repeats),
        "cell": alloy.setting,
        "seed": alloy.seed,
        "shells": list(alloy.couplings.shells),
        "cutoff_angstrom": round(alloy.couplings.reach, 5),
        "outside_training": dict(outside or {}),
        "jijbench": __version__,
    }
    return json.dumps(facts, indent=1, ensure_ascii=False) + "\n"
