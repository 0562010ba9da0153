"""A plan that resembles the trial at hand."""

from __future__ import annotations

import numpy as np

from analysis.comparison import EndpointComparison
from analysis.settings import Settings
from analysis.slopes import day0_used
from analysis.untreated.plan import BOUNDS, Plan
from analysis.untreated.replicates import up_to_day0
from data.trial import BoolArray, FloatArray, IntArray


def plan_like(result: EndpointComparison, settings: Settings) -> Plan:
    """Return a plan with the visits, patients and settings of a comparison.

    Parameters
    ----------
    result
        The endpoint, whose compared patients give medians of lengths and numbers of visits.
    settings
        Entry rule, estimator, rules for visits, and seed.

    Notes
    -----
    Lengths are rounded to half months, and everything is kept within the bounds of a plan. A trial
    with nobody to compare gives the lengths of the default plan.
    """
    plan = Plan(
        endpoint=result.endpoint.key,
        entry=settings.entry_rule,
        estimator=settings.estimator,
        day0=day0_used(settings),
        min_visits=settings.min_visits,
        min_span_days=settings.min_span_days,
        seed=settings.seed,
    )
    if not result.paired.any():
        return plan
    points = result.slopes.points
    run_in = points.before & up_to_day0(points.month)
    follow_up = points.after & (points.month > 0)
    first = _furthest(-points.month, run_in, points.patient, result.paired)
    last = _furthest(points.month, follow_up, points.patient, result.paired)
    counts = (_median_count(seen, points.patient, result.paired) for seen in (run_in, follow_up))
    visits_before, visits_after = counts
    return plan.with_(
        n=int(_bounded("n", int(result.paired.sum()))),
        run_in_months=_bounded("run_in_months", round(2 * first) / 2),
        visits_before=int(_bounded("visits_before", visits_before)),
        post_months=_bounded("post_months", round(2 * last) / 2),
        visits_after=int(_bounded("visits_after", visits_after)),
    )


def _furthest(
    months: FloatArray, chosen: BoolArray, patient: IntArray, members: BoolArray
) -> float:
    """Return the median over members of each one's largest value among the chosen visits."""
    far = np.zeros(len(members))
    np.maximum.at(far, patient[chosen], months[chosen])
    return float(np.median(far[members]))


def _median_count(chosen: BoolArray, patient: IntArray, members: BoolArray) -> int:
    counts = np.bincount(patient[chosen], minlength=len(members))
    return round(float(np.median(counts[members])))


def _bounded(name: str, value: float) -> float:
    low, high = BOUNDS[name]
    return min(max(value, low), high)
