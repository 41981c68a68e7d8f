"""The contract lets a sound model pass, and each flaw is found by its own check and by no other."""

import pickle
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from jijbench.bundle.files import unsafe
from jijbench.targets import DIJ, DV, DV_SHELL
from jijbench.testing import bad, flawed, flawed_vectors
from jijbench.testing.checks import CHECKS
from jijbench.testing.contract import check_all
from jijbench.testing.sound import Sound, SoundVector
from jijbench.testing.subject import Subject

#: check → the shipped models that must fail it, and the limits they are given
FLAWS = {
    "card": [(flawed.OfNoKind, {})],
    "refuses": [(flawed.RefusesWithTrue, {})],
    "hypers": [(flawed.SwallowsHypers, {}), (flawed.WorksInInit, {})],
    "search": [(flawed.SpaceRaises, {}), (flawed.SuggestsStranger, {}), (flawed.DefaultOutsideSpace, {})],
    "fit": [(bad.Raising, {}), (flawed.ReturnsNothing, {}), (bad.Slow, {"seconds": 0.2}), (bad.Hungry, {})],
    "answer": [(bad.NotANumber, {}), (bad.WrongShape, {}), (bad.TooFew, {})],
    "deviation": [(flawed.NegativeDeviation, {})],
    "arrays": [(flawed.FlattensArrays, {})],
    "seed": [(flawed.GlobalNoise, {})],
    "batch": [(flawed.CentresBatch, {})],
    "order": [(flawed.SortsRows, {})],
    "rotation": [(flawed.ReadsFrame, {})],
    "translation": [(flawed.ReadsOrigin, {})],
    "permutation": [(flawed.ReadsAtomOrder, {})],
    "naming": [(flawed.ReadsNaming, {})],
    "unseen": [(flawed.ShortTable, {})],
    "outside": [(flawed.StumblesOutside, {})],
    "learns": [(bad.Zeros, {})],
    "few": [(flawed.NeedsFive, {})],
    "constant": [(flawed.DividesBySpread, {})],
    "moments": [(flawed.DividesByMoment, {})],
    "folds": [(flawed.NeedsEveryRow, {})],
    "out_of_fold": [(flawed.Peeks, {})],
    "save": [(flawed.ForgetsState, {}), (flawed.SavesPickle, {}), (flawed.SavesAgainstItsWord, {})],
    "inputs": [(flawed.CentresInPlace, {})],
    "owns": [(flawed.KeepsReference, {})],
    "tidy": [(flawed.WritesHere, {})],
    "cost": [(flawed.Sluggish, {"seconds": 0.3}), (flawed.Hoards, {"memory_mib": 60})],
    "vector_answer": [(flawed_vectors.VectorOfOne, {})],
    "vector_rotation": [(flawed_vectors.VectorByTheAxes, {}), (flawed_vectors.PolarVector, {})],
    "vector_translation": [(flawed_vectors.VectorFromTheOrigin, {})],
    "vector_permutation": [(flawed_vectors.VectorByAtomOrder, {})],
    "vector_naming": [(flawed_vectors.VectorWithoutSign, {})],
    "vector_learns": [(flawed_vectors.OtherConvention, {})],
}
CASES = [(check, model, limits) for check, models in FLAWS.items() for model, limits in models]


@pytest.fixture(scope="module", autouse=True)
def warm():
    """Packages are loaded once beforehand: it is models that the alarm is for."""
    check_all(Subject(Sound))


def failed(subject: Subject) -> list[str]:
    return [outcome.check for outcome in check_all(subject) if outcome.status == "failed"]


def test_a_sound_model_passes_everything():
    assert {outcome.status for outcome in check_all(Subject(SoundVector))} == {"passed"}


def test_a_model_whose_numbers_nothing_turns_is_not_asked_for_vectors():
    excused = {outcome.check: outcome.reason for outcome in check_all(Subject(Sound)) if outcome.status != "passed"}
    assert set(excused) == {check.__name__ for check in CHECKS if check.__name__.startswith("vector_")}
    assert set(excused.values()) == {"Sound has no vectors that turn with the crystal, as dij does"}


def test_a_model_may_be_asked_for_vectors_alone():
    found = {outcome.check: outcome.status for outcome in check_all(Subject(SoundVector, target=DIJ))}
    assert {name for name, status in found.items() if status != "passed"} == {
        "arrays", *(name for name in found if name.startswith("vector_"))
    }  # fmt: skip
    assert failed(Subject(flawed_vectors.PolarVector, target=DIJ)) == ["rotation"]


def test_every_check_has_a_model_that_must_fail_it():
    assert list(FLAWS) == [check.__name__ for check in CHECKS]


@pytest.mark.parametrize(("check", "model", "limits"), CASES, ids=[f"{c}-{m.__name__}" for c, m, _ in CASES])
def test_each_flaw_is_found_by_its_own_check_alone(check, model, limits):
    assert failed(Subject(model, **limits)) == [check]


#: checks of which the flaw shows in curves of neighbours too; the others look at J alone, or before there are data
OF_CURVES = (
    "deviation", "seed", "batch", "order", "rotation", "translation", "permutation", "unseen", "outside", "few",
    "folds", "out_of_fold", "save", "inputs", "owns", "tidy",
)  # fmt: skip


@pytest.mark.parametrize("check", OF_CURVES)
def test_flaws_are_found_in_models_of_curves_too(check):
    model, limits = FLAWS[check][0]
    assert failed(Subject(model, target=DV_SHELL, **limits)) == [check]


def test_a_sound_model_of_curves_passes_what_it_is_asked():
    for target in (DV, DV_SHELL):
        found = {o.check: o.status for o in check_all(Subject(Sound, target=target))}
        vectors = {name for name in found if name.startswith("vector_")}
        assert {name for name, status in found.items() if status != "passed"} == {
            "arrays",
            "naming",
            "moments",
            *vectors,
        }


def test_files_that_can_run_code_are_told_from_those_that_cannot(tmp_path):
    (tmp_path / "hidden.bin").write_bytes(pickle.dumps({"a": 1}))
    (tmp_path / "module.py").write_text("")
    np.savez(tmp_path / "objects.npz", a=np.array([{}], dtype=object))
    with zipfile.ZipFile(tmp_path / "weights.zip", "w") as archive:
        archive.writestr("weights/data.pkl", b"")
    np.savez(tmp_path / "numbers.npz", a=np.arange(3))
    np.save(tmp_path / "numbers.npy", np.arange(3.0))
    (tmp_path / "adapter.json").write_text("{}")
    found = {path.name for path in tmp_path.iterdir() if unsafe(path)}
    assert found == {"hidden.bin", "module.py", "objects.npz", "weights.zip"}


#: each shipped flaw before the check that is meant for it, limits of time and memory apart; prints what passed
OPTIMISED = """
import pickle, sys
from jijbench.testing.checks import CHECKS
from jijbench.testing.contract import perform
from jijbench.testing.subject import Subject
checks = {check.__name__: check for check in CHECKS}
for name, model in pickle.loads(bytes.fromhex(sys.argv[1])):
    try:
        perform(checks[name], Subject(model))
    except Exception:
        continue
    print(name, model.__name__)
print(__debug__)
"""


def test_flaws_are_found_by_an_optimised_python_too():
    cases = pickle.dumps([(check, model) for check, model, limits in CASES if not limits and model is not bad.Hungry])
    done = subprocess.run([sys.executable, "-O", "-c", OPTIMISED, cases.hex()], capture_output=True, text=True)
    assert done.stdout == "False\n", done.stderr
