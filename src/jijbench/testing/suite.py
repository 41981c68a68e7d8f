"""The contracts as classes to inherit, for pytest or any runner that calls methods named ``test_…``."""

import importlib.metadata
import unittest
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from jijbench import adapters
from jijbench.adapters.base import Adapter
from jijbench.formats.spins import RandomAlloy
from jijbench.spin import export
from jijbench.targets import Target
from jijbench.testing.checks import CHECKS
from jijbench.testing.contract import asks, perform
from jijbench.testing.dataset import DATASET_CHECKS, DatasetSubject
from jijbench.testing.exporter import EXPORTER_CHECKS, ExporterSubject, Writer
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


class DatasetTests:
    """Inherit it, name the id or folder of a dataset, and every check of the contract of datasets is a test."""

    dataset: ClassVar[str | Path]

    @classmethod
    def subject(cls) -> DatasetSubject:
        """What is checked, loaded once a class."""
        if "_subject" not in cls.__dict__:
            cls._subject = DatasetSubject(cls.dataset)  # type: ignore[attr-defined]
        return cls.__dict__["_subject"]


class ExporterTests:
    """Inherit it, name a writer of a spin code's files, define how they are read, and every check is a test.

    ``writer``: the name of a module of ``jijbench.formats``, or anything that has ``files(alloy)``. ``energy`` reads
    texts by the code's own Hamiltonian and must know nothing of the writer. ``vectors = False``: it cannot hold D.
    """

    writer: ClassVar[str | Writer]
    vectors: ClassVar[bool] = True

    def energy(self, texts: Mapping[str, str], spins: np.ndarray, alloy: RandomAlloy) -> float:
        """meV, of unit vectors (n, 3) in the order of ``alloy.system``."""
        raise NotImplementedError(f"{type(self).__name__} must define energy(texts, spins, alloy)")

    def subject(self) -> ExporterSubject:
        """What is checked."""
        writer = export.writer(self.writer) if isinstance(self.writer, str) else self.writer
        return ExporterSubject(writer, self.energy, self.vectors)


def _test(suite: type, check: Callable[[Any], None]) -> Callable[[Any], None]:
    def test(self: Any) -> None:
        perform(check, self.subject())

    test.__name__, test.__doc__ = f"test_{check.__name__}", asks(check)
    test.__qualname__ = f"{suite.__name__}.{test.__name__}"
    return test


for _suite, _checks in (
    (AdapterTests, CHECKS), (DatasetTests, DATASET_CHECKS), (ExporterTests, EXPORTER_CHECKS)
):  # fmt: skip
    for _check in _checks:
        setattr(_suite, f"test_{_check.__name__}", _test(_suite, _check))
