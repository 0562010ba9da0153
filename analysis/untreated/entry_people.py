"""People who meet an entry rule, drawn for every place of many simulated trials at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from analysis.slope_points import Points
from analysis.untreated.assumed import Assumed
from analysis.untreated.benchmark import Prepared
from analysis.untreated.courses import draw_people
from analysis.untreated.entry_rules import Asked, Visits, asked_of, visits_of
from analysis.untreated.history import History
from analysis.untreated.plan_entry import EntryRule
from analysis.untreated.posterior import Drawn
from analysis.untreated.scores import noisy_scores
from data.endpoints import ENDPOINTS
from data.trial import BoolArray, FloatArray, IntArray

FEWEST_PASSING: Final = 0.001
"""Share of people who must meet a rule, else nothing is simulated."""

_TRIED_FIRST: Final = 20_000
"""People whose share that meets the rule is counted before trials are filled."""

_TRIED_AT_ONCE: Final = 20_000
"""People that are drawn at least for the places that are left."""

_VISITS_AT_ONCE: Final = 1_000_000
"""Visits of all people of a draw that are held in memory at once."""


@dataclass(frozen=True, slots=True)
class EntryDesign:
    """What is the same in all simulated trials with an entry rule.

    Parameters
    ----------
    histories, between
        The natural history, and the correlation of the slopes of two endpoints.
    first_month
        Month of each patient's first visit.
    asked
        What the rule asks, by endpoint; its visits are simulated before anybody is accepted.
    others
        The visits of slopes that the rule does not ask about, by endpoint.
    sizes
        Visits of slopes, by endpoint.
    """

    histories: Mapping[str, History]
    between: float
    first_month: FloatArray
    asked: Mapping[str, Asked]
    others: Mapping[str, Visits]
    sizes: Mapping[str, int]

    @property
    def n(self) -> int:
        """Patients, each of whom is a place in every trial."""
        return len(self.first_month)

    @property
    def most(self) -> int:
        """People that are drawn at once, by the memory of their visits."""
        groups = (*(one.visits for one in self.asked.values()), *self.others.values())
        visits = sum(int(np.diff(group.first).max()) for group in groups)
        return max(1_000, _VISITS_AT_ONCE // max(1, visits))

    def accepted(self, rng: np.random.Generator) -> float:
        """Return the share of people drawn at random who meet the rule."""
        if not self.asked:
            return 1.0
        met = tried = 0
        patients = np.tile(np.arange(self.n), -(-_TRIED_FIRST // self.n))
        for part in np.array_split(patients, -(-len(patients) // self.most)):
            met += int(_candidates(self, part, rng).met.sum())
            tried += len(part)
        return met / tried


def design_of(
    prepared: Prepared,
    assumed: Assumed,
    rules: tuple[EntryRule, ...],
    points: Mapping[str, Points],
) -> EntryDesign:
    """Return the visits of simulated trials, and what is asked at them.

    Parameters
    ----------
    prepared, assumed
        The visits of the trial, and the natural history.
    rules
        The conditions of the rule.
    points
        All visits of the endpoints that the conditions look at.
    """
    who, schedules = prepared.who, prepared.schedules
    first = np.zeros(len(who))
    asked, others = {}, {}
    for key in assumed.histories:
        schedule = schedules.get(key)
        positions = np.empty(0, np.int64) if schedule is None else schedule.points.position
        on_this = [rule for rule in rules if rule.endpoint == key]
        if on_this:
            asked[key] = asked_of(points[key], who, on_this, positions)
        if schedule is None:
            continue
        patient = np.searchsorted(who, schedule.who)[schedule.points.patient]
        np.minimum.at(first, patient, schedule.points.month)
        column = np.arange(len(patient))
        taken = asked[key].visits.column if key in asked else np.empty(0, np.int64)
        left = ~np.isin(column, taken)
        others[key] = visits_of(patient[left], schedule.points.month[left], column[left], len(who))
    sizes = {key: len(one.points.month) for key, one in schedules.items() if one.n}
    return EntryDesign(assumed.histories, assumed.between, first, asked, others, sizes)


@dataclass(frozen=True, slots=True)
class EntryPeople:
    """People who fill the places of simulated trials.

    Parameters
    ----------
    scores
        Scores of the visits of slopes, trials × visits, by endpoint; ``None`` where the work was
        stopped before all places were filled.
    hopeless
        Patients at whose visits too few people meet the rule.
    """

    scores: Mapping[str, FloatArray] | None = field(repr=False)
    hopeless: int = 0


def people_of(
    design: EntryDesign,
    trials: int,
    rng: np.random.Generator,
    progress: Callable[[float], bool],
) -> EntryPeople:
    """Draw people for every place until the rule is met.

    Parameters
    ----------
    design
        Visits and rule.
    trials
        How many trials.
    rng
        Source of chance.
    progress
        Called with the share of filled places; returns whether to go on.
    """
    scores = {key: np.empty((trials, size)) for key, size in design.sizes.items()}
    places = trials * design.n
    left = np.arange(places)
    tried, met = np.zeros(design.n), np.zeros(design.n)
    while len(left):
        # The last few places are filled from many people at once, or they would take many rounds.
        each = max(1, _TRIED_AT_ONCE // len(left))
        filled = []
        for part in np.array_split(left, -(-len(left) * each // design.most)):
            place = np.repeat(part, each)
            drawn = _candidates(design, place % design.n, rng)
            tried += np.bincount(place % design.n, minlength=design.n)
            met += np.bincount(place[drawn.met] % design.n, minlength=design.n)
            passing = np.flatnonzero(drawn.met)
            taken, at = np.unique(place[passing], return_index=True)
            _write(design, drawn, passing[at], taken, scores, rng)
            filled.append(taken)
        left = np.setdiff1d(left, np.concatenate(filled), assume_unique=True)
        hopeless = (tried >= _TRIED_FIRST) & (met < FEWEST_PASSING * tried)
        if np.any(hopeless):
            return EntryPeople(None, int(hopeless.sum()))
        if not progress(1 - len(left) / places):
            return EntryPeople(None if len(left) else scores)
    return EntryPeople(scores)


@dataclass(frozen=True, slots=True)
class _Candidates:
    """People who were drawn, the scores that the rule asks for, and who meets it.

    Parameters
    ----------
    patients
        Whose visit times they have.
    people
        Their true courses, by endpoint, each of shape 1 × people.
    seen
        By endpoint: position of the visits, whose they are, and their scores.
    met
        Who meets the rule.
    """

    patients: IntArray
    people: Mapping[str, Drawn]
    seen: Mapping[str, tuple[IntArray, IntArray, FloatArray]]
    met: BoolArray


def _candidates(design: EntryDesign, patients: IntArray, rng: np.random.Generator) -> _Candidates:
    n = len(patients)
    first = design.first_month[patients]
    people = draw_people(design.histories, design.between, n, rng, first)
    met = np.ones(n, dtype=np.bool_)
    seen = {}
    for key, asked in design.asked.items():
        visit, person = asked.visits.of(patients)
        scores = _scores(design, key, asked.visits.month[visit], people[key], person, rng)
        for condition in asked.conditions:
            met &= condition.met(scores, visit, person, n)
        seen[key] = (visit, person, scores)
    return _Candidates(patients, people, seen, met)


def _scores(
    design: EntryDesign,
    key: str,
    month: FloatArray,
    drawn: Drawn,
    person: IntArray,
    rng: np.random.Generator,
) -> FloatArray:
    """Return scores of visits, each of one person."""
    history = design.histories[key]
    slope = np.where(month > 0, drawn.after[0][person], drawn.before[0][person])
    course = drawn.level[0][person] + slope * month + history.bend / 2 * month**2
    return noisy_scores(course, history, ENDPOINTS[key], rng)


def _write(
    design: EntryDesign,
    drawn: _Candidates,
    who: IntArray,
    places: IntArray,
    scores: Mapping[str, FloatArray],
    rng: np.random.Generator,
) -> None:
    """Write all scores of the people who take places; their other visits are simulated now."""
    trial = np.full(len(drawn.patients), -1)
    trial[who] = places // design.n
    for key, size in design.sizes.items():
        table = scores[key].reshape(-1)
        if key in drawn.seen:
            visit, person, found = drawn.seen[key]
            column = design.asked[key].visits.column[visit]
            kept = np.flatnonzero((column >= 0) & (trial[person] >= 0))
            table[trial[person[kept]] * size + column[kept]] = found[kept]
        visits = design.others[key]
        visit, person = visits.of(drawn.patients[who])
        later = _scores(design, key, visits.month[visit], drawn.people[key].of(who), person, rng)
        table[trial[who][person] * size + visits.column[visit]] = later
