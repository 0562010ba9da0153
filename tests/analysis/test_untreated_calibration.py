"""Where the model is true the benchmark keeps its level, however the run-in chose the people.

Each case is one big trial of 800 × 10 untreated people, whose tens are trials of their own. With no
effect the P value of a trial, the share of its simulated trials with at least its mean change, is
uniform. Of 800 trials 20 have P ≤ 0.025, with a Monte Carlo standard error of 0.55 points; the mean
P is 0.5 with one of 0.0102. Both are allowed three of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.compare import compare
from analysis.settings import Settings
from analysis.untreated.assumed import assumed_history
from analysis.untreated.benchmark import prepare, simulate
from analysis.untreated.courses import course_at, draw_people
from analysis.untreated.history import HISTORIES
from analysis.untreated.scores import noisy_scores
from data.endpoints import ENDPOINTS
from data.trial import DAYS_PER_MONTH
from tests.conftest import trial_from

LONG = (-6.0, -4.0, -2.0, 0.0, 2.0, 4.0, 6.0, 9.0)
SHORT = (-3.0, 0.0, 2.0, 4.0, 6.0)
RULES = {
    "none": lambda slope: slope < 99,
    "at most −0.5": lambda slope: slope <= -0.5,
    "at most −1": lambda slope: slope <= -1,
    "between −2 and −0.5": lambda slope: (slope <= -0.5) & (slope >= -2),
    "at most −3": lambda slope: slope <= -3,
}
PATIENTS, DRAWS = 10, 400
# Far from both ends of the scale: given the run-in, the model does not know them.
SCORES = HISTORIES["alsfrs_r"].with_(level_mean=30.0, level_sd=2.0)
PERCENT = HISTORIES["fvc"].with_(level_mean=85.0, level_sd=3.0)
NORMAL_PERCENT = PERCENT.with_(visit_share=0.0, visit_sd=4.0, tail_df=float("inf"))


@dataclass(frozen=True, slots=True)
class Calibrated:
    """Trials with no effect: P value, result of the naive test, and slopes per trial."""

    p: np.ndarray
    favoured: np.ndarray
    before: np.ndarray
    after: np.ndarray
    simulated_before: np.ndarray
    simulated_after: np.ndarray


def people_taken(histories, rule, months, trials, seed):
    """Return scores by endpoint of people whose first endpoint's observed run-in meets a rule."""
    rng = np.random.default_rng(seed)
    drawn = draw_people(histories, 0.5, 70 * 1_000, rng)
    scores = {
        key: noisy_scores(
            course_at(drawn[key], np.array(months), history.bend), history, ENDPOINTS[key], rng
        )
        for key, history in histories.items()
    }
    times = np.array(months)
    up_to = times <= 0
    first = next(iter(scores.values()))
    slope = np.polynomial.polynomial.polyfit(times[up_to], first[:, up_to].T, 1)[1]
    chosen = np.flatnonzero(rule(slope))[: trials * PATIENTS]
    assert len(chosen) == trials * PATIENTS
    return {key: values[chosen] for key, values in scores.items()}


def one_trial(scores, months):
    frames = [
        pd.DataFrame(
            {
                "patient": np.repeat([f"S{i:05d}" for i in range(len(values))], len(months)),
                "day": np.tile(np.array(months) * DAYS_PER_MONTH, len(values)),
                "value": values.ravel(),
                "endpoint": key,
            }
        )
        for key, values in scores.items()
    ]
    return trial_from(pd.concat(frames))


def calibrated(histories, rule, *, months=LONG, trials=800, draws=DRAWS, **settings):
    """Return what the benchmark and the naive test make of the last one of the endpoints."""
    trial = one_trial(people_taken(histories, RULES[rule], months, trials, 5), months)
    chosen = Settings(endpoints=tuple(histories), flips=1_000, resamples=1_000, **settings)
    comparison = compare(trial, chosen)
    assumed = replace(assumed_history(chosen), histories=histories)
    key = list(histories)[-1]
    slopes = simulate(prepare(trial, comparison), assumed, draws)[key]
    result = comparison.endpoint(key)
    assert result.n == trials * PATIENTS
    shape = (trials, PATIENTS)
    after = slopes.after.reshape(draws, *shape)
    before = np.broadcast_to(slopes.before, slopes.after.shape).reshape(draws, *shape)
    change = result.change.reshape(shape)
    simulated = (after - before).mean(axis=2)
    naive = stats.ttest_1samp(change, 0, axis=1)
    return Calibrated(
        # (1 + #)/(B + 1) keeps its level whatever the number of draws is.
        p=(1 + np.sum(simulated >= change.mean(axis=1), axis=0)) / (draws + 1),
        favoured=(naive.pvalue < 0.05) & (naive.statistic > 0),
        before=result.before.reshape(shape),
        after=result.after.reshape(shape),
        simulated_before=before,
        simulated_after=after,
    )


