"""Which n, correlation and tests allow printed numbers: known facts, and data that print them."""

from __future__ import annotations

import json
import math
from itertools import combinations_with_replacement

import numpy as np
import pytest
from scipy import stats

from analysis.published.consistency import (
    READINGS,
    SLOW,
    TESTS,
    Consistency,
    box_in,
    consistency,
    readings_that_differ,
)
from analysis.published.presets import printed_summaries
from analysis.published.printed import PrintedNumber, PrintedP, PrintedSummary
from data.published import load_library

QUICK = tuple(test for test in TESTS if test not in SLOW)
SHAMSAEI = printed_summaries(load_library())["Shamsaei 2023"]
SIWEK = printed_summaries(load_library())["Siwek 2018"]


def row(
    before: str, after: str, p: str, n: int | None = None, integers: bool = False
) -> PrintedSummary:
    a, b, c, d = (PrintedNumber(text) for pair in (before, after) for text in pair.split("±"))
    return PrintedSummary("x", "points/period", a, b, c, d, PrintedP(p), n, integers=integers)


def found(reading, tests=QUICK, summaries=SHAMSAEI, largest=40) -> Consistency:
    return consistency(summaries, reading, tests, largest)


def ns(result: Consistency, test) -> list[tuple[int, ...]]:
    findings = [check.finding(test) for check in result.checks]
    return [one.possible for one in findings if one is not None]


def test_the_library_prints_the_abstract_of_the_reference_trial():
    first, second = SHAMSAEI
    texts = [x.text for x in (first.before_mean, first.before_sd, first.after_mean, first.after_sd)]
    assert texts == ["-5.4", "2.3", "-2", "3.08"]
    texts = [
        x.text for x in (second.before_mean, second.before_sd, second.after_mean, second.after_sd)
    ]
    assert texts == ["-12.6", "5.22", "-4.8", "14.72"]
    assert (first.p.text, second.p.text, first.n, second.n) == ("0.014", "<0.001", None, None)


@pytest.mark.parametrize(
    ("reading", "low", "high", "common"),
    [("exact", 4, 18, ()), ("decimals", 3, 20, ()), ("literal", 3, 25, (22, 23, 24, 25))],
)
def test_no_n_fits_both_paired_t_tests_unless_a_mean_is_rounded(reading, low, high, common):
    result = found(reading, ("paired",))
    points, percent = ns(result, "paired")
    assert points == tuple(range(low, high + 1))
    assert percent == tuple(range(22, 41))
    assert result.common("paired") == common


def test_the_common_n_needs_a_strongly_negative_correlation():
    result = found("literal", ("paired",))
    points = result.checks[0].finding("paired")
    assert points is not None
    highest = [spot.r[-1][1] for n in (22, 23, 24, 25) if (spot := points.spot(n)) is not None]
    assert highest == sorted(highest, reverse=True)
    assert highest[0] == pytest.approx(-0.66, abs=0.005)
    assert highest[-1] == pytest.approx(-0.93, abs=0.005)


@pytest.mark.parametrize(
    ("n", "r", "smallest"),
    [(8, 0.43, 0.053), (10, 0.16, 0.029), (12, -0.11, 0.016), (15, -0.51, 0.0067)],
)
def test_what_each_n_needs(n, r, smallest):
    points, percent = (check.finding("paired") for check in found("exact", ("paired",)).checks)
    assert points is not None
    assert percent is not None
    spot, other = points.spot(n), percent.spot(n)
    assert spot is not None
    assert other is not None
    assert sum(spot.r[0]) / 2 == pytest.approx(r, abs=0.01)
    assert not other.possible
    # By scipy, from two samples whose correlation is 1.
    d = stats.ttest_1samp(exact_sample(-4.8 + 12.6, 14.72 - 5.22, n), 0)
    assert other.smallest_p == pytest.approx(d.pvalue, rel=1e-9)
    assert other.smallest_p == pytest.approx(smallest, rel=0.02)


def exact_sample(mean: float, sd: float, n: int) -> np.ndarray:
    """Return n numbers with just this mean and SD."""
    z = np.arange(n, dtype=float)
    return mean + sd * (z - z.mean()) / z.std(ddof=1)


