"""The run-in from onset: points lost from the maximal score to the last visit before day 0."""

from __future__ import annotations

from typing import Final

import numpy as np

from analysis.settings import RunIn, Settings
from analysis.slope_lines import SideSlopes
from analysis.slope_points import SAME_DAY, Points, day0_offsets
from data.endpoints import ENDPOINTS
from data.trial import DAYS_PER_MONTH, Trial

NO_ONSET: Final = "no onset date"
ONSET_TOO_LATE: Final = "onset not before the last visit up to day 0"


def run_in_used(endpoint: str, settings: Settings) -> RunIn:
    """Return the run-in that an endpoint can have: from onset only for scores in whole points.

    Healthy people have the maximum of such a score. A vital capacity has no such value: people
    start above and below 100 % predicted.

    Parameters
    ----------
    endpoint, settings
        Whose slopes, and the run-in that was asked for.
    """
    return settings.run_in if ENDPOINTS[endpoint].integer else "visits"


def slopes_from_onset(
    trial: Trial, endpoint: str, points: Points, settings: Settings
) -> SideSlopes:
    """Return ΔFS: the points lost a month from onset to the last visit up to day 0, below 0.

    Parameters
    ----------
    trial, endpoint, points, settings
        Whose slopes; ``points`` placed with the same settings.

    Returns
    -------
    SideSlopes
        ``n`` counts the visit (0 or 1), ``span_days`` the days from onset to it: NaN without a date
        of onset, 0 or below where onset does not precede the visit. The line goes from the maximal
        score at onset to the visit. Its error is not known.

    Notes
    -----
    The visit must be analysable, and in the window before or on day 0, whatever the rule for day 0.
    Source: Kimura et al. 2006 (doi 10.1212/01.wnl.0000194316.91908.8a), with the opposite sign.
    """
    n_patients = len(trial.patient_ids)
    on_day0 = np.abs(points.month) * DAYS_PER_MONTH < SAME_DAY
    rows = np.flatnonzero(points.analysable & (points.before | on_day0))
    last = np.full(n_patients, -1)
    np.maximum.at(last, points.patient[rows], rows)
    seen = last >= 0
    month, value = np.full(n_patients, np.nan), np.full(n_patients, np.nan)
    month[seen], value[seen] = points.month[last[seen]], points.value[last[seen]]
    onset_day = trial.patients_frame["onset_day"].to_numpy(dtype=np.float64)
    onset = (onset_day - day0_offsets(trial, settings)[0]) / DAYS_PER_MONTH
    span = (month - onset) * DAYS_PER_MONTH
    enough = span > SAME_DAY
    with np.errstate(invalid="ignore", divide="ignore"):
        slope = np.where(enough, (value - ENDPOINTS[endpoint].high) / (month - onset), np.nan)
    nothing = np.full(n_patients, np.nan)
    return SideSlopes(
        n=seen.astype(np.int64),
        span_days=span,
        slope=slope,
        se=nothing,
        mean_month=month,
        mean_value=value,
        mean_variance=nothing,
        sxx=nothing,
        rss=nothing,
        enough=enough,
    )
