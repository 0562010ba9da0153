"""What an entry rule asks of people who are put at the visit times of a trial’s patients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis.slope_points import Points
from analysis.untreated.plan import screening_month
from analysis.untreated.plan_entry import EntryRule, weeks_looked_back
from analysis.untreated.replicates import up_to_day0
from data.trial import DAYS_PER_MONTH, BoolArray, FloatArray, IntArray

SCREENING_DAYS: Final = 14.0
"""A visit this close to the start of a rule's weeks is the one that the rule looks at."""

_ROUNDING: Final = 1e-6
"""Days: a visit 14 days away must count, though months are sums of rounded numbers."""


@dataclass(frozen=True, slots=True)
class Visits:
    """Visits of the patients of a trial, one endpoint, sorted by patient.

    Parameters
    ----------
    first
        Position of each patient's first visit, and the number of visits at the end.
    month
        Months from day 0.
    column
        Position among the visits that make slopes, −1 for a visit in no slope.
    """

    first: IntArray
    month: FloatArray
    column: IntArray

    def of(self, patients: IntArray) -> tuple[IntArray, IntArray]:
        """Return the visits of people, one after the other.

        Parameters
        ----------
        patients
            Whose visit times each person takes.

        Returns
        -------
        tuple of array
            Which visits, and which person, by position, each of them belongs to.
        """
        n = self.first[patients + 1] - self.first[patients]
        person = np.repeat(np.arange(len(patients)), n)
        ends = np.cumsum(n)
        return np.arange(len(person)) + np.repeat(self.first[patients] - ends + n, n), person