def test_wilcoxon_of_up_to_15_people_fits_both_only_at_11_without_ties():
    result = found("exact", ("exact", "exact_ties", "asymptotic"), largest=15)
    assert result.common("exact") == (11,)
    assert result.common("exact_ties") == (11, 12, 13, 14, 15)
    assert ns(result, "asymptotic")[1] == (14, 15)


def test_a_printed_n_is_the_only_one_looked_at():
    result = found("decimals", summaries=SIWEK)
    (check,) = result.checks
    assert [len(one.spots) for one in check.findings] == [1] * len(QUICK)
    paired = check.finding("paired")
    assert paired is not None
    (low, high) = paired.spots[0].r[0]
    assert (low, high) == (pytest.approx(0.32, abs=0.005), pytest.approx(0.42, abs=0.005))


def test_a_large_n_has_no_rank_tests_and_its_t_test_agrees_with_what_was_computed():
    # The aggregate was computed with r = 0.20.
    summaries = printed_summaries(load_library())["PRO-ACT aggregate 2016"]
    result = found("decimals", TESTS, summaries)
    assert "exact" not in result.tests
    paired = result.checks[0].finding("paired")
    assert paired is not None
    assert paired.spots[0].r[0][0] <= 0.20 <= paired.spots[0].r[0][1]


