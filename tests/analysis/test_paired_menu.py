"""The rest of the paired menu against R, by hand, by enumeration and by its properties."""

from __future__ import annotations

import itertools
import math
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import integrate, stats

from analysis.bayes_factor import jzs_bayes_factor, log_jzs
from analysis.bootstrap import bca_ends, bca_mean
from analysis.effect_sizes import effect_menu, rank_biserial
from analysis.equivalence import equivalence
from analysis.paired_menu import paired_menu
from analysis.paired_tests import correlation, paired_t, pratt_test, sign_flip_test
from analysis.settings import Settings
from analysis.sign_flip_interval import sign_flip_interval
from analysis.sign_test import median_interval, sign_test
from tests.conftest import DAY0_RULES, R_TRIALS, ends, r_compared, r_numbers

RELATIVE = 1e-8
DIRECTIONS = {"two-sided": "p_two", "less steep": "p_greater", "steeper": "p_less"}
DEFAULT = Settings()

every_trial = pytest.mark.parametrize("name", R_TRIALS)
every_rule = pytest.mark.parametrize("rule", DAY0_RULES)
every_direction = pytest.mark.parametrize(("alternative", "key"), DIRECTIONS.items())


def close(ours, theirs, nothing=0.0):
    assert_allclose(ours, theirs, rtol=RELATIVE, atol=nothing)


def attained(interval):
    assert interval is not None
    return interval.attained


def reference(name, rule):
    """Return the paired slopes before and after, the changes, and R's numbers for them."""
    result = r_compared(name, rule)
    who = result.paired
    return (
        result.before[who],
        result.after[who],
        result.change[who],
        r_numbers(name)["rules"][rule],
    )


def menu(changes, settings=DEFAULT, resamples=1_000):
    tests = paired_menu(np.asarray(changes, dtype=float), settings, resamples=resamples)
    return {test.key: test for test in tests}


# ---- signed rank with Pratt's zeros, sign test, median ---------------------------------------


@every_trial
@every_rule
@every_direction
def test_pratt_and_sign_test_equal_r(name, rule, alternative, key):
    _, _, changes, expected = reference(name, rule)
    settings = Settings(alternative=alternative)
    pratt = pratt_test(changes, settings)
    theirs = expected["signed_rank"]["pratt"]
    close([pratt.p, pratt.statistic], [theirs[key], theirs["w_plus"]])
    assert pratt.p_floor <= pratt.p * (1 + RELATIVE)
    sign = sign_test(changes, settings)
    close([sign.p, sign.statistic], [expected["sign_test"][k] for k in (key, "positive")])
    assert sign.p_floor <= sign.p * (1 + RELATIVE)


@every_trial
@every_rule
def test_the_note_of_pratt_says_whether_there_are_zeros(name, rule):
    _, _, changes, expected = reference(name, rule)
    zeros = expected["sign_test"]["zeros"]
    note = pratt_test(changes, DEFAULT).notes[0]
    assert ("the same as" in note) == (zeros == 0)
    assert zeros == 0 or note.startswith(f"{zeros} changes")


@every_trial
@every_rule
def test_median_change_and_its_interval_equal_r(name, rule):
    _, _, changes, expected = reference(name, rule)
    test, theirs = sign_test(changes, DEFAULT), expected["median"]
    close(test.estimate, theirs["estimate"], 1e-10)
    if theirs["ci95"] == [None, None]:
        assert test.interval is None
        assert any("too few" in note for note in test.notes)
    else:
        close(ends(test.interval), theirs["ci95"], 1e-10)
        close(attained(test.interval), theirs["level"])


def test_pratt_with_many_zeros_is_normal_and_quick():
    changes = np.r_[np.zeros(11_900), np.arange(1, 101.0)]
    start = time.perf_counter()
    test = pratt_test(changes, DEFAULT)
    assert time.perf_counter() - start < 0.5
    assert "normal approximation" in test.name
    # z from the ranks 11,901 … 12,000, by hand.
    ranks = np.arange(11_901, 12_001)
    z = (ranks.sum() / 2) / math.sqrt((ranks.astype(float) ** 2).sum() / 4)
    close(test.p, 2 * stats.norm.sf(z))


def test_median_interval_by_hand():
    # n = 6: only the smallest and largest; P(X <= 0) = 1/64.
    interval = median_interval(np.array([5.0, 1, 4, 2, 3, 6]), 0.95)
    assert ends(interval) == (1, 6)
    assert attained(interval) == 1 - 2 / 64
    assert median_interval(np.arange(5.0), 0.95) is None


