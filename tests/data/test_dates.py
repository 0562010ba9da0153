"""Calendar dates: every usual spelling of a day is read, nothing is guessed or completed."""

# ruff: noqa: RUF001 - digits of other scripts are what is tested

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.date_forms import _GREGORIAN_NAMES, _JALALI_NAMES, _MONTHS
from data.dates import DateStyle, parse, survey, to_jalali
from data.values import Unreadable, clean

TODAY = date(2026, 11, 22)
DAY = date(2020, 8, 17)
YMD = DateStyle("ymd", "gregorian")
DMY = DateStyle("dmy", "gregorian")
MDY = DateStyle("mdy", "gregorian")
STYLES = (YMD, DMY, MDY)
DAYS = st.dates(date(1990, 1, 1), date(2027, 12, 31))
SEPARATORS = ("/", "-", ".", " ")


def read(text, style=DMY):
    return parse(clean(text), style, today=TODAY)


def reason(text, style=DMY):
    result = read(text, style)
    assert isinstance(result, Unreadable), f"{text!r} was read as {result}"
    return result.reason


def jalali(day):
    """Day in the Jalali calendar by Birashk's cycle of 33 years, counted from a known Nowruz."""
    year, start = 1300, date(1921, 3, 21)
    while True:
        leap = year % 33 in (1, 5, 9, 13, 17, 22, 26, 30)
        length = 366 if leap else 365
        if (day - start).days < length:
            break
        year, start = year + 1, start + timedelta(days=length)
    left = (day - start).days
    months = [31] * 6 + [30] * 5 + [30 if leap else 29]
    month = 0
    while left >= months[month]:
        left -= months[month]
        month += 1
    return year, month + 1, left + 1


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    "text",
    ["2020-08-17", "2020/8/17", "2020.08.17", "2020. 08. 17", "2020 08 17", "20200817",
     "2020-08-17 10:30", "2020-08-17T10:30:00", "2020-08-17T10:30:00Z", "2020-08-17T10",
     "2020-08-17 00:00:00.000", "2020-08-17T10:30:00+03:30", "17AUG2020", "17aug2020",
     "17AUG2020:00:00:00", "17AUG20:10:30", "17-Aug-20", "17-Aug-2020", "17 August 2020",
     "17. August 2020", "17th August 2020", "17th of August 2020", "Aug 17, 2020", "Aug. 17, 2020",
     "August 17th, 2020", "Aug-17-2020", "2020 Aug 17", "2020-Aug-17", "Mon 17 Aug 2020",
     "Monday, 17 August 2020", "Mon, 17 Aug 2020 10:00:00 GMT", "lundi 17 août 2020",
     "17 août 2020", "17 de agosto de 2020", "17 agosto 2020", "17 Ağustos 2020",
     "17 sierpnia 2020", "17 augustus 2020", "1399/05/27", "1399-5-27", "13990527", "۱۳۹۹/۰۵/۲۷",
     "27 مرداد 1399", "۲۷ مرداد ۱۳۹۹", "1399 مرداد 27", "دوشنبه ۲۷ مرداد ۱۳۹۹", "27 Mordad 1399",
     "27 مرداد 99", "99 مرداد 27", "44060", "44060.0", "44060.75"],
)  # fmt: skip
def test_dates_that_tell_their_own_parts_are_read_in_every_order(text, style):
    assert read(text, style) == DAY


@pytest.mark.parametrize("separator", SEPARATORS)
@pytest.mark.parametrize(
    ("style", "parts"),
    [(DMY, ("17", "08", "2020")), (DMY, ("17", "8", "20")), (MDY, ("08", "17", "2020")),
     (MDY, ("8", "17", "20")), (YMD, ("20", "08", "17")), (DMY, ("27", "05", "1399")),
     (MDY, ("05", "27", "1399")), (DateStyle("ymd", "jalali"), ("99", "05", "27")),
     (DateStyle("dmy", "jalali"), ("27", "5", "99"))],
)  # fmt: skip
def test_dates_in_numbers_are_read_in_the_order_of_the_column(style, parts, separator):
    assert read(separator.join(parts), style) == DAY


