"""Models that earlier releases saved are read, and answer as they did."""

from pathlib import Path

import numpy as np
import pytest

from jijbench import adapters
from jijbench.data.task import load_task, release

RELEASED = Path(__file__).with_name("released")


def asked(name: str) -> list:
    """The samples whose answers were kept with the model, which has not learned from them."""
    if name == "impurity-gp":
        return list(load_task("deltav-elemental/dv/random-orbit").training(0, "structure+start", 1).samples[::24][-6:])
    dataset = load_task("jij-bi2te3/jij/random-orbit").dataset
    rows = np.flatnonzero(dataset.magnetic & (dataset.table["shell"] <= 2).to_numpy())[::6]
    return list(release(tuple(dataset.samples[k] for k in rows), "structure")[-6:])


@pytest.mark.parametrize("name", ["pair-gp", "alchemical", "impurity-gp"])
def test_a_model_of_an_earlier_release_answers_as_it_did(name, tmp_path):
    if adapters.missing(name):
        pytest.skip(adapters.missing(name))
    model, answers = adapters.get(name).load(RELEASED / name), np.load(RELEASED / f"{name}.npy")
    np.testing.assert_allclose(model.predict(asked(name)), answers, rtol=1e-7, atol=1e-9)
    model.save(tmp_path / "again")
    again = type(model).load(tmp_path / "again")
    np.testing.assert_allclose(again.predict(asked(name)), answers, rtol=1e-7, atol=1e-9)
