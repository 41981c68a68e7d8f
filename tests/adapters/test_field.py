"""Models of curves: what each of them claims, on real curves. The contract is in ``test_contract.py``."""

from dataclasses import replace

import numpy as np
import pytest

from jijbench import adapters
from jijbench.adapters.field_regressor import as_pair, basis_of, weights_of
from jijbench.adapters.impurity_gp import ImpurityGp, site_name
from jijbench.data.potentials.lost_s_states import Odds
from jijbench.data.potentials.start import host_element
from jijbench.data.task import load_task
from jijbench.scores.metrics import curve_norms, projected
from jijbench.targets.mesh import volume_weights

#: those that know more of a curve than the impurity
MODELS = (
    "ace-field", "additive-curve", "alchemical-field", "coulomb-field", "host-mean", "impurity-gp", "jacobi-legendre",
    "nearest-impurity", "plain-gp", "soap-field",
)  # fmt: skip


def inputs_of(name: str) -> str:
    return "structure+start" if name == "impurity-gp" else "structure"


def some(target: str, inputs: str, part: str) -> tuple[list, np.ndarray]:
    """Every third sample of fold 0 with its curve."""
    task = load_task(f"deltav-elemental/{target}/random-orbit")
    samples = task.training(0, inputs, 1).samples if part == "train" else task.test(0, inputs)
    samples = samples[::3]
    return list(samples), task.dataset.truth(target)[task.dataset.rows(s.id for s in samples)]


_FITTED: dict[tuple[str, str], object] = {}


def fitted(name: str, target: str):
    if adapters.missing(name):
        pytest.skip(adapters.missing(name))
    if (name, target) not in _FITTED:
        samples, y = some(target, inputs_of(name), "train")
        kind = adapters.get(name)
        model = kind(target=load_task(f"deltav-elemental/{target}/random-orbit").target, **kind.cheap)
        _FITTED[name, target] = model.fit(samples, y)
    return _FITTED[name, target]


@pytest.mark.parametrize("name", MODELS)
def test_it_leaves_less_than_the_atomic_start(name):
    model, (asked, y) = fitted(name, "dv"), some("dv", inputs_of(name), "test")
    left = np.sum(curve_norms(model.predict(asked) - y, volume_weights()) ** 2)
    assert left < 0.3 * np.sum(curve_norms(y, volume_weights()) ** 2)


def test_the_basis_is_orthonormal_and_leaves_what_it_promises():
    _, y = some("dv", "structure", "train")
    basis, w = basis_of(y, 0.01), weights_of(349)
    assert (basis * w) @ basis.T == pytest.approx(np.eye(len(basis)), abs=1e-8)
    left = curve_norms(projected(y, basis, w) - y, w)
    assert np.sqrt(np.sum(left**2) / np.sum(curve_norms(y, w) ** 2)) <= 0.01
    assert len(basis_of(y, 0.3)) < len(basis)
    assert not basis_of(np.zeros((4, 349)), 0.01).any()


def test_inner_models_see_a_single_impurity_beside_its_nearest_host_atom():
    single = some("dv", "structure", "test")[0][0]
    pair = as_pair(single)
    gaps = np.linalg.norm(single.positions - single.positions[single.impurities[0]], axis=1)
    assert pair.elements == (single.elements[0], host_element(single))
    assert pair.distance == pytest.approx(np.sort(gaps)[1])
    shell = some("dv-shell", "structure", "test")[0][0]
    assert as_pair(shell) is shell


def test_the_lost_are_told_from_the_rest_on_the_data():
    """O 2s is counted twice in Zr and not in Sc, S 3s is lost in K and not in Li (u = E_F + level of the atom)."""
    model = fitted("impurity-gp", "dv")
    lost = {f"{e}-in-{site}" for (e, site), flag in zip(model.names_, model.lost_, strict=True) if flag}
    assert lost
    assert all(name.split("-")[0] in ("N", "O", "S", "Se", "Te", "P") for name in lost)
    p = Odds(*model.odds_, elements=model.element_odds_).probability(np.array([-0.4, 0.2]), ["O", "O"])
    assert p[0] > 0.9
    assert p[1] < 0.1


def test_a_host_atom_in_its_own_host_is_no_impurity():
    """Asked for the host's own element it answers V_host − V_atom, and no change in the neighbour's cell."""
    model, (asked, _) = fitted("impurity-gp", "dv"), some("dv", "structure+start", "test")
    sample = next(s for s in asked if host_element(s) == "Cu")
    own = replace(sample, elements=("Cu",))
    known = model.known(["Cu"], model.atoms, model.hosts)["Cu"]
    left = curve_norms(model.predict([own]) - known, volume_weights())[0]
    assert left < 0.15 * curve_norms(known[None], volume_weights())[0]
    shell, (asked, y) = fitted("impurity-gp", "dv-shell"), some("dv-shell", "structure+start", "test")
    own = [replace(s, elements=(host_element(s),) * 2) for s in asked[:5]]
    assert curve_norms(shell.predict(own), volume_weights()).max() < 0.3 * curve_norms(y, volume_weights()).mean()


def test_the_change_minus_the_start_is_the_correction():
    samples, y = some("dv", "structure+start", "train")
    model = ImpurityGp(target=load_task("deltav-elemental/dv/random-orbit").target, max_iter=8, predicts="change",
                       basis_error=1e-4).fit(samples[:120], y[:120])  # fmt: skip
    left = curve_norms(model.predict(samples[:120]) - y[:120], volume_weights()).mean()
    assert left < 0.5 * curve_norms(y[:120], volume_weights()).mean()
    assert site_name(samples[0]) == host_element(samples[0])
