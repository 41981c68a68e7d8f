"""Records of a run, packed: the same table, whatever happens in between."""

import json
import multiprocessing
import os
import random
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
import yaml
from click.testing import CliRunner

from jijbench import adapters
from jijbench.benchmark import Benchmark, load_benchmark, record_path
from jijbench.cli import cli
from jijbench.errors import RecordError
from jijbench.records.folder import RecordFolder
from jijbench.records.pack import pack_path
from jijbench.runner import run_cells
from jijbench.runner.publish import publish
from jijbench.tables.forms import to_csv, to_markdown
from jijbench.tables.growth import growth_table
from jijbench.tables.leaderboard import leaderboard
from jijbench.tables.results import found_results, load_results
from jijbench.verify import check_record

pytestmark = pytest.mark.usefixtures("always_one_warden")
TASK, CURVES = "jij-bi2te3/jij/unseen-both", "deltav-elemental/dv-shell/unseen-impurity"
OLD = Path(__file__).parents[1] / "records" / "fixtures" / "old"


@pytest.fixture(scope="module")
def bench() -> Benchmark:
    """Scalars, curves, a refused row, and a training part that grows."""
    rows = [
        {"row": "zero", "adapter": "zero", "tasks": [TASK]},
        {"row": "nearest", "adapter": "nearest-dimer", "tasks": [TASK]},
        {"row": "moments", "adapter": "moment-product", "tasks": [TASK]},
        {"row": "curve", "adapter": "additive-curve", "tasks": [CURVES]},
    ]
    plan = {"task": TASK, "rows": ["nearest"], "unit": "dimer", "start": 5, "step": 5, "rounds": 2}
    return Benchmark(
        benchmark="mine", description="", tasks=(TASK, CURVES), rows=rows, seeds=(0,), growth=(plan,),
        budget={"trials": 0, "inner_folds": 1},
    )  # fmt: skip


def all_cells(bench):
    return [*bench.cells(), *bench.growth_cells()]


@pytest.fixture(scope="module")
def whole(bench, tmp_path_factory):
    """A run of every cell, to be copied."""
    folder = tmp_path_factory.mktemp("run")
    run_cells(all_cells(bench), folder, workers=2)
    return folder


@pytest.fixture
def run(whole, tmp_path):
    return Path(shutil.copytree(whole, tmp_path / "run"))


def table(bench, folder) -> str:
    return to_csv(leaderboard(load_results(bench, folder)))


