"""What is said of variants beside the primary analysis."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import pandas as pd

from analysis.results import TestResult
from analysis.settings import Alternative, Settings
from analysis.variants import SideBySide, Variant, VariantEndpoint
from report.charts.parts import Names
from report.numbers import DASH, bare_p, count, decimals_for, plain, signed, span

PRIMARY: Final = "primary"
_MOST_NAMED: Final = 4


def variant_title(variant: Variant, primary: Settings, ids: Names, names: Names) -> str:
    """Return the name of a variant, or what differs, with the names that patients have there.

    Parameters
    ----------
    variant, primary
        The variant and the settings it is compared with.
    ids, names
        What patients are called in the trial, and here. A name of the reader’s own that holds the
        name of a patient gives way where the two differ.
    """
    if names == ids:
        return variant.title(primary)
    called = dict(zip(ids, names, strict=True))
    own = "" if _mentions(variant.name, ids) else variant.name
    there = Variant(own, renamed(variant.settings, called))
    return there.title(renamed(primary, called))


def _mentions(name: str, ids: Names) -> bool:
    """Whether a text holds the name of a patient, or a word of one."""
    small = name.casefold()
    words = set(re.findall(r"\w+", small))
    parts = {part for who in ids for part in re.findall(r"\w+", who.casefold())}
    return bool(words & parts) or any(who.casefold() in small for who in ids)


def renamed(settings: Settings, called: Mapping[str, str]) -> Settings:
    """Return settings whose left-out patients have the names of ``called``."""
    excluded = settings.excluded_patients
    return settings.with_(
        excluded_patients=tuple(
            replace(one, patient=called.get(one.patient, "a patient")) for one in excluded
        )
    )


def estimate_text(test: TestResult) -> str:
    """Return an estimate with its interval, such as "+0.54 (0.15 to 0.93)"."""
    decimals = decimals_for(test.interval)
    ends = f" ({span(test.interval, decimals)})" if test.interval is not None else ""
    return f"{signed(test.estimate, decimals)}{ends}"


def difference_text(one: VariantEndpoint) -> str:
    """Return the difference of the variant's estimate from the primary one."""
    return signed(one.difference, decimals_for(one.variant.interval))


def flag_text(one: VariantEndpoint) -> str:
    """Return what a variant turns: the sign, or the side of 0.05 on which P lies."""
    if one.turns:
        return "turns the sign"
    return "crosses 0.05" if one.crosses else ""


def people_text(one: VariantEndpoint, called: Mapping[str, str]) -> str:
    """Return who entered and who left against the primary analysis, with reasons.

    Parameters
    ----------
    one
        The endpoint under both analyses.
    called
        What each patient is called here.
    """
    parts = []
    for people, word in ((one.left, "left"), (one.entered, "entered")):
        if people:
            named = [f"{called.get(who, who)} ({why})" if why else who for who, why in people]
            more = f" and {len(named) - _MOST_NAMED:,} more" if len(named) > _MOST_NAMED else ""
            parts.append(f"{word}: {'; '.join(named[:_MOST_NAMED])}{more}")
    return "; ".join(parts) or "the same patients"


def tried_words(tried: int) -> str:
    """Return how many other analyses were looked at, so that none is picked unseen."""
    if tried < 1:
        return ""
    return f"{count(tried, 'other analysis', 'other analyses')} looked at in this session."


def variants_table(
    key: str,
    primary: TestResult,
    beside: Sequence[tuple[str, SideBySide]],
    ids: Names,
    names: Names,
    alternative: Alternative = "two-sided",
) -> pd.DataFrame:
    """Return the primary analysis and the variants of one endpoint, a row each.

    Parameters
    ----------
    key, primary
        The endpoint and its primary analysis.
    beside
        Name and result of each variant.
    ids, names
        What patients are called in the trial, and here.
    alternative
        Direction of the tests.
    """
    called = dict(zip(ids, names, strict=True))
    rows = [_row(PRIMARY, primary, alternative, DASH)]
    for title, result in beside:
        one = result.endpoint(key)
        if one is None:
            continue
        people = people_text(one, called)
        flag = "; ".join(text for text in (flag_text(one), result.note) if text)
        rows.append(_row(title, one.variant, alternative, difference_text(one), people, flag))
    return pd.DataFrame(rows)


def _row(
    title: str,
    test: TestResult,
    alternative: Alternative,
    difference: str,
    people: str = "",
    flag: str = "",
) -> dict[str, str]:
    return {
        "analysis": title,
        "estimate (CI)": estimate_text(test),
        "P": bare_p(test.p, alternative),
        "n": str(test.n),
        "difference": difference,
        "who left or entered": people,
        "note": flag,
    }


def variants_numbers(
    key: str, primary: TestResult, unit: str, beside: Sequence[tuple[str, SideBySide]]
) -> pd.DataFrame:
    """Return the numbers of the figure of one endpoint, a row an analysis."""

    def row(title: str, test: TestResult, its_unit: str) -> dict[str, object]:
        interval = test.interval
        return {
            "analysis": title,
            "unit": its_unit,
            "estimate": test.estimate,
            "low": interval.low if interval is not None else None,
            "high": interval.high if interval is not None else None,
            "p": test.p,
            "n": test.n,
        }

    rows = [row(PRIMARY, primary, unit)]
    for title, result in beside:
        one = result.endpoint(key)
        if one is not None:
            if one.unit != unit:
                rows.append(row(f"{PRIMARY}, for “{title}”", one.primary, one.unit))
            rows.append(row(title, one.variant, one.unit))
    return pd.DataFrame(rows)


def months_words(months: float) -> str:
    """Return a number of months as a window is named."""
    return f"{plain(months, 1).removesuffix('.0')} months"
