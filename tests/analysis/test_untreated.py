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
from analysis.natural_shrinkage import natural_slopes, regression_to_the_mean
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
from analysis.untreated.deceleration import WithBend, deceleration, enough_bend
from analysis.untreated.history import HISTORIES, PRESETS
from analysis.untreated.outcome import verdict_of
from analysis.untreated.posterior import RunIn, draw_given_run_in, run_in_of, slopes_given_run_in
from analysis.untreated.presets import over_presets
from analysis.untreated.regression import regression_report, reliability_table
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


# -- the posterior ---------------------------------------------------------------------------------


def by_dense_matrices(visits, histories, between):
    """Return mean and covariance of (before, after) of both endpoints and their levels.

    Ordinary Bayesian regression: a very wide prior stands for the flat one of the levels.
    """
    a, b = histories
    mean = np.array([a.mean_before, a.mean_after, b.mean_before, b.mean_after, 50.0, 50.0])
    sd = np.array([a.sd_before, a.sd_after, b.sd_before, b.sd_after])
    within = [a.correlation, b.correlation]
    r = np.eye(4)
    r[0, 1] = r[1, 0] = within[0]
    r[2, 3] = r[3, 2] = within[1]
    r[0, 2] = r[2, 0] = between
    r[0, 3] = r[3, 0] = between * within[1]
    r[1, 2] = r[2, 1] = between * within[0]
    apart = between * math.sqrt((1 - within[0] ** 2) * (1 - within[1] ** 2))
    r[1, 3] = r[3, 1] = within[0] * within[1] * between + apart
    prior = np.zeros((6, 6))
    prior[:4, :4] = r * np.outer(sd, sd)
    prior[4:, 4:] = np.eye(2) * 1e8
    precision, weighted = np.linalg.inv(prior), np.linalg.inv(prior) @ mean
    for e, (months, values, noise) in enumerate(visits):
        design = np.zeros((len(months), 6))
        design[:, 2 * e] = months
        design[:, 4 + e] = 1
        precision = precision + design.T @ design / noise**2
        weighted = weighted + design.T @ values / noise**2
    covariance = np.linalg.inv(precision)
    return covariance @ weighted, covariance


def test_draws_given_a_run_in_are_those_of_bayesian_regression():
    a = ALSFRS.with_(mean_after=-1.2, sd_after=0.7, visit_sd=1.5)
    b = FVC.with_(mean_after=-2.0, sd_after=1.5, visit_sd=4.0, visit_share=0.0, correlation=0.6)
    months = np.array([-6.0, -3.5, -1.0, 0.0]), np.array([-6.0, 0.0])
    values = np.array([44.0, 41.0, 40.0, 36.0]), np.array([90.0, 71.0])
    run_ins = tuple(
        run_in_of(np.zeros(len(t), dtype=int), t, y, 1, 0.0)
        for t, y in zip(months, values, strict=True)
    )
    drawn = draw_given_run_in(run_ins, (a, b), 0.5, 400_000, np.random.default_rng(1))
    found = np.column_stack(
        [one for d in drawn for one in (d.before[:, 0], d.after[:, 0])]
        + [d.level[:, 0] for d in drawn]
    )
    visits = [(months[0], values[0], 1.5), (months[1], values[1], 4.0)]
    mean, covariance = by_dense_matrices(visits, (a, b), 0.5)
    sd = np.sqrt(np.diag(covariance))
    np.testing.assert_allclose(found.mean(axis=0), mean, atol=6 * sd.max() / math.sqrt(400_000))
    np.testing.assert_allclose(found.std(axis=0), sd, rtol=0.01)
    correlation = covariance / np.outer(sd, sd)
    np.testing.assert_allclose(np.corrcoef(found.T), correlation, atol=0.01)


@pytest.mark.parametrize("skew", [-4.0, 2.5])
@pytest.mark.parametrize("seen", [-2.2, -0.1])
def test_skewed_slopes_given_a_run_in_are_those_of_numerical_integration(skew, seen):
    history = ALSFRS.with_(skew=skew)
    run_in = RunIn(*(np.array([x]) for x in (3.0, -1.5, 40.0, 4.5, 4.5 * seen)))
    grid = np.linspace(-8, 6, 200_001)
    delta = skew / math.sqrt(1 + skew**2)
    scale = 0.58 / math.sqrt(1 - 2 * delta**2 / math.pi)
    prior = stats.skewnorm.pdf(grid, skew, -0.99 - scale * delta * math.sqrt(2 / math.pi), scale)
    density = prior * stats.norm.pdf(grid, seen, 1.65 / math.sqrt(4.5))
    density /= density.sum()
    mean = float(density @ grid)
    sd = math.sqrt(float(density @ (grid - mean) ** 2))
    third = float(density @ ((grid - mean) / sd) ** 3)
    (drawn,) = draw_given_run_in((run_in,), (history,), 0.0, 400_000, np.random.default_rng(2))
    slopes = drawn.before[:, 0]
    assert slopes.mean() == pytest.approx(mean, abs=0.004)
    assert slopes.std() == pytest.approx(sd, rel=0.01)
    assert stats.skew(slopes) == pytest.approx(third, abs=0.03)
    assert slopes_given_run_in(run_in, history)[0] == pytest.approx(mean, abs=1e-6)


def test_the_expected_run_in_slope_is_the_shrunken_one():
    run_in = RunIn(*(np.array([x]) for x in (4.0, -3.0, 40.0, 20.0, -40.0)))
    weight = 0.58**2 / (0.58**2 + 1.65**2 / 20)
    expected = -0.99 + weight * (-2.0 + 0.99)
    assert slopes_given_run_in(run_in, ALSFRS)[0] == pytest.approx(expected, abs=1e-12)


def test_a_known_bend_is_taken_out_of_the_run_in():
    months = np.array([-6.0, -4.0, -1.0, 0.0])
    values = 40 - 1.3 * months + 0.05 / 2 * months**2
    run_in = run_in_of(np.zeros(4, dtype=int), months, values, 1, 0.05)
    assert (run_in.sxy / run_in.sxx)[0] == pytest.approx(-1.3, abs=1e-12)


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


# -- presets, deceleration, regression to the mean -------------------------------------------------


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
