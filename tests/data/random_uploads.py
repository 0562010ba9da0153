"""Random trials written in random layouts, encodings and date styles, with what must be read back.

What an upload expects is decided here while it is written; nothing of the reader is asked. Where
the written file itself leaves two readings open, ``Upload.answers`` holds the question that may be
asked and its true answer; constructions that no reader could tell apart are left out, each with a
comment that says why.
"""

# ruff: noqa: RUF001 - Persian digits and look-alike signs are written on purpose

from __future__ import annotations

import csv
import io
import string
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import partial
from random import Random
from typing import Any

import openpyxl
from hypothesis import strategies as st
from persiantools.jdatetime import JalaliDate

from data.files import UploadedFile

Table = list[list[Any]]
Key = tuple[str, str, str]

MONTH_DAYS = 30.4375
EXCEL_EPOCH = date(1899, 12, 30)
LAST_DAY = date(2026, 6, 30)
PERSIAN_DIGITS = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
MEASURES = ("alsfrs_r", "fvc", "fvc_litres")
ITEM_NAMES = (
    "Speech",
    "Salivation",
    "Swallowing",
    "Handwriting",
    "Cutting food",
    "Dressing and hygiene",
    "Turning in bed",
    "Walking",
    "Climbing stairs",
    "Dyspnea",
    "Orthopnea",
    "Respiratory insufficiency",
)

# Names of columns by language. "bare" is FVC without a unit.
WORDS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "en": {
        "patient": (
            "Patient",
            "Patient ID",
            "patient_id",
            "ID",
            "Subject",
            "Subject ID",
            "Pat. No.",
            "record_id",
            "SUBJID",
            "PatientID",
            "Participant",
        ),
        "date": (
            "Visit date",
            "Date",
            "visit_date",
            "Date of visit",
            "Assessment date",
            "VisitDate",
            "Date of examination",
        ),
        "transplant": (
            "Transplant date",
            "Date of transplantation",
            "Tx date",
            "transplant_date",
            "Infusion date",
            "Date of stem cell injection",
            "TxDate",
            "HSCT date",
            "Date of cell transplantation",
        ),
        "second": ("Second transplant date", "Transplant date 2", "2nd transplantation date"),
        "alsfrs_r": (
            "ALSFRS-R",
            "ALSFRS-R total",
            "ALSFRS_R_total",
            "ALSFRSR",
            "ALSFRS-R score",
            "Total ALSFRS-R",
            "ALSFRS-R (0-48)",
            "ALS-FRS-R",
            "ALSFRS-R sum score",
            "ALSFRS-R total score",
        ),
        "fvc": (
            "FVC %",
            "FVC (% predicted)",
            "FVC_pct",
            "FVC % pred",
            "FVC percent predicted",
            "FVC_percent",
            "%FVC",
            "FVC (%)",
            "Forced vital capacity (% predicted)",
            "FVCpp",
        ),
        "fvc_litres": (
            "FVC (L)",
            "FVC_L",
            "FVC litres",
            "FVC_liters",
            "FVC [L]",
            "Forced vital capacity (L)",
        ),
        "bare": ("FVC", "Forced vital capacity"),
        "death": ("Date of death", "death_date", "Death date"),
    },
    "de": {
        "patient": ("Patientennummer", "Pat.-Nr.", "Patient", "Patienten-ID"),
        "date": ("Besuchsdatum", "Untersuchungsdatum", "Datum", "Datum der Visite"),
        "transplant": (
            "Transplantationsdatum",
            "Datum der Transplantation",
            "Datum der Stammzelltransplantation",
        ),
        "second": ("Datum der 2. Transplantation", "Transplantationsdatum 2"),
        "alsfrs_r": ("ALSFRS-R Summe", "ALSFRS-R Gesamtscore", "ALSFRS-R Punkte", "ALSFRS-R"),
        "fvc": ("FVC % Soll", "FVC (% Soll)", "FVC in %", "FVC Prozent"),
        "fvc_litres": ("FVC (l)", "FVC Liter", "FVC in Liter", "FVC (Liter)"),
        "bare": ("FVC", "Forcierte Vitalkapazität"),
        "death": ("Todesdatum", "Verstorben am"),
    },
    "fr": {
        "patient": ("Patient", "N° patient", "Code patient"),
        "date": ("Date de visite", "Date de la visite", "Date"),
        "transplant": ("Date de greffe", "Date de la greffe", "Date de transplantation"),
        "second": ("Date de greffe 2",),
        "alsfrs_r": ("Score ALSFRS-R", "ALSFRS-R total", "ALSFRS-R"),
        "fvc": ("CVF (%)", "CVF %", "CVF (% théorique)"),
        "fvc_litres": ("CVF (L)", "CVF (litres)"),
        "bare": ("CVF", "Capacité vitale forcée"),
        "death": ("Date de décès", "Date du décès"),
    },
    "es": {
        "patient": ("Paciente", "Código paciente", "ID paciente"),
        "date": ("Fecha de visita", "Fecha", "Fecha de la visita"),
        "transplant": ("Fecha de trasplante", "Fecha del trasplante"),
        "second": ("Fecha de trasplante 2",),
        "alsfrs_r": ("ALSFRS-R total", "Puntuación ALSFRS-R", "ALSFRS-R"),
        "fvc": ("CVF (%)", "CVF %", "CVF (% teórico)"),
        "fvc_litres": ("CVF (L)", "CVF (litros)"),
        "bare": ("CVF", "Capacidad vital forzada"),
        "death": ("Fecha de fallecimiento", "Fecha de defunción"),
    },
    "it": {
        "patient": ("Paziente", "ID paziente"),
        "date": ("Data visita", "Data della visita", "Data"),
        "transplant": ("Data trapianto", "Data del trapianto"),
        "second": ("Data trapianto 2",),
        "alsfrs_r": ("Punteggio ALSFRS-R", "ALSFRS-R totale", "ALSFRS-R"),
        "fvc": ("FVC %", "FVC (%)"),
        "fvc_litres": ("FVC (L)", "FVC (litri)"),
        "bare": ("FVC",),
        "death": ("Data decesso", "Data del decesso"),
    },
    "fa": {
        "patient": ("کد بیمار", "شماره بیمار", "شناسه بیمار"),
        "date": ("تاریخ ویزیت", "تاریخ ارزیابی", "تاریخ معاینه", "تاریخ مراجعه"),
        "transplant": ("تاریخ پیوند", "تاریخ تزریق"),
        "second": ("تاریخ پیوند دوم",),
        "alsfrs_r": ("نمره ALSFRS-R", "ALSFRS-R"),
        "fvc": ("FVC (درصد)", "درصد FVC", "FVC %"),
        "fvc_litres": ("FVC (لیتر)", "FVC L"),
        "bare": ("FVC",),
        "death": ("تاریخ فوت",),
    },
}
DAY_HEADS = (
    "Days from transplant",
    "days_since_transplant",
    "Day relative to transplantation",
    "Tage seit Transplantation",
    "Days post transplant",
    "Day from Tx",
)
BARE_DAY_HEADS = ("Day", "day", "Days")
MONTH_HEADS = ("Months from transplant", "month_from_transplant", "Monate nach Transplantation")
MISSING = ("", "", "NA", "n/a", "-", ".", "ND", "not done", "fehlt")
SHIFTS_OF_NAMES: Mapping[str, Callable[[str], str]] = {
    "as it is": str,
    "snake": lambda text: text.replace(" ", "_"),
    "upper": str.upper,
    "lower": str.lower,
    "padded": lambda text: f" {text} ",
}


