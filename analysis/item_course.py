"""One patient's ALSFRS-R items and domain scores over time, for display only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis.day0 import day0_offsets, months_from_day0
from analysis.settings import Settings
from analysis.slope_points import place_points
from data.endpoints import ENDPOINTS, Endpoint
from data.trial import ITEM_COLUMNS, BoolArray, FloatArray, Trial

DOMAINS: Final = ("bulbar", "fine_motor", "gross_motor", "respiratory")


@dataclass(frozen=True, slots=True)
class ItemCourse:
    """The items of one patient's visits, sorted by time.

    Parameters
    ----------
    month
        Months from day 0.
    score
        Visits × 12 item scores, 0 to 4; NaN where missing.
    """

    month: FloatArray
    score: FloatArray


@dataclass(frozen=True, slots=True)
class DomainCourse:
    """One domain score of one patient, sorted by time.

    Parameters
    ----------
    endpoint
        The domain.
    month, value
        Months from day 0, and scores.
    before, after
        Which values lie in which period; the others are outside the windows or left out.
    """

    endpoint: Endpoint
    month: FloatArray
    value: FloatArray
    before: BoolArray
    after: BoolArray


def item_course(trial: Trial, settings: Settings, patient: int) -> ItemCourse | None:
    """Return the items of one patient's visits.

    Parameters
    ----------
    trial, settings
        Whose visits, and the day 0 from which months count.
    patient
        Position in ``Trial.patient_ids``.

    Returns
    -------
    ItemCourse or None
        ``None`` where no visit of the patient has items, or the patient has no day 0.
    """
    items = trial.items_frame
    if items is None or not np.isfinite(day0_offsets(trial, settings)[0][patient]):
        return None
    mine = items[(items["patient"] == trial.patient_ids[patient]) & items["day"].notna()]
    mine = mine.sort_values("day", kind="stable")
    score = mine[list(ITEM_COLUMNS)].to_numpy(dtype=np.float64)
    if not np.isfinite(score).any():
        return None
    day = mine["day"].to_numpy(dtype=np.float64)
    return ItemCourse(months_from_day0(trial, settings, patient, day), score)


def domain_courses(
    trial: Trial, settings: Settings, patient: int, skip: tuple[str, ...] = ()
) -> tuple[DomainCourse, ...]:
    """Return the domain scores of one patient, in the order of the scale.

    Parameters
    ----------
    trial, settings, patient
        As for :func:`item_course`; the settings also tell the periods.
    skip
        Keys of endpoints that are shown elsewhere.

    Returns
    -------
    tuple of DomainCourse
        Domains of which the patient has a value with a known day.
    """
    found = []
    for key in DOMAINS:
        if key in skip or key not in trial.endpoints:
            continue
        points = place_points(trial, key, settings)
        mine = (points.patient == patient) & np.isfinite(points.month)
        if mine.any():
            found.append(
                DomainCourse(
                    ENDPOINTS[key],
                    points.month[mine],
                    points.value[mine],
                    points.before[mine],
                    points.after[mine],
                )
            )
    return tuple(found)
