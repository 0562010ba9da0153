"""The written forms of dates: which text is a day, a month and a year, and in what language."""

# ruff: noqa: RUF001 - the tables hold letters of other languages on purpose

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from data.numbers import says_missing
from data.values import Unreadable

DateOrder = Literal["ymd", "dmy", "mdy"]
Calendar = Literal["gregorian", "jalali"]

SERIALS: Final = (20_000, 60_000)
"""Numbers that can be days counted by a spreadsheet: 1954 to 2064 from 1900."""

NOT_A_DATE: Final = Unreadable("not a date that can be read with certainty")
PARTIAL: Final = Unreadable("only a part of a date; the rest is not guessed")
OTHER_ORDER: Final = Unreadable("written in another order than the rest of the column")
DAY_OR_YEAR: Final = Unreadable("day and two-digit year cannot be told apart")
_PART_YEARS: Final = ((1300, 1420), (1900, 2100))

_GREGORIAN_NAMES: Final = (
    "jan january jän jänner januar janv janvier ene enero gen gennaio janeiro oca ocak sty "
    "styczeń stycznia januari ژانویه",
    "feb february februar feber févr fév février febrero febbraio fev fevereiro şub şubat lut luty "
    "lutego februari فوریه",
    "mar march mär mrz märz mars marzo março mart marzec marca mrt maart مارس",
    "apr april avr avril abr abril aprile nis nisan kwi kwiecień kwietnia آوریل",
    "may mai mayo mag maggio maio mayıs maj maja mei مه می",
    "jun june juni juin junio giu giugno junho haz haziran cze czerwiec czerwca ژوئن",
    "jul july juli juil juillet julio lug luglio julho tem temmuz lip lipiec lipca ژوئیه جولای",
    "aug august août ago agosto ağu ağustos sie sierpień sierpnia augustus اوت آگوست",
    "sep sept september septembre septiembre set settembre setembro eyl eylül wrz wrzesień "
    "września سپتامبر",
    "oct october okt oktober octobre octubre ott ottobre out outubro eki ekim paź październik "
    "października اکتبر",
    "nov november novembre noviembre novembro kas kasım lis listopad listopada نوامبر",
    "dec december dez dezember déc décembre dic diciembre dicembre dezembro ara aralık gru "
    "grudzień grudnia دسامبر",
)
_JALALI_NAMES: Final = (
    "فروردین farvardin",
    "اردیبهشت ordibehesht",
    "خرداد khordad",
    "تیر tir",
    "مرداد امرداد mordad",
    "شهریور shahrivar",
    "مهر mehr",
    "آبان aban",
    "آذر azar",
    "دی dey",
    "بهمن bahman",
    "اسفند esfand",
)
_WEEKDAY_NAMES: Final = (
    "mon monday mo montag lun lundi lunes lunedì pazartesi دوشنبه",
    "tue tues tuesday di dienstag mar mardi martes martedì salı سه\u200cشنبه سهشنبه",
    "wed wednesday mi mittwoch mer mercredi miércoles mercoledì çarşamba چهارشنبه",
    "thu thur thurs thursday do donnerstag jeu jeudi jueves giovedì perşembe پنجشنبه",
    "fri friday fr freitag ven vendredi viernes venerdì cuma جمعه",
    "sat saturday sa samstag sam samedi sábado sabato cumartesi شنبه",
    "sun sunday so sonntag dim dimanche domingo domenica pazar یکشنبه",
)
_ONE_LETTER: Final = str.maketrans({"ı": "i", "ي": "ی", "ى": "ی", "ك": "ک", "\u200c": ""})


def _folded(text: str) -> str:
    """Return ``text`` in small letters without accents, with one form of each letter."""
    small = text.casefold()
    if small.isascii():
        return small
    apart = unicodedata.normalize("NFKD", small.translate(_ONE_LETTER))
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def _numbered(names: Sequence[str], first: int) -> dict[str, int]:
    return {_folded(n): at for at, group in enumerate(names, first) for n in group.split()}


_MONTHS: Final[dict[str, tuple[int, Calendar]]] = {
    **{name: (at, "gregorian") for name, at in _numbered(_GREGORIAN_NAMES, 1).items()},
    **{name: (at, "jalali") for name, at in _numbered(_JALALI_NAMES, 1).items()},
}
_WEEKDAYS: Final = _numbered(_WEEKDAY_NAMES, 0)