def test_the_day_of_the_week_must_fit():
    assert read("Mo 17.08.2020") == DAY
    assert read("mar 18 août 2020") == DAY + timedelta(days=1)
    assert "week" in reason("Tue 17 Aug 2020")


@pytest.mark.parametrize("text", ["", "NA", "n/a", ".", "-", "unk", "0000-00-00", "00/00/0000"])
def test_missing_dates_are_none(text):
    assert read(text) is None


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    "text",
    ["2021-03", "2021", "03/2021", "August 2020", "Aug-20", "17 Aug", "UN-MAR-2021", "--03-12",
     "2021---12", "UNK UNK 2020", "2021-UN-UN", "UN/03/2021", "2020-08-00", "1399/05", "1399",
     "مرداد 1399", "00/08/2020", "??-MAR-2021"],
)  # fmt: skip
def test_parts_of_dates_are_never_completed(text, style):
    assert "part" in reason(text, style)
    assert survey([clean(text)], today=TODAY).partial == 1


@pytest.mark.parametrize(
    "text",
    ["2020-02-30", "2021-02-29", "31/04/2020", "29 Feb 2021", "2020/13/01", "1400/12/30",
     "1399/07/31", "99-Aug-17", "20201301", "13991301", "0 Aug 2020"],
)  # fmt: skip
def test_days_that_do_not_exist_are_refused(text):
    assert "not exist" in reason(text)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    "text",
    ["2020-08-17*", "2020-08-17†", "2020-W33-1", "17/08-2020", "1/2/3", "V3", "P01", "40", "3.5",
     "-184", "planned", "next week", "17082020", "200817", "AUG172020", "9:30", "12:00", "50",
     "19999", "60001", "100000", "17 Brumaire 2020", "2563-01-01", "1441/05/12", "1420-05-12",
     "1899-12-31", "2101-01-01", "17 August 1399", "27 مرداد 2020", "02 مرداد 03", "2020-08-171",
     "117/08/2020", "17/08/202", "17/08/02020", "2020-08-17 to 2020-08-20", "Month 3 12",
     "Jan", "1e5", "43894,5", "=TODAY()", "4/3", "Aug", "Mon", "17 mo 2020", "2020-08-17 25:00"],
)  # fmt: skip
def test_what_is_no_certain_date_is_refused(text, style):
    assert isinstance(read(text, style), Unreadable)


def test_refusals_say_why():
    assert "lunar" in reason("1441/05/12")
    assert "calendars" in reason("17 August 1399")
    assert "century" in reason("05/06/45")
    assert "told apart" in reason("02 مرداد 03")
    assert "order" in reason("17/08/2020", YMD)
    assert "2563" in reason("2563-01-01")


def test_two_digit_years_are_not_later_than_next_year():
    assert read("01/01/27") == date(2027, 1, 1)
    assert "century" in reason("01/01/28")
    assert read("01/01/80") == date(1980, 1, 1)
    jalali_style = DateStyle("ymd", "jalali")
    assert jalali(read("05/09/01", jalali_style)) == (1405, 9, 1)
    assert jalali(read("98/11/26", jalali_style)) == (1398, 11, 26)
    assert "century" in reason("45/05/27", jalali_style)


def test_day_counts_follow_their_epoch():
    assert read("42598", DateStyle("dmy", "gregorian", epoch_1904=True)) == DAY
    sas = DateStyle("dmy", "gregorian", sas_days=True)
    assert read("22144", sas) == DAY
    assert read("-3653", sas) == date(1949, 12, 31)
    assert read("2020-08-17", sas) == DAY


@given(DAYS)
def test_every_day_is_read_in_every_spelling(day):
    last = f"{day.year % 100:02d}"
    for gap in SEPARATORS:
        for year in (str(day.year), last):
            assert read(f"{day.day}{gap}{day.month:02d}{gap}{year}", DMY) == day
            assert read(f"{day.month}{gap}{day.day}{gap}{year}", MDY) == day
            assert read(f"{year}{gap}{day.month:02d}{gap}{day.day:02d}", YMD) == day
    for form in ("%d%b%Y", "%d-%b-%y", "%d %B %Y", "%b %d, %Y", "%B %d %Y", "%a %d %b %Y", "%Y%m%d",
                 "%Y-%m-%dT%H:%M:%S"):  # fmt: skip
        assert read(day.strftime(form)) == day
    assert read(str((day - date(1899, 12, 30)).days)) == day


