"""``jijbench spin``."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from jijbench.cli._alloy import alloy_options, assignments, exchange, moments, numbers, seed, shells
from jijbench.cli._alloy import concentrations as concentration_options
from jijbench.cli._results import default_folder, only_rows, only_tasks, open_results, results_folder

if TYPE_CHECKING:
    import pandas as pd

OUT = click.argument("folder", type=click.Path(path_type=Path))
temperatures = click.option(
    "-T", "--temperatures", nargs=3, type=(float, float, int), required=True, metavar="FROM TO N", help="Kelvin."
)


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
    from jijbench.export.folders import check_free, write_folder
    from jijbench.spin.folders import tc_files
    from jijbench.spin.tc import tc_table

    check_free(folder)
    table = tc_table(exchange, concentration, elements or None, numbers(shells))
    for path in write_folder(folder, tc_files(table)):
        click.echo(path)
    _say(table)


def _say(table: "pd.DataFrame") -> None:
    """What a reader should know before using the numbers."""
    from jijbench.physics import PERCOLATION, STRONG_SHELLS, THRESHOLDS

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
    from jijbench.downstream import CONCENTRATION, downstream_markdown, downstream_table

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
@click.option("--realisations", default=4, show_default=True, help="Of the random occupation, for each size.")
@click.option("--sweeps", default=2000, show_default=True)
@seed
@moments
@shells
@OUT
def monte_carlo(
    exchange: str, concentrations: tuple[str, ...], supercells: tuple[tuple[int, int, int], ...],
    temperatures: tuple[float, float, int], realisations: int, sweeps: int, seed: int, moments: tuple[str, ...],
    shells: str | None, folder: Path,
) -> None:  # fmt: skip
    """Critical temperature of one alloy from the crossing of Binder cumulants.

    Heat-bath Monte Carlo of the suite's own (checked: simple cubic lattice, k Tc = 1.443 J). Writes cumulants.csv,
    cumulants.png and tc.json.
    """
    import numpy as np
    from tqdm import tqdm

    from jijbench.export.folders import check_free, write_folder
    from jijbench.spin.folders import monte_carlo_files
    from jijbench.spin.tc import monte_carlo as run

    check_free(folder)
    chosen = assignments(concentrations)
    with tqdm(total=2 * realisations * (sweeps + sweeps // 4), unit="sweep", disable=None) as bar:
        found = run(
            exchange, chosen, supercells, np.linspace(*temperatures).tolist(), realisations=realisations,
            sweeps=sweeps, seed=seed, shells=numbers(shells), moments=assignments(moments), tell=bar.update,
        )  # fmt: skip
    facts = {
        "concentrations": chosen, "realisations": realisations, "sweeps": sweeps, "seed": seed, "exchange": exchange,
    }  # fmt: skip
    for path in write_folder(folder, monte_carlo_files(found, supercells, facts)):
        click.echo(path)
    rpa = found.rpa_note if found.rpa is None else f"{found.rpa:.1f} K, {found.rpa_note}"
    click.echo(f"Tc = {found.critical.tc:.1f} ± {found.critical.error:.1f} K by the crossing of cumulants")
    click.echo(f"beside it: mean field {found.mean_field:.1f} K; local random-phase approximation: {rpa}")


@command.command()
@alloy_options
@temperatures
@click.option("--warm-up", default=5000, show_default=True, help="Steps at each temperature before it counts.")
@click.option("--samples", default=50, show_default=True, help="Of the magnetisation at each temperature.")
@click.option("--stride", default=200, show_default=True, help="Steps between them.")
@click.option("--time-step", default=1e-3, show_default=True, help="ps.")
@OUT
def run(
    exchange: str, concentrations: tuple[str, ...], supercell: tuple[int, int, int], seed: int,
    moments: tuple[str, ...], shells: str | None, temperatures: tuple[float, float, int], warm_up: int,
    samples: int, stride: int, time_step: float, folder: Path,
) -> None:  # fmt: skip
    """Magnetisation against temperature by Landau-Lifshitz-Gilbert dynamics, with the package Spirit.

    One realisation, heated from the aligned state. Writes magnetisation.csv and .png beside Spirit's own input.
    """
    import numpy as np
    from tqdm import tqdm

    from jijbench.export.folders import check_free, write_folder
    from jijbench.export.spin import random_alloy
    from jijbench.spin.folders import llg_files
    from jijbench.spin.llg import Schedule, run_llg

    check_free(folder)
    alloy = random_alloy(
        exchange,
        assignments(concentrations),
        supercell,
        seed=seed,
        moments=assignments(moments),
        shells=numbers(shells),
    )
    with tqdm(total=temperatures[2] * samples, unit="sample", disable=None) as bar:
        table = run_llg(
            alloy.system, np.linspace(*temperatures).tolist(), Schedule(warm_up, samples, stride, time_step),
            seed=seed, tell=bar.update,
        )  # fmt: skip
    for path in write_folder(folder, llg_files(alloy, table, exchange)):
        click.echo(path)
