"""Which n and r a Wilcoxon P allows: against enumeration, R, and data made for the purpose."""

from __future__ import annotations

import csv
import math
import time
from collections import Counter
from fractions import Fraction
from itertools import combinations_with_replacement, product
from typing import Any, cast

import numpy as np
import pytest
from scipy import optimize, stats

from analysis.published.printed import PrintedNumber, PrintedP
from analysis.published.rank_shapes import pattern_ratios, ratios
from analysis.published.rank_ties import TiePattern, a_multiple_lies_in, tied_patterns
from analysis.published.ranks import RankVariant, p_values, rank_readings, smallest_p
from tests.conftest import ROOT

REFERENCE = ROOT / "tests" / "reference" / "published"

ALSFRS = {
    "p": (0.0135, 0.0145),
    "change": (3.35, 3.45),
    "before_sd": (2.25, 2.35),
    "after_sd": (3.075, 3.085),
}
FVC = {
    "p": (0.0, 0.001),
    "change": (7.7, 7.9),
    "before_sd": (5.215, 5.225),
    "after_sd": (14.715, 14.725),
}
ANYTHING = {"change": (0.0, 1e3), "before_sd": (0.0, 1e3), "after_sd": (0.0, 1e3)}


def rows(name):
    lines = (REFERENCE / name).read_text("utf-8").splitlines()
    return [{k: v.strip() for k, v in row.items()} for row in csv.DictReader(lines)]


def wilcoxon(changes: Any, method: str) -> float:
    options: dict[str, Any] = {"method": method, "correction": False}
    return float(stats.wilcoxon(changes, **options).pvalue)


def possible(numbers, variant, n_values=range(3, 41)):
    return [x.n for x in rank_readings(n_values=n_values, variant=variant, **numbers) if x.possible]


def permutation_p(values, pratt=False):
    """Two-sided P of one set of changes, from every flip of its signs, in fractions."""
    values = [v for v in values if v or pratt]
    order = sorted(abs(v) for v in values)
    rank = {
        a: Fraction(2 * order.index(a) + 1 + order.count(a), 2)  # the mean of the shared ranks
        for a in order
    }
    ranks = [rank[abs(v)] for v in values if v]
    if not ranks:
        return Fraction(1)
    observed = sum(rank[v] for v in values if v > 0)
    sums = Counter(
        sum(r for r, sign in zip(ranks, signs, strict=True) if sign)
        for signs in product((0, 1), repeat=len(ranks))
    )
    low = sum(k for w, k in sums.items() if w <= observed)
    high = sum(k for w, k in sums.items() if w >= observed)
    return min(Fraction(1), Fraction(2 * min(low, high), 2 ** len(ranks)))


def best_ratio(signs):
    """Highest Σ s a / (√n ‖a‖) over the sizes, by least squares with non-negative steps."""
    n = len(signs)
    rays = np.tril(np.ones((n, n)))
    _, residual = optimize.nnls(rays, np.asarray(signs, dtype=float))
    return math.sqrt(max(0.0, n - residual**2) / n)


# The facts about the published summary


def test_exact_without_ties_leaves_only_n_11_to_15():
    als, fvc = possible(ALSFRS, "exact", range(3, 16)), possible(FVC, "exact", range(3, 16))
    assert als == [10, 11]
    assert fvc == [11, 12, 13, 14, 15]
    assert set(als) & set(fvc) == {11}
    ten, eleven = rank_readings(n_values=[10, 11], variant="exact", **ALSFRS)
    assert "W = 4" in ten.reason
    assert "W = 6" in eleven.reason
    assert p_values(10, "exact")[4] == pytest.approx(14 / 1024)


def test_exact_with_ties_gives_every_n_from_10_on():
    assert possible(ALSFRS, "exact_ties", range(3, 31)) == list(range(10, 31))
    assert possible(FVC, "exact_ties", range(3, 16)) == list(range(11, 16))


def test_the_normal_approximation_reaches_001_from_14_and_with_its_correction_from_15():
    assert possible(FVC, "asymptotic") == list(range(14, 41))
    assert possible(FVC, "asymptotic_corrected") == list(range(15, 41))
    # Ties make its variance smaller; at n = 11 only equal changes would do, whose SD is 0.
    assert possible(FVC, "asymptotic_ties") == list(range(12, 41))


