"""Strict reading of numbers from text: what is not certain is not a value, and says why."""

# ruff: noqa: RUF001 - the tables hold letters of other languages on purpose

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from data.trial import FloatArray
from data.values import clean, is_missing

NumberKind = Literal["number", "missing", "death", "lost", "annotated", "labelled", "unreadable"]
NumberUnit = Literal["", "percent", "litres", "millilitres", "points"]

_PERSIAN: Final = str.maketrans({"ي": "ی", "ى": "ی", "ك": "ک", "’": "'"})


def _words(*texts: str) -> frozenset[str]:
    return frozenset(word.strip() for text in texts for word in text.split("|"))


_MISSING: Final = _words(
    "#n/a|n/d|n.d|n.a|n.b.|na.|nr|n.r.|n/r|no data|not recorded|not reported|not assessed",
    "not performed|not measured|not obtained|not collected|not evaluated|not evaluable|ne|n.e.",
    "not applicable|not attempted|not known|no value|no result|dna|did not attend|not attended",
    "missed|missed visit|no show|not seen|absent|blank|empty|tbd|pending|x|xx|xxx|../..|---",
    "----|_|__|/|...|…|??|???|#|refused|declined|refuses|unable|unable to perform|could not",
    "could not perform|cannot perform|can't|cannot|not possible|impossible|too weak|too ill",
    "uninterpretable|invalid|not valid",
    "fehlt|fehlend|k.a.|k. a.|ka|keine angabe|keine daten|nicht gemessen|nicht erhoben",
    "nicht durchgeführt|nicht durchführbar|nicht möglich|nicht bekannt|unbekannt|n.g.|n. d.",
    "verweigert|abgelehnt|entfällt|kein wert",
    "non fait|non réalisé|non réalisée|non mesuré|non mesurée|non disponible|manquant|nf|n.f.",
    "donnée manquante|inconnu|refus|refusé|impossible à réaliser|non applicable|n. a.",
    "no realizado|no realizada|no medido|no disponible|no hecho|no procede|sin dato|sin datos",
    "faltante|perdido el dato|desconocido|s/d|nd.|no aplica|rechazado|no consta|nc",
    "non eseguito|non eseguita|mancante|non disponibile|não realizado|não disponível",
    "yok|yapılmadı|yapılamadı|brak|brak danych|nie wykonano",
    "انجام نشد|انجام نشده|ندارد|نامشخص|نامعلوم|ثبت نشده|ثبت نشد|موجود نیست|مراجعه نکرد",
    "عدم مراجعه|عدم همکاری|قادر نیست|قادر نبود|نتوانست|اندازه گیری نشد|خالی",
)
_DEATH: Final = _words(
    "dead|died|deceased|death|expired|exitus|exitus letalis|ex|†|✝|✞|passed away|fatal|d.c.d.",
    "verstorben|gestorben|tot|tod|todesfall|décédé|décédée|décès|mort|morte|dcd",
    "fallecido|fallecida|fallecimiento|falleció|muerto|muerta|muerte|éxitus",
    "deceduto|deceduta|decesso|morto|morta|óbito|faleceu|falecido|falecida",
    "öldü|ölüm|vefat|vefat etti|zgon|zmarł|zmarła|overleden",
    "فوت|فوت شد|فوت شده|فوت کرد|فوتی|متوفی|مرگ|درگذشت|درگذشته|وفات",
)
_DEATH_STARTS: Final = (
    "died ", "deceased ", "passed away ", "verstorben ", "gestorben ", "décédé ", "décédée ",
    "fallecido ", "fallecida ", "falleció ", "deceduto ", "deceduta ", "فوت شد", "فوت کرد",
)  # fmt: skip
_LOST: Final = _words(
    "ltfu|l/fu|lfu|ltf|lost|lost to follow-up|lost to follow up|lost to followup|lost to fu",
    "lost to f/u|loss to follow-up|loss to follow up|withdrawn|withdrew|withdrawal|withdraw",
    "withdrew consent|consent withdrawn|withdrawal of consent|withdrawn consent|drop-out",
    "drop out|dropout|dropped out|dropped|discontinued|discontinuation|early termination",
    "terminated|moved away|left study|left the study|off study",
    "abgebrochen|abbruch|studienabbruch|ausgeschieden|ausgestiegen|verzogen",
    "perdu de vue|perdue de vue|pdv|abandon|sorti d'étude|retrait|retrait du consentement",
    "abandono|abandonó|perdido|perdida|perdido de seguimiento|pérdida de seguimiento|retirado",
    "perso al follow-up|perso al follow up|ritirato|ritirata|drop-out.|takipten çıktı",
    "انصراف|انصراف داد|خروج از مطالعه|عدم پیگیری|خارج شد",
)
_LOST_STARTS: Final = (
    "lost to follow", "withdrew ", "withdrawn ", "dropped out ", "discontinued ", "perdu de vue ",
)  # fmt: skip
_MISSING_STARTS: Final = (
    "not done", "unable", "refused", "declined", "could not", "too weak", "not performed",
    "nicht durchgef", "nicht gemessen", "non fait", "no realizad", "انجام نشد",
)  # fmt: skip
_ANSWERS: Final = (
    "unable", "cannot", "can't", "could not", "not possible", "impossible", "none", "absent",
)  # fmt: skip
"""Words that in the label of an answer are an answer: "0 - unable", "0: none"."""
_SUBJECT: Final = re.compile(
    r"(?:the )?(?:patient|pt\.?|pat\.?|subject|participant) (?:has |was )?"
)
_ALONE: Final = _words(
    "tot|ex|mort|morte|morto|morta|fatal|dcd|lost|dropped|perdido|perdida|x|xx|†"
)
"""Words that mean death, loss or missing only where nothing follows ("tot 34", "lost 3 kg")."""

