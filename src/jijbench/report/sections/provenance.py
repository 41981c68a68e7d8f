"""Where the numbers come from: data, splits, code, versions, machines."""

from typing import Any

from jijbench.records.schema import Record
from jijbench.tables.results import Results

TITLE = "Provenance"
ORDER = 90


def data(results: Results) -> dict[str, Any]:
    """Hashes of data and splits by task, code and versions by row, machines and dates of all records."""
    records = list(results.records.values())
    tasks: dict[str, dict[str, Any]] = {}
    rows: dict[str, dict[str, Any]] = {}
    for record in records:
        key = record.key
        tasks.setdefault(key.task, {"task": key.task, "split": key.split_sha256[:12], "data": _data(record)})
        rows.setdefault(
            key.row,
            {
                "row": key.row,
                "adapter": key.adapter,
                "version": key.version,
                "code": (record.code_sha256 or "unknown")[:12],
            }
            | _of(record),
        )
    machines = {", ".join(f"{k} {v}" for k, v in sorted(record.machine.items())) for record in records}
    created = sorted(record.created for record in records)
    return {
        "records": len(records),
        "first": created[0] if created else None,
        "last": created[-1] if created else None,
        "hours": sum(record.cost for record in records) / 3600,
        "machines": sorted(machines),
        "tasks": list(tasks.values()),
        "rows": list(rows.values()),
    }


def _data(record: Record) -> str:
    return ", ".join(f"{name} {digest[:12]}" for name, digest in record.key.data_sha256.items())


def _of(record: Record) -> dict[str, Any]:
    versions = ", ".join(f"{name} {version}" for name, version in record.key.versions.items())
    info = record.info or {}
    return {"versions": versions, "licence": info.get("licence"), "citation": info.get("citation")}
