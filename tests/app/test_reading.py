"""Reading on the Trial page: the same as the command line, questions, columns, corrections."""

from __future__ import annotations

import csv
import io
import random
import re
from pathlib import Path

import pandas as pd
import pytest
import streamlit as st

from data.files import UploadedFile
from data.reading import Reading, read_files
from report.deidentified import LARGEST_SHIFT, deidentified
from tests.app.driver import (
    EXAMPLE,
    EXAMPLE_TITLE,
    PATIENTS,
    ROOT,
    SLOPES,
    TRIAL,
    alerts,
    chips,
    drop,
    go_to,
    healthy,
    labels,
    loaded,
    opened,
    press,
    query,
    text_of,
    trial_csv,
)
from ui.check_titles import TITLES

pytestmark = pytest.mark.slow

UPLOADS = ROOT / "tests" / "uploads"
CASES = {
    "D06_ambiguous_dmy_all.csv": "ask",
    "L04_two_sheets.xlsx": "load",
    "Q08_phi.csv": "load_flagged",
    "Q06_out_of_range.csv": "load_flagged",
    "V05_mixed_units_flagged.csv": "load",
    "R09_truncated.xlsx": "reject",
}
ITEMS = (*(f"Q{n}" for n in range(1, 5)), "Q5a", *(f"Q{n}" for n in range(6, 13)))


def said(at) -> str:
    """Return all words of the page, tables included, as the reader of the screen sees them."""
    cells = [str(c) for frame in at.dataframe for c in frame.value.to_numpy().ravel()]
    text = "\n".join([text_of(at), *cells]).replace("\u2060", "")
    return " ".join(text.split())


def seen(text: str) -> str:
    return " ".join(text.split())


def known(at):
    return at.session_state["alslope.dropped"]


def reading_of(at) -> Reading:
    return known(at).reading


@pytest.mark.parametrize(("name", "verdict"), CASES.items())
def test_page_says_what_the_command_line_says(name, verdict):
    content = (UPLOADS / name).read_bytes()
    expected = read_files([UploadedFile(name, content)])
    at = healthy(drop(opened(), content, name=name))
    assert expected.verdict == verdict
    assert reading_of(at).to_json() == expected.to_json()
    page = said(at)
    for finding in expected.findings:
        for part in (finding.text, finding.next_step, finding.file, finding.column):
            assert seen(part) in page, finding
    assert ("Before this file can be read" in alerts(at)) == (verdict == "ask")
    assert ("This file was not loaded" in alerts(at)) == (verdict == "reject")
    assert (loaded(at) == EXAMPLE_TITLE) == (verdict in ("ask", "reject"))
    for question in expected.questions:
        assert seen(question.text) in page
        assert seen(question.evidence) in page
        shown = at.radio(key=f"w.answer-{question.code}").options
        assert shown == [words for _, words in question.options]


def test_several_files_are_one_trial():
    names = sorted(path.name for path in UPLOADS.glob("S03_*.csv"))
    first, *others = [(name, (UPLOADS / name).read_bytes()) for name in names]
    at = drop(opened(), first[1], name=first[0], more=dict(others))
    expected = read_files([UploadedFile(*pair) for pair in (first, *others)])
    assert healthy(at)
    assert reading_of(at).to_json() == expected.to_json()


def test_columns_that_identify_people_are_named_but_no_cell_of_them_is():
    content = (UPLOADS / "Q08_phi.csv").read_bytes()
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    at = drop(opened(), content, name="Q08_phi.csv")
    page = said(at)
    assert "Personal details were left out" in page
    for column in ("Surname", "E-mail", "Phone", "National ID"):
        assert column in page
        assert rows[0][column]
        assert rows[0][column] not in page
    change_columns(at)
    assert rows[0]["Surname"] not in said(healthy(at))


def test_file_that_is_called_by_a_person_gets_a_neutral_name():
    at = drop(opened(), trial_csv(3).replace(",fvc", ",other"), name="Maria Rossi 1961-02-03.csv")
    page = said(healthy(at))
    assert "Rossi" not in page
    assert "Maria" not in page


