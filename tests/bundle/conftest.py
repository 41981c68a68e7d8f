"""Small bundles: real rows refitted on a part of the data, by the code that refits the whole."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from jijbench.benchmark import Budget, Row
from jijbench.bundle.choose import Choice
from jijbench.bundle.export import Fitted, refit, write_bundle
from jijbench.bundle.model import Bundle, load_bundle
from jijbench.data.task import Task, load_task

ELEMENTS, SHELLS = {"V", "Cr", "Mn", "Fe", "Sc"}, {1, 2, 3, 6}
HOSTS, IMPURITIES = {"Ag", "Al", "Cu", "Fe"}, {"Al", "Cu", "Fe", "Mn", "Zn", "Ag", "Rh"}
QUICK = Budget(trials=0, inner_folds=1, score_fixed=False)
#: row of ``full`` → task, and fixed hypers that make it quick
ROWS = {
    "low-rank": ("jij-bi2te3/jij/random-orbit", {}),
    "pair-gp": ("jij-bi2te3/jij/random-orbit", {"max_iter": 5}),
    "pair-gp+moments": ("jij-bi2te3/jij/random-orbit", {"max_iter": 5}),
    "soap-pair": ("jij-bi2te3/jij/random-orbit", {"max_iter": 5, "n_max": 2, "l_max": 1, "r_cut": 6.0}),
    "plain-gp": ("deltav-elemental/dv/random-orbit", {}),
    "impurity-gp": ("deltav-elemental/dv/random-orbit", {"max_iter": 3}),
    "impurity-gp of neighbours": ("deltav-elemental/dv-shell/random-orbit", {"max_iter": 3}),
}
INPUTS = {"pair-gp+moments": "structure+moments", "impurity-gp": "structure+start"}


def part(name: str) -> Task:
    """A task with the samples of a few elements, shells and hosts."""
    task = load_task(name)
    data, table = task.dataset, task.dataset.table
    if task.target.volume is not None:
        hosts = np.array([s.host in HOSTS for s in data.samples])
        keep = table["element_i"].isin(IMPURITIES) & hosts
    else:
        keep = table["element_i"].isin(ELEMENTS) & table["element_j"].isin(ELEMENTS) & table["shell"].isin(SHELLS)
    rows = np.flatnonzero(keep)
    small = replace(data, table=table.iloc[rows].reset_index(drop=True), samples=tuple(data.samples[k] for k in rows))
    return Task(small, task.target, task.split.only(small.index))


@pytest.fixture(scope="session")
def fitted() -> Callable[[str], tuple[Task, Choice, Fitted]]:
    """Row of ``ROWS`` → its task, choice and refitted model; each is made once."""
    made: dict[str, tuple[Task, Choice, Fitted]] = {}

    def make(name: str) -> tuple[Task, Choice, Fitted]:
        if name not in made:
            task, adapter = part(ROWS[name][0]), name.split("+")[0].split(" ")[0]
            inputs = INPUTS.get(name.split(" ")[0], "structure")
            row = Row(row=name.replace(" ", "-"), adapter=adapter, inputs=inputs, fixed=ROWS[name][1])
            choice = Choice(row, QUICK, 0, "as the test asks", {task.id: {"rmse": 1.0}})
            made[name] = task, choice, refit(task, row, QUICK, 0)
        return made[name]

    return make


@pytest.fixture(scope="session")
def bundles(fitted, tmp_path_factory) -> Callable[[str], Bundle]:
    """Row of ``ROWS`` → its bundle, written once; not to be changed."""
    folder = tmp_path_factory.mktemp("bundles")

    def make(name: str) -> Bundle:
        path = folder / name.replace(" ", "-")
        if not path.exists():
            write_bundle(path, *fitted(name))
        return load_bundle(path)

    return make


@pytest.fixture
def copied(bundles, tmp_path) -> Path:
    """A bundle that a test may damage."""
    import shutil

    return Path(shutil.copytree(bundles("low-rank").folder, tmp_path / "bundle"))
