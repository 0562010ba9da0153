"""The page of one patient: cards, navigation, pin, decisions about values, the one-page PDF."""

from __future__ import annotations

import re
import time
from dataclasses import replace

import pytest

from report.tables import export_names
from tests.app.driver import (
    EXAMPLE,
    PATIENTS,
    SLOPES,
    charts,
    chips,
    copied_link,
    drop,
    found,
    go_to,
    healthy,
    labels,
    opened,
    press,
    query,
    text_of,
    trial_csv,
)
from ui.patient_search import MOST_OPTIONS

pytestmark = pytest.mark.slow

VIEW = "alslope.view"
DETAIL = "every-detail"


def look(at, **changes):
    """Change what is looked at, as a click on a chart or a row does."""
    at.session_state[VIEW] = replace(at.session_state[VIEW], **changes)
    return healthy(at.run())


def chosen(at):
    """Return the name of the patient on the page."""
    return re.findall(r"Visits of (.+)", text_of(at))[0]


def row_of(at, patient, endpoint, k=0):
    """Return a row of the measurements of one patient."""
    frame = at.session_state["alslope.trial"].measurements_frame
    mine = frame[(frame["patient"] == patient) & (frame["endpoint"] == endpoint)]
    return int(mine.index[k])


def uploaded(content=None):
    at = drop(opened(), content or trial_csv(6))
    return healthy(go_to(at, PATIENTS))


def test_cards_say_whether_the_course_bent_and_how_sure():
    at = healthy(opened(PATIENTS, trial=DETAIL, person="7"))
    said = text_of(at)
    assert "7 of 24" in said
    for endpoint in ("ALSFRS-R", "FVC"):
        assert re.search(rf"\*\*{endpoint}: .*(after|inconclusive|no verdict)", said), endpoint
    for part in (
        "95 % CI",
        "Observed − projected",
        "since day 0",
        "King’s",
        "MiToS",
        "ΔFS at day 0",
    ):
        assert part in said, part


def test_month_of_the_projection_is_kept_in_the_link():
    at = opened(PATIENTS, trial=DETAIL, person="7")
    at.number_input(key="w.month").set_value(9).run()
    assert query(healthy(at))["at"] == "9"
    assert "at month" in text_of(at)
    nine = re.findall(r"ALSFRS-R → \*\*(.+?)\*\*", text_of(at))[0]
    assert re.fullmatch(r"[\d.]+ points \(95 % prediction [\d.]+ to [\d.]+\)", nine)
    at.number_input(key="w.month").set_value(3).run()
    assert re.findall(r"ALSFRS-R → \*\*(.+?)\*\*", text_of(at))[0] != nine


def test_previous_and_next_walk_over_those_who_pass_the_filters():
    at = opened(PATIENTS, trial=DETAIL, only="sex:F")
    people = at.session_state["alslope.trial"].patients
    women = people.loc[people["sex"].str.upper().str.startswith("F"), "patient"].tolist()
    assert 1 < len(women) < 24
    walked = [chosen(at)]
    while not at.button(key="w.next").disabled:
        at.button(key="w.next").click().run()
        walked.append(chosen(healthy(at)))
    assert walked == women
    assert f"{len(women)} of {len(women)}, {24 - len(women)} patients filtered out" in text_of(at)


def test_a_patient_who_is_filtered_out_stays_until_another_is_chosen():
    at = opened(PATIENTS, trial=DETAIL, only="sex:F")
    people = at.session_state["alslope.trial"].patients
    man = int(people.index[~people["sex"].str.upper().str.startswith("F")][0])
    look(at, patient=man)
    assert "does not pass the filters" in text_of(at)
    assert chosen(at) == people["patient"][man]
    at.button(key="w.next").click().run()
    assert "does not pass the filters" not in text_of(healthy(at))


def test_pinned_patient_is_compared_until_let_go():
    at = opened(PATIENTS, trial=DETAIL, person="3")
    at.button(key="w.pin").click().run()
    assert at.button(key="w.pin").label == "Unpin"
    assert "pinned patient" not in text_of(at)
    alone = charts(at)["patient"]["figure"]
    at.button(key="w.next").click().run()
    assert "Compared with the pinned patient" in text_of(healthy(at))
    assert at.button(key="w.pin").label == "Unpin P03"
    assert charts(at)["patient"]["figure"] != alone
    assert "P03" in charts(at)["patient"]["figure"]
    assert copied_link(at)[1]["with"] == "3"
    at.button(key="w.pin").click().run()
    assert "Compared with" not in text_of(healthy(at))
    assert "with" not in query(at)


def test_whom_one_looks_at_in_an_upload_stays_out_of_the_link():
    at = uploaded()
    at.button(key="w.pin").click().run()
    at.button(key="w.next").click().run()
    assert "Compared with the pinned patient" in text_of(healthy(at))
    assert not {"person", "with"} & set(query(at))


@pytest.mark.parametrize("bad", ["0", "-1", "x", "9999999", "٣"])
def test_a_link_with_a_bad_position_opens_the_page(bad):
    at = healthy(opened(PATIENTS, trial=EXAMPLE, person=bad, **{"with": bad, "at": bad}))
    assert "of 10" in text_of(at)


