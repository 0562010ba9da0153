"""Make the bundled example with every detail: a simulated trial of 24 patients.

No person is behind any value. Who the patients are, how steeply they decline before and after day
0, and what happens to them stands in ``PLANS`` or is drawn from one fixed seed. From that truth
alone the script writes the answers to five questions as JSON. Then it draws the visits and writes
them as a workbook beside itself. The tests check both against each other::

    python data/examples/make_every_detail.py

A score is lost in an order that the site of onset sets, one point of one item after the other, so
that items and totals agree at every visit. Months count from day 0; slopes are per month.
"""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from openpyxl import Workbook

Floats = NDArray[np.float64]

SEED: Final = 240924
HERE: Final = Path(__file__).resolve().parent
NAME: Final = "every_detail.xlsx"
ANSWERS: Final = "every_detail_answers.json"
DAYS_PER_MONTH: Final = 30.4375
FIRST_DAY_0: Final = date(2022, 3, 7)

USUAL_VISITS: Final = (-9.0, -6.0, -4.0, -2.0, 0.0, 2.0, 4.0, 6.0, 9.0, 12.0)
LONG_RUN_IN: Final = (-12.0, -10.0, -8.0, -6.0, -4.0, -2.0, 0.0, 2.0, 4.0, 6.0, 9.0, 12.0)
SCORE_NOISE, FVC_NOISE = 0.5, 1.2

ITEMS: Final = ("1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11")
"""Items whose points go in order; item 12 follows the ventilation, item 5 is 5a or 5b."""

DOMAIN: Final = {
    **dict.fromkeys(("1", "2", "3"), "bulbar"),
    **dict.fromkeys(("4", "5", "6"), "arms"),
    **dict.fromkeys(("7", "8", "9"), "legs"),
    **dict.fromkeys(("10", "11"), "breathing"),
}
PACE: Final = {
    "bulbar": {"bulbar": 1.3, "arms": 0.9, "legs": 0.75, "breathing": 0.6},
    "upper limb": {"bulbar": 0.55, "arms": 1.35, "legs": 1.0, "breathing": 0.6},
    "lower limb": {"bulbar": 0.5, "arms": 1.0, "legs": 1.35, "breathing": 0.6},
}
"""How fast the items of each region go, by site of onset: assumed."""

ASKED: Final = ("1", "2", "3", "4", "5a", "5b", *map(str, range(6, 13)))
PATIENT_HEADERS: Final = (
    *("patient_id", "sex", "age", "height_cm", "onset_site", "onset_date", "transplant_date"),
    "simulated",
)
ITEM_HEADERS: Final = (
    *("Q1_Speech", "Q2_Salivation", "Q3_Swallowing", "Q4_Handwriting"),
    *("Q5a_Cutting_without_Gastrostomy", "Q5b_Cutting_with_Gastrostomy"),
    *("Q6_Dressing_and_Hygiene", "Q7_Turning_in_Bed", "Q8_Walking", "Q9_Climbing_Stairs"),
    *("Q10_Dyspnea", "Q11_Orthopnea", "Q12_Respiratory_Insufficiency"),
)


@dataclass(frozen=True)
class Plan:
    """The truth about one patient.

    ``score``, ``fvc`` and their slopes, before and after, are those of the true lines; ``niv`` and
    the like are months of their start, ``again`` those of further transplants. ``left`` says how
    and when the patient left, ``unseen`` which planned visits did not take place, ``gaps`` which
    item was not asked at a visit. ``reports`` says in which scales the file holds the FVC.
    """

    site: str
    score: float
    slopes: tuple[float, float]
    fvc: float
    fvc_slopes: tuple[float, float]
    reports: str = "percent"
    niv: float | None = None
    gastrostomy: float | None = None
    tracheostomy: float | None = None
    again: tuple[float, ...] = ()
    left: tuple[str, float] | None = None
    others: tuple[tuple[str, float], ...] = ()
    visits: tuple[float, ...] = USUAL_VISITS
    unseen: tuple[float, ...] = ()
    gaps: dict[float, str] = field(default_factory=dict)
    transplanted: bool = True

    def score_at(self, month: float) -> float:
        """Return the true score, before noise and rounding."""
        return self.score + self.slopes[int(month > 0)] * month

    def fvc_at(self, month: float) -> float:
        """Return the true FVC in % predicted, before noise."""
        return self.fvc + self.fvc_slopes[int(month > 0)] * month

    @property
    def change(self) -> float:
        """Slope after minus slope before."""
        return self.slopes[1] - self.slopes[0]

    def seen(self) -> tuple[float, ...]:
        """Return the planned months of the visits that took place."""
        end = self.left[1] if self.left else np.inf
        return tuple(m for m in self.visits if m not in self.unseen and m < end)

    def last_fvc(self) -> float:
        """Return the true FVC at the last visit with one: none is measured with a tracheostomy."""
        end = np.inf if self.tracheostomy is None else self.tracheostomy
        return self.fvc_at(max(m for m in self.seen() if m < end))


