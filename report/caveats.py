"""What the reader must know about these data before quoting them; only what applies."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

import numpy as np

from analysis.comparison import Comparison, EndpointComparison
from data.trial import DAYS_PER_MONTH, BoolArray
from report.numbers import count, plain

SMALL_TRIAL: Final = 6
"""Fewer patients than this and the smallest P that an exact test can give is worth saying."""

SHORT_RUN_IN_MONTHS: Final = 4.5
"""Below this median length of the run-in, more than half of the spread of slopes is visit noise.

With 2 to 4 visits in 3 months the reliability of an ALSFRS-R slope is about 0.36, with 3 visits in
6 months about 0.68, for a residual SD of 1.6 points and a spread of true slopes of 0.58 per month.
"""

_UNEQUAL: Final = 1.5
_NEAR_THE_END: Final = 2 / 48
_OFTEN_AT_THE_END: Final = 0.05
_MANY_LOST: Final = 0.1


def caveats(comparison: Comparison) -> tuple[str, ...]:
    """Return the caveats that the data of a comparison call for, one sentence or two each."""
    found: list[str] = []
    if comparison.rate.unavailable:
        found.append(comparison.rate.unavailable)
    found += _merged(comparison)
    found += _about_selection(comparison)
    if any(e.slopes.run_in_used == "onset" for e in comparison.endpoints):
        found.append(
            "The slope before is counted from onset (ΔFS). It rests on one visit and on the date "
            "of the first symptom, and is usually less steep than the decline later on. Intervals "
            "of single patients hold the error of the slope after only."
        )
    settings = comparison.settings
    if (
        settings.day0 == "both"
        and comparison.endpoints
        and settings.estimator != "broken_stick_jump"
    ):
        found.append(
            "The day-0 visit is in both slopes: an unusual score on that day changes them in "
            "opposite directions."
        )
    if comparison.unmatched:
        found.append(
            f"{count(comparison.unmatched, 'decision')} about patients or values match nothing in "
            "this trial and have no effect."
        )
    found += _about_agreement(comparison)
    return tuple(found)


def _merged(comparison: Comparison) -> list[str]:
    """Return the caveats of the endpoints; what is true of several is said once."""
    labels: dict[str, list[str]] = {}
    for result in comparison.endpoints:
        for text in (*_about_numbers(result), *_about_design(result)):
            labels.setdefault(text, []).append(result.endpoint.label)
    return [f"{' and '.join(names)}: {text}" for text, names in labels.items()]


def _about_numbers(result: EndpointComparison) -> Iterable[str]:
    """Few patients, and slopes from two visits."""
    if 2 <= result.n < SMALL_TRIAL:
        floor = result.test("sign_flip").p_floor
        if floor < 1:
            yield (f"with {result.n} patients no exact test can give P below {plain(floor, 3)}.")
    sides = (result.slopes.before, result.slopes.after)
    twos = int(np.sum(result.paired & np.any([s.n == 2 for s in sides], axis=0)))
    if twos:
        yield (
            f"of {count(result.n, 'patient')} compared, {twos} with a slope that rests on "
            "two visits only."
        )


def _about_design(result: EndpointComparison) -> Iterable[str]:
    """A short run-in, periods of unequal length, patients lost, scores at the end of the scale."""
    if not result.n:
        return
    before, after = (
        float(np.median(side.span_days[result.paired])) / DAYS_PER_MONTH
        for side in (result.slopes.before, result.slopes.after)
    )
    if before < SHORT_RUN_IN_MONTHS:
        yield (
            f"half of the run-ins are {plain(before, 1)} months or shorter. A slope over "
            "so short a time is mostly visit noise, and a steep one is followed by a less steep "
            "one more often than not, whatever is done."
        )
    if max(before, after) > _UNEQUAL * min(before, after):
        yield (
            f"the periods differ in length (median {plain(before, 1)} months before, "
            f"{plain(after, 1)} after). A course that is not straight then changes its slope by "
            "itself."
        )
    lost = int(np.sum(result.slopes.before.enough & ~result.slopes.after.enough))
    if lost > _MANY_LOST * (lost + result.n):
        yield (
            f"{count(lost, 'patient')} with a slope before and none after. Whoever is "
            "lost often declines faster than who stays."
        )
    yield from _about_ends(result)


def _about_ends(result: EndpointComparison) -> Iterable[str]:
    points, endpoint = result.slopes.points, result.endpoint
    if not endpoint.integer:
        return
    margin = _NEAR_THE_END * (endpoint.high - endpoint.low)
    mine = result.paired[points.patient]

    def share(ends: BoolArray) -> float:
        used = mine & (points.before | points.after)
        return float(np.mean(ends[used])) if used.any() else 0.0

    floor, ceiling = (
        share(points.value <= endpoint.low + margin),
        share(points.value >= endpoint.high - margin),
    )
    for at, name, direction in (
        (floor, "lowest", "looks less steep there"),
        (ceiling, "highest", "looks less steep there, and steeper later"),
    ):
        if at > _OFTEN_AT_THE_END:
            yield (
                f"{plain(100 * at, 0)} % of the scores lie within "
                f"{plain(margin, 0)} points of the {name} possible one. A decline {direction}."
            )


def _about_selection(comparison: Comparison) -> Iterable[str]:
    """How patients were chosen matters where the slope after is the less steep one."""
    labels = [
        r.endpoint.label
        for r in comparison.endpoints
        if r.change_summary.interval is not None
        and r.change_summary.interval.low > 0
        and r.against_control is None
    ]
    if labels:
        yield (
            "How the patients were chosen is not in the file. If they had to decline fast before "
            f"day 0, the slope after is less steep without any treatment ({', '.join(labels)})."
        )


def _about_agreement(comparison: Comparison) -> Iterable[str]:
    """Endpoints that point in different directions, or of which only one changed."""
    clear = [
        e
        for e in comparison.endpoints
        if e.lead.interval is not None and e.lead.interval.excludes_zero
    ]
    if len({e.lead.estimate > 0 for e in clear}) > 1:
        yield "The two endpoints point in different directions."
        return
    unclear = [
        e
        for e in comparison.endpoints
        if e not in clear and e.holm_over and math.isfinite(e.lead.p)
    ]
    if unclear and any(e.holm_over for e in clear):
        yield (
            "The endpoints do not agree: the interval of "
            f"{clear[0].endpoint.label} excludes 0, that of {unclear[0].endpoint.label} does not."
        )
