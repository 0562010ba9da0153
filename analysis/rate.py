"""The unit of slopes: per month, per year, or per period."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from analysis.settings import Settings
from data.trial import Periods

MONTHS_PER_YEAR: Final = 12.0


@dataclass(frozen=True, slots=True)
class Rate:
    """The unit of slopes: how many months it has before and after day 0.

    Parameters
    ----------
    unit
        ``"month"``, ``"year"`` or ``"period"``.
    months_before, months_after
        Factors from "per month".
    unavailable
        Why the unit that was asked for could not be used; empty if it could.
    """

    unit: str
    months_before: float
    months_after: float
    unavailable: str = ""

    @property
    def per(self) -> str:
        """The end of a unit, such as "month" in "points/month"."""
        return self.unit


def rate_of(settings: Settings, declared: Periods | None) -> Rate:
    """Return the unit of slopes: the period is the window if one is set, else the declared length.

    Both periods must have one length, or a change per period would not be a change of speed.

    Parameters
    ----------
    settings
        Unit and windows.
    declared
        Lengths that the trial declares, if it does.
    """
    if settings.rate_unit == "year":
        return Rate("year", MONTHS_PER_YEAR, MONTHS_PER_YEAR)
    if settings.rate_unit == "month":
        return Rate("month", 1.0, 1.0)
    before = settings.pre_months or (declared.before if declared else None)
    after = settings.post_months or (declared.after if declared else None)
    if before and before == after:
        return Rate("period", before, after)
    if before and after:
        why = (
            f"The two periods differ in length ({before:g} and {after:g} months). A change per "
            "period would mix speed with length, so slopes are shown per month. Set both windows "
            "to one length to see them per period."
        )
        return Rate("month", 1.0, 1.0, why)
    missing = " and ".join(
        name for name, length in (("before", before), ("after", after)) if not length
    )
    why = (
        f"“Per period” needs the length of the period {missing}: set a window {missing}. "
        "Until then slopes are shown per month."
    )
    return Rate("month", 1.0, 1.0, why)
