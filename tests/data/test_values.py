"""Numbers and dates from text: what is certain is read, everything else is refused."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.values import (
    Unreadable,
    clean,
    date_orders,
    has_numeric_dates,
    is_missing,
    parse_date,
    parse_number,
    uses_decimal_comma,
)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("40", 40.0),
        ("40.5", 40.5),
        (".5", 0.5),
        ("40.", 40.0),
        ("-6", -6.0),
        ("−6", -6.0),
        ("+6", 6.0),
        ("1e1", 10.0),
        ("85%", 85.0),
        ("85.5 %", 85.5),
        (" 40 ", 40.0),
        ("40\u00a0", 40.0),
        ("٤٠", 40.0),
        ("４０", 40.0),  # noqa: RUF001
        ("۴۰٫۵", 40.5),  # noqa: RUF001
    ],
)
def test_numbers_are_read(text, number):
    assert parse_number(clean(text)) == number


@pytest.mark.parametrize(
    "text", ["", " ", "NA", "n/a", "n.d.", "-", "–", "?", "NaN", "missing", "not done"]
)
def test_missing_codes_are_no_value(text):
    assert is_missing(clean(text))
    assert parse_number(clean(text)) is None
    assert parse_date(clean(text)) is None


@pytest.mark.parametrize("text", ["done", "available", "tested", "not"])
def test_words_out_of_missing_codes_are_not_missing_codes(text):
    assert not is_missing(text)


@pytest.mark.parametrize(
    "text",
    ["forty", "40/48", "40 points", "~40", "<40", ">40", "3,5", "1,234", "1.2.3", "inf", "0x10",
     "%", "40-41", "1 000", "1_000", "--4", "2020-01-01", "=40", "1e999"],
)  # fmt: skip
def test_what_is_no_certain_number_is_refused(text):
    assert isinstance(parse_number(clean(text)), Unreadable)


@pytest.mark.parametrize("text", ["40²", "3¹", "40①"])
def test_a_footnote_mark_is_not_a_digit(text):
    assert isinstance(parse_number(clean(text)), Unreadable)


@pytest.mark.parametrize("text", ["9" * 400, "-" + "9" * 400])
def test_a_number_without_end_is_not_infinity(text):
    assert isinstance(parse_number(text), Unreadable)


@given(st.floats(-1e6, 1e6).map(lambda v: round(v, 6)))
def test_every_decimal_is_read_to_the_last_digit(number):
    assert parse_number(f"{number:.6f}") == number
    comma = f"{number:.2f}".replace(".", ",")
    assert parse_number(comma, decimal_comma=True) == round(number, 2)


@given(st.text(max_size=20))
def test_any_text_is_a_number_a_gap_or_refused(text):
    result = parse_number(clean(text))
    assert result is None or isinstance(result, float | Unreadable)
    read = parse_date(clean(text))
    assert read is None or isinstance(read, date | Unreadable)


def test_a_decimal_comma_is_told_from_the_column():
    assert uses_decimal_comma(["70,5", "66", "NA"])
    assert not uses_decimal_comma(["70.5", "66", "NA", ""])
    assert not uses_decimal_comma(["1,234"])


@pytest.mark.parametrize(
    "text",
    ["2020-03-04", "2020/3/4", "2020.03.04", "2020-03-04 10:30", "2020-03-04T10:30:00",
     "04.03.2020", "4-3-2020", "04/03/2020", "4 March 2020", "4-Mar-2020",
     "04 mar. 2020", "43894", "43894.0"],
)  # fmt: skip
def test_dates_are_read_day_first(text):
    assert parse_date(clean(text), "dmy") == date(2020, 3, 4)


def test_month_first_is_read_when_told():
    assert parse_date("03/04/2020", "mdy") == date(2020, 3, 4)
    assert parse_date("2020-03-04", "mdy") == date(2020, 3, 4)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("30 Feb 2020", "does not exist"),
        ("2021-02-29", "does not exist"),
        ("31.04.2020", "does not exist"),
        ("2020-13-01", "does not exist"),
        ("2999-01-01", "2999"),
        ("01.01.1899", "1899"),
        ("March 2020", "certainty"),
        ("03/04/20", "certainty"),
        ("2020", "certainty"),
        ("19999", "certainty"),
        ("4 Brumaire 2020", "certainty"),
        ("next week", "certainty"),
        ("03/04-2020", "certainty"),
    ],
)
def test_dates_that_cannot_be_are_refused_with_a_reason(text, reason):
    result = parse_date(text)
    assert isinstance(result, Unreadable)
    assert reason in result.reason


@given(st.dates(date(1900, 1, 1), date(2100, 12, 31)))
def test_every_date_is_read_in_every_spelling(day):
    assert parse_date(day.isoformat()) == day
    assert parse_date(day.strftime("%d.%m.%Y"), "dmy") == day
    assert parse_date(day.strftime("%m/%d/%Y"), "mdy") == day
    assert parse_date(f"{day.day} {day.strftime('%b')} {day.year}") == day


@given(st.integers(20_000, 60_000))
def test_excel_serials_count_from_30_december_1899(serial):
    assert parse_date(str(serial)) == date(1899, 12, 30) + timedelta(days=serial)


@pytest.mark.parametrize(
    ("texts", "orders"),
    [
        (["03/04/2020", "05/06/2020"], {"dmy", "mdy"}),
        (["13/04/2020"], {"dmy"}),
        (["04/13/2020"], {"mdy"}),
        (["13/04/2020", "04/13/2020"], set()),
        (["2020-04-13", "", "4 May 2020"], {"dmy", "mdy"}),
    ],
)
def test_a_column_tells_which_orders_of_day_and_month_fit(texts, orders):
    assert date_orders(texts) == orders


def test_only_dates_in_numbers_can_be_ambiguous():
    assert has_numeric_dates(["2020-04-13", "03/04/2020"])
    assert not has_numeric_dates(["2020-04-13", "4 May 2020", ""])
