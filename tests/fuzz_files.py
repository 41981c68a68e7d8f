"""The parsers of the suite's own kinds of files, for ``fuzz``: a good file of each, and what reads a damaged one."""

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

import numpy as np
import yaml

from fuzz import Subject
from jijbench.benchmark import Budget, Row, load_benchmark
from jijbench.bundle.choose import Choice
from jijbench.bundle.dimers import read_dimers
from jijbench.bundle.dimers_read import read_dimer_frames
from jijbench.bundle.export import refit, write_bundle
from jijbench.bundle.files import MANIFEST, Manifest
from jijbench.bundle.impurities import Impurities, read_impurities, write_impurities
from jijbench.bundle.impurities_read import read_impurity_arrays
from jijbench.bundle.model import load_bundle
from jijbench.context import home
from jijbench.data.build import write_dataset
from jijbench.data.card import file_sha256
from jijbench.data.columns import read_columns
from jijbench.data.curves import check_hosts
from jijbench.data.dataset import load_dataset
from jijbench.data.host import read_host
from jijbench.data.split import load_split, write_split
from jijbench.data.store import read_geometries, write_geometries
from jijbench.data.symmetry import operations
from jijbench.data.task import load_task
from jijbench.data.validate import host_of, validate
from jijbench.reading import read_json
from jijbench.runner.places import read_cluster

BUDGET = Budget(trials=0, inner_folds=1, score_fixed=False)
COLUMNS = b"""element_i: a
element_j: b
j: J
energy_unit: mRy
convention: ordered-pairs
length_unit: bohr
geometry: g
geometries:
  nn1: {site_i: Bi2, site_j: Bi2, displacement: [-4.38531, 0.0, 0.0]}
  nn2: {site_i: Bi2, displacement: [-2.192655, 1.26593, -4.064943]}
site_names: {"0": Bi1}
moment_i: m1
moment_j: m2
"""
CLUSTER = b"""cluster: slurm
jobs: 2
options: {cores: 4, memory: 8 GiB, walltime: "01:00:00", queue: short, job_extra_directives: [--exclusive]}
"""
FRAMES = b"""3
Properties=species:S:1:pos:R:3:impurity:I:1 pbc="F F F" moments_mub="3.9 4.5" host=Bi2Te3 id=mine
Cr 0.0 0.0 0.0 1
Mn -4.38531 0.0 0.0 2
Te 1.2 2.1 1.8 0
2
Properties=species:S:1:pos:R:3:impurity:I:1 Lattice="30 0 0 0 30 0 0 0 30" pbc="F F F"
V 0.0 0.0 0.0 1
Fe -4.38531 0.0 0.0 2
"""


@cache
def folder(name: str) -> Path:
    return Path(tempfile.mkdtemp(prefix=f"fuzz-{name}-"))


@cache
def small() -> Path:
    """A dataset of twelve dimers, with a split."""
    out, shipped = folder("dataset") / "small", load_dataset("jij-published-table")
    table = shipped.table.iloc[40:52].drop(columns="orbit").reset_index(drop=True)
    fields = shipped.card.model_dump(mode="json") | {"id": "small"}
    geometries = {s.geometry.id: s.geometry for s in shipped.samples}
    write_dataset(out, fields, table, geometries, host_of(shipped), shipped.folder / "host.json")
    write_split(load_dataset(out), "random-orbit")
    return out


def in_dataset(file: str) -> Subject:
    """A file of a dataset, the card's sha256 made to fit."""

    def read(path: Path) -> None:
        with tempfile.TemporaryDirectory() as place:
            copy = shutil.copytree(small(), Path(place) / "small")
            shutil.copy(path, copy / file)
            if file != "card.yaml":
                card = yaml.safe_load((copy / "card.yaml").read_text(encoding="utf-8"))
                card["files"][file] = file_sha256(copy / file)
                (copy / "card.yaml").write_text(yaml.safe_dump(card), encoding="utf-8")
            validate(copy)

    return Subject(f"dataset {file}", (small() / file).read_bytes(), Path(file).name, read)


def split() -> Subject:
    with_damage = shutil.copytree(small(), folder("split") / "small", dirs_exist_ok=True)

    def read(path: Path) -> None:
        shutil.copy(path, with_damage / "splits" / "random-orbit.json")
        load_split.__wrapped__(load_dataset(with_damage), "random-orbit")

    return Subject("split", (small() / "splits" / "random-orbit.json").read_bytes(), "split.json", read)


