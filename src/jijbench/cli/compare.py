"""``jijbench compare``."""

from pathlib import Path

import click

RUN = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@click.argument("run_a", type=RUN)
@click.argument("run_b", type=RUN)
@click.option("--csv", is_flag=True, help="Only the numbers, as CSV.")
def command(run_a: Path, run_b: Path, csv: bool) -> None:
    """What differs between two results folders (data, code, hypers, versions), and whether their numbers do.

    Errors of the rows and tasks that both hold are compared on the same test samples; the interval of A / B resamples
    what the task's protocol leaves out.
    """
    from jijbench.compare import compare_markdown, compare_table
    from jijbench.results import found_results
    from jijbench.text import without_formulas

    a, b = found_results(run_a), found_results(run_b)
    if csv:
        table = without_formulas(compare_table(a, b))
        click.echo(table.to_csv(index=False, float_format="%.6g", lineterminator="\n"), nl=False)
        return
    click.echo(compare_markdown(a, b), nl=False)
