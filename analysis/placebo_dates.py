"""Placebo dates: whether the courses bend at the transplant rather than anywhere else."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import numpy as np

from analysis.cohort import visit_spacing
from analysis.comparison import Comparison, EndpointComparison
from analysis.grouping import grouping_of
from analysis.paired_tests import paired_t, sign_flip_test
from analysis.results import TestResult, finite
from analysis.settings import Settings
from analysis.shift_profile import ShiftedDate, one_sided_profile, shift_profile
from analysis.slope_points import SAME_DAY
from data.trial import DAYS_PER_MONTH, BoolArray, FloatArray, IntArray, Trial

VerdictKey = Literal["here", "elsewhere", "inconclusive"]

FEWEST: Final = 5
"""Patients with another possible date that a verdict needs."""

NO_OTHER_DATE: Final = "no other date leaves enough visits on both sides"
NO_TRUE_DATE: Final = "too few visits for two lines at the transplant itself"


@dataclass(frozen=True, slots=True)
class Excess:
    """How much more each patient bends at the transplant than at other dates.

    Parameters
    ----------
    patient
        Positions in ``Trial.patient_ids`` of those who have another date.
    here, elsewhere
        Change at the transplant, and mean change over all other dates, in the unit of the
        comparison.
    dates
        Other dates of each patient.
    of_bend
        Excess that a bend of 1 at the transplant, and none elsewhere, gives with these visits.
    of_curvature
        Excess that a slope which rises by 1 a month all the time gives; 0 for evenly spaced visits.
    out
        Positions of compared patients who are not in it, and why.
    """

    patient: IntArray
    here: FloatArray
    elsewhere: FloatArray
    dates: IntArray
    of_bend: float
    of_curvature: float
    out: tuple[tuple[int, str], ...]

    @property
    def excess(self) -> FloatArray:
        """Change at the transplant minus mean change elsewhere."""
        return self.here - self.elsewhere


@dataclass(frozen=True, slots=True)
class PlaceboVerdict:
    """Where the courses bend.

    Parameters
    ----------
    key
        At the transplant, elsewhere too, or inconclusive.
    reasons
        Why, in words.
    """

    key: VerdictKey
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlaceboDates:
    """What moving day 0 says of one endpoint.

    Parameters
    ----------
    endpoint, unit
        Key of the endpoint; unit of changes.
    change
        Paired t test of the change at the transplant, of those in the excess test, by separate
        lines.
    excess, excess_flip
        Paired t and sign-flip test of the excess over other dates.
    detail
        The excess patient by patient.
    profile
        Change with day 0 moved, all visits used.
    one_sided
        Change at dates before day 0 from the run-in alone, and at later ones from the follow-up.
    spacing
        Usual months between visits.
    control
        Name of a control arm that is left out; empty without one.
    verdict
        What follows.
    """

    endpoint: str
    unit: str
    change: TestResult
    excess: TestResult
    excess_flip: TestResult
    detail: Excess
    profile: tuple[ShiftedDate, ...]
    one_sided: tuple[ShiftedDate, ...]
    spacing: float
    control: str
    verdict: PlaceboVerdict

    def to_json(self, patient_ids: tuple[str, ...]) -> dict[str, Any]:
        """Return everything as JSON values, patients by name."""
        detail = self.detail
        return {
            "endpoint": self.endpoint,
            "unit": self.unit,
            "change": self.change.to_json(),
            "excess": self.excess.to_json(),
            "excess_sign_flip": self.excess_flip.to_json(),
            "excess_of_bend": finite(detail.of_bend),
            "excess_of_curvature": finite(detail.of_curvature),
            "patients": [
                {
                    "patient": patient_ids[i],
                    "here": finite(detail.here[k]),
                    "elsewhere": finite(detail.elsewhere[k]),
                    "other_dates": int(detail.dates[k]),
                }
                for k, i in enumerate(detail.patient)
            ],
            "out": [{"patient": patient_ids[i], "reason": why} for i, why in detail.out],
            "profile": [one.to_json() for one in self.profile],
            "one_sided": [one.to_json() for one in self.one_sided],
            "visit_spacing": finite(self.spacing),
            "control_left_out": self.control,
            "verdict": self.verdict.key,
            "reasons": list(self.verdict.reasons),
        }


def placebo_dates(trial: Trial, comparison: Comparison, endpoint: str) -> PlaceboDates:
    """Test whether the courses of one endpoint bend more at the transplant than at other dates.

    Parameters
    ----------
    trial, comparison
        The data and the primary analysis.
    endpoint
        Key of the endpoint.

    Raises
    ------
    KeyError
        If the comparison does not have the endpoint.

    Notes
    -----
    The excess is e = d(day 0) − mean of d(c) over all other dates c between two visits that leave
    enough of them on both sides, d being the difference of two separate least-squares lines,
    whatever estimator the settings name: for these, and evenly spaced visits, a quadratic course
    gives the same d at every date, so that it cancels. A visit that counts on both sides is
    before day 0 here. The verdict, fixed before any result was seen: inconclusive with fewer than 5
    patients, with fewer than half of the compared ones, or where the change at the transplant is
    not told apart from 0; “here” if the interval of the excess excludes 0 in the direction of the
    change; “elsewhere” if it includes 0, or lies on the other side, and excludes what a bend at
    the transplant alone would give; else inconclusive. A profile whose peak is farther from day 0
    than one visit interval turns “here” into inconclusive.
    """
    result = comparison.endpoint(endpoint)
    if result is None:
        raise KeyError(endpoint)
    members, control = _members(trial, comparison, result)
    settings = comparison.settings
    detail = excess_over_dates(result, settings, members)
    test = paired_t(detail.excess, settings)
    change = paired_t(detail.here, settings)
    profile = shift_profile(trial, result, settings, members)
    spacing = visit_spacing(result.slopes.points)
    compared = int((result.paired & members).sum())
    return PlaceboDates(
        endpoint=endpoint,
        unit=result.unit,
        change=change,
        excess=replace(test, name="paired t test of the excess", estimate_name="mean excess"),
        excess_flip=sign_flip_test(detail.excess, settings),
        detail=detail,
        profile=profile,
        one_sided=one_sided_profile(trial, result, settings, members),
        spacing=spacing,
        control=control,
        verdict=_verdict(detail, change, test, profile, spacing, compared),
    )


def _members(
    trial: Trial, comparison: Comparison, result: EndpointComparison
) -> tuple[BoolArray, str]:
    """Return who counts: everybody, or all but the control arm where one leads."""
    if result.against_control is None:
        return np.ones(len(trial.patient_ids), dtype=np.bool_), ""
    arms = grouping_of(trial, "group")
    return ~arms.members(arms.labels.index(comparison.control)), comparison.control


def excess_over_dates(result: EndpointComparison, settings: Settings, members: BoolArray) -> Excess:
    """Return each patient’s change at the transplant and at all other dates.

    Parameters
    ----------
    result
        Comparison of one endpoint, whose visits are split.
    settings
        Rules for visits and span.
    members
        Patients who count, one entry a patient of the trial.
    """
    points = result.slopes.points
    chosen = result.paired & members
    used = (points.before | points.after) & chosen[points.patient]
    patient, month = points.patient[used], points.month[used]
    splits = _Splits(patient, month, settings)
    # The last visit before day 0 ends the true split; one that counts in both is before.
    last = np.full(len(result.paired), -1)
    np.maximum.at(last, patient[points.before[used]], np.flatnonzero(points.before[used]))
    who = np.flatnonzero(chosen)
    true = np.zeros(len(month), dtype=np.bool_)
    true[last[who][last[who] >= 0]] = True
    factor = result.rate.months_before

    def both(values: FloatArray) -> tuple[FloatArray, FloatArray, IntArray]:
        change = splits.changes(values)
        known = np.isfinite(change)
        here = np.full(len(result.paired), np.nan)
        here[patient[true]] = change[true]
        other = known & ~true
        n: IntArray = np.bincount(patient[other], minlength=len(result.paired))
        total = np.bincount(patient[other], change[other], len(result.paired))
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.asarray(np.where(n > 0, total / n, np.nan), dtype=np.float64)
        return here, mean, n

    here, elsewhere, dates = both(points.value[used])
    tested = np.flatnonzero(chosen & np.isfinite(here) & (dates > 0))
    bend, curve = (
        float(np.mean((one[0] - one[1])[tested])) if len(tested) else math.nan
        for one in (both(np.maximum(month, 0.0)), both(month**2 / 2))
    )
    out = tuple(
        (int(i), NO_TRUE_DATE if not math.isfinite(here[i]) else NO_OTHER_DATE)
        for i in who
        if not (math.isfinite(here[i]) and dates[i] > 0)
    )
    return Excess(
        tested, here[tested] * factor, elsewhere[tested] * factor, dates[tested], bend, curve, out
    )


class _Splits:
    """Differences of two least-squares slopes, for every place at which visits can be split."""

    def __init__(self, patient: IntArray, month: FloatArray, settings: Settings) -> None:
        self.patient = patient
        size = int(patient.max(initial=-1)) + 1
        self.n = np.bincount(patient, minlength=size)
        self.start = np.cumsum(self.n) - self.n
        with np.errstate(invalid="ignore", divide="ignore"):
            self.t = month - (np.bincount(patient, month, size) / self.n)[patient]
        first, last = self.start[patient], (self.start + self.n - 1)[patient]
        place = np.arange(len(patient))
        self.n1 = place - first + 1
        self.n2 = self.n[patient] - self.n1
        following = np.minimum(place + 1, max(0, len(patient) - 1))
        needed = max(settings.min_span_days - SAME_DAY, 2 * SAME_DAY) / DAYS_PER_MONTH
        self.enough = (
            (self.n1 >= settings.min_visits)
            & (self.n2 >= settings.min_visits)
            & (month - month[first] >= needed)
            & (month[last] - month[following] >= needed)
        )

    def changes(self, values: FloatArray) -> FloatArray:
        """Return slope after minus slope before, per month, for a split after each visit.

        Times and values are centred per patient, so that running sums lose no digits.
        """
        size = len(self.n)
        with np.errstate(invalid="ignore", divide="ignore"):
            y = values - (np.bincount(self.patient, values, size) / self.n)[self.patient]
        t = self.t
        sums = [self._running(x) for x in (t, y, t * t, t * y)]
        before = self._slope(self.n1, [first for first, _ in sums])
        after = self._slope(self.n2, [total - first for first, total in sums])
        return np.where(self.enough, after - before, np.nan)

    def _running(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the sum up to each visit, and over all visits of its patient."""
        every = np.cumsum(x)
        start = np.concatenate(([0.0], every))[self.start][self.patient]
        total = np.bincount(self.patient, x, len(self.n))[self.patient]
        return every - start, total

    @staticmethod
    def _slope(n: IntArray, sums: list[FloatArray]) -> FloatArray:
        t, y, tt, ty = sums
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray((ty - t * y / n) / (tt - t * t / n))