@cache
def bundle() -> Path:
    out = folder("bundle") / "low-rank"
    task, row, budget = load_task("jij-bi2te3/jij/random-orbit"), Row(row="low-rank", adapter="low-rank"), BUDGET
    choice = Choice(row, budget, 0, "as the test asks", {task.id: {"rmse": 1.0}})
    write_bundle(out, task, choice, refit(task, row, budget, 0))
    return out


def in_bundle(file: str) -> Subject:
    """A file of a bundle, its manifest made to fit."""

    def read(path: Path) -> None:
        with tempfile.TemporaryDirectory() as place:
            copy = shutil.copytree(bundle(), Path(place) / "bundle")
            shutil.copy(path, copy / file)
            if file != MANIFEST:
                known = json.loads((copy / MANIFEST).read_text(encoding="utf-8"))
                known["files"][file] = file_sha256(copy / file)
                (copy / MANIFEST).write_text(Manifest.model_validate(known).text, encoding="utf-8")
            loaded = load_bundle(copy)
            samples = loaded.known.grid(["Cr", "Mn"], [1, 2])
            loaded.predict(samples)
            loaded.domain(samples)

    return Subject(f"bundle {file}", (bundle() / file).read_bytes(), Path(file).name, read)


@cache
def impurities() -> Impurities:
    out = folder("impurities")
    write_impurities(out, load_task("deltav-elemental/dv/random-orbit").dataset, "dv", starts=True)
    clusters = read_geometries(out / "geometries.extxyz")
    write_geometries(out / "geometries.extxyz", [clusters["Ag"], clusters["Cu"]])  # fewer are read faster
    return read_impurities(out, neighbours=False)


def impurity_arrays() -> Subject:
    path, known = folder("arrays") / "own.npz", impurities()
    host, start = known.hosts["Ag"], known.starts["Fe", "Ag"]
    np.savez(
        path, host=np.array(["Ag", "Ag"]), impurity=np.array(["Fe", "Mn"]), v_start=np.array([start, start]),
        v_host=np.array([host.potential] * 2), r_ws_bohr=np.array([host.state[0]] * 2),
        fermi_energy_ry=np.array([host.state[1]] * 2), structure=np.array(["fcc", "fcc"]),
        lattice_constant_bohr=np.array([7.729, 7.729]),
    )  # fmt: skip
    return Subject("npz of impurities", path.read_bytes(), "own.npz", lambda p: read_impurity_arrays(p, known))


def potentials() -> Subject:
    """Hosts and atomic starts of a bundle, read and used."""
    impurities()

    def read(path: Path) -> None:
        shutil.copy(folder("impurities") / "geometries.extxyz", path.parent)
        read_impurities(path.parent, neighbours=False).grid(["Ag", "Cu"], ["Fe", "Mn"])

    content = (folder("impurities") / "potentials.npz").read_bytes()
    return Subject("potentials of a bundle", content, "potentials.npz", read)


def dimer_frames() -> Subject:
    known = read_dimers(bundle() / "known", 5.0)
    return Subject("extxyz of dimers", FRAMES, "x.extxyz", lambda path: read_dimer_frames(path, known))


def shipped(name: str, path: str, read: Callable[[Path], object]) -> Callable[[], Subject]:
    file = home(path.partition("/")[0]) / path.partition("/")[2]
    return lambda: Subject(name, file.read_bytes(), file.name, read)


SUBJECTS: Mapping[str, Callable[[], Subject]] = MappingProxyType({
    "benchmark": shipped("benchmark", "benchmarks/quick.yaml", lambda p: list(load_benchmark(p).cells())),
    "column map": lambda: Subject("column map", COLUMNS, "map.yaml", read_columns),
    "cluster": lambda: Subject("cluster", CLUSTER, "cluster.yaml", read_cluster),
    "host": shipped("host", "datasets/jij-bi2te3/host.json", lambda p: operations(read_host(p))),
    "hosts": shipped("hosts", "datasets/deltav-elemental/hosts.json", lambda p: check_hosts(read_json(p), str(p))),
    "split": split,
    **{f"dataset {file}": (lambda file=file: in_dataset(file))
       for file in ("card.yaml", "samples.csv", "geometries.extxyz", "host.json")},
    "extxyz of dimers": dimer_frames,
    "npz of impurities": impurity_arrays,
    "potentials of a bundle": potentials,
    **{f"bundle {file}": (lambda file=file: in_bundle(file))
       for file in (MANIFEST, "card.json", "model/adapter.json", "model/arrays.npz", "known/host.json",
                    "known/geometries.extxyz", "known/moments.csv")},
})  # fmt: skip
