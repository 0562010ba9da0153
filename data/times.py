"""Reading of time: visit labels, the clock that a header names, and its unit."""

# ruff: noqa: RUF001 - the tables hold letters of other languages on purpose

from __future__ import annotations

import re
import unicodedata
from typing import Final, Literal

import numpy as np

from data.trial import DAYS_PER_MONTH, FloatArray
from data.values import clean

TimeUnit = Literal["day", "week", "month", "year"]
Clock = Literal["transplant", "enrolment", "onset", "unknown"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_UNIT_WORDS: Final[dict[TimeUnit, frozenset[str]]] = {
    "day": _words(
        "day days tag tage tagen tags jour jours dia dias giorno giorni gun gunu dni dzien dagen "
        "روز روزها"
    ),
    "week": _words(
        "week weeks wk wks woche wochen semaine semaines semana semanas settimana settimane hafta "
        "weken هفته"
    ),
    "month": _words(
        "month months mo mos mth mths mon mnth monat monate monaten mois mes meses mese mesi ay "
        "maand maanden miesiac miesiace miesiecy ماه ماهه ماهگی"
    ),
    "year": _words(
        "year years yr yrs jahr jahre jahren annee annees ans ano anos anno anni yil jaar سال"
    ),
}
_UNITS: Final = {word: unit for unit, words in _UNIT_WORDS.items() for word in words}
_LETTERS: Final[dict[str, TimeUnit]] = {"m": "month", "d": "day", "w": "week", "y": "year"}
_PHASE_BEFORE: Final = re.compile(
    r"(?<![^\W\d_])(?:pre|before|prior|lead[ -]?in|run[ -]?in|vor|vorher|avant|antes|prima|قبل)"
    r"(?![^\W\d_])"
)
_WITH_UNIT: Final = re.compile(
    r"(?:(?:day|d|week|w|month|mo|m|tag|monat)s?\.?\s*)?(?P<number>[+-]?\s?\d+(?:[.,]\d+)?)"
    r"\s*(?:days?|d|weeks?|wks?|w|months?|mos?|m|tage?|monate?|years?|y)?\.?",
    re.IGNORECASE,
)
_MONTHS_IN: Final[dict[TimeUnit, float]] = {
    "day": 1 / DAYS_PER_MONTH,
    "week": 7 / DAYS_PER_MONTH,
    "month": 1.0,
    "year": 12.0,
}
_BEFORE: Final = _words(
    "pre before prior leadin vor avant antes prima pretransplant pretx pretransplantation "
    "pretreatment previo قبل پیش"
)
_AFTER: Final = _words(
    "post after nach apres despues dopo posttransplant posttx posttransplantation posttreatment "
    "sonra sonrasi depois po بعد پس"
)
_ANCHORS: Final = _words(
    "transplant transplants transplantation tx infusion injection baseline bl hsct greffe "
    "trasplante trapianto transplante nakil przeszczep پیوند تزریق"
)
_ZERO: Final = _words(
    "baseline bl transplant transplantation tx basal ausgangswert trasplante trapianto greffe "
    "پیوند پایه"
)
_FILLERS: Final = _words(
    "visit visits follow followup fu up to the of since from at st nd rd th de del la le dem der "
    "des assessment evaluation time timepoint lead in visite besuch از ی visita rel relative"
)
_VISIT_WORDS: Final = _words("visit v visite besuch visita vis ویزیت")
_ORDINAL_WORDS: Final = "اول دوم سوم چهارم پنجم ششم هفتم هشتم نهم دهم یازدهم دوازدهم"
_ORDINALS: Final = {word: at for at, word in enumerate(_ORDINAL_WORDS.split(), start=1)}
_TOKEN: Final = re.compile(r"\d+(?:[.,]\d+)?|[^\W\d_]+|[+-]")
_ARM: Final = re.compile(r"[\s_]*\(?\barm[\s_]*\w{1,3}\)?\s*$")
_WINDOW: Final = re.compile(r"\s*[(\[]?\s*(?:±|\+/-)\s*\d+\s*[^\W\d_]*\s*[)\]]?\s*$")
_ZERO_DAYS: Final = ("day of transplant", "day of transplantation", "transplant day", "روز پیوند")

_ONSET: Final = _words(
    "onset symptombeginn krankheitsdauer krankheitsbeginn debut erkrankungsbeginn علائم بیماری"
)
_ENROLMENT: Final = _words(
    "enrolment enrollment enrolled randomisation randomization randomised randomized baseline "
    "inclusion consent screening einschluss studienbeginn registration bl rand ady visitdy visdy "
    "ورود تصادفی"
)
_STUDY: Final = _words("study trial studie studien etude estudio studio studientag مطالعه")
_TRANSPLANT: Final = _words(
    "transplant transplants transplantation transplanted posttransplant posttransplantation "
    "pretransplant tx posttx pretx infusion injection infused injected implantation graft "
    "grafting hsct greffe trasplante trapianto transplante nakil przeszczep przeszczepie "
    "stammzelltransplantation پیوند تزریق"
)
_STUDY_DAY: Final = re.compile(r"[a-z]{0,3}dy")
_DELTA: Final = re.compile(r"\w*(?:alsfrs|capacity|fvc|svc|signs|group|use)_delta", re.IGNORECASE)


def _folded(text: str) -> str:
    """Return ``text`` plain, in small letters, without accents and joined-up words."""
    plain = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", clean(text)).replace("_", " ")
    apart = unicodedata.normalize("NFKD", plain.casefold().replace("ı", "i"))
    letters = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return " ".join(letters.replace("ي", "ی").replace("ك", "ک").split())


def visit_month(text: str) -> float | None:
    """Return the month from the transplant that a visit label names.

    Weeks and days are turned into months of 30.4375 days. Numbers of visits are no months, and
    labels with a word that is not understood have none.

    Parameters
    ----------
    text
        "Month 3", "M-6", "month_3_arm_1", "3 months before transplant", "Week 12", "Baseline".
    """
    folded = _ARM.sub("", _folded(text))
    folded = re.sub(r"\b(lead|follow|post|pre)-(?=[a-z])", r"\1 ", folded)
    folded = re.sub(r"\blead in\b", "leadin", folded)
    folded = _WINDOW.sub("", folded)
    if folded.removesuffix(" visit") in _ZERO or folded in _ZERO_DAYS:
        return 0.0
    if _unclear_sign(folded):
        return None
    tokens = _without_visit_numbers(_TOKEN.findall(folded))
    return None if tokens is None else _month_of(tokens)


def says_before(text: str) -> bool:
    """Whether the name of a phase or of a sheet says that it lies before the transplant."""
    return bool(_PHASE_BEFORE.search(_folded(text)))


def without_unit(text: str) -> str:
    """Return a time without its unit: "-181 d" and "day -181" are -181."""
    match = _WITH_UNIT.fullmatch(text.strip())
    return match["number"] if match else text


def clock(header: str) -> Clock:
    """Return from which event the header of a time column says that it counts.

    A header that names two events ("days from enrolment to transplant") is unknown.
    """
    if _DELTA.fullmatch(header.strip()):
        return "enrolment"
    words = set(re.findall(r"[^\W\d_]+", _folded(header)))
    found: set[Clock] = set()
    if words & _TRANSPLANT:
        found.add("transplant")
    if words & _ONSET or {"disease", "duration"} <= words:
        found.add("onset")
    study_day = any(_STUDY_DAY.fullmatch(word) for word in words)
    if words & _ENROLMENT and not (study_day and "transplant" in found):
        found.add("enrolment")
    if not found and (study_day or words & _STUDY):
        return "enrolment"
    return found.pop() if len(found) == 1 else "unknown"


def unit_of_time(header: str) -> TimeUnit | None:
    """Return the one unit of time that a header names, else None."""
    if _DELTA.fullmatch(header.strip()):
        return "day"
    words = re.findall(r"[^\W\d_]+", _folded(header))
    units: set[TimeUnit] = {_UNITS[word] for word in words if word in _UNITS}
    if any(_STUDY_DAY.fullmatch(word) or word in ("visdy", "visitdy") for word in words):
        units.add("day")
    return units.pop() if len(units) == 1 else None


def without_day_zero(days: FloatArray) -> bool:
    """Whether days are counted as in CDISC: ... -2, -1, 1, 2 ..., so that day 1 is the first day.

    It is so where all days are whole, negative days and day 1 occur, and day 0 does not.

    Parameters
    ----------
    days
        Days of all visits of a table; NaN is left out.
    """
    known = days[np.isfinite(days)]
    whole = bool(np.all(known == np.round(known)))
    return whole and bool(np.any(known < 0) and np.any(known == 1) and not np.any(known == 0))


def _unclear_sign(text: str) -> bool:
    """Whether a hyphen between a word and a number may be a minus or may just join them."""
    # From the first letter of a word only: from every letter, a long word would take its square.
    for match in re.finditer(r"(?<![^\W\d_])([^\W\d_]{2,})(\s?)-(\s?)\d", text):
        if match[1] in _UNITS and match[2] == match[3]:
            return True
    return False


def _without_visit_numbers(tokens: list[str]) -> list[str] | None:
    """Leave out "visit 3" where something else stands beside it; None if nothing is left."""
    kept: list[str] = []
    for at, token in enumerate(tokens):
        numbered = at + 1 < len(tokens) and tokens[at + 1][0].isdigit()
        after_visit = at > 0 and tokens[at - 1] in _VISIT_WORDS
        if not (token in _VISIT_WORDS and numbered) and not (token[0].isdigit() and after_visit):
            kept.append(token)
        elif token in _VISIT_WORDS and at + 2 < len(tokens) and tokens[at + 2] == "-":
            tokens[at + 2] = "/"
    return [token for token in kept if token != "/"] or None


def _month_of(tokens: list[str]) -> float | None:
    """Put the number, the unit and the direction of a label together."""
    numbers: list[float] = []
    units: list[TimeUnit] = []
    sides: set[int] = set()
    for at, token in enumerate(tokens):
        following = tokens[at + 1] if at + 1 < len(tokens) else ""
        if token in "+-":
            signs_number = following[:1].isdigit() and not (at and tokens[at - 1][0].isdigit())
            if signs_number and not (at and tokens[at - 1] in _BEFORE | _AFTER):
                sides.add(-1 if token == "-" else 1)
        elif token[0].isdigit():
            numbers.append(float(token.replace(",", ".")))
        elif token in _ORDINALS:
            numbers.append(float(_ORDINALS[token]))
        elif token in _UNITS or token in _LETTERS:
            units.append(_UNITS[token] if token in _UNITS else _LETTERS[token])
        elif token in _BEFORE:
            sides.add(-1)
        elif token in _AFTER:
            sides.add(1)
        elif token not in _FILLERS and token not in _ANCHORS:
            return None
    if len(numbers) != 1 or len(units) > 1 or len(sides) > 1:
        return None
    if not units:
        return None  # "pre 1" is the first of several visits as often as a month
    side = sides.pop() if sides else 1
    return side * numbers[0] * _MONTHS_IN[units[0]] + 0.0