def test_equal_changes_have_a_median_and_no_interval():
    test = sign_test(np.full(8, 0.3), Settings())
    assert (test.estimate, test.interval) == (0.3, None)
    assert test.p == 2 / 256
    assert "no interval: all changes are equal" in test.notes


# ---- interval of the sign flip ---------------------------------------------------------------


@every_trial
@every_rule
def test_sign_flip_interval_equals_r(name, rule):
    _, _, changes, expected = reference(name, rule)
    theirs = expected["sign_flip"] or {}
    test = sign_flip_test(changes, DEFAULT)
    assert test.estimate_name == "mean change"
    close(test.estimate, expected["summary"]["mean_d"], 1e-12)
    if (theirs.get("ci95") or [None])[0] is None:
        if len(changes) < 6:
            assert test.interval is None
        return
    close(ends(test.interval), theirs["ci95"], 1e-10)
    close(attained(test.interval), theirs["level"])


def subset_means(values):
    subsets = itertools.chain.from_iterable(
        itertools.combinations(values, size) for size in range(1, len(values) + 1)
    )
    return np.sort([np.mean(subset) for subset in subsets])


@pytest.mark.parametrize("n", [6, 12, 13, 15])
@pytest.mark.parametrize("level", [0.8, 0.95])
def test_sign_flip_interval_equals_enumeration(n, level):
    # Whole numbers: many subsets share a mean.
    values = np.random.default_rng(n).integers(-3, 8, n).astype(float)
    means, k = subset_means(values), math.floor((1 - level) / 2 * 2**n + 1e-9)
    interval, said = sign_flip_interval(values, level, flips=10, seed=1)
    close(ends(interval), [means[k - 1], means[-k]], 1e-10)
    assert attained(interval) >= level
    assert said == ""


@pytest.mark.parametrize("n", [7, 14, 24])
def test_shifts_inside_the_interval_are_kept_and_those_outside_rejected(n):
    values = np.random.default_rng(n).normal(0.4, 1, n)
    low, high = ends(sign_flip_interval(values, 0.95, flips=10, seed=1)[0])
    for end, out in ((low, -1), (high, 1)):
        assert sign_flip_test(values - (end + out * 1e-6), DEFAULT).p <= 0.05
        assert sign_flip_test(values - (end - out * 1e-6), DEFAULT).p > 0.05


@pytest.mark.parametrize("n", [25, 40, 300])
def test_interval_from_random_subsets_is_near_that_of_t(n):
    values = np.random.default_rng(n).normal(0.4, 1, n)
    interval, said = sign_flip_interval(values, 0.95, flips=100_000, seed=3)
    t_low, t_high = ends(paired_t(values, DEFAULT).interval)
    assert_allclose(ends(interval), (t_low, t_high), atol=0.06 * (t_high - t_low))
    assert attained(interval) == pytest.approx(0.95, abs=3e-5)
    assert "100,000 random flips, seed 3" in said


def test_random_subsets_give_the_counted_interval(monkeypatch):
    values = np.random.default_rng(8).normal(0.4, 1, 22)
    exact = ends(sign_flip_interval(values, 0.95, flips=10, seed=1)[0])
    monkeypatch.setattr("analysis.sign_flip_interval.EXACT_SUBSETS", 0)
    drawn = ends(sign_flip_interval(values, 0.95, flips=200_000, seed=1)[0])
    assert_allclose(drawn, exact, atol=0.02)
    assert drawn != exact


def test_normal_interval_solves_the_equation_of_the_test(monkeypatch):
    values = np.random.default_rng(4).normal(0.2, 1, 2_500)
    interval, _ = sign_flip_interval(values, 0.95, flips=10, seed=1)
    for end in ends(interval):
        z = abs((values - end).sum()) / math.sqrt(((values - end) ** 2).sum())
        assert z == pytest.approx(stats.norm.ppf(0.975), rel=1e-8)


# ---- BCa -------------------------------------------------------------------------------------

FIVE = np.array([1.0, 2.0, 4.0, 7.5, -3.0])