# ------------------------------------------------------------------------------------------------
# Trials
# ------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Visit:
    """One visit: its day from the first transplant and the values by endpoint, as text."""

    day: int
    month: int | None
    values: Mapping[str, str]
    items: tuple[int, ...] = ()


@dataclass(frozen=True)
class Patient:
    """One patient with at least one visit."""

    name: str
    transplants: tuple[date, ...]
    death: date | None
    visits: tuple[Visit, ...]

    def on(self, visit: Visit) -> date:
        """Return the date of a visit."""
        return self.transplants[0] + timedelta(visit.day)


@dataclass(frozen=True)
class RandomTrial:
    """Patients, and the endpoints that have at least one value."""

    patients: tuple[Patient, ...]
    endpoints: tuple[str, ...]
    monthly: bool

    @property
    def rows(self) -> list[tuple[Patient, Visit]]:
        """Every visit with its patient, in order."""
        return [(patient, visit) for patient in self.patients for visit in patient.visits]


def _initials(rng: Random, n: int) -> list[str]:
    names = ["NA"]
    while len(names) < n:
        pair = "".join(rng.sample(string.ascii_uppercase, 2))
        if pair not in names and pair not in NOT_INITIALS:
            names.append(pair)
    return rng.sample(names, n)


# Two letters that head rows of statistics or stand for "not done"/"not recorded" in ID columns.
NOT_INITIALS = ("SD", "SE", "MW", "KA", "NR", "NE", "NF", "NC", "EX", "ND")

NAMES: Mapping[str, Callable[[Random, int], list[str]]] = {
    "P01": lambda rng, n: [f"P{i:02d}" for i in range(1, n + 1)],
    "001-003": lambda rng, n: [f"{1 + i // 8:03d}-{1 + i % 8:03d}" for i in range(n)],
    "S1/07": lambda rng, n: [f"S{1 + i // 5}/{1 + i % 5:02d}" for i in range(n)],
    "AB12": lambda rng, n: [f"AB{i}" for i in rng.sample(range(10, 99), n)],
    "1001": lambda rng, n: [str(1001 + i) for i in range(n)],
    "1": lambda rng, n: [str(1 + i) for i in range(n)],
    "007": lambda rng, n: [f"{1 + i:03d}" for i in range(n)],
    "initials": _initials,
    "Case 3": lambda rng, n: [f"Case {1 + i}" for i in range(n)],
    "MSC-01-004": lambda rng, n: [f"MSC-01-{1 + i:03d}" for i in range(n)],
    "words": lambda rng, n: [f"Site {'AB'[i % 2]} {1 + i}" for i in range(n)],
}


def _items(rng: Random, total: int) -> tuple[int, ...]:
    items = [0] * 12
    for _ in range(total):
        items[rng.choice([i for i, item in enumerate(items) if item < 4])] += 1
    return tuple(items)


def _clip(value: float, low: float, high: float) -> float:
    return min(high, max(low, value))


def _course(rng: Random, endpoint: str, days: Sequence[int], decimals: int) -> list[str]:
    """Return a plausible course of one endpoint as text."""
    start, slope, noise, low, high = {
        "alsfrs_r": (rng.uniform(15, 48), rng.uniform(-2, 0.2), 1.0, 0, 48),
        "fvc": (rng.uniform(45, 125), rng.uniform(-3, 0.5), 3.0, 30, 130),
        "fvc_litres": (rng.uniform(1.2, 6.3), rng.uniform(-0.12, 0.02), 0.1, 0.5, 6.5),
    }[endpoint]
    values = [_clip(start + slope * d / 30 + rng.gauss(0, noise), low, high) for d in days]
    return [f"{value:.{decimals}f}" for value in values]