@given(st.dates(date(1921, 3, 21), date(2027, 3, 1)))
def test_every_jalali_day_is_read_in_every_spelling(day):
    year, month, number = jalali(day)
    name = _JALALI_NAMES[month - 1].split()[0]
    assert to_jalali(day) == f"{year}/{month:02d}/{number:02d}"
    assert read(to_jalali(day), MDY) == day
    assert read(f"{number}/{month}/{year}") == day
    assert read(f"{number} {name} {year}") == read(f"{year} {name} {number}") == day
    assert read(to_jalali(day).translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"))) == day
    if year >= 1380:
        assert read(to_jalali(day)[2:], DateStyle("ymd", "jalali")) == day


@pytest.mark.parametrize(
    ("year", "nowruz"),
    [(1354, date(1975, 3, 21)), (1375, date(1996, 3, 20)), (1380, date(2001, 3, 21)),
     (1388, date(2009, 3, 21)), (1396, date(2017, 3, 21)), (1399, date(2020, 3, 20)),
     (1400, date(2021, 3, 21)), (1403, date(2024, 3, 20)), (1404, date(2025, 3, 21)),
     (1405, date(2026, 3, 21))],
)  # fmt: skip
def test_the_year_begins_on_nowruz(year, nowruz):
    assert read(f"{year}/01/01") == nowruz
    assert jalali(nowruz) == (year, 1, 1)


def test_only_leap_years_have_30_esfand():
    assert [y for y in range(1390, 1406) if isinstance(read(f"{y}/12/30"), date)] == [
        1391, 1395, 1399, 1403,
    ]  # fmt: skip


def test_no_month_name_means_two_months():
    names = [n for group in (*_GREGORIAN_NAMES, *_JALALI_NAMES) for n in group.split()]
    for number, group in enumerate(_GREGORIAN_NAMES, 1):
        assert {read(f"1 {name} 2020") for name in group.split()} == {date(2020, number, 1)}
    assert len({n for n in names if n.isascii()} - set(_MONTHS)) == 0


@given(st.text(max_size=20))
def test_any_text_is_a_date_a_gap_or_refused(text):
    for style in (*STYLES, DateStyle("ymd", "jalali", True, True)):
        result = read(text, style)
        assert result is None or isinstance(result, date | Unreadable)
    seen = survey([clean(text)], today=TODAY)
    counted = seen.n_dates + seen.strangers + seen.missing + seen.partial + seen.n_serials
    assert counted == 1


@given(st.from_regex(r"[0-9]{1,4}[-/. ][0-9A-Za-z]{1,4}[-/. ][0-9]{1,4}", fullmatch=True))
def test_what_looks_like_a_date_is_within_the_years_that_are_read(text):
    for style in STYLES:
        result = read(text, style)
        assert not isinstance(result, date) or 1900 <= result.year <= 2100


@given(st.lists(DAYS, min_size=1, max_size=8), st.sampled_from(STYLES), st.sampled_from([0, 2]))
def test_the_order_that_was_used_is_among_those_that_remain(days, style, cut):
    forms = {"ymd": "{y}/{m:02d}/{d:02d}", "dmy": "{d}/{m}/{y}", "mdy": "{m}/{d}/{y}"}
    form = forms[style.order]
    texts = [form.format(y=str(d.year)[cut:], m=d.month, d=d.day) for d in days]
    seen = survey(texts, today=TODAY)
    assert style.order in seen.orders
    assert "gregorian" in seen.calendars
    assert (seen.n_dates, seen.impossible, seen.strangers) == (len(texts), 0, 0)
    if seen.decided:
        for order in seen.orders:
            for calendar in seen.calendars:
                assert [read(t, DateStyle(order, calendar)) for t in texts] == days


@pytest.mark.parametrize(
    ("texts", "orders", "calendars", "decided"),
    [
        (["03/04/2020", "05/06/2020"], {"dmy", "mdy"}, {"gregorian"}, False),
        (["13/04/2020", "05/06/2020"], {"dmy"}, {"gregorian"}, True),
        (["04/13/2020", "05/06/2020"], {"mdy"}, {"gregorian"}, True),
        (["13/04/2020", "04/13/2020"], set(), {"gregorian"}, False),
        (["02/02/2020"], {"dmy", "mdy"}, {"gregorian"}, True),
        (["Sun 03/05/2020"], {"dmy"}, {"gregorian"}, True),
        (["31/04/2020", "03/04/2020"], {"dmy", "mdy"}, {"gregorian"}, False),
        (["2020-04-13", "4 May 2020", ""], {"ymd", "dmy", "mdy"}, {"gregorian"}, True),
        (["27/05/1399"], {"dmy"}, {"jalali"}, True),
        (["2020-02-15", "1399/05/27"], {"ymd", "dmy", "mdy"}, {"gregorian", "jalali"}, True),
        (["99/05/27", "98/11/26"], {"ymd"}, {"gregorian", "jalali"}, False),
        (["27/05/99", "26/11/98"], {"dmy"}, {"gregorian", "jalali"}, False),
        (["20/08/17", "19/05/03"], {"ymd", "dmy"}, {"gregorian"}, False),
        (["17.08.20", "03.05.19"], {"dmy", "ymd"}, {"gregorian"}, False),
        (["17.08.20", "31.05.19"], {"dmy"}, {"gregorian"}, True),
        (["1/2/20", "17/08/2020"], {"dmy"}, {"gregorian"}, True),
        (["1399/12/30", "1400/12/30"], {"ymd", "dmy", "mdy"}, {"jalali"}, True),
    ],
)
def test_a_column_tells_its_order_and_calendar(texts, orders, calendars, decided):
    seen = survey(texts, today=TODAY)
    assert seen.orders == orders
    assert seen.calendars == calendars
    assert seen.decided is decided


def test_a_survey_counts_what_it_saw():
    texts = ["", "NA", "2020-01-01", "2020-02-30", "31/04/2020", "1399/05/27", "43894", "2021-03",
             "40", "P01", "1/2/19"]  # fmt: skip
    seen = survey(texts, today=TODAY)
    assert (seen.missing, seen.n_dates, seen.n_serials, seen.partial) == (2, 5, 1, 1)
    assert (seen.strangers, seen.impossible, seen.needing, seen.short_years) == (2, 2, 1, 1)
    assert seen.n_serials > 0
    assert seen.mixed_calendars
    assert seen.fits == {"ymd": 0, "dmy": 1, "mdy": 1}
    assert survey([], today=TODAY).decided


def test_first_names_are_no_parts_of_dates():
    assert survey(["Jan", "May", "April", "Mehr"], today=TODAY).strangers == 4


def test_five_thousand_texts_are_read_as_they_stand():
    days = [(y, m, d) for y in range(1990, 2025) for m in range(1, 13) for d in range(1, 13)]
    texts = [f"{d}/{m}/{y}" for y, m, d in days]
    assert not survey(texts, today=TODAY).decided
    found = [parse(text, DMY, today=TODAY) for text in texts]
    assert found == [parse(f"{y}-{m:02d}-{d:02d}", DMY, today=TODAY) for y, m, d in days]


@pytest.mark.parametrize(
    "text",
    ["2020-03-04", "2020/3/4", "2020.03.04", "2020-03-04 10:30", "2020-03-04T10:30:00",
     "04.03.2020", "4-3-2020", "04/03/2020", "4 March 2020", "4-Mar-2020",
     "04 mar. 2020", "43894", "43894.0"],
)  # fmt: skip
def test_one_day_in_the_spellings_of_tables(text):
    assert read(text) == date(2020, 3, 4)


@pytest.mark.parametrize("text", ["03/04/2020", "3/4/2020", "2020-03-04"])
def test_month_first_is_read_when_told(text):
    assert read(text, MDY) == date(2020, 3, 4)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("30 Feb 2020", "does not exist"),
        ("31.04.2020", "does not exist"),
        ("2020-13-01", "does not exist"),
        ("2999-01-01", "2999"),
        ("01.01.1899", "1899"),
        ("March 2020", "part of a date"),
        ("2020-00-10", "part of a date"),
        ("4 Brumaire 2020", "certainty"),
        ("03/04-2020", "certainty"),
    ],
)
def test_days_that_cannot_be_are_refused_with_a_reason(text, why):
    assert why in reason(text)
