"""Records and cards of bundles of earlier versions, read as if they had been written by this one.

``jijbench.run/1`` held a hash of the adapter's code where ``jijbench.run/2`` holds the version that the adapter
declares, and knew nothing of scipy. The code of the last release that wrote it is version 1 of every adapter, so a
record of that code is one of version 1; of other code it is one of version 0, which no adapter has: it is read, and
stale.
"""

import json
from functools import lru_cache
from importlib.resources import files
from typing import Any

FIRST = "jijbench.run/1"
#: hash of the code that let training parts grow, in the last release that wrote ``jijbench.run/1``
GROWTH_CODE = "1d235e52329463e5ff707064f1b14ec99c6be75665b99a5ef26a23996ec7a58f"


@lru_cache(maxsize=1)
def _released() -> dict[str, tuple[str, str]]:
    """Adapter → hash of its code as ``jijbench.run/1`` wrote it, and as it is written now."""
    return json.loads(files(__package__).joinpath("released.json").read_text(encoding="utf-8"))


def is_old(raw: Any) -> bool:
    """Whether a record (JSON) is of an earlier version."""
    return isinstance(raw, dict) and raw.get("schema") == FIRST


def upgraded(raw: Any) -> Any:
    """A record (JSON) of an earlier version in today's form; anything else as it is, for the schema to judge."""
    if not is_old(raw) or not isinstance(raw.get("key"), dict):
        return raw
    key, machine = dict(raw["key"]), raw.get("machine")
    then, now = _released().get(str(key.get("adapter")), (None, None))
    known = key.pop("adapter_sha256", None) == then is not None
    key["version"] = int(known)
    if isinstance(key.get("versions"), dict) and isinstance(machine, dict):
        key["versions"] = key["versions"] | {"numpy": machine.get("numpy"), "scipy": None}
    search = key.get("search")
    if isinstance(search, dict) and isinstance(search.get("growth"), dict):
        growth = dict(search["growth"])
        growth["version"] = int(growth.pop("code_sha256", None) == GROWTH_CODE)
        key["search"] = search | {"growth": growth}
    return raw | {"schema": "jijbench.run/2", "key": key, "code_sha256": now if known else None}


def upgraded_card(raw: Any) -> Any:
    """The card of a bundle (JSON) of an earlier version in today's form; anything else as it is."""
    if not isinstance(raw, dict) or "adapter_sha256" not in raw:
        return raw
    then, now = _released().get(str(raw.get("adapter")), (None, None))
    known = raw["adapter_sha256"] == then is not None
    card = {name: value for name, value in raw.items() if name != "adapter_sha256"}
    return card | {"version": int(known), "code_sha256": now if known else None}
