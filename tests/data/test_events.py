"""Tables of events: every row becomes an event or a finding, and nothing else is taken for one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from analysis.events import event_table
from analysis.settings import Settings
from data.event_words import kinds_in, tells_nobody
from data.files import UploadedFile
from data.reading import Reading, read_files
from data.trial import Trial

VISITS = """patient,transplant_date,visit_date,ALSFRS_R
A1,2021-03-15,2020-09-15,41
A1,2021-03-15,2020-12-15,38
A1,2021-03-15,2021-03-15,36
A1,2021-03-15,2021-06-15,35
A2,2021-04-01,2020-10-01,44
A2,2021-04-01,2021-04-01,42
A2,2021-04-01,2021-10-01,40
"""
DAYS = """patient,day,ALSFRS_R
A1,-180,41
A1,0,36
A1,90,35
A2,-170,44
A2,0,42
A2,200,40
"""


def read(events: str, visits: str = VISITS) -> Reading:
    files = [("visits.csv", visits), ("events.csv", events)]
    return read_files([UploadedFile(name, text.encode()) for name, text in files])


def trial_of(events: str, visits: str = VISITS) -> Trial:
    reading = read(events, visits)
    assert reading.trial is not None, [f.sentence() for f in reading.findings]
    return reading.trial


def told(trial: Trial) -> list[tuple[str, str, float, str]]:
    frame = trial.events
    rows = zip(frame["patient"], frame["kind"], frame["day"], frame["text"], strict=True)
    return sorted((p, k, float(d), t) for p, k, d, t in rows)


def codes(trial: Trial) -> list[str]:
    return [finding.code for finding in trial.findings]


def dated(*rows: str, header: str = "patient,date,event") -> str:
    return "\n".join([header, *rows, ""])


ALL_KINDS = dated(
    "A1,2021-03-25,NIV started",
    "A1,2021-04-04,PEG",
    "A1,2021-04-14,tracheostomy",
    "A1,2021-04-24,Riluzole start",
    "A1,2021-05-04,edaravone infusion started",
    "A1,2021-05-14,pneumonia",
    "A1,2021-05-24,fall at home",
    "A2,2021-04-11,withdrawal of consent",
)


def test_every_kind_is_read_and_counted_from_the_transplant():
    trial = trial_of(ALL_KINDS)
    assert told(trial) == sorted(
        [
            ("A1", "niv", 10.0, "non-invasive ventilation"),
            ("A1", "gastrostomy", 20.0, "gastrostomy"),
            ("A1", "tracheostomy", 30.0, "tracheostomy"),
            ("A1", "riluzole", 40.0, "riluzole started"),
            ("A1", "edaravone", 50.0, "edaravone started"),
            ("A1", "infection", 60.0, "pneumonia"),
            ("A1", "other", 70.0, "fall at home"),
            ("A2", "last_contact", 10.0, "withdrawal"),
        ]
    )
    assert len(trial.measurements) == 7
    assert trial.patients["transplant_days"].tolist() == [(0.0,), (0.0,)]


def test_a_table_of_events_is_no_table_of_visits():
    alone = read_files([UploadedFile("visits.csv", VISITS.encode())]).trial
    assert alone is not None
    trial = trial_of(ALL_KINDS)
    same = ["patient", "endpoint", "day", "value", "status", "row"]
    assert trial.measurements[same].equals(alone.measurements[same])
    assert [c for c in codes(trial) if c not in codes(alone)] == []


def test_repeated_events_are_all_kept_and_doubled_rows_count_once():
    trial = trial_of(
        dated("A1,2021-04-14,infection", "A1,2021-06-14,infection", "A1,2021-06-14,infection")
    )
    assert [day for _, _, day, _ in told(trial)] == [30.0, 91.0]
    (finding,) = [f for f in trial.findings if f.code == "EVENT_DOUBLED"]
    assert (finding.file, finding.row) == ("events.csv", 4)


def test_one_event_in_a_column_and_in_a_row_is_one_event():
    visits = VISITS.replace("ALSFRS_R\n", "ALSFRS_R,NIV_date\n", 1)
    visits = visits.replace(",36\n", ",36,2021-04-14\n")
    again = dated("A1,2021-04-14,NIV", "A2,2021-05-01,NIV")
    assert [(p, k, d) for p, k, d, _ in told(trial_of(again, visits))] == [
        ("A1", "niv", 30.0),
        ("A2", "niv", 30.0),
    ]


def test_rows_without_a_date_or_with_an_unknown_patient_are_named():
    trial = trial_of(
        dated(
            "A1,,PEG", "A9,2021-05-01,NIV", ",2021-05-02,NIV", "A1,2021-05-03,", "A2,2021-05-01,NIV"
        )
    )
    assert told(trial) == [("A2", "niv", 30.0, "non-invasive ventilation")]
    assert trial.patient_ids == ("A1", "A2")
    found = {f.code: (f.file, f.row) for f in trial.findings if f.code.startswith("EVENT_")}
    assert found["EVENT_WITHOUT_DATE"] == ("events.csv", 2)
    assert found["EVENT_OF_UNKNOWN_PATIENT"] == ("events.csv", 3)
    assert found["EVENT_WITHOUT_PATIENT"] == ("events.csv", 4)
    assert found["EVENT_WITHOUT_TEXT"] == ("events.csv", 5)


def test_a_death_sets_the_day_of_death():
    trial = trial_of(dated("A1,2021-09-15,died", "A2,2021-12-01,NIV"))
    assert trial.patients["death_day"].iloc[0] == 184.0
    assert ("A1", "death", 184.0, "death") in told(trial)


def test_deaths_that_contradict_each_other_are_named():
    visits = VISITS.replace("ALSFRS_R\n", "ALSFRS_R,death_date\n", 1)
    visits = visits.replace(",36\n", ",36,2021-10-15\n")
    trial = trial_of(dated("A1,2021-09-15,death", "A2,2021-12-01,NIV"), visits)
    assert trial.patients["death_day"].iloc[0] == 184.0
    (finding,) = [f for f in trial.findings if f.code == "CONTRADICTORY_FACTS"]
    assert "A1" in finding.text
    twice = trial_of(dated("A1,2021-09-15,death", "A1,2021-09-25,death"))
    assert [f.code for f in twice.findings].count("CONTRADICTORY_FACTS") == 1
    assert twice.patients["death_day"].iloc[0] == 184.0


def test_transplants_among_the_events_are_transplants():
    trial = trial_of(dated("A1,2021-03-15,transplant 1", "A1,2021-06-23,second cell infusion"))
    assert trial.patients["transplant_days"].tolist() == [(0.0, 100.0), (0.0,)]
    assert told(trial) == []
    events = event_table(trial, Settings())
    assert events.label.tolist() == ["transplant 2"]
    np.testing.assert_allclose(events.month, [100 / 30.4375])


@pytest.mark.parametrize(
    "text",
    [
        *("edaravone infusion", "injection site pain", "antibiotics intravenous"),
        *("fever after transplant", "transplant cancelled", "bone marrow aspiration"),
    ],
)
def test_what_only_sounds_like_a_transplant_is_none(text):
    trial = trial_of(dated(f"A1,2021-05-04,{text}", "A2,2021-05-01,NIV"))
    assert trial.patients["transplant_days"].tolist() == [(0.0,), (0.0,)]
    assert len(told(trial)) == 2


def test_days_count_as_those_of_the_visits():
    rows = ("A1,45,NIV", "A1,60,pneumonia", "A1,90,transplant 2", "A2,210,death")
    trial = trial_of(dated(*rows, header="patient,day,event"), DAYS)
    assert told(trial) == [
        ("A1", "infection", 60.0, "pneumonia"),
        ("A1", "niv", 45.0, "non-invasive ventilation"),
        ("A2", "death", 210.0, "death"),
    ]
    assert trial.patients["transplant_days"].tolist() == [(0.0, 90.0), (0.0,)]


def test_a_later_transplant_as_day_0_moves_the_events():
    trial = trial_of(dated("A1,2021-06-23,transplant", "A1,2021-07-03,NIV"))
    events = event_table(trial, Settings(transplant=1)).of(0)
    assert events.label.tolist() == ["transplant 1", "non-invasive ventilation"]
    np.testing.assert_allclose(events.month, [-100 / 30.4375, 10 / 30.4375])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("wheelchair", "wheelchair"),
        ("fall, no fracture", "fall, no fracture"),
        ("Moved to MRI unit", "Moved to MRI unit"),
        ("seen by Anna Berger", "other event"),
        ("call +49 170 5551234", "other event"),
        ("visited Mr Miller", "other event"),
        ("Berger", "other event"),
        ("Berger in hospital", "other event"),
        ("Wheelchair", "Wheelchair"),
        ("a very long story of what happened on that day", "other event"),
        ("<b>bold</b>", "other event"),
    ],
)
def test_free_text_is_kept_only_if_it_tells_nobody(text, shown):
    trial = trial_of(dated(f'A1,2021-05-04,"{text}"', "A2,2021-05-01,NIV"))
    assert [t for p, _, _, t in told(trial) if p == "A1"] == [shown]
    withheld = [f for f in trial.findings if f.code == "EVENT_TEXT_WITHHELD"]
    assert [f.row for f in withheld] == ([2] if shown == "other event" else [])
    assert all(text not in f.sentence() and not f.value for f in trial.findings)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("PEG + pneumonia", ("gastrostomy", "infection")),
        ("BiPAP", ("niv",)),
        ("NIV declined", ("other",)),
        ("NIV stopped", ("other",)),
        ("invasive ventilation", ("tracheostomy",)),
        ("non-invasive ventilation", ("niv",)),
        ("PEG site infection", ("infection",)),
        ("died of pneumonia", ("death",)),
        ("lost to follow-up", ("last_contact",)),
        ("last contact", ("last_contact",)),
        ("death of husband", ("other",)),
        ("planned gastrostomy", ("other",)),
        ("COVID-19", ("infection",)),
    ],
)
def test_words_say_the_kind(text: str, kinds: Sequence[str]):
    assert kinds_in(text) == kinds


def test_names_of_visits_are_no_events():
    rows = ("A1,2020-09-15,Screening", "A1,2021-06-15,Month 3", "A1,2021-03-15,Transplant")
    trial = trial_of(dated(*rows))
    assert told(trial) == []
    assert trial.patients["transplant_days"].tolist() == [(0.0,), (0.0,)]


def test_events_of_who_has_no_day_0_are_named():
    visits = VISITS.replace("A2,2021-04-01,", "A2,,")
    trial = trial_of(dated("A2,2021-05-01,NIV", "A1,2021-05-04,PEG"), visits)
    assert [(p, k) for p, k, _, _ in told(trial)] == [("A1", "gastrostomy")]
    (finding,) = [f for f in trial.findings if f.code == "EVENT_NOT_PLACED"]
    assert "A2" in finding.text
    assert finding.row == 2


def test_short_texts_without_marks_are_plain():
    assert tells_nobody("foot orthosis")
    assert not tells_nobody("Dr Weiss")
