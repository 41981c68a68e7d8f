"""Hash of the code behind a model: information in a record, by which ``verify --refit`` knows what to prove again."""

import ast
import importlib.util
import io
import tokenize
from functools import lru_cache
from pathlib import Path

from jijbench.files import sha256_of

#: where the code of models lies, and the modules of the data whose numbers are features
FEATURES = (
    "jijbench.adapters.",
    "jijbench.gp.",
    "jijbench.descriptors.",
    "jijbench.elements",
    "jijbench.targets.mesh",
    "jijbench.data.potentials",
    "jijbench.data.sample",
)


def code_sha256(module_name: str, roots: tuple[str, ...] = FEATURES) -> str:
    """Hash of the code that decides an adapter's numbers.

    Tokens, without comments and docstrings, of its module and of the modules below ``roots`` that it imports, directly
    or not (for a third-party adapter also of the modules of its own package).
    """
    package = module_name.split(".")[0]
    roots = roots if package == "jijbench" else (*roots, f"{package}.")
    todo, tokens = [module_name], {}
    while todo:
        name = todo.pop()
        if name in tokens or not (name == module_name or name.startswith(roots)):
            continue
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
            continue
        path, inside = Path(spec.origin), name if spec.submodule_search_locations else name.rpartition(".")[0]
        tokens[name], imported = _read(path, path.stat().st_mtime_ns, inside)
        todo += [other for other in imported if _exists(other)]
    return sha256_of(tokens)


@lru_cache(maxsize=512)  # many adapters share most of their code
def _read(path: Path, changed: int, package: str) -> tuple[list[str], list[str]]:
    """Tokens of a module, and what it may import of the suite and its own package; as the file is now."""
    del changed
    source = path.read_text(encoding="utf-8")
    return _tokens(source), _imports(source, package)


def _imports(source: str, package: str) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
            found += [base, *(f"{base}.{alias.name}" for alias in node.names)]
    return [name for name in found if name.startswith(("jijbench.", f"{package.split('.')[0]}."))]


def _exists(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def _tokens(source: str) -> list[str]:
    tree = ast.parse(source)
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)]
    docstrings = {
        (node.body[0].lineno, node.body[0].col_offset)
        for node in nodes
        if ast.get_docstring(node, clean=False) is not None
    }
    skipped = {tokenize.COMMENT, tokenize.NL, tokenize.ENCODING}
    layout = {tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
    tokens = tokenize.tokenize(io.BytesIO(source.encode()).readline)
    return [
        tokenize.tok_name[token.type] if token.type in layout else token.string
        for token in tokens
        if token.type not in skipped and token.start not in docstrings
    ]
