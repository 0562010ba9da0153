"""Long computations in other processes: a few at the same time, others wait in a queue.

The process that serves the pages has one interpreter lock for all sessions: a computation of a
minute inside it would slow down everybody. Each job gets a process of its own, which ends
with the job; nothing of a trial stays in it. Processes are spawned, never forked, and one is kept
ready that has seen no data.
"""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol, TypeVar, cast

from analysis.heavy_wire import FAILED, PROGRESS, RESULT, packed, read_frame, unpacked, write_frame

T = TypeVar("T", covariant=True)

_ROOT: Final = Path(__file__).resolve().parents[1]
_TURN_SECONDS: Final = 0.25
_ENDING_SECONDS: Final = 5.0
# Python on Windows does not start without the first; numeric libraries would start a thread for
# each processor.
_PASSED_ON: Final = ("SYSTEMROOT",)
_SET: Final = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "PYTHONUTF8": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
}


class Work(Protocol[T]):
    """Something to compute: a function of a module with its arguments (``functools.partial``)."""

    def __call__(self, *, progress: Callable[[float], bool] | None = None) -> T:
        """Compute it, and tell ``progress`` the share that is done."""


class ComputingFailed(RuntimeError):
    """A process ended before its result was complete, or raised an error; the message says which.

    The message holds the type of the error only: its text could hold a value of a patient.
    """


class HeavyWork:
    """Computes jobs in processes of their own; may be shared by threads.

    Parameters
    ----------
    slots
        Jobs at the same time; by default one fewer than processors, at least one. With 0 jobs are
        computed in this process, one after the other in each thread.
    """

    def __init__(self, slots: int | None = None) -> None:
        self._slots = max(1, _processors() - 1) if slots is None else max(0, slots)
        self._turn = threading.Condition()
        self._line: list[object] = []
        self._busy: list[int] = []
        self._idle: subprocess.Popen[bytes] | None = None
        self._closed = False

    def compute(
        self,
        work: Work[T],
        told: Callable[[float], object],
        waiting: Callable[[int], object],
    ) -> T:
        """Compute a job; wait for a free slot first.

        Parameters
        ----------
        work
            What to compute; it and its result pass through ``pickle``.
        told
            Called several times a second with the share that is done. If it raises, the process is
            ended: so a reader stops a job.
        waiting
            Called several times a second with the number of jobs that come before this one. If it
            raises, the job leaves the queue.

        Raises
        ------
        ComputingFailed
            If the process was killed or raised an error.
        """
        if not self._slots:
            return work(progress=_going_on(told))
        with self._slot(waiting), self._process() as process:
            return cast(T, _result(process, work, told))

    @property
    def jobs(self) -> int:
        """Jobs that are computed or wait."""
        with self._turn:
            return len(self._line)

    @property
    def processes(self) -> tuple[int, ...]:
        """Numbers of the processes that compute a job just now."""
        with self._turn:
            return tuple(self._busy)

    def close(self) -> None:
        """End the process that is kept ready."""
        with self._turn:
            self._closed = True
            idle, self._idle = self._idle, None
        if idle is not None:
            _end(idle)

    @contextmanager
    def _slot(self, waiting: Callable[[int], object]) -> Iterator[None]:
        ticket = object()
        with self._turn:
            self._line.append(ticket)
        try:
            while (before := self._before(ticket)) > 0:
                waiting(before)
                with self._turn:
                    self._turn.wait(_TURN_SECONDS)
            yield
        finally:
            with self._turn:
                self._line.remove(ticket)
                self._turn.notify_all()

    def _before(self, ticket: object) -> int:
        """Return how many jobs must end before this one can begin."""
        with self._turn:
            return max(0, self._line.index(ticket) - self._slots + 1)

    @contextmanager
    def _process(self) -> Iterator[subprocess.Popen[bytes]]:
        with self._turn:
            process, self._idle = self._idle, None
        if process is None or process.poll() is not None:
            process = _started()
        with self._turn:
            self._busy.append(process.pid)
        try:
            yield process
        finally:
            _end(process)
            with self._turn:
                self._busy.remove(process.pid)
                if not self._closed and self._idle is None:
                    self._idle = _started()


def _going_on(told: Callable[[float], object]) -> Callable[[float], bool]:
    def progress(share: float) -> bool:
        told(share)
        return True

    return progress


def _processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 2


def _started() -> subprocess.Popen[bytes]:
    environment = {key: os.environ[key] for key in _PASSED_ON if key in os.environ} | _SET
    return subprocess.Popen(
        [sys.executable, "-m", "analysis.heavy_worker"],
        cwd=_ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        close_fds=True,
    )


def _result(
    process: subprocess.Popen[bytes], work: Work[T], told: Callable[[float], object]
) -> object:
    job = packed(work)
    frames: queue.SimpleQueue[tuple[bytes, bytes] | None] = queue.SimpleQueue()
    # In a thread of its own: the caller's thread must get its turn while the pipe is silent.
    threading.Thread(target=_exchange, args=(process, job, frames), daemon=True).start()
    share = 0.0
    while True:
        try:
            frame = frames.get(timeout=_TURN_SECONDS)
        except queue.Empty:
            told(share)
            continue
        if frame is None:
            raise ComputingFailed("The process that computed this was ended from outside.")
        kind, content = frame
        if kind == PROGRESS:
            share = float(content)
            told(share)
        elif kind == FAILED:
            raise ComputingFailed(f"The computation failed ({content.decode()}).")
        elif kind == RESULT:
            return unpacked(content)


def _exchange(
    process: subprocess.Popen[bytes],
    job: bytes,
    frames: queue.SimpleQueue[tuple[bytes, bytes] | None],
) -> None:
    """Send the job and pass on every answer; ``None`` at the end of the pipe."""
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        write_frame(process.stdin, RESULT, job)
        while (frame := read_frame(process.stdout)) is not None:
            frames.put(frame)
    except (OSError, ValueError):
        # The process was ended, or its pipes were closed by the caller.
        pass
    finally:
        frames.put(None)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    try:
        process.wait(_ENDING_SECONDS)
    except subprocess.TimeoutExpired:
        return
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            try:
                pipe.close()
            except OSError:
                # What was still to be written has no reader any more.
                continue
