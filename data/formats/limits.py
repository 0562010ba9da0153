"""Limits that the child process sets on itself, where the system has them."""

from __future__ import annotations

import sys
from typing import Final

HAS_LIMITS: Final = sys.platform != "win32"
_OPEN_FILES: Final = 32


def limit_process(memory: int) -> None:
    """Limit memory in bytes, open files, written files and core dumps of this process."""
    if sys.platform == "win32":
        return
    import resource  # Unix only.

    _lower(resource.RLIMIT_FSIZE, 0)
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_NOFILE, _OPEN_FILES)
    # macOS refuses a limit of address space below what the process has already reserved.
    _lower(resource.RLIMIT_AS, memory)


def limit_clock(seconds: int) -> None:
    """Limit the processor time of this process from now on."""
    if sys.platform == "win32":
        return
    import resource  # Unix only.

    used = resource.getrusage(resource.RUSAGE_SELF)
    _lower(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime) + seconds + 1)


def _lower(kind: int, most: int) -> None:
    if sys.platform == "win32":
        return
    import resource  # Unix only.

    _, hard = resource.getrlimit(kind)
    bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
    try:
        resource.setrlimit(kind, (bound, bound))
    except (OSError, ValueError):
        # The system does not know this limit; the parent's watchdog remains.
        return
