"""The untreated benchmark: its shares, responders and verdict by hand, and what chance does."""

from __future__ import annotations

import json
import math
import tracemalloc
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.compare import compare
from analysis.settings import Settings
from analysis.untreated import replicates
from analysis.untreated.assumed import assumed_history
from analysis.untreated.benchmark import (
    benchmark,
    prepare,
    simulate,
    untreated,
    with_own_means,
)
from analysis.untreated.outcome import Verdict, verdict_of, with_own_mean
from analysis.untreated.shares import SimulatedShare
from data.examples import load_example
from data.trial import DAYS_PER_MONTH
from tests.conftest import trial_from

LIGHT = {"flips": 1_000, "resamples": 1_000}
# A fifth of the typical decline, by the limit of the slope before that is assessed.
MEANINGFUL = {-0.25: 0.2 * 0.99, -0.5: 0.2 * 2.7}


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


def few_steep_people(n):
    """Return a trial of people who lost 9 points in 6 months, then 1 or 2 in 3, with its result."""
    frame = pd.DataFrame(
        [
            {"patient": f"P{i}", "day": month * DAYS_PER_MONTH, "value": value - i}
            for i in range(n)
            for month, value in ((-6, 40), (0, 31), (3, 30), (6, 29 - i % 2))
        ]
    )
    trial = trial_from(frame)
    settings = Settings(endpoints=("alsfrs_r",), estimator="end_to_end", rate_unit="month")
    return trial, compare(trial, settings)


@pytest.mark.parametrize("n", [2, 3, 4])
def test_ties_count_as_at_least_as_large_and_few_patients_have_few_degrees_of_freedom(n):
    trial, comparison = few_steep_people(n)
    found = untreated(trial, comparison)
    (one,) = found.endpoints
    slopes = simulate(prepare(trial, comparison), found.assumed, found.trials)["alsfrs_r"]
    # From day 3 months to day 6 months whole points are thirds: means are multiples of 1/(3 n).
    thirds = np.rint(3 * slopes.after).astype(int).sum(axis=1)
    observed = np.sum([-1 - i % 2 for i in range(n)])
    assert np.sum(thirds == observed) > 50
    assert one.at_least.count == np.sum(thirds >= observed)
    changes = slopes.after - slopes.before
    spread = changes.std(axis=1, ddof=1)
    with np.errstate(divide="ignore"):
        t = changes.mean(axis=1) * math.sqrt(n) / spread
    assert one.in_favour.count == np.sum(t > stats.t.ppf(0.975, n - 1)) > 20
    # Another degree of freedom would give another count.
    assert one.in_favour.count < np.sum(t > stats.t.ppf(0.975, n))


def test_a_halved_decline_is_that_after_day_0():
    edits = ["alsfrs_r.mean_after:-0.4"]
    trial, comparison = opened("after-shamsaei-2023", rate_unit="year", history_values=edits)
    one = untreated(trial, comparison).endpoint("alsfrs_r")
    for each, mean_after in ((one, -0.4), (one.own_mean, one.own_mean.mean_slope + 0.59)):
        half = 12 * abs(mean_after) / 2
        limit = np.quantile(each.changes, 0.975)
        assert each.halved.count == np.sum(each.changes + half > limit)
    # The own mean moves both means: people are still thought to decline by 0.59 less later.
    assert one.own_mean.mean_slope != -0.99
    assert one.mean_slope == -0.99


def responds(before, after, key, limit):
    """Return who is assessable and who responds, from the key of a rule such as "percent_50"."""
    kind, _, number = key.partition("_")
    change = after - before
    if key == "above_0":
        return np.ones_like(before, dtype=bool), change > 1e-10
    if key == "meaningful":
        return np.ones_like(before, dtype=bool), change > MEANINGFUL[limit] + 1e-10
    if kind == "points":
        return np.ones_like(before, dtype=bool), change >= float(number) - 1e-10
    could = before <= limit
    return could, could & (change >= float(number) / 100 * np.abs(before) - 1e-10)


