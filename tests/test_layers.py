"""Imports point down only; heavy packages stay where they belong. Read from the source, nothing is imported."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

PACKAGE = Path(__file__).parents[1] / "src" / "jijbench"
LAYERS = (
    "errors units convention context install glossary files limits reading cache text signals elements moved",
    "scores",
    "targets formats",
    "data",
    "descriptors",
    "gp",
    "adapters",
    "records benchmark",
    "runner",
    "tables",
    "plots",
    "bundle spin kkr",
    "verify",
    "report testing api doctor",
    "cli __main__",
)
LAYER = {name: level for level, names in enumerate(LAYERS) for name in names.split()}
ROOT_NAMES = {"__version__"}  # what a module may take from the package itself
FROM_RECORDS = {"tables", "plots", "report"}
LAZY_ONLY = {"dscribe", "CBFV", "quippy", "optuna", "autogluon", "jax", "pyace", "spirit"}


class Import(NamedTuple):
    """One imported name, and whether it is imported as soon as the module is."""

    name: str
    line: int
    at_import: bool


def _base(node: ast.ImportFrom, module: str, is_package: bool) -> str:
    if not node.level:
        return node.module or ""
    parts = module.split(".")
    kept = parts[: len(parts) - node.level + is_package]
    return ".".join([*kept, *([node.module] if node.module else [])])


def imports(source: str, module: str, is_package: bool = False) -> Iterator[Import]:
    """Every import of a module, those inside functions and ``import_module("…")`` included."""

    def walk(node: ast.AST, at_import: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            inside = at_import and not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            if isinstance(child, ast.Import):
                yield from (Import(alias.name, child.lineno, at_import) for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                base = _base(child, module, is_package)
                yield from (Import(f"{base}.{alias.name}", child.lineno, at_import) for alias in child.names)
            elif isinstance(child, ast.Call) and ast.unparse(child.func).endswith("import_module"):
                yield from (Import(a.value, child.lineno, at_import) for a in child.args if isinstance(a, ast.Constant))
            yield from walk(child, inside)

    return walk(ast.parse(source), True)


def unit(module: str) -> str:
    """``jijbench.data.task`` → ``data``; the package itself is the empty string."""
    return module.split(".")[1] if "." in module else ""


def forbidden_package(here: str, package: str, at_import: bool) -> str | None:
    """Why a module may not import an outside package here."""
    if package == "optuna" and here != "runner":
        return "Optuna belongs to runner"
    if package in LAZY_ONLY and at_import:
        return "import it inside the method that needs it, not with the module"
    return None


def forbidden_unit(here: str, there: str, at_import: bool) -> str | None:
    """Why a module of the unit ``here`` may not import the unit ``there``."""
    if here == "":
        return "the package itself imports lazily" if at_import and LAYER.get(there, 99) > 0 else None
    if there in ROOT_NAMES:
        return None
    if there not in LAYER:
        return "it is in no layer"
    if LAYER[there] > LAYER[here]:
        return "it is in a higher layer"
    if here in FROM_RECORDS and there in {"adapters", "runner"}:
        return "tables and figures are made from records"
    return None


def violations(source: str, module: str, is_package: bool = False) -> list[str]:
    """What a module imports against the rules."""
    found = []
    for name, line, at_import in imports(source, module, is_package):
        package = name.split(".")[0]
        rule = forbidden_unit if package == "jijbench" else forbidden_package
        reason = rule(unit(module), unit(name) if package == "jijbench" else package, at_import)
        if reason:
            found.append(f"{module}:{line} imports {name}: {reason}")
    return found


def modules() -> list[tuple[str, Path]]:
    files = sorted(PACKAGE.rglob("*.py"))
    parts = [path.relative_to(PACKAGE.parent).with_suffix("").parts for path in files]
    return [(".".join(p[:-1] if p[-1] == "__init__" else p), path) for p, path in zip(parts, files, strict=True)]


MODULES = dict(modules())


def test_the_package_is_found():
    assert {"jijbench", "jijbench.data.task", "jijbench.adapters.soap", "jijbench.cli"} <= set(MODULES)


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_down(module):
    path = MODULES[module]
    assert unit(module) in {"", *LAYER}, f"{module} is in no layer: add it to the design and to LAYERS"
    assert violations(path.read_text(encoding="utf-8"), module, path.name == "__init__.py") == []


@pytest.mark.parametrize(
    ("module", "source", "complaint"),
    [
        ("jijbench.data.task", "from jijbench.runner import run_cell", "higher layer"),
        ("jijbench.data.task", "import jijbench.runner.cell", "higher layer"),
        ("jijbench.data.task", "from jijbench import runner", "higher layer"),
        ("jijbench.data.task", "def f():\n    from jijbench.descriptors.soap import Soap", "higher layer"),
        ("jijbench.data.task", "class A:\n    def f(self):\n        import jijbench.cli", "higher layer"),
        ("jijbench.data.task", "from ..adapters import base", "higher layer"),
        ("jijbench.data.task", "from .. import adapters", "higher layer"),
        ("jijbench.data.task", "import importlib\nimportlib.import_module('jijbench.runner')", "higher layer"),
        ("jijbench.adapters.soap", "from jijbench.records.schema import Record", "higher layer"),
        ("jijbench.scores.metrics", "from jijbench import load_task", "no layer"),
        ("jijbench.scores.metrics", "from jijbench.nowhere import x", "no layer"),
        ("jijbench.tables.leaderboard", "def f():\n    from jijbench.adapters import get", "made from records"),
        ("jijbench.plots.parity", "from jijbench.runner import stale_fields", "made from records"),
        ("jijbench.report", "import jijbench.runner", "made from records"),
        ("jijbench.tables.growth", "def f():\n    import optuna", "belongs to runner"),
        ("jijbench.runner.tuning", "import optuna.samplers", "inside the method"),
        ("jijbench.descriptors.soap", "from dscribe.descriptors import SOAP", "inside the method"),
        ("jijbench.descriptors.soap", "try:\n    import quippy\nexcept ImportError:\n    pass", "inside the method"),
        ("jijbench.descriptors.composition", "class A:\n    from CBFV import composition", "inside the method"),
        ("jijbench", "from jijbench.runner import run_cells", "imports lazily"),
    ],
)  # fmt: skip
def test_a_bad_import_is_caught(module, source, complaint):
    found = violations(source, module)
    assert len(found) == 1
    assert complaint in found[0]


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("jijbench.runner.cell", "from jijbench import __version__, adapters"),
        ("jijbench.data.task", "from .sample import Sample\nfrom ..errors import DataError"),
        ("jijbench.descriptors.soap", "def f():\n    from dscribe.descriptors import SOAP"),
        ("jijbench.runner.tuning", "def f():\n    import optuna"),
        ("jijbench", "def f():\n    from jijbench.cli import main"),
    ],
)
def test_a_good_import_passes(module, source):
    assert violations(source, module) == []


def test_relative_imports_of_a_package_resolve():
    assert [i.name for i in imports("from . import cell\nfrom .cell import x", "jijbench.runner", is_package=True)] == [
        "jijbench.runner.cell",
        "jijbench.runner.cell.x",
    ]


def _loaded_with(module: str, seen: set[str]) -> set[str]:
    """Modules of the package that importing ``module`` imports, directly or not."""
    if module in seen or module not in MODULES:
        return seen
    seen.add(module)
    path = MODULES[module]
    for name, _, at_import in imports(path.read_text(encoding="utf-8"), module, path.name == "__init__.py"):
        if at_import and name.startswith("jijbench."):
            _loaded_with(name, seen)
            _loaded_with(name.rpartition(".")[0], seen)
    return seen


@pytest.mark.parametrize("module", sorted(m for m in MODULES if unit(m) in FROM_RECORDS))
def test_tables_and_figures_load_no_model_code(module):
    loaded = {unit(name) for name in _loaded_with(module, set())}
    assert not loaded & {"adapters", "runner", "tuning", "descriptors"}


def test_what_a_module_loads_is_followed_through_others():
    assert "jijbench.data.sample" in _loaded_with("jijbench.runner.engine", set())


@pytest.mark.parametrize("module", MODULES)
def test_nothing_is_decided_by_what_an_optimised_python_leaves_out(module):
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    assert not [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Assert)]
    assert not [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == "__debug__"]
