"""Which visits enter which period: windows, the rule for day 0 and exclusions, applied once.

Every estimator and every figure rests on the visits that are placed here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis.settings import Settings
from data.endpoints import ENDPOINTS
from data.trial import DAYS_PER_MONTH, BoolArray, FloatArray, IntArray, Trial

SAME_DAY: Final = 1e-6
"""Days below which two times are one."""

WINDOW_SLACK_DAYS: Final = 3.0
"""Days beyond its length that a window still takes in.

Calendar months are up to 2.94 days longer than as many months of 30.4375 days: without the slack a
visit on the same day of the month, six months later, would fall out of a window of six months.
"""


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
        False for quarantined values that were not kept and values that the user left out.
    position
        Row of ``Trial.measurements``.
    """

    patient: IntArray
    month: FloatArray
    value: FloatArray
    before: BoolArray
    after: BoolArray
    analysable: BoolArray
    position: IntArray


def day0_offsets(trial: Trial, settings: Settings) -> tuple[FloatArray, FloatArray]:
    """Return, per patient, the day that counts as day 0 and the day of the next transplant.

    Days count from the first transplant. NaN where there is no such transplant; infinity where no
    further one follows.
    """
    transplants = trial.patients_frame["transplant_days"].tolist()
    which = settings.transplant
    zero = [days[which] if len(days) > max(which, 0) else np.nan for days in transplants]
    # None follows the last one, which is number −1.
    following = [days[which + 1] if 0 <= which < len(days) - 1 else np.inf for days in transplants]
    return (
        np.asarray(zero, dtype=np.float64) + settings.shift_days,
        np.asarray(following, dtype=np.float64),
    )


def months_from_day0(trial: Trial, settings: Settings, patient: int, day: FloatArray) -> FloatArray:
    """Return months from a patient's day 0 for days that count from the first transplant.

    Where the settings give the patient no day 0, months count from the first transplant.
    """
    zero = float(day0_offsets(trial, settings)[0][patient])
    return np.asarray((day - (zero if np.isfinite(zero) else 0.0)) / DAYS_PER_MONTH)


def place_points(trial: Trial, endpoint: str, settings: Settings) -> Points:
    """Place every value of ``endpoint`` around day 0 and assign it to the periods.

    Parameters
    ----------
    trial, endpoint
        Whose values.
    settings
        Windows, rule for day 0, skipped days, exclusions.
    """
    series = trial.series(endpoint)
    zero, following = day0_offsets(trial, settings)
    day = series.day - zero[series.patient]
    analysable = _analysable(trial, endpoint, settings)
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
    )


def _analysable(trial: Trial, endpoint: str, settings: Settings) -> BoolArray:
    series = trial.series(endpoint)
    usable = series.usable.copy()
    order = {patient: i for i, patient in enumerate(trial.patient_ids)}
    for decision in settings.points:
        if decision.endpoint == endpoint and decision.patient in order:
            same = (
                (series.patient == order[decision.patient])
                & (np.abs(series.day - decision.day) < SAME_DAY)
                & (series.value == decision.value)
            )
            usable[same] = decision.keep and ENDPOINTS[endpoint].within(decision.value)
    left_out = [order[e.patient] for e in settings.excluded_patients if e.patient in order]
    if left_out:
        usable &= ~np.isin(series.patient, left_out)
    return usable
