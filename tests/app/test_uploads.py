"""Files that users drop: good ones on every page, bad ones refused in words, markup inert."""

from __future__ import annotations

import io
import re

import openpyxl
import pytest
import streamlit as st

from tests.app.driver import (
    EXAMPLE,
    EXAMPLE_TITLE,
    HEADER,
    PATIENTS,
    SLOPES,
    TRIAL,
    alerts,
    bar,
    charts,
    chips,
    drop,
    every_page,
    go_to,
    headline,
    healthy,
    loaded,
    markdown,
    opened,
    press,
    query,
    text_of,
    trial_csv,
    walk,
)
from ui.text import inert

pytestmark = pytest.mark.slow

ALL_TABS = (
    "Tests",
    "Model",
    "Responders",
    "Checks",
    "Groups",
    "Day 0",
    "Course",
    "Methods",
    "Patients",
)


def drop_and_visit(content, **options):
    """Drop a file and visit every page; return the app on the Trial page."""
    at = healthy(drop(opened(), content, **options))
    for _ in every_page(at):
        pass
    return at


def workbook(rows, sheet="visits") -> bytes:
    book = openpyxl.Workbook()
    book.active.title = sheet
    for row in rows:
        book.active.append(row)
    stored = io.BytesIO()
    book.save(stored)
    return stored.getvalue()


def everything_sent(at) -> str:
    """Return all that the page sends to the browser, as text."""
    protos = [str(getattr(e, "proto", "")) for e in walk(at) if e.type != "file_uploader"]
    frames = [frame.value.to_string() for frame in at.dataframe]
    return "\n".join([*protos, *frames, *markdown(at)])


def test_good_file_is_on_every_page_with_its_own_name_and_n():
    at = drop(opened(), trial_csv(8))
    for page in every_page(at):
        assert re.fullmatch(r"Trial [0-9a-f]{6}", loaded(at)), page
        assert "8 analysed of 8 loaded" in at.markdown[0].value, page
        assert "simulated" not in at.markdown[0].value, page
        assert EXAMPLE_TITLE not in text_of(at).split("Simulated examples")[0], page
        assert chips(at) == [], page
        assert query(at)["trial"] == f"upload-{query(at)['trial'][7:19]}"
    go_to(at, SLOPES)
    assert "points/month" in headline(at)
    assert "n = 8" in headline(at)
    assert "Visits of A1" in text_of(go_to(at, PATIENTS))


def test_name_of_the_file_stays_with_the_user():
    at = drop(opened(), trial_csv(8), name="Rossi-Maria-1961.csv")
    for page in every_page(at):
        assert "Rossi" not in everything_sent(at), page


def test_excel_file_loads():
    rows = [line.replace('"', "").split(",") for line in trial_csv(7).splitlines()]
    at = drop_and_visit(workbook(rows), name="book.xlsx")
    assert "7 analysed of 7 loaded" in at.markdown[0].value


def test_same_data_as_csv_and_as_excel_are_the_same_trial():
    rows = [line.replace('"', "").split(",") for line in trial_csv(7).splitlines()]
    names = {
        loaded(drop(opened(), workbook(rows), name="b.xlsx")),
        loaded(drop(opened(), trial_csv(7))),
    }
    assert len(names) == 1


def test_trial_with_alsfrs_r_alone():
    at = drop(opened(), trial_csv(8, with_fvc=False))
    for _ in every_page(at):
        pass
    go_to(at, SLOPES)
    assert list(charts(at)) == ["slopes-alsfrs_r"]
    bar(at, "w.show").set_value("fvc").run()
    assert "no value of FVC" in alerts(healthy(at))
    assert "no value of FVC" in alerts(healthy(go_to(at, PATIENTS)))