@pytest.mark.parametrize("estimator", ["ols", "broken_stick"])
def test_responders_here_and_untreated_share_one_rule_and_denominator(estimator):
    trial, comparison = opened("every-detail", estimator=estimator, rate_unit="year")
    found = untreated(trial, comparison)
    simulated = simulate(prepare(trial, comparison), found.assumed, found.trials)
    for one, result in zip(found.endpoints, comparison.endpoints, strict=True):
        slopes = simulated[one.endpoint.key]
        before = np.broadcast_to(slopes.before, slopes.after.shape)
        limit = {"alsfrs_r": -0.25, "fvc": -0.5}[one.endpoint.key]
        keys = [each.rule.key for each in one.responders]
        assert keys == [each.rule.key for each in result.responders]
        assert {"above_0", "meaningful", "percent_20", "percent_50", "percent_100"} < set(keys)
        assert ("points_1.25" in keys) == (one.endpoint.key == "alsfrs_r")
        for each, here in zip(one.responders, result.responders, strict=True):
            could, did = responds(before, slopes.after, each.rule.key, limit)
            assert (each.count, each.n) == (here.of_assessable.count, here.of_assessable.n)
            assert (each.count, each.n_all) == (here.of_all.count, here.of_all.n)
            assert each.untreated == pytest.approx(did.sum() / could.sum(), abs=1e-12)
            assert each.untreated_of_all == pytest.approx(did.mean(), abs=1e-12)
            assert each.at_least.count == np.sum(did.sum(axis=1) >= each.count)
            assert each.at_least.trials == 2_000
            assert each.share == pytest.approx(here.of_assessable.share, nan_ok=True)
            assert one.responders_by(each.rule.key) is each
        assert one.responders_by("percent_33") is None


@pytest.mark.parametrize(
    ("n", "share", "halved", "reliability", "key", "reasons"),
    [
        (5, 0.025, 0.0, 0.5, "rare", 0),
        (5, 0.0251, 0.5, 0.0, "seen", 0),
        (5, 0.0251, 0.499, 0.9, "inconclusive", 1),
        (5, 0.025, 0.9, 0.499, "inconclusive", 1),
        (4, 0.0, 0.9, 0.9, "inconclusive", 1),
        (4, 0.5, 0.1, 0.1, "inconclusive", 2),
        (5, 0.0, 0.0, 1.0, "rare", 0),
        (5, 1.0, 0.5, 0.0, "seen", 0),
        (100, 0.02, 0.9, 0.0, "inconclusive", 1),
    ],
)
def test_the_verdict_follows_its_rule(n, share, halved, reliability, key, reasons):
    verdict = verdict_of(n, share, halved, reliability)
    assert verdict.key == key
    assert len(verdict.reasons) == reasons


def test_the_reliability_is_the_mean_share_of_signal():
    edits = ["alsfrs_r.sd_after:0.3", "alsfrs_r.correlation:0.2"]
    trial, comparison = opened("after-shamsaei-2023", history_values=edits)
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


def test_the_benchmark_that_lets_expect_more_is_the_cautious_one_and_both_must_be_rare(shamsaei):
    trial, comparison = shamsaei
    one = untreated(trial, comparison).endpoints[0]
    rare, often = SimulatedShare(50, 2_000), SimulatedShare(51, 2_000)
    low, high = np.full(2_000, -0.1), np.full(2_000, 0.1)
    plain = replace(one, own_mean=None, halved=SimulatedShare(1_000, 2_000), reliability=0.5)
    for mine, theirs, key in (
        (rare, rare, "rare"),
        (rare, often, "seen"),
        (often, rare, "seen"),
        (often, often, "seen"),
    ):
        assumed = replace(plain, at_least=mine, changes=low)
        own = replace(plain, at_least=theirs, changes=high, halved=SimulatedShare(0, 2_000))
        both = with_own_mean(assumed, own)
        assert both.verdict == Verdict(key)
        assert both.cautious is own
        assert with_own_mean(replace(assumed, changes=high), own).cautious is not own
    assert plain.cautious is plain
    silent = replace(plain, reason="nothing is known")
    assert with_own_mean(silent, plain) is silent


