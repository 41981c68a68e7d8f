"""Curves from alchemical SOAP with fixed couplings: see ``_field`` and ``alchemical_fixed``."""

from typing import Any, ClassVar

from jijbench.adapters._field import InnerField
from jijbench.adapters.alchemical_fixed import AlchemicalFixed
from jijbench.adapters.base import Adapter, AdapterInfo


class AlchemicalField(InnerField):
    """Coefficients of the curve by ``AlchemicalFixed``."""

    inner: ClassVar[type[Adapter]] = AlchemicalFixed
    requires: ClassVar[tuple[str, ...]] = ("dscribe",)
    info: ClassVar[AdapterInfo] = AlchemicalFixed.info
    cheap: ClassVar[dict[str, Any]] = {"settings": AlchemicalFixed.cheap}