@pytest.mark.parametrize("seed", range(12))
def test_what_real_data_print_is_possible(seed):
    """Print the summary of random whole-number data and their tests: each must be possible."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(6, 16))
    before = rng.integers(-12, 3, n)
    after = np.round(0.5 * before + rng.integers(-6, 9, n)).astype(int)
    change = after - before
    if not np.any(change) or np.std(change) == 0:
        pytest.skip("no test of these data")
    tests = {
        "paired": stats.ttest_rel(after, before).pvalue,
        "welch": stats.ttest_ind(after, before, equal_var=False).pvalue,
        "student": stats.ttest_ind(after, before).pvalue,
        "before": stats.ttest_1samp(before, 0).pvalue,
        "after": stats.ttest_1samp(after, 0).pvalue,
    }
    for test, p in tests.items():
        if p < 0.0005:
            continue
        summary = row(
            f"{before.mean():.1f}±{before.std(ddof=1):.2f}",
            f"{after.mean():.1f}±{after.std(ddof=1):.2f}",
            f"{p:.3f}",
            n,
            integers=True,
        )
        result = consistency((summary,), "literal", (test,))  # type: ignore[arg-type]
        finding = result.checks[0].findings[0]
        assert finding.spots[0].possible, (test, summary)
        assert result.whole[0][1], summary
        if test == "paired":
            r = np.corrcoef(before, after)[0, 1]
            low, high = finding.spots[0].r[0]
            assert low - 1e-9 <= r <= high + 1e-9


def test_small_sets_of_whole_numbers_reach_exactly_what_is_said_possible():
    """At n = 3 every set of small whole numbers is tried: what they print passes, nothing else."""
    sets = list(combinations_with_replacement(range(-6, 7), 3))
    printed = {(f"{np.mean(s):.1f}", f"{np.std(s, ddof=1):.2f}") for s in sets}
    inside = [(m, sd) for m, sd in printed if abs(float(m)) <= 1 and float(sd) <= 4]
    assert len(inside) > 20
    for mean, sd in inside:
        summary = row(f"{mean}±{sd}", f"{mean}±{sd}", "", 3, integers=True)
        assert consistency((summary,), "literal").whole[0][1], (mean, sd)
    fails = row("0.1±1.00", "0.1±1.00", "", 3, integers=True)
    assert not consistency((fails,), "literal").whole[0][1]


def test_standard_errors_are_sds_over_the_root_of_n():
    n, p = 9, "0.020"
    se = row("-5.0±1.00", "-3.0±1.00", p, n)
    sd = row("-5.0±3.00", "-3.0±3.00", p, n)
    read_as_se = found("exact", ("paired_se",), (se,)).checks[0].findings[0].spots[0]
    read_as_sd = found("exact", ("paired",), (sd,)).checks[0].findings[0].spots[0]
    assert read_as_se.possible
    assert read_as_se.r[0] == pytest.approx(read_as_sd.r[0])
    assert read_as_se.smallest_p == pytest.approx(read_as_sd.smallest_p)


def test_readings_only_grow():
    exact, decimals, literal = (
        found(reading, ("paired", "welch", "exact")) for reading in READINGS
    )
    for test in ("paired", "welch", "exact"):
        for a, b, c in zip(ns(exact, test), ns(decimals, test), ns(literal, test), strict=True):
            assert set(a) <= set(b) <= set(c)


def test_readings_that_mean_the_same_are_not_shown_twice():
    assert readings_that_differ(SHAMSAEI) == READINGS
    assert readings_that_differ(SHAMSAEI[1:]) == ("exact", "decimals")


def test_every_p_is_possible_where_any_is_allowed():
    for text in (">0.0001", "1", "0.999"):
        summary = row("-5.0±3.0", "-5.0±3.0", text)
        paired = found("literal", ("paired",), (summary,)).checks[0].findings[0]
        assert all(spot.possible for spot in paired.spots)


def test_sign_and_unit_do_not_matter():
    plain = row("-5.4±2.3", "-2.0±3.1", "0.014")
    turned = row("5.4±2.3", "2.0±3.1", "0.014")
    tenfold = row("-54±23", "-20±31", "0.014")
    tests = ("paired", "welch", "exact", "before")
    answers = [ns(found("literal", tests, (plain,)), test) for test in tests]
    for other in (turned, tenfold):
        assert [ns(found("literal", tests, (other,)), test) for test in tests] == answers


def test_without_a_p_only_whole_numbers_are_checked():
    result = found("exact", TESTS, (row("-5.4±2.3", "-2.0±3.1", "", integers=True),))
    assert result.tests == ()
    assert len(result.whole) == 39
    assert result.common("paired") == ()


def test_a_lower_bound_of_p_allows_the_rest():
    summary = row("-5.0±3.0", "-4.6±3.0", ">0.05")
    paired = found("exact", ("paired",), (summary,)).checks[0].findings[0]
    for spot in paired.spots:
        sd = math.sqrt(18 - 18 * spot.r[0][1])
        assert spot.possible
        if spot.r[0][1] < 1:
            t = 0.4 * math.sqrt(spot.n) / sd
            assert 2 * stats.t.sf(t, spot.n - 1) == pytest.approx(0.05, rel=1e-6)


@pytest.mark.parametrize("largest", [1, 101])
def test_a_largest_n_out_of_reach_is_refused(largest):
    with pytest.raises(ValueError, match="between 2 and 100"):
        found("exact", QUICK, SHAMSAEI, largest)


def test_json_holds_what_was_found():
    result = found("literal")
    plain = json.loads(json.dumps(result.to_json(), allow_nan=False))
    assert plain["reading"] == "literal"
    assert plain["n"] == list(range(2, 41))
    assert plain["common_n"]["paired"] == [22, 23, 24, 25]
    for written, check in zip(plain["summaries"], result.checks, strict=True):
        assert written["printed"] == check.summary.to_json()
        for test, finding in zip(written["tests"], check.findings, strict=True):
            assert test["test"] == finding.test
            assert test["possible_n"] == list(finding.possible)
            for a, b in zip(test["spots"], finding.spots, strict=True):
                assert (a["n"], a["possible"], a["smallest_p"]) == (b.n, b.possible, b.smallest_p)
                assert a["r"] == [{"low": low, "high": high} for low, high in b.r]
        assert written["granularity"]["label"] == check.summary.label
        rows = written["granularity"]["rows"]
        assert check.granularity is not None
        assert [r["n"] for r in rows if r["possible"]] == list(check.granularity.possible)
    assert plain["whole_numbers"][3] == {
        "n": 5,
        "possible": True,
        "share": pytest.approx(
            math.prod(c["granularity"]["rows"][3]["share"] for c in plain["summaries"])
        ),
    }


def test_the_box_of_each_reading():
    first = SHAMSAEI[0]
    assert box_in(first, "exact").after_mean == (-2, -2)
    assert box_in(first, "decimals").after_mean == pytest.approx((-2.05, -1.95))
    assert box_in(first, "literal").after_mean == (-2.5, -1.5)
    assert box_in(first, "literal").before_sd == pytest.approx((2.25, 2.35))
