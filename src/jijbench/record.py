"""The run record: one JSON a cell, written whole or not at all; and the predictions beside it."""

import ast
import gzip
import hashlib
import importlib.util
import io
import json
import os
import shutil
import tempfile
import tokenize
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
import pandas as pd
from pydantic import Field, ValidationError, model_validator

from jijbench.context import owner
from jijbench.data.card import Sha256, Strict, file_sha256
from jijbench.errors import RecordError
from jijbench.metrics import projected

SCHEMA = "jijbench.run/1"
Status = Literal["complete", "failed", "refused"]


class Search(Strict):
    """How hypers were looked for; ``growth``: how the training part grew, None where it was taken whole."""

    fixed: dict[str, Any]
    space_sha256: Sha256
    sampler: str
    trials: int
    inner_folds: int
    inner_sha256: Sha256
    growth: dict[str, Any] | None = None


class Key(Strict):
    """Everything that decides the numbers of a cell; a record whose key differs from today's is stale."""

    task: str
    data_sha256: dict[str, Sha256]
    split_sha256: Sha256
    fold: int
    row: str
    adapter: str
    inputs: str
    search: Search
    seed: int
    adapter_sha256: Sha256
    versions: dict[str, str | None]


class Trial(Strict):
    """One line of the tuning ledger."""

    number: int
    hypers: dict[str, Any]
    inner: float | None
    seconds: float


class Tuning(Strict):
    """What the search did: trials used, different settings among them, and whether the clock stopped it.

    ``shared``: workers shared its trials, so it is not reproducible bit by bit.
    """

    trials: int
    configurations: int
    inner: float | None
    capped: bool
    shared: bool = False
    ledger: tuple[Trial, ...]


class Predictions(Strict):
    """File of predictions, beside the record."""

    file: str
    sha256: Sha256


class Record(Strict):
    """What happened in one cell."""

    schema_: Annotated[Literal["jijbench.run/1"], Field(alias="schema")] = "jijbench.run/1"
    key: Key
    kind: Literal["model", "floor"]
    info: dict[str, Any] | None
    unit: str
    status: Status
    reason: str | None = None
    hypers: dict[str, Any] | None = None
    chosen: dict[str, float | int | str] | None = None
    metrics: dict[str, float | int | None] | None = None
    counts: dict[str, int] | None = None
    seconds: dict[str, float]
    peak_memory_mib: float | None = None
    tuning: Tuning | None = None
    predictions: Predictions | None = None
    machine: dict[str, Any]
    created: str
    extra: dict[str, Any] = {}

    @property
    def scored_part(self) -> str:
        """The part of its predictions that ``metrics`` are of: the last round where the training part grew."""
        return "test" if self.key.search.growth is None else round_part(len(self.extra["rounds"]) - 1)

    @property
    def cost(self) -> float:
        """Processor seconds; wall seconds where a cell ended before they were counted."""
        return self.seconds.get("cpu", self.seconds["total"])

    @model_validator(mode="after")
    def _no_nan_anywhere(self) -> Self:
        canonical([self.key.search.fixed, self.info, self.hypers, self.machine, self.extra])  # raises ValueError
        return self

    @model_validator(mode="after")
    def _reason_exactly_when_not_complete(self) -> Self:
        if (self.status == "complete") == (self.reason is not None):
            raise ValueError(
                f"status {self.status!r} with reason {self.reason!r}: a reason stands exactly when not complete"
            )
        if (self.status == "complete") != (self.metrics is not None and self.predictions is not None):
            raise ValueError(f"status {self.status!r}: metrics and predictions stand exactly when complete")
        return self


def round_part(k: int) -> str:
    """What the predictions of the k-th round of a growing training part are called."""
    return f"r{k:02d}"


def canonical(content: Any) -> str:
    """The one JSON text of a value: sorted keys, no spaces, no NaN."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def sha256_of(content: Any) -> str:
    """Hash of a JSON value, independent of the order of keys."""
    return hashlib.sha256(canonical(content).encode()).hexdigest()


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file whole or not at all: temporary file, fsync, rename."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.{owner()}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """A temporary folder beside ``out`` that becomes ``out`` when the block ends without an error, else vanishes.

    ``out`` may be there as an empty folder. A process that is killed outright can leave the temporary folder
    (``.NAME.…``), never half an ``out``.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}."))
    try:
        yield made
        made.chmod(0o755)
        made.replace(out)
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise


def npz(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Content of a compressed ``.npz`` file of plain arrays; the same arrays give the same bytes."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def write_record(path: Path, record: Record) -> None:
    """Write a record as JSON."""
    text = json.dumps(record.model_dump(mode="json", by_alias=True), indent=1, ensure_ascii=False, allow_nan=False)
    write_atomically(path, (text + "\n").encode())


def read_record(path: Path) -> Record:
    """Read a record; raises ``RecordError`` naming file and field."""
    try:
        return Record.model_validate_json(path.read_bytes())
    except (ValidationError, OSError) as error:
        raise RecordError(f"{path} is no run record ({SCHEMA}): {error}") from error


def write_predictions(
    path: Path, ids: Iterable[str], part: Iterable[str], mean: np.ndarray, std: np.ndarray | None,
    basis: np.ndarray | None = None,
) -> Path:  # fmt: skip
    """Write predictions; returns the path with its ending.

    Scalars go to ``.csv.gz`` (``id, part, mean, std``, six digits), curves (n, k) to ``.npz`` as float32 coefficients
    of a few curves, beside the model's own ``basis`` (m, k) where it has one. The same predictions give the same bytes.
    """
    if mean.ndim == 1:
        table = pd.DataFrame({"id": list(ids), "part": list(part), "mean": mean, "std": np.nan if std is None else std})
        text = table.to_csv(index=False, float_format="%.6g", lineterminator="\n")
        path = path.with_suffix(".csv.gz")
        write_atomically(path, gzip.compress(text.encode(), mtime=0))
        return path
    coefficients, curves = low_rank(mean)
    arrays = {"id": np.array(list(ids)), "part": np.array(list(part)), "coefficients": coefficients, "curves": curves}
    if std is not None:
        arrays["std_coefficients"], arrays["std_curves"] = low_rank(std)
    if basis is not None:
        arrays["basis"] = basis.astype(np.float32)
    path = path.with_suffix(".npz")
    write_atomically(path, npz(arrays))
    return path


def low_rank(curves: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Float32 coefficients (n, m) and curves (m, k) whose product is ``curves`` (n, k) to about five digits.

    The fewest singular vectors that leave at most 1e-5 (1 + |value|) at any point; the curves themselves if none do.
    """
    U, s, V = np.linalg.svd(curves, full_matrices=False)
    single = curves.astype(np.float32), np.eye(curves.shape[1], dtype=np.float32)
    for m in range(len(s)):
        pair = (U[:, :m] * s[:m]).astype(np.float32), V[:m].astype(np.float32)
        if np.all(np.abs(pair[0].astype(float) @ pair[1] - curves) <= 1e-5 * (1 + np.abs(curves))):
            return pair
    return single


def read_basis(path: Path) -> np.ndarray | None:
    """(m, k) basis of the model that predicted curves, where the file holds one."""
    if path.suffix != ".npz":
        return None
    with np.load(path, allow_pickle=False) as arrays:
        return arrays["basis"].astype(float) if "basis" in arrays else None


def reconstruction(path: Path, truth: np.ndarray, volume: np.ndarray | None) -> np.ndarray | None:
    """(n, k) what the basis in a file of predictions makes of the truth (n, k); None for a model without one."""
    basis = read_basis(path)
    return None if basis is None or volume is None else projected(truth, basis, volume)


def read_predictions(path: Path, sha256: str | None = None) -> tuple[pd.DataFrame, np.ndarray]:
    """Table with ``id``, ``part``, ``std`` and the means (n,) or (n, k); raises ``RecordError`` for changed bytes."""
    try:
        found = file_sha256(path)
        if sha256 is not None and found != sha256:
            raise RecordError(f"{path} has sha256 {found}, its record says {sha256}; run the cell again")
        if path.suffix == ".gz":
            table = pd.read_csv(path, float_precision="round_trip")
            return table, table["mean"].to_numpy(dtype=float)
        with np.load(path, allow_pickle=False) as arrays:
            table = pd.DataFrame({"id": arrays["id"], "part": arrays["part"], "std": np.nan})
            return table, arrays["coefficients"].astype(float) @ arrays["curves"].astype(float)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise RecordError(f"{path} cannot be read: {error}; run the cell again") from error


def adapter_sha256(module_name: str) -> str:
    """Hash of the code that decides an adapter's numbers.

    Tokens, without comments and docstrings, of its module and of the descriptor and adapter modules it
    imports (for a third-party adapter: of the modules of its own package).
    """
    package = module_name.split(".")[0]
    own = () if package == "jijbench" else (f"{package}.",)
    roots = ("jijbench.adapters.", "jijbench.descriptors.", *own)
    todo, sources = [module_name], {}
    while todo:
        name = todo.pop()
        if name in sources or not (name == module_name or name.startswith(roots)):
            continue
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
            continue
        sources[name] = Path(spec.origin).read_text(encoding="utf-8")
        todo += _imports(sources[name], name if spec.submodule_search_locations else name.rpartition(".")[0])
    return sha256_of({name: _tokens(source) for name, source in sources.items()})


def _imports(source: str, package: str) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
            found += [base, *(f"{base}.{alias.name}" for alias in node.names)]
    return [name for name in found if name.startswith(("jijbench.", f"{package.split('.')[0]}.")) and _exists(name)]


def _exists(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def _tokens(source: str) -> list[str]:
    tree = ast.parse(source)
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)]
    docstrings = {
        (node.body[0].lineno, node.body[0].col_offset)
        for node in nodes
        if ast.get_docstring(node, clean=False) is not None
    }
    skipped = {tokenize.COMMENT, tokenize.NL, tokenize.ENCODING}
    layout = {tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
    tokens = tokenize.tokenize(io.BytesIO(source.encode()).readline)
    return [
        tokenize.tok_name[token.type] if token.type in layout else token.string
        for token in tokens
        if token.type not in skipped and token.start not in docstrings
    ]