ALONE = trial_csv(["A1"])
BAD: dict[str, tuple[str | bytes, str]] = {
    "nothing in it": ("", "empty"),
    "only blank lines": ("\n\n  \n", "empty"),
    "a header alone": (HEADER + "\n", "no row"),
    "other columns": ("name,height\nx,180\n", "not loaded"),
    "no patient": ("visit_date,alsfrs_r\n2021-01-01,40\n", "No column names the patient"),
    "no time": ("patient_id,alsfrs_r\nA1,40\n", "No column says when"),
    "no endpoint": ("patient_id,visit_date\nA1,2021-01-01\n", "No column holds ALSFRS-R"),
    "no value": (f"{HEADER}\nA1,2021-06-01,2021-05-01,,\n", "No value could be read"),
    "noise": (bytes(range(256)) * 40, "not loaded"),
    "zeros": (b"\x00" * 5000, "not loaded"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8, "not loaded"),
    "half a workbook": (b"PK\x03\x04" + bytes(range(256)) * 8, "not loaded"),
    "a page": (b"<!doctype html><html><body>Login</body></html>", "not loaded"),
}


REFUSED = [("bad.csv", what) for what in BAD]
# Readable text in a file that is called a workbook is for the reader to judge, not for the screen.
REFUSED += [("bad.xlsx", what) for what, (_, said) in BAD.items() if said == "not loaded"]


@pytest.mark.parametrize(("name", "what"), REFUSED)
def test_useless_file_is_refused_in_words_and_nothing_changes(name, what):
    content, said = BAD[what]
    at = healthy(drop(opened(), content, name=name))
    assert "This file was not loaded" in alerts(at)
    assert said.casefold() in text_of(at).casefold()
    assert loaded(go_to(at, TRIAL)) == EXAMPLE_TITLE
    assert "decline slower by 3.40" in headline(healthy(go_to(at, SLOPES)))


def test_useless_file_changes_no_page():
    at = drop(opened(), *BAD["noise"][:1], name="bad.csv")
    for page in every_page(at):
        assert loaded(at) == EXAMPLE_TITLE, page


def test_refused_file_after_a_good_one_keeps_the_good_one():
    at = drop(opened(), trial_csv(8))
    name = loaded(at)
    drop(at, "a,b\n1,2\n")
    assert "not loaded" in alerts(healthy(at))
    assert loaded(at) == name


def lines_with(changes: dict[int, str]) -> str:
    lines = trial_csv(8).splitlines()
    for row, line in changes.items():
        lines[row - 1] = line
    return "\n".join(lines) + "\n"


FLAGGED = {
    "text in a score": ("A1,2021-06-01,2020-09-01,thirty,70", "“thirty” is not a number"),
    "a score of 60": ("A1,2021-06-01,2020-09-01,60,70", "60 cannot be ALSFRS-R"),
    "a score below 0": ("A1,2021-06-01,2020-09-01,-1,70", "-1 cannot be ALSFRS-R"),
    "half a point": ("A1,2021-06-01,2020-09-01,30.5,70", "30.5 cannot be ALSFRS-R"),
    "FVC of 900": ("A1,2021-06-01,2020-09-01,30,900", "900 cannot be FVC"),
    "a day that does not exist": ("A1,2021-06-01,2021-02-30,30,70", "does not exist"),
    "no patient": (",2021-06-01,2020-09-01,30,70", "without a patient"),
    "another value that day": ("A1,2021-06-01,2020-12-01,3,70", "different values on one day"),
}


@pytest.mark.parametrize(("line", "said"), FLAGGED.values(), ids=FLAGGED)
def test_flaw_in_one_row_is_named_and_the_rest_loads(line, said):
    at = drop_and_visit(lines_with({2: line}))
    found = text_of(at) + " ".join(frame.value.to_string() for frame in at.dataframe)
    assert said in found
    assert "8 loaded" in at.markdown[0].value


def test_all_scores_out_of_range_are_shown_but_not_compared():
    content = re.sub(r",(\d+),(\d+\.\d)$", r",60,\2", trial_csv(8), flags=re.MULTILINE)
    at = drop_and_visit(content)
    go_to(at, SLOPES)
    assert "no patient can be compared" in headline(at)
    assert "60 cannot be" in text_of(go_to(at, TRIAL)) + " ".join(
        frame.value.to_string() for frame in at.dataframe
    )


def test_rows_that_stand_twice_are_counted_once():
    content = trial_csv(8)
    body = content.split("\n", 1)[1]
    at = drop_and_visit(content + body)
    assert "stand in the table more than once, alike" in text_of(at)
    go_to(at, SLOPES)
    twice = headline(at)
    assert twice == headline(go_to(drop(opened(), content), SLOPES))


