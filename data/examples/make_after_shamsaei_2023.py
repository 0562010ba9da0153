"""Make the bundled example: a simulated trial after Shamsaei 2023.

No person is behind any value. The script searches, from one fixed seed, for ten plausible
courses of ALSFRS-R and FVC whose means and sample SDs of the slopes before and after the
transplant equal the published ones at two decimals, and writes them beside itself::

    python data/examples/make_after_shamsaei_2023.py

Method
------
1. Draw visit days around a plan of one visit every two months, and leave a few visits out.
2. Draw target slopes with exactly the wanted means, SDs and correlations.
3. Add visit noise that bears no trend of its own within a period, and round to the scale.
4. Rounding moves the slopes a little: a local search changes single visits by one step of
   the scale until all moments are back, keeping every course plausible.
5. Read the written file back and recompute everything with ``numpy.polyfit``.

A draw that fails the plausibility limits is thrown away and the next one is tried, so that
the seed alone decides the file.
"""

import csv
import json
from dataclasses import dataclass
from datetime import date, timedelta
from math import gamma, pi, sqrt
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

SEED = 2023043  # After the DOI; another seed gives another trial with the same moments.
N_PATIENTS = 10
DAYS_PER_MONTH = 30.4375
PERIOD_MONTHS = 10
PLAN_MONTHS = tuple(range(-10, 11, 2))
DAY0_SLOT = PLAN_MONTHS.index(0)
BEFORE = slice(0, DAY0_SLOT + 1)
AFTER = slice(DAY0_SLOT + 1, len(PLAN_MONTHS))
SIDES = (BEFORE, AFTER)
JITTER_DAYS = 7
MIN_SPAN_DAYS = 240
MIN_VISITS = 3
MISSED_VISITS = (0, 0, 0, 0, 1, 1, 1, 1, 1, 2)
N_WITHOUT_DAY0 = 2
N_WITHOUT_FVC = 2
# Two means, two SDs (0.005 would print the same two decimals) and the correlation.
TOLERANCES = (0.003, 0.003, 0.003, 0.003, 0.008)
SEARCH_STEPS = 10_000

HERE = Path(__file__).resolve().parent
STEM = "after_shamsaei_2023"
HEADER = (
    "patient_id", "transplant_date", "visit_date", "alsfrs_r", "fvc_percent",
    "sex", "age_years", "onset_site", "onset_date",
)  # fmt: skip


@dataclass(frozen=True)
class Endpoint:
    """What the trial must show for one endpoint, and what counts as plausible.

    Slopes, their means and SDs are per period of ten months. Pairs are (before, after) or
    (lowest, highest).

    Attributes
    ----------
    means, sds : tuple of float
        Published mean and sample SD of the slopes.
    correlation : float
        Wanted correlation of a patient's two slopes.
    step : float
        Smallest change the scale can show.
    noise_sd : float
        SD of the visit noise before rounding.
    residual_sd : tuple of float
        Limits of a patient's residual SD around both lines.
    value : tuple of float
        Limits of a single value.
    entry_above : float
        The last value before the transplant must exceed this.
    slopes_before, slopes_after : tuple of float
        Limits of a patient's slope.
    spread_after : tuple of float
        The lowest slope after must lie below the first, the highest above the second.
    max_change : float
        Largest change between two consecutive visits.
    max_gap : float
        Largest distance of the two lines at the transplant.
    """

    means: tuple[float, float]
    sds: tuple[float, float]
    correlation: float
    step: float
    noise_sd: float
    residual_sd: tuple[float, float]
    value: tuple[float, float]
    entry_above: float
    slopes_before: tuple[float, float]
    slopes_after: tuple[float, float]
    spread_after: tuple[float, float]
    max_change: float
    max_gap: float


