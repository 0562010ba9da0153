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
from data.trial import FloatArray, IntArray

NAME: Final = "joint test of no change, not of no treatment effect"
EXACT_PATIENTS: Final = 12
MOST_FLIPS: Final = 9_999
FEWEST_FLIPS: Final = 999
_WORK: Final = 1_500_000
"""Analyses × flips that random flips may take, as long as there are ``FEWEST_FLIPS`` of them."""

_STREAM: Final = 7
_AT_ONCE: Final = 2_000_000
"""Numbers of one block: analyses × flips, and patients × flips."""

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
        Sign flips that were tried: all of them, or those that were drawn.
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
        """Return the test as JSON values; what is not finite becomes null."""
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
        Direction of the test, number of random flips and seed.

    Returns
    -------
    JointCurveTest
        Exact to 12 patients with a change that is not 0. Above, random flips: as many as the
        settings ask for, at most 9,999, and fewer (at least 999) with very many analyses.

    Notes
    -----
    Valid where, if nothing changed, the changes of a patient in all analyses together are as likely
    with all their signs turned. Patients who are not in an analysis stay out of it under every
    flip. The sums of squares do not change under flips, so every t follows from one matrix product.
    The signs that were seen count among the random flips: P = (1 + hits) / (1 + random flips).
    Simonsohn, Simmons & Nelson 2020 (doi 10.1038/s41562-020-0912-z) for the three statistics, with
    sign flips in place of their resampling; Westfall & Young 1993, *Resampling-Based Multiple
    Testing*, for one flip in all analyses.
    """
    near = rounded(change)
    known = np.isfinite(near)
    n = int(known.any(axis=0).sum()) if len(near) else 0
    np.copyto(near, 0.0, where=~known)
    moving = (near != 0).any(axis=0)
    if not moving.any():
        why = ("no analysis has a change that is not 0",)
        return JointCurveTest(math.nan, math.nan, math.nan, 0, True, n, 1.0, why)
    columns = np.flatnonzero(moving)
    # What is drawn for the patients one after another must not depend on their order.
    order = np.lexsort((near.sum(axis=0)[columns], np.abs(near).sum(axis=0)[columns]))
    filled = np.ascontiguousarray(near[:, columns[order]])
    counts = known.sum(axis=1).astype(np.float64)
    m = filled.shape[1]
    exact = m <= EXACT_PATIENTS
    flips = 1 << m if exact else _random_flips(len(filled), settings)
    hits = _hits(filled, counts, settings, flips, exact)
    share = hits / (flips if exact else flips + 1)
    one_sided = settings.alternative != "two-sided"
    floor = 2.0 ** -(m if one_sided else m - 1) if exact else 1 / (flips + 1)
    notes = () if exact else (f"{flips:,} random flips, seed {settings.seed}",)
    p_median, p_share, p_mean_z = (float(p) for p in share)
    return JointCurveTest(p_median, p_share, p_mean_z, flips, exact, n, min(1.0, floor), notes)


def _random_flips(analyses: int, settings: Settings) -> int:
    """Return how many flips are drawn: it depends on nothing but numbers of analyses and flips."""
    return min(settings.flips, MOST_FLIPS, max(FEWEST_FLIPS, _WORK // max(1, analyses)))


def _hits(
    filled: FloatArray, counts: FloatArray, settings: Settings, flips: int, exact: bool
) -> IntArray:
    """Return under how many flips each statistic is at least as large as it was seen."""
    analyses, patients = filled.shape
    alternative = settings.alternative
    own = _statistics(filled, counts, np.ones((1, patients)), alternative)
    scale = float(np.max(np.abs(filled).sum(axis=1) / counts))
    slack = _SLACK * np.array([[scale], [1.0], [max(1.0, abs(float(own[2, 0])))]])
    rng = np.random.default_rng([settings.seed, _STREAM])
    step = max(1, _AT_ONCE // max(analyses, patients))
    # All flips hold the signs that were seen; beside random ones they count as one more.
    hits = np.full(3, 0 if exact else 1)
    for at in range(0, flips, step):
        size = min(step, flips - at)
        if exact:
            signs = _signs_of(np.arange(at, at + size), patients)
        else:
            drawn = rng.integers(0, 2, (size, patients), dtype=np.int8)
            signs = 1.0 - 2.0 * drawn.astype(np.float64)
        reached = _statistics(filled, counts, signs, alternative) >= own - slack
        hits = hits + np.count_nonzero(reached, axis=1)
    return hits


def _signs_of(flip: np.ndarray, n: int) -> FloatArray:
    """Return the signs of numbered flips: bit i tells whether patient i is turned."""
    return np.asarray(1.0 - 2.0 * ((flip[:, None] >> np.arange(n)[None]) & 1))


def _statistics(
    filled: FloatArray, counts: FloatArray, signs: FloatArray, alternative: Alternative
) -> FloatArray:
    """Return median, share and mean z of the curve under each flip, 3 × flips."""
    n = counts[:, None]
    sums = filled @ signs.T
    total = (filled**2).sum(axis=1)[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        rest = np.maximum(total - sums**2 / n, 0.0)
        rest = np.asarray(np.where(rest <= _NONE_LEFT * total, 0.0, rest))
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


__all__ = ["EXACT_PATIENTS", "NAME", "JointCurveTest", "joint_curve_test"]
