"""Modules that have moved since the first release: still found under their old names, with a warning.

Models and scripts of others import them; nothing of the suite does.
"""

import importlib
import importlib.abc
import sys
import warnings
from collections.abc import Mapping, Sequence
from importlib.machinery import ModuleSpec
from types import MappingProxyType, ModuleType

#: old name → where it is now; None: a package that is no more
MOVED: Mapping[str, str | None] = MappingProxyType({
    "jijbench.board": "jijbench.tables.leaderboard", "jijbench.calibration": "jijbench.scores.calibration",
    "jijbench.compare": "jijbench.tables.compare", "jijbench.confidence": "jijbench.tables.confidence",
    "jijbench.data.elements": "jijbench.elements", "jijbench.data.mesh": "jijbench.targets.mesh",
    "jijbench.data.target": "jijbench.targets", "jijbench.export": None,
    "jijbench.export.jukkr": "jijbench.formats.kkr_potential", "jijbench.export.kkr_cluster": "jijbench.kkr.cluster",
    "jijbench.export.kkr_start": "jijbench.kkr.start", "jijbench.export.spin": "jijbench.spin.export",
    "jijbench.export.table": "jijbench.spin.exchange", "jijbench.forms": "jijbench.tables.forms",
    "jijbench.metrics": "jijbench.scores.metrics", "jijbench.results": "jijbench.tables.results",
    "jijbench.statistics": "jijbench.scores.statistics", "jijbench.tuning": "jijbench.runner.tuning",
})  # fmt: skip
#: old name → today's, in any of the modules that moved
RENAMED: Mapping[str, str] = MappingProxyType({"card_text": "potential_text", "read_card": "read_blocks"})


class Finder:
    """Finds modules by their old names, after all others have looked."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """As the import system asks."""
        return ModuleSpec(name, Loader(), is_package=MOVED[name] is None) if name in MOVED else None


class Loader(importlib.abc.Loader):
    """Gives an old module the content of the new one."""

    def create_module(self, spec: ModuleSpec) -> None:
        """An empty one."""

    def exec_module(self, module: ModuleType) -> None:
        """Fill it."""
        new = MOVED[module.__name__]
        if new is None:
            return
        warnings.warn(f"{module.__name__} is now {new}; import it from there", DeprecationWarning, stacklevel=2)
        names = vars(importlib.import_module(new))
        module.__dict__.update({name: value for name, value in names.items() if not name.startswith("__")})
        module.__dict__.update({old: names[name] for old, name in RENAMED.items() if name in names})


def install() -> None:
    """Let old names be found, once."""
    if Finder not in sys.meta_path:
        sys.meta_path.append(Finder)