B, U, L = "bulbar", "upper limb", "lower limb"
PLANS: Final = {
    1: Plan(
        L, 39, (-0.62, -0.40), 88, (-1.1, -0.9), "both", others=(("ankle-foot orthosis", 2.6),)
    ),
    2: Plan(U, 37, (-0.75, -0.45), 84, (-1.3, -1.0), "both", again=(5.9,)),
    3: Plan(B, 30, (-1.05, -0.80), 66, (-2.2, -2.0), gastrostomy=3.1, others=(("pneumonia", 5.2),)),
    4: Plan(L, 40, (-0.55, -0.30), 92, (-1.0, -0.8), "litres", unseen=(-4.0,)),
    5: Plan(
        *(B, 25, (-1.60, -1.45), 54, (-2.6, -2.5)),
        gastrostomy=-1.0,
        niv=2.9,
        left=("death", 7.4),
        others=(("aspiration pneumonia", 6.7),),
    ),
    6: Plan(U, 38, (-0.70, -0.65), 83, (-1.2, -1.2), others=(("edaravone started", -4.8),)),
    7: Plan(L, 38, (-0.80, -0.35), 86, (-1.3, -0.8), "both", visits=LONG_RUN_IN),
    8: Plan(
        *(U, 29, (-1.10, -0.95), 62, (-2.1, -1.9), "both"),
        niv=5.1,
        others=(("pneumonia", 7.3), ("urinary tract infection", 10.4)),
    ),
    9: Plan(L, 36, (-0.90, -0.75), 80, (-1.5, -1.4), left=("withdrawal", 5.2), unseen=(-6.0,)),
    10: Plan(L, 41, (-0.50, -0.35), 95, (-0.9, -0.8), "litres", others=(("fracture", 3.4),)),
    11: Plan(U, 25, (-2.20, -0.25), 74, (-2.0, -0.9), "both"),
    12: Plan(
        *(U, 35, (-0.85, -0.50), 82, (-1.4, -1.1)),
        again=(3.0, 6.1),
        others=(("infection", 3.6), ("infection", 8.2)),
    ),
    13: Plan(L, 37, (-0.70, -0.60), 85, (-1.2, -1.1), gaps={4.0: "7"}, unseen=(9.0,)),
    14: Plan(U, 26, (-1.25, -1.20), 55, (-2.0, -2.1), niv=-3.1, left=("death", 10.2)),
    15: Plan(B, 38, (-0.80, -0.55), 81, (-1.4, -1.2), "both", again=(6.0,), gaps={-4.0: "9"}),
    16: Plan(U, 25, (-1.30, -1.00), 54, (-1.9, -1.8), "both", niv=1.9, tracheostomy=7.9),
    17: Plan(L, 39, (-0.60, -0.55), 89, (-1.0, -1.0), others=(("edaravone started", 1.1),)),
    18: Plan(U, 36, (-0.80, -0.70), 81, (-1.4, -1.3), left=("lost to follow-up", 7.0)),
    19: Plan(L, 38, (-0.65, -0.45), 87, (-1.1, -0.9), "litres", others=(("wheelchair", 7.7),)),
    20: Plan(B, 28, (-1.15, -0.90), 60, (-2.0, -1.8), niv=5.8, gastrostomy=8.6, unseen=(-2.0,)),
    21: Plan(L, 40, (-0.60, -0.60), 90, (-1.1, -1.1), left=("withdrawal", 3.2)),
    22: Plan(U, 23, (-1.55, -1.60), 47, (-2.1, -2.3), niv=-2.9, left=("death", 3.4)),
    23: Plan(U, 39, (-0.65, -0.40), 88, (-1.2, -1.0), "litres", gaps={6.0: "2"}, unseen=(2.0,)),
    24: Plan(L, 38, (-0.70, -0.70), 84, (-1.2, -1.2), transplanted=False),
}
WITHOUT_RILUZOLE: Final = (10, 17, 24)


def name_of(number: int) -> str:
    """Return the name under which a patient stands in the file."""
    return f"P{number:02d}"


def predicted_litres(sex: str, age: float, height: float) -> float:
    """Return the predicted FVC in litres of an adult, NHANES III, Caucasian.

    Hankinson et al. 1999, doi 10.1164/ajrccm.159.1.9712108, table 4; height in cm.
    """
    if sex == "M":
        return -0.1933 + 0.00064 * age - 0.000269 * age**2 + 0.00018642 * height**2
    return -0.3560 + 0.01870 * age - 0.000382 * age**2 + 0.00014815 * height**2