def test_every_flag_and_reason_of_the_contract_has_a_title():
    contract = (UPLOADS / "README.md").read_text("utf-8").split("## Codes")[1]
    codes = set(re.findall(r"[A-Z][A-Z0-9_]{4,}", contract.split("questions (answers)")[0]))
    assert len(codes) > 30
    assert codes - set(TITLES) == set()


# Questions


def sites_csv() -> str:
    """Return visits of two sites, one of which writes the day first, the other the month."""
    lines = ["patient_id,site,visit_date,transplant_date,ALSFRS_R"]
    for site, form in (("Rome", "{d:02d}/{m:02d}/{y}"), ("Boston", "{m:02d}/{d:02d}/{y}")):
        for p in range(4):
            for k, month in enumerate(range(1, 10)):
                day = form.format(d=13 + p, m=month, y=2021)
                day0 = form.format(d=13 + p, m=5, y=2021)
                lines.append(f"{site[0]}{p},{site},{day},{day0},{44 - k}")
    return "\n".join(lines)


def test_each_part_of_a_file_gets_its_own_answer():
    at = healthy(drop(opened(), sites_csv()))
    questions = {q.code: q for q in reading_of(at).questions}
    if "DATE_ORDER_INCONSISTENT" not in questions:
        pytest.skip("the reader needs no answer for these sites")
    parts = questions["DATE_ORDER_INCONSISTENT"].parts
    assert parts
    for k, part in enumerate(parts):
        order = "mdy" if "Boston" in part else "dmy"
        at.selectbox(key=f"w.answer-DATE_ORDER_INCONSISTENT-{k}").set_value(order)
    press(at, "Read the file")
    assert "8 analysed of 8 loaded" in healthy(at).markdown[0].value
    assert "Boston: month first" in text_of(at)


def test_form_without_all_parts_answered_stays():
    at = drop(opened(), sites_csv())
    press(at, "Read the file")
    assert loaded(healthy(at)) == EXAMPLE_TITLE


def test_answers_can_be_given_again():
    content = (UPLOADS / "D06_ambiguous_dmy_all.csv").read_bytes()
    at = drop(opened(), content, name="D06.csv")
    at.radio(key="w.answer-DATE_ORDER").set_value("dmy")
    press(at, "Read the file")
    assert "Your answer: day first" in text_of(healthy(at))
    first = loaded(at)
    press(at, "Answer again")
    assert "Before this file can be read" in alerts(healthy(at))
    at.radio(key="w.answer-DATE_ORDER").set_value("mdy")
    press(at, "Read the file")
    assert loaded(healthy(at)) != first


# Columns


def unknown_csv(n: int = 8) -> str:
    """Return visits under headers that say nothing."""
    lines = trial_csv(n).splitlines()
    return "\n".join(["Kuerzel,OP,Besuch,S,W", *lines[1:]])


def change_columns(at):
    at.session_state["w.columns"] = True
    return press(at.run(), "Change")


def assign(at, roles: dict[str, str]):
    for key, role in roles.items():
        at.selectbox(key=key).set_value(role)
    return press(at, "Read with these columns")


ROLES_OF_UNKNOWN = {
    "w.role-asked-0-0": "patient",
    "w.role-asked-0-1": "transplant",
    "w.role-asked-0-2": "visit_date",
    "w.role-asked-0-3": "alsfrs_r",
    "w.role-asked-0-4": "fvc",
}


def mapped(at=None):
    at = drop(at or opened(), unknown_csv(), name="a.csv")
    assert "Which column holds what?" in text_of(healthy(at))
    return assign(at, ROLES_OF_UNKNOWN)


def test_columns_are_assigned_where_they_could_not_be_understood():
    at = healthy(mapped())
    assert "8 analysed of 8 loaded" in at.markdown[0].value
    recipe = at.session_state["alslope.trial"].recipe
    assert recipe.mapping["a.csv"]["Kuerzel"] == "patient"
    plain = drop(opened(), trial_csv(8))
    assert loaded(at) == loaded(plain)


