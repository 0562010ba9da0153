"""The untreated benchmark: exact where a formula exists, calibrated where the model is true."""

from __future__ import annotations

import math
import tracemalloc
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import analysis.untreated.replicates as replicates
from analysis.compare import compare
from analysis.settings import Settings
from analysis.untreated.assumed import assumed_history
from analysis.untreated.benchmark import (
    benchmark,
    prepare,
    simulate,
    untreated,
    with_own_means,
)
from analysis.untreated.courses import course_at, draw_people
from analysis.untreated.history import HISTORIES
from analysis.untreated.outcome import verdict_of
from analysis.untreated.posterior import draw_given_run_in
from analysis.untreated.replicates import schedule_of, slopes_of, untreated_slopes
from analysis.untreated.scores import noisy_scores
from analysis.untreated.shares import SimulatedShare
from analysis.untreated.weights import visit_weights
from data.endpoints import ENDPOINTS
from data.examples import load_example
from data.trial import DAYS_PER_MONTH
from tests.conftest import trial_from

ALSFRS = HISTORIES["alsfrs_r"]
FVC = HISTORIES["fvc"]


def opened(name, **changes):
    example = load_example(name)
    settings = Settings.from_json({**example.settings, **changes})[0]
    return example.trial, compare(example.trial, settings)


@pytest.fixture(scope="module")
def shamsaei():
    return opened("after-shamsaei-2023", rate_unit="month")


# -- from scores to slopes -------------------------------------------------------------------------


@pytest.mark.parametrize("day0", ["before", "after", "both", "neither"])
@pytest.mark.parametrize("estimator", ["ols", "end_to_end", "broken_stick", "broken_stick_jump"])
def test_slopes_are_weighted_sums_of_scores(estimator, day0):
    _, comparison = opened("every-detail", estimator=estimator, day0=day0, skip_days=0)
    for result in comparison.endpoints:
        everybody = np.ones(len(result.paired), dtype=bool)
        schedule = schedule_of(result, comparison.settings, everybody)
        before, after = slopes_of(schedule, schedule.points.value[None])
        np.testing.assert_allclose(before[0], result.slopes.before.slope[schedule.who], atol=1e-11)
        np.testing.assert_allclose(after[0], result.slopes.after.slope[schedule.who], atol=1e-11)


def test_weights_and_the_estimator_itself_give_the_same_replicates(shamsaei, monkeypatch):
    trial, _ = shamsaei
    for estimator in ("ols", "broken_stick"):
        comparison = compare(trial, Settings(estimator=estimator))
        result = comparison.endpoints[0]
        schedule = schedule_of(result, comparison.settings, np.ones(10, dtype=bool))
        run_in = replicates.run_in_given(result, schedule.who, 0.0)
        (drawn,) = draw_given_run_in((run_in,), (ALSFRS,), 0.0, 30, np.random.default_rng(3))
        pairs = [
            untreated_slopes(one, ALSFRS, drawn, np.random.default_rng(4))
            for one in (schedule, replace(schedule, weights=None))
        ]
        for ours, theirs in zip(*pairs, strict=True):
            np.testing.assert_allclose(np.broadcast_to(ours, theirs.shape), theirs, atol=1e-10)
        assert (pairs[0][0].shape[0] == 1) == (estimator == "ols")


def test_theil_sen_has_no_weights_and_is_simulated_all_the_same(shamsaei):
    trial, _ = shamsaei
    settings = Settings(estimator="theil_sen", untreated_trials=200)
    comparison = compare(trial, settings)
    points = comparison.endpoints[0].slopes.points
    assert visit_weights(points, 10, settings) is None
    (found, _) = untreated(trial, comparison).endpoints
    least = untreated(trial, compare(trial, settings.with_(estimator="ols"))).endpoints[0]
    assert found.mean == pytest.approx(least.mean, abs=0.06)


# -- calibration -----------------------------------------------------------------------------------

CALIBRATION_MONTHS = np.array([-6.0, -4.0, -2.0, 0.0, 2.0, 4.0, 6.0, 9.0])
RULES = {
    "none": lambda slope: slope < 99,
    "at most −0.5": lambda slope: slope <= -0.5,
    "at most −1": lambda slope: slope <= -1,
    "between −2 and −0.5": lambda slope: (slope <= -0.5) & (slope >= -2),
}
TRIALS, PATIENTS = 800, 10