ALSFRS_R = Endpoint(
    means=(-5.40, -2.00),
    sds=(2.30, 3.08),
    # The published P of .014 needs r = 0.16 in a paired t-test of ten patients.
    correlation=0.161,
    step=1.0,
    noise_sd=0.95,
    residual_sd=(0.65, 1.25),
    value=(8, 46),
    entry_above=26,
    slopes_before=(-10.0, -2.0),
    slopes_after=(-8.5, 3.2),
    spread_after=(-5.5, 1.0),
    max_change=4.0,
    max_gap=1.8,
)
FVC = Endpoint(
    means=(-12.60, -4.80),
    sds=(5.22, 14.72),
    correlation=0.40,
    step=0.1,
    noise_sd=2.7,
    residual_sd=(1.6, 3.9),
    value=(22, 118),
    entry_above=40,
    slopes_before=(-24.0, -4.0),
    slopes_after=(-34.0, 22.0),
    spread_after=(-24.0, 13.0),
    max_change=15.0,
    max_gap=5.5,
)
CROSS_CORRELATION = 0.45


@dataclass(frozen=True)
class Trial:
    """A found trial: one row a patient, one column a planned visit, NaN where missing."""

    days: Array
    alsfrs_r: Array
    fvc: Array
    transplants: list[date]
    sexes: list[str]
    ages: list[int]
    onset_sites: list[str]
    onsets: list[date]


def main() -> None:
    """Search, write both files, check what was written and print a summary."""
    trial = find_trial(np.random.default_rng(SEED))
    csv_path = HERE / f"{STEM}.csv"
    write_csv(trial, csv_path)
    write_json(HERE / f"{STEM}.json")
    verify(csv_path)


# Search -------------------------------------------------------------------------------


def find_trial(rng: np.random.Generator) -> Trial:
    """Draw visits and slopes until both endpoints can be matched.

    Parameters
    ----------
    rng : numpy.random.Generator
        The only source of chance.

    Returns
    -------
    Trial
        A trial with all moments matched and every course plausible.
    """
    transplants = draw_transplants(rng)
    days = draw_days(transplants, rng)
    fvc_days = leave_out_fvc(days, rng)
    while True:
        slopes_alsfrs, slopes_fvc = draw_slopes(rng)
        alsfrs_levels = draw_alsfrs_levels(slopes_alsfrs, rng)
        fvc_levels = draw_fvc_levels(slopes_fvc, rng)
        alsfrs = match(ALSFRS_R, days, slopes_alsfrs, alsfrs_levels, rng)
        if alsfrs is None:
            continue
        fvc = match(FVC, fvc_days, slopes_fvc, fvc_levels, rng)
        if fvc is not None:
            break
    bulbar = set(rng.choice(N_PATIENTS, size=2, replace=False).tolist())
    return Trial(
        days=days,
        alsfrs_r=alsfrs,
        fvc=fvc,
        transplants=transplants,
        sexes=[str(s) for s in rng.permutation(["F"] * 4 + ["M"] * 6)],
        ages=[int(a) for a in rng.integers(38, 67, size=N_PATIENTS)],
        onset_sites=["bulbar" if i in bulbar else "limb" for i in range(N_PATIENTS)],
        onsets=draw_onsets(transplants, alsfrs, slopes_alsfrs, rng),
    )


def draw_transplants(rng: np.random.Generator) -> list[date]:
    """Draw one transplant date a patient, in the order of enrolment.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    list of date
        Different working days from February 2020 to October 2021.
    """
    start, end = date(2020, 2, 3), date(2021, 10, 29)
    span = [start + timedelta(days=k) for k in range((end - start).days + 1)]
    working = [day for day in span if day.weekday() < 5]
    picked = np.sort(rng.choice(len(working), size=N_PATIENTS, replace=False))
    return [working[i] for i in picked]