_NAME: Final = r"([^\W\d_]{2,14})"
_GAP: Final = r"[-\s./,]*"
_TIME: Final = re.compile(
    r"(?:(?<=\d)[tT]\d{2}"
    r"|(?:(?<=\d)[tT]|[:\s]|,\s*)(?:[01]?\d|2[0-4]):[0-5]\d(?::[0-6]\d(?:[.,]\d+)?)?"
    r"(?:\s*[aApP]\.?[mM]\.?)?)\s*(?:[zZ]|UTC|GMT|[+-]\d{2}:?\d{2})?$"
)
_NUMERIC: Final = re.compile(
    r"(\d{1,4})(\s*[-/.]\s*|\s+)(\d{1,2})(\s*[-/.]\s*|\s+)(\d{1,4})", re.ASCII
)
_COMPACT: Final = re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII)
_NUMBER: Final = re.compile(r"\d{5}(?:\.\d+)?", re.ASCII)
_SAS_NUMBER: Final = re.compile(r"-?\d{4,5}(?:\.0+)?", re.ASCII)
_DAY_NAME_YEAR: Final = re.compile(
    rf"(\d{{1,2}})(?:st|nd|rd|th|er|º|°)?{_GAP}(?:de |of )?{_NAME}{_GAP}(?:de |del |of )?"
    r"'?(\d{4}|\d{2})",
)
_NAME_DAY_YEAR: Final = re.compile(
    rf"{_NAME}\.?[-\s]*(\d{{1,2}})(?:st|nd|rd|th)?(?:\s*,\s*|[-\s]+)(\d{{4}}|\d{{2}})"
)
_YEAR_NAME_DAY: Final = re.compile(rf"(\d{{4}}){_GAP}{_NAME}{_GAP}(\d{{1,2}})")
_NAMED_PART: Final = re.compile(rf"(?:\d{{1,2}}\.?{_GAP})?{_NAME}(?:{_GAP}'?\d{{2,4}})?")
_YEAR_NAMED: Final = re.compile(rf"\d{{4}}{_GAP}{_NAME}")
_WEEKDAY: Final = re.compile(r"([^\W\d_]{2,14})\.?\s*,?\s*(?=[\w])")
_PART: Final = re.compile(
    r"(\d{4})|(\d{4})[-/.]\d{1,2}[-/.]?|\d{1,2}[-/.](\d{4})|(\d{4})-(?:\d{2}|-)-(?:\d{2}|-)?"
    r"|--\d{2}(?:-\d{2})?",
    re.ASCII,
)
_NOT_KNOWN: Final = re.compile(r"(?<![a-z])(?:un|unk|uk|nk|xx|00|\?\??|__)(?![a-z])")


@dataclass(frozen=True, slots=True)
class Known:
    """A date whose parts are told apart; the month's name may have told the calendar."""

    year: str
    month: int
    day: int
    calendar: Calendar | None = None
    weekday: int | None = None


@dataclass(frozen=True, slots=True)
class Triple:
    """Three numbers of which only the order of the column tells which is which."""

    first: str
    middle: str
    last: str
    weekday: int | None = None

    def ordered(self, order: DateOrder) -> Known | Unreadable:
        """Return the date that ``order`` makes of the numbers."""
        if order == "ymd":
            year, month, day = self.first, self.middle, self.last
        elif order == "dmy":
            day, month, year = self.first, self.middle, self.last
        else:
            month, day, year = self.first, self.middle, self.last
        if len(year) not in (2, 4) or len(day) > 2 or len(month) > 2:
            return OTHER_ORDER
        return Known(year, int(month), int(day), None, self.weekday)

    @property
    def short(self) -> bool:
        """Whether the year has two digits."""
        return len(self.last) <= 2


@dataclass(frozen=True, slots=True)
class Serial:
    """A number that may be days counted by a spreadsheet."""

    days: float


Form = Known | Triple | Serial | Unreadable | None


def form_of(text: str) -> Form:
    """Return what kind of date cleaned ``text`` is; ``None`` where it says that there is none."""
    if not text or says_missing(text):
        return None
    if ":" in text or "T" in text:
        text = _TIME.sub("", text)
    if match := _NUMERIC.fullmatch(text):
        return _numeric(*match.groups())
    if match := _COMPACT.fullmatch(text):
        return Known(match[1], int(match[2]), int(match[3]))
    if _NUMBER.fullmatch(text):
        days = float(text)
        return Serial(days) if SERIALS[0] <= days <= SERIALS[1] else NOT_A_DATE
    return _named(_folded(text))


def _numeric(first: str, gap: str, middle: str, other_gap: str, last: str) -> Form:
    if gap.strip() != other_gap.strip():
        return NOT_A_DATE
    if len(first) == 4 and len(last) <= 2:
        if int(first) == int(middle) == int(last) == 0:
            return None
        if int(last) == 0 or int(middle) == 0:
            return PARTIAL
        return Known(first, int(middle), int(last))
    if len(first) > 2 or len(last) == 3:
        return NOT_A_DATE
    if len(last) == 4 and (int(first) == 0 or int(middle) == 0):
        return None if int(last) == 0 else PARTIAL
    if len(first) == 1 and len(last) == 1:
        return NOT_A_DATE
    return Triple(first, middle, last)


def _named(text: str) -> Form:
    """Return the form of a date with the name of a month, or what part of a date it is."""
    if match := _DAY_NAME_YEAR.fullmatch(text):
        return _with_name(match[1], match[2], match[3])
    if match := _NAME_DAY_YEAR.fullmatch(text):
        return _with_name(match[2], match[1], match[3])
    if match := _YEAR_NAME_DAY.fullmatch(text):
        return _with_name(match[3], match[2], match[1])
    if (match := _WEEKDAY.match(text)) and match[1] in _WEEKDAYS:
        form = form_of(text[match.end() :])
        if isinstance(form, Known | Triple):
            return replace(form, weekday=_WEEKDAYS[match[1]])
    return PARTIAL if _is_part(text) else NOT_A_DATE


def _with_name(day: str, name: str, year: str) -> Form:
    month = _MONTHS.get(name)
    if month is None:
        return NOT_A_DATE
    number, calendar = month
    if calendar == "jalali" and len(year) == 2 and len(day) == 2:
        if int(day) > 31:
            day, year = year, day
        elif int(year) <= 31:
            return DAY_OR_YEAR
    return Known(year, number, int(day), calendar)


def _is_part(text: str) -> bool:
    if match := _PART.fullmatch(text):
        years = [int(year) for year in match.groups() if year]
        return not years or any(low <= years[0] <= high for low, high in _PART_YEARS)
    match = _YEAR_NAMED.fullmatch(text) or _NAMED_PART.fullmatch(text)
    if match and match[1] in _MONTHS:
        return text != match[1]
    rest, unknown = _NOT_KNOWN.subn("01", text)
    return unknown > 0 and isinstance(form_of(rest), Known | Triple)
