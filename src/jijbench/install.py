"""How this package was installed: the name of its distribution, its extras, and the command that adds one."""

import importlib.metadata
import json
import re
from functools import lru_cache
from pathlib import Path

#: the console script that tells our distribution from others; its name stands in pyproject.toml alone
SCRIPT, TARGET = "jijbench", "jijbench.cli:main"


def checkout() -> Path | None:
    """The folder of the source tree that this package is used from, if it is."""
    root = Path(__file__).resolve().parents[2]
    return root if (root / "pyproject.toml").is_file() and (root / "src" / __package__).is_dir() else None


@lru_cache(maxsize=1)
def _distribution() -> importlib.metadata.Distribution | None:
    points = importlib.metadata.entry_points(group="console_scripts", name=SCRIPT)
    return next((point.dist for point in points if point.value == TARGET), None)


def distribution() -> str | None:
    """Name of the distribution that provides this package; None where it is used without being installed."""
    found = _distribution()
    return None if found is None else found.metadata["Name"]


@lru_cache(maxsize=1)
def extras() -> dict[str, tuple[str, ...]]:
    """Extras of this package and the distributions that each brings; extras within an extra are resolved at build."""
    found = _distribution()
    brought: dict[str, list[str]] = {}
    for line in (found.requires if found else None) or ():
        extra = re.search(r"extra\s*==\s*['\"](.+?)['\"]", line)
        if extra:
            brought.setdefault(extra[1], []).append(_name(line))
    return {extra: tuple(names) for extra, names in brought.items()}


def core() -> tuple[str, ...]:
    """Distributions that this package needs in any case."""
    found = _distribution()
    lines = [line for line in (found.requires if found else None) or () if "extra" not in line.partition(";")[2]]
    return tuple(map(_name, lines))


def extra_of(wanted: str) -> str | None:
    """The smallest extra that brings a distribution."""
    bring = [extra for extra, names in extras().items() if any(_same(name, wanted) for name in names)]
    return min(bring, key=lambda extra: (len(extras()[extra]), extra), default=None)


def add_extras(*wanted: str) -> str:
    """The command that adds extras to this installation, to be pasted into a shell."""
    listed, root, name = ",".join(sorted(wanted)), checkout(), distribution()
    if root is not None:
        return f'pip install -e "{root}[{listed}]"'
    if name is None:
        return f"install this package from its checkout or wheel, with the extras {listed}"
    source = _source()
    return f'pip install "{name}[{listed}]{source and f" @ {source}"}"'


def add(*distributions: str) -> str:
    """The command that brings distributions: by extras of this package where there are any, else by their names."""
    by_extra = {name: extra_of(name) for name in distributions}
    brought = {extra: set(extras()[extra]) for extra in by_extra.values() if extra}
    wanted = [extra for extra, names in brought.items() if not any(names < others for others in brought.values())]
    alone = [name for name, extra in by_extra.items() if extra is None]
    return " ".join([add_extras(*wanted) if wanted else "pip install", *alone])


def _source() -> str:
    """Where a wheel or source came from, as pip noted it; empty for one from an index or a folder of wheels."""
    found = _distribution()
    noted = json.loads((found.read_text("direct_url.json") if found else None) or "{}")
    url, vcs = noted.get("url", ""), noted.get("vcs_info")
    return f"{vcs['vcs']}+{url}@{vcs['commit_id']}" if vcs else url


def _name(requirement: str) -> str:
    """The distribution that a requirement names."""
    return re.split(r"[\s\[<>=!~;(@]", requirement)[0]


def _same(a: str, b: str) -> bool:
    """Whether two names are the same to pip."""
    return re.sub("[-_.]+", "-", a).lower() == re.sub("[-_.]+", "-", b).lower()
