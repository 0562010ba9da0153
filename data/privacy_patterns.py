# ruff: noqa: RUF001 - header words of eight languages have letters that look alike

"""Patterns by which a text identifies a person: addresses, numbers with check digits, dates."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

EMAIL: Final = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
PHONE: Final = re.compile(
    r"(?<![\w.+])(?:\+|00)[1-9](?:[ ./()-]{0,2}\d){8,14}(?![\d.])"
    r"|(?<![\w.])0?9\d{2}[ -]\d{3}[ -]?\d{2}[ -]?\d{2}(?!\d)|(?<![\w.])09\d{9}(?!\d)"
)
LOCAL_PHONE: Final = re.compile(
    r"(?<![\w.-])(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[-. ])[2-9]\d{2}[-. ]\d{4}(?![\w-])"
    r"|(?<![\w.-])0[1-9](?:[ .-]\d{2}){4}(?![\d .-]*\d)"
    r"|(?<![\w.-])\(?0[1-9]\d{1,3}(?:\) ?|[ /-]| / )\d{3,4}[ ]?\d{3,4}(?![\d-])"
)
# One quick look tells whether the patterns above are worth trying.
REACHED: Final = re.compile(r"@|//|www\.|(?:\d[ ./()-]{0,3}){8}", re.IGNORECASE)
LETTER: Final = re.compile(r"[^\W\d_]")
DECIMAL: Final = re.compile(r"[+-]?\d+\.\d+")
URL: Final = re.compile(r"(?:https?://|www\.)[^\s\"']+", re.IGNORECASE)
IP: Final = re.compile(r"(\d{2,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})")
# Serial numbers below 1000 are left out: site-arm-patient numbers such as 101-01-0005 look alike.
SSN: Final = re.compile(r"(?!000|666|9)\d{3}-(?!00)\d{2}-[1-9]\d{3}")
FISCAL: Final = re.compile(r"[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]", re.IGNORECASE)
TEN_DIGITS: Final = re.compile(r"(?<![\d.+-])\d{10}(?![\d.-])")
CAPITAL: Final = "A-ZÀ-ÖØ-ÞĀ-ŽİŞĞ"
SALUTED: Final = re.compile(
    r"\b(?:Mr|Mrs|Ms|Miss|Dr|Prof|Herr|Herrn|Frau|Mme|Mlle|Monsieur|Madame|Sr|Sra|Señor|Señora"
    rf"|Sig|Signor|Signora|Sayın)\b\.?(?:ra\b\.?)? +([{CAPITAL}][\w'’-]+)"
    rf"|\b([{CAPITAL}]\w+) (?:Bey|Hanım)\b"
    r"|(?:\b|^)(?:آقای|خانم|دکتر|السيد|السيدة) +([^\W\d_]{2,})"
)
DATE: Final = re.compile(
    r"(?:(\d{4})[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/. ]{1,2}\w{1,9}[-/. ,]{1,2}(\d{4}))(?![\d])"
)
# Worth of the letters A to Z, and of the digits 0 to 9, at the odd places of a codice fiscale.
ODD: Final = (
    *(1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18),
    *(20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23),
)


def is_phone(text: str) -> bool:
    """Whether it is an international or an Iranian phone number."""
    return bool(PHONE.fullmatch(text))


def is_ip(text: str) -> bool:
    """Whether it is an IPv4 address; below 10.x it is taken for the version of a program."""
    match = IP.fullmatch(text)
    return match is not None and all(int(part) <= 255 for part in match.groups())


def is_fiscal(text: str) -> bool:
    """Whether it is an Italian codice fiscale, check letter included."""
    code = text.upper()
    if not code.isascii() or not FISCAL.fullmatch(code):
        return False
    worth = [int(c) if c.isdigit() else ord(c) - ord("A") for c in code]
    return (sum(ODD[n] for n in worth[0:15:2]) + sum(worth[1:15:2])) % 26 == worth[15]


def is_national(text: str) -> bool:
    """Whether ten digits have the check digit of Iranian and NHS numbers."""
    text = text.removesuffix(".0")
    if not re.fullmatch(r"[0-9]{10}", text) or len(set(text)) == 1:
        return False
    rest = sum(int(digit) * (10 - at) for at, digit in enumerate(text[:9])) % 11
    return int(text[9]) == (rest if rest < 2 else 11 - rest)


def is_insured(text: str) -> bool:
    """Whether it is a German Krankenversichertennummer with a valid check digit."""
    if not re.fullmatch(r"[A-Z][0-9]{9}", text):
        return False
    digits = f"{ord(text[0]) - ord('A') + 1:02d}{text[1:9]}"
    products = (int(digit) * (1 + at % 2) for at, digit in enumerate(digits))
    return sum(product // 10 + product % 10 for product in products) % 10 == int(text[9])


def year_of(text: str) -> int | None:
    """Return the year of a date; Jalali years are turned into Gregorian ones."""
    match = DATE.match(text)
    if not match:
        return None
    year = int(match[1] or match[2])
    return year + 621 if 1250 <= year <= 1450 else year if 1850 <= year <= 2150 else None


ValueTest = tuple[str, Callable[[str], object], float, int]
LIKE_CODES: Final = (LOCAL_PHONE.fullmatch, SSN.fullmatch)
CHECKED: Final = (is_fiscal, is_national, is_insured)
TESTS: Final[tuple[ValueTest, ...]] = (
    # Kind, test, least share of the filled cells, fewest different texts. A check digit fits
    # one number in ten by chance, so it must fit nearly all of several.
    ("e-mail", EMAIL.fullmatch, 0.0, 1),
    ("phone", is_phone, 0.0, 1),
    ("national number", is_fiscal, 0.0, 1),
    ("web address", URL.fullmatch, 0.5, 1),
    ("IP address", is_ip, 0.5, 1),
    ("phone", LOCAL_PHONE.fullmatch, 0.5, 1),
    ("national number", SSN.fullmatch, 0.5, 1),
    ("national number", is_national, 0.9, 2),
    ("insurance number", is_insured, 0.9, 2),
)
