"""``jijbench export spin`` and ``jijbench spin``, as a user calls them."""

import importlib.util
import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import jijbench.spin.llg
import jijbench.spin.tc
from jijbench.cli import cli
from jijbench.cli._alloy import assignments, numbers
from jijbench.errors import ExportError
from jijbench.spin.binder import NoCrossing
from jijbench.spin.llg import RunFailed


def call(*args: str):
    return CliRunner().invoke(cli, list(args))


def test_export_writes_a_folder(tmp_path):
    out = tmp_path / "alloy"
    result = call("export", "spin", "-c", "Cr=0.1", "-c", "V=0.05", "--shells", "1-10", "--supercell", "6", "6", "1", str(out))  # noqa: E501  # fmt: skip
    assert result.exit_code == 0, result.output
    assert {path.name for path in out.iterdir()} == {"input.cfg", "pairs.txt", "export.json"}
    again = call("export", "spin", "-c", "Cr=0.1", str(out))
    assert isinstance(again.exception, ExportError)
    assert "not empty" in str(again.exception)


def test_export_reads_a_predicted_table(tmp_path):
    rows = {
        "element_i": "Cr",
        "element_j": "Cr",
        "shell": [1, 2],
        "distance_ang": [4.3853, 4.789],
        "jij_mev": [9.0, 2.0],
    }
    pd.DataFrame(rows).assign(std_mev=0.1, domain=["inside", "shell 2 outside 1–1"]).to_csv(
        tmp_path / "predicted.csv", index=False
    )
    result = call("export", "spin", "--code", "uppasd", "--exchange", str(tmp_path / "predicted.csv"), "-c", "Cr=0.1",
                  "--moment", "Cr=3.5", str(tmp_path / "out"))  # fmt: skip
    assert result.exit_code == 0, result.output
    card = json.loads((tmp_path / "out" / "export.json").read_text())
    assert (card["moments_mub"], card["shells"]) == ({"Cr": 3.5}, [1, 2])
    assert "warning: 1 couplings come from outside the model's training: shell 2 outside 1–1" in result.output


@pytest.mark.parametrize("group", ["export", "spin"])
def test_subcommands_have_help(group):
    commands = cli.get_command(None, group).list_commands(None)
    assert (
        {"spin"} <= set(commands) if group == "export" else {"tc", "run", "monte-carlo", "downstream"} <= set(commands)
    )
    for name in commands:
        result = call(group, name, "--help")
        assert result.exit_code == 0, result.output
    assert call(group, "nonsense").exit_code == 2


