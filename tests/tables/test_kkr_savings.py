"""The estimate of KKR steps saved: what it is fitted to, what it says of known starts, and how often it is right."""

import numpy as np
import pandas as pd
import pytest

from jijbench.benchmark import load_benchmark
from jijbench.errors import DataError
from jijbench.tables import kkr_savings as steps
from jijbench.tables.kkr_savings import (
    Estimate,
    cases,
    fit,
    fitted,
    interval,
    recorded,
    runs,
    savings_line,
    savings_markdown,
    savings_table,
)
from jijbench.tables.results import load_results, official_folder


def official(protocol, *rows):
    benchmark = load_benchmark("full")
    tasks = [f"deltav-elemental/{target}/{protocol}" for target in ("dv", "dv-shell")]
    listed = [c for t in tasks for c in benchmark.cells((t,)) if c.row.row in rows]
    return load_results(benchmark, official_folder(), listed)


def made_up(truth: Estimate) -> pd.DataFrame:
    """Runs whose steps follow the law exactly."""
    table = runs().copy()
    return table.assign(saved=truth.saved(table))


def test_every_run_is_compared_with_the_codes_own_start():
    table = runs()
    own = table[table["start"] == "atomic"]
    assert (own["saved"] == 0).all()
    assert len(own) == table.groupby(["host", "z"]).ngroups == 64
    assert table["saved"].max() < 1


def test_the_fit_finds_a_law_that_the_runs_follow():
    truth = Estimate(3.0, 2e-4, 0.7)
    found = fit(made_up(truth))
    assert (found.shell, found.scale, found.least) == pytest.approx((3.0, 2e-4, 0.7), rel=1e-3)


def test_the_estimate_is_near_the_means_of_the_graded_starts():
    table = runs()
    for key, part in table[table["start"].isin(steps.GRADED)].groupby(["start", "a", "b"]):
        assert recorded().estimate.saved(part).mean() == pytest.approx(part["saved"].mean(), abs=0.06), key


def test_learned_starts_of_hosts_left_out_are_estimated_without_them():
    table = runs()
    model = fitted(table)
    assert len(model.without) == len(model.gaps) == table["host"].nunique()
    host = sorted(set(table["host"]))[0]
    part = table[(table["host"] == host) & table["start"].isin(steps.LEARNED)]
    estimate = fit(table[table["host"] != host])
    assert model.gaps[0] == pytest.approx((part["saved"] - estimate.saved(part)).mean())


def test_a_better_start_saves_more_and_the_own_start_nothing():
    line = {"atomic_impurity": 0.2, "atomic_shell": 0.01}
    starts = ((0.2, 0.01), (0.02, 0.01), (0.02, 0.001), (0.0, 0.0))
    table = pd.DataFrame([line | {"err_impurity_ry": a, "err_shell_ry": b} for a, b in starts])
    saved = recorded().estimate.saved(table)
    assert saved[0] == 0
    assert (np.diff(saved) > 0).all()
    assert 0.8 < saved[-1] < 1


def test_the_interval_holds_the_real_mean_of_hosts_that_were_left_out():
    """Learned starts of a third of the hosts, the estimate from the others: at least nine times in ten."""
    table, rng = runs(), np.random.default_rng(0)
    hosts, held = np.array(sorted(set(table["host"]))), []
    for _ in range(30):
        out = rng.choice(hosts, 12, replace=False)
        tested = table[table["host"].isin(out) & (table["start"] == "gp_shell")]
        low, high = interval(fitted(table[~table["host"].isin(out)]), tested, cases=len(tested))
        held.append(low <= tested["saved"].mean() <= high)
    assert np.mean(held) >= 0.9


def test_an_interval_that_knows_only_sampling_would_be_too_narrow():
    """What the wide interval is for: without the gaps of real runs it holds less than it says."""
    table, rng = runs(), np.random.default_rng(0)
    hosts, held = np.array(sorted(set(table["host"]))), []
    for _ in range(30):
        out = rng.choice(hosts, 12, replace=False)
        tested = table[table["host"].isin(out) & (table["start"] == "gp_shell")]
        saved = fit(table[~table["host"].isin(out)]).saved(tested)
        half = 2 * saved.std(ddof=1) / np.sqrt(len(saved))
        held.append(abs(saved.mean() - tested["saved"].mean()) <= half)
    assert np.mean(held) < 0.9


def test_errors_of_a_case_are_those_of_its_curves():
    results = official("random-orbit", "plain-gp")
    tasks = [f"deltav-elemental/{target}/random-orbit" for target in ("dv", "dv-shell")]
    impurity, shell = (results.pooled(task, "plain-gp")[0] for task in tasks)
    table = cases(impurity, shell)
    assert len(table) == 404
    orbit = table.index[7]
    around = np.array([s.orbit == orbit for s in (shell.task.dataset.samples[k] for k in shell.rows)])
    volume = shell.task.target.volume
    counts = shell.table["multiplicity"].to_numpy()[around]
    squares = (shell.mean - shell.truth)[around] ** 2 @ volume
    assert table["err_shell_ry"].iloc[7] == pytest.approx(np.sqrt(np.average(squares, weights=counts)))


def test_the_own_start_saves_nothing_and_a_missing_part_is_a_reason():
    results = official("random-orbit", "zero", "plain-gp", "gap")
    table = savings_table(results).set_index("row").loc[lambda t: t["protocol"] == "random-orbit"]
    assert table.loc["zero", ["saved", "low", "high"]].tolist() == [0, 0, 0]
    assert table.loc["gap", "reason"] == "no predictions of dv and dv-shell"
    line = table.loc["plain-gp"]
    assert line["low"] < line["saved"] < line["high"]
    assert line["saved_impurity_only"] < line["saved"]
    text = savings_markdown(results, "random-orbit")
    assert "An estimate" in text
    assert "| plain-gp |" in text


def test_it_stands_on_the_leaderboard():
    from jijbench.tables.leaderboard import leaderboard

    results = official("random-orbit", "plain-gp")
    table = leaderboard(results).set_index("task")
    pooled = [results.pooled(f"deltav-elemental/{t}/random-orbit", "plain-gp") for t in ("dv", "dv-shell")]
    assert table.loc["deltav-elemental/dv/random-orbit", "steps_saved"] == pytest.approx(savings_line(*pooled)["saved"])
    assert table.loc["deltav-elemental/dv-shell/random-orbit", "steps_saved"] is None


def test_changed_data_are_refused(tmp_path, monkeypatch):
    import shutil

    from jijbench.context import home

    copy = shutil.copytree(home("datasets") / "kkr-steps", tmp_path / "kkr-steps")
    (copy / "runs.csv").write_text((copy / "runs.csv").read_text().replace(",16,", ",15,", 1))
    monkeypatch.setattr(steps, "home", lambda _: tmp_path)
    runs.cache_clear()
    try:
        with pytest.raises(DataError, match=r"is not what about\.yaml says"):
            runs()
    finally:
        runs.cache_clear()
