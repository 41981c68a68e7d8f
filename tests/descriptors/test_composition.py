import dataclasses

import numpy as np
import pytest

from jijbench.data.sample import Sample
from jijbench.descriptors.composition import composition, pair_geometry
from jijbench.errors import UnknownElement


@pytest.fixture(scope="module")
def cbfv():
    pytest.importorskip("CBFV", reason="composition features need the extra 'composition'")


@pytest.mark.usefixtures("cbfv")
class TestComposition:
    def test_the_order_of_the_elements_does_not_matter(self, toy):
        rows = composition([toy("Cr", "Mn"), toy("Mn", "Cr"), toy("Cr", "Fe")])
        assert np.array_equal(rows[0], rows[1])
        assert not np.array_equal(rows[0], rows[2])

    def test_geometry_does_not_matter(self, toy):
        rows = composition([toy("Cr", "Mn", 4.0), toy("Cr", "Mn", 7.0)])
        assert np.array_equal(rows[0], rows[1])

    def test_rows_stand_in_the_order_of_the_samples(self, toy):
        samples = [toy("Mn", "Fe"), toy("Cr", "Cr"), toy("Cr", "Mn")]
        together = composition(samples)
        for row, sample in zip(together, samples, strict=True):
            assert np.allclose(row, composition([sample])[0])

    def test_features_are_finite_for_every_element_of_the_data(self, dimers):
        pairs = {s.pair: s for s in dimers.samples}
        rows = composition(list(pairs.values()))
        assert rows.shape[0] == 207
        assert np.isfinite(rows).all()
        assert len(np.unique(rows, axis=0)) == 207

    def test_the_average_of_equal_elements_is_that_of_the_element(self, toy):
        cr, mn, both = composition([toy("Cr", "Cr"), toy("Mn", "Mn"), toy("Cr", "Mn")])
        averages = np.isclose(both, (cr + mn) / 2)
        assert averages.mean() > 0.3  # the sums and averages among the features, not the extremes


def _swapped(sample: Sample) -> Sample:
    g = sample.geometry
    geometry = dataclasses.replace(g, sites=g.sites[::-1], sublattices=g.sublattices[::-1])
    return Sample("x", geometry, sample.elements[::-1], sample.orbit)


def test_pair_geometry_does_not_see_which_is_called_i(dimers):
    samples = dimers.samples[::211]
    assert np.allclose(pair_geometry([_swapped(s) for s in samples]), pair_geometry(samples))


def test_pair_geometry_in_numbers(dimers):
    samples = {s.geometry.id: s for s in dimers.samples}
    table = dimers.table.set_index("geometry")
    for name, sample in samples.items():
        row = table.loc[[name]].iloc[0]
        plane = np.hypot(row["dx_angstrom"], row["dy_angstrom"])
        same = float(row["sublattice_i"] == row["sublattice_j"])
        assert np.allclose(
            pair_geometry([sample])[0], [row["distance_angstrom"], plane, abs(row["dz_angstrom"]), same], atol=2e-3
        )


def test_pair_geometry_does_not_see_the_elements(toy):
    assert np.array_equal(pair_geometry([toy("Cr", "Mn")]), pair_geometry([toy("Fe", "Co")]))


@pytest.mark.usefixtures("cbfv")
@pytest.mark.parametrize("element", ["He", "I"])
def test_an_element_without_properties_is_an_error_and_no_silent_hole(dimers, element):
    bare = Sample("x", dimers.samples[0].geometry, ("Cr", element), "o")
    with pytest.raises(UnknownElement, match=element):
        composition([bare])
