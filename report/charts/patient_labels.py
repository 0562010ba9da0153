"""The words beside the lines of one patient's figure."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np

from analysis.comparison import Comparison, EndpointComparison
from analysis.course import Line
from analysis.projection import Gap
from report.numbers import count, interval_text, level, plain, signed, span

Shape = Literal["usual", "narrow", "flat"]
SHAPES: Final[tuple[Shape, ...]] = ("usual", "narrow", "flat")
"""Shapes of the words on a slope, in the order in which they are tried: three lines, four short
ones, two long ones."""


def slope_words(
    comparison: Comparison,
    result: EndpointComparison,
    period: Literal["before", "after"],
    patient: int,
    visits: int,
    shape: Shape = "usual",
) -> str:
    """Return a slope with its interval and visits, as lines for plotly.

    Parameters
    ----------
    comparison, result
        Unit and level, and the endpoint.
    period, patient
        Which slope, of whom, by position.
    visits
        Visits drawn in the period.
    shape
        How the words are broken into lines.
    """
    slope = float((result.before if period == "before" else result.after)[patient])
    interval = result.slope_interval(period, patient, comparison.settings.confidence)
    per, seen = comparison.rate.per, count(visits, "visit")
    first = f"<b>{period} {signed(slope)}</b>"
    if shape == "flat":
        return f"{first} /{per}, {seen}<br>{interval_text(interval)}"
    if shape == "narrow" and interval is not None:
        of = f"{level(interval.level)} CI"
        return f"{first}<br>/{per}, {of}<br>{span(interval)}<br>{seen}"
    return f"{first} /{per}<br>{interval_text(interval)}<br>{seen}"


def plain_lines(text: str) -> list[str]:
    """Return the lines of a text for plotly without its markup."""
    return text.replace("<b>", "").replace("</b>", "").split("<br>")


def projection_words(
    comparison: Comparison, result: EndpointComparison, projection: Line, gap: Gap | None
) -> str:
    """Return the name of the projection, and observed minus projected at the last visit."""
    per_cent = level(comparison.settings.confidence)
    banded = bool(np.isfinite(projection.low).all())
    words = "run-in projected"
    words += f",<br>{per_cent} prediction band" if banded else ""
    if gap is None:
        return words
    interval, endpoint = gap.interval, result.endpoint
    half = (interval.high - interval.low) / 2 if interval is not None else 0.0
    decimals = endpoint.decimals + (1 if half < 10 and not endpoint.decimals else 0)
    words += f"<br>observed − projected {signed(gap.value, decimals)}"
    if gap.cut:
        return f"{words},<br>projection cut at {plain(gap.projected, 0)}"
    if interval is not None and not gap.verdict:
        return f"{words},<br>{count(gap.own_visits, 'visit')}: no verdict"
    if interval is None:
        return words
    return f"{words},<br>{per_cent} interval {span(interval, decimals)}"


def short_name(name: str) -> str:
    """Return a name that fits beside the figure."""
    return name if len(name) <= 20 else f"{name[:19]}…"
