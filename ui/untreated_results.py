"""Simulated untreated trials of the open trial: computed once, and long ones can be stopped."""

from __future__ import annotations

import math
from collections.abc import Hashable
from functools import partial
from typing import Final, NoReturn, TypeVar

import numpy as np
import streamlit as st

from analysis.comparison import Comparison
from analysis.heavy import ComputingFailed, Work
from analysis.untreated.benchmark import untreated
from analysis.untreated.deceleration import Deceleration, deceleration
from analysis.untreated.entry import EntryBenchmark, entry_benchmarks
from analysis.untreated.history import PRESETS
from analysis.untreated.outcome import Untreated
from analysis.untreated.presets import OverPresets, over_presets
from analysis.untreated.regression import RegressionReport, regression_report
from data.trial import Trial
from report.untreated_words import sentences
from ui.cache import once
from ui.heavy_work import heavy_work

T = TypeVar("T")

LIGHT: Final = 10_000_000
"""Simulated visits up to which the benchmark is computed without being asked for: about 1 s."""

SIMULATING: Final = ("Simulating untreated trials", "Simulate")
"""What stands beside the bar of a long computation, and on the button that starts it again."""

_STOPPED: Final = "w.untreated-stopped"


class _NotYetError(Exception):
    """Something is not computed yet."""


def is_light(comparison: Comparison, times: float = 1.0) -> bool:
    """Whether the benchmark of a comparison is small enough to stand on every page.

    Parameters
    ----------
    comparison
        The comparison.
    times
        How much more work there is than the benchmark.
    """
    visits = sum(
        int(np.sum((points.before | points.after) & result.paired[points.patient]))
        for result in comparison.endpoints
        for points in (result.slopes.points,)
    )
    return times * visits * comparison.settings.untreated_trials <= LIGHT


def untreated_if_light(trial: Trial, comparison: Comparison) -> Untreated | None:
    """Return the benchmark of people with this run-in where it is small or already known."""
    key = _key("untreated", trial, comparison)
    if is_light(comparison):
        return once(key, lambda: untreated(trial, comparison))
    return _known(key)


def untreated_said(trial: Trial, comparison: Comparison, endpoint: str = "") -> str:
    """Return the sentences of all endpoints, or of one, for exports; empty where none is known."""
    found = untreated_if_light(trial, comparison)
    return "" if found is None else sentences(found, endpoint)


def untreated_of(trial: Trial, comparison: Comparison) -> Untreated | None:
    """Return the benchmark of people with this run-in; ``None`` while the reader has stopped it."""
    return computed(
        "untreated",
        trial,
        comparison,
        partial(untreated, trial, comparison),
    )


def presets_of(trial: Trial, comparison: Comparison) -> dict[str, OverPresets] | None:
    """Return the benchmark under every natural history; ``None`` while it is stopped."""
    return computed(
        "untreated presets",
        trial,
        comparison,
        partial(over_presets, trial, comparison),
        times=len(PRESETS) / 2,
    )


def presets_if_light(trial: Trial, comparison: Comparison) -> dict[str, OverPresets] | None:
    """Return the benchmark under every natural history where it is small or already known."""
    if is_light(comparison):
        return presets_of(trial, comparison)
    return _known(_key("untreated presets", trial, comparison))


def bends_of(trial: Trial, comparison: Comparison) -> dict[str, Deceleration] | None:
    """Return the benchmark with more and more curvature; ``None`` while it is stopped."""
    return computed(
        "untreated bends",
        trial,
        comparison,
        partial(deceleration, trial, comparison),
        times=2,
    )


def regression_of(trial: Trial, comparison: Comparison) -> dict[str, RegressionReport]:
    """Return regression to the mean of every endpoint."""
    key = _key("untreated regression", trial, comparison)
    return once(key, lambda: regression_report(trial, comparison))


def entry_of(trial: Trial, comparison: Comparison) -> tuple[EntryBenchmark, ...] | None:
    """Return the benchmark with the entry rule, or the plausible ones; ``None`` if stopped."""
    return computed(
        "untreated entry",
        trial,
        comparison,
        partial(entry_benchmarks, trial, comparison),
        times=math.inf,
    )


def computed(
    name: str,
    trial: Trial,
    comparison: Comparison,
    work: Work[T],
    *,
    times: float = 1.0,
    doing: tuple[str, str] = SIMULATING,
) -> T | None:
    """Return a result that is computed at most once; a long one with progress and a stop.

    Parameters
    ----------
    name
        Of the result, for its key.
    trial, comparison
        What it rests on.
    work
        Computes it: a function of a module with its arguments, for it may run in another process.
    times
        How much more work it is than the benchmark of the run-ins.
    doing
        What stands beside the bar, and on the button that starts it again.

    Returns
    -------
    object or None
        The result; ``None`` while the reader has stopped it.
    """
    key = _key(name, trial, comparison)
    if is_light(comparison, times):
        return once(key, work)
    known: T | None = _known(key)
    return known if known is not None else _in_sight(name, key, work, doing)


def _key(name: str, trial: Trial, comparison: Comparison) -> Hashable:
    return (name, trial.instance, comparison.settings.key)


def _known(key: Hashable) -> T | None:
    """Return what is kept under ``key``, or ``None``."""
    try:
        return once(key, _not_yet)
    except _NotYetError:
        return None


def _not_yet() -> NoReturn:
    raise _NotYetError


def _in_sight(name: str, key: Hashable, work: Work[T], doing: tuple[str, str]) -> T | None:
    """Compute with a bar and a button that stops it, unless it was stopped."""
    words, again = doing
    place = st.empty()
    with place.container(horizontal=True, vertical_alignment="center"):
        if repr(key) in st.session_state.get(_STOPPED, ()):
            st.info("Stopped: nothing is shown that was not computed to the end.")
            st.button(again, key=f"w.start-{name}", on_click=_start, args=(repr(key),))
            return None
        bar = st.progress(0.0, words)
        st.button("Stop", key=f"w.stop-{name}", on_click=_stop, args=(repr(key),))

    # Streamlit ends the run in these two when the reader presses Stop or goes elsewhere.
    def told(share: float) -> None:
        bar.progress(min(share, 1.0), f"{words}, {share:.0%}")

    def waiting(before: int) -> None:
        others = "1 other computation" if before == 1 else f"{before} other computations"
        bar.progress(0.0, f"Waiting for {others} on this server")

    try:
        result = heavy_work().compute(work, told, waiting)
    except ComputingFailed as problem:
        with place.container():
            st.error(f"{problem} Nothing of the trial is lost.", icon=":material/error:")
            st.button(again, key=f"w.again-{name}")
        return None
    place.empty()
    # Not made inside the cache: what is drawn there would be drawn again by every later run.
    return once(key, lambda: result)


def _stop(key: str) -> None:
    st.session_state[_STOPPED] = {*st.session_state.get(_STOPPED, ()), key}


def _start(key: str) -> None:
    st.session_state[_STOPPED] = {*st.session_state.get(_STOPPED, ())} - {key}
