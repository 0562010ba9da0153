"""GRIM and GRIMMER against every small set of whole numbers, and against numbers from R."""

from __future__ import annotations

import csv
import math
from decimal import ROUND_HALF_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction
from itertools import combinations_with_replacement

import pytest

from analysis.published.granularity import (
    attainable,
    granularity,
    grim,
    grimmer,
    passing_share,
    together,
)
from analysis.published.printed import PrintedNumber, PrintedP, PrintedSummary
from tests.conftest import ROOT

ALSFRS = ("-5.4", "2.3", "-2", "3.08")
FVC = ("-12.6", "5.22", "-4.8", "14.72")


def summary(numbers, label="score"):
    first, second, third, fourth = (PrintedNumber(x) for x in numbers)
    return PrintedSummary(
        label, "points", first, second, third, fourth, PrintedP(""), integers=True
    )


def check(mean, sd, n, **options):
    return grimmer(PrintedNumber(mean), PrintedNumber(sd), n, **options)


def printed(value, decimals, rule):
    return str(value.quantize(Decimal(1).scaleb(-decimals), rounding=rule))


def sums_and_squares(n, bound):
    """Every (S, Q) of n whole numbers with Q < bound², by adding one number at a time."""
    pairs = {(0, 0)}
    for _ in range(n):
        pairs = {
            (s + x, q + x * x)
            for s, q in pairs
            for x in range(1 - bound, bound)
            if q + x * x < bound**2
        }
    return pairs


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 6, 7, 8, 11])
def test_attainable_sums_are_those_of_whole_numbers(n):
    bound = 9
    found = sums_and_squares(n, bound)
    most = bound * n
    claimed = {
        (s, q) for s in range(-most, most + 1) for q in range(-1, bound**2) if attainable(s, q, n)
    }
    assert claimed == found


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_whatever_small_numbers_print_is_possible(n):
    for numbers in combinations_with_replacement(range(-12, 7, 1 if n < 5 else 2), n):
        total, squares = sum(numbers), sum(x * x for x in numbers)
        mean = Decimal(total) / n
        for divisor, df in (("n-1", n - 1), ("n", n)):
            sd = (Decimal(n * squares - total**2) / (n * df)).sqrt()
            for rule in (ROUND_HALF_UP, ROUND_HALF_DOWN):
                pair = printed(mean, 1, rule), printed(sd, 1, rule)
                assert check(*pair, n, divisor=divisor) == "possible", (numbers, pair)


@pytest.mark.parametrize("n", [2, 3, 4, 5, 6])
def test_exactly_the_printable_pairs_pass(n):
    """All pairs with mean 0.0 to 1.0 and SD up to 1.60 against every set that could have them."""
    # SD ≤ 1.605 and a mean within 0 to 1 keep every number within 1 ± 1.605 √(n − 1).
    reach = math.ceil(1.7 * math.sqrt(n - 1))
    shown = set()
    for numbers in combinations_with_replacement(range(-reach, reach + 2), n):
        total, squares = sum(numbers), sum(x * x for x in numbers)
        sd = (Decimal(n * squares - total**2) / (n * (n - 1))).sqrt()
        for rule in (ROUND_HALF_UP, ROUND_HALF_DOWN, ROUND_HALF_EVEN):
            for sd_rule in (ROUND_HALF_UP, ROUND_HALF_DOWN):
                shown.add((printed(Decimal(total) / n, 1, rule), printed(sd, 2, sd_rule)))
    for tenth in range(11):
        for hundredth in range(161):
            pair = f"{tenth / 10:.1f}", f"{hundredth / 100:.2f}"
            assert (check(*pair, n) == "possible") == (pair in shown), pair


@pytest.mark.parametrize("n", range(1, 15))
def test_means_of_whole_numbers(n):
    for tenth in range(-20, 21):
        low, high = Fraction(2 * tenth - 1, 20), Fraction(2 * tenth + 1, 20)
        expected = any(low <= Fraction(s, n) <= high for s in range(-50, 51))
        assert grim(PrintedNumber(f"{tenth / 10:.1f}"), n) == expected


def test_edges_of_the_rounding_interval_belong_to_it():
    # 1/8 = 0.125 is printed as 0.12 or 0.13 by different rules.
    assert grim(PrintedNumber("0.12"), 8)
    assert grim(PrintedNumber("0.13"), 8)
    assert not grim(PrintedNumber("0.14"), 8)
    # 0.5 and −0.5 of two numbers, as an integer.
    assert all(grim(PrintedNumber(text), 2) for text in ("0", "1", "-1"))


