"""The run-in projected: against polyfit, R and numerical integration, and where it says nothing."""

from __future__ import annotations

import math
import shutil
import subprocess
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from analysis.natural_shrinkage import NATURAL_HISTORY, NaturalHistory
from analysis.projection import (
    gap_at_last_visit,
    projected,
    run_in_prediction,
    shrunken_prediction,
    shrunken_projection,
    shrunken_run_in,
    why_not_shrunken,
)
from tests.conftest import compared, frame_from, made, trial_from

MONTH = 30.4375
RUN_IN = {-9: 41.0, -6: 37.0, -3: 36.0, 0: 32.0}
LATER = {3: 31.0, 6: 30.0, 9: 26.0}


def at_months(*patients):
    """Return a trial of patients P1, P2 … from ``{month: score}``."""
    return made(
        {f"P{k}": {m * MONTH: y for m, y in p.items()} for k, p in enumerate(patients, start=1)}
    )


def others(n: int = 5):
    rng = np.random.default_rng(3)
    months = (-8, -5, -2, 0, 2, 5, 8)
    return [{m: float(round(35 - 0.8 * m + rng.normal(0, 2))) for m in months} for _ in range(n)]


def by_hand(patients, month, level=0.95, who=0):
    """Projected value and half-width by polyfit, with the residual SD pooled by hand."""
    rss, df = 0.0, 0
    for visits in patients:
        for side in ([m for m in visits if m <= 0], [m for m in visits if m > 0]):
            if len(side) >= 2:
                y = np.asarray([visits[m] for m in side])
                fit = np.polyval(np.polyfit(side, y, 1), side)
                rss, df = rss + float(np.sum((y - fit) ** 2)), df + len(side) - 2
    t = np.asarray([m for m in patients[who] if m <= 0], dtype=float)
    y = np.asarray([patients[who][m] for m in t])
    value = np.polyval(np.polyfit(t, y, 1), month)
    sxx = np.sum((t - t.mean()) ** 2)
    variance = rss / df * (1 + 1 / len(t) + (month - t.mean()) ** 2 / sxx)
    return value, stats.t.ppf((1 + level) / 2, df) * math.sqrt(variance)


@pytest.mark.parametrize("level", [0.9, 0.95, 0.99])
@pytest.mark.parametrize("month", [-4.5, 0.0, 4.0, 9.0])
def test_value_and_interval_are_those_of_polyfit_and_the_formula(month, level):
    patients = [RUN_IN | LATER, *others()]
    found = projected(compared(at_months(*patients)), 0, month, level)
    value, half = by_hand(patients, month, level)
    assert (found.month, found.own_visits, found.cut) == (month, 4, False)
    assert found.value == pytest.approx(value, abs=1e-9)
    assert found.low == pytest.approx(value - half, abs=1e-9)
    assert found.high == pytest.approx(min(value + half, 48), abs=1e-9)


def test_numbers_of_a_line_by_hand():
    # Run-in 40, 39, 35 at −2, −1, 0: slope −2.5, mean 38 at −1.
    patients = [{-2: 40.0, -1: 39.0, 0: 35.0, 1: 34.0, 3: 30.0}]
    result = compared(at_months(*patients), min_span_days=0.0)
    # Residuals of the run-in −0.5, 1, −0.5: sum of squares 1.5 on 1 df; two later visits leave 0.
    assert result.slopes.residual_sd == pytest.approx(math.sqrt(1.5))
    found = projected(result, 0, 3.0, 0.95)
    assert found.value == pytest.approx(38 - 2.5 * 4)
    half = stats.t.ppf(0.975, 1) * math.sqrt(1.5 * (1 + 1 / 3 + 16 / 2))
    gap = gap_at_last_visit(result, 0, 0.95)
    assert gap.value == pytest.approx(2.0)
    assert gap.interval.high - gap.value == pytest.approx(half)
    assert half == pytest.approx(47.54, abs=0.01)


