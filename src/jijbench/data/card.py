"""The card of a dataset: ``card.yaml`` as a checked schema."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from jijbench.errors import DataError
from jijbench.reading import inside, read_yaml
from jijbench.text import printable

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
#: how far values may be from what symmetry and moments demand: meV for targets, μB for ``moments``
Tolerance = dict[Annotated[str, Field(pattern="^(jij|dij|moments)$")], Annotated[float, Field(ge=0)]]


class Strict(BaseModel):
    """Unknown keys and NaN are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


Model = TypeVar("Model", bound=BaseModel)


def validated(model: type[Model], raw: Any, where: str) -> Model:
    """``raw`` as a ``model``; raises ``DataError`` naming the first bad field and how many more there are."""
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        first, *more = error.errors(include_url=False)
        field = printable(".".join(str(part) for part in first["loc"]))
        reason = first["msg"].removeprefix("Value error, ")
        given = "" if first["type"] == "missing" or not field else f", not {str(first['input'])[:80]!r}"
        words = f"{field}: {reason}{given}" if field else reason
        raise DataError(f"{where}: {words}" + (f" (and {len(more)} more)" if more else "")) from error


class TargetColumns(Strict):
    """Where a target's values stand.

    ``columns`` of ``samples.csv``, one for each component; or, for curves, ``array``: an array (m, *shape) of an
    ``.npz`` file, as ``file:name``, and ``row``: the column that says which of its m rows is a sample's. A sample whose
    row is negative has no such target.
    """

    unit: str
    columns: tuple[str, ...] = ()
    array: str | None = None
    row: str | None = None

    @model_validator(mode="after")
    def _array_with_its_rows(self) -> Self:
        if (self.array is None) != (self.row is None) or (self.array is None) != bool(self.columns):
            raise ValueError("give either columns, or both of array and row")
        return self


class InputArray(Strict):
    """An extra input of the samples: an ``array`` of an ``.npz`` file, and the column with each sample's ``row``."""

    array: str
    row: str


class Source(Strict):
    """How the data were made, and from what the committed files were built."""

    code: str
    functional: str
    spin_orbit: bool | None  # None: not stated
    raw: str = ""


class Card(Strict):
    """What a dataset is, under which licence, and the sha256 of each of its files.

    ``analyses``: what can be said of predictions of it beside their errors: ``critical-temperature`` (its shells make
    whole sums), ``kkr-savings`` (the steps that its cases took are recorded), ``twins`` (its pairs are listed in both
    orders).
    """

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    version: str
    title: str
    description: str
    method: str
    convention: str
    units: dict[str, str]
    licence: str
    citation: str
    source: Source
    host: str
    cluster_radius_angstrom: float | None
    targets: dict[str, TargetColumns]
    inputs: dict[str, InputArray] = {}
    noise_floor: dict[str, float]
    analyses: tuple[str, ...] = ()
    tolerance: Tolerance = {}
    files: dict[str, Sha256]

    @property
    def sha256(self) -> str:
        """Hash of the data: of the names and hashes of all files."""
        text = "\n".join(f"{name} {digest}" for name, digest in sorted(self.files.items()))
        return hashlib.sha256(text.encode()).hexdigest()


def file_sha256(path: Path) -> str:
    """sha256 of a file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read_card(folder: Path) -> Card:
    """Read ``card.yaml``; raises ``DataError`` naming file, field and what was wrong."""
    path = folder / "card.yaml"
    if not path.is_file():
        raise DataError(f"{path} does not exist; a dataset folder holds card.yaml, samples.csv, geometries.extxyz")
    card = validated(Card, read_yaml(path), str(path))
    for name in card.files:
        inside(folder, name)
    return card


def make_card(fields: dict, hashes: dict[str, str]) -> Card:
    """A card from its fields and the hashes of its files; raises ``DataError`` naming the bad field."""
    return validated(Card, fields | {"files": hashes}, f"card of {fields.get('id')!r}")


def write_card(folder: Path, fields: dict) -> Card:
    """Write ``card.yaml`` with the hashes of the files that ``fields['files']`` names."""
    card = make_card(fields, {name: file_sha256(folder / name) for name in fields["files"]})
    text = yaml.safe_dump(card.model_dump(mode="json"), sort_keys=False, allow_unicode=True, width=110)
    (folder / "card.yaml").write_text(text, encoding="utf-8")
    return card


def check_hashes(folder: Path, card: Card) -> None:
    """Raise ``DataError`` naming the first file whose bytes are not those of the card."""
    for name, expected in card.files.items():
        path = folder / name
        if not path.is_file():
            raise DataError(
                f"{path} is missing, but {folder / 'card.yaml'} lists it; restore it or rebuild the dataset"
            )
        found = file_sha256(path)
        if found != expected:
            raise DataError(
                f"{path} has sha256 {found}, the card says {expected}; "
                "restore the file, or rebuild the dataset if the change was meant"
            )


def write_about(folder: Path, about: dict, files: Sequence[str]) -> None:
    """Write ``about.yaml`` of a table that is no dataset to learn from, with the hashes of its files."""
    hashes = {name: file_sha256(folder / name) for name in files}
    text = yaml.safe_dump(about | {"files": hashes}, sort_keys=False, allow_unicode=True, width=110)
    (folder / "about.yaml").write_text(text, encoding="utf-8")


def described(folder: Path, file: str) -> Path:
    """Path of a file that ``about.yaml`` beside it describes; raises ``DataError`` where a byte has changed."""
    about = read_yaml(folder / "about.yaml")
    if file_sha256(folder / file) != about["files"][file]:
        raise DataError(f"{folder / file} is not what about.yaml says; restore it or build it again")
    return folder / file
