"""Strict reading of calendar dates: no part of a date is ever guessed or completed.

A date whose parts are told apart by a four-digit year in front, by the name of a month, or by
being compact (20200817) needs no help. All others need the order of their parts, which belongs
to the column: ``survey`` says which orders are possible, and ``parse`` reads with the chosen one.
A four-digit year also tells the calendar; years of two digits need the calendar from the column.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

from persiantools.jdatetime import JalaliDate

from data.date_forms import NOT_A_DATE, PARTIAL, Known, Serial, Triple, form_of
from data.date_forms import Calendar as Calendar
from data.date_forms import DateOrder as DateOrder
from data.values import Unreadable

ORDERS: Final[tuple[DateOrder, ...]] = ("ymd", "dmy", "mdy")
CALENDARS: Final[tuple[Calendar, ...]] = ("gregorian", "jalali")

_GREGORIAN_YEARS: Final = (1900, 2100)
_FIRST_JALALI: Final = 1300
_FIRST_SHORT_JALALI: Final = 1380
_LUNAR_YEARS: Final = (1430, 1450)
_EXCEL_1900: Final = date(1899, 12, 30)
_EXCEL_1904: Final = date(1904, 1, 1)
_SAS: Final = date(1960, 1, 1)

_SAS_NUMBER: Final = re.compile(r"-?\d{4,5}(?:\.0+)?", re.ASCII)
_NO_SUCH_DAY: Final = Unreadable("this day does not exist in the calendar")
_LUNAR: Final = Unreadable("a year of the lunar calendar, which cannot be read exactly")
_SHORT_YEAR: Final = Unreadable("the century of the two-digit year is not certain")
_TWO_CALENDARS: Final = Unreadable("the month and the year belong to different calendars")
_WRONG_WEEKDAY: Final = Unreadable("the day of the week does not fit the date")


@dataclass(frozen=True, slots=True)
class DateStyle:
    """How one column writes its dates.

    Parameters
    ----------
    order
        Order of year, month and day in dates that are told apart by nothing else.
    calendar
        Calendar of years with two digits; four-digit years and names of months tell their own.
    epoch_1904
        Whether the workbook counts days from 1904 and not from 1900.
    sas_days
        Whether numbers of four or five digits are days since 1960-01-01.
    """

    order: DateOrder
    calendar: Calendar
    epoch_1904: bool = False
    sas_days: bool = False


@dataclass(frozen=True, slots=True)
class DateSurvey:
    """What the dates of one column have in common. All counts are of distinct texts.

    Parameters
    ----------
    n_dates
        Texts that are written like a whole date, those that cannot exist included.
    strangers
        Texts that are no dates at all; numbers outside of ``SERIALS`` are among them.
    missing
        Texts that say that there is no date.
    partial
        Parts of dates: "2021-03", "2021", "UN-MAR-2021".
    n_serials
        Numbers that could be days counted by a spreadsheet.
    impossible
        Dates that exist under no order and calendar; they do not restrict ``orders``.
    needing
        Dates that can only be read with an order.
    short_years
        Dates with two-digit years whose calendar no month name tells.
    fits
        How many of ``needing`` exist under each order.
    orders
        Orders under which all of ``needing`` exist; all three where none needs one.
    calendars
        Calendars that occur or are possible.
    mixed_calendars
        Whether dates of both calendars occur for certain.
    decided
        Whether all remaining orders and calendars read every date as the same day.
    """

    n_dates: int
    strangers: int
    missing: int
    partial: int
    n_serials: int
    impossible: int
    needing: int
    short_years: int
    fits: dict[DateOrder, int]
    orders: frozenset[DateOrder]
    calendars: frozenset[Calendar]
    mixed_calendars: bool
    decided: bool


def parse(text: str, style: DateStyle, *, today: date | None = None) -> date | Unreadable | None:
    """Read one calendar date.

    Parameters
    ----------
    text
        Cleaned text of one cell (``data.values.clean``). A time of day is left out.
    style
        What the column says of its dates.
    today
        Two-digit years later than the next year are refused; the present day by default.

    Returns
    -------
    date, None or Unreadable
        The Gregorian day; ``None`` for an empty cell or a missing code.
    """
    if style.sas_days and _SAS_NUMBER.fullmatch(text):
        return _within(_SAS, float(text))
    form = form_of(text)
    if isinstance(form, Triple):
        form = form.ordered(style.order)
    if isinstance(form, Known):
        return _day(form, style.calendar, today or date.today())
    if isinstance(form, Serial):
        return _within(_EXCEL_1904 if style.epoch_1904 else _EXCEL_1900, form.days)
    return form


def survey(texts: Sequence[str], *, today: date | None = None) -> DateSurvey:
    """Look at the distinct cleaned texts of one column: are they dates, and how are they written.

    Parameters
    ----------
    texts
        Distinct cleaned texts.
    today
        Two-digit years later than the next year are no dates; the present day by default.
    """
    now = today or date.today()
    forms = [form_of(text) for text in texts]
    triples = [form for form in forms if isinstance(form, Triple)]
    known = [form for form in forms if isinstance(form, Known)]
    readings = [_readings(triple, now) for triple in triples]
    possible = [reading for reading in readings if reading]
    styles = [
        (order, calendar)
        for order in ORDERS
        for calendar in CALENDARS
        if all((order, calendar) in reading for reading in possible)
    ]
    short = [triple.short for triple in triples]
    certain = {c for form in known if (c := _own_calendar(form, now))}
    certain |= {
        c for t in triples if not t.short and (c := _own_calendar(Known(t.last, 1, 1), now))
    }
    offered = {c for _, c in styles} if any(short) and possible else set()
    columns = {tuple(reading[style] for reading in possible) for style in styles}
    impossible = sum(isinstance(_day(form, "gregorian", now), Unreadable) for form in known)
    return DateSurvey(
        n_dates=len(known) + len(triples),
        strangers=sum(isinstance(f, Unreadable) and f is not PARTIAL for f in forms),
        missing=forms.count(None),
        partial=sum(form is PARTIAL for form in forms),
        n_serials=sum(isinstance(form, Serial) for form in forms),
        impossible=impossible + len(readings) - len(possible),
        needing=len(possible),
        short_years=sum(short),
        fits={o: sum(any((o, c) in r for c in CALENDARS) for r in possible) for o in ORDERS},
        orders=frozenset(order for order, _ in styles),
        calendars=frozenset(certain | offered),
        mixed_calendars=len(certain) > 1,
        decided=len(columns) <= 1 and bool(styles),
    )


def to_jalali(day: date) -> str:
    """Return ``day`` in the Jalali calendar as YYYY/MM/DD."""
    jalali = _jalali(day)
    return f"{jalali.year:04d}/{jalali.month:02d}/{jalali.day:02d}"


def _readings(triple: Triple, now: date) -> dict[tuple[DateOrder, Calendar], date]:
    """Return the day that every order and calendar makes of three numbers, where it exists."""
    found: dict[tuple[DateOrder, Calendar], date] = {}
    for order in ORDERS:
        known = triple.ordered(order)
        if isinstance(known, Unreadable):
            continue
        for calendar in CALENDARS if triple.short else CALENDARS[:1]:
            day = _day(known, calendar, now)
            if isinstance(day, date):
                for same in (calendar,) if triple.short else CALENDARS:
                    found[order, same] = day
    return found


def _day(known: Known, calendar: Calendar, now: date) -> date | Unreadable:
    """Return the day of a date whose parts are told apart."""
    if len(known.year) == 2:
        calendar = known.calendar or calendar
        year = _full_year(int(known.year), calendar, now)
        if year is None:
            return _SHORT_YEAR
    else:
        year = int(known.year)
        own = _own_calendar(known, now)
        if own is None:
            if _LUNAR_YEARS[0] <= year <= _LUNAR_YEARS[1]:
                return _LUNAR
            return Unreadable(f"the year {known.year} is outside the years that are read")
        if known.calendar is not None and known.calendar != own:
            return _TWO_CALENDARS
        calendar = own
    try:
        if calendar == "jalali":
            day: date = _jalali(year, known.month, known.day).to_gregorian()
        else:
            day = date(year, known.month, known.day)
    except ValueError:
        return _NO_SUCH_DAY
    return day if known.weekday in (None, day.weekday()) else _WRONG_WEEKDAY


def _own_calendar(known: Known, now: date) -> Calendar | None:
    """Return the calendar that a date itself tells, by a four-digit year or a month's name."""
    if len(known.year) == 2:
        return known.calendar
    year = int(known.year)
    if _GREGORIAN_YEARS[0] <= year <= _GREGORIAN_YEARS[1]:
        return "gregorian"
    return "jalali" if _FIRST_JALALI <= year <= _jalali_year(now) + 1 else None


def _full_year(short: int, calendar: Calendar, now: date) -> int | None:
    """Return the year that two digits mean, or None where the century is not certain."""
    if calendar == "gregorian":
        year = 1900 + short if short >= 80 else 2000 + short
        return year if year <= now.year + 1 else None
    year = 1400 + short if 1400 + short <= _jalali_year(now) + 1 else 1300 + short
    return year if year >= _FIRST_SHORT_JALALI else None


@lru_cache(maxsize=8)
def _jalali_year(now: date) -> int:
    return int(_jalali(now).year)


def _within(epoch: date, days: float) -> date | Unreadable:
    day = epoch + timedelta(days=int(days // 1))
    return day if _GREGORIAN_YEARS[0] <= day.year <= _GREGORIAN_YEARS[1] else NOT_A_DATE


def _jalali(*parts: date | int) -> JalaliDate:
    """Return a Jalali day of a Gregorian one, or of year, month and day."""
    return JalaliDate(*parts)  # type: ignore[no-untyped-call]
