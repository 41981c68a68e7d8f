"""Recompute every published number: data, splits, records, the committed tables, and blocks of the README."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from jijbench.benchmark import Benchmark, Cell, load_benchmark
from jijbench.context import installed
from jijbench.data.dataset import dataset_ids
from jijbench.data.split import load_split, split_names
from jijbench.data.task import load_task
from jijbench.data.validate import validate
from jijbench.errors import JijbenchError, RecordError
from jijbench.records.folder import RecordFolder
from jijbench.runner.key import other_libraries, stale_slots, unchecked_rows
from jijbench.runner.scoring import fold_scores
from jijbench.tables.forms import files
from jijbench.tables.generated_docs import BLOCK, documents, render, table_of
from jijbench.tables.results import Results, load_results

if TYPE_CHECKING:
    from jijbench.runner.refit import Proof


@dataclass(frozen=True)
class Finding:
    """One thing that was checked. ``level``: ok, note, warning or error."""

    level: str
    what: str


def check_data() -> Iterator[Finding]:
    """Hashes, rows, orbits and splits of all datasets."""
    for name in dataset_ids():
        try:
            dataset, audit = validate(name)
            splits = [load_split(dataset, protocol) for protocol in split_names(dataset)]
            yield Finding("ok", f"{name}: {audit.samples} samples in {audit.orbits} orbits, {len(splits)} splits")
        except JijbenchError as error:
            yield Finding("error", str(error))


def check_record(results: Results, cell: Cell) -> None:
    """Raise ``RecordError`` where a record's own scores are not those of its predictions."""
    record = results.records[cell.slot]
    if record.predictions is None:
        return
    now = fold_scores(load_task(cell.task), results.predictions(cell), record.scored_part)
    wrong = [name for name, value in now.items() if not _same(value, (record.metrics or {}).get(name))]
    if wrong:
        raise RecordError(
            f"{results.held.place(cell)}: {cell.slot}: {wrong[0]} is {(record.metrics or {}).get(wrong[0])}, its "
            f"predictions give {now[wrong[0]]}; run the cell again"
        )


def _same(a: float | None, b: float | None) -> bool:
    if a is None or b is None:
        return a is b
    return abs(a - b) <= 1e-9 * max(1.0, abs(a))


def check_results(benchmark: Benchmark, folder: Path, pages: Sequence[Path] = ()) -> Iterator[Finding]:
    """Every record of a benchmark, then its tables; where these are right, the blocks of documents."""
    held = RecordFolder(folder)
    try:
        results = load_results(benchmark, held)
        growing = load_results(benchmark, held, benchmark.growth_cells())
        for row, cells in results.groups().items():
            for cell in cells:
                check_record(results, cell)
            results.pooled(*row)  # for the tables, while the predictions are decoded
        for cell in growing.cells:
            check_record(growing, cell)
    except JijbenchError as error:
        yield Finding("error", str(error))
        return
    yield from _counts(results, folder.name)
    if growing.cells:
        yield from _counts(growing, f"{folder.name}/growth")
    yield from _libraries(results, growing)
    stale = stale_slots(results.cells, results.records) | stale_slots(growing.cells, growing.records)
    if stale:
        fields = sorted({field for names in stale.values() for field in names})
        yield Finding(
            "warning", f"{len(stale)} records are stale ({', '.join(fields)} changed), first {next(iter(stale))}"
        )
    if unchecked := unchecked_rows([*results.cells, *growing.cells]):
        yield Finding("note", f"not checked whether stale, their adapters are not installed: {', '.join(unchecked)}")
    found = list(_check_tables(results, folder))
    yield from found
    if all(finding.level == "ok" for finding in found):
        yield from check_documents(results, pages)


