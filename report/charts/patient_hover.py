"""Hover texts of one patient's panel: visits, and points of a projected line."""

from __future__ import annotations

import math

import numpy as np

from analysis.comparison import EndpointComparison
from analysis.course import Course, Line
from data.endpoints import Endpoint
from data.trial import BoolArray, Trial
from report.look import escape
from report.numbers import level, plain, signed
from report.value_rows import derived_words


def line_hovers(line: Line, words: str, endpoint: Endpoint, confidence: float) -> list[list[str]]:
    """Return what a projection says for each month, as plotly's ``customdata``.

    Parameters
    ----------
    line, words
        The projection, and what it is.
    endpoint, confidence
        Unit of its values, and level of its band.
    """
    per_cent = f"{level(confidence)} prediction"
    texts = []
    for month, value, low, high in zip(line.month, line.value, line.low, line.high, strict=True):
        band = f" · {per_cent} {plain(low, 1)} to {plain(high, 1)}" if math.isfinite(low) else ""
        value_text = f"{plain(value, 1)} {endpoint.unit}"
        texts.append(["", f"{words}: {value_text}<br>{signed(month, 1)} months{band}"])
    return texts


def visit_hovers(
    result: EndpointComparison, one: Course, chosen: BoolArray, name: str, trial: Trial | None
) -> list[str]:
    """Return the texts of some visits of a patient.

    Parameters
    ----------
    result, one
        The endpoint and the patient's course.
    chosen
        Which values of the course.
    name
        What the patient is called.
    trial
        The source of the values, whose rows are told; ``None`` for a second patient.
    """
    endpoint = result.endpoint
    order = np.argsort(np.argsort(one.month))
    texts = []
    for k in np.flatnonzero(chosen):
        state = "" if one.analysable[k] else " · not analysed"
        state += ", after the event that ends it" if one.ended[k] else ""
        outside = one.analysable[k] and not one.before[k] and not one.after[k]
        state += " · outside the windows" if outside and one.has_day0 else ""
        score = f"{plain(float(one.value[k]), endpoint.decimals)} {endpoint.unit}"
        when = f"{signed(float(one.month[k]), 1)} months · visit {order[k] + 1}"
        if trial is not None:
            row = trial.measurements_frame["row"].iloc[int(one.position[k])]
            state = derived_words(trial, result, int(one.position[k])) + state
            when += f" · source row {row}"
        texts.append(f"{escape(name)} · {endpoint.label} {score}{state}<br>{when}")
    return texts
