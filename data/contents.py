"""What the cells of a column look like, whatever its header says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from data.dates import survey
from data.numbers import decimal_comma, read_number
from data.table import TextColumn
from data.times import without_unit
from data.values import is_missing

_SAMPLE: Final = 400
FLAGS: Final = frozenset(
    ("yes", "no", "y", "n", "0", "1", "true", "false", "x", "ja", "nein", "tx")
)
"""Words that answer whether something was done."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What the cells of a column look like, from its distinct texts."""

    filled: int
    dates: int
    numbers: int
    low: float = float("nan")
    high: float = float("nan")
    times: int = 0
    flags: bool = False

    @property
    def are_dates(self) -> bool:
        """Whether most filled cells are calendar dates."""
        return self.filled > 0 and self.dates > 0.5 * self.filled

    @property
    def are_numbers(self) -> bool:
        """Whether most filled cells are numbers."""
        return self.filled > 0 and self.numbers > 0.5 * self.filled


def contents_of(column: TextColumn) -> Contents:
    """Look at a sample of the distinct texts of a column."""
    texts = [text for text in column.used() if not is_missing(text)][:_SAMPLE]
    if not texts:
        return Contents(0, 0, 0)
    comma = bool(decimal_comma(texts))
    numbers = [
        n.value for text in texts if (n := read_number(text, decimal_comma=comma)).value is not None
    ]
    flags = all(text.casefold() in FLAGS for text in texts)
    times = sum(read_number(without_unit(text)).value is not None for text in texts)
    found = survey(texts)
    dates = found.n_dates + (found.n_serials if _could_be_days(numbers) else 0)
    if not numbers:
        return Contents(len(texts), dates, 0, times=times, flags=flags)
    return Contents(
        len(texts), dates, len(numbers), min(numbers), max(numbers), times=times, flags=flags
    )


def _could_be_days(numbers: Sequence[float]) -> bool:
    """Whether all numbers could be days counted by a spreadsheet."""
    return all(20_000 <= n <= 60_000 for n in numbers)
