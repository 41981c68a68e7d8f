"""``jijbench compare``."""

import click

from jijbench.cli._results import default_folder, given_folder


@click.command()
@click.argument("run_a")
@click.argument("run_b")
@click.option("--csv", is_flag=True, help="Only the numbers, as CSV.")
def command(run_a: str, run_b: str, csv: bool) -> None:
    """What differs between two results (data, code, hypers, versions), and whether their numbers do.

    RUN_A and RUN_B are folders of results, or names of benchmarks. Errors of the rows and tasks that both hold are
    compared on the same test samples; the interval of A / B resamples what the task's protocol leaves out.
    """
    from jijbench.benchmark import benchmark_names
    from jijbench.compare import compare_markdown, compare_table
    from jijbench.errors import UnknownName
    from jijbench.results import found_results

    for name in (run_a, run_b):
        if given_folder(name) is None and name not in benchmark_names() and not name.endswith(".yaml"):
            raise UnknownName("folder of results or benchmark", name, benchmark_names())
    a, b = found_results(default_folder(run_a)), found_results(default_folder(run_b))
    if csv:
        click.echo(compare_table(a, b).to_csv(index=False, float_format="%.6g", lineterminator="\n"), nl=False)
        return
    click.echo(compare_markdown(a, b), nl=False)