def random_trial(
    rng: Random,
    names: Sequence[str],
    *,
    endpoints: Sequence[str],
    most_visits: int,
    monthly: bool,
    missing: float,
    decimals: int,
    after_only: bool = False,
    second: float = 0.2,
) -> RandomTrial:
    """Return a random trial.

    Parameters
    ----------
    monthly
        Whether all visits are at whole months.
    missing
        Share of values that are missing.
    decimals
        Decimals of FVC in per cent.
    after_only
        Whether no visit lies before the transplant.
    second
        Share of patients with two transplants.
    """
    start = date(rng.randint(2005, 2022), rng.randint(1, 12), rng.randint(1, 28))
    spread = rng.choice([60, 400, 1100])
    people = []
    for name in names:
        first = start + timedelta(rng.randint(0, spread))
        wanted = rng.randint(1, most_visits)
        lowest = 0 if after_only else -12
        if monthly:
            chosen = sorted(rng.sample(range(lowest, 19), min(wanted, 12)))
            days = [round(month * MONTH_DAYS) for month in chosen]
            months: list[int | None] = [*chosen]
        else:
            days = sorted(rng.sample(range(lowest * 30, 600), wanted))
            months = [None] * len(days)
        places = {"alsfrs_r": 0, "fvc": decimals, "fvc_litres": 2}
        courses = {e: _course(rng, e, days, places[e]) for e in endpoints}
        visits = []
        for at, (day, month) in enumerate(zip(days, months, strict=True)):
            values = {e: course[at] for e, course in courses.items() if rng.random() >= missing}
            items = _items(rng, int(values["alsfrs_r"])) if "alsfrs_r" in values else ()
            visits.append(Visit(day, month, values, items))
        transplants = [first]
        if rng.random() < second:
            transplants.append(first + timedelta(rng.randint(40, 400)))
        last = first + timedelta(max(days))
        death = last + timedelta(rng.randint(1, 200)) if rng.random() < 0.2 else None
        people.append(Patient(name, tuple(transplants), death, tuple(visits)))
    held = {e for person in people for visit in person.visits for e in visit.values}
    return RandomTrial(tuple(people), tuple(e for e in endpoints if e in held), monthly)


# ------------------------------------------------------------------------------------------------
# Writing cells
# ------------------------------------------------------------------------------------------------
DATE_TEXTS: Mapping[str, Callable[[date], str]] = {
    "iso": date.isoformat,
    "ymd/": lambda day: f"{day.year}/{day.month}/{day.day}",
    "d/m/Y": lambda day: f"{day:%d/%m/%Y}",
    "d-m-Y": lambda day: f"{day:%d-%m-%Y}",
    "d.m.Y": lambda day: f"{day.day}.{day.month}.{day.year}",
    "m/d/Y": lambda day: f"{day.month}/{day.day}/{day.year}",
    "m-d-Y": lambda day: f"{day:%m-%d-%Y}",
    "d.m.yy": lambda day: f"{day:%d.%m.%y}",
    "m/d/yy": lambda day: f"{day:%m/%d/%y}",
    "date9": lambda day: f"{day:%d%b%Y}".upper(),
    "named": lambda day: f"{day:%d %b %Y}",
    "named long": lambda day: f"{day:%B} {day.day}, {day.year}",
    "compact": lambda day: f"{day:%Y%m%d}",
    "serial": lambda day: str((day - EXCEL_EPOCH).days),
    "iso time": lambda day: f"{day}T09:30:00",
    "iso midnight": lambda day: f"{day} 00:00:00",
    "d/m/Y time": lambda day: f"{day:%d/%m/%Y} 14:05",
    "jalali": lambda day: JalaliDate(day).strftime("%Y/%m/%d"),
    "jalali persian": lambda day: JalaliDate(day).strftime("%Y/%m/%d").translate(PERSIAN_DIGITS),
    "jalali dmy": lambda day: JalaliDate(day).strftime("%d/%m/%Y"),
}
ORDERED: Mapping[str, str] = {
    "d/m/Y": "dmy",
    "d-m-Y": "dmy",
    "d.m.Y": "dmy",
    "m/d/Y": "mdy",
    "m-d-Y": "mdy",
    "d.m.yy": "dmy",
    "m/d/yy": "mdy",
    "d/m/Y time": "dmy",
    "jalali dmy": "dmy",
}


@dataclass(frozen=True)
class Style:
    """How the cells of one upload are written, and in what container."""

    language: str = "en"
    spelling: str = "as it is"
    dates: str = "iso"
    comma: bool = False
    persian: bool = False
    percent: str = ""
    minus: str = "-"
    missing: str = ""
    book: bool = False
    typed: bool = True
    delimiter: str = ","
    encoding: str = "utf-8"
    newline: str = "\r\n"
    quote_all: bool = False
    sep_line: bool = False
    bare: bool = False
    order: str = "as visited"
    extras: tuple[str, ...] = ()
    preamble: int = 0
    footer: int = 0


@dataclass
class Pen:
    """Writes cells in one style and remembers which dates stand in which column."""

    style: Style
    rng: Random
    columns: dict[tuple[str, str], set[date]] = field(default_factory=dict)

    def date(self, day: date | None, column: str, file: str = "") -> Any:
        """Return the cell of a date; ``column`` and ``file`` say where it stands."""
        if day is None:
            return ""
        self.columns.setdefault((file, column), set()).add(day)
        if self.style.book and self.style.typed:
            return datetime(day.year, day.month, day.day)
        return DATE_TEXTS[self.style.dates](day)

    def number(self, text: str | None, *, percent: bool = False) -> Any:
        """Return the cell of a number; ``None`` is a missing value."""
        if text is None:
            return self.style.missing
        if self.style.book and self.style.typed:
            return float(text) if "." in text else int(text)
        if self.style.comma:
            text = text.replace(".", ",")
        if self.style.persian:
            text = text.replace(".", "٫").translate(PERSIAN_DIGITS)
        if text.startswith("-"):
            text = self.style.minus + text[1:]
        return text + self.style.percent if percent else text

    def name(self, name: str) -> Any:
        """Return the cell of a patient; a spreadsheet keeps a plain number as a number."""
        typed = self.style.book and self.style.typed
        return int(name) if typed and name.isdigit() and not name.startswith("0") else name

    def head(self, role: str) -> str:
        """Return a name of a column."""
        word = self.rng.choice(WORDS[self.style.language][role])
        return SHIFTS_OF_NAMES[self.style.spelling](word)

    def measure_head(self, endpoint: str) -> str:
        """Return a name of the column of an endpoint, without its unit where it may be bare."""
        bare = self.style.bare and endpoint != "alsfrs_r"
        return self.head("bare" if bare else endpoint)

    def value(self, visit: Visit, endpoint: str) -> Any:
        """Return the cell of a value of a visit."""
        return self.number(visit.values.get(endpoint), percent=endpoint == "fvc")

    def values(self, visit: Visit, endpoints: Iterable[str]) -> list[Any]:
        """Return the cells of several values."""
        return [self.value(visit, endpoint) for endpoint in endpoints]


