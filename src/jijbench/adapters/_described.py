"""What an adapter is and under which licence, read from its source; nothing of it is imported."""

import ast
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

Find = Callable[[str], Path | None]  # the file of a module


@lru_cache(maxsize=256)
def parsed(path: Path, changed: int) -> ast.Module:
    """A source file as it was at the time ``changed``: in a notebook it is written again."""
    del changed
    return ast.parse(path.read_text(encoding="utf-8"))


def described(path: Path, wanted: str, find: Find) -> tuple[str, str]:
    """First line of the docstring and licence of the class ``wanted``, or of the one with an ``info``; may be empty."""
    tree = parsed(path, path.stat().st_mtime_ns)
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef) and wanted in ("", node.name)]
    for found in sorted(classes, key=lambda node: _info(node) is None):
        text = (ast.get_docstring(found) or "").partition("\n")[0].replace("``", "").replace("`", "")
        return text, _licence(tree, found, find) or ""
    return "", ""


def _info(node: ast.ClassDef) -> ast.expr | None:
    for statement in node.body:
        targets = [statement.target] if isinstance(statement, ast.AnnAssign) else getattr(statement, "targets", [])
        if "info" in map(ast.unparse, targets):
            return getattr(statement, "value", None)
    return None


def _licence(tree: ast.Module, node: ast.AST, find: Find, steps: int = 3) -> str | None:
    """The licence in an ``AdapterInfo(…)`` within a node, or within what its ``info`` names in another file."""
    value = _info(node) if isinstance(node, ast.ClassDef) else node
    for call in ast.walk(value) if value is not None else ():
        if isinstance(call, ast.Call) and ast.unparse(call.func).endswith("AdapterInfo"):
            return next((str(text.value) for text in _given(call) if isinstance(text, ast.Constant)), None)
    if value is None or not steps:
        return None
    first, *rest = ast.unparse(value.func if isinstance(value, ast.Call) else value).split(".")
    for module, name in _imported(tree, first):
        for place, definition in ((module, name), (f"{module}.{name}", rest[0] if rest else "")):
            path = find(place)
            there = parsed(path, path.stat().st_mtime_ns) if path else None
            for other in there.body if there else ():
                if isinstance(other, ast.ClassDef | ast.FunctionDef) and other.name == definition:
                    return _licence(there, other, find, steps - 1)  # type: ignore[arg-type]
    return None


def _given(call: ast.Call) -> list[ast.expr]:
    """The argument ``licence`` of an ``AdapterInfo(citation, licence, kind, …)``."""
    return [k.value for k in call.keywords if k.arg == "licence"] or call.args[1:2]


def _imported(tree: ast.Module, name: str) -> Iterator[tuple[str, str]]:
    """Module and name that ``name`` stands for by ``from … import``."""
    for node in ast.walk(tree):
        for alias in node.names if isinstance(node, ast.ImportFrom) else ():
            if (alias.asname or alias.name) == name and isinstance(node, ast.ImportFrom):
                yield node.module or "", alias.name
