"""The value of each patient that stands for day 0."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.day0 import SAME_DAY, VALUE_AGE_DAYS
from analysis.slope_points import Points
from data.trial import DAYS_PER_MONTH, FloatArray


@dataclass(frozen=True, slots=True)
class Day0Values:
    """The value of each patient that stands for day 0.

    Parameters
    ----------
    value
        NaN where there is none.
    month
        When it was taken, in months from day 0; at most 0.
    """

    value: FloatArray
    month: FloatArray


def day0_values(points: Points, n_patients: int) -> Day0Values:
    """Return each patient's last analysable value on or before day 0, if it is young enough.

    Parameters
    ----------
    points
        Values of one endpoint around day 0.
    n_patients
        Patients of the trial.

    Notes
    -----
    At most :data:`~analysis.day0.VALUE_AGE_DAYS` before day 0. A value on day 0 itself counts
    whatever the setting ``day0`` says, because that setting assigns visits to slopes.
    """
    oldest = -(VALUE_AGE_DAYS + SAME_DAY) / DAYS_PER_MONTH
    with np.errstate(invalid="ignore"):
        near = (
            points.analysable
            & (points.month <= SAME_DAY / DAYS_PER_MONTH)
            & (points.month >= oldest)
        )
    at = np.flatnonzero(near)
    at = at[np.lexsort((points.month[at], points.patient[at]))]
    value, month = np.full(n_patients, np.nan), np.full(n_patients, np.nan)
    value[points.patient[at]] = points.value[at]
    month[points.patient[at]] = points.month[at]
    return Day0Values(value, month)
