"""What every column of a table means: headers first, then the values and the other columns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

import numpy as np

from data import vocabulary as words
from data.contents import Contents, contents_of
from data.event_words import names_events
from data.header_numbers import (
    FEWEST_ITEMS,
    FEWEST_WIDE,
    baseline_months,
    number_trials,
    number_visits,
    settle_numbers,
)
from data.headers import meaning_of
from data.meaning import Meaning
from data.records import MEASURES
from data.table import Table, TextColumn
from data.times import visit_month
from data.units import LITRES_RANGE, PERCENT_FROM

FEWEST_DOMAINS: Final = 3
DOMAIN_ROLES: Final = ("bulbar", "fine_motor", "gross_motor", "respiratory")
_ONE_EACH: Final = (
    *("patient", "visit_label", "unit", "height_unit", "capacity_test", "imputed", "group", "site"),
)


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """What each column of one table is taken for.

    Parameters
    ----------
    meanings
        Meaning by column position; columns that mean nothing known are absent.
    doubled
        Columns left out because another has the same meaning: (role, kept, left out).
    notes
        Decisions on what a number in headers means, in words.
    doubts
        Codes of questions that the headers alone raise.
    """

    meanings: Mapping[int, Meaning]
    doubled: tuple[tuple[str, int, int], ...] = ()
    notes: tuple[str, ...] = ()
    doubts: tuple[str, ...] = field(default=())

    def first(self, role: str) -> int | None:
        """Return the first column with a role, or ``None``."""
        return next((at for at, m in self.meanings.items() if m.role == role), None)

    def all(self, *roles: str) -> dict[int, Meaning]:
        """Return the columns with one of these roles."""
        return {at: m for at, m in self.meanings.items() if m.role in roles}

    @property
    def measures(self) -> dict[int, Meaning]:
        """Columns that hold values of visits."""
        return self.all(*MEASURES)

    @property
    def timed(self) -> bool:
        """Whether the columns say when the values were taken."""
        by_header = any(m.placed and m.month is not None for m in self.measures.values())
        return by_header or bool(self.all("visit_date", "time", "visit_label"))


def map_columns(table: Table, given: Mapping[str, str] | None = None) -> ColumnMap:
    """Decide what every column means.

    Parameters
    ----------
    table
        The table.
    given
        Roles that the user assigned, by header; ``"ignored"`` leaves a column out.
    """
    contents = [contents_of(column) for column in _filled_rows(table).columns]
    meanings: dict[int, Meaning] = {}
    for at, found in enumerate(contents):
        meaning = _meaning(table, at, found)
        if meaning is not None and meaning.role == "visit_date" and _counts(found):
            meaning = replace(meaning, role="time", clock="unknown", unit="day")
        if meaning is not None and _agrees(meaning, found):
            meanings[at] = meaning
    meanings = _named_by_title(table, meanings, contents)
    if given:
        meanings = _as_given(table, meanings, given)
    meanings = _without_lonely_items(meanings)
    meanings = _events(table, meanings)
    meanings = _transplant_days(table, meanings)
    meanings = number_trials(table, meanings)
    meanings, notes, doubts = settle_numbers(table, meanings, contents)
    meanings = baseline_months(number_visits(table, meanings))
    meanings = _numbered_transplants(meanings)
    meanings = _capacities_by_value(meanings, contents)
    meanings, doubled = _one_of_each(table, meanings, contents)
    meanings, notes = _entry_dates(meanings, notes)
    order = dict(sorted(meanings.items()))
    return ColumnMap(MappingProxyType(order), tuple(doubled), tuple(notes), tuple(doubts))


def _meaning(table: Table, at: int, found: Contents) -> Meaning | None:
    about = {"dates": found.are_dates, "numbers": found.times > 0 or not found.filled}
    meaning = meaning_of(table.header[at], table.unit(at), **about)
    label = table.label(at)
    if label and (meaning is None or (not meaning.placed and meaning.number)):
        meaning = meaning_of(label, table.unit(at), **about) or meaning
    return meaning


def _entry_dates(
    meanings: dict[int, Meaning], notes: list[str]
) -> tuple[dict[int, Meaning], list[str]]:
    """Use the time stamp of a form as the date of the visit where nothing else dates it."""
    stamps = [at for at, m in meanings.items() if m.role == "entry_date"]
    timed = any(m.role in ("visit_date", "time", "visit_label") for m in meanings.values())
    if not stamps or timed:
        return meanings, notes
    said = "The time stamp of the form was taken as the date of the visit."
    return {**meanings, stamps[0]: Meaning("visit_date")}, [*notes, said]


def _filled_rows(table: Table) -> Table:
    """Return the rows with more than one filled cell: a note below the table is no content."""
    if len(table.columns) < 3 or not len(table):
        return table
    filled = np.zeros(len(table), dtype=np.int64)
    for column in table.columns:
        filled += column.flagged(bool)
    return table if (filled > 1).all() else table.keep(filled > 1)


def _counts(found: Contents) -> bool:
    """Whether cells below a "date" are plain small numbers: days of a study."""
    return found.are_numbers and not found.dates and found.high < 20_000


def _named_by_title(
    table: Table, meanings: dict[int, Meaning], contents: Sequence[Contents]
) -> dict[int, Meaning]:
    """Read columns that name only a month as values of what the sheet or its title names."""
    if any(m.role in MEASURES for m in meanings.values()):
        return meanings
    months = {
        at: month
        for at, header in enumerate(table.header)
        if contents[at].are_numbers and (month := visit_month(header)) is not None
    }
    if len(months) < FEWEST_WIDE:
        return meanings
    titles = [text for row in table.above for text in row if text]
    for title in (table.sheet, *titles, re.sub(r"\.\w{2,5}$", "", table.file)):
        meaning = meaning_of(title) if title else None
        if meaning is not None and meaning.role in MEASURES and not meaning.placed:
            named = {at: replace(meaning, month=month) for at, month in months.items()}
            return {**meanings, **named}
    return meanings


def _events(table: Table, meanings: dict[int, Meaning]) -> dict[int, Meaning]:
    """Find the column that says what happened, in a table of patients without values."""
    roles = {m.role for m in meanings.values()}
    if "patient" not in roles or "event" in roles or roles & set(MEASURES):
        return meanings
    if _has_value_column(table):
        return meanings
    for at, header in enumerate(table.header):
        free = at not in meanings or meanings[at].role == "visit_label"
        if free and names_events(header, table.columns[at].used()):
            return {**meanings, at: Meaning("event")}
    return meanings


def _transplant_days(table: Table, meanings: dict[int, Meaning]) -> dict[int, Meaning]:
    """Read a day of the transplant that is the same in all rows of a patient as a fact."""
    who = next((at for at, m in meanings.items() if m.role == "patient"), None)
    times = {at: m for at, m in meanings.items() if m.role == "time"}
    counted = [at for at, m in times.items() if m.clock == "transplant"]
    others = [m.clock for m in times.values() if m.clock != "transplant"]
    measured = any(m.role in MEASURES for m in meanings.values())
    events = any(m.role == "event" for m in meanings.values())
    if who is None or not counted or events or (measured and not others):
        return meanings
    result = dict(meanings)
    for at in counted:
        once = len(table.columns[who].used()) == len(table)
        if _has_value_column(table):
            continue
        if _same_per_patient(table.columns[who], table.columns[at]) or (not measured and once):
            clock = next((c for c in others if c != "unknown"), "enrolment")
            result[at] = replace(meanings[at], role="transplant_day", clock=clock)
    return result


def _has_value_column(table: Table) -> bool:
    """Whether the rows name their values: then a time is that of a visit."""
    return any(words.plain_words(header) in words.VALUE_HEADERS for header in table.header)


def _same_per_patient(patient: TextColumn, column: TextColumn) -> bool:
    pairs = np.unique(np.stack([patient.codes, column.codes]), axis=1)
    return bool(pairs.shape[1] == len(np.unique(patient.codes)) < len(patient))


def _agrees(meaning: Meaning, found: Contents) -> bool:
    """Whether the values can be what the header says."""
    if meaning.role == "patient":
        return not (found.are_dates and not found.are_numbers)
    if meaning.role == "transplant" and not meaning.sure:
        return found.are_dates or not found.filled or found.flags
    if meaning.role == "visit_date" and not meaning.sure:
        return found.are_dates or not found.filled or not found.are_numbers
    if meaning.role in ("visit_date", "enrolment", "birth") and found.filled:
        return found.dates > 0 or not found.are_numbers
    return meaning.role != "onset" or found.are_dates


def _as_given(
    table: Table, meanings: dict[int, Meaning], given: Mapping[str, str]
) -> dict[int, Meaning]:
    result = dict(meanings)
    for at, header in enumerate(table.header):
        role = given.get(header or f"column {at + 1}")
        if role is None:
            continue
        if role in _ONE_EACH or role in ("visit_date",):
            for other in [o for o, m in result.items() if m.role == role and o != at]:
                del result[other]
        if role in ("", "ignored"):
            result.pop(at, None)
        else:
            result[at] = _given_meaning(role, result.get(at))
    return result


def _given_meaning(role: str, before: Meaning | None) -> Meaning:
    name, _, rest = role.partition(" ")
    if name == "item":
        return Meaning("item", item=rest)
    if name == "time":
        clock, _, unit = rest.partition(" ")
        return Meaning("time", clock=clock or "unknown", unit=unit or "day")
    kept = (
        before if before is not None and before.role.split("_")[0] == name.split("_")[0] else None
    )
    return replace(kept, role=name, sure=True) if kept is not None else Meaning(name)


def _without_lonely_items(meanings: dict[int, Meaning]) -> dict[int, Meaning]:
    """Drop columns such as "Walking" where the table does not hold most items of the scale."""
    items = {m.item.rstrip("ab") for m in meanings.values() if m.role == "item"}
    domains = {m.role for m in meanings.values() if m.role in DOMAIN_ROLES}
    if len(domains) < FEWEST_DOMAINS:
        meanings = {at: m for at, m in meanings.items() if m.role not in DOMAIN_ROLES or m.sure}
    if len(items) >= FEWEST_ITEMS:
        return meanings
    return {at: m for at, m in meanings.items() if m.role != "item" or m.sure}


def _numbered_transplants(meanings: dict[int, Meaning]) -> dict[int, Meaning]:
    columns = [at for at, m in sorted(meanings.items()) if m.role == "transplant"]
    taken = {meanings[at].ordinal for at in columns}
    free = (n for n in range(1, len(columns) + len(taken) + 1) if n not in taken)
    result = dict(meanings)
    for at in columns:
        if not meanings[at].ordinal:
            result[at] = replace(meanings[at], ordinal=next(free))
    return result


def _capacities_by_value(
    meanings: dict[int, Meaning], contents: Sequence[Contents]
) -> dict[int, Meaning]:
    """Tell two columns of one name apart where one holds litres and the other per cent."""
    result = dict(meanings)
    for stem in ("fvc", "svc", "vc"):
        unknown = [at for at, m in meanings.items() if m.role == f"{stem}_unknown" and not m.placed]
        if len(unknown) == 1 and not any(m.role == "unit" for m in meanings.values()):
            _yield_to_named(stem, unknown[0], result, contents)
        if len(unknown) != 2:
            continue
        litres = [
            at
            for at in unknown
            if LITRES_RANGE[0] <= contents[at].low and contents[at].high <= LITRES_RANGE[1]
        ]
        percent = [at for at in unknown if contents[at].low >= PERCENT_FROM]
        if len(litres) == len(percent) == 1:
            result[litres[0]] = replace(meanings[litres[0]], role=f"{stem}_litres")
            result[percent[0]] = replace(meanings[percent[0]], role=stem)
    return result


def _yield_to_named(
    stem: str, at: int, meanings: dict[int, Meaning], contents: Sequence[Contents]
) -> None:
    """Give a column without a unit the unit of a named one with the same kind of values."""
    found = contents[at]
    litres = LITRES_RANGE[0] <= found.low and found.high <= LITRES_RANGE[1]
    role = f"{stem}_litres" if litres else stem if found.low >= PERCENT_FROM else ""
    named = any(m.role == role and not m.placed and not m.trial for m in meanings.values())
    if role and named:
        meanings[at] = replace(meanings[at], role=role, sure=False)


def _one_of_each(
    table: Table, meanings: dict[int, Meaning], contents: Sequence[Contents]
) -> tuple[dict[int, Meaning], list[tuple[str, int, int]]]:
    """Keep one column for each meaning; report the others."""
    result: dict[int, Meaning] = {}
    kept: dict[Meaning, int] = {}
    doubled: list[tuple[str, int, int]] = []
    for at in _by_preference(table, meanings, contents):
        meaning = meanings[at]
        role_only = meaning.role in (*_ONE_EACH, "age", "sex", "onset_site")
        key = Meaning(meaning.role) if role_only else replace(meaning, sure=True, factor=1.0)
        if meaning.role == "ignored" or meaning.role == "birth":
            result[at] = meaning
        elif key in kept and meaning.role == "visit_label":
            result.pop(at, None)
        elif key in kept:
            doubled.append((meaning.role, kept[key], at))
        else:
            kept[key] = at
            result[at] = meaning
    return result, doubled


def _by_preference(
    table: Table, meanings: Mapping[int, Meaning], contents: Sequence[Contents]
) -> Iterable[int]:
    """Order columns so that the better of two of one meaning comes first."""

    def rank(at: int) -> tuple[int, int]:
        meaning = meanings[at]
        if meaning.role != "patient":
            return (0 if meaning.sure and contents[at].filled else 1, at)
        plain = words.plain_words(table.header[at])
        unique = len(table.columns[at].used()) == len(table) > 1
        counter = plain in ("nr", "no", "id") and unique and contents[at].are_numbers
        whole = plain in ("usubjid", "unique subject id", "record id", "subject id")
        return (-1 if whole else 2 if counter else 0 if meaning.sure else 1, at)

    return sorted(meanings, key=rank)
