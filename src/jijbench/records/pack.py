"""The packed form in which records are published: all cells of a row in one JSON file and one ``.npz`` beside it.

``<task>/<row>.json`` holds the records, a line each, what they all have in common said once before, and the cells that
are still to be computed. ``<task>/<row>.npz`` holds the coded predictions of the complete ones: ``cell`` says whose
each is, ``id`` and ``part`` are positions in ``ids`` and ``parts``; scalars stand one after the other, the code of
curves has a name for each cell.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from jijbench.benchmark import Cell
from jijbench.data.card import file_sha256
from jijbench.errors import DataError, RecordError
from jijbench.files import npz, write_atomically
from jijbench.reading import UNREADABLE, read_arrays, read_json
from jijbench.records.coding import Code, Coded
from jijbench.records.schema import PredictionsFile, Record, as_json, from_json

SCHEMA = "jijbench.pack/1"
#: a file of predictions that has not got its name yet
NEW = ".new"


@dataclass(frozen=True, eq=False)
class Pack:
    """Records of one row of a task by slot, slots still to be computed, and the predictions of complete cells."""

    records: Mapping[str, Record]
    missing: tuple[str, ...]
    predictions: Mapping[str, Coded]


def pack_path(folder: Path, cell: Cell) -> Path:
    """Where the packed records of a cell's row lie in a results folder."""
    kind = folder if cell.growth is None else folder / "growth"
    return kind / cell.task / f"{cell.row.row}.json"


def write_pack(path: Path, pack: Pack) -> None:
    """Write the two files of a pack; readers see the old pack or the new one, whenever the writer is killed."""
    complete = sorted(pack.predictions)
    file = path.with_suffix(".npz")
    waiting = file.with_name(file.name + NEW)
    records = dict(sorted(pack.records.items()))
    if complete:
        write_atomically(waiting, npz(_arrays([pack.predictions[slot] for slot in complete])))
        there = PredictionsFile(file=file.name, sha256=file_sha256(waiting))
        records |= {slot: records[slot].model_copy(update={"predictions": there}) for slot in complete}
    raw = {slot: as_json(record) for slot, record in records.items()}
    common = _common(list(raw.values()))
    lines = [
        json.dumps([slot, _without(one, common)], ensure_ascii=False, allow_nan=False) for slot, one in raw.items()
    ]
    about = {"schema": SCHEMA, "missing": list(pack.missing), "common": common}
    head = json.dumps(about, indent=1, ensure_ascii=False, allow_nan=False).removesuffix("\n}")
    body = ",\n".join(lines)
    write_atomically(path, f'{head},\n "records": [\n{body}\n ]\n}}\n'.encode())
    if complete:
        waiting.replace(file)


def read_records(path: Path) -> Pack:
    """The records of a pack, without the predictions; raises ``RecordError`` naming file and field."""
    try:
        raw = read_json(path)
        if raw["schema"] != SCHEMA:
            raise RecordError(f"{path} has schema {raw['schema']!r}, this version reads {SCHEMA}; update jijbench")
        records = {str(slot): from_json(_merged(raw["common"], record), path) for slot, record in raw["records"]}
        return Pack(records, tuple(map(str, raw["missing"])), {})
    except (DataError, ValueError, KeyError, TypeError) as error:
        raise RecordError(f"{path} holds no packed records ({SCHEMA}): {error}") from error


def _common(each: Sequence[Any]) -> dict:
    """What all have, in mappings within mappings."""
    first, common = each[0], {}
    for name, value in first.items():
        values = [one.get(name) for one in each]
        if all(isinstance(v, dict) for v in values):
            common[name] = _common(values)
        elif all(name in one for one in each) and all(v == value for v in values):
            common[name] = value
    return common


def _without(one: dict, common: dict) -> dict:
    """What is left of a mapping beside what is common."""
    rest = {name: _without(v, common[name]) if isinstance(v, dict) and name in common else v for name, v in one.items()}
    return {name: v for name, v in rest.items() if name not in common or (isinstance(v, dict) and v)}


def _merged(common: dict, one: dict) -> dict:
    """A mapping with what is common."""
    both = {name: _merged(common[name], v) for name, v in one.items() if name in common}
    return common | one | both


def read_packed_predictions(path: Path, records: Mapping[str, Record]) -> dict[str, Coded]:
    """Coded predictions of the complete cells of a pack by slot; raises ``RecordError`` for changed bytes."""
    complete = {slot: record.predictions.sha256 for slot, record in sorted(records.items()) if record.predictions}
    if not complete:
        return {}
    file = path.with_suffix(".npz")
    try:
        there = [one for one in (file, file.with_name(file.name + NEW)) if one.is_file()]
        known = [one for one in there if {file_sha256(one)} == set(complete.values())]
        if not known:
            raise RecordError(f"{file} is not the file that {path.name} was written with (sha256); restore both")
        return dict(zip(complete, _coded(read_arrays(known[0])), strict=True))
    except RecordError:
        raise
    except (DataError, *UNREADABLE) as error:
        raise RecordError(f"{file} cannot be read: {error}; restore it, or run its cells again") from error


def _arrays(each: Sequence[Coded]) -> dict[str, np.ndarray]:
    """The arrays of a file from the coded predictions of all cells."""
    arrays: dict[str, np.ndarray] = {
        "cell": np.repeat(np.arange(len(each), dtype=np.int16), [len(one.id) for one in each])
    }
    for name in ("id", "part"):
        text = np.concatenate([getattr(one, name) for one in each]).astype(str)
        names, places = np.unique(text, return_inverse=True)
        arrays[f"{name}s"] = np.char.encode(names, "utf-8")  # a quarter of the bytes of text
        arrays[name] = places.astype(np.min_scalar_type(len(names)))
    for name in ("mean", "std"):
        codes = [getattr(one, name) for one in each]
        if any(made is not None and "values" in made for made in codes):
            none = [np.full(one.mean["values"].shape, np.nan, dtype=np.float32) for one in each]
            arrays[name] = np.concatenate([made["values"] if made else none[k] for k, made in enumerate(codes)])
        else:
            arrays |= {f"{name}.{k}.{part}": a for k, made in enumerate(codes) if made for part, a in made.items()}
    return arrays | {f"basis.{k}": one.basis for k, one in enumerate(each) if one.basis is not None}


def _coded(arrays: dict[str, np.ndarray]) -> list[Coded]:
    """The coded predictions of all cells from the arrays of a file."""
    ids, parts = (np.char.decode(arrays[f"{name}s"], "utf-8")[arrays[name]] for name in ("id", "part"))
    curves: dict[tuple[str, int], dict[str, np.ndarray]] = {}
    for name in arrays:
        if name.count(".") == 2:
            kind, number, part = name.split(".")
            curves.setdefault((kind, int(number)), {})[part] = arrays[name]
    ends = np.searchsorted(arrays["cell"], np.arange(int(arrays["cell"][-1]) + 2))
    each = []
    for k, (start, end) in enumerate(pairwise(ends)):
        here = slice(start, end)

        def made(kind: str, k: int = k, here: slice = here) -> Code | None:
            values = arrays[kind][here] if kind in arrays else None
            known = values is not None and (kind == "mean" or np.isfinite(values).any())
            return {"values": values} if values is not None and known else curves.get((kind, k))

        mean = made("mean")
        if mean is None:
            raise KeyError(f"mean of cell {k}")
        each.append(Coded(ids[here], parts[here], mean, made("std"), arrays.get(f"basis.{k}")))
    return each
