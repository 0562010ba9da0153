"""Numbers as text, the same on screen, in figures and in files."""

from __future__ import annotations

import math
from typing import Final

from analysis.results import Interval, Summary
from analysis.settings import Alternative

MINUS: Final = "−"
_FINE: Final = 0.05
DASH: Final = "–"


def plain(value: float, decimals: int = 2) -> str:
    """Write a number with a true minus sign; a dash where there is none."""
    if not math.isfinite(value):
        return DASH
    text = f"{value:,.{decimals}f}"
    if text.startswith("-"):
        text = text[1:] if float(text.replace(",", "")) == 0 else MINUS + text[1:]
    return text


def signed(value: float, decimals: int = 2) -> str:
    """Write a change: with its sign, and a bare 0 where it rounds to nothing."""
    text = plain(value, decimals)
    if text == DASH or text.startswith(MINUS):
        return text
    return "0" if float(text.replace(",", "")) == 0 else f"+{text}"


def decimals_for(interval: Interval | None, usual: int = 2) -> int:
    """Return the decimals that an estimate deserves: fewer where its interval is wide."""
    if interval is None or not math.isfinite(interval.high - interval.low):
        return usual
    half = (interval.high - interval.low) / 2
    if 0 < half < _FINE:
        # Litres change by hundredths a month: two decimals would hide the estimate.
        return usual + (2 if half < _FINE / 10 else 1)
    return usual if half <= 10 else max(0, usual - (1 if half <= 100 else 2))


def span(interval: Interval | None, decimals: int = 2) -> str:
    """Write the ends of an interval, such as "0.05 to 0.61"."""
    if interval is None:
        return DASH
    return f"{plain(interval.low, decimals)} to {plain(interval.high, decimals)}"


def level(value: float) -> str:
    """Write a level, such as "95 %"."""
    return f"{100 * value:.4g} %"


def interval_text(interval: Interval | None, decimals: int = 2) -> str:
    """Write an interval with its level, such as "95 % CI 0.05 to 0.61"."""
    if interval is None:
        return "no interval"
    return f"{level(interval.level)} CI {span(interval, decimals)}"


def p_value(p: float, alternative: Alternative = "two-sided") -> str:
    """Write a P value: "P = 0.023", "P = 0.21", "P < 0.001"; four decimals next to 0.05.

    A one-sided P says so: "P = 0.002 (one-sided)".
    """
    if not math.isfinite(p):
        return f"P {DASH}"
    side = side_note(alternative)
    if p < 0.001:
        return f"P < 0.001{side}"
    if f"{p:.3f}" == "0.050":
        return f"P = {p:.4f}{side}"
    return f"P = {p:.2f}{side}" if p >= 0.0995 else f"P = {p:.3f}{side}"


def bare_p(p: float, alternative: Alternative = "two-sided") -> str:
    """Write a P value for a column whose head says that it is one: "0.023", "< 0.001"."""
    return p_value(p, alternative).removeprefix("P ").removeprefix("= ")


def side_note(alternative: Alternative) -> str:
    """Return what stands behind a P of a one-sided test: " (one-sided)"."""
    return "" if alternative == "two-sided" else " (one-sided)"


def side_clause(alternative: Alternative) -> str:
    """Return what says in the head of a figure that its P are one-sided: ", one-sided P"."""
    return "" if alternative == "two-sided" else ", one-sided P"


def two_sided_note(alternative: Alternative) -> str:
    """Return what stands behind a two-sided P on a page whose tests are one-sided."""
    return "" if alternative == "two-sided" else " (two-sided)"


def two_sided_p(p: float, alternative: Alternative) -> str:
    """Write the P of a test that is always two-sided: said where others are one-sided.

    Parameters
    ----------
    p
        The two-sided P value.
    alternative
        Direction of the tests of the change on the same page.
    """
    return f"{p_value(p)}{two_sided_note(alternative) if math.isfinite(p) else ''}"


def mean_sd(summary: Summary, decimals: int = 2) -> str:
    """Write mean ± SD, with more decimals where the SD is very small."""
    if summary.n == 0:
        return DASH
    if 0 < summary.sd < _FINE:
        decimals += 2 if summary.sd < _FINE / 10 else 1
    spread = f" ± {plain(summary.sd, decimals)}" if math.isfinite(summary.sd) else ""
    return f"{signed(summary.mean, decimals)}{spread}"


def count(n: int, noun: str, plural: str = "") -> str:
    """Write a count with its noun, such as "1 patient", "12 patients"."""
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"


def either_of(n: int) -> str:
    """Write "either of 2", "any one of 3": each of some, taken alone."""
    return f"{'either' if n == 2 else 'any one'} of {n:,}"
