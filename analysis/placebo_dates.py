"""Placebo dates: whether the course bends at day 0 more than at any other date."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from analysis.comparison import Comparison, EndpointComparison
from analysis.date_splits import Pool, Split, date_changes, pool_of
from analysis.grouping import grouping_of
from analysis.paired_tests import paired_t, sign_flip_test
from analysis.placebo_verdict import DateVerdict, date_verdict
from analysis.results import TestResult, finite
from analysis.settings import Settings
from analysis.shift_profile import (
    ShiftProfile,
    follow_up_profile,
    near_day0,
    peak,
    run_in_profile,
    shift_profile,
)
from analysis.signed_rank import rounded
from analysis.slopes import day0_used
from data.endpoints import Endpoint
from data.trial import BoolArray, FloatArray, IntArray, Trial


@dataclass(frozen=True, slots=True)
class DatePatients:
    """The patients who have another date; every array has one entry a patient.

    Parameters
    ----------
    patient
        Position in ``Trial.patient_ids``.
    name
        What the trial calls them.
    change
        Change of slope at day 0 by separate least-squares lines.
    others, n_others
        Its mean at the patient's other dates, and how many those are.
    excess
        ``change`` minus ``others``.
    """

    patient: IntArray
    name: tuple[str, ...]
    change: FloatArray
    others: FloatArray
    n_others: IntArray
    excess: FloatArray

    def to_json(self) -> list[dict[str, Any]]:
        """Return one object a patient, by name."""
        return [
            {
                "patient": self.name[k],
                "change": finite(self.change[k]),
                "mean_at_other_dates": finite(self.others[k]),
                "other_dates": int(self.n_others[k]),
                "excess": finite(self.excess[k]),
            }
            for k in range(len(self.name))
        ]


@dataclass(frozen=True, slots=True)
class PlaceboDates:
    """The change at day 0 against the same patients' other dates.

    Parameters
    ----------
    endpoint, unit
        Which one, and the unit of all changes.
    level
        Level of the intervals.
    control
        Name of the leading control arm, whose patients are in nothing here; empty without one.
    compared
        Patients who are compared at day 0, without the control arm.
    people
        Those of them who have another date.
    left
        Those who have none: patient and reason.
    change
        Paired t test of the mean change at day 0 of ``people``, by least squares.
    excess, excess_flip
        Paired t and sign-flip test of the mean excess: the change at day 0 minus the mean of the
        same patient's changes at all other dates.
    beyond_curvature
        Paired t test of the excess minus what it would be if the patient's own change at day 0 came
        from a course that bends evenly.
    below_bend
        Paired t test of what the excess of a course that bends at day 0 and nowhere else would be,
        given the patient's own change at day 0, minus the excess.
    bend_excess
        Mean excess if the courses had bent at day 0 and nowhere else, with the changes that were
        seen.
    even_excess
        The same if they had bent evenly; 0 where visits are equally spaced.
    bias
        Mean excess of courses whose slope changes evenly by 1 unit/month each month.
    profile
        Mean change with the day 0 of everybody moved.
    run_in, follow_up
        The same from visits of the run-in alone, and of the follow-up alone.
    peak
        Months at which the profile is largest in the direction of the change at day 0; NaN where
        there is none.
    visit_interval
        Months between the last two visits up to day 0, median over patients.
    level_before, level_after
        Months before and after day 0 between which the profile of a bend there is level.
    least_squares
        Whether the comparison has separate least-squares lines too; the excess always has.
    shift_days
        Days by which the settings move day 0; 0 for the transplant itself.
    verdict
        In three values, with the reasons.
    """

    endpoint: Endpoint
    unit: str
    level: float
    control: str
    compared: int
    people: DatePatients
    left: tuple[tuple[str, str], ...]
    change: TestResult
    excess: TestResult
    excess_flip: TestResult
    beyond_curvature: TestResult
    below_bend: TestResult
    bend_excess: float
    even_excess: float
    bias: float
    profile: ShiftProfile
    run_in: ShiftProfile
    follow_up: ShiftProfile
    peak: float
    visit_interval: float
    level_before: float
    level_after: float
    least_squares: bool
    shift_days: int
    verdict: DateVerdict

    @property
    def peak_near_day0(self) -> bool:
        """Whether the profile is largest where a bend at day 0 would put its peak."""
        return near_day0(self.peak, self.level_before, self.level_after)

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON values, patients by name."""
        return {
            "endpoint": self.endpoint.key,
            "unit": self.unit,
            "level": self.level,
            "verdict": self.verdict.to_json(),
            "control_left_out": self.control or None,
            "compared": self.compared,
            "excess": self.excess.to_json(),
            "excess_sign_flip": self.excess_flip.to_json(),
            "change_at_day0": self.change.to_json(),
            "beyond_curvature": self.beyond_curvature.to_json(),
            "below_bend": self.below_bend.to_json(),
            "expected_excess": {
                "bend_at_day0": finite(self.bend_excess),
                "even_bend": finite(self.even_excess),
                "per_unit_of_curvature": finite(self.bias),
            },
            "patients": self.people.to_json(),
            "without_other_date": [{"patient": who, "reason": why} for who, why in self.left],
            "shift_profile": self.profile.to_json(),
            "run_in_only": self.run_in.to_json(),
            "follow_up_only": self.follow_up.to_json(),
            "peak_months": finite(self.peak),
            "visit_interval_months": finite(self.visit_interval),
            "peak_expected_from": finite(0.0 - self.level_before),
            "peak_expected_to": finite(self.level_after),
            "peak_near_day0": self.peak_near_day0,
            "least_squares": self.least_squares,
            "shift_days": self.shift_days,
        }


