"""Responders by hand, shares against R, and what noise alone gives against simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from analysis.responders import (
    Rule,
    SlopeErrors,
    both_below,
    expected_shares,
    responder_rules,
    responders,
    share_of,
)
from tests.conftest import DAY0_RULES, R_TRIALS, ends, r_compared, r_numbers

HALF = Rule("percent_50", "", "percent", 0.5, steep_enough=-0.25)


def by_key(before, after, rules, errors=None):
    found = responders(np.array(before), np.array(after), rules, 0.95, errors)
    return {one.rule.key: one for one in found}


@pytest.mark.parametrize("name", R_TRIALS)
@pytest.mark.parametrize("day0", DAY0_RULES)
def test_shares_of_positive_changes_equal_r(name, day0):
    result, expected = r_compared(name, day0), r_numbers(name)["rules"][day0]["positive"]
    who = result.paired
    rules = responder_rules(result.endpoint.key, result.unit)
    one = by_key(result.before[who], result.after[who], rules)["above_0"]
    for share in (one.of_all, one.of_assessable):
        assert (share.count, share.n) == (expected["count"], expected["n"])
        assert_allclose(ends(share.clopper_pearson), expected["clopper_pearson"], rtol=1e-8)
        assert_allclose(ends(share.wilson), expected["wilson"], rtol=1e-8, atol=1e-15)
    assert one.responded.sum() == expected["count"]


def test_who_responds_by_hand():
    #         no change, exactly half, a bit less, rising, flat before, too flat, steeper
    before = [-1.0, -1.014583333333333, -1.0, -0.5, 0.0, -0.2499, -0.25]
    after = [-1.0, -1.014583333333333 / 2, -0.51, 0.5, 1.0, 0.0, -0.5]
    one = by_key(before, after, (HALF,))["percent_50"]
    assert one.assessable.tolist() == [True, True, True, True, False, False, True]
    assert one.responded.tolist() == [False, True, False, True, False, False, False]
    assert (one.of_assessable.count, one.of_assessable.n) == (2, 5)
    assert (one.of_all.count, one.of_all.n) == (2, 7)


def test_every_percentage_is_met_exactly_at_its_threshold():
    rules = responder_rules("alsfrs_r", "points/month")
    for q in (20, 25, 50, 75, 100):
        pre = -1.2175
        at = by_key([pre, pre], [pre * (1 - q / 100), pre * (1 - q / 100) - 1e-6], rules)
        assert at[f"percent_{q}"].responded.tolist() == [True, False]


def test_rules_in_points_and_meaningful_changes():
    rules = responder_rules("alsfrs_r", "points/month", 0.3)
    found = by_key([-1.5, -1.5, -1.5, -0.1], [-0.25, -0.2, -1.2, 1.4], rules)
    assert found["points_1.25"].responded.tolist() == [True, True, False, True]
    assert found["points_1.5"].responded.tolist() == [False, False, False, True]
    # Above the meaningful change, not at it.
    assert found["meaningful"].responded.tolist() == [True, True, False, True]
    assert found["above_0"].responded.tolist() == [True, True, True, True]
    assert found["percent_20"].responded.tolist() == [True, True, True, False]
    assert found["percent_25"].responded.tolist() == [True, True, False, False]


def test_which_rules_an_endpoint_has():
    keys = {k: [r.key for r in responder_rules(k, "u")] for k in ("alsfrs_r", "fvc", "bulbar")}
    percents = [f"percent_{q}" for q in (20, 25, 50, 75, 100)]
    assert keys["alsfrs_r"] == ["above_0", *percents, "points_1.25", "points_1.5"]
    assert keys["fvc"] == ["above_0", *percents]
    assert keys["bulbar"] == ["above_0"]
    assert {r.steep_enough for r in responder_rules("fvc", "u")} == {None, -0.5}
    assert {r.steep_enough for r in responder_rules("alsfrs_r", "u")} == {None, -0.25}


def test_nobody_assessable():
    one = by_key([0.1, -0.1], [1.0, 1.0], (HALF,))["percent_50"]
    assert one.of_assessable.n == 0
    assert math.isnan(one.of_assessable.share)
    assert one.of_assessable.wilson is None
    assert (one.of_all.count, one.of_all.n) == (0, 2)
    empty = by_key([], [], (HALF,))["percent_50"]
    assert empty.of_all.to_json()["share"] is None


def test_intervals_of_nobody_and_everybody_by_hand():
    # Clopper–Pearson of 0 of 10: upper end 1 − 0.025^(1/10).
    share = share_of(0, 10, 0.95)
    assert_allclose(ends(share.clopper_pearson), [0, 1 - 0.025**0.1], atol=1e-12)
    z2 = stats.norm.ppf(0.975) ** 2
    assert_allclose(ends(share.wilson), [0, z2 / (10 + z2)], atol=1e-12)
    everybody = share_of(10, 10, 0.95)
    assert_allclose(ends(everybody.clopper_pearson), [0.025**0.1, 1], atol=1e-12)


@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
def test_intervals_equal_scipy(level):
    for n in (1, 7, 60):
        for count in {0, 1, n // 3, n}:
            share, theirs = share_of(count, n, level), stats.binomtest(count, n)
            exact = theirs.proportion_ci(level, method="exact")
            wilson = theirs.proportion_ci(level, method="wilson")
            assert_allclose(ends(share.clopper_pearson), exact, rtol=1e-9, atol=1e-12)
            assert_allclose(ends(share.wilson), wilson, rtol=1e-9, atol=1e-12)


# ---- what noise alone gives ------------------------------------------------------------------


@pytest.mark.parametrize("rho", [-0.95, -0.3, 0.0, 0.6, 0.99])
def test_bivariate_normal_equals_an_integral(rho):
    points = np.array([-3.0, -0.7, 0.0, 0.4, 2.5])
    h, k = (a.ravel() for a in np.meshgrid(points, points))
    ours = both_below(h, k, np.full(h.shape, rho))
    # P = ∫ φ(x) Φ((k − ρx)/√(1−ρ²)) dx up to h, by Gauss–Legendre.
    nodes, weights = np.polynomial.legendre.leggauss(400)
    low = -9.0
    x = low + (h[:, None] - low) * (nodes + 1) / 2
    inside = stats.norm.pdf(x) * stats.norm.cdf((k[:, None] - rho * x) / math.sqrt(1 - rho**2))
    assert_allclose(ours, (inside @ weights) * (h - low) / 2, atol=1e-12)


@pytest.mark.parametrize("covariance", [0.0, -0.02])
@pytest.mark.parametrize("q", [0.2, 0.5, 1.0])
def test_expected_shares_equal_simulation(covariance, q):
    rng = np.random.default_rng(4)
    before = np.array([-1.2, -0.3, -0.05, -0.8, 0.2])
    after = np.array([-0.9, -0.6, -0.4, -1.1, -0.3])
    v_b, v_a = np.array([0.04, 0.2, 0.1, 0.05, 0.3]), np.array([0.1, 0.05, 0.1, 0.2, 0.06])
    errors = SlopeErrors(v_b, v_a, np.full(5, covariance))
    rule = Rule("x", "", "percent", q, steep_enough=-0.25)
    draws, hits, assessed = 200_000, 0, 0
    for i in range(5):
        error = np.array([[v_b[i], covariance], [covariance, v_a[i]]])
        # The common slope by generalised least squares, from the matrix form.
        inverse = np.linalg.inv(error)
        common = (inverse @ [before[i], after[i]]).sum() / inverse.sum()
        b, a = rng.multivariate_normal([common, common], error, draws).T
        ok = b <= -0.25
        assessed += ok.sum()
        hits += (ok & ((a - b) / np.abs(b) >= q)).sum()
    ours = expected_shares(before, after, rule, errors)
    assert_allclose(ours, [hits / assessed, hits / (5 * draws)], atol=0.003)


def test_expected_share_of_a_difference_is_closed():
    errors = SlopeErrors(np.array([0.5]), np.array([0.5]), np.array([0.0]))
    rule = Rule("x", "", "difference", 1.25)
    expected = stats.norm.sf(1.25)
    shares = expected_shares(np.array([-1.0]), np.array([0.3]), rule, errors)
    assert_allclose(shares, expected)
    above_0 = Rule("x", "", "difference", 0.0, strict=True)
    assert expected_shares(np.array([-1.0]), np.array([0.3]), above_0, errors) == (0.5, 0.5)


def test_without_errors_nothing_is_expected():
    zero = SlopeErrors(np.zeros(1), np.zeros(1), np.zeros(1))
    one = by_key([-1.0], [-0.2], (HALF,), zero)["percent_50"]
    assert math.isnan(one.expected_of_assessable)
    none = by_key([-1.0], [-0.2], (HALF,))["percent_50"]
    assert math.isnan(none.expected_of_all)
    assert none.to_json()["expected_of_all"] is None


def test_precise_slopes_leave_no_responder_to_noise():
    errors = SlopeErrors(np.array([1e-8]), np.array([1e-8]), np.array([0.0]))
    share, _ = expected_shares(np.array([-1.0]), np.array([-1.0]), HALF, errors)
    assert share == pytest.approx(0, abs=1e-12)
