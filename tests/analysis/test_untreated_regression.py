"""What rests on the benchmark: presets, curvature, and regression to the mean, by hand."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.compare import compare
from analysis.natural_shrinkage import natural_slopes, regression_to_the_mean
from analysis.settings import Settings
from analysis.untreated import presets
from analysis.untreated.benchmark import untreated
from analysis.untreated.deceleration import BENDS, WithBend, deceleration, enough_bend
from analysis.untreated.history import HISTORIES, PRESETS
from analysis.untreated.outcome import Verdict
from analysis.untreated.presets import OverPresets, UnderPreset, over_presets
from analysis.untreated.regression import regression_report, reliability_table
from analysis.untreated.shares import SimulatedShare
from data.examples import load_example
from data.trial import DAYS_PER_MONTH
from tests.conftest import trial_from

ALSFRS = HISTORIES["alsfrs_r"]
FVC = HISTORIES["fvc"]
LIGHT = {"flips": 1_000, "resamples": 1_000}


@cache
def example(name):
    return load_example(name)


def opened(name, **changes):
    trial = example(name).trial
    settings = Settings.from_json({**example(name).settings, **LIGHT, **changes})[0]
    return trial, compare(trial, settings)


@pytest.fixture(scope="module")
def shamsaei():
    return opened("after-shamsaei-2023", rate_unit="month")


def test_presets_repeat_the_benchmark_and_say_whether_they_agree(shamsaei):
    trial, comparison = shamsaei
    found = over_presets(trial, comparison)
    main = untreated(trial, comparison)
    for key, over in found.items():
        assert [row.preset.key for row in over.rows] == [preset.key for preset in PRESETS]
        assert over.rows[0].at_least == main.endpoint(key).cautious.at_least
        assert over.rows[0].verdict == main.endpoint(key).verdict
        shares = [row.at_least.share for row in over.rows]
        assert over.shares == (min(shares), max(shares))
        assert over.agree == (len({row.verdict.key for row in over.rows}) == 1)
        chosen = compare(trial, comparison.settings.with_(history="more_constant"))
        row = next(row for row in over.rows if row.preset.key == "more_constant")
        assert row.at_least == untreated(trial, chosen).endpoint(key).cautious.at_least


def test_the_bend_that_is_enough_lies_where_the_line_crosses():
    none = SimulatedShare(0, 1)
    rows = tuple(WithBend(b, m, none, none) for b, m in ((0.0, 0.1), (0.01, 0.3), (0.02, 0.4)))
    assert enough_bend(rows, 0.05) == 0.0
    assert enough_bend(rows, 0.2) == pytest.approx(0.005)
    assert enough_bend(rows, 0.35) == pytest.approx(0.015)
    assert enough_bend(rows, 0.5) == pytest.approx(0.03)
    assert math.isnan(enough_bend(rows[:1], 0.5))
    assert math.isnan(enough_bend(rows, math.nan))


def test_a_bend_moves_the_expected_change_by_its_closed_form():
    """Steady slopes, seen exactly: the run-in shows the one at day 0, which bends on after it."""
    months = np.array([-6.0, -3.0, 0.0, 3.0, 6.0, 9.0])
    frame = pd.DataFrame(
        {
            "patient": np.repeat([f"P{i}" for i in range(6)], 6),
            "day": np.tile(months * DAYS_PER_MONTH, 6),
            "value": np.tile(60 - 2.0 * months, 6),
            "endpoint": "fvc",
        }
    )
    edits = ("correlation:1", "sd_before:10", "sd_after:10", "visit_share:0", "visit_sd:1")
    settings = Settings(
        endpoints=("fvc",),
        untreated_trials=400,
        history_values=tuple(f"fvc.{edit}" for edit in (*edits, "tail_df:1000")),
    )
    trial = trial_from(frame)
    found = deceleration(trial, compare(trial, settings))["fvc"]
    for row in found.rows:
        # Slope of q/2 t² over −6, −3, 0 is −3 q; over 3, 6, 9 it is 6 q.
        assert row.mean == pytest.approx(9 * row.bend, abs=0.03)
    assert found.observed == pytest.approx(0.0, abs=1e-9)
    assert found.unit == "% predicted/month²"


def test_regression_to_the_mean_by_its_formula(shamsaei):
    trial, comparison = shamsaei
    for key, report in regression_report(trial, comparison).items():
        result = comparison.endpoint(key)
        history = HISTORIES[key]
        sxx = result.slopes.before.sxx
        error = np.mean(result.slopes.residual_sd**2 / sxx)
        reliability = history.sd_before**2 / (history.sd_before**2 + error)
        pull = reliability * history.correlation - 1
        expected = pull * (result.before - history.mean_before)
        rest = result.change - expected
        assert report.formula.expected == pytest.approx(expected.mean(), abs=1e-10)
        assert report.adjusted.mean == pytest.approx(rest.mean(), abs=1e-10)
        assert report.adjusted.mean == pytest.approx(report.formula.remaining, abs=1e-10)
        half = stats.t.ppf(0.975, 9) * rest.std(ddof=1) / math.sqrt(10)
        assert report.adjusted.interval.low == pytest.approx(rest.mean() - half, abs=1e-10)
        assert report.formula.to_json() == (
            regression_to_the_mean(result, natural_slopes(history)).to_json()
        )


def test_the_reliability_of_run_ins_by_hand():
    table = {(row.months, row.visits): row for row in reliability_table(ALSFRS, 40.0)}
    short = table[3, 2]
    assert short.se == pytest.approx(1.65 * math.sqrt(2) / 3)
    assert short.reliability == pytest.approx(0.58**2 / (0.58**2 + short.se**2))
    assert table[6, 3].se == pytest.approx(1.65 / math.sqrt(18))
    assert table[10, 5].se == pytest.approx(1.65 / math.sqrt(62.5))
    fvc = {(row.months, row.visits): row for row in reliability_table(FVC, 80.0)}
    assert fvc[3, 2].se == pytest.approx(4.0 * math.sqrt(2) / 3)


# -- run-in slopes ---------------------------------------------------------------------------------


@pytest.mark.parametrize("preset", ["reference", "noisier", "skewed"])
def test_run_in_slopes_as_seen_and_as_expected_by_hand(preset):
    trial, comparison = opened("every-detail", history=preset)
    for key, report in regression_report(trial, comparison).items():
        result = comparison.endpoint(key)
        points = result.slopes.points
        changes = next(one.changes for one in PRESETS if one.key == preset)[key]
        history = HISTORIES[key].with_(**changes)
        assert list(report.slopes.patient) == list(np.flatnonzero(result.paired))
        for k, i in enumerate(report.slopes.patient):
            use = (points.patient == i) & points.analysable & (points.month <= 0)
            month, value = points.month[use], points.value[use]
            seen = np.polyfit(month, value, 1)[0]
            noise = math.hypot(history.visit_sd, history.visit_share * value.mean())
            sxx = np.sum((month - month.mean()) ** 2)
            weight = history.sd_before**2 / (history.sd_before**2 + noise**2 / sxx)
            assert report.slopes.observed[k] == pytest.approx(seen, abs=1e-10)
            assert report.slopes.reliability[k] == pytest.approx(weight)
            expected = history.mean_before + weight * (seen - history.mean_before)
            if history.skew:
                grid = np.linspace(-16, 8, 20_001)
                delta = history.skew / math.hypot(1, history.skew)
                scale = history.sd_before / math.sqrt(1 - 2 * delta**2 / math.pi)
                low = history.mean_before - scale * delta * math.sqrt(2 / math.pi)
                density = stats.skewnorm.pdf(grid, history.skew, low, scale)
                density *= stats.norm.pdf(grid, seen, noise / math.sqrt(sxx))
                expected = np.average(grid, weights=density)
            assert report.slopes.expected[k] == pytest.approx(expected, abs=1e-5)


def test_the_adjusted_change_has_the_unit_and_the_level_of_the_comparison(shamsaei):
    trial, month = shamsaei
    _, year = opened("after-shamsaei-2023", rate_unit="year", confidence=0.9)
    for key, report in regression_report(trial, month).items():
        yearly = regression_report(trial, year)[key]
        assert yearly.adjusted.mean == pytest.approx(12 * report.adjusted.mean)
        assert yearly.adjusted.sd == pytest.approx(12 * report.adjusted.sd)
        ends = (report.adjusted.interval, yearly.adjusted.interval)
        half = [(one.high - one.low) / 2 for one in ends]
        ratio = 12 * stats.t.ppf(0.95, 9) / stats.t.ppf(0.975, 9)
        assert half[1] / half[0] == pytest.approx(ratio)
        assert report.formula.remaining == pytest.approx(report.adjusted.mean)


def test_the_adjusted_change_follows_an_edited_natural_history():
    edits = ["alsfrs_r.mean_after:-0.8", "alsfrs_r.sd_after:0.3", "alsfrs_r.correlation:0.6"]
    trial, comparison = opened("after-shamsaei-2023", rate_unit="month", history_values=edits)
    result = comparison.endpoint("alsfrs_r")
    report = regression_report(trial, comparison)["alsfrs_r"]
    error = np.mean(result.slopes.residual_sd**2 / result.slopes.before.sxx)
    reliability = 0.58**2 / (0.58**2 + error)
    expected = 0.19 + (reliability * 0.6 * 0.3 / 0.58 - 1) * (result.before + 0.99)
    rest = result.change - expected
    assert report.adjusted.mean == pytest.approx(rest.mean(), abs=1e-10)
    assert report.adjusted.sd == pytest.approx(rest.std(ddof=1), abs=1e-10)


def test_the_table_of_run_ins_takes_the_scatter_of_these_patients_values():
    trial, comparison = opened("after-shamsaei-2023")
    report = regression_report(trial, comparison)["fvc"]
    points = comparison.endpoint("fvc").slopes.points
    value = points.value[points.month <= 0].mean()
    row = report.table[2]
    assert (row.months, row.visits) == (6, 3)
    assert row.se == pytest.approx(0.05 * value / math.sqrt(18))
    assert row.reliability == pytest.approx(4 / (4 + row.se**2))
    assert [(row.months, row.visits) for row in report.table] == [
        (3, 2), (3, 4), (6, 3), (6, 7), (10, 5), (12, 5), (12, 13)
    ]  # fmt: skip


def test_nothing_is_adjusted_where_nothing_is_known():
    trial, comparison = opened("every-detail", endpoints=["fvc_litres", "alsfrs_r"])
    assert list(regression_report(trial, comparison)) == ["alsfrs_r"]
    # Two visits before day 0 in each of two people leave no residual: no standard error is known.
    frame = pd.DataFrame(
        {
            "patient": ["A"] * 4 + ["B"] * 4,
            "day": [-120, 0, 90, 180] * 2,
            "value": [38, 35, 33, 30, 41, 40, 37, 33],
        }
    )
    few = compare(trial_from(frame), Settings(endpoints=("alsfrs_r",), estimator="theil_sen"))
    report = regression_report(trial_from(frame), few)["alsfrs_r"]
    assert report.formula.reason == "the slopes before have no standard error"
    assert report.adjusted.n == 0
    assert math.isnan(report.adjusted.mean)
    json = report.to_json()
    assert json["formula"]["expected_change"] is json["adjusted_change"]["mean"] is None


# -- presets ---------------------------------------------------------------------------------------


def row(key, verdict, share):
    counted = SimulatedShare(int(share * 1000), 1000)
    preset = next(one for one in PRESETS if one.key == key)
    return UnderPreset(preset, 0.1, counted, counted, Verdict(verdict))


def test_presets_agree_only_where_all_of_them_lead_to_one_verdict():
    rare = row("reference", "rare", 0.012)
    both = OverPresets("alsfrs_r", (rare, row("slower", "rare", 0.025)))
    assert both.agree
    assert both.shares == (0.012, 0.025)
    differ = OverPresets("alsfrs_r", (rare, row("bending", "seen", 0.4), row("slower", "rare", 0)))
    assert not differ.agree
    assert differ.shares == (0.0, 0.4)
    assert [one["preset"] for one in differ.to_json()["presets"]] == [
        "reference", "bending", "slower"
    ]  # fmt: skip


def test_presets_keep_the_edits_of_the_reader_and_end_when_told(shamsaei):
    trial, _ = shamsaei
    edits = ["alsfrs_r.mean_before:-0.2", "alsfrs_r.mean_after:-0.2"]
    _, edited = opened(
        "after-shamsaei-2023", endpoints=["alsfrs_r"], history_values=edits, untreated_trials=200
    )
    told = []

    def progress(share):
        told.append(share)
        return share < 0.3

    found = over_presets(trial, edited, progress=progress)["alsfrs_r"]
    assert told == [k / len(PRESETS) for k in range(1, len(found.rows) + 1)]
    assert [one.preset.key for one in found.rows] == [one.key for one in PRESETS[:3]]
    # The edited mean stands above that of the preset "slower decline".
    assert found.rows[1].mean == found.rows[0].mean


def test_large_trials_get_fewer_simulated_trials_per_preset(shamsaei, monkeypatch):
    trial, comparison = shamsaei
    monkeypatch.setattr(presets, "MANY_PATIENTS", 9)
    found = over_presets(trial, comparison)["alsfrs_r"]
    assert {one.at_least.trials for one in found.rows} == {500}


# -- curvature -------------------------------------------------------------------------------------


def test_the_bend_that_is_enough_for_a_parabola_is_its_own():
    """A course that bends by itself all along: as large a bend gives the same change."""
    months = np.array([-6.0, -3.0, 0.0, 3.0, 6.0, 9.0])
    frame = pd.DataFrame(
        {
            "patient": np.repeat([f"P{i}" for i in range(8)], 6),
            "day": np.tile(months * DAYS_PER_MONTH, 8),
            "value": np.tile(60 - 2.0 * months + 0.06 / 2 * months**2, 8),
            "endpoint": "fvc",
        }
    )
    edits = ("correlation:1", "sd_before:10", "sd_after:10", "visit_share:0", "visit_sd:1")
    settings = Settings(
        endpoints=("fvc",),
        untreated_trials=500,
        history_values=tuple(f"fvc.{edit}" for edit in (*edits, "tail_df:1000")),
    )
    trial = trial_from(frame)
    found = deceleration(trial, compare(trial, settings))["fvc"]
    assert found.observed == pytest.approx(9 * 0.06, abs=1e-9)
    # 0.03/month of Monte Carlo error and rounding over 9 months between the mean times.
    assert found.enough == pytest.approx(0.06, abs=0.03 / 9)
    assert [one.bend for one in found.rows] == list(BENDS["fvc"])


def test_the_table_of_bends_rests_on_the_settings_and_ends_when_told():
    trial, comparison = opened("after-shamsaei-2023", untreated_trials=2_000)
    found = deceleration(trial, comparison, progress=lambda share: share < 0.3)
    for key, one in found.items():
        assert [each.bend for each in one.rows] == list(BENDS[key][:2])
        assert one.rows[0].at_least.trials == 500
        assert one.observed == comparison.endpoint(key).change_summary.mean
    _, less = opened("after-shamsaei-2023", untreated_trials=500)
    straight = untreated(trial, less)
    for one in straight.endpoints:
        assert found[one.endpoint.key].rows[0].at_least == one.cautious.at_least
        assert found[one.endpoint.key].rows[0].mean == one.cautious.mean
    _, bent = opened(
        "after-shamsaei-2023",
        untreated_trials=500,
        history_values=["alsfrs_r.bend:0.005", "fvc.bend:0.0125"],
    )
    for one in untreated(trial, bent).endpoints:
        assert found[one.endpoint.key].rows[1].mean == one.cautious.mean


def test_a_change_that_no_bend_brings_nearer_has_none_that_is_enough():
    none = SimulatedShare(0, 1)
    flat = tuple(WithBend(b, 0.1, none, none) for b in (0.0, 0.01))
    assert math.isnan(enough_bend(flat, 0.2))
    assert enough_bend(flat, 0.1) == 0.0
    trial, comparison = opened("every-detail", endpoints=["fvc_litres", "alsfrs_r"])
    litres = deceleration(trial, comparison)["fvc_litres"]
    assert litres.rows == ()
    assert litres.to_json()["enough"] is None


def test_the_formula_is_not_given_for_courses_that_bend_on_their_own(shamsaei):
    trial, comparison = shamsaei
    bending = compare(trial, comparison.settings.with_(history="bending_more"))
    for report in regression_report(trial, bending).values():
        assert "bend on their own" in report.formula.reason
        assert math.isnan(report.formula.expected)
        assert report.adjusted.n == 0
        assert report.table
