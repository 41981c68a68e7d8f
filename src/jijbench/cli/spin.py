"""``jijbench spin``."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from jijbench.cli._alloy import alloy_options, assignments, exchange, moments, numbers, seed, shells
from jijbench.cli._alloy import concentrations as concentration_options
from jijbench.cli._results import default_folder, only_rows, only_tasks, open_results, results_folder

if TYPE_CHECKING:
    import pandas as pd
    from tqdm import tqdm

    from jijbench.spin.folders import Files

OUT = click.argument("folder", type=click.Path(path_type=Path))


def _kelvin(_: click.Context, __: click.Parameter, value: tuple[float, float, int]) -> list[float]:
    """Temperatures from FROM TO N."""
    import numpy as np

    low, high, n = value
    if not (0 < low <= high < float("inf")) or n < 1 or (n > 1 and low == high):
        raise click.BadParameter(f"{low:g} {high:g} {n}: FROM is above 0 K and below TO, N at least 1")
    return np.linspace(low, high, n).tolist()


temperatures = click.option(
    "-T", "--temperatures", nargs=3, type=(float, float, int), required=True, metavar="FROM TO N", help="Kelvin.",
    callback=_kelvin,
)  # fmt: skip
AT_LEAST_ONE = click.IntRange(min=1)


@contextmanager
def _kept(folder: Path, files: Callable[[str], "Files"]) -> Iterator[None]:
    """Where a long run ends before its end, by an error or by Ctrl-C, what there is so far is written, and said."""
    from jijbench.files import write_folder
    from jijbench.signals import leaving_on_signals

    try:
        with leaving_on_signals():
            yield
    except BaseException as stop:
        found = files(str(stop) or type(stop).__name__)
        if found:
            write_folder(folder, found)
            click.echo(f"ended early; what was sampled until then is in {folder}: {', '.join(found)}", err=True)
        raise


@contextmanager
def _progress(total: int, unit: str) -> "Iterator[tqdm]":
    """A bar on a terminal; elsewhere ``_line`` writes."""
    from tqdm import tqdm

    with tqdm(total=total, unit=unit, disable=None) as bar:
        yield bar


def _line(bar: "tqdm", text: str) -> None:
    if bar.disable:
        click.echo(text, err=True)


@click.group()
def command() -> None:
    """Critical temperatures and spin dynamics of random alloys.

    \b
    jijbench spin tc -c 0.1 tc                              mean field, all combinations of impurities
    jijbench spin monte-carlo -c Cr=0.1 -T 30 90 7 mc       Binder cumulants of two sizes
    jijbench spin run -c Cr=0.1 -T 5 150 15 llg             Landau-Lifshitz-Gilbert with Spirit
    jijbench spin downstream full                           what the models' errors do to Tc

    The first three write tables and figures into a new folder.
    """


@command.command()
@exchange
@click.option("-c", "--concentration", nargs=1, type=float, default=0.1, show_default=True, help="Of both, in all.")
@click.option("--element", "elements", multiple=True, help="Only these (again for more). [default: all magnetic]")
@shells
@OUT
def tc(exchange: str, concentration: float, elements: tuple[str, ...], shells: str | None, folder: Path) -> None:
    """Mean-field Tc of all combinations of two impurities that share a concentration.

    Writes tc.csv (with percolation numbers and missing shells), tc-matrix.csv and tc.png. Tc counts uniform order; a
    combination that lacks a strong shell has none.
    """
    from jijbench.files import check_free, write_folder
    from jijbench.spin.folders import tc_files
    from jijbench.spin.tc import tc_table

    check_free(folder)
    table = tc_table(exchange, concentration, elements or None, numbers(shells))
    for path in write_folder(folder, tc_files(table)):
        click.echo(path)
    _say(table)


def _say(table: "pd.DataFrame") -> None:
    """What a reader should know before using the numbers."""
    from jijbench.scores.physics import PERCOLATION, STRONG_SHELLS, THRESHOLDS

    shown = table[table["tc_k"].notna()]
    click.echo(
        f"{len(shown)} of {len(table)} combinations have every strong shell ({', '.join(map(str, STRONG_SHELLS))})"
    )
    for threshold in THRESHOLDS:
        few = shown[shown[f"zc_{threshold:g}"] < PERCOLATION]
        if len(few):
            names = ", ".join("-".join(pair) for pair in few[["element_i", "element_j"]].itertuples(index=False))
            click.echo(
                f"warning: fewer than {PERCOLATION} neighbours with |J| >= {threshold:g} meV, so no long-range order "
                f"by these couplings alone: {names}"
            )


@command.command()
@click.argument("benchmark", default="full")
@results_folder
@only_tasks
@only_rows
@click.option("--concentration", "-c", type=float, default=None, help="Of both impurities, in all. [default: 0.1]")
def downstream(
    benchmark: str, results: Path | None, tasks: tuple[str, ...], rows: tuple[str, ...], concentration: float | None
) -> None:
    """What the errors of BENCHMARK's rows do to Tc and order, from their out-of-fold predictions.

    Tasks random-orbit and unseen-pair of jij-bi2te3; a combination counts where none of its strong shells is missing.
    """
    from jijbench.tables.downstream import CONCENTRATION, downstream_markdown, downstream_table

    found = open_results(benchmark, results or default_folder(benchmark), tasks, rows)
    share = CONCENTRATION if concentration is None else concentration
    table = downstream_table(found, share)
    for task, part in table.groupby("task", sort=False):
        click.echo(f"### {task}\n\n{downstream_markdown(part, share)}")
    if table.empty:
        click.echo(downstream_markdown(table, share))


@command.command("monte-carlo")
@exchange
@concentration_options
@click.option(
    "--supercell", "supercells", nargs=3, type=int, multiple=True, default=((12, 12, 2), (18, 18, 3)),
    show_default=True,
    help="Hexagonal cells; twice, the smaller first, best of one shape.",
)  # fmt: skip
@temperatures
@click.option(
    "--realisations", default=4, type=AT_LEAST_ONE, show_default=True, help="Of the random occupation, for each size."
)
@click.option("--sweeps", default=2000, show_default=True, type=click.IntRange(min=10))
@seed
@moments
@shells
@OUT
def monte_carlo(
    exchange: str, concentrations: tuple[str, ...], supercells: tuple[tuple[int, int, int], ...],
    temperatures: list[float], realisations: int, sweeps: int, seed: int, moments: tuple[str, ...],
    shells: str | None, folder: Path,
) -> None:  # fmt: skip
    """Critical temperature of one alloy from the crossing of Binder cumulants.

    Heat-bath Monte Carlo of the suite's own (checked: simple cubic lattice, k Tc = 1.443 J). Writes cumulants.csv,
    cumulants.png and tc.json.
    """
    from jijbench.files import check_free, write_atomically, write_folder
    from jijbench.spin.binder import NoCrossing
    from jijbench.spin.folders import cumulants_figure, monte_carlo_files, samples_files
    from jijbench.spin.tc import MonteCarlo

    check_free(folder)
    chosen = assignments(concentrations)
    facts = {
        "concentrations": chosen, "realisations": realisations, "sweeps": sweeps, "seed": seed, "exchange": exchange,
    }  # fmt: skip
    sampled = MonteCarlo(
        exchange, chosen, supercells, realisations=realisations, seed=seed, shells=numbers(shells),
        moments=assignments(moments),
    )  # fmt: skip
    with _kept(folder, lambda note: samples_files(sampled, facts, note)):
        with _progress(2 * realisations * (sweeps // 10 * 10 + sweeps // 4), "sweep") as bar:
            for k, name in enumerate(sampled.sample(temperatures, sweeps, bar.update), start=1):
                _line(bar, f"[{k}/{2 * realisations}] {name}")
        found = sampled.estimates()
        files = monte_carlo_files(sampled, found, facts)
    for path in write_folder(folder, files):
        click.echo(path)
    write_atomically(folder / "cumulants.png", cumulants_figure(sampled, found, chosen))
    click.echo(folder / "cumulants.png")
    rpa = found.rpa_note if found.rpa is None else f"{found.rpa:.1f} K, {found.rpa_note}"
    beside = f"mean field {found.mean_field:.1f} K; local random-phase approximation: {rpa}"
    if found.critical.tc is None:
        click.echo(f"no Tc; beside it: {beside}")
        raise NoCrossing(f"{found.critical.note}; what was sampled is in {folder}")
    click.echo(f"Tc = {found.critical.tc:.1f} ± {found.critical.error:.1f} K by the crossing of cumulants")
    click.echo(f"beside it: {beside}")


@command.command()
@alloy_options
@temperatures
@click.option(
    "--warm-up", type=AT_LEAST_ONE, default=5000, show_default=True, help="Steps at each temperature before it counts."
)
@click.option(
    "--samples", type=AT_LEAST_ONE, default=50, show_default=True, help="Of the magnetisation at each temperature."
)
@click.option("--stride", type=AT_LEAST_ONE, default=200, show_default=True, help="Steps between them.")
@click.option("--time-step", default=1e-3, show_default=True, help="ps.")
@OUT
def run(
    exchange: str, concentrations: tuple[str, ...], supercell: tuple[int, int, int], seed: int,
    moments: tuple[str, ...], shells: str | None, temperatures: list[float], warm_up: int,
    samples: int, stride: int, time_step: float, folder: Path,
) -> None:  # fmt: skip
    """Magnetisation against temperature by Landau-Lifshitz-Gilbert dynamics, with the package Spirit.

    One realisation, heated from the aligned state. Writes magnetisation.csv and .png beside Spirit's own input.
    """
    from jijbench.files import check_free, write_folder
    from jijbench.spin.export import random_alloy
    from jijbench.spin.folders import llg_files
    from jijbench.spin.llg import Schedule, llg_table, run_llg

    check_free(folder)
    alloy = random_alloy(
        exchange,
        assignments(concentrations),
        supercell,
        seed=seed,
        moments=assignments(moments),
        shells=numbers(shells),
    )
    lines: list[dict] = []

    def files(_: str) -> "Files":
        return llg_files(alloy, llg_table(lines, alloy.system), exchange) if lines else {}

    with _kept(folder, files), _progress(len(temperatures) * samples, "sample") as bar:

        def tell() -> None:
            bar.update()
            if len(lines) % samples == 0:
                _line(bar, f"[{len(lines) // samples}/{len(temperatures)}] {lines[-1]['temperature']:g} K")

        run_llg(alloy.system, temperatures, Schedule(warm_up, samples, stride, time_step), seed=seed, tell=tell,
                lines=lines)  # fmt: skip
    for path in write_folder(folder, files("")):
        click.echo(path)