@cache
def of_scores(rule):
    return calibrated({"alsfrs_r": SCORES}, rule)


def keeps_its_level(p):
    n = len(p)
    tail = 3 * np.sqrt(0.025 * 0.975 / n)
    assert np.mean(p <= 0.025) == pytest.approx(0.025, abs=tail)
    assert np.mean(p >= 0.975) == pytest.approx(0.025, abs=tail)
    assert np.mean(p) == pytest.approx(0.5, abs=3 * np.sqrt(1 / 12 / n))
    assert stats.kstest(p, "uniform").pvalue > 0.001


@pytest.mark.parametrize("rule", list(RULES)[:4])
def test_the_benchmark_keeps_its_level_under_every_entry_rule(rule):
    found = of_scores(rule)
    keeps_its_level(found.p)
    naive = np.mean(found.favoured)
    if rule == "none":
        assert naive == pytest.approx(0.025, abs=0.017)
    if rule == "at most −1":
        assert naive > 0.2


def test_a_short_run_in_misleads_the_naive_test_and_not_the_benchmark():
    found = calibrated({"alsfrs_r": SCORES}, "at most −1", months=SHORT)
    keeps_its_level(found.p)
    assert np.mean(found.favoured) > 0.5


@pytest.mark.parametrize("rule", ["none", "at most −1"])
def test_shares_in_favour_and_of_responders_are_those_of_trials_to_come(rule):
    """What is simulated given each run-in happens as often over many trials."""
    found = of_scores(rule)
    change = found.simulated_after - found.simulated_before
    t = change.mean(axis=2) / (change.std(axis=2, ddof=1) / np.sqrt(PATIENTS))
    favoured = t > stats.t.ppf(0.975, PATIENTS - 1)
    error = np.std(found.favoured - favoured.mean(axis=0)) / np.sqrt(len(found.p))
    assert favoured.mean() == pytest.approx(found.favoured.mean(), abs=3 * error)
    seen = (found.after - found.before >= 0.5 * -found.before) & (found.before <= -0.25)
    drawn = (change >= 0.5 * -found.simulated_before) & (found.simulated_before <= -0.25)
    error = np.std(seen - drawn.mean(axis=0)) / np.sqrt(seen.size)
    assert drawn.mean() == pytest.approx(seen.mean(), abs=3 * error)
    assert seen.mean() > 0.1


@pytest.mark.parametrize(
    ("estimator", "trials", "draws"), [("broken_stick", 800, 400), ("theil_sen", 300, 200)]
)
def test_other_estimators_keep_the_level(estimator, trials, draws):
    chosen = calibrated(
        {"alsfrs_r": SCORES}, "at most −1", trials=trials, draws=draws, estimator=estimator
    )
    keeps_its_level(chosen.p)


def test_skewed_and_bending_courses_keep_the_level():
    keeps_its_level(calibrated({"alsfrs_r": SCORES.with_(skew=-4.0)}, "at most −1").p)
    keeps_its_level(calibrated({"alsfrs_r": SCORES.with_(bend=0.04)}, "at most −1").p)


def test_fvc_keeps_its_level_where_people_were_chosen_by_their_alsfrs_r():
    """The visits of one endpoint say something of the slope of the other one."""
    both = {"alsfrs_r": SCORES, "fvc": NORMAL_PERCENT}
    keeps_its_level(calibrated(both, "at most −1").p)


def test_heavy_tails_of_fvc_keep_the_level_nearly():
    """They enter the run-in through their SD alone: an approximation of which this is the size."""
    p = calibrated({"fvc": PERCENT}, "at most −3").p
    assert np.mean(p <= 0.025) == pytest.approx(0.025, abs=0.02)
    assert np.mean(p) == pytest.approx(0.5, abs=0.05)


def test_a_wrong_natural_history_is_noticed_by_this_check():
    """The check above can fail: a person's slopes are less constant than is assumed."""
    wrong = {"alsfrs_r": SCORES.with_(correlation=0.9)}
    scores = people_taken({"alsfrs_r": SCORES}, RULES["at most −1"], LONG, 300, 5)
    trial = one_trial(scores, LONG)
    settings = Settings(endpoints=("alsfrs_r",), flips=1_000, resamples=1_000)
    comparison = compare(trial, settings)
    assumed = replace(assumed_history(settings), histories=wrong)
    slopes = simulate(prepare(trial, comparison), assumed, 200)["alsfrs_r"]
    simulated = (slopes.after - slopes.before).reshape(200, 300, PATIENTS).mean(axis=2)
    change = comparison.endpoints[0].change.reshape(300, PATIENTS).mean(axis=1)
    p = (1 + np.sum(simulated >= change, axis=0)) / 201
    with pytest.raises(AssertionError):
        keeps_its_level(p)
