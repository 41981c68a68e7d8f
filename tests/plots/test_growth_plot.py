"""The figure of growing training sets, from curves made by hand."""

import numpy as np
import pandas as pd
import pytest

from jijbench import plots
from jijbench.data.task import load_task
from jijbench.errors import DataError
from jijbench.plots import growth
from jijbench.plots._style import in_words
from jijbench.tables.growth import COLUMNS

TASK = "jij-bi2te3/jij/random-orbit"
CURVES = "deltav-elemental/dv/unseen-host"


def table(rows=("soap",), how=("random", "both"), seeds=(0, 1), task=TASK, unit="dimer") -> pd.DataFrame:
    lines = [
        (task, row, unit, acquire, len(seeds), 0, seed, k, units, units, (seed + 1) / units * (3 - (acquire == "both")))
        for row in rows for acquire in how for seed in seeds for k, units in enumerate((40, 80, 160))
    ]  # fmt: skip
    return pd.DataFrame(lines, columns=COLUMNS)


def test_strategies_share_a_panel_and_rows_do_not():
    figure = growth.grown(table(rows=("soap", "coulomb")))
    assert [axes.get_title() for axes in figure.axes] == ["soap", "coulomb"]
    for axes in figure.axes:
        assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
        assert axes.get_xlabel() == "dimers computed"
        lines = {line.get_label(): line for line in axes.lines if not line.get_label().startswith("_")}
        assert list(lines) == ["random", "both"]
        assert list(lines["both"].get_xdata()) == [40, 80, 160]
        assert lines["both"].get_ydata() == pytest.approx([3 / 40, 3 / 80, 3 / 160])
    assert figure.axes[0].get_ylabel() == "MAE of magnetic pairs (meV)"
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["random", "both"]
    title = figure.get_suptitle().replace("\n", " ")
    assert title == f"{in_words(load_task(TASK))}, 2 draws, 95 % intervals"


def test_rows_share_a_panel_where_all_is_acquired_at_random():
    figure = growth.grown(table(rows=("plain-gp", "zero"), how=("random",), task=CURVES, unit="host"))
    (axes,) = figure.axes
    assert axes.get_xlabel() == "hosts computed"
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["plain-gp", "zero"]
    assert axes.texts[-1].get_text() == "↓ numerical noise of these data: 1e-05"


def test_curves_use_the_panel_and_floors_beyond_it_are_named():
    (axes,) = growth.grown(table()).axes
    words = [text.get_text().replace("\n", " ") for text in axes.texts]
    assert words[0].startswith("↓ numerical noise of these data: 0.002 ↑ |J(A,B) − J(B,A)|")
    low, high = axes.get_ylim()
    drawn = [y for line in axes.lines for y in line.get_ydata()]
    assert low < min(drawn) < max(drawn) < high
    assert np.log(max(drawn) / min(drawn)) > 0.6 * np.log(high / low)


def test_a_floor_among_the_curves_is_a_line():
    larger = table().assign(headline=lambda t: 20 * t["headline"])
    (axes,) = growth.grown(larger).axes
    assert [text.get_text().partition(":")[0] for text in axes.texts][1] == "↓ numerical noise of these data"
    assert [round(line.get_ydata()[0], 2) for line in axes.lines if line.get_label().startswith("_")] == [0.53]


def test_one_draw_has_a_curve_and_no_band():
    assert plots.png(growth.grown(table(seeds=(0,))))


def test_draws_and_curves_that_are_not_there_are_named():
    whole = table()
    both = (whole["acquire"] == "both") & (whole["seed"] == 1)
    cut = whole.assign(round=whole["round"].where(~both))
    figure = growth.grown(cut)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["random", "both (1 of 2 draws)"]
    none = whole.assign(round=whole["round"].where(whole["acquire"] == "random"))
    texts = [text.get_text() for text in growth.grown(none).texts]
    assert "not computed: soap by both" in texts


def test_several_tasks_or_none_are_refused():
    with pytest.raises(DataError, match="one task and unit"):
        growth.grown(pd.concat([table(), table(task=CURVES, how=("random",), unit="host")]))
    with pytest.raises(DataError, match="one task and unit"):
        growth.grown(table().iloc[:0])


def test_figures_are_saved_by_task_and_unit(tmp_path):
    both = pd.concat([table(), table(task=CURVES, how=("random",), unit="host")])
    paths = plots.save_growth(both, tmp_path)
    assert [str(path.relative_to(tmp_path)) for path in paths] == [
        "figures/jij-bi2te3.jij.random-orbit/growth-dimer.png",
        "figures/deltav-elemental.dv.unseen-host/growth-host.png",
    ]
    again = plots.save_growth(both, tmp_path / "b")
    assert [p.read_bytes() for p in again] == [p.read_bytes() for p in paths]
