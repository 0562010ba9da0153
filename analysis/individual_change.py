"""One patient's change since day 0, set against what repeating the measurement alone produces."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

import numpy as np
from scipy import stats

from analysis.comparison import EndpointComparison
from analysis.day0 import SAME_DAY
from analysis.responders import STEEP_ENOUGH
from analysis.results import Interval
from analysis.settings import Settings
from data.trial import DAYS_PER_MONTH, Trial

Standing = Literal["more", "within", "unclear", "unknown"]


@dataclass(frozen=True, slots=True)
class DetectableChange:
    """A published change of one person that repeat scoring alone seldom produces.

    Parameters
    ----------
    limit
        A change must be larger than this, in either direction, in the unit of the endpoint.
    source
        Where it comes from.
    """

    limit: float
    source: str


PUBLISHED: Final[Mapping[str, DetectableChange]] = MappingProxyType(
    {"alsfrs_r": DetectableChange(5.0, "Young 2024 (doi 10.1080/21678421.2024.2322539)")}
)
"""Published detectable individual changes by endpoint; other endpoints have none here."""


@dataclass(frozen=True, slots=True)
class IndividualChange:
    """Change of one patient from day 0 to the last visit after it.

    Parameters
    ----------
    month_day0, value_day0
        Month (0 or below) and value of the last visit on or before day 0.
    month_last, value_last
        Month and value of the last visit after day 0.
    change
        Last minus day 0, in the unit of the endpoint.
    percent
        The change in % of the value at day 0; NaN for scores, whose 0 is no absence of anything
        that could be shared out, and where the value at day 0 is not above 0.
    se, df
        Standard error of a difference of two visits, s√2 with the residual SD s pooled over
        patients, and its degrees of freedom; NaN and 0 where there is none.
    interval
        Interval of the change from it; ``None`` without an error.
    own_limit
        Largest change that two visits of a patient who does not change show at this level:
        t(df) · s√2; NaN without an error.
    published
        The published detectable change; ``None`` where the endpoint has none.
    """

    month_day0: float
    value_day0: float
    month_last: float
    value_last: float
    change: float
    percent: float
    se: float
    df: int
    interval: Interval | None
    own_limit: float
    published: DetectableChange | None

    @property
    def beyond_own(self) -> bool | None:
        """Whether the change exceeds ``own_limit``; ``None`` where that is not known."""
        return None if math.isnan(self.own_limit) else abs(self.change) > self.own_limit

    @property
    def beyond_published(self) -> bool | None:
        """Whether the change exceeds the published limit; ``None`` where there is none."""
        return None if self.published is None else abs(self.change) > self.published.limit

    @property
    def standing(self) -> Standing:
        """Against what repeat scoring alone produces: "more" or "within" by every known limit.

        "unclear" where the limits disagree, "unknown" where there is none.
        """
        known = {b for b in (self.beyond_own, self.beyond_published) if b is not None}
        if not known:
            return "unknown"
        if len(known) > 1:
            return "unclear"
        return "more" if known.pop() else "within"


def change_since_day0(
    trial: Trial, settings: Settings, result: EndpointComparison, patient: int
) -> IndividualChange | None:
    """Return a patient's change from day 0 to the last visit after it.

    Parameters
    ----------
    trial
        Whose patient.
    settings
        Level of the interval and of ``own_limit``.
    result
        The comparison of the endpoint under these settings.
    patient
        Position in ``Trial.patient_ids``.

    Returns
    -------
    IndividualChange or None
        ``None`` without an analysable visit on or before day 0 in the window before, or without one
        later than day 0 that counts as after it.

    Raises
    ------
    IndexError
        If the trial has no such patient.

    Notes
    -----
    A visit on day 0 is the value at day 0 whatever the rule for day 0. The residual SD is that of
    single visits around their patient's own lines; it holds scatter of repeated scoring and all
    that a line does not follow. The limit is the smallest detectable change of Weir 2005
    (doi 10.1519/15184.1), 1.96·√2·SEM, with this SD as SEM and the t quantile of its degrees of
    freedom.
    """
    if not 0 <= patient < len(trial.patient_ids):
        raise IndexError(f"no patient {patient}")
    points, table = result.slopes.points, result.slopes
    mine = np.flatnonzero((points.patient == patient) & points.analysable)
    days = points.month[mine] * DAYS_PER_MONTH
    with np.errstate(invalid="ignore"):
        up_to = mine[(points.before[mine] & (days <= SAME_DAY)) | (np.abs(days) <= SAME_DAY)]
        later = mine[points.after[mine] & (days > SAME_DAY)]
    if not up_to.size or not later.size:
        return None
    first, last = up_to[np.argmax(points.month[up_to])], later[np.argmax(points.month[later])]
    at_day0 = float(points.value[first])
    change = float(points.value[last]) - at_day0
    se, df, level = math.nan, 0, settings.confidence
    interval, own = None, math.nan
    if table.residual_df > 0 and table.residual_sd > 0:
        se, df = table.residual_sd * math.sqrt(2), table.residual_df
        own = float(stats.t.ppf((1 + level) / 2, df)) * se
        interval = Interval(change - own, change + own, level, level)
    ratio = not result.endpoint.integer and at_day0 > 0
    return IndividualChange(
        month_day0=float(points.month[first]),
        value_day0=at_day0,
        month_last=float(points.month[last]),
        value_last=float(points.value[last]),
        change=change,
        percent=100 * change / at_day0 if ratio else math.nan,
        se=se,
        df=df,
        interval=interval,
        own_limit=own,
        published=PUBLISHED.get(result.endpoint.key),
    )


def slope_percent(result: EndpointComparison, patient: int) -> tuple[float, str]:
    """Return a patient's change of slope in % of the slope before, and why there is none.

    Parameters
    ----------
    result, patient
        The comparison of the endpoint, and a position in ``Trial.patient_ids``.

    Returns
    -------
    tuple
        (after − before)/|before| in %, above 0 where the decline is less steep, and an empty text;
        or NaN and the reason. Assessed as responders are: only where the slope before is at least
        as steep as ``STEEP_ENOUGH``, and only for endpoints that have such a limit.
    """
    if not result.paired[patient]:
        return math.nan, "not both slopes"
    limit = STEEP_ENOUGH.get(result.endpoint.key)
    if limit is None:
        return math.nan, f"no agreed limit of steepness for {result.endpoint.label}"
    before = round(float(result.slopes.before.slope[patient]), 10)
    if before > limit:
        return math.nan, "slope before too near 0"
    change = float(result.slopes.change[patient])
    return 100 * change / abs(before), ""
