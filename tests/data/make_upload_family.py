"""Upload cases of the kinds not shown in ``tests/uploads``, all made from its truth tables.

``write(folder)`` writes the files, ``CASE.expect.json``, ``expected/CASE.csv`` and ``score.py``.
What a case expects is decided here from the truth and the contract in ``tests/uploads/README.md``,
never from what the reader does: nothing of the project is imported.
"""

from __future__ import annotations

import csv
import io
import json
import shutil
import struct
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyreadstat
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from persiantools.jdatetime import JalaliDate

UPLOADS = Path(__file__).resolve().parents[1] / "uploads"
MONTHS = (-6, -4, -2, 0, 1, 3, 6, 9, 12)
MONTH_DAYS = 30.4375
ALL = ("ALSFRSR", "FVC_L", "FVC_PCT")
ALS_PCT = ("ALSFRSR", "FVC_PCT")
ALS_L = ("ALSFRSR", "FVC_L")
ALS = ("ALSFRSR",)
SAS_EPOCH = date(1960, 1, 1)
EXCEL_EPOCH = date(1899, 12, 30)
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
PERSIAN_MONTHS = (
    "فروردین",
    "اردیبهشت",
    "خرداد",
    "تیر",
    "مرداد",
    "شهریور",
    "مهر",
    "آبان",
    "آذر",
    "دی",
    "بهمن",
    "اسفند",
)
GERMAN_MONTHS = (
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
)
PERSIAN_DIGITS = str.maketrans("0123456789.", "۰۱۲۳۴۵۶۷۸۹٫")  # noqa: RUF001
ARABIC_DIGITS = str.maketrans("0123456789.", "٠١٢٣٤٥٦٧٨٩٫")  # noqa: RUF001

Table = list[list[Any]]


# ------------------------------------------------------------------------------------------------
# The trial
# ------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Patient:
    """One patient of the simulated trial."""

    name: str
    sex: str
    age: int
    height: int
    onset: date
    transplants: tuple[date, ...]
    death: date | None

    @property
    def transplant(self) -> date:
        """First transplant."""
        return self.transplants[0]


@dataclass(frozen=True)
class Visit:
    """One visit; values keep the text of the truth table, "" is not measured."""

    patient: str
    month: int
    date: date
    day: int
    gastrostomy: bool
    items: tuple[int, ...]
    total: str
    fvc_l: str
    fvc_pct: str
    svc_l: str

    def value(self, endpoint: str) -> str:
        """Return the value of an endpoint as text."""
        return {"ALSFRSR": self.total, "FVC_L": self.fvc_l, "FVC_PCT": self.fvc_pct}[endpoint]

    @property
    def items_5a_5b(self) -> list[Any]:
        """The 13 item cells of a form with 5a and 5b."""
        five = ["", self.items[4]] if self.gastrostomy else [self.items[4], ""]
        return [*self.items[:4], *five, *self.items[5:]]

    @property
    def subscores(self) -> list[int]:
        """Bulbar, fine motor, gross motor, respiratory."""
        return [sum(self.items[start : start + 3]) for start in (0, 3, 6, 9)]


@dataclass(frozen=True)
class Row:
    """One row of an expected table."""

    patient: str
    endpoint: str
    date: date
    day: int
    month: float
    value: str


def _read(name: str) -> list[dict[str, str]]:
    with (UPLOADS / "truth" / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _patient(row: Mapping[str, str]) -> Patient:
    transplants = [_day(row["transplant_date"]), _day(row["transplant2_date"])]
    return Patient(
        row["patient_id"],
        row["sex"],
        int(row["age_at_tx"]),
        int(row["height_cm"]),
        date.fromisoformat(row["onset_date"]),
        tuple(day for day in transplants if day),
        _day(row["death_date"]),
    )


def _visit(row: Mapping[str, str]) -> Visit:
    return Visit(
        row["patient_id"],
        int(row["nominal_month"]),
        date.fromisoformat(row["visit_date"]),
        int(row["day_rel"]),
        row["gastrostomy"] == "1",
        tuple(int(row[f"q{number}"]) for number in range(1, 13)),
        row["total"],
        row["fvc_l"],
        row["fvc_pct"],
        row["svc_l"],
    )


PATIENTS = {row["patient_id"]: _patient(row) for row in _read("patients.csv")}
VISITS = [_visit(row) for row in _read("visits.csv")]
NAMES = list(PATIENTS)
OF = {name: [visit for visit in VISITS if visit.patient == name] for name in NAMES}
ENROLMENT_DAY = {name: min(visit.day for visit in OF[name]) for name in NAMES}
SUBJECT = {name: f"MSC-01-{name[1:]}" for name in NAMES}


def transplant_of(visit: Visit) -> date:
    """Return the date of the first transplant of the patient of a visit."""
    return PATIENTS[visit.patient].transplant


def since_enrolment(visit: Visit) -> int:
    """Return the days between the first visit of the patient and this one."""
    return visit.day - ENROLMENT_DAY[visit.patient]


def rows_of(visits: Iterable[Visit] = VISITS, endpoints: Sequence[str] = ALL) -> list[Row]:
    """Return the expected rows of visits; an empty value is no row."""
    return [
        Row(visit.patient, name, visit.date, visit.day, visit.month, visit.value(name))
        for visit in visits
        for name in endpoints
        if visit.value(name)
    ]


def transplants_of(names: Iterable[str] = NAMES, *, first: bool = True) -> dict[str, list[str]]:
    """Return the transplant dates per patient, the first only or all."""
    return {
        name: [day.isoformat() for day in PATIENTS[name].transplants[: 1 if first else None]]
        for name in names
    }


# ------------------------------------------------------------------------------------------------
# Writing files
# ------------------------------------------------------------------------------------------------
def iso(day: date) -> str:
    """Return ``2020-08-17``."""
    return day.isoformat()


def dmy(day: date) -> str:
    """Return ``17/08/2020``."""
    return f"{day:%d/%m/%Y}"


def mdy(day: date) -> str:
    """Return ``08/17/2020``."""
    return f"{day:%m/%d/%Y}"


def jalali(day: date) -> str:
    """Return ``1399/05/27``."""
    return JalaliDate(day).strftime("%Y/%m/%d")


def csv_bytes(
    table: Table, delimiter: str = ",", encoding: str = "utf-8", newline: str = "\r\n"
) -> bytes:
    """Return a table as delimited text."""
    stream = io.StringIO()
    csv.writer(stream, delimiter=delimiter, lineterminator=newline).writerows(table)
    return stream.getvalue().encode(encoding)


def xlsx_bytes(
    sheets: Mapping[str, Table],
    *,
    merged: Mapping[str, Sequence[str]] | None = None,
    hidden: Sequence[str] = (),
    mac_1904: bool = False,
) -> bytes:
    """Return a workbook; "" is an empty cell, text stays text and dates are real dates."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    if mac_1904:
        book.epoch = CALENDAR_MAC_1904
    for title, table in sheets.items():
        sheet = book.create_sheet(title)
        for row in table:
            sheet.append([None if cell == "" else cell for cell in row])
        for cells in (merged or {}).get(title, ()):
            sheet.merge_cells(cells)
        if title in hidden:
            sheet.sheet_state = "hidden"
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def zip_bytes(members: Mapping[str, bytes]) -> bytes:
    """Return a zip archive."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def with_members(workbook: bytes, members: Mapping[str, bytes]) -> bytes:
    """Return a workbook with some of its zip members replaced or added."""
    with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
        old = {name: archive.read(name) for name in archive.namelist()}
    return zip_bytes({**old, **members})


def ods_bytes(table: Table) -> bytes:
    """Return a minimal OpenDocument spreadsheet of one sheet."""

    def cell(value: Any) -> str:
        if value == "":
            return "<table:table-cell/>"
        if isinstance(value, date):
            about = f'office:value-type="date" office:date-value="{value.isoformat()}"'
        elif isinstance(value, int | float):
            about = f'office:value-type="float" office:value="{value}"'
        else:
            about = 'office:value-type="string"'
        return f"<table:table-cell {about}><text:p>{value}</text:p></table:table-cell>"

    rows = "".join(f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in table)
    urn = "urn:oasis:names:tc:opendocument:xmlns"
    content = (
        '<?xml version="1.0" encoding="UTF-8"?><office:document-content '
        f'xmlns:office="{urn}:office:1.0" xmlns:table="{urn}:table:1.0" '
        f'xmlns:text="{urn}:text:1.0" office:version="1.2"><office:body><office:spreadsheet>'
        f'<table:table table:name="Visits">{rows}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = (
        f'<?xml version="1.0" encoding="UTF-8"?><manifest:manifest '
        f'xmlns:manifest="{urn}:manifest:1.0" manifest:version="1.2">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/>'
        '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/>'
        "</manifest:manifest>"
    )
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("mimetype"), kind)
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", manifest)
    return stream.getvalue()


