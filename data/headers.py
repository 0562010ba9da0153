"""What one column means, judged by its header and unit, before its neighbours are looked at."""

from __future__ import annotations

import re
from typing import Final

from data import vocabulary as words
from data.meaning import Meaning
from data.measure_headers import measure_in, signed_words, spot_in
from data.schemas import EXACT
from data.times import clock, unit_of_time

_OF_THE_FILE: Final = re.compile(
    r"time ?stamp|created|modified|entered|entry|export|print|upload|submit|received|last saved"
)
_AGE: Final = re.compile(r"(?<![^\W\d_])(?:age|alter|edad|eta|yas|سن)(?![^\W\d_])")
_AGE_AT: Final = re.compile(r"(?:age|alter|edad|eta) (?:at|bei|beim|al|alla) (.+)")
_OTHER_AGE: Final = re.compile(r"(?<![a-z])(?:group|categor\w*|class|donor)(?![a-z])")
_AGE_FILLERS: Final = frozenset(("in", "en", "the", "time", "of", "first"))
_TUBE: Final = re.compile(
    r"(?:has )?(?:gastrostomy|peg)(?: (?:tube|sonde|status|used|present|in place|flag))?"
    r"(?: (?:yes no|yn|y n|0 1|(?:0 no )?1 yes|1 yes [02] no))?"
)
_R_ITEM: Final = re.compile(r"(?:q|item)?\s*x?r\s*([123])r?|x([123])r")
_BARE_ITEM: Final = re.compile(r"(?:q|item|frage|question|p|alsfrs)\s*(1[0-2]|[1-9])\s*([ab]?)")
_ORDINALS: Final = (
    (1, re.compile(r"(?<![a-z\d])(?:1st|first|1|erste\w*|اول|premiere?)(?![a-z\d])")),
    (2, re.compile(r"(?<![a-z\d])(?:2nd|second|2|zweite\w*|دوم|deuxieme)(?![a-z\d])")),
    (3, re.compile(r"(?<![a-z\d])(?:3rd|third|3|dritte\w*|سوم|troisieme)(?![a-z\d])")),
)


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
    if (known := EXACT.get(plain)) is not None:
        return _from_code(known, dates=dates)
    return (
        measure_in(header, unit, plain, dates=dates)
        or _patient_or_place(plain)
        or _patient_or_place(words.plain_words(re.sub(r"\([^)]*\)|\[[^\]]*\]", " ", header)))
        or _not_measured(header, unit, plain, dates=dates, numbers=numbers)
    )


def _not_measured(
    header: str, unit: str, plain: str, *, dates: bool, numbers: bool
) -> Meaning | None:
    """Read a header that names neither a measure nor a patient: an age is never a time."""
    if _AGE.search(plain) and not dates:
        return _age(plain, unit)
    return (
        _height(plain, unit)
        or _dated(header, plain, dates=dates)
        or _time(header, plain, numbers=numbers)
        or _fact(plain)
        or _bare_item(plain)
    )


def _age(plain: str, unit: str) -> Meaning | None:
    """Read the age of the patient in years; an age in months, at onset or of a donor is none."""
    if unit_of_time(plain) not in (None, "year") or unit_of_time(unit) not in (None, "year"):
        return None
    left = [word for word in plain.split() if unit_of_time(word) is None]
    text = " ".join(word for word in left if word not in _AGE_FILLERS)
    text = re.sub(r"^(?:patients?|subject|baseline) ", "", text)
    if words.AGE.fullmatch(text):
        return Meaning("age")
    event = match[1] if (match := _AGE_AT.fullmatch(text)) else ""
    if _OTHER_AGE.search(event):
        return None
    begins = words.ENROLMENT.search(event) or "baseline" in event
    given = words.TRANSPLANT.search(event) and not words.NEVER_TRANSPLANT.search(event)
    return Meaning("age") if begins or given else None


def _height(plain: str, unit: str) -> Meaning | None:
    """Read a height; only a header or a unit row that says so makes it one in inches."""
    text, said = plain, words.plain_words(unit)
    for name in (words.CENTIMETRES, words.INCHES, words.METRES):
        match = re.search(rf" (?:{name.pattern})$", text)
        if match is not None:
            text, said = text[: match.start()], said or match[0].strip()
            break
    left = " ".join(word for word in text.split() if word not in words.HEIGHT_FILLERS)
    known = (words.CENTIMETRES, words.METRES, words.INCHES)
    if not words.HEIGHT.fullmatch(left) or (said and not any(n.fullmatch(said) for n in known)):
        return None
    if left == "ht" and not said:
        # Without a unit it may be the haematocrit.
        return None
    return Meaning("height_in" if words.INCHES.fullmatch(said) else "height")


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
    if role == "onset" and rest == ["day", "rel"]:
        return Meaning("onset_day", clock="transplant", unit="day")
    if role == "item":
        return Meaning("item", item=" ".join(rest))
    if role in ("gastrostomy", "capacity") and rest and not rest[0].isdigit():
        return Meaning(f"{role}_{rest[0]}")
    if role == "visit_date":
        return Meaning("visit_date", about=rest[0] if rest else "")
    return Meaning(role, trial=int(rest[0]) if rest else 0)


def _patient_or_place(plain: str) -> Meaning | None:
    if words.PATIENT.fullmatch(plain):
        return Meaning(
            "patient", sure=plain not in ("nr", "no", "numero", "id", "ids", "code", "کد")
        )
    if words.SITE.fullmatch(plain):
        return Meaning("site")
    return None


def _dated(header: str, plain: str, *, dates: bool) -> Meaning | None:
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
    return _visit_date(header, plain, dates=dates)


def _transplant(plain: str, *, dates: bool, named: bool) -> Meaning | None:
    if words.NOT_TRANSPLANT.search(plain) and not named:
        return None
    if words.NEVER_TRANSPLANT.search(plain):
        return Meaning("ignored")
    if words.SINCE.search(plain) and not dates:
        return None
    if not dates and not named and unit_of_time(plain):
        return None
    ordinal = next((n for n, pattern in _ORDINALS if pattern.search(plain)), 0)
    return Meaning("transplant", ordinal=ordinal, sure=named or dates)


def _visit_date(header: str, plain: str, *, dates: bool) -> Meaning | None:
    if _OF_THE_FILE.search(plain):
        return Meaning("entry_date")
    about = "fvc" if words.SPIROMETRY.search(plain) else ""
    left = words.DATE.sub(" ", signed_words(header))
    spot = spot_in(left.strip(" -"))
    if spot.known and not spot.number:
        return Meaning("visit_date", about=about).at(spot)
    left = words.VISIT.sub(" ", words.SPIROMETRY.sub(" ", left))
    left = re.sub(
        r"(?<![a-z])(?:of|der|des|du|de|the|test|form|کد|لی|time|day)(?![a-z])", " ", left
    )
    left = " ".join(left.split()).strip("-")
    if not left:
        return Meaning("visit_date", about=about)
    spot = spot_in(re.sub(r"^([a-z])\s+(\d)", r"\1\2", left))
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
        ("onset_site", words.ONSET_SITE),
        ("simulated", words.SIMULATED),
        ("imputed", words.IMPUTED),
        ("unit", words.UNIT),
    ):
        if pattern.fullmatch(plain):
            return Meaning(role)
    if _TUBE.fullmatch(plain):
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
