"""How each column writes its dates: inferred from the whole column, asked where undecidable."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt

from data.body_rows import listed
from data.columns import ColumnMap
from data.dates import Calendar, DateOrder, DateStyle, DateSurvey, parse, survey, to_jalali
from data.findings import Finding
from data.numbers import read_number
from data.questions import Question, asked, part_answers
from data.records import Block, ColumnKey, Field
from data.table import Table, TextColumn
from data.values import Unreadable, clean

Ordinals = npt.NDArray[np.float64]
Key = ColumnKey

_MAX_LISTED: Final = 50
_LONGEST_STUDY_DAYS: Final = 20 * 365.25
_STRAY: Final = 0.01
_ISO: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_FEWEST_TRUE_DATES: Final = 3
_SAS_COLUMNS: Final = ("adt", "trtsdt", "trtedt", "trt01sdt", "astdt", "dthdt", "rfstdt", "eosdt")
_SAS_DAYS: Final = (10_000, 30_000)


@dataclass(frozen=True, slots=True, eq=False)
class _Column:
    """One column of dates with what is known of its order."""

    field: Field
    survey: DateSurvey
    sas_days: bool

    @property
    def undecided(self) -> bool:
        return not self.sas_days and self.survey.needing > 0 and not self.survey.decided


class DateReader:
    """Reads every column of dates of one trial, each in its own style.

    Parameters
    ----------
    blocks
        All blocks; their dates and dated facts are read.
    tables
        Tables with the meaning of their columns: a site column tells orders apart.
    answers
        Answers to ``DATE_ORDER``, ``DATE_ORDER_INCONSISTENT`` and ``CALENDAR``.
    """

    def __init__(
        self,
        blocks: Sequence[Block],
        dated_facts: Sequence[str],
        tables: Sequence[tuple[Table, ColumnMap]],
        answers: Mapping[str, str],
    ) -> None:
        self.answers = answers
        self.findings: list[Finding] = []
        self.questions: list[Question] = []
        self._sites = {(t.file, t.sheet): c.first("site") for t, c in tables}
        self._columns = _columns(blocks, dated_facts)
        self._styles: dict[Key, DateStyle | dict[str, DateStyle]] = {}
        self._read: dict[Key, Ordinals] = {}
        for key, column in self._columns.items():
            self._styles[key] = self._style(column)
        self._swapped = {key for key, column in self._columns.items() if _looks_swapped(column)}
        self._ask_swapped()
        self._ask_order()
        self._ask_calendar()

    def ordinals(self, field: Field) -> Ordinals:
        """Return the days of the cells as proleptic ordinals, NaN where there is none."""
        if field.key not in self._read:
            self._read[field.key] = self._all(self._columns[field.key].field)
        whole = self._read[field.key]
        return whole if field.rows is None else whole[field.rows]

    def _style(self, column: _Column) -> DateStyle | dict[str, DateStyle]:
        found = column.survey
        calendar = self._calendar(found)
        if column.sas_days:
            return DateStyle("ymd", "gregorian", sas_days=True)
        if not column.undecided:
            return DateStyle(_any_order(found), calendar)
        if found.orders:
            return DateStyle(self._chosen(column), calendar)
        best = max(found.fits, key=lambda order: found.fits[order])
        if found.needing - found.fits[best] <= max(1, _STRAY * found.needing) < found.fits[best]:
            return DateStyle(best, calendar)
        return self._by_part(column, calendar)

    def _calendar(self, found: DateSurvey) -> Calendar:
        if found.calendars == {"jalali"}:
            return "jalali"
        wanted = self.answers.get("CALENDAR")
        both = "jalali" in found.calendars and "gregorian" in found.calendars
        return "jalali" if both and wanted == "jalali" else "gregorian"

    def _chosen(self, column: _Column) -> DateOrder:
        """Return the order of an undecided column: by its file's other columns, or the answer."""
        possible = _plausible_orders(column)
        if len(possible) == 1:
            return possible[0]
        answer = self.answers.get("DATE_ORDER")
        if answer in possible:
            return _order(answer)
        decided = self._decided_orders(column.field.table.file) & set(possible)
        return next(iter(decided)) if len(decided) == 1 else possible[0]

    def _decided_orders(self, file: str) -> set[DateOrder]:
        """Return the orders that other columns of a file settle for certain."""
        orders: set[DateOrder] = set()
        for column in self._columns.values():
            found = column.survey
            if column.field.table.file == file and found.needing and len(found.orders) == 1:
                orders |= found.orders
        return orders

    def _ask_swapped(self) -> None:
        """Ask where a spreadsheet has turned some texts into dates with the wrong order."""
        if not self._swapped or "DATES_SWAPPED" in self.answers:
            return
        field = self._columns[next(iter(self._swapped))].field
        where = (
            f"column “{field.header}” of {field.table.file}: every true date has a day up to 12, "
            "every text a day over 12"
        )
        self.questions.append(asked("DATES_SWAPPED", where))

    def _ask_order(self) -> None:
        for column in self._columns.values():
            possible = _plausible_orders(column)
            if not column.undecided or not column.survey.orders or len(possible) < 2:
                continue
            decided = self._decided_orders(column.field.table.file) & set(possible)
            if self.answers.get("DATE_ORDER") in possible:
                continue
            if len(decided) == 1:
                order = "day" if decided == {"dmy"} else "month" if decided == {"mdy"} else "year"
                said = f"Its dates alone do not tell day from month; they were read {order} first, "
                said += "as the other dates of this file must be."
                step = "If that is wrong, write the dates as 2021-03-31."
                found = column.field.finding("DATE_ORDER_TAKEN", said, step, severity="info")
                self.findings.append(found)
                continue
            example = _example(column.field.texts, "dmy")
            where = f"“{example}” in column “{column.field.header}” of {column.field.table.file}"
            if not any(q.code == "DATE_ORDER" for q in self.questions):
                self.questions.append(asked("DATE_ORDER", where, options=tuple(possible)))

    def _ask_calendar(self) -> None:
        if "CALENDAR" in self.answers:
            return
        for column in self._columns.values():
            found = column.survey
            if column.sas_days or "jalali" not in found.calendars:
                continue
            if "gregorian" in found.calendars and self._rather_gregorian(column):
                continue
            text = _first_jalali(column.field.texts)
            read = parse(text, DateStyle(_any_order(found), "jalali")) if text else None
            shown = (
                f": {to_jalali(read)} would be {read.isoformat()}" if isinstance(read, date) else ""
            )
            where = f"column “{column.field.header}” of {column.field.table.file}{shown}"
            self.questions.append(asked("CALENDAR", where))
            return

    def _rather_gregorian(self, column: _Column) -> bool:
        """Whether two-digit years are Gregorian: here or in another column of the file.

        As Jalali dates they would lie in the future, or a column beside can only be Gregorian.
        """
        file = column.field.table.file
        beside = [
            c for c in self._columns.values() if c.field.table.file == file and c.survey.short_years
        ]
        return any(c.survey.calendars == {"gregorian"} or _in_the_future(c) for c in beside)

    def _by_part(self, column: _Column, calendar: Calendar) -> DateStyle | dict[str, DateStyle]:
        """Return a style for each site of a column in which no single order fits."""
        field = column.field
        site = self._sites.get((field.table.file, field.table.sheet))
        names = field.table.columns[site].used() if site is not None else ()
        given = part_answers(self.answers.get("DATE_ORDER_INCONSISTENT", ""))
        single = self.answers.get("DATE_ORDER_INCONSISTENT", "")
        if single in ("dmy", "mdy", "ymd"):
            return DateStyle(_order(single), calendar)
        if given and site is not None and set(names) <= set(given):
            return {name: DateStyle(_order(given[name]), calendar) for name in names}
        if given and field.table.file in given:
            return DateStyle(_order(given[field.table.file]), calendar)
        where = f"column “{field.header}” of {field.table.file}"
        if not any(q.code == "DATE_ORDER_INCONSISTENT" for q in self.questions):
            self.questions.append(
                asked("DATE_ORDER_INCONSISTENT", where, options=("dmy", "mdy"), parts=tuple(names))
            )
        return DateStyle("dmy", calendar)

    def _all(self, field: Field) -> Ordinals:
        style = self._styles[field.key]
        if isinstance(style, dict):
            result = np.full(len(field.table), np.nan)
            site = self._sites[(field.table.file, field.table.sheet)]
            sites = field.table.columns[site or 0]
            for name, one in style.items():
                rows = sites.flagged(lambda text, n=name: text == n)  # type: ignore[misc]
                result[rows] = self._parsed(field, one, rows)[rows]
            return result
        return self._parsed(field, style, np.ones(len(field.table), dtype=np.bool_))

    def _parsed(
        self, field: Field, style: DateStyle, rows: npt.NDArray[np.bool_]
    ) -> npt.NDArray[np.float64]:
        texts = field.texts
        ordinals = np.full(len(texts.texts), np.nan)
        reasons: dict[int, str] = {}
        calendars = self._columns[field.key].survey.calendars
        swapped = field.key in self._swapped and self.answers.get("DATES_SWAPPED") == "yes"
        refused = self.answers.get("CALENDAR") == "gregorian" and "jalali" in calendars
        for code, text in enumerate(texts.texts):
            result = parse(text, style)
            if swapped and isinstance(result, date) and _ISO.match(text):
                result = result.replace(month=result.day, day=result.month)
            if isinstance(result, date):
                ordinals[code] = result.toordinal()
                if refused and _is_jalali(text):
                    ordinals[code] = np.nan
                    reasons[code] = "its year is no year of a visit in the Gregorian calendar"
            elif isinstance(result, Unreadable):
                reasons[code] = result.reason
        if reasons:
            self._unread(field, texts, reasons, rows)
        return ordinals[texts.codes] if len(texts) else np.empty(0)

    def _unread(
        self,
        field: Field,
        texts: TextColumn,
        reasons: Mapping[int, str],
        rows: npt.NDArray[np.bool_],
    ) -> None:
        at = np.flatnonzero(np.isin(texts.codes, list(reasons)) & rows)
        numbers = field.row_numbers
        groups: dict[int, list[int]] = {}
        for row in at.tolist():
            groups.setdefault(int(texts.codes[row]), []).append(row)
        for code, found in list(groups.items())[:_MAX_LISTED]:
            text = texts.texts[code]
            said = f"“{text[:40]}” was not read: {reasons[code]}."
            if len(found) > 1:
                said += f" It stands in {listed(numbers[found])}."
            step = "Correct the cell; without it the row has no such date."
            row = int(numbers[found[0]])
            self.findings.append(field.finding("INVALID_DATE", said, step, row=row, value=text))
        if len(groups) > _MAX_LISTED:
            said = f"{len(groups) - _MAX_LISTED} more texts of this column were not read as dates."
            step = "Correct the cells; without them the rows have no such date."
            self.findings.append(field.finding("INVALID_DATE", said, step))


