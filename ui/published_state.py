"""What a session knows of the Published page: printed numbers that were typed, and added rows.

It does not belong to a trial: another trial leaves it as it is, "Clear data" forgets it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any, Final, cast

import streamlit as st

from analysis.published.consistency import Reading
from analysis.published.presets import printed_summaries
from analysis.published.printed import (
    PrintedNumber,
    PrintedP,
    PrintedProblem,
    PrintedSummary,
)
from data.published import load_library
from data.published_values import Library

_KEY: Final = "alslope.published"
FIRST: Final = "Shamsaei 2023"
EMPTY: Final = "Empty"
MOST_ROWS: Final = 4
TARGETS: Final = {FIRST: 10}
"""Registered numbers of people, from trial registers; see the note of the library's row."""


@dataclass(frozen=True, slots=True)
class PrintedRow:
    """One row of printed numbers as it was typed.

    Parameters
    ----------
    label, unit, before_mean, before_sd, after_mean, after_sd, p, n
        As typed.
    integers
        Whether each value is a whole number.
    """

    label: str = ""
    unit: str = ""
    before_mean: str = ""
    before_sd: str = ""
    after_mean: str = ""
    after_sd: str = ""
    p: str = ""
    n: str = ""
    integers: bool = False

    @property
    def blank(self) -> bool:
        """Whether none of the numbers is filled in."""
        return not any((self.before_mean, self.before_sd, self.after_mean, self.after_sd, self.p))

    def summary(self) -> PrintedSummary:
        """Return the row as a printed summary.

        Raises
        ------
        PrintedProblem
            If something is no number or missing; the message names the field.
        """
        before_mean, before_sd, after_mean, after_sd = (self._number(name) for name in _NUMBERS)
        try:
            p = PrintedP(self.p)
        except PrintedProblem as problem:
            raise PrintedProblem(f"P: {problem}") from problem
        n = self.n.replace(",", "").strip()
        if n and not (n.isascii() and n.isdigit() and len(n) < 6):
            raise PrintedProblem(f"n: “{n[:12]}” is not a whole number. Leave it empty if unknown.")
        label = " ".join(self.label.split()) or "This row"
        unit = " ".join(self.unit.split())
        return PrintedSummary(
            label[:40],
            unit[:24],
            before_mean,
            before_sd,
            after_mean,
            after_sd,
            p,
            int(n) if n else None,
            integers=self.integers,
        )

    def _number(self, name: str) -> PrintedNumber:
        text = getattr(self, name)
        if not text.strip():
            raise PrintedProblem(f"{_NUMBERS[name]} is empty. Type it as printed.")
        try:
            return PrintedNumber(text)
        except PrintedProblem as problem:
            raise PrintedProblem(f"{_NUMBERS[name]}: {problem}") from problem


_NUMBERS: Final = {
    "before_mean": "Mean before",
    "before_sd": "SD before",
    "after_mean": "Mean after",
    "after_sd": "SD after",
}


@dataclass(frozen=True, slots=True)
class PublishedState:
    """What was typed and chosen.

    Parameters
    ----------
    preset
        From where the rows were filled in.
    rows
        Printed numbers.
    mark
        An n to mark in the map; 0 for none.
    reading
        The reading whose tests are listed.
    added
        Rows that the user added to the library.
    """

    preset: str
    rows: tuple[PrintedRow, ...]
    mark: int
    reading: Reading = "exact"
    added: Library = field(default_factory=Library)


def presets() -> dict[str, tuple[PrintedRow, ...]]:
    """Return the rows that can be filled in, by name; the last one is empty."""
    printed = printed_summaries(load_library().with_rows(known().added))
    filled = {
        name: tuple(_typed(one) for one in rows[:MOST_ROWS]) for name, rows in printed.items()
    }
    return filled | {EMPTY: (PrintedRow(),)}


def known() -> PublishedState:
    """Return what this session knows."""
    if _KEY not in st.session_state:
        rows = tuple(_typed(one) for one in printed_summaries(load_library())[FIRST])
        st.session_state[_KEY] = PublishedState(FIRST, rows, TARGETS[FIRST])
    return cast(PublishedState, st.session_state[_KEY])


def change(**changes: Any) -> None:
    """Replace some of what this session knows."""
    st.session_state[_KEY] = replace(known(), **changes)


def fill_in(preset: str) -> None:
    """Replace the typed rows by those of a preset."""
    change(preset=preset, rows=presets()[preset], mark=TARGETS.get(preset, 0), reading="exact")


def change_row(position: int, **changes: Any) -> None:
    """Replace some cells of one row."""
    rows = list(known().rows)
    rows[position] = replace(rows[position], **changes)
    change(rows=tuple(rows))


def _typed(summary: PrintedSummary) -> PrintedRow:
    found: dict[str, Any] = {
        name.name: getattr(summary, name.name)
        for name in fields(PrintedRow)
        if name.name not in ("n", "integers")
    }
    texts = {name: getattr(value, "text", value) for name, value in found.items()}
    n = "" if summary.n is None else str(summary.n)
    return PrintedRow(**texts, n=n, integers=summary.integers)
