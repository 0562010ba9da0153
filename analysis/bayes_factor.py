"""Default Bayes factor of a mean change against none."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy import special

from analysis.results import finite
from analysis.signed_rank import rounded
from data.trial import FloatArray

PRIOR_SCALE: Final = math.sqrt(2) / 2
_STEP: Final = 0.05
_LOWEST: Final = -7.0
_TAIL: Final = 45.0


@dataclass(frozen=True, slots=True)
class BayesFactor:
    """How much better a change explains the data than no change.

    Parameters
    ----------
    name
        Exact name, with the prior.
    n
        Patients in it.
    scale
        Scale of the Cauchy prior on the standardised mean change.
    bf10
        Bayes factor for a change against none; infinite where it is too large for a number, NaN
        where it cannot be computed.
    log10_bf10
        Its decimal logarithm, which is always a number if there is a Bayes factor.
    notes
        Why there is none.
    """

    name: str
    n: int
    scale: float
    bf10: float
    log10_bf10: float
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the Bayes factor as JSON values; what is not finite becomes null."""
        return {
            "name": self.name,
            "n": self.n,
            "scale": self.scale,
            "bf10": finite(self.bf10),
            "log10_bf10": finite(self.log10_bf10),
            "notes": list(self.notes),
        }


def jzs_bayes_factor(changes: FloatArray, scale: float = PRIOR_SCALE) -> BayesFactor:
    """JZS Bayes factor of the one-sample t statistic of the changes, two-sided.

    Parameters
    ----------
    changes
        One change a patient.
    scale
        Scale of the Cauchy prior on the mean change over its SD.
    """
    n = len(changes)
    name = f"JZS Bayes factor, Cauchy prior of scale {scale:.3g} on the standardised change"
    if n < 2 or np.ptp(rounded(changes)) == 0:
        why = "fewer than 2 patients" if n < 2 else "all changes are equal"
        return BayesFactor(name, n, scale, math.nan, math.nan, (f"not estimable: {why}",))
    t = float(np.mean(changes) / (np.std(changes, ddof=1) / math.sqrt(n)))
    log10 = log_jzs(t, n, scale) / math.log(10)
    return BayesFactor(name, n, scale, 10**log10 if log10 < 300 else math.inf, log10)


def log_jzs(t: float, n: int, scale: float = PRIOR_SCALE) -> float:
    """Return the natural logarithm of the JZS Bayes factor for a one-sample t statistic.

    Parameters
    ----------
    t, n
        The statistic and the number of patients, at least 2.
    scale
        Scale of the Cauchy prior.

    Notes
    -----
    Rouder, Speckman, Sun, Morey & Iverson 2009 (doi 10.3758/PBR.16.2.225), equation 1, with a prior
    variance g r², g inverse gamma (½, ½). The integral is taken over log g by the trapezoidal rule,
    which converges exponentially for such an integrand (Trefethen & Weideman 2014,
    doi 10.1137/130932132), and on the log scale, which no statistic is too large for.
    """
    df = n - 1
    # For a huge t the integrand reaches as far as g ≈ t², then falls like 1/g.
    log_g = np.arange(_LOWEST, math.log1p(t * t) + _TAIL, _STEP)
    spread = 1 + n * scale**2 * np.exp(log_g)
    log_prior = -0.5 * math.log(2 * math.pi) - 0.5 * log_g - 0.5 * np.exp(-log_g)
    log_ratio = np.log1p(t * t / df) - np.log1p(t * t / (spread * df))
    log_integrand = log_prior - 0.5 * np.log(spread) + (df + 1) / 2 * log_ratio
    return float(special.logsumexp(log_integrand) + math.log(_STEP))
