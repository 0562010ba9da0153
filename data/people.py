"""One row a patient: transplants, onset, death, and what else the files say of a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from data.date_styles import DateReader
from data.findings import Finding
from data.heights import heights_of
from data.identities import Identities
from data.numbers import decimal_comma, read_number
from data.records import DATED_FACTS, DAY_FACTS, TEXT_FACTS, Block
from data.values import is_missing
from data.visit_times import DAYS_IN

_EVENTS: Final = ("niv", "gastrostomy", "tracheostomy", "riluzole", "edaravone", "last_contact")
EVENT_NAMES: Final[Mapping[str, str]] = {
    "niv": "non-invasive ventilation",
    "gastrostomy": "gastrostomy",
    "tracheostomy": "tracheostomy",
    "riluzole": "riluzole started",
    "edaravone": "edaravone started",
    "last_contact": "last contact",
    "infection": "infection",
    "other": "other event",
    "death": "death",
    "transplant": "transplant",
}
_ORIGINS: Final = {
    "unknown": " of unknown origin",
    "transplant": " from the transplant",
    "onset": " from the onset",
}
"""What is added to the name of a fact in days that do not count from enrolment."""

_SEXES: Final = {
    "F": ("f", "female", "w", "weiblich", "woman", "femme", "mujer", "زن", "خانم", "k", "kadin"),
    "M": ("m", "male", "mannlich", "männlich", "man", "homme", "hombre", "مرد", "آقا", "erkek"),
}
_MAX_NAMED: Final = 12


@dataclass(frozen=True, slots=True)
class Facts:
    """What the files say of each patient.

    Parameters
    ----------
    transplants
        Proleptic ordinals of the transplants of each patient, in order, without repeats.
    transplant_days
        Day of the first transplant on another clock: ``enrolment`` or ``onset``; NaN if unknown.
    days
        One ordinal a patient for onset, death, enrolment and events, by role; NaN if unknown.
    clock_days
        Onset and death as days on the clock of the table, by role.
    texts
        Sex, age, group, site of onset, simulated, by role.
    height
        Standing height of each patient in cm; NaN if unknown.
    """

    transplants: tuple[tuple[int, ...], ...]
    transplant_days: Mapping[str, npt.NDArray[np.float64]]
    days: Mapping[str, npt.NDArray[np.float64]]
    clock_days: Mapping[str, npt.NDArray[np.float64]]
    texts: Mapping[str, npt.NDArray[np.object_]]
    height: npt.NDArray[np.float64]
    findings: tuple[Finding, ...]

    def first_transplant(self) -> npt.NDArray[np.float64]:
        """Return the ordinal of each patient's first transplant, NaN where none is known."""
        return np.asarray([t[0] if t else np.nan for t in self.transplants], dtype=np.float64)


def facts_of(blocks: Sequence[Block], people: Identities, dates: DateReader) -> Facts:
    """Collect the facts of all patients."""
    return _Collector(people, dates).collect(blocks)


