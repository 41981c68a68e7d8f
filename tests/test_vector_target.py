"""A vector target from a table to a bundle: no room of the house asks what it is called."""

import numpy as np
import pandas as pd
import pytest
import yaml

import jijbench
from jijbench import plots
from jijbench.benchmark import load_benchmark
from jijbench.bundle.answer import render
from jijbench.bundle.export import export_bundle
from jijbench.data.dataset import load_dataset
from jijbench.data.importer import import_table
from jijbench.data.split import write_split
from jijbench.runner import run_cells
from jijbench.runner.publish import publish
from jijbench.spin.exchange import read_exchange
from jijbench.tables.forms import files
from jijbench.tables.leaderboard import leaderboard
from jijbench.tables.results import load_results
from jijbench.tables.uncertainty import uncertainty_table
from jijbench.targets import DIJ

TASK = "toy-dij/dij/random-orbit"
COLUMNS = {
    "element_i": "element_i", "element_j": "element_j", "j": "jij_mev", "d": ["d_x", "d_y", "d_z"],
    "energy_unit": "meV", "convention": "house", "site_i": "site_i", "dx": "dx_angstrom", "dy": "dy_angstrom",
    "dz": "dz_angstrom", "length_unit": "angstrom", "moment_i": "moment_i_mub", "moment_j": "moment_j_mub",
}  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory, dimers):
    """A folder with a dataset of D along the axis in the first shell, where symmetry allows it, and a benchmark."""
    folder = tmp_path_factory.mktemp("vector")
    rows = dimers.table[(dimers.table["shell"] == 1) & dimers.magnetic].reset_index(drop=True)
    places = [sample.geometry.sublattices[0] for sample in dimers.samples if sample.shell == 1 and sample.moments.all()]
    size = 0.1 * (rows["moment_i_mub"] * rows["moment_j_mub"] - 5.0)
    rows = rows.assign(site_i=places, d_x=0.0, d_y=0.0, d_z=size)
    rows.to_csv(folder / "table.csv", index=False)
    about = {"title": "toy", "licence": "CC0", "citation": "none", "code": "none", "functional": "none"}
    import_table(folder / "table.csv", COLUMNS, folder / "toy-dij", id="toy-dij", radius=4.0, **about)
    write_split(load_dataset(folder / "toy-dij"), "random-orbit")
    bench = {
        "benchmark": "vector", "description": "", "tasks": [TASK], "seeds": [0],
        "rows": [{"row": "zero", "adapter": "zero"}, {"row": "pair-mean", "adapter": "pair-mean"},
                 {"row": "sound", "adapter": "jijbench.testing.sound:SoundVector"}],
        "budget": {"trials": 0, "inner_folds": 1},
    }  # fmt: skip
    (folder / "vector.yaml").write_text(yaml.safe_dump(bench))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        yield folder


@pytest.fixture(scope="module")
def results(home):
    bench = load_benchmark("vector.yaml")
    run_cells(bench.cells(), home / "results")
    return load_results(bench, home / "results")


def test_the_leaderboard_has_the_columns_of_vectors(results):
    table = leaderboard(results).set_index("row")
    assert {"mae_length", "angle_deg"} <= set(table)
    assert not {"error_left", "mae_magnetic"} & set(table)
    assert table.loc["zero", "mae"] == pytest.approx(np.abs(results.pooled(TASK, "zero")[0].truth).mean())
    assert table.loc["sound", "low"] < table.loc["sound", "mae"] < table.loc["sound", "high"]
    assert table.loc["pair-mean", "status"] == "refused"
    assert "MAE of the length" in files(leaderboard(results))["leaderboard.md"]
    assert not uncertainty_table(results).empty


def test_packed_records_give_the_same_table(results, home):
    bench = load_benchmark("vector.yaml")
    assert list(publish(bench, home / "results", home / "packed"))
    assert files(leaderboard(load_results(bench, home / "packed"))) == files(leaderboard(results))


def test_its_components_are_drawn(results, home):
    names = [path.name for path in plots.save(results, home / "out")]
    assert {"zero-components.png", "sound-components.png", "overview.png"} <= set(names)


def test_a_report_holds_it(results):
    pytest.importorskip("plotly")
    from jijbench.report import build

    assert "MAE of the length" in build(results)


def test_a_bundle_predicts_it_in_columns_that_spin_codes_know(results, home, monkeypatch):
    bundle = export_bundle(TASK, home / "bundle", "zero", "vector.yaml", home / "results")
    assert bundle.card.asked_target == DIJ
    assert jijbench.load_bundle(home / "bundle").card.convention == DIJ.convention
    samples = load_dataset(home / "toy-dij").samples[:4]
    (home / "answer.csv").write_bytes(render(bundle, samples, ".csv"))
    table = pd.read_csv(home / "answer.csv")
    assert {"dij_x_mev", "dij_y_mev", "dij_z_mev"} <= set(table)
    assert bundle.predict(samples).shape == (4, 3)
    table.assign(jij_mev=1.0).to_csv(home / "exchange.csv", index=False)
    assert len(read_exchange(home / "exchange.csv")) == 4
