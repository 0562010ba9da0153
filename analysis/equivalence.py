"""Equivalence: whether the mean change is surely smaller than a margin."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from scipy import stats

from analysis.paired_tests import NO_SPREAD, TOO_FEW
from analysis.results import Interval, finite, percent
from analysis.signed_rank import rounded
from data.trial import FloatArray

LOWEST_LEVEL: Final = 0.8
"""Below this level the interval that decides, 1 − 2(1 − level), would be narrower than 60 %."""

Verdict = Literal["within", "outside", "undecided", "not estimable"]


@dataclass(frozen=True, slots=True)
class Equivalence:
    """Two one-sided tests (TOST) of the mean change against ±margin.

    Parameters
    ----------
    n
        Patients in it.
    margin
        Largest change that would not matter, in the unit of the changes.
    p
        P value of equivalence: the larger of the two one-sided P values.
    interval
        Interval of the mean change whose position decides; 90 % for tests at 5 %.
    verdict
        Where that interval lies: within the margins, outside of them, or neither.
    rope_share
        Probability that the mean change lies within the margins, under a flat prior.
    sentence
        The verdict in words.
    """

    n: int
    margin: float
    p: float
    interval: Interval | None
    verdict: Verdict
    rope_share: float
    sentence: str

    def to_json(self) -> dict[str, Any]:
        """Return the result as JSON values; what is not finite becomes null."""
        return {
            "n": self.n,
            "margin": self.margin,
            "p": finite(self.p),
            "interval": None if self.interval is None else self.interval.to_json(),
            "verdict": self.verdict,
            "rope_share": finite(self.rope_share),
            "sentence": self.sentence,
        }


def equivalence(changes: FloatArray, margin: float, level: float) -> Equivalence:
    """Test whether the mean change is smaller than ``margin`` in either direction.

    Parameters
    ----------
    changes
        One change a patient.
    margin
        Above 0, in the unit of the changes.
    level
        Level of the analysis; each one-sided test is at 1 − level, so the interval has the level
        1 − 2(1 − level), which is 90 % for 95 %.

    Raises
    ------
    ValueError
        If the margin is not above 0.

    Notes
    -----
    Schuirmann 1987 (doi 10.1007/BF01068419). The region of practical equivalence (ROPE): under a
    flat prior for the mean and for the logarithm of the SD the posterior of the mean is d̄ + t s/√n,
    n − 1 degrees of freedom (Kruschke 2018, doi 10.1177/2515245918771304, gives the rule).
    """
    if not margin > 0:
        raise ValueError(f"a margin above 0 is needed, not {margin}")
    n = len(changes)
    if n < 2 or np.ptp(rounded(changes)) == 0 or level < LOWEST_LEVEL:
        why = TOO_FEW if n < 2 else NO_SPREAD
        if level < LOWEST_LEVEL:
            why = f"not given: intervals of {percent(level)} are too narrow for it"
        return Equivalence(n, margin, math.nan, None, "not estimable", math.nan, why)
    mean, df = float(np.mean(changes)), n - 1
    se = float(np.std(changes, ddof=1)) / math.sqrt(n)
    above_low = float(stats.t.sf((mean + margin) / se, df))
    below_high = float(stats.t.cdf((mean - margin) / se, df))
    asked = round(1 - 2 * (1 - level), 12)
    half = float(stats.t.ppf(level, df)) * se
    interval = Interval(mean - half, mean + half, asked, asked)
    verdict: Verdict = "undecided"
    if -margin < interval.low and interval.high < margin:
        verdict = "within"
    elif interval.low > margin or interval.high < -margin:
        verdict = "outside"
    return Equivalence(
        n=n,
        margin=margin,
        p=max(above_low, below_high),
        interval=interval,
        verdict=verdict,
        # The tails of the posterior beyond the margins are the two one-sided P values.
        rope_share=1 - above_low - below_high,
        sentence=_sentence(verdict, asked, margin),
    )


def _sentence(verdict: Verdict, level: float, margin: float) -> str:
    interval = f"the {percent(level)} interval of the mean change"
    return {
        "within": f"Smaller than the margin: {interval} lies within ±{margin:g}.",
        "outside": f"Larger than the margin: {interval} lies beyond ±{margin:g}.",
    }.get(verdict, f"Undecided: {interval} reaches across a margin of ±{margin:g}.")
