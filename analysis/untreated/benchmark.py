"""How often a result like this one appears with no transplant, in people with this run-in.

Every simulated trial keeps the visits up to day 0 that were seen, and draws what comes after from
the natural history given them, at each patient’s own visit times. No entry rule has to be known:
a rule that used these visits only is conditioned on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from analysis.comparison import Comparison, EndpointComparison
from analysis.grouping import grouping_of
from analysis.untreated.assumed import Assumed, assumed_history
from analysis.untreated.history import History, outside_calibration
from analysis.untreated.outcome import (
    Untreated,
    UntreatedEndpoint,
    nothing_said,
    outcome_of,
    with_own_mean,
)
from analysis.untreated.posterior import draw_given_run_in
from analysis.untreated.replicates import (
    Schedule,
    batches,
    run_in_given,
    schedule_of,
    untreated_slopes,
)
from data.trial import FloatArray, IntArray, Trial

Progress = Callable[[float], bool]
"""Called with the share that is done; returns whether to go on."""

_STREAM: Final = 6
"""Keeps this use of the seed apart from other ones."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What every simulation of a comparison rests on, whatever natural history is assumed.

    Parameters
    ----------
    comparison
        The comparison.
    schedules
        Visits of the simulated patients, by endpoint.
    who
        Positions in ``Trial.patient_ids`` of everybody in one of the schedules.
    control
        Name of the control arm, whose patients are not simulated; empty without one.
    """

    comparison: Comparison
    schedules: Mapping[str, Schedule]
    who: IntArray
    control: str


@dataclass(frozen=True, slots=True)
class SimulatedSlopes:
    """Slopes per month of the untreated replicates of one endpoint.

    Parameters
    ----------
    before, after
        Replicates × patients; ``before`` has one row where it is the same in all of them.
    """

    before: FloatArray
    after: FloatArray


def prepare(trial: Trial, comparison: Comparison) -> Prepared:
    """Collect the visits of the patients whose untreated courses are simulated.

    Parameters
    ----------
    trial, comparison
        The trial and its comparison.

    Notes
    -----
    Where a concurrent control leads, its patients are left out: the benchmark is of the others.
    """
    members = np.ones(len(trial.patient_ids), dtype=np.bool_)
    control = ""
    if any(result.against_control is not None for result in comparison.endpoints):
        arms, control = grouping_of(trial, "group"), comparison.control
        members = ~arms.members(arms.labels.index(control))
    known = assumed_history(comparison.settings).histories
    schedules = {
        result.endpoint.key: schedule_of(result, comparison.settings, members)
        for result in comparison.endpoints
        if result.endpoint.key in known
    }
    everybody = [schedule.who for schedule in schedules.values()]
    who = np.unique(np.concatenate(everybody)) if everybody else np.empty(0, dtype=np.int64)
    return Prepared(comparison, schedules, who, control)


def untreated(
    trial: Trial, comparison: Comparison, *, progress: Progress | None = None
) -> Untreated:
    """Return how often the comparison's result appears with no transplant, given the run-in.

    Parameters
    ----------
    trial, comparison
        The trial and its comparison, whose settings hold the number of simulated trials, the
        natural history and the seed.
    progress
        Called after every batch with the share that is done; if it returns ``False`` the work ends
        and what was simulated so far is given.
    """
    settings = comparison.settings
    assumed = assumed_history(settings)
    prepared = prepare(trial, comparison)
    return benchmark(prepared, assumed, settings.untreated_trials, progress=progress)


def benchmark(
    prepared: Prepared, assumed: Assumed, trials: int, *, progress: Progress | None = None
) -> Untreated:
    """Simulate untreated trials under one natural history.

    Parameters
    ----------
    prepared
        The visits.
    assumed
        The natural history.
    trials
        How many trials.
    progress
        As for :func:`untreated`.
    """
    comparison = prepared.comparison
    halves = (progress and _part(progress, 0.0), progress and _part(progress, 0.5))
    simulated = simulate(prepared, assumed, trials, progress=halves[0])
    own = with_own_means(prepared, assumed)
    done = max((len(one.after) for one in simulated.values()), default=0)
    simulated_own = simulate(prepared, own, done, progress=halves[1])
    return Untreated(
        trials=done,
        seed=comparison.settings.seed,
        assumed=assumed,
        control=prepared.control,
        endpoints=tuple(
            with_own_mean(
                outcome_under(prepared, result, assumed, simulated.get(result.endpoint.key)),
                outcome_under(prepared, result, own, simulated_own.get(result.endpoint.key)),
            )
            for result in comparison.endpoints
        ),
    )


def _part(progress: Progress, start: float) -> Progress:
    return lambda share: progress(start + share / 2)


def with_own_means(prepared: Prepared, assumed: Assumed) -> Assumed:
    """Return a natural history whose mean slope is that of the run-ins that were seen.

    Parameters
    ----------
    prepared
        The visits.
    assumed
        The natural history; all but the means stays, and so does their difference.

    Notes
    -----
    Under the assumed means a cohort that declines less steeply than they do is expected to become
    steeper. That is right where its run-ins are less steep by chance or by selection, and wrong
    where it truly declines less. This is the natural history of the second case.
    """
    histories = dict(assumed.histories)
    for result in prepared.comparison.endpoints:
        key = result.endpoint.key
        if key not in prepared.schedules or not prepared.schedules[key].n:
            continue
        history = histories[key]
        run_in = run_in_given(result, prepared.schedules[key].who, history.bend)
        known = run_in.sxx > 0
        if not np.any(known):
            continue
        mean = float(np.mean(run_in.sxy[known] / run_in.sxx[known]))
        drift = history.mean_after - history.mean_before
        histories[key] = history.with_(mean_before=mean, mean_after=mean + drift)
    return replace(assumed, histories=histories)


def simulate(
    prepared: Prepared, assumed: Assumed, trials: int, *, progress: Progress | None = None
) -> dict[str, SimulatedSlopes]:
    """Return the slopes of untreated replicates of every endpoint with a known natural history.

    Parameters
    ----------
    prepared, assumed, trials, progress
        As for :func:`benchmark`. One seed gives one stream of chance, so that natural histories
        are compared on the same luck.
    """
    comparison = prepared.comparison
    # In one order whatever the settings list first: the first endpoint's slopes may be skewed.
    keys = [key for key in assumed.histories if key in prepared.schedules]
    keys = [key for key in keys if prepared.schedules[key].n]
    if not keys:
        return {}
    results = {result.endpoint.key: result for result in comparison.endpoints}
    histories = [assumed.histories[key] for key in keys]
    run_ins = tuple(
        run_in_given(results[key], prepared.who, history.bend)
        for key, history in zip(keys, histories, strict=True)
    )
    place = {key: np.searchsorted(prepared.who, prepared.schedules[key].who) for key in keys}
    rng = np.random.default_rng([comparison.settings.seed, _STREAM])
    visits = max(len(prepared.schedules[key].points.month) for key in keys)
    found: dict[str, list[tuple[FloatArray, FloatArray]]] = {key: [] for key in keys}
    done = 0
    for size in batches(trials, max(visits, len(prepared.who))):
        drawn = draw_given_run_in(run_ins, tuple(histories), assumed.between, size, rng)
        for key, history, courses in zip(keys, histories, drawn, strict=True):
            schedule = prepared.schedules[key]
            found[key].append(untreated_slopes(schedule, history, courses.of(place[key]), rng))
        done += size
        if progress is not None and not progress(done / trials):
            break
    return {key: _joined(parts, prepared.schedules[key]) for key, parts in found.items()}


def _joined(parts: list[tuple[FloatArray, FloatArray]], schedule: Schedule) -> SimulatedSlopes:
    before, after = zip(*parts, strict=True)
    fixed = schedule.before_is_fixed
    return SimulatedSlopes(before[0] if fixed else np.concatenate(before), np.concatenate(after))


def outcome_under(
    prepared: Prepared,
    result: EndpointComparison,
    assumed: Assumed,
    slopes: SimulatedSlopes | None,
) -> UntreatedEndpoint:
    """Return what simulated slopes say of one endpoint, or why they say nothing.

    Parameters
    ----------
    prepared, result, assumed
        The visits, the comparison of the endpoint, the natural history.
    slopes
        The simulated slopes; ``None`` where there is nobody.
    """
    key = result.endpoint.key
    if key not in assumed.histories:
        return nothing_said(
            result, f"no natural history is known for {result.endpoint.label}: none is guessed"
        )
    schedule, history = prepared.schedules[key], assumed.histories[key]
    if slopes is None:
        return nothing_said(result, "no patient can be compared")
    if schedule.n < 2:
        return nothing_said(result, "a mean change with its test needs 2 patients")
    run_in = run_in_given(result, schedule.who, history.bend)
    error = history.noise_sd(run_in.mean_value) ** 2
    signal = history.sd_before**2 * run_in.sxx
    return outcome_of(
        result,
        schedule,
        slopes.before,
        slopes.after,
        reliability=float(np.mean(signal / (signal + error))),
        history=history,
        extrapolated=(*outside_calibration(*_windows(schedule)), *_drift(result, history)),
    )


def _drift(result: EndpointComparison, history: History) -> tuple[str, ...]:
    """Say that the assumed mean slope changes at day 0, where it does."""
    drift = history.mean_after - history.mean_before
    if abs(drift) < 1e-9:
        return ()
    said = f"{drift:+.2f}".replace("-", "−")
    return (
        f"the natural history assumed lets slopes change by {said} "
        f"{result.endpoint.change_unit}/month at day 0 by itself",
    )


def _windows(schedule: Schedule) -> tuple[float, float]:
    """Return the median months from the first visit to day 0, and from day 0 to the last one."""
    points = schedule.points
    first, last = np.zeros(schedule.n), np.zeros(schedule.n)
    np.minimum.at(first, points.patient, points.month)
    np.maximum.at(last, points.patient, points.month)
    return float(np.median(-first)) + 0.0, float(np.median(last))
