"""Plots of curves: which ones they show, and that their numbers are those of the predictions."""

from dataclasses import replace
from itertools import pairwise

import matplotlib
import numpy as np
import pytest

from jijbench import plots
from jijbench.data.task import load_task
from jijbench.elements import SYMBOLS
from jijbench.errors import DataError
from jijbench.plots import coefficients, curves, host_map
from jijbench.plots._style import in_words, significant, stacked
from jijbench.scores.metrics import curve_norms, projected

SHELL = "deltav-elemental/dv-shell/unseen-host"
FIELD_PLOTS = [name for name in plots.names() if plots.get(name).kind == "field"]


def titles(figure) -> list[str]:
    return [axes.get_title() for axes in figure.axes if axes.get_title()]


def texts(axes) -> str:
    return "\n".join(text.get_text() for text in axes.texts)


def names(pooled) -> list[str]:
    samples = [pooled.task.dataset.samples[k] for k in pooled.rows]
    return [sample.orbit.replace("-in-", " in ") for sample in samples]


@pytest.mark.parametrize("task", ["deltav-elemental/dv/unseen-impurity", SHELL])
@pytest.mark.parametrize("name", FIELD_PLOTS)
def test_all_plots_for_all_tasks_and_the_same_bytes(name, task, curves_by_hand):
    pooled = [curves_by_hand(task, seed=seed) for seed in (0, 1)]
    figure = plots.get(name).draw(pooled)
    words = in_words(load_task(task))
    assert figure.get_suptitle().replace("\n", " ") == f"made-up {words}, 2 seeds"
    assert plots.png(figure) == plots.png(plots.get(name).draw(pooled))


@pytest.mark.parametrize("name", FIELD_PLOTS)
def test_nothing_to_draw_says_why(name, by_hand):
    with pytest.raises(DataError, match="no pooled predictions"):
        plots.get(name).draw([])
    with pytest.raises(DataError, match="shows curves, target 'jij' is none"):
        plots.get(name).draw([by_hand()])


def test_plots_of_numbers_refuse_curves(curves_by_hand):
    with pytest.raises(DataError, match="one number a sample"):
        plots.get("parity").draw([curves_by_hand(n=3)])


@pytest.mark.parametrize("name", FIELD_PLOTS)
@pytest.mark.parametrize("case", ["one curve", "two curves", "constant", "truth zero", "predicted zero", "no error"])
def test_degenerate_predictions(name, case, curves_by_hand):
    pooled = curves_by_hand(n={"one curve": 1, "two curves": 2}.get(case, 20))
    changed = {
        "constant": {"truth": np.ones_like(pooled.truth)},
        "truth zero": {"truth": np.zeros_like(pooled.truth)},
        "predicted zero": {"mean": np.zeros_like(pooled.mean)},
        "no error": {"mean": pooled.truth},
    }
    assert plots.png(plots.get(name).draw([replace(pooled, **changed.get(case, {}))]))


@pytest.mark.parametrize("name", FIELD_PLOTS)
def test_users_settings_stay_and_do_not_matter(name, curves_by_hand):
    plain = plots.png(plots.get(name).draw([curves_by_hand(n=9)]))
    with matplotlib.rc_context({"font.size": 20, "axes.facecolor": "red"}):
        before = dict(matplotlib.rcParams)
        assert plots.png(plots.get(name).draw([curves_by_hand(n=9)])) == plain
        assert dict(matplotlib.rcParams) == before


def test_best_median_and_worst_curve_by_name_and_error(curves_by_hand):
    pooled = curves_by_hand(shift=[0.3, -0.02, 0.1, 0.004, -0.25])
    by_name = names(pooled)
    assert titles(curves.field([pooled])) == [
        f"best: {by_name[3]}\nrms error 0.0040 Ry",
        f"median: {by_name[2]}\nrms error 0.10 Ry",
        f"worst: {by_name[0]}\nrms error 0.30 Ry",
    ]


def test_curves_of_all_seeds_compete(curves_by_hand):
    first, second = (curves_by_hand(shift=shift, seed=k) for k, shift in enumerate([[0.2, 0.4, 0.3], [0.5, 0.1, 0.6]]))
    found = titles(curves.field([first, second]))
    assert [title.splitlines()[1] for title in found] == [f"rms error {x} Ry" for x in ("0.10", "0.30", "0.60")]
    assert names(second)[1] in found[0]