class _Collector:
    def __init__(self, people: Identities, dates: DateReader) -> None:
        self.people = people
        self.dates = dates
        self.n = len(people.names)
        self.findings: list[Finding] = []

    def collect(self, blocks: Sequence[Block]) -> Facts:
        dated = {role: self._dated(blocks, role) for role in DATED_FACTS}
        transplants = self._transplants(dated, _place_of(blocks, "transplant"))
        days = {
            role: self._single(role, found) for role, found in dated.items() if role != "transplant"
        }
        clock_days, transplant_days = self._clock_days(blocks)
        texts = {role: self._texts(blocks, role) for role in TEXT_FACTS}
        height, noted = heights_of(blocks, self.people)
        found = (*self.findings, *noted)
        return Facts(transplants, transplant_days, days, clock_days, texts, height, found)

    def _dated(self, blocks: Sequence[Block], role: str) -> pd.DataFrame:
        """Return every (patient, day) of one kind, once."""
        parts = []
        for block in blocks:
            if block.role == role:
                codes = self.people.codes(block.patient)
                day = self.dates.ordinals(block.cells)
                known = (codes >= 0) & np.isfinite(day)
                parts.append(pd.DataFrame({"patient": codes[known], "day": day[known]}))
        if not parts:
            return pd.DataFrame(
                {"patient": pd.Series(dtype="int64"), "day": pd.Series(dtype="float64")}
            )
        return pd.concat(parts).drop_duplicates().sort_values(["patient", "day"])

    def _transplants(
        self, dated: Mapping[str, pd.DataFrame], place: tuple[str, str]
    ) -> tuple[tuple[int, ...], ...]:
        result: list[tuple[int, ...]] = [()] * self.n
        for role in ("first_exposure", "transplant"):
            table = dated[role]
            starts = table["patient"].to_numpy()
            cuts = np.searchsorted(starts, np.arange(self.n + 1))
            ordinals = table["day"].to_numpy().astype(np.int64)
            for patient in np.unique(starts).tolist():
                result[patient] = tuple(ordinals[cuts[patient] : cuts[patient + 1]].tolist())
        several = [(p, found) for p, found in enumerate(result) if len(found) > 1]
        for p, found in several[:40]:
            text = f"{self.people.names[p]} has {len(found)} different transplant dates: "
            text += ", ".join(date.fromordinal(day).isoformat() for day in found) + "."
            step = "The first one is day 0; the others are drawn."
            self.findings.append(Finding("MULTIPLE_TRANSPLANTS", "warning", text, step, *place))
        if len(several) > 40:
            text = f"{len(several) - 40} more patients have several transplant dates."
            self.findings.append(Finding("MULTIPLE_TRANSPLANTS", "warning", text))
        return tuple(result)

    def _single(self, role: str, found: pd.DataFrame) -> npt.NDArray[np.float64]:
        result = np.full(self.n, np.nan)
        first = found.drop_duplicates("patient")
        result[first["patient"].to_numpy()] = first["day"].to_numpy()
        if role in ("onset", "death", "enrolment"):
            self._report_contradictions(role, found)
        return result

    def _report_contradictions(self, role: str, found: pd.DataFrame) -> None:
        counts = found["patient"].value_counts()
        patients = sorted(counts[counts > 1].index.tolist())
        if patients:
            names = named([self.people.names[p] for p in patients])
            text = f"Different dates of {role} for {len(patients)} patients: {names}."
            step = "The earliest is used; correct the file."
            self.findings.append(Finding("CONTRADICTORY_FACTS", "warning", text, step))

    def _clock_days(
        self, blocks: Sequence[Block]
    ) -> tuple[dict[str, npt.NDArray[np.float64]], dict[str, npt.NDArray[np.float64]]]:
        days: dict[str, npt.NDArray[np.float64]] = {}
        transplants: dict[str, npt.NDArray[np.float64]] = {}
        for block in blocks:
            if block.role not in DAY_FACTS:
                continue
            codes = self.people.codes(block.patient)
            value = _numbers(block) * DAYS_IN[block.when.unit]
            known = np.flatnonzero((codes >= 0) & np.isfinite(value))[::-1]
            open_clock = block.when.clock == "unknown"
            clock = "enrolment" if open_clock else block.when.clock
            into = transplants if block.role == "transplant_day" else days
            fact = f"{block.role}{_ORIGINS.get(block.when.clock, '')}"
            key = clock if block.role == "transplant_day" else fact
            target = into.setdefault(key, np.full(self.n, np.nan))
            target[codes[known]] = value[known]
        return days, transplants

    def _texts(self, blocks: Sequence[Block], role: str) -> npt.NDArray[np.object_]:
        result = np.full(self.n, "", dtype=object)
        for block in blocks:
            if block.role != role:
                continue
            codes = self.people.codes(block.patient)
            texts = block.cells.texts
            filled = texts.flagged(lambda text: not is_missing(text)) & (codes >= 0)
            cells = texts.array()
            rows = np.flatnonzero(filled)[::-1]
            rows = rows[result[codes[rows]] == ""]
            result[codes[rows]] = cells[rows]
        if role == "sex":
            result = np.asarray([_sex(text) for text in result], dtype=object)
        return result


def _place_of(blocks: Sequence[Block], role: str) -> tuple[str, str]:
    """Return file and sheet of the first block of one kind."""
    tables = [block.cells.table for block in blocks if block.role == role]
    return (tables[0].file, tables[0].sheet) if tables else ("", "")


def _numbers(block: Block) -> npt.NDArray[np.float64]:
    texts = block.cells.texts
    comma = bool(decimal_comma(texts.used()))
    numbers = [read_number(text, decimal_comma=comma).value for text in texts.texts]
    known = np.asarray([np.nan if n is None else n for n in numbers], dtype=np.float64)
    return known[texts.codes] if len(texts) else np.empty(0)


def _sex(text: str) -> str:
    """Return F or M for words that say so; anything else stays as written."""
    small = text.casefold()
    return next((sex for sex, said in _SEXES.items() if small in said), text)


def named(names: Sequence[str]) -> str:
    """Return names in words, the first of many."""
    shown = ", ".join(names[:_MAX_NAMED])
    return shown + ("…" if len(names) > _MAX_NAMED else "")


def events_of(facts: Facts, names: Sequence[str], first: npt.NDArray[np.float64]) -> pd.DataFrame:
    """Return one row an event with its day from the first transplant."""
    rows = []
    for role in _EVENTS:
        days = facts.days[role] - first
        for patient in np.flatnonzero(np.isfinite(days)).tolist():
            rows.append(
                {
                    "patient": names[patient],
                    "kind": role,
                    "day": float(days[patient]),
                    "text": EVENT_NAMES[role],
                }
            )
    return pd.DataFrame(rows, columns=["patient", "kind", "day", "text"])
