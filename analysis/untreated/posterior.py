"""True slopes and levels of untreated people, given the visits before day 0 that were seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from analysis.untreated.history import History
from data.trial import FloatArray, IntArray

_TINY = 1e-300


@dataclass(frozen=True, slots=True)
class RunIn:
    """What the visits up to day 0 say of each patient, one endpoint.

    Parameters
    ----------
    n
        Visits, 0 where there is none.
    mean_month, mean_value
        Means of their times and values, NaN without a visit.
    sxx, sxy
        Σ(t − t̄)² and Σ(t − t̄)(y − ȳ).
    """

    n: FloatArray
    mean_month: FloatArray
    mean_value: FloatArray
    sxx: FloatArray
    sxy: FloatArray


def run_in_of(
    patient: FloatArray, month: FloatArray, value: FloatArray, n_patients: int, bend: float
) -> RunIn:
    """Summarise visits up to day 0; a known bend of the course is taken out first."""
    who = patient.astype(np.int64)
    straight = value - bend / 2 * month**2
    n = np.bincount(who, minlength=n_patients).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        t = np.bincount(who, month, n_patients) / n
        y = np.bincount(who, straight, n_patients) / n
        dt, dy = month - t[who], straight - y[who]
    sxx = np.bincount(who, dt * dt, n_patients).astype(np.float64)
    sxy = np.bincount(who, dt * dy, n_patients).astype(np.float64)
    return RunIn(n, t, y, sxx, sxy)


@dataclass(frozen=True, slots=True)
class Drawn:
    """Draws of one endpoint, replicates × patients.

    Parameters
    ----------
    level
        Level of the course at day 0.
    before, after
        Slopes at day 0 of the run-in and of the follow-up, per month.
    """

    level: FloatArray
    before: FloatArray
    after: FloatArray

    def of(self, patients: IntArray) -> Drawn:
        """Return the draws of some patients, by their positions."""
        return Drawn(self.level[:, patients], self.before[:, patients], self.after[:, patients])


def draw_given_run_in(
    run_ins: tuple[RunIn, ...],
    histories: tuple[History, ...],
    between: float,
    replicates: int,
    rng: np.random.Generator,
) -> tuple[Drawn, ...]:
    """Draw true courses of every patient given the visits before day 0.

    Parameters
    ----------
    run_ins, histories
        One entry an endpoint, one or two endpoints.
    between
        Correlation of the slopes of two endpoints in one person.
    replicates
        Draws of each patient.
    rng
        Source of chance.

    Returns
    -------
    tuple of Drawn
        NaN where a patient has no visit up to day 0.

    Notes
    -----
    Slopes before are normal between people with the given correlation between endpoints, levels
    have a flat prior, visits scatter normally: then slopes given the visits are normal, and the
    level given the slope is too (Gelman et al. 2013, *Bayesian Data Analysis*, chapter 14). A
    skewed distribution of the first endpoint multiplies its normal density by Φ(shape × z)
    (Azzalini 1985, Scand J Stat 12:171). Noise with heavy tails enters here through its SD alone.
    """
    centres, spread = _base(histories, between)
    mean, covariance = _slopes_given_visits(run_ins, histories, centres, spread)
    n_patients = len(run_ins[0].n)
    skewed = (float(centres[0]), float(np.sqrt(spread[0, 0])), histories[0].skew)
    slopes = _draws(mean, covariance, skewed, replicates, rng)
    apart = rng.standard_normal((len(histories), replicates, n_patients))
    if len(histories) == 2:
        apart[1] = between * apart[0] + np.sqrt(1 - between**2) * apart[1]
    drawn = []
    for k, (run_in, history) in enumerate(zip(run_ins, histories, strict=True)):
        before = slopes[k]
        sd = history.noise_sd(run_in.mean_value)
        with np.errstate(invalid="ignore", divide="ignore"):
            error = rng.standard_normal(before.shape) * sd / np.sqrt(run_in.n)
        level = run_in.mean_value - before * run_in.mean_month + error
        pull = history.correlation * history.sd_after / history.sd_before
        left = np.sqrt(1 - history.correlation**2) * history.sd_after
        after = history.mean_after + pull * (before - history.mean_before) + left * apart[k]
        drawn.append(Drawn(level, before, after))
    return tuple(drawn)


def slopes_given_run_in(run_in: RunIn, history: History) -> FloatArray:
    """Return the mean of each patient's true slope before, given the visits of one endpoint.

    Parameters
    ----------
    run_in, history
        The visits, and the natural history.

    Notes
    -----
    With a skewed distribution of slopes, E[b] = mean + gain × E[w − centre | w > 0], with w as in
    :func:`draw_given_run_in`, and E[w − centre | w > 0] from the normal distribution above 0.
    """
    centres, spread = _base((history,), 0.0)
    mean, covariance = _slopes_given_visits((run_in,), (history,), centres, spread)
    if not history.skew:
        return mean[:, 0]
    scale, shape = float(np.sqrt(spread[0, 0])), history.skew
    centre = shape * (mean[:, 0] - centres[0]) / scale
    root = np.sqrt(1 + covariance[:, 0, 0] * (shape / scale) ** 2)
    gain = covariance[:, 0, 0] * shape / scale / root**2
    z = centre / root
    hazard = np.exp(-(z**2) / 2 - special.log_ndtr(z)) / np.sqrt(2 * np.pi)
    return np.asarray(mean[:, 0] + gain * root * hazard)


def _base(histories: tuple[History, ...], between: float) -> tuple[FloatArray, FloatArray]:
    """Return means and covariance of the normal density below the slopes before.

    With a skewed first endpoint its location and scale are such that the skewed slopes have the
    given mean and SD; the second endpoint depends on the first one linearly.
    """
    first = histories[0]
    delta = first.skew / np.sqrt(1 + first.skew**2)
    scale = first.sd_before / np.sqrt(1 - 2 * delta**2 / np.pi)
    location = first.mean_before - scale * delta * np.sqrt(2 / np.pi)
    if len(histories) == 1:
        return np.asarray([location]), np.asarray([[scale**2]])
    second = histories[1]
    pull = between * second.sd_before / first.sd_before
    left = second.sd_before**2 * (1 - between**2)
    centres = np.asarray([location, second.mean_before + pull * (location - first.mean_before)])
    shared = pull * scale**2
    return centres, np.asarray([[scale**2, shared], [shared, pull**2 * scale**2 + left]])


def _slopes_given_visits(
    run_ins: tuple[RunIn, ...],
    histories: tuple[History, ...],
    centres: FloatArray,
    spread: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Return mean and covariance of each patient's slopes given the visits, before any skew."""
    n_patients = len(run_ins[0].n)
    precision = np.repeat(np.linalg.inv(spread)[None], n_patients, axis=0)
    weighted = np.repeat((np.linalg.inv(spread) @ centres)[None], n_patients, axis=0)
    for e, (run_in, history) in enumerate(zip(run_ins, histories, strict=True)):
        sd = np.where(run_in.n > 0, history.noise_sd(run_in.mean_value), 1.0)
        precision[:, e, e] += run_in.sxx / sd**2
        weighted[:, e] += run_in.sxy / sd**2
    covariance = np.linalg.inv(precision)
    mean = np.einsum("pij,pj->pi", covariance, weighted)
    return np.asarray(mean), np.asarray(covariance)


