"""Curves from the Coulomb matrix of the cluster: see ``field_regressor`` and ``coulomb``."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from jijbench.adapters.base import Adapter, AdapterInfo
from jijbench.adapters.coulomb import Coulomb
from jijbench.adapters.field_regressor import InnerField


class CoulombField(InnerField):
    """Coefficients of the curve by ``Coulomb`` on the whole cluster."""

    inner: ClassVar[type[Adapter]] = Coulomb
    requires: ClassVar[tuple[str, ...]] = ("dscribe",)
    info: ClassVar[AdapterInfo] = Coulomb.info
    given: ClassVar[Mapping[str, Any]] = MappingProxyType({"form": "eigenspectrum", "n_atoms_max": 64})
