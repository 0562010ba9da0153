"""Cells of number columns: values, gaps, deaths, remarks, and what must never become a number."""

# ruff: noqa: RUF001 - digits of other scripts are what is tested

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.numbers import decimal_comma, read_number, says_missing, sentinels


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("34", 34, ""),
        ("34.5", 34.5, ""),
        (".5", 0.5, ""),
        ("-6", -6, ""),
        ("+6", 6, ""),
        ("−4", -4, ""),
        ("1e1", 10, ""),
        (" 40 ", 40, ""),
        ("40\u00a0", 40, ""),
        ("۳۸", 38, ""),
        ("۱۲٫۵", 12.5, ""),
        ("۱۲،۵", 12.5, ""),
        ("٨٢٫٥", 82.5, ""),
        ("１２．５", 12.5, ""),
        ("12·5", 12.5, ""),
        ("82.5%", 82.5, "percent"),
        ("82 %", 82, "percent"),
        ("82 %pred", 82, "percent"),
        ("82 % predicted", 82, "percent"),
        ("82 % of predicted", 82, "percent"),
        ("۸۲٪", 82, "percent"),
        ("%82", 82, "percent"),
        ("82 Prozent", 82, "percent"),
        ("3.1 L", 3.1, "litres"),
        ("3.1l", 3.1, "litres"),
        ("3.1 litres", 3.1, "litres"),
        ("3.1 Liter", 3.1, "litres"),
        ("3100 ml", 3100, "millilitres"),
        ("3100 mL", 3100, "millilitres"),
        ("34 points", 34, "points"),
    ],
)
def test_numbers_are_read_with_their_unit(text, value, unit):
    read = read_number(text)
    assert (read.kind, read.value, read.unit) == ("number", value, unit)
    assert read_number(text, decimal_comma=True) == read


@pytest.mark.parametrize(
    ("text", "value"),
    [("12,5", 12.5), ("12,53", 12.53), ("2,985", 2.985), ("0,185", 0.185), ("-3,5", -3.5),
     ("82,5 %", 82.5), ("3,1 l", 3.1), ("82.5", 82.5), ("3.19", 3.19), ("0.185", 0.185)],
)  # fmt: skip
def test_commas_are_decimals_only_where_the_column_says_so(text, value):
    assert read_number(text, decimal_comma=True).value == value
    assert read_number(text).value == (None if "," in text else value)


@pytest.mark.parametrize(
    "text",
    ["", " ", "NA", "N/A", "ND", "n.d.", "n/a", "not done", "Not Done", "unable", "refused",
     "missing", "fehlt", "nicht gemessen", "non fait", "no realizado", "انجام نشد", "ندارد",
     ".", "-", "–", "?", "x", "X", "#N/A", ".A", "k.A.", "unable (tracheostomy)",
     "not done, machine broken", "refused (tired)", "patient refused", "NaN", "None", "null"],
)  # fmt: skip
def test_missing_is_told_in_many_languages(text):
    read = read_number(text)
    assert (read.kind, read.value) == ("missing", None)


@pytest.mark.parametrize(
    "text",
    ["dead", "Dead", "DIED", "deceased", "death", "exitus", "ex", "†", "verstorben", "tot",
     "décédé", "décès", "fallecido", "muerto", "deceduto", "فوت", "فوت شد", "متوفی", "مرگ",
     "öldü", "died 2020-03-01", "died of pneumonia", "dead (respiratory failure)", "† 12.03.2020",
     "patient died", "Pt. deceased", "exitus 12.03.2020", "died."],
)  # fmt: skip
def test_death_is_an_event_and_never_a_number(text):
    read = read_number(text)
    assert (read.kind, read.value, read.note) == ("death", None, text)


@pytest.mark.parametrize(
    "text",
    ["LTFU", "lost", "lost to follow-up", "Lost to follow up", "lost to FU", "withdrawn",
     "withdrew", "withdrew consent", "drop-out", "Dropout", "dropped out", "discontinued",
     "abgebrochen", "perdu de vue", "انصراف", "LTFU (moved)", "lost to follow-up 2020"],
)  # fmt: skip
def test_loss_is_an_event_and_never_a_number(text):
    read = read_number(text)
    assert (read.kind, read.value) == ("lost", None)


