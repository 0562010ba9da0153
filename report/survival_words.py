"""Survival in sentences and tables."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from analysis.survival import Curve, Survival
from analysis.survivor_function import FunctionCourse
from report.numbers import count, level, p_value, plain

HEADING = "Survival from the transplant"
NOT_FROM_ONSET = (
    "Survival from the transplant; not counted from onset (people had to live to the transplant). "
    "Event: death or a dated tracheostomy, whichever comes first."
)


def sentence(found: Survival) -> str:
    """Return events, n, follow-up and median of all curves together in words."""
    if not found.n:
        return "No patient has a day 0 and is followed from it, so there is no survival to show."
    median, shortest, longest = found.observed_months()
    observed = (
        f"observed for a median of {plain(median, 1)} months ({plain(shortest, 1)} to "
        f"{plain(longest, 1)})"
    )
    if not found.n_events:
        return (
            f"No death or tracheostomy is recorded among {count(found.n, 'patient')}, {observed}."
        )
    deaths = sum(curve.n_deaths for curve in found.curves)
    tracheostomies = found.n_events - deaths
    what = count(deaths, "death")
    if tracheostomies:
        what += f" and {count(tracheostomies, 'tracheostomy', 'tracheostomies')} first"
    medians = "; ".join(_median(curve, found) for curve in found.curves)
    return f"{what} among {count(found.n, 'patient')}, {observed}. {medians}."


def median_text(curve: Curve) -> str:
    """Return the median of a curve with its interval, such as "14.2 (8.1 to not reached)"."""
    if math.isnan(curve.median):
        return "not reached"
    low, high = curve.median_ends
    return f"{plain(curve.median, 1)} ({_end(low)} to {_end(high)})"


def notes(found: Survival) -> list[str]:
    """Return what must be known beside the curves, and who is not in them."""
    result = []
    if found.by_outcome:
        result.append(
            "A filter chooses patients by how long they were followed or by visits after day 0: "
            "they had to live that long, so this survival looks better than it was."
        )
    if found.left:
        names = [f"{name} ({reason})" for name, reason in found.left[:12]]
        more = len(found.left) - len(names)
        result.append(
            f"Not in it, {len(found.left)} of {found.n_loaded:,}: {', '.join(names)}"
            + (f" and {more:,} more." if more > 0 else ".")
        )
    if found.filtered:
        result.append(f"Hidden by the filters: {count(found.filtered, 'patient')}.")
    if found.without_group:
        n = len(found.without_group)
        result.append(f"In no curve because the {found.by} is not known: {count(n, 'patient')}.")
    if found.late_deaths:
        result.append(
            f"{count(found.late_deaths, 'death')} known only by a visit by which the patient had "
            "died: the curve falls too late there."
        )
    if found.ventilated:
        result.append(
            f"{count(found.ventilated, 'patient')} with item 12 at 0 (invasive ventilation) after "
            "day 0 and no date of a tracheostomy: not counted as an event."
        )
    if found.log_rank is not None and math.isfinite(found.log_rank.p):
        first, second = found.log_rank.expected
        observed = found.log_rank.observed
        result.append(
            f"Log-rank test, exploratory: {p_value(found.log_rank.p)}; events {observed[0]} and "
            f"{observed[1]}, {plain(first, 1)} and {plain(second, 1)} expected if equal. Groups "
            "that were not randomised differ in more than their name."
        )
    elif found.n_events and not found.by:
        result.append(
            "One curve without a comparison group: nothing here says how long people would have "
            "lived without the transplant."
        )
    return result


def alt(found: Survival) -> str:
    """Return what the figure shows, for those who cannot see it."""
    return f"{HEADING}: {sentence(found)}"


def survival_table(found: Survival) -> pd.DataFrame:
    """Return one row a curve: n, events and the median with its interval."""
    return pd.DataFrame(
        [
            {
                "patients": curve.label,
                "n": curve.n,
                "deaths": curve.n_deaths,
                "tracheostomies": curve.n_events - curve.n_deaths,
                f"median, months ({level(found.level)} CI)": median_text(curve),
            }
            for curve in found.curves
        ]
    )


def survival_numbers(found: Survival, courses: Sequence[FunctionCourse]) -> pd.DataFrame:
    """Return the steps of every curve and the points of every median course, one a row."""
    rows: list[dict[str, object]] = [
        {
            "what": "survival",
            "patients": curve.label,
            "month": float(curve.month[k]),
            "n": int(curve.at_risk[k]),
            "events": int(curve.events[k]),
            "censored": int(curve.censored[k]),
            "value": float(curve.survival[k]),
            "low": float(curve.low[k]),
            "high": float(curve.high[k]),
        }
        for curve in found.curves
        for k in range(len(curve.month))
    ]
    for course in courses:
        middle = course.middle
        rows += [
            {
                "what": f"{course.endpoint.named}, median and quartiles",
                "patients": "all",
                "month": float(middle.month[k]),
                "n": int(middle.n[k]),
                "value": float(middle.median[k]),
                "low": float(middle.lower[k]),
                "high": float(middle.upper[k]),
            }
            for k in range(len(middle.month))
        ]
    return pd.DataFrame(rows)


def _median(curve: Curve, found: Survival) -> str:
    who = "" if len(found.curves) == 1 and not found.by else f" of {curve.label}"
    if math.isnan(curve.median):
        low = curve.median_ends[0]
        more = "" if math.isnan(low) else f" ({level(found.level)} CI from {_end(low)} months)"
        return f"Median survival{who} is not reached{more}, n = {curve.n:,}"
    low, high = curve.median_ends
    return (
        f"Median survival{who} {plain(curve.median, 1)} months "
        f"({level(found.level)} CI {_end(low)} to {_end(high)}), n = {curve.n:,}"
    )


def _end(month: float) -> str:
    return "not reached" if math.isnan(month) else plain(month, 1)
