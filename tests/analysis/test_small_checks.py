"""Equivalence, normality, outliers and the joint sign flip, by hand and by enumeration."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import stats

from analysis.distribution_checks import distribution_checks, grubbs, mad_rule, shapiro_wilk
from analysis.equivalence import equivalence
from analysis.joint_sign_flip import joint_sign_flip
from analysis.paired_tests import paired_t, sign_flip_test
from analysis.settings import Settings
from analysis.signed_rank import sign_flip
from tests.conftest import DAY0_RULES, R_TRIALS, ends, r_compared, r_numbers

every_trial = pytest.mark.parametrize("name", R_TRIALS)
every_rule = pytest.mark.parametrize("rule", DAY0_RULES)


def changes_of(name, rule):
    result = r_compared(name, rule)
    return result.change[result.paired]


# ---- equivalence -----------------------------------------------------------------------------


@every_trial
@every_rule
def test_tost_agrees_with_the_90_percent_interval_of_r(name, rule):
    changes, theirs = changes_of(name, rule), r_numbers(name)["rules"][rule]["t"]["ci90"]
    low, high = theirs
    reach = max(abs(low), abs(high))
    for margin, within in ((reach * 1.0001, True), (reach * 0.9999, False)):
        result = equivalence(changes, margin, 0.95)
        assert_allclose(ends(result.interval), theirs, rtol=1e-8)
        assert (result.verdict == "within") == within
        assert (result.p < 0.05) == within
    nearest = min(abs(low), abs(high)) if low * high > 0 else None
    if nearest:
        assert equivalence(changes, nearest * 0.99, 0.95).verdict == "outside"
        assert equivalence(changes, nearest * 1.01, 0.95).verdict == "undecided"


@pytest.mark.parametrize("level", [0.9, 0.95, 0.99])
@pytest.mark.parametrize("margin", [0.1, 0.5, 1.5])
def test_tost_is_two_one_sided_t_tests(level, margin):
    changes = np.random.default_rng(3).normal(0.2, 0.7, 14)
    result = equivalence(changes, margin, level)
    lower = stats.ttest_1samp(changes, -margin, alternative="greater").pvalue
    upper = stats.ttest_1samp(changes, margin, alternative="less").pvalue
    assert_allclose(result.p, max(lower, upper))
    assert (result.p < 1 - level) == (result.verdict == "within")
    assert result.interval is not None
    assert result.interval.level == pytest.approx(1 - 2 * (1 - level))
    # The flat-prior posterior, by drawing it: normal given the SD, scaled inverse chi-square SD.
    rng = np.random.default_rng(1)
    sd = changes.std(ddof=1) * np.sqrt(13 / rng.chisquare(13, 400_000))
    means = rng.normal(changes.mean(), sd / math.sqrt(14))
    assert result.rope_share == pytest.approx(np.mean(np.abs(means) < margin), abs=0.004)


def test_equivalence_without_spread_or_margin():
    assert equivalence(np.array([1.0]), 1, 0.95).verdict == "not estimable"
    assert equivalence(np.array([0.0, 0.0]), 1, 0.95).to_json()["p"] is None
    for margin in (0.0, -1.0, math.nan):
        with pytest.raises(ValueError, match="margin above 0"):
            equivalence(np.array([1.0, 2.0]), margin, 0.95)


def test_the_sentence_names_interval_and_margin():
    sentence = equivalence(np.array([-0.1, 0.1, 0.05, -0.05]), 0.5, 0.95).sentence
    expected = "Smaller than the margin: the 90 % interval of the mean change lies within ±0.5."
    assert sentence == expected


# ---- normality and outliers ------------------------------------------------------------------


@every_trial
@every_rule
def test_shapiro_equals_r(name, rule):
    expected = r_numbers(name)["rules"][rule]["shapiro"]
    found = shapiro_wilk(changes_of(name, rule))
    assert_allclose(found.statistic, expected["w"], rtol=1e-8)
    # The two libraries approximate the normal quantiles differently in the eighth digit.
    assert_allclose(found.p, expected["p"], rtol=1e-6)


# Grubbs & Beck 1972, table I, upper 2.5 %, which is 5 % two-sided; they rounded upwards.
@pytest.mark.parametrize(("n", "limit"), [(3, 1.155), (5, 1.715), (10, 2.290), (20, 2.709)])
def test_limit_of_grubbs_is_that_of_the_table(n, limit):
    found = grubbs(np.random.default_rng(n).normal(size=n), 0.95)
    assert found.limit == pytest.approx(limit, abs=1e-3)


@pytest.mark.parametrize("n", [4, 8, 20, 70])
def test_p_of_grubbs_is_5_percent_at_its_limit(n):
    base = np.linspace(-1, 1, n - 1)

    def with_outlier(size):
        return np.r_[base, size]

    # The size at which G meets its limit, by bisection.
    low, high = 1.0, 1e4
    for _ in range(200):
        middle = (low + high) / 2
        found = grubbs(with_outlier(middle), 0.95)
        low, high = (low, middle) if found.statistic > found.limit else (middle, high)
    found = grubbs(with_outlier(high + 1e-6), 0.95)
    assert found.p == pytest.approx(0.05, abs=1e-4)
    assert found.patients == (n - 1,)
    assert grubbs(with_outlier(low - 1e-3), 0.95).patients == ()


def test_grubbs_by_hand():
    # 199.31 … 245.57, the example of the NIST handbook (1.3.5.17.1): G = 2.469, limit 2.032.
    values = np.array([199.31, 199.53, 200.19, 200.82, 201.92, 201.95, 202.18, 245.57])
    found = grubbs(values, 0.95)
    assert found.statistic == pytest.approx(2.4687, abs=1e-3)
    assert found.limit == pytest.approx(2.1266, abs=1e-3)
    assert found.patients == (7,)


def test_p_of_grubbs_is_at_most_1():
    assert grubbs(np.array([-1.0, 1, -1, 1, -1, 1]), 0.95).p == 1
    largest = grubbs(np.array([0.0, 0.0, 0.0, 1.0]), 0.95)
    assert largest.p < 1e-6
    assert largest.patients == (3,)


def test_mad_by_hand():
    # Median 3, distances 2 1 0 1 97, MAD 1: 0.6745 · 97.
    found = mad_rule(np.array([1.0, 2, 3, 4, 100]))
    assert found.statistic == pytest.approx(0.6745 * 97)
    assert found.patients == (4,)
    # 3.5 / 0.6745 = 5.189 MADs: 5.18 stays, 5.20 stands out.
    assert mad_rule(np.array([-2.0, -1, 0, 1, 5.18])).patients == ()
    assert mad_rule(np.array([-2.0, -1, 0, 1, 5.20])).patients == (4,)
    assert "not defined" in mad_rule(np.array([1.0, 1, 1, 5])).notes[0]


@pytest.mark.parametrize("values", [[], [1.0], [1.0, 2.0], [3.0] * 5])
def test_checks_without_spread_give_a_reason(values):
    for check in distribution_checks(np.array(values), 0.95):
        assert math.isnan(check.p)
        assert check.notes
        assert check.patients == ()
        assert check.to_json()["p"] is None


# ---- joint sign flip -------------------------------------------------------------------------


def t_of(values):
    known = values[np.isfinite(values)]
    return known.mean() / (known.std(ddof=1) / math.sqrt(len(known)))


def enumerated(first, second, direct):
    """Return the joint and adjusted P by flipping every patient, from the definition of t."""
    observed = [direct(t_of(first)), direct(t_of(second))]
    reached = []
    for signs in itertools.product((1, -1), repeat=len(first)):
        s = np.array(signs)
        reached.append(max(direct(t_of(s * first)), direct(t_of(s * second))))
    r = np.array(reached)
    return [np.mean(r >= o - 1e-9) for o in (max(observed), *observed)]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("alternative", ["two-sided", "less steep", "steeper"])
def test_joint_test_equals_enumeration(seed, alternative):
    rng = np.random.default_rng(seed)
    first = rng.normal(0.5, 1, 9)
    second = 3 * first + rng.normal(1, 2, 9)
    first[0], second[[3, 4]] = np.nan, np.nan
    direct = {"two-sided": abs, "less steep": float, "steeper": lambda t: -t}[alternative]
    result = joint_sign_flip(first, second, alternative, flips=10, seed=1)
    assert_allclose([result.p, *result.adjusted], enumerated(first, second, direct))
    assert_allclose(result.statistics, [t_of(first), t_of(second)])
    assert (result.n, result.n_each) == (9, (8, 7))
    assert result.p >= result.p_floor


@given(st.lists(st.tuples(st.integers(-4, 4), st.integers(-4, 4)), min_size=3, max_size=7))
def test_joint_test_with_ties_equals_enumeration(pairs):
    first, second = np.array(pairs, dtype=float).T
    if np.ptp(np.abs(first)) == 0 or np.ptp(np.abs(second)) == 0:
        return
    result = joint_sign_flip(first, second, "two-sided", flips=10, seed=1)
    assert_allclose([result.p, *result.adjusted], enumerated(first, second, abs))


def test_a_second_endpoint_without_data_leaves_the_test_of_the_first():
    changes = np.random.default_rng(5).normal(0.5, 1, 11)
    nothing = np.full(11, np.nan)
    result = joint_sign_flip(changes, nothing, "two-sided", flips=10, seed=1)
    assert result.p == pytest.approx(sign_flip_test(changes, Settings()).p)
    assert math.isnan(result.adjusted[1])
    assert "only one endpoint" in result.notes[0]


def test_two_equal_endpoints_are_one():
    changes = np.random.default_rng(5).normal(0.5, 1, 12)
    result = joint_sign_flip(changes, 2 * changes, "two-sided", flips=10, seed=1)
    assert result.p == pytest.approx(sign_flip_test(changes, Settings()).p)


def test_equal_changes_reach_the_floor():
    result = joint_sign_flip(np.ones(8), -np.ones(8), "two-sided", flips=10, seed=1)
    assert result.p == 2 / 2**8 == result.p_floor


def test_random_flips_are_near_the_exact_test(monkeypatch):
    rng = np.random.default_rng(6)
    first = rng.normal(0.6, 1, 15)
    second = first + rng.normal(0.2, 1, 15)
    exact = joint_sign_flip(first, second, "two-sided", flips=100_000, seed=1)
    monkeypatch.setattr("analysis.joint_sign_flip.EXACT_PATIENTS", 0)
    drawn = joint_sign_flip(first, second, "two-sided", flips=100_000, seed=1)
    assert drawn.p == pytest.approx(exact.p, abs=4 * math.sqrt(exact.p / 100_000))
    assert drawn.p_floor == 1 / 100_001
    assert "seed 1" in drawn.notes[0]


def test_joint_test_without_anything_says_why():
    for changes in (np.array([]), np.array([1.0]), np.zeros(5)):
        result = joint_sign_flip(changes, changes, "two-sided", flips=10, seed=1)
        assert math.isnan(result.p)
        assert "not estimable" in result.notes[0]
        assert result.to_json()["p"] is None
    many = np.random.default_rng(1).normal(size=2_001)
    assert (
        "not computed above" in joint_sign_flip(many, many, "two-sided", flips=10, seed=1).notes[0]
    )


def test_joint_t_is_that_of_the_paired_t_test():
    changes = np.random.default_rng(5).normal(0.5, 1, 12)
    result = joint_sign_flip(changes, changes[::-1], "two-sided", flips=10, seed=1)
    assert result.statistics[0] == pytest.approx(paired_t(changes, Settings()).statistic)


@pytest.mark.parametrize("n", [2, 7, 30, 40])
def test_sign_flip_of_one_sign_is_exact_to_the_last_tail(n):
    tails = sign_flip(np.linspace(1, 2, n), flips=10, seed=1)
    assert tails.two_sided == 2.0 ** (1 - n)
    assert tails.greater == 2.0**-n
    assert tails.less == 1


def test_the_smallest_joint_p_can_be_reached_where_endpoints_share_no_patient():
    values = np.array([1.0, 1.1, 1.2, 1.3])
    nobody = np.full(4, np.nan)
    first, second = np.append(values, nobody), np.append(nobody, values)
    result = joint_sign_flip(first, second, "two-sided", flips=10, seed=1)
    # All signs alike in one endpoint: 2 of its 16 patterns, whatever the other one does.
    assert result.p_floor == 2 / 16
    assert result.p >= result.p_floor
    alone = np.append(nobody, [0.7, np.nan, np.nan, np.nan])
    one = joint_sign_flip(first, alone, "two-sided", flips=10, seed=1)
    assert (one.p, one.p_floor) == (2 / 16, 2 / 16)