def test_both_endpoints_take_a_second_at_most():
    start = time.process_time()
    for numbers in (ALSFRS, FVC):
        possible(numbers, "exact")
        possible(numbers, "asymptotic")
    assert time.process_time() - start < 2


# Distributions


@pytest.mark.parametrize("variant", ["exact", "asymptotic", "asymptotic_corrected"])
def test_p_values_are_those_of_r(variant):
    table = rows("rank_p.csv")
    assert {int(row["n"]) for row in table} >= {3, 10, 11, 40}
    for n in {int(row["n"]) for row in table}:
        expected = [float(row[variant]) for row in table if int(row["n"]) == n]
        assert p_values(n, variant) == pytest.approx(expected, rel=1e-10)
        assert smallest_p(n, variant) == pytest.approx(expected[0], rel=1e-10)


@pytest.mark.parametrize("n", [2, 3, 5, 6, 7])
def test_ties_share_their_mean_rank(n):
    for pattern in [TiePattern((1,) * n), *tied_patterns(n)][:150]:
        sizes = np.repeat(np.arange(1, len(pattern.sizes) + 1), pattern.sizes)
        zeros = [0] * pattern.zeros
        values = pattern.p_values()
        for signs in list(product((-1, 1), repeat=len(sizes)))[:: max(1, 2**n // 16)]:
            changes = [*zeros, *(int(a) * s for a, s in zip(sizes, signs, strict=True))]
            ranks = np.repeat(pattern.doubled_ranks, pattern.sizes)
            negative = int(ranks[np.asarray(signs) < 0].sum())
            smaller = min(negative, int(ranks.sum()) - negative)
            assert values[smaller] == pytest.approx(float(permutation_p(changes, pratt=True)))


@pytest.mark.parametrize("n", [3, 4, 5])
def test_exactly_the_attained_p_values_are_possible_with_ties_and_zeros(n):
    attained: set[Fraction] = set()
    for sizes in combinations_with_replacement(range(n + 1), n):
        for signs in product((-1, 1), repeat=n):
            changes = [a * s for a, s in zip(sizes, signs, strict=True)]
            if any(changes):
                attained |= {permutation_p(changes), permutation_p(changes, pratt=True)}
    for k in range(1, 2 ** (n + 1)):
        p = Fraction(k, 2**n)
        near = (float(p) - 1e-6, float(p) + 1e-6)
        (reading,) = rank_readings(near, n_values=[n], variant="exact_ties", **ANYTHING)
        assert reading.possible == (p in attained), (p, reading)
        assert a_multiple_lies_in(near, n) or p not in attained


@pytest.mark.parametrize("n", [4, 7, 10])
def test_no_data_have_a_smaller_p(n):
    sizes = np.arange(1.0, n + 1)
    assert smallest_p(n, "exact") == wilcoxon(sizes, "exact")
    equal = wilcoxon(np.ones(n), "asymptotic")
    assert smallest_p(n, "asymptotic_ties") == pytest.approx(equal)


# Which means and SDs go with signs and ranks


@pytest.mark.parametrize("n", [2, 3, 5, 7, 8])
def test_ratios_hold_every_pattern_of_signs_and_nothing_else(n):
    lowest: dict[int, float] = {}
    highest: dict[int, float] = {}
    for signs in product((-1, 1), repeat=n):
        negative = sum(rank for rank, s in enumerate(signs, 1) if s < 0)
        smaller = min(negative, n * (n + 1) // 2 - negative)
        up, down = best_ratio(signs), best_ratio([-s for s in signs])
        rays = [abs(sum(signs[n - k :])) / math.sqrt(n * k) for k in range(1, n + 1)]
        low = 0.0 if min(up, down) > 1e-6 else min(rays)
        pattern = pattern_ratios([int(s < 0) for s in signs], [1] * n, n)
        assert pattern == pytest.approx((low, max(up, down)), abs=1e-9)
        lowest[smaller] = min(lowest.get(smaller, 1.0), low)
        highest[smaller] = max(highest.get(smaller, 0.0), up, down)
    for w in highest:
        assert ratios(n, w, w) == pytest.approx((lowest[w], highest[w]), abs=1e-9)
    # Ranges of several rank sums are one interval.
    first, last = min(highest), max(highest)
    assert ratios(n, first, last) == pytest.approx((lowest[last], highest[first]))


def test_groups_of_equal_changes_move_together():
    # Changes −1, −1, 3 in groups of 2 and 1: q = (3 − 2 a)/(√3 …) is highest at a = 0.
    assert pattern_ratios([2, 0], [2, 1], 3) == pytest.approx((0.0, 1 / math.sqrt(3)))
    assert pattern_ratios([0], [4], 4) == pytest.approx((1.0, 1.0))
    assert pattern_ratios([1], [4], 4) == pytest.approx((0.5, 0.5))
    # One change of two is 0.
    assert pattern_ratios([0], [1], 2) == pytest.approx((math.sqrt(0.5), math.sqrt(0.5)))


def test_a_doubled_rank_sum_that_no_signs_have_is_known_at_once():
    # All doubled ranks of pairs are odd and counted in twos of 3, 7, 11, …: no sum is 2 or 4, and
    # a search of all 3^20 ways to divide the signs would not end.
    pairs = TiePattern((2,) * 20)
    total = sum(size * rank for size, rank in zip(pairs.sizes, pairs.doubled_ranks, strict=True))
    assert pairs.ratios(total - 4, 40) == []
    assert pairs.ratios(total // 2, 40)


@pytest.mark.parametrize("sizes", [(1, 3, 2), (2, 2, 1, 4), (5,)])
def test_signs_are_found_just_for_the_sums_that_exist(sizes):
    pattern = TiePattern(sizes, zeros=1)
    sums = {
        sum(minus * rank for minus, rank in zip(negative, pattern.doubled_ranks, strict=True))
        for negative in product(*(range(size + 1) for size in sizes))
    }
    for doubled in range(max(sums) + 2):
        assert bool(pattern.ratios(doubled, sum(sizes) + 1)) == (doubled in sums)


def made_data(rng, n):
    """Before and after of n people with sizes, signs, SDs and r that differ from set to set."""
    sizes = np.sort(rng.exponential(1, n) ** rng.choice([0.1, 1, 3])) + 1e-9 * np.arange(1, n + 1)
    changes = sizes * np.where(rng.random(n) < rng.choice([0.05, 0.2, 0.5]), -1, 1)
    before = rng.normal(-5, rng.choice([0.1, 1, 5]), n) - rng.choice([0, 0.5, 1]) * changes
    return before, before + changes


@pytest.mark.parametrize("seed", range(3))
def test_real_data_are_always_possible(seed):
    rng = np.random.default_rng(seed)
    for _ in range(120):
        before, after = made_data(rng, int(rng.integers(3, 16)))
        changes, n = after - before, len(before)
        variants: tuple[RankVariant, ...] = ("exact", "asymptotic")
        r = float(np.corrcoef(before, after)[0, 1])
        mean, first, second = changes.mean(), before.std(ddof=1), after.std(ddof=1)
        for variant in variants:
            value = wilcoxon(changes, variant)
            (reading,) = rank_readings(
                (value, value), (mean, mean), (first, first), (second, second), [n], variant
            )
            assert reading.possible
            assert any(low - 1e-6 <= r <= high + 1e-6 for low, high in reading.r)


def completed(changes, first, second):
    """Values before with SD ``first`` to which these changes give an SD ``second``."""
    centred = changes - changes.mean()
    other = np.linalg.svd(np.vstack([np.ones_like(changes), centred]))[2][-1]
    n = len(changes)
    along = (second**2 - first**2 - changes.var(ddof=1)) / 2 / changes.var(ddof=1)
    across = math.sqrt((n - 1) * (first**2 - along**2 * changes.var(ddof=1)))
    return along * centred + across * other


@pytest.mark.parametrize(("n", "w"), [(10, 4), (11, 6), (6, 2), (12, 20)])
def test_the_ends_of_r_are_reached_by_data(n, w):
    """Data at the highest ratio have the highest r of the reading, and no others have more."""
    signs_found = [
        signs
        for signs in product((1, -1), repeat=n)
        if sum(rank for rank, s in enumerate(signs, 1) if s < 0) == w
    ]
    rays = np.tril(np.ones((n, n)))
    fits = [(optimize.nnls(rays, np.array(s, dtype=float)), s) for s in signs_found]
    (steps, _), signs = min(fits, key=lambda fit: fit[0][1])
    # Almost the best sizes: distinct and above 0.
    changes = (rays @ steps + 1e-6 * np.arange(1, n + 1)) * signs
    first, second = changes.std(ddof=1) * 1.3, changes.std(ddof=1) * 1.1
    before = completed(changes, first, second)
    after = before + changes
    p = wilcoxon(changes, "exact")
    mean = changes.mean()
    (reading,) = rank_readings((p, p), (mean, mean), (first, first), (second, second), [n], "exact")
    assert after.std(ddof=1) == pytest.approx(second)
    assert np.corrcoef(before, after)[0, 1] == pytest.approx(reading.r[-1][1], abs=1e-4)


def test_printed_summaries_of_r_are_possible():
    checked = 0
    for row in rows("printed.csv"):
        means = [PrintedNumber(row[x]).interval() for x in ("before_mean", "after_mean")]
        numbers = {
            "change": (means[1][0] - means[0][1], means[1][1] - means[0][0]),
            "before_sd": PrintedNumber(row["before_sd"]).interval(),
            "after_sd": PrintedNumber(row["after_sd"]).interval(),
        }
        variants: tuple[RankVariant, ...] = ("exact", "asymptotic", "asymptotic_corrected")
        if row["ties"] == "TRUE":
            variants = ("asymptotic_ties",)
        for variant in variants:
            text = f"{float(row[variant.removesuffix('_ties')]):.3f}"
            p = (PrintedP(text).interval() if float(text) else None) or (0.0, 0.0005)
            (reading,) = rank_readings(p, n_values=[int(row["n"])], variant=variant, **numbers)
            assert reading.possible, (row, variant)
            if variant != "asymptotic_ties":
                r = float(row["r"])
                assert any(low - 1e-9 <= r <= high + 1e-9 for low, high in reading.r)
                checked += 1
    assert checked > 500


# Edges


def test_a_large_r_leaves_no_room_for_negative_ranks():
    # With r = 1 and equal SDs every change is alike: none is negative.
    same = {"change": (1.0, 1.0), "before_sd": (2.0, 2.0), "after_sd": (2.0, 2.0)}
    (all_up,) = rank_readings((2**-9, 2**-9), n_values=[10], variant="exact", **same)
    (some_down,) = rank_readings((14 / 1024, 14 / 1024), n_values=[10], variant="exact", **same)
    assert all_up.r[-1][1] == 1.0
    assert some_down.r[-1][1] < 1.0


def test_a_mean_far_larger_than_the_spread_rules_negative_ranks_out():
    numbers = {"change": (100.0, 100.0), "before_sd": (1.0, 1.0), "after_sd": (2.0, 2.0)}
    (reading,) = rank_readings((14 / 1024, 14 / 1024), n_values=[10], variant="exact", **numbers)
    assert not reading.possible
    assert reading.r == ()
    assert "W = 4" in reading.reason


def test_a_change_to_the_other_side_reads_the_same():
    turned = {**ALSFRS, "change": (-3.45, -3.35)}
    for variant in ("exact", "exact_ties", "asymptotic"):
        here = rank_readings(n_values=range(3, 14), variant=variant, **ALSFRS)
        assert rank_readings(n_values=range(3, 14), variant=variant, **turned) == here


def test_two_people_lie_on_a_line():
    numbers = {"change": (1.0, 2.0), "before_sd": (1.0, 2.0), "after_sd": (1.0, 2.0)}
    (reading,) = rank_readings((0.5, 0.5), n_values=[2], variant="exact", **numbers)
    assert all(low == high and abs(low) == 1 for low, high in reading.r)


@pytest.mark.parametrize("n", [1, 101])
def test_an_n_outside_the_limits_is_refused(n):
    with pytest.raises(ValueError, match="between 2 and 100"):
        rank_readings(n_values=[n], variant="exact", **ALSFRS)


def test_an_unknown_variant_is_refused():
    with pytest.raises(ValueError, match="No variant"):
        rank_readings(n_values=[10], variant=cast(Any, "sign"), **ALSFRS)


def test_json_has_every_field():
    (reading,) = rank_readings(n_values=[10], variant="exact", **ALSFRS)
    assert reading.to_json() == {
        "n": 10,
        "variant": "exact",
        "possible": True,
        "r": [list(reading.r[0])],
        "smallest_p": 2**-9,
        "reason": "W = 4",
    }
