"""A bundle gives back what was refitted, says what it knows, and refuses what it cannot answer."""

import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import jijbench
from jijbench import adapters
from jijbench.benchmark import Budget, Row, load_benchmark
from jijbench.bundle.export import all_data, export_bundle, refit
from jijbench.data.task import load_task, release
from jijbench.errors import DataError, JijbenchError, NotPortable
from jijbench.runner.scoring import inner_score
from jijbench.runner.tuning import tune
from jijbench.tables.results import official_folder

QUICK = Budget(trials=0, inner_folds=1, score_fixed=False)
#: as in conftest
ROWS = (
    "low-rank", "pair-gp", "pair-gp+moments", "soap-pair", "plain-gp", "impurity-gp", "impurity-gp of neighbours",
)  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
def test_a_bundle_predicts_what_the_refitted_model_does(name, fitted, bundles):
    task, _, made = fitted(name)
    bundle = bundles(name)
    samples = task.dataset.samples
    expected = made.model.predict(made.training.samples)
    np.testing.assert_allclose(bundle.predict(samples), expected, rtol=1e-6, atol=1e-9)
    assert set(bundle.domain(samples)) == {"inside"}
    if bundle.card.gives_std:
        std = made.model.predict_std(made.training.samples)[1]
        np.testing.assert_allclose(bundle.predict_std(samples)[1], std, rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("name", ROWS)
def test_what_training_showed_is_given_back_better_than_by_the_mean(name, bundles, fitted):
    """A row a bundle was trained on comes back with its own sign and size, in the order asked."""
    task, _, made = fitted(name)
    mean, truth = bundles(name).predict(task.dataset.samples[::-1]), made.training.y[::-1]
    assert np.sqrt(np.mean((mean - truth) ** 2)) < 0.5 * np.sqrt(np.mean(truth**2))


def test_the_folder_holds_nothing_that_runs(bundles):
    for name in ROWS:
        endings = {path.suffix for path in bundles(name).folder.rglob("*") if path.is_file()}
        assert endings <= {".json", ".npz", ".csv", ".extxyz"}


def test_the_search_is_that_of_a_cell_on_all_data():
    """Same rule, budget, seed and adapter: the ledger of ``tune`` on all data, and no fold's training part."""
    task = load_task("jij-bi2te3/jij/random-orbit")
    training = all_data(task, "structure", 3)
    assert len(training.samples) == len(task.dataset) == 3022
    valid = np.concatenate([valid for _, valid in training.folds])
    assert len(set(valid.tolist())) == len(valid)  # orbits dealt by the protocol's rule, each left out once
    budget = QUICK.model_copy(update={"trials": 3, "inner_folds": 3})
    row = Row(row="mean", adapter="mean")
    made = refit(task, row, budget, 0)
    adapter, question = type(made.model), task.question("structure")
    hypers, _, ledger = tune(adapter, question, training, {}, budget, 0, lambda p: inner_score(task, training, p))
    assert made.hypers == hypers
    assert made.tuning.inner == ledger.inner
    np.testing.assert_allclose(made.model.predict(training.samples[:5]), task.dataset.truth("jij").mean())


def test_equal_samples_are_computed_once_and_batches_do_not_show(bundles, fitted, monkeypatch):
    bundle = bundles("pair-gp")
    samples = fitted("pair-gp")[0].dataset.samples
    many = [samples[k] for k in np.random.default_rng(0).integers(len(samples), size=500)]
    asked = []
    answer = type(bundle.model).predict
    monkeypatch.setattr("jijbench.bundle.model.BATCH", 7)
    monkeypatch.setattr(type(bundle.model), "predict", lambda self, s: (asked.append(len(s)), answer(self, s))[1])
    found = bundle.predict(many)
    assert max(asked) == 7
    assert sum(asked) == len(set(many))
    place = {id(s): k for k, s in enumerate(samples)}
    whole = answer(bundle.model, release(samples, "structure"))
    np.testing.assert_allclose(found, whole[[place[id(s)] for s in many]], rtol=1e-9)


def test_nothing_asked_is_nothing_answered(bundles):
    assert bundles("low-rank").predict([]).shape == (0,)
    assert bundles("plain-gp").predict([]).shape == (0, 349)


def test_an_answer_that_is_no_number_is_not_given(bundles, fitted, monkeypatch):
    bundle, samples = bundles("low-rank"), fitted("low-rank")[0].dataset.samples[:3]
    monkeypatch.setattr(type(bundle.model), "predict", lambda self, asked: np.array([1.0, np.nan, 2.0]))
    with pytest.raises(JijbenchError, match=f"no finite answer for {samples[1].id}"):
        bundle.predict(samples)


def test_the_card_says_what_a_user_must_know(bundles):
    card = bundles("pair-gp+moments").card
    assert card.convention.startswith("H = -1/2 sum_{i!=j} J_ij e_i.e_j")
    assert card.licence == {"data": "CC BY 4.0", "model": "MIT"}
    assert "arXiv:2407.04413" in card.citation["data"]
    assert card.units["jij"] == "meV"
    assert card.data_sha256 == {"jij-bi2te3": jijbench.load_dataset("jij-bi2te3").sha256}
    assert card.split_sha256 == load_task(card.task).split.sha256
    assert card.hypers == {"max_iter": 5}
    assert {"python", "numpy"} <= set(card.environment)
    assert card.training["mae_magnetic_of_seen_rows"] < 1.0


def test_a_model_without_a_deviation_says_so(bundles, fitted):
    with pytest.raises(JijbenchError, match="low-rank gives no standard deviation; use predict"):
        bundles("low-rank").predict_std(fitted("low-rank")[0].dataset.samples[:2])


def test_moments_that_are_not_known_are_asked_for(bundles):
    bundle = bundles("pair-gp+moments")
    with pytest.raises(DataError, match=r"moment of Os at Bi2 is not known.*--moments"):
        bundle.predict(bundle.known.grid(["Os"], [1]))
    given = replace(bundle, known=bundle.known.given({("Os", ""): 1.2}))
    assert np.isfinite(given.predict(given.known.grid(["Os", "Cr"], [1]))).all()


def test_a_moment_of_zero_switches_the_coupling_off(bundles):
    bundle = bundles("pair-gp+moments")
    off = bundle.known.given({("Mn", ""): 0.0})
    assert abs(bundle.predict(bundle.known.grid(["Mn"], [1]))[0]) > 0.1
    assert bundle.predict(off.grid(["Mn"], [1]))[0] == 0.0


def test_what_cannot_be_exported_is_refused_before_any_work(tmp_path):
    task = load_task("jij-bi2te3/jij/random-orbit")
    with pytest.raises(NotPortable, match="automl-geometry cannot be exported: AutoGluon saves pickles"):
        refit(task, Row(row="automl-geometry", adapter="automl"), QUICK, 0)
    with pytest.raises(DataError, match=r"plain-gp refuses .*predicts curves"):
        refit(task, Row(row="plain-gp", adapter="plain-gp"), QUICK, 0)
    with pytest.raises(DataError, match="trains on jij-bi2te3 and tests on jij-published-table"):
        refit(load_task("jij-published-table/jij/transfer"), Row(row="mean", adapter="mean"), QUICK, 0)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("mine")
    with pytest.raises(DataError, match="full exists and is not empty; nothing in it is overwritten"):
        export_bundle(task.id, tmp_path / "full", "mean")
    assert (tmp_path / "full" / "x").read_text() == "mine"
    assert len(list(tmp_path.iterdir())) == 1


def test_another_version_of_the_model_is_said(copied, monkeypatch):
    found = adapters.get("low-rank")
    monkeypatch.setattr(found, "version", found.version + 1)
    said = f"low-rank is {found.version}, at export {found.version - 1}; export it again to be sure of its numbers"
    with pytest.warns(UserWarning, match=said):
        jijbench.load_bundle(copied)


def test_a_model_that_does_not_come_back_is_not_exported(fitted, tmp_path, monkeypatch):
    from jijbench.bundle.export import write_bundle

    task, choice, made = fitted("low-rank")
    load = type(made.model).load.__func__

    def wrong(cls, folder):
        model = load(cls, folder)
        model._table.scale = model._table.scale * 1.001
        return model

    monkeypatch.setattr(type(made.model), "load", classmethod(wrong))
    with pytest.raises(DataError, match="read back predicts otherwise"):
        write_bundle(tmp_path / "b", task, choice, made)
    assert list(tmp_path.iterdir()) == []


def test_from_the_command_line(tmp_path):
    """A floor of the official benchmark, exported and asked, as a user does it."""

    def call(*args: str) -> subprocess.CompletedProcess:
        command = [sys.executable, "-m", "jijbench", *args]
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=120, check=False)

    asked = ["export", "bundle", "--task", "deltav-elemental/dv/unseen-host", "--row", "host-mean", "here/b"]
    made = call(*asked)
    assert made.returncode == 0, made.stderr
    assert "host-mean: as asked; by rmse it is number" in made.stderr
    assert "here/b: bundle" in made.stdout
    again = call(*["--adapter" if word == "--row" else word for word in asked])  # as the option was called
    assert again.returncode == 1
    assert "exists and is not empty" in again.stderr
    assert "Traceback" not in again.stderr
    scores = jijbench.load_bundle(tmp_path / "here/b").card.scores
    assert set(scores) == {f"deltav-elemental/dv/{name}" for name in ("random-orbit", "unseen-host", "unseen-impurity")}
    official = json.loads((official_folder() / "leaderboard.json").read_text())
    for line in official:
        if line["row"] == "host-mean" and line["task"] in scores:
            for name in ("rmse", "mae", "skill", "skill_floor"):
                assert scores[line["task"]][name] == pytest.approx(line[name], rel=1e-5)