def test_tc_prints_what_counts_and_warns(tmp_path):
    result = call(
        "spin", "tc", "-c", "0.1", "--element", "Cr", "--element", "Mn", "--element", "V", str(tmp_path / "tc")
    )
    assert result.exit_code == 0, result.output
    assert "6 of 6 combinations" in result.output
    assert "warning: fewer than 2.7 neighbours with |J| >= 1 meV" in result.output
    table = pd.read_csv(tmp_path / "tc" / "tc.csv")
    assert table.loc[(table["element_i"] == "Cr") & (table["element_j"] == "Cr"), "tc_k"].iloc[0] == pytest.approx(125.7, abs=0.1)  # noqa: E501  # fmt: skip
    assert (tmp_path / "tc" / "tc.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.skipif(importlib.util.find_spec("spirit") is None, reason="spirit is not installed (extra `spin`)")
def test_run_gives_magnetisation_against_temperature(tmp_path):
    out = tmp_path / "llg"
    result = call("spin", "run", "-c", "Cr=0.1", "--supercell", "6", "6", "1", "-T", "5", "150", "3", "--samples", "4",
                  "--stride", "50", "--warm-up", "500", str(out))  # fmt: skip
    assert result.exit_code == 0, result.output
    table = pd.read_csv(out / "magnetisation.csv")
    assert table["temperature"].tolist() == [5.0, 77.5, 150.0]
    assert table["magnetisation"].is_monotonic_decreasing
    assert {"input.cfg", "pairs.txt", "export.json", "magnetisation.png"} <= {path.name for path in out.iterdir()}


def test_monte_carlo_writes_its_estimates(tmp_path):
    out = tmp_path / "mc"
    result = call("spin", "monte-carlo", "-c", "Cr=0.4", "--supercell", "6", "6", "1", "--supercell", "12", "12", "2",
                  "-T", "200", "500", "3", "--sweeps", "80", "--realisations", "2", str(out))  # fmt: skip
    assert result.exit_code == 0, result.output
    facts = json.loads((out / "tc.json").read_text())
    assert facts["tc_k"] < facts["mean_field_k"]
    assert "beside it: mean field" in result.output


def mc(out, *more, temperatures=("200", "500", "3")):
    return call("spin", "monte-carlo", "-c", "Cr=0.4", "--supercell", "6", "6", "1", "--supercell", "8", "8", "1",
                "-T", *temperatures, "--sweeps", "40", "--realisations", "2", "--shells", "1-3", *more,
                str(out))  # fmt: skip


def test_sweeps_are_kept_where_the_cumulants_do_not_cross(tmp_path):
    out = tmp_path / "mc"
    result = mc(out, temperatures=("2000", "3000", "3"))
    assert isinstance(result.exception, NoCrossing)
    assert f"what was sampled is in {out}" in str(result.exception)
    assert "[4/4] 8x8x1, seed 1" in result.output  # progress, also where there is no terminal
    assert {path.name for path in out.iterdir()} == {"samples.csv", "cumulants.csv", "cumulants.png", "tc.json"}
    facts = json.loads((out / "tc.json").read_text())
    assert (facts["tc_k"], facts["error_k"]) == (None, None)
    assert "do not cross between 2000.0 and 3000.0 K" in facts["tc_note"]
    samples, curves = pd.read_csv(out / "samples.csv"), pd.read_csv(out / "cumulants.csv")
    assert len(samples) == 2 * 2 * 10 * 3
    means = samples.groupby(["supercell", "temperature"])[["m2", "m4"]].mean()
    for cell in ("6x6x1", "8x8x1"):  # the cumulants follow from what was kept
        part = means.loc[cell]
        assert (1 - part["m4"] / (3 * part["m2"] ** 2)).to_numpy() == pytest.approx(curves[cell].to_numpy(), rel=1e-4)


@pytest.mark.parametrize("stop", [KeyboardInterrupt, MemoryError, SystemExit])
def test_finished_realisations_are_kept_whatever_ends_the_run(stop, tmp_path, monkeypatch):
    out, simulate = tmp_path / "mc", jijbench.spin.tc.simulate
    calls = []

    def third_fails(*args, **kwargs):
        calls.append(args)
        if len(calls) == 3:
            raise stop("in the middle")
        return simulate(*args, **kwargs)

    monkeypatch.setattr(jijbench.spin.tc, "simulate", third_fails)
    result = mc(out)
    assert result.exit_code != 0
    assert f"what was sampled until then is in {out}" in result.output
    samples = pd.read_csv(out / "samples.csv")
    assert set(zip(samples["supercell"], samples["seed"], strict=True)) == {("6x6x1", 0), ("6x6x1", 1)}
    assert json.loads((out / "tc.json").read_text())["tc_note"] == "in the middle"


def test_sweeps_are_kept_where_an_estimate_beside_them_fails(tmp_path, monkeypatch):
    def fails(_):
        raise np.linalg.LinAlgError("no convergence")

    monkeypatch.setattr(jijbench.spin.tc, "_rpa", fails)
    result = mc(tmp_path / "mc")
    assert isinstance(result.exception, np.linalg.LinAlgError)
    assert len(pd.read_csv(tmp_path / "mc" / "samples.csv")) == 2 * 2 * 10 * 3


def test_nothing_is_written_where_nothing_was_sampled(tmp_path):
    result = call("spin", "monte-carlo", "-c", "Mn=0.2", "--supercell", "6", "6", "1", "--supercell", "8", "8", "1",
                  "-T", "10", "20", "2", str(tmp_path / "mc"))  # fmt: skip
    assert "no uniform order" in str(result.exception)
    assert not (tmp_path / "mc").exists()


@pytest.mark.skipif(importlib.util.find_spec("spirit") is None, reason="spirit is not installed (extra `spin`)")
def test_samples_of_spin_dynamics_are_kept_too(tmp_path, monkeypatch):
    lines = jijbench.spin.llg._lines

    def dies(folder):
        for k, line in enumerate(lines(folder)):
            if k == 5:
                raise RunFailed("Spirit ended with exit code 1: no message")
            yield line

    monkeypatch.setattr(jijbench.spin.llg, "_lines", dies)
    result = call("spin", "run", "-c", "Cr=0.1", "--supercell", "6", "6", "1", "-T", "5", "150", "3", "--samples", "4",
                  "--stride", "10", "--warm-up", "10", str(tmp_path / "llg"))  # fmt: skip
    assert isinstance(result.exception, RunFailed)
    assert "[1/3] 5 K" in result.output
    table = pd.read_csv(tmp_path / "llg" / "magnetisation.csv")
    assert table["samples"].tolist() == [4, 1]


@pytest.mark.parametrize(
    "words",
    [
        ("-T", "0", "10", "3"), ("-T", "20", "10", "3"), ("-T", "10", "20", "0"), ("-T", "10", "inf", "3"),
        ("-T", "nan", "20", "3"), ("-T", "10", "20", "3", "--sweeps", "5"),
        ("-T", "10", "20", "3", "--realisations", "0"),
    ],
)  # fmt: skip
def test_impossible_schedules_are_wrong_usage(words, tmp_path):
    assert call("spin", "monte-carlo", "-c", "Cr=0.4", *words, str(tmp_path / "mc")).exit_code == 2


def test_the_smaller_supercell_comes_first(tmp_path):
    result = call("spin", "monte-carlo", "-c", "Cr=0.4", "--supercell", "8", "8", "1", "--supercell", "6", "6", "1",
                  "-T", "10", "20", "2", str(tmp_path / "mc"))  # fmt: skip
    assert "give the smaller first" in str(result.exception)


def test_lists_on_the_command_line():
    assert assignments(("Cr=0.1", "V=0.05")) == {"Cr": 0.1, "V": 0.05}
    assert numbers("1-3,7") == [1, 2, 3, 7]
    assert numbers(None) is None
    for wrong in (("Cr",), ("Cr=much",), ("Cr=0.1", "Cr=0.2")):
        with pytest.raises(ExportError):
            assignments(wrong)
    with pytest.raises(ExportError, match="1-5,7"):
        numbers("all")
    with pytest.raises(ExportError, match="5-1"):  # backwards: nothing is dropped in silence
        numbers("2,5-1")