def placebo_dates(trial: Trial, comparison: Comparison, endpoint_key: str) -> PlaceboDates:
    """Compare the change at day 0 with that at all other dates of the same patients.

    Parameters
    ----------
    trial, comparison
        The data and the primary analysis.
    endpoint_key
        Which endpoint.

    Returns
    -------
    PlaceboDates
        Of the patients outside the control arm where a concurrent control leads, else of everybody.
        For the verdict see :func:`analysis.placebo_verdict.date_verdict`.

    Raises
    ------
    KeyError
        If the comparison does not have the endpoint.

    Notes
    -----
    With *d*(*c*) the slope after minus the slope before at date *c*, by separate least-squares
    lines through the visits that enter the primary analysis, the excess of a patient is *d*(day 0)
    minus the mean of *d*(*c*) over every other date with enough visits and days on both sides. The
    *d*(*c*) of a course *y* = *q t*² at equally spaced visits is *q* times the whole span at every
    date: an even bend then cancels. What is left of it otherwise is in ``bias``.
    """
    result = comparison.endpoint(endpoint_key)
    if result is None:
        raise KeyError(endpoint_key)
    settings, factor = comparison.settings, result.rate.months_after
    who = _members(trial, comparison, result)
    chosen = result.paired & who
    pool = pool_of(result.slopes.points, chosen)
    dates = date_changes(pool, settings)
    seen = dates.seen
    tested = np.flatnonzero(np.isfinite(seen.excess))
    change, excess, even, alone = (
        factor * x[tested] for x in (seen.true, seen.excess, dates.even, dates.alone)
    )
    profile = shift_profile(trial, endpoint_key, settings, result.rate, who)
    highest, interval = _peak(profile, _mean(change)), _visit_interval(pool, tested)
    earlier, later = _level(settings, pool, tested)
    verdict = date_verdict(
        int(chosen.sum()),
        *(change, excess, even, alone),
        tells_apart=dates.tells_apart(tested),
        peak=highest,
        near=near_day0(highest, earlier, later),
    )
    return PlaceboDates(
        endpoint=result.endpoint,
        unit=result.unit,
        level=settings.confidence,
        control="" if result.against_control is None else comparison.control,
        compared=int(chosen.sum()),
        people=_people(trial, tested, change, factor * seen.others[tested], seen, excess),
        left=_left(trial, pool, seen, chosen, settings),
        change=_test(change, settings, "change_at_day0", "mean change"),
        excess=_test(excess, settings, "placebo_excess", "mean excess"),
        excess_flip=_flip(excess, settings),
        beyond_curvature=_test(excess - even, settings, "beyond_curvature", "mean excess"),
        below_bend=_test(alone - excess, settings, "below_bend", "mean difference"),
        bend_excess=_mean(alone),
        even_excess=_mean(even),
        bias=factor * _mean(dates.square.excess[tested]) / 2,
        profile=profile,
        run_in=run_in_profile(trial, endpoint_key, settings, result.rate, who),
        follow_up=follow_up_profile(trial, endpoint_key, settings, result.rate, who),
        peak=highest,
        visit_interval=interval,
        level_before=earlier,
        level_after=later,
        least_squares=result.slopes.estimator in ("ols", "broken_stick_jump")
        and result.slopes.run_in_used == "visits",
        shift_days=settings.shift_days,
        verdict=verdict,
    )