def test_form_of_columns_shows_headers_and_cells_but_no_cell_of_a_person():
    content = unknown_csv().splitlines()
    content = [content[0] + ",Surname"] + [f"{line},Rossi" for line in content[1:]]
    at = drop(opened(), "\n".join(content))
    page = said(healthy(at))
    assert "Kuerzel" in page
    assert "2021-06-01" in page
    assert "Rossi" not in page


def test_file_of_the_same_shape_is_read_with_the_same_columns_and_undo_forgets_them():
    at = mapped()
    drop(at, unknown_csv(5), name="b.csv")
    assert "5 analysed of 5 loaded" in healthy(at).markdown[0].value
    assert "shape of an earlier file" in text_of(at)
    at.button(key="w.mapping-undo").click().run()
    assert "Which column holds what?" in text_of(healthy(at))


def test_columns_of_a_file_that_was_read_can_be_changed():
    at = drop(opened(), trial_csv(8), name="a.csv")
    change_columns(at)
    position = next(k for k, c in enumerate(reading_of(at).columns) if c.header == "fvc_percent")
    assign(at, {f"w.role-change-0-{position}": "ignored"})
    assert at.session_state["alslope.trial"].endpoints == ("alsfrs_r",)
    assert "8 loaded" in healthy(at).markdown[0].value


# Corrections


def scored_csv(wrong: tuple[int, ...] = (3, 12), patients: int = 6, months: int = 9) -> str:
    """Return visits with items, whose totals are wrong in some rows (the first visit is row 2)."""
    chance = random.Random(5)
    lines = [",".join(["patient_id", "visit_date", "transplant_date", "ALSFRS_R_total", *ITEMS])]
    for p in range(1, patients + 1):
        scores = [4] * 12
        for month in range(1, months + 1):
            scores[chance.randrange(12)] -= 1
            scores = [max(0, score) for score in scores]
            total = sum(scores) + (2 if len(lines) + 1 in wrong else 0)
            cells = [f"S{p}", f"2021-{month:02d}-{p:02d}", f"2021-05-{p:02d}", total, *scores]
            lines.append(",".join(map(str, cells)))
    return "\n".join(lines)


def total_in(at, row: int) -> float:
    frame = at.session_state["alslope.trial"].measurements_frame
    mine = frame[(frame["endpoint"] == "alsfrs_r") & (frame["row"] == row)]
    return float(mine["value"].iloc[0])


def test_proposed_correction_is_applied_and_taken_back():
    at = drop(opened(), scored_csv())
    before, name = total_in(at, 3), loaded(at)
    assert "Totals that differ from their items · 2" in said(healthy(at))
    at.button(key="w.apply-TOTAL_MISMATCH-0").click().run()
    assert total_in(healthy(at), 3) == before - 2
    assert "Totals that differ from their items · 1" in said(at)
    assert "Corrections: 1 applied" in said(at)
    fixes = at.session_state["alslope.trial"].recipe.fixes
    assert [(fix.row, fix.code) for fix in fixes] == [(3, "TOTAL_MISMATCH")]
    at.button(key="w.undo-0").click().run()
    assert total_in(healthy(at), 3) == before
    assert loaded(at) == name
    assert "Corrections" not in said(at)


def test_all_corrections_of_a_kind_are_applied_and_taken_back_at_once():
    at = drop(opened(), scored_csv())
    press(at, "Apply all 2")
    assert "Totals that differ" not in " ".join(box.label for box in healthy(at).expander[:1])
    assert "Corrections: 2 applied" in said(at)
    press(at, "Undo all 2")
    assert "Totals that differ from their items · 2" in said(healthy(at))


def test_declined_correction_is_offered_again_only_on_request():
    at = drop(opened(), scored_csv((3,)))
    press(at, "Leave as it is")
    assert "Corrections: 1 declined" in said(healthy(at))
    assert "Leave as it is" not in labels(at)
    press(at, "Undo")
    assert "Leave as it is" in labels(healthy(at))


