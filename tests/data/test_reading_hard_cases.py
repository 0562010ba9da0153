"""Sheets as clinics keep them: what a careful data manager loads, and what must be asked.

All files hold the same four invented patients; what is right was written down by hand.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import openpyxl
import pytest

from data.files import UploadedFile
from data.reading import Reading, read_files
from data.trial import DAYS_PER_MONTH

Table = Sequence[Sequence[Any]]
Values = set[tuple[str, str, float, float]]
MONTHS = (-6, -3, 0, 3, 6, 12)
SHIFTS = (3, -2, 0, 2, 4, -5)
COURSES = {
    # Patient: transplant, ALSFRS-R and FVC in per cent at the six visits.
    "P01": (date(2020, 3, 15), (43, 41, 38, 36, 33, 29), (95, 91, 87, 83, 79, 72)),
    "P02": (date(2020, 5, 20), (40, 37, 34, 31, 28, 22), (88, 84, 79, 74, 70, 61)),
    "P03": (date(2020, 9, 8), (38, 36, 34, 33, 31, 27), (79, 74, 69, 64, 58, 48)),
    "P04": (date(2021, 1, 25), (45, 44, 42, 40, 39, 36), (102, 96, 91, 85, 79, 68)),
}
ENDPOINTS = {"alsfrs": "alsfrs_r", "percent": "fvc", "litres": "fvc_litres"}


@dataclass(frozen=True)
class Visit:
    """One visit of one patient."""

    patient: str
    month: int
    day: int
    transplant: date
    alsfrs: int
    percent: int

    @property
    def date(self) -> date:
        return self.transplant + timedelta(days=self.day)

    @property
    def litres(self) -> float:
        return round(self.percent * 0.043, 2)

    @property
    def items(self) -> list[int]:
        lost = 48 - self.alsfrs
        return [4 - lost // 12 - (at < lost % 12) for at in range(12)]


VISITS = [
    Visit(name, month, round(month * DAYS_PER_MONTH) + shift, transplant, score, capacity)
    for name, (transplant, scores, capacities) in COURSES.items()
    for month, shift, score, capacity in zip(MONTHS, SHIFTS, scores, capacities, strict=True)
]
OF = {name: [visit for visit in VISITS if visit.patient == name] for name in COURSES}
POST = [visit for visit in VISITS if visit.month >= 0]
SITES = [[v for v in VISITS if v.patient in names] for names in (("P01", "P02"), ("P03", "P04"))]


def truth(
    *names: str, by_month: bool = False, visits: Sequence[Visit] = VISITS, called: str = ""
) -> Values:
    """Return what should be read, on the day of the visit or of its nominal month."""
    return {
        (
            called + visit.patient,
            ENDPOINTS[name],
            round(visit.month * DAYS_PER_MONTH, 2) if by_month else float(visit.day),
            float(getattr(visit, name)),
        )
        for visit in visits
        for name in names or ("alsfrs", "percent")
    }


def iso(visit: Visit) -> list[Any]:
    """Return one row of the plain long table."""
    return [visit.patient, visit.date, visit.transplant, visit.alsfrs, visit.percent]


def text(table: Table, delimiter: str = ",") -> bytes:
    """Return a table as CSV."""
    stream = io.StringIO()
    csv.writer(stream, delimiter=delimiter).writerows(table)
    return stream.getvalue().encode()


def book(sheets: Mapping[str, Table], merged: Sequence[str] = ()) -> bytes:
    """Return a workbook; dates are real dates."""
    made = openpyxl.Workbook()
    made.remove(made.active)
    for title, table in sheets.items():
        sheet = made.create_sheet(title)
        for row in table:
            sheet.append([None if cell == "" else cell for cell in row])
        for cells in merged:
            sheet.merge_cells(cells)
    stream = io.BytesIO()
    made.save(stream)
    return stream.getvalue()


HEADER = ["Patient ID", "Visit date", "Transplant date", "ALSFRS-R", "FVC %"]


def long(
    row: Callable[[Visit], Sequence[Any]] = iso,
    header: Sequence[str] = HEADER,
    visits: Sequence[Visit] = VISITS,
) -> list[list[Any]]:
    """Return a table of one row a visit."""
    return [list(header), *(list(row(visit)) for visit in visits)]


def dotted(day: date) -> str:
    """Return ``15.03.2020``."""
    return f"{day:%d.%m.%Y}"


def local(*header: str) -> bytes:
    """Return the long table with these headers, dates with dots, and semicolons."""
    return text(
        long(
            lambda v: [v.patient, dotted(v.date), dotted(v.transplant), v.alsfrs, v.percent],
            header,
        ),
        ";",
    )


def wide(headers: Sequence[str], name: str = "alsfrs", months: Sequence[int] = MONTHS) -> Table:
    """Return one row a patient, with one column a visit."""
    rows = [
        [who, visits[0].transplant]
        + [getattr(visit, name) for visit in visits if visit.month in months]
        for who, visits in OF.items()
    ]
    return [["Patient", "Tx date", *headers], *rows]


def grouped(groups: Sequence[str]) -> Table:
    """Return two header rows, groups over date, ALSFRS-R and FVC, and one row a patient."""
    top = ["", "", *(cell for group in groups for cell in (group, "", ""))]
    below = ["Pat ID", "Date of Tx", *["Date", "ALSFRS-R", "FVC %"] * len(groups)]
    rows = [
        [who, visits[0].transplant]
        + [cell for v in visits for cell in (v.date, v.alsfrs, v.percent)]
        for who, visits in OF.items()
    ]
    return [top, below, *rows]


GROUPS = [f"{chr(67 + at)}1:{chr(69 + at)}1" for at in range(0, 18, 3)]
MONTH_GROUPS = [f"{month} mo" for month in MONTHS]
VISIT_GROUPS = [f"Visit {number}" for number in range(1, 7)]
ITEMS = (
    "Speech",
    "Salivation",
    "Swallowing",
    "Handwriting",
    "Cutting food and handling utensils (patients without gastrostomy)",
    "Dressing and hygiene",
    "Turning in bed and adjusting bed clothes",
    "Walking",
    "Climbing stairs",
    "Dyspnea",
    "Orthopnea",
    "Respiratory insufficiency",
)
LEVELS = ("Total loss", "Severe", "Moderate", "Mild", "Normal")


def form(level: Callable[[int], str], *, address: bool = False) -> bytes:
    """Return the export of an online form: a question in each header, a choice in each cell."""
    before = ["Timestamp", "Email Address"] if address else []
    questions = [f"{at}. {item} [Select one]" for at, item in enumerate(ITEMS, start=1)]
    return text(
        long(
            lambda v: [
                *([f"{v.date:%m/%d/%Y} 14:22:10", "x@clinic.example"] if address else []),
                *(v.patient, v.date, v.transplant),
                *(level(score) for score in v.items),
            ],
            [*before, *HEADER[:3], *questions],
        )
    )


def blocks(summary: Sequence[Any]) -> bytes:
    """Return patients named once a block, blank rows, and a summary row for each site."""
    rows: list[Sequence[Any]] = [["Site", "Patient", "Visit date", "Tx date", "ALSFRS-R", "FVC %"]]
    for at, visits in enumerate(OF.values()):
        for visit in visits:
            first = visit.month == MONTHS[0]
            who = [visit.patient, visit.date, visit.transplant] if first else ["", visit.date, ""]
            rows.append(["", *who, visit.alsfrs, visit.percent])
        rows += [[""] * 6] + [[*summary, 37.5, 80.2], [""] * 6] * (at % 2)
    return book({"Sheet1": rows})


def pair(between: Callable[[date], str]) -> bytes:
    """Return the long table; two patients have two transplants in one cell."""
    return text(
        long(
            lambda v: [
                v.patient,
                dotted(v.date),
                between(v.transplant) if v.patient in ("P01", "P03") else dotted(v.transplant),
                *(v.alsfrs, v.percent),
            ]
        )
    )


def later(day: date) -> str:
    """Return the day of a second transplant."""
    return dotted(day + timedelta(days=180))


def beside(header: str, cell: Callable[[Visit], Any]) -> bytes:
    """Return the long table with one more column in front of the transplant date."""
    names = [*HEADER[:2], header, *HEADER[2:]]
    return text(long(lambda v: [*iso(v)[:2], cell(v), *iso(v)[2:]], names))


def instead(at: int, header: str, cell: Callable[[Visit], Any] | None = None) -> bytes:
    """Return the long table with another header, and other cells, for one column."""
    names = [*HEADER[:at], header, *HEADER[at + 1 :]]
    return text(
        long(lambda v: [cell(v) if cell and i == at else c for i, c in enumerate(iso(v))], names)
    )


def stacked() -> Table:
    """Return one sheet in which each patient has a title row, a header and visits."""
    rows: list[list[Any]] = []
    for name, visits in OF.items():
        rows.append([f"Patient: {name}", "", "Tx:", visits[0].transplant])
        rows.append(["Date", "ALSFRS-R", "FVC %", "Remark"])
        rows += [[visit.date, visit.alsfrs, visit.percent, ""] for visit in visits]
        rows.append(["", "", "", ""])
    return rows


def before_transplant(days: int) -> Callable[[Visit], date]:
    """Return a column of days before the transplant."""
    return lambda visit: visit.transplant - timedelta(days=days)


# ------------------------------------------------------------------------------------------------
# Sheets that a careful reader loads: exactly these values, on these days
# ------------------------------------------------------------------------------------------------
LOADS: dict[str, tuple[bytes, Values]] = {
    "sheet_of_patient_blocks.xlsx": (book({"S": stacked()}), truth("alsfrs", "percent")),
    "german_typo.csv": (
        local(
            "Pat.-Nr.", "Visitendatum", "Transplantationsdatum", "ALSFRS-R Summe", "FVC (% Soll)"
        ),
        truth(),
    ),
    "total_with_a_typo.csv": (instead(3, "ALS-FRS-R Gesammtscore"), truth()),
    "french.csv": (
        local("N° patient", "Date de la visite", "Date de greffe", "Score ALSFRS-R", "CVF (%)"),
        truth(),
    ),
    "spanish.csv": (
        local("Código paciente", "Fecha de visita", "Fecha del trasplante", "ALSFRS-R", "CVF (%)"),
        truth(),
    ),
    "turkish.csv": (
        local("Hasta No", "Muayene tarihi", "Nakil tarihi", "ALSFRS-R toplam puan", "FVC %"),
        truth(),
    ),
    "italian.csv": (
        local("ID paziente", "Data visita", "Data trapianto", "ALSFRS-R totale", "CVF %"),
        truth(),
    ),
    "portuguese.csv": (
        local("Nº do paciente", "Data da consulta", "Data do transplante", "ALSFRS-R", "CVF %"),
        truth(),
    ),
    "polish.csv": (
        local("Nr pacjenta", "Data wizyty", "Data przeszczepu", "ALSFRS-R suma", "FVC %"),
        truth(),
    ),
    "persian.csv": (
        local("کدبیمار", "تاریخ ویزیت", "تاریخ پیوند سلول بنیادی", "نمره ALSFRS-R", "FVC درصد"),
        truth(),
    ),
    "spelled_out.csv": (
        instead(3, "Amyotrophic Lateral Sclerosis Functional Rating Scale - Revised"),
        truth(),
    ),
    "months_merged.xlsx": (book({"S": grouped(MONTH_GROUPS)}, GROUPS), truth()),
    "months_not_merged.xlsx": (book({"S": grouped(MONTH_GROUPS)}), truth()),
    "visits_merged.xlsx": (book({"S": grouped(VISIT_GROUPS)}, GROUPS), truth()),
    "visits_not_merged.xlsx": (book({"S": grouped(VISIT_GROUPS)}), truth()),
    "wide_baseline.csv": (
        text(
            wide(
                [f"ALSFRS-R at {when}" for when in ("baseline", "3 months", "6 months", "1 year")],
                months=(0, 3, 6, 12),
            )
        ),
        truth("alsfrs", by_month=True, visits=POST),
    ),
    "wide_pre_post_groups.xlsx": (
        book(
            {
                "Data": [
                    [
                        "Patient",
                        "Tx date",
                        "ALSFRS-R pre-transplant",
                        "",
                        "",
                        "ALSFRS-R post",
                        "",
                        "",
                    ],
                    *wide(["6 mo", "3 mo", "0", "3 mo", "6 mo", "12 mo"]),
                ]
            },
            ["C1:E1", "F1:H1"],
        ),
        truth("alsfrs", by_month=True),
    ),
    "form_code_first.csv": (form(lambda score: f"{score} - {LEVELS[score]}"), truth("alsfrs")),
    "form_code_behind.csv": (form(lambda score: f"{LEVELS[score]} ({score})"), truth("alsfrs")),
    "form_email_address.csv": (
        form(lambda score: f"{score} - {LEVELS[score]}", address=True),
        truth("alsfrs"),
    ),
    "blocks_total_of_site.xlsx": (blocks(["Total Berlin", "n = 2", "", ""]), truth()),
    "blocks_subtotal.xlsx": (blocks(["Subtotal", "", "", ""]), truth()),
    "blocks_gesamt.xlsx": (blocks(["Ulm", "Gesamt", "", ""]), truth()),
    "two_transplants_plus.csv": (pair(lambda day: f"{dotted(day)} + {later(day)}"), truth()),
    "two_transplants_named.csv": (
        pair(lambda day: f"1st: {dotted(day)}; 2nd: {later(day)}"),
        truth(),
    ),
    "two_transplants_line.csv": (pair(lambda day: f"{dotted(day)}\n{later(day)}"), truth()),
    "transplant_on_day_0_only.csv": (
        instead(2, "Transplant date", lambda v: "" if v.month else v.transplant),
        truth(),
    ),
    "millilitres_thousands.csv": (
        instead(4, "FVC (ml)", lambda v: f"{round(v.litres * 1000):,}"),
        truth("alsfrs", "litres"),
    ),
    "three_trials.csv": (
        text(
            long(
                lambda v: [
                    *iso(v)[:3],
                    v.litres - 0.2,
                    v.litres - 0.1,
                    v.litres,
                    v.litres,
                    v.percent,
                ],
                [
                    *HEADER[:3],
                    "FVC 1 (L)",
                    "FVC 2 (L)",
                    "FVC 3 (L)",
                    "FVC best of 3 (L)",
                    "FVC best (%)",
                ],
            )
        ),
        truth("litres", "percent"),
    ),
    "sitting_supine.csv": (beside("FVC supine %", lambda v: v.percent - 12), truth()),
    "days_with_unit.csv": (
        text(
            long(
                lambda v: [v.patient, f"{v.day} d" if v.day else "day 0", v.alsfrs, v.percent],
                ["Patient ID", "Days from transplant", *HEADER[3:]],
            )
        ),
        truth(),
    ),
    "label_days.csv": (
        text(
            long(
                lambda v: [v.patient, f"D{v.day:+d}" if v.day else "D0", v.alsfrs, v.percent],
                ["Patient ID", "Visit", *HEADER[3:]],
            )
        ),
        truth(),
    ),
    "label_windows.csv": (
        text(
            long(
                lambda v: [v.patient, f"Month {v.month} (± 14 days)", v.alsfrs, v.percent],
                ["Patient ID", "Visit", *HEADER[3:]],
            )
        ),
        truth(by_month=True),
    ),
    "label_signed.csv": (
        text(
            long(
                lambda v: [
                    v.patient,
                    f"{v.month:+d}" if v.month else "0 (Tx)",
                    v.alsfrs,
                    v.percent,
                ],
                ["Patient ID", "Visit", *HEADER[3:]],
            )
        ),
        truth(by_month=True),
    ),
    "ids_invisible.csv": (
        instead(0, "Patient ID", lambda v: v.patient + ("", " ", "\u200b", "\u00a0")[v.month % 4]),
        truth(),
    ),
    "time_zones.csv": (instead(1, "Visit date", lambda v: f"{v.date}T00:30:00+03:30"), truth()),
    "dots_and_slashes.csv": (
        instead(1, "Visit date", lambda v: f"{v.date:%d/%m/%Y}" if v.month % 2 else dotted(v.date)),
        truth(),
    ),
    "two_templates.xlsx": (
        book(
            {
                "Tehran": long(visits=SITES[0]),
                "Berlin": [
                    ["Berlin, Ambulanz"],
                    *long(
                        lambda v: [
                            v.patient,
                            dotted(v.transplant),
                            dotted(v.date),
                            v.alsfrs,
                            v.litres,
                        ],
                        ["Pat.-Nr.", "Tx-Datum", "Datum", "ALSFRS-R Summe", "FVC (l)"],
                        SITES[1],
                    ),
                ],
            }
        ),
        truth(visits=SITES[0]) | truth("alsfrs", "litres", visits=SITES[1]),
    ),
    "headers_repeated.csv": (text([*long(visits=SITES[0]), *long(visits=SITES[1])]), truth()),
    "sheet_of_means.xlsx": (
        book(
            {
                "Data": long(),
                "Summary": [
                    ["Month", "n", "ALSFRS-R mean", "FVC % mean"],
                    *[[m, 4, 38.2, 85] for m in MONTHS],
                ],
            }
        ),
        truth(),
    ),
    "eav_transplant_row.csv": (
        text(
            [
                ["subject", "date", "parameter", "value", "unit"],
                *([v.patient, v.date, "ALSFRS-R total", v.alsfrs, "points"] for v in VISITS),
                *([v.patient, v.date, "FVC", v.litres, "L"] for v in VISITS),
                *([v.patient, v.date, "FVC", v.percent, "%"] for v in VISITS),
                *(
                    [name, of[0].transplant, "MSC transplantation", "yes", ""]
                    for name, of in OF.items()
                ),
            ]
        ),
        truth("alsfrs", "litres", "percent"),
    ),
    # Columns with a date that are no transplant, and no visit.
    "consent.csv": (beside("Transplant consent date", before_transplant(80)), truth()),
    "planned.csv": (beside("Planned transplant date", before_transplant(21)), truth()),
    "vaccine.csv": (beside("Flu vaccine injection date", before_transplant(60)), truth()),
    "edaravone.csv": (beside("Edaravone infusion start date", before_transplant(90)), truth()),
    "botulinum.csv": (beside("Botulinum toxin injection date", before_transplant(77)), truth()),
    "discharge.csv": (beside("Discharge after transplant", before_transplant(-4)), truth()),
    "next_visit.csv": (beside("Next visit date", lambda v: v.date + timedelta(days=90)), truth()),
}

# ------------------------------------------------------------------------------------------------
# Sheets that may not be loaded without a word; what is used must be true
# ------------------------------------------------------------------------------------------------
CAREFUL: dict[str, bytes] = {
    "pre_1_pre_2_wide.csv": text(
        wide([f"ALSFRS-R {when}" for when in ("pre 1", "pre 2", "0", "post 1", "post 2", "post 3")])
    ),
    "pre_1_pre_2_long.csv": text(
        long(
            lambda v: [
                v.patient,
                {-6: "Pre 1", -3: "Pre 2", 0: "Baseline", 3: "Post 1", 6: "Post 2"}.get(
                    v.month, "Post 3"
                ),
                *(v.alsfrs, v.percent),
            ],
            ["Patient ID", "Visit", *HEADER[3:]],
        )
    ),
    "letters_swapped.csv": instead(3, "ALSFSR-R"),
    "bronchodilator.csv": text(
        long(
            lambda v: [*iso(v)[:4], v.percent, v.percent + 4],
            [*HEADER[:4], "FVC pre (%)", "FVC post (%)"],
        )
    ),
    "two_totals_that_differ.csv": text(
        long(lambda v: [*iso(v)[:4], v.alsfrs - 3], [*HEADER[:4], "ALSFRS-R"])
    ),
    "vc_max.csv": instead(4, "VCmax [%]"),
    "dots_as_thousands.csv": instead(
        4, "FVC (ml)", lambda v: f"{round(v.litres * 1000):,}".replace(",", ".")
    ),
    "fractions_of_one_patient.csv": instead(
        4, "FVC %", lambda v: v.percent / 100 if v.patient == "P02" else v.percent
    ),
    "scale_of_40.csv": instead(3, "ALSFRS-R (0-40)", lambda v: min(40, v.alsfrs - 5)),
    "placebo.csv": text(
        long(
            lambda v: [
                *(v.patient, v.date),
                *([v.transplant, ""] if v.patient < "P03" else ["", v.transplant]),
                v.alsfrs,
            ],
            [*HEADER[:2], "MSC injection date", "Placebo injection date", "ALSFRS-R"],
        )
    ),
    "edaravone_only.csv": instead(2, "Edaravone infusion start date"),
    "vaccine_only.csv": instead(2, "COVID vaccine injection date"),
    "planned_only.csv": instead(2, "Planned transplant date"),
    "ids_turned_into_dates.xlsx": book(
        {
            "S": long(
                lambda v: [
                    datetime(2026, int(v.patient[1:]), 1)
                    if v.patient < "P03"
                    else f"01-3{v.patient[2]}",
                    *iso(v)[1:],
                ]
            )
        }
    ),
    "half_converted_dates.xlsx": book(
        {
            "S": long(
                lambda v: [
                    v.patient,
                    datetime(v.date.year, v.date.day, v.date.month)
                    if v.date.day <= 12
                    else f"{v.date:%d/%m/%Y}",
                    *iso(v)[2:],
                ]
            )
        }
    ),
    "phase_and_unsigned_months.csv": text(
        long(
            lambda v: [
                *(v.patient, "before" if v.month < 0 else "after"),
                *({-6: 5, -3: 2}.get(v.month, v.month), v.alsfrs),
            ],
            ["Patient ID", "Phase", "Months from transplant", "ALSFRS-R"],
        )
    ),
    "calendar_months.csv": text(
        long(
            lambda v: [v.patient, v.date.year, v.date.month, v.transplant, v.alsfrs],
            ["Patient ID", "Year", "Month", "Transplant date", "ALSFRS-R"],
        )
    ),
    "sheet_per_endpoint_dates_across.xlsx": book(
        {
            title: [
                row
                for name, of in OF.items()
                for row in (
                    [name, "Date", *(v.date for v in of)],
                    ["", title, *(getattr(v, which) for v in of)],
                )
            ]
            for title, which in (("ALSFRS-R", "alsfrs"), ("FVC %", "percent"))
        }
    ),
    "one_number_two_sites.csv": text(
        long(
            lambda v: ["AB"[v.patient > "P02"], 1 + (v.patient in ("P02", "P04")), *iso(v)[1:]],
            ["Site", "Patient", *HEADER[1:]],
        )
    ),
    "carried_forward.csv": instead(
        4, "FVC %", lambda v: f"{v.percent + 9} [LOCF]" if v.month == 12 else v.percent
    ),
    "months_of_two_files_before.xlsx": book(
        {
            "Before Tx": long(
                lambda v: [v.patient, -v.month, v.alsfrs],
                ["Patient", "Month", "ALSFRS-R"],
                [v for v in VISITS if v.month < 0],
            ),
            "After Tx": long(
                lambda v: [v.patient, v.month, v.alsfrs],
                ["Patient", "Months after Tx", "ALSFRS-R"],
                POST,
            ),
        }
    ),
}
NAMES_DIFFER = ("ids_turned_into_dates.xlsx",)

FAILS = {
    "months_merged.xlsx": "“-6 mo / Date” is read as month 6, so the real dates are lost",
    "months_not_merged.xlsx": "“-6 mo / Date” is read as month 6, so the real dates are lost",
    "letters_swapped.csv": "ALSFSR-R is dropped in silence, verdict load",
    "label_signed.csv": "the label “0 (Tx)” leaves all other labels without a month",
}


def marked(names: Sequence[str]) -> list[Any]:
    """Return the cases; those that fail today say why."""
    return [
        pytest.param(name, marks=pytest.mark.xfail(strict=True, reason=FAILS[name]))
        if name in FAILS
        else name
        for name in names
    ]


def read(name: str, content: bytes) -> Reading:
    """Read one file."""
    return read_files([UploadedFile(name, content)])


def used(reading: Reading) -> list[tuple[str, str, float, float]]:
    """Return patient, endpoint, day and value of everything that is analysed."""
    assert reading.trial is not None, [finding.sentence() for finding in reading.findings]
    frame = reading.trial.measurements
    frame = frame[(frame["status"] == "ok") & frame["day"].notna()]
    frame = frame[frame["endpoint"].isin(ENDPOINTS.values())]
    rows = zip(frame["patient"], frame["endpoint"], frame["day"], frame["value"], strict=True)
    return [(who, endpoint, round(day, 2), round(value, 2)) for who, endpoint, day, value in rows]


@pytest.mark.parametrize("name", marked([*LOADS]))
def test_what_a_clinic_writes_is_loaded_as_it_is_meant(name):
    content, wanted = LOADS[name]
    reading = read(name, content)
    assert reading.verdict in ("load", "load_flagged")
    assert sorted(used(reading)) == sorted(wanted)


@pytest.mark.parametrize("name", marked([*CAREFUL]))
def test_what_cannot_be_meant_is_not_loaded_without_a_word(name):
    reading = read(name, CAREFUL[name])
    assert reading.verdict != "load"
    if reading.trial is not None and name not in NAMES_DIFFER:
        true = truth("alsfrs", "percent", "litres") | truth("alsfrs", "percent", by_month=True)
        assert set(used(reading)) <= true
