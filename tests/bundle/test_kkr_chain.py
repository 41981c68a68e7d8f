"""From cards to start potentials: kkr ask, predict, export kkr, kkr steps, with hosts written from the data."""

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import jijbench
from jijbench.bundle.impurities import crystal_of
from jijbench.cli import cli
from jijbench.elements import atomic_number
from jijbench.errors import DataError, ExportError
from jijbench.formats.kkr_potential import Block, potential_text, read_blocks
from jijbench.kkr.start import core_states
from jijbench.units import BOHR_ANGSTROM


def block(element, about, v):
    title = f"{element + str(atomic_number(element)):<5}POTENTIAL                      exc: Vosko,Wilk,Nusair"
    numbers = [about[name] for name in ("r_mt_bohr", "lattice_constant_bohr", "r_mt_new_bohr")]
    return Block(
        title[:4] + " " + title[5:], *numbers, float(atomic_number(element)), about["r_ws_bohr"],
        about["fermi_energy_ry"], about["v_bc_ry"], about["mesh_a"], about["mesh_b"], core_states(element), v,
    )  # fmt: skip


def cluster_text(host, about):
    """``scoef`` of the first shell, as JuKKR counts it: units of the lattice constant."""
    alat = about["lattice_constant_bohr"]
    (around,) = crystal_of(host, about["structure"], alat, about["c_over_a"], False)
    steps = around.positions - around.positions[0]
    steps = steps / (alat * BOHR_ANGSTROM)
    length = np.linalg.norm(steps, axis=1)
    kept = [k for k in np.argsort(length, kind="stable") if length[k] < 1.2 * np.sort(length)[1]]
    rows = ["".join(f"{x:27.19E}" for x in steps[k]) + f"{1:5d}{about['z']:5.1f}{length[k]:17.9E}" for k in kept]
    return "\n".join([f"{len(kept):8d}", *rows]) + "\n"


@pytest.fixture(scope="module")
def hosts(tmp_path_factory):
    """Folder of converged hosts, and the cases: one in each kind of crystal."""
    folder = tmp_path_factory.mktemp("hosts")
    dataset = jijbench.load_dataset("deltav-elemental")
    described = json.loads((dataset.folder / "hosts.json").read_text())
    cases = [("Ag", "Rh"), ("Fe", "Ag"), ("Zn", None)]
    for k, (host, element) in enumerate(cases):
        about = described[host]
        sample = next(
            s for s in dataset.samples if s.host == host and len(s.elements) == 1 and element in (None, s.elements[0])
        )
        cases[k] = host, sample.elements[0]
        v_host = sample.inputs["host_potential"]
        (folder / host).mkdir()
        (folder / host / f"{host}_host.potential").write_text(potential_text([block(host, about, v_host)]))
        start = block(sample.elements[0], about, v_host + sample.inputs["start"])
        (folder / host / f"{sample.elements[0]}.start.potential").write_text(potential_text([start]))
        (folder / host / "scoef").write_text(cluster_text(host, about))
        (folder / host / "config.cfg").write_text("NSPIN= 1\n")
        for name in ("kkrflex_green", "kkrflex_tmat"):
            (folder / host / name).write_text("of the host\n")
    pd.DataFrame(cases, columns=["host", "impurity"]).to_csv(folder / "cases.csv", index=False)
    return folder, cases