_CROSS: Final = re.compile(r"†\s*(?:[^\W\d_].*|\d{1,4}[-/.]\d.*|\d{4})")
_HEAD_END: Final = re.compile(r"\s*[(\[,;:]|\s+-\s|\s*\d")

_UNIT_NAMES: Final[dict[NumberUnit, str]] = {
    "percent": (
        r"[%٪](?:\s*(?:of\s+)?(?:pred(?:icted|\.)?|norm(?:al)?|soll|d\.\s?s\.|théo(?:rique)?|"
        r"te[óo]rico|pv|p))?|percent(?:\s+predicted)?|per\s?cent|pct|prozent|درصد"
    ),
    "litres": r"l|lt|ltr|lit|lits?\.|lit(?:er|re)s?|l\s*\(?btps\)?|لیتر",
    "millilitres": r"mls?|cc|millilit(?:er|re)s?|میلی\s?لیتر",
    "points": r"points?|pts?\.?|punkte?|puntos?|pkt\.?|نمره|امتیاز",
}
_UNIT_GROUPS: Final = {unit: at for at, unit in enumerate(_UNIT_NAMES, start=1)}
_UNIT: Final = re.compile(
    rf"(?:{'|'.join(f'({names})' for names in _UNIT_NAMES.values())})"
    r"\s*(?=[*†‡§¶(\[¹²³]|$)"
)
_BARE: Final = re.compile(r"[+-]?(?:\d+(?:\.\d+)?|\.\d+)(?:e[+-]?\d{1,2})?", re.ASCII)
_START: Final = re.compile(
    r"(?P<body>[+-]?(?:\d+(?:[.,،·]\d+)*|\.\d+)(?:e[+-]?\d{1,2}(?!\d))?)\s*(?P<rest>.*)",
    re.ASCII | re.DOTALL,
)
_LIMIT: Final = re.compile(
    r"[<>≤≥≦≧].*|(?:less|more|greater|under|over|above|below|at least|at most|up to|min|max"
    r"|unter|über|mindestens|moins|plus|menos|más|mayor|menor)\b[^\d]*\d.*|\d+(?:[.,]\d+)?\s*\+"
)
_RANGE: Final = re.compile(r"(?:-|to|bis|until|à|a|~|÷|تا)\s*[+-]?\d.*")
_ABOUT: Final = re.compile(
    r"(?:~|≈|≃|∼|about|approx(?:imately|\.)?|circa|ca\.?|c\.|etwa|env(?:iron|\.)?|حدود)\s*(?=\d)"
)
_FOOTNOTE: Final = re.compile(
    r"(?:[*†‡§¶#?!^]+|[abcefᵃᵇᶜᵈᵉ]\)?|\(?[abc]\)|[¹²³⁰⁴-⁹₀-₉①-⑳]+|\.|\^[a-z\d])"
)
_COMMENT: Final = re.compile(r"\((?P<round>[^()]*)\)|\[(?P<square>[^\[\]]*)\]")
_DASHED: Final = re.compile(r"(?:[-:=;)]|\.(?=\s))\s*(?P<words>[^\W\d_].*)", re.DOTALL)
_OUT_OF: Final = re.compile(r"(?:/|of|out of|von|sur|de|از)\s*(?P<whole>\d{1,3})")
_CODE_BEHIND: Final = re.compile(r"([^\d()\[\]]{2,80})[(\[]\s*([0-4])\s*[)\]]")
_CODE_IN_FRONT: Final = re.compile(r"\(([0-4])\)\s*([^\W\d_].*)", re.DOTALL)
_REMARK: Final = re.compile(
    r"est\.?|estimated|approx\.?|phone|by phone|tel\.?|telephone|imputed|carer|caregiver|proxy"
    r"|repeat(?:ed)?|unclear|uncertain|check(?:ed)?|corrected|geschätzt|telefonisch|estimé"
    r"|téléphone|estimado|locf"
)
_WHOLE_SCALES: Final = (4, 12, 40, 48, 100)
_ITEM_LEVELS: Final = (0, 4)