# ------------------------------------------------------------------------------------------------
# Uploads
# ------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Upload:
    """Files and what must be read back from them.

    Parameters
    ----------
    values
        Value by patient, endpoint and time: an ISO date, or the day from the transplant.
    by_date
        Which of the two times is compared.
    transplants
        Dates by patient; patients without a value are left out.
    answers
        The questions that may be asked, with their true answers.
    """

    files: tuple[UploadedFile, ...]
    values: Mapping[Key, float]
    by_date: bool
    transplants: Mapping[str, tuple[str, ...]]
    answers: Mapping[str, str]
    about: str

    def __repr__(self) -> str:
        shown = [f"{self.about}; answers {dict(self.answers)}"]
        for file in self.files:
            text = repr(file.content[:60]) if file.content[:2] == b"PK" else _decoded(file.content)
            shown.append(f"--- {file.name}\n{text[:3000]}")
        return "\n".join(shown)


def _decoded(content: bytes) -> str:
    for encoding in ("utf-16" if content[:2] == b"\xff\xfe" else "utf-8-sig", "cp1256"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return repr(content)


@dataclass
class Written:
    """Tables of one layout before they are put in a container."""

    tables: dict[str, Table]
    by_date: bool = True
    transplants: bool = True
    month_days: bool = False
    answers: dict[str, str] = field(default_factory=dict)
    merged: dict[str, list[str]] = field(default_factory=dict)
    endpoints: tuple[str, ...] = MEASURES
    one_file: bool = False


Layout = Callable[[RandomTrial, Pen], Written]


def _expected(trial: RandomTrial, written: Written) -> dict[Key, float]:
    expected = {}
    for patient, visit in trial.rows:
        if written.by_date:
            when = patient.on(visit).isoformat()
        elif written.month_days:
            when = f"{(visit.month or 0) * MONTH_DAYS:.4f}"
        else:
            when = f"{visit.day:.4f}"
        for endpoint, text in visit.values.items():
            if endpoint in written.endpoints:
                expected[(patient.name, endpoint, when)] = float(text)
    return expected


def _fits(day: date, style: str, order: str) -> tuple[int, ...] | None:
    """Return year, month and day that ``order`` makes of a written date, if they exist."""
    parts = [
        int(part)
        for part in DATE_TEXTS[style](day).split()[0].replace("-", "/").replace(".", "/").split("/")
    ]
    short = style.endswith("yy")
    if order == "ymd" and not short:
        return None
    year, month, of_month = {
        "dmy": (parts[2], parts[1], parts[0]),
        "mdy": (parts[2], parts[0], parts[1]),
        "ymd": (parts[0], parts[1], parts[2]),
    }[order]
    if style == "jalali dmy":
        return (year, month, of_month) if 1 <= month <= 12 and 1 <= of_month <= 31 else None
    try:
        found = date(2000 + year if short else year, month, of_month)
    except ValueError:
        return None
    return (found.year, found.month, found.day)


def _order_is_open(pen: Pen) -> bool:
    """Whether a column of dates can be read in two orders and no other of its file tells."""
    style = pen.style.dates
    if style not in ORDERED or (pen.style.book and pen.style.typed):
        return False
    decided_files: set[str] = set()
    open_files: set[str] = set()
    for (file, _), days in pen.columns.items():
        readings = set()
        for order in ("dmy", "mdy", "ymd"):
            read = [_fits(day, style, order) for day in sorted(days)]
            if all(read):
                readings.add(tuple(read))
        (decided_files if len(readings) == 1 else open_files).add(file)
    return bool(open_files) if style.endswith("yy") else bool(open_files - decided_files)


def _calendar_is_open(pen: Pen) -> bool:
    """Whether short years of a column, read as Jalali years of 1400, are not all to come."""
    if not pen.style.dates.endswith("yy") or (pen.style.book and pen.style.typed):
        return False
    latest = [max(day.year for day in days) - 2000 for days in pen.columns.values()]
    return min(latest, default=99) <= JalaliDate(LAST_DAY).year - 1400


def _unit_is_open(pen: Pen, trial: RandomTrial) -> bool:
    """Whether litres without a unit are so small that they could be fractions."""
    if not pen.style.bare:
        return False
    litres = [float(v.values["fvc_litres"]) for _, v in trial.rows if "fvc_litres" in v.values]
    return bool(litres) and max(litres) <= 1.6


def finish(trial: RandomTrial, pen: Pen, written: Written, about: str) -> Upload:
    """Put the tables of a layout in their container."""
    answers = dict(written.answers)
    style = pen.style
    if style.dates.startswith("jalali") and pen.columns and not (style.book and style.typed):
        answers["CALENDAR"] = "jalali"
    if _calendar_is_open(pen):
        answers["CALENDAR"] = "gregorian"
    if _order_is_open(pen):
        answers["DATE_ORDER"] = ORDERED[style.dates]
    if _unit_is_open(pen, trial):
        answers["FVC_UNIT"] = "litres"
    values = _expected(trial, written)
    seen = {name for name, _, _ in values}
    transplants = {
        p.name: tuple(day.isoformat() for day in p.transplants) if written.transplants else ()
        for p in trial.patients
        if p.name in seen
    }
    if style.book or written.one_file:
        content = book_bytes(written.tables, written.merged)
        files: tuple[UploadedFile, ...] = (UploadedFile("trial.xlsx", content),)
    else:
        files = tuple(
            UploadedFile(f"{name}.csv", text_bytes(table, style))
            for name, table in written.tables.items()
        )
    return Upload(files, values, written.by_date, transplants, answers, f"{about}: {style}")


def text_bytes(table: Table, style: Style) -> bytes:
    """Return a table as delimited text in the style's encoding."""
    stream = io.StringIO()
    if style.sep_line:
        stream.write(f"sep={style.delimiter}{style.newline}")
    writer = csv.writer(
        stream,
        delimiter=style.delimiter,
        lineterminator=style.newline,
        quoting=csv.QUOTE_ALL if style.quote_all else csv.QUOTE_MINIMAL,
    )
    writer.writerows(table)
    text = stream.getvalue()
    if style.encoding == "cp1256":
        text = text.replace("ی", "ي")  # the code page lacks the Persian letter
    try:
        return text.encode(style.encoding)
    except UnicodeEncodeError:
        return text.encode("utf-8")


def book_bytes(tables: Mapping[str, Table], merged: Mapping[str, Sequence[str]]) -> bytes:
    """Return a workbook; "" is an empty cell."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, table in tables.items():
        sheet = book.create_sheet(title)
        for row in table:
            sheet.append([None if cell == "" else cell for cell in row])
        for cells in merged.get(title, ()):
            sheet.merge_cells(cells)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


# ------------------------------------------------------------------------------------------------
# Layouts
# ------------------------------------------------------------------------------------------------
EXTRAS: Mapping[str, Callable[[Random, int], Any]] = {
    "Weight (kg)": lambda rng, at: f"{rng.uniform(45, 95):.1f}",
    "BMI": lambda rng, at: f"{rng.uniform(17, 31):.1f}",
    "Site": lambda rng, at: rng.choice(["A", "B"]),
    "Comments": lambda rng, at: rng.choice(["", "", "no complaints", "seen at home, well; tired"]),
    "Sex": lambda rng, at: "F",
    "Age": lambda rng, at: "57",
    "Height": lambda rng, at: "171",
    "Creatinine": lambda rng, at: f"{rng.uniform(0.4, 1.2):.2f}",
    "Rater": lambda rng, at: rng.choice(["AB", "CD"]),
    "Heart rate": lambda rng, at: str(rng.randint(50, 110)),
    "Riluzole": lambda rng, at: rng.choice(["yes", "no"]),
    "Two\nlines": lambda rng, at: rng.choice(["", "one\ntwo"]),
    "": lambda rng, at: "",
}


def _ordered(rows: Table, pen: Pen) -> Table:
    """Return the rows in the order of the style."""
    if pen.style.order == "shuffled":
        return pen.rng.sample(rows, len(rows))
    if pen.style.order == "newest first":
        return rows[::-1]
    return rows


def _arranged(head: list[str], rows: Table, pen: Pen) -> Table:
    """Return a table with extra columns, columns in random order, and lines around it."""
    head = [*head, *pen.style.extras]
    rows = [
        [*row, *(EXTRAS[name](pen.rng, at) for name in pen.style.extras)]
        for at, row in enumerate(rows)
    ]
    rows = _ordered(rows, pen)
    if pen.style.order != "as visited":
        places = pen.rng.sample(range(len(head)), len(head))
        head = [head[at] for at in places]
        rows = [[row[at] for at in places] for row in rows]
    before: Table = [["ALSFRS-R and FVC of the cell trial"], ["exported by the study office"], []]
    after: Table = [[], ["Source: study office"], ["* values as in the source documents"]]
    top = before[-pen.style.preamble :] if pen.style.preamble else []
    bottom = after[: pen.style.footer]
    width = len(head)
    padded = [[*row, *[""] * (width - len(row))] for row in (*top, *bottom)]
    return [*padded[: len(top)], head, *rows, *padded[len(top) :]]


def _death_columns(trial: RandomTrial, pen: Pen) -> bool:
    return any(p.death for p in trial.patients) and pen.rng.random() < 0.7


def tidy(trial: RandomTrial, pen: Pen) -> Written:
    """One row a visit with everything in it."""
    death = _death_columns(trial, pen)
    two = any(len(p.transplants) > 1 for p in trial.patients)
    head = [pen.head("patient"), pen.head("date"), pen.head("transplant")]
    head += [pen.head("second")] if two else []
    head += [pen.measure_head(e) for e in trial.endpoints]
    head += [pen.head("death")] if death else []
    rows = []
    for p, v in trial.rows:
        row = [pen.name(p.name), pen.date(p.on(v), "visit"), pen.date(p.transplants[0], "tx")]
        if two:
            row.append(pen.date(p.transplants[1] if len(p.transplants) > 1 else None, "tx2"))
        row += pen.values(v, trial.endpoints)
        row += [pen.date(p.death, "death")] if death else []
        rows.append(row)
    return Written({"visits": _arranged(head, rows, pen)})


def items(trial: RandomTrial, pen: Pen) -> Written:
    """One row a visit with the twelve items in place of the total."""
    names = pen.rng.choice(
        [
            [f"Q{i}" for i in range(1, 13)],
            list(ITEM_NAMES),
            [f"{i}. {name}" for i, name in enumerate(ITEM_NAMES, 1)],
            [f"ALSFRS-R item {i}" for i in range(1, 13)],
            [f"alsfrsr_{i}" for i in range(1, 13)],
            [f"Item {i}" for i in range(1, 13)],
        ]
    )
    others = [e for e in trial.endpoints if e != "alsfrs_r"]
    head = [pen.head("patient"), pen.head("date"), pen.head("transplant"), *names]
    head += [pen.measure_head(e) for e in others]
    rows = []
    for p, v in trial.rows:
        scores = [pen.number(str(item)) for item in v.items] or [pen.number(None)] * 12
        when = [pen.date(p.on(v), "visit"), pen.date(p.transplants[0], "tx")]
        rows.append([pen.name(p.name), *when, *scores, *pen.values(v, others)])
    return Written({"visits": _arranged(head, rows, pen)})


def relative(trial: RandomTrial, pen: Pen) -> Written:
    """One row a visit; times are days from the transplant."""
    bare = pen.rng.random() < 0.3
    head = [pen.head("patient"), pen.rng.choice(BARE_DAY_HEADS if bare else DAY_HEADS)]
    head += [pen.measure_head(e) for e in trial.endpoints]
    rows = [
        [pen.name(p.name), pen.number(str(v.day)), *pen.values(v, trial.endpoints)]
        for p, v in trial.rows
    ]
    # Without a negative day nothing tells a bare "day" from the transplant or from enrolment.
    open_origin = bare and all(v.day >= 0 for _, v in trial.rows)
    answers = {"DAY_ORIGIN": "transplant"} if open_origin else {}
    table = _arranged(head, rows, pen)
    return Written({"visits": table}, by_date=False, transplants=False, answers=answers)


def months(trial: RandomTrial, pen: Pen) -> Written:
    """One row a visit; times are whole months from the transplant."""
    head = [pen.head("patient"), pen.rng.choice(MONTH_HEADS)]
    head += [pen.measure_head(e) for e in trial.endpoints]
    rows = [
        [pen.name(p.name), pen.number(str(v.month)), *pen.values(v, trial.endpoints)]
        for p, v in trial.rows
    ]
    table = _arranged(head, rows, pen)
    return Written({"visits": table}, by_date=False, transplants=False, month_days=True)


def two_tables(trial: RandomTrial, pen: Pen) -> Written:
    """A table of patients and a table of visits."""
    two = any(len(p.transplants) > 1 for p in trial.patients)
    death = _death_columns(trial, pen)
    head = [pen.head("patient"), "Sex", pen.head("transplant")]
    head += [pen.head("second")] if two else []
    head += [pen.head("death")] if death else []
    people = []
    at = "" if pen.style.book else "patients"
    for p in trial.patients:
        row = [pen.name(p.name), pen.rng.choice("FM"), pen.date(p.transplants[0], "tx", at)]
        if two:
            row.append(pen.date(p.transplants[1] if len(p.transplants) > 1 else None, "tx2", at))
        row += [pen.date(p.death, "death", at)] if death else []
        people.append(row)
    return Written({"patients": [head, *people], "visits": _visits(trial, pen)})


def _visits(trial: RandomTrial, pen: Pen) -> Table:
    """Return a table of visits without transplants."""
    head = [pen.head("patient"), pen.head("date"), *map(pen.measure_head, trial.endpoints)]
    rows = [
        [pen.name(p.name), pen.date(p.on(v), "visit"), *pen.values(v, trial.endpoints)]
        for p, v in trial.rows
    ]
    return _arranged(head, rows, pen)


def procedures(trial: RandomTrial, pen: Pen) -> Written:
    """A table of visits and a table with one row a transplant."""
    at = "" if pen.style.book else "procedures"
    done = [
        [pen.name(p.name), "MSC transplantation", pen.date(day, "tx", at)]
        for p in trial.patients
        for day in p.transplants
    ]
    table = [[pen.head("patient"), "Procedure", "Procedure date"], *done]
    return Written({"visits": _visits(trial, pen), "procedures": table})


def eav(trial: RandomTrial, pen: Pen) -> Written:
    """One row a value: patient, date, variable, value."""
    names = {e: pen.head(e) for e in trial.endpoints}
    head = [pen.head("patient"), pen.head("date"), "variable", "value"]
    rows = []
    for p in trial.patients:
        for day in p.transplants:
            when = pen.date(day, "visit")
            rows.append([pen.name(p.name), when, "transplantation", "done"])
        for v in p.visits:
            for e in trial.endpoints:
                if e in v.values:
                    cells = [pen.date(p.on(v), "visit"), names[e].strip(), pen.value(v, e)]
                    rows.append([pen.name(p.name), *cells])
    return Written({"values": [head, *_ordered(rows, pen)]})


def sdtm(trial: RandomTrial, pen: Pen) -> Written:
    """DM, EX, QS and RE as CDISC names them."""
    pen.style = replace(pen.style, dates="iso", typed=False, comma=False, persian=False, percent="")
    dm: Table = [["STUDYID", "DOMAIN", "USUBJID", "SEX", "ARM"]]
    ex: Table = [["STUDYID", "DOMAIN", "USUBJID", "EXSEQ", "EXTRT", "EXSTDTC"]]
    qs: Table = [["STUDYID", "DOMAIN", "USUBJID", "QSSEQ", "QSTESTCD", "QSTEST", "QSCAT"]]
    qs[0] += ["QSORRES", "QSSTRESN", "QSDTC"]
    re: Table = [["STUDYID", "DOMAIN", "USUBJID", "RESEQ", "RETESTCD", "RETEST"]]
    re[0] += ["REORRES", "REORRESU", "RESTRESN", "RESTRESU", "REDTC"]
    for p in trial.patients:
        dm.append(["S", "DM", p.name, "F", "MSC"])
        for i, day in enumerate(p.transplants, 1):
            ex.append(["S", "EX", p.name, i, "AUTOLOGOUS MSC", day.isoformat()])
        for v in p.visits:
            when = p.on(v).isoformat()
            for e, text in v.values.items():
                if e == "alsfrs_r":
                    names = ["ALSFR113", "ALSFR1-Total Score", "ALSFRS-R"]
                    qs.append(["S", "QS", p.name, len(qs), *names, text, text, when])
                else:
                    names = ["FVCPP", "Percent Predicted Forced Vital Capacity", text, "%"]
                    if e == "fvc_litres":
                        names = ["FVC", "Forced Vital Capacity", text, "L"]
                    re.append(["S", "RE", p.name, len(re), *names, text, names[-1], when])
    tables = {"dm": dm, "ex": ex, "qs": qs, "re": re}
    return Written({name: table for name, table in tables.items() if len(table) > 1})


# Headers of a month. Month 0 is never called "baseline": that may be the enrolment. Names with
# "m6" and "p6" are those of statistics programs, which allow neither signs nor brackets in them;
# where all months lie on one side, nothing tells "m6" from month 6, and MONTH_SIGN may be asked.
MONTH_STYLES: Mapping[str, Callable[[str, int], str]] = {
    "month": lambda stem, m: f"{stem} month {m}",
    "M+": lambda stem, m: f"{stem} M{m:+d}" if m else f"{stem} M0",
    "mo": lambda stem, m: f"{stem} {m} mo",
    "underscore": lambda stem, m: f"{stem}_month_{m}",
    "words": lambda stem, m: f"{stem} {abs(m)} months {'before' if m < 0 else 'after'}",
    "first": lambda stem, m: f"Month {m} {stem}",
    "pm": lambda stem, m: f"{_variable(stem)}_{'m' if m < 0 else 'p'}{abs(m)}",
}
STEMS = {
    "alsfrs_r": ("ALSFRS-R", "ALSFRSR", "ALSFRS_R"),
    "fvc": ("FVC%", "FVC_pct", "FVC (%)"),
    "fvc_litres": ("FVC_L", "FVC (L)"),
}


def _variable(stem: str) -> str:
    """Return a name as a statistics program allows it."""
    return (
        stem.replace("%", "_pct").replace("-", "").replace(" (_pct)", "_pct").replace(" (L)", "_L")
    )


def _all_months(trial: RandomTrial) -> list[int]:
    return sorted({v.month for _, v in trial.rows if v.month is not None})


def _at(patient: Patient, month: int) -> Visit:
    found = [v for v in patient.visits if v.month == month]
    return found[0] if found else Visit(0, month, {})


def wide(trial: RandomTrial, pen: Pen) -> Written:
    """One row a patient, one column an endpoint and month."""
    named = pen.rng.choice(list(MONTH_STYLES))
    stems = {e: pen.rng.choice(STEMS[e]) for e in trial.endpoints}
    pairs = [(e, m) for e in trial.endpoints for m in _all_months(trial)]
    if pen.rng.random() < 0.5:
        pairs = [(e, m) for m in _all_months(trial) for e in trial.endpoints]
    two = any(len(p.transplants) > 1 for p in trial.patients)
    head = [pen.head("patient"), pen.head("transplant")]
    head += [pen.head("second")] if two else []
    head += [MONTH_STYLES[named](stems[e], m) for e, m in pairs]
    rows = []
    for p in trial.patients:
        row = [pen.name(p.name), pen.date(p.transplants[0], "tx")]
        if two:
            row.append(pen.date(p.transplants[1] if len(p.transplants) > 1 else None, "tx2"))
        rows.append([*row, *(pen.value(_at(p, m), e) for e, m in pairs)])
    answers = {}
    signs = {m < 0 for m in _all_months(trial)}
    if named == "pm" and len(signs) == 1:
        answers["MONTH_SIGN"] = "minus"
    table = [head, *_ordered(rows, pen)]
    return Written({"wide": table}, by_date=False, month_days=True, answers=answers)


def stacked(trial: RandomTrial, pen: Pen) -> Written:
    """One row a patient below two rows of headers, merged in a workbook."""
    every = _all_months(trial)
    over = pen.rng.random() < 0.5
    stems = {
        e: {"alsfrs_r": "ALSFRS-R", "fvc": "FVC (%)", "fvc_litres": "FVC (L)"}[e] for e in MEASURES
    }
    text = pen.rng.choice([lambda m: f"{m:+d} mo" if m else "0 mo", lambda m: f"Month {m}"])
    top: list[Any] = ["Patient", "Transplant date"]
    low: list[Any] = ["", ""]
    merged = ["A1:A2", "B1:B2"]
    outer: Sequence[Any] = trial.endpoints if over else every
    inner: Sequence[Any] = every if over else trial.endpoints
    for first in outer:
        start = len(top) + 1
        top += [stems[first] if over else text(first), *[""] * (len(inner) - 1)]
        low += [text(i) if over else stems[i] for i in inner]
        if len(inner) > 1:
            a, b = (openpyxl.utils.get_column_letter(at) for at in (start, len(top)))
            merged.append(f"{a}1:{b}1")
    rows = []
    for p in trial.patients:
        cells = [
            pen.value(_at(p, i if over else o), o if over else i) for o in outer for i in inner
        ]
        rows.append([pen.name(p.name), pen.date(p.transplants[0], "tx"), *cells])
    kept = {"wide": merged} if pen.style.book else {}
    table = [top, low, *_ordered(rows, pen)]
    return Written({"wide": table}, by_date=False, month_days=True, merged=kept)


def transposed(trial: RandomTrial, pen: Pen) -> Written:
    """Patients as columns, one row an endpoint and month."""
    labels = {"alsfrs_r": "ALSFRS-R", "fvc": "FVC %", "fvc_litres": "FVC (L)"}
    table: Table = [["Patient", *(pen.name(p.name) for p in trial.patients)]]
    table.append(["Transplant date", *(pen.date(p.transplants[0], "tx") for p in trial.patients)])
    for e in trial.endpoints:
        for m in _all_months(trial):
            cells = [pen.value(_at(p, m), e) for p in trial.patients]
            table.append([f"{labels[e]} month {m}", *cells])
    return Written({"data": table}, by_date=False, month_days=True)


def triplets(trial: RandomTrial, pen: Pen) -> Written:
    """One row a patient; date and values of each visit side by side."""
    most = max(len(p.visits) for p in trial.patients)
    names = {"alsfrs_r": "ALSFRSR", "fvc": "FVC_pct", "fvc_litres": "FVC_L"}
    measures = [names[e] for e in trial.endpoints]
    if pen.rng.random() < 0.3:
        labels = ["Date", "ALSFRS-R", "FVC %", "FVC (L)"]
        kept = [labels[0], *(labels[1 + MEASURES.index(e)] for e in trial.endpoints)]
        numbered = kept * most
    else:
        form = pen.rng.choice(["V{i}_{n}", "{n}_V{i}", "Visit {i} {n}"])
        numbered = [form.format(i=i, n=n) for i in range(1, most + 1) for n in ("date", *measures)]
    rows = []
    for p in trial.patients:
        cells: list[Any] = [pen.name(p.name), pen.date(p.transplants[0], "tx")]
        for at in range(most):
            if at < len(p.visits):
                v = p.visits[at]
                cells += [pen.date(p.on(v), f"v{at}"), *pen.values(v, trial.endpoints)]
            else:
                cells += [""] * (1 + len(trial.endpoints))
        rows.append(cells)
    head = [pen.head("patient"), pen.head("transplant"), *numbered]
    return Written({"wide": [head, *_ordered(rows, pen)]})


def sheets(trial: RandomTrial, pen: Pen) -> Written:
    """One sheet a patient, with the patient above the table or as the name of the sheet."""
    # A sheet cannot be called "S1/07", and one sheet alone does not show that names are patients.
    named = pen.rng.random() < 0.5 and not any("/" in p.name for p in trial.patients)
    body = ["Visit date", *(pen.measure_head(e) for e in trial.endpoints)]
    tables: dict[str, Table] = {}
    for at, p in enumerate(trial.patients, 1):
        when = pen.date(p.transplants[0], "tx" if named else f"tx{at}")
        rows = [[pen.date(p.on(v), f"v{at}"), *pen.values(v, trial.endpoints)] for v in p.visits]
        if named:
            tables[p.name] = [[*body, "Transplant date"], *([*row, when] for row in rows)]
        else:
            top: Table = [["Patient ID:", pen.name(p.name)], ["Transplant date:", when], []]
            tables[f"Sheet{at}"] = [*top, body, *rows]
    return Written(tables, one_file=True)


@dataclass(frozen=True)
class Kind:
    """A layout and what it needs of the trial."""

    write: Layout
    monthly: bool = False
    most_patients: int = 25
    second: float = 0.2
    book: bool | None = None
    plain: bool = False
    after_only: bool = False
    timed: bool = True


KINDS: Mapping[str, Kind] = {
    "tidy": Kind(tidy),
    "items": Kind(items, second=0.0),
    "relative": Kind(relative, timed=False),
    "relative after": Kind(relative, timed=False, after_only=True),
    "months": Kind(months, monthly=True, timed=False),
    "two tables": Kind(two_tables),
    "procedures": Kind(procedures),
    "eav": Kind(eav, plain=True),
    "sdtm": Kind(sdtm, plain=True, book=False),
    "wide": Kind(wide, monthly=True, plain=True),
    "stacked": Kind(stacked, monthly=True, second=0.0, plain=True),
    "transposed": Kind(transposed, monthly=True, second=0.0, most_patients=8, plain=True),
    "triplets": Kind(triplets, second=0.0, plain=True),
    "sheets": Kind(sheets, second=0.0, most_patients=6, book=True, plain=True),
}


def make(
    kind: str, style: Style, seed: int, names: str, n: int, visits: int, **about: Any
) -> Upload:
    """Return the upload of these choices; the same choices make the same files."""
    rng = Random(seed)
    chosen = KINDS[kind]
    trial = random_trial(
        rng,
        NAMES[names](rng, n),
        most_visits=visits,
        monthly=chosen.monthly,
        after_only=chosen.after_only,
        second=chosen.second,
        **about,
    )
    pen = Pen(style, rng)
    return finish(trial, pen, chosen.write(trial, pen), f"{kind}, seed {seed}")


@st.composite
def uploads(draw: Any, kinds: Sequence[str], books: float = 0.2) -> Upload:
    """Draw an upload of one of these layouts.

    Parameters
    ----------
    kinds
        Keys of ``KINDS``.
    books
        Share of workbooks where both containers are possible; they take longest.
    """
    pick = partial(_pick, draw)
    kind = pick(list(kinds))
    chosen = KINDS[kind]
    book = chosen.book if chosen.book is not None else draw(st.integers(1, 10)) <= 10 * books
    endpoints = pick([("alsfrs_r",), ("alsfrs_r", "fvc"), ("alsfrs_r", "fvc_litres"), MEASURES])
    if kind in ("tidy", "two tables", "relative", "eav", "triplets", "wide"):
        endpoints = pick([endpoints, ("fvc",), ("fvc_litres",)])
    language = pick(["en", "en", *WORDS])
    delimiter = pick([",", ";", "\t", "|"])
    persian = pick([False, False, False, True]) and not book
    newline = pick(["\n", "\r\n", "\r\n", "\r"])
    extras = () if chosen.plain else tuple(pick([[], [], *(_subsets(draw))]))
    # "\r" inside a quoted cell is never written, but "\n" is: not where "\r" ends the lines.
    extras = tuple(name for name in extras if newline != "\r" or "\n" not in name)
    style = Style(
        language=language,
        spelling=pick(["as it is", "as it is", "snake", "upper", "lower", "padded"]),
        dates=pick(list(DATE_TEXTS)),
        comma=pick([False, False, True]) and not persian,
        persian=persian,
        percent=pick(["", "", "%", " %"]),
        minus=pick(["-", "-", "−"]),
        missing=pick(list(MISSING)),
        book=book,
        typed=pick([True, False]),
        delimiter=delimiter,
        encoding=pick(["utf-8", "utf-8-sig", "utf-16", "cp1252", "cp1256"]),
        newline=newline,
        quote_all=pick([False, False, True]),
        sep_line=pick([False] * 9 + [True]),
        bare=len([e for e in endpoints if e != "alsfrs_r"]) == 1 and pick([False, True]),
        order=pick(["as visited", "shuffled", "newest first"]),
        extras=extras,
        preamble=0 if chosen.plain else pick([0, 0, 0, 1, 2, 3]),
        footer=0 if chosen.plain else pick([0, 0, 0, 1, 2, 3]),
    )
    return make(
        kind,
        style,
        seed=draw(st.integers(0, 2**32)),
        names=pick(list(NAMES)),
        n=draw(st.integers(2, chosen.most_patients)),
        visits=draw(st.integers(1, 12)),
        endpoints=endpoints,
        missing=pick([0.0, 0.1, 0.3]),
        decimals=pick([0, 1]),
    )


def _pick(draw: Any, options: Sequence[Any]) -> Any:
    return options[draw(st.integers(0, len(options) - 1))]


def _subsets(draw: Any) -> list[list[str]]:
    names = list(EXTRAS)
    chosen = draw(st.lists(st.integers(0, len(names) - 1), max_size=4, unique=True))
    return [[names[at] for at in chosen]]