def call(*words):
    result = CliRunner().invoke(cli, [str(word) for word in words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture(scope="module")
def predicted(hosts, bundles, tmp_path_factory):
    folder, out = hosts[0], tmp_path_factory.mktemp("predicted")
    call("kkr", "ask", "--cases", folder / "cases.csv", "--hosts", folder, out / "asked.npz")
    for name, file in (("impurity-gp", "dv.npz"), ("impurity-gp of neighbours", "dv-shell.npz")):
        call("predict", bundles(name).folder, out / "asked.npz", "-o", out / file)
    return out


def test_cards_ask_for_what_the_data_hold(hosts, bundles, predicted):
    described = json.loads((jijbench.load_dataset("deltav-elemental").folder / "hosts.json").read_text())
    with np.load(predicted / "asked.npz") as asked:
        for k, (host, _) in enumerate(hosts[1]):
            assert asked["structure"][k] == described[host]["structure"]
            assert asked["lattice_constant_bohr"][k] == pytest.approx(
                described[host]["lattice_constant_bohr"], rel=1e-5
            )
        assert asked["c_over_a"][2] == pytest.approx(described["Zn"]["c_over_a"], rel=1e-5)
    bundle = bundles("impurity-gp")
    with np.load(predicted / "dv.npz") as found:
        np.testing.assert_allclose(found["mean"][:1], bundle.predict(bundle.known.samples("Ag", "Rh")), atol=1e-5)
        assert found["domain"][0] == "inside"
        assert "Zn not in data" in found["domain"][2]


def test_a_prediction_for_two_spins_is_outside(predicted, bundles, tmp_path):
    with np.load(predicted / "asked.npz") as asked:
        assert asked["spins"].tolist() == [1, 1, 1]
        np.savez(tmp_path / "asked.npz", **{**asked, "spins": np.array([2, 1, 1])})
    for name in ("impurity-gp", "impurity-gp of neighbours"):
        call("predict", bundles(name).folder, tmp_path / "asked.npz", "-o", tmp_path / "dv.npz")
        with np.load(tmp_path / "dv.npz") as found:
            two = found["host"] == "Ag"
            assert set(found["domain"][two]) == {"two spins, the model is non-magnetic"}
            assert not any("two spins" in reason for reason in found["domain"][~two])


def test_start_potentials_of_every_crystal(hosts, predicted, tmp_path):
    folder, cases = hosts
    for host, element in cases:
        out = tmp_path / f"{element}-in-{host}"
        call("export", "kkr", "--impurity", predicted / "dv.npz", "--shell", predicted / "dv-shell.npz", "--host", host,
             "--element", element, "--start", folder / host / f"{element}.start.potential", "--cards", folder / host,
             out)  # fmt: skip
        found = read_blocks(out / "potential")
        (mine,), (start,) = (
            read_blocks(folder / host / f"{name}.potential") for name in (f"{host}_host", f"{element}.start")
        )
        with np.load(predicted / "dv.npz") as dv, np.load(predicted / "dv-shell.npz") as shell:
            correction = dv["mean"][(dv["host"] == host) & (dv["impurity"] == element)]
            changes = shell["mean"][(shell["host"] == host) & (shell["impurity"] == element)]
        np.testing.assert_allclose(found[0].v, start.v + correction[0], rtol=1e-9, atol=1e-8)
        assert len(found) == {"Ag": 13, "Fe": 15, "Zn": 13}[host]
        assert len(changes) == {"Ag": 1, "Fe": 2, "Zn": 2}[host]
        for other in found[1:]:  # every neighbour is changed, by one of the predicted curves
            assert np.abs(other.v - mine.v - changes).max(axis=1).min() < 1e-8


def test_every_case_is_run_and_counted(hosts, predicted, tmp_path):
    from pathlib import Path

    folder, cases = hosts
    log = Path(__file__).parents[1] / "formats" / "kkr" / "log_learned.txt"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntest -s potential && test -s scoef && test -s config.cfg && cat {log}\n")
    program.chmod(0o755)
    words = ["kkr", "steps", "--program", program, "--cases", folder / "cases.csv", "--hosts", folder, "--impurity",
             predicted / "dv.npz", "--shell", predicted / "dv-shell.npz", tmp_path / "out"]  # fmt: skip
    said = call(*words)
    assert f"[9/9] {cases[2][1]} in Zn, impurity+shell: 19 steps, converged" in said
    saved = pd.read_csv(tmp_path / "out" / "savings.csv")
    assert list(saved["n"]) == [3, 3]
    assert list(saved["saved"]) == [0.0, 0.0]
    program.unlink()  # what is done is not run again
    before = (tmp_path / "out" / "steps.csv").read_bytes()
    assert "[" not in call(*words)
    assert (tmp_path / "out" / "steps.csv").read_bytes() == before


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("host,impurity\nAg,Xx\n", r"cases\.csv: row 1 .*impurity is 'Xx'"),
        ("host,impurity\nAg,Rh\nAg,Rh\n", r"row 2 .*names Rh in Ag, which stands there twice"),
        ("host,z\nAg,45\n", r"lacks the columns \['impurity'\]"),
        ("host,impurity\nAg,Pd\n", r"Pd in Ag: .*Pd\.start\.potential"),
    ],
)
def test_other_cases_are_refused(text, complaint, hosts, tmp_path):
    (tmp_path / "cases.csv").write_text(text)
    words = [
        "kkr",
        "ask",
        "--cases",
        str(tmp_path / "cases.csv"),
        "--hosts",
        str(hosts[0]),
        str(tmp_path / "asked.npz"),
    ]
    with pytest.raises((DataError, ExportError), match=complaint):
        CliRunner().invoke(cli, words, catch_exceptions=False)
    assert not (tmp_path / "asked.npz").exists()
