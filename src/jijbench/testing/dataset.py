"""The contract of a dataset, one function a property; what a check is, see ``jijbench.testing.checks``."""

import contextlib
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from jijbench.data.card import check_hashes, read_card
from jijbench.data.consistency import ROUNDING, check_impurities, check_structures, check_values
from jijbench.data.dataset import Dataset, dataset_folder, load_dataset
from jijbench.data.sample import Sample
from jijbench.data.split import load_split, split_names
from jijbench.data.store import read_table
from jijbench.data.symmetry import frames
from jijbench.data.validate import audit_curves, check_orbits, check_table, host_of
from jijbench.reading import read_json
from jijbench.targets import target
from jijbench.testing.subject import Excused

#: endings of columns that hold a number with a unit
UNITS = re.compile(r"_(mev|ry|angstrom|bohr|mub)$")


@dataclass(frozen=True, eq=False)
class DatasetSubject:
    """The folder or id of a dataset."""

    name: str | Path
    seconds: float = 600.0

    @cached_property
    def folder(self) -> Path:
        return dataset_folder(self.name).resolve()

    @cached_property
    def dataset(self) -> Dataset:
        return load_dataset(self.folder)

    @property
    def of_potentials(self) -> bool:
        """Whether its samples are impurities in the hosts of ``hosts.json``, not pairs in one host."""
        return (self.folder / "hosts.json").is_file()

    @contextlib.contextmanager
    def surroundings(self) -> Iterator[None]:
        yield


Check = Callable[[DatasetSubject], None]


def card(s: DatasetSubject) -> None:
    """its card is valid, and every file has the bytes that the card says"""
    check_hashes(s.folder, read_card(s.folder))


def described(s: DatasetSubject) -> None:
    """title, description, method, convention, licence, citation and source are there"""
    found = read_card(s.folder)
    words = {name: getattr(found, name) for name in
             ("version", "title", "description", "method", "convention", "licence", "citation", "host")}  # fmt: skip
    words |= {"source.code": found.source.code, "source.functional": found.source.functional}
    empty = [name for name, text in words.items() if not text.strip()]
    if empty:
        raise AssertionError(f"{s.folder / 'card.yaml'} says nothing of {', '.join(empty)}")


def rows(s: DatasetSubject) -> None:
    """every row of its table has an id of its own, known elements and finite numbers, and no pair stands twice"""
    columns = {name: {"columns": spec.columns} for name, spec in read_card(s.folder).targets.items()}
    check_table(read_table(s.folder / "samples.csv"), columns, str(s.folder / "samples.csv"))


def loads(s: DatasetSubject) -> None:
    """it loads, and every target has a finite value of its shape for each of its samples"""
    for name in s.dataset.card.targets:
        part = s.dataset.of(name)
        truth = part.truth(name)
        if truth.shape != (len(part), *target(name).shape) or not np.isfinite(truth).all():
            raise AssertionError(
                f"{name} has shape {truth.shape}, or is not finite everywhere, for {len(part)} samples"
            )


def again(s: DatasetSubject) -> None:
    """copied to another place it loads there, the same samples with the same truth"""
    with tempfile.TemporaryDirectory(prefix="jijbench-check-") as scratch:
        there = load_dataset(shutil.copytree(s.folder, Path(scratch) / s.folder.name, symlinks=True))
        if [_content(a) for a in s.dataset.samples] != [_content(b) for b in there.samples]:
            raise AssertionError("loaded twice, its samples differ")
        for name in s.dataset.card.targets:
            if not np.array_equal(s.dataset.of(name).truth(name), there.of(name).truth(name)):
                raise AssertionError(f"loaded twice, its {name} differs")


def _content(sample: Sample) -> tuple:
    g, inputs = sample.geometry, sample.inputs
    arrays = (g.numbers, g.positions, g.cell, *(inputs[name] for name in sorted(inputs)))
    names = (sample.id, sample.elements, sample.orbit, g.id, g.sites, g.shell)
    return (*names, *sorted(inputs), *(array.tobytes() for array in arrays))


