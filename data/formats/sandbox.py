"""Files read in a child process: whatever a file does to its reader, this process goes on.

A child is spawned (never forked), started ahead, used for one file, and ended.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self

from data.files import RefusedFile, UploadedFile, refuse
from data.formats.limits import HAS_LIMITS
from data.formats.refusals import MAX_FILE_BYTES
from data.formats.wire import Answer, InvalidAnswer, encode_request
from data.formats.worker import READY
from data.table import Sheet

MEMORY_BYTES: Final = 2 * 1024**3
CPU_SECONDS: Final = 20
WALL_SECONDS: Final = 30.0
MAX_IDLE: Final = 2
MAX_CONCURRENT: Final = 4
_ROOT: Final = Path(__file__).resolve().parents[2]
_CHUNK: Final = 1 << 20
_ENDING_SECONDS: Final = 5.0
_STOPPED: Final = (-6, -9, -24)
"""Ends by SIGABRT (no memory left), SIGKILL and SIGXCPU (no time left); Windows has none."""
# Python on Windows does not start without the first; numeric libraries would start a thread for
# each processor, and every thread reserves memory.
_PASSED_ON: Final = ("SYSTEMROOT",)
_SET: Final = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
    "PYTHONUTF8": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
}


class _ChildEnded(Exception):
    """The child ended before its answer was complete."""


class _Child:
    """One child process, for one file."""

    def __init__(self) -> None:
        environment = {key: os.environ[key] for key in _PASSED_ON if key in os.environ} | _SET
        self.process = subprocess.Popen(
            [sys.executable, "-m", "data.formats.worker", str(MEMORY_BYTES), str(CPU_SECONDS)],
            cwd=_ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            close_fds=True,
        )

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self.process.poll() is None

    def read(self, file: UploadedFile, seconds: float) -> list[Sheet]:
        """Send the file and take the answer; the watchdog ends a child that takes too long."""
        watchdog = threading.Timer(seconds, self.process.kill)
        watchdog.daemon = True
        watchdog.start()
        try:
            if self._exactly(1) != READY:
                raise InvalidAnswer("not ready")
            assert self.process.stdin is not None
            for part in encode_request(file):
                self.process.stdin.write(part)
            self.process.stdin.flush()
            return Answer(file, self._exactly).sheets()
        except OSError:
            raise _ChildEnded from None
        finally:
            watchdog.cancel()

    def _exactly(self, size: int) -> bytes:
        assert self.process.stdout is not None
        pieces = bytearray()
        # In portions: a child that promises much and sends little makes nothing be set aside.
        while len(pieces) < size:
            piece = self.process.stdout.read(min(_CHUNK, size - len(pieces)))
            if not piece:
                raise _ChildEnded
            pieces += piece
        return bytes(pieces)

    def was_stopped(self) -> bool:
        """Whether the system stopped the child, as it does at the limits of memory and time."""
        try:
            return self.process.wait(_ENDING_SECONDS) in _STOPPED
        except subprocess.TimeoutExpired:
            return False

    def end(self) -> None:
        """End the process and close its pipes."""
        self.process.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:
                    # What was still to be written has no reader any more.
                    continue
        try:
            self.process.wait(_ENDING_SECONDS)
        except subprocess.TimeoutExpired:
            return


class SheetReader:
    """Reads files in child processes; may be shared by threads.

    Parameters
    ----------
    idle
        How many children are kept ready.
    concurrent
        How many files are read at the same time; further readers wait.
    wall_seconds
        After so long a child is ended and its file refused.
    """

    def __init__(
        self,
        *,
        idle: int = 1,
        concurrent: int = MAX_CONCURRENT,
        wall_seconds: float = WALL_SECONDS,
    ) -> None:
        self._idle_wanted = max(0, min(idle, MAX_IDLE))
        self._wall_seconds = wall_seconds
        self._slots = threading.BoundedSemaphore(max(1, concurrent))
        self._lock = threading.Lock()
        self._idle: list[_Child] = []
        self._closed = False

    @property
    def limited(self) -> bool:
        """Whether the system limits memory and processor time, not only the watchdog the time."""
        return HAS_LIMITS

    def warm(self) -> None:
        """Start the idle children; returns at once, they get ready by themselves."""
        with self._lock:
            self._idle = [child for child in self._idle if child.alive]
            while not self._closed and len(self._idle) < self._idle_wanted:
                self._idle.append(_Child())

    def read(self, file: UploadedFile) -> list[Sheet]:
        """Return every sheet of one file that has any cell.

        Raises
        ------
        RefusedFile
            If the file cannot be read; also if its child died or took too long.
        """
        if len(file.content) > MAX_FILE_BYTES:
            # Not worth a child; the gate inside says the same of members of archives.
            raise refuse(
                file,
                "TOO_LARGE_UNCOMPRESSED",
                f"The file has {len(file.content) / 2**20:,.0f} MB; at most 50 MB can be read.",
                "Leave out the sheets and columns that are not about visits.",
            )
        started = time.monotonic()
        with self._slots, self._child() as child:
            try:
                return child.read(file, self._wall_seconds)
            except (_ChildEnded, InvalidAnswer):
                late = time.monotonic() - started >= self._wall_seconds
                raise _unreadable(file, exhausted=late or child.was_stopped()) from None

    @contextmanager
    def _child(self) -> Iterator[_Child]:
        """Give an idle child, or a new one; afterwards it is ended and another gets ready."""
        with self._lock:
            if self._closed:
                raise ValueError("this reader is closed")
            child = None
            while self._idle and child is None:
                candidate = self._idle.pop(0)
                if candidate.alive:
                    child = candidate
                else:
                    candidate.end()
        child = child or _Child()
        try:
            yield child
        finally:
            child.end()
            self.warm()

    def close(self) -> None:
        """End the idle children; a closed reader reads nothing more."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for child in idle:
            child.end()

    def __enter__(self) -> Self:
        self.warm()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _unreadable(file: UploadedFile, *, exhausted: bool) -> RefusedFile:
    return refuse(
        file,
        "TOO_LARGE_UNCOMPRESSED" if exhausted else "CORRUPT",
        "The file is too large or too damaged to be read safely.",
        "Open it in the program that made it, keep the sheets and columns about visits, and save "
        "it again as .xlsx or .csv.",
    )
