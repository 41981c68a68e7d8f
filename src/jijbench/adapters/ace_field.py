"""Curves from the Ace adapter: see ``_field`` and ``ace``."""

from typing import ClassVar

from jijbench.adapters._field import InnerField
from jijbench.adapters.ace import Ace
from jijbench.adapters.base import Adapter, AdapterInfo


class AceField(InnerField):
    """Coefficients of the curve by ``Ace``."""

    inner: ClassVar[type[Adapter]] = Ace
    requires: ClassVar[tuple[str, ...]] = ("python-ace",)
    info: ClassVar[AdapterInfo] = Ace.info