def _columns(blocks: Sequence[Block], dated_facts: Sequence[str]) -> dict[Key, _Column]:
    fields: dict[Key, Field] = {}
    for block in blocks:
        found = [block.when.date] if block.when.date is not None else []
        found += [block.cells] if block.role in dated_facts else []
        for field in found:
            fields.setdefault(field.key, Field(field.table, field.position))
    return {key: _column(field) for key, field in fields.items()}


def _column(field: Field) -> _Column:
    used = field.texts.used()
    sas = clean(field.header).casefold() in _SAS_COLUMNS and _are_sas_days(used)
    return _Column(field, survey(used), sas)


def _looks_swapped(column: _Column) -> bool:
    """Whether true dates and texts of a column share out the days: up to 12, and above 12.

    That happens when dates written day first are opened in a spreadsheet that expects the month
    first: it swaps those it can and leaves the others as text.
    """
    texts = column.field.texts.used()
    found = column.survey
    true_dates = [text for text in texts if _ISO.match(text)]
    if len(true_dates) < _FEWEST_TRUE_DATES or not found.needing or len(found.orders) != 1:
        return False
    written = [text for text in texts if not _ISO.match(text) and survey([text]).needing]
    never_both = all(len(survey([text]).orders) == 1 for text in written)
    days = [int(text[8:10]) for text in true_dates]
    return bool(written) and never_both and max(days) <= 12