def _level(settings: Settings, pool: Pool, tested: IntArray) -> tuple[float, float]:
    """Return the months before and after day 0 in which a bend there leaves the profile level.

    The visit on day 0 may change sides, as far as the rule has not put it there already.
    """
    rule = day0_used(settings)
    earlier = 0.0 if rule == "after" else _visit_interval(pool, tested)
    return earlier, 0.0 if rule == "before" else _next_interval(pool, tested)


def _members(trial: Trial, comparison: Comparison, result: EndpointComparison) -> BoolArray:
    """Return everybody, or those outside the control arm where it leads.

    A bend at day 0 is a question about those who were transplanted: controls, who have none to
    expect, would only thin it out.
    """
    if result.against_control is None:
        return np.ones(len(trial.patient_ids), dtype=np.bool_)
    arms = grouping_of(trial, "group")
    return ~arms.members(arms.labels.index(comparison.control))


def _test(values: FloatArray, settings: Settings, key: str, estimate_name: str) -> TestResult:
    """Return the paired t test under another name; noise of computing does not make a spread."""
    test = paired_t(rounded(values), settings)
    return replace(test, key=key, role="exploratory", estimate_name=estimate_name)


def _flip(excess: FloatArray, settings: Settings) -> TestResult:
    test = sign_flip_test(rounded(excess), settings)
    return replace(test, key="placebo_excess_flip", role="exploratory", estimate_name="mean excess")


def _mean(values: FloatArray) -> float:
    return float(np.mean(values)) if values.size else math.nan


def _people(
    trial: Trial,
    tested: IntArray,
    change: FloatArray,
    others: FloatArray,
    seen: Split,
    excess: FloatArray,
) -> DatePatients:
    return DatePatients(
        patient=tested,
        name=tuple(trial.patient_ids[i] for i in tested),
        change=change,
        others=others,
        n_others=seen.n_others[tested],
        excess=excess,
    )


def _left(
    trial: Trial, pool: Pool, seen: Split, chosen: BoolArray, settings: Settings
) -> tuple[tuple[str, str], ...]:
    """Return the compared patients who have no other date, or no line at day 0, with the reason."""
    needed = f"{settings.min_visits} visits"
    if settings.min_span_days > 1:
        needed += f" over {settings.min_span_days} days"
    found = []
    for i in np.flatnonzero(chosen & ~np.isfinite(seen.excess)):
        before, shared = int(pool.before[i]), int(pool.shared[i])
        after = int(pool.n[i]) - before + shared
        have = f"{before} before and {after} after day 0"
        if math.isnan(seen.true[i]):
            why = f"no least-squares lines at day 0: {needed} are needed on each side, {have}"
        else:
            why = f"no other date has {needed} on each side: {have}"
        found.append((trial.patient_ids[i], why))
    return tuple(found)


def _peak(profile: ShiftProfile, direction: float) -> float:
    """Return the peak of the profile among dates with at least half of the patients of day 0."""
    own = int(profile.n[profile.months == 0][0])
    return peak(profile, direction, max(2.0, own / 2))


def _visit_interval(pool: Pool, tested: IntArray) -> float:
    """Return the median over patients of the months between the last two visits up to day 0."""
    who = np.repeat(np.arange(len(pool.n)), pool.n)
    up_to = np.bincount(who[pool.month <= 0], minlength=len(pool.n))
    some = tested[up_to[tested] >= 2]
    last = pool.start[some] + up_to[some] - 1
    return float(np.median(pool.month[last] - pool.month[last - 1])) if some.size else math.nan


def _next_interval(pool: Pool, tested: IntArray) -> float:
    """Return the median over patients of the months from day 0 to the first visit after it."""
    who = np.repeat(np.arange(len(pool.n)), pool.n)
    up_to = np.bincount(who[pool.month <= 0], minlength=len(pool.n))
    some = tested[up_to[tested] < pool.n[tested]]
    return float(np.median(pool.month[pool.start[some] + up_to[some]])) if some.size else math.nan
