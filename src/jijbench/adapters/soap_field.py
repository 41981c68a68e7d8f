"""Curves from the Soap adapter: see ``_field`` and ``soap``."""

from typing import Any, ClassVar

from jijbench.adapters._field import InnerField
from jijbench.adapters.base import Adapter, AdapterInfo
from jijbench.adapters.soap import Soap


class SoapField(InnerField):
    """Coefficients of the curve by ``Soap``."""

    inner: ClassVar[type[Adapter]] = Soap
    requires: ClassVar[tuple[str, ...]] = ("dscribe",)
    info: ClassVar[AdapterInfo] = Soap.info
    cheap: ClassVar[dict[str, Any]] = {"settings": Soap.cheap}