def bca_by_hand(values, means):
    """BCa from the definition: jackknife by leaving out, ties by half."""
    n, mean = len(values), np.mean(values)
    left_out = np.array([np.mean(np.delete(values, i)) for i in range(n)])
    u = left_out.mean() - left_out
    a = (u**3).sum() / (6 * (u**2).sum() ** 1.5)
    below = np.mean([1.0 if m < mean - 1e-9 else 0.5 if m <= mean + 1e-9 else 0.0 for m in means])
    z0 = stats.norm.ppf(below)
    found = []
    for z in (-1.959963984540054, 1.959963984540054):
        found.append(np.quantile(means, stats.norm.cdf(z0 + (z0 + z) / (1 - a * (z0 + z)))))
    return found


def test_bca_ends_equal_the_definition_over_all_resamples():
    means = np.array([np.mean(r) for r in itertools.product(FIVE, repeat=5)])
    assert len(means) == 5**5
    close(bca_ends(FIVE, means, 0.95), bca_by_hand(FIVE, means))


def test_bca_is_near_that_of_scipy_and_skewed_like_it():
    values = np.random.default_rng(2).exponential(1, 20)
    low, high = ends(bca_mean(values, 0.95, resamples=100_000, seed=1).interval)
    theirs = stats.bootstrap(
        (values,), np.mean, n_resamples=100_000, method="BCa", rng=np.random.default_rng(7)
    ).confidence_interval
    assert_allclose([low, high], [theirs.low, theirs.high], atol=0.01 * (high - low))
    assert high - values.mean() > 1.15 * (values.mean() - low)


def test_bca_is_near_that_of_r():
    # R 4.2.2, boot: set.seed(2); boot.ci(boot(y, function(d, i) mean(d[i]), 200000), type = "bca")
    values = np.array([0.31, -0.42, 1.1, 0.05, 2.6, 0.77, -0.9, 0.4, 1.9, 0.66, 0.12, 3.4])
    theirs = [0.2558333333, 1.633333333]
    interval = bca_mean(values, 0.95, resamples=200_000, seed=1).interval
    assert_allclose(ends(interval), theirs, atol=0.01 * (theirs[1] - theirs[0]))


def test_bca_depends_on_the_seed_and_not_on_the_order_of_patients():
    values = np.random.default_rng(2).normal(0, 1, 15)
    one = bca_mean(values, 0.95, resamples=2_000, seed=1).interval
    assert bca_mean(values[::-1], 0.95, resamples=2_000, seed=1).interval == one
    assert bca_mean(values, 0.95, resamples=2_000, seed=2).interval != one
    mirrored = bca_mean(-values, 0.95, resamples=2_000, seed=1).interval
    low, high = ends(one)
    close(ends(mirrored), [-high, -low], 1e-12)


def test_bca_of_large_trials():
    values = np.random.default_rng(2).normal(0, 1, 2_001)
    normal = bca_mean(values[:501], 0.95, resamples=100, seed=1)
    assert normal.name == "normal interval of the mean"
    half = stats.norm.ppf(0.975) * values[:501].std(ddof=1) / math.sqrt(501)
    mean = values[:501].mean()
    close(ends(normal.interval), [mean - half, mean + half], 1e-9)
    none = bca_mean(values, 0.95, resamples=100, seed=1)
    assert none.interval is None
    assert none.notes == ("not computed above 2,000 patients",)


@pytest.mark.parametrize(("level", "fewest"), [(0.8, 3), (0.95, 4), (0.999, 5)])
def test_bca_needs_resamples_in_its_tails(level, fewest):
    # One patient n times has a share of n^-n: 1/4, 1/27, 1/256 and 1/3125 for n = 2 to 5.
    for n in range(2, 6):
        test = bca_mean(FIVE[:n], level, resamples=500, seed=1)
        assert test.estimate == pytest.approx(FIVE[:n].mean())
        assert (test.interval is None) is (n < fewest)
        few = f"no interval: {n} patients are too few for one of {100 * level:g} %"
        assert (few in test.notes) is (n < fewest)


def test_bca_is_labelled_as_secondary_and_gives_no_p():
    test = bca_mean(FIVE, 0.95, resamples=500, seed=9)
    assert test.role == "exploratory"
    assert math.isnan(test.p)
    assert any("too narrow in small trials" in note for note in test.notes)
    assert any("500 resamples, seed 9" in note for note in test.notes)


# ---- effect sizes ----------------------------------------------------------------------------


