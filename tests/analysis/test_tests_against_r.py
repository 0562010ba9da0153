"""Tests, intervals and effect sizes against R (tests/reference), every day-0 rule."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from analysis.compare import compare
from analysis.holm import holm
from analysis.settings import Settings
from analysis.signed_rank import hodges_lehmann, signed_rank
from tests.conftest import (
    DAY0_RULES,
    R_TRIALS,
    REFERENCE,
    ends,
    frame_from,
    r_compared,
    r_numbers,
    r_trial,
    trial_from,
)

RELATIVE = 1e-8
DIRECTIONS = {"two-sided": "p_two", "less steep": "p_greater", "steeper": "p_less"}

every_trial = pytest.mark.parametrize("name", R_TRIALS)
every_rule = pytest.mark.parametrize("rule", DAY0_RULES)
# R enumerates the signs of up to 25 changes.
every_flipped = pytest.mark.parametrize(
    ("name", "rule"),
    [
        (name, rule)
        for name in R_TRIALS
        for rule in DAY0_RULES
        if (r_numbers(name)["rules"][rule]["sign_flip"] or {}).get("p_two") is not None
    ],
)
every_direction = pytest.mark.parametrize(("alternative", "key"), DIRECTIONS.items())


def close(ours, theirs, nothing=0.0):
    assert_allclose(ours, theirs, rtol=RELATIVE, atol=nothing)


@every_trial
@every_rule
@every_direction
def test_paired_t_equals_r(name, rule, alternative, key):
    expected = r_numbers(name)["rules"][rule]["t"]
    test = r_compared(name, rule, alternative).primary
    close([test.statistic, test.df, test.p], [expected["t"], expected["df"], expected[key]])
    close(ends(test.interval), expected["ci95"])


@every_trial
@every_rule
def test_interval_of_the_mean_follows_the_level(name, rule):
    trial = r_trial(name)
    settings = Settings(day0=rule, confidence=0.9, endpoints=trial.endpoints)
    interval = compare(trial, settings).endpoints[0].primary.interval
    assert interval is not None
    close([interval.low, interval.high], r_numbers(name)["rules"][rule]["t"]["ci90"])


@every_trial
@every_rule
@every_direction
def test_wilcoxon_equals_r(name, rule, alternative, key):
    expected = r_numbers(name)["rules"][rule]["signed_rank"]["wilcox"]
    test = r_compared(name, rule, alternative).test("wilcoxon")
    close([test.p, test.statistic], [expected[key], expected["w_plus"]])
    assert test.p_floor <= test.p * (1 + RELATIVE)


@every_trial
@every_rule
@pytest.mark.parametrize("zeros", ["wilcox", "pratt"])
def test_both_zero_rules_of_the_signed_rank_test_equal_r(name, rule, zeros):
    expected = r_numbers(name)["rules"][rule]["signed_rank"][zeros]
    result = r_compared(name, rule)
    ours = signed_rank(result.change[result.paired], zeros)
    assert ours.tails.exact
    assert (ours.n_nonzero, result.n - ours.n_nonzero) == (expected["n"], expected["zeros"])
    close(
        [ours.w_plus, ours.w_minus, ours.tails.two_sided, ours.tails.greater, ours.tails.less],
        [expected[k] for k in ("w_plus", "w_minus", "p_two", "p_greater", "p_less")],
    )


@every_trial
@every_rule
def test_signed_rank_above_the_exact_limit_equals_the_normal_approximation_of_r(
    name, rule, monkeypatch
):
    monkeypatch.setattr("analysis.signed_rank.EXACT_RANKS", 0)
    expected = r_numbers(name)["rules"][rule]["signed_rank"]["wilcox"]["normal"]
    result = r_compared(name, rule)
    ours = signed_rank(result.change[result.paired]).tails
    assert not ours.exact
    close([ours.two_sided, ours.greater, ours.less], [expected[k] for k in DIRECTIONS.values()])


@every_trial
@every_rule
def test_hodges_lehmann_equals_r(name, rule):
    expected = r_numbers(name)["rules"][rule]["hodges_lehmann"]
    test = r_compared(name, rule).test("wilcoxon")
    assert test.interval is not None
    close(test.estimate, expected["estimate"], 1e-10)
    close([test.interval.low, test.interval.high], expected["ci95"], 1e-10)
    close(test.interval.attained, expected["level"])


@every_trial
@every_rule
def test_hodges_lehmann_by_bisection_equals_r(name, rule, monkeypatch):
    monkeypatch.setattr("analysis.signed_rank._PAIRS", 0)
    expected = r_numbers(name)["rules"][rule]["hodges_lehmann"]
    result = r_compared(name, rule)
    estimate, low, high, attained = hodges_lehmann(result.change[result.paired], 0.95)
    close([estimate, low, high], [expected["estimate"], *expected["ci95"]], 1e-10)
    close(attained, expected["level"])


@every_flipped
@every_direction
def test_sign_flip_equals_r(name, rule, alternative, key):
    expected = r_numbers(name)["rules"][rule]["sign_flip"]
    test = r_compared(name, rule, alternative).test("sign_flip")
    close(test.p, expected[key])
    assert test.p_floor <= test.p * (1 + RELATIVE)


@every_trial
@every_rule
def test_standardised_changes_equal_r(name, rule):
    expected = r_numbers(name)["rules"][rule]["effect"]
    d_z, g_av, *_ = r_compared(name, rule).effects
    assert d_z.interval is not None
    assert g_av.interval is not None
    close([d_z.value, g_av.value], [expected["d_z"], expected["g_av"]])
    close([d_z.interval.low, d_z.interval.high], expected["d_z_ci95"], 1e-10)
    # The interval is for the population value: R's is given times Hedges' J as well.
    close([g_av.interval.low, g_av.interval.high], expected["d_av_ci95"], 1e-10)


@pytest.mark.parametrize("case", json.loads((REFERENCE / "holm.json").read_text("utf-8")))
def test_holm_equals_r(case):
    given = [p for p in case["p"] if p is not None]
    expected = [p for p in case["adjusted"] if p is not None]
    close(holm(given), expected)


def test_holm_runs_over_the_primary_endpoints_that_were_tested():
    days = (-180, -90, 0, 30, 120, 210)
    rng = np.random.default_rng(5)
    frames = [
        frame_from(
            {f"P{i}": dict(zip(days, rng.integers(20, 48, 6), strict=True)) for i in range(6)}, key
        )
        for key in ("alsfrs_r", "fvc", "svc")
    ]
    trial = trial_from(pd.concat(frames))
    result = compare(trial, Settings(endpoints=("alsfrs_r", "fvc", "svc")))
    alsfrs, fvc, svc = result.endpoints
    assert [e.holm_over for e in result.endpoints] == [2, 2, 0]
    assert [e.primary.role for e in result.endpoints] == ["primary", "primary", "exploratory"]
    close([alsfrs.holm_p, fvc.holm_p], holm([alsfrs.primary.p, fvc.primary.p]))
    assert math.isnan(svc.holm_p)


def test_an_endpoint_without_p_does_not_count_for_holm():
    days = (-180, -90, 0, 30, 120, 210)
    rng = np.random.default_rng(5)
    scores = {f"P{i}": dict(zip(days, rng.integers(20, 48, 6), strict=True)) for i in range(6)}
    lone = frame_from({"P1": {-90: 80, 0: 79, 90: 70}}, "fvc")
    trial = trial_from(pd.concat([frame_from(scores), lone]))
    alsfrs, fvc = compare(trial, Settings()).endpoints
    assert alsfrs.holm_p == alsfrs.primary.p
    assert alsfrs.holm_over == 1
    assert math.isnan(fvc.holm_p)