def content(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def drop(folder, cell):
    path = record_path(folder, cell)
    for file in path.parent.glob(f"{path.stem}.*"):
        file.unlink()


def close(a, b) -> bool:
    """Whether scores are the same, to what packed curves leave."""
    known = {name: value for name, value in b.items() if value is not None}
    assert {name: a[name] for name in a if a[name] is not None}.keys() == known.keys()
    return {name: a[name] for name in known} == pytest.approx(known, rel=1e-6)


def edit(path, **key):
    raw = json.loads(path.read_text())
    raw["key"] |= key
    path.write_text(json.dumps(raw))


def test_a_published_run_gives_the_same_table_digit_by_digit(bench, run, tmp_path):
    rows = list(publish(bench, run, tmp_path / "out"))
    assert [(row.added, row.kept, row.missing) for row in rows] == [(5, 0, 0), (1, 0, 0), *[(5, 0, 0)] * 3]
    assert table(bench, tmp_path / "out") == table(bench, run)
    assert growth_table(bench, tmp_path / "out").equals(growth_table(bench, run))
    assert sorted(content(tmp_path / "out")) == [
        f"{CURVES}/curve.json", f"{CURVES}/curve.npz", f"growth/{TASK}/nearest.json", f"growth/{TASK}/nearest.npz",
        f"{TASK}/moments.json", f"{TASK}/nearest.json", f"{TASK}/nearest.npz", f"{TASK}/zero.json", f"{TASK}/zero.npz",
    ]  # fmt: skip
    assert to_csv(leaderboard(found_results(tmp_path / "out"))) == to_csv(leaderboard(found_results(run)))


def test_published_records_are_those_of_the_run_with_the_scores_of_their_predictions(bench, run, tmp_path):
    list(publish(bench, run, tmp_path / "out"))
    before, after = RecordFolder(run), RecordFolder(tmp_path / "out")
    results = load_results(bench, tmp_path / "out", all_cells(bench))
    for cell in all_cells(bench):
        then, now = before.record(cell), after.record(cell)
        without = {"predictions": None, "metrics": None}
        assert now.model_copy(update=without) == then.model_copy(update=without)
        check_record(results, cell)
        if then.predictions is None:
            continue
        a, b = before.predictions(cell, then), after.predictions(cell, now)
        assert (a.id.tolist(), a.part.tolist()) == (b.id.tolist(), b.part.tolist())
        if a.mean.ndim == 1:
            assert np.array_equal(a.mean, b.mean)
            assert now.metrics == then.metrics
        else:
            assert close(now.metrics, then.metrics)


def test_a_row_with_cells_still_to_compute_is_marked_and_has_no_numbers(bench, run, tmp_path):
    missing = next(cell for cell in bench.cells() if cell.row.row == "nearest" and cell.fold == 3)
    drop(run, missing)
    found = {row.path.stem: row for row in publish(bench, run, tmp_path / "out") if "growth" not in row.path.parts}
    assert [row.missing for name, row in sorted(found.items())] == [0, 0, 1, 0]
    assert json.loads(found["nearest"].path.read_text())["missing"] == [missing.slot]
    results = load_results(bench, tmp_path / "out")
    assert len(results.cells) == 19
    made = leaderboard(results)
    line = made.set_index("row").loc["nearest"]
    assert (line["status"], line["reason"]) == ("incomplete", "1 of 5 cells are still to be computed")
    assert line[["mae", "rmse", "mae_magnetic", "skill", "low", "high", "rank", "fold_low", "tc_mae_k"]].isna().all()
    assert "still to be computed" in to_markdown(made)
    others = leaderboard(load_results(bench, tmp_path / "out")).set_index("row").drop("nearest")
    assert (others.loc[["zero", "curve"], "status"] == "complete").all()


def test_a_run_goes_on_from_packed_records(bench, run, tmp_path, numbers):
    wanted = numbers(bench, run)
    cells = [cell for cell in bench.cells() if cell.row.row in ("nearest", "zero")]
    missing = [cells[1], cells[7]]
    for cell in missing:
        drop(run, cell)
    list(publish(bench, run, tmp_path / "out"))
    computed = []
    run_cells(bench.cells(), tmp_path / "out", tell=lambda record, reused: reused or computed.append(record.key))
    assert sorted((key.row, key.fold) for key in computed) == sorted((c.row.row, c.fold) for c in missing)
    assert RecordFolder(tmp_path / "out").single_files == sorted(record_path(tmp_path / "out", c) for c in missing)
    assert numbers(bench, tmp_path / "out") == wanted


def test_a_run_split_over_three_machines_gives_the_table_of_one(bench, run, tmp_path, numbers):
    hub, cells = tmp_path / "hub", all_cells(bench)
    for k in range(3):
        machine = tmp_path / f"machine{k}"
        machine.mkdir()
        if hub.exists():
            shutil.copytree(hub, machine, dirs_exist_ok=True)
        computed = []
        share = cells[k::3]  # parts of every row
        run_cells(share, machine, tell=lambda record, reused, to=computed: to.append(reused))
        assert computed == [False] * len(share)
        list(publish(bench, machine, hub))
    assert numbers(bench, hub) == numbers(bench, run)
    assert RecordFolder(hub).single_files == []
    told = []
    run_cells(cells, hub, tell=lambda record, reused: told.append(reused))
    assert told == [True] * len(cells)


def test_publishing_in_place_leaves_packs_and_what_is_not_a_record(bench, run, tmp_path):
    list(publish(bench, run, tmp_path / "out"))
    wanted = table(bench, run)
    (run / "leaderboard.csv").write_text("mine")
    foreign = run / "runs" / TASK / "another" / "f00-s0.json"
    foreign.parent.mkdir()
    foreign.write_text("of another benchmark")
    list(publish(bench, run, run))
    assert content(run) == content(tmp_path / "out") | {
        "leaderboard.csv": b"mine", f"runs/{TASK}/another/f00-s0.json": b"of another benchmark",
    }  # fmt: skip
    assert table(bench, run) == wanted
    assert list(publish(bench, run, run)) == []


def test_publishing_again_changes_no_byte(bench, run, tmp_path):
    list(publish(bench, run, tmp_path / "out"))
    once = content(tmp_path / "out")
    list(publish(bench, run, tmp_path / "out"))
    assert content(tmp_path / "out") == once
    list(publish(bench, tmp_path / "out", tmp_path / "again"))  # from packs to packs
    assert content(tmp_path / "again") == once


def test_a_cell_that_stays_keeps_its_bytes_and_one_that_was_run_again_is_replaced(bench, run, tmp_path):
    out = tmp_path / "out"
    curves = [cell for cell in bench.cells() if cell.row.row == "curve"]
    list(publish(bench, run, out))
    before = RecordFolder(out)
    kept = {cell.slot: before.coded(cell) for cell in curves}
    then = before.record(curves[1]).created
    raw = json.loads(record_path(run, curves[1]).read_text()) | {"created": "2030-01-01T00:00:00+00:00"}
    again = tmp_path / "again"
    path = record_path(again, curves[1])
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(raw))
    shutil.copy(record_path(run, curves[1]).with_suffix(".npz"), path.parent)
    (row,) = publish(bench, again, out)
    assert (row.added, row.kept, row.missing) == (1, 4, 0)
    after = RecordFolder(out)
    assert [after.record(cell).created == then for cell in curves][1] is False
    assert after.record(curves[1]).created.startswith("2030")
    for cell in curves:
        found = after.coded(cell)
        assert found.mean.keys() == kept[cell.slot].mean.keys()
        assert all(np.array_equal(found.mean[name], kept[cell.slot].mean[name]) for name in found.mean)


