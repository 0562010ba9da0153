"""Slopes as weighted sums of scores, so that thousands of trials cost one multiplication each."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from analysis.settings import Settings
from analysis.slope_estimators import ESTIMATORS
from analysis.slope_points import Points
from data.trial import FloatArray


@dataclass(frozen=True, slots=True)
class VisitWeights:
    """How much every visit counts in its patient's two slopes, per month.

    Parameters
    ----------
    before, after
        One entry a visit: the slope is the sum of weight × score over the patient's visits. NaN
        for patients without that slope.
    """

    before: FloatArray
    after: FloatArray


def visit_weights(points: Points, n_patients: int, settings: Settings) -> VisitWeights | None:
    """Return the weights of all visits, or nothing for a slope that is no weighted sum.

    Parameters
    ----------
    points
        Visits, sorted by patient and day.
    n_patients
        Patients of the trial, also those without a visit.
    settings
        Estimator, and rules for visits and span.

    Notes
    -----
    A slope that is linear in the scores is known from what it makes of one score of 1 among zeros.
    The first visits of all patients are tried at once, then the second ones, and so on, with the
    estimator itself. The median of Theil–Sen is not linear.
    """
    if settings.estimator == "theil_sen":
        return None
    n = np.bincount(points.patient, minlength=n_patients)
    order = np.arange(len(points.patient)) - (np.cumsum(n) - n)[points.patient]
    before, after = np.full(len(order), np.nan), np.full(len(order), np.nan)
    estimate = ESTIMATORS[settings.estimator]
    for k in range(int(n.max(initial=0))):
        here = order == k
        lines = estimate(replace(points, value=here.astype(np.float64)), n_patients, settings)
        who = points.patient[here]
        before[here], after[here] = lines.before.slope[who], lines.after.slope[who]
    return VisitWeights(before, after)