@pytest.mark.parametrize(
    ("text", "value", "note"),
    [("34*", 34, "*"), ("34†", 34, "†"), ("34 †", 34, "†"), ("34 a", 34, "a"), ("34?", 34, "?"),
     ("34 (est.)", 34, "est."), ("34 [phone]", 34, "phone"), ("~34", 34, "~"), ("34.", 34, "."),
     ("ca. 34", 34, "ca."), ("34 ᵃ", 34, "ᵃ"), ("34¹", 34, "¹"), ("34²", 34, "²"), ("34①", 34, "①"),
     ("34/48", 34, "of 48"), ("34 of 48", 34, "of 48"), ("34 - by phone", 34, "by phone"),
     ("34: By Phone", 34, "By Phone"), ("3 (est.)", 3, "est."), ("34**", 34, "**")],
)  # fmt: skip
def test_a_number_with_a_mark_is_used_and_flagged(text, value, note):
    read = read_number(text)
    assert (read.kind, read.value, read.note) == ("annotated", value, note)


def test_a_mark_may_follow_a_unit():
    assert read_number("3.1 L*").unit == "litres"
    assert read_number("82% (est.)").value == 82
    assert read_number("82% (est.)").kind == "annotated"


@pytest.mark.parametrize(
    ("text", "value", "label"),
    [("3 - mild", 3, "mild"), ("3 – mild", 3, "mild"), ("3 = occasional", 3, "occasional"),
     ("3: Text", 3, "Text"), ("3 (Mild)", 3, "Mild"),
     ("0 - Unable", 0, "Unable"), ("0: none", 0, "none"),
     ("4. Normal", 4, "Normal"), ("4) Normal", 4, "Normal"), ("(4) Normal", 4, "Normal"),
     ("2 - needs help, 50% of the time", 2, "needs help, 50% of the time"),
     ("۳ - خفیف", 3, "خفیف")],
)  # fmt: skip
def test_answers_are_read_by_their_code(text, value, label):
    read = read_number(text)
    assert (read.kind, read.value, read.note) == ("labelled", value, label)


@pytest.mark.parametrize("text", ["<20", ">100", "≥ 40", "≤5", "40+", "< 20 %", "less than 20"])
def test_limits_are_no_values(text):
    assert read_number(text).note == "a limit, not a value"


@pytest.mark.parametrize("text", ["30-32", "30 – 32", "30 to 32", "30 bis 32", "3 - 4", "~30-32"])
def test_ranges_are_no_values(text):
    assert read_number(text).note == "a range, not a value"


@pytest.mark.parametrize("comma", [False, True])
@pytest.mark.parametrize(
    "text",
    ["forty", "1,234.5", "1.234,5", "1,234,567", "1.2.3", "1 234", "1'234", "1_000", "inf", "0x10",
     "%", "--4", "++3", "2020-01-01", "17/08/2020", "=40", "1e999", "34±2", "34 (35)", "3.1 (82%)",
     "120/80", "34/30", "34 | 35", "tot 34", "lost 3 kg", "died?", "not dead", "alive", "ex-smoker",
     "#DIV/0!", "#REF!", "34 by phone", "tracheostomy", "3 months", "34 kg", "3.5 - mild 2",
     "9" * 400, "34,", ",5 x", "۱،۲۳۴", "1·234", "H34", "34 35", "0 - dead", "0 (died)",
     "34 - died", "0 = missing", "0 (NA)", "0 - not done", "0 (LTFU)", "†34"],
)  # fmt: skip
def test_what_is_no_certain_number_is_refused_with_a_reason(text, comma):
    read = read_number(text, decimal_comma=comma)
    assert (read.kind, read.value) == ("unreadable", None)
    assert read.note


