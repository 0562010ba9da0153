"""From blocks of text to numbers: one row a value, with what its cell said besides."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from data.body_rows import listed
from data.date_styles import DateReader
from data.endpoints import ENDPOINTS
from data.findings import Finding
from data.identities import Identities
from data.numbers import Number, decimal_comma, read_number, sentinels
from data.questions import Question
from data.records import CAPACITY_STEMS, Block, ColumnKey, Field, Place
from data.table import TextColumn
from data.units import Capacity, UnitReader, capacity_of, endpoint_values
from data.values import clean, is_missing
from data.visit_times import TimeReader

RAW_COLUMNS: Final = (
    "patient",
    "role",
    "item",
    "trial",
    "value",
    "date",
    "offset",
    "clock",
    "row",
    "table",
    "place",
    "visit",
)
_MAX_LISTED: Final = 40
_THOUSANDS: Final = re.compile(r"\d{1,2}[.,]\d{3}|\d{3}")
_IMPUTED: Final = re.compile(r"locf|wocf|bocf|imput|carried|extrapol|interpol", re.IGNORECASE)
_ITEM_RANGE: Final = (0.0, 4.0)
_TUBE_WORDS: Final[Mapping[str, float]] = {
    word: value
    for value, listed_words in (
        (1.0, "y yes true x + ja j oui si sí sì sim evet tak بله"),
        (0.0, "n no false nein non não hayır nie خیر"),  # noqa: RUF001 - Turkish
    )
    for word in listed_words.split()
}
"""Answers to whether there is a feeding tube; "-" and an empty cell may mean not asked."""


@dataclass(frozen=True, slots=True)
class TextEvent:
    """A word in a cell that says what happened: death, or loss to follow-up."""

    patient: int
    kind: str
    date: float
    offset: float
    clock: str
    place: tuple[str, str, int, str]


@dataclass(frozen=True, slots=True)
class Measured:
    """Everything that the blocks of measures hold.

    Parameters
    ----------
    values
        One row a value, columns ``RAW_COLUMNS``: ``date`` is a proleptic ordinal, ``offset``
        counts days on ``clock``, ``table`` and ``place`` point into ``places``.
    places
        Each column that was read.
    events
        Words in cells that tell an event.
    signed_clocks
        Clocks on which some time is negative, also in rows without a value.
    """

    values: pd.DataFrame
    places: tuple[Place, ...]
    events: tuple[TextEvent, ...]
    findings: tuple[Finding, ...]
    questions: tuple[Question, ...]
    signed_clocks: frozenset[str] = frozenset()


def measure(
    blocks: Sequence[Block], people: Identities, dates: DateReader, answers: Mapping[str, str]
) -> Measured:
    """Read all blocks of measures."""
    return _Measurer(people, dates, answers).measure(blocks)


class _Measurer:
    """Keeps what is common to all blocks while they are read."""

    def __init__(self, people: Identities, dates: DateReader, answers: Mapping[str, str]) -> None:
        self.people = people
        self.answers = answers
        self.findings: list[Finding] = []
        self.clock = TimeReader(dates, answers)
        self.events: list[TextEvent] = []
        self.places: dict[ColumnKey, int] = {}
        self.columns: list[Place] = []
        self.tables: dict[tuple[str, str, int], int] = {}

    def measure(self, blocks: Sequence[Block]) -> Measured:
        capacities: list[Capacity] = []
        frames: list[pd.DataFrame] = []
        for block in _cell_groups(blocks):
            numbers, codes = self._numbers(block)
            self._place(block)
            value = np.asarray([n.value if n.value is not None else np.nan for n in numbers])
            if block.role.split("_")[0] in CAPACITY_STEMS:
                said = [numbers[code].unit for code in codes] if len(numbers) else []
                capacities.append(capacity_of(block, value[codes], said))
            else:
                frames.append(self._frame(block, value[codes], block.role))
        reader = UnitReader(self.answers)
        reader.settle(capacities)
        for part in capacities:
            frames += self._capacity_frames(part)
        values = pd.concat(frames, ignore_index=True) if frames else _no_values()
        return Measured(
            values,
            tuple(self.columns),
            tuple(self.events),
            (*self.findings, *self.clock.findings, *reader.findings),
            (*self.clock.questions, *reader.questions),
            frozenset(self.clock.signed),
        )

    def _numbers(self, block: Block) -> tuple[list[Number], npt.NDArray[np.int64]]:
        """Return what each distinct text says, and which text each row has."""
        texts = block.cells.texts
        comma = bool(decimal_comma(texts.used()))
        plain = _plain_texts(block, texts)
        if plain != texts.texts:
            said = "Points or commas part thousands here: a vital capacity of 3.9 ml is impossible."
            self.findings.append(
                block.cells.finding("THOUSANDS_READ", said, "If not, write plain millilitres.")
            )
        read = _tube if block.role == "gastrostomy_switch" else read_number
        numbers = [read(text, decimal_comma=comma) for text in plain]
        score = block.role.split("_")[0] not in CAPACITY_STEMS
        if score:
            numbers = [
                Number(None, "unreadable", "a percentage") if n.unit in ("percent", "litres") else n
                for n in numbers
            ]
        low, high = _range(block.role)
        found = np.asarray([n.value for n in numbers if n.value is not None], dtype=np.float64)
        codes_for_missing = sentinels(found, low, high, measured=not score)
        numbers = [
            Number(None, "missing", f"{n.value:g}") if n.value in codes_for_missing else n
            for n in numbers
        ]
        numbers = self._without_imputed(block, texts, numbers)
        self._report(block, texts, numbers)
        return numbers, texts.codes

    def _without_imputed(
        self, block: Block, texts: TextColumn, numbers: list[Number]
    ) -> list[Number]:
        """Leave out values whose own remark says that they were imputed."""
        imputed = [n.kind == "annotated" and bool(_IMPUTED.search(n.note)) for n in numbers]
        marked: npt.NDArray[np.bool_] = np.asarray(imputed, dtype=np.bool_)
        rows = np.flatnonzero(marked[texts.codes])
        if not len(rows):
            return numbers
        lines = block.cells.row_numbers[rows]
        said = f"Values that say that they were imputed: {len(rows)} ({listed(lines)})."
        step = "Only what was measured is used."
        self.findings.append(
            block.cells.finding("IMPUTED_ROWS_EXCLUDED", said, step, row=int(lines[0]))
        )
        return [
            Number(None, "number") if drop else n for n, drop in zip(numbers, imputed, strict=True)
        ]

    def _report(self, block: Block, texts: TextColumn, numbers: Sequence[Number]) -> None:
        kinds = np.asarray([_report_kind(n, t) for n, t in zip(numbers, texts.texts, strict=True)])
        if not len(kinds) or not len(texts):
            return
        by_row = kinds[texts.codes]
        named = self.people.codes(block.patient) >= 0
        coded = int(((by_row == "missing") & named).sum())
        if coded:
            self.findings.append(
                block.cells.finding(
                    "MISSING_CODES",
                    f"Cells that say that there is no value: {coded}.",
                    "They are counted as missing.",
                )
            )
        for kind, code in (("annotated", "ANNOTATED_VALUES"), ("unreadable", "NOT_A_NUMBER")):
            self._report_cells(
                block, texts, numbers, np.flatnonzero((by_row == kind) & named), code
            )
        for kind in ("death", "lost"):
            self._report_events(block, np.flatnonzero((by_row == kind) & named), kind)

    def _report_cells(
        self,
        block: Block,
        texts: TextColumn,
        numbers: Sequence[Number],
        rows: npt.NDArray[np.int64],
        code: str,
    ) -> None:
        lines = block.cells.row_numbers
        groups: dict[int, list[int]] = {}
        for row in rows.tolist():
            groups.setdefault(int(texts.codes[row]), []).append(row)
        for text_code, found in list(groups.items())[:_MAX_LISTED]:
            text, number = texts.texts[text_code], numbers[text_code]
            if code == "ANNOTATED_VALUES":
                said = f"“{text[:40]}” was read as {number.value:g}."
                step = "If the mark says that the value is wrong, correct the cell."
            else:
                said = f"“{text[:40]}” is not a number ({_meaning(block.role)})."
                step = "Correct the cell; it is treated as missing."
            if len(found) > 1:
                said += f" It stands in {listed(lines[found])}."
            self.findings.append(
                block.cells.finding(code, said, step, row=int(lines[found[0]]), value=text)
            )
        if len(groups) > _MAX_LISTED:
            more = len(groups) - _MAX_LISTED
            self.findings.append(
                block.cells.finding(code, f"{more} more texts of this column.", "See above.")
            )

    def _report_events(self, block: Block, rows: npt.NDArray[np.int64], kind: str) -> None:
        if not len(rows):
            return
        date, offset = self.clock.times(block.when, len(block.cells))
        people = self.people.codes(block.patient)
        lines = block.cells.row_numbers
        table = block.cells.table
        for row in rows:
            place = (table.file, table.sheet, int(lines[row]), block.cells.header)
            self.events.append(
                TextEvent(int(people[row]), kind, date[row], offset[row], block.when.clock, place)
            )
        word = "death" if kind == "death" else "loss to follow-up"
        self.findings.append(
            block.cells.finding(
                "DEATH_TEXT" if kind == "death" else "LOST_TEXT",
                f"Cells that tell of {word} instead of a value: {len(rows)}.",
                "They are kept as events; no score was made of them.",
                row=int(lines[rows[0]]),
                severity="warning" if kind == "death" else "info",
            )
        )

    def _frame(
        self, block: Block, value: npt.NDArray[np.float64], role: str, trial: int | None = None
    ) -> pd.DataFrame:
        date, offset = self.clock.times(block.when, len(block.cells))
        column = self._place(block)
        number = self.tables.setdefault(block.cells.key[:3], len(self.tables))
        month = block.when.month
        frame = pd.DataFrame(
            {
                "patient": self.people.codes(block.patient),
                "role": role,
                "item": block.item,
                "trial": block.trial if trial is None else trial,
                "value": value,
                "date": date,
                "offset": offset,
                "clock": block.when.clock,
                "row": block.cells.row_numbers,
                "table": number,
                "place": column,
                "visit": np.nan if month is None else month,
            }
        )
        return frame[np.isfinite(value)]

    def _place(self, block: Block) -> int:
        """Return the number of the column of a block among all that are read."""
        cells, date = block.cells, block.when.date
        if cells.key not in self.places:
            self.places[cells.key] = len(self.places)
            dates = None if date is None else Field(date.table, date.position)
            self.columns.append(Place(Field(cells.table, cells.position), dates))
        return self.places[cells.key]

    def _capacity_frames(self, part: Capacity) -> list[pd.DataFrame]:
        values, litres = endpoint_values(part)
        stem = part.stem
        if stem == "vc":
            stem = "svc" if self.answers.get("VC_KIND") == "svc" else "fvc"
        frames = []
        for mask, role in ((~litres, stem), (litres, f"{stem}_litres")):
            frame = self._frame(part.block, np.where(mask, values, np.nan), role)
            if len(frame):
                frames.append(frame)
        return frames


def _tube(text: str, *, decimal_comma: bool) -> Number:
    """Read whether there is a feeding tube: a word for yes is 1, a word for no is 0."""
    said = _TUBE_WORDS.get(clean(text).casefold())
    return (
        Number(said, "number")
        if said is not None
        else read_number(text, decimal_comma=decimal_comma)
    )


def _plain_texts(block: Block, texts: TextColumn) -> tuple[str, ...]:
    """Return the texts, without the mark of thousands in a column of millilitres."""
    used = [text for text in texts.used() if not is_missing(text)]
    if block.factor == 1.0 or not used or not all(_THOUSANDS.fullmatch(text) for text in used):
        return texts.texts
    return tuple(re.sub(r"[.,]", "", text) for text in texts.texts)


def _cell_groups(blocks: Sequence[Block]) -> list[Block]:
    return [block for block in blocks if len(block.cells)]


def _report_kind(number: Number, text: str) -> str:
    """Return how a cell is reported; an empty cell and a plain number need no words."""
    if not text or number.kind in ("number", "labelled"):
        return ""
    return number.kind


def _range(role: str) -> tuple[float, float]:
    if role == "item":
        return _ITEM_RANGE
    if role == "gastrostomy_switch":
        return (0.0, 99.0)
    if role == "alsfrs":
        return (0.0, 48.0)
    if role.endswith("_unknown") or role.split("_")[0] in ("vc", "capacity"):
        return (0.0, 200.0)
    scale = ENDPOINTS[role]
    return (scale.low, scale.high)


def _meaning(role: str) -> str:
    if role in ENDPOINTS:
        return ENDPOINTS[role].named
    words = {"item": "an item of the ALSFRS-R", "alsfrs": "ALSFRS in points"}
    return words.get(role, role.split("_")[0].upper())


def _no_values() -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(dtype="float64") for name in RAW_COLUMNS})