def untreated_people(history, endpoint, rule, seed):
    """Return scores of 8,000 people who meet a rule by their observed run-in."""
    rng = np.random.default_rng(seed)
    drawn = draw_people({endpoint: history}, 0.0, 60_000, rng)[endpoint]
    course = course_at(drawn, CALIBRATION_MONTHS, history.bend)
    scores = noisy_scores(course, history, ENDPOINTS[endpoint], rng)
    up_to = CALIBRATION_MONTHS <= 0
    slope = np.polynomial.polynomial.polyfit(CALIBRATION_MONTHS[up_to], scores[:, up_to].T, 1)[1]
    return scores[rule(slope)][: TRIALS * PATIENTS]


def one_big_trial(scores, endpoint):
    names = [f"S{i:05d}" for i in range(len(scores))]
    frame = pd.DataFrame(
        {
            "patient": np.repeat(names, len(CALIBRATION_MONTHS)),
            "day": np.tile(CALIBRATION_MONTHS * DAYS_PER_MONTH, len(scores)),
            "value": scores.ravel(),
            "endpoint": endpoint,
        }
    )
    return trial_from(frame)


def false_rejections(history, endpoint, rule, seed=5, draws=400):
    """Return how often the benchmark's share is at most 2.5 %, and the naive paired t favours."""
    trial = one_big_trial(untreated_people(history, endpoint, rule, seed), endpoint)
    settings = Settings(endpoints=(endpoint,), flips=1_000, resamples=1_000)
    comparison = compare(trial, settings)
    prepared = prepare(trial, comparison)
    assumed = replace(assumed_history(settings), histories={endpoint: history})
    slopes = simulate(prepared, assumed, draws)[endpoint]
    shape = (draws, TRIALS, PATIENTS)
    simulated = (slopes.after - slopes.before).reshape(shape).mean(axis=2)
    change = comparison.endpoints[0].change.reshape(TRIALS, PATIENTS)
    # Monte Carlo P values (1 + #)/(B + 1) keep their level whatever the number of draws is.
    p = (1 + np.sum(simulated >= change.mean(axis=1), axis=0)) / (draws + 1)
    naive = stats.ttest_1samp(change, 0, axis=1)
    return np.mean(p <= 0.025), np.mean((naive.pvalue < 0.05) & (naive.statistic > 0))


# Three standard errors of 2.5 % in 800 trials are 1.7 points.
@pytest.mark.parametrize("rule", RULES)
def test_the_benchmark_favours_in_2_5_of_100_whatever_the_entry_rule(rule):
    history = ALSFRS.with_(level_mean=30.0, level_sd=2.0)
    ours, naive = false_rejections(history, "alsfrs_r", RULES[rule])
    assert ours == pytest.approx(0.025, abs=0.017)
    if rule == "at most −1":
        assert naive > 0.2
    if rule == "none":
        assert naive == pytest.approx(0.025, abs=0.017)


def test_skewed_slopes_and_heavy_tails_keep_the_level():
    skewed = ALSFRS.with_(level_mean=30.0, level_sd=2.0, skew=-4.0)
    assert false_rejections(skewed, "alsfrs_r", RULES["at most −1"])[0] == pytest.approx(
        0.025, abs=0.017
    )
    # The tails of FVC's scatter enter through its SD alone: an approximation.
    fvc = FVC.with_(level_mean=85.0, level_sd=3.0)
    ours, _ = false_rejections(fvc, "fvc", lambda slope: slope <= -3)
    assert ours == pytest.approx(0.025, abs=0.025)


# -- shares, responders, verdict -------------------------------------------------------------------


@pytest.mark.parametrize("unit", ["month", "year", "period"])
def test_shares_are_counted_from_the_simulated_slopes(unit):
    trial, comparison = opened("after-shamsaei-2023", rate_unit=unit)
    found = untreated(trial, comparison)
    slopes = simulate(prepare(trial, comparison), found.assumed, found.trials)
    factor = {"month": 1, "year": 12, "period": 10}[unit]
    for one, result in zip(found.endpoints, comparison.endpoints, strict=True):
        simulated = slopes[one.endpoint.key]
        changes = factor * (simulated.after - simulated.before)
        np.testing.assert_allclose(one.changes, changes.mean(axis=1), atol=1e-12)
        observed = result.change_summary.mean
        assert one.observed == pytest.approx(observed, abs=1e-12)
        assert one.at_least.count == np.sum(changes.mean(axis=1) >= observed)
        test = stats.ttest_1samp(changes, 0, axis=1)
        assert one.in_favour.count == np.sum((test.pvalue < 0.05) & (test.statistic > 0))
        half = factor * {"alsfrs_r": 0.99, "fvc": 2.7}[one.endpoint.key] / 2
        limit = np.quantile(one.changes, 0.975)
        assert one.halved.count == np.sum(one.changes + half > limit)
        assert one.mean == pytest.approx(changes.mean(), abs=1e-12)
        assert (one.low, one.high) == tuple(np.quantile(one.changes, [0.025, 0.975]))
        assert one.n == 10
        assert one.at_least.trials == 2_000