def units(s: DatasetSubject) -> None:
    """its targets are in the suite's units, and the card names the unit of every column and array that has one"""
    known = {_component(name) for name in s.dataset.card.units}
    for name, spec in s.dataset.card.targets.items():
        if spec.unit != target(name).unit:
            raise AssertionError(f"the card gives {name} in {spec.unit}, the suite in {target(name).unit}")
    arrays = [spec.array for spec in s.dataset.card.targets.values() if spec.array]
    wanted = [*(array.partition(":")[2] for array in arrays), *s.dataset.card.inputs]
    wanted += [column for column in map(str, s.dataset.table) if UNITS.search(column)]
    lacking = [name for name in wanted if _component(name) not in known]
    if lacking:
        raise AssertionError(
            f"the card's `units` do not name {', '.join(lacking)}; they name {', '.join(sorted(known))}"
        )


def _component(name: str) -> str:
    """The name of the first component or end that a column has: dy_angstrom is described with dx_angstrom."""
    return re.sub(r"_[jkl](?=_)", "_i", re.sub(r"^d[yz](?=_)|(?<=_)[yz](?=_)", lambda m: m[0][:-1] + "x", name))


def structures(s: DatasetSubject) -> None:
    """its clusters are pieces of the host, impurities on the sites they name, and columns say what clusters are"""
    if s.of_potentials:
        check_impurities(s.dataset, read_json(s.folder / "hosts.json"))
    else:
        check_structures(s.dataset, host_of(s.dataset))


def orbits(s: DatasetSubject) -> None:
    """orbits are those of the host's symmetry, and within one, values turn and rename as their target says"""
    if s.of_potentials:
        audit_curves(s.dataset)
        return
    check_orbits(s.dataset)
    for name in s.dataset.card.targets:
        _check_turns(s.dataset, name)
    check_values(s.dataset, host_of(s.dataset))


def _check_turns(dataset: Dataset, name: str) -> None:
    """In the common frame of an orbit, all ways there from all its samples give one value, within the tolerance.

    What nothing turns has one value in an orbit.
    """
    kind, host, limit = target(name), host_of(dataset), dataset.card.tolerance.get(name, ROUNDING.get(name, 1e-3))
    first: dict[tuple, tuple[str, np.ndarray]] = {}
    for sample, value in zip(dataset.samples, dataset.truth(name), strict=True):
        key, ways = (sample.orbit,), [(np.eye(3), False)]
        if kind.directional:
            key, ways = frames(host, sample.geometry, sample.elements)
        for turn, renamed in ways:
            there = kind.turned(value[None], turn)
            there = (kind.renamed(there) if renamed else there)[0]
            other, known = first.setdefault(key, (sample.id, there))
            if np.abs(there - known).max() > limit:
                raise AssertionError(
                    f"{sample.id} has {name} = {np.round(value, 4)} {kind.unit}, in the frame of its orbit "
                    f"{np.round(there, 4)}; {other} has {np.round(known, 4)} there: more than {limit:g} apart"
                )


def splits(s: DatasetSubject) -> None:
    """every split parts each fold into disjoint sets that hold all samples and part no orbit; there is at least one"""
    names = split_names(s.dataset)
    if not names:
        raise Excused("it has no split; `jijbench data split` makes them")
    everything, orbit = set(s.dataset.index), {sample.id: sample.orbit for sample in s.dataset.samples}
    for name in names:
        split = load_split(s.dataset, name)
        for number, fold in enumerate(split.folds):
            parts = [set(fold.train), set(fold.test), set(fold.dropped)]
            own = everything if split.train_on is None else {*fold.test, *fold.dropped}
            if sum(map(len, parts)) != len(set().union(*parts)) or not own <= set().union(*parts):
                raise AssertionError(f"fold {number} of {name} has a sample twice, or lacks one")
            parted = {orbit.get(k) for k in fold.train if k in orbit} & {orbit[k] for k in fold.test}
            if parted:
                raise AssertionError(f"fold {number} of {name} parts the orbit {min(parted)}")  # type: ignore[type-var]


DATASET_CHECKS: tuple[Check, ...] = (card, described, rows, loads, again, units, structures, orbits, splits)
#: where one of these fails, those that follow would only repeat it
DATASET_GROUND: tuple[Check, ...] = (card, rows, loads)
