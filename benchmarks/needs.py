"""Install what the rows of a run need and this environment lacks; says how large that is. For `tox -e bench`.

It takes the arguments of `jijbench run`, so `quick` waits for no package that only `default` uses.
"""

import subprocess
import sys
import sysconfig
from pathlib import Path

from jijbench import adapters
from jijbench.benchmark import load_benchmark
from jijbench.cli.run import command
from jijbench.context import installed
from jijbench.install import checkout, extra_of

#: MB that an extra adds to the 540 MB of the core, measured on Linux x86_64
SIZES = {"ace": 15, "automl": 580, "composition": 10, "dscribe": 250, "gap": 90}


def wanted(arguments: list[str]) -> set[str]:
    """Extras that bring what the rows of a run need and that is not here."""
    given = command.make_context("run", arguments).params
    rows = [row for row in load_benchmark(given["benchmark"]).rows if not given["rows"] or row.row in given["rows"]]
    if given["tasks"]:
        rows = [row for row in rows if any(row.answers(task) for task in given["tasks"])]
    needed = {name for row in rows for name in adapters.requires(row.adapter)}
    return {extra for name in needed if installed(name) is None and (extra := extra_of(name)) is not None}


def main() -> None:
    """Tell, install, tell."""
    extras = sorted(wanted(sys.argv[1:]))
    if not extras:
        print("everything that these rows need is installed", flush=True)
        return
    size = sum(SIZES.get(extra, 0) for extra in extras)
    print(f"these rows need {', '.join(extras)}: about {size} MB more on disk; installing", flush=True)
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", f"-e{checkout()}[{','.join(extras)}]"], check=True
    )
    held = sum(path.stat().st_size for path in Path(sysconfig.get_path("purelib")).rglob("*") if path.is_file())
    print(f"installed; this environment holds {held / 1e9:.1f} GB", flush=True)


if __name__ == "__main__":
    main()