@pytest.mark.skipif(shutil.which("Rscript") is None, reason="R is not installed")
def test_one_patient_is_that_of_r():
    months, scores = [-11.2, -7.9, -4.1, -1.0], [44.0, 41.0, 37.0, 36.0]
    visits = dict(zip(months, scores, strict=True)) | {2.0: 34.0, 5.0: 33.0}
    result = compared(at_months(visits))
    # The two later visits leave no residual: the pooled SD is that of the run-in's own lm().
    script = (
        f"t <- c({','.join(map(str, months))}); y <- c({','.join(map(str, scores))});"
        "p <- predict(lm(y ~ t), data.frame(t = c(-3, 2, 9)), interval = 'prediction',"
        "level = 0.9); cat(sprintf('%.12g', t(p)))"
    )
    ran = subprocess.run(["Rscript", "-e", script], capture_output=True, text=True, check=True)
    expected = np.asarray(ran.stdout.split(), dtype=float).reshape(3, 3)
    line = run_in_prediction(result, 0, [-3, 2, 9], 0.9)
    assert line.value == pytest.approx(expected[:, 0], abs=1e-9)
    assert line.value - line.half == pytest.approx(expected[:, 1], abs=1e-8)
    assert line.value + line.half == pytest.approx(expected[:, 2], abs=1e-8)


def test_the_gap_excludes_zero_just_where_the_visit_lies_outside_the_band():
    sides = set()
    for last in (2, 8, 14, 20, 23, 26, 30, 34, 38, 42):
        patients = [RUN_IN | {3: 30.0, 6: 28.0, 9: float(last)}, *others(30)]
        result = compared(at_months(*patients))
        band, gap = projected(result, 0, 9.0, 0.95), gap_at_last_visit(result, 0, 0.95)
        value, half = by_hand(patients, 9.0)
        assert gap.value == pytest.approx(last - value, abs=1e-9)
        assert gap.interval.low == pytest.approx(last - value - half, abs=1e-9)
        assert gap.verdict
        assert gap.reason == ""
        outside = 1 if last > band.high else -1 if last < band.low else 0
        assert gap.side == outside
        sides.add(outside)
    assert sides == {-1, 0, 1}


def test_the_gap_is_taken_at_the_last_visit_that_counts():
    trial = at_months(RUN_IN | {3: 31.0, 6: 30.0, 9: 26.0, 12: 20.0}, *others())
    assert gap_at_last_visit(compared(trial), 0, 0.95).month == pytest.approx(12)
    within = compared(trial, post_months=9.0)
    assert gap_at_last_visit(within, 0, 0.95).month == pytest.approx(9)
    assert gap_at_last_visit(within, 0, 0.95).observed == 26


def test_a_visit_on_day_0_is_not_after_it():
    trial = at_months(RUN_IN, RUN_IN | LATER)
    result = compared(trial, day0="both", min_visits=2)
    assert gap_at_last_visit(result, 0, 0.95) is None
    assert projected(result, 0, 6.0, 0.95) is not None


@pytest.mark.parametrize(("visits", "verdict"), [(2, False), (3, True), (4, True)])
def test_a_verdict_needs_three_visits_before(visits, verdict):
    own = dict(list(RUN_IN.items())[-visits:]) | LATER
    result = compared(at_months(own, *others()))
    gap = gap_at_last_visit(result, 0, 0.95)
    assert gap.own_visits == visits
    assert gap.verdict is verdict
    assert gap.interval is not None
    assert (gap.reason == "") is verdict


def test_a_projection_below_the_scale_is_cut_and_says_so():
    steep = {-6: 30.0, -3: 21.0, 0: 12.0, 3: 9.0, 6: 6.0}
    result = compared(at_months(steep, *others()))
    assert projected(result, 0, 6.0, 0.95).value == 0
    assert projected(result, 0, 6.0, 0.95).cut
    gap = gap_at_last_visit(result, 0, 0.95)
    assert (gap.projected, gap.value, gap.cut) == (0.0, 6.0, True)
    assert gap.interval is None
    assert not gap.verdict
    assert gap.side == 0
    assert "cut" in gap.reason
    # At the month in which the line meets 0 it is not cut yet: 12 − 3 t.
    assert projected(result, 0, 4.0, 0.95).value == pytest.approx(0, abs=1e-9)
    assert not projected(result, 0, 3.9, 0.95).cut


def test_a_rise_is_cut_at_the_top_of_the_scale():
    result = compared(at_months({-6: 36.0, -3: 41.0, 0: 46.0, 3: 47.0, 6: 48.0}, *others()))
    found = projected(result, 0, 6.0, 0.95)
    assert (found.value, found.high, found.cut) == (48, 48, True)