def test_windows_beyond_the_calibrated_ones_are_named_by_their_medians():
    months = {"A": (-12, -6, 0, 4, 8, 20), "B": (-14, -6, 0, 4, 8, 20), "C": (-3, -1, 0, 2, 4, 5)}
    frame = pd.DataFrame(
        [
            {"patient": name, "day": m * DAYS_PER_MONTH, "value": 30 - round(m / 2)}
            for name, course in months.items()
            for m in course
        ]
    )
    trial = trial_from(frame)
    (one,) = untreated(trial, compare(trial, Settings(endpoints=("alsfrs_r",)))).endpoints
    assert [said.split(" is outside")[0] for said in one.extrapolated] == [
        "extrapolated: the run-in of 12.0 months",
        "extrapolated: the follow-up of 20.0 months",
    ]
    # 3 months before and 5 after are within.
    short = frame[frame["patient"] == "C"]
    trial = trial_from(pd.concat([short.assign(patient=name) for name in "ABC"]))
    (one,) = untreated(trial, compare(trial, Settings(endpoints=("alsfrs_r",)))).endpoints
    assert one.n == 3
    assert one.extrapolated == ()


def test_the_json_holds_the_same_numbers(shamsaei):
    trial, comparison = shamsaei
    found = untreated(trial, comparison)
    assert json.loads(json.dumps(found.to_json()))["trials"] == 2_000
    for one in found.endpoints:
        numbers = json.loads(json.dumps(one.to_json()))
        assert numbers["untreated_change"]["mean"] == one.mean
        quantiles = numbers["untreated_change"]["quantiles"]
        assert list(quantiles) == ["0.025", "0.25", "0.5", "0.75", "0.975"]
        expected = np.quantile(one.changes, [0.025, 0.25, 0.5, 0.75, 0.975])
        np.testing.assert_allclose(list(quantiles.values()), expected)
        share = numbers["at_least_as_large"]
        assert share["share"] == one.at_least.count / 2_000
        assert share["monte_carlo_se"] == one.at_least.error
        assert numbers["own_mean"]["natural_mean_slope"] == one.own_mean.mean_slope
        half = numbers["responders"]["percent_50"]
        assert half["untreated_share"] == one.responders_by("percent_50").untreated
        assert half["trials_with_as_many"]["count"] <= 2_000


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
    assert 0.4 * 2_000 <= some.trials < 2_000
    # What was simulated are the first trials of the whole.
    for part, one in zip(some.endpoints, whole.endpoints, strict=True):
        np.testing.assert_array_equal(part.changes, one.changes[: some.trials])
    for one in some.endpoints:
        assert len(one.changes) == one.at_least.trials == some.trials


def test_both_mean_slopes_are_simulated_as_often_after_a_stop(shamsaei, monkeypatch):
    trial, comparison = shamsaei
    monkeypatch.setattr(replicates, "_VISITS_AT_ONCE", 20_000)
    some = untreated(trial, comparison, progress=lambda share: not 0.2 < share < 0.5)
    assert 0 < some.trials < 2_000
    for one in some.endpoints:
        assert len(one.changes) == len(one.own_mean.changes) == some.trials


def test_memory_is_bounded():
    """2,000 patients × 5 visits to come × 1,000 trials: 80 MB for every step if held at once."""
    rng = np.random.default_rng(6)
    months = np.array([-6.0, -4.5, -3.0, -1.5, 0.0, 1.5, 3.0, 4.5, 6.0, 9.0])
    slopes = rng.normal(-1, 0.5, (2_000, 1))
    values = np.clip(np.round(34 + slopes * months + rng.normal(0, 1.6, (2_000, 10))), 0, 48)
    frame = pd.DataFrame(
        {
            "patient": np.repeat([f"S{i:04d}" for i in range(2_000)], 10),
            "day": np.tile(months * DAYS_PER_MONTH, 2_000),
            "value": values.ravel(),
        }
    )
    trial = trial_from(frame)
    comparison = compare(trial, Settings(endpoints=("alsfrs_r",), **LIGHT))
    prepared, assumed = prepare(trial, comparison), assumed_history(comparison.settings)
    tracemalloc.start()
    found = benchmark(prepared, assumed, 1_000)
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    assert found.trials == 1_000
    assert peak < 200