def draw_days(transplants: list[date], rng: np.random.Generator) -> Array:
    """Draw the visit days, relative to each patient's transplant.

    Parameters
    ----------
    transplants : list of date
        Transplant date of each patient; visits fall on working days.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    ndarray, shape (patients, planned visits)
        Integer days; NaN for a missed visit. The transplant-day visit is at 0 for most
        patients and up to a week earlier for `N_WITHOUT_DAY0` of them.
    """
    missed = rng.permutation(np.array(MISSED_VISITS))
    early = set(rng.choice(N_PATIENTS, size=N_WITHOUT_DAY0, replace=False).tolist())
    rows: list[list[float]] = []
    while len(rows) < N_PATIENTS:
        i = len(rows)
        row = [draw_day(transplants[i], month, rng) for month in PLAN_MONTHS]
        row[DAY0_SLOT] = draw_day(transplants[i], 0, rng, latest=-1) if i in early else 0.0
        if all(row[side][-1] - row[side][0] >= MIN_SPAN_DAYS for side in SIDES):
            rows.append(row)
    days = np.array(rows)
    for i, n_missed in enumerate(missed):
        days[i, draw_missed(int(n_missed), rng)] = np.nan
    return days


def draw_day(
    transplant: date, month: int, rng: np.random.Generator, latest: int | None = None
) -> float:
    """Draw one visit day near its planned month, on a working day.

    Parameters
    ----------
    transplant : date
        Day 0 of the patient.
    month : int
        Planned month.
    rng : numpy.random.Generator
        Source of chance.
    latest : int, optional
        Latest day allowed.

    Returns
    -------
    float
        Day relative to the transplant.
    """
    planned = round(month * DAYS_PER_MONTH)
    window = range(planned - JITTER_DAYS, planned + JITTER_DAYS + 1)
    working = [day for day in window if (transplant + timedelta(days=day)).weekday() < 5]
    return float(rng.choice([day for day in working if latest is None or day <= latest]))


def draw_missed(n_missed: int, rng: np.random.Generator) -> list[int]:
    """Choose the visits a patient missed, at most one in each period.

    Parameters
    ----------
    n_missed : int
        0, 1 or 2.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    list of int
        Positions in the plan; never the first or last visit of a period.
    """
    inner = [rng.integers(side.start + 1, side.stop - 1) for side in SIDES]
    return [int(slot) for slot in rng.permutation(inner)[:n_missed]]


def leave_out_fvc(days: Array, rng: np.random.Generator) -> Array:
    """Copy the visit days and leave out FVC at a few inner visits after the transplant.

    Parameters
    ----------
    days : ndarray
        Visit days.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    ndarray
        Days with an FVC value; only patients with all visits lose one.
    """
    fvc_days = days.copy()
    complete = np.flatnonzero(~np.isnan(days).any(axis=1))
    for i in rng.choice(complete, size=N_WITHOUT_FVC, replace=False):
        fvc_days[i, rng.integers(AFTER.start + 1, AFTER.stop - 1)] = np.nan
    return fvc_days


def draw_slopes(rng: np.random.Generator) -> tuple[Array, Array]:
    """Draw target slopes with exact moments and plausible extremes.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    alsfrs_r, fvc : ndarray, shape (patients, 2)
        Slopes per period, before and after.
    """
    c = CROSS_CORRELATION
    r_alsfrs, r_fvc = ALSFRS_R.correlation, FVC.correlation
    wanted = np.array(
        [
            [1.0, r_alsfrs, c, 0.1],
            [r_alsfrs, 1.0, 0.1, c],
            [c, 0.1, 1.0, r_fvc],
            [0.1, c, r_fvc, 1.0],
        ]
    )
    while True:
        scores = rng.standard_normal((N_PATIENTS, 4))
        scores -= scores.mean(axis=0)
        actual = np.linalg.cholesky(np.cov(scores, rowvar=False))
        scores = scores @ np.linalg.inv(actual).T @ np.linalg.cholesky(wanted).T
        alsfrs = np.array(ALSFRS_R.means) + scores[:, :2] * np.array(ALSFRS_R.sds)
        fvc = np.array(FVC.means) + scores[:, 2:] * np.array(FVC.sds)
        if slopes_plausible(ALSFRS_R, alsfrs) and slopes_plausible(FVC, fvc):
            return alsfrs, fvc


