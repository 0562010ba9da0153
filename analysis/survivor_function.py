"""The function of who is still there: median courses of the patients in the survival curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from analysis.cohort import Middle, middle_course, usual_spacing, visit_spacing
from analysis.comparison import EndpointComparison
from analysis.slope_points import Points
from analysis.survival import Survival
from data.endpoints import Endpoint


@dataclass(frozen=True, slots=True)
class FunctionCourse:
    """The middle of the patients in the survival curves, over the same months.

    Parameters
    ----------
    endpoint
        What was measured.
    step
        Months between two centres.
    middle
        Median and quartiles of who was seen, with n.
    """

    endpoint: Endpoint
    step: float
    middle: Middle


def function_courses(
    found: Survival, results: Sequence[EndpointComparison]
) -> tuple[FunctionCourse, ...]:
    """Return the median course of each endpoint over the patients in the survival curves.

    Parameters
    ----------
    found
        Whose curves.
    results
        Comparisons of the endpoints, made with the same settings.

    Notes
    -----
    All courses have the same months, as far apart as visits usually are in the sparser period. The
    median is over who was seen at that time. Who died or left is not in it any more, so it can
    rise while everybody declines; the number at risk and the number seen tell how many are left.
    """
    placed = []
    for result in results:
        points = result.slopes.points
        use = points.analysable & np.isin(points.patient, found.included)
        placed.append(replace(points, analysable=use))
    step = max((_spacing(points) for points in placed), default=1.0)
    return tuple(
        FunctionCourse(result.endpoint, step, middle_course(points, step))
        for result, points in zip(results, placed, strict=True)
    )


def _spacing(points: Points) -> float:
    after = points.analysable & (points.month > 0)
    return max(visit_spacing(points), usual_spacing(points.patient[after], points.month[after]))