def _draws(
    mean: FloatArray,
    covariance: FloatArray,
    skewed: tuple[float, float, float],
    replicates: int,
    rng: np.random.Generator,
) -> FloatArray:
    """Draw slopes of shape endpoints × replicates × patients: the first one, then the other."""
    n_patients, k = mean.shape
    slopes = np.empty((k, replicates, n_patients))
    sd = np.sqrt(covariance[:, 0, 0])
    if skewed[2]:
        slopes[0] = _skewed(mean[:, 0], sd, skewed, replicates, rng)
    else:
        slopes[0] = mean[:, 0] + sd * rng.standard_normal((replicates, n_patients))
    if k == 2:
        pull = covariance[:, 0, 1] / covariance[:, 0, 0]
        left = np.sqrt(np.maximum(covariance[:, 1, 1] - pull * covariance[:, 0, 1], 0))
        slopes[1] = mean[:, 1] + pull * (slopes[0] - mean[:, 0])
        slopes[1] += left * rng.standard_normal((replicates, n_patients))
    return slopes


def _skewed(
    mean: FloatArray,
    sd: FloatArray,
    skewed: tuple[float, float, float],
    replicates: int,
    rng: np.random.Generator,
) -> FloatArray:
    """Return draws from N(mean, sd²) × Φ(shape × z), replicates × patients.

    Φ(shape × z) is the chance that a normal variable w around shape × z, with SD 1, is above 0.
    Slope and w are jointly normal: w is drawn first, from the normal distribution above 0, and the
    slope given w after it.
    """
    location, scale, shape = skewed
    centre = shape * (mean - location) / scale
    variance = 1 + (shape * sd / scale) ** 2
    root = np.sqrt(variance)
    # From the upper tail and in logarithms: where little of the mass is left, 1 − Φ would lose all
    # its digits, and further out Φ itself is 0.
    uniform = np.maximum(rng.random((replicates, len(mean))), _TINY)
    w = centre - root * special.ndtri_exp(np.log(uniform) + special.log_ndtr(centre / root))
    gain = sd**2 * shape / scale / variance
    left = np.sqrt(np.maximum(sd**2 * (1 - gain * shape / scale), 0))
    return np.asarray(mean + gain * (w - centre) + left * rng.standard_normal(w.shape))
