"""What is said of other run-ins: their names, which way each one misleads, and their table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pandas as pd

from analysis.leave_one_out import ALPHA
from analysis.other_run_ins import OtherRunIns, RunInRow
from analysis.results import Summary
from analysis.settings import Alternative
from report.charts.parts import Names
from report.numbers import DASH, bare_p, count, decimals_for, plain, signed, span
from report.variant_words import estimate_text, months_words

SAME_VISITS: Final = "the same visits as the whole run-in"
_MOST_NAMED: Final = 4


@dataclass(frozen=True, slots=True)
class Bias:
    """Which way a run-in misleads.

    Parameters
    ----------
    direction
        Where the change is moved to, and when.
    reason
        One sentence or two that say why.
    """

    direction: str
    reason: str


_WHOLE: Final = Bias(
    "either way, as the course bends",
    "It has the most visits and the least noise, but also the oldest decline. Where decline slows "
    "down over the months, the slope before is steeper than it was just before day 0 and the "
    "change comes out too large; where decline speeds up, too small.",
)
_WINDOW: Final = Bias(
    "towards slower decline, if people were taken in for recent decline",
    "It is nearest to day 0, but few visits over a short time are noisy. Noise alone moves the "
    "change neither way; where people were taken in because they had lately declined fast, part "
    "of that was chance, comes back towards the mean with no treatment at all, and makes the "
    "change too large: the more, the shorter the run-in.",
)
_ONSET: Final = Bias(
    "towards faster decline, where decline speeds up after a slow start",
    "It takes 48 points at the onset and a straight course from there to the last visit up to day "
    "0. A decline that was slow at first makes this line too flat and the change too small (ΔFS "
    "underestimates later decline: Proudfoot 2016, doi 10.3109/21678421.2016.1140786); one that "
    "was fast at first does the opposite. Dates of onset are recalled. Everybody here lived from "
    "onset to day 0, which selects slow starts: for the same reason no survival is ever counted "
    "from onset.",
)


def run_in_title(row: RunInRow) -> str:
    """Return the name of a run-in."""
    window = "" if math.isnan(row.months) else months_words(row.months)
    if row.run_in == "onset":
        return f"from onset (ΔFS), last {window}" if window else "from onset (ΔFS)"
    return f"last {window}" if window else "whole run-in"


def run_in_bias(row: RunInRow) -> Bias:
    """Return which way a run-in misleads, and why."""
    if row.run_in == "onset":
        return _ONSET
    return _WHOLE if math.isnan(row.months) else _WINDOW


def run_in_note(row: RunInRow) -> str:
    """Return what a run-in turns against the primary one, or that it is no other analysis."""
    if row.flips:
        return "turns the sign"
    if row.crosses:
        return "crosses 0.05"
    return SAME_VISITS if row.same_visits else ""


def run_ins_sentence(found: OtherRunIns, alternative: Alternative = "two-sided") -> str:
    """Return what becomes of the mean change over all run-ins, in one or two sentences.

    Parameters
    ----------
    found
        The run-ins of one endpoint.
    alternative
        Direction of the tests.
    """
    label = found.endpoint.label
    known = [row for row in found.rows if row.test.n > 1 and not row.same_visits]
    if len(known) < 2:
        return f"{label}: fewer than 2 different run-ins can be compared."
    low = min(known, key=lambda row: row.test.estimate)
    high = max(known, key=lambda row: row.test.estimate)
    decimals = decimals_for(found.primary.test.interval)
    one_sided = "" if alternative == "two-sided" else ", one-sided"
    ends = " to ".join(
        f"{signed(row.test.estimate, decimals)} ({run_in_title(row)})" for row in (low, high)
    )
    below = sum(row.test.p < ALPHA for row in known)
    sentence = (
        f"{label}: mean change from {ends} {found.unit}; P below 0.05{one_sided} in {below} of "
        f"{count(len(known), 'run-in')}."
    )
    same = [run_in_title(row) for row in found.rows if row.same_visits]
    if same:
        verb = "has" if len(same) == 1 else "have"
        sentence += f" {_first_up(' and '.join(same))} {verb} {SAME_VISITS}: not counted again."
    return sentence


def people_words(missing: tuple[tuple[str, str], ...], called: Mapping[str, str], most: int) -> str:
    """Return who is not compared and why, named up to ``most`` and counted beyond.

    Parameters
    ----------
    missing
        Patients with reasons.
    called
        What each patient is called here.
    most
        How many are named.
    """
    if not missing:
        return "nobody"
    named = [f"{called.get(who, who)} ({why})" for who, why in missing[:most]]
    more = f"; and {len(missing) - most:,} more" if len(missing) > most else ""
    return "; ".join(named) + more


def run_ins_table(
    found: OtherRunIns,
    ids: Names,
    names: Names,
    most: int = _MOST_NAMED,
    alternative: Alternative = "two-sided",
) -> pd.DataFrame:
    """Return a row for each run-in, as text.

    Parameters
    ----------
    found
        The run-ins of one endpoint.
    ids, names
        What patients are called in the trial, and here.
    most
        How many of those who are missing are named.
    alternative
        Direction of the tests.
    """
    called = dict(zip(ids, names, strict=True))
    return pd.DataFrame(
        [
            {
                "run-in": run_in_title(row) + (", primary" if row.primary else ""),
                f"slope before, {found.unit} (CI)": _summary_text(row.before),
                f"change, {found.unit} (CI)": estimate_text(row.test),
                "P": bare_p(row.test.p, alternative),
                "n": str(row.test.n),
                "visits before": plain(row.visits, 1),
                "same patients as primary": _same_text(row),
                "who is not in it": people_words(row.missing, called, most),
                "note": run_in_note(row),
            }
            for row in found.rows
        ]
    )


def run_ins_numbers(found: OtherRunIns) -> pd.DataFrame:
    """Return the numbers of the figure, a row for each run-in."""
    return pd.DataFrame(
        [
            {
                "run_in": run_in_title(row),
                "primary": "yes" if row.primary else "no",
                "unit": found.unit,
                "slope_before": row.before.mean,
                "slope_before_low": _end(row.before, "low"),
                "slope_before_high": _end(row.before, "high"),
                "visits_before": row.visits,
                "mean_change": row.test.estimate,
                "low": math.nan if row.test.interval is None else row.test.interval.low,
                "high": math.nan if row.test.interval is None else row.test.interval.high,
                "p": row.test.p,
                "n": row.test.n,
                "missing": len(row.missing),
                "same_patients_as_primary": row.same_n,
                "difference_in_same_patients": row.same_difference,
                "bias": run_in_bias(row).direction,
                "note": run_in_note(row),
            }
            for row in found.rows
        ]
    )


def _end(summary: Summary, which: str) -> float:
    return math.nan if summary.interval is None else float(getattr(summary.interval, which))


def _summary_text(summary: Summary) -> str:
    decimals = decimals_for(summary.interval)
    ends = f" ({span(summary.interval, decimals)})" if summary.interval is not None else ""
    return f"{signed(summary.mean, decimals)}{ends}"


def _same_text(row: RunInRow) -> str:
    if row.primary:
        return DASH
    if not row.same_n:
        return "nobody"
    decimals = decimals_for(row.test.interval)
    return f"n = {row.same_n:,}: {signed(row.same_difference, decimals)} from primary"


def _first_up(text: str) -> str:
    return text[:1].upper() + text[1:]
