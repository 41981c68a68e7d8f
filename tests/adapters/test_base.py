"""What every adapter inherits: saving what is plain, and saying what is not."""

import numpy as np
import pytest

from jijbench.errors import NotPortable
from jijbench.testing.sound import Sound


class Opaque:
    """Nothing that a file could hold."""


@pytest.mark.parametrize(
    "value",
    [Opaque(), {1, 2}, [Opaque()], np.float32(1), np.int64(2), float("nan"), np.array([Opaque()]), {"a": np.zeros(2)}],
    ids=lambda value: type(value).__name__,
)
def test_what_cannot_be_saved_is_named_with_what_to_do(samples, y, tmp_path, value):
    model = Sound().fit(samples, y)
    model.save(tmp_path / "as it is")
    model.extra_ = value
    with pytest.raises(NotPortable, match=r"Sound\.extra_ .*underscore.*`restore\(\)`.*`portable = "):
        model.save(tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_hyper_that_cannot_be_saved_is_named(samples, y, tmp_path):
    model = Sound(ridge=np.float32(1e-3)).fit(samples, y)
    with pytest.raises(NotPortable, match=r"Sound\.ridge \(float32\)"):
        model.save(tmp_path / "out")