def slopes_plausible(endpoint: Endpoint, slopes: Array) -> bool:
    """Tell whether the extremes of the slopes are plausible, and spread as wanted.

    Parameters
    ----------
    endpoint : Endpoint
        The limits.
    slopes : ndarray, shape (patients, 2)
        Slopes per period.

    Returns
    -------
    bool
        True if all limits hold.
    """
    before, after = slopes.T
    return bool(
        within(before, endpoint.slopes_before)
        and within(after, endpoint.slopes_after)
        and after.min() <= endpoint.spread_after[0]
        and after.max() >= endpoint.spread_after[1]
    )


def draw_alsfrs_levels(slopes: Array, rng: np.random.Generator) -> Array:
    """Draw ALSFRS-R at the transplant, lower for those who declined faster before.

    Parameters
    ----------
    slopes : ndarray, shape (patients, 2)
        Slopes per period.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    ndarray, shape (patients,)
        Levels that meet the entry criterion and leave room above the first visit.
    """
    levels = 34.5 + 0.5 * (slopes[:, 0] + 5.4) + rng.normal(0, 3.2, size=N_PATIENTS)
    return np.clip(levels, 29.0, 44.0 + slopes[:, 0])


def draw_fvc_levels(slopes: Array, rng: np.random.Generator) -> Array:
    """Draw FVC at the transplant, higher for those who fall steeply afterwards.

    Parameters
    ----------
    slopes : ndarray, shape (patients, 2)
        Slopes per period.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    ndarray, shape (patients,)
        Levels that keep both ends of the course inside the plausible range.
    """
    levels = 70.0 - 0.45 * (slopes[:, 1] + 4.8) + rng.normal(0, 8.0, size=N_PATIENTS)
    return np.clip(levels, 50.0, 104.0 + slopes[:, 0])


def match(
    endpoint: Endpoint, days: Array, slopes: Array, levels: Array, rng: np.random.Generator
) -> Array | None:
    """Make the courses of one endpoint and match their moments.

    Parameters
    ----------
    endpoint : Endpoint
        Wanted moments and limits.
    days : ndarray
        Visit days with a value.
    slopes, levels : ndarray
        Target slopes per period and levels at the transplant.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    ndarray or None
        Rounded values, or None if this draw cannot be matched plausibly.
    """
    months = days / DAYS_PER_MONTH
    values = np.full_like(months, np.nan)
    for i in range(N_PATIENTS):
        for _ in range(200):
            values[i] = draw_course(endpoint, months[i], slopes[i], levels[i], rng)
            if course_plausible(endpoint, months[i], values[i]):
                break
        else:
            return None
    return local_search(endpoint, months, values, rng)


def draw_course(
    endpoint: Endpoint, months: Array, slopes: Array, level: float, rng: np.random.Generator
) -> Array:
    """Draw one patient's values: a bent line plus noise without a trend of its own.

    Parameters
    ----------
    endpoint : Endpoint
        Noise and scale.
    months : ndarray
        Visit times, NaN where there is no value.
    slopes : ndarray, shape (2,)
        Slopes per period.
    level : float
        Value at the transplant.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    ndarray
        Values rounded to the scale.
    """
    course = np.full_like(months, level)
    noise = rng.normal(0.0, endpoint.noise_sd, size=months.size)
    for side, slope in zip(SIDES, slopes, strict=True):
        course[side] += slope / PERIOD_MONTHS * months[side]
        weights = slope_weights(months[side])
        trend = np.sum(weights * noise[side])
        noise[side] -= trend * (months[side] - np.nanmean(months[side]))
    return np.round((course + noise) / endpoint.step) * endpoint.step


