"""The contract of exporters lets a sound writer pass, and each flaw is found by its own check and by no other."""

import unittest
from pathlib import Path

import numpy as np
import pytest

from jijbench.convention import pair_energy
from jijbench.testing import ExporterTests
from jijbench.testing.contract import asks, check_all
from jijbench.testing.exporter import CELL, EXPORTER_CHECKS, EXPORTER_GROUND, OFFSETS, D, ExporterSubject, J, TwoSpins
from jijbench.testing.flawed_exporters import FLAWS, Plain, energy


class TestPlain(ExporterTests):
    writer = Plain()

    def energy(self, texts, spins, alloy):
        return energy(texts, spins, alloy)


def failed(subject: ExporterSubject) -> list[str]:
    return [o.check for o in check_all(subject, EXPORTER_CHECKS, EXPORTER_GROUND) if o.status == "failed"]


def test_every_check_has_a_writer_that_must_fail_it():
    assert list(FLAWS) == [check.__name__ for check in EXPORTER_CHECKS]


@pytest.mark.parametrize(
    ("check", "writer"),
    [pytest.param(check, writer, id=type(writer).__name__) for check, many in FLAWS.items() for writer in many],
)
def test_each_flaw_is_found_by_its_own_check_alone(check, writer):
    assert failed(ExporterSubject(writer, energy)) == [check]


def test_the_page_on_spin_codes_lists_every_check():
    page = (Path(__file__).parents[2] / "docs" / "spin.md").read_text(encoding="utf-8")
    for check in EXPORTER_CHECKS:
        assert f"| {check.__name__} | {asks(check)} |" in page


def test_a_code_that_cannot_hold_d_is_excused():
    class WithoutVectors(TestPlain):
        vectors = False

    with pytest.raises(unittest.SkipTest, match="no place for D"):
        WithoutVectors().test_vectors()


def test_a_suite_without_a_reader_says_so():
    class Unread(ExporterTests):
        writer = Plain()

    with pytest.raises(NotImplementedError, match="Unread must define energy"):
        Unread().test_energy()


@pytest.mark.parametrize("offset", OFFSETS)
def test_the_two_spins_are_what_they_say(offset):
    alloy, e = TwoSpins(J, D, offset), np.array([[1.0, 0, 0], [0, 0.6, 0.8]])
    assert alloy.system.energy(e) == pytest.approx(pair_energy(*e, J, D))
    step = alloy.system.positions[1] + np.array(offset) @ CELL - alloy.system.positions[0]
    assert alloy.system.vector[0] == pytest.approx(step)
    m = alloy.mixture
    assert (m.jij[0, 0, 1], m.jij[1, 1, 0], np.abs(m.jij).sum()) == (J, J, 2 * J)
    assert np.array_equal(m.dmi[0, 0, 1], -m.dmi[1, 1, 0])
    assert np.array_equal(m.offset[0], -m.offset[1])
