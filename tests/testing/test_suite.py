"""The class that others inherit: one test a check, skips with a reason, failures that are failures."""

import subprocess
import sys
import unittest
from dataclasses import replace

import pytest

from jijbench.targets import DIJ
from jijbench.testing import AdapterTests, bad, flawed
from jijbench.testing.checks import CHECKS
from jijbench.testing.sound import Sound, SoundVector


class TestSound(AdapterTests):
    adapter = Sound


class TestZeroByName(AdapterTests):
    adapter = "zero"


class TestVectors(AdapterTests):
    adapter = SoundVector
    target = DIJ


class TestCurves(AdapterTests):
    adapter = "host-mean"


def test_every_check_is_a_test():
    tests = [name for name in dir(AdapterTests) if name.startswith("test_")]
    assert sorted(tests) == sorted(f"test_{check.__name__}" for check in CHECKS)
    assert AdapterTests.test_naming.__doc__.startswith("with i and j named the other way round")


def of(adapter, **settings):
    return type("Inherited", (AdapterTests,), {"adapter": adapter, **settings})()


def test_a_flaw_fails_its_test_and_no_other():
    tests = of(flawed.ReadsFrame)
    with pytest.raises(AssertionError, match="the crystal was turned: J of toy"):
        tests.test_rotation()
    tests.test_translation()


def test_what_is_not_claimed_is_skipped_with_the_reason():
    class ByItsAxes(flawed.ReadsFrame):
        info = replace(flawed.ReadsFrame.info, symmetry=False)

    with pytest.raises(unittest.SkipTest, match=r"info\.symmetry"):
        of(ByItsAxes).test_rotation()
    with pytest.raises(unittest.SkipTest, match="a floor"):
        of("zero").test_learns()
    with pytest.raises(unittest.SkipTest, match="`learns` is False"):
        of(bad.Zeros, learns=False).test_learns()


def test_a_missing_package_is_skipped_before_anything_is_imported():
    for adapter in (bad.NotInstalled, "jijbench.testing.bad:NotInstalled"):
        with pytest.raises(unittest.SkipTest, match="needs jijbench-no-such-distribution, not installed"):
            of(adapter).test_fit()


def test_an_import_that_breaks_is_no_skip(tmp_path, monkeypatch):
    (tmp_path / "breaks_on_import.py").write_text("import a_package_that_nobody_has\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError):
        of("breaks_on_import:Model").test_fit()


def test_settings_of_the_class_reach_the_checks():
    subject = of(Sound, hypers={"ridge": 0.5}, inputs="composition", tolerance=1e-3, seconds=5).subject()
    assert (subject.hypers, subject.taken, subject.tolerance, subject.seconds) == (
        {"ridge": 0.5},
        "composition",
        1e-3,
        5,
    )
    with pytest.raises(AssertionError, match="no hypers named"):
        of(Sound, hypers={"rigde": 0.5}).test_hypers()


def test_one_fit_serves_all_tests_of_a_class():
    first, second = of(Sound), of(Sound)
    assert first.subject().shared is first.subject().shared
    assert first.subject() is not second.subject()


def test_the_package_itself_stays_light():
    code = "import sys, jijbench.testing; print(sorted({'sklearn', 'pytest', 'optuna', 'pandas'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"
