"""More visits or more patients: the same plan with fewer and with more visits a side."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from analysis.results import finite
from analysis.untreated.assumed import Assumed
from analysis.untreated.plan import Plan, PlanProblem
from analysis.untreated.planning import Planning, PlanPoint, planning

VISITS: Final = (2, 3, 4, 6, 8)
"""Visits on each side of day 0; the one on day 0 counts before."""


@dataclass(frozen=True, slots=True)
class VisitDesign:
    """The plan with other visits.

    Parameters
    ----------
    before, after
        Visits up to day 0, and after it.
    planned
        Whether these are the visits of the plan.
    as_exact
        Patients with whom the mean change has the same standard error as in the plan.
    variance_a_patient
        Variance of the mean change times the number of patients who start.
    points
        What trials of these visits show, by number of patients.
    reason
        Why nothing can be said; empty if it can.
    """

    before: int
    after: int
    planned: bool
    as_exact: int | None
    variance_a_patient: float
    points: tuple[PlanPoint, ...] = field(repr=False)
    reason: str = ""

    def at(self, n: int) -> PlanPoint | None:
        """Return what trials of ``n`` patients show."""
        return next((one for one in self.points if one.n == n), None)

    def to_json(self) -> dict[str, Any]:
        """Return the numbers as JSON values."""
        return {
            "visits_before": self.before,
            "visits_after": self.after,
            "planned": self.planned,
            "patients_for_the_same_standard_error": self.as_exact,
            "variance_a_patient": finite(self.variance_a_patient),
            "by_patients": [one.to_json() for one in self.points],
            "reason": self.reason,
        }


def by_visits(
    found: Planning, *, progress: Callable[[float], bool] | None = None
) -> tuple[VisitDesign, ...]:
    """Simulate the plan with every number of visits of :data:`VISITS`, and as it is.

    Parameters
    ----------
    found
        The plan, simulated.
    progress
        Called with the share that is done; if it returns ``False`` the designs that are left are
        not simulated.

    Notes
    -----
    The mean change has the standard error √(v/n), with v the variance of the mean change times the
    patients who start: n × w/v patients of another design, with w in the place of v, measure
    it as exactly.
    """
    plan = found.plan
    own = (plan.visits_before, plan.visits_after)
    pairs = sorted({own, *((visits, visits) for visits in VISITS)}, key=lambda p: (sum(p), p))
    designs = []
    for at, (before, after) in enumerate(pairs):
        if (before, after) == own:
            designs.append(_design(found, found, own))
        else:
            other = plan.with_(visits_before=before, visits_after=after)
            part = None if progress is None else _part(progress, at, len(pairs))
            designs.append(_design(found, _simulated(other, found.assumed, part), (before, after)))
        if progress is not None and not progress((at + 1) / len(pairs)):
            break
    return tuple(designs)


def _part(progress: Callable[[float], bool], at: int, of: int) -> Callable[[float], bool]:
    return lambda share: progress((at + share) / of)


def _simulated(
    plan: Plan, assumed: Assumed, progress: Callable[[float], bool] | None
) -> Planning | str:
    try:
        return planning(plan, assumed, progress=progress)
    except PlanProblem as problem:
        return str(problem)


def _design(found: Planning, other: Planning | str, visits: tuple[int, int]) -> VisitDesign:
    if isinstance(other, str) or other.reason:
        reason = other if isinstance(other, str) else other.reason
        return VisitDesign(*visits, False, None, math.nan, (), reason)
    ratio = other.variance_a_patient / found.variance_a_patient
    return VisitDesign(
        before=visits[0],
        after=visits[1],
        planned=other is found,
        as_exact=found.plan.n if other is found else math.ceil(found.plan.n * ratio - 1e-9),
        variance_a_patient=other.variance_a_patient,
        points=other.points,
    )
