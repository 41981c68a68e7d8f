"""Plots: found by file, labelled, reproducible, and their numbers are those of the metrics."""

import re
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import mean_absolute_error, r2_score

from jijbench import plots
from jijbench.data.task import load_task
from jijbench.errors import DataError, UnknownName
from jijbench.plots import cost, distance, error_map, overview, parity
from jijbench.plots._style import in_words
from jijbench.targets import DIJ

PLAIN = "jij-bi2te3/jij/published-90-10"
TRANSFER = "jij-published-table/jij/transfer"
ROW_PLOTS = [name for name in plots.names() if plots.get(name).kind == "draw"]


def texts(figure) -> str:
    return "\n".join(text.get_text() for axes in figure.axes for text in axes.texts)


def board(**changes) -> pd.DataFrame:
    """Lines of one task as a leaderboard has them."""
    lines = {
        "task": [PLAIN] * 5,
        "row": ["soap", "zero", "low-rank", "broken", "unclear"],
        "kind": ["model", "floor", "floor", "model", "model"],
        "status": ["complete", "complete", "complete", "failed", "complete"],
        "mae_magnetic": [0.4, 2.4, 0.6, None, None],
        "low": [0.3, 2.0, 0.5, None, None],
        "high": [0.6, 3.0, 0.8, None, None],
        "seconds_fit": [20.0, 0.0, 2.0, None, 3.0],
        "peak_memory_mib": [600.0, 400.0, 500.0, None, 500.0],
    }
    return pd.DataFrame(lines | changes).astype(object)


def test_every_file_is_a_plot():
    files = {path.stem for path in Path(plots.__file__).parent.glob("[a-z]*.py")}
    assert set(plots.names()) == {stem.replace("_", "-") for stem in files}
    assert ROW_PLOTS == ["calibration", "distance", "error-map", "parity"]
    assert [name for name in plots.names() if plots.get(name).kind == "field"] == ["coefficients", "curves", "host-map"]
    assert all(plots.get(name).title for name in plots.names())


def test_unknown_plot_suggests_the_nearest():
    with pytest.raises(UnknownName, match="did you mean 'parity'"):
        plots.get("partiy")


def test_neither_pyplot_nor_matplotlib_at_import():
    code = "import sys; from jijbench import plots; plots.names(); print([m for m in sys.modules if 'matplotlib' in m])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


@pytest.mark.parametrize("name", ROW_PLOTS)
def test_users_settings_stay_and_do_not_matter(name, by_hand):
    plain = plots.png(plots.get(name).draw([by_hand(TRANSFER)]))
    with matplotlib.rc_context({"font.size": 20, "axes.facecolor": "red", "savefig.bbox": "tight"}):
        before = dict(matplotlib.rcParams)
        assert plots.png(plots.get(name).draw([by_hand(TRANSFER)])) == plain
        assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize(("task", "magnetic"), [(PLAIN, True), (TRANSFER, False), (TRANSFER, None)])
@pytest.mark.parametrize("name", ROW_PLOTS)
def test_all_plots_for_all_kinds_of_rows(name, task, magnetic, by_hand):
    figure = plots.get(name).draw([by_hand(task, magnetic=magnetic)])
    plots.png(figure)
    assert figure.get_suptitle().replace("\n", " ") == f"made-up {in_words(load_task(task))}"
    if magnetic is False and name != "error-map":
        assert "no magnetic pairs" in texts(figure)


@pytest.mark.parametrize("name", ROW_PLOTS)
def test_one_row_is_enough(name, by_hand):
    full = by_hand(magnetic=True)
    one = {key: getattr(full, key)[:1] for key in ("rows", "mean", "std", "truth", "weight", "fold")}
    assert plots.png(plots.get(name).draw([replace(full, **one)]))


@pytest.mark.parametrize("name", ROW_PLOTS)
def test_nothing_to_draw_says_why(name, by_hand):
    with pytest.raises(DataError, match="no pooled predictions"):
        plots.get(name).draw([])
    vectors = by_hand()
    vectors = replace(vectors, task=replace(vectors.task, target=DIJ), mean=np.zeros((2, 3)))
    with pytest.raises(DataError, match="one number a sample"):
        plots.get(name).draw([vectors])


@pytest.mark.parametrize("row", [{"mean": 0.0}, {"mean": None}], ids=["all predictions zero", "no error at all"])
@pytest.mark.parametrize("name", ROW_PLOTS)
def test_degenerate_predictions(name, row, by_hand):
    pooled = by_hand(TRANSFER)
    mean = pooled.truth if row["mean"] is None else np.zeros_like(pooled.mean)
    figure = plots.get(name).draw([replace(pooled, mean=mean)])
    assert plots.png(figure)
    if name == "distance" and row["mean"] is None:
        assert "no error" in texts(figure)


