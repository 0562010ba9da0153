"""A planned single-arm trial: its visits, its entry rule and how its slopes are made."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from analysis.setting_untreated import NO_RULE, checked_entry_rule
from analysis.settings import DEFAULT, DayZero, Estimator, Settings, SettingsProblem
from analysis.slope_points import Points
from data.endpoints import Endpoint, endpoint
from data.trial import DAYS_PER_MONTH, FloatArray

BOUNDS: Final[Mapping[str, tuple[float, float]]] = MappingProxyType(
    {
        "n": (4, 200),
        "run_in_months": (1.0, 36.0),
        "visits_before": (2, 24),
        "post_months": (1.0, 36.0),
        "visits_after": (1, 24),
        "reduction": (0.0, 1.0),
        "dropout_per_month": (0.0, 0.2),
        "trials": (100, 5_000),
        "min_visits": (2, 10),
        "min_span_days": (0, 365),
        "seed": (0, 4_294_967_295),
    }
)
"""Lowest and highest value of every number of a plan."""

_WHOLE: Final = ("n", "visits_before", "visits_after", "trials", "min_visits", "seed")

_SAME_VISIT_DAYS: Final = 14.0
"""A visit this close to the start of a rule's weeks is the one that the rule looks at."""


class PlanProblem(ValueError):
    """A plan that cannot be simulated, with the reason in words."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A planned trial with one arm, compared before and after day 0.

    Parameters
    ----------
    n
        Patients who start.
    run_in_months, visits_before
        Length of the run-in, and its evenly spaced visits, the one on day 0 included.
    post_months, visits_after
        Length of the follow-up, and its evenly spaced visits after day 0.
    entry
        What a patient must meet up to day 0, as ``Settings.entry_rule``: conditions such as
        ``"slope_at_most:-0.5"``, all of which must hold; nothing, as ``("none",)``, takes everybody
        (:func:`analysis.untreated.plan_entry.passing`).
    reduction
        Share by which the true decline after day 0 is less steep than without treatment.
    dropout_per_month
        Share of those still in follow-up who leave it every month, whatever their course;
        ``None`` takes deaths and dropout of the natural history, which follow the course.
    endpoint
        Key of the endpoint that is compared.
    estimator, day0, min_visits, min_span_days
        How slopes are made of visits, as in :class:`analysis.settings.Settings`.
    trials
        Trials that are simulated.
    seed
        Seed of chance.

    Raises
    ------
    PlanProblem
        If a number is out of its bounds, or the entry rule cannot be read.
    """

    n: int = 12
    run_in_months: float = 6.0
    visits_before: int = 4
    post_months: float = 6.0
    visits_after: int = 4
    entry: tuple[str, ...] = (NO_RULE,)
    reduction: float = 0.3
    dropout_per_month: float | None = 0.02
    endpoint: str = "alsfrs_r"
    estimator: Estimator = "ols"
    day0: DayZero = "before"
    min_visits: int = 2
    min_span_days: int = 60
    trials: int = 2_000
    seed: int = DEFAULT.seed

    def __post_init__(self) -> None:
        for name, (low, high) in BOUNDS.items():
            value = getattr(self, name)
            if value is None and name == "dropout_per_month":
                continue
            if not low <= value <= high:
                raise PlanProblem(f"{name.replace('_', ' ')} must lie from {low:g} to {high:g}")
            if name in _WHOLE and int(value) != value:
                raise PlanProblem(f"{name.replace('_', ' ')} must be a whole number")
        try:
            object.__setattr__(self, "entry", checked_entry_rule(self.entry) or (NO_RULE,))
        except SettingsProblem as problem:
            raise PlanProblem(str(problem)) from None

    def with_(self, **changes: Any) -> Plan:
        """Return a copy with some fields changed."""
        return replace(self, **changes)

    @property
    def measured(self) -> Endpoint:
        """The endpoint that is compared."""
        return endpoint(self.endpoint)

    @property
    def settings(self) -> Settings:
        """Settings of the slopes."""
        return Settings(
            estimator=self.estimator,
            day0=self.day0,
            min_visits=self.min_visits,
            min_span_days=self.min_span_days,
        )

    def before_months(self, weeks: float | None = None) -> FloatArray:
        """Return the months of the visits up to day 0, the earliest one first.

        Parameters
        ----------
        weeks
            Weeks before day 0 at which an entry rule needs a visit. Where no visit lies within 14
            days of it, a screening visit is added.
        """
        months = np.linspace(-self.run_in_months, 0.0, self.visits_before)
        if weeks is None:
            return months
        start = screening_month(weeks)
        # Day 0 itself is what the score is compared with: it never stands for the visit before.
        if np.min(np.abs(months[:-1] - start)) * DAYS_PER_MONTH <= _SAME_VISIT_DAYS:
            return months
        return np.sort(np.append(months, start))

    @property
    def after_months(self) -> FloatArray:
        """Months of the visits after day 0."""
        steps = np.arange(1, self.visits_after + 1)
        return np.asarray(self.post_months * steps / self.visits_after)

    def points(self, before: FloatArray, value: FloatArray, kept: Any) -> Points:
        """Return visits of simulated patients as the estimators take them.

        Parameters
        ----------
        before
            Months of the visits up to day 0; those earlier than the run-in enter no slope.
        value
            Scores, patients × visits.
        kept
            Which visits took place, patients × visits.
        """
        month = np.concatenate([before, self.after_months])
        on_day0 = month == 0
        early = month < -self.run_in_months - 1 / DAYS_PER_MONTH
        is_before = np.where(on_day0, self.day0 in ("before", "both"), month < 0) & ~early
        is_after = np.where(on_day0, self.day0 in ("after", "both"), month > 0)
        patient, visit = np.nonzero(kept)
        seen = np.ones(len(patient), dtype=np.bool_)
        return Points(
            patient=patient,
            month=month[visit],
            value=value[patient, visit],
            before=is_before[visit],
            after=is_after[visit],
            analysable=seen,
            position=np.arange(len(patient)),
            ended=~seen,
        )

    def to_json(self) -> dict[str, Any]:
        """Return every field as JSON values."""
        return asdict(self) | {"entry": list(self.entry)}


def screening_month(weeks: float) -> float:
    """Return the month, from day 0, that lies some weeks before it."""
    return -7 * weeks / DAYS_PER_MONTH


def grid_of(n: int) -> tuple[int, ...]:
    """Return the numbers of patients of a curve around a plan of ``n``, with ``n`` among them."""
    top = max(40, math.ceil(1.5 * n / 10) * 10)
    spread = np.geomspace(5, top, 14).round().astype(int)
    return tuple(sorted({n, *map(int, spread)}))
