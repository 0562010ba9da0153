"""Which visit enters which slope, and what is said of those who drop out; worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from analysis.compare import compare
from analysis.day0 import day0_offsets
from analysis.settings import PatientExclusion, PointDecision, Settings, SettingsProblem
from data.trial import DAYS_PER_MONTH, Periods
from tests.conftest import compared, ends, frame_from, made, reasons, trial_from

MONTH = DAYS_PER_MONTH
# One point a month before, half a point a month after.
COURSE = {day: 40 - day / MONTH * (1 if day <= 0 else 0.5) for day in (-180, -90, 0, 90, 180)}


def days_used(result, patient=0):
    """Return the days of the visits in each slope."""
    points = result.slopes.points
    mine = points.patient == patient
    day = np.round(points.month * MONTH, 6)
    return tuple(sorted(day[side & mine].tolist()) for side in (points.before, points.after))


@pytest.mark.parametrize(
    ("rule", "before", "after"),
    [
        ("before", [-180, -90, 0], [90, 180]),
        ("after", [-180, -90], [0, 90, 180]),
        ("both", [-180, -90, 0], [0, 90, 180]),
        ("neither", [-180, -90], [90, 180]),
    ],
)
def test_the_rule_decides_the_side_of_the_day_0_visit(rule, before, after):
    assert days_used(compared(made({"A": COURSE}), day0=rule)) == (before, after)


def test_slopes_of_exact_lines_are_those_lines():
    result = compared(made({"A": COURSE}))
    assert result.before[0] == pytest.approx(-1)
    assert result.after[0] == pytest.approx(-0.5)
    assert result.change[0] == pytest.approx(0.5)


def test_windows_take_in_three_days_beyond_their_length():
    edge = round(3 * MONTH, 6) + 3
    course = {-edge - 0.01: 41, -edge: 40, -10: 39, 10: 39, edge: 38, edge + 0.01: 37}
    result = compared(made({"A": course}), pre_months=3, post_months=3)
    assert days_used(result) == ([-edge, -10], [10, edge])


@pytest.mark.parametrize("months", range(1, 25))
def test_a_window_takes_in_the_same_day_of_the_month(months):
    day0 = pd.Timestamp("2023-07-15")
    same_day = (day0 + pd.DateOffset(months=months) - day0).days
    result = compared(made({"A": {-90: 40, 0: 39, same_day: 38}}), post_months=months)
    assert days_used(result)[1] == [same_day]


def test_a_window_on_one_side_leaves_the_other_alone():
    trial = made({"A": COURSE})
    assert days_used(compared(trial, pre_months=3)) == ([-90, 0], [90, 180])
    assert days_used(compared(trial, post_months=3)) == ([-180, -90, 0], [90])


def test_skipped_days_include_their_last_day_and_touch_only_the_side_after():
    course = {-90: 40, -20: 39, 0: 38, 1: 38, 30: 37, 31: 37, 120: 35}
    trial = made({"A": course})
    assert days_used(compared(trial, skip_days=30)) == ([-90, -20, 0], [31, 120])
    assert days_used(compared(trial, skip_days=30, day0="after")) == ([-90, -20], [31, 120])
    assert days_used(compared(trial, skip_days=0))[1] == [1, 30, 31, 120]


SEVERAL = {"A": {-90: 40, 0: 39, 60: 38, 100: 37, 130: 36, 200: 35}}
TWICE = {"A": (0.0, 100.0)}


@pytest.mark.parametrize(
    ("which", "before", "after"),
    [
        (0, [-90, 0], [60, 100, 130, 200]),
        (1, [-190, -100, -40, 0], [30, 100]),
        (-1, [-190, -100, -40, 0], [30, 100]),
    ],
)
def test_day_0_is_the_chosen_transplant(which, before, after):
    trial = made(SEVERAL, transplants=TWICE)
    assert days_used(compared(trial, transplant=which)) == (before, after)


def test_a_missing_further_transplant_is_a_reason():
    trial = made(
        {"A": COURSE, "B": COURSE, "C": COURSE},
        transplants={"B": (0.0, 0.5), "C": ()},
    )
    assert reasons(compared(trial, transplant=2)) == {
        "A": "only 1 transplant",
        "B": "only 2 transplants",
        "C": "no transplant date",
    }
    assert reasons(compared(trial, transplant=-1)) == {"C": "no transplant date"}


def test_the_side_after_can_stop_at_the_next_transplant():
    trial = made(SEVERAL, transplants=TWICE)
    assert days_used(compared(trial, stop_at_next=True)) == ([-90, 0], [60, 100])
    assert days_used(compared(trial, stop_at_next=True, transplant=1))[1] == [30, 100]
    assert days_used(compared(trial, stop_at_next=False))[1] == [60, 100, 130, 200]


def test_moving_day_0_moves_visits_across():
    assert days_used(compared(made({"A": COURSE}), shift_days=-90)) == ([-90, 0], [90, 180, 270])
    assert days_used(compared(made({"A": COURSE}), shift_days=45)) == ([-225, -135, -45], [45, 135])


@pytest.mark.parametrize(
    ("course", "settings", "reason"),
    [
        ({-90: 40, 0: 39, 90: 38}, {}, "1 visit after, 2 needed"),
        ({-90: 40, 60: 39, 150: 38}, {}, "1 visit before, 2 needed"),
        ({-90: 40, 90: 39}, {}, "1 visit before, 2 needed; 1 visit after, 2 needed"),
        (
            {-90: 40, 0: 39, 60: 38, 150: 37},
            {"min_visits": 3},
            "2 visits before, 3 needed; 2 visits after, 3 needed",
        ),
        ({-40: 40, 0: 39, 60: 38, 150: 37}, {}, "visits before span 40 days, 60 needed"),
        ({-60: 40, 0: 39, 60: 38, 119: 37}, {}, "visits after span 59 days, 60 needed"),
        ({-90: 40, 0: 39}, {}, "no ALSFRS-R visit after day 0 in the window"),
        ({30: 40, 90: 39}, {}, "no ALSFRS-R visit before day 0 in the window"),
        (
            {-200: 40, 200: 39},
            {"pre_months": 1, "post_months": 1},
            "no ALSFRS-R visit in the windows",
        ),
    ],
)
def test_reasons_in_words(course, settings, reason):
    assert reasons(compared(made({"A": course, "B": COURSE}), **settings))["A"] == reason


def test_a_patient_without_a_value_of_the_endpoint_is_named():
    result = compared(made({"A": COURSE}, patients=["A", "Z"]))
    assert reasons(result) == {"Z": "no ALSFRS-R value"}


def test_the_shortest_allowed_span_is_enough():
    result = compared(made({"A": {-60: 40, 0: 39, 30: 38, 90: 37}}))
    assert reasons(result) == {}
    assert result.n == 1


def test_a_span_just_too_short_is_not_rounded_up_to_what_is_needed():
    result = compared(made({"A": {-59.7: 40, 0: 39, 60: 38, 150: 37}}))
    assert reasons(result)["A"].startswith("visits before span")
    assert "span 60 days, 60 needed" not in reasons(result)["A"]


def test_two_visits_on_one_day_give_no_slope_even_without_a_minimum_span():
    frame = frame_from({"A": {-30: 40, 30: 38, 60: 37}})
    twin = frame.iloc[[0]].assign(value=41)
    result = compared(trial_from(pd.concat([frame, twin])), min_span_days=0)
    assert reasons(result)["A"] == "visits before span 0 days, 1 needed"


def decision(day, value, *, keep=False, endpoint="alsfrs_r", patient="A"):
    return PointDecision(patient, endpoint, day, value, keep, "measurement error")


def test_a_value_left_out_enters_no_slope():
    trial = made({"A": COURSE, "B": COURSE})
    result = compared(trial, points=(decision(0, 40),))
    assert days_used(result) == ([-180, -90], [90, 180])
    assert days_used(result, 1) == ([-180, -90, 0], [90, 180])


@pytest.mark.parametrize(
    "other",
    [
        decision(0, 39),
        decision(1, 40),
        decision(0, 40, endpoint="fvc"),
        decision(0, 40, patient="B"),
    ],
    ids=["value", "day", "endpoint", "patient"],
)
def test_a_decision_about_something_else_changes_nothing(other):
    result = compared(made({"A": COURSE}), points=(other,))
    assert days_used(result) == ([-180, -90, 0], [90, 180])


def test_a_quarantined_value_enters_only_if_kept():
    frame = frame_from({"A": COURSE})
    trial = trial_from(frame.assign(status=["ok", "ok", "OUT_OF_RANGE", "ok", "ok"]))
    assert days_used(compared(trial))[0] == [-180, -90]
    assert days_used(compared(trial, points=(decision(0, 40, keep=True),)))[0] == [-180, -90, 0]


def test_a_patient_left_out_is_named_with_the_reason():
    out = (PatientExclusion("A", "withdrew consent"),)
    result = compared(made({"A": COURSE, "B": COURSE}), excluded_patients=out)
    assert reasons(result) == {"A": "left out: withdrew consent"}
    assert days_used(result) == ([], [])
    assert result.n == 1


# -- rates -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("declared", "windows", "months"),
    [
        (Periods(10, 10), {}, 10),
        (Periods(10, 6), {"pre_months": 6}, 6),
        (None, {"pre_months": 9, "post_months": 9}, 9),
        (Periods(10, 12), {"pre_months": 6, "post_months": 6}, 6),
    ],
)
def test_per_period_uses_the_window_else_the_declared_length(declared, windows, months):
    trial = made({"A": COURSE}, periods=declared)
    result = compared(trial, rate_unit="period", **windows)
    assert (result.rate.months_before, result.rate.months_after) == (months, months)
    assert (result.unit, result.rate.unavailable) == ("points/period", "")
    assert result.before[0] == pytest.approx(-1 * months)
    assert result.after[0] == pytest.approx(-0.5 * months)
    assert result.change[0] == pytest.approx(0.5 * months)


@pytest.mark.parametrize(
    ("declared", "windows"),
    [(Periods(10, 12), {}), (Periods(10, 10), {"post_months": 6}), (Periods(6, 9), {})],
)
def test_periods_of_two_lengths_are_not_compared_per_period(declared, windows):
    trial = made({"A": COURSE}, periods=declared)
    result = compared(trial, rate_unit="period", **windows)
    assert result.unit == "points/month"
    assert "differ in length" in result.rate.unavailable
    assert result.change[0] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("windows", "missing"),
    [
        ({}, "before and after"),
        ({"pre_months": 6}, "after"),
        ({"post_months": 6}, "before"),
    ],
)
def test_per_period_without_a_length_says_so_and_stays_per_month(windows, missing):
    result = compared(made({"A": COURSE}), rate_unit="period", **windows)
    assert result.unit == "points/month"
    assert f"the period {missing}:" in result.rate.unavailable
    assert "per month" in result.rate.unavailable
    assert result.before[0] == pytest.approx(-1)


# Days in months: before −4, −2, 0, after 0 (where both), 3, 6. One patient has noise, so that the
# residual SD is not 0.
NOISY = {-4 * MONTH: 40, -2 * MONTH: 39, 0: 36, 3 * MONTH: 35, 6 * MONTH: 35}


def test_errors_of_a_change_worked_by_hand():
    # Before: t = −4, −2, 0, Sxx = 8, slope −1, residuals −1/3, 2/3, −1/3: RSS 2/3, 1 df.
    # After: t = 3, 6, Sxx = 4.5, slope 0, 0 df.
    result = compared(made({"A": NOISY}, periods=Periods(10, 10)), rate_unit="period")
    sd = math.sqrt(2 / 3)
    assert result.slopes.residual_sd == pytest.approx(sd)
    assert result.change[0] == pytest.approx(10)
    assert result.change_se[0] == pytest.approx(10 * sd * math.sqrt(1 / 8 + 1 / 4.5))


def test_errors_contain_the_visit_that_is_in_both_periods():
    # After with day 0: t = 0, 3, 6, Sxx = 18, slope −1/6, residuals 1/6, −1/3, 1/6: RSS 1/6.
    # Day 0 is 2 from the centre before and −3 from the centre after: covariance
    # sd² · −6 / (8 · 18).
    result = compared(made({"A": NOISY}), day0="both")
    variance = (2 / 3 + 1 / 6) / 2
    expected = variance * (1 / 8 + 1 / 18 - 2 * -6 / (8 * 18))
    assert result.change[0] == pytest.approx(-1 / 6 + 1)
    assert result.change_se[0] == pytest.approx(math.sqrt(expected))


def test_perfect_lines_have_a_change_without_error():
    whole = {-180: 42, -90: 41, 0: 40, 90: 39, 180: 38, 270: 37}
    result = compared(made({"A": dict.fromkeys(whole, 30)}))
    assert result.change_se[0] == 0
    assert result.change_interval(0, 0.95) is None


def test_an_interval_of_a_slope_is_in_the_unit_of_its_period():
    trial = made({"A": NOISY, "B": NOISY}, periods=Periods(10, 10))
    month, period = compared(trial), compared(trial, rate_unit="period")
    for side in ("before", "after"):
        one, other = month.slope_interval(side, 0, 0.95), period.slope_interval(side, 0, 0.95)
        assert ends(other) == pytest.approx(tuple(10 * end for end in ends(one)))


def test_an_endpoint_without_values_is_named_as_absent():
    result = compare(made({"A": COURSE}), Settings())
    assert [e.key for e in result.absent] == ["fvc"]
    assert result.endpoint("fvc") is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"pre_months": 0.1},
        {"min_visits": 1},
        {"min_visits": 2.5},
        {"confidence": 1.0},
        {"skip_days": -1},
        {"day0": "sometimes"},
        {"transplant": -2},
        {"endpoints": ()},
        {"endpoints": ("fvc", "fvc")},
        {"seed": True},
        {"shift_days": math.nan},
        {"estimator": "magic"},
        {"run_in": "birth"},
        {"resamples": 999},
        {"resamples": 100_001},
        {"meaningful_percent": 0.5},
        {"meaningful_percent": 101},
        {"two_variances": 1},
        {"group_by": "height"},
        {"model_covariates": ("height",)},
        {"model_covariates": ("age", "age")},
        {"points": tuple(PointDecision("A", "fvc", 0, v, True, "other") for v in (80, 81))},
    ],
)
def test_settings_outside_their_bounds_are_refused(wrong):
    with pytest.raises(SettingsProblem):
        Settings(**wrong)


@pytest.mark.parametrize("which", [0, 1, 2, 9, -1])
def test_day_0_and_the_next_transplant_of_everybody(which):
    given = {"A": (0.0, 50.0, 120.0), "B": (0.0,), "C": (), "D": (0.0, 7.5)}
    zero, following = day0_offsets(
        made({name: {0: 40} for name in given}, transplants=given),
        Settings(transplant=which, shift_days=3),
    )
    for at, days in enumerate(given.values()):
        own = days[which:][:1] if which >= 0 else days[-1:]
        then = days[which + 1 :][:1] if which >= 0 else ()
        np.testing.assert_array_equal(zero[at], own[0] + 3 if own else np.nan)
        assert following[at] == (then[0] if then else np.inf)


def test_nobody_has_a_transplant():
    trial = made({"A": {0: 40}}, transplants={"A": ()})
    for which in (0, 1, -1):
        zero, following = day0_offsets(trial, Settings(transplant=which))
        assert np.isnan(zero).all()
        assert np.isinf(following).all()
