"""What third parties inherit: the contract of an adapter, toy dimers, and bad models that must be caught.

>>> from jijbench.testing import AdapterTests
>>> class TestZero(AdapterTests):
...     adapter = "zero"
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jijbench.testing.suite import AdapterTests

__all__ = ["AdapterTests"]


def __getattr__(name: str) -> Any:
    """Loaded when it is used: the command line looks at this package without scikit-learn."""
    if name != "AdapterTests":
        raise AttributeError(f"module 'jijbench.testing' has no attribute {name!r}; it has {', '.join(__all__)}")
    from jijbench.testing.suite import AdapterTests

    return AdapterTests