def _are_sas_days(texts: Sequence[str]) -> bool:
    numbers = [n for text in texts if (n := read_number(text).value) is not None]
    within = [_SAS_DAYS[0] <= n <= _SAS_DAYS[1] for n in numbers]
    return bool(within) and all(within) and len(within) == len(texts)


def _plausible_orders(column: _Column) -> list[DateOrder]:
    """Return the orders that fit, without those that spread two-digit years over decades."""
    found = column.survey
    possible = [order for order in ("dmy", "mdy", "ymd") if order in found.orders]
    if len(possible) < 2 or not found.short_years:
        return possible
    spans = {order: _span(column.field.texts, order) for order in possible}
    short = [order for order in possible if spans[order] <= _LONGEST_STUDY_DAYS]
    narrow = min(spans.values())
    return [order for order in short if spans[order] <= 3 * narrow + 3 * 365] or possible


def _span(texts: TextColumn, order: DateOrder) -> float:
    days = [parse(text, DateStyle(order, "gregorian")) for text in texts.used()]
    known = [day.toordinal() for day in days if isinstance(day, date)]
    return float(max(known) - min(known)) if known else float("inf")


def _in_the_future(column: _Column) -> bool:
    """Whether some date would lie after today if the column were Jalali."""
    style = DateStyle(_any_order(column.survey), "jalali")
    days = [parse(text, style) for text in column.field.texts.used()]
    return any(isinstance(day, date) and day > date.today() for day in days)


def _any_order(found: DateSurvey) -> DateOrder:
    return next((order for order in ("dmy", "mdy", "ymd") if order in found.orders), "dmy")


def _order(text: str) -> DateOrder:
    return "mdy" if text == "mdy" else "ymd" if text == "ymd" else "dmy"


def _example(texts: TextColumn, order: DateOrder) -> str:
    """Return a date of the column that reads differently with the other order."""
    other: DateOrder = "mdy" if order == "dmy" else "dmy"
    for text in texts.used():
        one, two = (parse(text, DateStyle(o, "gregorian")) for o in (order, other))
        if isinstance(one, date) and isinstance(two, date) and one != two:
            return text
    return next(iter(texts.used()), "")


def _is_jalali(text: str) -> bool:
    return survey([text]).calendars == {"jalali"}


def _first_jalali(texts: TextColumn) -> str:
    return next((text for text in texts.used() if "jalali" in survey([text]).calendars), "")
