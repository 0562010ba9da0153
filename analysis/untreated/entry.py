"""Untreated trials that took their people by an entry rule, at the visit times of this one.

Nothing that was measured is kept here: people are drawn from the natural history until the rule is
met by their simulated run-in. The rule has to be known, which is why people with this run-in
(:mod:`analysis.untreated.benchmark`) come first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from analysis.comparison import Comparison, EndpointComparison
from analysis.results import finite
from analysis.setting_untreated import NO_RULE, entry_words
from analysis.untreated.assumed import Assumed, assumed_history
from analysis.untreated.benchmark import (
    Prepared,
    Progress,
    SimulatedSlopes,
    outcome_under,
    prepare,
)
from analysis.untreated.courses import course_at, draw_people
from analysis.untreated.outcome import UntreatedEndpoint
from analysis.untreated.plan import screening_month
from analysis.untreated.plan_entry import EntryRule, passing, rules_of, weeks_looked_back
from analysis.untreated.posterior import Drawn
from analysis.untreated.replicates import slopes_of
from analysis.untreated.scores import noisy_scores
from data.endpoints import ENDPOINTS
from data.trial import BoolArray, FloatArray, IntArray, Trial

PLAUSIBLE: Final[tuple[tuple[str, ...], ...]] = (
    (NO_RULE,),
    ("slope_at_most:-0.5", "slope_at_least:-2"),
    ("slope_at_most:-0.5",),
    ("slope_at_most:-1",),
    ("points_lost:3:12",),
)
"""Rules that stand for "not known": from everybody to only those who declined fast lately."""

RULED: Final = ("alsfrs_r", "fvc")
"""Endpoints that entry rules ask about."""

_STREAM: Final = 7
_AT_ONCE: Final = 4_000
_MOST_DRAWN: Final = 600_000
_FEWEST_PASSING: Final = 0.001
_MOST_VALUES: Final = 2_000_000
_SCREENING_WEEKS: Final = 2.0
_WEEKS_PER_MONTH: Final = 30.4375 / 7


@dataclass(frozen=True, slots=True)
class EntryBenchmark:
    """A comparison against untreated trials with one entry rule.

    Parameters
    ----------
    rule, words
        Conditions as in ``Settings.entry_rule``, and in words.
    trials
        Simulated trials.
    accepted
        Share of the people drawn who meet the rule; NaN where nobody was drawn.
    endpoints
        One entry an endpoint of the comparison; empty where nothing can be said.
    reason
        Why nothing can be said; empty if it can.
    """

    rule: tuple[str, ...]
    words: str
    trials: int
    accepted: float
    endpoints: tuple[UntreatedEndpoint, ...]
    reason: str = ""

    def endpoint(self, key: str) -> UntreatedEndpoint | None:
        """Return what is said of one endpoint, or ``None`` if nothing is."""
        return next((one for one in self.endpoints if one.endpoint.key == key), None)

    def to_json(self) -> dict[str, Any]:
        """Return rule and shares as JSON values."""
        return {
            "rule": list(self.rule),
            "words": self.words,
            "trials": self.trials,
            "accepted_share": finite(self.accepted),
            "endpoints": {one.endpoint.key: one.to_json() for one in self.endpoints},
            "reason": self.reason,
        }


def plausible_rules() -> tuple[tuple[str, ...], ...]:
    """Return the rules over which an unknown one ranges."""
    return PLAUSIBLE


def entry_benchmarks(
    trial: Trial, comparison: Comparison, *, progress: Progress | None = None
) -> tuple[EntryBenchmark, ...]:
    """Return the benchmark of the stated entry rule, or of all plausible ones if it is not known.

    Parameters
    ----------
    trial, comparison
        The trial and its comparison, whose settings hold the rule.
    progress
        Called after every rule with the share that is done; ends the work if it returns ``False``.
    """
    stated = comparison.settings.entry_rule
    rules = (stated,) if stated else PLAUSIBLE
    found = []
    for at, rule in enumerate(rules):
        found.append(entry_benchmark(trial, comparison, rule))
        if progress is not None and not progress((at + 1) / len(rules)):
            break
    return tuple(found)


def entry_benchmark(
    trial: Trial, comparison: Comparison, rule: tuple[str, ...], *, trials: int | None = None
) -> EntryBenchmark:
    """Return how often the result appears in untreated trials with an entry rule.

    Parameters
    ----------
    trial, comparison
        The trial and its comparison: visit times, gaps and settings are theirs.
    rule
        Conditions as in ``Settings.entry_rule``, not empty.
    trials
        How many trials; by default those of the settings, and fewer where there are many visits.

    Notes
    -----
    A slope of the rule is the least-squares slope of all ALSFRS-R visits up to day 0, whatever the
    windows are. Points lost in m weeks count from the visit nearest to m weeks before day 0 if one
    lies within 2 weeks of it; else a screening visit is simulated there, which is in no slope.
    """
    settings = comparison.settings
    assumed, prepared = assumed_history(settings), prepare(trial, comparison)
    words = entry_words(rule)
    reason = _impossible(prepared, rules_of(rule), assumed)
    if reason:
        return EntryBenchmark(rule, words, 0, np.nan, (), reason)
    visits = max(len(one.points.month) for one in prepared.schedules.values())
    most = max(100, _MOST_VALUES // max(1, visits))
    wanted = min(trials or settings.untreated_trials, most)
    rng = np.random.default_rng([settings.seed, _STREAM])
    values = {
        key: np.empty((wanted, len(one.points.month)))
        for key, one in prepared.schedules.items()
        if one.n
    }
    drawn = accepted = 0
    for patient in prepared.who:
        person = _Person(prepared, int(patient), rules_of(rule), assumed)
        tried, kept, scores = person.draw(wanted, rng)
        drawn, accepted = drawn + tried, accepted + kept
        if scores is None:
            reason = (
                f"fewer than {100 * _FEWEST_PASSING:g} % of untreated people meet the rule at the "
                "visits of some patients"
            )
            return EntryBenchmark(rule, words, 0, accepted / drawn, (), reason)
        for key, (columns, seen) in scores.items():
            values[key][:, columns] = seen
    return EntryBenchmark(
        rule=rule,
        words=words,
        trials=wanted,
        accepted=accepted / drawn,
        endpoints=tuple(
            outcome_under(prepared, result, assumed, _slopes(prepared, result, values))
            for result in comparison.endpoints
        ),
    )


def _slopes(
    prepared: Prepared, result: EndpointComparison, values: Mapping[str, FloatArray]
) -> SimulatedSlopes | None:
    key = result.endpoint.key
    if key not in values:
        return None
    return SimulatedSlopes(*slopes_of(prepared.schedules[key], values[key]))


def _impossible(prepared: Prepared, rules: tuple[EntryRule, ...], assumed: Assumed) -> str:
    """Return why no trial can be simulated, or nothing."""
    if not len(prepared.who):
        return "no patient can be compared, or no natural history is known"
    if any(one.from_onset is not None for one in prepared.schedules.values()):
        return "slopes before are counted from onset, which is not simulated"
    if any(rule.kind.startswith("slope") for rule in rules):
        points = _run_in_points(prepared, "alsfrs_r")
        n = 0 if points is None else min(int(np.sum(points[0] == i)) for i in prepared.who)
        if n < 2:
            return "some patients have fewer than 2 ALSFRS-R visits up to day 0, so no run-in slope"
    return ""


def _run_in_points(prepared: Prepared, key: str) -> tuple[FloatArray, FloatArray] | None:
    """Return patient and month of all analysable visits up to day 0, or nothing without them."""
    result = prepared.comparison.endpoint(key)
    if result is None:
        return None
    points = result.slopes.points
    seen = points.analysable & (points.month <= 0)
    return points.patient[seen].astype(np.float64), points.month[seen]


class _Person:
    """One place in the trial: the visits of a patient, filled by people who meet the rule."""

    def __init__(
        self, prepared: Prepared, patient: int, rules: tuple[EntryRule, ...], assumed: Assumed
    ) -> None:
        self.assumed = assumed
        self.rules = rules
        self.columns: dict[str, IntArray] = {}
        self.months: dict[str, FloatArray] = {}
        for key, schedule in prepared.schedules.items():
            at = np.flatnonzero(schedule.who == patient)
            if len(at):
                self.columns[key] = np.flatnonzero(schedule.points.patient == at[0])
                self.months[key] = schedule.points.month[self.columns[key]]
        self.first_month = min((float(m.min()) for m in self.months.values()), default=0.0)
        self.run_in = {key: self._months_up_to_day0(prepared, patient, key) for key in RULED}

    @staticmethod
    def _months_up_to_day0(prepared: Prepared, patient: int, key: str) -> FloatArray:
        points = _run_in_points(prepared, key)
        months = np.empty(0) if points is None else points[1][points[0] == patient]
        # An entry condition on an endpoint that was not measured asks for a visit on day 0.
        return months if len(months) else np.zeros(1)

    def draw(
        self, wanted: int, rng: np.random.Generator
    ) -> tuple[int, int, dict[str, tuple[IntArray, FloatArray]] | None]:
        """Return how many were drawn and accepted, and the scores of the first ``wanted``."""
        found: list[dict[str, FloatArray]] = []
        tried = kept = 0
        while kept < wanted:
            too_few = tried > 0 and kept < _FEWEST_PASSING * tried
            if too_few or tried >= _MOST_DRAWN:
                return tried, kept, None
            batch, met = self._batch(_AT_ONCE, rng)
            tried, kept = tried + _AT_ONCE, kept + int(met.sum())
            found.append({key: scores[met] for key, scores in batch.items()})
        scores = {
            key: (self.columns[key], np.concatenate([one[key] for one in found])[:wanted])
            for key in self.columns
        }
        return tried, kept, scores

    def _batch(self, n: int, rng: np.random.Generator) -> tuple[dict[str, FloatArray], BoolArray]:
        """Return scores at the visits that enter slopes, and who meets the rule."""
        histories, between = self.assumed.histories, self.assumed.between
        people = draw_people(histories, between, n, rng, self.first_month)
        up_to_day0 = {key: self._scores(key, people[key], self.run_in[key], rng) for key in people}
        met = self._passing(people["alsfrs_r"], up_to_day0, rng)
        batch = {}
        for key, months in self.months.items():
            later = months > 0
            scores = np.empty((n, len(months)))
            # Slopes rest on some of the visits up to day 0: those inside the window.
            place = np.searchsorted(self.run_in[key], months[~later])
            scores[:, ~later] = up_to_day0[key][:, place]
            scores[:, later] = self._scores(key, people[key], months[later], rng)
            batch[key] = scores
        return batch, met

    def _scores(
        self, key: str, people: Drawn, months: FloatArray, rng: np.random.Generator
    ) -> FloatArray:
        history = self.assumed.histories[key]
        course = course_at(people, months, history.bend)
        return noisy_scores(course, history, ENDPOINTS[key], rng)

    def _passing(
        self, people: Drawn, scores: Mapping[str, FloatArray], rng: np.random.Generator
    ) -> BoolArray:
        months, seen = self.run_in["alsfrs_r"], scores["alsfrs_r"]
        in_run_in = np.ones(len(months), dtype=np.bool_)
        weeks = weeks_looked_back(self.rules)
        if weeks is not None:
            start = screening_month(weeks)
            if np.min(np.abs(months - start)) * _WEEKS_PER_MONTH > _SCREENING_WEEKS:
                screened = self._scores("alsfrs_r", people, np.asarray([start]), rng)
                months = np.concatenate(([start], months))
                seen = np.concatenate((screened, seen), axis=1)
                in_run_in = np.concatenate(([False], in_run_in))
        return passing(self.rules, months, in_run_in, {**scores, "alsfrs_r": seen})
