"""Diagnostics of the comparison: against R, by hand, by brute force, and what must always hold."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as search
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import stats

from analysis import diagnostics_visits
from analysis.compare import compare
from analysis.comparison import EndpointComparison
from analysis.diagnosis import diagnose
from analysis.diagnostics import (
    before_and_change,
    end_values,
    local_level,
    normal_plot,
    scale_ends,
)
from analysis.diagnostics_dropout import dropout, tipping_point
from analysis.diagnostics_visits import curvature, visit_residuals
from analysis.leave_one_out import leave_one_out, without_each
from analysis.natural_shrinkage import (
    NaturalHistory,
    regression_to_the_mean,
    shrunken_slopes,
)
from analysis.paired_tests import paired_t
from analysis.settings import Settings
from data.endpoints import ENDPOINTS
from data.trial import DAYS_PER_MONTH
from tests.conftest import (
    REFERENCE,
    compared,
    ends,
    floats,
    made,
    r_compared,
    r_trial,
    trial_from,
)

R = json.loads((REFERENCE / "diagnostics" / "diagnostics.json").read_text("utf-8"))
CASES = pytest.mark.parametrize(
    ("name", "rule"), [(name, rule) for name in R["trials"] for rule in ("before", "both")]
)
RELATIVE = 1e-7


def close(ours, theirs, nothing=1e-9):
    assert_allclose(ours, theirs, rtol=RELATIVE, atol=nothing)


def expected(name, rule):
    return R["trials"][name][rule]


def months(**courses) -> dict:
    """Return visits from ``name={month: value}``."""
    return {
        name: {round(m * DAYS_PER_MONTH, 9): y for m, y in course.items()}
        for name, course in courses.items()
    }


def bent(before: float, after: float, n_before: int = 4) -> dict[float, float]:
    """Return a course with these slopes that meet at 24 points on day 0."""
    times = [*range(1 - n_before, 1), 1, 2, 3]
    return {m: 24 + m * (before if m <= 0 else after) for m in times}


def with_slopes(*slopes: tuple[float, float]) -> EndpointComparison:
    courses = {f"P{i:03}": bent(*pair) for i, pair in enumerate(slopes)}
    return compared(made(months(**courses)))


# ---- against R ---------------------------------------------------------------------------------


@CASES
@pytest.mark.parametrize(
    ("alternative", "key"), [("two-sided", "p"), ("less steep", "p_greater"), ("steeper", "p_less")]
)
def test_leave_one_out_equals_r(name, rule, alternative, key):
    ours = leave_one_out(r_compared(name, rule), Settings(alternative=alternative))
    theirs = expected(name, rule)["leave_one_out"]
    assert [r_trial(name).patient_ids[i] for i in ours.patient] == expected(name, rule)["patient"]
    for mine, his in (
        (ours.estimate, "estimate"),
        (ours.low, "low"),
        (ours.high, "high"),
        (ours.p, key),
        (ours.dfbetas, "dfbetas"),
    ):
        close(mine, theirs[his])


@CASES
def test_shapiro_wilk_equals_r(name, rule):
    plot = normal_plot(r_compared(name, rule), Settings())
    # scipy and R both run Royston's algorithm; P is held to the digits that it is good for.
    assert_allclose([plot.w, plot.p], expected(name, rule)["shapiro"], rtol=2e-5)


@CASES
def test_oldham_and_pitman_morgan_equal_r(name, rule):
    ours, theirs = before_and_change(r_compared(name, rule)), expected(name, rule)
    close(
        [ours.coupled, ours.oldham, ours.t, ours.df, ours.p],
        [theirs[k] for k in ("coupled", "oldham", "oldham_t", "oldham_df", "oldham_p")],
    )


@CASES
def test_studentised_residuals_equal_r(name, rule):
    trial, ours = r_trial(name), visit_residuals(r_compared(name, rule))
    theirs = expected(name, rule)["residuals"]
    frames = [
        pd.DataFrame(columns).sort_values(["patient", "side", "day"]).reset_index(drop=True)
        for columns in (
            {
                "patient": [trial.patient_ids[i] for i in ours.patient],
                "side": np.where(ours.after, "after", "before"),
                "day": np.round(ours.month * DAYS_PER_MONTH),
                "residual": ours.residual,
                "studentised": ours.studentised,
            },
            {
                **{k: theirs[k] for k in ("patient", "side", "day", "residual")},
                "studentised": floats(theirs["studentised"]),
            },
        )
    ]
    assert (
        frames[0]
        .drop(columns=["residual", "studentised"])
        .equals(frames[1].drop(columns=["residual", "studentised"]).astype({"day": "float64"}))
    )
    for column in ("residual", "studentised"):
        close(frames[0][column], frames[1][column].astype(float))


@CASES
def test_curvature_equals_r(name, rule):
    ours, theirs = curvature(r_compared(name, rule), Settings()), expected(name, rule)["curvature"]
    coefficients = floats(theirs["coefficient"])
    assert list(ours.patient) == list(np.flatnonzero(np.isfinite(coefficients)))
    close(ours.coefficient, coefficients[np.isfinite(coefficients)])
    if len(ours.patient) > 1:
        close([ours.test.p, *ends(ours.test.interval)], [theirs["p"], *theirs["ci95"]])
    if len(ours.patient):
        close(ours.schedule, theirs["schedule"])
        close(ours.implied, theirs["schedule"] * theirs["mean"])


@CASES
def test_reliability_equals_its_definition_in_r(name, rule):
    ours, theirs = shrunken_slopes(r_compared(name, rule)), expected(name, rule)
    close([ours.variance, ours.error_variance], [theirs["variance"], theirs["error_variance"]])
    close(ours.reliability, max(0.0, 1 - theirs["error_variance"] / theirs["variance"]))


def test_slopes_of_missing_patients_are_compared_as_in_r():
    asked = 0
    for name, rules in R["trials"].items():
        for rule, theirs in rules.items():
            if theirs["welch"]:
                ours = dropout(r_compared(name, rule), Settings())
                welch = theirs["welch"]
                close(
                    [ours.difference, *ends(ours.interval), ours.p],
                    [welch["difference"], *welch["ci95"], welch["p"]],
                )
                asked += 1
    assert asked


@pytest.mark.parametrize("n", [3, 12, 60])
def test_local_level_agrees_with_r_within_monte_carlo_error(n):
    draws = 5000
    ours = local_level(n, 0.95, draws, 1)
    # The 5 % quantile: error of its rank is sqrt(.05 .95 / draws); R's own error is far smaller.
    room = 4 * math.sqrt(0.05 * 0.95 / draws)
    sample = np.random.default_rng(2).standard_normal((20_000, n))
    sample.sort(axis=1)
    sample -= sample.mean(axis=1, keepdims=True)
    sample /= sample.std(axis=1, ddof=1, keepdims=True)
    rank = np.arange(1, n + 1)
    share = stats.beta.cdf(stats.norm.cdf(sample), rank, n + 1 - rank)
    extreme = 2 * np.minimum(share, 1 - share).min(axis=1)
    for level in (ours, R["local_level"][str(n)]):
        assert np.mean(extreme < level) == pytest.approx(0.05, abs=room)


# ---- leave one out -------------------------------------------------------------------------------

changes = st.lists(st.integers(-40, 40).map(lambda k: k / 8), min_size=3, max_size=14)


@given(changes)
def test_leaving_one_out_is_dropping_it(values):
    d = np.asarray(values)
    mean, sd = without_each(d)
    for i in range(len(d)):
        others = np.delete(d, i)
        assert mean[i] == pytest.approx(others.mean(), abs=1e-12)
        assert sd[i] == pytest.approx(others.std(ddof=1), abs=1e-12)
        assert (sd[i] == 0) == (np.ptp(others) == 0)


def test_one_huge_change_leaves_the_others_their_digits():
    d = np.asarray([1e9, 1.0, 2.0, 3.0])
    assert without_each(d)[1][0] == pytest.approx(1.0, rel=1e-12)


def test_leave_one_out_of_a_comparison_is_the_comparison_without_the_patient():
    trial = r_trial("trial_n12_missing")
    result = r_compared("trial_n12_missing", "before")
    loo = leave_one_out(result, Settings())
    for k, i in enumerate(loo.patient):
        frame = trial.measurements
        rest = trial_from(frame[frame["patient"] != trial.patient_ids[i]])
        test = compared(rest).primary
        close([loo.estimate[k], loo.p[k]], [test.estimate, test.p])


def test_the_patient_who_carries_the_result_is_named():
    slopes = [(-1, -1 + d) for d in (0.25, 0.375, 0.25, 0.5, 0.375, 0.25, -0.75)]
    result = with_slopes(*slopes)
    loo = leave_one_out(result, Settings())
    assert loo.full.p > 0.05
    assert list(loo.crosses) == [False] * 6 + [True]
    assert list(loo.influential) == [False] * 6 + [True]
    assert not loo.flips.any()


def test_a_turn_of_the_sign_is_named():
    result = with_slopes((-1, -1.25), (-1, -1.125), (-1, -1.25), (-1, 1))
    loo = leave_one_out(result, Settings())
    assert loo.full.estimate > 0
    assert list(loo.flips) == [False, False, False, True]


@pytest.mark.parametrize("n", [0, 1, 2])
def test_too_few_patients_have_no_p_without_one(n):
    loo = leave_one_out(with_slopes(*[(-1, -0.5), (-1, -0.25)][:n], (-1, math.nan)), Settings())
    assert len(loo.patient) == n
    assert np.isnan(loo.p).all()
    assert not loo.crosses.any()
    assert not loo.influential.any()


def test_equal_others_have_a_mean_and_no_p():
    loo = leave_one_out(with_slopes((-1, -0.5), (-1, -0.5), (-1, -0.5), (-1, 0)), Settings())
    assert loo.estimate[3] == pytest.approx(0.5)
    assert math.isnan(loo.p[3])
    assert math.isinf(loo.dfbetas[3])
    assert loo.influential[3]
    assert not loo.crosses[3]
    assert np.isfinite(loo.p[:3]).all()


# ---- Q–Q plot ------------------------------------------------------------------------------------


def test_quantiles_are_blom_s():
    result = with_slopes((-1, -0.5), (-1, -0.25), (-1, -1))
    plot = normal_plot(result, Settings())
    assert plot.quantile == pytest.approx(stats.norm.ppf(np.array([0.625, 1.625, 2.625]) / 3.25))
    assert list(plot.patient) == [2, 0, 1]


def test_a_far_change_lies_outside_and_a_normal_sample_inside():
    normal = stats.norm.ppf((np.arange(1, 13) - 0.5) / 12)
    fine = normal_plot(with_slopes(*[(-1, -1 + 0.25 * z) for z in normal]), Settings())
    assert not fine.outside.any()
    spoilt = [*(0.25 * normal[:-1]), 3]
    plot = normal_plot(with_slopes(*[(-1, -1 + z) for z in spoilt]), Settings())
    assert plot.outside.any()
    assert plot.p < 0.001


@pytest.mark.parametrize("slopes", [[(-1, -0.5)] * 2, [(-1, -0.5)] * 5])
def test_no_plot_without_spread_says_why(slopes):
    plot = normal_plot(with_slopes(*slopes), Settings())
    assert plot.reason
    assert np.isnan(plot.low).all()
    assert math.isnan(plot.w)


def test_the_band_is_the_same_every_time_and_follows_the_level():
    result = r_compared("trial_n10", "before")
    one, again = (normal_plot(result, Settings()) for _ in range(2))
    wide = normal_plot(result, Settings(confidence=0.99))
    assert list(one.low) == list(again.low)
    assert (wide.low < one.low).all()
    assert (wide.high > one.high).all()


# ---- coupling, reliability, regression to the mean ---------------------------------------------


def test_equal_variances_give_no_oldham_correlation_however_coupled():
    slopes = [(-2, -1), (-1, -2), (-1, -1), (-2, -2)]
    both = before_and_change(with_slopes(*slopes))
    assert both.oldham == pytest.approx(0, abs=1e-9)
    assert both.p == pytest.approx(1, abs=1e-9)
    assert both.coupled == pytest.approx(-math.sqrt(0.5))


@search(max_examples=10)
@given(st.permutations(range(4)), st.integers(1, 5))
def test_changing_before_and_after_turns_oldham_around(order, k):
    slopes = [(-1 - i / 4, -1.5 + j * k / 8) for i, j in zip(range(4), order, strict=True)]
    there = before_and_change(with_slopes(*slopes))
    back = before_and_change(with_slopes(*[(a, b) for b, a in slopes]))
    assert there.oldham == pytest.approx(-back.oldham, abs=1e-9)
    assert there.p == pytest.approx(back.p, abs=1e-9)


def test_equal_errors_shrink_everybody_by_the_reliability():
    rng = np.random.default_rng(5)
    courses = {
        f"P{i}": {
            m: 30 + (-1 + 0.3 * i / 8) * m + rng.normal(0, 0.4) for m in (-6, -4, -2, 0, 2, 4, 6)
        }
        for i in range(8)
    }
    result = compared(made(months(**courses)))
    shrunk = shrunken_slopes(result)
    assert 0 < shrunk.reliability < 1
    assert shrunk.weight == pytest.approx(np.full(8, shrunk.reliability))
    assert shrunk.shrunken.mean() == pytest.approx(shrunk.mean)
    ratio = (shrunk.shrunken - shrunk.mean) / (shrunk.before - shrunk.mean)
    assert ratio == pytest.approx(np.full(8, shrunk.reliability))


def test_noise_alone_has_no_reliability_and_shrinks_to_the_mean():
    course = {-3: 30, -2: 26, -1: 31, 0: 27, 1: 26, 2: 25, 3: 24}
    other = {**course, -3: 30.5}
    shrunk = shrunken_slopes(compared(made(months(A=course, B=other))))
    assert shrunk.reliability == 0
    assert shrunk.shrunken == pytest.approx([shrunk.mean, shrunk.mean])


def test_without_a_residual_nothing_is_shrunk():
    result = compared(
        made(months(A={-4: 30, 0: 28, 4: 25}, B={-4: 40, 0: 37, 4: 36})), min_visits=2
    )
    assert result.slopes.residual_df == 0
    assert shrunken_slopes(result).reason
    assert regression_to_the_mean(result).reason


HISTORY = NaturalHistory(-0.9, -1.1, 0.5, 0.6, 0.4, "made up")


def test_regression_to_the_mean_by_hand():
    result = r_compared("trial_n10", "before")
    error = shrunken_slopes(result).error_variance
    ours = regression_to_the_mean(result, HISTORY)
    reliability = 0.25 / (0.25 + error)
    assert ours.reliability == pytest.approx(reliability)
    distance = result.before_summary.mean + 0.9
    assert ours.expected == pytest.approx(-0.2 + (reliability * 0.4 * 1.2 - 1) * distance)
    assert ours.remaining == pytest.approx(result.change_summary.mean - ours.expected)


def test_regression_to_the_mean_is_what_selection_does_to_untreated_patients():
    rng = np.random.default_rng(11)
    n, times = 3000, np.asarray([-6.0, -3, -1, 0, 2, 4, 6])
    b = rng.normal(-0.9, 0.5, n)
    spread = 0.6 * math.sqrt(1 - 0.4**2)
    a = -1.1 + 0.4 * 0.6 / 0.5 * (b + 0.9) + rng.normal(0, spread, n)
    slopes = np.where(times <= 0, b[:, None], a[:, None])
    value = 24 + slopes * times + rng.normal(0, 1, (n, len(times)))
    run_in = times <= 0
    seen = np.polyfit(times[run_in], value[:, run_in].T, 1)[0]
    chosen = np.flatnonzero(seen < -1.3)
    frame = pd.DataFrame(
        {
            "patient": np.repeat([f"P{i}" for i in chosen], len(times)),
            "day": np.tile(times * DAYS_PER_MONTH, len(chosen)),
            "value": value[chosen].ravel(),
        }
    )
    result = compared(trial_from(frame))
    ours = regression_to_the_mean(result, HISTORY)
    se = result.change_summary.sd / math.sqrt(result.n)
    assert result.n > 400
    assert ours.expected > 0.2
    assert abs(ours.remaining) < 4 * se


def test_regression_of_fvc_by_hand():
    result = r_compared("trial_n20_fvc", "before")
    ours = regression_to_the_mean(result)
    error = shrunken_slopes(result).error_variance
    reliability = 4 / (4 + error)
    assert ours.reliability == pytest.approx(reliability)
    distance = result.before_summary.mean + 2.7
    assert ours.expected == pytest.approx((reliability * 0.47 - 1) * distance)
    assert ours.reason == ""


def test_an_endpoint_without_known_numbers_gets_no_expectation():
    frame = pd.DataFrame(
        {
            "patient": ["A"] * 6 + ["B"] * 6,
            "day": [-180, -90, 0, 90, 180, 270] * 2,
            "value": [3.9, 3.6, 3.5, 3.3, 3.2, 2.8, 2.9, 2.7, 2.7, 2.4, 2.2, 2.1],
            "endpoint": "fvc_litres",
        }
    )
    (result,) = compare(trial_from(frame), Settings(endpoints=("fvc_litres",))).endpoints
    ours = regression_to_the_mean(result)
    assert math.isnan(ours.expected)
    assert math.isnan(ours.remaining)
    assert ours.reason == f"no spread of untreated slopes is known for {result.endpoint.label}"
    for field in ("sd_before", "sd_after", "correlation"):
        unknown: dict[str, Any] = {field: None}
        without = replace(HISTORY, **unknown)
        assert regression_to_the_mean(result, without).reason.startswith("no ")


@pytest.mark.parametrize(
    ("changes", "mean", "sd", "correlation"),
    [
        ({}, (-0.99, -0.99), (0.58, 0.58), 0.47),
        ({"history": "slower"}, (-0.82, -0.82), (0.58, 0.58), 0.47),
        ({"history": "more_constant"}, (-0.99, -0.99), (0.58, 0.58), 0.7),
        (
            {"history_values": ("alsfrs_r.mean_after:-0.9", "alsfrs_r.sd_before:0.4")},
            (-0.99, -0.9),
            (0.4, 0.58),
            0.47,
        ),
    ],
)
def test_diagnosed_regression_follows_the_natural_history_of_the_settings(
    changes, mean, sd, correlation
):
    comparison = compare(r_trial("trial_n10"), Settings(endpoints=("alsfrs_r",), **changes))
    result = comparison.endpoints[0]
    ours = diagnose(result, comparison.settings).regression
    reliability = sd[0] ** 2 / (sd[0] ** 2 + shrunken_slopes(result).error_variance)
    pull = reliability * correlation * sd[1] / sd[0] - 1
    expected = mean[1] - mean[0] + pull * (result.before_summary.mean - mean[0])
    assert ours.reliability == pytest.approx(reliability)
    assert ours.expected == pytest.approx(expected)
    # A number that the reader changed never stands under a published source.
    edited = ours.history.source.count("edited by the reader")
    assert edited == len(changes.get("history_values", ()))
    assert ("preset" in ours.history.source) == ("history" in changes)


def test_per_year_is_twelve_times_per_month():
    trial = r_trial("trial_n10")
    month, year = compared(trial), compared(trial, rate_unit="year")
    for statistic in (
        lambda r: regression_to_the_mean(r).expected,
        lambda r: curvature(r, Settings()).implied,
        lambda r: shrunken_slopes(r).shrunken[3],
        lambda r: leave_one_out(r, Settings()).estimate[2],
    ):
        assert statistic(year) == pytest.approx(12 * statistic(month))
    assert shrunken_slopes(year).reliability == pytest.approx(shrunken_slopes(month).reliability)


# ---- single visits and curvature ---------------------------------------------------------------


def test_a_slip_is_found_with_patient_day_and_value():
    courses = {
        f"P{i}": {m: 30 - 0.5 * m + 0.2 * (-1) ** (m + i) for m in range(-6, 7)} for i in range(6)
    }
    courses["P3"][-2] = 13
    residuals = visit_residuals(compared(made(months(**courses))))
    far = residuals.to_json([f"P{i}" for i in range(6)])["far"]
    assert [(f["patient"], f["period"], f["value"]) for f in far] == [("P3", "before", 13)]
    assert far[0]["day_from_day0"] == pytest.approx(-2 * DAYS_PER_MONTH)


def test_lines_through_two_visits_have_residuals_of_zero_and_none_studentised():
    courses = months(A={-4: 30, 0: 28, 4: 25}, B={-4: 40, -2: 38, 0: 37, 2: 30, 4: 36, 6: 30})
    residuals = visit_residuals(compared(made(courses, patients=["A", "B"])))
    mine = residuals.patient == 0
    assert residuals.residual[mine] == pytest.approx(0, abs=1e-12)
    assert np.isnan(residuals.studentised[mine]).all()


@pytest.mark.parametrize("q", [-0.03, 0.02])
def test_a_parabola_makes_exactly_the_change_that_its_curvature_implies(q):
    courses = {
        f"P{i}": {m: 30 - (1 + i / 10) * m + q * m * m for m in times}
        for i, times in enumerate([(-7, -5, -2, 0, 1, 4, 9), (-9, -6, -3, -1, 0, 3, 6, 8)])
    }
    courses["P0"] = {m: y + 1e-6 * m**2 for m, y in courses["P0"].items()}
    result = compared(made(months(**courses)))
    curved = curvature(result, Settings())
    assert curved.test.estimate == pytest.approx(q, abs=1e-6)
    assert curved.implied == pytest.approx(result.change_summary.mean, abs=1e-4)


def test_even_visits_that_share_day_0_give_q_times_the_total_span():
    courses = {
        f"P{i}": {m: 30 - m + (0.02 + i / 1000) * m * m for m in range(-9, 16, 3)} for i in (0, 1)
    }
    result = compared(made(months(**courses)), day0="both")
    assert curvature(result, Settings()).schedule == pytest.approx(24)


def test_straight_run_ins_have_no_curvature_and_short_ones_no_estimate():
    straight = curvature(with_slopes((-1, -0.5), (-1, -0.25)), Settings())
    assert straight.test.estimate == pytest.approx(0, abs=1e-9)
    short = curvature(compared(made(months(A=bent(-1, 0, 3), B=bent(-1, 1, 3)))), Settings())
    assert short.reason
    assert math.isnan(short.implied)


def test_a_run_in_from_onset_carries_no_curvature_on():
    courses = {f"P{i}": bent(-1 - i / 10, -0.5) for i in range(3)}
    trial = made(months(**courses))
    people = trial.patients.assign(onset_day=-30 * DAYS_PER_MONTH)
    result = compared(replace(trial, patients_frame=people), run_in="onset")
    assert result.slopes.run_in_used == "onset"
    assert curvature(result, Settings()).reason.endswith("by OLS only")


def test_lines_of_another_estimator_are_not_studentised(monkeypatch):
    result = r_compared("trial_n10", "before")
    no = np.zeros(len(result.paired), dtype=np.bool_)
    monkeypatch.setattr(diagnostics_visits, "_least_squares", lambda *_: no)
    assert np.isnan(visit_residuals(result).studentised).all()
    assert math.isnan(curvature(result, Settings()).implied)


# ---- ends of the scale -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "floor", "ceiling"),
    [
        ("alsfrs_r", 2, 46),
        ("bulbar", 0.5, 11.5),
        ("fvc", 5, None),
        ("fvc_litres", 0.25, None),
    ],
)
def test_ends_of_each_scale(key, floor, ceiling):
    ends_found = end_values(ENDPOINTS[key])
    assert ends_found[0] == pytest.approx(floor)
    assert ends_found[1] == ceiling


def test_scores_at_the_ends_are_counted_per_period_and_left_out():
    courses = months(
        A={-4: 48, -2: 46, 0: 45, 2: 43, 4: 41},  # ceiling before
        B={-4: 9, -2: 5, 0: 3, 2: 2, 4: 0},  # floor after
        C={-4: 30, -2: 28, 0: 27, 2: 26, 4: 25},
        D={-4: 30, -2: 29, 0: 26, 2: 26, 4: 24},
        E={-4: 2, -2: 1, 0: 1, 2: 1, 4: 0},  # floor on both sides
        F={-4: 48, 0: 47},  # not compared
    )
    result = compared(made(courses))
    found = scale_ends(result, Settings())
    assert (found.before.scores, found.before.at_floor, found.before.at_ceiling) == (15, 3, 2)
    assert (found.after.scores, found.after.at_floor, found.after.at_ceiling) == (10, 4, 0)
    assert list(found.patients_any) == [0, 1, 4]
    assert list(found.patients_both) == [4]
    assert found.without_any == paired_t(result.change[[2, 3]], Settings())
    assert found.without_both.n == 4


def test_a_trial_away_from_the_ends_keeps_its_result():
    result = with_slopes((-1, -0.5), (-1, -0.25), (-2, -1))
    found = scale_ends(result, Settings())
    assert found.without_any == result.primary
    assert found.after.at_floor == found.after.at_ceiling == 0


# ---- dropout -----------------------------------------------------------------------------------


def with_missing() -> EndpointComparison:
    stay = {f"S{i}": bent(-1, -1 + d) for i, d in enumerate((0.5, 0.625, 0.375, 0.5))}
    leave = {f"L{i}": {m: 24 - 2 * m for m in range(-3, 2)} for i in range(2)}
    return compared(made(months(**stay, **leave)))


def test_tipping_point_by_hand():
    result = with_missing()
    tip = tipping_point(result, Settings())
    assert (tip.n_before, tip.n_missing) == (6, 2)
    # f = 1/3, mean 0.5, slope before of the missing -2.
    assert tip.to_zero == pytest.approx(-1.5)
    low = ends(result.change_summary.interval)[0]
    assert tip.to_interval == pytest.approx(-3 * low)
    assert tip.after_to_zero == pytest.approx(-2 + 0.5 - 1.5)
    assert tip.ratio_to_zero == pytest.approx(1.5)
    # At the tipping points the mean of all, and the end of its interval, are 0.
    assert (4 * tip.mean + 2 * (tip.mean + tip.to_zero)) / 6 == pytest.approx(0)
    half = stats.t.ppf(0.975, 3) * tip.se
    assert (4 * tip.mean + 2 * (tip.mean + tip.to_interval)) / 6 - half == pytest.approx(0)


def test_the_tip_of_a_steeper_decline_is_the_mirror_image():
    there = with_missing()
    mirrored = {f"S{i}": bent(-1, -1 - d) for i, d in enumerate((0.5, 0.625, 0.375, 0.5))}
    leave = {f"L{i}": {m: 24 - 2 * m for m in range(-3, 2)} for i in range(2)}
    back = compared(made(months(**mirrored, **leave)))
    one, other = tipping_point(there, Settings()), tipping_point(back, Settings())
    assert (other.to_zero, other.to_interval) == pytest.approx((-one.to_zero, -one.to_interval))


def test_nothing_tips_where_nobody_is_missing():
    tip = tipping_point(with_slopes((-1, -0.5), (-1, -0.25)), Settings())
    assert tip.share_missing == 0
    assert math.isnan(tip.to_zero)
    assert tip.reason


def test_an_interval_that_includes_zero_cannot_tip():
    stay = {f"S{i}": bent(-1, -1 + d) for i, d in enumerate((0.5, -0.375, 0.25))}
    result = compared(made(months(**stay, L={m: 24 - 2 * m for m in range(-3, 2)})))
    tip = tipping_point(result, Settings())
    assert math.isfinite(tip.to_zero)
    assert math.isnan(tip.to_interval)
    assert "includes 0" in tip.reason


def test_last_visits_and_groups_of_the_missing():
    lost = dropout(with_missing(), Settings())
    assert list(lost.has_after) == [True] * 4 + [False] * 2
    assert lost.last_month == pytest.approx([3, 3, 3, 3, 1, 1])
    assert (lost.before_with.n, lost.before_without.n) == (4, 2)
    assert lost.difference == pytest.approx(-1)


# ---- every result --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "result",
    [
        with_slopes((-1, -0.5)),
        with_slopes((-1, -0.5), (-1, -0.5)),
        with_slopes((-1, -0.5), (-1, -0.25), (-1, -1)),
        with_missing(),
        compared(made(months(A={-4: 30, 0: 28}))),
    ],
    ids=["one", "two alike", "three", "missing", "nobody"],
)
def test_every_result_is_json_without_nan(result):
    names = [f"P{i}" for i in range(len(result.paired))]
    settings = Settings()
    for value in (
        leave_one_out(result, settings).to_json(names),
        normal_plot(result, settings).to_json(names),
        before_and_change(result).to_json(),
        scale_ends(result, settings).to_json(names),
        visit_residuals(result).to_json(names),
        curvature(result, settings).to_json(names),
        dropout(result, settings).to_json(names),
        tipping_point(result, settings).to_json(),
        shrunken_slopes(result).to_json(names),
        regression_to_the_mean(result).to_json(),
    ):
        json.dumps(value, allow_nan=False)
