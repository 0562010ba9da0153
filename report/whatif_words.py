"""The plain summary of the What-if board: what the other analyses do to the result."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis.comparison import EndpointComparison
from analysis.diagnostics_dropout import NOBODY_MISSING, TippingPoint
from analysis.leave_one_out import FEWEST, LeaveOneOut
from analysis.placebo_dates import PlaceboDates
from analysis.settings import Alternative
from analysis.specification import ONE_ARM, SpecificationCurve
from analysis.specification_untreated import UntreatedCurve
from data.trial import FloatArray
from report import words
from report.charts.parts import Names
from report.numbers import (
    bare_p,
    count,
    decimals_for,
    either_of,
    p_value,
    plain,
    side_note,
    signed,
)
from report.placebo_words import verdict_words
from report.specification_words import curve_decimals, direction
from report.untreated_words import of_100

NO_NEW_EVIDENCE: Final = (
    "All these analyses are of the same patients: that they agree is no new evidence, and none of "
    "them is to be picked for its P."
)
"""What stands under every summary."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What was computed of one endpoint; ``None`` for what was not.

    Parameters
    ----------
    leave_out
        The comparison without each patient.
    curve, untreated
        Every analysis of the declared choices, and the same in simulated untreated trials.
    placebo
        The change at day 0 against other dates.
    tipping
        How different the missing patients would have to be.
    """

    leave_out: LeaveOneOut | None = None
    curve: SpecificationCurve | None = None
    untreated: UntreatedCurve | None = None
    placebo: PlaceboDates | None = None
    tipping: TippingPoint | None = None


def summary_sentence(result: EndpointComparison, found: Answers, names: Names) -> str:
    """Return the result and what becomes of it in all other analyses, in plain words.

    Parameters
    ----------
    result
        The primary analysis of one endpoint.
    found
        The other analyses; those that are ``None`` are not spoken of.
    names
        What each patient is called here.
    """
    if not result.n:
        return words.nobody_sentence(result)
    first = f"{words.heading(result)} ({words.numbers_line(result)})."
    parts = summary_parts(result, found, names)
    return f"{first} {_capital('; '.join(parts))}." if parts else first


def summary_parts(result: EndpointComparison, found: Answers, names: Names) -> tuple[str, ...]:
    """Return the clauses of :func:`summary_sentence` after the result itself.

    Parameters
    ----------
    result, found, names
        As for :func:`summary_sentence`.
    """
    parts: list[str] = []
    if found.curve is not None:
        parts += _curve_parts(found.curve, words.rises(result))
    if found.leave_out is not None:
        parts.append(_leave_out_part(result, found.leave_out, names))
    if found.placebo is not None:
        parts.append(placebo_part(found.placebo))
    if found.tipping is not None:
        parts.append(_arms(result) + tipping_part(found.tipping, result.unit))
    if found.curve is not None and len(found.curve.estimate) and found.untreated is not None:
        parts.append(_untreated_part(found.curve, found.untreated))
    return tuple(part for part in parts if part)


def _curve_parts(curve: SpecificationCurve, rising: bool) -> list[str]:
    total = len(curve.estimate)
    if not total:
        return [f"no other analysis could be run ({curve.reason})"]
    stopped = " that were run before it was stopped" if curve.stopped else ""
    of = f"{curve.same_direction:,} of {count(total, 'analysis', 'analyses')}{stopped}"
    if not curve.same_direction:
        shown = f"the {count(total, 'analysis', 'analyses')}{stopped}"
        said = f"the primary analysis shows no direction that {shown} could share"
    elif curve.note == ONE_ARM:
        # The headline is a difference to the control: its direction is another question.
        verb = "points" if total == 1 else "point"
        said = f"within the patients who are no controls, {of} {verb} to {direction(curve, rising)}"
    elif curve.primary < 0:
        said = f"{of} point as their median does (the primary one could not be run)"
    else:
        said = f"the direction is the same in {of}"
    return [said, _moves_part(curve)]


def _moves_part(curve: SpecificationCurve) -> str:
    if len(curve.estimate) < 2:
        return ""
    decimals = curve_decimals(curve)
    if not curve.moves or signed(curve.moves[0].range, decimals) == "0":
        return "no choice moves the median"
    most = curve.moves[0]
    known = [value for value in most.medians if math.isfinite(value)]
    return (
        f"it depends most on the choice “{most.label}” (medians from "
        f"{signed(min(known), decimals)} to {signed(max(known), decimals)} {curve.unit})"
    )


def _leave_out_part(result: EndpointComparison, found: LeaveOneOut, names: Names) -> str:
    n = len(found.patient)
    if n < FEWEST:
        return f"with {count(n, 'compared patient')} none can be left out"
    return _deciding_part(result, found, names) + _no_test(found, names)


def _deciding_part(result: EndpointComparison, found: LeaveOneOut, names: Names) -> str:
    arms = _arms(result)
    deciding = np.flatnonzero(found.crosses | found.flips)
    if not deciding.size:
        return _none_decides(found, result.alternative, arms)
    k = int(deciding[np.argmax(_weight(found)[deciding])])
    who = names[found.patient[k]]
    does = _what_it_does(found, k, result)
    if deciding.size == 1:
        return f"{arms}leaving out {who} {does}"
    several = f"{arms}leaving out {either_of(int(deciding.size))} patients "
    turned = " or turns the sign" if found.flips.any() else ""
    return (
        f"{several}moves P across 0.05{turned}; leaving out {who}, the largest of these moves, "
        f"{does}"
    )


def _no_test(found: LeaveOneOut, names: Names) -> str:
    """Return without whom all others have the same change: P of the others is not the whole."""
    alone = np.flatnonzero(~np.isfinite(found.p))
    if not math.isfinite(found.full.p) or not alone.size:
        return ""
    who = names[found.patient[int(alone[0])]]
    return f"; without {who} there is no P, because the changes of the others are equal"


def _weight(found: LeaveOneOut) -> FloatArray:
    """Return what sorts the patients who decide: a turned sign first, then how far P moves."""
    with np.errstate(divide="ignore", invalid="ignore"):
        moved = np.abs(np.log(found.p) - np.log(found.full.p))
    turned = np.where(found.flips, 1e6, 0.0)
    return np.asarray(turned + np.nan_to_num(moved, nan=0.0, posinf=1e5))


def _what_it_does(found: LeaveOneOut, k: int, result: EndpointComparison) -> str:
    p = _p_change(found.full.p, float(found.p[k]), result.alternative)
    if not found.flips[k]:
        return f"changes {p}"
    decimals = decimals_for(found.full.interval)
    ends = (found.full.estimate, float(found.estimate[k]))
    turned = " to ".join(signed(end, max(decimals, 2)) for end in ends)
    also = f" and changes {p}" if found.crosses[k] else ""
    return f"turns the sign of the mean change ({turned} {result.unit}){also}"


def _none_decides(found: LeaveOneOut, alternative: Alternative, arms: str) -> str:
    low, high = found.p_range
    if not math.isfinite(low):
        return f"{arms}leaving out any one patient turns no sign"
    ends = f"P{side_note(alternative)} between {bare_p(low)} and {bare_p(high)}"
    if bare_p(low) == bare_p(high):
        ends = p_value(low, alternative)
    return f"{arms}leaving out any one patient leaves {ends} and turns no sign"


def _p_change(first: float, then: float, alternative: Alternative) -> str:
    return f"P{side_note(alternative)} from {bare_p(first)} to {bare_p(then)}"


def _arms(result: EndpointComparison) -> str:
    """Return of whom the mean change is where a control leads the headline."""
    return "in all arms together, " if result.against_control is not None else ""


def placebo_part(found: PlaceboDates) -> str:
    """Return the verdict of the placebo dates for the summary, with its reason and n."""
    n = f"n = {found.excess.n:,}"
    if found.verdict.key == "inconclusive":
        return (
            "the change is not located (placebo dates: inconclusive, "
            f"{found.verdict.reasons[0]}; {n})"
        )
    return f"placebo dates: {verdict_words(found)} ({n})"


def tipping_part(found: TippingPoint, unit: str) -> str:
    """Return how different the missing patients would have to be, for the summary.

    Parameters
    ----------
    found, unit
        The tipping point, and the unit of its shifts.
    """
    if found.reason == NOBODY_MISSING:
        return f"{found.reason} (n = {found.n_before:,})"
    if found.mean == 0:
        return "the mean change is 0 already, whoever is missing"
    shift, until = found.to_interval, "the interval of the mean change of all to reach 0"
    if not math.isfinite(shift):
        shift, until = found.to_zero, "the mean change of all to be 0"
    if not math.isfinite(shift):
        return f"dropouts cannot be judged ({found.reason})"
    way = "lower" if shift < 0 else "higher"
    return (
        f"{found.n_missing:,} of {count(found.n_before, 'patient')} with a slope before have none "
        f"after: for {until}, their own would have to be {plain(abs(shift))} {unit} {way} than "
        "that of the others"
    )


def _untreated_part(curve: SpecificationCurve, found: UntreatedCurve) -> str:
    if found.reason:
        return f"not compared with untreated trials: {found.reason.rstrip('.')}"
    size = "low" if curve.median < 0 else "large"
    return (
        f"simulated untreated trials with these run-ins show a median at least as {size} in "
        f"{of_100(found.median_at_least)} ({count(found.trials, 'trial')})"
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