@pytest.mark.parametrize("version", [0, 99])
def test_a_stale_record_is_refused_and_its_row_stays(bench, run, tmp_path, version):
    out = tmp_path / "out"
    list(publish(bench, run, out))
    there = content(out)
    cell = next(cell for cell in bench.cells() if cell.row.row == "nearest" and cell.fold == 2)
    edit(record_path(run, cell), version=version)
    with pytest.raises(RecordError, match=r"f02-s0\.json is stale \(version changed\); run the cell again"):
        list(publish(bench, run, out))
    assert content(out) == there


def test_a_damaged_record_or_prediction_is_refused_and_named(bench, run, tmp_path):
    cell = next(cell for cell in bench.cells() if cell.row.row == "zero")
    path = record_path(run, cell)
    file = path.with_suffix(".csv.gz")
    whole = file.read_bytes()
    file.write_bytes(whole + b"x")
    with pytest.raises(RecordError, match=r"f00-s0\.csv\.gz has sha256"):
        list(publish(bench, run, tmp_path / "out"))
    file.write_bytes(whole)
    path.write_text("{")
    with pytest.raises(RecordError, match=r"f00-s0\.json is no run record"):
        list(publish(bench, run, tmp_path / "out"))


def test_an_empty_run_publishes_nothing(bench, tmp_path):
    (tmp_path / "run").mkdir()
    assert list(publish(bench, tmp_path / "run", tmp_path / "out")) == []
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(adapters.version("plain-gp") != 1, reason="records of version 1 are stale by now")
def test_records_of_an_earlier_version_are_published_like_todays(tmp_path):
    full, run = load_benchmark("full"), Path(shutil.copytree(OLD, tmp_path / "run"))
    for row in ("gap", "shell-mean"):  # of a distribution that may be another one here; of other code
        shutil.rmtree(run / "runs/jij-published-table/jij/transfer" / row)
    rows = list(publish(full, run, tmp_path / "out"))
    assert [row.path.name for row in rows] == ["plain-gp.json", "pair-gp.json", "low-rank.json"]
    before, after = RecordFolder(run), RecordFolder(tmp_path / "out")
    cells = [cell for cell in all_cells(full) if before.record(cell) is not None]
    assert len(cells) == 3
    for cell in cells:
        then, now = before.record(cell), after.record(cell)
        assert close(now.metrics, then.metrics)
        assert now.key == then.key
        assert len(before.predictions(cell, then).id) == len(after.predictions(cell, now).id)


