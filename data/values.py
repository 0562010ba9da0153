"""Strict reading of numbers and dates from text: what is not certain is not a value."""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

DateOrder = Literal["ymd", "dmy", "mdy"]

MISSING_TEXTS: Final = frozenset(
    (
        *("na", "n/a", "n.a.", "nan", "nd", "n.d.", "none", "null", "nil", "missing", "unknown"),
        *("unk", ".", "..", "-", "--", "–", "—", "?", "not done", "not tested", "not available"),
    )
)

_TRANSLATE: Final = str.maketrans(
    {
        "−": "-",
        "–": "-",
        "‐": "-",
        "‑": "-",
        "٫": ".",
        "\u00a0": " ",
        "\u200b": "",
        "\u2060": "",
        "\u00ad": "",
        "\u200c": "",
        "\u200f": "",
        "\u200e": "",
        "\ufeff": "",
    }
)
_NUMBER: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,2})?")
_COMMA_NUMBER: Final = re.compile(r"[+-]?\d+,\d{1,2}")
_ISO: Final = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ]\d{1,2}:\d{2}(?::\d{2}.*)?)?")
_NUMERIC_DATE: Final = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})")
_NAMED_DATE: Final = re.compile(r"(\d{1,2})[-\s.]*([A-Za-z]{3,9})\.?[-\s,]*(\d{4})")
_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            "jan january",
            "feb february",
            "mar march",
            "apr april",
            "may may",
            "jun june",
            "jul july",
            "aug august",
            "sep sept september",
            "oct october",
            "nov november",
            "dec december",
        ),
        start=1,
    )
    for name in names.split()
}
_FIRST_YEAR: Final = 1900
_LAST_YEAR: Final = 2100
_EXCEL_EPOCH: Final = date(1899, 12, 30)
EXCEL_DATES: Final = (20_000, 60_000)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Text that should have been a number or a date, with the reason why it is not."""

    reason: str


def clean(text: str) -> str:
    """Return ``text`` with Unicode digits, minus signs and spaces made plain, and trimmed."""
    if text.isascii():
        return text.strip()
    plain = "".join(_plain_letter(letter) for letter in text.translate(_TRANSLATE))
    return plain.translate(_TRANSLATE).strip()


def _plain_letter(letter: str) -> str:
    """Return one letter in its plain form; a raised or circled digit is a mark, not a digit."""
    form = unicodedata.decomposition(letter)
    if form.startswith(("<super>", "<sub>", "<circle>", "<fraction>")):
        return letter
    digit = unicodedata.decimal(letter, None)
    return unicodedata.normalize("NFKC", letter) if digit is None else str(digit)


def is_missing(text: str) -> bool:
    """Whether ``text`` says that there is no value."""
    return not text or text.casefold() in MISSING_TEXTS


def parse_number(text: str, *, decimal_comma: bool = False) -> float | Unreadable | None:
    """Read one number.

    Parameters
    ----------
    text
        Cleaned text of one cell. A trailing per cent sign is allowed.
    decimal_comma
        Whether "12,5" means twelve and a half in this column.

    Returns
    -------
    float, None or Unreadable
        ``None`` for an empty cell or a missing code.
    """
    if is_missing(text):
        return None
    body = text[:-1].rstrip() if text.endswith("%") else text
    if decimal_comma and _COMMA_NUMBER.fullmatch(body):
        body = body.replace(",", ".")
    if not _NUMBER.fullmatch(body) or not math.isfinite(float(body)):
        return Unreadable("not a number")
    return float(body)


def uses_decimal_comma(texts: list[str]) -> bool:
    """Whether a column writes decimals with a comma: some cells do, and none needs it otherwise."""
    filled = [text.rstrip("% ") for text in texts if not is_missing(text)]
    return any(_COMMA_NUMBER.fullmatch(text) for text in filled)


def date_orders(texts: list[str]) -> frozenset[DateOrder]:
    """Return the day/month orders under which every date of a column exists.

    ISO dates and dates with a named month fit every order. An empty result means that no single
    order fits.
    """
    orders: set[DateOrder] = {"dmy", "mdy"}
    for text in texts:
        match = _NUMERIC_DATE.fullmatch(text)
        if match:
            first, second = int(match[1]), int(match[3])
            if first > 12:
                orders.discard("mdy")
            if second > 12:
                orders.discard("dmy")
    return frozenset(orders)


def has_numeric_dates(texts: list[str]) -> bool:
    """Whether any text is a date whose day and month are told apart only by their order."""
    return any(_NUMERIC_DATE.fullmatch(text) for text in texts)


def parse_date(text: str, order: DateOrder = "dmy") -> date | Unreadable | None:
    """Read one calendar date.

    Parameters
    ----------
    text
        Cleaned text of one cell: ISO, numbers with ``order``, a named month, or an Excel serial.
    order
        Which of day and month comes first in purely numeric dates.

    Returns
    -------
    date, None or Unreadable
        ``None`` for an empty cell or a missing code.
    """
    if is_missing(text):
        return None
    if match := _ISO.fullmatch(text):
        return _calendar(int(match[1]), int(match[2]), int(match[3]))
    if match := _NUMERIC_DATE.fullmatch(text):
        first, second, year = int(match[1]), int(match[3]), int(match[4])
        return _calendar(year, *((second, first) if order == "dmy" else (first, second)))
    if match := _NAMED_DATE.fullmatch(text):
        month = _MONTHS.get(match[2].casefold())
        if month is not None:
            return _calendar(int(match[3]), month, int(match[1]))
    if re.fullmatch(r"\d{5}(\.0+)?", text):
        serial = int(float(text))
        if EXCEL_DATES[0] <= serial <= EXCEL_DATES[1]:
            return _EXCEL_EPOCH + timedelta(days=serial)
    return Unreadable("not a date that can be read with certainty")


def _calendar(year: int, month: int, day: int) -> date | Unreadable:
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        return Unreadable(f"the year {year} is outside {_FIRST_YEAR} to {_LAST_YEAR}")
    try:
        return date(year, month, day)
    except ValueError:
        return Unreadable("this day does not exist in the calendar")