def test_log_of_corrections_is_saved(monkeypatch):
    at = drop(opened(), scored_csv())
    press(at, "Leave as it is")
    saved = {}
    real = st.download_button

    def spy(label, data=None, file_name=None, **options):
        saved[file_name] = data
        return real(label, data=b"", file_name=file_name, **options)

    at.button(key="w.apply-TOTAL_MISMATCH-1").click()
    with monkeypatch.context() as patch:
        patch.setattr(st, "download_button", spy)
        at.run()
    text = saved["corrections.csv"]().decode("utf-8-sig")
    assert "left as it is" in text
    assert "applied" in text
    assert "secret-name" not in text


def test_corrections_keep_settings_and_wait_for_the_file():
    at = drop(opened(), scored_csv())
    at.sidebar.select_slider(key="w.post_months").set_value(3.0).run()
    at.button(key="w.apply-TOTAL_MISMATCH-0").click().run()
    assert chips(healthy(at)) == ["after: 3 months"]
    go_to(at, SLOPES)
    go_to(at, TRIAL)
    assert "Corrections: 1 applied" in said(healthy(at))
    assert at.button(key="w.undo-0").disabled
    assert at.button(key="w.apply-TOTAL_MISMATCH-0").disabled
    drop(at, scored_csv())
    assert "Corrections: 1 applied" in said(healthy(at))
    assert not at.button(key="w.undo-0").disabled


# A newer file, another file, nothing left behind


def without_last_patient_and_with_another_value(content: str) -> str:
    lines = [line for line in content.splitlines() if not line.startswith('"A8"')]
    cells = lines[3].split(",")
    cells[3] = str(int(cells[3]) + 1)
    return "\n".join([*lines[:3], ",".join(cells), *lines[4:]]) + "\n"


def test_newer_file_of_the_trial_keeps_settings_and_says_what_changed():
    at = drop(opened(), trial_csv(8))
    at.sidebar.select_slider(key="w.post_months").set_value(3.0).run()
    newer = without_last_patient_and_with_another_value(trial_csv(8))
    drop(at, newer + trial_csv(["B1"]).split("\n", 1)[1], name="newer.csv")
    page = said(healthy(at))
    assert "A newer version of the trial that was open" in page
    assert "1 patient added: B1" in page
    assert "1 patient removed: A8" in page
    assert "1 value changed" in page
    assert chips(at) == ["after: 3 months"]
    press(at, "Start with default settings instead")
    assert chips(healthy(at)) == []
    assert "A newer version" not in said(at)


def test_decision_about_a_value_that_changed_is_named():
    at = drop(opened(), trial_csv(8))
    go_to(at, PATIENTS)
    next(s for s in at.selectbox if s.label == "What").select_index(3)
    next(s for s in at.selectbox if s.label == "Reason").select_index(1)
    press(at, "Apply")
    assert len(at.session_state["alslope.settings"].points) == 1
    point = at.session_state["alslope.settings"].points[0]
    old = trial_csv(8).splitlines()
    frame = at.session_state["alslope.trial"].measurements_frame
    mine = frame[(frame["patient"] == point.patient) & (frame["endpoint"] == point.endpoint)]
    row = int(mine.loc[(mine["day"] - point.day).abs() < 1, "row"].iloc[0])
    cells = old[row - 1].split(",")
    cells[3] = str(int(cells[3]) - 2)
    old[row - 1] = ",".join(cells)
    drop(at, "\n".join(old), name="newer.csv")
    assert "1 decision about single values no longer applies" in said(healthy(at))


def test_another_trial_starts_with_its_own_settings():
    at = drop(opened(), trial_csv(8))
    at.sidebar.select_slider(key="w.post_months").set_value(3.0).run()
    drop(at, trial_csv([f"C{i}" for i in range(6)]))
    assert chips(healthy(at)) == []
    assert "A newer version" not in said(at)


def test_example_stays_open_until_the_files_are_opened_again():
    at = drop(opened(), trial_csv(8))
    at.button(key=f"w.open-{EXAMPLE}").click().run()
    assert loaded(healthy(at)) == EXAMPLE_TITLE
    press(at, "Open your files")
    assert loaded(healthy(at)).startswith("Trial ")


