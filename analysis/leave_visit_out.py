"""The comparison again without each visit of one patient, and without every visit on day 0."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from analysis.comparison import EndpointComparison
from analysis.day0 import SAME_DAY
from analysis.flow import patient_flow
from analysis.leave_one_out import ALPHA
from analysis.paired_tests import paired_t
from analysis.results import TestResult, finite
from analysis.settings import PointDecision, Settings
from analysis.signed_rank import rounded
from analysis.slopes import SlopeTable, slope_table
from data.trial import DAYS_PER_MONTH, FloatArray, IntArray, Trial

TRIED: Final = "tried as a what-if"
"""Reason of the decisions that leave out one visit at a time."""

FROM_ONSET: Final = (
    "the run-in is counted from onset to the last visit up to day 0, whatever the rule for day 0"
)
"""Why leaving out the visits on day 0 is no question of the rule for day 0."""

NO_DAY0: Final = "no visit of a compared patient on day 0"

DAY0_OUT: Final = "the primary analysis counts them on neither side already"


@dataclass(frozen=True, slots=True)
class WithoutVisits:
    """The comparison without some visits.

    Parameters
    ----------
    test
        Paired t test of the mean change without them.
    crosses
        Whether leaving them out moves P across 0.05, in either direction.
    flips
        Whether leaving them out turns the sign of the mean change.
    left
        Who then falls out of the analysis: patient and reason.
    """

    test: TestResult
    crosses: bool
    flips: bool
    left: tuple[tuple[str, str], ...]

    def to_json(self) -> dict[str, Any]:
        """Return the numbers as JSON values, patients by name."""
        return {
            "test": self.test.to_json(),
            "crosses_0_05": self.crosses,
            "flips_sign": self.flips,
            "left": [{"patient": who, "reason": why} for who, why in self.left],
        }


@dataclass(frozen=True, slots=True)
class WithoutVisit:
    """The comparison without one visit.

    Parameters
    ----------
    month
        Months of the visit from day 0.
    value
        Its score.
    side
        Slope that it enters: ``"before"``, ``"after"`` or ``"both"``.
    change
        The patient's own change without it; NaN where the patient then has none.
    decision
        What leaves it out, for ``Settings.points``: about the litres that a derived FVC % is of.
    without
        The comparison without it.
    """

    month: float
    value: float
    side: str
    change: float
    decision: PointDecision
    without: WithoutVisits

    @property
    def falls_out(self) -> bool:
        """Whether the patient then is not in the analysis any more."""
        return math.isnan(self.change)

    def to_json(self) -> dict[str, Any]:
        """Return the numbers as JSON values."""
        return {
            "month": finite(self.month),
            "day": finite(self.decision.day),
            "value": finite(self.value),
            "side": self.side,
            "change": finite(self.change),
            **self.without.to_json(),
        }


@dataclass(frozen=True, slots=True)
class LeaveVisitOut:
    """The mean change without each visit of one patient.

    Parameters
    ----------
    patient
        Position in ``Trial.patient_ids``.
    unit
        Unit of all changes, such as "points/month".
    full
        The test with all visits, of everybody.
    level
        Level of the intervals.
    change
        The patient's own change with all visits; NaN where the patient is not compared.
    visits
        One entry a visit that enters a slope, by time; empty where the patient is not compared.
    reason
        Why there is none; empty if there are some.
    """

    patient: int
    unit: str
    full: TestResult
    level: float
    change: float
    visits: tuple[WithoutVisit, ...]
    reason: str = ""

    def to_json(self, patient_ids: Sequence[str]) -> dict[str, Any]:
        """Return the table as JSON values, the patient by name."""
        return {
            "patient": patient_ids[self.patient],
            "unit": self.unit,
            "full": self.full.to_json(),
            "level": self.level,
            "alpha": ALPHA,
            "change": finite(self.change),
            "without": [visit.to_json() for visit in self.visits],
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class LeaveDayZeroOut:
    """The mean change without the visits on day 0 of all patients.

    Parameters
    ----------
    visits
        How many of them enter a slope of a compared patient.
    without
        The comparison without them; ``None`` where it cannot be made.
    reason
        Why it cannot; empty if it can.
    """

    visits: int
    without: WithoutVisits | None
    reason: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the comparison as JSON values."""
        return {
            "visits": self.visits,
            "without": None if self.without is None else self.without.to_json(),
            "reason": self.reason,
        }


