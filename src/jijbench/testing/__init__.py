"""What third parties inherit: the contracts of adapters, datasets and exporters, toys, and what must be caught.

>>> from jijbench.testing import AdapterTests
>>> class TestZero(AdapterTests):
...     adapter = "zero"
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jijbench.testing.suite import AdapterTests, DatasetTests, ExporterTests

__all__ = ["AdapterTests", "DatasetTests", "ExporterTests"]


def __getattr__(name: str) -> Any:
    """Loaded when it is used: the command line looks at this package without scikit-learn."""
    if name not in __all__:
        raise AttributeError(f"module 'jijbench.testing' has no attribute {name!r}; it has {', '.join(__all__)}")
    from jijbench.testing import suite

    return getattr(suite, name)
