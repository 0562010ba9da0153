"""Per-patient slopes before and after day 0, for all patients at once.

Windows, the rule for day 0 and exclusions are applied once, in :mod:`analysis.slope_points`, so
that every estimator and every figure rests on the same visits.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from analysis.settings import DayZero, Estimator, RunIn, Settings
from analysis.slope_estimators import ESTIMATORS
from analysis.slope_lines import SideSlopes
from analysis.slope_onset import run_in_used, slopes_from_onset
from analysis.slope_points import (
    WINDOW_SLACK_DAYS,
    Points,
    day0_offsets,
    months_from_day0,
    place_points,
)
from data.trial import BoolArray, FloatArray, Trial


@dataclass(frozen=True, slots=True)
class SlopeTable:
    """Lines before and after day 0 for every patient of a trial, per month.

    Parameters
    ----------
    points
        The values, placed in their periods. Where the run-in is counted from onset, ``before``
        still marks every value of the period before, though the slope rests on one of them.
    before, after
        The lines.
    change
        Slope after minus slope before; positive is a less steep decline.
    change_se
        Standard error of the change from the pooled residual SD, with the covariance of the two
        slopes where visits enter both. Where the run-in is counted from onset, only that of the
        slope after: the error of the slope before is not known. NaN for Theil–Sen.
    shared_error
        Covariance of the two slopes over the residual variance; NaN where it is not known.
    residual_sd, residual_df
        Residual SD pooled over patients and periods, and its degrees of freedom; NaN and 0 for
        Theil–Sen.
    estimator
        How slopes were made of visits.
    run_in_used
        Whether the slope before comes from the visits or from onset; from the visits also where the
        settings ask for onset but the endpoint has no maximum that healthy people have.
    jump, jump_se
        Step of the level at day 0 and its standard error from the pooled residual SD, in the unit
        of the endpoint; NaN unless the estimator has a step and the slopes come from the visits.
    """

    points: Points
    before: SideSlopes
    after: SideSlopes
    change: FloatArray
    change_se: FloatArray
    shared_error: FloatArray
    residual_sd: float
    residual_df: int
    estimator: Estimator
    run_in_used: RunIn
    jump: FloatArray
    jump_se: FloatArray

    @property
    def joined(self) -> bool:
        """Whether one fit gives both slopes, so that neither is there without the other."""
        return self.estimator == "broken_stick" and self.run_in_used == "visits"


def day0_used(settings: Settings) -> DayZero:
    """Return in which period the day-0 visit counts.

    A step at day 0 lies between the last visit before it and the first one after it: with it, one
    visit cannot be on both sides, and counts as before.

    Parameters
    ----------
    settings
        The rule that was asked for, and the estimator.
    """
    stepped = settings.estimator == "broken_stick_jump" and settings.day0 == "both"
    return "before" if stepped else settings.day0


def slope_table(
    trial: Trial, endpoint: str, settings: Settings, only: BoolArray | None = None
) -> SlopeTable:
    """Estimate every patient's slopes before and after day 0.

    Parameters
    ----------
    trial, endpoint
        Whose values.
    settings
        Windows, rules, estimator and run-in.
    only
        Which values may enter at all, one entry a value of the endpoint; every one by default.

    Returns
    -------
    SlopeTable
        Slopes per month, whatever the rate unit of the settings.
    """
    run_in = run_in_used(endpoint, settings)
    settings = settings.with_(run_in=run_in, day0=day0_used(settings))
    points = place_points(trial, endpoint, settings)
    if only is not None:
        points = replace(
            points,
            before=points.before & only,
            after=points.after & only,
            analysable=points.analysable & only,
        )
    lines = ESTIMATORS[settings.estimator](points, len(trial.patient_ids), settings)
    before, after = lines.before, lines.after
    shared, jump, jump_se = lines.shared_error, lines.jump, lines.jump_se
    with np.errstate(invalid="ignore", divide="ignore"):
        if run_in == "onset":
            before = slopes_from_onset(trial, endpoint, points, settings)
            variance = 1 / after.sxx
            shared = jump = jump_se = np.full(len(jump), np.nan)
        else:
            variance = 1 / before.sxx + 1 / after.sxx - 2 * shared
        change = after.slope - before.slope
        se = lines.residual_sd * np.sqrt(np.maximum(variance, 0))
    return SlopeTable(
        points=points,
        before=before,
        after=after,
        change=change,
        change_se=np.where(np.isnan(change), np.nan, se),
        shared_error=shared,
        residual_sd=lines.residual_sd,
        residual_df=lines.residual_df,
        estimator=settings.estimator,
        run_in_used=run_in,
        jump=jump,
        jump_se=jump_se,
    )


__all__ = [
    "WINDOW_SLACK_DAYS",
    "Points",
    "SideSlopes",
    "SlopeTable",
    "day0_offsets",
    "day0_used",
    "months_from_day0",
    "place_points",
    "slope_table",
]
