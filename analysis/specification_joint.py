"""One test over all analyses of a specification curve: the same sign flips in all of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy import special, stats

from analysis.leave_one_out import ALPHA
from analysis.results import finite
from analysis.settings import Alternative, Settings
from analysis.signed_rank import rounded
from data.trial import FloatArray

NAME: Final = "joint test of no change, not of no treatment effect"
EXACT_PATIENTS: Final = 12
MOST_FLIPS: Final = 2_000
_STREAM: Final = 7
_AT_ONCE: Final = 4_000_000
_FAR: Final = 8.0
"""Largest |z|: beyond it a P value has no digits left."""
_NONE_LEFT: Final = 1e-9
_SLACK: Final = 1e-7


@dataclass(frozen=True, slots=True)
class JointCurveTest:
    """A test of no change in any analysis of a specification curve.

    Parameters
    ----------
    p_median
        P of the median estimate, the statistic that leads.
    p_share
        P of the share of analyses with P < 0.05 in one direction.
    p_mean_z
        P of the mean z value.
    flips
        Sign flips that were tried.
    exact
        Whether these are all.
    n
        Patients with a change in at least one analysis.
    p_floor
        Smallest P that is possible.
    notes
        What the reader must know.
    """

    p_median: float
    p_share: float
    p_mean_z: float
    flips: int
    exact: bool
    n: int
    p_floor: float
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the test as JSON values."""
        return {
            "name": NAME,
            "p_median": finite(self.p_median),
            "p_share": finite(self.p_share),
            "p_mean_z": finite(self.p_mean_z),
            "flips": self.flips,
            "exact": self.exact,
            "n": self.n,
            "p_floor": self.p_floor,
            "notes": list(self.notes),
        }


def joint_curve_test(change: FloatArray, settings: Settings) -> JointCurveTest:
    """Flip the signs of patients, the same in all analyses, and see how far the curve moves.

    Parameters
    ----------
    change
        Analyses × patients; NaN for patients who are not in an analysis.
    settings
        Direction of the test and seed.

    Notes
    -----
    Exact to 12 patients; above, random flips that include the identity. Valid where the changes of
    a patient are symmetric about 0 in all analyses at once if nothing changed. The sums of squares
    do not change under flips, so every t follows from one matrix product. Simonsohn, Simmons &
    Nelson 2020 (doi 10.1038/s41562-020-0912-z), with sign flips in place of resampling: Westfall &
    Young 1993, *Resampling-Based Multiple Testing*.
    """
    near = rounded(change)
    known = np.isfinite(near)
    n = int(known.any(axis=0).sum()) if len(near) else 0
    filled = np.where(known, near, 0.0)
    filled = filled[:, (filled != 0).any(axis=0)]
    # What is drawn for the patients one after another must not depend on their order.
    filled = filled[:, np.lexsort((filled.sum(axis=0), np.abs(filled).sum(axis=0)))]
    moving = filled.shape[1]
    if not len(filled) or moving < 1:
        why = ("no analysis has a change that is not 0",)
        return JointCurveTest(math.nan, math.nan, math.nan, 0, True, n, 1.0, why)
    counts = known.sum(axis=1).astype(np.float64)
    exact = moving <= EXACT_PATIENTS
    signs = _all_signs(moving) if exact else _random_signs(moving, settings)
    step = max(1, _AT_ONCE // len(filled))
    parts = [
        _statistics(filled, counts, signs[at : at + step], settings.alternative)
        for at in range(0, len(signs), step)
    ]
    statistics = np.concatenate(parts, axis=1)
    # The first flip is none at all.
    own = statistics[:, :1]
    slack = _SLACK * np.maximum(1e-9, np.abs(own))
    share = (statistics >= own - slack).mean(axis=1)
    one_sided = settings.alternative != "two-sided"
    floor = 2.0 ** -(moving if one_sided else moving - 1) if exact else 1 / len(signs)
    notes = () if exact else (f"{len(signs):,} random flips, seed {settings.seed}",)
    p_median, p_share, p_mean_z = (float(p) for p in share)
    return JointCurveTest(p_median, p_share, p_mean_z, len(signs), exact, n, min(1.0, floor), notes)


def _all_signs(n: int) -> FloatArray:
    """Return all flips of ``n`` signs, none at all first."""
    places = np.arange(1 << n)[:, None] >> np.arange(n)[None]
    return np.asarray(1.0 - 2.0 * (places & 1))


def _random_signs(n: int, settings: Settings) -> FloatArray:
    rng = np.random.default_rng([settings.seed, _STREAM])
    flips = min(settings.flips, MOST_FLIPS)
    signs = 1.0 - 2.0 * rng.integers(0, 2, (flips, n))
    signs[0] = 1.0
    return np.asarray(signs)


def _statistics(
    filled: FloatArray, counts: FloatArray, signs: FloatArray, alternative: Alternative
) -> FloatArray:
    """Return median, share and mean z of the curve under each flip, 3 × flips."""
    n = counts[:, None]
    sums = filled @ signs.T
    total = (filled**2).sum(axis=1)[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        rest = np.maximum(total - sums**2 / n, 0.0)
        rest = np.where(rest <= _NONE_LEFT * total, 0.0, rest)
        t = np.where(sums == 0, 0.0, sums / np.sqrt(rest * n / (n - 1)))
    tail = special.stdtr(n - 1, -np.abs(t))
    z = np.sign(t) * np.minimum(-special.ndtri(tail), _FAR)
    median = np.median(sums / n, axis=0)
    limit = stats.t.isf(ALPHA / 2 if alternative == "two-sided" else ALPHA, n - 1)
    up, down = (t > limit).mean(axis=0), (t < -limit).mean(axis=0)
    mean_z = z.mean(axis=0)
    if alternative == "less steep":
        return np.array([median, up, mean_z])
    if alternative == "steeper":
        return np.array([-median, down, -mean_z])
    return np.array([np.abs(median), np.maximum(up, down), np.abs(mean_z)])