def check_code(benchmark: Benchmark, folder: Path, every: bool = False) -> Iterator[Finding]:
    """Whether rows whose code is another than the recorded one still give the recorded numbers; ``every``: all rows."""
    from jijbench.runner.refit import ALL, by_row, changed_rows, prove  # what runs cells takes half a second to import

    cells = [*benchmark.cells(), *benchmark.growth_cells()]
    results = load_results(benchmark, folder, cells)
    there = list(results.cells)
    rows = by_row(there) if every else changed_rows(there, results.records)
    proofs = list(prove(rows, results.records, results.held))
    yield from (_proved(proof) for proof in sorted(proofs, key=lambda proof: -proof.seconds))
    if proofs:
        took = sum(proof.seconds for proof in proofs)
        said = f"{len(proofs)} canaries took {took:.0f} s of processor time, they may take {ALL:.0f}"
        said += "; `jijbench publish --renew` renews the hashes of rows with the recorded numbers" * (not every)
        yield Finding("error" if took > ALL else "ok", said + "; give the dearest ones smaller growths" * (took > ALL))
    if not rows:
        yield Finding("ok", "the code of every row is the recorded one")


def _proved(proof: "Proof") -> Finding:
    """What the canary of a row says, with the seconds it took."""
    from jijbench.runner.refit import DEAR

    again = f"{proof.row}: {proof.slot} fitted again in {proof.seconds:.1f} s"
    level, what = {
        "same": ("ok", f"{again}, the numbers are the recorded ones, {proof.why}"),
        "none": ("warning", f"{proof.row}: its numbers could not be proved, {proof.why}"),
        "dear": (
            "error", f"{proof.row}: {proof.why}, a canary may take {DEAR:.0f}; give the row a `growth` of few samples "
            "and one round in the benchmark, which is fitted instead",
        ),
        "other": (
            "error", f"{again} gives other numbers ({proof.why}); raise `version` in its adapter and compute its cells "
            "anew",
        ),
    }[proof.outcome]  # fmt: skip
    return Finding(level, what)


def _libraries(*parts: Results) -> Iterator[Finding]:
    """Libraries below all models that records were made with and that are others here."""
    records = [record for part in parts for record in part.records.values()]
    for name, versions in other_libraries(records).items():
        told = ", ".join(f"{version} ({n} records)" for version, n in versions.items())
        yield Finding("note", f"{name} is {installed(name)} here, records were made with {told}")


def _counts(results: Results, name: str) -> Iterator[Finding]:
    states = pd.Series([record.status for record in results.records.values()]).value_counts()
    yield Finding("ok", f"{name}: {len(results.cells)} records, " + ", ".join(f"{n} {s}" for s, n in states.items()))
    seconds = sum(record.cost for record in results.records.values())
    yield Finding("ok", f"{name}: {seconds / 3600:.2f} h of processor time in all")


def tables(results: Results) -> dict[str, str]:
    """The committed forms of a leaderboard, by file name."""
    made = files(table_of(results))
    return made | {"leaderboard.md": f"# Leaderboard of `{results.benchmark.benchmark}`\n\n{made['leaderboard.md']}"}


def _check_tables(results: Results, folder: Path) -> Iterator[Finding]:
    for name, text in tables(results).items():
        path = folder / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            yield Finding(
                "error", f"{path} is not what the records give; write it anew with `jijbench leaderboard --write`"
            )
        else:
            yield Finding("ok", f"{folder.name}/{name} is what the records give")


def check_documents(results: Results, paths: Sequence[Path]) -> Iterator[Finding]:
    """Documents whose generated blocks are older than the records."""
    for path in paths:
        text = path.read_text(encoding="utf-8")
        if render(text, results) != text:
            yield Finding(
                "error",
                f"{path.name} shows numbers that the records do not give; `jijbench leaderboard --write` renews them",
            )
        else:
            yield Finding("ok", f"{path.name}: {len(BLOCK.findall(text))} generated blocks are what the records give")


def verify(root: Path, refit: bool = False, every: bool = False) -> list[Finding]:
    """Everything that is published from a checkout at ``root``; ``refit``: ``check_code`` too."""
    findings = list(check_data())
    folder, benchmark = root / "results" / "full", load_benchmark("full")
    findings += check_results(benchmark, folder, () if _wrong(findings) else documents(root))
    if (refit or every) and not _wrong(findings):
        findings += check_code(benchmark, folder, every)
    return findings


def _wrong(findings: list[Finding]) -> bool:
    return any(finding.level == "error" for finding in findings)


def as_json(findings: list[Finding]) -> str:
    """Findings for a script."""
    return json.dumps([{"level": f.level, "what": f.what} for f in findings], indent=1, ensure_ascii=False) + "\n"
