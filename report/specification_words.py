"""Sentences about a specification curve: what all declared analyses say, never the best of them."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from analysis.comparison import EndpointComparison
from analysis.leave_one_out import ALPHA
from analysis.results import Interval
from analysis.specification import SpecificationCurve
from analysis.specification_joint import NAME, JointCurveTest
from analysis.specification_untreated import UntreatedCurve
from report.numbers import count, decimals_for, level, p_value, signed
from report.untreated_words import of_100
from report.words import rises

WHAT_IT_IS: Final = (
    "Every sensible combination of the declared choices, each analysed as the headline is: the "
    "curve shows how much the result rests on the choices. Read it as a whole; no single best P "
    "may be picked from it, and the primary analysis stays the one of the settings."
)
"""What a specification curve is, in one line."""

_REASONS: Final = 2
"""Reasons that are written out where combinations were not run; the table has all."""

JOINT_EXPLAINED: Final = (
    "The same patients’ signs are flipped in all analyses at once. A small P says that the slopes "
    "changed, whatever made them: regression to the mean and a natural course that bends do so "
    "too. The untreated share beside it is about that."
)

UNTREATED_EXPLAINED: Final = (
    "Simulated trials of the same patients with their own visits up to day 0; what follows is "
    "drawn from the natural history, and every analysis takes the same simulated scores. Of the "
    "two mean slopes that people like these may have, the assumed one and that of their run-ins, "
    "each line gives the larger share."
)

DRAWN_ONCE: Final = (
    "Combinations that are the same analysis as another are drawn once, but count in the medians "
    "of their options."
)


def sides(rising: bool) -> tuple[str, str]:
    """Return what lower and higher values of the change mean.

    Parameters
    ----------
    rising
        Whether a mean slope is no decline, so that "slower decline" would be wrong.
    """
    return ("lower slope", "higher slope") if rising else ("faster decline", "slower decline")


def direction(curve: SpecificationCurve, rising: bool) -> str:
    """Return where the primary analysis (or the median, without one) points; empty for nowhere."""
    value = _reference(curve)
    if not value:
        return ""
    if rising:
        return "a higher slope" if value > 0 else "a lower slope"
    return "a less steep decline" if value > 0 else "a steeper decline"


def analyses_heading(curve: SpecificationCurve, confidence: float, rising: bool) -> str:
    """Return how many analyses point where the primary one does, and how many exclude 0.

    Parameters
    ----------
    curve
        The curve.
    confidence
        Level of the intervals; P < 0.05 and an interval that excludes 0 are the same at 95 %.
    rising
        As in :func:`sides`.
    """
    total = len(curve.estimate)
    if not total:
        return "no analysis could be run"
    where = direction(curve, rising)
    if not where:
        return f"{count(total, 'analysis', 'analyses')}; the primary one shows no change"
    verb = "points" if total == 1 else "point"
    noun = "analysis" if total == 1 else "analyses"
    tested = _tested(curve, confidence)
    return f"{curve.same_direction:,} of {total:,} {noun} {verb} to {where}; {tested}"


def _tested(curve: SpecificationCurve, confidence: float) -> str:
    """Return how many exclude 0, also those that do it in the other direction."""
    agree, against = curve.significant, _against(curve)
    side = curve.base.alternative
    how = "have an interval without 0"
    if side != "two-sided":
        how = "have one-sided P < 0.05"
    elif not math.isclose(confidence, 1 - ALPHA):
        how = "have P < 0.05"
    one = how.replace("have", "has")
    said = f"none {one}" if not agree else f"{agree:,} {one if agree == 1 else how}"
    return f"{said}, {against:,} more in the other direction" if against else said


def _against(curve: SpecificationCurve) -> int:
    """Return how many analyses have P < 0.05 in the direction opposite to the primary one."""
    way = math.copysign(1.0, _reference(curve))
    return int(np.sum((curve.p < ALPHA) & (curve.estimate * way < 0)))


def _reference(curve: SpecificationCurve) -> float:
    """Return the primary estimate, or the median where the primary analysis could not be run."""
    return float(curve.estimate[curve.primary]) if curve.primary >= 0 else curve.median


def curve_heading(result: EndpointComparison, curve: SpecificationCurve, confidence: float) -> str:
    """Return the heading with the endpoint in front."""
    return f"{result.endpoint.label}: {analyses_heading(curve, confidence, rises(result))}"


def not_run_sentence(curve: SpecificationCurve) -> str:
    """Return how many combinations are not in the curve and why; empty where all are."""
    left = sum(one.count for one in curve.not_run)
    if not left:
        return ""
    total = left + len(curve.estimate)
    order = sorted(curve.not_run, key=lambda one: -one.count)
    reasons = [f"{one.reason.rstrip('.')} ({one.count:,})" for one in order[:_REASONS]]
    if rest := sum(one.count for one in order[_REASONS:]):
        reasons.append(f"other reasons ({rest:,})")
    return f"{left:,} of {total:,} combinations are not shown: {', '.join(reasons)}."


def moves_sentence(curve: SpecificationCurve) -> str:
    """Return which choice moves the estimate most, with its smallest and largest median."""
    if not curve.moves or not curve.moves[0].range > 0:
        return "No choice moves the median of the estimates."
    most = curve.moves[0]
    choice = next(one for one in curve.choices if one.label == most.label)
    known = [
        (value, option.label)
        for value, option in zip(most.medians, choice.options, strict=True)
        if math.isfinite(value)
    ]
    (low, first), (high, last) = min(known), max(known)
    decimals = curve_decimals(curve)
    return (
        f"It depends most on “{most.label}”: the median is {signed(low, decimals)} with “{first}” "
        f"and {signed(high, decimals)} {curve.unit} with “{last}”."
    )


def median_sentence(curve: SpecificationCurve) -> str:
    """Return the median of all analyses and their range."""
    decimals = curve_decimals(curve)
    low, high = float(curve.estimate[0]), float(curve.estimate[-1])
    return (
        f"Median of {count(len(curve.estimate), 'analysis', 'analyses')}: "
        f"{signed(curve.median, decimals)} {curve.unit}; they lie between "
        f"{signed(low, decimals)} and {signed(high, decimals)}."
    )


def joint_sentence(curve: SpecificationCurve) -> str:
    """Return the joint test of all analyses in one sentence."""
    joint, name = curve.joint, f"{NAME[0].upper()}{NAME[1:]}"
    if not math.isfinite(joint.p_median):
        why = "; ".join(joint.notes).rstrip(".") or "too few patients"
        return f"{name}: not possible ({why})."
    return (
        f"{name}: {p_value(joint.p_median, curve.base.alternative)}, by the median estimate "
        f"({flips_text(joint)}, n = {joint.n:,})."
    )


def flips_text(joint: JointCurveTest) -> str:
    """Return how the signs were flipped, such as "all 4,096 sign flips"."""
    return f"{'all' if joint.exact else 'random'} {count(joint.flips, 'sign flip')}".replace(
        f"random {joint.flips:,}", f"{joint.flips:,} random"
    )


def untreated_curve_sentence(curve: SpecificationCurve, found: UntreatedCurve) -> str:
    """Return how often untreated trials give a curve like this one."""
    if found.reason:
        return f"Not compared with untreated trials: {found.reason.rstrip('.')}."
    size = "at least as low" if curve.median < 0 else "at least as large"
    # The simulated trials are counted on the side of the median, which may not be the primary's.
    way = -1.0 if curve.median < 0 else 1.0
    reached = bool(np.any((curve.p < ALPHA) & (curve.estimate * way > 0)))
    many = (
        ", and as many analyses reach P < 0.05 in this direction in "
        f"{of_100(found.significant_at_least)}"
        if reached
        else ""
    )
    return (
        f"In simulated untreated trials with these run-ins the median is {size} in "
        f"{of_100(found.median_at_least)}{many} ({count(found.trials, 'trial')})."
    )


def differing(curve: SpecificationCurve, k: int) -> tuple[str, ...]:
    """Return in what an analysis differs from the primary one, choice by choice."""
    taken = zip(curve.choices, curve.option[k].tolist(), strict=True)
    return tuple(
        f"{choice.label}: {choice.options[o].label}"
        for choice, o in taken
        if not choice.options[o].primary
    )


def curve_alt(result: EndpointComparison, curve: SpecificationCurve, confidence: float) -> str:
    """Return what the figure shows, for those who cannot see it."""
    if not len(curve.estimate):
        return f"{result.endpoint.label}: {curve.reason or 'no analysis could be run'}."
    primary = ""
    if curve.primary >= 0:
        at = curve.primary
        primary = (
            f" Primary {signed(float(curve.estimate[at]), curve_decimals(curve))} {curve.unit}, "
            f"{p_value(float(curve.p[at]), curve.base.alternative)}, n = {int(curve.n[at])}."
        )
    return (
        f"{curve_heading(result, curve, confidence)} ({level(confidence)} CI). "
        f"{median_sentence(curve)}{primary} {moves_sentence(curve)}"
    )


def curve_decimals(curve: SpecificationCurve) -> int:
    """Return the decimals that the primary estimate (or the middle one, without it) deserves."""
    at = curve.primary if curve.primary >= 0 else len(curve.estimate) // 2
    return decimals_for(Interval(float(curve.low[at]), float(curve.high[at]), 0.95, 0.95))