def test_no_transplant_date_at_all():
    content = re.sub(r",2021-06-\d\d,", ",,", trial_csv(8))
    at = drop_and_visit(content)
    assert "No transplant date for 8 of 8 patients" in text_of(at)
    assert "0 analysed of 8 loaded" in at.markdown[0].value
    assert "no patient can be compared" in headline(go_to(at, SLOPES))
    go_to(at, PATIENTS)
    assert "No transplant date is known" in alerts(at)
    bar(at, "w.everyone").set_value(True).run()
    healthy(at)


def test_one_patient_without_a_transplant_date_leaves_the_others():
    lines = trial_csv(8).splitlines()
    lines = [re.sub(r",2021-06-\d\d,", ",,", x) if x.startswith('"A3"') else x for x in lines]
    at = drop_and_visit("\n".join(lines))
    assert "7 analysed of 8 loaded" in at.markdown[0].value
    assert "n = 7 of 8" in headline(go_to(at, SLOPES))
    at.session_state["w.tab"] = "Patients"
    assert "A3" in text_of(healthy(at.run()))


def test_one_visit_per_patient():
    at = drop_and_visit(trial_csv(8, months=(0,)))
    assert "0 analysed of 8 loaded" in at.markdown[0].value
    assert "no patient can be compared" in headline(go_to(at, SLOPES))


@pytest.mark.parametrize("patients", [1, 2, 3])
def test_very_few_patients(patients):
    at = drop_and_visit(trial_csv(patients))
    assert f"{patients} analysed of {patients} loaded" in at.markdown[0].value
    go_to(at, SLOPES)
    assert f"n = {patients}" in headline(at)
    assert ("no test" in headline(at)) == (patients == 1)


def test_scores_that_never_change():
    content = re.sub(r",(\d+),(\d+\.\d)$", r",40,\2", trial_csv(8), flags=re.MULTILINE)
    go_to(drop_and_visit(content), SLOPES)


def day_first(content: str) -> str:
    """Write dates as 05/06/2021, which no reader can tell from May 6."""
    return re.sub(r"(\d{4})-(\d\d)-(\d\d)", r"\3/\2/\1", content)


AMBIGUOUS = day_first(trial_csv(8))


@pytest.mark.parametrize("answer", ["dmy", "mdy"])
def test_ambiguous_dates_are_asked_about_and_then_read(answer):
    at = healthy(drop(opened(), AMBIGUOUS))
    assert "Before this file can be read" in alerts(at)
    assert loaded(at) == EXAMPLE_TITLE
    at.radio(key="w.answer-DATE_ORDER").set_value(answer)
    press(at, "Read the file")
    healthy(at)
    for page in every_page(at):
        assert loaded(at).startswith("Trial "), page
    assert "8 analysed of 8 loaded" in at.markdown[0].value
    assert "Before this file can be read" not in alerts(at)
    as_iso = headline(go_to(drop(opened(), trial_csv(8)), SLOPES))
    assert (headline(go_to(at, SLOPES)) == as_iso) == (answer == "dmy")


def test_question_without_an_answer_stays_and_breaks_no_page():
    at = drop(opened(), AMBIGUOUS)
    press(at, "Read the file")
    assert "Before this file can be read" in alerts(healthy(at))
    for page in every_page(at):
        assert loaded(at) == EXAMPLE_TITLE, page


def test_answer_for_one_file_is_not_taken_for_the_next():
    at = drop(opened(), AMBIGUOUS)
    at.radio(key="w.answer-DATE_ORDER").set_value("dmy")
    press(at, "Read the file")
    other = day_first(trial_csv([f"B{i}" for i in range(6)]))
    drop(at, other)
    assert "Before this file can be read" in alerts(healthy(at))


