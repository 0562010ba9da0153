"""Every estimator against R, scipy, brute force and cases worked by hand."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import Any, get_args

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as search
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from analysis.compare import compare
from analysis.comparison import EndpointComparison
from analysis.course import course
from analysis.flow import patient_flow
from analysis.settings import Estimator, Settings
from analysis.slope_estimators import ESTIMATORS
from analysis.slopes import SlopeTable, slope_table
from data.endpoints import ENDPOINTS
from data.trial import DAYS_PER_MONTH, Trial
from tests.conftest import (
    DAY0_RULES,
    R_TRIALS,
    compared,
    floats,
    frame_from,
    made,
    r_numbers,
    r_trial,
    reasons,
    trial_from,
)

MONTH = DAYS_PER_MONTH
RELATIVE = 1e-8
PERFECT_FIT = 1e-12
NAMES = get_args(Estimator)
WITHOUT_ERROR = "theil_sen"
FEWER = search().max_examples // 2

every_estimator = pytest.mark.parametrize("estimator", NAMES)
every_rule = pytest.mark.parametrize("rule", DAY0_RULES)
every_trial = pytest.mark.parametrize("name", R_TRIALS)


def close(ours, theirs, nothing=PERFECT_FIT):
    assert_allclose(ours, theirs, rtol=RELATIVE, atol=nothing, equal_nan=True)


def table_of(trial: Trial, **choices: Any) -> SlopeTable:
    return slope_table(trial, trial.endpoints[0], Settings(**choices))


def r_table(name: str, rule: str, estimator: str) -> SlopeTable:
    return table_of(r_trial(name), day0=rule, estimator=estimator)


# -- against R -------------------------------------------------------------------------------------


@every_rule
@every_trial
@pytest.mark.parametrize("estimator", ["theil_sen", "end_to_end"])
@pytest.mark.parametrize(("side", "r_side"), [("before", "pre"), ("after", "post")])
def test_slopes_of_one_side_equal_r(name, rule, estimator, side, r_side):
    numbers = r_numbers(name)["rules"][rule][r_side]
    line, expected = getattr(r_table(name, rule, estimator), side), floats(numbers[estimator])
    # R gives no slope from end to end where one day has two scores.
    shown = np.isfinite(expected) | np.isnan(floats(numbers["slope"]))
    assert shown.sum() >= len(shown) - 5
    close(line.slope[shown], expected[shown])
    assert_array_equal(line.n, numbers["n"])
    assert_array_equal(line.enough, np.isfinite(floats(numbers["slope"])))


@every_trial
@pytest.mark.parametrize("rule", ["before", "after", "both"])
def test_broken_sticks_equal_r(name, rule):
    expected = {k: floats(v) for k, v in r_numbers(name)["broken_stick"]["patients"].items()}
    table = r_table(name, rule, "broken_stick")
    sides = r_numbers(name)["rules"][rule]
    fitted = np.isfinite(floats(sides["pre"]["slope"])) & np.isfinite(
        floats(sides["post"]["slope"])
    )
    assert_array_equal(table.before.enough, fitted)
    assert_array_equal(table.after.enough, fitted)
    expected = {k: np.where(fitted, v, np.nan) for k, v in expected.items()}
    close(table.before.slope, expected["slope"])
    close(table.change, expected["change"])
    for side in (table.before, table.after):
        close([float(side.predict(i, 0.0)) for i in range(len(fitted))], expected["intercept"])
    own = np.where(expected["df"] > 0, expected["se_slope"], np.nan)
    close(table.before.se, own)
    # R's own variances and degrees of freedom, pooled over those whom the rules let in.
    with_df = expected["df"] > 0
    own_variance = expected["se_change"][with_df] ** 2 / expected["unscaled"][with_df]
    df = expected["df"][with_df]
    sigma2 = np.sum(own_variance * df) / np.sum(df)
    assert table.residual_df == np.sum(df)
    close(table.residual_sd, math.sqrt(sigma2))
    close(table.change_se, np.sqrt(sigma2 * expected["unscaled"]))
    if fitted.all():
        close(table.change_se**2, floats(r_numbers(name)["broken_stick"]["patients"]["var_change"]))


@every_trial
@pytest.mark.parametrize("rule", ["before", "both"])
def test_broken_sticks_with_a_step_equal_r(name, rule):
    # R counts the day-0 visit as before; so do we where the rule would have it in both.
    expected = {k: floats(v) for k, v in r_numbers(name)["jump"].items()}
    table = r_table(name, rule, "broken_stick_jump")
    fitted = np.isfinite(floats(r_numbers(name)["rules"]["before"]["d"]))
    expected = {k: np.where(fitted, v, np.nan) for k, v in expected.items()}
    close(table.jump, expected["jump"])
    close(table.change, expected["change"])
    close(table.before.slope[fitted], expected["slope"][fitted])
    own = expected["df"] > 0
    close(np.hypot(table.before.se, table.after.se)[own], expected["se_change"][own])
    # Perfect fits have no ratio of errors.
    own &= expected["se_change"] > 1e-9
    close(
        table.jump_se[own] / table.change_se[own],
        expected["se_jump"][own] / expected["se_change"][own],
    )


@every_trial
def test_a_step_leaves_the_slopes_of_separate_lines(name):
    for rule in ("before", "after", "neither"):
        lines, step = r_table(name, rule, "ols"), r_table(name, rule, "broken_stick_jump")
        close(step.change, lines.change)
        close(step.change_se, lines.change_se)
        assert (step.residual_sd, step.residual_df) == (lines.residual_sd, lines.residual_df)
        assert np.isnan(lines.jump).all()
        levels = [
            float(lines.after.predict(i, 0.0) - lines.before.predict(i, 0.0))
            for i in range(len(lines.change))
        ]
        close(step.jump, levels)


# -- against scipy and brute force -----------------------------------------------------------------

days = st.lists(st.integers(1, 400), min_size=2, max_size=9, unique=True)
scores = st.integers(0, 48)
sides = days.flatmap(
    lambda drawn: st.fixed_dictionaries(dict.fromkeys(sorted(drawn), scores)),
)
two_sides = st.builds(
    lambda before, after, at_0: {
        **{-d: v for d, v in before.items()},
        **({} if at_0 is None else {0: at_0}),
        **after,
    },
    sides,
    sides,
    st.none() | scores,
)
cohorts = st.lists(two_sides, min_size=1, max_size=5).map(
    lambda drawn: {f"P{i}": c for i, c in enumerate(drawn)}
)
rules = st.sampled_from(DAY0_RULES)


def used(table: SlopeTable, side: str, patient: int) -> tuple[np.ndarray, np.ndarray]:
    points = table.points
    mine = getattr(points, side) & (points.patient == patient)
    return points.month[mine], points.value[mine]


@search(max_examples=FEWER)
@given(cohorts, rules)
def test_theil_sen_is_that_of_scipy(visits, rule):
    table = table_of(made(visits), day0=rule, estimator="theil_sen", min_span_days=0)
    for side in ("before", "after"):
        line = getattr(table, side)
        for i in np.flatnonzero(line.enough):
            t, y = used(table, side, int(i))
            # The types know only other names of the methods.
            theirs = stats.theilslopes(y, t, method="joint")  # type: ignore[call-overload]
            close(line.slope[i], theirs.slope)
            close(line.predict(int(i), t), theirs.intercept + theirs.slope * t, 1e-9)


def test_theil_sen_leaves_out_pairs_of_one_day():
    # Two rows on day −30, which only a table made by hand can have: 5 of 6 pairs have a slope.
    frame = frame_from({"A": {-120: 40, -30: 36, 0: 35, 30: 34, 120: 30}})
    twin = frame.iloc[[1]].assign(value=39)
    table = table_of(trial_from(pd.concat([frame, twin])), estimator="theil_sen")
    t, y = used(table, "before", 0)
    assert len(t) == 4
    close(table.before.slope[0], stats.theilslopes(y, t).slope)


def test_theil_sen_is_the_same_in_pieces(monkeypatch):
    rng = np.random.default_rng(5)
    visits = {f"P{i}": dict.fromkeys(range(-300, 301, 50), 0) for i in range(40)}
    visits = {p: {d: int(rng.integers(0, 49)) for d in c} for p, c in visits.items()}
    whole = table_of(made(visits), estimator="theil_sen")
    monkeypatch.setattr("analysis.slope_estimators._PAIRS_AT_ONCE", 30)
    pieces = table_of(made(visits), estimator="theil_sen")
    assert_array_equal(whole.change, pieces.change)
    assert np.isfinite(whole.change).all()


def design(t: np.ndarray) -> np.ndarray:
    """Return the columns of a broken stick: level, slope before, slope after."""
    return np.column_stack((np.ones_like(t), np.minimum(t, 0), np.maximum(t, 0)))


@search(max_examples=FEWER)
@given(cohorts, rules)
def test_broken_sticks_and_their_errors_are_those_of_least_squares(visits, rule):
    table = table_of(made(visits), day0=rule, estimator="broken_stick", min_span_days=0)
    rss, df = 0.0, 0
    for i in np.flatnonzero(table.before.enough):
        mine = (table.points.before | table.points.after) & (table.points.patient == i)
        t, y = table.points.month[mine], table.points.value[mine]
        x = design(t)
        coefficients, *_ = np.linalg.lstsq(x, y, rcond=None)
        own = float(np.sum((y - x @ coefficients) ** 2))
        rss, df = rss + own, df + len(t) - 3
        assert_allclose(
            [float(table.before.predict(int(i), 0.0)), table.before.slope[i], table.after.slope[i]],
            coefficients,
            rtol=1e-7,
            atol=1e-7,
        )
        variance = np.linalg.inv(x.T @ x)
        unit = np.array([0, -1, 1])
        if df and table.residual_sd > 1e-6:
            error = table.change_se[i] / table.residual_sd
            assert error == pytest.approx(math.sqrt(unit @ variance @ unit), rel=1e-6)
        at = {"before": np.array([-7.0, -1.5, 0.0]), "after": np.array([0.0, 2.0, 9.0])}
        for side, months in at.items():
            band = [row @ variance @ row for row in design(months)]
            assert_allclose(
                getattr(table, side).variance(int(i), months), band, rtol=1e-6, atol=1e-9
            )
    assert table.residual_df == df
    if df:
        assert_allclose(table.residual_sd, math.sqrt(rss / df), rtol=1e-6, atol=1e-6)


@search(max_examples=FEWER)
@given(cohorts, rules)
def test_errors_from_end_to_end_are_those_of_the_weights(visits, rule):
    choices = {"day0": rule, "min_span_days": 0}
    table = table_of(made(visits), estimator="end_to_end", **choices)
    lines = table_of(made(visits), **choices)
    assert (table.residual_df, table.residual_sd) == pytest.approx(
        (lines.residual_df, lines.residual_sd), nan_ok=True
    )
    for i in np.flatnonzero(np.isfinite(table.change)):
        weight: dict[float, float] = {}
        for side, sign in (("before", -1), ("after", 1)):
            t, y = used(table, side, int(i))
            order = np.argsort(t)
            first, last = order[0], order[-1]
            reach = t[last] - t[first]
            close(getattr(table, side).slope[i], (y[last] - y[first]) / reach)
            for at, towards in ((first, -1), (last, 1)):
                weight[t[at]] = weight.get(t[at], 0) + sign * towards / reach
        expected = table.residual_sd * math.sqrt(sum(w * w for w in weight.values()))
        close(table.change_se[i], expected)


# -- symmetries ------------------------------------------------------------------------------------


def sides_of(table: SlopeTable) -> np.ndarray:
    return np.array([table.before.slope, table.after.slope, table.change, table.change_se])


# One trial serves all estimators: to build it takes longer than to fit it.


@search(max_examples=FEWER)
@given(cohorts, rules, st.data())
def test_order_and_names_change_nothing(visits, rule, data):
    frame = frame_from(visits)
    order = data.draw(st.permutations(range(len(frame))))
    renamed = {name: f"Q{9 - i}" for i, name in enumerate(visits)}
    other = frame.iloc[order].assign(patient=lambda f: f["patient"].map(renamed))
    trial, shuffled = trial_from(frame), trial_from(other, patients=sorted(renamed.values()))
    at = [shuffled.patient_ids.index(renamed[name]) for name in visits]
    for name in NAMES:
        one = table_of(trial, day0=rule, estimator=name)
        again = table_of(shuffled, day0=rule, estimator=name)
        close(sides_of(again)[:, at], sides_of(one), 1e-9)
        close(again.jump[at], one.jump, 1e-9)


@search(max_examples=FEWER)
@given(cohorts, rules, st.integers(-900, 900))
def test_moving_days_with_day_0_changes_nothing(visits, rule, by):
    frame = frame_from(visits)
    zero = {name: (float(by),) for name in visits}
    trial = trial_from(frame)
    moved = trial_from(frame.assign(day=frame["day"] + by), transplants=zero)
    for name in NAMES:
        one = table_of(trial, day0=rule, estimator=name)
        other = table_of(moved, day0=rule, estimator=name)
        close(sides_of(other), sides_of(one), 1e-9)


@search(max_examples=FEWER)
@given(cohorts, rules, st.floats(-20, 20), st.floats(0.1, 9), st.floats(-2, 2))
def test_other_units_and_one_more_trend_change_slopes_as_they_must(visits, rule, by, factor, tilt):
    frame = frame_from(visits)
    value = by + factor * frame["value"] + tilt * frame["day"] / MONTH
    trial, changed = trial_from(frame), trial_from(frame.assign(value=value))
    for name in NAMES:
        one = table_of(trial, day0=rule, estimator=name)
        other = table_of(changed, day0=rule, estimator=name)
        for side in ("before", "after"):
            expected = factor * getattr(one, side).slope + tilt
            assert_allclose(getattr(other, side).slope, expected, rtol=1e-7, atol=1e-7)
        assert_allclose(other.change, factor * one.change, rtol=1e-7, atol=1e-7)
        assert_allclose(other.jump, factor * one.jump, rtol=1e-6, atol=1e-6)
        # Where the visits lie on the lines, errors are rounding.
        if one.residual_sd > 1e-6:
            assert_allclose(other.change_se, factor * one.change_se, rtol=1e-6, atol=1e-7)
            assert_allclose(other.jump_se, factor * one.jump_se, rtol=1e-6, atol=1e-7)


@given(cohorts, rules, st.integers(2, 4), st.integers(0, 120))
def test_all_estimators_share_one_flow(visits, rule, least, span):
    trial = made(visits)
    flows = {}
    for name in NAMES:
        choices = Settings(estimator=name, day0=rule, min_visits=least, min_span_days=span)
        table = slope_table(trial, "alsfrs_r", choices)
        flows[name] = patient_flow(trial, "ALSFRS-R", table, choices)
        assert flows[name][-1].n == np.isfinite(table.change).sum()
    if rule == "both":
        # With a step the day-0 visit counts as before only, so there may be fewer visits after.
        assert flows.pop("broken_stick_jump")[-1].n <= flows["ols"][-1].n
    assert all(flow == flows["ols"] for flow in flows.values())


BENT = {-90: 43, -60: 42, -30: 41, 0: 40, 30: 39.5, 60: 39, 90: 38.5}
ON_LINES = {day: 40 - day / 30 * (1 if day <= 0 else 0.5) for day in BENT}


@every_estimator
@every_rule
def test_every_estimator_finds_a_noise_free_bend(estimator, rule):
    table = table_of(made({"A": ON_LINES, "B": BENT}), estimator=estimator, day0=rule)
    slopes = [table.before.slope[0] * 30 / MONTH, table.after.slope[0] * 30 / MONTH]
    assert slopes == pytest.approx([-1, -0.5])
    assert float(table.before.predict(0, 0.0)) == pytest.approx(40)
    assert float(table.after.predict(0, 0.0)) == pytest.approx(40)
    if estimator == "broken_stick_jump":
        assert table.jump[0] == pytest.approx(0, abs=1e-9)
    else:
        assert np.isnan(table.jump).all()


def test_a_step_worked_by_hand():
    # Months −2, −1, 0 | 1, 2, 3: slope −1 before, 2 points gained at day 0, then −0.5 a month.
    course = {-2 * MONTH: 42, -MONTH: 41, 0: 40, MONTH: 41.5, 2 * MONTH: 41, 3 * MONTH: 40.5}
    noisy = {**course, -2 * MONTH: 43}
    table = table_of(
        made({"A": course, "B": noisy}), estimator="broken_stick_jump", min_span_days=0
    )
    assert table.jump[0] == pytest.approx(2)
    assert table.change[0] == pytest.approx(0.5)
    # B: 43, 41, 40: line 41⅓ − 1.5 (t + 1), residuals 1/6, −1/3, 1/6; 4 lines, 1 df each.
    sd = math.sqrt((2 * (1 / 6) ** 2 + (1 / 3) ** 2) / 4)
    assert table.residual_sd == pytest.approx(sd)
    assert table.jump[1] == pytest.approx(42 - (41 + 1 / 3 - 1.5))
    # At day 0 the lines lie 1 and 2 months from their centres; Sxx = 2 on both sides.
    assert table.jump_se[1] == pytest.approx(sd * math.sqrt(1 / 3 + 1 / 2 + 1 / 3 + 4 / 2))


# -- the run-in from onset -------------------------------------------------------------------------


def with_onset(visits, onset, endpoint="alsfrs_r", **more) -> Trial:
    trial = trial_from(frame_from(visits, endpoint), patients=list(onset), **more)
    people = trial.patients.assign(onset_day=[onset[p] for p in trial.patient_ids])
    return Trial(people, trial.measurements, trial.events)


AFTER = {2 * MONTH: 36, 4 * MONTH: 35, 6 * MONTH: 35}


def onset_result(course, onset=-12 * MONTH, **choices) -> EndpointComparison:
    trial = with_onset({"A": {**course, **AFTER}}, {"A": onset})
    return compared(trial, run_in="onset", **choices)


@pytest.mark.parametrize(
    ("course", "choices", "slope"),
    [
        # 48 − 36 points lost over 12 months; over 9 months where the last visit is 3 months early.
        ({-3 * MONTH: 40, 0: 36}, {}, -1),
        ({-3 * MONTH: 39}, {}, -1),
        # Day 0 counts whatever its rule.
        ({-3 * MONTH: 39, 0: 24}, {"day0": "after"}, -2),
        ({-3 * MONTH: 39, 0: 24}, {"day0": "neither"}, -2),
        ({0: 48}, {}, 0),
        # Day 0 a month later: the visit after two months is not yet before it.
        ({0: 36}, {"shift_days": 30}, -1),
        # Moved by three months, the visit after two months (36) is the last one before it.
        ({0: 47}, {"shift_days": 91}, -12 / 14),
    ],
)
def test_run_in_from_onset_worked_by_hand(course, choices, slope):
    table = onset_result(course, **choices).slopes
    assert table.run_in_used == "onset"
    assert table.before.slope[0] == pytest.approx(slope)
    assert table.before.n[0] == 1
    assert table.change[0] == pytest.approx(table.after.slope[0] - slope)


def test_the_line_from_onset_starts_at_the_maximum():
    table = onset_result({-3 * MONTH: 40, 0: 36}).slopes
    assert table.before.predict(0, [-12, 0]) == pytest.approx([48, 36])
    assert table.before.span_days[0] == pytest.approx(12 * MONTH)


def test_the_error_of_a_change_from_onset_is_that_of_the_slope_after():
    result = onset_result({-3 * MONTH: 40, 0: 36})
    t = np.array([2, 4, 6])
    residuals = np.array([36, 35, 35]) - np.polyval(np.polyfit(t, [36, 35, 35], 1), t)
    assert result.slopes.change_se[0] == pytest.approx(math.sqrt(np.sum(residuals**2) / 8))
    assert math.isnan(result.slopes.before.se[0])
    assert math.isnan(result.slopes.before.sxx[0])


@pytest.mark.parametrize(
    ("course", "onset", "choices", "reason"),
    [
        ({0: 36}, math.nan, {}, "no onset date"),
        ({-90: 36}, -90, {}, "onset not before the last visit up to day 0"),
        ({-90: 36}, 200, {}, "onset not before the last visit up to day 0"),
        ({}, -400, {}, "no ALSFRS-R visit up to day 0 in the window"),
        ({-90: 36}, -400, {"pre_months": 1}, "no ALSFRS-R visit up to day 0 in the window"),
        ({0: 36}, math.nan, {"min_visits": 4}, "no onset date; 3 visits after, 4 needed"),
        (
            {0: 36},
            -400,
            {"estimator": "broken_stick"},
            "no visit before day 0, which the broken stick needs",
        ),
    ],
)
def test_reasons_of_the_run_in_from_onset(course, onset, choices, reason):
    result = onset_result(course, onset, **choices)
    assert reasons(result) == {"A": reason}
    assert not np.isfinite(result.change).any()


def test_visits_before_need_neither_number_nor_span_with_onset():
    course = {-10: 36}
    assert reasons(onset_result(course, min_visits=3)) == {}
    trial = with_onset({"A": {**course, **AFTER}}, {"A": -400.0})
    assert reasons(compared(trial)) == {"A": "1 visit before, 2 needed"}
    assert reasons(onset_result(course, estimator="broken_stick")) == {}


def test_a_value_left_out_is_not_the_last_visit_before_day_0():
    trial = with_onset({"A": {-3 * MONTH: 39, 0: 24, **AFTER}}, {"A": -12 * MONTH})
    frame = trial.measurements
    frame["status"] = np.where(frame["day"] == 0, "OUT_OF_RANGE", "ok")
    trial = Trial(trial.patients, frame, trial.events)
    assert compared(trial, run_in="onset").slopes.before.slope[0] == pytest.approx(-1)


@pytest.mark.parametrize("key", ENDPOINTS)
def test_only_scores_have_a_run_in_from_onset(key):
    visits = {"A": {-90: 10, 0: 9, 90: 8, 180: 6}}
    trial = with_onset(visits, {"A": -365.25}, key)
    result = compare(trial, Settings(run_in="onset", endpoints=(key,))).endpoints[0]
    if ENDPOINTS[key].integer:
        assert result.slopes.run_in_used == "onset"
        assert result.before[0] == pytest.approx((9 - ENDPOINTS[key].high) / 12)
    else:
        usual = compare(trial, Settings(endpoints=(key,))).endpoints[0]
        assert result.slopes.run_in_used == "visits"
        assert result.before[0] == usual.before[0]


@every_estimator
def test_only_the_slope_before_changes_with_the_run_in(estimator):
    visits = {"A": {-90: 40, -45: 38, 0: 36, **AFTER}}
    trial = with_onset(visits, {"A": -12 * MONTH})
    usual, other = (
        table_of(trial, estimator=estimator),
        table_of(trial, estimator=estimator, run_in="onset"),
    )
    assert other.before.slope[0] == pytest.approx(-1)
    assert other.after.slope[0] == usual.after.slope[0]
    assert np.isnan(other.jump).all()


# -- courses ---------------------------------------------------------------------------------------

WAVY = {-120: 44, -60: 40, -30: 41, 0: 38, 45: 39, 90: 36, 180: 36}


@every_estimator
@pytest.mark.parametrize("run_in", ["visits", "onset"])
def test_courses_draw_the_line_of_the_estimator(estimator, run_in):
    trial = with_onset({"A": WAVY, "B": BENT}, {"A": -400.0, "B": -500.0})
    settings = Settings(estimator=estimator, run_in=run_in, endpoints=("alsfrs_r",))
    result = compare(trial, settings).endpoints[0]
    drawn = course(trial, result, 0, settings)
    table = result.slopes
    lines = {"before": drawn.before_line, "after": drawn.after_line, "projection": drawn.projection}
    for name, line in lines.items():
        assert line is not None
        side = table.after if name == "after" else table.before
        assert_allclose(line.value, np.clip(side.predict(0, line.month), 0, 48))
        known = estimator != WITHOUT_ERROR and (name == "after" or run_in == "visits")
        assert np.isfinite(line.low).all() == np.isfinite(line.high).all() == known
        if known:
            half = stats.t.ppf(0.975, table.residual_df) * table.residual_sd
            variance = side.variance(0, line.month) + (name == "projection")
            assert_allclose(line.high - line.value, half * np.sqrt(variance))
    assert drawn.before_line is not None
    assert drawn.after_line is not None
    meets = drawn.before_line.month[-1] == drawn.after_line.month[0] == 0
    assert meets == (estimator == "broken_stick")
    if run_in == "visits" and meets:
        assert drawn.before_line.value[-1] == pytest.approx(drawn.after_line.value[0])
    begins = -400 if run_in == "onset" else -120
    assert drawn.before_line.month[0] * MONTH == pytest.approx(begins)


def test_bands_from_end_to_end_are_those_of_two_visits():
    trial = made({"A": WAVY})
    table = table_of(trial, estimator="end_to_end")
    # At each end one visit decides; in the middle their mean.
    months = np.array([-120, -60, 0]) / MONTH
    assert table.before.variance(0, months) == pytest.approx([1, 0.5, 1])


# -- what is known of endpoints, and time ----------------------------------------------------------


def test_a_change_that_matters_is_a_share_of_the_typical_decline():
    found = {k: e.meaningful_change(20) for k, e in ENDPOINTS.items()}
    known = {"alsfrs_r": 0.198, "fvc": 0.54, "svc": 0.54}
    assert found == {k: pytest.approx(known[k]) if k in known else None for k in ENDPOINTS}


def test_every_choice_of_the_settings_has_its_estimator():
    assert set(ESTIMATORS) == set(NAMES)


def test_twelve_thousand_patients_take_no_loop():
    rng = np.random.default_rng(1)
    n, visits = 12_000, 10
    frame = pd.DataFrame(
        {
            "patient": np.repeat([f"P{i:05}" for i in range(n)], visits),
            "day": np.tile(np.arange(-4, 6) * 60, n),
            "value": rng.integers(0, 49, n * visits),
        }
    )
    trial = trial_from(frame)
    trial.series("alsfrs_r")
    for name in NAMES:
        start = time.process_time()
        table = slope_table(trial, "alsfrs_r", Settings(estimator=name))
        # A Python loop over patients takes seconds; the budgets are measured in the benchmarks.
        assert time.process_time() - start < 0.5, name
        assert np.isfinite(table.change).all()


def test_a_visit_a_minute_before_day_0_is_before_it():
    visits = [("A", day, value) for day, value in ((-1 / 1440, 40.0), (30, 38.0), (120, 35.0))]
    made = trial_from(pd.DataFrame(visits, columns=["patient", "day", "value"]))
    trial = replace(made, patients_frame=made.patients.assign(onset_day=-300.0))
    settings = Settings(estimator="broken_stick", run_in="onset")
    assert slope_table(trial, "alsfrs_r", settings).after.enough.tolist() == [True]
