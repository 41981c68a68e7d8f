"""The run record: one JSON a cell, with the key of everything that decides its numbers."""

import json
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from jijbench.data.card import Sha256, Strict, validated
from jijbench.errors import DataError, RecordError
from jijbench.files import canonical, write_atomically
from jijbench.reading import read_json
from jijbench.records.migration import upgraded

SCHEMA = "jijbench.run/2"
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
    """Everything that decides the numbers of a cell; a record whose key differs from today's is stale.

    ``version`` is the adapter's own, raised by hand when its numbers change; ``versions`` are those of the
    distributions that it requires, and of numpy and scipy.
    """

    task: str
    data_sha256: dict[str, Sha256]
    split_sha256: Sha256
    fold: int
    row: str
    adapter: str
    inputs: str
    search: Search
    seed: int
    version: int
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


class PredictionsFile(Strict):
    """File of predictions, beside the record; of a packed record, that of its whole row."""

    file: str
    sha256: Sha256


class Record(Strict):
    """What happened in one cell.

    ``code_sha256`` is information: with it ``jijbench verify --refit`` knows whose numbers to prove again. None where
    the code is not known (the record of an earlier version whose code has changed since, a module that breaks).
    """

    schema_: Annotated[Literal["jijbench.run/2"], Field(alias="schema")] = "jijbench.run/2"
    key: Key
    code_sha256: Sha256 | None = None
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
    predictions: PredictionsFile | None = None
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
    def _seconds_in_all(self) -> Self:
        if "total" not in self.seconds:
            raise ValueError(f"seconds holds {', '.join(self.seconds) or 'nothing'} and no total")
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


def as_json(record: Record) -> dict[str, Any]:
    """A record as JSON values."""
    return record.model_dump(mode="json", by_alias=True)


def from_json(raw: Any, where: Path) -> Record:
    """A record from JSON values of this or an earlier version; raises ``RecordError`` naming file and field."""
    try:
        return validated(Record, upgraded(raw), f"{where} is no run record ({SCHEMA})")
    except DataError as error:
        raise RecordError(str(error)) from error


def write_record(path: Path, record: Record) -> None:
    """Write a record as JSON."""
    text = json.dumps(as_json(record), indent=1, ensure_ascii=False, allow_nan=False)
    write_atomically(path, (text + "\n").encode())


def read_record(path: Path) -> Record:
    """Read a record of this or an earlier version; raises ``RecordError`` naming file and field."""
    try:
        raw = read_json(path)
    except DataError as error:
        raise RecordError(f"{path} is no run record ({SCHEMA}): {error}") from error
    return from_json(raw, path)
