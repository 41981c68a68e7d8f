"""The learned map of the elements: read from records, laid upon each other, drawn where there is one."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from jijbench import plots
from jijbench.benchmark import Benchmark, record_path
from jijbench.data.task import load_task
from jijbench.elements import SYMBOLS, group
from jijbench.plots import element_map
from jijbench.records.predictions import Predictions, write_predictions
from jijbench.records.schema import Record, write_record
from jijbench.tables.results import load_results

TASK = "jij-published-table/jij/transfer"
SHA = "0" * 64
PLACES = {"V": (0, 1), "Cr": (1, 1.2), "Mn": (2, 1), "Fe": (3, 0.9), "Nb": (0, 0), "Mo": (1, 0.1), "Tc": (2, 0)}


def moved(seed: int, places=PLACES, scale: float = 1.7) -> dict[str, list[float]]:
    """The same map rotated or reflected, stretched and shifted."""
    rng = np.random.default_rng(seed)
    turn, shift = np.linalg.qr(rng.normal(size=(2, 2)))[0], rng.normal(size=2)
    return {e: (scale * np.array(xy) @ turn + shift).tolist() for e, xy in places.items()}


def record(chosen: dict | None, row: str = "alchemical", predictions: Path | None = None) -> Record:
    search = {"fixed": {}, "space_sha256": SHA, "sampler": "none", "trials": 0, "inner_folds": 1, "inner_sha256": SHA}
    key = {
        "task": TASK, "data_sha256": {}, "split_sha256": SHA, "fold": 0, "row": row, "adapter": row,
        "inputs": "structure", "search": search, "seed": 0, "version": 1, "versions": {},
    }  # fmt: skip
    digest = SHA if predictions is None else hashlib.sha256(predictions.read_bytes()).hexdigest()
    file = {"file": "x.csv.gz" if predictions is None else predictions.name, "sha256": digest}
    return Record.model_validate({
        "key": key, "kind": "model", "info": None, "unit": "meV", "seconds": {"total": 1.0}, "machine": {},
        "created": "", "status": "complete", "metrics": {}, "predictions": file, "chosen": chosen,
    })  # fmt: skip


def with_map(places, **more) -> Record:
    return record({"element_map_": json.dumps(places)}, **more)


def test_maps_of_several_models_are_laid_upon_each_other():
    found = element_map.aligned([element_map.read(with_map(moved(seed, scale=1 + seed))) for seed in range(4)])
    for other in found[1:]:
        for element, place in found[0].items():
            assert np.allclose(other[element], place, atol=1e-10)


def test_the_first_map_is_turned_upon_the_periodic_table_and_keeps_its_shape():
    first = element_map.aligned([element_map.read(with_map(moved(3, scale=1.0)))])[0]
    assert first["Fe"][0] > first["V"][0]
    assert first["Cr"][1] > first["Mo"][1]
    gap = np.linalg.norm(first["V"] - first["Tc"])
    assert gap == pytest.approx(np.linalg.norm(np.subtract(PLACES["V"], PLACES["Tc"])))


def test_a_model_without_an_element_leaves_the_others_where_they_are():
    lacking = {e: xy for e, xy in PLACES.items() if e != "Mn"}
    first, second = element_map.aligned(
        [element_map.read(with_map(moved(k, p))) for k, p in enumerate((PLACES, lacking))]
    )
    assert set(first) - set(second) == {"Mn"}
    assert all(np.allclose(first[e], second[e]) for e in second)


def test_every_element_is_labelled_once_and_every_model_a_dot():
    figure = element_map.learned([with_map(moved(seed)) for seed in range(3)])
    axes = figure.axes[0]
    assert sorted(text.get_text() for text in axes.texts) == sorted(PLACES)
    assert all(len(dots.get_offsets()) == 3 for dots in axes.collections)
    along = [line for line in axes.lines if line.get_label().startswith("period")]
    assert [len(line.get_xdata()) for line in along] == [4, 3]  # 3d and 4d
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert words == ["one model", "their mean", "along a period"]
    assert "alchemical" in figure.get_suptitle()
    assert "3 models" in figure.get_suptitle()
    assert plots.png(figure) == plots.png(element_map.learned([with_map(moved(seed)) for seed in range(3)]))


@pytest.mark.parametrize(
    "chosen", [None, {}, {"noise_": 0.1}, {"element_map_": "{}"}, {"element_map_": '{"Cr": [0, 1]}'}]
)
def test_records_without_a_map_have_no_figure(chosen):
    assert element_map.learned([record(chosen)]) is None


@pytest.mark.parametrize("seed", range(5))
def test_labels_do_not_overlap_and_stay_near(seed):
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(9, 2)) * (1.0, 0.6)
    points[:3] = points[0] + 0.01 * rng.normal(size=(3, 2))
    size = np.array([0.105, 0.08]) * np.ptp(points, axis=0).max()
    places = element_map.apart(points)
    for j in range(len(places)):
        for i in range(j):
            assert (np.abs(places[j] - places[i]) >= size * (1 - 1e-6)).any()
    assert (np.abs(places - points) < 4 * size).all()


def test_labels_with_room_stay_where_they_are():
    points = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, 0.8], [0.5, 0.0]])
    assert np.array_equal(element_map.apart(points), points)
    assert element_map.apart(np.zeros((0, 2))).shape == (0, 2)


def test_a_map_of_one_point_is_drawn():
    assert plots.png(element_map.learned([with_map({e: [0.0, 0.0] for e in PLACES})] * 2))


def test_groups_are_those_of_the_periodic_table():
    table = {
        "H": 1,
        "Li": 1,
        "Sc": 3,
        "Cr": 6,
        "Zn": 12,
        "Te": 16,
        "La": 3,
        "Gd": 3,
        "Hf": 4,
        "Au": 11,
        "Bi": 15,
        "Al": 13,
    }
    assert {e: group(e) for e in table} == table
    assert {group(e) for e in SYMBOLS} == set(range(1, 19))


def test_the_figure_is_saved_for_the_rows_that_have_a_map(tmp_path):
    rows = [{"row": name, "adapter": name} for name in ("zero", "alchemical")]
    benchmark = Benchmark.model_validate({
        "benchmark": "tiny", "description": "", "tasks": [TASK], "rows": rows, "seeds": [0],
        "budget": {"trials": 0, "inner_folds": 1},
    })  # fmt: skip
    ids = load_task(TASK).split.folds[0].test
    for cell in benchmark.cells():
        path = record_path(tmp_path, cell)
        found = Predictions(np.array(ids), np.full(len(ids), "test"), np.zeros(len(ids)))
        file = write_predictions(path.with_suffix(""), found, load_task(TASK).target)
        chosen = {"element_map_": json.dumps(PLACES)} if cell.row.row == "alchemical" else {}
        write_record(path, record(chosen, cell.row.row, file))
    names = [path.name for path in plots.save(load_results(benchmark, tmp_path), tmp_path / "out")]
    assert [name for name in names if "element-map" in name] == ["alchemical-element-map.png"]
