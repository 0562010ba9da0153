"""The numbers in one patient's figure: visits, lines, bands, gap, events, stages and items."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from analysis.cohort import middle_course, visit_spacing
from analysis.comparison import Comparison, EndpointComparison
from analysis.course import course
from analysis.item_course import domain_courses, item_course
from analysis.projection import gap_at_last_visit
from analysis.results import finite
from data.trial import Trial
from report.event_names import event_name
from report.patient_card import Background, background
from report.tables import course_numbers, endpoint_name

_LINES: Final = {
    "before_line": "line before",
    "after_line": "line after",
    "projection": "run-in projected",
    "shrunken": "run-in shrunken toward the natural history, projected",
}


def patient_numbers(
    trial: Trial,
    comparison: Comparison,
    results: Sequence[EndpointComparison],
    patients: Sequence[int],
    names: tuple[str, ...],
    *,
    items: bool = False,
    middle: bool = False,
    known: Background | None = None,
) -> pd.DataFrame:
    """Return everything that the figure of a patient draws, one row a point.

    Parameters
    ----------
    trial, comparison
        The trial, and its comparison under the current settings.
    results
        The endpoints that are drawn.
    patients
        Position of the patient, and of the one to compare with, if any.
    names
        What patients are called in the file.
    items, middle
        Whether items or domains, and the middle half of the cohort, are drawn.
    known
        Stages and events of everybody; worked out where it is ``None``.

    Returns
    -------
    pandas.DataFrame
        ``what`` says what a row is. ``low`` and ``high`` are the ends of a band or an interval, and
        of the middle half of the cohort. Events are called by their kind.
    """
    first, settings = patients[0], comparison.settings
    drawn = [r for r in comparison.endpoints if r in results]
    values = course_numbers(trial, comparison, patients, names).assign(what="visit")
    rows: list[dict[str, object]] = []
    for result in drawn:
        for patient in patients:
            named = {"patient": names[patient], "endpoint": endpoint_name(result.endpoint.key)}
            lines = _LINES if patient == first else ("before_line", "after_line")
            rows += [
                row | named for row in _line_rows(trial, comparison, result, patient, tuple(lines))
            ]
        rows += _gap_rows(result, first, settings.confidence, names[first])
        if middle:
            rows += _middle_rows(result)
    if items:
        shown = tuple(result.endpoint.key for result in results)
        rows += _part_rows(trial, comparison, first, names[first], shown)
    known = known or background(trial, settings)
    rows += _happened(trial, known, first, names[first])
    more = pd.DataFrame(rows)
    table = pd.concat([values, more], ignore_index=True) if rows else values
    ahead = [name for name in ("what", "patient", "endpoint") if name in table.columns]
    return table[[*ahead, *(name for name in table.columns if name not in ahead)]]


def _line_rows(
    trial: Trial,
    comparison: Comparison,
    result: EndpointComparison,
    patient: int,
    lines: tuple[str, ...],
) -> list[dict[str, object]]:
    one = course(trial, result, patient, comparison.settings)
    rows: list[dict[str, object]] = []
    for name in lines:
        line = getattr(one, name)
        if line is None:
            continue
        points = zip(line.month, line.value, line.low, line.high, strict=True)
        rows += [
            {"what": _LINES[name], "month": m, "value": v, "low": low, "high": high}
            for m, v, low, high in points
        ]
    return rows


def _gap_rows(
    result: EndpointComparison, patient: int, level: float, name: str
) -> list[dict[str, object]]:
    gap = gap_at_last_visit(result, patient, level)
    if gap is None:
        return []
    ends = gap.interval
    return [
        {
            "what": "observed − projected",
            "patient": name,
            "endpoint": endpoint_name(result.endpoint.key),
            "month": gap.month,
            "value": gap.value,
            "low": np.nan if ends is None else finite(ends.low),
            "high": np.nan if ends is None else finite(ends.high),
            "note": "" if gap.verdict else f"no verdict: {gap.reason}",
        }
    ]


def _middle_rows(result: EndpointComparison) -> list[dict[str, object]]:
    points = result.slopes.points
    found = middle_course(points, visit_spacing(points))
    return [
        {
            "what": "middle half of the cohort",
            "endpoint": endpoint_name(result.endpoint.key),
            "month": found.month[k],
            "low": found.lower[k],
            "high": found.upper[k],
            "n": int(found.n[k]),
        }
        for k in np.flatnonzero(np.isfinite(found.lower))
    ]


def _part_rows(
    trial: Trial, comparison: Comparison, patient: int, name: str, shown: tuple[str, ...]
) -> list[dict[str, object]]:
    """Return items, or domains where there are no items."""
    settings = comparison.settings
    found = item_course(trial, settings, patient)
    if found is not None:
        return [
            {"what": f"item {k}", "patient": name, "month": month, "value": score}
            for month, scores in zip(found.month, found.score, strict=True)
            for k, score in enumerate(scores, start=1)
        ]
    return [
        {
            "what": "domain",
            "patient": name,
            "endpoint": endpoint_name(domain.endpoint.key),
            "month": month,
            "value": value,
        }
        for domain in domain_courses(trial, settings, patient, shown)
        for month, value in zip(domain.month, domain.value, strict=True)
    ]


def _happened(trial: Trial, known: Background, patient: int, name: str) -> list[dict[str, object]]:
    """Return events, and the stage at each visit with its reason."""
    events = known.events.of(patient)
    rows: list[dict[str, object]] = [
        {
            "what": "event",
            "patient": name,
            "month": month,
            "note": event_name(kind, label, cautious=not trial.simulated),
        }
        for month, kind, label in zip(events.month, events.kind, events.label, strict=True)
    ]
    stages = known.stages
    if stages is None:
        return rows
    for system, found in (("King’s stage", stages.kings), ("MiToS stage", stages.mitos)):
        rows += [
            {
                "what": system,
                "patient": name,
                "month": stages.month[k],
                "note": f"{found.label(int(k))}: {found.reason(int(k))}",
            }
            for k in stages.rows_of(patient)
        ]
    return rows
