"""What is said of placebo dates: the verdict, the excess, where it peaks, and the tables."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

import pandas as pd

from analysis.placebo_dates import PlaceboDates
from analysis.results import Interval, TestResult
from analysis.settings import Alternative
from analysis.shift_profile import ShiftProfile
from report.charts.parts import Names
from report.numbers import bare_p, count, decimals_for, interval_text, p_value, plain, signed

VISITS: Final = {
    "all": "all visits",
    "run_in": "visits up to day 0 only",
    "follow_up": "visits after day 0 only",
}
"""Which visits a date is made of, in words."""

_MOST_NAMED: Final = 4
_CURVATURE: Final = {"alsfrs_r": 0.02, "fvc": 0.05}
"""Change of slope per month, each month, in which the bias of a schedule is told: the upper end of
what natural histories are discussed to have (:mod:`analysis.untreated.history`)."""


def placebo_heading(found: PlaceboDates) -> str:
    """Return the verdict as a heading, such as "ALSFRS-R: bends at the transplant"."""
    return f"{found.endpoint.label}: {verdict_words(found)}"


def verdict_words(found: PlaceboDates) -> str:
    """Return the verdict; a day 0 that the settings move is not called the transplant."""
    if found.shift_days and found.verdict.key == "here":
        return "bends at the moved day 0"
    if found.shift_days and found.verdict.key == "elsewhere":
        return "bends at other dates than the moved day 0 too"
    return found.verdict.title


def reasons_sentence(found: PlaceboDates) -> str:
    """Return why the verdict is what it is, in one sentence."""
    text = "; ".join(found.verdict.reasons)
    return f"{capital(text)}."


def excess_text(found: PlaceboDates, alternative: Alternative = "two-sided") -> str:
    """Return the mean excess with interval, P and n.

    Parameters
    ----------
    found
        The dates of one endpoint.
    alternative
        Direction of the tests.
    """
    test = found.excess
    if not test.n:
        return "no excess: nobody has another date"
    if test.interval is None:
        return f"excess {signed(test.estimate)} {found.unit}, no interval, n = {test.n:,}"
    decimals = decimals_for(test.interval)
    return (
        f"excess {signed(test.estimate, decimals)} ({interval_text(test.interval, decimals)}) "
        f"{found.unit}, {p_value(test.p, alternative)}, n = {test.n:,}"
    )


def excess_sentence(found: PlaceboDates, alternative: Alternative = "two-sided") -> str:
    """Return what the change at day 0 exceeds that of the other dates by, with both tests.

    Parameters
    ----------
    found
        The dates of one endpoint.
    alternative
        Direction of the tests.
    """
    if not found.excess.n:
        return "Nobody who is compared has another date with enough visits on both sides."
    decimals = decimals_for(found.excess.interval)
    at, others = found.change.estimate, found.change.estimate - found.excess.estimate
    dates = int(found.people.n_others.sum())
    return (
        f"At day 0 the slope changes by {signed(at, decimals)} {found.unit}; at the same patients’ "
        f"other dates by {signed(others, decimals)} on average ({count(dates, 'date')}). "
        f"{capital(excess_text(found, alternative))}; sign flip "
        f"{p_value(found.excess_flip.p, alternative)}."
    )


def expected_sentence(found: PlaceboDates) -> str:
    """Return which excess two simple courses would have; empty where there is nobody."""
    if not math.isfinite(found.bend_excess):
        return ""
    decimals = decimals_for(found.excess.interval)
    return (
        "With these changes and visits, courses that bend at day 0 and nowhere else would have an "
        f"excess of {signed(found.bend_excess, decimals)}, courses that bend evenly one of "
        f"{signed(found.even_excess, decimals)} {found.unit}."
    )


def bias_sentence(found: PlaceboDates) -> str:
    """Return how far an even bend cancels with these visits.

    Empty where there is nobody, and for endpoints of which no curvature is discussed.
    """
    curvature = _CURVATURE.get(found.endpoint.key, math.nan)
    bias = curvature * found.bias
    if not math.isfinite(bias):
        return ""
    text = "less than 0.005" if abs(bias) < 0.005 else f"about {signed(bias)}"
    return (
        f"If every slope became less steep by {curvature:g} {found.endpoint.change_unit}/month "
        f"each month, before as after day 0, the excess would be {text} {found.unit} with these "
        "visits (0 where visits are equally spaced)."
    )


def peak_sentence(found: PlaceboDates) -> str:
    """Return where the profile is largest, and where a bend at day 0 would put that."""
    if not math.isfinite(found.peak):
        return "The profile has no peak: too few patients can be compared at other dates."
    months = abs(found.peak)
    if not months:
        at = "at day 0 itself"
    else:
        side = "before" if found.peak < 0 else "after"
        at = f"with day 0 moved to {count(round(months), 'month')} {side} it"
    expected = "at day 0"
    sides = (("before", found.level_before), ("after", found.level_after))
    parts = [f"{plain(months, 1)} months {side}" for side, months in sides if months > 0]
    if parts:
        expected += f" or within one visit interval ({' or '.join(parts)}) of it"
    fits = "as" if found.peak_near_day0 else "not as"
    return (
        f"The mean change is strongest {at}, {fits} with a bend at day 0, which peaks {expected}. "
        "Only dates with at least half of the patients count."
    )


def who_sentences(found: PlaceboDates, ids: Names, names: Names) -> list[str]:
    """Return who is not in it and why, and what else must be known, a sentence each.

    Parameters
    ----------
    found
        The dates of one endpoint.
    ids, names
        What patients are called in the trial, and here.
    """
    said = []
    if found.control:
        said.append(
            f"Without the control arm “{found.control}”: a bend at day 0 is asked of those who "
            "were transplanted."
        )
    if found.left:
        called = dict(zip(ids, names, strict=True))
        named = [f"{called.get(who, who)} ({why})" for who, why in found.left[:_MOST_NAMED]]
        more = len(found.left) - len(named)
        tail = f"; and {more:,} more" if more else ""
        said.append(f"Not in the excess: {'; '.join(named)}{tail}.")
    if not found.least_squares:
        said.append(
            "The excess is made of separate least-squares lines through the visits, whatever the "
            "slopes of the primary analysis are made of; the figure has those of the primary "
            "analysis."
        )
    if found.shift_days:
        said.append(
            f"The settings move day 0 by {signed(found.shift_days, 0)} days: the dates are counted "
            "from there."
        )
    if found.excess.n:
        said.append("The verdict rests on two-sided tests at 0.05, whatever the settings.")
    return said


def dates_table(found: PlaceboDates, alternative: Alternative = "two-sided") -> pd.DataFrame:
    """Return a row for each date: which visits, mean change with interval, P and n, as text."""
    return pd.DataFrame(
        [
            {
                "day 0 moved by": _months_text(int(profile.months[k])),
                "visits": VISITS[profile.visits],
                f"change, {found.unit} (CI)": _estimate_text(profile, k),
                "P": bare_p(float(profile.p[k]), alternative),
                "n": f"{int(profile.n[k]):,}",
            }
            for profile in (found.profile, found.run_in, found.follow_up)
            for k in range(len(profile.months))
        ],
        columns=["day 0 moved by", "visits", f"change, {found.unit} (CI)", "P", "n"],
    )


def patients_table(found: PlaceboDates, called: Mapping[str, str]) -> pd.DataFrame:
    """Return a row for each patient who has another date.

    Parameters
    ----------
    found
        The dates of one endpoint.
    called
        What each patient is called here.
    """
    people, decimals = found.people, decimals_for(found.excess.interval)
    changes, others, excess = (
        [signed(value, decimals) for value in values.tolist()]
        for values in (people.change, people.others, people.excess)
    )
    return pd.DataFrame(
        {
            "patient": [called.get(name, name) for name in people.name],
            f"change at day 0, {found.unit}": changes,
            "mean at other dates": others,
            "other dates": [f"{n:,}" for n in people.n_others.tolist()],
            "excess": excess,
        }
    )


def placebo_numbers(found: PlaceboDates) -> pd.DataFrame:
    """Return the numbers of the figure, a row for each date and one for each test."""
    rows = [
        {
            "what": "mean change",
            "visits": VISITS[profile.visits],
            "months": int(profile.months[k]),
            "shift_days": int(profile.days[k]),
            "unit": found.unit,
            "estimate": float(profile.estimate[k]),
            "low": float(profile.low[k]),
            "high": float(profile.high[k]),
            "p": float(profile.p[k]),
            "n": int(profile.n[k]),
        }
        for profile in (found.profile, found.run_in, found.follow_up)
        for k in range(len(profile.months))
    ]
    for what, test in (
        ("excess at day 0, paired t", found.excess),
        ("excess at day 0, sign flip", found.excess_flip),
    ):
        rows.append(_test_row(found, what, test))
    return pd.DataFrame(rows)


def _test_row(found: PlaceboDates, what: str, test: TestResult) -> dict[str, object]:
    return {
        "what": what,
        "visits": VISITS["all"],
        "months": 0,
        "shift_days": found.shift_days,
        "unit": found.unit,
        "estimate": test.estimate,
        "low": math.nan if test.interval is None else test.interval.low,
        "high": math.nan if test.interval is None else test.interval.high,
        "p": test.p,
        "n": test.n,
    }


def _months_text(months: int) -> str:
    if not months:
        return "not moved"
    return f"{signed(months, 0)} {'month' if abs(months) == 1 else 'months'}"


def _estimate_text(profile: ShiftProfile, k: int) -> str:
    low, high = float(profile.low[k]), float(profile.high[k])
    value = float(profile.estimate[k])
    if not math.isfinite(low):
        return signed(value)
    decimals = decimals_of(low, high)
    return f"{signed(value, decimals)} ({plain(low, decimals)} to {plain(high, decimals)})"


def decimals_of(low: float, high: float) -> int:
    """Return the decimals that an estimate with these ends deserves."""
    return decimals_for(Interval(low, high, 0.95, 0.95))


def capital(text: str) -> str:
    """Return a text with its first letter large."""
    return text[:1].upper() + text[1:]
