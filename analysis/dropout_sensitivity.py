"""What the result would be if those who are missing after day 0 had been seen: sensitivity only."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np

from analysis.comparison import EndpointComparison
from analysis.day0 import day0_offsets
from analysis.diagnostics_dropout import Dropout, TippingPoint, dropout, tipping_point
from analysis.events import LABELS, event_table
from analysis.paired_tests import directed, paired_t
from analysis.results import TestResult
from analysis.settings import Settings
from analysis.signed_rank import signed_rank
from analysis.slope_estimators import ESTIMATORS
from analysis.slope_points import WINDOW_SLACK_DAYS, Points
from analysis.spearman import Association, spearman
from data.trial import DAYS_PER_MONTH, FloatArray, IntArray, Trial

DEATH_SCORE: Final = 0.0
"""Points that a death stands for in the pattern that counts it."""

_ENDS: Final = ("death", "tracheostomy", "lost", "last_contact")
"""Events that can end a follow-up, the telling ones first."""

_STEPS: Final = 41


@dataclass(frozen=True, slots=True)
class Pattern:
    """The result under one assumption about those who are missing.

    Parameters
    ----------
    key, label, assumption
        Stable key, its name, and what is assumed.
    test
        Estimate, interval and P.
    added
        Patients who are in it and not in the primary analysis.
    reason
        Why there is nothing; empty if there is something.
    """

    key: str
    label: str
    assumption: str
    test: TestResult
    added: tuple[str, ...] = ()
    reason: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the pattern as JSON values, patients by name."""
        return {
            "key": self.key,
            "label": self.label,
            "assumption": self.assumption,
            "test": self.test.to_json(),
            "added": list(self.added),
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class DeltaCurve:
    """Mean change of all by how much worse the missing changed.

    Parameters
    ----------
    delta
        Shift of the missing patients’ mean change against that of the others.
    estimate, low, high
        Mean change of all, and its interval.
    """

    delta: FloatArray
    estimate: FloatArray
    low: FloatArray
    high: FloatArray

    def to_json(self) -> dict[str, Any]:
        """Return the curve as JSON values."""
        return {field.name: getattr(self, field.name).tolist() for field in fields(self)}


@dataclass(frozen=True, slots=True)
class DropoutSensitivity:
    """Who is missing after day 0, and what the result would be with them.

    Parameters
    ----------
    stopped
        Everybody with a slope before: last visit, and whether there is a slope after.
    end
        What is known of the end of each one’s follow-up, in words; empty if nothing.
    after, change
        Their slope after and change in the unit of the comparison; NaN where there is none.
    after_by_length, change_by_length
        Correlation of both with the month of the last visit.
    tipping, delta
        How much worse the missing would have to be; ``delta`` is ``None`` where that is not
        applicable.
    patterns
        Other assumptions about the missing, the primary analysis first.
    """

    stopped: Dropout
    end: tuple[str, ...]
    after: FloatArray
    change: FloatArray
    after_by_length: Association
    change_by_length: Association
    tipping: TippingPoint
    delta: DeltaCurve | None
    patterns: tuple[Pattern, ...]

    @property
    def missing(self) -> IntArray:
        """Places in ``stopped`` of those without a slope after."""
        return np.flatnonzero(~self.stopped.has_after)

    def to_json(self, patient_ids: Sequence[str]) -> dict[str, Any]:
        """Return everything as JSON values, patients by name."""
        return {
            **self.stopped.to_json(patient_ids),
            "ends": [
                {"patient": patient_ids[i], "end": end}
                for i, end in zip(self.stopped.patient, self.end, strict=True)
                if end
            ],
            "slope_after_by_length": self.after_by_length.to_json(),
            "change_by_length": self.change_by_length.to_json(),
            "tipping_point": self.tipping.to_json(),
            "delta_curve": None if self.delta is None else self.delta.to_json(),
            "patterns": [one.to_json() for one in self.patterns],
        }


def dropout_sensitivity(
    trial: Trial, result: EndpointComparison, settings: Settings
) -> DropoutSensitivity:
    """Return who is missing after day 0 and what other assumptions about them would give.

    Parameters
    ----------
    trial
        The data.
    result
        Comparison of one endpoint; of all arms together, also where a control leads.
    settings
        Those of the comparison.
    """
    stopped = dropout(result, settings)
    who = stopped.patient
    tipping = tipping_point(result, settings)
    after, change = result.after[who], result.change[who]
    return DropoutSensitivity(
        stopped=stopped,
        end=_ends(trial, settings, who),
        after=after,
        change=change,
        after_by_length=spearman(stopped.last_month, after, settings.confidence),
        change_by_length=spearman(stopped.last_month, change, settings.confidence),
        tipping=tipping,
        delta=_delta_curve(result, tipping),
        patterns=_patterns(trial, result, settings, stopped, tipping),
    )


def _ends(trial: Trial, settings: Settings, who: IntArray) -> tuple[str, ...]:
    """Return what is known of the end of each patient’s follow-up."""
    events = event_table(trial, settings)
    found: dict[int, str] = {}
    for kind in _ENDS:
        one = events.of_kind(kind)
        for patient, month in zip(one.patient.tolist(), one.month.tolist(), strict=True):
            if patient not in found and math.isfinite(month) and month > 0:
                found[patient] = f"{LABELS[kind]} in month {month:.1f}"
    return tuple(found.get(int(i), "") for i in who)


def _delta_curve(result: EndpointComparison, tipping: TippingPoint) -> DeltaCurve | None:
    """Return the mean change of all over shifts that reach beyond both tipping points."""
    interval = result.change_summary.interval
    if not math.isfinite(tipping.to_zero) or interval is None or not tipping.to_zero:
        return None
    delta = np.linspace(0, 1.25 * tipping.to_zero, _STEPS)
    moved = tipping.share_missing * delta
    return DeltaCurve(delta, tipping.mean + moved, interval.low + moved, interval.high + moved)


def _patterns(
    trial: Trial,
    result: EndpointComparison,
    settings: Settings,
    stopped: Dropout,
    tipping: TippingPoint,
) -> tuple[Pattern, ...]:
    ids = trial.patient_ids
    missing = tuple(ids[i] for i in stopped.patient[~stopped.has_after])
    primary = Pattern(
        "primary",
        "primary analysis",
        "those who are missing would have changed like those who were seen",
        result.primary,
    )
    found = [primary]
    changes = result.change[result.paired]
    why = tipping.reason if result.slopes.joined or not missing or not len(changes) else ""
    for key, label, assumption, test in (
        (
            "carried",
            "slope before carried on",
            "those who are missing kept their slope before: a change of 0",
            paired_t(np.concatenate((changes, np.zeros(len(missing)))), settings),
        ),
        (
            "worst_rank",
            "worst rank",
            "those who are missing rank below everybody who was seen",
            _worst_rank(changes, len(missing), settings),
        ),
    ):
        found.append(Pattern(key, label, assumption, test, () if why else missing, why))
    if result.endpoint.key == "alsfrs_r":
        found.append(_death_pattern(trial, result, settings))
    return tuple(found)


def _worst_rank(changes: FloatArray, missing: int, settings: Settings) -> TestResult:
    """Test the changes with the missing below all of them.

    Notes
    -----
    Wilcoxon’s signed-rank test, exact with ties, in which all missing patients share the largest
    rank with a negative sign; the estimate is the median of all, which does not depend on how bad
    the worst rank is while fewer than half are missing. After Lachin 1999
    (doi 10.1016/S0197-2456(98)00022-7), who ranks two groups.
    """
    n = len(changes) + missing
    lowest = -(float(np.max(np.abs(changes), initial=0.0)) + 1.0)
    ranked = signed_rank(np.concatenate((changes, np.full(missing, lowest))))
    values = np.concatenate((changes, np.full(missing, -np.inf)))
    with np.errstate(invalid="ignore"):
        median = float(np.median(values)) if n else math.nan
    return TestResult(
        key="worst_rank",
        name="Wilcoxon signed-rank test, the missing ranked worst",
        role="exploratory",
        p=directed(ranked.tails, settings) if ranked.n_nonzero > 1 else math.nan,
        n=n,
        statistic=ranked.w_plus,
        statistic_name="W+",
        estimate=median if math.isfinite(median) else math.nan,
        estimate_name="median change",
    )


def _death_pattern(trial: Trial, result: EndpointComparison, settings: Settings) -> Pattern:
    """Compare again with a visit of 0 points on the day of death, inside the follow-up window."""
    points, ids = result.slopes.points, trial.patient_ids
    zero, following = day0_offsets(trial, settings)
    death = trial.patients_frame["death_day"].to_numpy(dtype=np.float64) - zero
    last = np.full(len(ids), -np.inf)
    seen = points.analysable & np.isfinite(points.month)
    np.maximum.at(last, points.patient[seen], points.month[seen] * DAYS_PER_MONTH)
    with np.errstate(invalid="ignore"):
        counted = (death > settings.skip_days) & (death > last) & np.isfinite(last)
        if settings.post_months is not None:
            counted &= death <= settings.post_months * DAYS_PER_MONTH + WINDOW_SLACK_DAYS
        if settings.stop_at_next:
            counted &= death <= following - zero
    who = np.flatnonzero(counted)
    assumption = "a death counts as a visit with 0 points on its day"
    about = ("deaths as 0 points", assumption)
    if not len(who):
        nothing = paired_t(np.empty(0), settings)
        why = "no death with a known date after the last visit and inside the window"
        return Pattern("death", *about, nothing, reason=why)
    change = _with_visits(points, who, death[who] / DAYS_PER_MONTH, result, settings)
    change = change * result.rate.months_before
    known = np.isfinite(change)
    out = int(np.sum(~known[who]))
    if out:
        verb = "is" if out == 1 else "are"
        told = f"{out:,} of {len(who):,} such deaths {verb} not in it: too few visits on a side"
        about = (about[0], f"{assumption}; {told}")
    added = tuple(ids[i] for i in np.flatnonzero(known & ~result.paired))
    return Pattern("death", *about, paired_t(change[known], settings), added)


def _with_visits(
    points: Points, who: IntArray, month: FloatArray, result: EndpointComparison, settings: Settings
) -> FloatArray:
    """Return the changes per month with one more visit of some patients, after day 0."""
    k = len(who)
    new = {
        "patient": who,
        "month": month,
        "value": np.full(k, DEATH_SCORE),
        "before": np.zeros(k, dtype=np.bool_),
        "after": np.ones(k, dtype=np.bool_),
        "analysable": np.ones(k, dtype=np.bool_),
        "position": np.full(k, -1),
        "ended": np.zeros(k, dtype=np.bool_),
    }
    every = {name: np.concatenate((getattr(points, name), new[name])) for name in new}
    order = np.lexsort((every["month"], every["patient"]))
    more = Points(**{name: values[order] for name, values in every.items()})
    settings = settings.with_(run_in=result.slopes.run_in_used)
    lines = ESTIMATORS[result.slopes.estimator](more, len(result.paired), settings)
    before = (
        result.slopes.before.slope if result.slopes.run_in_used == "onset" else lines.before.slope
    )
    return np.asarray(lines.after.slope - before)
