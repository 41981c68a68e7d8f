"""Datasets of potentials: mesh, hosts, curves, and what is said of bad ones."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from jijbench.data.card import file_sha256
from jijbench.data.curves import check_curves, check_hosts, elemental_host
from jijbench.data.dataset import load_dataset, named_array
from jijbench.data.split import load_split
from jijbench.data.task import load_task
from jijbench.data.validate import validate
from jijbench.elements import symbol
from jijbench.errors import DataError
from jijbench.targets.mesh import POINTS, relative_mesh, volume_weights

FOLDER = Path(__file__).parents[2] / "datasets" / "deltav-elemental"
RAW = Path(__file__).parents[3] / "shared" / "data" / "deltav-elemental-kkr"
TASKS = [
    f"deltav-elemental/{t}/{p}" for t in ("dv", "dv-shell") for p in ("random-orbit", "unseen-impurity", "unseen-host")
]


@pytest.fixture(scope="module")
def potentials():
    return load_dataset("deltav-elemental")


@pytest.fixture
def hosts() -> dict:
    return json.loads((FOLDER / "hosts.json").read_text(encoding="utf-8"))


def test_volume_weights_average_over_the_sphere():
    x, w = relative_mesh(), volume_weights()
    assert (x[0], x[-1], len(x)) == (0.0, 1.0, POINTS)
    assert (np.diff(x) > 0).all()
    for power in (0, 1, 2, 4):
        assert w @ x**power == pytest.approx(3 / (3 + power), rel=3e-3)  # <x^p> = 3 ∫ x^(p+2) dx


def test_the_atomic_start_misses_by_what_the_method_note_says(potentials):
    dv, shell = potentials.of("dv").truth("dv"), potentials.of("dv-shell").truth("dv-shell")
    rms = np.sqrt(dv**2 @ volume_weights())
    assert (rms.mean(), np.median(rms)) == pytest.approx((0.225, 0.206), abs=5e-4)
    assert np.sqrt(np.mean(rms**2)) == pytest.approx(0.255, abs=5e-4)
    assert np.sqrt(np.mean(shell**2 @ volume_weights())) == pytest.approx(0.012, abs=5e-4)
    assert (dv.shape, shell.shape) == ((594, POINTS), (688, POINTS))


def test_only_samples_with_the_target_are_taken(potentials):
    single, shell = potentials.of("dv"), potentials.of("dv-shell")
    assert {len(s.elements) for s in single.samples} == {1}
    assert {len(s.elements) for s in shell.samples} == {2}
    assert len(single) + len(shell) == len(potentials)
    assert all(s.elements[1] == s.host.partition("-")[0] for s in shell.samples)
    with pytest.raises(DataError, match="not every sample of deltav-elemental has a dv"):
        potentials.truth("dv")


def test_inputs_and_geometry_belong_to_the_sample(potentials, hosts):
    for sample in potentials.samples[::97]:
        row = potentials.table.iloc[potentials.index[sample.id]]
        host = hosts[row["geometry"].partition("-")[0]]
        assert sample.inputs["host_state"] == pytest.approx([host["r_ws_bohr"], host["fermi_energy_ry"]], rel=1e-6)
        assert sample.distance == pytest.approx(row["distance_bohr"] * 0.529177210544, abs=1e-3)
        assert sample.numbers[sample.impurities[0]] != 0
        gaps = np.linalg.norm(sample.positions - sample.positions[sample.impurities[0]], axis=1)
        assert np.sum(gaps < 1.2 * np.sort(gaps)[1]) - 1 == (14 if host["structure"] == "bcc" else 12)


@pytest.mark.parametrize("name", TASKS)
def test_both_curves_of_one_impurity_stay_together(name):
    task = load_task(name)
    orbit = {s.id: s.orbit for s in task.dataset.samples}
    tested = [sample for fold in task.split.folds for sample in fold.test]
    assert sorted(tested) == sorted(orbit)
    for fold in task.split.folds:
        assert not {orbit[s] for s in fold.train} & {orbit[s] for s in fold.test}


@pytest.mark.parametrize(("protocol", "what"), [("unseen-host", 1), ("unseen-impurity", 0)])
@pytest.mark.parametrize("target", ["dv", "dv-shell"])
def test_what_is_unseen_is_not_in_training(protocol, what, target):
    task = load_task(f"deltav-elemental/{target}/{protocol}")
    names = {s.id: (s.elements[0], s.host)[what] for s in task.dataset.samples}
    for fold in task.split.folds:
        assert not {names[s] for s in fold.train} & {names[s] for s in fold.test}
    training = task.training(0, "structure", 3)
    for train, valid in training.folds:
        labels = [(s.elements[0], s.host)[what] for s in training.samples]
        assert not {labels[k] for k in train} & {labels[k] for k in valid}


def test_both_targets_share_their_folds(potentials):
    split = load_split(potentials, "random-orbit")
    for target in ("dv", "dv-shell"):
        task = load_task(f"deltav-elemental/{target}/random-orbit")
        assert task.split.sha256 == split.sha256
        for part, whole in zip(task.split.folds, split.folds, strict=True):
            assert set(part.test) < set(whole.test)


def test_the_start_is_released_only_where_it_is_declared():
    task = load_task("deltav-elemental/dv/random-orbit")
    assert not task.test(0, "structure")[0].inputs
    assert set(task.test(0, "structure+start")[0].inputs) == {"start", "host_potential", "host_state"}


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("mesh_a", 0.02, "all curves of the suite lie on the mesh"),
        ("n_points", 350, "all curves of the suite lie on the mesh"),
        ("mesh_b", 1e-3, "the mesh of host Cu ends at"),
        ("r_ws_bohr", None, "host Cu has r_ws_bohr = None"),
        ("fermi_energy_ry", float("nan"), "host Cu has fermi_energy_ry = nan"),
    ],
)
def test_a_bad_host_is_named_with_its_field(hosts, field, value, message):
    hosts["Cu"][field] = value
    with pytest.raises(DataError, match=message):
        check_hosts(hosts, "hosts.json")


def test_a_host_that_is_no_element_is_named(hosts):
    hosts["Xx"] = hosts["Cu"]
    with pytest.raises(DataError, match=r"hosts.json: host 'Xx' is no chemical element"):
        check_hosts(hosts, "hosts.json")


def test_bad_curves_are_named_with_row_and_point():
    curves = np.zeros((3, POINTS))
    check_curves(curves, "a.npz: v")
    curves[1, 7] = np.nan
    with pytest.raises(DataError, match=r"a.npz: v is not finite in row 1, point 7"):
        check_curves(curves, "a.npz: v")
    with pytest.raises(DataError, match=r"a.npz: v has shape \(3, 300\), expected \(n, 349\)"):
        check_curves(curves[:, :300], "a.npz: v")


def test_a_truncated_file_is_named(tmp_path):
    (tmp_path / "curves.npz").write_bytes((FOLDER / "curves.npz").read_bytes()[:5000])
    with pytest.raises(DataError, match=r"curves.npz cannot be read as arrays"):
        named_array(tmp_path, "curves.npz:dv")


def test_a_host_crystal_has_its_volume(hosts):
    for name in ("Cu", "Cr", "Be"):
        host = elemental_host(name, hosts[name])
        volume = abs(np.linalg.det(host.cell)) / len(host.sites)
        assert np.cbrt(3 * volume / (4 * np.pi)) / 0.529177210544 == pytest.approx(hosts[name]["r_ws_bohr"], abs=1e-4)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("Mn-in-Ag,Ag,Mn-in-Ag,", "Mn-in-Ag,Ag,Co-in-Ag,", "has orbit 'Co-in-Ag'"),
        (",Mn,,", ",Nix,,", "names no chemical element"),
    ],
)
def test_a_bad_row_is_found(tmp_path, old, new, message):
    folder = shutil.copytree(FOLDER, tmp_path / "deltav-elemental")
    text = (folder / "samples.csv").read_text(encoding="utf-8")
    assert old in text
    (folder / "samples.csv").write_text(text.replace(old, new, 1), encoding="utf-8")
    card = (folder / "card.yaml").read_text(encoding="utf-8")
    hashes = [file_sha256(place / "samples.csv") for place in (FOLDER, folder)]
    (folder / "card.yaml").write_text(card.replace(*hashes), encoding="utf-8")
    with pytest.raises(DataError, match=message):
        validate(folder)


def committed_edition(out: Path) -> Path:
    """The raw rows that the committed dataset lists: later editions add rows and leave these as they are."""
    table = pd.read_csv(FOLDER / "samples.csv")
    listed = {(z, host, round(d, 6)) for z, host, d in zip(table["element_i"], table["geometry"].str.split("-").str[0], table["distance_bohr"], strict=True)}  # noqa: E501  # fmt: skip
    out.mkdir()
    for file in ("hosts.json", "hosts.npz"):
        shutil.copy(RAW / file, out)
    for file in ("impurities.npz", "neighbours.npz"):
        with np.load(RAW / file, allow_pickle=False) as arrays:
            raw = dict(arrays)
        distances = raw.get("distance_bohr", np.zeros(len(raw["z"])))
        keep = [(symbol(z), h, round(float(d), 6)) in listed for z, h, d in zip(raw["z"], raw["host"], distances, strict=True)]  # noqa: E501  # fmt: skip
        np.savez(out / file, **{name: a[keep] if a.ndim and len(a) == len(keep) else a for name, a in raw.items()})
    return out


@pytest.mark.skipif(not RAW.is_dir(), reason="the raw reference data are not here")
def test_the_build_script_gives_the_committed_bytes(tmp_path):
    raw = committed_edition(tmp_path / "raw")
    folder = tmp_path / "deltav-elemental"
    folder.mkdir()
    shutil.copy(FOLDER / "build.py", folder)
    subprocess.run([sys.executable, folder / "build.py", raw], check=True)
    for path in sorted(folder.iterdir()):
        assert file_sha256(path) == file_sha256(FOLDER / path.name), path.name


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("hosts.json", '"structure": "fcc"', '"structure": "bcc"', "geometry Ag has the host 'Ag' or a cell"),
        ("geometries.extxyz", "\nAg       2.04500000", "\nAg       2.54500000", r"geometry Ag: atom 2 \(Z = 47"),
        (
            "samples.csv",
            ",impurity,0,0,0,-1,0.0,",
            ",impurity,0,0,0,-1,5.0,",
            r"row 1 \(Si-in-Ag\) has distance_bohr = 5",
        ),
    ],
)
def test_structures_are_compared_with_the_hosts(tmp_path, file, old, new, message):
    folder = tmp_path / "set"
    shutil.copytree(FOLDER, folder)
    path, before = folder / file, file_sha256(FOLDER / file)
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    card = (folder / "card.yaml").read_text(encoding="utf-8")
    (folder / "card.yaml").write_text(card.replace(before, file_sha256(path)), encoding="utf-8")
    with pytest.raises(DataError, match=message):
        validate(folder)
