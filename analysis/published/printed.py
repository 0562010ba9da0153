"""Numbers as a publication prints them: with their decimals, hence with their rounding."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any, Final

LARGEST: Final = 1e6
"""No slope, score or SD of the field comes near this; a larger number is a typing error."""

MOST_DECIMALS: Final = 6
MOST_PATIENTS: Final = 2_000

_NUMBER: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)")
_P: Final = re.compile(r"([<>=≤≥]?)(\.\d+|\d+(\.\d*)?([eE]-?\d+)?)")
_LONGEST: Final = 24


class PrintedProblem(ValueError):
    """A text that is no printed number; the message says what to type instead."""


@dataclass(frozen=True, slots=True)
class PrintedNumber:
    """A number as printed, such as "−5.4", "-2" or "3.08".

    Parameters
    ----------
    text
        As printed. A true minus sign, an en dash before a digit and a decimal comma are
        understood.

    Raises
    ------
    PrintedProblem
        If the text is no number, or one that is too large or has too many decimals.
    """

    text: str

    def __post_init__(self) -> None:
        clean = _clean(self.text)
        if not _NUMBER.fullmatch(clean):
            raise PrintedProblem(f"“{_shown(self.text)}” is not a number. Type it as printed.")
        if abs(float(clean)) > LARGEST:
            raise PrintedProblem(f"{_shown(self.text)} is too large: at most {LARGEST:,.0f}.")
        if _decimals(clean) > MOST_DECIMALS:
            raise PrintedProblem(
                f"{_shown(self.text)} has more than {MOST_DECIMALS} decimals. Type it as printed."
            )
        object.__setattr__(self, "text", clean)

    @property
    def value(self) -> float:
        """The number."""
        return float(self.text)

    @property
    def decimals(self) -> int:
        """The decimals that are printed."""
        return _decimals(self.text)

    def interval(self, decimals: int | None = None) -> tuple[float, float]:
        """Return every number that is printed like this one, whatever rule of rounding was used.

        Parameters
        ----------
        decimals
            The decimals to which the number was rounded; as printed where left out.

        Returns
        -------
        tuple
            The lowest and the highest: half a unit of the last decimal on either side.
        """
        half = 0.5 * 10.0 ** -(self.decimals if decimals is None else decimals)
        return self.value - half, self.value + half

    def to_json(self) -> str:
        """Return the text as printed."""
        return self.text


@dataclass(frozen=True, slots=True)
class PrintedP:
    """A P value as printed, such as "0.014", ".014", "<0.001", "> 0.05" or nothing.

    Parameters
    ----------
    text
        As printed, with or without "P" and "=" before it; empty if none is printed.

    Raises
    ------
    PrintedProblem
        If the text is no P value.
    """

    text: str

    def __post_init__(self) -> None:
        clean = _clean(self.text)
        if clean[:1] in "pP":
            clean = clean[1:]
        clean = clean.replace("≤", "<").replace("≥", ">").removeprefix("=")
        if clean:
            match = _P.fullmatch(clean)
            if not match or not 0 < float(match[2]) <= 1:
                raise PrintedProblem(
                    f"“{_shown(self.text)}” is not a P value. Type it as printed, such as 0.014 "
                    "or <0.001, or leave it empty."
                )
        object.__setattr__(self, "text", clean)

    @property
    def below(self) -> bool:
        """Whether only an upper bound is printed."""
        return self.text.startswith("<")

    def interval(self) -> tuple[float, float] | None:
        """Return the lowest and the highest P that is printed like this; nothing if none is.

        Both ends count as attainable, so that no rule of rounding is assumed.
        """
        if not self.text:
            return None
        number = self.text.lstrip("<>")
        value = float(number)
        if self.text.startswith("<"):
            return 0.0, value
        if self.text.startswith(">"):
            return value, 1.0
        half = 0.5 * _last_digit(number)
        return max(0.0, value - half), min(1.0, value + half)

    def to_json(self) -> str:
        """Return the text, without spaces."""
        return self.text


@dataclass(frozen=True, slots=True)
class PrintedSummary:
    """One printed comparison of the same people before and after.

    Parameters
    ----------
    label
        What was measured, such as "ALSFRS-R".
    unit
        Unit of all four numbers, such as "points/period".
    before_mean, before_sd, after_mean, after_sd
        As printed.
    p
        The P value of the difference, as printed.
    n
        The number of people if it is printed.
    test
        The test if it is named, in the words of the publication; empty if not.
    integers
        Whether each person's value is a whole number (a difference of two ALSFRS-R totals is).

    Raises
    ------
    PrintedProblem
        If an SD is negative, or n is not between 2 and 2,000.
    """

    label: str
    unit: str
    before_mean: PrintedNumber
    before_sd: PrintedNumber
    after_mean: PrintedNumber
    after_sd: PrintedNumber
    p: PrintedP
    n: int | None = None
    test: str = ""
    integers: bool = False

    def __post_init__(self) -> None:
        for sd in (self.before_sd, self.after_sd):
            if sd.value < 0:
                raise PrintedProblem(f"An SD cannot be negative: {sd.text}.")
        if self.n is not None and not 2 <= self.n <= MOST_PATIENTS:
            raise PrintedProblem(f"n is between 2 and {MOST_PATIENTS:,}, or empty if not printed.")

    @property
    def change(self) -> float:
        """The difference of the printed means, after minus before."""
        return self.after_mean.value - self.before_mean.value

    def to_json(self) -> dict[str, Any]:
        """Return every field as printed."""
        return {
            "label": self.label,
            "unit": self.unit,
            "before_mean": self.before_mean.to_json(),
            "before_sd": self.before_sd.to_json(),
            "after_mean": self.after_mean.to_json(),
            "after_sd": self.after_sd.to_json(),
            "p": self.p.to_json(),
            "n": self.n,
            "test": self.test,
            "integers": self.integers,
        }


def _clean(text: str) -> str:
    text = "".join(str(text).split()).replace("−", "-").replace("–", "-").replace("—", "-")
    # A decimal comma: one comma, and no full stop beside it.
    return text.replace(",", ".") if text.count(",") == 1 and "." not in text else text


def _shown(text: str) -> str:
    text = " ".join(str(text).split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _decimals(text: str) -> int:
    return len(text.partition(".")[2])


def _last_digit(text: str) -> float:
    """Return one unit of the last printed digit: 0.001 for "0.014", 1e-8 for "8e-8"."""
    mantissa, _, exponent = text.lower().partition("e")
    return float(10.0 ** (int(exponent or 0) - _decimals(mantissa)))


def rounded_like(value: float, printed: PrintedNumber) -> bool:
    """Tell whether a computed number would be printed like this one, by any rule of rounding."""
    low, high = printed.interval()
    slack = 1e-9 * max(1.0, math.fabs(printed.value))
    return low - slack <= value <= high + slack