@dataclass(frozen=True, slots=True)
class Condition:
    """A sum of weighted scores that must not pass a limit.

    Parameters
    ----------
    weight
        One entry a visit.
    limit
        In the unit of the sum.
    at_most
        Whether the limit is the highest sum; else it is the lowest one.
    """

    weight: FloatArray
    limit: float
    at_most: bool

    def met(self, scores: FloatArray, visits: IntArray, person: IntArray, n: int) -> BoolArray:
        """Return which of ``n`` people meet the condition.

        Parameters
        ----------
        scores
            Of all their visits.
        visits, person
            Which visits these are, and whose: :meth:`Visits.of`.
        n
            People.
        """
        # Sums of rounded numbers: a slope of −0.5 must meet “at most −0.5”.
        total = np.round(np.bincount(person, scores * self.weight[visits], n), 10)
        return np.asarray(total <= self.limit if self.at_most else total >= self.limit)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a rule asks of one endpoint: at which visits, and which conditions hold there."""

    visits: Visits
    conditions: tuple[Condition, ...]


def visits_of(patient: IntArray, month: FloatArray, column: IntArray, n: int) -> Visits:
    """Return visits that are sorted by patient.

    Parameters
    ----------
    patient, month, column
        One entry a visit.
    n
        Patients.
    """
    return Visits(np.searchsorted(patient, np.arange(n + 1)), month, column)


def asked_of(
    points: Points, who: IntArray, rules: Sequence[EntryRule], positions: IntArray
) -> Asked:
    """Return what the conditions on one endpoint ask of the patients of a trial.

    Parameters
    ----------
    points
        Visits of the endpoint.
    who
        Positions in ``Trial.patient_ids`` of the patients; they are numbered anew from 0.
    rules
        The conditions on this endpoint.
    positions
        Rows in ``Trial.measurements`` of the visits that make slopes, in their order.

    Notes
    -----
    The run-in is every analysable visit up to day 0, inside the windows or not. A condition on an
    endpoint that a patient has no visit of up to day 0 asks for a screening visit on day 0.

    Points lost in some weeks are the score of the visit nearest to their start, where one lies
    within 2 weeks of it, else of a screening visit there, minus that of the last visit of the
    run-in; where that visit lies in the first half of the weeks, or before them, a screening visit
    on day 0 takes its place. Screening visits are in no slope.
    """
    patient, month, column = _run_in(points, who, positions)
    without = np.setdiff1d(np.arange(len(who)), patient)
    table = _Table(patient, month, column).with_screening(without, np.zeros(len(without)))
    last = _last(table)
    start = end = last
    weeks = weeks_looked_back(rules)
    if weeks is not None:
        table, start, end = _ends_of_weeks(table, last, screening_month(weeks))
    conditions = tuple(_condition(table, rule, last, (start, end)) for rule in rules)
    order = np.lexsort((table.month, table.patient))
    return Asked(
        visits_of(table.patient[order], table.month[order], table.column[order], len(who)),
        tuple(Condition(one.weight[order], one.limit, one.at_most) for one in conditions),
    )


def run_in_visits(points: Points, who: IntArray) -> IntArray:
    """Return how many analysable visits up to day 0 each patient has."""
    seen = points.patient[points.analysable & up_to_day0(points.month)]
    return np.asarray(np.bincount(seen, minlength=int(who.max(initial=0)) + 1)[who])


def _run_in(
    points: Points, who: IntArray, positions: IntArray
) -> tuple[IntArray, FloatArray, IntArray]:
    seen = points.analysable & up_to_day0(points.month) & np.isin(points.patient, who)
    order = np.argsort(positions)
    place = np.searchsorted(positions, points.position[seen], sorter=order)
    column = np.append(order, -1)[place]
    known = np.append(positions, -1)[column] == points.position[seen]
    patient = np.searchsorted(who, points.patient[seen])
    return patient, points.month[seen], np.where(known, column, -1)


@dataclass(frozen=True, slots=True)
class _Table:
    """Visits up to day 0, in any order; screening visits stand after those of the run-in."""

    patient: IntArray
    month: FloatArray
    column: IntArray
    screening: int = 0

    def with_screening(self, patient: IntArray, month: FloatArray) -> _Table:
        """Return the visits and one more of some patients."""
        return _Table(
            np.concatenate([self.patient, patient]),
            np.concatenate([self.month, month]),
            np.concatenate([self.column, np.full(len(patient), -1)]),
            self.screening + len(patient),
        )


def _last(table: _Table) -> IntArray:
    """Return the last visit of every patient, by patient."""
    order = np.lexsort((table.month, table.patient))
    _, at = np.unique(table.patient[order][::-1], return_index=True)
    return np.asarray(order[::-1][at])


def _ends_of_weeks(
    table: _Table, last: IntArray, begin: float
) -> tuple[_Table, IntArray, IntArray]:
    """Return the visits with screening ones, and where points are lost from and to, by patient."""
    end = last.copy()
    early = np.flatnonzero(table.month[last] <= begin / 2)
    end[early] = len(table.month) + np.arange(len(early))
    table = table.with_screening(early, np.zeros(len(early)))
    days = np.abs(table.month - begin) * DAYS_PER_MONTH
    days[end] = np.inf
    order = np.lexsort((days, table.patient))
    _, nearest = np.unique(table.patient[order], return_index=True)
    start = order[nearest]
    far = np.flatnonzero(days[start] > SCREENING_DAYS + _ROUNDING)
    start[far] = len(table.month) + np.arange(len(far))
    return table.with_screening(far, np.full(len(far), begin)), start, end


def _condition(
    table: _Table, rule: EntryRule, last: IntArray, weeks: tuple[IntArray, IntArray]
) -> Condition:
    """Return a condition as weights of the visits.

    Parameters
    ----------
    table, rule
        The visits, and what is asked of them.
    last
        Last visit of the run-in, by patient.
    weeks
        Visits that points are lost from and to, by patient.
    """
    weight = np.zeros(len(table.month))
    if rule.kind == "points_lost":
        weight[weeks[0]], weight[weeks[1]] = 1.0, -1.0
    elif rule.kind.startswith("slope"):
        run_in = slice(len(table.month) - table.screening)
        patient, month = table.patient[run_in], table.month[run_in]
        mean = np.bincount(patient, month) / np.maximum(np.bincount(patient), 1)
        centred = month - mean[patient]
        weight[run_in] = centred / np.bincount(patient, centred**2)[patient]
    else:
        weight[last] = 1.0
    return Condition(weight, rule.numbers[0], rule.kind == "slope_at_most")