def answers() -> dict[str, Any]:
    """Return the answers to the five questions, from the plans alone."""
    bent = sorted(PLANS, key=lambda n: abs(PLANS[n].change), reverse=True)
    kings = []
    for number, plan in PLANS.items():
        why = [plan.gastrostomy is not None, plan.niv is not None]
        stage = "+".join(s for s, holds in zip(("4A", "4B"), why, strict=True) if holds)
        months = {"gastrostomy": plan.gastrostomy, "ventilation": plan.niv}
        reasons = {word: month for word, month in months.items() if month is not None}
        if stage:
            kings.append({"patient": name_of(number), "stage": stage, "because_of": reasons})
    low = {
        name_of(n): round(plan.last_fvc(), 1)
        for n, plan in PLANS.items()
        if plan.reports != "litres" and plan.last_fvc() < 50
    }
    seventh = PLANS[7]
    return {
        "simulated": True,
        "bent_most": {
            "patient": name_of(bent[0]),
            "slopes": PLANS[bent[0]].slopes,
            "change": round(PLANS[bent[0]].change, 2),
            "next": {"patient": name_of(bent[1]), "change": round(PLANS[bent[1]].change, 2)},
        },
        "kings_4": kings,
        "fvc_below_50": [{"patient": who, "true_percent": value} for who, value in low.items()],
        "left": [
            {"patient": name_of(n), "how": plan.left[0], "month": plan.left[1]}
            for n, plan in PLANS.items()
            if plan.left
        ],
        "patient_7": {
            "patient": name_of(7),
            "month": 9,
            "run_in_line": round(seventh.score + 9 * seventh.slopes[0], 1),
            "tolerance": 2.5,
            "observed_line": round(seventh.score_at(9), 1),
        },
    }


def order_of_losses(plan: Plan, rng: np.random.Generator) -> list[str]:
    """Return items in the order in which they lose their points, one entry a point.

    Items 10 and 11 keep their last point, because who breathes so badly is ventilated first; item 3
    keeps two, because less means a feeding tube.
    """
    times = []
    for item in ITEMS:
        pace = PACE[plan.site][DOMAIN[item]] * rng.uniform(0.8, 1.25)
        start = rng.uniform(0, 1.2)
        points = 2 if item == "3" else 3 if DOMAIN[item] == "breathing" else 4
        times += [((start + point**1.25) / pace, item) for point in range(1, points + 1)]
    return [item for _, item in sorted(times)]


def ventilation_points(plan: Plan, month: float) -> int:
    """Return item 12: 4 none, 3 intermittent, 2 every night, 1 day and night, 0 invasive."""
    if plan.tracheostomy is not None and month >= plan.tracheostomy:
        return 0
    if plan.niv is None or month < plan.niv:
        return 4
    return 3 if month < plan.niv + 2 else 2 if month < plan.niv + 6 else 1


def items_at(plan: Plan, month: float, total: int, order: list[str]) -> dict[str, int | None]:
    """Return the points of every item, by number, that add up to the total."""
    twelfth = ventilation_points(plan, month)
    fed = plan.gastrostomy is not None and month >= plan.gastrostomy
    left = 48 - total - (4 - twelfth) - 3 * fed
    lost = [item for item in order if not (fed and item == "3")][:left] + ["3"] * 3 * fed
    points: dict[str, int | None] = {item: 4 - lost.count(item) for item in ITEMS}
    fifth = points.pop("5")
    return {**points, "5a": None if fed else fifth, "5b": fifth if fed else None, "12": twelfth}


@dataclass(frozen=True)
class Person:
    """What is drawn for one patient besides the plan."""

    sex: str
    age: int
    height: int
    onset: date
    day_0: date

    def on(self, month: float) -> date:
        """Return the date of a month from day 0."""
        return self.day_0 + timedelta(days=round(month * DAYS_PER_MONTH))


def draw_person(number: int, plan: Plan, rng: np.random.Generator) -> Person:
    """Draw sex, age, height and onset; days 0 follow each other by one to five weeks."""
    sex = "F" if rng.random() < 0.42 else "M"
    age = int(rng.integers(41, 72))
    height = int(np.round(rng.normal(*((164, 6) if sex == "F" else (177, 6)))))
    day_0 = FIRST_DAY_0 + timedelta(days=23 * (number - 1) + int(rng.integers(0, 8)))
    ill = max((48 - plan.score) / -plan.slopes[0], 13.0) * rng.uniform(1.05, 1.4)
    return Person(sex, age, height, day_0 - timedelta(days=round(ill * DAYS_PER_MONTH)), day_0)


