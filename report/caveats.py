"""What the reader must know about these data before quoting them; only what applies."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from typing import Final

import numpy as np

from analysis.comparison import Comparison, EndpointComparison
from analysis.diagnostics_visits import curvature
from analysis.leave_one_out import ALPHA, leave_one_out
from analysis.predicted_fvc import FAR_POINTS
from analysis.setting_lists import filter_words
from analysis.settings import Settings
from analysis.slopes import day0_used
from data.trial import DAYS_PER_MONTH, BoolArray
from report.numbers import count, either_of, plain, signed, span, two_sided_note

SMALL_TRIAL: Final = 6
"""Fewer patients than this and the smallest P that an exact test can give is worth saying."""

SHORT_RUN_IN_MONTHS: Final = 4.5
"""Below this median length of the run-in, about half of the spread of slopes is visit noise.

With 2 to 4 visits in 3 months the reliability of an ALSFRS-R slope is 0.37 to 0.40, with 3 visits
in 6 months 0.70, for a residual SD of 1.6 points and a spread of true slopes of 0.58 per month.
"""

_UNEQUAL: Final = 1.5
_NEAR_THE_END: Final = 2 / 48
_OFTEN_AT_THE_END: Final = 0.05
_MANY_LOST: Final = 0.1
_MOST_REASONS: Final = 5


def caveats(comparison: Comparison) -> tuple[str, ...]:
    """Return the caveats that the data of a comparison call for, one sentence or two each."""
    found: list[str] = []
    if comparison.rate.unavailable:
        found.append(comparison.rate.unavailable)
    found += _merged(comparison)
    found += _about_selection(comparison)
    found += _about_filters(comparison.settings)
    if any(e.slopes.run_in_used == "onset" for e in comparison.endpoints):
        found.append(
            "The slope before is counted from onset (ΔFS). It rests on one visit and on the date "
            "of the first symptom, and is usually less steep than the decline later on. Intervals "
            "of single patients hold the error of the slope after only."
        )
    settings = comparison.settings
    if (
        day0_used(settings) == "both"
        and comparison.endpoints
        and settings.estimator != "broken_stick"
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
    found += _about_litres(comparison)
    found += _about_agreement(comparison)
    found += _about_checks(comparison)
    return tuple(found)


def _about_litres(comparison: Comparison) -> Iterable[str]:
    """Values derived from litres, who has none although there are litres, and what does not fit."""
    found = comparison.from_litres
    if found is None or not comparison.equation_note:
        return
    if found.derived:
        yield (
            f"{found.note} Another equation moves single values by 5 to 10 points, and slopes in "
            "proportion."
        )
    if found.extended:
        yield (
            f"{count(len(found.extended), 'patient')} with derived FVC % shorter or taller than "
            f"the adults for whom {found.name} was made: it is extended beyond their heights."
        )
    if found.not_derived:
        reasons = Counter(why for _, why in found.not_derived)
        listed = "; ".join(f"{why} ({n})" for why, n in reasons.most_common(_MOST_REASONS))
        yield (
            f"FVC in litres of {count(len(found.not_derived), 'patient')} gave no % predicted, or "
            f"not at every visit: {listed}{'…' if len(reasons) > _MOST_REASONS else ''}."
        )
    if found.far_off:
        widest = max((points for _, points in found.far_off), key=abs)
        yield (
            f"In {count(len(found.far_off), 'patient')} the reported FVC % is more than "
            f"{plain(FAR_POINTS, 0)} points from what {found.name} makes of the litres of the same "
            f"day (up to {signed(widest, 0)}): check unit, height, sex and identity."
        )


def _merged(comparison: Comparison) -> list[str]:
    """Return the caveats of the endpoints; what is true of several is said once."""
    labels: dict[str, list[str]] = {}
    for result in comparison.endpoints:
        for text in (*_about_numbers(result), *_about_design(result, comparison.settings)):
            labels.setdefault(text, []).append(result.endpoint.label)
    return [f"{' and '.join(names)}: {text}" for text, names in labels.items()]


def _about_numbers(result: EndpointComparison) -> Iterable[str]:
    """Few patients, and slopes from two visits."""
    if 2 <= result.n < SMALL_TRIAL and result.against_control is None:
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


def _about_design(result: EndpointComparison, settings: Settings) -> Iterable[str]:
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
            "so short a time is largely visit noise, and a steep one is followed by a less steep "
            "one more often than not, whatever is done."
        )
    if max(before, after) > _UNEQUAL * min(before, after):
        yield (
            f"the periods differ in length (median {plain(before, 1)} months before, "
            f"{plain(after, 1)} after). A course that is not straight then changes its slope by "
            "itself."
        )
    # By the rules for visits: some estimators have a line on both sides or on neither.
    sides = (result.slopes.before, result.slopes.after)
    seen, stayed = (
        (side.n >= settings.min_visits) & (side.span_days >= settings.min_span_days)
        for side in sides
    )
    lost = int(np.sum((seen | result.slopes.before.enough) & ~stayed))
    if lost > _MANY_LOST * (lost + result.n):
        yield (
            f"{count(lost, 'patient')} with a slope before and none after (too few "
            "visits there, or outside the windows). Whoever is lost often declines faster than who "
            "stays."
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
        if r.against_control is None and r.change_summary.mean > 0 and _stands_out(r)
    ]
    if labels:
        yield (
            "How the patients were chosen is not in the file. If they had to decline fast before "
            f"day 0, the slope after is less steep without any treatment ({', '.join(labels)})."
        )


def _about_filters(settings: Settings) -> Iterable[str]:
    """A part of the patients, chosen by the reader."""
    if settings.filters:
        yield (
            f"A part of the patients is analysed ({filter_words(settings.filters)}). A part that "
            "is picked after looking stands out by chance more often than P says."
        )


def _about_checks(comparison: Comparison) -> Iterable[str]:
    """A run-in that bends by itself, and patients on whom the result hangs."""
    settings = comparison.settings
    for result in comparison.endpoints:
        if result.against_control is not None or result.n < SMALL_TRIAL:
            continue
        label, change = result.endpoint.label, result.change_summary.mean
        bend = curvature(result, settings)
        same = bend.implied * change > 0 and abs(bend.implied) > abs(change) / 2
        if bend.test.p < ALPHA and same:
            yield (
                f"{label}: the decline bends already within the run-in. Going on so, the slope "
                f"would change by {signed(bend.implied)} ({span(bend.implied_interval)}) "
                f"{result.unit} by itself; {signed(change)} was seen."
            )
        without = leave_one_out(result, settings)
        deciding = int(without.crosses.sum())
        if deciding:
            whom = "one patient" if deciding == 1 else f"{either_of(deciding)} patients"
            yield f"{label}: leaving out {whom} moves P across 0.05 (Checks)."


def _about_agreement(comparison: Comparison) -> Iterable[str]:
    """Endpoints that point in different directions, or of which only one changed."""
    clear = [e for e in comparison.endpoints if _stands_out(e)]
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
            "The endpoints do not agree: P of "
            f"{clear[0].endpoint.label} is below 0.05{two_sided_note(clear[0].alternative)}, that "
            f"of {unclear[0].endpoint.label} is not."
        )


def _stands_out(result: EndpointComparison) -> bool:
    """Whether the two-sided P of the headline is below 0.05, whatever level or side is shown.

    The headline is a t test: its distribution is symmetric, so either side gives the other.
    """
    p = result.lead.p
    if result.alternative != "two-sided":
        p = 2 * min(p, 1 - p)
    return p < ALPHA
