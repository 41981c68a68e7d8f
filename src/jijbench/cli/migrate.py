"""``jijbench migrate``."""

from pathlib import Path

import click


@click.command()
@click.argument("folders", nargs=-1, required=True, type=click.Path(exists=True, file_okay=False, path_type=Path))
def command(folders: tuple[Path, ...]) -> None:
    """Rewrite the records of results folders that an earlier version wrote in today's form.

    They are read as they are, too, and numbers stay the same. Bundles and benchmark files need no rewriting.
    """
    from jijbench.records.folder import RecordFolder
    from jijbench.records.schema import read_record, write_record

    for folder in folders:
        paths = RecordFolder(folder).single_files
        for path in paths:
            write_record(path, read_record(path))
        click.echo(f"{folder}: {len(paths)} records in today's form")