@pytest.mark.parametrize("text", ["1,234", "12,5", "0,185", "3,19 L"])
def test_a_comma_is_not_guessed(text):
    assert "comma" in read_number(text).note


def test_a_point_before_three_digits_may_part_thousands_where_commas_are_decimals():
    assert read_number("1.234", decimal_comma=True).kind == "unreadable"
    assert read_number("1.234").value == 1.234


@given(st.floats(-1e6, 1e6).map(lambda v: round(v, 2)))
def test_every_decimal_is_read_to_the_last_digit(number):
    text = f"{number:.2f}"
    persian = text.translate(str.maketrans("0123456789.", "۰۱۲۳۴۵۶۷۸۹٫"))
    assert read_number(text).value == number
    assert read_number(persian).value == number
    assert read_number(text, decimal_comma=True).value == number
    assert read_number(text.replace(".", ","), decimal_comma=True).value == number
    for mark in ("*", "†", "¹", " (est.)", "?"):
        assert read_number(text + mark).value == number
        assert read_number(text + mark).kind == "annotated"


@given(st.text(max_size=20), st.booleans())
def test_any_text_has_a_value_or_a_kind_that_has_none(text, comma):
    read = read_number(text, decimal_comma=comma)
    assert (read.value is not None) == (read.kind in ("number", "annotated", "labelled"))
    assert read.value is None or math.isfinite(read.value)


@given(st.from_regex(r"[0-9]{1,3}[0-9.,%* /()<>a-e-]{0,6}", fullmatch=True), st.booleans())
def test_a_value_is_made_of_the_leading_digits_only(text, comma):
    value = read_number(text, decimal_comma=comma).value
    if value is not None and "e" not in text:
        digits = "".join(letter for letter in text if letter.isdigit()).lstrip("0")
        assert f"{value:.10f}".strip("0").replace(".", "").lstrip("0") in digits or value == 0


@pytest.mark.parametrize(
    ("texts", "comma"),
    [
        (["70,5", "66", "NA"], True),
        (["70,5", "66.2"], True),
        (["70.5", "66", ""], False),
        (["70.5", "1,234"], False),
        (["1,234", "2,345"], None),
        (["0,185", "2,345"], True),
        (["3.190", "2.985"], False),
        (["82,5 %", "3,1 L*"], True),
        (["34", "NA", ""], None),
        (["۱۲٫۵"], False),
        ([], None),
    ],
)
def test_the_column_tells_what_a_comma_means(texts, comma):
    assert decimal_comma(texts) is comma


@pytest.mark.parametrize(
    ("values", "low", "high", "measured", "codes"),
    [
        ([34, 99, 88, 98, 999, -1, -3, 50, -99, -9], 0, 48, False, {99, 88, 98, 999, -99, -9}),
        ([82.5, 99, 88, 999, -99, 9999, -9, -1], 0, 200, True, {999, -99, 9999, -9, -1}),
        ([3.1, 9.99, 99.9, 9, -1, 82], 0.1, 8.5, True, {9.99, 99.9, -1}),
        ([3, 4, 9, 8, 5, -9], 0, 4, False, {9, 8, -9}),
        ([9, 12, 8], 0, 12, False, set()),
        ([1.5, -1], 0, 48, False, set()),
        ([34, math.nan, math.inf], 0, 48, False, set()),
        ([], 0, 48, False, set()),
    ],
)
def test_missing_codes_are_known_numbers_outside_of_the_scale(values, low, high, measured, codes):
    found = sentinels(np.asarray(values, dtype=np.float64), low, high, measured=measured)
    assert found == codes


def test_words_of_missing_are_not_parts_of_words():
    for text in ("done", "available", "notdone", "exact", "unablex", "34"):
        assert not says_missing(text)


def test_five_thousand_texts_are_read_at_once():
    texts = [f"{i / 10:.1f}{mark}" for i in range(1_250) for mark in ("", "*", " %", " (est.)")]
    start = time.perf_counter()
    for text in texts:
        read_number(text)
    assert time.perf_counter() - start < 1.0
