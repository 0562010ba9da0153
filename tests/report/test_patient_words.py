"""What is said of one patient: every sentence against numbers worked out by hand or by numpy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from analysis.compare import compare
from analysis.comparison import EndpointComparison
from analysis.individual_change import DetectableChange, IndividualChange
from analysis.projection import Gap, Projected
from analysis.results import Interval
from analysis.settings import Settings
from data.endpoints import ENDPOINTS
from data.examples import load_example
from report import patient_words as words
from report.patient_card import last_values
from tests.conftest import compared, made

DAY = 30.4375
ALSFRS, FVC = ENDPOINTS["alsfrs_r"], ENDPOINTS["fvc"]


def course(before: float, after: float, months=(-9, -6, -3, 0, 3, 6, 9), noise=()):
    """Return visits on two lines that meet at day 0, with given deviations."""
    given = dict(noise)
    line = {m: 30 + (before if m <= 0 else after) * m + given.get(m, 0) for m in months}
    return {m * DAY: value for m, value in line.items()}


WOBBLE = ((-9, 0.5), (-6, -1.0), (-3, 0.5), (3, 0.5), (6, -1.0), (9, 0.5))
"""Deviations that leave the slopes alone: they sum to 0, and to 0 with the months."""


def of(**people) -> EndpointComparison:
    return compared(made(people))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (-2, -1, "less steep after, +1.00 points/month"),
        (-1, -2, "steeper after, −1.00 points/month"),
        (-1, 1, "slope higher after, +2.00 points/month"),
        (1, -1, "slope lower after, −2.00 points/month"),
    ],
)
def test_direction_is_said_when_the_interval_excludes_zero(before, after, expected):
    result = of(A=course(before, after), B=course(-1, -1, noise=[(3, 2), (6, -2), (9, 1)]))
    assert words.heading(result, 0, 0.95) == f"ALSFRS-R: {expected}"
    interval = result.change_interval(0, 0.95)
    assert interval is not None
    assert interval.excludes_zero


def test_inconclusive_where_the_interval_holds_zero():
    rough = {
        day: value + (4 if k % 2 else -4) for k, (day, value) in enumerate(course(-1, -0.6).items())
    }
    result = of(A=rough, B=rough)
    assert words.heading(result, 0, 0.95).startswith("ALSFRS-R: inconclusive, ")


def test_no_verdict_below_three_visits_before():
    two = course(-2, 0, months=(-6, 0, 3, 6, 9))
    three = course(-2, 0, months=(-6, -3, 0, 3, 6, 9))
    result = of(A=two, B=three, C=course(-1, -1, noise=WOBBLE))
    assert words.heading(result, 0, 0.95) == "ALSFRS-R: no verdict, 2 visits before"
    assert words.percent_words(result, 0) == ""
    assert "no verdict" not in words.heading(result, 1, 0.95)


def test_not_compared_and_why_no_slope():
    result = of(A=course(-1, -1, months=(-6, -3, 0)), B=course(-1, -1, noise=WOBBLE))
    assert words.heading(result, 0, 0.95) == "ALSFRS-R: not compared"
    assert words.slope_words(result, "after", 0, 0.95) == "no slope, 0 visits"
    assert words.short_change(result, 0, 0.95) == "–"


def test_slope_with_its_interval_visits_and_span():
    result = of(A=course(-1.5, -0.5, noise=WOBBLE))
    # By hand: residual SD of both periods pooled, t quantile, and the spread of the months.
    x = np.array([-9.0, -6, -3, 0])
    y = 30 - 1.5 * x + np.array([0.5, -1.0, 0.5, 0])
    z = np.array([3.0, 6, 9])
    w = 30 - 0.5 * z + np.array([0.5, -1.0, 0.5])
    rss = sum(np.sum((b - np.polyval(np.polyfit(a, b, 1), a)) ** 2) for a, b in ((x, y), (z, w)))
    df = 4 - 2 + 3 - 2
    slope = np.polyfit(x, y, 1)[0]
    half = stats.t.ppf(0.975, df) * math.sqrt(rss / df / np.sum((x - x.mean()) ** 2))
    low, high = (f"{v:.2f}".replace("-", "−") for v in (slope - half, slope + half))
    expected = f"{slope:.2f} (95 % CI {low} to {high}), 4 visits, 9.0 months".replace("-", "−")
    assert words.slope_words(result, "before", 0, 0.95) == expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (-2, -1, "50 % less steep than before"),
        (-1, -1.5, "50 % steeper than before"),
        (-1, 0.5, "more than 100 % less steep: the slope after is no decline"),
        (-0.2, -1, "in % not defined: slope before too near 0"),
        (0.5, -1, "in % not defined: slope before too near 0"),
        (-0.25, -0.125, "50 % less steep than before"),
    ],
)
def test_per_cent_only_where_it_is_defined(before, after, expected):
    assert words.percent_words(of(A=course(before, after, noise=WOBBLE[:0])), 0) == expected


def gap(value, half, *, verdict=True, reason=""):
    interval = None if half is None else Interval(value - half, value + half, 0.95, 0.95)
    return Gap(7.63, 27.0, 27 - value, value, interval, 4, False, verdict, reason)


@pytest.mark.parametrize(
    ("value", "half", "expected"),
    [
        (6.4, 5, "+6.4 points (95 % 1.4 to 11.4) at +7.6 months, above the prediction band"),
        (-6.4, 5, "−6.4 points (95 % −11.4 to −1.4) at +7.6 months, below the prediction band"),
        (2, 5, "+2.0 points (95 % −3.0 to 7.0) at +7.6 months, within the prediction band"),
    ],
)
def test_gap_to_the_projection(value, half, expected):
    assert words.gap_words(ALSFRS, gap(value, half)) == expected


def test_gap_without_a_verdict_says_no_side():
    said = words.gap_words(ALSFRS, gap(9, 5, verdict=False, reason="2 visits before day 0"))
    assert said.endswith("no verdict: 2 visits before day 0")
    assert "band" not in said


def test_projection_with_band_without_it_and_cut():
    at = Projected(9, 24.61, 19.08, 30.14, 5, False)
    assert words.projected_words(ALSFRS, at, 0.95) == "24.6 points (95 % prediction 19.1 to 30.1)"
    bare = Projected(9, 24.61, math.nan, math.nan, 5, False)
    assert words.projected_words(ALSFRS, bare, 0.95) == "24.6 points (no prediction interval)"
    assert words.projected_words(ALSFRS, Projected(9, 0, 0, 3, 5, True), 0.9).startswith(
        "at the end of the scale, 0.0 points (90 % "
    )


def seen(change, own, *, published: float | None = 5.0, month=0.0):
    return IndividualChange(
        month, 32.0, 9.0, 32.0 + change, change, math.nan, own / 2, 20, None, own,
        None if published is None else DetectableChange(published, "somebody"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("change", "own", "published", "expected"),
    [
        (-9, 4.1, 5.0, "down 9 points since day 0, more than repeat scoring alone produces "
         "(> 5 points published, > 4.1 points here)"),
        (-3, 4.1, 5.0, "down 3 points since day 0, which two single visits cannot tell from repeat "
         "scoring (> 5 points published, > 4.1 points here); the slope uses all visits"),
        (-1, 4.1, None, "down 1 point since day 0, which two single visits cannot tell from repeat "
         "scoring (> 4.1 points here); the slope uses all visits"),
        (-5, 4.1, 5.0, "down 5 points since day 0; beyond this trial’s scatter (> 4.1), "
         "within the published limit (> 5)"),
        (6, 8.0, 5.0, "up 6 points since day 0; within this trial’s scatter (> 8.0), "
         "beyond the published limit (> 5)"),
        (0, 4.1, 5.0, "unchanged since day 0"),
        (-7, math.nan, 5.0, "down 7 points since day 0, more than repeat scoring alone produces "
         "(> 5 points published)"),
        (-7, math.nan, None, "down 7 points since day 0; how much repeat scoring alone produces is "
         "not known"),
    ],
)  # fmt: skip
def test_change_since_day0_against_repeat_scoring(change, own, published, expected):
    said = words.since_day0_words(ALSFRS, seen(change, own, published=published))
    assert said.replace("\u00a0", " ") == expected


def test_a_change_is_that_of_the_values_as_they_are_written():
    fvc = IndividualChange(0.0, 58.4, 9.0, 72.6, 14.2, math.nan, 1.0, 20, None, 2.0, None)
    said = words.since_day0_words(ENDPOINTS["fvc"], fvc)
    assert said.startswith("up 15 % predicted since day 0, more than repeat measurement alone")


def test_an_old_visit_is_not_called_day_0():
    assert "since the visit at −2.5 months" in words.since_day0_words(
        ALSFRS, seen(-9, 4, month=-2.5)
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (80, "not below the guide of 80 %"),
        (79.9, "between the guides of 50 and 80 %"),
        (50, "between the guides of 50 and 80 %"),
        (49.9, "below the guide of 50 %"),
    ],
)
def test_guides_of_fvc(value, expected):
    assert words.guide_words(value).replace("\u00a0", " ") == expected


def test_delta_fs():
    assert words.delta_fs_words(0.634, "intermediate", 0.0) == "0.63 points/month, intermediate"
    assert words.delta_fs_words(0.4, "slow", -1.24).endswith("slow, from the visit at −1.2 months")
    assert words.delta_fs_words(math.nan, "", math.nan).startswith("not known")


def test_who_is_told_carefully_on_paper():
    trial = made({"A": course(-1, -1)})
    people = trial.patients
    people["sex"], people["age"], people["onset_site"] = "F", 93.0, "seen by Dr. Who, limb"
    people["onset_day"] = -600.0
    old = type(trial)(people, trial.measurements, trial.events)
    assert words.who(old, 0)[:2] == ["woman", "93 years"]
    assert words.who(old, 0, cautious=True) == [
        "woman", "over 89 years", "20 months from onset to transplant",
    ]  # fmt: skip


def test_endpoints_disagree_only_when_both_are_clear_and_have_a_verdict():
    quiet = course(-1, -1, noise=[(3, 0.2)])
    up, down = of(A=course(-2, -1), B=quiet), of(A=course(-1, -2), B=quiet)
    assert words.disagree((up, down), 0, 0.95)
    assert not words.disagree((up, up), 0, 0.95)
    assert not words.disagree((up,), 0, 0.95)
    short = of(A=course(-1, -2, months=(-3, 0, 3, 6, 9)), B=quiet)
    assert not words.disagree((up, short), 0, 0.95)


def test_the_last_value_after_ventilation_is_told_though_it_does_not_count():
    trial = load_example("every-detail").trial
    result = compare(trial, Settings(fvc_until="niv")).endpoint("fvc")
    whole = compare(trial, Settings()).endpoint("fvc")
    assert result is not None
    assert whole is not None
    patient = trial.patient_ids.index("P14")
    frame = trial.measurements_frame
    mine = frame[(frame["patient"] == "P14") & (frame["endpoint"] == "fvc")].sort_values("day")
    last = f"{mine['value'].iloc[-1]:.0f} at +{mine['day'].iloc[-1] / 30.4375:.1f} months"
    assert last_values(result, patient)[1].endswith(
        f"; not counted, as ventilation had begun: {last}"
    )
    assert "ventilation" not in last_values(whole, patient)[1]