@pytest.mark.parametrize(
    ("mean", "sd", "n", "finding"),
    [
        ("0.5", "1.00", 3, "mean"),
        ("0.0", "1.00", 4, "parity"),  # 3 SD² = 3 ± 0.03: Q = 3 only, odd, while S = 0
        ("0.0", "0.10", 4, "sd"),
        ("0.0", "1.41", 4, "possible"),  # Q = 6: 2, −1, −1, 0
        ("0.0", "1.60", 4, "sd"),  # 3 SD² is 7.63 to 7.73
        ("0.0", "3.06", 4, "squares"),  # Q = 28, which is no sum of three squares
    ],
)
def test_the_first_condition_that_fails_is_named(mean, sd, n, finding):
    assert check(mean, sd, n) == finding


def test_fewer_decimals_than_printed_are_not_read_and_more_are():
    assert check("-2", "3.08", 11) == "possible"
    assert check("-2", "3.08", 11, decimals=(1, None)) != "possible"
    assert check("-2.0", "3.08", 11) == check("-2", "3.08", 11, decimals=(1, None))
    assert check("-2.0", "3.08", 11, decimals=(0, 0)) == check("-2.0", "3.08", 11)


def test_the_published_summary_passes_at_5_9_13_and_17_only():
    tables = [
        granularity(summary(numbers), range(3, 41), decimals=(1, None)) for numbers in (ALSFRS, FVC)
    ]
    rows = together(tables)
    assert [n for n, possible, _ in rows if possible and n < 20] == [5, 9, 13, 17]
    share = {n: share for n, _, share in rows}
    # A share of printable pairs near these; another definition gave .0014, .064, .27, .62, > .85.
    assert share[5] < 0.0015
    assert share[9] == pytest.approx(0.064, abs=0.01)
    assert share[13] == pytest.approx(0.27, abs=0.03)
    assert share[17] == pytest.approx(0.62, abs=0.03)
    assert min(share[n] for n in range(24, 41)) > 0.85


def test_a_mean_rounded_to_an_integer_adds_11_15_18_and_19():
    rows = together([granularity(summary(x), range(3, 20)) for x in (ALSFRS, FVC)])
    assert [n for n, possible, _ in rows if possible] == [5, 9, 11, 13, 15, 17, 18, 19]


@pytest.mark.parametrize("divisor", ["n-1", "n"])
@pytest.mark.parametrize("n", [2, 3, 4, 5, 7, 9, 30])
def test_the_share_counts_the_pairs_that_pass(n, divisor):
    mean, sd = PrintedNumber("-5.4"), PrintedNumber("2.30")
    steps = 46
    passing = sum(
        check(f"{tenth / 10:.1f}", f"{2.3 + step / 100:.2f}", n, divisor=divisor) == "possible"
        for tenth in range(30, 40)
        for step in range(-steps, steps + 1)
    )
    expected = passing / (10 * (2 * steps + 1))
    assert passing_share(mean, sd, n, divisor=divisor) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("n", [2, 3, 4, 5, 40, 2_000])
def test_the_share_is_a_share_for_numbers_of_every_size(n):
    for mean, sd in (("0", "0"), ("-2", "100000"), ("0.1234", "3.1234"), ("5.4", "0.00")):
        assert 0 <= passing_share(PrintedNumber(mean), PrintedNumber(sd), n) <= 1


def test_whole_numbers_summarised_in_r_pass():
    path = ROOT / "tests" / "reference" / "published" / "printed.csv"
    rows = list(csv.DictReader(path.read_text("utf-8").splitlines()))
    whole = [row for row in rows if row["ties"].strip() == "TRUE"]
    assert len(whole) > 50
    for row in whole:
        numbers = [row[x].strip() for x in ("before_mean", "before_sd", "after_mean", "after_sd")]
        table = granularity(summary(numbers), [int(row["n"])])
        assert table.possible == (int(row["n"]),)
        assert table.to_json()["rows"][0]["possible"]


def test_an_impossible_n_is_refused():
    with pytest.raises(ValueError, match="at least 2"):
        check("1.0", "1.0", 1)
    with pytest.raises(ValueError, match="at least 1"):
        grim(PrintedNumber("1.0"), 0)


def test_tables_without_a_common_n_have_no_rows_together():
    first, second = (granularity(summary(ALSFRS), [n]) for n in (5, 6))
    assert together([first, second]) == ()
    assert together([]) == ()
