"""Whether the course bends at the transplant or elsewhere too: the verdict over placebo dates."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np

from analysis.leave_one_out import ALPHA
from analysis.paired_tests import paired_t
from analysis.settings import DEFAULT
from analysis.signed_rank import rounded
from data.trial import FloatArray

FEWEST: Final = 5
"""Patients with another date below which nothing is said."""

FEWEST_SHARE: Final = 0.5
"""Share of the compared patients that must have another date."""

_LARGER: Final = "the change at day 0 is stronger than on average at the same patients’ other dates"
_PART: Final = (
    "but not by as much as if they bent there and nowhere else: part of the change lies elsewhere"
)
_TOO_MUCH: Final = "the other dates show too much of the change for a bend at day 0 alone"
_TITLES: Final = {
    "here": "bends at the transplant",
    "elsewhere": "bends elsewhere too",
    "inconclusive": "inconclusive",
}


@dataclass(frozen=True, slots=True)
class DateVerdict:
    """What the placebo dates say.

    Parameters
    ----------
    key
        ``"here"``, ``"elsewhere"`` or ``"inconclusive"``.
    reasons
        Why, in sentences without a full stop; never empty.
    """

    key: Literal["here", "elsewhere", "inconclusive"]
    reasons: tuple[str, ...]

    @property
    def title(self) -> str:
        """The verdict in words."""
        return _TITLES[self.key]

    def to_json(self) -> dict[str, Any]:
        """Return the verdict as JSON values."""
        return {"key": self.key, "title": self.title, "reasons": list(self.reasons)}


def date_verdict(
    compared: int,
    change: FloatArray,
    excess: FloatArray,
    even: FloatArray,
    alone: FloatArray,
    *,
    tells_apart: bool,
    peak: float,
    near: bool,
) -> DateVerdict:
    """Return the verdict from paired t tests, two-sided at 0.05 whatever the settings show.

    Parameters
    ----------
    compared
        Patients that are compared at day 0.
    change, excess
        Change at day 0 and its excess over the other dates, one entry a patient who has another
        date.
    even
        The excess that the change would have in a course that bends evenly.
    alone
        The excess that it would have in a course that bends at day 0 and nowhere else.
    tells_apart
        Whether ``alone`` is more of a change than ``even`` with these visits.
    peak
        Months by which day 0 is moved where the shift profile is largest in the direction of the
        change; NaN where it has no peak.
    near
        Whether it is where a bend at day 0 would put it: see
        :func:`analysis.shift_profile.near_day0`.

    Notes
    -----
    In this order:

    1. *Inconclusive* if fewer than 5 patients, or fewer than half of those who are compared, have
       another date.
    2. *Inconclusive* if the mean change does not differ from 0: there is nothing to locate. Also if
       these visits cannot tell a bend at day 0 from an even one.
    3. *Bends at the transplant* if the mean excess differs from 0 in the direction of the change,
       the mean of ``excess − even`` too, and the profile peaks at day 0 or within one visit
       interval of it, on the side on which a bend there leaves the profile level.
    4. *Bends elsewhere too* if the excess falls short of that of a bend at day 0 and nowhere else:
       the mean of ``alone − excess`` differs from 0 in the direction of the change.
    5. Else *inconclusive*: the excess agrees with an even bend and with a bend at day 0 alone, or
       is clear while the profile peaks elsewhere.
    """
    too_few = _too_few(len(excess), compared)
    if too_few:
        return DateVerdict("inconclusive", (too_few,))
    direction, larger, beyond, short = (
        _direction(values) for values in (change, excess, excess - even, alone - excess)
    )
    if not direction:
        return DateVerdict("inconclusive", _nothing_to_locate(change, larger))
    if not tells_apart:
        why = "with these visits a bend at day 0 looks like a course that bends evenly"
        return DateVerdict("inconclusive", (why,))
    clear = larger == direction and beyond == direction
    if clear and near:
        part = (_PART,) if short == direction else ()
        return DateVerdict("here", (_LARGER, *part))
    if short == direction:
        how = _peak_words(peak) if clear else _how_much(larger * direction)
        return DateVerdict("elsewhere", (_TOO_MUCH, how))
    if clear:
        return DateVerdict("inconclusive", (_LARGER, f"but {_peak_words(peak)}"))
    return DateVerdict(
        "inconclusive",
        (
            "too few visits or patients: the excess of the change at day 0 over other dates agrees "
            "with a course that bends evenly, and with one that bends at day 0 alone",
        ),
    )


def _peak_words(peak: float) -> str:
    if math.isnan(peak):
        return "the profile has no peak"
    side = "before" if peak < 0 else "after"
    months = f"{abs(peak):g} month{'' if abs(peak) == 1 else 's'}"
    return f"the mean change is strongest {months} {side} day 0"


def _how_much(larger: int) -> str:
    """Return what the excess is where a bend at day 0 alone is ruled out."""
    return {
        1: "the change at day 0 is stronger than at other dates, but with these visits a course "
        "that bends evenly would look like that",
        0: "the change at day 0 cannot be told from that at other dates",
        -1: "the change at day 0 is weaker than at the same patients’ other dates",
    }[larger]


def _too_few(n: int, compared: int) -> str:
    """Return why there are too few patients with another date; empty if there are enough."""
    if compared == 0:
        return "nobody is compared"
    have = f"{n} of {compared} compared patients {'has' if n == 1 else 'have'} another date"
    if n < FEWEST:
        return f"too few visits: {have}, {FEWEST} are needed"
    if n < FEWEST_SHARE * compared:
        return f"too few visits: {have}, fewer than half"
    return ""


def _nothing_to_locate(change: FloatArray, larger: int) -> tuple[str, ...]:
    if np.ptp(rounded(change)) == 0:
        return ("no test: the changes of all patients are equal",)
    reasons = ["the mean change at day 0 cannot be told from 0: there is no change to locate"]
    if larger:
        reasons.append("though it differs from that of the same patients’ other dates")
    return tuple(reasons)


def _direction(values: FloatArray) -> int:
    """Return the sign of a mean that differs from 0, and 0 where it does not."""
    test = paired_t(rounded(values), DEFAULT)
    if not (math.isfinite(test.p) and test.p < ALPHA):
        return 0
    return 1 if test.estimate > 0 else -1