_CODES: Final = frozenset(
    float(sign * code)
    for sign in (1, -1)
    for code in (77, 88, 95, 96, 97, 98, 99, 777, 888, 995, 996, 997, 998, 999, 7777, 8888, 9998,
                 9999, 88888, 99999, 999999)
) | {-7.0, -8.0, -9.0, 9.99, 99.9, 99.99, 999.9, 999.99, -99.9, -99.99, -999.9, -9.99}  # fmt: skip
_ITEM_CODES: Final = (8.0, 9.0)
_ITEM_HIGH: Final = 5.0


@dataclass(frozen=True, slots=True)
class Number:
    """What one cell says.

    Parameters
    ----------
    value
        The number in ``unit``; ``None`` for all kinds but number, annotated and labelled.
    kind
        ``number``; ``annotated``: a number with a footnote mark or a remark, to be flagged;
        ``labelled``: the code of an answer with its text ("3 - mild"); ``missing``; ``death``;
        ``lost`` to follow-up; ``unreadable``.
    note
        The remark, the label, the word that stands for missing, or why it is unreadable.
    unit
        ``percent``, ``litres``, ``millilitres`` or ``points`` where the cell names it, else empty.
    """

    value: float | None
    kind: NumberKind
    note: str = ""
    unit: NumberUnit = ""


_NOTHING: Final = Number(None, "missing")


def says_missing(text: str) -> bool:
    """Whether cleaned ``text`` says that there is no value."""
    if is_missing(text):
        return True
    if text[0].isdigit():
        return False
    small = text.casefold().translate(_PERSIAN)
    return small in _MISSING or (len(small) == 2 and small[0] == "." and small[1].isalpha())


