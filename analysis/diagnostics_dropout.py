"""Who is missing after day 0, and how different they would have to be to undo the result."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from analysis.comparison import EndpointComparison
from analysis.groups import welch_t
from analysis.paired_tests import summarise
from analysis.results import Interval, Summary, finite
from analysis.settings import Settings
from data.trial import BoolArray, FloatArray, IntArray

NOBODY_MISSING: Final = "everybody with a slope before has a slope after"
NO_SINGLE_SIDE: Final = (
    "the broken stick has no slope before of patients without visits after: choose separate lines"
)


@dataclass(frozen=True, slots=True)
class Dropout:
    """How long patients were followed, and the slopes before of those who are missing after.

    Parameters
    ----------
    patient
        Patients with a slope before day 0.
    last_month
        Month of their last usable value of the endpoint.
    has_after
        Whether they have a slope after day 0 as well.
    before_with, before_without
        Slopes before of those with and without a slope after, in the unit of the comparison.
    difference, interval, p
        Mean of those without minus mean of those with, its Welch interval and P; NaN where a group
        has fewer than 2 patients.
    """

    patient: IntArray
    last_month: FloatArray
    has_after: BoolArray
    before_with: Summary
    before_without: Summary
    difference: float
    interval: Interval | None
    p: float

    def to_json(self, patient_ids: Sequence[str]) -> dict[str, Any]:
        """Return the groups and everybody's last visit as JSON values, patients by name."""
        return {
            "with_after": self.before_with.to_json(),
            "without_after": self.before_without.to_json(),
            "difference": finite(self.difference),
            "interval": None if self.interval is None else self.interval.to_json(),
            "p": finite(self.p),
            "last_visits": [
                {
                    "patient": patient_ids[i],
                    "last_month": finite(self.last_month[k]),
                    "has_after": bool(self.has_after[k]),
                }
                for k, i in enumerate(self.patient)
            ],
        }


def dropout(result: EndpointComparison, settings: Settings) -> Dropout:
    """Compare the slopes before of patients with and without a slope after.

    Parameters
    ----------
    result
        Comparison of one endpoint.
    settings
        Level of the interval.

    Notes
    -----
    Welch 1947 (doi 10.1093/biomet/34.1-2.28): unequal variances, degrees of freedom by
    Satterthwaite.
    """
    patient = np.flatnonzero(result.slopes.before.enough)
    has_after = result.slopes.after.enough[patient]
    points = result.slopes.points
    seen = points.analysable & np.isfinite(points.month)
    last = np.full(len(result.paired), -np.inf)
    np.maximum.at(last, points.patient[seen], points.month[seen])
    before = result.before[patient]
    stay, leave = before[has_after], before[~has_after]
    test = welch_t(stay, leave, settings.with_(alternative="two-sided"))
    with_after = summarise(stay, settings.confidence)
    without_after = summarise(leave, settings.confidence)
    return Dropout(
        patient=patient,
        last_month=last[patient],
        has_after=has_after,
        before_with=with_after,
        before_without=without_after,
        difference=without_after.mean - with_after.mean,
        interval=test.interval,
        p=test.p,
    )


@dataclass(frozen=True, slots=True)
class TippingPoint:
    """How much worse the missing patients would have to change for the result to go.

    Parameters
    ----------
    n_before, n_missing
        Patients with a slope before, and those of them without a slope after.
    mean, se
        Mean change of the compared patients and its standard error.
    before_missing
        Mean slope before of the missing patients.
    to_zero, to_interval
        Shift of the missing patients' mean change, against the mean of the others, at which the
        mean change of all is 0, and at which the interval first touches 0. NaN where not
        applicable.
    after_to_zero, after_to_interval
        The mean slope after that these shifts mean for the missing patients.
    ratio_to_zero, ratio_to_interval
        That slope over their mean slope before; NaN where they did not decline before.
    reason
        Why something is not given; empty if all is.
    """

    n_before: int
    n_missing: int
    mean: float
    se: float
    before_missing: float
    to_zero: float
    to_interval: float
    after_to_zero: float
    after_to_interval: float
    ratio_to_zero: float
    ratio_to_interval: float
    reason: str = ""

    @property
    def share_missing(self) -> float:
        """Missing patients as a share of those with a slope before."""
        return self.n_missing / self.n_before if self.n_before else math.nan

    def to_json(self) -> dict[str, Any]:
        """Return the numbers as JSON values."""
        return {
            "n_before": self.n_before,
            "n_missing": self.n_missing,
            "share_missing": finite(self.share_missing),
            "mean": finite(self.mean),
            "se": finite(self.se),
            "before_missing": finite(self.before_missing),
            "to_zero": finite(self.to_zero),
            "to_interval": finite(self.to_interval),
            "after_to_zero": finite(self.after_to_zero),
            "after_to_interval": finite(self.after_to_interval),
            "ratio_to_zero": finite(self.ratio_to_zero),
            "ratio_to_interval": finite(self.ratio_to_interval),
            "reason": self.reason,
        }


def tipping_point(result: EndpointComparison, settings: Settings) -> TippingPoint:
    """Return the delta at which the patients without a slope after would undo the result.

    Parameters
    ----------
    result
        Comparison of one endpoint.
    settings
        Level of the interval.

    Notes
    -----
    Delta-adjusted imputation with infinitely many imputations: the missing patients, a share f,
    change by the mean of the others plus δ, so the mean of all is mean + f δ with the same standard
    error. Yan, Lee & Li 2009 (doi 10.1080/10543400903243009). The interval tips only where it
    excludes 0 to begin with.
    """
    before = result.slopes.before.enough
    missing = before & ~result.slopes.after.enough
    n_before, n_missing = int(before.sum()), int(missing.sum())
    summary = result.change_summary
    mean_before = float(np.mean(result.before[missing])) if n_missing else math.nan
    se = summary.sd / math.sqrt(summary.n) if summary.n > 1 else math.nan
    zero, edge, reason = math.nan, math.nan, ""
    if result.slopes.joined:
        reason = NO_SINGLE_SIDE
    elif not n_missing:
        reason = NOBODY_MISSING
    elif not summary.n:
        reason = "no compared patient"
    else:
        share = n_missing / n_before
        zero = -summary.mean / share
        interval = summary.interval
        if interval is None:
            reason = "the mean change has no interval"
        elif not interval.excludes_zero:
            reason = "the interval of the mean change includes 0 already"
        else:
            edge = -(interval.low if interval.low > 0 else interval.high) / share
    after_zero, after_edge = (mean_before + summary.mean + delta for delta in (zero, edge))
    declined = mean_before < 0
    return TippingPoint(
        n_before=n_before,
        n_missing=n_missing,
        mean=summary.mean,
        se=se,
        before_missing=mean_before,
        to_zero=zero,
        to_interval=edge,
        after_to_zero=after_zero,
        after_to_interval=after_edge,
        ratio_to_zero=after_zero / mean_before if declined else math.nan,
        ratio_to_interval=after_edge / mean_before if declined else math.nan,
        reason=reason,
    )