def test_fvc_without_a_unit_is_asked_about():
    content = trial_csv(8).replace("fvc_percent", "FVC")
    tenth = r"(\d+\.\d)$"
    content = re.sub(tenth, lambda m: f"{float(m[1]) / 10:.1f}", content, flags=re.MULTILINE)
    at = healthy(drop(opened(), content))
    assert "Before this file can be read" in alerts(at)
    at.radio(key="w.answer-FVC_UNIT").set_value("percent")
    press(at, "Read the file")
    assert loaded(healthy(at)).startswith("Trial ")


MARKUP = (
    "**x**",
    "__u__",
    "<b>y</b>",
    "$a$",
    ":red[z]",
    "[l](http://x)",
    "![i](http://x/p.png)",
    "=1+1",
    "`c`",
    "# h",
    "~~s~~",
    "a|b",
    "&amp;",
)


@pytest.mark.usefixtures("printing")
def test_identifiers_with_markup_are_shown_letter_by_letter():
    at = drop(opened(), trial_csv(list(MARKUP)))
    assert f"{len(MARKUP)} analysed of {len(MARKUP)} loaded" in at.markdown[0].value
    for page in every_page(at):
        said = "\n".join(markdown(at))
        for name in MARKUP:
            assert name not in said or inert(name) == name, (page, name)
    go_to(at, PATIENTS)
    for name in sorted(MARKUP):
        at.selectbox(key="w.patient").set_value(
            at.selectbox(key="w.patient").options.index(name)
        ).run()
        said = "\n".join(markdown(healthy(at)))
        assert f"Visits of {inert(name)}" in said
        figure = charts(at)["patient"]["figure"] + charts(at)["patient"]["printed"]
        assert "<b>y</b>" not in figure
    bar(at, "w.show").set_value("both").run()
    bar(at, "w.everyone").set_value(True).run()
    for chart in charts(healthy(at)).values():
        assert "<b>y</b>" not in chart["figure"] + chart["printed"]
    at.session_state["w.tab"] = "Patients"
    said = "\n".join(markdown(go_to(at, SLOPES)))
    assert not [name for name in MARKUP if name in said and inert(name) != name]


def test_identifiers_with_markup_are_inert_among_those_left_out():
    content = trial_csv(["**x**", "<b>y</b>", "$a$"], months=(-6, 0, 3))
    content += trial_csv(4).split("\n", 1)[1]
    at = drop(opened(), content)
    for tab in ALL_TABS:
        go_to(at, SLOPES)
        at.session_state["w.tab"] = tab
        said = "\n".join(markdown(healthy(at.run())))
        for name in ("**x**", "<b>y</b>", "$a$"):
            assert name not in said, (tab, name)
    assert inert("**x**").replace(" ", "\u00a0") in said


def test_markup_in_other_columns_and_in_headers_is_inert():
    content = trial_csv(6).splitlines()
    out = [content[0] + ",sex,onset_site,group,**other** <i>q</i>"]
    out += [line + ",**f**,:red[limb],<b>g</b>,1" for line in content[1:]]
    at = drop(opened(), "\n".join(out))
    for page in every_page(at):
        said = "\n".join(markdown(at))
        for raw in ("**f**", ":red[limb]", "<b>g</b>", "**other**", "<i>q</i>"):
            assert raw not in said, (page, raw)


def as_text(content: bytes | str) -> str:
    """Return what a download says: a workbook as one line of cells a row."""
    if isinstance(content, str):
        return content
    if not content.startswith(b"PK"):
        return content.decode()
    book = openpyxl.load_workbook(io.BytesIO(content))
    rows = [row for sheet in book for row in sheet.iter_rows(values_only=True)]
    lines = [",".join("" if cell is None else str(cell) for cell in row) for row in rows]
    return "\n".join([str(book.properties.title), *book.sheetnames, *lines])


def saved_by(at, monkeypatch, page) -> dict[str, str]:
    """Return every table that a page offers for download, as text by file name."""
    found: dict[str, str] = {}

    def spy(label, data=None, file_name=None, **options):
        # Neither is about the open trial.
        if file_name.startswith("alslope-template") or file_name == "registry.csv":
            return False
        content = data() if callable(data) else data
        found[file_name] = as_text(content)
        return False

    with monkeypatch.context() as patch:
        patch.setattr(st, "download_button", spy)
        go_to(at, page)
        tabs: dict[str, tuple[str, tuple[str, ...]]]
        tabs = {SLOPES: ("w.tab", ALL_TABS)}
        tabs[TRIAL] = ("w.preview", ("Completeness", "Patients", "Values"))
        key, labels = tabs.get(page, ("", ()))
        for label in labels:
            at.session_state[key] = label
            healthy(at.run())
    return found | {f"{name}.chart.csv": c["csv"] for name, c in charts(at).items()}