def read_number(text: str, *, decimal_comma: bool = False) -> Number:
    """Read one cell of a column of numbers.

    Parameters
    ----------
    text
        Text of one cell.
    decimal_comma
        Whether "12,5" means twelve and a half in this column; "12.5" does so too then.
    """
    if _BARE.fullmatch(text):
        return _number(text, decimal_comma)
    text = " ".join(clean(text).split()).removeprefix("'")
    if _BARE.fullmatch(text):
        return _number(text, decimal_comma)
    if not text:
        return _NOTHING
    small = text.casefold().translate(_PERSIAN)
    if text[0].isdigit():
        return _decorated(text, small, decimal_comma)
    if says_missing(text):
        return Number(None, "missing", text)
    return _event(text, small) or _decorated(text, small, decimal_comma)


def decimal_comma(texts: Sequence[str]) -> bool | None:
    """Tell the decimal mark of a column.

    A comma before three digits may part thousands and proves nothing, unless a lone 0 stands
    before it; a point proves decimals only with other than three digits where commas occur.

    Returns
    -------
    bool or None
        True if commas are decimals, False if only points are, None if nothing shows either.
    """
    commas = points = unclear = 0
    for text in texts:
        for whole, mark, decimals in re.findall(r"(\d+)([.,])(\d+)", clean(text)):
            sure = len(decimals) != 3 or int(whole) == 0
            commas += mark == "," and sure
            points += mark == "." and sure
            unclear += mark == "." and not sure
    if commas:
        return True
    return False if points or unclear else None


def sentinels(values: FloatArray, low: float, high: float, *, measured: bool) -> frozenset[float]:
    """Return the numbers that stand for missing: known codes outside of what is possible.

    Parameters
    ----------
    values
        All numbers of a column; NaN is left out.
    low, high
        The possible values; codes in between are values.
    measured
        Whether the column holds a measured quantity, not a score: -1 is a code for missing only
        there; in a score it is a slip for 1.

    Notes
    -----
    8 and 9 are codes only of items (``high`` up to 5).
    """
    found = np.unique(values[np.isfinite(values)])
    codes = set(_CODES)
    if high <= _ITEM_HIGH:
        codes.update(_ITEM_CODES)
    if measured:
        codes.add(-1.0)
    outside = found[(found < low) | (found > high)]
    return frozenset(float(value) for value in outside if float(value) in codes)


def _number(
    body: str,
    comma: bool,
    kind: NumberKind = "number",
    note: str = "",
    unit: NumberUnit = "",
) -> Number:
    """Return the number that ``body`` writes with one decimal mark at most."""
    marks = [mark for mark in body if mark in ".,،·"]
    if len(marks) > 1:
        return _refused("thousands and decimals cannot be told apart")
    plain = body
    if marks:
        whole, decimals = body.lower().split("e")[0].split(marks[0])
        three = len(decimals) == 3 and whole.lstrip("+-0") != ""
        if marks[0] == "," and not comma:
            return _refused("a comma that may part thousands or decimals")
        if three and (marks[0] in "،·" or (marks[0] == "." and comma)):
            return _refused("thousands and decimals cannot be told apart")
        plain = body.replace(marks[0], ".")
    value = float(plain)
    if not math.isfinite(value):
        return _refused("not a number")
    return Number(value + 0.0, kind, note, unit)


def _refused(reason: str) -> Number:
    return Number(None, "unreadable", reason)


def _event(text: str, small: str) -> Number | None:
    """Return what a word of death or loss says, or a missing word with its reason."""
    words = _SUBJECT.sub("", small, count=1) if _SUBJECT.match(small) else small
    bare = words.rstrip(" .!")
    if bare in _DEATH or words in _DEATH:
        return Number(None, "death", text)
    if bare in _LOST or words in _LOST:
        return Number(None, "lost", text)
    if bare in _MISSING:
        return Number(None, "missing", text)
    if "?" in words or not words or words[0].isdigit():
        return None
    head = _HEAD_END.split(words, maxsplit=1)[0].strip()
    head = "" if head in _ALONE else head
    if head in _DEATH or words.startswith(_DEATH_STARTS) or _CROSS.fullmatch(words):
        return Number(None, "death", text)
    if head in _LOST or words.startswith(_LOST_STARTS):
        return Number(None, "lost", text)
    if (head in _MISSING and len(head) > 3) or words.startswith(_MISSING_STARTS):
        return Number(None, "missing", text)
    return None


