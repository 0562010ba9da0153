"""Which visits enter which period: windows, the rule for day 0 and exclusions, applied once.

Every estimator and every figure rests on the visits that are placed here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis.day0 import (
    SAME_DAY,
    WINDOW_SLACK_DAYS,
    day0_offsets,
    first_event_days,
    months_from_day0,
    usable_values,
)
from analysis.filters import passing
from analysis.predicted_fvc import endpoint_series
from analysis.settings import Settings
from data.trial import DAYS_PER_MONTH, BoolArray, EndpointSeries, FloatArray, IntArray, Trial

_VITAL_CAPACITY: Final = ("fvc", "fvc_litres", "svc", "svc_litres")
"""Endpoints that ``Settings.fvc_until`` ends."""

_ENDED_BY: Final = {"niv": ("niv", "tracheostomy"), "tracheostomy": ("tracheostomy",)}
"""Kinds of events that end vital capacity. Who has a tracheostomy is beyond non-invasive
ventilation, whether or not its start was recorded: item 12 of the ALSFRS-R scores invasive
ventilation below NIV day and night (Cedarbaum 1999, *Journal of the Neurological Sciences*
169:13-21)."""


@dataclass(frozen=True, slots=True)
class Points:
    """The values of one endpoint, placed around day 0 and assigned to periods.

    Sorted by patient and day, as :meth:`data.trial.Trial.series` is. Of equal values on one day the
    reader keeps one, and values that contradict each other on one day are set aside.

    Parameters
    ----------
    patient
        Position in ``Trial.patient_ids``.
    month
        Months from day 0; NaN without a day 0.
    value
        Scores.
    before, after
        Whether the value enters the slope of that period; a value may enter both or none.
    analysable
        False for quarantined values that were not kept, values that the user left out, all values
        of patients who are left out or do not pass the filters, and vital capacity after the event
        that ends it.
    position
        Row of ``Trial.measurements``.
    ended
        Whether the value is vital capacity after the event that ends it (``Settings.fvc_until``).
    """

    patient: IntArray
    month: FloatArray
    value: FloatArray
    before: BoolArray
    after: BoolArray
    analysable: BoolArray
    position: IntArray
    ended: BoolArray


def place_points(trial: Trial, endpoint: str, settings: Settings) -> Points:
    """Place every value of ``endpoint`` around day 0 and assign it to the periods.

    Parameters
    ----------
    trial, endpoint
        Whose values.
    settings
        Windows, rule for day 0, skipped days, exclusions.
    """
    series = endpoint_series(trial, settings, endpoint)
    zero, following = day0_offsets(trial, settings)
    day = series.day - zero[series.patient]
    ended = _ended(trial, endpoint, series, settings)
    analysable = _analysable(trial, endpoint, series, settings) & ~ended
    on_day0 = np.abs(day) < SAME_DAY
    before = np.where(on_day0, settings.day0 in ("before", "both"), day < 0)
    after = np.where(on_day0, settings.day0 in ("after", "both"), day > 0)
    if settings.skip_days:
        after &= day > settings.skip_days
    if settings.pre_months is not None:
        before &= day >= -settings.pre_months * DAYS_PER_MONTH - WINDOW_SLACK_DAYS
    if settings.post_months is not None:
        after &= day <= settings.post_months * DAYS_PER_MONTH + WINDOW_SLACK_DAYS
    if settings.stop_at_next:
        after &= series.day <= following[series.patient]
    return Points(
        series.patient,
        day / DAYS_PER_MONTH,
        series.value,
        before & analysable,
        after & analysable,
        analysable,
        series.position,
        ended,
    )


def _analysable(
    trial: Trial, endpoint: str, series: EndpointSeries, settings: Settings
) -> BoolArray:
    usable = usable_values(trial, endpoint, series, settings)
    if settings.filters:
        usable &= passing(trial, settings)[series.patient]
    excluded = {e.patient for e in settings.excluded_patients}
    left_out = [i for i, patient in enumerate(trial.patient_ids) if patient in excluded]
    if left_out:
        usable &= ~np.isin(series.patient, left_out)
    return usable


def _ended(trial: Trial, endpoint: str, series: EndpointSeries, settings: Settings) -> BoolArray:
    """Return which values were measured after the event that ends vital capacity."""
    if settings.fvc_until == "all" or endpoint not in _VITAL_CAPACITY:
        return np.zeros(len(series.day), dtype=np.bool_)
    kinds = _ENDED_BY[settings.fvc_until]
    last_day = np.min([first_event_days(trial, kind) for kind in kinds], axis=0)
    return np.asarray(series.day > last_day[series.patient] + SAME_DAY, dtype=np.bool_)


__all__ = [
    "SAME_DAY",
    "WINDOW_SLACK_DAYS",
    "Points",
    "day0_offsets",
    "months_from_day0",
    "place_points",
]
