"""When values were taken: dates, days or months on some clock, or the name of the visit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from data.date_styles import DateReader
from data.findings import Finding
from data.numbers import Number, decimal_comma, read_number
from data.questions import Question, asked
from data.records import Field, When
from data.table import TextColumn
from data.times import says_before, visit_month, without_unit
from data.trial import DAYS_PER_MONTH

DAYS_IN: Final = {"day": 1.0, "week": 7.0, "month": DAYS_PER_MONTH, "year": 365.25}
_MAX_LISTED: Final = 40
_LONGEST_LIFE_DAYS: Final = 120 * 365.25


class TimeReader:
    """Reads the times of blocks; keeps what was noticed and what must be asked."""

    def __init__(self, dates: DateReader, answers: Mapping[str, str]) -> None:
        self.dates = dates
        self.answers = answers
        self.findings: list[Finding] = []
        self.questions: list[Question] = []
        self.signed: set[str] = set()

    def times(self, when: When, n: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Return ordinals of dates, and days on the clock of the table."""
        nothing = np.full(n, np.nan)
        if when.month is not None:
            return nothing, np.full(n, when.month * DAYS_PER_MONTH)
        date = nothing if when.date is None else self.dates.ordinals(when.date)
        offset = nothing
        if when.offset is not None:
            offset = self._offset(when.offset, when)
            if when.fallback is not None and when.fallback.offset is not None:
                second = self._offset(when.fallback.offset, when.fallback)
                offset = np.where(np.isnan(offset), second, offset)
        elif when.label is not None and when.date is None:
            offset = _months(when.label.texts) * DAYS_PER_MONTH
        if (offset < 0).any():
            self.signed.add(when.clock)
        if when.before is not None:
            offset = self._backwards(offset, when.before)
        return date, offset

    def _backwards(self, offset: npt.NDArray[np.float64], before: Field) -> npt.NDArray[np.float64]:
        """Count times of a phase called "before" backwards, if the user says so."""
        answer = self.answers.get("PHASE_SIGN")
        if answer is None and not any(q.code == "PHASE_SIGN" for q in self.questions):
            said = f"column “{before.header}” of {before.table.file} names visits before"
            self.questions.append(asked("PHASE_SIGN", said))
        early = before.texts.flagged(says_before)
        return np.where(early & (answer == "before"), -offset, offset)

    def _offset(self, cells: Field, when: When) -> npt.NDArray[np.float64]:
        texts = cells.texts
        comma = bool(decimal_comma(texts.used()))
        factor = DAYS_IN[when.unit]
        numbers = [read_number(without_unit(text), decimal_comma=comma) for text in texts.texts]
        days = np.asarray([np.nan if n.value is None else n.value * factor for n in numbers])
        if when.skips_zero:
            days = np.where(days > 0, days - 1, days)
        absurd = np.abs(days) > _LONGEST_LIFE_DAYS
        result = np.where(absurd, np.nan, days)[texts.codes] + 0.0 if len(texts) else days
        bad = np.flatnonzero(absurd[texts.codes])
        for row in bad[:_MAX_LISTED]:
            finding = cells.finding(
                "INVALID_TIME",
                f"“{texts[int(row)][:40]}” {when.unit}s from the "
                f"{'transplant' if when.clock in ('transplant', 'unknown') else when.clock} "
                "is no possible time.",
                "Correct the cell; without it the value has no time.",
                row=int(cells.row_numbers[row]),
                value=texts[int(row)],
            )
            if finding not in self.findings:
                self.findings.append(finding)
        self._unread_times(cells, texts, numbers)
        return result

    def _unread_times(self, cells: Field, texts: TextColumn, numbers: Sequence[Number]) -> None:
        unread = np.asarray([number.kind == "unreadable" for number in numbers])
        for row in np.flatnonzero(unread[texts.codes])[:_MAX_LISTED] if len(texts) else []:
            text = texts[int(row)]
            said = f"“{text[:40]}” is not a number (time of the visit)."
            step = "Correct the cell; without it the value has no time."
            line = int(cells.row_numbers[row])
            found = cells.finding("NOT_A_NUMBER", said, step, row=line, value=text)
            if found not in self.findings:
                self.findings.append(found)


def _months(texts: TextColumn) -> npt.NDArray[np.float64]:
    """Return the nominal month that the name of each visit tells, NaN where it tells none."""
    months = [visit_month(text) for text in texts.texts]
    known = np.asarray([np.nan if month is None else month for month in months], dtype=np.float64)
    return known[texts.codes] if len(texts) else np.empty(0)