def test_parity_axes_are_equal_and_in_mev(by_hand):
    pooled = by_hand()
    for axes in parity.draw([pooled]).axes[:2]:
        assert axes.get_xlim() == axes.get_ylim()
        assert axes.get_box_aspect() == 1
        assert (axes.get_xlabel(), axes.get_ylabel()) == ("J from KKR (meV)", "J predicted (meV)")
        low, high = axes.get_xlim()
        assert low < min(pooled.truth.min(), pooled.mean.min())
        assert high > max(pooled.truth.max(), pooled.mean.max())


def test_parity_shows_every_row(by_hand):
    pooled = by_hand()
    for axes in parity.draw([pooled]).axes[:2]:
        grey, coloured = (points.get_offsets() for points in axes.collections)
        drawn = np.vstack([grey, coloured])
        assert len(coloured) == pooled.table["magnetic"].sum()
        assert sorted(map(tuple, drawn)) == sorted(zip(pooled.truth, pooled.mean, strict=True))


def test_numbers_in_the_parity_panel(by_hand):
    seeds = [by_hand(seed=seed) for seed in (0, 1)]
    text = texts(parity.draw(seeds))
    keep = seeds[0].task.dataset.magnetic[seeds[0].rows]
    expected = (
        np.mean([mean_absolute_error(p.truth[keep], p.mean[keep]) for p in seeds]),
        np.mean([mean_absolute_error(p.truth, p.mean) for p in seeds]),
        np.mean([r2_score(p.truth[keep], p.mean[keep]) for p in seeds]),
    )
    shown = re.findall(r"(?:magnetic|all) (\d+\.\d{3})", text)
    assert shown == [f"{value:.3f}" for value in expected]
    assert re.findall(r"n = (\d+)", text) == [str(keep.sum()), str(len(keep))]


def test_points_that_pile_up_are_counted(by_hand):
    figure = parity.draw([by_hand()])
    table = pd.DataFrame({"truth": [0.0, 0.0, 0.0, 10.0], "mean": [0.0, 0.0, 0.0, 10.0]})
    assert list(parity.nearby(figure.axes[0], table)) == [3, 3, 3, 1]


def test_error_map_panels(by_hand):
    figure = error_map.draw([by_hand()])
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert len(titles) == 14
    assert titles[3] == "shell 4, 6.49 Å"
    assert figure.axes[-1].child_axes[0].get_xlabel() == "MAE (meV)"
    first = figure.axes[0]
    labels = [label.get_text().strip() for label in first.get_yticklabels()]
    assert " ".join(labels) == "Sc Ti V Cr Mn Fe Co Ni Cu Zn Y Zr Nb Mo Tc Ru Rh Pd Ag Cd"
    assert first.lines[0].get_ydata()[0] == 10  # between Zn and Y


def test_error_map_tells_zero_and_unknown_pairs_apart(by_hand):
    pooled = by_hand(TRANSFER)
    table = pooled.table
    elements = error_map.elements_of(table)
    error, zero = error_map.matrices(table, elements)
    np.testing.assert_array_equal(error, error.T)
    np.testing.assert_array_equal(zero, zero.T)
    a, b = elements.index("Cr"), elements.index("Mn")
    both = table[[{i, j} == {"Cr", "Mn"} for i, j in zip(table["element_i"], table["element_j"], strict=True)]]
    assert error[a, b] == pytest.approx(both["error"].abs().mean())
    assert np.isnan(error[elements.index("Ru"), elements.index("Pd")])
    white, full, small = error_map.draw([pooled]).axes[0].collections
    known = ~np.isnan(error)
    np.testing.assert_array_equal(~np.ma.getmaskarray(white.get_array()), known & zero)
    np.testing.assert_array_equal(~np.ma.getmaskarray(full.get_array()), known & ~zero)
    assert len(small.get_paths()) == (known & zero).sum()


def test_error_map_draws_pairs_without_error(by_hand):
    pooled = by_hand(TRANSFER)
    figure = error_map.draw([replace(pooled, mean=pooled.truth)])
    figure.draw_without_rendering()
    _, full, small = figure.axes[0].collections
    assert (small.get_facecolor()[:, 3] == 1).all()
    assert (np.ma.compressed(full.get_array()) > 0).all()


def test_rows_of_a_task_share_their_colours(by_hand):
    good, bad = by_hand(), replace(by_hand(), mean=100 * by_hand().mean)
    ends = {(norm.vmin, norm.vmax) for norm in (error_map.colours(p.table) for p in (good, bad))}
    assert ends == {(1e-2, 1e2)}


def test_distance_has_a_point_for_each_shell_and_triplet(by_hand):
    table = by_hand("jij-bi2te3/jij/random-orbit").table
    points = distance.by_distance(table)
    assert len(points) == 18  # 14 shells, four of them with triplets a and b
    magnetic = table[table["magnetic"] & (table["shell"] == 6)]
    part = magnetic[magnetic["triplet"] != "b"]  # a pair of equal elements counts for both
    line = points[(points["shell"] == 6) & (points["triplet"] == "a")].iloc[0]
    assert line["n"] == len(part)
    assert line["mae"] == pytest.approx(part["error"].abs().mean())
    assert line["size"] == pytest.approx(part["truth"].abs().mean())