def test_responders_here_and_untreated_share_one_rule_and_denominator():
    trial, comparison = opened("every-detail")
    found = untreated(trial, comparison)
    simulated = simulate(prepare(trial, comparison), found.assumed, found.trials)
    for one, result in zip(found.endpoints, comparison.endpoints, strict=True):
        slopes = simulated[one.endpoint.key]
        limit = {"alsfrs_r": -0.25, "fvc": -0.5}[one.endpoint.key]
        could = slopes.before[0] <= limit
        less = slopes.after - slopes.before
        did = (less >= 0.5 * np.abs(slopes.before) - 1e-12) & could
        half = one.responders_by("percent_50")
        theirs = next(r for r in result.responders if r.rule.key == "percent_50")
        assert (half.count, half.n) == (theirs.of_assessable.count, theirs.of_assessable.n)
        assert half.n == could.sum()
        assert half.untreated == pytest.approx(did[:, could].mean(), abs=1e-12)
        assert half.untreated_of_all == pytest.approx(did.mean(), abs=1e-12)
        assert half.at_least.count == np.sum(did.sum(axis=1) >= half.count)
        assert half.n_all == result.n
        assert half.share == half.count / half.n
    points = found.endpoint("alsfrs_r").responders_by("points_1.25")
    assert points.n == points.n_all
    assert found.endpoint("fvc").responders_by("points_1.25") is None


@pytest.mark.parametrize(
    ("n", "share", "halved", "reliability", "key", "reasons"),
    [
        (5, 0.025, 0.0, 0.5, "rare", 0),
        (5, 0.0251, 0.5, 0.0, "seen", 0),
        (5, 0.0251, 0.499, 0.9, "inconclusive", 1),
        (5, 0.025, 0.9, 0.499, "inconclusive", 1),
        (4, 0.0, 0.9, 0.9, "inconclusive", 1),
        (4, 0.5, 0.1, 0.1, "inconclusive", 2),
    ],
)
def test_the_verdict_follows_its_rule(n, share, halved, reliability, key, reasons):
    verdict = verdict_of(n, share, halved, reliability)
    assert verdict.key == key
    assert len(verdict.reasons) == reasons


def test_the_reliability_is_the_mean_share_of_signal():
    trial, comparison = opened("after-shamsaei-2023")
    (one, _) = untreated(trial, comparison).endpoints
    points = comparison.endpoints[0].slopes.points
    expected = []
    for i in range(10):
        t = points.month[(points.patient == i) & (points.month <= 0)]
        sxx = np.sum((t - t.mean()) ** 2)
        expected.append(0.58**2 / (0.58**2 + 1.65**2 / sxx))
    assert one.reliability == pytest.approx(np.mean(expected), abs=1e-12)


def test_a_share_knows_its_monte_carlo_error():
    share = SimulatedShare(30, 400)
    assert share.share == 0.075
    assert share.error == pytest.approx(math.sqrt(0.075 * 0.925 / 400))
    assert math.isnan(SimulatedShare(0, 0).share)


def test_the_own_mean_is_that_of_the_run_ins_and_the_verdict_holds_under_both(shamsaei):
    trial, comparison = shamsaei
    found = untreated(trial, comparison)
    assumed = with_own_means(prepare(trial, comparison), found.assumed)
    for one, result in zip(found.endpoints, comparison.endpoints, strict=True):
        points = result.slopes.points
        slopes = []
        for i in range(10):
            use = (points.patient == i) & (points.month <= 0)
            slopes.append(np.polyfit(points.month[use], points.value[use], 1)[0])
        own = assumed.histories[one.endpoint.key]
        assert own.mean_before == pytest.approx(np.mean(slopes), abs=1e-10)
        assert own.mean_after == own.mean_before
        assert one.own_mean.mean_slope == own.mean_before
        assert one.own_mean.own_mean is None
        # These people decline less than the assumed mean: expecting them to get steeper would
        # make any change look rare.
        assert one.own_mean.mean > one.mean
        assert one.cautious is one.own_mean
        share = max(one.at_least.share, one.own_mean.at_least.share)
        assert one.verdict == verdict_of(one.n, share, one.halved.share, one.reliability)