@every_trial
@every_rule
def test_effect_sizes_equal_r(name, rule):
    before, after, _, expected = reference(name, rule)
    effects = {e.key: e for e in effect_menu(before, after, 0.95)}
    theirs = expected["effect"]
    for key, effect in effects.items():
        if key == "rank_biserial":
            continue
        close(effect.value, theirs[key])
        # Intervals are those of the population value; R's for g carry the correction J.
        of_population = theirs["d" + key[1:] + "_ci95"]
        close(ends(effect.interval), of_population, 1e-10)
        if key[0] == "g":
            close(np.multiply(theirs["j"], ends(effect.interval)), theirs[f"{key}_ci95"], 1e-10)
    assert list(effects) == ["d_z", "g_av", "g_z", "d_av", "rank_biserial"]


@every_trial
@every_rule
def test_rank_biserial_equals_r(name, rule):
    before, after, _, expected = reference(name, rule)
    effect = effect_menu(before, after, 0.95)[-1]
    close(effect.value, expected["rank_biserial"]["estimate"], 1e-12)
    ci = expected["rank_biserial"]["ci95"]
    if abs(effect.value) == 1:
        assert effect.interval is None
    else:
        close(ends(effect.interval), ci, 1e-10)


def test_rank_biserial_by_hand():
    # Ranks 1 to 4 of 1, -2, 3, 4: (1 + 3 + 4 - 2) / 10; the zero is dropped.
    effect = rank_biserial(np.array([1.0, -2, 3, 0, 4]), 0.95)
    assert effect.value == pytest.approx(0.6)
    assert effect.n == 5
    one_sign = rank_biserial(np.array([1.0, 2.0, 3.0]), 0.95)
    assert one_sign.value == 1
    assert one_sign.interval is None


# ---- Bayes factor ----------------------------------------------------------------------------


@every_trial
@every_rule
def test_jzs_equals_r(name, rule):
    _, _, changes, expected = reference(name, rule)
    result = jzs_bayes_factor(changes)
    close(result.bf10, expected["jzs"]["bf10"])
    close(10**result.log10_bf10, expected["jzs"]["bf10"])
    assert "0.707" in result.name


@pytest.mark.parametrize("t", [0.0, 1.0, -3.0, 8.0])
@pytest.mark.parametrize("n", [2, 3, 12, 500])
@pytest.mark.parametrize("scale", [0.2, math.sqrt(2) / 2, 1.5])
def test_jzs_equals_the_integral_over_g(t, n, scale):
    df = n - 1

    def integrand(u):
        g = u / (1 - u)
        spread = 1 + n * g * scale**2
        log = (df + 1) / 2 * (math.log1p(t * t / df) - math.log1p(t * t / (spread * df)))
        prior = -1.5 * math.log(g) - 1 / (2 * g) - 0.5 * math.log(2 * math.pi)
        return math.exp(log + prior - 0.5 * math.log(spread)) / (1 - u) ** 2

    expected = integrate.quad(integrand, 0, 1, epsabs=0, epsrel=1e-10, limit=2_000)[0]
    assert_allclose(log_jzs(t, n, scale), math.log(expected), rtol=1e-7, atol=1e-7)


def test_jzs_of_huge_statistics_stays_a_number():
    values = 1 + 1e-6 * np.random.default_rng(1).normal(size=60)
    result = jzs_bayes_factor(values)
    assert result.bf10 == math.inf
    assert result.to_json()["bf10"] is None
    assert 300 < result.log10_bf10 < 400


def test_jzs_of_two_patients_grows_as_its_asymptote():
    # n r² = 1: for 1 ≪ g ≪ t² the integrand is 1 / (√(2π) g), and g reaches as far as t².
    grown = math.exp(log_jzs(1e9, 2)) - math.exp(log_jzs(1e8, 2))
    close(grown, math.log(100) / math.sqrt(2 * math.pi), 1e-6)


@pytest.mark.parametrize("changes", [[], [1.0], [2.0, 2.0, 2.0]])
def test_jzs_without_spread_says_why(changes):
    result = jzs_bayes_factor(np.array(changes))
    assert math.isnan(result.bf10)
    assert math.isnan(result.log10_bf10)
    assert result.notes[0].startswith("not estimable")


# ---- the whole menu --------------------------------------------------------------------------