def _verdict(
    detail: Excess,
    change: TestResult,
    excess: TestResult,
    profile: tuple[ShiftedDate, ...],
    spacing: float,
    compared: int,
) -> PlaceboVerdict:
    n = len(detail.patient)
    if n < FEWEST or 2 * n < compared:
        why = f"too few visits: {n} of {compared} compared patients have another possible date"
        return PlaceboVerdict("inconclusive", (why,))
    if change.interval is None or excess.interval is None or not change.interval.excludes_zero:
        why = "the change at the transplant itself is not told apart from 0: nothing to locate"
        return PlaceboVerdict("inconclusive", (why,))
    way = math.copysign(1.0, change.estimate)
    low, high = sorted((way * excess.interval.low, way * excess.interval.high))
    whole = detail.of_bend * abs(change.estimate)
    peak = _peak(profile, way, compared)
    if low > 0:
        here = "at the transplant the courses bend more than at other dates"
        if peak is not None and abs(peak) > math.ceil(spacing):
            far = f"but the change is largest with day 0 moved by {peak:+d} months"
            return PlaceboVerdict("inconclusive", (here, far.replace("-", "−")))
        return PlaceboVerdict("here", (here,))
    if high < whole:
        why = "at other dates the courses bend as much as at the transplant"
        if high < 0:
            why = "at other dates the courses bend more than at the transplant"
        return PlaceboVerdict("elsewhere", (why,))
    why = (
        "too few visits to tell: the interval holds both no excess and all that a bend at the "
        "transplant alone would give"
    )
    return PlaceboVerdict("inconclusive", (why,))


def _peak(profile: tuple[ShiftedDate, ...], way: float, compared: int) -> int | None:
    """Return the shift with the largest change, among dates with half of the patients."""
    there = [one for one in profile if 2 * one.test.n >= compared]
    return max(there, key=lambda one: way * one.test.estimate).months if there else None
