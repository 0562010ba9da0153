"""What one column means, judged by its header and unit, before its neighbours are looked at."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from typing import Final

from data import vocabulary as words
from data.times import clock, unit_of_time, visit_month
from data.values import clean

CAPACITIES: Final = ("fvc", "svc", "vc", "capacity")
"""Stems of vital capacity; ``vc`` does not say which, ``capacity`` is told by another column."""

_FVC: Final = (
    r"fvc|forced vital capacit\w*|forced capacity|cvf|fvk|forcierte vitalkapazitat"
    r"|capacite vitale forcee|capacidad vital forzada|capacita vitale forzata"
    r"|ظرفیت حیاتی اجباری|ظرفیت حیاتی با فشار"
)
_SVC: Final = r"svc|slow vital capacit\w*|capacite vitale lente|capacidad vital lenta"
_VC: Final = r"vc|vital capacit\w*|vitalkapazitat|vk|capacite vitale|capacidad vital|ظرفیت حیاتی"
_STEMS: Final = (
    ("fvc", re.compile(rf"(?<![a-z])(?:{_FVC})(?=l\b|pct|perc|pp|p\b|pred|rel|[^a-z]|$)")),
    ("svc", re.compile(rf"(?<![a-z])(?:{_SVC})(?=l\b|pct|perc|pp|p\b|pred|rel|[^a-z]|$)")),
    ("vc", re.compile(rf"(?<![a-z])(?:{_VC})(?=l\b|pct|perc|pp|p\b|pred|rel|[^a-z]|$)")),
)
_ALSFRS: Final = re.compile(
    r"als[\s-]?f(?:unctional )?r(?:ating )?s(?:cale)?"
    r"(?:[\s-]?(?:r(?![a-z])|rev(?:ised)?(?![a-z])))?"
)
_REVISED: Final = re.compile(r"s(?:cale)?[\s-]?(?:r|rev(?:ised)?)$|revised")
_PERCENT: Final = re.compile(
    r"pct|per ?cent(?:age)?|perc|prozent|pourcentage|porcentaje|percentuale|yuzde|(?<![a-z])pp"
    r"|درصد|(?<![a-z])rel(?![a-z])"
)
_PREDICTED: Final = re.compile(
    r"(?<![a-z])(?:of )?(?:the )?(?:predicted|predit|teorico|pred(?:ict)?|expected|soll(?:wert)?"
    r"|theor(?:etical)?|of normal|normal|norm)(?![a-z])"
)
_LITRES: Final = re.compile(
    r"(?<![a-z])(?:l|lit|litres?|liters?|litros?|litri|litre|ltr|lt|لیتر|btps)(?![a-z])"
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
_R_ITEM: Final = re.compile(r"(?:q|item)?\s*x?r\s*([123])r?|x([123])r")
_BARE_ITEM: Final = re.compile(r"(?:q|item|frage|question|p|alsfrs)\s*(1[0-2]|[1-9])\s*([ab]?)")
_ORDINALS: Final = (
    (1, re.compile(r"(?<![a-z\d])(?:1st|first|1|erste\w*|اول|premiere?)(?![a-z\d])")),
    (2, re.compile(r"(?<![a-z\d])(?:2nd|second|2|zweite\w*|دوم|deuxieme)(?![a-z\d])")),
    (3, re.compile(r"(?<![a-z\d])(?:3rd|third|3|dritte\w*|سوم|troisieme)(?![a-z\d])")),
)


@dataclass(frozen=True, slots=True)
class Spot:
    """What a header says of the time of its values, besides their meaning."""

    month: float | None = None
    number: str = ""
    visit: str = ""

    @property
    def known(self) -> bool:
        """Whether it says anything."""
        return self != Spot()


@dataclass(frozen=True, slots=True)
class Meaning:
    """What one column holds.

    Parameters
    ----------
    role
        ``patient``, ``visit_date``, ``time``, ``visit_label``, a dated fact such as
        ``transplant``, a measure such as ``alsfrs_r``, ``item`` or ``fvc_litres``, a fact of the
        patient such as ``sex``, or ``ignored``.
    item
        ALSFRS-R item, where the role is ``item``.
    trial
        Number of the attempt of a capacity measurement, 0 if there is one value.
    month
        Nominal month that the header names.
    number
        A number in the header whose meaning (item, month or visit) the whole table decides.
    visit
        Name of the visit that the header belongs to, such as ``v2``.
    about
        ``alsfrs``, ``fvc`` or ``svc`` for a date or time of one kind of visit.
    clock, unit
        For times: from where they count, and in what; for capacities the unit is in the role.
    ordinal
        First, second, third … transplant.
    factor
        Multiplies the numbers, 0.001 for millilitres.
    sure
        False where the name alone does not settle it and the values must agree.
    """

    role: str
    item: str = ""
    trial: int = 0
    month: float | None = None
    number: str = ""
    visit: str = ""
    about: str = ""
    clock: str = ""
    unit: str = ""
    ordinal: int = 0
    factor: float = 1.0
    sure: bool = True

    def at(self, spot: Spot) -> Meaning:
        """Return the meaning with the time that the header tells."""
        return replace(self, month=spot.month, number=spot.number, visit=spot.visit)

    @property
    def placed(self) -> bool:
        """Whether the header says when the values were taken."""
        return self.month is not None or bool(self.visit)


def meaning_of(
    header: str, unit: str = "", *, dates: bool = False, numbers: bool = False
) -> Meaning | None:
    """Return what a header says, or ``None``.

    Parameters
    ----------
    header, unit
        Text of the header, and of a unit row below it.
    dates, numbers
        Whether the cells below are calendar dates, or numbers.
    """
    plain = words.plain_words(header)
    if not plain:
        return None
    if (known := words.EXACT.get(plain)) is not None:
        return _from_code(known, dates=dates)
    return (
        _measure(header, unit, plain, dates=dates)
        or _patient_or_place(plain)
        or _dated(plain, dates=dates)
        or _time(header, plain, numbers=numbers)
        or _fact(plain)
        or _bare_item(plain)
    )


def _from_code(code: str, *, dates: bool) -> Meaning:
    role, *rest = code.split()
    if role == "day" and dates:
        return Meaning("visit_date", about=rest[1] if len(rest) > 1 else "")
    if role in ("transplant", "death", "onset") and rest == ["day"] and dates:
        return Meaning(role)
    if role == "day":
        return Meaning("time", clock=rest[0], unit="day", about=rest[1] if len(rest) > 1 else "")
    if role in ("transplant", "death", "onset") and rest == ["day"]:
        return Meaning(f"{role}_day", clock="enrolment", unit="day")
    if role == "item":
        return Meaning("item", item=" ".join(rest))
    if role in ("gastrostomy", "capacity") and rest and not rest[0].isdigit():
        return Meaning(f"{role}_{rest[0]}")
    if role == "visit_date":
        return Meaning("visit_date", about=rest[0] if rest else "")
    return Meaning(role, trial=int(rest[0]) if rest else 0)


def signed_words(header: str) -> str:
    """Return a header in lower case with its signs and decimal points, but no other marks."""
    text = unicodedata.normalize("NFKD", clean(header).translate(words.LETTERS).casefold())
    text = "".join(letter for letter in text if not unicodedata.combining(letter))
    text = re.sub(r"[%٪]", " pct ", text)
    text = re.sub(r"(?<!\d)\.|\.(?!\d)|[^\w+.\-]|_", " ", text)
    return " ".join(text.split())


def _measure(header: str, unit: str, plain: str, *, dates: bool) -> Meaning | None:
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
            return _capacity(stem, rest, units, dates=dates)
    return None


def _alsfrs(stem: str, rest: str, units: str, *, revised: bool, dates: bool) -> Meaning | None:
    if dates or words.DATE.search(words.plain_words(rest)):
        return Meaning("visit_date", about="alsfrs").at(_spot(words.DATE.sub(" ", rest)))
    if words.DERIVED.search(rest) or words.STATISTIC.search(rest):
        return Meaning("ignored")
    plain = words.plain_words(rest)
    if item := words.item_in(plain):
        number = re.search(r"(?<![\d-])\d+(?!\d)", rest)
        return Meaning("item", item=item).at(_spot("" if number else _without_words(rest)))
    if (key := words.subscore_in(plain)) is not None:
        return Meaning(key)
    scale = re.search(r"(?:0\s*-\s*|of |/ ?)?(40|48)(?!\d)", units)
    role = "alsfrs_r" if revised or (scale and scale[1] == "48") else "alsfrs"
    if scale and scale[1] == "40" and not revised:
        role = "alsfrs_40"
    return _with_rest(Meaning(role), rest)


def _capacity(stem: str, rest: str, units: str, *, dates: bool) -> Meaning | None:
    if dates or words.DATE.search(words.plain_words(rest)):
        about = "svc" if stem == "svc" else "fvc"
        return Meaning("visit_date", about=about).at(_spot(words.DATE.sub(" ", rest)))
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
    spot = _spot(left)
    return meaning.at(spot) if spot.known else None


def _without_words(rest: str) -> str:
    kept = [word for word in rest.split() if word.strip("+-.") not in words.FILLER or word == "0"]
    return " ".join(kept).strip(" -") if not re.search(r"\d", rest) else " ".join(kept).strip()


def _spot(rest: str) -> Spot:
    """Return the month, visit or bare number that the rest of a header names."""
    rest = " ".join(rest.split())
    if not rest or rest in "+-":
        return Spot()
    if _BARE_NUMBER.fullmatch(rest):
        return Spot(number=rest.replace(" ", ""))
    if match := re.fullmatch(
        r"(?:q|item|itm|frage|question|nr|no)\s*(1[0-2]|[1-9])\s*([ab]?)", rest
    ):
        return Spot(number=f"q{match[1]}{match[2]}")
    if match := re.fullmatch(r"(?:q|item)?\s*r\s*([123])", rest):
        return Spot(number=f"r{match[1]}")
    if match := re.fullmatch(r"([pm])\s*(\d{1,2})", rest):
        return Spot(number=f"{match[1]}{match[2]}")
    if (month := visit_month(rest)) is not None and re.search(r"\d|[+-]", rest):
        return Spot(month=month)
    if match := _VISIT_NUMBER.search(rest):
        left = _without_words(rest.replace(match[0], " "))
        return Spot(visit="" if left.strip("- ") else " ".join(match[0].split()))
    if (month := visit_month(rest)) is not None:
        return Spot(month=month)
    return Spot()


def _patient_or_place(plain: str) -> Meaning | None:
    if words.PATIENT.fullmatch(plain):
        return Meaning(
            "patient", sure=plain not in ("nr", "no", "numero", "id", "ids", "code", "کد")
        )
    if words.SITE.fullmatch(plain):
        return Meaning("site")
    return None


def _dated(plain: str, *, dates: bool) -> Meaning | None:
    """Read a header that names an event: with dates below, or with the word date in it."""
    named = bool(words.DATE.search(plain))
    if not dates and not named and not words.TRANSPLANT.search(plain):
        return None
    if words.BIRTH.search(plain):
        return Meaning("birth")
    if words.TRANSPLANT.search(plain):
        return _transplant(plain, dates=dates, named=named)
    for role, pattern in (
        ("death", words.DEATH),
        ("diagnosis", words.DIAGNOSIS),
        ("niv", words.NIV),
        ("gastrostomy", words.GASTROSTOMY),
        ("tracheostomy", words.TRACHEOSTOMY),
        ("riluzole", words.RILUZOLE),
        ("edaravone", words.EDARAVONE),
        ("last_contact", words.LAST_CONTACT),
        ("onset", words.ONSET),
        ("enrolment", words.ENROLMENT),
    ):
        if pattern.search(plain):
            return Meaning(role, sure=named or dates)
    return _visit_date(plain, dates=dates)


def _transplant(plain: str, *, dates: bool, named: bool) -> Meaning | None:
    if words.NOT_TRANSPLANT.search(plain) and not named:
        return None
    if re.search(r"aspirat|harvest|collection|biops|آسپیراسیون", plain):
        return Meaning("ignored")
    if words.SINCE.search(plain) and not dates:
        return None
    if not dates and not named and unit_of_time(plain):
        return None
    ordinal = next((n for n, pattern in _ORDINALS if pattern.search(plain)), 0)
    return Meaning("transplant", ordinal=ordinal, sure=named or dates)


def _visit_date(plain: str, *, dates: bool) -> Meaning | None:
    about = "fvc" if words.SPIROMETRY.search(plain) else ""
    left = words.DATE.sub(" ", plain)
    left = words.VISIT.sub(" ", words.SPIROMETRY.sub(" ", left))
    left = re.sub(
        r"(?<![a-z])(?:of|der|des|du|de|the|test|form|کد|لی|time|day)(?![a-z])", " ", left
    )
    left = " ".join(left.split())
    if not left:
        return Meaning("visit_date", about=about)
    spot = _spot(re.sub(r"^([a-z])\s+(\d)", r"\1\2", left))
    if spot.known:
        return Meaning("visit_date", about=about).at(spot)
    if match := re.search(r"(?<![a-z])(?:v|visit)\s*\d+", plain):
        return Meaning("visit_date", about=about, visit=" ".join(match[0].split()))
    return Meaning("visit_date", about=about, sure=False) if dates else None


def _time(header: str, plain: str, *, numbers: bool) -> Meaning | None:
    unit = unit_of_time(header)
    if unit is None or not numbers or re.search(r"birth|dose|geburt", plain):
        return None
    from_where = clock(header)
    if words.TRANSPLANT.search(plain):
        if words.ONSET.search(plain):
            return Meaning("transplant_day", clock="onset", unit=unit)
        if words.ENROLMENT.search(plain) or "baseline" in plain:
            return Meaning("transplant_day", clock="enrolment", unit=unit)
    if words.DEATH.search(plain):
        return Meaning("death_day", clock=from_where, unit=unit)
    if words.DIAGNOSIS.search(plain):
        return None
    return Meaning("time", clock=from_where, unit=unit)


def _fact(plain: str) -> Meaning | None:
    for role, pattern in (
        ("visit_label", words.VISIT_LABEL),
        ("group", words.GROUP),
        ("sex", words.SEX),
        ("age", words.AGE),
        ("onset_site", words.ONSET_SITE),
        ("simulated", words.SIMULATED),
        ("imputed", words.IMPUTED),
        ("unit", words.UNIT),
    ):
        if pattern.fullmatch(plain):
            return Meaning(role)
    if re.fullmatch(r"(?:gastrostomy|peg)(?: (?:tube|status|yes no|used|flag))?", plain):
        return Meaning("gastrostomy_switch")
    return None


def _bare_item(plain: str) -> Meaning | None:
    """Read an item without the name of the scale; the table must hold most of them."""
    if item := words.item_in(plain):
        return Meaning("item", item=item, sure=False)
    if (key := words.subscore_in(plain)) is not None and len(plain.split()) <= 3:
        return Meaning(key, sure=False)
    if match := _R_ITEM.fullmatch(plain):
        return Meaning("item", item=str(9 + int(match[1] or match[2])), sure=False)
    if match := _BARE_ITEM.fullmatch(plain):
        return Meaning("item", item=match[1] + match[2], sure=False)
    return None
