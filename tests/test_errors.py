import pickle

import pytest

from jijbench import errors
from jijbench.errors import UnknownElement, UnknownName


def test_unknown_name_suggests_near_names():
    assert str(UnknownName("row", "sopa", ["soap", "coulomb"])) == (
        "no row named 'sopa'; did you mean 'soap'? known: coulomb, soap"
    )


def test_unknown_name_lists_all_where_none_is_near():
    assert str(UnknownName("row", "xyz", ["soap", "coulomb"])) == "no row named 'xyz'; known: coulomb, soap"


def test_exceptions_fit_the_built_in_ones():
    assert issubclass(UnknownName, KeyError)
    assert issubclass(UnknownElement, ValueError)


@pytest.mark.parametrize("error", [UnknownName("row", "sopa", ["soap"]), errors.DataError("a"), UnknownElement("b")])
def test_exceptions_survive_the_way_back_from_a_worker(error):
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
