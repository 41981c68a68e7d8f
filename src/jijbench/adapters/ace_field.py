"""Curves from the Ace adapter: see ``field_regressor`` and ``ace``."""

from typing import ClassVar

from jijbench.adapters.ace import Ace
from jijbench.adapters.base import Adapter, AdapterInfo
from jijbench.adapters.field_regressor import InnerField


class AceField(InnerField):
    """Coefficients of the curve by ``Ace``."""

    inner: ClassVar[type[Adapter]] = Ace
    requires: ClassVar[tuple[str, ...]] = ("python-ace",)
    info: ClassVar[AdapterInfo] = Ace.info
