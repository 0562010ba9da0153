"""From one mapped table to values with a patient, an endpoint and a time, nothing judged yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import pandas as pd

from data.endpoints import ENDPOINTS
from data.findings import Finding
from data.grid import Grid
from data.mapping import MEASURES, PATIENT_FACTS, ColumnMap
from data.trial import DAYS_PER_MONTH, USABLE
from data.values import (
    DateOrder,
    Unreadable,
    date_orders,
    has_numeric_dates,
    is_missing,
    parse_date,
    parse_number,
    uses_decimal_comma,
)

DATE_ROLES: Final = ("visit_date", "transplant_date", "death_date", "onset_date")
_LITRES_LIMIT: Final = 8.5
_PERCENT_LIMIT: Final = 12.0
_MAX_LISTED_ROWS: Final = 8
_LONGEST_LIFE_DAYS: Final = 120 * 365.25


@dataclass(frozen=True, slots=True)
class VisitRows:
    """Values as they stand in the table, with what each row says of its patient.

    Parameters
    ----------
    values
        One row a value: ``patient, endpoint, value, date, day, row, column, status``; ``day`` is
        filled only where the table itself counts from the transplant.
    patients
        One row a table row: ``patient, row`` and the dates and facts that the row carries.
    findings
        What was noticed.
    open_questions
        Codes of questions that must be answered first.
    """

    file: str
    sheet: str
    values: pd.DataFrame
    patients: pd.DataFrame
    findings: tuple[Finding, ...]
    open_questions: tuple[str, ...] = ()


def collect_visits(grid: Grid, columns: ColumnMap, answers: Mapping[str, str]) -> VisitRows:
    """Read every mapped cell of ``grid``.

    Parameters
    ----------
    grid
        The table.
    columns
        What its columns mean; at least a patient, a time and a value column.
    answers
        Answers to ``DATE_ORDER`` and ``FVC_UNIT``, where they were asked.

    Returns
    -------
    VisitRows
        With ``open_questions`` and no values if something must be asked first.
    """
    return _Collector(grid, columns, answers).collect()


class _Collector:
    """Keeps the findings of one table together while its columns are read."""

    def __init__(self, grid: Grid, columns: ColumnMap, answers: Mapping[str, str]) -> None:
        self.grid = grid
        self.columns = columns
        self.answers = answers
        self.findings: list[Finding] = []
        self.questions: list[str] = []

    def collect(self) -> VisitRows:
        patients = self._patients()
        order = self._date_order()
        measures = self._measures()
        if self.questions:
            empty = pd.DataFrame()
            return self._result(empty, empty)
        for role in DATE_ROLES:
            if role in self.columns.roles:
                patients[role] = self._dates(role, order)
        for role in PATIENT_FACTS:
            if role in self.columns.roles:
                patients[role] = self.grid.column(self.columns.roles[role])
        times = self._times(patients)
        values = pd.concat([self._values(patients, times, *m) for m in measures], ignore_index=True)
        keep = patients["patient"] != ""
        self._report_rows(patients, values)
        values = values[values["patient"] != ""].dropna(subset=["value"]).reset_index(drop=True)
        return self._result(values, patients[keep].reset_index(drop=True))

    def _result(self, values: pd.DataFrame, patients: pd.DataFrame) -> VisitRows:
        return VisitRows(
            self.grid.file,
            self.grid.sheet,
            values,
            patients,
            tuple(self.findings),
            tuple(dict.fromkeys(self.questions)),
        )

    def _found(
        self,
        code: str,
        text: str,
        next_step: str,
        *,
        row: int | None = None,
        column: str = "",
        value: str = "",
        severity: str = "warning",
    ) -> None:
        self.findings.append(
            Finding(
                code,
                "info" if severity == "info" else "warning",
                text,
                next_step,
                self.grid.file,
                self.grid.sheet,
                row,
                column,
                value,
            )
        )

    def _patients(self) -> pd.DataFrame:
        texts = self.grid.column(self.columns.roles["patient"])
        names = ["" if is_missing(text) and not text.isalpha() else text for text in texts]
        return pd.DataFrame({"patient": names, "row": self.grid.row_numbers})

    def _date_order(self) -> DateOrder:
        """Return the order of day and month, or note the question."""
        possible: set[DateOrder] = {"dmy", "mdy"}
        numeric = False
        for role in DATE_ROLES:
            if role in self.columns.roles:
                texts = self.grid.column(self.columns.roles[role])
                possible &= date_orders(texts)
                numeric |= has_numeric_dates(texts)
        if len(possible) == 1:
            return possible.pop()
        answer = self.answers.get("DATE_ORDER")
        if numeric and answer not in ("dmy", "mdy"):
            self.questions.append("DATE_ORDER")
        return "mdy" if answer == "mdy" else "dmy"

    def _dates(self, role: str, order: DateOrder) -> list[date | None]:
        position = self.columns.roles[role]
        header = self.grid.header[position]
        texts = self.grid.column(position)
        parsed = {text: parse_date(text, order) for text in set(texts)}
        for text, row in zip(texts, self.grid.row_numbers, strict=True):
            result = parsed[text]
            if isinstance(result, Unreadable):
                self._found(
                    "INVALID_DATE",
                    f"“{text[:40]}” was not read: {result.reason}.",
                    "Correct the cell; without it the row has no such date.",
                    row=row,
                    column=header,
                    value=text,
                )
        return [d if isinstance(d := parsed[text], date) else None for text in texts]

    def _measures(self) -> list[tuple[str, int, float | None]]:
        """Return (endpoint, column position, nominal month) of every value column."""
        found = [
            (role, position, None)
            for role, position in self.columns.roles.items()
            if role in MEASURES
        ]
        wide = [(column.measure, column.position, column.month) for column in self.columns.wide]
        unit = self._fvc_endpoint([p for role, p, _ in found + wide if role == "fvc_unknown"])
        named = self._named_percent([p for role, p, _ in found + wide if role == "fvc"])
        found = [(named if role == "fvc" else role, p, month) for role, p, month in found]
        wide = [(named if role == "fvc" else role, p, month) for role, p, month in wide]
        if unit in self.columns.roles and "fvc_unknown" in self.columns.roles:
            spare = self.columns.roles["fvc_unknown"]
            found = [item for item in found if item[1] != spare]
            self._found(
                "TWO_COLUMNS_FOR_ONE",
                f"“{self.grid.header[spare]}” names no unit and was not used: "
                f"“{self.grid.header[self.columns.roles[unit]]}” holds FVC in that unit already.",
                "Rename it, or delete the one that is not meant.",
                column=self.grid.header[spare],
            )
        return [
            (unit if role == "fvc_unknown" else role, p, month) for role, p, month in found + wide
        ]

    def _named_percent(self, positions: list[int]) -> str:
        """Ask where columns named % predicted hold numbers that can only be litres or fractions."""
        answer = self.answers.get("FVC_UNIT")
        numbers = [number for number in self._plain_numbers(positions) if number > 0]
        if numbers and max(numbers) <= _LITRES_LIMIT:
            if answer not in ("percent", "litres"):
                self.questions.append("FVC_UNIT")
            return "fvc_litres" if answer == "litres" else "fvc"
        return "fvc"

    def _plain_numbers(self, positions: list[int]) -> list[float]:
        texts = [text for p in positions for text in self.grid.column(p)]
        comma = uses_decimal_comma(texts)
        numbers = [parse_number(text, decimal_comma=comma) for text in texts]
        return [number for number in numbers if isinstance(number, float)]

    def _fvc_endpoint(self, positions: list[int]) -> str:
        """Decide whether an FVC column without a unit holds litres or % predicted."""
        if not positions:
            return "fvc"
        answer = self.answers.get("FVC_UNIT")
        if answer in ("percent", "litres"):
            return "fvc" if answer == "percent" else "fvc_litres"
        texts = [text for p in positions for text in self.grid.column(p)]
        numbers = self._plain_numbers(positions)
        if any(text.endswith("%") for text in texts) or not numbers:
            return "fvc"
        litres = min(numbers) >= 0.3 and max(numbers) <= _LITRES_LIMIT
        percent = min(numbers) >= _PERCENT_LIMIT
        if litres == percent:
            self.questions.append("FVC_UNIT")
            return "fvc"
        unit = "litres" if litres else "% predicted"
        self._found(
            "FVC_UNIT_INFERRED",
            f"The FVC column names no unit; its values ({min(numbers):g} to {max(numbers):g}) "
            f"were taken as {unit}.",
            f"If that is wrong, name the column “FVC_{'percent' if litres else 'litres'}”.",
            column=self.grid.header[positions[0]],
        )
        return "fvc_litres" if litres else "fvc"

    def _times(self, patients: pd.DataFrame) -> pd.Series:
        """Return days from the transplant where the table itself gives them, else NaN."""
        result = pd.Series(np.nan, index=patients.index, dtype="float64")
        for role, factor in (("day", 1.0), ("month", DAYS_PER_MONTH)):
            if role in self.columns.roles:
                numbers = self._numbers(self.columns.roles[role], _anything, role)
                days = pd.Series([np.nan if n is None else n * factor + 0.0 for n in numbers])
                result = result.fillna(self._possible_times(days.astype("float64"), role))
        return result

    def _possible_times(self, days: pd.Series, role: str) -> pd.Series:
        """Return days from the transplant, without those that no life can hold."""
        position = self.columns.roles[role]
        absurd = days.abs() > _LONGEST_LIFE_DAYS
        texts = self.grid.column(position)
        for at in np.flatnonzero(absurd):
            self._found(
                "INVALID_TIME",
                f"“{texts[at][:40]}” {role}s from the transplant is no possible time.",
                "Correct the cell; without it the value has no time.",
                row=self.grid.row_numbers[at],
                column=self.grid.header[position],
                value=texts[at],
            )
        return days.mask(absurd)

    def _values(
        self,
        patients: pd.DataFrame,
        times: pd.Series,
        key: str,
        position: int,
        month: float | None,
    ) -> pd.DataFrame:
        scale = ENDPOINTS[key]
        numbers = self._numbers(position, scale.accepts, scale.named)
        possible = [number is None or scale.accepts(number) for number in numbers]
        dates = patients.get("visit_date", pd.Series([None] * len(patients), dtype="object"))
        return pd.DataFrame(
            {
                "patient": patients["patient"],
                "endpoint": key,
                "value": pd.Series(numbers, dtype="float64"),
                "date": dates if month is None else None,
                "day": times if month is None else month * DAYS_PER_MONTH,
                "row": patients["row"],
                "column": self.grid.header[position],
                "status": np.where(possible, USABLE, "OUT_OF_RANGE"),
            }
        )

    def _numbers(
        self, position: int, accepts: Callable[[float], bool], meaning: str
    ) -> list[float | None]:
        texts = self.grid.column(position)
        header = self.grid.header[position]
        comma = uses_decimal_comma(texts)
        parsed = {text: parse_number(text, decimal_comma=comma) for text in set(texts)}
        coded = sum(1 for text in texts if text and parsed[text] is None)
        if coded:
            self._found(
                "MISSING_CODES",
                f"Cells that say that there is no value: {coded}.",
                "They are counted as missing.",
                column=header,
            )
        for text, row in zip(texts, self.grid.row_numbers, strict=True):
            result = parsed[text]
            if isinstance(result, Unreadable):
                self._found(
                    "NOT_A_NUMBER",
                    f"“{text[:40]}” is not a number ({meaning}).",
                    "Correct the cell; it is treated as missing.",
                    row=row,
                    column=header,
                    value=text,
                )
            elif result is not None and not accepts(result):
                self._found(
                    "OUT_OF_RANGE",
                    f"{result:g} cannot be {meaning}.",
                    "It is shown, at the edge of the scale, and not analysed; correct the file.",
                    row=row,
                    column=header,
                    value=text,
                )
        return [None if isinstance(n := parsed[text], Unreadable) else n for text in texts]

    def _report_rows(self, patients: pd.DataFrame, values: pd.DataFrame) -> None:
        nameless = patients.loc[patients["patient"] == "", "row"].tolist()
        if nameless:
            self._found(
                "ROW_WITHOUT_ID",
                f"{_rows(nameless)} without a patient.",
                "Fill in the patient; until then these rows are not used.",
            )
        timeless = values["value"].notna() & values["day"].isna() & values["date"].isna()
        lost = sorted(set(values.loc[timeless, "row"]))
        if lost:
            self._found(
                "ROW_WITHOUT_DATE",
                f"{_rows(lost)} with a value but without a time.",
                "Fill in the visit date; until then the values are listed but not analysed.",
            )


def _anything(value: float) -> bool:
    """Accept every number: its meaning is judged elsewhere."""
    return True


def _rows(numbers: list[int]) -> str:
    shown = ", ".join(str(number) for number in numbers[:_MAX_LISTED_ROWS])
    more = f" and {len(numbers) - _MAX_LISTED_ROWS} more" if len(numbers) > _MAX_LISTED_ROWS else ""
    count = "1 row" if len(numbers) == 1 else f"{len(numbers)} rows"
    return f"{count} ({shown}{more})"
