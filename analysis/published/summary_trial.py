"""A simulated trial that matches a printed summary: what such a result could look like.

Each person gets a slope before and one after, drawn from a bivariate normal distribution and then
moved linearly so that the means, the SDs and the correlation of the sample are just those asked
for. The values lie on two straight lines that meet at day 0. ALSFRS-R totals are then rounded to
whole points and FVC to one decimal, and both are held inside their scale, so what the trial
achieves differs a little from what was asked; both are reported.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from scipy import stats

from analysis.published.summary_asked import AskedEndpoint, AskedTrial, SummaryTrialProblem
from analysis.results import finite
from analysis.settings import DEFAULT, Settings
from analysis.signed_rank import rounded
from analysis.slopes import slope_table
from data.endpoints import ENDPOINTS
from data.files import UploadedFile
from data.reading import read_files
from data.trial import DAYS_PER_MONTH, FloatArray, Periods, Trial

_COLUMNS: Final = {"alsfrs_r": "alsfrs_r", "fvc": "fvc_percent"}
_AT_DAY0: Final = {"alsfrs_r": (36.0, 4.0), "fvc": (75.0, 12.0)}
"""Mean and SD of the values at day 0, which no summary of slopes prints."""
_FLOOR: Final = {"alsfrs_r": 0.0, "fvc": 3.1}
"""The lowest values that the reader takes: it sets FVC of 3 % predicted or less aside."""
_CEILING: Final = {"alsfrs_r": 48.0, "fvc": 150.0}
_DECIMALS: Final = {"alsfrs_r": 0, "fvc": 1}


@dataclass(frozen=True, slots=True)
class Moments:
    """Moments of the rates, in units per period, and the paired t test's P.

    Parameters
    ----------
    before_mean, before_sd, after_mean, after_sd
        Of the rates.
    r
        Correlation of before and after; NaN in a trial where one of them does not vary.
    change_mean, change_sd
        Of the change, after − before.
    p
        Two-sided; NaN where all changes are the same, so that there is no t test.
    """

    before_mean: float
    before_sd: float
    after_mean: float
    after_sd: float
    r: float
    change_mean: float
    change_sd: float
    p: float

    def to_json(self) -> dict[str, Any]:
        """Return every field."""
        return {name: finite(getattr(self, name)) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Achieved:
    """What was asked of one endpoint and what the trial shows.

    Parameters
    ----------
    key
        Of the endpoint.
    asked, achieved
        Before and after rounding to the scale.
    held
        Values that would lie outside the scale and stand at its end instead.
    values
        All values.
    largest_shift
        The most that a value was moved, by rounding or to an end of the scale.
    """

    key: str
    asked: Moments
    achieved: Moments
    held: int
    values: int
    largest_shift: float

    def to_json(self) -> dict[str, Any]:
        """Return every field."""
        plain = {name: getattr(self, name) for name in self.__slots__}
        return plain | {"asked": self.asked.to_json(), "achieved": self.achieved.to_json()}


@dataclass(frozen=True, slots=True)
class SummaryTrial:
    """The simulated trial.

    Parameters
    ----------
    trial
        Read from ``csv``; its title says that it is simulated.
    achieved
        One entry for each endpoint.
    csv
        The file.
    settings
        Those with which the trial shows what was achieved.
    """

    trial: Trial
    achieved: tuple[Achieved, ...]
    csv: str
    settings: Settings


def summary_trial(asked: AskedTrial) -> SummaryTrial:
    """Simulate a trial whose rates before and after have the means, SDs and r asked for.

    Parameters
    ----------
    asked
        The summary, and what it leaves open.

    Raises
    ------
    SummaryTrialProblem
        If nobody's course could stay on the scale of an endpoint.
    """
    before = np.linspace(-asked.before_months, 0, asked.visits)
    after = np.linspace(0, asked.after_months, asked.visits)[1:]
    days = np.round(np.concatenate([before, after]) * DAYS_PER_MONTH)
    # Rates belong to the days of the visits, which are whole.
    months = days / DAYS_PER_MONTH
    rng = np.random.default_rng(asked.seed)
    settings = _settings(asked, days)
    values, moved = {}, {}
    for one in asked.endpoints:
        rates = matched_rates(one, asked.n, rng)
        slopes = rates / np.array([asked.before_months, asked.after_months])
        exact = _courses(one.key, slopes, months, rng)
        values[one.key], moved[one.key] = _on_scale(one.key, exact)
    text = _csv(values, days)
    reading = read_files([UploadedFile("simulated.csv", text.encode())])
    if reading.trial is None:
        raise SummaryTrialProblem("These numbers make no trial that can be read.")
    trial = replace(
        reading.trial,
        title=_title(asked.source),
        simulated=True,
        periods=Periods(asked.before_months, asked.after_months),
        notes=_notes(asked, settings),
    )
    achieved = [
        Achieved(
            one.key,
            _asked_moments(one, asked.n),
            _moments(_rates(trial, one.key, asked, settings)),
            moved[one.key][0],
            values[one.key].size,
            moved[one.key][1],
        )
        for one in asked.endpoints
    ]
    return SummaryTrial(trial, tuple(achieved), text, settings)


def matched_rates(asked: AskedEndpoint, n: int, rng: np.random.Generator) -> FloatArray:
    """Return rates before and after, shape (n, 2), with exactly the moments asked for.

    Parameters
    ----------
    asked
        Means, SDs and correlation.
    n
        People, at least 3.
    rng
        Where the draw comes from.
    """
    drawn = rng.standard_normal((n, 2))
    # Orthogonal columns without a mean: their sample correlation is 0 and their SDs are equal.
    basis, upper = np.linalg.qr(np.column_stack([np.ones(n), drawn]))
    # The signs of qr are arbitrary and would always put the same people below the mean.
    basis = basis * np.sign(np.diag(upper))
    first, second = basis[:, 1] * math.sqrt(n - 1), basis[:, 2] * math.sqrt(n - 1)
    mixed = asked.r * first + math.sqrt(1 - asked.r**2) * second
    return np.column_stack(
        [asked.before_mean + asked.before_sd * first, asked.after_mean + asked.after_sd * mixed]
    )


def _settings(asked: AskedTrial, days: FloatArray) -> Settings:
    """Return settings in which both periods hold day 0, are long enough, and rates are theirs."""
    span = min(DEFAULT.min_span_days, int(-days[0]), int(days[-1]))
    keys = tuple(one.key for one in asked.endpoints)
    return Settings(day0="both", endpoints=keys, min_span_days=span, rate_unit="period")


def _courses(
    key: str, slopes: FloatArray, months: FloatArray, rng: np.random.Generator
) -> FloatArray:
    """Return the values at each visit before they are put on the scale, shape (n, visits)."""
    rise = np.where(months <= 0, slopes[:, :1] * months, slopes[:, 1:] * months)
    lowest, highest = _FLOOR[key] - rise.min(axis=1), _CEILING[key] - rise.max(axis=1)
    fits = lowest <= highest
    if not fits.any():
        raise SummaryTrialProblem(
            f"{ENDPOINTS[key].label}: with these rates every course runs off the scale. Check the "
            "unit, or choose shorter periods."
        )
    mean, sd = _AT_DAY0[key]
    wanted = rng.normal(mean, sd, len(slopes))
    # Where a course fits the scale at all it is moved onto it; otherwise its ends are held.
    on_scale = np.clip(wanted, lowest, np.maximum(lowest, highest))
    day0 = np.where(fits, on_scale, (lowest + highest) / 2)
    return np.asarray(day0[:, None] + rise)


def _on_scale(key: str, exact: FloatArray) -> tuple[FloatArray, tuple[int, float]]:
    """Return values as they are scored, how many were held at an end, and the largest shift."""
    kept = np.clip(exact, _FLOOR[key], _CEILING[key])
    scored = np.round(kept, _DECIMALS[key])
    held = int(np.sum(np.abs(kept - exact) > 1e-9))
    return scored, (held, float(np.abs(scored - exact).max()))


def _csv(values: dict[str, FloatArray], days: FloatArray) -> str:
    n = len(next(iter(values.values())))
    lines = [",".join(["patient_id", "days_since_transplant", *(_COLUMNS[key] for key in values)])]
    for who in range(n):
        for k, day in enumerate(days.astype(int).tolist()):
            cells = [f"{x[who, k]:.{_DECIMALS[key]}f}" for key, x in values.items()]
            lines.append(",".join([f"S{who + 1:02d}", str(day), *cells]))
    return "\n".join(lines) + "\n"


def _title(source: str) -> str:
    words = " ".join(source.split())[:40]
    return f"Simulated from a summary: {words}" if words else "Simulated from a printed summary"


def _notes(asked: AskedTrial, settings: Settings) -> tuple[str, ...]:
    whose = f" of {' '.join(asked.source.split())[:40]}" if asked.source.strip() else ""
    span = settings.min_span_days
    shorter = f" and a slope may span {span} days" if span < DEFAULT.min_span_days else ""
    return (
        f"Simulated from the printed summary{whose}: nobody’s data. Many different trials have the "
        "same summary; this is one of them.",
        f"n = {asked.n}, periods of {asked.before_months:g} and {asked.after_months:g} months, "
        f"{asked.visits} visits in each, straight courses, no dropout, values at day 0 made up; "
        "endpoints are drawn independently of each other.",
        f"It comes closest to the summary where day 0 belongs to both periods{shorter}.",
        f"Random seed {asked.seed}.",
    )


def _rates(trial: Trial, key: str, asked: AskedTrial, settings: Settings) -> FloatArray:
    table = slope_table(trial, key, settings)
    months = (asked.before_months, asked.after_months)
    return np.column_stack([table.before.slope * months[0], table.after.slope * months[1]])


def _moments(rates: FloatArray) -> Moments:
    # Rounded, because the noise of arithmetic would make an r where nothing varies.
    tidy = rounded(rates)
    varies = bool((tidy.max(axis=0) > tidy.min(axis=0)).all())
    r = float(np.asarray(np.corrcoef(rates.T))[0, 1]) if varies else math.nan
    before, after = rates.mean(axis=0).tolist()
    before_sd, after_sd = rates.std(axis=0, ddof=1).tolist()
    change, sd = after - before, float(np.std(rates[:, 1] - rates[:, 0], ddof=1))
    return Moments(before, before_sd, after, after_sd, r, change, sd, _p(change, sd, len(rates)))


def _asked_moments(asked: AskedEndpoint, n: int) -> Moments:
    a, b, r = asked.before_sd, asked.after_sd, asked.r
    # Equal to a² + b² − 2rab, and never below 0.
    sd = math.sqrt((a - b) ** 2 + 2 * (1 - r) * a * b)
    change = asked.after_mean - asked.before_mean
    return Moments(asked.before_mean, a, asked.after_mean, b, r, change, sd, _p(change, sd, n))


def _p(mean: float, sd: float, n: int) -> float:
    if sd <= 1e-10:
        return math.nan
    return float(2 * stats.t.sf(abs(mean) * math.sqrt(n) / sd, n - 1))
