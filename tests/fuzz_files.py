"""The parsers of the suite, for ``fuzz``: a good file of each, and what reads a damaged one."""

import io
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from types import MappingProxyType

import numpy as np
import yaml
from ase.io import write as write_atoms
from ase.spacegroup import crystal

from fuzz import Subject
from jijbench.benchmark import Budget, Row, load_benchmark
from jijbench.bundle.answer import read_samples_for
from jijbench.bundle.choose import Choice
from jijbench.bundle.dimers import read_dimers, read_moments
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
from jijbench.data.importer import import_table
from jijbench.data.split import load_split, write_split
from jijbench.data.store import read_geometries, write_geometries
from jijbench.data.structures import crystal_of
from jijbench.data.symmetry import operations
from jijbench.data.tables import read_table_of_user
from jijbench.data.task import load_task
from jijbench.data.validate import host_of, validate
from jijbench.errors import JijbenchError
from jijbench.files import npz
from jijbench.formats.kkr_atominfo import read_atominfo
from jijbench.formats.kkr_potential import read_atoms
from jijbench.formats.kkr_scoef import read_scoef
from jijbench.kkr.cases import read_cases
from jijbench.kkr.curves import read_curves
from jijbench.kkr.run import COLUMNS as RUN_COLUMNS
from jijbench.kkr.run import RUNS, read_log, read_runs
from jijbench.reading import read_json
from jijbench.runner.places import read_cluster
from jijbench.spin.couplings import couplings
from jijbench.spin.exchange import moments_of, read_exchange

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
TABLE = b"a,J,shell\nCr,8.7,1\nMn,-0.25,2\n"
ASKED = b"element_i,element_j,shell,moment_i_mub,moment_j_mub\nCr,V,1,3.0,2.0\nMn,V,2,4.0,2.0\n"
MOMENTS = b"element,moment_mub,sublattice\nCr,3.0,Bi1\nMn,4.0,\n"
EXCHANGE = b"""element_i,element_j,shell,jij_mev,distance_ang,moment_i_mub,moment_j_mub
Cr,Cr,1,8.7,4.38531,3.0,3.0
Cr,Mn,1,-2.5,4.38531,3.0,4.0
"""
DIMERS = b"""imp_i,imp_j,site,x,y,z,J,m_i,m_j
Cr,Mn,Bi2,-4.38531,0.0,0.0,1.0,3.0,4.0
Cr,Fe,Bi2,-4.38531,0.0,0.0,2.0,3.0,2.0
Mn,Mn,Bi2,-4.38531,0.0,0.0,3.0,4.0,4.0
Fe,Mn,Bi2,-4.38531,0.0,0.0,4.0,2.0,4.0
"""
DIMER_COLUMNS = {
    "element_i": "imp_i", "element_j": "imp_j", "j": "J", "site_i": "site", "dx": "x", "dy": "y", "dz": "z",
    "moment_i": "m_i", "moment_j": "m_j", "energy_unit": "meV", "convention": "house",
}  # fmt: skip
CASES = b"host,impurity\nCu,Ni\nAg,Rh\n"
KKR_RUNS = (
    ",".join(RUN_COLUMNS) + "\nCu,Ni,atomic,19,converged,0.1,9.1e-06,\nCu,Ni,impurity,60,step limit,0.01,0.0002,\n"
    'Ag,Rh,atomic,0,failed,,,"exit code 2: Cannot open, file"\nAg,Rh,impurity,3,failed,0.1,0.2,diverged\n'
).encode()
CARDS = Path(__file__).parent / "formats" / "kkr"


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


@contextmanager
def named(path: Path) -> Iterator[None]:
    """What a user is told names the file."""
    try:
        yield
    except JijbenchError as error:
        if path.name not in str(error):
            raise ValueError(f"does not name the file: {error}") from error
        raise


def table(path: Path) -> None:
    with named(path):
        found = read_table_of_user(path)
        assert len(found.elements("a")) == len(found)
        values = found.numbers("J", "shell")
    assert values.shape == (len(found), 2)
    assert np.isfinite(values).all()


def exchange(path: Path) -> None:
    found = read_exchange(path)
    moments_of(found, ["Cr", "Mn"])
    assert np.isfinite(couplings(found, ["Cr", "Mn"]).j).all()


def asked() -> Subject:
    known = load_bundle(bundle())

    def read(path: Path) -> None:
        with named(path):
            assert read_samples_for(known, path)

    return Subject("table of dimers", ASKED, "asked.csv", read)


def moments(path: Path) -> None:
    with named(path):
        assert read_moments(path)


def imported(path: Path) -> None:
    """A dataset that validates, or nothing is left."""
    about = dict.fromkeys(("title", "licence", "citation", "code", "functional"), "x")
    out = path.parent / "imported"
    try:
        with named(path):
            import_table(path, DIMER_COLUMNS, out, id="imported", radius=3.5, **about)
        validate(out)
    finally:
        shutil.rmtree(out, ignore_errors=True)


def crystal_file(name: str, kind: str) -> Subject:
    bi2te3 = crystal(
        ["Bi", "Te", "Te"], [(0, 0, 0.4), (0, 0, 0), (0, 0, 0.2095)], spacegroup=166,
        cellpar=[4.38531, 4.38531, 30.487, 90, 90, 120],
    )  # fmt: skip
    content = io.BytesIO() if kind == "cif" else io.StringIO()
    write_atoms(content, bi2te3, format=kind)

    def read(path: Path) -> None:
        with named(path):
            assert np.isfinite(crystal_of(path)[0].positions).all()

    good = content.getvalue()
    return Subject(name, good if isinstance(good, bytes) else good.encode(), name, read)


def curves(target: str) -> Subject:
    arrays = {"target": np.array(target), "host": np.array(["Cu", "Ag"]), "impurity": np.array(["Ni", "Rh"])}
    content = npz(arrays | {"mean": np.ones((2, 9)), "distance": np.array([4.8, 5.4])})
    return Subject(f"predicted {target}", content, "x.npz", lambda path: read_curves(path, target, "Cu", "Ni"))


def kkr(file: str, read: Callable[[Path], object]) -> Callable[[], Subject]:
    return lambda: Subject(f"KKR {file}", (CARDS / file).read_bytes(), file, read)


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
    "table": lambda: Subject("table", TABLE, "t.csv", table),
    "table of dimers": asked,
    "table of moments": lambda: Subject("table of moments", MOMENTS, "m.csv", moments),
    "exchange table": lambda: Subject("exchange table", EXCHANGE, "x.csv", exchange),
    "imported table": lambda: Subject("imported table", DIMERS, "table.csv", imported),
    "POSCAR": partial(crystal_file, "POSCAR", "vasp"),
    "CIF": partial(crystal_file, "x.cif", "cif"),
    "KKR card": kkr("Cu_host.potential", read_atoms),
    "KKR card of two spins": kkr("Cr_in_Bi2Te3.full.converged.potential", read_atoms),
    "KKR scoef": kkr("Ni_in_Cu.scoef", read_scoef),
    "KKR atominfo": kkr("Ni_in_Cu.kkrflex_atominfo", read_atominfo),
    "KKR log": kkr("log_learned.txt", lambda path: read_log(path.read_text(errors="replace"))),
    "KKR cases": lambda: Subject("KKR cases", CASES, "cases.csv", read_cases),
    "KKR runs": lambda: Subject("KKR runs", KKR_RUNS, RUNS, lambda path: read_runs(path.parent)),
    "predicted dv": partial(curves, "dv"),
    "predicted dv-shell": partial(curves, "dv-shell"),
})  # fmt: skip