def test_distance_axes(by_hand):
    axes = distance.draw([by_hand()]).axes[0]
    assert axes.get_yscale() == "log"
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("distance (Å)", "MAE and mean |J| (meV)")


def test_overview_orders_rows_and_marks_the_best_floor():
    axes = overview.compare(board()).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["soap", "low-rank", "zero"]
    assert axes.get_xlabel() == "MAE of magnetic pairs (meV)"
    assert [text.get_text() for text in axes.texts] == ["0.400", "0.600", "2.400"]
    line = next(line for line in axes.lines if line.get_label() == "best floor")
    assert list(line.get_xdata()) == [0.6, 0.6]
    spans = {tuple(segment[:, 0]) for lines in axes.collections for segment in lines.get_segments()}
    assert spans == {(0.3, 0.6), (0.5, 0.8), (2.0, 3.0)}


def test_overview_of_curves_shows_three_significant_digits_in_ry():
    curves = board(task=["deltav-elemental/dv/random-orbit"] * 5, rmse=[0.04512, 0.2, 0.0123, None, None])
    axes = overview.compare(curves).axes[0]
    assert axes.get_xlabel() == "RMSE (Ry)"
    assert [label.get_text() for label in axes.get_yticklabels()] == ["low-rank", "soap", "zero"]
    assert [text.get_text() for text in axes.texts] == ["0.0123", "0.0451", "0.200"]
    assert [line.get_label() for line in axes.lines] == ["model", "floor", "best floor"]


def test_overview_of_small_errors_has_room_for_its_ticks():
    none = [None] * 5
    errors = [0.0113, 0.0124, 0.0122, None, None]
    curves = board(task=["deltav-elemental/dv/random-orbit"] * 5, rmse=errors, low=none, high=none)
    figure = overview.compare(curves)
    figure.draw_without_rendering()
    boxes = [label.get_window_extent() for label in figure.axes[0].get_xticklabels()]
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))


def test_overview_is_logarithmic_where_one_row_is_far_off():
    errors = {"mae_magnetic": [0.4, 2.4, 90.0, None, None], "low": [0.0, 2.0, 5.0, None, None]}
    far = overview.compare(board(**errors, high=[0.6, 3.0, 400.0, None, None])).axes[0]
    assert far.get_xscale() == "log"
    low, high = far.get_xlim()
    assert 0 < low < 0.4
    assert high > 400
    near = overview.compare(board()).axes[0]
    assert near.get_xscale() == "linear"
    assert near.get_xlim()[0] == 0
    zero = overview.compare(board(**errors | {"mae_magnetic": [0.0, 2.4, 90.0, None, None]})).axes[0]
    assert zero.get_xscale() == "linear"  # zero has no place on the other


@pytest.mark.parametrize("form", ["pdf", "svg"])
def test_vector_figures_hold_no_date_and_are_the_same_each_time(form, by_hand):
    first, again = (plots.image(plots.get("parity").draw([by_hand(TRANSFER)]), form) for _ in range(2))
    assert first == again
    assert first.startswith({"pdf": b"%PDF", "svg": b"<?xml"}[form])
    assert b"Date>" not in first
    assert b"CreationDate" not in first


@pytest.mark.parametrize(
    ("task", "words"),
    [
        (PLAIN, "J of impurity pairs in Bi₂Te₃: the published set-up of AutoML (published-90-10)"),
        (
            "deltav-elemental/dv/unseen-host",
            "C(r) of impurities in 37 elemental crystals: a host never seen (unseen-host)",
        ),
    ],
)
def test_a_task_in_words(task, words):
    assert in_words(load_task(task)) == words


def test_overview_without_numbers_or_with_two_tasks():
    assert "no row has a mae_magnetic" in texts(overview.compare(board(mae_magnetic=[None] * 5)))
    with pytest.raises(DataError, match="one task"):
        overview.compare(board(task=[PLAIN] * 4 + [TRANSFER]))


def test_cost_joins_the_rows_that_no_cheaper_one_beats():
    axes = cost.compare(board()).axes
    assert [a.get_xlabel() for a in axes] == ["fits of all folds (s)", "peak memory (MiB)"]
    for panel in axes:
        line = next(line for line in panel.lines if line.get_label() == "best for its cost")
        assert list(line.get_ydata()) == [2.4, 0.6, 0.4]
        assert [text.get_text() for text in panel.texts] == ["zero", "low-rank", "soap"]
    dear = board(seconds_fit=[1.0, 2.0, 3.0, None, None])  # the best is the cheapest
    line = next(line for line in cost.compare(dear).axes[0].lines if line.get_label() == "best for its cost")
    assert list(line.get_ydata()) == [0.4]


def test_cost_of_nothing_says_so():
    assert "no row has an error" in texts(cost.compare(board(mae_magnetic=[None] * 5)))
    with pytest.raises(DataError, match="one task"):
        cost.compare(board(task=[PLAIN] * 4 + [TRANSFER]))
