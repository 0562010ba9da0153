"""Normality and outliers of the changes: described, never used to choose a test."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from scipy import stats

from analysis.results import finite
from analysis.signed_rank import rounded
from data.trial import FloatArray

MOST_FOR_SHAPIRO: Final = 5_000
MAD_LIMIT: Final = 3.5
_MAD_TO_SD: Final = 0.6745


@dataclass(frozen=True, slots=True)
class Check:
    """One check of the distribution of the changes.

    Parameters
    ----------
    key, name
        Stable key, and the exact name.
    n
        Patients in it.
    statistic, statistic_name
        Its value and name.
    limit
        Value above which a patient stands out; NaN for a check of all patients together.
    p
        P value; NaN for a rule without one.
    patients
        Positions of the patients that stand out, in the order of the changes.
    notes
        How to read it, or why it was not computed.
    """

    key: str
    name: str
    n: int
    statistic: float = math.nan
    statistic_name: str = ""
    limit: float = math.nan
    p: float = math.nan
    patients: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the check as JSON values; what is not finite becomes null."""
        return {
            "key": self.key,
            "name": self.name,
            "n": self.n,
            "statistic": finite(self.statistic),
            "statistic_name": self.statistic_name,
            "limit": finite(self.limit),
            "p": finite(self.p),
            "patients": list(self.patients),
            "notes": list(self.notes),
        }


def distribution_checks(changes: FloatArray, level: float) -> tuple[Check, ...]:
    """Return Shapiro–Wilk, Grubbs and the MAD rule for the changes.

    Parameters
    ----------
    changes
        One change a patient.
    level
        Grubbs’ test is at 1 − level.
    """
    return shapiro_wilk(changes), grubbs(changes, level), mad_rule(changes)


def shapiro_wilk(changes: FloatArray) -> Check:
    """Shapiro–Wilk test of normality, from 3 to 5,000 patients.

    Notes
    -----
    Shapiro & Wilk 1965 (doi 10.1093/biomet/52.3-4.591), Royston 1995 (doi 10.2307/2986146).
    """
    n = len(changes)
    base = Check("shapiro", "Shapiro–Wilk test of normality", n)
    if not 3 <= n <= MOST_FOR_SHAPIRO or np.ptp(rounded(changes)) == 0:
        why = f"needs 3 to {MOST_FOR_SHAPIRO:,} changes that are not all equal"
        return replace(base, notes=(why,))
    found = stats.shapiro(changes)
    note = "a large P does not show that the changes are normal; few patients can hide anything"
    return replace(
        base,
        statistic=float(found.statistic),
        statistic_name="W",
        p=float(found.pvalue),
        notes=(note,),
    )


def grubbs(changes: FloatArray, level: float) -> Check:
    """Grubbs’ two-sided test of the change that is farthest from the mean.

    Parameters
    ----------
    changes
        One change a patient.
    level
        The test is at 1 − level.

    Notes
    -----
    Grubbs 1950 (doi 10.1214/aoms/1177729885), 1969 (doi 10.1080/00401706.1969.10490657).
    G = max|d − d̄|/s corresponds to t = √(n(n−2)G² / ((n−1)² − nG²)) with n − 2 degrees of freedom;
    P = 2n P(T > t), at most 1, which is exact where it is small and never too small.
    """
    values = rounded(changes)
    n = len(values)
    base = Check("grubbs", "Grubbs’ test of one outlier, two-sided", n)
    if n < 3 or np.ptp(values) == 0:
        return replace(base, notes=("needs 3 changes that are not all equal",))
    distance = np.abs(values - values.mean())
    g = float(distance.max() / values.std(ddof=1))
    alpha = (1 - level) / (2 * n)
    quantile2 = float(stats.t.isf(alpha, n - 2)) ** 2
    limit = (n - 1) / math.sqrt(n) * math.sqrt(quantile2 / (n - 2 + quantile2))
    # G cannot exceed (n−1)/√n; rounding can put it there.
    room = (n - 1) ** 2 - n * g * g
    t = math.sqrt(n * (n - 2) * g * g / room) if room > 1e-12 * n * n else math.inf
    far = np.flatnonzero(distance >= distance.max() - 1e-9)
    return replace(
        base,
        statistic=g,
        statistic_name="G",
        limit=limit,
        p=min(1.0, 2 * n * float(stats.t.sf(t, n - 2))),
        patients=tuple(int(i) for i in far) if g > limit else (),
        notes=("tests the farthest change only and supposes that the others are normal",),
    )


def mad_rule(changes: FloatArray) -> Check:
    """Changes with 0.6745 |d − median| / MAD above 3.5.

    Notes
    -----
    Iglewicz & Hoaglin 1993, *How to Detect and Handle Outliers*, ASQC. MAD is the median of the
    distances from the median; where it is 0 (half of the changes are equal) there is no rule.
    """
    values = rounded(changes)
    n = len(values)
    base = Check("mad", "MAD rule (modified z above 3.5)", n, limit=MAD_LIMIT)
    if n < 3:
        return replace(base, notes=("needs 3 changes",))
    distance = np.abs(values - np.median(values))
    mad = float(np.median(distance))
    if mad == 0:
        return replace(base, notes=("not defined: at least half of the changes are equal",))
    scores = _MAD_TO_SD * distance / mad
    return replace(
        base,
        statistic=float(scores.max()),
        statistic_name="largest modified z",
        patients=tuple(int(i) for i in np.flatnonzero(scores > MAD_LIMIT)),
    )
