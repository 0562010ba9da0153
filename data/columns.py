"""What every column of a table means: headers first, then the values and the other columns."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

import numpy as np

from data import vocabulary as words
from data.dates import survey
from data.meaning import Meaning, meaning_of, signed_words
from data.numbers import decimal_comma, read_number
from data.records import MEASURES
from data.table import Table, TextColumn
from data.times import visit_month
from data.values import is_missing

FEWEST_ITEMS: Final = 9
"""Items from which headers such as "Q1" or "Walking" are taken for the ALSFRS-R."""

FEWEST_DOMAINS: Final = 3
DOMAIN_ROLES: Final = ("bulbar", "fine_motor", "gross_motor", "respiratory")
FEWEST_WIDE: Final = 2
_SAMPLE: Final = 400
_MANY: Final = ("item", "gastrostomy_switch")
_ONE_EACH: Final = ("patient", "visit_label", "unit", "capacity_test", "imputed", "group", "site")
_LITRES: Final = (0.2, 9.0)
_PERCENT_FROM: Final = 12.0


@dataclass(frozen=True, slots=True)
class Contents:
    """What the cells of a column look like, from its distinct texts."""

    filled: int
    dates: int
    numbers: int
    low: float = float("nan")
    high: float = float("nan")
    negative: bool = False

    @property
    def are_dates(self) -> bool:
        """Whether most filled cells are calendar dates."""
        return self.filled > 0 and self.dates > 0.5 * self.filled

    @property
    def are_numbers(self) -> bool:
        """Whether most filled cells are numbers."""
        return self.filled > 0 and self.numbers > 0.5 * self.filled


def contents_of(column: TextColumn) -> Contents:
    """Look at a sample of the distinct texts of a column."""
    texts = [text for text in column.used() if not is_missing(text)][:_SAMPLE]
    if not texts:
        return Contents(0, 0, 0)
    comma = bool(decimal_comma(texts))
    numbers = [
        n.value for text in texts if (n := read_number(text, decimal_comma=comma)).value is not None
    ]
    found = survey(texts)
    dates = found.n_dates + (found.n_serials if _could_be_days(numbers) else 0)
    if not numbers:
        return Contents(len(texts), dates, 0)
    return Contents(
        len(texts), dates, len(numbers), min(numbers), max(numbers), any(n < 0 for n in numbers)
    )


def _could_be_days(numbers: Sequence[float]) -> bool:
    """Whether all numbers could be days counted by a spreadsheet."""
    return all(20_000 <= n <= 60_000 for n in numbers)


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
    contents = [contents_of(column) for column in table.columns]
    meanings: dict[int, Meaning] = {}
    for at, header in enumerate(table.header):
        found = contents[at]
        meaning = _meaning(table, at, found)
        if meaning is not None and meaning.role == "visit_date" and _counts(found):
            meaning = replace(meaning, role="time", clock="unknown", unit="day")
        if meaning is not None and _agrees(meaning, found):
            meanings[at] = meaning
    meanings = _named_by_title(table, meanings, contents)
    if given:
        meanings = _as_given(table, meanings, given)
    meanings = _without_lonely_items(meanings)
    meanings = _transplant_days(table, meanings)
    meanings, notes, doubts = _numbered(table, meanings, contents)
    meanings = _repeated_visits(meanings)
    meanings = _numbered_transplants(meanings)
    meanings = _capacities_by_value(meanings, contents)
    meanings, doubled = _one_of_each(table, meanings, contents)
    order = dict(sorted(meanings.items()))
    return ColumnMap(MappingProxyType(order), tuple(doubled), tuple(notes), tuple(doubts))


def _meaning(table: Table, at: int, found: Contents) -> Meaning | None:
    about = {"dates": found.are_dates, "numbers": found.are_numbers or not found.filled}
    meaning = meaning_of(table.header[at], table.unit(at), **about)
    label = table.label(at)
    if label and (meaning is None or (not meaning.placed and meaning.number)):
        meaning = meaning_of(label, table.unit(at), **about) or meaning
    return meaning


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


def _transplant_days(table: Table, meanings: dict[int, Meaning]) -> dict[int, Meaning]:
    """Read a day of the transplant that is the same in all rows of a patient as a fact."""
    who = next((at for at, m in meanings.items() if m.role == "patient"), None)
    times = {at: m for at, m in meanings.items() if m.role == "time"}
    counted = [at for at, m in times.items() if m.clock == "transplant"]
    others = [m.clock for m in times.values() if m.clock != "transplant"]
    measured = any(m.role in MEASURES for m in meanings.values())
    if who is None or not counted or (measured and not others):
        return meanings
    result = dict(meanings)
    for at in counted:
        if _same_per_patient(table.columns[who], table.columns[at]) or not measured:
            clock = next((c for c in others if c != "unknown"), "enrolment")
            result[at] = replace(meanings[at], role="transplant_day", clock=clock)
    return result


def _same_per_patient(patient: TextColumn, column: TextColumn) -> bool:
    pairs = np.unique(np.stack([patient.codes, column.codes]), axis=1)
    return pairs.shape[1] == len(np.unique(patient.codes)) < len(patient)


def _agrees(meaning: Meaning, found: Contents) -> bool:
    """Whether the values can be what the header says."""
    if meaning.role == "patient":
        return not (found.are_dates and not found.are_numbers)
    if meaning.role in ("visit_date", "transplant") and not meaning.sure:
        return found.are_dates or not found.filled or not found.are_numbers
    if meaning.role in ("visit_date", "enrolment", "birth") and found.filled:
        return found.dates > 0 or not found.are_numbers
    if meaning.role == "onset" and not found.are_dates:
        return False
    return True


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


def _numbered(
    table: Table, meanings: dict[int, Meaning], contents: Sequence[Contents]
) -> tuple[dict[int, Meaning], list[str], list[str]]:
    """Decide whether numbers in headers are items, months or visits."""
    numbered = {at: m for at, m in meanings.items() if m.number}
    if not numbered:
        return _undashed(table, meanings), [], []
    result = dict(meanings)
    scored = {at: m for at, m in numbered.items() if m.role.startswith("alsfrs")}
    known = {m.item.rstrip("ab") for m in meanings.values() if m.role == "item"}
    if _are_items(scored, contents, known):
        result |= _as_items(scored)
        numbered = {at: m for at, m in numbered.items() if at not in scored}
    if not numbered:
        return _undashed(table, result), [], []
    dates = {m.number for m in numbered.values() if m.role == "visit_date"}
    if dates:
        for at, meaning in numbered.items():
            visit = meaning.number if meaning.number in dates else ""
            result[at] = replace(meaning, number="", visit=visit)
        return result, [], []
    return _as_months(table, result, numbered)


def _are_items(
    scored: Mapping[int, Meaning], contents: Sequence[Contents], known: set[str]
) -> bool:
    """Whether numbers behind "ALSFRS" count items: most items are there, scored from 0 to 4."""
    numbers = [m.number for m in scored.values()]
    marked = [n for n in numbers if n.startswith("q") or n.endswith(("a", "b"))]
    if len(marked) >= FEWEST_ITEMS:
        return True
    plain = {n for n in numbers if re.fullmatch(r"q?\d+[ab]?|r[123]", n)}
    small = all(not contents[at].filled or contents[at].high <= 4 for at in scored)
    return (
        len(plain) + len(known) >= FEWEST_ITEMS
        and (small or bool(marked))
        and len(plain) == len(set(numbers))
    )


def _as_items(scored: Mapping[int, Meaning]) -> dict[int, Meaning]:
    """Number the items; R1 to R3 are items 10 to 12 where the others count from 1 to 9."""
    revised = {m.number for m in scored.values() if m.role == "alsfrs_r"}
    others = {m.number for m in scored.values() if m.role != "alsfrs_r"}
    r_items = revised <= {"1", "2", "3"} and bool(revised) and "9" in others
    result = {}
    for at, meaning in scored.items():
        number = meaning.number.lstrip("q")
        if number.startswith("r") or (r_items and meaning.role == "alsfrs_r"):
            number = str(9 + int(number.lstrip("r")))
        result[at] = Meaning("item", item=number)
    return result


def _as_months(
    table: Table, meanings: dict[int, Meaning], numbered: Mapping[int, Meaning]
) -> tuple[dict[int, Meaning], list[str], list[str]]:
    """Read numbers as months where the headers leave no other reading, else drop the columns."""
    result = dict(meanings)
    marks = {at: re.match(r"[mp]?", m.number)[0] for at, m in numbered.items()}  # type: ignore[index]
    plain = {at: float(m.number.lstrip("mp+").rstrip("ab") or "nan") for at, m in numbered.items()}
    notes: list[str] = []
    doubts: list[str] = []
    minus = False
    if "m" in marks.values():
        signed = any(m.month is not None and m.month < 0 for m in meanings.values())
        signed |= any(value < 0 for value in plain.values())
        falling = _falls_to_zero(marks, plain)
        minus = not signed and ("p" in marks.values() or falling)
        if minus:
            notes.append("In the headers “m6” stands for month −6 and “p6” or “6” for month 6.")
        doubts += ["MONTH_SIGN"] if falling and "p" not in marks.values() and not signed else []
    months = {at: -v if minus and marks[at] == "m" else v for at, v in plain.items()}
    named = bool(set(marks.values()) & {"m", "p"}) or any(
        m.month is not None for m in meanings.values() if m.role in MEASURES
    )
    through_zero = any(v < 0 for v in months.values()) and any(v >= 0 for v in months.values())
    steps = sorted(set(months.values()))
    uneven = 0 in steps and any(b - a > 1 for a, b in zip(steps, steps[1:], strict=False))
    counts = Counter(m.role for m in numbered.values())
    wide = (named or through_zero or uneven) and (named or max(counts.values()) >= FEWEST_WIDE)
    for at, meaning in numbered.items():
        if wide:
            result[at] = replace(meaning, number="", month=months[at] + 0.0)
        else:
            del result[at]
    if not wide:
        notes.append(
            "Numbers in headers could be visits, items or months; the columns were not used."
        )
    return _undashed(table, result), notes, doubts


def _falls_to_zero(marks: Mapping[int, str], plain: Mapping[int, float]) -> bool:
    """Whether columns run m6, m3, 0 …: then the m can only be a minus."""
    run: list[float] = []
    for at, mark in marks.items():
        if mark != "m":
            break
        run.append(plain[at])
    rest = [plain[at] for at, mark in marks.items() if mark == ""]
    return len(run) >= 2 and run == sorted(run, reverse=True) and bool(rest)


def _undashed(table: Table, meanings: dict[int, Meaning]) -> dict[int, Meaning]:
    """Read hyphens as separators where a month 0 has one too: nobody writes a minus zero.

    Where another column is positive, the hyphens tell before from after and stay minus signs.
    """
    wide = {at: m for at, m in meanings.items() if m.month is not None and m.role in MEASURES}
    minus_zero = any(
        m.month == 0 and re.search(r"\w-\s*0|-\s*0", signed_words(table.header[at]))
        for at, m in wide.items()
    )
    if minus_zero and all((m.month or 0) <= 0 for m in wide.values()):
        positive = {at: replace(m, month=abs(m.month or 0.0)) for at, m in wide.items()}
        return {**meanings, **positive}
    return meanings


def _repeated_visits(meanings: dict[int, Meaning]) -> dict[int, Meaning]:
    """Number columns that repeat as "date, score, date, score …" by visit."""
    dates = [at for at, m in meanings.items() if m.role == "visit_date" and not m.about]
    if len(dates) < 2 or any(meanings[at].placed for at in dates):
        return meanings
    counts = Counter(
        m.role for m in meanings.values() if m.role in MEASURES and not m.placed and not m.trial
    )
    if not counts or max(counts.values()) < len(dates):
        return meanings
    result = dict(meanings)
    seen: Counter[str] = Counter()
    for at, meaning in sorted(meanings.items()):
        repeats = meaning.role == "visit_date" or counts.get(meaning.role, 0) == len(dates)
        if repeats and not meaning.placed:
            seen[meaning.role] += 1
            result[at] = replace(meaning, visit=f"#{seen[meaning.role]}")
    return result


def _numbered_transplants(meanings: dict[int, Meaning]) -> dict[int, Meaning]:
    columns = [at for at, m in sorted(meanings.items()) if m.role == "transplant"]
    return meanings | {
        at: replace(meanings[at], ordinal=meanings[at].ordinal or i + 1)
        for i, at in enumerate(columns)
    }


def _capacities_by_value(
    meanings: dict[int, Meaning], contents: Sequence[Contents]
) -> dict[int, Meaning]:
    """Tell two columns of one name apart where one holds litres and the other per cent."""
    result = dict(meanings)
    for stem in ("fvc", "svc", "vc"):
        unknown = [at for at, m in meanings.items() if m.role == f"{stem}_unknown" and not m.placed]
        if len(unknown) != 2:
            continue
        litres = [
            at
            for at in unknown
            if _LITRES[0] <= contents[at].low and contents[at].high <= _LITRES[1]
        ]
        percent = [at for at in unknown if contents[at].low >= _PERCENT_FROM]
        if len(litres) == len(percent) == 1:
            result[litres[0]] = replace(meanings[litres[0]], role=f"{stem}_litres")
            result[percent[0]] = replace(meanings[percent[0]], role=stem)
    return result


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
