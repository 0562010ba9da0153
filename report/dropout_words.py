"""Sentences and tables about those who are missing after day 0."""

from __future__ import annotations

import math
from typing import Final

import pandas as pd

from analysis.comparison import EndpointComparison
from analysis.diagnostics_dropout import NO_SINGLE_SIDE, TippingPoint
from analysis.dropout_sensitivity import DropoutSensitivity, Pattern
from analysis.settings import Alternative
from analysis.spearman import Association
from report.charts.parts import Names
from report.numbers import DASH, bare_p, count, decimals_for, interval_text, p_value, plain, signed
from report.variant_words import estimate_text

WHAT_IT_IS: Final = (
    "Whoever has no slope after day 0 is not compared, and those who are followed for longer may "
    "differ from those who are not. Everything here is a sensitivity analysis: it rests on an "
    "assumption about people who were not seen, and replaces nothing."
)
CAVEATS: Final = (
    "Changes that are assumed count as if they had been seen: intervals and P are surer than what "
    "is known. Worst rank and deaths as 0 points pull towards a steeper decline: they can weaken "
    "the finding of a less steep one, and are no evidence of a steeper one."
)
_MOST_NAMED: Final = 6


def association_sentence(found: Association) -> str:
    """Return how slopes go with the length of follow-up, without saying why."""
    if not math.isfinite(found.r):
        return f"Slope and length of follow-up: no correlation can be given, n = {found.n:,}."
    return (
        f"Spearman’s r of slope and length of follow-up {plain(found.r)} "
        f"({interval_text(found.interval)}), {p_value(found.p)}, n = {found.n:,}."
    )


def length_sentence(found: DropoutSensitivity) -> str:
    """Return how slope after and change go with the length of follow-up, without saying why."""
    after, change = found.after_by_length, found.change_by_length
    if not math.isfinite(after.r):
        return ""
    said = ", change of slope".join(
        f" {plain(one.r)} ({interval_text(one.interval)}), {p_value(one.p)}"
        for one in (after, change)
    )
    last = found.stopped.last_month[found.stopped.has_after]
    sentence = (
        f"By length of follow-up (last visits in months {plain(last.min(), 1)} to "
        f"{plain(last.max(), 1)}), Spearman’s r: slope after{said}, n = {after.n:,}."
    )
    if after.interval is None:
        return sentence
    if not after.interval.excludes_zero:
        return f"{sentence} Whether those followed for less long had other slopes is inconclusive."
    way = "steeper" if after.r > 0 else "less steep"
    return (
        f"{sentence} Those followed for less long had the {way} declines after day 0; why, these "
        "numbers do not say."
    )


def missing_sentence(found: DropoutSensitivity, names: Names) -> str:
    """Return who has no slope after, with the last visit and the end of follow-up."""
    places = found.missing
    if found.tipping.reason == NO_SINGLE_SIDE:
        return (
            "Who is missing cannot be told: with the broken stick, a patient without visits after "
            "has no fit, and so no slope before. Choose separate lines to see them."
        )
    if not len(places):
        return "Everybody with a slope before has a slope after."
    stopped = found.stopped
    said = [
        f"{names[stopped.patient[k]]} (last visit in month {plain(stopped.last_month[k], 1)}"
        f"{f', {found.end[k]}' if found.end[k] else ''})"
        for k in places[:_MOST_NAMED]
    ]
    more = f" and {len(places) - _MOST_NAMED:,} more" if len(places) > _MOST_NAMED else ""
    verb = "has" if len(places) == 1 else "have"
    return (
        f"{len(places):,} of {count(len(stopped.patient), 'patient')} with a slope before {verb} "
        f"none after: {'; '.join(said)}{more}."
    )


def before_sentence(result: EndpointComparison, found: DropoutSensitivity) -> str:
    """Return how the slopes before of those with and without a slope after differ."""
    stopped = found.stopped
    if stopped.interval is None:
        return ""
    decimals = decimals_for(stopped.interval)
    return (
        f"Slope before of those without a slope after minus that of the others: "
        f"{signed(stopped.difference, decimals)} {result.unit} "
        f"({interval_text(stopped.interval, decimals)}), {p_value(stopped.p)}, "
        f"n = {stopped.before_without.n:,} and {stopped.before_with.n}."
    )


def tipping_sentence(result: EndpointComparison, found: TippingPoint) -> str:
    """Return the tipping points, or why there are none."""
    if not math.isfinite(found.to_zero):
        return f"Tipping point: not applicable, {found.reason or 'there is no mean change'}."
    who = f"{count(found.n_missing, 'patient')} of {found.n_before:,}"
    zero = (
        f"the mean change of all is 0 if that of the {who} without a slope after differs from that "
        f"of the others by {signed(found.to_zero)} {result.unit}, a mean slope after of "
        f"{signed(found.after_to_zero)}{_ratio(found.ratio_to_zero)}"
    )
    if not math.isfinite(found.to_interval):
        return f"Tipping point: {zero}; {found.reason}."
    edge = (
        f"the interval touches 0 at {signed(found.to_interval)}, a slope after of "
        f"{signed(found.after_to_interval)}{_ratio(found.ratio_to_interval)}"
    )
    return f"Tipping point: {zero}; {edge}."


def _ratio(ratio: float) -> str:
    """Return a slope after as a multiple of the slope before, where both are declines."""
    return f" ({plain(ratio, 1)} times their slope before)" if ratio > 0 else ""


def patterns_table(
    found: DropoutSensitivity, ids: Names, names: Names, alternative: Alternative = "two-sided"
) -> pd.DataFrame:
    """Return the result under each assumption, the primary analysis first.

    Parameters
    ----------
    found
        The dropouts of one endpoint.
    ids, names
        What patients are called in the trial, and here.
    alternative
        Direction of the tests.
    """
    called = dict(zip(ids, names, strict=True))
    return pd.DataFrame([_pattern(one, called, alternative) for one in found.patterns])


def _pattern(one: Pattern, called: dict[str, str], alternative: Alternative) -> dict[str, str]:
    if one.reason:
        numbers = {"estimate (CI)": DASH, "P": DASH, "n": DASH}
        added = f"not applicable: {one.reason}"
    else:
        test = one.test
        what = "median " if test.estimate_name.startswith("median") else ""
        numbers = {
            "estimate (CI)": f"{what}{estimate_text(test)}",
            "P": bare_p(test.p, alternative),
            "n": str(test.n),
        }
        who = [called.get(name, name) for name in one.added]
        more = f" and {len(who) - _MOST_NAMED:,} more" if len(who) > _MOST_NAMED else ""
        added = f"{', '.join(who[:_MOST_NAMED])}{more}" or DASH
    kind = "" if one.key == "primary" else " (sensitivity)"
    return {
        "analysis": f"{one.label}{kind}",
        "assumed": one.assumption,
        **numbers,
        "also in it": added,
    }