def test_the_menu_is_complete_and_in_order():
    tests = paired_menu(FIVE, DEFAULT, resamples=100)
    keys = ["paired_t", "sign_flip", "wilcoxon", "wilcoxon_pratt", "sign", "bca"]
    assert [test.key for test in tests] == keys
    assert [test.role for test in tests] == ["primary", *2 * ["supporting"], *3 * ["exploratory"]]


@pytest.mark.parametrize("changes", [[], [0.3], [0.0, 0.0], [0.5] * 8, [0.0] * 70, [1.0, -1.0]])
def test_degenerate_changes_give_a_reason_and_never_an_error(changes):
    for test in menu(changes).values():
        if math.isnan(test.p):
            assert test.notes
        else:
            assert 0 < test.p <= 1
        if test.interval is not None:
            assert test.interval.low <= test.interval.high
        assert isinstance(test.to_json()["notes"], list)
    values = np.array(changes)
    for effect in effect_menu(np.zeros_like(values), values, 0.95):
        assert effect.interval is not None or effect.notes


def test_changes_that_are_all_zero_give_p_1():
    tests = menu(np.zeros(9))
    for key in ("sign_flip", "wilcoxon", "wilcoxon_pratt", "sign"):
        assert tests[key].p == 1
    for key in ("sign_flip", "bca"):
        assert tests[key].interval is None


changes_of = st.lists(st.integers(-30, 30), min_size=2, max_size=30)


@given(changes_of)
def test_mirrored_changes_mirror_the_menu(values):
    changes = np.array(values) / 8
    one, other = menu(changes, resamples=200), menu(-changes, resamples=200)
    for key, test in one.items():
        mirrored = other[key]
        close(mirrored.p, test.p)
        if test.interval is None:
            assert mirrored.interval is None
        elif key not in ("bca", "sign_flip") or len(set(map(abs, values))) == len(values):
            low, high = ends(mirrored.interval)
            close([-high, -low], ends(test.interval), 1e-9)


@given(changes_of, st.sampled_from([0.5, 2.0, 12.0]))
def test_the_unit_changes_no_p_and_scales_intervals(values, factor):
    changes = np.array(values) / 8
    one, other = menu(changes, resamples=200), menu(factor * changes, resamples=200)
    for key, test in one.items():
        close(other[key].p, test.p)
        if test.interval is not None:
            close(ends(other[key].interval), np.multiply(factor, ends(test.interval)), 1e-8)


@given(changes_of)
def test_one_sided_p_values_agree_with_two_sided_ones(values):
    changes = np.array(values) / 8
    up = menu(changes, Settings(alternative="less steep"), 50)
    down = menu(changes, Settings(alternative="steeper"), 50)
    for key, test in menu(changes, resamples=50).items():
        if not math.isnan(test.p) and key != "paired_t":
            assert test.p <= 2 * min(up[key].p, down[key].p) * (1 + 1e-9)


def test_the_menu_is_quick():
    def milliseconds(n):
        changes = np.random.default_rng(1).normal(0.2, 1, n)
        took = []
        for _ in range(3):
            start = time.process_time()
            tests = paired_menu(changes, DEFAULT, resamples=10_000)
            effect_menu(changes, 2 * changes, 0.95)
            jzs_bayes_factor(changes)
            took.append(1000 * (time.process_time() - start))
            assert len(tests) == 6
        return min(took)

    # Twice the budgets, for machines that are busy.
    assert milliseconds(20) < 100
    assert milliseconds(70) < 100
    assert milliseconds(12_000) < 300


@pytest.mark.parametrize("level", [0.5, 0.95, 0.999])
def test_no_level_is_called_100_percent_and_equal_changes_say_so(level):
    for test in paired_menu(np.full(8, 0.3), Settings(confidence=level), resamples=500):
        assert test.interval is None
        assert not [note for note in test.notes if "attains" in note or "100 %" in note]
    few = sign_flip_test(np.arange(1.0, 10.0), Settings(confidence=0.999))
    assert "no interval: 9 patients are too few for one of 99.9 %" in few.notes
    with_level = equivalence(np.arange(1.0, 10.0), 1.0, 0.999).sentence
    assert "the 99.8 % interval" in with_level


def test_slopes_that_differ_by_rounding_alone_have_no_correlation():
    before = np.full(6, -0.3) * (1 + np.arange(6) * 2e-16)
    assert np.ptp(before) > 0
    assert math.isnan(correlation(before, np.arange(6.0)))
    assert correlation(np.arange(6.0), np.arange(6.0)) == 1