def test_curves_that_are_best_and_worst_at_once_share_a_panel(curves_by_hand):
    assert curves.picked(np.array([0.1])) == {0: "best, median, worst"}
    assert curves.picked(np.array([0.2, 0.1])) == {1: "best, median", 0: "worst"}
    assert curves.picked(np.ones(3)) == {0: "best", 1: "median", 2: "worst"}
    assert [t.partition(":")[0] for t in titles(curves.field([curves_by_hand(n=1)]))] == ["best, median, worst"]


def test_a_neighbours_curve_says_how_far_away_it_is(curves_by_hand):
    pooled = curves_by_hand(SHELL, shift=[0.1, 0.2, 0.3])
    away = pooled.table["distance_bohr"]
    found = titles(curves.field([pooled]))
    for title, name, distance in zip(found, names(pooled), away, strict=True):
        assert f": {name}, {distance:.1f} a₀ away\n" in title


def test_the_drawn_curves_are_the_predictions_and_the_nucleus_does_not_set_the_axis(curves_by_hand):
    pooled = curves_by_hand(shift=[0.1, 0.2, 0.3])
    mesh = stacked([pooled]).mesh
    spike = 50 * (mesh < 0.05)
    pooled = replace(pooled, truth=pooled.truth + spike, mean=pooled.mean + spike)
    figure = curves.field([pooled])
    drawn, outer = mesh > curves.START, mesh > curves.INNER
    for k, axes in enumerate(figure.axes[:3]):
        truth, mean = (line.get_ydata() for line in axes.lines[1:])
        np.testing.assert_array_equal(truth, pooled.truth[k][drawn])
        np.testing.assert_array_equal(mean, pooled.mean[k][drawn])
        shown = np.stack([pooled.truth[k], pooled.mean[k]])[:, outer]
        assert axes.get_ylim() == curves.span(shown)
        assert axes.get_ylim()[1] < 2
    for k, axes in enumerate(figure.axes[3:]):
        np.testing.assert_allclose(axes.lines[1].get_ydata(), 3 * mesh**2 * (0.1 * (k + 1)))
        assert axes.get_ylim()[1] > 0.9


def test_means_of_the_map_are_weighted(curves_by_hand):
    pooled = replace(curves_by_hand(shift=[0.1, 0.2, 0.4]), weight=np.array([1.0, 0.5, 0.5]))
    table = stacked([pooled]).table
    assert host_map.means(table.assign(host="Ag"), "host") == {"Ag": pytest.approx(0.2)}
    assert host_map.means(table.assign(element_i=["Si", "Mn", "Si"]), "element_i") == {
        "Mn": pytest.approx(0.2),
        "Si": pytest.approx((0.1 + 0.2) / 1.5),
    }


def test_map_shows_a_number_for_each_element_with_data(curves_by_hand):
    pooled = curves_by_hand(shift=np.full(594, 0.025))
    figure = host_map.field([pooled])
    for axes, column in zip(figure.axes[:2], ("element_i", "host"), strict=True):
        known = set(stacked([pooled]).table[column])
        shown = texts(axes).splitlines()
        assert shown.count("0.025") == len(known)
        assert known <= set(shown)
        empty, full = axes.collections
        assert len(full.get_paths()) == len(known)
        assert len(empty.get_paths()) == len(host_map.layout(known)) - len(known)
        assert empty.get_hatch()
        assert f"{len(known)} elements" in texts(axes)
    assert figure.axes[2].get_ylabel() == "rms error, mean over curves (Ry)"


def test_places_are_those_of_the_periodic_table():
    places = {"H": (1, 1), "He": (18, 1), "Be": (2, 2), "B": (13, 2), "Cu": (11, 4), "La": (3, 6), "Hf": (4, 6)}
    assert {element: host_map.place(element) for element in places} == places
    assert host_map.place("Gd")[1] > 7
    everything = host_map.layout(SYMBOLS)
    assert len(set(everything.values())) == len(everything) == len(SYMBOLS)
    plain = host_map.layout(["Cu"])
    assert "Gd" not in plain
    assert "Gd" in host_map.layout(["Gd"])
    assert max(line for _, line in plain.values()) == 6