def test_title_stays_with_corrections():
    at = drop(opened(), scored_csv())
    at.text_input[0].set_value("Our trial").run()
    at.button(key="w.apply-TOTAL_MISMATCH-0").click().run()
    assert loaded(healthy(at)) == "Our trial"


def test_clear_data_forgets_answers_corrections_and_columns():
    at = mapped()
    drop(at, scored_csv())
    at.button(key="w.apply-TOTAL_MISMATCH-0").click().run()
    at.button(key="w.clear").click().run()
    kept = [key for key in at.session_state.to_dict() if "alslope." in key]
    assert not [
        k for k in kept if k.endswith((".dropped", ".mappings", ".files_of_trial", ".change"))
    ]
    drop(at, scored_csv())
    assert "Totals that differ from their items · 2" in said(healthy(at))
    drop(at, unknown_csv(), name="a.csv")
    assert "Which column holds what?" in text_of(healthy(at))


def test_session_keeps_no_bytes_of_a_file():
    mark = "zzqq-mark-of-a-column"
    content = trial_csv(5).replace("fvc_percent", mark, 1) + "\n"
    at = drop(opened(), content)
    go_to(at, SLOPES)
    kept = {k: v for k, v in at.session_state.to_dict().items() if k.startswith("alslope.")}
    assert not [k for k, v in kept.items() if isinstance(v, bytes | bytearray)]
    assert query(at)["trial"].startswith("upload-")


# Saving without personal details


def test_saved_values_have_new_names_and_relative_days_or_shifted_dates():
    content = trial_csv(["Rossi1", "Bianchi2", "Verdi3"])
    at = drop(opened(), content)
    trial = at.session_state["alslope.trial"]
    plain = deidentified(trial, with_dates=False)
    assert set(plain["patient"]) == {"P01", "P02", "P03"}
    assert not [name for name in plain.columns if "date" in name]
    shifted = [deidentified(trial, with_dates=True) for _ in range(3)]
    real = trial.measurements["date"].reset_index(drop=True)
    offsets = set()
    for table in shifted:
        moved = (pd.to_datetime(table["visit_date"]) - real).dt.days
        per_patient = moved.groupby(table["patient"]).unique()
        assert all(len(days) == 1 and 1 <= abs(days[0]) <= LARGEST_SHIFT for days in per_patient)
        offsets |= {int(days[0]) for days in per_patient}
        since = pd.to_datetime(table["visit_date"]) - pd.to_datetime(table["transplant_date"])
        assert (since.dt.days == plain["day_rel"]).all()
    assert len(offsets) > 3


@pytest.mark.parametrize("with_dates", [False, True])
def test_saved_values_are_read_again(with_dates):
    at = drop(opened(), trial_csv(6))
    trial = at.session_state["alslope.trial"]
    saved = deidentified(trial, with_dates=with_dates).to_csv(index=False).encode()
    again = read_files([UploadedFile("deidentified.csv", saved)])
    assert again.trial is not None, again.to_json()
    assert len(again.trial.measurements) == len(trial.measurements)
    assert again.trial.measurements["day"].tolist() == trial.measurements["day"].tolist()


def test_templates_are_read_without_a_question():
    for path in (Path("a.xlsx"), Path("a.csv")):
        from data.template import template_csv, template_workbook

        content = template_workbook() if path.suffix == ".xlsx" else template_csv()
        at = healthy(drop(opened(), content, name=path.name))
        assert "1 loaded" in at.markdown[0].value


def test_link_of_an_upload_asks_for_the_file_after_a_reload():
    at = opened(TRIAL, trial="upload-abcdef012345", after="3")
    assert "was not kept" in alerts(healthy(at))
    assert chips(at) == ["after: 3 months"]
    drop(at, trial_csv(8))
    assert "was not kept" not in alerts(healthy(at))
    assert chips(at) == ["after: 3 months"]


def test_proposals_of_the_open_trial_are_not_applied_to_another_file():
    at = drop(opened(), scored_csv())
    drop(at, unknown_csv(), name="a.csv")
    assert "Totals that differ from their items · 2" in said(healthy(at))
    assert "Apply all 2" not in labels(at)
    assert known(at).recipe.fixes == ()
