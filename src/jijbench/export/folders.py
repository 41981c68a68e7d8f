"""Output folders: written whole or not at all."""

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from jijbench.errors import ExportError


def check_free(folder: Path) -> None:
    """Raises ``ExportError`` where a folder holds something already, or a file stands in its place."""
    if folder.is_dir() and any(folder.iterdir()):
        raise ExportError(f"{folder} is not empty; choose another folder, or clear it yourself")
    if folder.exists() and not folder.is_dir():
        raise ExportError(f"{folder} is a file; choose a folder")


def write_folder(folder: Path, files: Mapping[str, str | bytes]) -> list[Path]:
    """Write texts (or bytes) by file name into a new folder: into a temporary one beside it, which is then renamed.

    Raises ``ExportError`` for a folder that is not empty.
    """
    check_free(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        for name, content in files.items():
            with (temporary / name).open("wb") as file:
                file.write(content.encode() if isinstance(content, str) else content)
                file.flush()
                os.fsync(file.fileno())
        temporary.chmod(0o755)
        temporary.replace(folder)  # replaces an empty folder
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    return [folder / name for name in files]