NAMES = [f"Rossi{i:02d}" for i in range(6)]


@pytest.mark.parametrize("page", [TRIAL, PATIENTS, SLOPES])
def test_downloads_name_no_patient_no_file_and_no_date(page, monkeypatch):
    content = trial_csv(NAMES) + trial_csv(["Rossi99"], months=(-3, 0)).split("\n", 1)[1]
    at = drop(opened(), content, name="secret-name.csv")
    saved = saved_by(at, monkeypatch, page)
    assert saved
    for file, text in saved.items():
        assert "Rossi" not in text, (file, text[:400])
        assert "secret" not in text, file
        assert not re.search(r"20(20|21|22)-\d\d-\d\d", text), file
        assert loaded(at) in text, file


@pytest.mark.parametrize("page", [PATIENTS, SLOPES])
@pytest.mark.usefixtures("printing")
def test_printed_figures_name_no_patient_and_no_file(page):
    at = go_to(drop(opened(), trial_csv(NAMES)), page)
    for name, chart in charts(at).items():
        assert "Rossi" not in chart["printed"] + chart["csv"], name
        assert "secret" not in chart["printed"], name
        assert "simulated data" not in chart["printed"], name
        assert "(simulated)" not in chart["printed"], name


def test_downloads_hold_no_formula(monkeypatch):
    content = trial_csv(["=1+1", "+cmd", "@SUM(A1)", "-2+3"])
    at = drop(opened(), content)
    for page in (TRIAL, PATIENTS, SLOPES):
        for file, text in saved_by(at, monkeypatch, page).items():
            cells = [cell.strip('"') for line in text.splitlines() for cell in line.split(",")]
            formulas = [c for c in cells if re.match(r"[=+@]|-\D|-\d+\+", c)]
            assert formulas == [], (page, file)


def test_clear_data_empties_the_trial():
    at = drop(opened(), trial_csv(8))
    name = loaded(at)
    at.sidebar.select_slider(key="w.post_months").set_value(7.0).run()
    at.button(key="w.clear").click().run()
    for page in every_page(at):
        assert loaded(at) == EXAMPLE_TITLE, page
        assert name not in everything_sent(at), page
        assert query(at) == {"trial": EXAMPLE, "rate": "period"}, page
    assert not at.file_uploader[0].value


def test_example_opens_although_a_file_still_lies_in_the_drop_field():
    at = drop(opened(), trial_csv(8))
    at.button(key=f"w.open-{EXAMPLE}").click().run()
    for page in every_page(at):
        assert loaded(at) == EXAMPLE_TITLE, page
    assert "decline slower by 3.40 points/period" in headline(go_to(at, SLOPES))


def test_second_file_takes_the_place_of_the_first():
    at = drop(opened(), trial_csv(8))
    first = loaded(at)
    drop(at, trial_csv(5))
    for page in every_page(at):
        assert "5 analysed of 5 loaded" in at.markdown[0].value, page
        assert first not in everything_sent(at), page


def test_patient_chosen_in_a_large_trial_does_not_break_a_small_one():
    at = drop(opened(), trial_csv(9))
    go_to(at, PATIENTS)
    at.selectbox(key="w.patient").set_value(8).run()
    drop(at, trial_csv(2))
    assert "1 of 2" in text_of(healthy(go_to(at, PATIENTS)))


def test_two_files_at_once_are_one_trial():
    both = trial_csv([f"A{i}" for i in range(8)]), trial_csv([f"B{i}" for i in range(3)])
    at = healthy(drop(opened(), both[0], more={"other.csv": both[1].encode()}))
    assert "read as one trial" in text_of(at)
    assert "11 analysed of 11 loaded" in at.markdown[0].value