def test_from_the_command_line(bench, run, tmp_path):
    (tmp_path / "b.yaml").write_text(yaml.safe_dump(json.loads(bench.model_dump_json())))
    drop(run, next(bench.cells()))
    words = ["publish", run, tmp_path / "b.yaml", "--to", tmp_path / "out"]
    found = CliRunner().invoke(cli, [str(word) for word in words], catch_exceptions=False)
    assert found.exit_code == 0
    assert (
        f"{pack_path(tmp_path / 'out', next(bench.cells()))}: 4 cells, 0 kept, 1 still to be computed" in found.output
    )
    assert "5 rows published" in found.output
    assert CliRunner().invoke(cli, ["publish"]).exit_code == 2


# ---- kill -9


@pytest.mark.parametrize("last", [1, 2, 3])
def test_whatever_file_is_removed_last_the_table_can_be_read(bench, run, tmp_path, numbers, monkeypatch, last):
    wanted, left, unlink = numbers(bench, run), last, Path.unlink

    def stopping(self, missing_ok=False):
        nonlocal left
        if not left:
            raise KeyboardInterrupt
        left -= 1
        unlink(self, missing_ok=missing_ok)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", stopping)
        with pytest.raises(KeyboardInterrupt):
            list(publish(bench, run, run))
    assert numbers(bench, run) == wanted
    list(publish(bench, run, run))
    assert numbers(bench, run) == wanted
    assert RecordFolder(run).single_files == []


def _publish(bench, run, out):
    list(publish(bench, run, out))


def _process(bench, run, out):
    return multiprocessing.get_context("fork").Process(target=_publish, args=(bench, run, out))


def _killed_after(seconds, *words) -> bool:
    process = _process(*words)
    process.start()
    process.join(seconds)
    process.kill()
    process.join()
    assert process.exitcode in (0, -9)
    return process.exitcode == -9


def _duration(*words) -> float:
    begun = time.monotonic()
    process = _process(*words)
    process.start()
    process.join()
    assert process.exitcode == 0
    return time.monotonic() - begun


@pytest.mark.skipif(os.name != "posix", reason="signals of Unix")
@pytest.mark.parametrize("in_place", [False, True])
def test_a_killed_publisher_leaves_what_can_be_read_and_published_again(bench, run, tmp_path, numbers, in_place):
    """Eight times, at moments drawn by chance, over what was published before."""
    part = Path(shutil.copytree(run, tmp_path / "part"))
    for cell in list(bench.cells())[::3]:
        drop(part, cell)
    list(publish(bench, part, tmp_path / "before"))
    if in_place:
        shutil.copytree(run, tmp_path / "before", dirs_exist_ok=True)

    def begin(name):
        out = Path(shutil.copytree(tmp_path / "before", tmp_path / name))
        return out if in_place else run, out

    reference = begin("reference")
    lasts = _duration(bench, *reference)
    wanted = content(reference[1])
    whole, killed, draw = numbers(bench, run), 0, random.Random(7)
    for seed in range(8):
        source, out = begin(f"killed{seed}")
        killed += _killed_after(draw.uniform(0, lasts), bench, source, out)
        results = load_results(bench, out, all_cells(bench))
        for cell in results.cells:
            check_record(results, cell)
        if in_place:
            assert numbers(bench, out) == whole
        list(publish(bench, source, out))
        left = content(out)
        alone = {name for name in left if name not in wanted}
        assert all("runs/" in name or "growth/" in name for name in alone)  # in place: predictions without a record
        assert not any(name.endswith(".json") or "/." in name for name in alone)
        assert {name: left[name] for name in wanted} == wanted
        shutil.rmtree(out)
    assert killed >= 2