def local_search(
    endpoint: Endpoint, months: Array, values: Array, rng: np.random.Generator
) -> Array | None:
    """Change single visits by one step of the scale until the moments are matched.

    Parameters
    ----------
    endpoint : Endpoint
        Wanted moments and limits.
    months, values : ndarray, shape (patients, planned visits)
        Visit times and starting values; both NaN where there is no value.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    ndarray or None
        Matched values, or None if the search got stuck.
    """
    values = values.copy()
    weights = period_weights(months)
    slopes = period_slopes(weights, values)
    cost = distance(endpoint, slopes)
    cells = np.argwhere(~np.isnan(months))
    for _ in range(SEARCH_STEPS):
        if cost == 0.0:
            break
        n_moves = int(rng.integers(1, 4))
        rows, columns = cells[rng.integers(len(cells), size=n_moves)].T
        moves = endpoint.step * rng.choice([-1.0, 1.0], size=n_moves)
        new_slopes = slopes.copy()
        sides = (columns >= AFTER.start).astype(int)
        np.add.at(new_slopes, (rows, sides), weights[rows, columns] * moves)
        new_cost = distance(endpoint, new_slopes)
        if new_cost >= cost:
            continue
        trial = values.copy()
        np.add.at(trial, (rows, columns), moves)
        if all(course_plausible(endpoint, months[i], trial[i]) for i in rows):
            values, slopes, cost = trial, new_slopes, new_cost
    return values if cost == 0.0 and slopes_plausible(endpoint, slopes) else None


def distance(endpoint: Endpoint, slopes: Array) -> float:
    """Measure how far the slopes are from the wanted moments.

    Parameters
    ----------
    endpoint : Endpoint
        Wanted moments.
    slopes : ndarray, shape (patients, 2)
        Slopes per period.

    Returns
    -------
    float
        Sum of squared distances of means, SDs and correlation, each in units of its
        tolerance; exactly zero when all are inside theirs.
    """
    means = slopes.mean(axis=0)
    centred = slopes - means
    sds = np.sqrt((centred**2).sum(axis=0) / (N_PATIENTS - 1))
    r = np.prod(centred, axis=1).sum() / ((N_PATIENTS - 1) * np.prod(sds))
    away = np.array([*(means - endpoint.means), *(sds - endpoint.sds), r - endpoint.correlation])
    return float(np.sum(np.maximum(np.abs(away / TOLERANCES) - 1.0, 0.0) ** 2))


# Courses ------------------------------------------------------------------------------


def slope_weights(months: Array) -> Array:
    """Return the weights whose sum with the values is the least-squares slope, 0 for NaN."""
    centred = months - np.nanmean(months)
    weights: Array = np.nan_to_num(centred / np.nansum(centred**2))
    return weights


def period_weights(months: Array) -> Array:
    """Return the slope weights of every visit of every patient, per period."""
    rows = [np.concatenate([slope_weights(row[side]) for side in SIDES]) for row in months]
    return np.array(rows) * PERIOD_MONTHS


def period_slopes(weights: Array, values: Array) -> Array:
    """Return the slopes per period, shape (patients, 2)."""
    terms = weights * np.nan_to_num(values)
    return np.column_stack([terms[:, side].sum(axis=1) for side in SIDES])


def course_plausible(endpoint: Endpoint, months: Array, values: Array) -> bool:
    """Tell whether one patient's course looks like a real one.

    Parameters
    ----------
    endpoint : Endpoint
        The limits.
    months, values : ndarray
        One patient's visit times and values; both NaN where there is no value.

    Returns
    -------
    bool
        True if values, changes, residuals, the entry criterion and the step between the
        two lines at the transplant are all within their limits.
    """
    seen = ~np.isnan(values)
    if not within(values[seen], endpoint.value) or values[DAY0_SLOT] <= endpoint.entry_above:
        return False
    if np.abs(np.diff(values[seen])).max() > endpoint.max_change:
        return False
    squares, at_day0 = 0.0, []
    for side in SIDES:
        ok = seen[side]
        times, scores = months[side][ok], values[side][ok]
        slope = float(np.sum(slope_weights(times) * scores))
        intercept = scores.mean() - slope * times.mean()
        squares += float(np.sum((scores - intercept - slope * times) ** 2))
        at_day0.append(intercept)
    residual_sd = sqrt(squares / (seen.sum() - 4))
    low, high = endpoint.residual_sd
    return low <= residual_sd <= high and abs(at_day0[1] - at_day0[0]) <= endpoint.max_gap