def _decorated(text: str, small: str, comma: bool) -> Number:
    """Read a number with something around it."""
    if (not small[0].isdigit() or small[-1] == "+") and _LIMIT.fullmatch(small):
        return _refused("a limit, not a value")
    if match := _CODE_IN_FRONT.fullmatch(text):
        return Number(float(match[1]), "labelled", match[2])
    if (match := _CODE_BEHIND.fullmatch(text)) and _event(
        match[1].strip(), match[1].strip().casefold()
    ) is None:
        return Number(float(match[2]), "labelled", match[1].strip())
    if small[0] in "%٪":
        small, text = f"{small[1:].strip()}%", f"{text[1:].strip()}%"
    about = _ABOUT.match(small)
    start = _START.fullmatch(small[about.end() :] if about else small)
    if start is None:
        return _refused("a spreadsheet error" if small.startswith("#") else "not a number")
    body, rest = start["body"], start["rest"]
    original = text[len(text) - len(rest) :] if len(text) == len(small) else rest
    if about:
        read = _with_rest(body, rest, original, comma)
        if read.kind not in ("number", "annotated"):
            return read
        note = f"{about[0].strip()} {read.note}".strip()
        return Number(read.value, "annotated", note, read.unit)
    return _with_rest(body, rest, original, comma)


def _with_rest(body: str, rest: str, original: str, comma: bool) -> Number:
    """Read the number ``body`` with the text that follows it."""
    if not rest:
        return _number(body, comma)
    if _FOOTNOTE.fullmatch(rest):
        return _number(body, comma, "annotated", original)
    unit, remark = _split_unit(rest)
    if unit and not remark:
        return _number(body, comma, unit=unit)
    original = original[len(original) - len(remark) :]
    if _RANGE.fullmatch(remark):
        return _refused("a range, not a value")
    if _FOOTNOTE.fullmatch(remark):
        return _number(body, comma, "annotated", original, unit)
    if match := _OUT_OF.fullmatch(remark):
        read = _number(body, comma, "annotated", f"of {match['whole']}", unit)
        whole = int(match["whole"])
        fits = read.value is None or (whole in _WHOLE_SCALES and 0 <= read.value <= whole)
        return read if fits else _refused("two numbers")
    if match := _COMMENT.fullmatch(original):
        return _remarked(body, (match["round"] or match["square"] or "").strip(), unit, comma)
    if match := _DASHED.fullmatch(remark):
        return _remarked(body, original[match.start("words") :], unit, comma)
    return _refused("two numbers" if re.search(r"\d", remark) else "not a number")


def _split_unit(rest: str) -> tuple[NumberUnit, str]:
    """Return the unit at the start of ``rest``, and what stands after it."""
    match = _UNIT.match(rest)
    if match is None:
        return "", rest
    unit = next(unit for unit, group in _UNIT_GROUPS.items() if match[group])
    return unit, rest[match.end() :]


def _remarked(body: str, remark: str, unit: NumberUnit, comma: bool) -> Number:
    """Return a number with words: the label of an answer, or a remark."""
    small = remark.casefold().translate(_PERSIAN)
    event = _event(remark, small)
    if event is not None and event.kind != "missing":
        return _refused("a number and an event in one cell")
    if says_missing(remark) and not small.startswith(_ANSWERS):
        return _refused("a number and a word for no value in one cell")
    level = body.isdigit() and _ITEM_LEVELS[0] <= int(body) <= _ITEM_LEVELS[1] and not unit
    if level and len(remark) > 2 and remark[0].isalpha() and not _REMARK.match(small):
        return Number(float(body), "labelled", remark)
    if re.search(r"\d", remark):
        return _refused("two numbers")
    return _number(body, comma, "annotated", remark, unit)
