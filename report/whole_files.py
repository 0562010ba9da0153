"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from report.asked_settings import CommandProblem


def write_whole(path: Path, content: bytes, *, makes_folder: bool = False) -> None:
    """Write a file; if that fails, as on a full disk, what stood there before stays.

    Parameters
    ----------
    path
        Where.
    content
        What.
    makes_folder
        Whether the folder is made if there is none.

    Raises
    ------
    CommandProblem
        If it cannot be written; the message names the file and the reason.
    """
    try:
        if makes_folder:
            path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file():
            # A pipe or a device, such as /dev/stdout, cannot be replaced.
            path.write_bytes(content)
            return
        handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            os.chmod(beside, _mode(path))
            os.replace(beside, path)
        finally:
            Path(beside).unlink(missing_ok=True)
    except OSError as problem:
        why = problem.strerror or "cannot be written"
        raise CommandProblem(f"{path}: {why}. Nothing was written there.") from None


def _mode(path: Path) -> int:
    """Return the rights of the file that is replaced, or those of a new one."""
    if path.exists():
        return path.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
