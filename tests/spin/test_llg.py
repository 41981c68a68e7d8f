"""Spirit reads what is written and its dynamics gives the right equilibrium."""

import dataclasses
import importlib.util
import json
import subprocess
import sys

import numpy as np
import pytest

from jijbench.errors import MissingExtra
from jijbench.formats import spirit
from jijbench.formats.spins import SpinSystem
from jijbench.spin.heat_bath import simulate
from jijbench.spin.llg import RunFailed, Schedule, run_llg, standard_error
from jijbench.units import BOLTZMANN_MEV

HAS_SPIRIT = importlib.util.find_spec("spirit") is not None
needs_spirit = pytest.mark.skipif(not HAS_SPIRIT, reason="spirit is not installed (extra `spin`; Linux x86_64 only)")
ENERGIES = """
import json, sys
import numpy as np
from spirit import state, system
with state.State("input.cfg", quiet=True) as p:
    found = []
    for e in json.load(open("spins.json")):
        system.get_spin_directions(p)[:] = e
        system.update_data(p)
        found.append(system.get_energy(p))
print(json.dumps(found))
"""


@needs_spirit
def test_spirit_finds_the_energy_of_the_house_hamiltonian(alloy_system, tmp_path):
    """The engine itself, on random spins, with D on some pairs and images across the boundary."""
    rng = np.random.default_rng(3)
    dmi = rng.normal(size=alloy_system.dmi.shape) * (np.arange(len(alloy_system.i)) % 3 == 0)[:, None]
    system = dataclasses.replace(alloy_system, dmi=dmi)
    e = rng.normal(size=(3, len(system), 3))
    e /= np.linalg.norm(e, axis=2, keepdims=True)
    for name, text in spirit.texts(system).items():
        (tmp_path / name).write_text(text)
    (tmp_path / "spins.json").write_text(json.dumps(e.tolist()))
    done = subprocess.run([sys.executable, "-c", ENERGIES], cwd=tmp_path, capture_output=True, text=True, check=True)
    expected = [system.energy(one) for one in e]
    assert np.any(system.offset != 0)
    (found,) = (line for line in done.stdout.splitlines() if line.startswith("["))  # among what the engine itself says
    assert json.loads(found) == pytest.approx(expected, rel=1e-5, abs=1e-3)


@needs_spirit
def test_two_spins_have_the_exact_correlation():
    system = SpinSystem(
        50 * np.eye(3), np.array([[0, 0, 0], [0.1, 0, 0]]), ("Cr",), np.zeros(2, int), np.array([3.0, 2.0]),
        np.array([0]), np.array([1]), np.zeros((1, 3), int), np.array([[5.0, 0, 0]]), np.array([8.0]), np.zeros((1, 3)),
    )  # fmt: skip
    ticks: list[int] = []
    found = run_llg(system, [30.0, 100.0], Schedule(2000, 1500, 50, 5e-3), tell=lambda: ticks.append(1))
    k = 8.0 / (BOLTZMANN_MEV * found["temperature"].to_numpy())
    gap = np.abs(2 * found["energy"].to_numpy() + 8.0 * (1 / np.tanh(k) - 1 / k))
    assert np.all(gap < 5 * 2 * found["energy_error"].to_numpy())
    assert len(ticks) == 3000


@needs_spirit
def test_dynamics_and_monte_carlo_agree(alloy_system):
    temperatures = [20.0, 120.0]
    run = run_llg(alloy_system, temperatures, Schedule(4000, 60, 200, 2e-3), seed=1)
    mc = simulate(alloy_system, temperatures, sweeps=1500)
    error = np.hypot(run["energy_error"], mc.energy.std(0, ddof=1) / np.sqrt(10))
    assert np.all(np.abs(run["energy"] - mc.energy.mean(0)) < 5 * error)
    assert run["magnetisation"].iloc[0] > run["magnetisation"].iloc[1]


@needs_spirit
def test_a_run_that_dies_is_an_error(alloy_system):
    with pytest.raises(RunFailed):
        run_llg(alloy_system, [10.0], Schedule(warm_up="many", samples=1))  # type: ignore[arg-type]


def test_without_spirit_the_extra_is_named(alloy_system, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"\[spin\]"):
        run_llg(alloy_system, [10.0])


def test_standard_error_of_independent_values():
    values = np.random.default_rng(0).normal(size=4000)
    assert standard_error(values) == pytest.approx(1 / np.sqrt(4000), rel=0.6)
    assert standard_error(values[:1]) == 0.0
