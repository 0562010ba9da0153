"""Printed summaries of the library, ready for the check."""

from __future__ import annotations

from typing import Final

from analysis.published.printed import PrintedNumber, PrintedP, PrintedSummary
from data.endpoints import ENDPOINTS
from data.published_values import Library, PublishedSlope

WHOLE_NUMBERS: Final = frozenset({"10.34172/apb.2023.043"})
"""Publications whose rates per period are taken as differences of two scores, hence whole numbers.

That is an assumption; it can be changed where the numbers are checked.
"""


def printed_summaries(library: Library) -> dict[str, tuple[PrintedSummary, ...]]:
    """Return what each study of a library prints as mean ± SD before and after, by its name."""
    found: dict[str, list[PrintedSummary]] = {}
    for row in library.slopes:
        numbers = (row.pre_mean, row.pre_sd, row.post_mean, row.post_sd)
        if all(number.known for number in numbers):
            found.setdefault(f"{row.source.study} {row.source.year}", []).append(_summary(row))
    return {name: tuple(rows) for name, rows in found.items()}


def _summary(row: PublishedSlope) -> PrintedSummary:
    return PrintedSummary(
        label=ENDPOINTS[row.source.endpoint_key].label,
        unit=row.unit,
        before_mean=PrintedNumber(row.pre_mean.text),
        before_sd=PrintedNumber(row.pre_sd.text),
        after_mean=PrintedNumber(row.post_mean.text),
        after_sd=PrintedNumber(row.post_sd.text),
        p=PrintedP(row.p),
        n=row.source.n,
        test=row.test,
        integers=row.source.doi in WHOLE_NUMBERS,
    )
