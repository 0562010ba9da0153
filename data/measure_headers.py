"""Headers of values: ALSFRS-R totals, items and domains; vital capacities with their unit."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from data import vocabulary as words
from data.meaning import Meaning, Spot
from data.times import visit_month
from data.values import clean

_FVC: Final = (
    r"fvc|forced vital capacit\w*|forced capacity|cvf|cv forcee?|fvk|forcierte vitalkapazitat"
    r"|capacite vitale forcee|capacidad vital forzada|capacita vitale forzata"
    r"|ظرفیت حیاتی اجباری|ظرفیت حیاتی با فشار"
)
_SVC: Final = r"svc|slow vital capacit\w*|capacite vitale lente|capacidad vital lenta"
_VC: Final = (
    r"vc|vital capacit\w*|vitalkapazitat|vc ?max|vk|capacite vitale|capacidad vital|ظرفیت حیاتی"
)
_AFTER: Final = r"l\b|pct|perc|pp|p\b|pred|rel|[^a-z]|$"
_STEMS: Final = (
    (
        "fvc",
        re.compile(rf"(?<![a-z])(?:p{{1,2}})?(?:{_FVC})(?=l\b|pct|perc|pp|p\b|pred|rel|[^a-z]|$)"),
    ),
    ("svc", re.compile(rf"(?<![a-z])(?:{_SVC})(?=l\b|pct|perc|pp|p\b|pred|rel|[^a-z]|$)")),
    ("vc", re.compile(rf"(?<![a-z])(?:{_VC})(?=l\b|pct|perc|pp|p\b|pred|rel|[^a-z]|$)")),
)
_ALSFRS: Final = re.compile(
    r"(?:amyotrophic lateral sclerosis functional rating scale|als[\s-]?functional rating scale"
    r"|als[\s-]?frs(?:cale)?|als[\s-]?fsr|als[\s-]?rfs|(?<![a-z])frs)"
    r"(?:[\s-]*(?:r(?![a-z])|rev(?:ised)?(?![a-z])))?"
)
_REVISED: Final = re.compile(r"(?:s|scale|fsr)[\s-]*(?:r|rev(?:ised)?)$|revised")
_PERCENT: Final = re.compile(
    r"pct|per ?cent(?:age)?|perc|prozent|pourcentage|porcentaje|percentuale|yuzde|(?<![a-z])pp"
    r"|درصد|(?<![a-z])rel(?![a-z])"
)
_PREDICTED: Final = re.compile(
    r"(?<![a-z])(?:of )?(?:the )?(?:predicted|predit|teorico|pred(?:ict)?|expected|soll(?:wert)?"
    r"|theor(?:etical)?|of normal|normal|norm)(?![a-z])"
)
_LITRES: Final = re.compile(
    r"(?<![a-z])(?:l|lit|litres?|liters?|litern|lts|litros?|litri|litre|ltr|lt|لیتر|btps)(?![a-z])"
)
_MILLILITRES: Final = re.compile(r"(?<![a-z])(?:ml|millilit\w+|cc|میلی لیتر)(?![a-z])")
_FRACTION: Final = re.compile(r"(?<![a-z])(?:fraction|frac|proportion|anteil)(?![a-z])")
_TRIAL: Final = re.compile(
    r"(?<![a-z])(?:trial|attempt|try|test|versuch|effort|blow|man(?:o?eu|eu)ver|rep|essai|t)\s*"
    r"([1-9])(?!\d)"
)
_VISIT_NUMBER: Final = re.compile(
    r"(?<![a-z])(?:v|visit|visite|visita|besuch|tp|time ?point|t|fu|follow ?up|ویزیت|مراجعه)\s*"
    r"(?:no |nr |number )?\d{1,2}(?!\d)|(?<![a-z])(?:screening|baseline|bl|scr|eot|eos)(?![a-z])"
)
_BARE_NUMBER: Final = re.compile(r"[+-]?\s*\d{1,3}(?:\.\d+)?[ab]?")


def signed_words(header: str) -> str:
    """Return a header in lower case with its signs and decimal points, but no other marks."""
    text = unicodedata.normalize("NFKD", clean(header).translate(words.LETTERS).casefold())
    text = "".join(letter for letter in text if not unicodedata.combining(letter))
    text = re.sub(r"[%٪]", " pct ", text)
    text = re.sub(r"(?<!\d)\.|\.(?!\d)|[^\w+.\-]|_", " ", text)
    return " ".join(text.split())


def measure_in(header: str, unit: str, plain: str, *, dates: bool) -> Meaning | None:
    """Return the measure that a header names, or ``None``.

    Parameters
    ----------
    header, unit
        Text of the header, and of a unit row below it.
    plain
        The header in its plain form.
    dates
        Whether the cells below are calendar dates.
    """
    bracket = " ".join("".join(pair) for pair in re.findall(r"\(([^)]*)\)|\[([^\]]*)\]", header))
    outside = re.sub(r"\([^)]*\)|\[[^\]]*\]", " ", header) if bracket else header
    text = signed_words(outside)
    units = f"{signed_words(bracket)} {signed_words(unit)}".strip()
    if not re.search(r"als|[vf]vc|vc|vk|cvf|vital|capac|حیاتی", text):
        text, units = signed_words(header), signed_words(unit)
    if re.search(r"(?<![a-z])fev", text):
        return Meaning("ignored")
    if match := _ALSFRS.search(text):
        stem = match[0]
        rest = f"{text[: match.start()]} {text[match.end() :]}".strip()
        revised = bool(_REVISED.search(stem)) or "revised" in plain
        return _alsfrs(stem, rest, units, revised=revised, dates=dates)
    for stem, pattern in _STEMS:
        if match := pattern.search(text):
            rest = f"{text[: match.start()]} {text[match.end() :]}".strip()
            if re.match(r"pp?f", match[0]):
                rest = f"pct {rest}"
            return _capacity(stem, rest, units, dates=dates)
    return None


def _alsfrs(stem: str, rest: str, units: str, *, revised: bool, dates: bool) -> Meaning | None:
    if dates or words.DATE.search(words.plain_words(rest)):
        return Meaning("visit_date", about="alsfrs").at(spot_in(words.DATE.sub(" ", rest)))
    if words.DERIVED.search(rest) or words.STATISTIC.search(rest):
        return Meaning("ignored")
    plain = words.plain_words(rest)
    if item := words.item_in(plain):
        number = re.search(r"(?<![\d-])\d+(?!\d)", rest)
        return Meaning("item", item=item).at(spot_in("" if number else _without_words(rest)))
    if (key := words.subscore_in(plain)) is not None:
        return Meaning(key)
    scale = re.search(r"(?:0\s*-\s*|of |/ ?)?(40|48)(?!\d)", units)
    role = "alsfrs_r" if revised or (scale and scale[1] == "48") else "alsfrs"
    if scale and scale[1] == "40":
        role = "alsfrs_40"
    return _with_rest(Meaning(role), rest)


def _capacity(stem: str, rest: str, units: str, *, dates: bool) -> Meaning | None:
    if dates or words.DATE.search(words.plain_words(rest)):
        about = "svc" if stem == "svc" else "fvc"
        return Meaning("visit_date", about=about).at(spot_in(words.DATE.sub(" ", rest)))
    if words.UNIT.fullmatch(words.plain_words(f"{stem} {rest}")) and re.search(
        "unit|einheit", rest
    ):
        return Meaning("unit")
    rest = re.sub(r"^(l|p)(?=\s*\d?\b)", r" \1 ", rest)
    rest = re.sub(r"^\s*p(?![a-z])", " pct ", rest)
    said = f"{rest} {units}"
    role, factor, sure = f"{stem}_unknown", 1.0, True
    if _PERCENT.search(said):
        role = stem
    elif _MILLILITRES.search(said):
        role, factor = f"{stem}_litres", 0.001
    elif _PREDICTED.search(said) and not _LITRES.search(said):
        role, sure = stem, False
    elif _PREDICTED.search(said):
        return Meaning("ignored")
    elif _LITRES.search(said):
        role = f"{stem}_litres"
    elif _FRACTION.search(said):
        role = f"{stem}_unknown"
    rest = re.sub(
        r"(?:best|max\w*|highest|bester?|mieux) (?:of|from|aus|von|de) \d", " best ", rest
    )
    trial = _TRIAL.search(rest)
    if trial and not re.search(r"(?<![a-z])v(?:isit)?\s*\d", rest):
        rest = rest.replace(trial[0], " ")
    for pattern in (_PERCENT, _PREDICTED, _MILLILITRES, _LITRES, _FRACTION):
        rest = pattern.sub(" ", rest)
    if words.DERIVED.search(rest) or words.STATISTIC.search(rest):
        return Meaning("ignored")
    number = int(trial[1]) if trial else 0
    return _with_rest(Meaning(role, trial=number, factor=factor, sure=sure), rest)


def _with_rest(meaning: Meaning, rest: str) -> Meaning | None:
    """Add what the rest of the header says: nothing more, a visit, or a bare number."""
    left = _without_words(rest)
    if not left:
        return meaning
    spot = spot_in(left)
    return meaning.at(spot) if spot.known else None


def _without_words(rest: str) -> str:
    rest = re.sub(r"(?:of|aus|von|de|di) 1[0-2] ?(?:items?|fragen)?(?!\d)|1[0-2] items?", " ", rest)
    rest = re.sub(r"gli(?: global)?(?: 20\d\d)?|knudson|nhanes(?: iii)?|ecsc|eccs", " ", rest)
    kept = [
        word
        for word in rest.split()
        if (word.strip("+-.") not in words.FILLER and not words.TOTAL.fullmatch(word))
        or word == "0"
    ]
    return " ".join(kept).strip(" -") if not re.search(r"\d", rest) else " ".join(kept).strip()


def spot_in(rest: str) -> Spot:
    """Return the month, visit or bare number that the rest of a header names."""
    rest = " ".join(rest.split())
    if not rest or rest in "+-":
        return Spot()
    if re.fullmatch(r"(?:pre|post|vor|nach)[a-z\s-]* 0", rest):
        return Spot(month=0.0)
    if _BARE_NUMBER.fullmatch(rest):
        return Spot(number=rest.replace(" ", ""))
    if match := re.fullmatch(
        r"(?:q|item|itm|frage|question|nr|no)\s*(1[0-2]|[1-9])\s*([ab]?)", rest
    ):
        return Spot(number=f"q{match[1]}{match[2]}")
    if match := re.fullmatch(r"(?:q|item)?\s*r\s*([123])", rest):
        return Spot(number=f"r{match[1]}")
    if re.fullmatch(r"(?:pre|post|vor|nach)[\s-]*\d{1,2}", rest):
        return Spot(visit=rest)
    if match := re.fullmatch(r"([pm])\s*(\d{1,2})", rest):
        return Spot(number=f"{match[1]}{match[2]}")
    if (month := visit_month(rest)) is not None and re.search(r"\d|[+-]", rest):
        return Spot(month=month)
    if match := _VISIT_NUMBER.search(rest):
        left = _without_words(rest.replace(match[0], " "))
        number = re.search(r"\d+", match[0])
        name = f"visit {int(number[0])}" if number else " ".join(match[0].split())
        return Spot(visit="" if left.strip("- ") else name)
    if (month := visit_month(rest)) is not None:
        return Spot(month=month)
    return Spot()
