"""The contract as a class to inherit, for pytest or any runner that calls methods named ``test_…``."""

import importlib.metadata
import unittest
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from jijbench import adapters
from jijbench.adapters.base import Adapter
from jijbench.targets import Target
from jijbench.testing.checks import CHECKS, Check
from jijbench.testing.contract import asks, perform
from jijbench.testing.subject import Subject


class AdapterTests:
    """Inherit it, name the adapter, and every check of the contract is a test.

    ``adapter``: a name, ``module:Class``, or the class. ``hypers`` are put over those of the class's ``cheap``.
    ``target`` and ``inputs``: the first that are not refused (J before others), unless given. ``tolerance`` in units of
    the rms of the truth of the toys; ``learns = False`` excuses a model that is not meant to beat zero; ``seconds`` and
    ``memory_mib`` bound one fit.
    """

    adapter: ClassVar[str | type[Adapter]]
    hypers: ClassVar[Mapping[str, Any]] = {}
    target: ClassVar[Target | None] = None
    inputs: ClassVar[str | None] = None
    tolerance: ClassVar[float] = Subject.tolerance
    learns: ClassVar[bool] = Subject.learns
    seconds: ClassVar[float] = Subject.seconds
    memory_mib: ClassVar[float] = Subject.memory_mib

    @classmethod
    def subject(cls) -> Subject:
        """What is checked, made once a class. Skips where a declared distribution is not installed."""
        if "_subject" not in cls.__dict__:
            settings = {name: getattr(cls, name) for name in SETTINGS}
            cls._subject = Subject(_found(cls.adapter), **settings)  # type: ignore[attr-defined]
        return cls.__dict__["_subject"]


SETTINGS = ("hypers", "target", "inputs", "tolerance", "learns", "seconds", "memory_mib")


def _found(adapter: str | type[Adapter]) -> type[Adapter]:
    """The class; what is missing is decided before import, and an import that breaks is no reason to skip."""
    if isinstance(adapter, str):
        reason = adapters.missing(adapter)
        if reason:
            raise unittest.SkipTest(f"{adapter} {reason}")
        return adapters.get(adapter)
    absent = [name for name in adapter.requires if not list(importlib.metadata.distributions(name=name))]
    if absent:
        raise unittest.SkipTest(f"{adapter.__name__} needs {', '.join(absent)}, not installed")
    return adapter


def _test(check: Check) -> Callable[[AdapterTests], None]:
    def test(self: AdapterTests) -> None:
        perform(check, self.subject())

    test.__name__, test.__doc__ = f"test_{check.__name__}", asks(check)
    test.__qualname__ = f"AdapterTests.{test.__name__}"
    return test


for _check in CHECKS:
    setattr(AdapterTests, f"test_{_check.__name__}", _test(_check))