def test_a_value_chosen_in_the_figure_is_left_out_and_restored():
    at = uploaded()
    at_row = row_of(at, "A1", "alsfrs_r", 5)
    before = charts(at)["patient"]["figure"]
    look(at, value=at_row)
    frame = at.session_state["alslope.trial"].measurements_frame
    score, line = frame.loc[at_row, "value"], frame.loc[at_row, "row"]
    assert f"Leave out ALSFRS-R {score:g} points at +" in text_of(at)
    assert f"(row {line})" in text_of(at)
    press(at, "Leave out")
    assert "Choose a reason." in text_of(at)
    assert chips(at) == []
    reason = next(box for box in at.selectbox if box.label == "Reason")
    reason.set_value("measurement error")
    press(at, "Leave out")
    assert chips(healthy(at)) == ["values left out: 1"]
    assert charts(at)["patient"]["figure"] != before
    assert "is left out: measurement error" in text_of(at)
    assert at.session_state[VIEW].value is None
    look(at, value=at_row)
    press(at, "Restore")
    assert chips(healthy(at)) == []
    assert charts(at)["patient"]["figure"] == before


def test_visits_in_the_figure_say_which_row_was_clicked():
    at = uploaded()
    figure = charts(at)["patient"]["figure"]
    assert f'["{row_of(at, "A1", "alsfrs_r")}",' in figure.replace(" ", "")
    assert f'["{row_of(at, "A2", "alsfrs_r")}",' not in figure.replace(" ", "")


def test_a_value_of_somebody_else_is_not_decided_about_here():
    at = uploaded()
    look(at, value=row_of(at, "A2", "alsfrs_r"))
    assert "Leave out ALSFRS-R" not in text_of(at)
    look(at, value=10**6)
    assert "Leave out ALSFRS-R" not in text_of(at)


def test_going_to_the_next_patient_forgets_the_chosen_value():
    at = uploaded()
    look(at, value=row_of(at, "A1", "alsfrs_r"))
    at.button(key="w.next").click().run()
    assert at.session_state[VIEW].value is None


def test_the_table_follows_what_is_chosen_and_lets_go_of_it():
    # A row that stayed chosen would need two clicks to be chosen again.
    at = uploaded()

    def row_chosen():
        name = export_names(at.session_state["alslope.trial"])[0]
        return list(at.session_state[f"table-visits-{name}"]["selection"]["rows"])

    assert row_chosen() == []
    table = next(frame.value for frame in at.dataframe if "row in file" in frame.value)
    at_row = row_of(at, "A1", "alsfrs_r")
    look(at, value=at_row)
    (row,) = row_chosen()
    line = at.session_state["alslope.trial"].measurements_frame.loc[at_row, "row"]
    assert table["row in file"].iloc[row] == line
    press(at, "Cancel")
    assert row_chosen() == []


def test_cancel_changes_nothing():
    at = uploaded()
    look(at, value=row_of(at, "A1", "alsfrs_r"))
    press(at, "Cancel")
    assert chips(healthy(at)) == []
    assert "Leave out ALSFRS-R" not in text_of(at)


def test_every_patient_of_the_detailed_trial_has_a_page():
    at = healthy(opened(PATIENTS, trial=DETAIL, items="yes", middle="yes"))
    for k in range(24):
        look(at, patient=k)
        assert f"{k + 1} of 24" in text_of(at)
        assert any(b.label == "One-page PDF" for b in found(at, "download_button"))


ODD = {
    "one visit": ((0,), "not compared"),
    "no visit after": ((-6, -3, 0), "not compared"),
    "two before": ((-3, 0, 3, 6), "no verdict, 2 visits before"),
}


@pytest.mark.parametrize("case", ODD)
def test_odd_courses_say_what_is_missing(case):
    months, expected = ODD[case]
    at = uploaded(trial_csv(5, months=months))
    assert f"ALSFRS-R: {expected}" in text_of(at)


def test_patient_without_a_transplant_date():
    lines = trial_csv(4).splitlines()
    rows = [re.sub(r'^("A2"),[^,]*', r"\1,", line) for line in lines]
    at = uploaded("\n".join(rows) + "\n")
    look(at, patient=1)
    assert "No transplant date is known" in text_of(at)
    assert "no transplant date" in text_of(at)


def test_one_endpoint_only():
    at = uploaded(trial_csv(5, with_fvc=False))
    assert "ALSFRS-R: " in text_of(at)
    assert "**FVC: " not in text_of(at)


def test_end_of_fvc_at_niv_is_offered_where_there_is_one():
    at = opened(PATIENTS, trial=DETAIL)
    trial = at.session_state["alslope.trial"]
    with_niv = set(trial.events.loc[trial.events["kind"] == "niv", "patient"])
    some = next(i for i, p in enumerate(trial.patient_ids) if p in with_niv)
    none = next(i for i, p in enumerate(trial.patient_ids) if p not in with_niv)
    look(at, patient=none)
    assert not [t for t in at.toggle if t.key == "w.until-niv"]
    look(at, patient=some)
    at.toggle(key="w.until-niv").set_value(True).run()
    assert query(healthy(at))["fvc-until"] == "niv"


def test_many_patients_are_found_by_typing():
    n = MOST_OPTIONS + 60
    at = uploaded(trial_csv([f"S{i:04d}" for i in range(n)], with_fvc=False, months=(-3, 0, 3, 6)))
    assert len(at.selectbox(key="w.patient").options) == 1
    at.text_input(key="w.find-patient").set_value("s004").run()
    assert at.selectbox(key="w.patient").options == ["S0000", *(f"S004{i}" for i in range(10))]
    assert "10 found" in text_of(healthy(at))
    at.selectbox(key="w.patient").set_value(42).run()
    assert chosen(healthy(at)) == "S0042"
    started = time.monotonic()
    healthy(at.run())
    assert time.monotonic() - started < 2
    go_to(at, SLOPES)
    go_to(at, PATIENTS)
    assert chosen(at) == "S0042"
    assert "Next" in labels(at)