def test_rows_of_a_task_share_their_colours(curves_by_hand):
    good, bad = curves_by_hand(n=50), replace(curves_by_hand(n=50), mean=curves_by_hand(n=50).mean * 100)
    ends = {(scale.norm.vmin, scale.norm.vmax) for scale in (host_map.colours(stacked([p])) for p in (good, bad))}
    assert len(ends) == 1
    low, high = ends.pop()
    assert high / low == pytest.approx(100)


def test_modes_are_orthonormal_over_the_cell_and_add_up(curves_by_hand):
    found = stacked([curves_by_hand()])
    vectors, shares = coefficients.modes(found)
    np.testing.assert_allclose((vectors * found.volume) @ vectors.T, np.eye(4), atol=1e-8)
    assert (vectors @ found.volume > 0).all()
    assert list(shares) == sorted(shares, reverse=True)
    parts = coefficients.coefficients(found.truth, vectors, found.volume)
    np.testing.assert_allclose(parts @ vectors, projected(found.truth, vectors, found.volume), atol=1e-8)
    whole = (curve_norms(found.truth, found.volume) ** 2).sum()
    np.testing.assert_allclose((parts**2).sum(axis=0) / whole, shares)


def test_coefficients_of_known_modes(curves_by_hand):
    pooled = curves_by_hand(n=4)
    found = stacked([pooled])
    flat = np.ones_like(found.mesh)
    slope = found.mesh - found.mesh @ found.volume
    slope /= curve_norms(slope[None], found.volume)[0]
    parts = np.array([[3.0, 1.0], [3.0, -1.0], [-3.0, 1.0], [-3.0, -1.0]])
    truth = parts @ np.stack([flat, slope])
    figure = coefficients.field([replace(pooled, truth=truth, mean=0.5 * truth)])
    assert titles(figure) == ["1: 90.0 % of mean square", "2: 10.0 % of mean square"]
    for axes, size in zip(figure.axes[:2], (3.0, 1.0), strict=True):
        points = axes.collections[0].get_offsets()
        np.testing.assert_allclose(points[:, 1], 0.5 * points[:, 0])
        np.testing.assert_allclose(np.abs(points[:, 0]), size)
        assert f"R² 0.750\nRMSE {significant(size / 2, 2)} Ry" in texts(axes)
        assert axes.get_xlim() == axes.get_ylim()
        assert (axes.get_xlabel(), axes.get_ylabel()) == ("KKR (Ry)", "predicted (Ry)")
    assert "varies\nin no further way" in texts(figure.axes[2])
    np.testing.assert_allclose(figure.axes[0].child_axes[0].lines[1].get_ydata(), 1)


def test_a_constant_reference_has_one_mode_and_no_r2(curves_by_hand):
    pooled = curves_by_hand(n=6)
    figure = coefficients.field([replace(pooled, truth=np.ones_like(pooled.truth))])
    assert titles(figure) == ["1: 100 % of mean square"]
    assert "R² undefined" in texts(figure.axes[0])
    zero = coefficients.field([replace(pooled, truth=np.zeros_like(pooled.truth))])
    assert titles(zero) == []


@pytest.mark.parametrize("name", ["coefficients", "curves"])
@pytest.mark.parametrize("task", ["deltav-elemental/dv/random-orbit", SHELL])
def test_tick_labels_do_not_touch(name, task, curves_by_hand):
    pooled = curves_by_hand(task)
    figure = plots.get(name).draw([replace(pooled, mean=0.8 * pooled.truth)])
    figure.draw_without_rendering()
    for axes in figure.axes:
        low, high = axes.get_xlim()
        ticks = [t for t in axes.xaxis.get_major_ticks() if low <= t.get_loc() <= high and t.label1.get_visible()]
        boxes = [tick.label1.get_window_extent() for tick in ticks]
        assert all(left.x1 < right.x0 for left, right in pairwise(boxes))


def test_significant_digits():
    found = [significant(value) for value in (0.3, 0.01234, 0.000567, 99.96, 0.0)]
    assert found == ["0.300", "0.0123", "0.000567", "100", "0.00"]
