"""``jijbench export kkr``."""

from pathlib import Path

import click

from jijbench.cli._told import warnings_told

FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.option("--impurity", type=FILE, help="Predicted dv (.npz of `jijbench predict`); without it the start as it is.")
@click.option("--shell", type=FILE, help="Predicted dv-shell; without it the neighbours keep the host's potential.")
@click.option("--host", required=True, help="Element of the host, such as Cu.")
@click.option("--element", required=True, help="Element of the impurity, such as Ni.")
@click.option("--start", required=True, help="Potential that voronoi made of the impurity, or `dataset`.")
@click.option("--files", "--cards", "files", type=click.Path(path_type=Path, file_okay=False), required=True,
              help="Folder with HOST_host.potential and scoef, and kkrflex_atominfo if there is one.")  # fmt: skip
@click.option(
    "--l-max", type=click.IntRange(1, 8), default=2, show_default=True, help="LMAX, where there is no kkrflex_atominfo."
)
@click.argument("out", type=click.Path(path_type=Path))
def command(
    impurity: Path | None, shell: Path | None, host: str, element: str, start: str, files: Path, l_max: int, out: Path
) -> None:
    """Write the start potential of an impurity run into OUT, a new or empty folder.

    \b
    jijbench export kkr --impurity dv.npz --shell dv-shell.npz --host Cu --element Ni \\
        --start Ni.voronoi.pot --files Cu-files Ni-in-Cu
    """
    from jijbench.kkr.start import export_kkr

    with warnings_told():
        written = export_kkr(host, element, impurity, shell, start, files, out, l_max=l_max)
    for path in written:
        click.echo(path)