def test_export_lists_its_subcommands_by_file():
    from click.testing import CliRunner

    from jijbench.cli import cli

    found = CliRunner().invoke(cli, ["export", "--help"])
    assert "bundle" in found.output
    assert CliRunner().invoke(cli, ["export", "nowhere"]).exit_code == 2


def test_full_has_the_rows_that_the_tests_shrink():
    known = {row.row for row in load_benchmark("full").rows}
    assert {name.split(" ")[0] for name in ROWS} <= known


def test_the_example_of_the_page_runs(bundles, tmp_path, monkeypatch, capsys):
    page = (Path(__file__).parents[2] / "docs" / "bundle.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
    monkeypatch.chdir(tmp_path)
    shutil.copytree(bundles("pair-gp+moments").folder, "jij-bundle")
    exec(compile(example, "bundle.md", "exec"), {})
    shown = capsys.readouterr().out
    assert "as the test asks" in shown
    assert "('Cr', 'Mn') 1 " in shown
    assert "Os" not in shown
    assert shown.rstrip().endswith("(100,)")


@pytest.mark.parametrize("name", ["low-rank", "plain-gp"])
def test_a_bundle_shows_itself_in_a_line_and_a_small_table(bundles, name):
    bundle = bundles(name)
    assert repr(bundle) == f"Bundle({name} for {bundle.card.task}, {bundle.sha256[:12]}, in {bundle.folder})"
    text = bundle._repr_html_()
    assert bundle.card.asked_target.unit in text
    assert ("shells" in text) == (name == "low-rank")
    assert len(text) < 3000
