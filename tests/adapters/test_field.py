"""Models of curves: what the contract asks of every adapter, on real curves; and what each of them claims."""

from dataclasses import replace

import numpy as np
import pytest

from jijbench import adapters
from jijbench.adapters.field_regressor import as_pair, basis_of, weights_of
from jijbench.adapters.impurity_gp import ImpurityGp, site_name
from jijbench.data.potentials.lost_s_states import Odds
from jijbench.data.potentials.start import host_element
from jijbench.data.task import INPUTS, Question, load_task
from jijbench.errors import UnknownElement
from jijbench.scores.metrics import curve_norms, projected
from jijbench.targets import JIJ
from jijbench.targets.mesh import volume_weights

MODELS = (
    "ace-field", "additive-curve", "alchemical-field", "coulomb-field", "host-mean", "impurity-gp", "impurity-mean",
    "jacobi-legendre", "mean-curve", "nearest-impurity", "plain-gp", "soap-field",
)  # fmt: skip
HYPERS = {"impurity-gp": {"max_iter": 8}, "jacobi-legendre": {"n_max": 6}}
SETTINGS = {"n_max": 3, "l_max": 2}
HYPERS |= {name: {"settings": SETTINGS} for name in ("soap-field", "alchemical-field")}


def inputs_of(name: str) -> str:
    return "structure+start" if name == "impurity-gp" else "structure"


def question(name: str, target: str) -> Question:
    return load_task(f"deltav-elemental/{target}/random-orbit").question(inputs_of(name))


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
        model = adapters.get(name)(
            target=load_task(f"deltav-elemental/{target}/random-orbit").target, **HYPERS.get(name, {})
        )
        _FITTED[name, target] = model.fit(samples, y)
    return _FITTED[name, target]


def test_every_model_of_curves_is_tested_here():
    curves = {name for name in adapters.names() if all(adapters.get(name).refuses(Question(JIJ, k)) for k in INPUTS)}
    assert curves == set(MODELS)


@pytest.mark.parametrize("name", MODELS)
def test_it_takes_curves_and_refuses_numbers_with_a_reason(name):
    assert adapters.get(name).refuses(question(name, "dv")) is None
    assert "jij" in adapters.get(name).refuses(Question(JIJ, inputs_of(name))) or name == "jacobi-legendre"


@pytest.mark.parametrize("target", ["dv", "dv-shell"])
@pytest.mark.parametrize("name", MODELS)
def test_answers_are_curves_that_depend_on_the_sample_alone(name, target):
    model, (asked, _) = fitted(name, target), some(target, inputs_of(name), "test")
    answer = model.predict(asked)
    assert answer.shape == (len(asked), 349)
    assert np.isfinite(answer).all()
    scale = np.abs(answer).max()
    alone = np.concatenate([model.predict([sample]) for sample in asked[:4]])
    assert np.abs(alone - answer[:4]).max() < 1e-7 * scale
    assert np.abs(model.predict(asked[::-1])[::-1] - answer).max() < 1e-7 * scale


@pytest.mark.parametrize("name", MODELS)
def test_an_impurity_and_a_host_never_seen_are_predicted(name):
    model, (asked, _) = fitted(name, "dv"), some("dv", inputs_of(name), "test")
    for element in ("Ga", "Lu"):
        try:
            answer = model.predict([replace(asked[0], elements=(element,))])
        except UnknownElement:  # a table of its own may end before
            continue
        assert np.isfinite(answer).all()


@pytest.mark.parametrize("name", MODELS)
def test_saved_and_loaded_it_answers_the_same(name, tmp_path):
    model, (asked, _) = fitted(name, "dv"), some("dv", inputs_of(name), "test")
    model.save(tmp_path / "model")
    assert not list((tmp_path / "model").rglob("*.pkl"))
    again = type(model).load(tmp_path / "model").predict(asked)
    assert np.abs(again - model.predict(asked)).max() < 1e-6 * np.abs(again).max()


@pytest.mark.parametrize("name", [m for m in MODELS if m not in ("mean-curve", "impurity-mean")])
def test_it_leaves_less_than_the_atomic_start(name):
    model, (asked, y) = fitted(name, "dv"), some("dv", inputs_of(name), "test")
    left = np.sum(curve_norms(model.predict(asked) - y, volume_weights()) ** 2)
    assert left < 0.3 * np.sum(curve_norms(y, volume_weights()) ** 2)


@pytest.mark.parametrize("name", ["jacobi-legendre", "soap-field", "impurity-gp", "coulomb-field"])
def test_turning_the_crystal_changes_nothing(name):
    model, (asked, _) = fitted(name, "dv"), some("dv", inputs_of(name), "test")
    turn = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))[0]
    moved = [
        replace(s, geometry=replace(s.geometry, positions=s.positions @ turn.T, cell=s.geometry.cell @ turn.T))
        for s in asked
    ]
    assert np.abs(model.predict(moved) - model.predict(asked)).max() < 1e-3 * np.abs(model.predict(asked)).max()


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
