"""What is said of borderline verdicts, of own means and of windows without a run-in."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from analysis.compare import compare
from analysis.settings import Settings
from analysis.untreated.benchmark import untreated
from analysis.untreated.outcome import Verdict
from analysis.untreated.regression import regression_report
from analysis.untreated.shares import SimulatedShare
from data.examples import load_example
from report.untreated_words import near_limit, regression_note, untreated_sentence, verdict_lines


def opened(name, **changes):
    example = load_example(name)
    settings = Settings.from_json({**example.settings, "untreated_trials": 200, **changes})[0]
    return example.trial, compare(example.trial, settings)


@pytest.fixture(scope="module")
def shamsaei():
    return opened("after-shamsaei-2023")


def test_a_window_with_no_run_in_has_no_minus_sign():
    trial, comparison = opened("every-detail", run_in="onset", pre_months=1)
    found = untreated(trial, comparison).endpoint("alsfrs_r")
    assert any("the run-in of 0.0 months" in text for text in found.extrapolated)
    assert not any("-0.0" in text for text in found.extrapolated)


@pytest.mark.parametrize(
    ("count", "trials", "key", "is_near"),
    [
        # 1.96 √(0.025 × 0.975 / 2,000) is 0.68 of 100.
        (50, 2000, "rare", True),
        (37, 2000, "rare", True),
        (36, 2000, "rare", False),
        (63, 2000, "seen", True),
        (64, 2000, "seen", False),
        # With 100 trials none of them does not exclude 2.5 of 100.
        (0, 100, "rare", True),
        (0, 2000, "rare", False),
        (50, 2000, "inconclusive", False),
    ],
)
def test_a_share_next_to_the_limit_is_called_so(shamsaei, count, trials, key, is_near):
    one = untreated(*shamsaei).endpoint("alsfrs_r")
    own = replace(one.own_mean, at_least=SimulatedShare(count, trials))
    shown = replace(one, at_least=SimulatedShare(0, trials), own_mean=own, verdict=Verdict(key))
    assert bool(near_limit(shown)) is is_near
    assert (near_limit(shown) in verdict_lines(shown)) is is_near


@pytest.mark.parametrize(
    ("untreated_share", "words"),
    [
        (0.0, "fewer than 1 % of them"),
        (0.0049, "fewer than 1 % of them"),
        (0.012, "in 1 % of them"),
        (0.996, "more than 99 % of them"),
    ],
)
def test_a_simulated_share_of_responders_is_never_none_or_all(shamsaei, untreated_share, words):
    one = untreated(*shamsaei).endpoint("alsfrs_r")
    rows = tuple(replace(row, untreated=untreated_share) for row in one.responders)
    said = untreated_sentence(replace(one, own_mean=None, responders=rows))
    assert words in said


@pytest.mark.parametrize(
    ("trial_name", "settings", "size"),
    [
        # Run-ins of −0.54 and of about −1.6 points/month around the assumed −0.99.
        ("after-shamsaei-2023", {}, "too large"),
        ("untreated-60", {"filters": ["run_in:fast"]}, "too small"),
    ],
)
def test_regression_names_the_mean_it_rests_on(trial_name, settings, size):
    trial, comparison = opened(trial_name, **settings)
    result = comparison.endpoint("alsfrs_r")
    report = regression_report(trial, comparison)["alsfrs_r"]
    said = regression_note(result, report)
    assert "−0.99 points/month" in said
    assert f"0 {result.unit} is expected instead" in said
    assert size in said
    silent = replace(report, formula=replace(report.formula, expected=math.nan, reason="none"))
    assert regression_note(result, silent) == ""
