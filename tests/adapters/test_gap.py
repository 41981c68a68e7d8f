"""GAP: the program it runs, what must not change its answers, what it knows, and what it leaves behind."""

import os
import shutil
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from jijbench import adapters
from jijbench.adapters import _gap_fit
from jijbench.adapters._gap_fit import ProgramError, energies, find, run
from jijbench.adapters.gap import Gap, in_a_row, learned_rows
from jijbench.context import context
from jijbench.data.sample import Sample
from jijbench.data.task import Question
from jijbench.errors import DataError, MissingExtra, UnknownElement
from jijbench.targets import DIJ, JIJ

needs_quippy = pytest.mark.skipif(adapters.missing("gap") is not None, reason=f"gap {adapters.missing('gap')}")

SPIN = {"V": 1.0, "Cr": 2.0, "Mn": 2.5, "Fe": 2.0, "Zn": 0.0}
SMALL = {"n_sparse": 60, "n_max": 5, "noise": 0.1}
#: a program that starts another, as the console script does, and waits for it
STARTS_ANOTHER = ["/bin/sh", "-c", "sleep 60 & echo $! > pid; wait"]


@pytest.fixture(scope="module")
def taught(toy_table):
    """Samples, their J, and a small GAP that has learned from them."""
    samples = toy_table(list(SPIN), [3.0, 4.0, 5.0, 7.0])
    y = np.array([SPIN[a] * SPIN[b] * np.cos(s.distance) for s in samples for a, b in [s.elements]])
    return samples, y, Gap(**SMALL).fit(samples, y)


def _moved(sample: Sample, order=None, **changes) -> Sample:
    g = sample.geometry
    if order is not None:
        sites = tuple(int(np.flatnonzero(order == site)[0]) for site in g.sites)
        changes |= {"numbers": g.numbers[order], "positions": g.positions[order], "sites": sites}
    return replace(sample, geometry=replace(g, **changes))


def _ended(pid: int) -> bool:
    """Whether a process is gone, or is a zombie that nobody has asked about."""
    for _ in range(100):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.02)
    return False


@needs_quippy
def test_it_learns(taught):
    samples, y, model = taught
    assert np.abs(model.predict(samples) - y).mean() < 0.3 * np.abs(y).mean()


@needs_quippy
def test_the_same_seed_gives_the_same_numbers(taught):
    samples, y = taught[0][::2], taught[1][::2]
    few = SMALL | {"n_sparse": 20}
    first, second = (Gap(**few).fit(samples, y).predict(samples) for _ in range(2))
    assert np.array_equal(first, second)


@needs_quippy
def test_turning_shifting_and_reordering_atoms_changes_nothing(taught):
    samples, _, model = taught
    Q = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    order = np.array([3, 1, 4, 0, 2])
    moved = [
        *(_moved(s, positions=s.positions @ Q.T) for s in samples),
        *(_moved(s, positions=s.positions + np.array([5.0, -70.0, 0.3])) for s in samples),
        *(_moved(s, order) for s in samples),
    ]
    found = model.predict(moved).reshape(3, -1)
    assert np.allclose(found, model.predict(samples), rtol=1e-8, atol=1e-8)


@needs_quippy
def test_naming_i_and_j_the_other_way_round_changes_nothing(taught):
    samples, _, model = taught
    turned = [replace(_moved(s, sites=s.impurities[::-1]), elements=s.elements[::-1]) for s in samples]
    assert np.allclose(model.predict(turned), model.predict(samples), rtol=1e-10, atol=1e-10)


@needs_quippy
def test_one_by_one_equals_the_batch(taught):
    samples, _, model = taught
    alone = [model.predict([s])[0] for s in samples[::25]]
    assert np.allclose(alone, model.predict(samples)[::25], rtol=1e-9, atol=1e-9)


@needs_quippy
def test_saved_and_loaded_from_elsewhere_it_answers_alike(taught, tmp_path):
    samples, _, model = taught
    model.save(tmp_path / "here")
    shutil.move(tmp_path / "here", tmp_path / "there")
    again = Gap.load(tmp_path / "there")
    assert np.array_equal(again.predict(samples), model.predict(samples))
    assert sorted(p.name for p in (tmp_path / "there").iterdir()) == ["adapter.json", "arrays.npz", "gap"]
    assert (tmp_path / "there" / "gap" / "gap.xml").is_file()  # what QUIP and LAMMPS read


@needs_quippy
def test_an_unseen_element_of_the_table_is_predicted(taught, toy):
    model = taught[2]
    strangers = [toy("Mo", "Fe"), toy("Ru", "Ru"), toy("Pt", "Cd"), toy("Zn", "Y")]
    found = model.predict(strangers)
    assert np.isfinite(found).all()
    assert np.array_equal(model.predict(strangers), found)
    assert np.allclose(model.predict([toy("Mo", "Ru")]), model.predict([toy("Cr", "Fe")]))  # of the same columns


@needs_quippy
def test_with_a_channel_for_each_element_columns_are_told_apart(taught, toy):
    samples, y, _ = taught
    model = Gap(**SMALL, compression="element").fit(samples, y)
    mo, cr = model.predict([toy("Mo", "Ru"), toy("Cr", "Fe")])
    assert np.isfinite(mo)
    assert abs(mo - cr) > 0.1


@needs_quippy
def test_an_element_outside_the_table_is_named(taught, toy):
    model = taught[2]
    with pytest.raises(UnknownElement, match=r"Al, impurity of toy:Al-Fe-4, is not in the table"):
        model.predict([toy("Al", "Fe")])
    other = _moved(toy("Cr", "Fe"), numbers=np.array([83, 83, 34, 52, 83]))
    with pytest.raises(UnknownElement, match="Se, host atom of"):
        model.predict([other])


