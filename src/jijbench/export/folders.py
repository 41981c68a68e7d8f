"""Output folders: written whole or not at all."""

import os
from collections.abc import Mapping
from pathlib import Path

from jijbench.errors import ExportError
from jijbench.files import new_folder


def check_free(folder: Path) -> None:
    """Raises ``ExportError`` where a folder holds something already, or a file stands in its place."""
    if folder.is_dir() and any(folder.iterdir()):
        raise ExportError(f"{folder} is not empty; choose another folder, or clear it yourself")
    if folder.exists() and not folder.is_dir():
        raise ExportError(f"{folder} is a file; choose a folder")


def write_folder(folder: Path, files: Mapping[str, str | bytes]) -> list[Path]:
    """Write texts (or bytes) by file name into a new folder, all of them or none (``new_folder``).

    Raises ``ExportError`` for a folder that is not empty.
    """
    check_free(folder)
    with new_folder(folder) as made:
        for name, content in files.items():
            with (made / name).open("wb") as file:
                file.write(content.encode() if isinstance(content, str) else content)
                file.flush()
                os.fsync(file.fileno())
    return [folder / name for name in files]
