"""What is said of one patient: short sentences with their numbers, never why something happened."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from analysis.comparison import EndpointComparison
from analysis.day0 import VALUE_AGE_DAYS
from analysis.individual_change import IndividualChange, slope_percent
from analysis.projection import FEWEST_FOR_A_VERDICT, Gap, Projected
from analysis.results import Interval
from data.endpoints import Endpoint
from data.trial import DAYS_PER_MONTH, Trial
from report.numbers import DASH, count, decimals_for, interval_text, level, plain, signed

FVC_GUIDES: Final = (50.0, 80.0)
"""Vital capacity in % predicted, as guides: below 50 % non-invasive ventilation is usually
considered (AAN 2009, doi 10.1212/WNL.0b013e3181bc0141), 80 % is the lower end of what is usual."""

OLDEST: Final = 89
"""Age above which years are not told: so few people are older that it could tell who it is."""

USUAL_SITES: Final = frozenset(
    {"bulbar", "limb", "spinal", "respiratory", "upper limb", "lower limb"}
)
"""Sites of onset that so many people have that they cannot tell who somebody is."""

_SAME_MONTH: Final = 0.05
"""Months that are written as 0.0."""

_SEXES: Final = {"f": "woman", "m": "man", "female": "woman", "male": "man"}


def withheld(result: EndpointComparison, patient: int) -> bool:
    """Whether a patient has too few visits before day 0 for a verdict.

    A run-in from onset rests on one visit and the maximum of the scale: the rule is not for it.
    """
    n = int(result.slopes.before.n[patient])
    return result.slopes.run_in_used == "visits" and n < FEWEST_FOR_A_VERDICT


def heading(result: EndpointComparison, patient: int, confidence: float) -> str:
    """Return one line: whether the course bent, by how much, or that this cannot be told.

    Parameters
    ----------
    result, patient
        Comparison of one endpoint, and the patient's position.
    confidence
        Level of the interval that decides between a direction and "inconclusive".
    """
    label = result.endpoint.label
    if not result.paired[patient]:
        return f"{label}: not compared"
    if withheld(result, patient):
        n = int(result.slopes.before.n[patient])
        return f"{label}: no verdict, {count(n, 'visit')} before"
    interval = result.change_interval(patient, confidence)
    if interval is None:
        return f"{label}: no interval, {_change(result, patient, None)}"
    size = _change(result, patient, interval)
    if not interval.excludes_zero:
        return f"{label}: inconclusive, {size}"
    up = bool(result.change[patient] > 0)
    if result.before[patient] >= 0 or result.after[patient] >= 0:
        return f"{label}: slope {'higher' if up else 'lower'} after, {size}"
    return f"{label}: {'less steep' if up else 'steeper'} after, {size}"


def _change(result: EndpointComparison, patient: int, interval: Interval | None) -> str:
    return f"{signed(float(result.change[patient]), decimals_for(interval))} {result.unit}"


def change_words(result: EndpointComparison, patient: int, confidence: float) -> str:
    """Return the interval of the change of slope, and the change in % where that is defined."""
    interval = result.change_interval(patient, confidence)
    share = percent_words(result, patient)
    return interval_text(interval, decimals_for(interval)) + (f", {share}" if share else "")


def short_change(result: EndpointComparison, patient: int, confidence: float) -> str:
    """Return the change of slope with its interval; a dash where there is none."""
    if not result.paired[patient]:
        return DASH
    interval = result.change_interval(patient, confidence)
    ends = interval_text(interval, decimals_for(interval))
    return f"{_change(result, patient, interval)} ({ends})"


def slope_words(result: EndpointComparison, side: str, patient: int, confidence: float) -> str:
    """Return one slope with its interval, visits and span; why there is none otherwise.

    Parameters
    ----------
    result, patient, confidence
        As for :func:`heading`.
    side
        ``"before"`` or ``"after"``.
    """
    line = result.slopes.before if side == "before" else result.slopes.after
    value = float((result.before if side == "before" else result.after)[patient])
    n, months = int(line.n[patient]), float(line.span_days[patient]) / DAYS_PER_MONTH
    visits = count(n, "visit")
    if math.isfinite(months) and (n > 1 or result.slopes.run_in_used == "onset"):
        visits += f", {plain(months, 1)} months"
    if not math.isfinite(value):
        return f"no slope, {visits}"
    interval = result.slope_interval(side, patient, confidence)
    decimals = decimals_for(interval)
    return f"{signed(value, decimals)} ({interval_text(interval, decimals)}), {visits}"


def percent_words(result: EndpointComparison, patient: int) -> str:
    """Return the change in % of the slope before where that is defined, else why it is not.

    Empty for patients who are not compared or have no verdict, and for endpoints without a limit
    of steepness: relative to a slope near 0 any change is enormous.
    """
    if not result.paired[patient] or withheld(result, patient):
        return ""
    share, why = slope_percent(result, patient)
    if why:
        return f"in % not defined: {why}"
    if share > 100:
        return "more than 100 % less steep: the slope after is no decline"
    return f"{plain(abs(share), 0)} % {'less steep' if share >= 0 else 'steeper'} than before"


def gap_words(endpoint: Endpoint, gap: Gap) -> str:
    """Return observed minus projected at the last visit, with its interval or why it has none."""
    text = f"{signed(gap.value, 1)} {endpoint.change_unit}"
    if gap.interval is not None:
        low, high = plain(gap.interval.low, 1), plain(gap.interval.high, 1)
        text += f" ({level(gap.interval.level)} {low} to {high})"
    text += f" at {signed(gap.month, 1)} months"
    if not gap.verdict:
        return f"{text}; no verdict: {gap.reason}"
    side = {1: "above the prediction band", -1: "below the prediction band"}
    return f"{text}, {side.get(gap.side, 'within the prediction band')}"


def projected_words(endpoint: Endpoint, at: Projected, confidence: float) -> str:
    """Return what the run-in says for one month, such as "24.6 points (95 % prediction …)"."""
    end = "at the end of the scale, " if at.cut else ""
    text = f"{end}{plain(at.value, 1)} {endpoint.unit}"
    if not math.isfinite(at.low):
        return f"{text} (no prediction interval)"
    return f"{text} ({level(confidence)} prediction {plain(at.low, 1)} to {plain(at.high, 1)})"


def since_day0_words(endpoint: Endpoint, seen: IndividualChange) -> str:
    """Return the change since day 0 against what repeat scoring alone produces."""
    # Of the values as they are written: 58 to 73 is 15, whatever was rounded away.
    first, last = (round(v, endpoint.decimals) for v in (seen.value_day0, seen.value_last))
    size = plain(abs(last - first), endpoint.decimals)
    unit = endpoint.change_unit.removesuffix("s") if size == "1" else endpoint.change_unit
    moved = f"{'down' if last < first else 'up'} {size} {unit}" if last != first else ""
    exact = abs(seen.month_day0) < _SAME_MONTH
    since = "day 0" if exact else f"the visit at {signed(seen.month_day0, 1)} months"
    return (
        f"{moved} since {since}{_standing(endpoint, seen)}" if moved else f"unchanged since {since}"
    )


def _standing(endpoint: Endpoint, seen: IndividualChange) -> str:
    own, here = plain(seen.own_limit, 1), "this trial’s scatter"
    again = "repeat scoring" if "points" in endpoint.change_unit else "repeat measurement"
    published = "" if seen.published is None else f"{seen.published.limit:g}"
    if seen.standing == "unknown":
        return f"; how much {again} alone produces is not known"
    if seen.standing == "unclear" and seen.beyond_own:
        return f"; beyond {here} (>\u00a0{own}), within the published limit (>\u00a0{published})"
    if seen.standing == "unclear":
        return f"; within {here} (>\u00a0{own}), beyond the published limit (>\u00a0{published})"
    limits = [f">\u00a0{published} {endpoint.change_unit} published"] if published else []
    limits += [f">\u00a0{own} {endpoint.change_unit} here"] if math.isfinite(seen.own_limit) else []
    if seen.standing == "more":
        return f", more than {again} alone produces ({', '.join(limits)})"
    return (
        f", which two single visits cannot tell from {again} ({', '.join(limits)}); the slope uses "
        "all visits"
    )


def delta_fs_words(value: float, band: str, month: float) -> str:
    """Return ΔFS at day 0 with its band and the age of the visit; a reason where there is none."""
    if not math.isfinite(value):
        days = f"{VALUE_AGE_DAYS} days up to day 0"
        return f"not known: it needs an onset date and a score in the {days}"
    age = "" if abs(month) < _SAME_MONTH else f", from the visit at {signed(month, 1)} months"
    return f"{plain(value)} points/month, {band}{age}"


def guide_words(value: float) -> str:
    """Return where an FVC in % predicted stands against the guides at 80 and 50."""
    low, high = FVC_GUIDES
    if value < low:
        return f"below the guide of {low:g}\u00a0%"
    if value < high:
        return f"between the guides of {low:g} and {high:g}\u00a0%"
    return f"not below the guide of {high:g}\u00a0%"


def who(trial: Trial, patient: int, *, cautious: bool = False) -> list[str]:
    """Return what is known of a person: sex, age, site of onset, time since onset.

    Parameters
    ----------
    trial, patient
        Who.
    cautious
        For files that leave the room: ages above 89 are not told in years, and only usual words
        for the site of onset are.
    """
    row = trial.patients_frame.iloc[patient]
    sex, site = str(row["sex"]), str(row["onset_site"])
    parts = [_SEXES.get(sex.casefold(), "" if cautious else sex)]
    if np.isfinite(row["age"]):
        old = cautious and row["age"] > OLDEST
        parts.append(f"over {OLDEST} years" if old else f"{row['age']:.0f} years")
    if site and (not cautious or site.casefold() in USUAL_SITES):
        parts.append(f"{site} onset")
    if np.isfinite(row["onset_day"]):
        months = -row["onset_day"] / DAYS_PER_MONTH
        parts.append(f"{months:.0f} months from onset to transplant")
    return [part for part in parts if part]


def disagree(results: tuple[EndpointComparison, ...], patient: int, confidence: float) -> bool:
    """Whether two endpoints of a patient clearly changed in opposite directions."""
    intervals = [
        result.change_interval(patient, confidence)
        for result in results
        if not withheld(result, patient)
    ]
    return len({i.low > 0 for i in intervals if i is not None and i.excludes_zero}) > 1