def stored_by(write: Callable[[Path], None], suffix: str) -> bytes:
    """Return what a library writes that can only write to a path."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"data{suffix}"
        write(path)
        return path.read_bytes()


def xpt_bytes(table: Table, name: str) -> bytes:
    """Return a SAS transport file (version 5)."""
    frame = pd.DataFrame(table[1:], columns=table[0])
    return stored_by(
        lambda path: pyreadstat.write_xport(
            frame, str(path), table_name=name, file_format_version=5
        ),
        ".xpt",
    )


def biff_bytes(table: Table) -> bytes:
    """Return an Excel 97-2003 workbook of one sheet (BIFF8 in a compound file)."""

    def record(kind: int, content: bytes = b"") -> bytes:
        return struct.pack("<HH", kind, len(content)) + content

    def start(kind: int) -> bytes:
        return record(0x0809, struct.pack("<HHHHII", 0x0600, kind, 0x0DBB, 0x07CC, 0, 6))

    def cell(row: int, column: int, value: Any) -> bytes:
        if value == "":
            return b""
        style = int(isinstance(value, date))
        place = struct.pack("<HHH", row, column, style)
        if isinstance(value, date):
            value = (date(value.year, value.month, value.day) - EXCEL_EPOCH).days
        if isinstance(value, int | float):
            return record(0x0203, place + struct.pack("<d", value))
        return record(0x0204, place + struct.pack("<HB", len(value), 1) + value.encode("utf-16-le"))

    style_of = [record(0x00E0, struct.pack("<HH", 0, number) + bytes(16)) for number in (0, 14)]
    before = start(0x0005) + record(0x0042, struct.pack("<H", 1200)) + b"".join(style_of)
    name = struct.pack("<BB", 6, 0) + b"Visits"
    after = record(0x000A)
    offset = len(before) + 4 + 6 + len(name) + len(after)
    sheet = start(0x0010)
    sheet += record(0x0200, struct.pack("<IIHHH", 0, len(table), 0, len(table[0]), 0))
    for row, values_of_row in enumerate(table):
        sheet += b"".join(cell(row, column, v) for column, v in enumerate(values_of_row))
    stream = before + record(0x0085, struct.pack("<IBB", offset, 0, 0) + name) + after
    stream += sheet + record(0x000A)

    # Sector 0 is the allocation table, sector 1 the directory, the stream follows.
    stream += bytes(-len(stream) % 512)
    sectors = len(stream) // 512
    if not 8 <= sectors <= 126:
        raise ValueError("the stream does not fit one allocation sector")
    free, end = 0xFFFFFFFF, 0xFFFFFFFE
    chain = [0xFFFFFFFD, end, *range(3, sectors + 2), end]
    allocation = struct.pack("<128I", *chain, *[free] * (128 - len(chain)))

    def entry(title: str, kind: int, child: int, first: int, size: int) -> bytes:
        text = title.encode("utf-16-le")
        about = struct.pack("<HBBIII", len(text) + 2 if text else 0, kind, 1, free, free, child)
        return text.ljust(64, b"\0") + about + bytes(36) + struct.pack("<IQ", first, size)

    directory = entry("Root Entry", 5, 1, end, 0) + entry("Workbook", 2, free, 2, len(stream))
    directory += entry("", 0, free, 0, 0) * 2
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, end, 0, end, 0)
    header += struct.pack("<109I", 0, *[free] * 108)
    return header + allocation + directory + stream


# ------------------------------------------------------------------------------------------------
# Cases
# ------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Case:
    """Files uploaded together and what an honest reader makes of them.

    Parameters
    ----------
    files
        Content by file name.
    rows
        Expected table; None for a case that must be rejected.
    basis
        ``date``, ``day`` or ``month``: which time is compared.
    transplants
        Expected dates per patient; empty means they are not compared.
    either
        Keys (patient, endpoint, date, values) where more than one table is honest.
    """

    name: str
    group: str
    what: str
    files: Mapping[str, bytes]
    verdict: str = "load"
    rows: Sequence[Row] | None = None
    basis: str = "date"
    transplants: Mapping[str, list[str]] = field(default_factory=dict)
    accept_also: Sequence[str] = ()
    must_flag: Sequence[str] = ()
    questions: Mapping[str, str] = field(default_factory=dict)
    reject_reasons: Sequence[str] = ()
    id_map: Mapping[str, str] = field(default_factory=dict)
    either: Sequence[tuple[str, str, str, list[float]]] = ()
    tolerance_days: float = 0.0
    tolerance_value: float = 1e-6
    notes: str = ""

    def expectation(self) -> dict[str, Any]:
        """Return the content of ``CASE.expect.json``."""
        expect: dict[str, Any] = {
            "name": self.name,
            "files": list(self.files),
            "group": self.group,
            "what": self.what,
            "verdict": self.verdict,
        }
        if self.rows is not None:
            expect |= {
                "time_basis": self.basis,
                "expected_csv": f"expected/{self.name}.csv",
                "n_rows": len(self.rows),
                "transplants": dict(self.transplants),
                "tolerance": {"value": self.tolerance_value, "days": self.tolerance_days},
            }
        optional = {
            "accept_also": list(self.accept_also),
            "must_flag": list(self.must_flag),
            "questions": [{"code": c, "answer": a} for c, a in self.questions.items()],
            "reject_reasons": list(self.reject_reasons),
            "id_map": dict(self.id_map),
            "conflicts": [
                {"patient_id": p, "endpoint": e, "visit_date": d, "values": v}
                for p, e, d, v in self.either
            ],
            "notes": self.notes,
        }
        return expect | {key: value for key, value in optional.items() if value}

    def table(self) -> Table:
        """Return the expected table in the columns of its time basis."""
        column = {"date": "visit_date", "day": "day_rel", "month": "month"}[self.basis]
        table: Table = [["patient_id", "endpoint", column, "value"]]
        for row in self.rows or ():
            time = {"date": iso(row.date), "day": row.day, "month": f"{row.month:g}"}[self.basis]
            table.append([row.patient, row.endpoint, time, row.value])
        return table


def one(name: str, group: str, what: str, content: bytes, **about: Any) -> Case:
    """Return a case of one file, which gives the case its name."""
    return Case(name, group, what, {name: content}, **about)


def tidy(
    visits: Sequence[Visit] = VISITS,
    *,
    visit_text: Callable[[date], Any] = iso,
    transplant_text: Callable[[date], Any] | None = None,
    header: Sequence[str] = (
        "patient_id",
        "visit_date",
        "transplant_date",
        "ALSFRS_R_total",
        "FVC_L",
        "FVC_pct",
    ),
    number: Callable[[str], Any] = str,
    identity: Callable[[str], Any] = str,
) -> Table:
    """Return the tidy long table, one row per visit."""
    of_transplant = transplant_text or visit_text
    table: Table = [list(header)]
    for visit in visits:
        values = [number(value) for value in (visit.total, visit.fvc_l, visit.fvc_pct)]
        when = [visit_text(visit.date), of_transplant(transplant_of(visit))]
        table.append([identity(visit.patient), *when, *values])
    return table


def cell_number(text: str) -> Any:
    """Return a number for a cell of a workbook, "" where there is none."""
    return float(text) if "." in text else int(text) if text else ""


def real(day: date) -> datetime:
    """Return a real date for a cell of a workbook."""
    return datetime(day.year, day.month, day.day)


TYPED: Mapping[str, Any] = {"visit_text": real, "number": cell_number}


def with_columns(table: Table, columns: Mapping[str, Sequence[Any]]) -> Table:
    """Return a table with columns added at the right."""
    head = [*table[0], *columns]
    added = zip(*columns.values(), strict=True)
    return [head, *([*row, *more] for row, more in zip(table[1:], added, strict=True))]


def standard(name: str, group: str, what: str, content: bytes, **about: Any) -> Case:
    """Return a case of one file that holds the three endpoints, dates and first transplants."""
    settings: dict[str, Any] = {"rows": rows_of(), "transplants": transplants_of()}
    return one(name, group, what, content, **(settings | about))


def dates() -> list[Case]:
    """Return cases about how times are written."""
    group = "dates"

    def csv_case(name: str, what: str, text: Callable[[date], Any], **about: Any) -> Case:
        return standard(name, group, what, csv_bytes(tidy(visit_text=text)), **about)

    asks = ["ask"]
    cases = [
        csv_case("D01_dmy_slash.csv", "d/m/Y, decided by days over 12", dmy, accept_also=asks),
        csv_case(
            "D03_two_digit_year.csv",
            "dd.mm.yy",
            lambda day: f"{day:%d.%m.%y}",
            accept_also=asks,
        ),
        csv_case("D04_date9.csv", "SAS DATE9", lambda day: f"{day:%d%b%Y}".upper()),
        csv_case("D05_month_names.csv", "17 Aug 2020", lambda day: f"{day:%d %b %Y}"),
        csv_case(
            "D09_excel_serials.csv",
            "dates as Excel serial numbers in a CSV",
            lambda day: (day - EXCEL_EPOCH).days,
            accept_also=asks,
        ),
        csv_case("D12_iso_with_time.csv", "ISO with time", lambda day: f"{day}T09:30:00"),
        csv_case("D26_weekday_names.csv", "Monday, 17 August 2020", lambda d: f"{d:%A, %d %B %Y}"),
        csv_case("D27_compact_iso.csv", "20200817", lambda day: f"{day:%Y%m%d}", accept_also=asks),
        csv_case(
            "D28_german_months.csv",
            "17. August 2020 with German month names",
            lambda day: f"{day.day}. {GERMAN_MONTHS[day.month - 1]} {day.year}",
            accept_also=asks,
        ),
        csv_case("D29_ymd_slash.csv", "2020/8/17", lambda day: f"{day.year}/{day.month}/{day.day}"),
        csv_case(
            "D30_mdy_two_digit_year_time.csv",
            "8/17/20 0:00, decided by days over 12",
            lambda day: f"{day.month}/{day.day}/{day:%y} 0:00",
            accept_also=asks,
        ),
        standard(
            "D08_excel_real_dates.xlsx",
            group,
            "real dates in a workbook",
            xlsx_bytes({"Sheet1": tidy(**TYPED)}),
        ),
        standard(
            "D10_epoch_1904.xlsx",
            group,
            "real dates in a workbook of the 1904 epoch",
            xlsx_bytes({"Sheet1": tidy(**TYPED)}, mac_1904=True),
        ),
    ]

    mixed = tidy(**TYPED)
    for index, row in enumerate(mixed[1:]):
        if index % 3 == 0:
            row[1] = f"{row[1]:%d.%m.%Y}"
        elif index % 7 == 0:
            row[1] = f"{row[1]:%Y-%m-%d}"
    cases.append(
        standard(
            "D11_text_and_real_dates.xlsx",
            group,
            "real dates, dd.mm.yyyy text and ISO text in one column",
            xlsx_bytes({"Sheet1": mixed}),
            accept_also=asks,
        )
    )

    site = [1 if visit.patient <= "P08" else 2 for visit in VISITS]
    per_site = tidy()
    for row, visit, where in zip(per_site[1:], VISITS, site, strict=True):
        text = dmy if where == 1 else mdy
        row[1:3] = [text(visit.date), text(transplant_of(visit))]
    cases.append(
        standard(
            "D14_order_per_site.csv",
            group,
            "site 1 writes d/m/Y, site 2 m/d/Y",
            csv_bytes(with_columns(per_site, {"site": site})),
            verdict="ask",
            questions={"DATE_ORDER_INCONSISTENT": "1=dmy,2=mdy"},
        )
    )

    early = [visit for visit in VISITS if visit.date.day <= 12]
    present = list(dict.fromkeys(visit.patient for visit in early))
    cases.append(
        standard(
            "D15_transplant_column_decides.csv",
            group,
            "no visit after the 12th of a month; the transplant column has days over 12 in d/m/Y",
            csv_bytes(tidy(early, visit_text=dmy)),
            rows=rows_of(early),
            transplants=transplants_of(present),
            accept_also=asks,
            questions={"DATE_ORDER": "dmy"},
        )
    )

    def relative(
        name: str,
        what: str,
        columns: Mapping[str, Callable[[Visit], Any]],
        visits: Sequence[Visit] = VISITS,
        **about: Any,
    ) -> Case:
        table: Table = [["patient_id", *columns, "ALSFRS_R_total", "FVC_L", "FVC_pct"]]
        for visit in visits:
            when = [text(visit) for text in columns.values()]
            table.append([visit.patient, *when, visit.total, visit.fvc_l, visit.fvc_pct])
        settings: dict[str, Any] = {"basis": "day", "rows": rows_of(visits)}
        return one(name, group, what, csv_bytes(table), **(settings | about))

    def enrolment(visit: Visit) -> date:
        return transplant_of(visit) + timedelta(ENROLMENT_DAY[visit.patient])

    def months(days: float) -> str:
        return f"{days / MONTH_DAYS:.2f}"

    def onset_days(visit: Visit) -> int:
        return (visit.date - PATIENTS[visit.patient].onset).days

    after = [visit for visit in VISITS if visit.day > 0]
    cases += [
        relative(
            "D16_days_since_enrolment_dates.csv",
            "days since enrolment; enrolment_date and transplant_date beside",
            {
                "days_since_enrolment": since_enrolment,
                "enrolment_date": enrolment,
                "transplant_date": transplant_of,
            },
            transplants=transplants_of(),
            accept_also=asks,
            questions={"DAY_ORIGIN": "enrolment"},
        ),
        relative(
            "D17_days_since_enrolment_transplant_day.csv",
            "days since enrolment; transplant_day on the same clock",
            {
                "days_since_enrolment": since_enrolment,
                "transplant_day": lambda visit: -ENROLMENT_DAY[visit.patient],
            },
            accept_also=asks,
            questions={"DAY_ORIGIN": "enrolment"},
        ),
        relative(
            "D18_months_since_onset.csv",
            "months since symptom onset; months from onset to transplant beside",
            {
                "months_since_onset": lambda visit: months(onset_days(visit)),
                "onset_to_transplant_months": lambda v: months(onset_days(v) - v.day),
            },
            accept_also=asks,
            tolerance_days=1.5,
            questions={"DAY_ORIGIN": "onset"},
        ),
        relative(
            "D19_bare_day.csv",
            "a column 'day' without negatives, no dates: days of what?",
            {"day": lambda visit: visit.day},
            after,
            verdict="ask",
            questions={"DAY_ORIGIN": "transplant"},
        ),
        relative(
            "D20_study_day_no_zero.csv",
            "study day without day 0; the header says that day 1 is the transplantation",
            {"Study day (day 1 = transplantation)": lambda v: v.day + (v.day >= 0)},
            accept_also=asks,
        ),
        relative(
            "D21_unicode_minus_months.csv",
            "decimal months from transplant with U+2212",
            {"Months from transplant": lambda v: months(v.day).replace("-", "\u2212")},
            tolerance_days=1.5,
        ),
        relative(
            "D31_weeks.csv",
            "weeks from transplantation, one decimal",
            {"weeks_from_transplant": lambda visit: f"{visit.day / 7:.1f}"},
            tolerance_days=1.5,
            accept_also=asks,
        ),
        relative(
            "D32_date_and_study_day.csv",
            "visit and transplant dates with a study day without day 0 beside: dates count",
            {
                "ADT": lambda visit: iso(visit.date),
                "TRTSDT": transplant_of,
                "ADY": lambda visit: visit.day + (visit.day >= 0),
            },
            basis="date",
            transplants=transplants_of(),
        ),
        relative(
            "D22_visit_labels.csv",
            "visits as labels: Baseline, Month 3, Month -4",
            {
                "Visit": lambda v: f"Month {v.month}" if v.month else "Baseline",
                "Date of transplantation": transplant_of,
            },
            basis="month",
            transplants=transplants_of(),
            accept_also=asks,
        ),
        relative(
            "D33_short_visit_labels.csv",
            "visits as labels: M-6, D0, M+3",
            {
                "Visit": lambda v: f"M{v.month:+d}" if v.month else "D0",
                "Transplant date": transplant_of,
            },
            basis="month",
            transplants=transplants_of(),
            accept_also=asks,
        ),
    ]

    persian = ("کد بیمار", "تاریخ ارزیابی", "تاریخ پیوند", "نمره ALSFRS-R", "FVC (لیتر)", "FVC (٪)")

    def month_name(day: date) -> str:
        day_of = JalaliDate(day)
        text = f"{day_of.day} {PERSIAN_MONTHS[day_of.month - 1]} {day_of.year}"
        return text.translate(PERSIAN_DIGITS)

    for name, what, text in (
        ("D23_jalali_two_digit.csv", "Jalali yy/mm/dd", lambda day: jalali(day)[2:]),
        ("D24_jalali_month_names.csv", "Jalali with month names and Persian digits", month_name),
        ("D34_jalali_ascii.csv", "Jalali yyyy-mm-dd in a plain CSV", lambda d: str(JalaliDate(d))),
        (
            "D35_jalali_dmy.csv",
            "Jalali d/m/yyyy",
            lambda day: "/".join(reversed(jalali(day).split("/"))),
        ),
    ):
        cases.append(
            standard(
                name,
                group,
                what,
                csv_bytes(tidy(visit_text=text, header=persian), encoding="utf-8-sig"),
                accept_also=asks,
                questions={"CALENDAR": "jalali"},
            )
        )

    partial = tidy()
    cut = [4, 40, 90]
    for index in cut:
        partial[index + 1][1] = partial[index + 1][1][:7]
    partial[91][1] = partial[91][1][:4]
    cases.append(
        standard(
            "D25_partial_dates.csv",
            group,
            "three visit dates are only a month or a year: not to be completed",
            csv_bytes(partial),
            verdict="load_flagged",
            must_flag=["INVALID_DATE"],
            rows=rows_of([v for i, v in enumerate(VISITS) if i not in cut]),
            accept_also=asks,
        )
    )
    return cases


def encodings() -> list[Case]:
    """Return cases about bytes, separators and signs."""
    group = "encoding"
    plain = tidy()

    def text(name: str, what: str, content: bytes, **about: Any) -> Case:
        return standard(name, group, what, content, **about)

    def comma(value: str) -> str:
        return value.replace(".", ",")

    arabic = [plain[0]] + [[str(c).translate(ARABIC_DIGITS) for c in row[1:]] for row in plain[1:]]
    for row, visit in zip(arabic[1:], VISITS, strict=True):
        row.insert(0, visit.patient)
    widths = [max(len(str(row[i])) for row in plain) + 2 for i in range(6)]
    fixed = "\n".join(
        "".join(str(c).ljust(w) for c, w in zip(r, widths, strict=True)) for r in plain
    )
    notes = ["two\nlines, and a comma" if i % 5 == 0 else 'said "fine"' for i in range(len(VISITS))]
    odd = ("Patient\u00a0ID", "Visit\u200cdate", "Transplant\u00a0date", "ALSFRS\u2011R\u00a0total")
    german = (
        "Patient",
        "Datum",
        "Transplantation",
        "ALSFRS-R gesamt",
        "FVC (l)",
        "FVC (% Soll)",
    )
    french = ("Numéro", "Date de visite", "Date de greffe", "Score ALSFRS-R", "CVF (L)", "CVF (%)")
    yeh = ("كد بيمار", "تاريخ ويزيت", "تاريخ پيوند", "ALSFRS-R", "FVC L", "FVC %")
    return [
        text("E02_utf8_bom.csv", "UTF-8 with BOM", csv_bytes(plain, encoding="utf-8-sig")),
        text("E03_utf16_le_tab.txt", "Excel 'Unicode text'", csv_bytes(plain, "\t", "utf-16")),
        text(
            "E05_utf16_be.csv",
            "UTF-16 BE with BOM",
            b"\xfe\xff" + csv_bytes(plain, ",", "utf-16-be"),
        ),
        text(
            "E06_cp1256_jalali.csv",
            "cp1256, Persian headers with Arabic letters, Jalali dates",
            csv_bytes(tidy(visit_text=jalali, header=yeh), encoding="cp1256"),
            accept_also=["ask"],
            questions={"CALENDAR": "jalali"},
        ),
        text("E07_tab.tsv", "tab", csv_bytes(plain, "\t")),
        text("E08_pipe.txt", "pipe", csv_bytes(plain, "|")),
        text("E09_sep_line.csv", "a first line sep=;", b"sep=;\r\n" + csv_bytes(plain, ";")),
        text("E10_fixed_width.txt", "fixed width", fixed.encode(), accept_also=["ask"]),
        text("E11_cr_only.csv", "CR line ends", csv_bytes(plain, newline="\r")),
        text(
            "E12_latin1_french.csv",
            "latin-1, French headers, ; and decimal comma, dd/mm/yyyy",
            csv_bytes(tidy(visit_text=dmy, header=french, number=comma), ";", "latin-1"),
            accept_also=["ask"],
        ),
        text("E13_arabic_digits.csv", "Arabic-Indic digits in dates and scores", csv_bytes(arabic)),
        text(
            "E14_nbsp_zwnj_headers.csv",
            "NBSP, ZWNJ and no-break hyphen in headers",
            csv_bytes(tidy(header=(*odd, "FVC\u00a0(L)", "FVC\u00a0(%)"))),
        ),
        text(
            "E15_tab_decimal_comma.txt",
            "tab with decimal comma, dd.mm.yyyy",
            csv_bytes(
                tidy(visit_text=lambda d: f"{d:%d.%m.%Y}", header=german, number=comma), "\t"
            ),
        ),
        text(
            "E16_quoted_newlines.csv",
            "line ends, commas and quotes inside quoted notes",
            csv_bytes(with_columns(plain, {"comment": notes})),
        ),
        text(
            "E17_comma_and_decimal_comma.csv",
            "comma separated, decimal comma quoted",
            csv_bytes(tidy(number=comma)),
        ),
        text(
            "E18_nbsp_in_cells.csv",
            "NBSP and blanks around every cell",
            csv_bytes([plain[0]] + [[f"\u00a0{c} " if c else "" for c in r] for r in plain[1:]]),
        ),
        text(
            "E19_trailing_separators.csv",
            "every line ends in three empty cells, empty lines between patients",
            csv_bytes(
                [
                    line
                    for i, row in enumerate(plain)
                    for line in ([[""] * 9] if i > 1 and row[0] != plain[i - 1][0] else [])
                    + [[*row, "", "", ""]]
                ]
            ),
        ),
    ]


def wide_cell(name: str, month: int, endpoint: str) -> Any:
    """Return the value at a nominal month as a number, "" where there was no visit."""
    found = [visit for visit in OF[name] if visit.month == month]
    return cell_number(found[0].value(endpoint)) if found else ""


def by_patient(cells: Callable[[Patient], list[Any]]) -> Table:
    """Return one row per patient."""
    return [cells(patient) for patient in PATIENTS.values()]


def layouts() -> list[Case]:
    """Return cases about the shape of tables."""
    group = "layout"
    asks = ["ask"]
    first = transplants_of()
    als_pct = rows_of(endpoints=ALS_PCT)
    most = max(len(visits) for visits in OF.values())

    def triplets(patient: Patient, text: Callable[[date], Any]) -> list[Any]:
        cells: list[Any] = []
        for visit in OF[patient.name]:
            cells += [text(visit.date), cell_number(visit.total), cell_number(visit.fvc_pct)]
        return cells + [""] * (3 * most - len(cells))

    def per_month(patient: Patient, *, measure_first: bool = True) -> list[Any]:
        pairs = [(e, m) for e in ALS_PCT for m in MONTHS]
        if not measure_first:
            pairs = [(e, m) for m in MONTHS for e in ALS_PCT]
        return [wide_cell(patient.name, month, endpoint) for endpoint, month in pairs]

    numbered = [f"V{i}_{m}" for i in range(1, most + 1) for m in ("date", "ALSFRSR", "FVC")]
    month_rows: Table = [["Patient", *NAMES]]
    month_rows += [["Transplant date", *(real(p.transplant) for p in PATIENTS.values())]]
    for endpoint, label in (("ALSFRSR", "ALSFRS-R"), ("FVC_PCT", "FVC %")):
        month_rows += [
            [f"{label} month {m}", *(wide_cell(n, m, endpoint) for n in NAMES)] for m in MONTHS
        ]

    spss = [f"{stem}_{'m' if m < 0 else 'p'}{abs(m)}" for stem in ("alsfrs", "fvc") for m in MONTHS]
    spaced = [f"{stem} {m} mo" for stem in ("ALSFRS-R", "FVC%") for m in MONTHS]
    visit_head = ["Visit date", "ALSFRS-R", "FVC (L)", "FVC (%)"]

    def visit_cells(visit: Visit) -> list[Any]:
        return [real(visit.date), *map(cell_number, (visit.total, visit.fvc_l, visit.fvc_pct))]

    def patient_sheet(name: str, *, identity: bool) -> Table:
        table: Table = [["Patient ID:", name]] if identity else []
        when = real(PATIENTS[name].transplant)
        if identity:
            return [
                *table,
                ["Transplant date:", when],
                [],
                visit_head,
                *map(visit_cells, OF[name]),
            ]
        return [[*visit_head, "Transplant date"], *([*visit_cells(v), when] for v in OF[name])]

    demographics: Table = [["ID", "Sex", "Age", "Symptom onset", "Transplant date"]]
    demographics += by_patient(lambda p: [p.name, p.sex, p.age, real(p.onset), real(p.transplant)])
    visits: Table = [["ID", *visit_head], *([v.patient, *visit_cells(v)] for v in VISITS)]
    procedures: Table = [["ID", "Procedure", "Procedure date"]]
    for patient in PATIENTS.values():
        for when in patient.transplants:
            aspiration = real(when - timedelta(20))
            procedures.append([patient.name, "Bone marrow aspiration", aspiration])
            procedures.append([patient.name, "MSC transplantation (intrathecal)", real(when)])

    eav: Table = [["id", "date", "variable", "value"]]
    for name in NAMES:
        eav.append([name, iso(PATIENTS[name].transplant), "transplantation", "done"])
        for visit in OF[name]:
            for variable, value in (
                ("ALSFRS-R total", visit.total),
                ("FVC (L)", visit.fvc_l),
                ("FVC (% predicted)", visit.fvc_pct),
            ):
                if value:
                    eav.append([name, iso(visit.date), variable, value])

    blocks = tidy()
    for index in range(len(blocks) - 1, 1, -1):
        if blocks[index][0] == blocks[index - 1][0]:
            blocks[index][0] = blocks[index][2] = ""
    typed_blocks = tidy(**TYPED)
    ranges, start = [], 2
    for name in NAMES:
        end = start + len(OF[name]) - 1
        ranges += [f"A{start}:A{end}", f"C{start}:C{end}"]
        start = end + 1

    sub_head = ["bulbar", "fine motor", "gross motor", "respiratory"]
    subscores = {head: [visit.subscores[i] for visit in VISITS] for i, head in enumerate(sub_head)}
    old = [
        [*row[:3], row[3] - 1 if i and row[3] else row[3], *row[4:]]
        for i, row in enumerate(tidy(**TYPED))
    ]
    titled: Table = [
        ["ALSFRS-R and FVC of the MSC trial"],
        ["Figure 2: source data"],
        [],
        ["Patient", "Visit date", "Transplant date", "ALSFRS-R", "FVC", "FVC"],
        ["", "(date)", "(date)", "(points)", "(L)", "(% pred.)"],
        *tidy(**TYPED)[1:],
    ]
    beside: Table = [
        ["ID", "Visit date", "Transplant date", "ALSFRS-R", "", "ID", "Visit date", "FVC %"]
    ]
    for visit in VISITS:
        left = [
            visit.patient,
            real(visit.date),
            real(transplant_of(visit)),
            cell_number(visit.total),
        ]
        beside.append([*left, "", visit.patient, real(visit.date), cell_number(visit.fvc_pct)])
    stacked: Table = [["ALSFRS-R"], ["ID", "Visit date", "Transplant date", "ALSFRS-R total"]]
    stacked += [row[:4] for row in beside[1:]]
    stacked += [[], ["Forced vital capacity"], ["ID", "Visit date", "FVC (%)"]]
    stacked += [row[5:] for row in beside[1:]]

    shuffled = tidy()
    shuffled[1:] = sorted(shuffled[1:], key=lambda row: zlib.crc32(repr(row).encode()))
    sites = {
        f"L24_site_{part}.csv": csv_bytes(
            tidy([v for v in VISITS if (v.patient <= "P08") == (part == 1)])
        )
        for part in (1, 2)
    }
    separate = {
        "L17_alsfrs.csv": csv_bytes(
            [["patient", "date", "ALSFRS-R"], *([v.patient, iso(v.date), v.total] for v in VISITS)]
        ),
        "L17_fvc.csv": csv_bytes(
            [
                ["patient", "date", "FVC_L", "FVC_pct"],
                *([v.patient, iso(v.date), v.fvc_l, v.fvc_pct] for v in VISITS if v.fvc_l),
            ]
        ),
        "L17_patients.csv": csv_bytes(
            [
                ["patient", "sex", "transplant_date"],
                *by_patient(lambda p: [p.name, p.sex, iso(p.transplant)]),
            ]
        ),
    }
    indented: Table = [[], [], *([["", "", *row] for row in tidy(**TYPED)])]
    letters = {month: openpyxl.utils.get_column_letter(3 + 2 * i) for i, month in enumerate(MONTHS)}
    wide_month: dict[str, Any] = {"rows": als_pct, "basis": "month"}
    several: dict[str, Any] = {
        "transplants": transplants_of(first=False),
        "verdict": "load_flagged",
        "must_flag": ["MULTIPLE_TRANSPLANTS"],
    }
    formulas = openpyxl.Workbook()
    formulas.active.append(["ID", "Visit date", "Transplant date", *ITEM_NAMES, "ALSFRS-R total"])
    for number, visit in enumerate(VISITS, start=2):
        formulas.active.append(
            [
                visit.patient,
                real(visit.date),
                real(transplant_of(visit)),
                *visit.items,
                f"=SUM(D{number}:O{number})",
            ]
        )
    uncached = io.BytesIO()
    formulas.save(uncached)
    return [
        standard(
            "L03_visit_triplets.csv",
            group,
            "one row per patient: V1_date, V1_ALSFRSR, V1_FVC, ...",
            csv_bytes(
                [
                    ["ID", "transplant_date", *numbered],
                    *by_patient(lambda p: [p.name, iso(p.transplant), *triplets(p, iso)]),
                ]
            ),
            rows=als_pct,
            accept_also=asks,
        ),
        standard(
            "L05_repeated_triplets.xlsx",
            group,
            "one row per patient, the headers Date, ALSFRS-R, FVC % repeat",
            xlsx_bytes(
                {
                    "Data": [
                        ["ID", "Transplantation", *(["Date", "ALSFRS-R", "FVC %"] * most)],
                        *by_patient(lambda p: [p.name, real(p.transplant), *triplets(p, real)]),
                    ]
                }
            ),
            rows=als_pct,
            accept_also=asks,
        ),
        standard(
            "L06_transposed.xlsx",
            group,
            "patients as columns",
            xlsx_bytes({"Data": month_rows}),
            accept_also=asks,
            **wide_month,
        ),
        standard(
            "L07_merged_measures_over_months.xlsx",
            group,
            "merged two-row header: ALSFRS-R / FVC (%) over months",
            xlsx_bytes(
                {
                    "Data": [
                        ["Patient", "Transplant date", "ALSFRS-R", *[""] * 8, "FVC (%)", *[""] * 8],
                        ["", "", *[f"{m:+d} mo" if m else "0" for m in MONTHS] * 2],
                        *by_patient(lambda p: [p.name, real(p.transplant), *per_month(p)]),
                    ]
                },
                merged={"Data": ["A1:A2", "B1:B2", "C1:K1", "L1:T1"]},
            ),
            **wide_month,
        ),
        standard(
            "L09_merged_months_over_measures.xlsx",
            group,
            "merged two-row header: months over ALSFRS-R, FVC %",
            xlsx_bytes(
                {
                    "Data": [
                        [
                            "Patient",
                            "Transplant date",
                            *(t for m in MONTHS for t in (f"Month {m}", "")),
                        ],
                        ["", "", *["ALSFRS-R", "FVC %"] * len(MONTHS)],
                        *by_patient(
                            lambda p: [
                                p.name,
                                real(p.transplant),
                                *per_month(p, measure_first=False),
                            ]
                        ),
                    ]
                },
                merged={
                    "Data": [
                        "A1:A2",
                        "B1:B2",
                        *(
                            f"{letters[m]}1:{openpyxl.utils.get_column_letter(4 + 2 * i)}1"
                            for i, m in enumerate(MONTHS)
                        ),
                    ]
                },
            ),
            **wide_month,
        ),
        standard(
            "L10_sheet_per_patient_name.xlsx",
            group,
            "a sheet per patient; the ID is the sheet name",
            xlsx_bytes({name: patient_sheet(name, identity=False) for name in NAMES}),
        ),
        standard(
            "L11_sheet_per_patient_b1.xlsx",
            group,
            "a sheet per patient; ID in B1, transplant date in B2",
            xlsx_bytes(
                {f"Sheet{i}": patient_sheet(n, identity=True) for i, n in enumerate(NAMES, 1)}
            ),
            accept_also=asks,
        ),
        standard(
            "L12_patients_visits_procedures.xlsx",
            group,
            "three sheets; procedures hold aspirations (no transplants) and transplantations",
            xlsx_bytes(
                {
                    "Patients": [row[:4] for row in demographics],
                    "Visits": visits,
                    "Procedures": procedures,
                }
            ),
            **several,
        ),
        standard(
            "L13_eav.csv", group, "id, date, variable, value", csv_bytes(eav), accept_also=asks
        ),
        standard(
            "L14_spss_wide.csv",
            group,
            "alsfrs_m6 is month -6, alsfrs_p6 month 6",
            csv_bytes(
                [
                    ["id", "txdate", *spss],
                    *by_patient(lambda p: [p.name, iso(p.transplant), *per_month(p)]),
                ]
            ),
            accept_also=asks,
            **wide_month,
        ),
        standard(
            "L15_id_on_first_row.csv",
            group,
            "ID and transplant date only on the first row of a patient",
            csv_bytes(blocks),
            accept_also=["ask", "load_flagged"],
            notes="The first row of each block has the ID; blank below means the same patient.",
        ),
        standard(
            "L16_merged_id_cells.xlsx",
            group,
            "ID and transplant date in merged cells",
            xlsx_bytes({"Data": typed_blocks}, merged={"Data": ranges}),
        ),
        Case(
            "L17_separate_files",
            group,
            "alsfrs.csv, fvc.csv and patients.csv uploaded together",
            separate,
            rows=rows_of(),
            transplants=first,
        ),
        standard(
            "L18_total_and_subscores.csv",
            group,
            "total and the four subscores",
            csv_bytes(with_columns(tidy(), subscores)),
        ),
        standard(
            "L19_hidden_old_sheet.xlsx",
            group,
            "a hidden sheet holds older, different totals",
            xlsx_bytes({"old": old, "Data": tidy(**TYPED)}, hidden=["old"]),
        ),
        standard(
            "L20_notes_sheet.xlsx",
            group,
            "sheets of notes and a code list around the data",
            xlsx_bytes(
                {
                    "Notes": [["Written by the nurse"], ["FVC = forced vital capacity"]],
                    "Data": tidy(**TYPED),
                    "Codes": [["Code", "Meaning"], [1, "male"], [2, "female"]],
                }
            ),
        ),
        standard(
            "L21_title_and_units.xlsx",
            group,
            "title lines above, units in a row below the header",
            xlsx_bytes({"Fig 2": titled}),
        ),
        standard(
            "L22_tables_side_by_side.xlsx",
            group,
            "two tables on one sheet, an empty column between",
            xlsx_bytes({"Data": beside}),
            rows=als_pct,
            accept_also=asks,
        ),
        standard(
            "L23_tables_stacked.xlsx",
            group,
            "two tables on one sheet, one below the other",
            xlsx_bytes({"Data": stacked}),
            rows=als_pct,
            accept_also=asks,
        ),
        Case(
            "L24_file_per_site",
            group,
            "two files of the same columns",
            sites,
            rows=rows_of(),
            transplants=first,
        ),
        standard(
            "L25_wide_mo.csv",
            group,
            "ALSFRS-R -6 mo, FVC% 3 mo",
            csv_bytes(
                [
                    ["Patient", "Tx date", *spaced],
                    *by_patient(lambda p: [p.name, iso(p.transplant), *per_month(p)]),
                ]
            ),
            **wide_month,
        ),
        standard("L26_shuffled_rows.csv", group, "rows in no order", csv_bytes(shuffled)),
        standard(
            "L27_table_not_at_a1.xlsx",
            group,
            "the table starts in C3",
            xlsx_bytes({"Data": indented}),
        ),
        standard(
            "L28_uncached_formulas.xlsx",
            group,
            "totals are formulas without a stored value; the items are there",
            stored(uncached),
            rows=rows_of(endpoints=ALS),
            accept_also=asks,
        ),
        standard(
            "L29_sheet_per_endpoint.xlsx",
            group,
            "a wide sheet for ALSFRS-R, one for FVC %, one for patients",
            xlsx_bytes(
                {
                    "Patients": demographics,
                    "ALSFRS-R": [
                        ["ID", *(f"Month {m}" for m in MONTHS)],
                        *by_patient(lambda p: [p.name, *per_month(p)[:9]]),
                    ],
                    "FVC (%)": [
                        ["ID", *(f"Month {m}" for m in MONTHS)],
                        *by_patient(lambda p: [p.name, *per_month(p)[9:]]),
                    ],
                }
            ),
            accept_also=asks,
            **wide_month,
        ),
        standard(
            "L30_mean_rows_between.xlsx",
            group,
            "a row of means under each patient",
            xlsx_bytes(
                {
                    "Data": [
                        tidy()[0],
                        *(
                            line
                            for name in NAMES
                            for line in [
                                *tidy(OF[name], **TYPED)[1:],
                                ["Mean", "", "", 30.5, 2.9, 75.5],
                            ]
                        ),
                    ]
                }
            ),
            accept_also=asks,
        ),
    ]


def stored(stream: io.BytesIO) -> bytes:
    """Return what was written to a stream."""
    return stream.getvalue()


def standards() -> list[Case]:
    """Return cases in the shapes of known systems and file formats."""
    group = "standards"
    asks = ["ask"]
    first = transplants_of()
    to_name = {subject: name for name, subject in SUBJECT.items()}

    def case(name: str, what: str, files: Mapping[str, bytes], **about: Any) -> Case:
        settings: dict[str, Any] = {"rows": rows_of(), "transplants": first, "id_map": to_name}
        return Case(name, group, what, files, **(settings | about))

    # REDCap, labels
    labels = ["Record ID", "Event Name", "Repeat Instrument", "Repeat Instance"]
    labels += ["Date of transplantation", "Complete?", "Date of ALSFRS-R assessment"]
    labels += [f"{i}. {name}" for i, name in enumerate(ITEM_NAMES, 1)]
    labels += ["ALSFRS-R total score", "Complete?", "Date of spirometry"]
    labels += ["FVC (litres)", "FVC (% predicted)", "Complete?"]
    words = ["Loss of function", "Severe", "Moderate", "Mild", "Normal"]
    redcap: Table = [labels]
    for patient in PATIENTS.values():
        subject = SUBJECT[patient.name]
        when = [iso(patient.transplant), "Complete"]
        redcap.append([subject, "Transplantation", "", "", *when, *[""] * 18])
        for visit in OF[patient.name]:
            cells: list[Any] = [subject, f"Month {visit.month}", "", "", "", "", iso(visit.date)]
            cells += [*(words[item] for item in visit.items), visit.total, "Complete"]
            cells += [
                iso(visit.date) if visit.fvc_l else "",
                visit.fvc_l,
                visit.fvc_pct,
                "Complete",
            ]
            redcap.append(cells)

    # ADaM
    adam: Table = [
        [
            "STUDYID",
            "USUBJID",
            "PARAMCD",
            "PARAM",
            "AVAL",
            "ADT",
            "ADY",
            "AVISIT",
            "AVISITN",
            "ABLFL",
            "DTYPE",
            "TRTSDT",
        ]
    ]
    parameters = (
        ("ALSFRSR", "ALSFRS-R Total Score", "ALSFRSR"),
        ("FVC", "Forced Vital Capacity (L)", "FVC_L"),
        ("FVCPP", "Percent Predicted Forced Vital Capacity (%)", "FVC_PCT"),
    )
    for name in NAMES:
        start = PATIENTS[name].transplant
        trtsdt = (start - SAS_EPOCH).days
        for code, label, endpoint in parameters:
            last = ""
            for number, month in enumerate(MONTHS, 1):
                found = [visit for visit in OF[name] if visit.month == month]
                value = found[0].value(endpoint) if found else ""
                if not value and not (last and month > 3):
                    continue
                seen = found[0].date if found else start + timedelta(round(month * MONTH_DAYS))
                day = (seen - start).days
                adam.append(
                    [
                        "MSC-01",
                        SUBJECT[name],
                        code,
                        label,
                        float(value or last),
                        (seen - SAS_EPOCH).days,
                        day + (day >= 0),
                        f"Month {month}",
                        number,
                        "Y" if month == 0 else "",
                        "" if value else "LOCF",
                        trtsdt,
                    ]
                )
                last = value or last
    adam_about: dict[str, Any] = {
        "verdict": "load_flagged",
        "must_flag": ["IMPUTED_ROWS_EXCLUDED"],
        "accept_also": asks,
    }

    # SDTM
    def findings(prefix: str, category: str, *, total: bool, items: bool) -> Table:
        columns = ("SEQ", "TESTCD", "TEST", "CAT", "ORRES", "STRESN", "DTC", "DY")
        table: Table = [
            ["STUDYID", "DOMAIN", "USUBJID", *(prefix + c for c in columns), "VISITNUM"]
        ]
        for name in NAMES:
            sequence = 0
            for number, visit in enumerate(OF[name], 1):
                scores: list[tuple[str, str, float]] = []
                if items:
                    scores += [
                        (f"ALSFR1{i:02d}", f"ALSFR1-{label}", float(score))
                        for i, (label, score) in enumerate(
                            zip(ITEM_NAMES, visit.items, strict=True), 1
                        )
                    ]
                if total:
                    scores.append(("ALSFR113", "ALSFR1-Total Score", float(visit.total)))
                for code, label, score in scores:
                    sequence += 1
                    table.append(
                        [
                            "MSC-01",
                            prefix,
                            SUBJECT[name],
                            sequence,
                            code,
                            label,
                            category,
                            f"{score:g}",
                            score,
                            iso(visit.date),
                            visit.day + (visit.day >= 0),
                            number,
                        ]
                    )
        return table

    re: Table = [
        [
            "STUDYID",
            "DOMAIN",
            "USUBJID",
            "RESEQ",
            "RETESTCD",
            "RETEST",
            "REORRES",
            "REORRESU",
            "RESTRESN",
            "RESTRESU",
            "REDTC",
        ]
    ]
    for name in NAMES:
        for visit in OF[name]:
            for code, label, text, unit in (
                ("FVC", "Forced Vital Capacity", visit.fvc_l, "L"),
                ("FVCPP", "Percent Predicted Forced Vital Capacity", visit.fvc_pct, "%"),
                ("SVC", "Slow Vital Capacity", visit.svc_l, "L"),
            ):
                if text:
                    re.append(
                        [
                            "MSC-01",
                            "RE",
                            SUBJECT[name],
                            len(re),
                            code,
                            label,
                            text,
                            unit,
                            float(text),
                            unit,
                            iso(visit.date),
                        ]
                    )
    dm: Table = [["STUDYID", "DOMAIN", "USUBJID", "SUBJID", "RFSTDTC", "DTHDTC", "AGE", "SEX"]]
    dm += by_patient(
        lambda p: (
            [
                "MSC-01",
                "DM",
                SUBJECT[p.name],
                p.name[1:],
                iso(p.transplant),
                iso(p.death) if p.death else "",
                p.age,
                p.sex,
            ]
        )
    )
    pr: Table = [["STUDYID", "DOMAIN", "USUBJID", "PRSEQ", "PRTRT", "PRSTDTC"]]
    for patient in PATIENTS.values():
        for given in patient.transplants:
            for label, done in (
                ("BONE MARROW ASPIRATION", given - timedelta(20)),
                ("MSC TRANSPLANTATION", given),
            ):
                pr.append(["MSC-01", "PR", SUBJECT[patient.name], len(pr), label, iso(done)])
    both_dates = transplants_of(first=False)

    # NeuroBANK
    neuro: Table = [
        [
            "Participant_ID",
            "SubjectUID",
            "Form_Name",
            "Visit_Name",
            "Visit_Date",
            "alsfdn",
            "alsfrs1",
            "alsfrs2",
            "alsfrs3",
            "alsfrs4",
            "alsfrs5",
            "alsfrs5a",
            "alsfrs5b",
            "alsfrs6",
            "alsfrs7",
            "alsfrs8",
            "alsfrs9",
            "alsfrsr1",
            "alsfrsr2",
            "alsfrsr3",
            "alsfrsdt",
            "alsfrst",
        ]
    ]
    capacity: Table = [
        [
            "Participant_ID",
            "SubjectUID",
            "Form_Name",
            "Visit_Name",
            "Visit_Date",
            "fvcl1",
            "fvcl2",
            "fvcl3",
            "fvcp1",
            "fvcp2",
            "fvcp3",
            "svcl1",
            "svcp1",
            "vctyp",
        ]
    ]
    for visit in VISITS:
        start_cells = [SUBJECT[visit.patient], f"NB{visit.patient}"]
        day_no = since_enrolment(visit)
        cells = visit.items_5a_5b
        switch = 1 if visit.gastrostomy else 2
        neuro.append(
            [
                *start_cells,
                "ALSFRS-R",
                f"Visit {visit.month}",
                day_no,
                1,
                *cells[:4],
                switch,
                *cells[4:],
                day_no,
                visit.total,
            ]
        )
        if visit.fvc_l:
            worse = f"{float(visit.fvc_l) - 0.05:.2f}"
            worse_pct = f"{float(visit.fvc_pct) - 1.5:.1f}"
            capacity.append(
                [
                    *start_cells,
                    "Vital Capacity",
                    f"Visit {visit.month}",
                    day_no,
                    worse,
                    visit.fvc_l,
                    worse,
                    worse_pct,
                    visit.fvc_pct,
                    worse_pct,
                    visit.svc_l,
                    "",
                    "",
                ]
            )
    therapy = [
        ["Participant_ID", "SubjectUID", "Form_Name", "transplant_day"],
        *by_patient(
            lambda p: [SUBJECT[p.name], f"NB{p.name}", "Cell therapy", -ENROLMENT_DAY[p.name]]
        ),
    ]

    # NEALS
    ft_items = "speech saliva swallow hndwrit utenwog utenwg hygiene bedcloth walking stairs"
    ft_head = [f"{item}_ftorres" for item in f"{ft_items} dyspnea ortho respins".split()]
    ft: Table = [["subject_id", "ftdat", "ftadmin", "gastro_ftorres", *ft_head, "fttotal"]]
    vc: Table = [
        [
            "subject_id",
            "redat",
            "svctest",
            "svc_t1_reorres",
            "svc_t2_reorres",
            "svc_t3_reorres",
            "vcpp_reorres",
        ]
    ]
    for visit in VISITS:
        subject = SUBJECT[visit.patient]
        gastrostomy = 1 if visit.gastrostomy else 2
        ft.append([subject, iso(visit.date), 1, gastrostomy, *visit.items_5a_5b, visit.total])
        if visit.fvc_l:
            lower = f"{float(visit.fvc_l) - 0.06:.2f}"
            vc.append([subject, iso(visit.date), 2, lower, visit.fvc_l, lower, visit.fvc_pct])
            slow = f"{float(visit.fvc_pct) + 4:.1f}"
            vc.append([subject, iso(visit.date), 1, visit.svc_l, visit.svc_l, "", slow])
    treated = [
        ["subject_id", "transplant_date"],
        *by_patient(lambda p: [SUBJECT[p.name], iso(p.transplant)]),
    ]

    # DREAM, PRO-ACT
    dream: Table = [
        ["SubjectID", "form_name", "feature_name", "feature_value", "feature_unit", "feature_delta"]
    ]
    for name in NAMES:
        subject = SUBJECT[name]
        dream.append([subject, "Treatment", "treatment_group", "Active", "", -ENROLMENT_DAY[name]])
        for visit in OF[name]:
            delta = since_enrolment(visit)
            dream.append([subject, "ALSFRS", "ALSFRS_R_Total", visit.total, "", delta])
            if visit.fvc_l:
                dream.append([subject, "FVC", "fvc", visit.fvc_l, "L", delta])
                dream.append([subject, "FVC", "fvc_percent", visit.fvc_pct, "%", delta])
    pro_als: Table = [["subject_id", "ALSFRS_Delta", "ALSFRS_Total", "ALSFRS_R_Total"]]
    pro_fvc: Table = [
        [
            "subject_id",
            "Subject_Liters_Trial_1",
            "pct_of_Normal_Trial_1",
            "Subject_Liters_Trial_2",
            "subject_normal",
            "Forced_Vital_Capacity_Delta",
            "Forced_Vital_Capacity_Units",
        ]
    ]
    pro_rows = rows_of(endpoints=ALS)
    for visit in VISITS:
        subject = SUBJECT[visit.patient]
        pro_als.append([subject, since_enrolment(visit), "", visit.total])
        percent = visit.patient <= "P05"
        pro_rows += rows_of([visit], ["FVC_PCT" if percent else "FVC_L"])
        value = visit.fvc_pct if percent else visit.fvc_l
        if value:
            unit = "Percent Predicted" if percent else "Liters"
            pro_fvc.append([subject, value, "", "", "", since_enrolment(visit), unit])
    pro_tx = [
        ["subject_id", "Study_Arm", "Treatment_Group_Delta"],
        *by_patient(lambda p: [SUBJECT[p.name], "Active", -ENROLMENT_DAY[p.name]]),
    ]

    # Statistics packages: text dates are avoided, the columns hold date objects
    head = ["patid", "visdate", "txdate", "alsfrsr", "fvc_l", "fvcpp"]
    frame = pd.DataFrame(
        {
            "patid": [visit.patient for visit in VISITS],
            "visdate": pd.Series([visit.date for visit in VISITS], dtype=object),
            "txdate": pd.Series([transplant_of(visit) for visit in VISITS], dtype=object),
            "alsfrsr": [float(visit.total) for visit in VISITS],
            "fvc_l": [float(visit.fvc_l or "nan") for visit in VISITS],
            "fvcpp": [float(visit.fvc_pct or "nan") for visit in VISITS],
        }
    )
    column_labels: list[str | None] = [
        "Patient",
        "Date of visit",
        "Date of transplantation",
        "ALSFRS-R total",
    ]
    column_labels += ["FVC (litres)", "FVC (% predicted)"]
    sav = stored_by(
        lambda path: pyreadstat.write_sav(frame, str(path), column_labels=column_labels), ".sav"
    )
    dta = stored_by(
        lambda path: pyreadstat.write_dta(frame, str(path), column_labels=column_labels), ".dta"
    )
    wide_names = [f"{s}_{'m' if m < 0 else 'p'}{abs(m)}" for s in ("alsfrs", "fvc") for m in MONTHS]
    wide_labels = [f"{s} month {m}" for s in ("ALSFRS-R", "FVC % predicted") for m in MONTHS]
    wide_frame = pd.DataFrame(
        by_patient(
            lambda p: (
                [p.name, p.transplant]
                + [float(wide_cell(p.name, m, e) or "nan") for e in ALS_PCT for m in MONTHS]
            )
        ),
        columns=["id", "txdate", *wide_names],
    )
    wide_frame["txdate"] = wide_frame["txdate"].astype(object)
    wide_sav = stored_by(
        lambda path: pyreadstat.write_sav(
            wide_frame, str(path), column_labels=["Patient", "Transplant date", *wide_labels]
        ),
        ".sav",
    )
    html = "".join(
        f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in tidy(header=head)
    )
    page = f"<html><head><meta charset='utf-8'></head><body><table>{html}</table></body></html>"

    target_als: Table = [
        [
            "subject_id",
            "visit_date",
            "transplant_date",
            "alsfrs_r_score_total",
            "fvc_l",
            "fvc_pred",
            "fvc_percent_pred",
        ]
    ]
    movr: Table = [
        [
            "patient",
            "alsfrsdt",
            "transplant_date",
            "speech",
            "slvatn",
            "swallow",
            "handwrit",
            "gstrstmy",
            "cutting",
            "drshygn",
            "turnbed",
            "walking",
            "clmbstrs",
            "dyspnea",
            "orthopnea",
            "respinsf",
            "alsfrstl",
        ]
    ]
    for visit in VISITS:
        when = [iso(visit.date), iso(transplant_of(visit))]
        predicted = f"{float(visit.fvc_l) / float(visit.fvc_pct) * 100:.2f}" if visit.fvc_l else ""
        target_als.append(
            [visit.patient, *when, visit.total, visit.fvc_l, predicted, visit.fvc_pct]
        )
        movr.append(
            [
                visit.patient,
                *when,
                *visit.items[:4],
                int(visit.gastrostomy),
                *visit.items[4:],
                visit.total,
            ]
        )
    own: dict[str, Any] = {"id_map": {}}
    relative: dict[str, Any] = {"basis": "day", "transplants": {}, "accept_also": asks}
    return [
        case(
            "S02_redcap_labels.csv",
            "REDCap export with labels, three columns 'Complete?', BOM",
            {"S02_redcap_labels.csv": csv_bytes(redcap, encoding="utf-8-sig")},
        ),
        case(
            "S04_adam_adqs.csv",
            "ADaM BDS in CSV: SAS day numbers, LOCF rows",
            {"S04_adam_adqs.csv": csv_bytes(adam)},
            **adam_about,
        ),
        case(
            "S06_adam_adqs.xpt",
            "ADaM BDS in XPT: SAS day numbers, LOCF rows",
            {"S06_adam_adqs.xpt": xpt_bytes(adam, "ADQS")},
            **adam_about,
        ),
        case(
            "S07_sdtm_csv_pr",
            "SDTM in CSV, transplant in PR beside aspirations",
            {
                "S07_dm.csv": csv_bytes(dm),
                "S07_pr.csv": csv_bytes(pr),
                "S07_qs.csv": csv_bytes(findings("QS", "ALSFRS-R", total=True, items=True)),
                "S07_re.csv": csv_bytes(re),
            },
            transplants=both_dates,
        ),
        case(
            "S08_sdtm_ft",
            "ALSFRS-R in FT; DM.RFSTDTC is the transplant, PR has both",
            {
                "S08_dm.csv": csv_bytes(dm),
                "S08_pr.csv": csv_bytes(pr),
                "S08_ft.csv": csv_bytes(findings("FT", "ALSFRS-R", total=True, items=False)),
            },
            rows=rows_of(endpoints=ALS),
            transplants=both_dates,
        ),
        case(
            "S09_sdtm_items_only",
            "QS with the 12 items and no total, XPT",
            {
                "S09_dm.xpt": xpt_bytes(dm, "DM"),
                "S09_pr.xpt": xpt_bytes(pr, "PR"),
                "S09_qs.xpt": xpt_bytes(findings("QS", "ALSFRS-R", total=False, items=True), "QS"),
            },
            rows=rows_of(endpoints=ALS),
            transplants=both_dates,
        ),
        case(
            "S10_neurobank",
            "NeuroBANK forms, relative days, transplant day in a third file",
            {
                "S10_ALSFRS_R.csv": csv_bytes(neuro),
                "S10_Vital_Capacity.csv": csv_bytes(capacity),
                "S10_Cell_Therapy.csv": csv_bytes(therapy),
            },
            **relative,
        ),
        case(
            "S11_neals",
            "NEALS forms: svctest 2 is FVC although the columns are called svc_",
            {
                "S11_ft.csv": csv_bytes(ft),
                "S11_vc.csv": csv_bytes(vc),
                "S11_transplants.csv": csv_bytes(treated),
            },
            accept_also=asks,
        ),
        case(
            "S12_dream_long.txt",
            "DREAM long form, pipe; treatment_group's delta is the transplant",
            {"S12_dream_long.txt": csv_bytes(dream, "|")},
            **relative,
        ),
        case(
            "S13_proact_percent_predicted",
            "PRO-ACT: with 'Percent Predicted' the litres column is the percentage (P01 to P05)",
            {
                "S13_alsfrs.csv": csv_bytes(pro_als),
                "S13_fvc.csv": csv_bytes(pro_fvc),
                "S13_treatment.csv": csv_bytes(pro_tx),
            },
            rows=pro_rows,
            **relative,
        ),
        case("S14_spss.sav", "SPSS, long", {"S14_spss.sav": sav}, **own),
        case("S15_stata.dta", "Stata, long", {"S15_stata.dta": dta}, **own),
        case(
            "S19_spss_wide.sav",
            "SPSS, wide; the variable labels name the months",
            {"S19_spss_wide.sav": wide_sav},
            rows=rows_of(endpoints=ALS_PCT),
            basis="month",
            **own,
        ),
        case(
            "S16_zip.zip",
            "a zip of two CSVs",
            {
                "S16_zip.zip": zip_bytes(
                    {
                        "visits.csv": csv_bytes([row[:2] + row[3:] for row in tidy()]),
                        "patients.csv": csv_bytes(
                            [
                                ["patient_id", "sex", "transplant_date"],
                                *by_patient(lambda p: [p.name, p.sex, iso(p.transplant)]),
                            ]
                        ),
                    }
                )
            },
            **own,
        ),
        case(
            "S17_ods.ods",
            "OpenDocument",
            {
                "S17_ods.ods": ods_bytes(
                    [
                        tidy()[0],
                        *(
                            [r[0], v.date, transplant_of(v), *map(cell_number, r[3:])]
                            for r, v in zip(tidy()[1:], VISITS, strict=True)
                        ),
                    ]
                )
            },
            **own,
        ),
        case("S18_html.xls", "an HTML table called .xls", {"S18_html.xls": page.encode()}, **own),
        case(
            "S22_excel_97.xls",
            "Excel 97-2003 with real dates",
            {"S22_excel_97.xls": biff_bytes(tidy(**TYPED))},
            **own,
        ),
        case(
            "S20_target_als.csv",
            "Target ALS names; fvc_pred is litres predicted and not read",
            {"S20_target_als.csv": csv_bytes(target_als)},
            **own,
        ),
        case(
            "S21_movr.csv",
            "MDA MOVR names",
            {"S21_movr.csv": csv_bytes(movr)},
            rows=rows_of(endpoints=ALS),
            **own,
        ),
    ]


def values() -> list[Case]:
    """Return cases about scores, units and vital capacity."""
    group = "values"
    asks = ["ask"]
    head = ["patient_id", "visit_date", "transplant_date"]

    def case(
        name: str,
        what: str,
        columns: Mapping[str, Callable[[Visit], Any]],
        endpoints: Sequence[str] = ALS_PCT,
        **about: Any,
    ) -> Case:
        table: Table = [[*head, *columns]]
        for visit in VISITS:
            when = [iso(visit.date), iso(transplant_of(visit))]
            table.append([visit.patient, *when, *(cell(visit) for cell in columns.values())])
        content = csv_bytes(table)
        if name.endswith(".xlsx"):
            content = xlsx_bytes({"Data": table})
        settings: dict[str, Any] = {"rows": rows_of(endpoints=endpoints)}
        return standard(name, group, what, content, **(settings | about))

    def total(visit: Visit) -> str:
        return visit.total

    def scaled(text: str, factor: float, digits: int) -> str:
        return f"{float(text) * factor:.{digits}f}" if text else ""

    def unit_of(visit: Visit) -> str:
        return "FVC_L" if visit.patient in {"P03", "P06", "P09"} else "FVC_PCT"

    def predicted(visit: Visit) -> str:
        if not visit.fvc_l:
            return ""
        return f"{float(visit.fvc_l) / float(visit.fvc_pct) * 100:.2f}"

    def suffixed(text: str, suffix: str) -> str:
        return f"{text}{suffix}" if text else ""

    def item(number: int) -> Callable[[Visit], Any]:
        return lambda visit: visit.items[number]

    def without_walking(visit: Visit) -> Any:
        return "" if VISITS.index(visit) in {10, 60} else visit.items[7]

    def item_label(number: int) -> Callable[[Visit], str]:
        words = ["none", "severe", "moderate", "mild", "normal"]
        return lambda visit: f"{visit.items[number]} - {words[visit.items[number]]}"

    def subscore(number: int) -> Callable[[Visit], int]:
        return lambda visit: visit.subscores[number]

    def thirteen(number: int, *, stale: bool = False) -> Callable[[Visit], Any]:
        def cell(visit: Visit) -> Any:
            if stale and number == 4 and visit.gastrostomy:
                return 2
            return visit.items_5a_5b[number]

        return cell

    item_heads = [f"{i}. {name}" for i, name in enumerate(ITEM_NAMES, 1)]
    heads13 = ["Q1", "Q2", "Q3", "Q4", "Q5a", "Q5b", "Q6", "Q7", "Q8", "Q9", "R1", "R2", "R3"]
    both = {name: thirteen(i, stale=True) for i, name in enumerate(heads13)}
    original_heads = [
        "Q1_Speech",
        "Q2_Salivation",
        "Q3_Swallowing",
        "Q4_Handwriting",
        "Q5_Cutting",
        "Q6_Dressing_and_Hygiene",
        "Q7_Turning_in_Bed",
        "Q8_Walking",
        "Q9_Climbing_Stairs",
        "Q10_Respiratory",
    ]

    def total40(visit: Visit) -> int:
        return sum(visit.items[:10])

    rows40 = [Row(v.patient, "ALSFRS40", v.date, v.day, v.month, str(total40(v))) for v in VISITS]
    original: dict[str, Any] = {
        "rows": rows40,
        "verdict": "load_flagged",
        "must_flag": ["ALSFRS_ORIGINAL_SCALE"],
        "accept_also": ["reject", "ask"],
        "reject_reasons": ["ALSFRS_ORIGINAL_SCALE"],
    }
    wrong = VISITS[40]
    typed = VISITS[7]
    starred = {3, 20, 55, 77}
    by_value = [row for v in VISITS for row in rows_of([v], ["ALSFRSR", unit_of(v)])]
    seconds = xlsx_bytes(
        {
            "Data": [
                ["Patient", "Visit", "Transplant", "ALSFRS-R", "FVC", "FVC"],
                ["", "date", "date", "points", "litres", "% predicted"],
                *tidy(**TYPED)[1:],
            ]
        }
    )
    dead = tidy()
    dead.append(["P07", "2020-06-15", iso(PATIENTS["P07"].transplant), "deceased", "died", "dead"])
    persian = [tidy()[0]] + [
        [row[0], *(str(cell).translate(PERSIAN_DIGITS) for cell in row[1:])] for row in tidy()[1:]
    ]
    fev1 = {
        "ALSFRS-R": total,
        "FVC (L)": lambda v: v.fvc_l,
        "FVC % pred": lambda v: v.fvc_pct,
        "FEV1 (L)": lambda v: scaled(v.fvc_l, 0.8, 2),
        "FEV1 % pred": lambda v: scaled(v.fvc_pct, 0.97, 1),
        "FEV1/FVC": lambda v: "80.0" if v.fvc_l else "",
        "PEF (L/s)": lambda v: scaled(v.fvc_l, 1.9, 2),
    }
    return [
        case(
            "V03_fraction.csv",
            "FVC 0.977: fraction or litres?",
            {"ALSFRS-R": total, "FVC": lambda v: scaled(v.fvc_pct, 0.01, 3)},
            verdict="ask",
            questions={"FVC_UNIT": "fraction"},
        ),
        case(
            "V04_litres_by_value.csv",
            "a column called FVC holds 1 to 5: litres",
            {"ALSFRS-R": total, "FVC": lambda v: v.fvc_l},
            ALS_L,
            accept_also=asks,
            questions={"FVC_UNIT": "litres"},
        ),
        case(
            "V06_mixed_units_unflagged.csv",
            "one FVC column, litres for three patients and percent for the others",
            {"ALSFRS-R": total, "FVC": lambda v: v.value(unit_of(v))},
            rows=by_value,
            verdict="ask",
            questions={"FVC_UNIT_MIXED": "by_value"},
        ),
        standard("V07_unit_in_row_two.xlsx", group, "units in header row two", seconds),
        case(
            "V09_millilitres.csv",
            "FVC (ml)",
            {"ALSFRS-R": total, "FVC (ml)": lambda v: scaled(v.fvc_l, 1000, 0)},
            ALS_L,
            accept_also=asks,
        ),
        case(
            "V10_svc_beside.csv",
            "SVC stands beside FVC and is not FVC",
            {
                "ALSFRS-R": total,
                "SVC (L)": lambda v: v.svc_l,
                "SVC (%)": lambda v: scaled(v.fvc_pct, 1.04, 1),
                "FVC (L)": lambda v: v.fvc_l,
                "FVC (%)": lambda v: v.fvc_pct,
            },
            ALL,
        ),
        case("V11_fev1_beside.csv", "FEV1, FEV1/FVC and PEF stand beside FVC", fev1, ALL),
        case(
            "V12_three_trials.csv",
            "three trials; the best is the value, and it is not the first",
            {
                "ALSFRS-R": total,
                "FVC_L_trial_1": lambda v: scaled(v.fvc_l, 0.97, 2),
                "FVC_L_trial_2": lambda v: v.fvc_l,
                "FVC_L_trial_3": lambda v: scaled(v.fvc_l, 0.95, 2) if v.day % 2 else "",
            },
            ALS_L,
            accept_also=asks,
        ),
        case(
            "V13_percent_text.csv",
            "82.5%",
            {"ALSFRS-R": total, "FVC": lambda v: suffixed(v.fvc_pct, "%")},
        ),
        case(
            "V14_percent_predicted_text.csv",
            "82.5 %pred",
            {"ALSFRS-R": total, "FVC": lambda v: suffixed(v.fvc_pct, " %pred")},
        ),
        case(
            "V15_decimal_comma_text.xlsx",
            "numbers are text with decimal comma in a workbook",
            {
                "ALSFRS-R": total,
                "FVC (L)": lambda v: v.fvc_l.replace(".", ","),
                "FVC (%)": lambda v: v.fvc_pct.replace(".", ","),
            },
            ALL,
        ),
        standard(
            "V16_persian_digits.csv", group, "Persian digits, Gregorian dates", csv_bytes(persian)
        ),
        case(
            "V17_annotated.csv",
            "four totals carry a star",
            {
                "ALSFRS-R": lambda v: f"{v.total}*" if VISITS.index(v) in starred else v.total,
                "FVC (%)": lambda v: v.fvc_pct,
            },
            verdict="load_flagged",
            must_flag=["ANNOTATED_VALUES"],
            accept_also=asks,
        ),
        case(
            "V18_item_labels.csv",
            "items as '3 - mild', no total",
            {name: item_label(i) for i, name in enumerate(item_heads)},
            ALS,
        ),
        case(
            "V19_5a_5b_both_with_total.csv",
            "a stale 5a beside 5b after gastrostomy; total and gastrostomy flag given",
            {"gastrostomy": lambda v: int(v.gastrostomy), **both, "ALSFRS-R total": total},
            ALS,
            accept_also=asks,
        ),
        case(
            "V20_5a_5b_both_no_total.csv",
            "a stale 5a beside 5b after gastrostomy; only the flag decides",
            {"gastrostomy": lambda v: int(v.gastrostomy), **both},
            ALS,
            accept_also=asks,
            either=[
                ("P13", "ALSFRSR", iso(v.date), [float(v.total)])
                for v in OF["P13"]
                if v.gastrostomy
            ],
            notes="To leave the visits of P13 with both cells out, and to say so, is honest too.",
        ),
        case(
            "V21_subscores_only.csv",
            "four subscores, no total",
            {
                "ALSFRS-R bulbar": subscore(0),
                "ALSFRS-R fine motor": subscore(1),
                "ALSFRS-R gross motor": subscore(2),
                "ALSFRS-R respiratory": subscore(3),
            },
            ALS,
            accept_also=asks,
        ),
        case(
            "V22_original_scale.csv",
            "original ALSFRS: ten items and a total up to 40",
            {**{n: item(i) for i, n in enumerate(original_heads)}, "ALSFRS_Total": total40},
            **original,
        ),
        case(
            "V26_original_scale_items.csv",
            "original ALSFRS: ten items, no total",
            {name: item(i) for i, name in enumerate(original_heads)},
            **original,
        ),
        case(
            "V23_total_mismatch.csv",
            "one total is not the sum of its items",
            {
                **{name: item(i) for i, name in enumerate(item_heads)},
                "ALSFRS-R total": lambda v: int(v.total) + (7 if v is wrong else 0),
            },
            ALS,
            verdict="load_flagged",
            must_flag=["TOTAL_MISMATCH"],
            accept_also=asks,
            either=[
                (
                    wrong.patient,
                    "ALSFRSR",
                    iso(wrong.date),
                    [float(wrong.total), float(wrong.total) + 7],
                )
            ],
        ),
        standard(
            "V24_death_words.csv",
            group,
            "deceased, died, dead in score cells",
            csv_bytes(dead),
            must_flag=["DEATH_TEXT"],
        ),
        case(
            "V25_percent_in_litres.csv",
            "one percentage typed into the litres column",
            {
                "ALSFRS-R": total,
                "FVC (L)": lambda v: v.fvc_pct if v is typed else v.fvc_l,
                "FVC (%)": lambda v: v.fvc_pct,
            },
            rows=[
                r
                for r in rows_of()
                if (r.patient, r.date, r.endpoint) != (typed.patient, typed.date, "FVC_L")
            ],
            verdict="load_flagged",
            must_flag=["OUT_OF_RANGE"],
            accept_also=asks,
        ),
        case(
            "V27_out_of_48.csv",
            "totals as 40/48",
            {"ALSFRS-R": lambda v: f"{v.total}/48", "FVC (%)": lambda v: v.fvc_pct},
            accept_also=asks,
        ),
        case(
            "V28_unit_in_cells.csv",
            "'3.19 L' and '97.7 %' in cells",
            {
                "ALSFRS-R": total,
                "FVC litres": lambda v: suffixed(v.fvc_l, " L"),
                "FVC predicted": lambda v: suffixed(v.fvc_pct, " %"),
            },
            ALL,
            accept_also=asks,
        ),
        case(
            "V29_predicted_litres_beside.csv",
            "FVC measured, FVC predicted (L) and percent: the predicted litres are not FVC",
            {
                "ALSFRS-R": total,
                "FVC measured (L)": lambda v: v.fvc_l,
                "FVC predicted (L)": predicted,
                "FVC % predicted": lambda v: v.fvc_pct,
            },
            ALL,
            accept_also=asks,
        ),
        case(
            "V30_change_beside.csv",
            "change from baseline stands beside the score",
            {
                "ALSFRS-R": total,
                "ALSFRS-R change from baseline": lambda v: (
                    int(v.total) - int(OF[v.patient][0].total)
                ),
                "FVC %": lambda v: v.fvc_pct,
                "FVC % change": lambda v: "-1.0" if v.fvc_pct else "",
            },
        ),
        case(
            "V31_one_missing_item.csv",
            "no total; item 8 is missing at two visits, which have no total then",
            {name: without_walking if i == 7 else item(i) for i, name in enumerate(item_heads)},
            rows=rows_of([v for i, v in enumerate(VISITS) if i not in {10, 60}], ALS),
            accept_also=asks,
        ),
    ]


def quality() -> list[Case]:
    """Return cases about what is wrong in the data."""
    group = "quality"
    asks = ["ask"]
    rows = rows_of()

    def case(name: str, what: str, table: Table, *flags: str, **about: Any) -> Case:
        settings: dict[str, Any] = {"accept_also": asks}
        if flags:
            settings |= {"verdict": "load_flagged", "must_flag": list(flags)}
        return standard(name, group, what, csv_bytes(table), **(settings | about))

    def variant(name: str, index: int) -> str:
        forms = (name, name.lower().replace("p0", "p"), f"P-{name[1:]}", f" {name} ")
        return forms[index % 4]

    variants = tidy()
    for index, row in enumerate(variants[1:]):
        row[0] = variant(row[0], index)

    clash = tidy()
    repeated = [v for v in OF["P02"] if v.fvc_l][:2]
    for visit in repeated:
        when = [iso(visit.date), iso(transplant_of(visit))]
        clash.append(["p-2", *when, int(visit.total) - 4, visit.fvc_l, visit.fvc_pct])
    differing = [
        ("P02", "ALSFRSR", iso(v.date), [float(v.total), float(v.total) - 4]) for v in repeated
    ]

    def blank(names: Mapping[str, str]) -> Table:
        table = tidy()
        for row in table[1:]:
            row[2] = names.get(row[0], row[2])
        return table

    missing = {"P02": "", "P08": "", "P13": ""}
    planned = {"P09": "planned", "P14": "scheduled for May"}

    def others(names: Iterable[str]) -> dict[str, list[str]]:
        return transplants_of([name for name in NAMES if name not in set(names)])

    deaths = [PATIENTS[v.patient].death for v in VISITS]
    alive = with_columns(tidy(), {"death_date": [iso(day) if day else "" for day in deaths]})
    late = PATIENTS["P07"].death or date.max
    seen = iso(late + timedelta(40))
    alive.append(["P07", seen, iso(PATIENTS["P07"].transplant), "12", "1.10", "30.1", iso(late)])

    typo = next(v for v in VISITS if v.date.year == 2021)
    wrong_year = tidy()
    mistyped = iso(typo.date).replace("2021", "2012")
    wrong_year[VISITS.index(typo) + 1][1] = mistyped

    doubled = tidy()
    doubled += [list(doubled[index]) for index in (2, 30, 31, 77)]
    conflicting = tidy()
    other = VISITS[50]
    conflicting.append([*conflicting[51][:3], int(other.total) - 5, *conflicting[51][4:]])
    without_id = tidy()
    without_id += [["", "2020-03-04", "2019-12-15", "30", "2.2", "70.0"]] * 2
    without_id += [["", "2020-05-04", "2019-12-15", "29", "2.1", "69.0"]]
    without_date = tidy()
    without_date += [["P02", "", "2019-12-15", "30", "2.2", "70.0"]]
    without_date += [["P05", "", "2020-05-13", "29", "", ""]]

    sheets = {
        "Patients": [
            ["ID", "Sex", "Transplant date"],
            *by_patient(lambda p: [p.name, p.sex, real(p.transplant)]),
        ],
        "Visits": [[row[0], row[1], *row[3:]] for row in tidy(**TYPED)],
    }
    sheets["Visits"][0][0] = "ID"
    empty = {**sheets, "Patients": [*sheets["Patients"], ["P16", "F", ""]]}
    two_rows = {
        "Visits": sheets["Visits"],
        "Transplants": [["ID", "Transplant date", "Cells (million)"]]
        + [[p.name, real(day), 60] for p in PATIENTS.values() for day in p.transplants],
    }
    padded = {
        "Patients": [
            ["ID", "Sex", "Transplant date"],
            *by_patient(lambda p: [f"0{p.name[1:]}", p.sex, real(p.transplant)]),
        ],
        "Visits": [sheets["Visits"][0]]
        + [[int(row[0][1:]), *row[1:]] for row in sheets["Visits"][1:]],
    }
    numbers = {str(int(name[1:])): name for name in NAMES}
    aspirations = {
        "bone marrow aspiration date": [
            iso(transplant_of(visit) - timedelta(20)) for visit in VISITS
        ],
        "onset_date": [iso(PATIENTS[visit.patient].onset) for visit in VISITS],
    }
    floats = tidy(**TYPED)
    for row in floats[1:]:
        row[0] = float(row[0][1:])
    same_day_text = tidy()
    for index in (5, 25, 45):
        same_day_text.append(list(same_day_text[index]))
        same_day_text[-1][3] = f"{same_day_text[-1][3]}.0"
    ids = {variant(name, i): name for name in NAMES for i in range(4)} | {"p-2": "P02"}
    return [
        case(
            "Q02_id_variants.csv",
            "P01, p1, P-01, ' P01 ' are one patient",
            variants,
            "ID_VARIANTS_MERGED",
        ),
        case(
            "Q04_id_merge_conflict.csv",
            "p-2 repeats two visits of P02 with other totals: the same patient?",
            clash,
            verdict="ask",
            questions={"ID_MERGE": "yes"},
            either=differing,
            id_map=ids,
        ),
        case(
            "Q05_missing_transplant.csv",
            "no transplant date for three patients",
            blank(missing),
            "NO_TRANSPLANT_DATE",
            transplants=others(missing),
        ),
        case(
            "Q07_transplant_planned.csv",
            "'planned' instead of a transplant date",
            blank(planned),
            "NO_TRANSPLANT_DATE",
            transplants=others(planned),
        ),
        case(
            "Q09_visit_after_death.csv",
            "a visit 40 days after death",
            alive,
            "VISIT_AFTER_DEATH",
            either=[
                ("P07", endpoint, seen, [value])
                for endpoint, value in (("ALSFRSR", 12.0), ("FVC_L", 1.1), ("FVC_PCT", 30.1))
            ],
            notes="Kept with the flag or set aside with the flag: both are honest.",
        ),
        case(
            "Q10_wrong_year.csv",
            "one visit in 2012 that was in 2021, years before any other",
            wrong_year,
            rows=[r for r in rows if (r.patient, r.date) != (typo.patient, typo.date)],
            verdict="load_flagged",
            either=[
                (typo.patient, endpoint, mistyped, [float(typo.value(endpoint) or 0)])
                for endpoint in ALL
            ],
            notes="No code of the contract fits alone; the row is kept or set aside, with a flag.",
        ),
        case("Q12_exact_duplicates.csv", "four rows twice", doubled, "EXACT_DUPLICATES"),
        case(
            "Q13_rows_without_id.csv",
            "three rows at the end without ID, not of the last patient",
            without_id,
            "ROW_WITHOUT_ID",
        ),
        case(
            "Q14_rows_without_date.csv", "two rows without date", without_date, "ROW_WITHOUT_DATE"
        ),
        standard(
            "Q15_no_visits.xlsx",
            group,
            "P16 stands in the patient list, not transplanted, and has no visits",
            xlsx_bytes(empty),
            verdict="load_flagged",
            must_flag=["NO_VISITS"],
            accept_also=asks,
        ),
        standard(
            "Q16_transplants_as_rows.xlsx",
            group,
            "a sheet with a row per transplant; two patients have two",
            xlsx_bytes(two_rows),
            verdict="load_flagged",
            must_flag=["MULTIPLE_TRANSPLANTS"],
            transplants=transplants_of(first=False),
        ),
        case(
            "Q17_patient_na.csv",
            "a patient is called NA",
            tidy(identity=lambda name: "NA" if name == "P05" else name),
            id_map={"NA": "P05"},
            accept_also=(),
        ),
        standard(
            "Q18_numeric_ids.xlsx",
            group,
            "IDs are the numbers 1.0 to 15.0",
            xlsx_bytes({"Data": floats}),
            id_map=numbers,
        ),
        case(
            "Q19_conflicting_duplicate.csv",
            "one visit twice with two totals",
            conflicting,
            "CONFLICTING_DUPLICATES",
            either=[
                (
                    other.patient,
                    "ALSFRSR",
                    iso(other.date),
                    [float(other.total), float(other.total) - 5],
                )
            ],
        ),
        standard(
            "Q20_text_and_number_ids.xlsx",
            group,
            "001 as text in one sheet, the number 1 in the other",
            xlsx_bytes(padded),
            verdict="load_flagged",
            must_flag=["ID_VARIANTS_MERGED"],
            accept_also=["ask", "load"],
            id_map={**numbers, **{f"0{name[1:]}": name for name in NAMES}},
        ),
        case(
            "Q21_aspiration_and_onset_beside.csv",
            "dates of aspiration and onset are not transplants",
            with_columns(tidy(), aspirations),
            accept_also=(),
        ),
        case(
            "Q22_duplicates_written_otherwise.csv",
            "three rows twice, the total once as 36 and once as 36.0",
            same_day_text,
            "EXACT_DUPLICATES",
        ),
        case(
            "Q23_subject_is_site_and_number.csv",
            "IDs 01-001 and 02-001 are two patients",
            tidy(identity=lambda n: f"0{1 + (n > 'P08')}-{(int(n[1:]) - 1) % 8 + 1:03d}"),
            id_map={f"0{1 + (n > 'P08')}-{(int(n[1:]) - 1) % 8 + 1:03d}": n for n in NAMES},
            accept_also=(),
        ),
    ]


def rejects() -> list[Case]:
    """Return cases that hold nothing to load, or not safely."""
    group = "reject"
    book = xlsx_bytes({"Data": tidy(**TYPED)})
    header = csv_bytes([tidy()[0]])

    def case(name: str, what: str, content: bytes, *reasons: str, **about: Any) -> Case:
        return one(
            name, group, what, content, **({"verdict": "reject", "reject_reasons": reasons} | about)
        )

    def chunk(kind: bytes, content: bytes) -> bytes:
        body = kind + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0))
    png += chunk(b"IDAT", zlib.compress(bytes(72))) + chunk(b"IEND", b"")
    pdf = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer << /Root 1 0 R >>\n%%EOF\n"
    types = '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/'
    docx = zip_bytes(
        {
            "[Content_Types].xml": (types + 'content-types"></Types>').encode(),
            "word/document.xml": b"<w:document xmlns:w='w'><w:body/></w:document>",
        }
    )
    locked = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + bytes(512)
    for stream in ("Root Entry", "EncryptionInfo", "EncryptedPackage"):
        locked += stream.encode("utf-16-le").ljust(128, b"\0")
    locked += bytes(4096)
    laughs = '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">'
    for depth in range(1, 10):
        inner = "&lol;" if depth == 1 else f"&lol{depth - 1};"
        laughs += f'<!ENTITY lol{depth} "{inner * 10}">'
    laughs += "]><sst xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main'>"
    laughs += "<si><t>&lol9;</t></si></sst>"
    external = "<?xml version='1.0'?><!DOCTYPE sst [<!ENTITY x SYSTEM 'file:///etc/hostname'>]>"
    external += "<sst xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main'>"
    external += "<si><t>&x;</t></si></sst>"
    sheet = "<?xml version='1.0'?><worksheet xmlns='http://schemas.openxmlformats.org/"
    sheet += "spreadsheetml/2006/main'><sheetData>"
    bomb = with_members(book, {"xl/worksheets/sheet1.xml": sheet.encode() + b" " * 300_000_000})
    columns = [f"x{i}" for i in range(20_000)]
    many = csv_bytes([["patient_id", "visit_date", *columns], ["P01", "2020-01-02", *[1] * 20_000]])
    many_xlsx = xlsx_bytes(
        {"Data": [["ID", "Visit date", *columns[:16_000]], ["P01", "2020-01-02", *[1] * 16_000]]}
    )
    means: Table = [["group", "month", "n", "ALSFRS-R mean", "ALSFRS-R SD", "FVC % mean"]]
    means += [["MSC", m, 15, f"{33.7 - m:.1f}", "5.2", f"{80 - 2 * m:.1f}"] for m in MONTHS]
    no_endpoint: Table = [["patient_id", "visit_date", "transplant_date", "weight", "creatinine"]]
    no_endpoint += [[v.patient, iso(v.date), iso(transplant_of(v)), 70, 0.9] for v in VISITS]
    no_time: Table = [["patient_id", "sex", "ALSFRS-R", "FVC %"]]
    no_time += [[v.patient, PATIENTS[v.patient].sex, v.total, v.fvc_pct] for v in VISITS]
    login = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body><form>"
    login += b"<input name='user'><input type='password'></form></body></html>"
    prose = "\n".join(
        f"Line {i} of a letter; it tells, at length, of nothing that could be a table."
        for i in range(40)
    )
    noise = bytes((i * 7919 + i // 3) % 256 for i in range(4096))
    long_field = tidy()
    long_field[0].append("comment")
    long_field[1].append("x" * 3_000_000)
    unclosed = csv_bytes(with_columns(tidy(), {"comment": [""] * len(VISITS)})).decode()
    lines = unclosed.split("\r\n")
    lines[10] += '"never closed'
    macro = {"xl/vbaProject.bin": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2048)}
    full: dict[str, Any] = {"rows": rows_of(), "transplants": transplants_of()}
    either = ["load", "load_flagged"]
    not_sheet = ("NOT_A_SPREADSHEET", "UNSUPPORTED_FORMAT")
    no_table = ("UNPARSEABLE", "NO_ENDPOINT", "NO_PATIENT_ID", "NO_TIME", "NOT_A_SPREADSHEET")
    return [
        case("R01_empty.csv", "no bytes", b"", "EMPTY"),
        case("R02_header_only.csv", "header, no rows", header, "NO_ROWS", "EMPTY"),
        case("R03_pdf_renamed.xlsx", "a PDF called .xlsx", pdf, *not_sheet),
        case("R05_png.csv", "a picture called .csv", png, *not_sheet, "NOT_TEXT"),
        case("R07_docx.docx", "a Word file", docx, *not_sheet),
        case("R08_encrypted.xlsx", "a workbook with a password", locked, "ENCRYPTED"),
        case("R10_no_endpoint.csv", "no score", csv_bytes(no_endpoint), "NO_ENDPOINT"),
        case("R11_no_time.csv", "neither dates nor months", csv_bytes(no_time), "NO_TIME"),
        case(
            "R12_aggregate.csv",
            "means per month",
            csv_bytes(means),
            "AGGREGATE_DATA",
            "NO_PATIENT_ID",
        ),
        case("R13_random_text.txt", "a letter", prose.encode(), *no_table, "UNSUPPORTED_FORMAT"),
        case(
            "R14_json.json",
            "JSON",
            json.dumps([{"id": "P01", "ALSFRS": 40}]).encode(),
            *no_table,
            "UNSUPPORTED_FORMAT",
        ),
        case("R15_20000_columns.csv", "20,002 columns", many, "TOO_MANY_COLUMNS"),
        case(
            "R16_16000_columns.xlsx",
            "16,002 columns",
            many_xlsx,
            "TOO_MANY_COLUMNS",
            "TOO_LARGE_DIMENSIONS",
        ),
        case(
            "R17_zip_traversal.zip",
            "members that would leave the folder",
            zip_bytes({"../../evil.csv": csv_bytes(tidy()), "/abs.csv": header}),
            "UNSAFE_ARCHIVE",
            accept_also=either,
        ),
        case(
            "R18_zip_bomb.xlsx",
            "300 MB of blanks in a sheet of 300 kB",
            bomb,
            "TOO_LARGE_UNCOMPRESSED",
            "UNSAFE_ARCHIVE",
        ),
        case(
            "R19_billion_laughs.xlsx",
            "entities in sharedStrings.xml",
            with_members(book, {"xl/sharedStrings.xml": laughs.encode()}),
            "UNSAFE_XML",
            "CORRUPT",
        ),
        case("R20_nul_binary.csv", "bytes, many NUL", bytes(2000) + noise, "NOT_TEXT", *not_sheet),
        case(
            "R21_login_page.xlsx",
            "the sign-in page of a server called .xlsx",
            login,
            "HTML_AS_XLS",
            "NOT_A_SPREADSHEET",
            "NO_ROWS",
        ),
        case(
            "R22_zip_of_pictures.zip",
            "a zip without tables",
            zip_bytes({"a.png": png, "b.png": png}),
            *not_sheet,
            "EMPTY",
            "NO_ROWS",
            "UNSAFE_ARCHIVE",
        ),
        case(
            "R23_macros.xlsm",
            "a workbook with macros: read without running them, or refused",
            with_members(book, macro),
            "MACROS",
            verdict="load",
            accept_also=["reject"],
            **full,
        ),
        case(
            "R24_field_too_large.csv",
            "a comment of 3 MB",
            csv_bytes([long_field[0], long_field[1], *([*r, ""] for r in long_field[2:])]),
            "FIELD_TOO_LARGE",
            verdict="load",
            accept_also=["reject"],
            **full,
        ),
        case(
            "R25_unclosed_quote.csv",
            "a quote that never closes swallows the rest: not to be loaded in silence",
            "\r\n".join(lines).encode(),
            "UNPARSEABLE",
            "CORRUPT",
            "FIELD_TOO_LARGE",
            accept_also=["ask", "load_flagged"],
        ),
        case(
            "R26_external_entity.xlsx",
            "an external entity in sharedStrings.xml",
            with_members(book, {"xl/sharedStrings.xml": external.encode()}),
            "UNSAFE_XML",
            "CORRUPT",
        ),
        case(
            "R27_blank_lines.csv",
            "only line ends and separators",
            b",,,\r\n" * 50,
            "EMPTY",
            "NO_ROWS",
        ),
        case(
            "R28_empty_workbook.xlsx",
            "a workbook of two empty sheets",
            xlsx_bytes({"Sheet1": [], "Sheet2": []}),
            "EMPTY",
            "NO_ROWS",
        ),
        case(
            "R29_truncated_zip.zip",
            "a zip cut in half",
            zip_bytes({"visits.csv": csv_bytes(tidy())})[:500],
            "CORRUPT",
        ),
        case(
            "R30_nul_in_text.csv",
            "a good table with a few NUL bytes in a comment",
            csv_bytes(with_columns(tidy(), {"comment": ["a\0b"] * len(VISITS)})),
            "NOT_TEXT",
            verdict="load",
            accept_also=["reject", "load_flagged"],
            **full,
        ),
    ]


def security() -> list[Case]:
    """Return cases about markup, formulas and data that identify persons."""
    group = "security"

    def renamed(name: str, what: str, form: Callable[[str], str], **about: Any) -> Case:
        table = tidy(identity=form)
        id_map = {form(patient): patient for patient in NAMES}
        return standard(name, group, what, csv_bytes(table), id_map=id_map, **about)

    def personal(
        name: str, what: str, columns: Mapping[str, Callable[[int, Patient], str]], *flags: str
    ) -> Case:
        numbers = {patient: i for i, patient in enumerate(NAMES)}
        added = {
            head: [text(numbers[v.patient], PATIENTS[v.patient]) for v in VISITS]
            for head, text in columns.items()
        }
        return standard(
            name,
            group,
            what,
            csv_bytes(with_columns(tidy(), added), encoding="utf-8-sig"),
            verdict="load_flagged",
            must_flag=flags,
        )

    first = ["Alia", "Bela", "Cora", "Dana", "Emil", "Fred", "Gina", "Hans", "Ines", "Jana"]
    last = ["Muster", "Beispiel", "Exempel", "Probe"]

    def surname(i: int) -> str:
        return f"{last[i % 4]}{'er' * (i // 4)}"

    def birth(i: int, patient: Patient) -> str:
        return iso(date(patient.transplant.year - patient.age, 1 + i % 12, 10))

    def note(i: int, patient: Patient) -> str:
        return f"call back +98 912 555 {1000 + i}" if i % 3 == 0 else "no complaints"

    columns_de = {
        "Vorname": lambda i, p: first[i % 10],
        "Nachname": lambda i, p: surname(i),
        "Geburtsdatum": birth,
        "Telefon": lambda i, p: f"+49 30 5550 {1000 + i}",
        "Adresse": lambda i, p: f"Musterweg {i + 1}",
    }
    columns_fa = {
        "نام": lambda i, p: "نمونه",
        "نام خانوادگی": lambda i, p: f"آزمایشی{i}",
        "تاریخ تولد": lambda i, p: jalali(date.fromisoformat(birth(i, p))),
        "تلفن": lambda i, p: f"0912555{1000 + i}",
    }
    columns_fr = {
        "Prénom": lambda i, p: first[i % 10],
        "Nom de famille": lambda i, p: surname(i),
        "Date de naissance": birth,
        "Téléphone": lambda i, p: f"+33 1 99 00 {10 + i} 00",
        "Courriel": lambda i, p: f"p{i}@example.org",
    }
    names_as_ids = tidy(
        identity=lambda name: f"{surname(NAMES.index(name))}, {first[NAMES.index(name) % 10]}"
    )
    by_name = {f"{surname(i)}, {first[i % 10]}": patient for i, patient in enumerate(NAMES)}
    hostile_sheets = xlsx_bytes({"=1+1": tidy(**TYPED)})
    hostile_head = tidy()
    hostile_head[0] += ["=cmd|' /C calc'!A0", "<script>alert(1)</script>"]
    hostile_head[1:] = [[*row, "x", "y"] for row in hostile_head[1:]]
    file_name = "X09_Alia Muster 1950-01-10.csv"
    return [
        renamed("X01_markup_ids.csv", "IDs with HTML", lambda name: f"<b>{name}</b>"),
        renamed("X03_formula_ids.csv", "IDs that begin with =", lambda name: f"=cmd({name})"),
        renamed("X10_markdown_ids.csv", "IDs with Markdown and TeX", lambda n: f":red[{n}] $x$"),
        renamed("X11_at_ids.csv", "IDs that begin with @", lambda name: f"@{name}"),
        personal("X04_phi_german.csv", "names, births, phones: German", columns_de, "PHI_COLUMNS"),
        personal(
            "X06_phi_persian.csv", "names, births, phones: Persian", columns_fa, "PHI_COLUMNS"
        ),
        personal("X07_phi_french.csv", "names, births, phones: French", columns_fr, "PHI_COLUMNS"),
        personal("X08_phone_in_notes.csv", "phones in notes", {"Notes": note}, "PHI_FREE_TEXT"),
        standard(file_name, group, "a name in the file name", csv_bytes(tidy())),
        standard(
            "X12_names_as_ids.csv",
            group,
            "the ID column holds names of persons",
            csv_bytes(names_as_ids),
            verdict="load_flagged",
            must_flag=["PHI_COLUMNS"],
            accept_also=["ask"],
            id_map=by_name,
        ),
        standard("X13_formula_sheet_name.xlsx", group, "a sheet called =1+1", hostile_sheets),
        standard(
            "X14_hostile_headers.csv",
            group,
            "headers with a formula and a script",
            csv_bytes(hostile_head),
        ),
    ]


GROUPS = (dates, encodings, layouts, standards, values, quality, rejects, security)


# ------------------------------------------------------------------------------------------------
# Writing and checking
# ------------------------------------------------------------------------------------------------
def make_cases() -> list[Case]:
    """Return all cases."""
    cases = [case for group in GROUPS for case in group()]
    names = [case.name for case in cases]
    repeated = {name for name in names if names.count(name) > 1}
    if repeated:
        raise ValueError(f"two cases of one name: {sorted(repeated)}")
    return cases


def write(folder: Path) -> list[str]:
    """Write all cases into a folder, with the script that scores them.

    Parameters
    ----------
    folder
        Made if it does not exist; files of the same names are overwritten.

    Returns
    -------
    list[str]
        Names of the cases.
    """
    (folder / "expected").mkdir(parents=True, exist_ok=True)
    shutil.copyfile(UPLOADS / "score.py", folder / "score.py")
    cases = make_cases()
    for case in cases:
        for name, content in case.files.items():
            (folder / name).write_bytes(content)
        text = json.dumps(case.expectation(), ensure_ascii=False, indent=1)
        (folder / f"{case.name}.expect.json").write_text(text, encoding="utf-8")
        if case.rows is not None:
            content = csv_bytes(case.table(), newline="\n")
            (folder / "expected" / f"{case.name}.csv").write_bytes(content)
    return [case.name for case in cases]


def write_oracle(folder: Path, predictions: Path) -> None:
    """Write what a perfect reader would answer to the cases in a folder.

    IDs are those of the file where the case has an ``id_map``, so that the map is checked too.
    """
    predictions.mkdir(parents=True, exist_ok=True)
    for path in sorted(folder.glob("*.expect.json")):
        expect = json.loads(path.read_text(encoding="utf-8"))
        back = {name: own for own, name in expect.get("id_map", {}).items()}
        report = {
            "verdict": expect["verdict"],
            "flags": expect.get("must_flag", []),
            "reasons": expect.get("reject_reasons", [])[:1],
            "questions": expect.get("questions", []),
            "transplants": {
                back.get(name, name): days for name, days in expect.get("transplants", {}).items()
            },
        }
        (predictions / f"{expect['name']}.json").write_text(json.dumps(report), encoding="utf-8")
        if "expected_csv" in expect:
            with (folder / expect["expected_csv"]).open(encoding="utf-8", newline="") as stream:
                table = list(csv.reader(stream))
            table[1:] = [[back.get(row[0], row[0]), *row[1:]] for row in table[1:]]
            target = predictions / f"{expect['name']}.csv"
            target.write_bytes(csv_bytes(table, newline="\n"))


def main(target: Path) -> int:
    """Write the family and check with an oracle that every case can pass."""
    names = write(target)
    with tempfile.TemporaryDirectory() as folder:
        write_oracle(target, Path(folder))
        command = [sys.executable, str(target / "score.py"), folder]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
    print(result.stdout[-3000:], result.stderr[-2000:])
    passed = sum(line.startswith("PASS ") for line in result.stdout.splitlines())
    print(f"{passed} of {len(names)} cases pass with the oracle")
    return 0 if passed == len(names) else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
