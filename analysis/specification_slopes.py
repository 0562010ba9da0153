"""Changes of slope of one set of simulated scores under every analysis of a specification curve.

Many analyses share a slope after day 0, and slopes before rest on visits that were seen: what is
common to analyses is computed once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Final

import numpy as np

from analysis.settings import Settings
from analysis.slope_estimators import ESTIMATORS
from analysis.slopes import Points, SlopeTable
from analysis.untreated.replicates import up_to_day0
from analysis.untreated.weights import visit_weights
from data.trial import BoolArray, FloatArray, IntArray

_PATIENTS_AT_ONCE: Final = 100_000
"""Patients × trials of one call of an estimator that is no weighted sum."""


@dataclass(frozen=True, slots=True)
class Analysis:
    """What is left to do for one analysis once its slopes after day 0 are there.

    Parameters
    ----------
    k
        Its place in the curve.
    patients
        Its patients, by their positions among the simulated ones.
    before
        What is taken from their slopes after: the slope before, or 0 where it is in them.
    """

    k: int
    patients: IntArray
    before: FloatArray


@dataclass(frozen=True, slots=True)
class Slope:
    """Slopes that some analyses share.

    Parameters
    ----------
    points
        The visits that enter, patients numbered as the simulated ones.
    columns
        Which of the simulated visits the later ones among them are.
    later
        Which of the visits lie after day 0.
    weights
        How much each visit counts; ``None`` for Theil–Sen.
    settings
        Estimator, without rules for visits: each analysis takes its own patients.
    analyses
        Who shares them.
    """

    points: Points
    columns: IntArray
    later: BoolArray
    weights: FloatArray | None
    settings: Settings
    analyses: tuple[Analysis, ...]


@dataclass(frozen=True, slots=True)
class CurveSlopes:
    """The visits after day 0 that are simulated, and what every analysis makes of them.

    Parameters
    ----------
    who
        Positions in ``Trial.patient_ids`` of the simulated patients, numbered anew from 0.
    patient, month
        The simulated visits, sorted by patient and day.
    slopes
        Slopes with the analyses that share them.
    """

    who: IntArray
    patient: IntArray
    month: FloatArray
    slopes: tuple[Slope, ...]

    def changes(self, scores: FloatArray) -> Iterator[tuple[int, FloatArray]]:
        """Yield each analysis with its changes of slope per month, trials × its patients.

        Parameters
        ----------
        scores
            Trials × simulated visits.
        """
        for slope in self.slopes:
            after = _slopes(slope, scores, len(self.who))
            for one in slope.analyses:
                yield one.k, after[:, one.patients] - one.before


@dataclass(frozen=True, slots=True)
class _Shared:
    """What a slope after day 0 rests on, and the slopes before of everybody in its analyses."""

    settings: Settings
    rows: IntArray
    points: Points
    within: bool
    members: list[tuple[int, IntArray, FloatArray]]


def curve_slopes(
    tables: Iterable[SlopeTable], settings: Sequence[Settings], who: IntArray
) -> CurveSlopes:
    """Prepare all analyses of a curve.

    Parameters
    ----------
    tables, settings
        One entry an analysis, of one trial and endpoint; each table is looked at once and let go.
    who
        Positions of the patients who can be simulated. Of them everybody in any analysis is.
    """
    found: dict[tuple[str, bool, bytes], _Shared] = {}
    for k, (table, own) in enumerate(zip(tables, settings, strict=True)):
        points, bent = table.points, table.estimator == "broken_stick"
        # A bent line has its slope before from the later visits too: the change is one sum.
        within = bent and table.run_in_used == "visits"
        used = points.before | points.after if bent else points.after
        estimator = "ols" if table.estimator == "broken_stick_jump" else table.estimator
        sides = (points.before, points.after) if bent else (points.after,)
        mark = (estimator, within, b"".join(np.packbits(side).tobytes() for side in sides))
        if mark not in found:
            free = own.with_(run_in=table.run_in_used, min_visits=2, min_span_days=0)
            found[mark] = _Shared(free, np.flatnonzero(used), _some(points, used), within, [])
        mine = who[np.isfinite(table.change[who])]
        before = np.zeros(len(mine)) if within else table.before.slope[mine]
        found[mark].members.append((k, mine, before))
    return _numbered(tuple(found.values()))


def _some(points: Points, used: BoolArray) -> Points:
    return Points(**{f.name: getattr(points, f.name)[used] for f in fields(Points)})


def _numbered(shared: tuple[_Shared, ...]) -> CurveSlopes:
    """Number the simulated patients, and their visits, anew from 0."""
    who = np.unique(np.concatenate([mine for one in shared for _, mine, _ in one.members]))
    last = max(int(one.points.patient.max(initial=0)) for one in shared)
    number = np.full(last + 1, -1)
    number[who] = np.arange(len(who))
    # Whatever the choices, a value has one row among those of the endpoint.
    kept = [_simulated(one, number) for one in shared]
    rows = np.concatenate([rows for rows, _, _ in kept])
    visits, first = np.unique(rows, return_index=True)
    patient = np.concatenate([points.patient[later] for _, points, later in kept])[first]
    month = np.concatenate([points.month[later] for _, points, later in kept])[first]
    slopes = []
    for one, (mine, points, later) in zip(shared, kept, strict=True):
        weights = visit_weights(points, len(who), one.settings)
        counts = None
        if weights is not None:
            counts = np.nan_to_num(weights.after - weights.before if one.within else weights.after)
        analyses = tuple(Analysis(k, number[some], before) for k, some, before in one.members)
        columns = np.searchsorted(visits, mine)
        slopes.append(Slope(points, columns, later, counts, one.settings, analyses))
    return CurveSlopes(who, patient, month, tuple(slopes))


def _simulated(one: _Shared, number: IntArray) -> tuple[IntArray, Points, BoolArray]:
    """Return the rows of the visits to simulate, all visits, and which of them those are."""
    inside = number[one.points.patient] >= 0
    points = _some(one.points, inside)
    points = replace(points, patient=number[points.patient])
    later = np.asarray(~up_to_day0(points.month))
    return one.rows[inside][later], points, later


def _slopes(slope: Slope, scores: FloatArray, n: int) -> FloatArray:
    """Return slopes of every simulated trial, trials × patients."""
    if slope.weights is None:
        return _medians(slope, scores, n)
    points, later, weights = slope.points, slope.later, slope.weights
    seen = ~later
    fixed = np.bincount(points.patient[seen], weights[seen] * points.value[seen], n)
    patient = points.patient[later]
    starts = np.flatnonzero(np.diff(patient, prepend=-1))
    total = np.zeros((len(scores), n))
    if len(starts):
        moving = scores[:, slope.columns] * weights[later]
        total[:, patient[starts]] = np.add.reduceat(moving, starts, axis=1)
    return np.asarray(total + fixed)


def _medians(slope: Slope, scores: FloatArray, n: int) -> FloatArray:
    """Return slopes that are no weighted sum: simulated trials become more patients."""
    points, estimate = slope.points, ESTIMATORS[slope.settings.estimator]
    step = max(1, _PATIENTS_AT_ONCE // max(1, n))
    parts = []
    for at in range(0, len(scores), step):
        some = scores[at : at + step]
        times = len(some)
        values = np.repeat(points.value[None], times, axis=0)
        values[:, slope.later] = some[:, slope.columns]
        patient = points.patient[None] + n * np.arange(times)[:, None]
        tiled = {f.name: np.tile(getattr(points, f.name), times) for f in fields(Points)}
        nothing = np.zeros(len(points.month) * times, dtype=np.bool_)
        many = Points(
            **tiled | {"patient": patient.ravel(), "value": values.ravel(), "before": nothing}
        )
        lines = estimate(many, n * times, slope.settings)
        parts.append(lines.after.slope.reshape(times, n))
    return np.concatenate(parts)