def test_estimators_without_an_error_give_a_value_and_no_interval():
    trial = at_months(RUN_IN | LATER, *others())
    for settings, words in (
        ({"estimator": "theil_sen"}, "Theil–Sen"),
        ({"estimator": "broken_stick"}, "broken stick"),
    ):
        gap = gap_at_last_visit(compared(trial, **settings), 0, 0.95)
        assert math.isfinite(gap.value)
        assert gap.interval is None
        assert not gap.verdict
        assert words in gap.reason
    band = projected(compared(trial, estimator="theil_sen"), 0, 9.0, 0.95)
    assert math.isfinite(band.value)
    assert math.isnan(band.low)
    assert math.isnan(band.high)


def test_a_run_in_from_onset_has_a_line_and_no_interval():
    trial = at_months(RUN_IN | LATER, *others())
    people = trial.patients.assign(onset_day=-20 * MONTH)
    result = compared(replace(trial, patients_frame=people), run_in="onset")
    found = projected(result, 0, 9.0, 0.95)
    assert found.value == pytest.approx(32 + 9 * (32 - 48) / 20)
    assert math.isnan(found.low)
    gap = gap_at_last_visit(result, 0, 0.95)
    assert gap.interval is None
    assert not gap.verdict
    assert "onset" in gap.reason
    assert shrunken_projection(result, 0, 9.0, 0.95) is None


def test_without_spare_visits_nobody_has_an_interval():
    result = compared(at_months({-3: 40.0, 0: 38.0, 3: 37.0, 6: 36.0}))
    gap = gap_at_last_visit(result, 0, 0.95)
    assert gap.value == pytest.approx(36 - (38 - 2 / 3 * 6))
    assert gap.interval is None
    assert "residual" in gap.reason
    assert shrunken_run_in(result, 0) is None


def test_no_line_no_projection():
    result = compared(at_months({0: 38.0, 3: 37.0, 6: 36.0}, *others()))
    assert projected(result, 0, 3.0, 0.95) is None
    assert gap_at_last_visit(result, 0, 0.95) is None
    assert why_not_shrunken(result, 0) == "no line before day 0"


def test_the_end_to_end_line_has_the_error_of_its_two_visits():
    patients = [RUN_IN | LATER, *others()]
    found = projected(compared(at_months(*patients), estimator="end_to_end"), 0, 9.0, 0.95)
    slope = (32 - 41) / 9
    assert found.value == pytest.approx(41 + slope * 18)
    sd = compared(at_months(*patients)).slopes.residual_sd
    df = compared(at_months(*patients)).slopes.residual_df
    # y(9) − [(1 − w) y(−9) + w y(0)] with w = 18/9: variance 1 + 1 + 4.
    half = stats.t.ppf(0.975, df) * sd * math.sqrt(1 + (1 - 2) ** 2 + 2**2)
    assert found.value - found.low == pytest.approx(half)


def integrated(t, y, sd, mu, tau, month):
    """Mean and SD of a new visit by summing likelihood times prior over level and slope."""
    t, y = np.asarray(t, float), np.asarray(y, float)
    level = np.linspace(y.mean() - 9 * sd, y.mean() + 9 * sd, 601)[:, None]
    slope = np.linspace(mu - 9 * tau, mu + 9 * tau, 601)[None, :]
    misfit = sum((b - level - slope * (a - t.mean())) ** 2 for a, b in zip(t, y, strict=True))
    density = np.exp(-misfit / (2 * sd**2) - (slope - mu) ** 2 / (2 * tau**2))
    line = level + slope * (month - t.mean())
    mean = np.average(line, weights=density)
    return mean, math.sqrt(np.average((line - mean) ** 2, weights=density) + sd**2)


def test_the_shrunken_projection_is_that_of_numerical_integration():
    own = {-6: 38.0, -3: 33.0, 0: 31.0}
    patients = [own | LATER, *others(30)]
    result = compared(at_months(*patients))
    sd, df = result.slopes.residual_sd, result.slopes.residual_df
    history = NATURAL_HISTORY["alsfrs_r"]
    mean, spread = integrated(
        list(own), list(own.values()), sd, history.mean_before, history.sd_before, 9.0
    )
    line = shrunken_prediction(result, 0, [9.0], 0.95)
    assert line.value[0] == pytest.approx(mean, abs=1e-6)
    assert line.half[0] == pytest.approx(stats.t.ppf(0.975, df) * spread, rel=1e-6)


