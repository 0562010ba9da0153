"""The day 0 of every patient, and which values count before anything is chosen by windows."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from analysis.settings import Settings
from data.endpoints import ENDPOINTS
from data.trial import DAYS_PER_MONTH, BoolArray, EndpointSeries, FloatArray, Trial

SAME_DAY: Final = 1e-6
"""Days below which two times are one."""

VALUE_AGE_DAYS: Final = 92
"""Days before day 0 that the last value may lie back to stand for it: three calendar months."""

WINDOW_SLACK_DAYS: Final = 3.0
"""Days beyond its length that a window still takes in.

Calendar months are up to 2.94 days longer than as many months of 30.4375 days: without the slack a
visit on the same day of the month, six months later, would fall out of a window of six months.
"""


def day0_offsets(trial: Trial, settings: Settings) -> tuple[FloatArray, FloatArray]:
    """Return, per patient, the day that counts as day 0 and the day of the next transplant.

    Days count from the first transplant. NaN where there is no such transplant; infinity where no
    further one follows.
    """
    days = trial.transplants
    n, most = days.shape
    last = np.isfinite(days).sum(axis=1) - 1
    nth = np.full(n, settings.transplant) if settings.transplant >= 0 else last
    # A column without a day on each side: for nobody's transplant, and for the one after the last.
    wide = np.column_stack([np.full(n, np.nan), days, np.full(n, np.nan)])
    zero = wide[np.arange(n), np.clip(nth, -1, most) + 1]
    following = wide[np.arange(n), np.clip(nth + 1, -1, most) + 1]
    return zero + settings.shift_days, np.where(np.isnan(following), np.inf, following)


def months_from_day0(trial: Trial, settings: Settings, patient: int, day: FloatArray) -> FloatArray:
    """Return months from a patient's day 0 for days that count from the first transplant.

    Where the settings give the patient no day 0, months count from the first transplant.
    """
    zero = float(day0_offsets(trial, settings)[0][patient])
    return np.asarray((day - (zero if np.isfinite(zero) else 0.0)) / DAYS_PER_MONTH)


def usable_values(
    trial: Trial, endpoint: str, series: EndpointSeries, settings: Settings
) -> BoolArray:
    """Return which values count after the decisions of the user about single values.

    Parameters
    ----------
    trial
        Whose values.
    endpoint, series
        Key of the endpoint, and its values.
    settings
        The decisions; nothing else of the settings is used.
    """
    usable = series.usable.copy()
    order = {patient: i for i, patient in enumerate(trial.patient_ids)} if settings.points else {}
    for decision in settings.points:
        if decision.endpoint == endpoint and decision.patient in order:
            same = (
                (series.patient == order[decision.patient])
                & (np.abs(series.day - decision.day) < SAME_DAY)
                & (series.value == decision.value)
            )
            usable[same] = decision.keep and ENDPOINTS[endpoint].within(decision.value)
    return usable


def first_event_days(trial: Trial, kind: str) -> FloatArray:
    """Return the day of each patient's first event of one kind, infinity where none is dated.

    Days count from the first transplant.
    """
    events = trial.events_frame
    rows = events[(events["kind"] == kind) & events["day"].notna()]
    at = pd.Index(trial.patient_ids).get_indexer(pd.Index(rows["patient"]))
    first = np.full(len(trial.patient_ids), np.inf)
    np.minimum.at(first, at[at >= 0], rows["day"].to_numpy(dtype=np.float64)[at >= 0])
    return first
