"""One patient's course around day 0: visits, lines with their bands, and the run-in projected."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from analysis.comparison import EndpointComparison
from analysis.projection import (
    Prediction,
    half_width,
    run_in_prediction,
    shrunken_prediction,
)
from analysis.settings import Settings
from analysis.slopes import SideSlopes, SlopeTable, day0_offsets
from data.trial import DAYS_PER_MONTH, BoolArray, FloatArray, IntArray, Trial

_STEPS = 25


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line over some months, with a band; everything cut at the ends of the scale.

    Parameters
    ----------
    month, value
        Points of the line.
    low, high
        Its band; NaN where the error of the line is not known.
    """

    month: FloatArray
    value: FloatArray
    low: FloatArray
    high: FloatArray


@dataclass(frozen=True, slots=True)
class Course:
    """What is known of one endpoint of one patient.

    Parameters
    ----------
    month, value
        Every value, in months from day 0 (from the first visit where ``has_day0`` is false).
    before, after
        Which values enter which slope; the others are outside the windows or left out.
    analysable
        False for values that were quarantined or left out.
    ended
        Whether the value is vital capacity after the event that ends it.
    position
        Rows of ``Trial.measurements``.
    before_line, after_line
        Fitted lines with the confidence band of the mean, or ``None``.
    projection
        The run-in's line from day 0 to the last visit with its prediction band, or ``None``.
    shrunken
        The same for the run-in shrunken toward the natural history, or ``None``.
    before_visits
        Visits that the line before day 0 rests on.
    has_day0
        Whether the patient has a day 0.
    """

    month: FloatArray
    value: FloatArray
    before: BoolArray
    after: BoolArray
    analysable: BoolArray
    ended: BoolArray
    position: IntArray
    before_line: Line | None
    after_line: Line | None
    projection: Line | None
    shrunken: Line | None
    before_visits: int
    has_day0: bool


def course(trial: Trial, result: EndpointComparison, patient: int, settings: Settings) -> Course:
    """Return the course of one patient.

    Parameters
    ----------
    trial, result
        The trial and the comparison of the endpoint.
    patient
        Position in ``Trial.patient_ids``.
    settings
        Choice of day 0, and level of the bands.

    Notes
    -----
    Bands use the residual SD pooled over all patients and its degrees of freedom; Theil–Sen lines
    and a run-in from onset have none. The prediction band is for one new visit of this patient.
    Lines go from the first to the last visit of their period; those of a broken stick meet at day
    0, and a run-in from onset begins at onset.
    """
    points = result.slopes.points
    mine = points.patient == patient
    month = points.month[mine]
    has_day0 = bool(np.isfinite(day0_offsets(trial, settings)[0][patient]))
    if not has_day0:
        month = _from_first_visit(trial, patient, points.position[mine])
    before, after = points.before[mine], points.after[mine]
    table, scale = result.slopes, (result.endpoint.low, result.endpoint.high)
    before_ends, after_ends = _ends(month[before]), _ends(month[after])
    if table.estimator == "broken_stick":
        before_ends, after_ends = (before_ends[0], 0.0), (0.0, after_ends[1])
    if table.run_in_used == "onset":
        visit = float(table.before.mean_month[patient])
        before_ends = (visit - float(table.before.span_days[patient]) / DAYS_PER_MONTH, visit)
    last = float(np.nanmax(month)) if month.size and has_day0 else 0.0
    beyond = np.linspace(0.0, last, _STEPS) if last > 0 else np.empty(0)
    own = run_in_prediction(result, patient, beyond, settings.confidence)
    shrunken = shrunken_prediction(result, patient, beyond, settings.confidence)
    return Course(
        month=month,
        value=points.value[mine],
        before=before,
        after=after,
        analysable=points.analysable[mine],
        ended=points.ended[mine],
        position=points.position[mine],
        before_line=_line(table, table.before, patient, before_ends, settings.confidence, scale),
        after_line=_line(table, table.after, patient, after_ends, settings.confidence, scale),
        projection=_cut(own, scale),
        shrunken=_cut(shrunken, scale),
        before_visits=int(table.before.n[patient]),
        has_day0=has_day0,
    )


def _from_first_visit(trial: Trial, patient: int, positions: IntArray) -> FloatArray:
    """Return months from the patient's first dated visit of any endpoint."""
    frame = trial.measurements_frame
    first = frame.loc[frame["patient"] == trial.patient_ids[patient], "date"].min()
    days = (frame["date"].iloc[positions] - first).dt.days.to_numpy(dtype=np.float64)
    return np.asarray(days / DAYS_PER_MONTH)


def _ends(months: FloatArray) -> tuple[float, float]:
    return (float(months.min()), float(months.max())) if months.size else (math.nan, math.nan)


def _line(
    table: SlopeTable,
    side: SideSlopes,
    patient: int,
    ends: tuple[float, float],
    level: float,
    scale: tuple[float, float],
) -> Line | None:
    if not side.enough[patient] or not ends[1] > ends[0]:
        return None
    month = np.linspace(*ends, _STEPS)
    half = half_width(table, side.variance(patient, month), level)
    return _cut(Prediction(month, side.predict(patient, month), half), scale)


def _cut(line: Prediction | None, scale: tuple[float, float]) -> Line | None:
    """Return a line with its band cut at the ends of the scale; ``None`` of nothing."""
    if line is None or not line.month.size:
        return None
    low, high = np.clip(line.value - line.half, *scale), np.clip(line.value + line.half, *scale)
    return Line(line.month, np.clip(line.value, *scale), low, high)
