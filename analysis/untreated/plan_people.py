"""Untreated people who meet an entry rule, and their change of slope with and without an effect."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis.slope_estimators import ESTIMATORS
from analysis.untreated.assumed import Assumed
from analysis.untreated.courses import course_at, draw_people, draw_stops
from analysis.untreated.history import LEAVING, History
from analysis.untreated.plan import Plan, PlanProblem
from analysis.untreated.plan_entry import (
    EntryRule,
    passing,
    rules_of,
    weeks_looked_back,
)
from analysis.untreated.posterior import Drawn
from analysis.untreated.scores import noisy_scores
from analysis.untreated.shares import SimulatedShare
from analysis.untreated.weights import visit_weights
from data.endpoints import ENDPOINTS
from data.trial import DAYS_PER_MONTH, BoolArray, FloatArray

RAREST: Final = 0.001
"""Share of people who must meet the entry rule, else the plan is refused."""

_STREAM: Final = 61
"""Keeps this use of the seed apart from other ones."""

_VISITS_AT_ONCE: Final = 1_000_000
_TRIED_FIRST: Final = 20_000
_TRIED_BEFORE_REFUSAL: Final = 200_000
_MOST_TRIED: Final = 16_000_000


@dataclass(frozen=True, slots=True)
class People:
    """People who start simulated trials; changes are NaN without a slope on each side.

    Parameters
    ----------
    before
        Slope before, per month, as it is measured.
    untreated, treated
        Change of slope, per month, without and with the less steep decline.
    beyond
        Whether the true course leaves the scale at the first or at the last visit.
    passing
        Those who meet the entry rule, of all who were drawn.
    reason
        Why there are none; empty if there are.
    """

    before: FloatArray
    untreated: FloatArray
    treated: FloatArray
    beyond: BoolArray
    passing: SimulatedShare
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Design:
    """What is the same for everybody: times, rules, and how slopes are made of scores.

    Parameters
    ----------
    before
        Months of the visits up to day 0, a screening visit among them.
    in_run_in
        Which of them are in the run-in.
    rules
        Rules of entry.
    weights
        Two tables, one row for each number of visits after day 0 that took place: what every visit
        counts in the slope before and in the one after; ``None`` where slopes are no weighted sum.
    """

    plan: Plan
    histories: Mapping[str, History]
    between: float
    before: FloatArray
    in_run_in: BoolArray
    rules: tuple[EntryRule, ...]
    weights: tuple[FloatArray, FloatArray] | None


def people_of(
    plan: Plan, assumed: Assumed, wanted: int, progress: Callable[[float], bool] | None = None
) -> People:
    """Draw people until enough meet the entry rule, and measure their slopes.

    Parameters
    ----------
    plan, assumed
        The plan and the natural history.
    wanted
        People who are to start.
    progress
        Called after every batch with the share that is done; returns whether to go on.

    Raises
    ------
    PlanProblem
        If no slope can come of the planned visits, or no natural history is known.
    """
    design = _design(plan, assumed)
    rng = np.random.default_rng([plan.seed, _STREAM])
    found: list[People] = []
    tried = accepted = 0
    most = _most_at_once(design)
    while True:
        size = _next_size(most, wanted, tried, accepted)
        everybody, scores, met = _candidates(design, size, rng)
        tried += size
        accepted += int(met.sum())
        if met.any():
            found.append(_followed(design, everybody, scores, met, rng))
        if tried >= _TRIED_BEFORE_REFUSAL and accepted < RAREST * tried:
            return _nobody(tried, accepted, "fewer than 1 of 1,000 untreated people meet the rule")
        going_on = progress is None or progress(min(accepted / wanted, 1.0))
        if accepted >= wanted or tried >= _MOST_TRIED or not going_on:
            break
    if not found:
        return _nobody(tried, accepted, "nobody who was drawn meets the entry rule")
    before, untreated, treated, beyond = (
        np.concatenate([getattr(part, name) for part in found])[:wanted]
        for name in ("before", "untreated", "treated", "beyond")
    )
    return People(before, untreated, treated, beyond, SimulatedShare(accepted, tried))


def _nobody(tried: int, accepted: int, reason: str) -> People:
    none, nobody = np.empty(0), np.empty(0, dtype=np.bool_)
    return People(none, none, none, nobody, SimulatedShare(accepted, tried), reason)


def _most_at_once(design: _Design) -> int:
    """Return how many people may be drawn at once, bounded by the memory of their visits."""
    visits = len(design.before) * len(design.histories) + 2 * design.plan.visits_after
    return max(1_000, _VISITS_AT_ONCE // visits)


def _next_size(most: int, wanted: int, tried: int, accepted: int) -> int:
    """Return how many people to draw next, so that little is thrown away."""
    if not tried:
        return min(most, max(wanted // 4, _TRIED_FIRST))
    if not accepted:
        return most
    lacking = (wanted - accepted) * tried / accepted
    return int(min(most, max(1_000, 1.02 * lacking)))


def _design(plan: Plan, assumed: Assumed) -> _Design:
    rules = rules_of(plan.entry)
    before = plan.before_months(weeks_looked_back(rules))
    needed = {plan.endpoint, *(rule.endpoint for rule in rules)}
    if plan.dropout_per_month is None:
        # Who dies or leaves follows the ALSFRS-R course, whatever endpoint is compared.
        needed.add("alsfrs_r")
    unknown = needed - set(assumed.histories)
    if unknown:
        labels = " and ".join(sorted(ENDPOINTS[key].label for key in unknown))
        raise PlanProblem(f"no natural history is known for {labels}: none is guessed")
    return _Design(
        plan=plan,
        histories={key: one for key, one in assumed.histories.items() if key in needed},
        between=assumed.between,
        before=before,
        in_run_in=before >= -plan.run_in_months - 1 / DAYS_PER_MONTH,
        rules=rules,
        weights=_weights(plan, before),
    )


def _weights(plan: Plan, before: FloatArray) -> tuple[FloatArray, FloatArray] | None:
    """Return what visits count in the slopes, by the number of visits after day 0.

    Raises
    ------
    PlanProblem
        If not even somebody with all visits has both slopes.
    """
    patterns, seen = plan.visits_after + 1, len(before)
    visits = seen + plan.visits_after
    kept = np.arange(visits) < seen + np.arange(patterns)[:, None]
    points = plan.points(before, np.zeros((patterns, visits)), kept)
    lines = ESTIMATORS[plan.estimator](points, patterns, plan.settings)
    if not (np.isfinite(lines.before.slope[-1]) and np.isfinite(lines.after.slope[-1])):
        raise PlanProblem(
            f"these visits give no slope on each side of day 0: {plan.min_visits} visits and "
            f"{plan.min_span_days} days from the first to the last of them are needed on each side"
        )
    weights = visit_weights(points, patterns, plan.settings)
    if weights is None:
        return None
    tables = (np.zeros((patterns, visits)), np.zeros((patterns, visits)))
    for table, side in zip(tables, (weights.before, weights.after), strict=True):
        table[np.nonzero(kept)] = side
        table[np.isnan(table).any(axis=1)] = np.nan
    return tables


def _candidates(
    design: _Design, size: int, rng: np.random.Generator
) -> tuple[dict[str, Drawn], FloatArray, BoolArray]:
    """Draw people with their scores up to day 0: courses, scores, and who meets the rules."""
    first = float(design.before[0])
    everybody = draw_people(design.histories, design.between, size, rng, first)
    scores = {
        key: noisy_scores(
            course_at(drawn, design.before, design.histories[key].bend),
            design.histories[key],
            ENDPOINTS[key],
            rng,
        )
        for key, drawn in everybody.items()
    }
    met = passing(design.rules, design.before, design.in_run_in, scores)
    return everybody, scores[design.plan.endpoint], met


def _followed(
    design: _Design,
    everybody: Mapping[str, Drawn],
    scores: FloatArray,
    met: BoolArray,
    rng: np.random.Generator,
) -> People:
    """Measure slopes before, and changes without and with the less steep decline."""
    plan = design.plan
    who = np.flatnonzero(met)
    drawn = everybody[plan.endpoint].of(who)
    months = plan.after_months
    stop = _stops(design, {key: one.of(who) for key, one in everybody.items()}, rng)
    attended = np.sum(months <= stop[:, None], axis=1)
    less = np.where(drawn.after < 0, 1 - plan.reduction, 1.0)
    luck = int(rng.integers(2**63))
    history = design.histories[plan.endpoint]
    first = course_at(drawn, design.before[:1], history.bend)[:, 0]
    last = course_at(drawn, months[-1:], history.bend)[:, 0]
    slopes = []
    for after in (drawn.after, drawn.after * less):
        course = course_at(Drawn(drawn.level, drawn.before, after), months, history.bend)
        # The same luck with and without the effect: their difference is then the effect alone.
        later = noisy_scores(course, history, plan.measured, np.random.default_rng(luck))
        slopes.append(_slopes(design, np.hstack([scores[who], later]), attended))
    (before, untreated), (before_treated, treated) = slopes
    return People(
        before=before,
        untreated=untreated - before,
        treated=treated - before_treated,
        beyond=(first > plan.measured.high) | (last < plan.measured.low),
        passing=SimulatedShare(len(who), len(met)),
    )


def _stops(design: _Design, people: Mapping[str, Drawn], rng: np.random.Generator) -> FloatArray:
    """Return the months at which people leave follow-up, with and without an effect alike."""
    plan, n = design.plan, people[design.plan.endpoint].level.shape[1]
    if plan.dropout_per_month is None:
        bend, months = design.histories["alsfrs_r"].bend, math.ceil(plan.post_months)
        return draw_stops(people["alsfrs_r"], bend, LEAVING, months, rng).month
    if not plan.dropout_per_month:
        return np.full(n, np.inf)
    return np.asarray(rng.exponential(-1 / math.log1p(-plan.dropout_per_month), n))


def _slopes(
    design: _Design, scores: FloatArray, attended: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return slopes before and after of people with so many visits after day 0."""
    if design.weights is not None:
        before, after = (np.einsum("ij,ij->i", scores, t[attended]) for t in design.weights)
        return before, after
    kept = np.arange(scores.shape[1]) < (len(design.before) + attended)[:, None]
    points = design.plan.points(design.before, scores, kept)
    lines = ESTIMATORS[design.plan.estimator](points, len(scores), design.plan.settings)
    return lines.before.slope, lines.after.slope
