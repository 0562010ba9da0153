"""Plain text of cells, and the words that say that there is no value."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Final

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
