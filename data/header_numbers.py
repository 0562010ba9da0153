"""Numbers in headers: items of the scale, months, or visits; the whole table decides."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from data.contents import Contents
from data.meaning import Meaning
from data.measure_headers import signed_words
from data.records import CAPACITY_STEMS, MEASURES
from data.table import Table

FEWEST_ITEMS: Final = 9
"""Items from which headers such as "Q1" or "Walking" are taken for the ALSFRS-R."""

FEWEST_WIDE: Final = 2
_BASELINE: Final = ("baseline", "bl")
_TRIALS: Final = ("1", "2", "3", "4", "5")


def settle_numbers(
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
    uneven = 0 in steps and any(b - a > 1 for a, b in itertools.pairwise(steps))
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


def number_visits(table: Table, meanings: dict[int, Meaning]) -> dict[int, Meaning]:
    """Number columns that repeat as "date, score, date, score …" by visit."""
    dates = [at for at, m in meanings.items() if m.role == "visit_date" and not m.about]
    alike = {re.sub(r"[\W\d_]+", "", table.header[at].casefold()) for at in dates}
    if len(dates) < 2 or any(meanings[at].placed for at in dates) or len(alike) > 1:
        return meanings
    counts = Counter(
        m.role
        for m in meanings.values()
        if m.role in MEASURES and m.role != "item" and not m.placed and not m.trial
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


def baseline_months(meanings: dict[int, Meaning]) -> dict[int, Meaning]:
    """Read "baseline" beside months as month 0, where no column is month 0 and none dates it.

    Beside a column of all visits it repeats one of them and is not used.
    """
    dated = {m.visit for m in meanings.values() if m.role == "visit_date"}
    result = dict(meanings)
    for role in {m.role for m in meanings.values() if m.role in MEASURES}:
        mine = {at: m for at, m in meanings.items() if m.role == role}
        months = {m.month for m in mine.values() if m.month is not None}
        base = [at for at, m in mine.items() if m.visit in _BASELINE and m.visit not in dated]
        if months and 0 not in months and len(base) == 1:
            result[base[0]] = replace(mine[base[0]], visit="", month=0.0)
        elif any(not m.placed and not m.number for m in mine.values()):
            # One value at baseline or screening beside the values of all visits repeats a visit.
            for at, meaning in mine.items():
                if meaning.visit and meaning.visit not in dated:
                    result[at] = Meaning("ignored")
    return result


def number_trials(table: Table, meanings: dict[int, Meaning]) -> dict[int, Meaning]:
    """Read "FVC 1", "FVC 2", "FVC 3" as attempts where each row is a visit."""
    who = next((at for at, m in meanings.items() if m.role == "patient"), None)
    if who is None or len(table.columns[who].used()) >= len(table):
        return meanings
    numbered = {
        at: m
        for at, m in meanings.items()
        if m.number in _TRIALS and m.role.split("_")[0] in CAPACITY_STEMS
    }
    others = {
        m.role
        for m in meanings.values()
        if (m.number and m.number not in _TRIALS) or m.month is not None
    }
    for role in {m.role for m in numbered.values()}:
        found = sorted(int(m.number) for m in numbered.values() if m.role == role)
        if role in others or found != list(range(1, len(found) + 1)):
            numbered = {at: m for at, m in numbered.items() if m.role != role}
    return {
        **meanings,
        **{at: replace(m, number="", trial=int(m.number)) for at, m in numbered.items()},
    }
