"""The function of who is still there: median courses of the patients in the survival curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from analysis.cohort import SPACINGS, Middle, middle_course, usual_spacing, visit_spacing
from analysis.comparison import EndpointComparison
from analysis.slope_points import Points
from analysis.survival import Survival
from data.endpoints import Endpoint

_WIDEST = 2.0
"""How many times the usual spacing a step may be; wider ones would hide the course itself."""


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
    All courses have the same months, as far apart as visits usually are in the sparser period, or
    the next wider step (up to twice that) at which no median is missing between two others: where
    visits lie between the months, a finer step would show a gap that no patient caused. The
    median is over who was seen at that time. Who died or left is not in it any more, so it can
    rise while everybody declines; the number at risk and the number seen tell how many are left.
    """
    placed = []
    for result in results:
        points = result.slopes.points
        use = points.analysable & np.isin(points.patient, found.included)
        placed.append(replace(points, analysable=use))
    usual = max((_spacing(points) for points in placed), default=1.0)
    tried = [step for step in SPACINGS if usual <= step <= _WIDEST * usual]
    middles = {step: [middle_course(points, step) for points in placed] for step in tried}
    step = next((s for s in tried if all(map(_unbroken, middles[s]))), usual)
    return tuple(
        FunctionCourse(result.endpoint, step, middle)
        for result, middle in zip(results, middles[step], strict=True)
    )


def _unbroken(middle: Middle) -> bool:
    """Whether no month lacks a median between two that have one."""
    known = np.flatnonzero(np.isfinite(middle.median))
    return not known.size or bool(known[-1] - known[0] + 1 == known.size)


def _spacing(points: Points) -> float:
    after = points.analysable & (points.month > 0)
    return max(visit_spacing(points), usual_spacing(points.patient[after], points.month[after]))
