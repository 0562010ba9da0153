"""Long computations in other processes: results, queue, stop, failures, nothing left behind."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from functools import partial
from types import MappingProxyType

import pytest

from analysis.compare import compare
from analysis.heavy import ComputingFailed, HeavyWork
from analysis.settings import Settings
from analysis.untreated.benchmark import untreated
from data.examples import load_example


def nothing(_: float) -> None:
    """Take a share, or a number of jobs, and go on."""


def doubled(number, *, progress=None):
    for k in range(4):
        progress(k / 4)
    return MappingProxyType({"number": 2 * number, "process": os.getpid()})


def slow(seconds, *, progress=None):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.01)
    return seconds


def failing(text, *, progress=None):
    raise ValueError(text)


def loud(*, progress=None):
    print("a library that prints", flush=True)
    os.write(1, b"p" * 64)
    return "done"


@pytest.fixture
def work():
    heavy = HeavyWork(1)
    yield heavy
    heavy.close()


def test_a_result_is_the_same_as_in_this_process(work):
    trial = load_example("untreated-60").trial
    comparison = compare(trial, Settings(untreated_trials=200))
    there = work.compute(partial(untreated, trial, comparison), nothing, nothing)
    assert there.to_json() == untreated(trial, comparison).to_json()


def test_every_job_has_a_process_of_its_own_that_ends(work):
    first = work.compute(partial(doubled, 3), nothing, nothing)
    second = work.compute(partial(doubled, 4), nothing, nothing)
    assert (first["number"], second["number"]) == (6, 8)
    assert len({first["process"], second["process"], os.getpid()}) == 3
    if sys.platform != "win32":
        for process in (first["process"], second["process"]):
            with pytest.raises(ProcessLookupError):
                os.kill(process, 0)


def test_what_a_library_prints_does_not_get_between_the_answers(work):
    assert work.compute(loud, nothing, nothing) == "done"


@pytest.mark.fault
def test_an_error_names_its_type_and_never_a_value(work):
    with pytest.raises(ComputingFailed, match="ValueError") as caught:
        work.compute(partial(failing, "PATIENT-77"), nothing, nothing)
    assert "PATIENT-77" not in str(caught.value)
    assert work.compute(partial(doubled, 1), nothing, nothing)["number"] == 2


class Left(BaseException):
    """What Streamlit raises when a reader presses Stop or leaves."""


@pytest.mark.fault
def test_a_reader_who_leaves_ends_the_process_at_once(work):
    def told(_: float) -> None:
        raise Left

    started = time.monotonic()
    with pytest.raises(Left):
        work.compute(partial(slow, 60), told, nothing)
    assert time.monotonic() - started < 10
    assert work.jobs == 0


def test_jobs_beyond_the_limit_wait_in_line_and_may_leave_it(work):
    began, waits = threading.Event(), []

    def told(_: float) -> None:
        began.set()

    long = threading.Thread(target=work.compute, args=(partial(slow, 3), told, nothing))
    long.start()
    assert began.wait(20)

    def waiting(before: int) -> None:
        waits.append(before)
        if len(waits) == 2:
            raise Left

    with pytest.raises(Left):
        work.compute(partial(doubled, 1), nothing, waiting)
    assert waits == [1, 1]
    # The next one waits for the long job only.
    assert work.compute(partial(doubled, 2), nothing, nothing)["number"] == 4
    long.join()
    assert work.jobs == 0


@pytest.mark.fault
@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL there")
def test_a_process_that_is_killed_from_outside_is_said_and_the_next_job_runs(work):
    def told(_: float) -> None:
        process = work.processes[0]
        os.kill(process, signal.SIGKILL)

    with pytest.raises(ComputingFailed, match="ended from outside"):
        work.compute(partial(slow, 60), told, nothing)
    assert work.compute(partial(doubled, 5), nothing, nothing)["number"] == 10


def test_without_slots_a_job_runs_here_and_can_be_stopped():
    here = HeavyWork(0)
    assert here.compute(partial(doubled, 3), nothing, nothing)["process"] == os.getpid()

    def told(_: float) -> None:
        raise Left

    with pytest.raises(Left):
        here.compute(partial(doubled, 3), told, nothing)
