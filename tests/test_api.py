"""The use from Python: classes as rows, and classes of notebook cells."""

import subprocess
import sys

import pytest

import jijbench
from jijbench.api import run
from jijbench.errors import DataError
from jijbench.testing.bad import Zeros

pytestmark = pytest.mark.usefixtures("always_one_warden")
TASK = "jij-published-table/jij/transfer"


def test_a_class_that_stands_in_a_file_may_be_given_itself(tmp_path):
    results = run(TASK, [{"row": "mine", "adapter": Zeros}], trials=0, folder=tmp_path)
    (record,) = results.records.values()
    assert (record.status, record.key.adapter) == ("complete", "jijbench.testing.bad:Zeros")


def test_a_class_inside_a_function_is_refused(tmp_path):
    class Local(Zeros):
        pass

    with pytest.raises(DataError, match="Local is of a notebook cell"):
        run(TASK, [{"row": "mine", "adapter": Local}], folder=tmp_path)


#: a notebook's ``__main__`` is no file, as that of ``python -c``
CELL = """
from jijbench.api import run
from jijbench.testing.bad import Zeros

class MyModel(Zeros):
    pass

run("jij-published-table/jij/transfer", [{"row": "mine", "adapter": %s}])
"""


@pytest.mark.parametrize("named", ["MyModel", "'__main__:MyModel'"])
def test_a_class_of_a_notebook_cell_is_told_where_to_go(tmp_path, named):
    done = subprocess.run(
        [sys.executable, "-c", CELL % named], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    said = done.stderr.splitlines()[-1]
    assert "DataError: MyModel" in said
    assert "`%%writefile my_models.py`" in said
    assert "'my_models:MyModel'" in said
    assert not list(tmp_path.iterdir())


def test_a_class_that_main_lacks_is_one_of_a_notebook():
    from jijbench.adapters import get

    with pytest.raises(DataError, match="%%writefile"):
        get("__main__:NoSuchClass")


@pytest.mark.parametrize("name", jijbench.__all__)
def test_the_public_door_opens(name):
    assert getattr(jijbench, name).__name__ if callable(getattr(jijbench, name)) else getattr(jijbench, name)


def test_what_is_not_there_is_named_beside_what_is():
    with pytest.raises(AttributeError, match=r"no attribute 'Adaptor'; it has context, Adapter"):
        _ = jijbench.Adaptor