def test_of_people_who_decline_fast_the_assumed_mean_is_the_cautious_one():
    trial, comparison = opened("untreated-60", filters=["run_in:fast"])
    one = untreated(trial, comparison).endpoint("alsfrs_r")
    assert one.cautious is one
    assert one.mean_slope == -0.99
    assert one.mean > 0.3


def test_the_control_arm_is_left_out_where_it_leads():
    trial, comparison = opened("after-oh-2018")
    found = untreated(trial, comparison)
    assert found.control == "control"
    result = comparison.endpoint("alsfrs_r")
    treated = np.array([name.startswith("T") for name in trial.patient_ids])
    one = found.endpoint("alsfrs_r")
    assert one.n == np.sum(treated & result.paired) == 32
    assert one.observed == pytest.approx(result.change[treated & result.paired].mean())
    ungrouped = compare(trial, Settings())
    assert untreated(trial, ungrouped).endpoint("alsfrs_r").n == 59


def test_nothing_is_said_where_nothing_is_known():
    trial, comparison = opened("every-detail", endpoints=["fvc_litres", "alsfrs_r"])
    litres, scores = untreated(trial, comparison).endpoints
    assert "no natural history is known" in litres.reason
    assert litres.verdict.key == "inconclusive"
    assert math.isnan(litres.mean)
    assert scores.reason == ""
    trial, comparison = opened("after-shamsaei-2023", min_visits=20)
    for one in untreated(trial, comparison).endpoints:
        assert one.reason == "no patient can be compared"


@pytest.mark.parametrize("n", [1, 2])
def test_one_patient_has_no_mean_and_two_have_no_verdict(shamsaei, n):
    trial, _ = shamsaei
    left = [{"patient": name, "reason": "other"} for name in trial.patient_ids[n:]]
    comparison = compare(trial, Settings.from_json({"excluded_patients": left})[0])
    one = untreated(trial, comparison).endpoints[0]
    assert one.verdict.key == "inconclusive"
    assert bool(one.reason) == (n == 1)
    assert one.n == n


# -- chance ----------------------------------------------------------------------------------------


def test_one_seed_gives_one_result_whatever_the_order_of_endpoints(shamsaei):
    trial, comparison = shamsaei
    first = untreated(trial, comparison)
    again = untreated(
        trial, compare(trial, comparison.settings.with_(endpoints=("fvc", "alsfrs_r")))
    )
    other = untreated(trial, compare(trial, comparison.settings.with_(seed=1)))
    for key in ("alsfrs_r", "fvc"):
        np.testing.assert_array_equal(first.endpoint(key).changes, again.endpoint(key).changes)
        assert not np.array_equal(first.endpoint(key).changes, other.endpoint(key).changes)
        assert first.endpoint(key).mean == pytest.approx(other.endpoint(key).mean, abs=0.1)


def test_progress_is_told_and_can_end_the_work(shamsaei, monkeypatch):
    trial, comparison = shamsaei
    monkeypatch.setattr(replicates, "_VISITS_AT_ONCE", 20_000)
    told = []
    whole = untreated(trial, comparison, progress=lambda share: told.append(share) or True)
    assert whole.trials == 2_000
    assert told == sorted(told)
    assert told[-1] == 1.0
    some = untreated(trial, comparison, progress=lambda share: share < 0.2)
    assert 0 < some.trials < 2_000
    for one in some.endpoints:
        assert len(one.changes) == one.at_least.trials == some.trials


def test_memory_is_bounded():
    scores = untreated_people(ALSFRS, "alsfrs_r", RULES["none"], 6)[:2_000]
    trial = one_big_trial(scores, "alsfrs_r")
    comparison = compare(trial, Settings(endpoints=("alsfrs_r",), flips=1_000, resamples=1_000))
    prepared, assumed = prepare(trial, comparison), assumed_history(comparison.settings)
    tracemalloc.start()
    found = benchmark(prepared, assumed, 400)
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    assert found.trials == 400
    assert peak < 150
