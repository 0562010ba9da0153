"""The mean course of the mixed model beside the means that were observed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from analysis.hinge_model import HingeModel
from analysis.hinge_values import ModelCourse
from analysis.results import finite
from data.endpoints import Endpoint
from data.trial import FloatArray, IntArray

_STEPS: Final = 31


@dataclass(frozen=True, slots=True, eq=False)
class CourseByMonth:
    """The model and the observed means at visit months.

    Parameters
    ----------
    month
        Months from day 0, multiples of the usual visit spacing.
    n
        Patients of the model with a visit within half a spacing of the month.
    observed
        Mean of their values; NaN with fewer than 3.
    model
        Mean course of all patients in the model with its band, not cut to the scale; NaN without a
        fit.
    continued
        The course before day 0 continued as a straight line; NaN to day 0.
    """

    month: FloatArray
    n: IntArray
    observed: FloatArray
    model: ModelCourse
    continued: FloatArray

    def to_json(self) -> list[dict[str, Any]]:
        """Return one entry a month as JSON values."""
        return [
            {
                "month": float(self.month[i]),
                "n": int(self.n[i]),
                "observed": finite(float(self.observed[i])),
                "mean": finite(float(self.model.mean[i])),
                "low": finite(float(self.model.low[i])),
                "high": finite(float(self.model.high[i])),
                "continued": finite(float(self.continued[i])),
            }
            for i in range(len(self.month))
        ]


@dataclass(frozen=True, slots=True, eq=False)
class HingeCourse:
    """What the figure of the mean course draws, cut to the scale of the endpoint.

    Parameters
    ----------
    before, after
        Mean course and band from the first visit to day 0, and from there to the last visit.
    continued
        The course before continued, at the months of ``after``.
    by_month
        The numbers at visit months, not cut.
    n_patients, n_rows
        Patients and visits in the model.
    """

    before: ModelCourse
    after: ModelCourse
    continued: FloatArray
    by_month: CourseByMonth
    n_patients: int
    n_rows: int


def course_by_month(model: HingeModel) -> CourseByMonth:
    """Return the model and the observed means at visit months."""
    seen = model.observed
    continued = np.where(seen.month > 0, model.run_in_continued(seen.month), np.nan)
    return CourseByMonth(seen.month, seen.n, seen.mean, model.mean_course(seen.month), continued)


def hinge_course(model: HingeModel, endpoint: Endpoint) -> HingeCourse:
    """Return the mean course of a model that could be estimated.

    Parameters
    ----------
    model, endpoint
        The model, and the endpoint whose scale cuts lines and bands.
    """
    first, last = model.visit_span
    scale = (endpoint.low, endpoint.high)
    after = model.mean_course(np.linspace(0, last, _STEPS))
    return HingeCourse(
        before=model.mean_course(np.linspace(first, 0, _STEPS)).cut(*scale),
        after=after.cut(*scale),
        continued=np.clip(model.run_in_continued(after.month), *scale),
        by_month=course_by_month(model),
        n_patients=model.n_patients,
        n_rows=model.n_rows,
    )
