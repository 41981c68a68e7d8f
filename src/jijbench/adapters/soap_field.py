"""Curves from the Soap adapter: see ``field_regressor`` and ``soap``."""

from typing import Any, ClassVar

from jijbench.adapters.base import Adapter, AdapterInfo
from jijbench.adapters.field_regressor import InnerField
from jijbench.adapters.soap import Soap


class SoapField(InnerField):
    """Coefficients of the curve by ``Soap``."""

    inner: ClassVar[type[Adapter]] = Soap
    requires: ClassVar[tuple[str, ...]] = ("dscribe",)
    info: ClassVar[AdapterInfo] = Soap.info
    cheap: ClassVar[dict[str, Any]] = {"settings": Soap.cheap}
