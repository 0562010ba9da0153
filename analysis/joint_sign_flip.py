"""Joint evidence over two endpoints: the largest |t| when the signs of patients are flipped."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from analysis.random_flips import random_subset_sums
from analysis.results import finite
from analysis.settings import Alternative
from analysis.signed_rank import rounded
from data.trial import FloatArray

EXACT_PATIENTS: Final = 16
MOST_PATIENTS: Final = 2_000
_NONE_LEFT: Final = 1e-9
_SLACK: Final = 1e-7


@dataclass(frozen=True, slots=True)
class JointTest:
    """One test of no change in any of two endpoints.

    Parameters
    ----------
    name
        Exact name of the variant.
    p
        P value of no change in either endpoint; NaN if it cannot be computed.
    statistics
        t of each endpoint; NaN where an endpoint has none.
    adjusted
        P of each endpoint, corrected for there being two.
    n
        Patients with a change in at least one endpoint, and in each of them.
    n_each
        Patients with a change in each endpoint.
    p_floor
        Smallest P value that this many patients, or this many flips, can give.
    notes
        What the reader must know.
    """

    name: str
    p: float
    statistics: tuple[float, float]
    adjusted: tuple[float, float]
    n: int
    n_each: tuple[int, int]
    p_floor: float = 0.0
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the test as JSON values; what is not finite becomes null."""
        return {
            "name": self.name,
            "p": finite(self.p),
            "statistics": [finite(t) for t in self.statistics],
            "adjusted": [finite(p) for p in self.adjusted],
            "n": self.n,
            "n_each": list(self.n_each),
            "p_floor": self.p_floor,
            "notes": list(self.notes),
        }


def joint_sign_flip(
    first: FloatArray, second: FloatArray, alternative: Alternative, *, flips: int, seed: int
) -> JointTest:
    """Test no change in two endpoints by the larger of their two t statistics.

    Parameters
    ----------
    first, second
        Changes of the two endpoints, one entry a patient in one order; NaN where a patient has no
        change. Units may differ: t has none.
    alternative
        ``"two-sided"`` takes the larger |t|, ``"less steep"`` the larger t, ``"steeper"`` the
        larger −t.
    flips, seed
        Number and start of the random flips, used above 16 patients.

    Returns
    -------
    JointTest
        Exact to 16 patients, random flips to 2,000, not computed above.

    Notes
    -----
    A flip changes the sign of a patient in both endpoints, which keeps their correlation; patients
    with one endpoint take part in that one. The sums of squares do not change under flips, so t
    follows from the sum of the changes. Westfall & Young 1993, *Resampling-Based Multiple Testing*,
    section 2.3 (single-step maxT).
    """
    changes = rounded(np.vstack((first, second)))
    known = np.isfinite(changes)
    n_each = (int(known[0].sum()), int(known[1].sum()))
    changes = np.where(known, changes, 0.0)
    squares = (changes**2).sum(axis=1)
    used = (np.array(n_each) > 1) & (squares > 0)
    # Zeros are the same under either sign.
    moving = changes[:, (changes[used] != 0).any(axis=0)]
    name = "sign-flip test of the larger |t| over two endpoints"
    if alternative != "two-sided":
        name = "sign-flip test of the larger t over two endpoints, one-sided"
    n = int(known.any(axis=0).sum())
    none = JointTest(name, math.nan, (math.nan, math.nan), (math.nan, math.nan), n, n_each)
    if not used.any():
        why = "not estimable: no endpoint has 2 patients and a change that is not 0"
        return JointTest(name, none.p, none.statistics, none.adjusted, n, n_each, notes=(why,))
    counts = np.array(n_each, dtype=np.float64)
    observed = _t(moving.sum(axis=1)[:, None], squares, counts)
    statistics = _pair(observed[:, 0], used)
    if moving.shape[1] > MOST_PATIENTS:
        why = f"not computed above {MOST_PATIENTS:,} patients"
        return JointTest(name, math.nan, statistics, none.adjusted, n, n_each, notes=(why,))
    exact = moving.shape[1] <= EXACT_PATIENTS
    sums = _all_sums(moving) if exact else _random_sums(moving, flips, seed)
    reached = _directed(_t(sums, squares, counts), alternative)[used].max(axis=0)
    own = _directed(observed[:, 0], alternative)
    # Flips that tie with what was seen count as extreme.
    slack = np.where(np.isfinite(own), _SLACK * np.maximum(1.0, np.abs(own)), 0.0)
    limits = own - slack
    hits = [int((reached >= limit).sum()) for limit in limits]
    add = 0 if exact else 1
    shares = np.array([(hit + add) / (sums.shape[1] + add) for hit in hits])
    notes = [] if used.all() else ["only one endpoint can be tested"]
    if not exact:
        notes.append(f"{flips:,} random flips, seed {seed}")
    return JointTest(
        name=name,
        p=float(shares[used].min()),
        statistics=statistics,
        adjusted=_pair(shares, used),
        n=n,
        n_each=n_each,
        p_floor=_floor(moving[used], alternative) if exact else 1 / (flips + 1),
        notes=tuple(notes),
    )


def _pair(values: FloatArray, used: np.ndarray) -> tuple[float, float]:
    first, second = (float(v) if ok else math.nan for v, ok in zip(values, used, strict=True))
    return first, second


def _floor(moving: FloatArray, alternative: Alternative) -> float:
    """Return the smallest P: that of the endpoint in which most patients move, all in one way."""
    most = int(np.count_nonzero(moving, axis=1).max())
    return float(min(1.0, 2.0 ** (1 - most) if alternative == "two-sided" else 2.0**-most))


def _t(sums: FloatArray, squares: FloatArray, counts: FloatArray) -> FloatArray:
    """Return t from sums and sums of squares; infinite where all changes are equal."""
    n, total = counts[:, None], squares[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        rest = np.maximum(total - sums**2 / n, 0.0)
        rest = np.where(rest <= _NONE_LEFT * total, 0.0, rest)
        return np.asarray(sums / np.sqrt(rest * n / (n - 1)))


def _directed(t: FloatArray, alternative: Alternative) -> FloatArray:
    if alternative == "two-sided":
        return np.abs(t)
    return t if alternative == "less steep" else -t


def _all_sums(moving: FloatArray) -> FloatArray:
    sums = np.zeros((2, 1))
    for patient in moving.T:
        step = patient[:, None]
        sums = np.concatenate((sums + step, sums - step), axis=1)
    return sums


def _random_sums(moving: FloatArray, flips: int, seed: int) -> FloatArray:
    """Draw random flips: those of a subset take away twice its sums."""
    total = moving.sum(axis=1)[:, None]
    return np.asarray(total - 2 * random_subset_sums(moving, flips=flips, seed=seed))
