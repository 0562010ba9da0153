"""Tables with one row an event: patient, date or day, and what happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from data.body_rows import listed
from data.clocks import offset_to_day
from data.date_styles import DateReader
from data.event_words import kinds_in, label_of
from data.findings import Finding, Severity
from data.identities import Identities, plain_name
from data.people import EVENT_NAMES, Facts, named
from data.records import MEASURES, Block, rows_where
from data.trial import EVENT_COLUMNS
from data.values import is_missing
from data.visit_times import TimeReader

EVENT: Final = "event"
"""Role of the column and of the blocks that hold the text of an event."""

TRANSPLANT: Final = "transplant"
"""Kind of the rows that say that cells were given, and ``item`` of their blocks."""

SAME_DAY: Final = 0.5
"""Days within which two times are one."""

_DATE_FREE: Final = "Fill in its date; until then it is not used."


_ROWS: Final = ("patient", "kind", "text", "date", "offset", "clock", "file", "sheet", "row")


@dataclass(frozen=True, slots=True)
class Happened:
    """Events as the files tell them, before they are counted from day 0.

    Parameters
    ----------
    rows
        One row an event: ``patient`` (position), ``kind``, ``text``, ``date`` (proleptic ordinal),
        ``offset`` (days on ``clock``), ``clock``, ``file``, ``sheet`` and ``row``.
    findings
        What was noticed.
    """

    rows: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(_ROWS)))
    findings: tuple[Finding, ...] = ()


def happened(
    blocks: Sequence[Block], people: Identities, dates: DateReader, answers: Mapping[str, str]
) -> Happened:
    """Read every row of every table of events.

    Parameters
    ----------
    blocks
        All blocks of the trial; those with the role ``event`` are read.
    people, dates, answers
        Who the patients are, how dates are written, what was answered.
    """
    findings: list[Finding] = []
    frames = []
    clock = TimeReader(dates, answers)
    for block in blocks:
        if block.role == EVENT:
            date, offset = clock.times(block.when, len(block.cells))
            frames.append(_read(block, people.codes(block.patient), date, offset, findings))
    rows = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=list(_ROWS))
    return Happened(rows, (*findings, *clock.findings))


def _read(
    block: Block,
    who: npt.NDArray[np.int64],
    date: npt.NDArray[np.float64],
    offset: npt.NDArray[np.float64],
    findings: list[Finding],
) -> pd.DataFrame:
    numbers, texts, table = block.cells.row_numbers, block.cells.texts.list(), block.cells.table
    timed = np.isfinite(date) | np.isfinite(offset)
    said = np.asarray([not is_missing(text) for text in texts], dtype=np.bool_)
    for mask, code, what, step in (
        (said & (who < 0), "EVENT_WITHOUT_PATIENT", "without a patient", "Fill in the patient."),
        (said & (who >= 0) & ~timed, "EVENT_WITHOUT_DATE", "without a readable date", _DATE_FREE),
        (~said & (who >= 0), "EVENT_WITHOUT_TEXT", "without words", "Say what happened."),
    ):
        if mask.any():
            _note(findings, block, "warning", code, what, step, numbers[mask])
    records, hidden = [], []
    for at in np.flatnonzero(said & (who >= 0) & timed).tolist():
        for kind in (TRANSPLANT,) if block.item == TRANSPLANT else kinds_in(texts[at]):
            label = label_of(kind, texts[at], EVENT_NAMES[kind])
            place = (date[at], offset[at], block.when.clock, table.file, table.sheet)
            records.append((int(who[at]), kind, label, *place, int(numbers[at])))
            if kind == "other" and label == EVENT_NAMES[kind]:
                hidden.append(int(numbers[at]))
    if hidden:
        what = "whose text is long, holds digits or marks, or may name somebody"
        step = "It is shown as “other event”; the text was not kept."
        _note(findings, block, "info", "EVENT_TEXT_WITHHELD", what, step, np.asarray(hidden))
    return pd.DataFrame(records, columns=list(_ROWS))


def _note(
    findings: list[Finding],
    block: Block,
    level: Severity,
    code: str,
    what: str,
    step: str,
    rows: npt.NDArray[np.int64],
) -> None:
    table = block.cells.table
    count = "1 event" if len(rows) == 1 else f"{len(rows)} events"
    text = f"{count} {what}: {listed(rows)}."
    place = (table.file, table.sheet, int(rows[0]))
    findings.append(Finding(code, level, text, step, *place))


def of_known_patients(blocks: Sequence[Block], findings: list[Finding]) -> list[Block]:
    """Leave out events of patients whom no other table names, and say which rows they are.

    Parameters
    ----------
    blocks
        All blocks of the trial.
    findings
        What was left out is added to it.
    """
    events = {id(b.cells.table) for b in blocks if b.role == EVENT}
    others = [b for b in blocks if id(b.cells.table) not in events]
    if not events or not any(b.role in MEASURES for b in others):
        return list(blocks)
    columns = {b.patient.key: b.patient for b in others}
    known = {plain_name(text) for field in columns.values() for text in field.texts.used()}
    result = []
    for block in blocks:
        if block.role != EVENT:
            result.append(block)
            continue
        names = block.patient.texts
        strange = names.flagged(lambda text: bool(text) and plain_name(text) not in known)
        if strange.any():
            what = "of patients whom no other table names"
            step = "Write the patients as in the visits; until then these events are not used."
            rows = block.cells.row_numbers[strange]
            _note(findings, block, "warning", "EVENT_OF_UNKNOWN_PATIENT", what, step, rows)
        kept = rows_where(~strange)
        if len(kept):
            rows_of_table = block.cells.rows
            result.append(block.only(kept if rows_of_table is None else rows_of_table[kept]))
    return result


@dataclass(frozen=True, slots=True)
class PlacedEvents:
    """Events counted from the first transplant.

    Parameters
    ----------
    frame
        Rows of the trial's events, without transplants and deaths.
    deaths
        Earliest day of death that an event tells, by patient; NaN where none does.
    transplants
        Days of further transplants that are given as days, not dates, by patient.
    findings
        What was noticed.
    """

    frame: pd.DataFrame
    deaths: npt.NDArray[np.float64]
    transplants: Mapping[int, tuple[float, ...]]
    findings: tuple[Finding, ...]


def placed_events(
    found: Happened, facts: Facts, names: Sequence[str], origin: str, known: pd.DataFrame
) -> PlacedEvents:
    """Count events from the first transplant and leave out what was told twice.

    Parameters
    ----------
    found
        The events of the files.
    facts
        Transplants and other days of the patients.
    names
        Names of the patients.
    origin
        From where times of unknown origin were found to count.
    known
        Events from columns of dates, in columns of the trial's events.

    Notes
    -----
    An event that both a column and a row tell, on the same day and of the same kind, is one event.
    Events of one kind on different days are all kept.
    """
    rows = found.rows
    findings = list(found.findings)
    deaths = np.full(len(names), np.nan)
    if rows.empty:
        return PlacedEvents(known, deaths, {}, tuple(findings))
    rows = rows.assign(day=_days(rows, facts, origin))
    rows = _told_once(rows, findings)
    lost = rows["day"].isna() & ~((rows["kind"] == TRANSPLANT) & rows["date"].notna())
    for (file, sheet), group in rows[lost].groupby(["file", "sheet"]):
        who = named(sorted({names[p] for p in group["patient"]}))
        text = f"{len(group)} events cannot be counted from a transplant ({who}): "
        text += f"{listed(group['row'].to_numpy(dtype=np.int64))}."
        step = "They are not shown; add the transplant date of these patients."
        first = int(group["row"].iloc[0])
        findings.append(
            Finding("EVENT_NOT_PLACED", "info", text, step, str(file), str(sheet), first)
        )
    rows = rows[rows["day"].notna()]
    dead = rows[rows["kind"] == "death"]
    np.fmin.at(deaths, dead["patient"].to_numpy(dtype=np.int64), dead["day"].to_numpy(np.float64))
    findings += _contradicting_deaths(dead, names)
    again = rows[(rows["kind"] == TRANSPLANT) & rows["date"].isna()]
    transplants = _transplants(again, names, findings)
    others = rows[~rows["kind"].isin(("death", TRANSPLANT))]
    told = pd.DataFrame(
        {
            "patient": np.asarray(names, dtype=object)[others["patient"].to_numpy(dtype=np.int64)],
            "kind": others["kind"].to_numpy(dtype=object),
            "day": others["day"].to_numpy(dtype=np.float64),
            "text": others["text"].to_numpy(dtype=object),
        },
        columns=list(EVENT_COLUMNS),
    )
    frame = pd.concat([known, told], ignore_index=True) if len(known) else told
    special = frame["kind"].isin(("other", "infection", "last_contact"))
    twice = frame.assign(text=frame["text"].where(special, "")).duplicated()
    return PlacedEvents(frame[~twice].reset_index(drop=True), deaths, transplants, tuple(findings))


def _days(rows: pd.DataFrame, facts: Facts, origin: str) -> npt.NDArray[np.float64]:
    who = rows["patient"].to_numpy(dtype=np.int64)
    day = rows["date"].to_numpy(dtype=np.float64) - facts.first_transplant()[who]
    for at in np.flatnonzero(np.isnan(day) & rows["offset"].notna().to_numpy()):
        row = rows.iloc[at]
        day[at] = offset_to_day(row["clock"], row["offset"], int(who[at]), facts, origin)
    return np.asarray(day, dtype=np.float64)


def _told_once(rows: pd.DataFrame, findings: list[Finding]) -> pd.DataFrame:
    keys = ["patient", "kind", "text", "date", "offset"]
    twice = rows.duplicated(keys)
    for (file, sheet), group in rows[twice].groupby(["file", "sheet"]):
        numbers = group["row"].to_numpy(dtype=np.int64)
        text = f"Events that stand twice: {listed(numbers)}."
        step = "Each was counted once."
        place = (str(file), str(sheet), int(numbers[0]))
        findings.append(Finding("EVENT_DOUBLED", "info", text, step, *place))
    return rows[~twice]


def _contradicting_deaths(dead: pd.DataFrame, names: Sequence[str]) -> list[Finding]:
    days = dead.groupby("patient")["day"]
    differing = (days.max() - days.min()) > SAME_DAY
    several = [names[p] for p in differing.index[differing].tolist()]
    if not several:
        return []
    first = dead.iloc[0]
    text = f"Events tell of different days of death for {len(several)} patients: {named(several)}."
    step = "The earliest is used; correct the file."
    return [Finding("CONTRADICTORY_FACTS", "warning", text, step, first["file"], first["sheet"])]


def _transplants(
    again: pd.DataFrame, names: Sequence[str], findings: list[Finding]
) -> dict[int, tuple[float, ...]]:
    """Return further transplants given as days; those before day 0 contradict it."""
    early = again[again["day"] < -SAME_DAY]
    if len(early):
        who = named([names[int(p)] for p in early["patient"].unique()])
        text = f"A transplant before day 0 for {who}: {listed(early['row'].to_numpy(np.int64))}."
        step = "It was not used; day 0 must be the first transplant. Correct the file."
        place = (early["file"].iloc[0], early["sheet"].iloc[0], int(early["row"].iloc[0]))
        findings.append(Finding("CONTRADICTORY_FACTS", "warning", text, step, *place))
    later = again[again["day"] > SAME_DAY]
    return {
        patient: tuple(sorted(set(later.loc[later["patient"] == patient, "day"].tolist())))
        for patient in later["patient"].unique().tolist()
    }


def with_known_deaths(
    by_date: npt.NDArray[np.float64], by_event: npt.NDArray[np.float64], names: Sequence[str]
) -> tuple[npt.NDArray[np.float64], tuple[Finding, ...]]:
    """Return the days of death from dates and events together, the earlier where they differ.

    Parameters
    ----------
    by_date, by_event
        Days from the first transplant by patient, NaN where unknown.
    names
        Names of the patients, for the finding about contradictions.
    """
    differing = np.flatnonzero(np.abs(by_date - by_event) > SAME_DAY)
    result = np.fmin(by_date, by_event)
    if not len(differing):
        return result, ()
    who = named([names[p] for p in differing.tolist()])
    text = f"The date of death and the events differ for {len(differing)} patients: {who}."
    step = "The earlier one is used; correct the file."
    return result, (Finding("CONTRADICTORY_FACTS", "warning", text, step),)
