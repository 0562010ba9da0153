"""One patient's change since day 0: by hand, its limits and their edges."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from analysis.compare import compare
from analysis.individual_change import change_since_day0, slope_percent
from analysis.settings import PatientExclusion, Settings
from tests.conftest import frame_from, made, trial_from

MONTH = 30.4375
FLAT = {m * MONTH: 40.0 for m in (-6, -3, 0, 3, 6)}


def others(spread: float, n: int = 6):
    """Return courses with residuals −e, 2e, −e around two flat lines each."""
    visits = {}
    for k in range(n):
        signs = (-1, 2, -1, -1, 2, -1)
        months = (-9, -6, -3, 3, 6, 9)
        visits[f"Q{k}"] = {
            m * MONTH: 30.0 + spread * sign for m, sign in zip(months, signs, strict=True)
        }
    return visits


def change(trial, patient=0, endpoint="alsfrs_r", **more):
    settings = Settings(**({"endpoints": (endpoint,)} | more))
    result = compare(trial, settings).endpoints[0]
    return change_since_day0(trial, settings, result, patient), result


def last_at(score, spread=0.1):
    return made({"P": FLAT | {6 * MONTH: score}} | others(spread))


def test_numbers_by_hand():
    trial = made({"P": {-90: 44, 0: 41, 60: 38, 180: 35}} | others(1.0))
    found, result = change(trial)
    assert (found.value_day0, found.value_last, found.change) == (41, 35, -6)
    assert (found.month_day0, found.month_last) == (0, pytest.approx(180 / MONTH))
    # Six courses, two lines each with residuals −1, 2, −1: 6 on 1 degree of freedom a line.
    assert result.slopes.residual_sd == pytest.approx(math.sqrt(6))
    assert found.df == 12
    assert found.se == pytest.approx(math.sqrt(12))
    limit = stats.t.ppf(0.975, 12) * math.sqrt(12)
    assert found.own_limit == pytest.approx(limit)
    assert (found.interval.low, found.interval.high) == pytest.approx((-6 - limit, -6 + limit))
    assert found.published.limit == 5
    assert math.isnan(found.percent)


@pytest.mark.parametrize(
    ("score", "beyond"), [(35.0, False), (34.0, True), (45.0, False), (46.0, True)]
)
def test_more_than_five_points_are_needed(score, beyond):
    found, _ = change(last_at(score))
    assert abs(found.change) in (5, 6)
    assert found.beyond_published is beyond


@pytest.mark.parametrize(
    ("score", "spread", "standing"),
    [(32.0, 0.1, "more"), (40.0, 0.1, "within"), (36.0, 0.1, "unclear"), (34.0, 2.0, "unclear")],
)
def test_both_limits_must_agree(score, spread, standing):
    found, _ = change(last_at(score, spread))
    assert found.standing == standing
    assert found.interval.excludes_zero is found.beyond_own


def test_the_level_is_that_of_the_settings():
    narrow, _ = change(last_at(32.0, 1.0), confidence=0.8)
    wide, _ = change(last_at(32.0, 1.0), confidence=0.99)
    assert narrow.own_limit / narrow.se == pytest.approx(stats.t.ppf(0.9, narrow.df))
    assert wide.own_limit / wide.se == pytest.approx(stats.t.ppf(0.995, wide.df))


@pytest.mark.parametrize("rule", ["before", "after", "both", "neither"])
def test_the_visit_on_day_0_is_the_level_by_every_rule(rule):
    found, _ = change(made({"P": {-60: 44, 0: 41, 90: 38}} | others(1.0)), day0=rule)
    assert (found.value_day0, found.value_last) == (41, 38)


def test_without_a_visit_on_day_0_the_last_one_before_is_the_level():
    found, _ = change(made({"P": {-90: 44, -20: 42, 30: 40, 90: 38}} | others(1.0)))
    assert (found.value_day0, found.value_last) == (42, 38)
    assert found.month_day0 == pytest.approx(-20 / MONTH)


def test_windows_bound_both_ends():
    trial = made({"P": {-300: 44, 90: 38, 400: 30}} | others(1.0))
    assert change(trial)[0].change == -14
    assert change(trial, post_months=6)[0].change == -6
    assert change(trial, pre_months=6)[0] is None


@pytest.mark.parametrize("course", [{0: 40, -90: 42}, {30: 40, 90: 39}])
def test_one_side_alone_has_no_change(course):
    assert change(made({"P": course} | others(1.0)))[0] is None


def test_a_patient_left_out_or_without_a_day_0_has_none():
    trial = made({"P": {-90: 44, 0: 41, 90: 38}} | others(1.0))
    left_out = (PatientExclusion("P", "other"),)
    assert change(trial, excluded_patients=left_out)[0] is None
    undated = made({"P": {-90: 44, 0: 41, 90: 38}} | others(1.0), transplants={"P": ()})
    assert change(undated)[0] is None
    with pytest.raises(IndexError):
        change(trial, patient=99)
    with pytest.raises(IndexError):
        change(trial, patient=-1)


def test_a_value_set_aside_is_not_the_last_one():
    frame = frame_from({"P": {-90: 44, 0: 41, 90: 38, 120: 20}} | others(1.0))
    frame["status"] = np.where(frame["day"] == 120, "DUPLICATE_CONFLICT", "ok")
    assert change(trial_from(frame))[0].value_last == 38


def test_without_an_error_only_the_published_limit_speaks():
    found, _ = change(last_at(32.0), estimator="theil_sen")
    assert found.interval is None
    assert found.beyond_own is None
    assert math.isnan(found.own_limit)
    assert found.df == 0
    assert found.beyond_published
    assert found.standing == "more"
    capacity = trial_from(frame_from({"P": FLAT} | others(1.0), "fvc"))
    nothing, _ = change(capacity, endpoint="fvc", estimator="theil_sen")
    assert nothing.standing == "unknown"
    assert nothing.beyond_published is None


def test_a_share_exists_for_capacity_and_not_for_scores():
    visits = {"P": {-90: 80.0, 0: 60.0, 90: 45.0}} | others(1.0)
    found, _ = change(trial_from(frame_from(visits, "fvc")), endpoint="fvc")
    assert found.percent == pytest.approx(-25)
    assert found.published is None
    assert math.isnan(change(made(visits))[0].percent)


def test_share_of_the_slope_only_where_it_is_steep_enough():
    def course(before, after):
        return {m * MONTH: 30 + (before if m < 0 else after) * m for m in (-8, -4, 0, 4, 8)}

    trial = made({"A": course(-1, -0.5), "B": course(-0.25, -0.5), "C": course(-0.24, -0.5)})
    _, result = change(trial)
    assert slope_percent(result, 0) == (pytest.approx(50), "")
    # The decline of B doubled: 100 % steeper.
    assert slope_percent(result, 1) == (pytest.approx(-100), "")
    value, why = slope_percent(result, 2)
    assert math.isnan(value)
    assert "near 0" in why
    domain = trial_from(frame_from({"A": course(-1, -0.5)}, "svc_litres"))
    _, litres = change(domain, endpoint="svc_litres")
    value, why = slope_percent(litres, 0)
    assert math.isnan(value)
    assert why