def leave_visit_out(
    trial: Trial, result: EndpointComparison, settings: Settings, patient: int
) -> LeaveVisitOut:
    """Repeat the comparison without each visit of one patient that enters a slope.

    Parameters
    ----------
    trial, settings
        What ``result`` was made of.
    result
        Comparison of one endpoint.
    patient
        Position in ``Trial.patient_ids``.

    Returns
    -------
    LeaveVisitOut
        Every row is the comparison with one decision about one value more. The tests are of
        everybody, also where a control leads.

    Raises
    ------
    IndexError
        If there is no such patient.

    Notes
    -----
    Where the run-in is counted from onset, the slope before rests on one visit: others before it do
    not enter.
    """
    full = paired_t(result.change[result.paired], settings)
    name = trial.patient_ids[patient]
    rows = _entering(result.slopes, patient) if result.paired[patient] else np.empty(0, np.int64)
    visits = tuple(_without_visit(trial, result, settings, full, int(row)) for row in rows)
    reason = ""
    if not result.paired[patient]:
        why = {who: said for step in result.flow for who, said in step.left}
        reason = f"{name} is not compared: {why.get(name, 'no change of slope')}"
    return LeaveVisitOut(
        patient=patient,
        unit=result.unit,
        full=full,
        level=settings.confidence,
        change=float(result.change[patient]),
        visits=visits,
        reason=reason,
    )


def leave_day0_out(trial: Trial, result: EndpointComparison, settings: Settings) -> LeaveDayZeroOut:
    """Repeat the comparison without the visits on day 0 of all patients.

    Parameters
    ----------
    trial, settings
        What ``result`` was made of.
    result
        Comparison of one endpoint.

    Returns
    -------
    LeaveDayZeroOut
        The comparison with the rule that visits on day 0 count on neither side.

    Notes
    -----
    A slip on the day of the transplant itself enters the level at which both courses meet: with the
    visit counted as before, a score that is too low there makes the run-in too steep, and the
    change too large.
    """
    points = result.slopes.points
    on_day0 = np.abs(points.month) * DAYS_PER_MONTH < SAME_DAY
    compared = on_day0 & points.analysable & result.paired[points.patient]
    entering = compared & (points.before | points.after)
    if result.slopes.run_in_used == "onset":
        return LeaveDayZeroOut(int(entering.sum()), None, FROM_ONSET)
    if not entering.any():
        return LeaveDayZeroOut(0, None, DAY0_OUT if compared.any() else NO_DAY0)
    full = paired_t(result.change[result.paired], settings)
    without = _without(trial, result, settings.with_(day0="neither"), full)[0]
    return LeaveDayZeroOut(int(entering.sum()), without)


def _entering(table: SlopeTable, patient: int) -> IntArray:
    """Return the rows of ``table.points`` that the slopes of one patient are made of."""
    points = table.points
    mine = points.patient == patient
    if table.run_in_used == "visits":
        return np.flatnonzero(mine & (points.before | points.after))
    on_day0 = np.abs(points.month) * DAYS_PER_MONTH < SAME_DAY
    run_in = np.flatnonzero(mine & points.analysable & (points.before | on_day0))
    return np.union1d(run_in[-1:], np.flatnonzero(mine & points.after))


def _without_visit(
    trial: Trial, result: EndpointComparison, settings: Settings, full: TestResult, row: int
) -> WithoutVisit:
    points = result.slopes.points
    decision = _decision(trial, int(points.position[row]))
    # A value that was kept though it was set aside is about to be left out instead.
    others = tuple(point for point in settings.points if not _same(point, decision))
    tried = settings.with_(points=(*others, decision))
    without, changes = _without(trial, result, tried, full)
    both = points.before[row] and points.after[row]
    return WithoutVisit(
        month=float(points.month[row]),
        value=float(points.value[row]),
        side="both" if both else "after" if points.after[row] else "before",
        change=float(changes[points.patient[row]]),
        decision=decision,
        without=without,
    )


def _without(
    trial: Trial, result: EndpointComparison, settings: Settings, full: TestResult
) -> tuple[WithoutVisits, FloatArray]:
    """Return the comparison under other settings, and every patient's change."""
    table, rate = slope_table(trial, result.endpoint.key, settings), result.rate
    changes = rate.months_after * table.after.slope - rate.months_before * table.before.slope
    paired = np.isfinite(changes)
    test = paired_t(changes[paired], settings)
    known = math.isfinite(test.p) and math.isfinite(full.p)
    signs = np.sign(rounded(np.asarray([test.estimate, full.estimate])))
    gone = np.flatnonzero(result.paired & ~paired)
    left: tuple[tuple[str, str], ...] = ()
    if gone.size:
        flow = patient_flow(trial, result.endpoint.label, table, settings)
        why = {who: said for step in flow for who, said in step.left}
        left = tuple((trial.patient_ids[i], why.get(trial.patient_ids[i], "")) for i in gone)
    without = WithoutVisits(
        test=test,
        crosses=known and (test.p < ALPHA) != (full.p < ALPHA),
        flips=bool(signs[0] * signs[1] < 0),
        left=left,
    )
    return without, changes


def _decision(trial: Trial, position: int) -> PointDecision:
    """Return the decision that leaves out one row of the measurements."""
    row = trial.measurements_frame.iloc[position]
    return PointDecision(
        patient=str(row["patient"]),
        endpoint=str(row["endpoint"]),
        day=float(row["day"]),
        value=float(row["value"]),
        keep=False,
        reason=TRIED,
    )


def _same(one: PointDecision, other: PointDecision) -> bool:
    named = (one.patient, one.endpoint, one.value) == (other.patient, other.endpoint, other.value)
    return named and abs(one.day - other.day) < SAME_DAY