def test_the_quantile_stands_for_the_uncertain_residual_sd():
    """The exact predictive distribution mixes over s²: ours is close with 26 degrees of freedom."""
    own = {-6: 38.0, -3: 33.0, 0: 31.0}
    result = compared(at_months(own | LATER, *others(8)))
    s, df = result.slopes.residual_sd, result.slopes.residual_df
    assert df == 26
    tau, distance, sxx = 0.58, 9.0 + 3.0, 18.0
    rng = np.random.default_rng(1)
    sd = s * np.sqrt(df / rng.chisquare(df, 400_000))
    error = sd**2 / sxx
    weight = tau**2 / (tau**2 + error)
    mean = 34 + distance * (weight * (31 - 38) / 6 + (1 - weight) * -0.99)
    draws = rng.normal(mean, np.sqrt(sd**2 * (1 + 1 / 3) + distance**2 * weight * error))
    low, high = np.quantile(draws, [0.025, 0.975])
    found = shrunken_projection(result, 0, 9.0, 0.95)
    assert found.high - found.low == pytest.approx(high - low, rel=0.03)


@cache
def short_run_in():
    return compared(at_months({-6: 38.0, -3: 33.0, 0: 31.0} | LATER, *others(4)))


@given(mean=st.floats(-3, 0), spread=st.floats(0.05, 3))
def test_the_shrunken_slope_lies_between_the_own_one_and_the_natural_history(mean, spread):
    result = short_run_in()
    history = NaturalHistory(mean, mean, spread, spread, 0.5, "")
    found = shrunken_run_in(result, 0, history)
    ends = sorted((mean, -7 / 6))
    assert ends[0] - 1e-12 <= found.slope <= ends[1] + 1e-12
    assert 0 < found.weight < 1
    # It knows more than either alone.
    own_error = result.slopes.residual_sd / math.sqrt(18)
    assert found.slope_sd < min(own_error, spread)


def test_wide_and_narrow_natural_histories():
    own = {-6: 38.0, -3: 33.0, 0: 31.0}
    result = compared(at_months(own | LATER, *others(4)))
    wide = shrunken_run_in(result, 0, NaturalHistory(5.0, 5.0, 1e6, 1e6, 0.5, ""))
    assert wide.slope == pytest.approx(-7 / 6, abs=1e-6)
    narrow = shrunken_run_in(result, 0, NaturalHistory(-2.0, -2.0, 1e-6, 1e-6, 0.5, ""))
    assert narrow.slope == pytest.approx(-2, abs=1e-6)
    band = shrunken_projection(result, 0, 9.0, 0.95)
    own_band = projected(result, 0, 9.0, 0.95)
    assert band.high - band.low < own_band.high - own_band.low


def test_the_fvc_is_shrunken_toward_its_own_natural_history():
    own = {-6: 96.0, -3: 80.0, 0: 82.0}
    visits = {
        f"P{k}": {m * MONTH: y for m, y in p.items()}
        for k, p in enumerate([own | {3: 75.0, 6: 70.0, 9: 66.0}, *others()])
    }
    result = compared(trial_from(frame_from(visits, "fvc")), endpoints=("fvc",))
    found = shrunken_run_in(result, 0)
    error = result.slopes.residual_sd**2 / 18
    weight = 4 / (4 + error)
    assert 0.05 < weight < 0.999
    # (82 - 96) / 6 is the least-squares slope of three visits at equal distances.
    assert found.slope == pytest.approx(weight * (82 - 96) / 6 + (1 - weight) * -2.7)
    assert found.weight == pytest.approx(weight)
    assert why_not_shrunken(result, 0) == ""


def test_where_no_spread_of_slopes_is_known_nothing_is_shrunken(monkeypatch):
    without = {"fvc": NaturalHistory(-2.7, -2.7, None, None, None, "")}
    monkeypatch.setattr("analysis.projection.NATURAL_HISTORY", without)
    visits = {f"P{k}": {m * MONTH: y for m, y in p.items()} for k, p in enumerate(others())}
    for endpoint, words in (("fvc", "no spread"), ("svc", "no natural history")):
        trial = trial_from(frame_from(visits, endpoint))
        result = compared(trial, endpoints=(endpoint,))
        assert shrunken_projection(result, 0, 3.0, 0.95) is None
        assert words in why_not_shrunken(result, 0)
        assert projected(result, 0, 3.0, 0.95) is not None


def test_the_broken_stick_is_not_shrunken():
    result = compared(at_months(RUN_IN | LATER, *others()), estimator="broken_stick")
    assert shrunken_projection(result, 0, 9.0, 0.95) is None
    assert "broken stick" in why_not_shrunken(result, 0)
