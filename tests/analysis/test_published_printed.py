"""Printed numbers carry their rounding, and what is no number is refused in words."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.published.printed import (
    PrintedNumber,
    PrintedP,
    PrintedProblem,
    PrintedSummary,
    rounded_like,
)


def summary(**changed) -> PrintedSummary:
    numbers = {
        name: PrintedNumber(text)
        for name, text in {
            "before_mean": "-5.4",
            "before_sd": "2.3",
            "after_mean": "-2",
            "after_sd": "3.08",
        }.items()
    }
    return PrintedSummary("x", "points", **(numbers | {"p": PrintedP("0.014")} | changed))


@pytest.mark.parametrize(
    ("typed", "value", "decimals", "low", "high"),
    [
        ("-5.4", -5.4, 1, -5.45, -5.35),
        ("−5.4", -5.4, 1, -5.45, -5.35),
        ("–12,60", -12.6, 2, -12.605, -12.595),
        (" -2 ", -2, 0, -2.5, -1.5),
        ("2.0", 2, 1, 1.95, 2.05),
        ("+3.", 3, 0, 2.5, 3.5),
        (".5", 0.5, 1, 0.45, 0.55),
    ],
)
def test_the_decimals_say_what_a_number_stands_for(typed, value, decimals, low, high):
    number = PrintedNumber(typed)
    assert (number.value, number.decimals) == (value, decimals)
    assert number.interval() == (pytest.approx(low), pytest.approx(high))
    assert PrintedNumber(number.to_json()) == number


@given(st.integers(-(10**7), 10**7), st.integers(0, 3))
def test_whatever_is_printed_like_a_number_lies_in_its_interval(thousandths, decimals):
    value = Decimal(thousandths).scaleb(-5)
    for rule in (ROUND_HALF_UP, ROUND_HALF_EVEN):
        printed = PrintedNumber(f"{value.quantize(Decimal(1).scaleb(-decimals), rule):f}")
        low, high = printed.interval()
        assert low - 1e-9 <= float(value) <= high + 1e-9
        assert rounded_like(float(value), printed)
    assert not rounded_like(float(value) + 1.01 * 10.0**-decimals, printed)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "is not a number"),
        ("about 5", "“about 5” is not a number. Type it as printed."),
        ("nan", "is not a number"),
        ("inf", "is not a number"),
        ("1e3", "is not a number"),
        ("1,234.5", "is not a number"),
        ("5 ± 2", "is not a number"),
        ("2000001", "too large"),
        ("0.1234567", "more than 6 decimals"),
        ("x" * 500, "…” is not a number"),
    ],
)
def test_what_is_no_printed_number_is_refused(typed, said):
    with pytest.raises(PrintedProblem) as problem:
        PrintedNumber(typed)
    assert said in str(problem.value)
    assert len(str(problem.value)) < 120


@pytest.mark.parametrize(
    ("typed", "kept", "ends"),
    [
        ("0.014", "0.014", (0.0135, 0.0145)),
        ("P = .014", ".014", (0.0135, 0.0145)),
        ("p<0.001", "<0.001", (0.0, 0.001)),
        ("≤ 0,05", "<0.05", (0.0, 0.05)),
        ("> 0.05", ">0.05", (0.05, 1.0)),
        ("1", "1", (0.5, 1.0)),
        ("1.0", "1.0", (0.95, 1.0)),
        ("8e-8", "8e-8", (7.5e-8, 8.5e-8)),
    ],
)
def test_a_p_as_printed_stands_for_a_range(typed, kept, ends):
    p = PrintedP(typed)
    assert p.text == kept
    assert p.interval() == (pytest.approx(ends[0]), pytest.approx(ends[1]))
    assert p.below == kept.startswith("<")
    assert PrintedP(p.to_json()) == p


def test_no_p_is_no_range():
    assert PrintedP("").interval() is None
    assert PrintedP(" ").text == ""


@pytest.mark.parametrize("typed", ["0", "1.2", "14", "n.s.", "<", "-0.01", "0.01*", "0..1"])
def test_what_is_no_p_is_refused(typed):
    with pytest.raises(PrintedProblem, match="is not a P value"):
        PrintedP(typed)


def test_an_impossible_sd_or_n_is_refused():
    with pytest.raises(PrintedProblem, match=r"An SD cannot be negative: -2\.3"):
        summary(before_sd=PrintedNumber("-2.3"))
    for n in (1, 0, -5, 2_001):
        with pytest.raises(PrintedProblem, match="n is between 2 and 2,000"):
            summary(n=n)


def test_json_holds_every_field_as_printed():
    plain = summary(n=12, test="paired t", integers=True).to_json()
    assert plain == {
        "label": "x",
        "unit": "points",
        "before_mean": "-5.4",
        "before_sd": "2.3",
        "after_mean": "-2",
        "after_sd": "3.08",
        "p": "0.014",
        "n": 12,
        "test": "paired t",
        "integers": True,
    }
    assert summary().change == pytest.approx(3.4)
