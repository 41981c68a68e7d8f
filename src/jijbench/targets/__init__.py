"""What is predicted. A file holds a kind of target and the targets of that kind; they are found, not registered."""

import importlib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from types import MappingProxyType
from typing import Any

from jijbench.errors import DataError, UnknownName
from jijbench.targets.base import Target
from jijbench.targets.coupling import JIJ, Coupling
from jijbench.targets.curve import DV, DV_SHELL, Curve
from jijbench.targets.vector import DIJ, Vector

__all__ = [
    "DIJ",
    "DV",
    "DV_SHELL",
    "JIJ",
    "KINDS",
    "TARGETS",
    "Coupling",
    "Curve",
    "Target",
    "Vector",
    "restored",
    "target",
]

_FOUND = [
    value
    for path in sorted(Path(__file__).parent.glob("*.py"))
    if path.stem != "__init__"
    for value in vars(importlib.import_module(f"{__name__}.{path.stem}")).values()
]
TARGETS: Mapping[str, Target] = MappingProxyType({t.name: t for t in _FOUND if isinstance(t, Target)})
KINDS: Mapping[str, type[Target]] = MappingProxyType(
    {c.kind: c for c in _FOUND if isinstance(c, type) and issubclass(c, Target) and c is not Target}
)
#: what kinds were called in models and cards of the first release
_ONCE = {"scalar": "coupling", "axial vector": "vector", "field": "curve"}


def target(name: str) -> Target:
    """The target called ``name``; raises ``UnknownName``."""
    if name not in TARGETS:
        raise UnknownName("target", name, TARGETS)
    return TARGETS[name]


def restored(raw: Mapping[str, Any]) -> Target:
    """The target of ``Target.as_json``, also of earlier releases; raises ``DataError`` for anything else."""
    try:
        kind = KINDS[_ONCE.get(raw["kind"], raw["kind"])]
        values = {"convention": raw.get("description", "")} | dict(raw) | {"shape": tuple(raw["shape"])}
        made = kind(**{field.name: values[field.name] for field in fields(kind) if field.name in values})
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{raw!r} describes no target ({error!r}); kinds are {', '.join(KINDS)}") from error
    known = TARGETS.get(made.name)
    same = known is not None and (known.kind, known.shape, known.unit) == (made.kind, made.shape, made.unit)
    return known if known is not None and same else made