@needs_quippy
def test_an_impurity_like_the_host_is_refused(taught, toy):
    with pytest.raises(DataError, match="impurity Te of toy:Te-Fe-4 is of the same element as host atoms"):
        Gap(**SMALL).fit([toy("Te", "Fe")], np.ones(1))
    with pytest.raises(DataError, match="same element as host atoms"):
        taught[2].predict([toy("Fe", "Bi")])


@needs_quippy
def test_nothing_but_zeros_is_predicted_as_zero(taught):
    samples = taught[0]
    assert (Gap(zero_rows=0).fit(samples, np.zeros(len(samples))).predict(samples) == 0).all()


def test_what_it_does_not_answer():
    assert Gap.refuses(Question(JIJ)) is None
    assert "needs positions" in Gap.refuses(Question(JIJ, "composition+moments"))
    assert "3 impurities" in Gap.refuses(Question(JIJ, n_impurities=3))
    assert "turn" in Gap.refuses(Question(DIJ))


def test_of_the_zeros_a_subsample_is_learned():
    y = np.where(np.arange(60) % 3, 0.0, 1.5)  # 40 zeros
    rows = learned_rows(y, 10, seed=0)
    assert set(np.flatnonzero(y)) <= set(rows)
    assert (y[rows] == 0).sum() == 10
    assert np.array_equal(rows, np.unique(rows))
    assert np.array_equal(rows, learned_rows(y, 10, seed=0))
    assert not np.array_equal(rows, learned_rows(y, 10, seed=1))
    assert np.array_equal(learned_rows(y, 1000, seed=0), np.arange(60))


@needs_quippy
def test_how_many_zeros_were_learned_is_recorded(taught):
    samples, y, model = taught
    assert model.n_zero_rows_ == (y == 0).sum()
    assert Gap(**SMALL, zero_rows=7).fit(samples[:20], np.where(np.arange(20) < 5, 1.0, 0.0)).n_zero_rows_ == 7


def test_clusters_do_not_see_each_other(toy):
    atoms, sites = in_a_row([toy("Cr", "Mn"), toy("Fe", "V", 7.0)], 12.0)
    assert atoms.get_chemical_symbols()[sites[1, 0]] == "Fe"
    assert np.isclose(atoms.get_distance(*sites[1]), 7.0)
    gaps = atoms.get_all_distances(mic=True)
    assert gaps[:5, 5:].min() > 12.0
    assert np.allclose(gaps[:5, :5], atoms.get_all_distances()[:5, :5])


@needs_quippy
def test_nothing_is_left_behind(taught, tmp_path, monkeypatch):
    samples, y, _ = taught
    scratch, here = tmp_path / "scratch", tmp_path / "here"
    scratch.mkdir()
    here.mkdir()
    monkeypatch.chdir(here)
    with context(scratch=scratch):
        Gap(**SMALL).fit(samples[:10], y[:10]).predict(samples[:2])
        with pytest.raises(ProgramError):
            Gap(**SMALL, zeta=-1).fit(samples[:10], y[:10])
    assert [*scratch.iterdir(), *here.iterdir()] == []


@needs_quippy
def test_what_gap_fit_complains_of_is_in_the_error(taught):
    samples, y, _ = taught
    with pytest.raises(ProgramError, match=r"gap_fit failed with code 1: .*n_sparse") as caught:
        Gap(n_sparse=0).fit(samples, y)
    assert "XYZ file read" in str(caught.value)  # the last lines of its output


def test_a_failed_program_is_quoted(tmp_path):
    says = "import sys; print('all is well'); print('Error: boom', file=sys.stderr); sys.exit(3)"
    with pytest.raises(ProgramError, match=r"it failed with code 3: Error: boom") as caught:
        run("it", [sys.executable, "-c", says], tmp_path, "model", 20.0)
    assert "all is well" in str(caught.value)


@needs_quippy
def test_a_prediction_that_breaks_is_an_error(toy):
    atoms, _ = in_a_row([toy("Cr", "Mn")], 12.0)
    with pytest.raises(ProgramError, match="the prediction of QUIP failed with code"):
        energies((("gap.xml", "no model"),), atoms)


@needs_quippy
def test_a_fit_that_takes_too_long_is_stopped(taught, monkeypatch):
    monkeypatch.setattr(_gap_fit, "TIME_LIMIT", 0.05)
    with pytest.raises(ProgramError, match=r"gap_fit took longer than 0.05 s and was stopped"):
        Gap(**SMALL).fit(*taught[:2])


def test_at_the_limit_the_children_of_the_program_end_too(tmp_path):
    with pytest.raises(ProgramError, match=r"it took longer than 0.7 s and was stopped"):
        run("it", STARTS_ANOTHER, tmp_path, "model", 0.7)
    assert _ended(int((tmp_path / "pid").read_text()))


def test_an_interrupt_ends_the_program(tmp_path):
    def interrupt(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.7)
    try:
        with pytest.raises(KeyboardInterrupt):
            run("it", STARTS_ANOTHER, tmp_path, "model", 30.0)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert _ended(int((tmp_path / "pid").read_text()))


def test_the_program_gets_the_threads_of_the_context(tmp_path):
    with context(threads=3):
        run(
            "it",
            [sys.executable, "-c", "import os; print(os.environ['OMP_NUM_THREADS'])"],
            tmp_path,
            "output.txt",
            20.0,
        )
    assert (tmp_path / "output.txt").read_text().strip() == "3"


def test_a_program_that_is_not_there(monkeypatch, tmp_path):
    with pytest.raises(MissingExtra, match=r"'no_such_fit' is neither in .* pip install .*gap"):
        find("no_such_fit")
    program = tmp_path / "some_fit"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert find("some_fit") == str(program)
