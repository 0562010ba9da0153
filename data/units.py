"""The unit of each vital capacity: from its column, its row, its cell, or its values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from data import vocabulary as words
from data.findings import Finding, Severity
from data.questions import Question, asked
from data.records import Block
from data.table import TextColumn

FloatArray = npt.NDArray[np.float64]
UnitArray = npt.NDArray[np.int8]

UNKNOWN, PERCENT, LITRES, MILLILITRES, FRACTION = range(5)
_NAMES: Final = {"percent": PERCENT, "litres": LITRES, "fraction": FRACTION}
_SAID: Final = {"percent": PERCENT, "litres": LITRES, "millilitres": MILLILITRES}

LITRES_RANGE: Final = (0.2, 9.0)
"""Values that can be litres of vital capacity."""

PERCENT_FROM: Final = 12.0
_NAMED_PERCENT_UP_TO: Final = 8.5
_FEWEST_MIXED: Final = 2
_CLEARLY_PERCENT: Final = 25.0
_MOST_DECIMALS: Final = 0.5
_FRACTION_UP_TO: Final = 1.6


@dataclass(slots=True, eq=False)
class Capacity:
    """One block of capacities, read into numbers, with the unit of every row.

    Parameters
    ----------
    block
        Where it comes from.
    stem
        ``fvc``, ``svc`` or ``vc``.
    value
        Numbers as they stand, NaN where there is none.
    unit
        One of the codes of this module, row by row.
    """

    block: Block
    stem: str
    value: FloatArray
    unit: UnitArray
    named: int = field(default=UNKNOWN)


def capacity_of(block: Block, value: FloatArray, said: Sequence[str]) -> Capacity:
    """Return a block with the units that its column, its rows and its cells state.

    Parameters
    ----------
    block, value
        The block and its numbers.
    said
        Unit that each cell names, empty where it names none.
    """
    stem, _, end = block.role.partition("_")
    named = LITRES if end == "litres" else PERCENT if not end else UNKNOWN
    unit = np.full(len(value), named, dtype=np.int8)
    if block.unit is not None:
        rows = _row_units(block.unit.texts)
        unit = np.where(rows != UNKNOWN, rows, unit).astype(np.int8)
    cells = np.asarray([_SAID.get(text, UNKNOWN) for text in said], dtype=np.int8)
    unit = np.where(cells != UNKNOWN, cells, unit).astype(np.int8)
    return Capacity(block, stem, value, unit, named)


def _row_units(column: TextColumn) -> UnitArray:
    units = np.asarray([_unit_in(text) for text in column.texts], dtype=np.int8)
    return units[column.codes]


def _unit_in(text: str) -> int:
    plain = words.plain_words(text)
    if re.search(r"pct|percent|pred|prozent|درصد", plain):
        return PERCENT
    if re.fullmatch(r"ml|millilit\w*|cc", plain):
        return MILLILITRES
    if re.fullmatch(r"l|lit|lit(?:er|re)s?|litros?|liters? btps|l btps|لیتر", plain):
        return LITRES
    return FRACTION if re.fullmatch(r"fraction|ratio|proportion", plain) else UNKNOWN


class UnitReader:
    """Settles the units that nothing states: by the values, or by a question."""

    def __init__(self, answers: Mapping[str, str]) -> None:
        self.answers = answers
        self.findings: list[Finding] = []
        self.questions: list[Question] = []

    def settle(self, parts: Sequence[Capacity]) -> None:
        """Fill in the unit of every row of one kind of capacity, or note a question."""
        for stem in ("fvc", "svc", "vc"):
            mine = [part for part in parts if part.stem == stem]
            unknown = [part for part in mine if ((part.unit == UNKNOWN) & _given(part)).any()]
            if unknown:
                self._infer(stem, unknown)
            self._doubt_named([part for part in mine if part not in unknown])
            self._percent_in_litres([part for part in mine if part not in unknown])

    def _infer(self, stem: str, parts: Sequence[Capacity]) -> None:
        values = np.concatenate([p.value[(p.unit == UNKNOWN) & _given(p)] for p in parts])
        positive = values[(values > 0) & (values < 200)]
        answer = self.answers.get("FVC_UNIT")
        if answer in _NAMES:
            self._fill(parts, _NAMES[answer])
        elif not len(positive):
            self._fill(parts, PERCENT)
        elif self._mixed(parts, positive):
            return
        elif positive.max() <= _FRACTION_UP_TO or not self._told(positive):
            evidence = f"{self._where(parts)}, {positive.min():g} to {positive.max():g}"
            self._ask("FVC_UNIT", evidence)
        else:
            small = bool(np.median(positive) <= LITRES_RANGE[1])
            self._fill(parts, LITRES if small else PERCENT)
            unit = "litres" if small else "% predicted"
            self._note(
                "FVC_UNIT_INFERRED",
                f"The {stem.upper()} column names no unit; its values ({positive.min():g} to "
                f"{positive.max():g}) were taken as {unit}.",
                f"If that is wrong, name the column “FVC_{'percent' if small else 'litres'}”.",
                parts[0],
            )

    def _mixed(self, parts: Sequence[Capacity], values: FloatArray) -> bool:
        """Split a mixture of litres and per cent, or ask; return whether it is one."""
        litres = (values >= LITRES_RANGE[0]) & (values <= LITRES_RANGE[1])
        percent = values >= PERCENT_FROM
        if not litres.any() or not percent.any() or (litres | percent).mean() <= 0.9:
            return False
        if self.answers.get("FVC_UNIT_MIXED") == "by_value":
            self._split(parts, UNKNOWN)
        else:
            self._ask("FVC_UNIT_MIXED", self._where(parts))
        return True

    def _told(self, values: FloatArray) -> bool:
        """Whether the values tell litres from per cent."""
        litres = (values >= LITRES_RANGE[0]) & (values <= LITRES_RANGE[1])
        percent = values >= PERCENT_FROM
        if litres.all() or percent.all():
            return True
        few = 0.05 * len(values)
        if (~litres).sum() <= few and not percent.any():
            return True
        return bool((~percent).sum() <= few and not litres.any())

    def _split(self, parts: Sequence[Capacity], unit: int) -> None:
        for part in parts:
            open_rows = part.unit == unit
            small = part.value <= LITRES_RANGE[1]
            part.unit[open_rows & small] = LITRES
            part.unit[open_rows & ~small] = PERCENT

    def _fill(self, parts: Sequence[Capacity], unit: int) -> None:
        for part in parts:
            part.unit[part.unit == UNKNOWN] = unit

    def _doubt_named(self, parts: Sequence[Capacity]) -> None:
        """Ask where columns named % predicted hold numbers that can only be something else."""
        named = [part for part in parts if part.named == PERCENT]
        rows = [part.value[(part.unit == PERCENT) & _given(part)] for part in named]
        values = np.concatenate(rows) if rows else np.empty(0)
        positive = values[values > 0]
        if not len(positive):
            return
        if positive.max() > _NAMED_PERCENT_UP_TO:
            self._litres_among_percent(named, positive)
            return
        answer = self.answers.get("FVC_UNIT")
        if answer in _NAMES:
            for part in named:
                part.unit[part.unit == PERCENT] = _NAMES[answer]
        elif named[0].block.sure or positive.max() <= _FRACTION_UP_TO:
            evidence = f"{self._where(named)}, {positive.min():g} to {positive.max():g}"
            self._ask("FVC_UNIT", evidence)
        else:
            for part in named:
                part.value[:] = np.nan
            self._note(
                "PREDICTED_VOLUME",
                "These are predicted litres, not a measurement; the column was not used.",
                "If they are litres that were measured, name the column “FVC_litres”.",
                named[0],
                severity="info",
            )

    def _litres_among_percent(self, named: Sequence[Capacity], values: FloatArray) -> None:
        """Ask where some numbers of columns named % predicted look like litres."""
        litres = (values >= LITRES_RANGE[0]) & (values <= LITRES_RANGE[1])
        small = int(litres.sum())
        percent = values >= _CLEARLY_PERCENT
        apart = bool(percent.any() and (litres | percent).all())
        decimals = values[litres] != np.round(values[litres])
        if small < _FEWEST_MIXED or not apart or decimals.mean() < _MOST_DECIMALS:
            return
        if self.answers.get("FVC_UNIT_MIXED") == "by_value":
            self._split(named, PERCENT)
        else:
            evidence = f"{self._where(named)}, {small} values up to {LITRES_RANGE[1]:g}"
            self._ask("FVC_UNIT_MIXED", evidence)

    def _percent_in_litres(self, parts: Sequence[Capacity]) -> None:
        """Ask where all numbers of columns named litres can only be per cent."""
        named = [part for part in parts if part.named == LITRES and part.block.factor == 1]
        rows = [part.value[(part.unit == LITRES) & _given(part)] for part in named]
        values = np.concatenate(rows) if rows else np.empty(0)
        if not len(values) or values.min() < PERCENT_FROM:
            return
        answer = self.answers.get("FVC_UNIT")
        if answer in _NAMES:
            for part in named:
                part.unit[part.unit == LITRES] = _NAMES[answer]
        else:
            self._ask("FVC_UNIT", f"{self._where(named)}, {values.min():g} to {values.max():g}")

    def _where(self, parts: Sequence[Capacity]) -> str:
        cells = parts[0].block.cells
        return f"column “{cells.header}” of {cells.table.file}"

    def _ask(self, code: str, evidence: str) -> None:
        if not any(question.code == code for question in self.questions):
            self.questions.append(asked(code, evidence))

    def _note(
        self, code: str, text: str, step: str, part: Capacity, *, severity: Severity = "warning"
    ) -> None:
        self.findings.append(part.block.cells.finding(code, text, step, severity=severity))


def _given(part: Capacity) -> npt.NDArray[np.bool_]:
    return np.isfinite(part.value)


def endpoint_values(part: Capacity) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """Return the values in litres or per cent, and where they are litres."""
    litres = (part.unit == LITRES) | (part.unit == MILLILITRES)
    factor = np.where(part.unit == MILLILITRES, 0.001, np.where(part.unit == FRACTION, 100.0, 1.0))
    if part.block.factor != 1.0:
        factor = np.where(litres & (part.unit == LITRES), part.block.factor, factor)
    return np.round(part.value * factor, 10), litres
