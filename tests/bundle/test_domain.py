"""The domain says what training held, and what of a question lies outside."""

from dataclasses import replace

import pytest

import jijbench
from jijbench.bundle.card import Domain, ranges
from jijbench.targets import DV, JIJ


@pytest.fixture
def domain(toy_table) -> Domain:
    trained = [s for s in toy_table(["Cr", "Mn", "Fe"], [4.0, 5.0, 6.0]) if s.pair != ("Cr", "Fe")]
    return Domain.of(trained, JIJ)


@pytest.mark.parametrize(
    ("elements", "distance", "shell", "reason"),
    [
        (("Cr", "Mn"), 4.0, 1, "inside"),
        (("Mn", "Cr"), 6.0, 3, "inside"),
        (("Cr", "Tc"), 4.0, 1, "element Tc not in training"),
        (("Tc", "Os"), 4.0, 1, "element Tc not in training; element Os not in training"),
        (("Tc", "Tc"), 4.0, 1, "element Tc not in training"),
        (("Fe", "Cr"), 4.0, 1, "pair Cr-Fe never seen"),
        (("Cr", "Mn"), 9.0, 20, "shell 20 outside 1–3"),
        (("Cr", "Tc"), 9.0, 20, "element Tc not in training; shell 20 outside 1–3"),
        (("Cr", "Mn"), 5.5, None, "geometry at 5.500 Å not in training"),
        (("Cr", "Mn"), 5.5, 2, "geometry at 5.500 Å not in training"),
    ],
)
def test_each_reason_is_named(domain, toy, elements, distance, shell, reason):
    assert domain.test([toy(*elements, distance, shell=shell)]) == [reason]


def test_another_host_is_outside(domain, toy):
    sample = toy("Cr", "Mn", 4.0, shell=1)
    other = replace(sample, geometry=replace(sample.geometry, host="Sb2Te3"))
    assert domain.test([sample, other, sample]) == ["inside", "host Sb2Te3 not in data", "inside"]


def test_an_impurity_is_inside_where_element_and_host_are_known(bundles, fitted):
    """A combination that is not listed is interpolation: the protocol random-orbit scores it."""
    bundle = bundles("impurity-gp")
    domain = bundle.card.domain
    samples = {s.id.partition(":")[2]: s for s in jijbench.load_dataset("deltav-elemental").samples}
    trained = {s.orbit for s in fitted("impurity-gp")[0].dataset.samples}
    every = bundle.known.grid(domain.hosts, domain.elements)
    assert {s.orbit for s in every} > trained
    assert set(domain.test(every)) == {"inside"}
    assert domain.test([samples["Co-in-Ag"]]) == ["element Co not in training"]
    palladium = next(s for s in samples.values() if s.host == "Pd" and s.elements[0] in domain.elements)
    assert domain.test([palladium]) == ["host Pd not in data"]
    silver = samples["Rh-in-Ag"]
    wider = replace(silver, geometry=replace(silver.geometry, positions=silver.geometry.positions * 1.05))
    assert domain.test([wider])[0].startswith("host Ag with neighbours at 3.03")


def test_a_domain_of_curves_has_no_pairs(fitted):
    task = fitted("impurity-gp of neighbours")[0]
    domain = Domain.of(task.dataset.samples, DV)
    assert domain.kind == "impurities"
    assert domain.pairs == ()
    assert set(domain.hosts) == {s.host for s in task.dataset.samples}
    assert set(domain.elements) == {s.elements[0] for s in task.dataset.samples}


@pytest.mark.parametrize(
    ("numbers", "text"), [((), "none"), ((1,), "1"), ((1, 2, 3), "1–3"), ((1, 2, 3, 5, 7, 8), "1–3, 5, 7–8")]
)
def test_ranges(numbers, text):
    assert ranges(numbers) == text
