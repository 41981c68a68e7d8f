"""Descriptors on disk: computed once for each setting and geometry, not once a trial."""

from collections.abc import Callable
from functools import lru_cache, wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from jijbench.context import current

P = ParamSpec("P")
R = TypeVar("R")


@lru_cache(maxsize=4)
def _memory(folder: Path) -> Any:
    from joblib import Memory

    return Memory(folder, verbose=0)


def cached(function: Callable[P, R]) -> Callable[P, R]:
    """Keep results of a pure function in ``context().cache`` (``joblib.Memory``)."""

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        return _memory(current().cache).cache(function)(*args, **kwargs)

    return call
