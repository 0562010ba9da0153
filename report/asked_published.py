"""What the command ``published`` asks for: rows to check as typed, and rows for the library."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from analysis.published.presets import printed_summaries
from analysis.published.printed import PrintedNumber, PrintedP, PrintedProblem, PrintedSummary
from data.published import load_library, parse_rows
from data.published_values import Library
from report.asked_settings import CommandProblem

_SIGN: Final = r"\s*(?:±|\+/-|\+-)\s*"
_TEXT: Final = r"([-+−–]?[\d.,]*\d)"
_ROW: Final = re.compile(
    rf"\s*(?:([^:]*):)?\s*{_TEXT}{_SIGN}{_TEXT}\s*(?:->|→|to)\s*{_TEXT}{_SIGN}{_TEXT}\s*([^,;]*)(.*)"
)
_HOW: Final = "Write it as in 'ALSFRS-R: -5.4±2.3 -> -2±3.08 points/period, P=0.014, n=12, whole'"


def asked_library(files: Sequence[str]) -> Library:
    """Return the library with the rows of CSV files added.

    Raises
    ------
    CommandProblem
        If a file cannot be read, or one of its cells; the message names line and column.
    """
    library = load_library()
    for name in files:
        try:
            parsed = parse_rows(Path(name).read_bytes(), name)
        except OSError as problem:
            raise CommandProblem(f"{name}: {problem.strerror or 'cannot be read'}.") from None
        if parsed.problems:
            raise CommandProblem("\n".join(f"{name}: {problem}" for problem in parsed.problems))
        library = library.with_rows(parsed.library)
    return library


def asked_summaries(
    rows: Sequence[str], preset: str | None, library: Library
) -> tuple[PrintedSummary, ...]:
    """Return the printed rows that are to be checked, of a study of the library or as typed.

    Raises
    ------
    CommandProblem
        If a row cannot be understood, or no study has this name.
    """
    found: tuple[PrintedSummary, ...] = ()
    if preset is not None:
        known = printed_summaries(library)
        if preset not in known:
            raise CommandProblem(f"--preset {preset}: unknown. Known: {', '.join(known)}.")
        found = known[preset]
    return found + tuple(_summary(row) for row in rows)


def _summary(text: str) -> PrintedSummary:
    match = _ROW.fullmatch(text)
    if match is None:
        raise CommandProblem(f"--check “{text[:80]}” is not understood. {_HOW}.")
    label, *numbers = (part or "" for part in match.groups())
    p, n, whole = "", None, False
    for option in re.split(r"[,;]", numbers[5]):
        word = option.strip()
        key, _, value = word.partition("=")
        if re.fullmatch(r"[Pp]\s*[<>=≤≥].*", word):
            p = word[1:]
        elif key.strip() == "n" and value.strip().isdigit():
            n = int(value)
        elif word == "whole":
            whole = True
        elif word:
            raise CommandProblem(f"--check “{text[:80]}”: “{word[:24]}” is not understood. {_HOW}.")
    try:
        first, second, third, fourth = (PrintedNumber(x) for x in numbers[:4])
        return PrintedSummary(
            label.strip() or "This row",
            numbers[4].strip(),
            first,
            second,
            third,
            fourth,
            PrintedP(p),
            n,
            integers=whole,
        )
    except PrintedProblem as problem:
        raise CommandProblem(f"--check “{text[:80]}”: {problem}") from None
