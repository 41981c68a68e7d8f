"""Curves from alchemical SOAP with fixed couplings: see ``field_regressor`` and ``alchemical_fixed``."""

from typing import Any, ClassVar

from jijbench.adapters.alchemical_fixed import AlchemicalFixed
from jijbench.adapters.base import Adapter, AdapterInfo
from jijbench.adapters.field_regressor import InnerField


class AlchemicalField(InnerField):
    """Coefficients of the curve by ``AlchemicalFixed``."""

    inner: ClassVar[type[Adapter]] = AlchemicalFixed
    requires: ClassVar[tuple[str, ...]] = ("dscribe",)
    info: ClassVar[AdapterInfo] = AlchemicalFixed.info
    cheap: ClassVar[dict[str, Any]] = {"settings": AlchemicalFixed.cheap}