def within(values: Array, limits: tuple[float, float]) -> bool:
    """Tell whether all values lie between the limits, ends included."""
    return bool(values.min() >= limits[0] and values.max() <= limits[1])


def draw_onsets(
    transplants: list[date], alsfrs: Array, slopes: Array, rng: np.random.Generator
) -> list[date]:
    """Draw onset dates that agree with the points lost by the first visit.

    Parameters
    ----------
    transplants : list of date
        Day 0 of each patient.
    alsfrs : ndarray
        ALSFRS-R values.
    slopes : ndarray, shape (patients, 2)
        Target slopes per period.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    list of date
        Onsets 12 to 34 months before the transplant.
    """
    lost = 48.0 - alsfrs[:, 0]
    rate = -slopes[:, 0] / PERIOD_MONTHS * rng.uniform(0.8, 1.5, size=N_PATIENTS)
    jitter = rng.uniform(-1.5, 2.5, size=N_PATIENTS)
    months = np.clip(PERIOD_MONTHS + lost / rate, 14.0, 31.0) + jitter
    return [
        day - timedelta(days=round(float(m) * DAYS_PER_MONTH))
        for day, m in zip(transplants, months, strict=True)
    ]


# Files --------------------------------------------------------------------------------


def write_csv(trial: Trial, path: Path) -> None:
    """Write one row a visit, with the same bytes on every system."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(HEADER)
        for i in range(N_PATIENTS):
            for j in np.flatnonzero(~np.isnan(trial.days[i])):
                writer.writerow(visit_row(trial, i, int(j)))


def visit_row(trial: Trial, i: int, j: int) -> list[str]:
    """Return the cells of visit `j` of patient `i` in the order of the header."""
    visit = trial.transplants[i] + timedelta(days=int(trial.days[i, j]))
    fvc = trial.fvc[i, j]
    return [
        f"P{i + 1:02d}",
        trial.transplants[i].isoformat(),
        visit.isoformat(),
        f"{trial.alsfrs_r[i, j]:.0f}",
        "" if np.isnan(fvc) else f"{fvc:.1f}",
        trial.sexes[i],
        str(trial.ages[i]),
        trial.onset_sites[i],
        trial.onsets[i].isoformat(),
    ]


def write_json(path: Path) -> None:
    """Write the description that travels with the trial."""
    text = json.dumps(description(), indent=2, ensure_ascii=False)
    path.write_bytes(f"{text}\n".encode())


def description() -> dict[str, Any]:
    """Return title, settings, source and notes of the trial."""
    return {
        "id": "after-shamsaei-2023",
        "title": "Simulated trial after Shamsaei 2023",
        "simulated": True,
        "file": f"{STEM}.csv",
        "period_months": {"before": PERIOD_MONTHS, "after": PERIOD_MONTHS},
        "settings": {"rate_unit": "period"},
        "source": {
            "doi": "10.34172/apb.2023.043",
            "citation": (
                "Shamsaei G, Houshmand F, Ahmadzadeh Deylami A, Valizadeh A, Rafie S, Moradi M. "
                "The Efficacy and Safety of Intrathecal Autologous Bone Marrow-Derived "
                "Mesenchymal Stromal Cells in Amyotrophic Lateral Sclerosis: A Pilot Study. "
                "Adv Pharm Bull 2023;13(2):361-367."
            ),
        },
        "notes": [
            "This trial is simulated: no person is behind any value, date or characteristic.",
            "It was built so that the means and SDs of the per-patient slopes equal the published "
            "ones at two decimals, per period of 10 months and with the transplant-day visit "
            "counted as before: ALSFRS-R −5.40 (SD 2.30) before and −2.00 (SD 3.08) after; "
            "FVC −12.60 (SD 5.22) before and −4.80 (SD 14.72) after.",
            "The abstract of the paper gives neither the number of patients, nor the length of the "
            "period before the transplant, nor the tests used.",
            "Our assumptions: 10 patients (the registered target), a run-in of 10 months, a visit "
            "about every 2 months, the visit noise, every single course, and the reading of ± as "
            "a sample SD.",
            "The P values are this trial's own. The correlation of the two ALSFRS-R slopes was "
            "chosen so that a paired t-test gives about the published P of .014; a published P "
            "met by construction confirms nothing.",
            "The published FVC P < .001 is not reproduced: with 10 patients, these means and SDs, "
            "no paired t-test gives a P below .029.",
            "No effect of a transplant may be inferred from this trial: it has no comparison "
            "group, and its slower decline after the transplant was put in by us.",
        ],
    }


# Check --------------------------------------------------------------------------------


def verify(path: Path) -> None:
    """Recompute the moments from the written file by another route, and print them.

    Parameters
    ----------
    path : Path
        The written CSV.

    Raises
    ------
    AssertionError
        If a moment, a span, a visit count or the ALSFRS-R P is not as wanted.
    """
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    for column, endpoint in (("alsfrs_r", ALSFRS_R), ("fvc_percent", FVC)):
        slopes = np.array(list(slopes_from_rows(rows, column).values()))
        means, sds = slopes.mean(axis=0), slopes.std(axis=0, ddof=1)
        assert slopes.shape == (N_PATIENTS, 2)
        for got, wanted in zip((*means, *sds), (*endpoint.means, *endpoint.sds), strict=True):
            assert f"{got:.2f}" == f"{wanted:.2f}", (column, got, wanted)
        p = paired_t_p(slopes)
        assert column != "alsfrs_r" or 0.012 < p < 0.016, p
        print(
            f"{column}: before {means[0]:.3f} (SD {sds[0]:.3f}), after {means[1]:.3f} "
            f"(SD {sds[1]:.3f}), r {np.corrcoef(slopes.T)[0, 1]:.3f}, paired t P {p:.4f}"
        )


def slopes_from_rows(rows: list[dict[str, str]], column: str) -> dict[str, tuple[float, float]]:
    """Fit each patient's two lines with ``numpy.polyfit``.

    Parameters
    ----------
    rows : list of dict
        Rows of the CSV.
    column : str
        Endpoint column; empty cells are left out.

    Returns
    -------
    dict
        Slopes per period (before, after) by patient.
    """
    slopes = {}
    for patient in dict.fromkeys(row["patient_id"] for row in rows):
        own = [row for row in rows if row["patient_id"] == patient and row[column]]
        values = np.array([float(row[column]) for row in own])
        days = np.array([days_from_transplant(row) for row in own])
        both = []
        for side in (days <= 0, days > 0):
            assert side.sum() >= MIN_VISITS, (patient, column)
            assert np.ptp(days[side]) >= MIN_SPAN_DAYS, (patient, column)
            fit = np.polyfit(days[side] / DAYS_PER_MONTH, values[side], 1)
            both.append(float(fit[0]) * PERIOD_MONTHS)
        slopes[patient] = (both[0], both[1])
    return slopes


def days_from_transplant(row: dict[str, str]) -> int:
    """Return the day of a visit relative to the transplant."""
    visit = date.fromisoformat(row["visit_date"])
    return (visit - date.fromisoformat(row["transplant_date"])).days


def paired_t_p(slopes: Array) -> float:
    """Return the two-sided P of the paired t-test, by numerical integration.

    Parameters
    ----------
    slopes : ndarray, shape (patients, 2)
        Slopes before and after.

    Returns
    -------
    float
        P value, good to about six decimals.
    """
    change = slopes[:, 1] - slopes[:, 0]
    df = change.size - 1
    t = abs(change.mean()) / (change.std(ddof=1) / sqrt(change.size))
    grid = np.linspace(0.0, t, 20_001)
    constant = gamma((df + 1) / 2) / (sqrt(df * pi) * gamma(df / 2))
    density = constant * (1.0 + grid**2 / df) ** (-(df + 1) / 2)
    inside = np.sum((density[1:] + density[:-1]) / 2) * (grid[1] - grid[0])
    return float(1.0 - 2.0 * inside)


if __name__ == "__main__":
    main()