def visit_rows(
    number: int, plan: Plan, person: Person, rng: np.random.Generator
) -> list[list[Any]]:
    """Return one row a visit: name, date, items, total, FVC, simulated."""
    order = order_of_losses(plan, rng)
    rows = []
    for planned in plan.visits:
        moved = 0 if planned == 0 else int(rng.integers(-5, 6))
        noise = rng.normal(0, SCORE_NOISE), rng.normal(0, FVC_NOISE)
        if planned not in plan.seen():
            continue
        day = person.on(planned) + timedelta(days=moved)
        month = (day - person.day_0).days / DAYS_PER_MONTH
        total = int(np.clip(np.round(plan.score_at(month) + noise[0]), 0, 48))
        points = items_at(plan, month, total, order)
        unasked = plan.gaps.get(planned)
        if unasked is not None:
            points[unasked] = None
        listed = [points[n] for n in ASKED]
        shown = None if unasked is not None else total
        percent = round(plan.fvc_at(month) + noise[1], 1)
        usual = predicted_litres(person.sex, person.age + month / 12, person.height)
        litres = round(percent / 100 * usual, 2)
        open_throat = plan.tracheostomy is None or month < plan.tracheostomy
        fvc = [
            percent if open_throat and plan.reports != "litres" else None,
            litres if open_throat and plan.reports != "percent" else None,
        ]
        rows.append([name_of(number), day, *listed, shown, *fvc, "yes"])
    return rows


def event_rows(number: int, plan: Plan, person: Person) -> list[list[Any]]:
    """Return one row an event: name, date, words, simulated."""
    told: list[tuple[float, str]] = []
    if number not in WITHOUT_RILUZOLE:
        ill = (person.day_0 - person.onset).days / DAYS_PER_MONTH
        told.append((round(-0.6 * ill, 1), "riluzole started"))
    told += [(month, text) for text, month in plan.others]
    for month, text in (
        (plan.niv, "NIV started"),
        (plan.gastrostomy, "PEG"),
        (plan.tracheostomy, "tracheostomy"),
    ):
        told += [(month, text)] if month is not None else []
    told += [(m, f"transplant {at}") for at, m in enumerate(plan.again, start=2)]
    if plan.left is not None:
        told.append((plan.left[1], plan.left[0]))
    return [[name_of(number), person.on(m), text, "yes"] for m, text in sorted(told)]


def workbook() -> bytes:
    """Draw the trial and return it as a workbook, always with the same bytes."""
    rng = np.random.default_rng(SEED)
    book = Workbook()
    book.properties.created = book.properties.modified = datetime(2022, 1, 1)
    book.properties.creator = "simulated"
    patients = book.active
    assert patients is not None
    patients.title = "Patients"
    visits, events = book.create_sheet("Visits"), book.create_sheet("Events")
    patients.append(PATIENT_HEADERS)
    fvc = ("FVC_percent", "FVC_litres")
    visits.append(["patient_id", "visit_date", *ITEM_HEADERS, "ALSFRS_R_total", *fvc, "simulated"])
    events.append(["patient_id", "date", "event", "simulated"])
    for number, plan in PLANS.items():
        person = draw_person(number, plan, rng)
        given = person.day_0 if plan.transplanted else None
        about = [person.sex, person.age, person.height, plan.site, person.onset, given]
        patients.append([name_of(number), *about, "yes"])
        for row in visit_rows(number, plan, person, rng):
            visits.append(row)
        for row in event_rows(number, plan, person) if plan.transplanted else ():
            events.append(row)
    for sheet in (patients, visits, events):
        sheet.freeze_panes = "B2"
    buffer = io.BytesIO()
    book.save(buffer)
    return _repacked(buffer.getvalue())


def _repacked(content: bytes) -> bytes:
    """Return a workbook without the time at which it was written."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            inside = old.read(name)
            if name == "docProps/core.xml":
                start, _, rest = inside.partition(b"<dcterms:modified")
                inside = start + rest.partition(b"</dcterms:modified>")[2]
            about = zipfile.ZipInfo(name, (2022, 1, 1, 0, 0, 0))
            # Stored, not packed: packing differs from one version of zlib to the next.
            new.writestr(about, inside, zipfile.ZIP_STORED)
    return buffer.getvalue()


def write(folder: Path) -> None:
    """Write the answers, then the trial, into `folder`, always with the same bytes."""
    told = json.dumps(answers(), indent=2) + "\n"
    (folder / ANSWERS).write_text(told, encoding="utf-8", newline="\n")
    (folder / NAME).write_bytes(workbook())


if __name__ == "__main__":
    write(HERE)
