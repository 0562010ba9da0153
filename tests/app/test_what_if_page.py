"""The What-if page: questions of one click, answered as by a file that was edited by hand."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest

from analysis.compare import compare
from analysis.settings import DEFAULT, Settings
from data.examples import example_settings
from data.files import UploadedFile
from data.reading import read_files
from report.analysis_file import AnalysisFile
from tests.app.driver import (
    PATIENTS,
    SLOPES,
    WHAT_IF,
    alerts,
    bar,
    charts,
    chips,
    copied_link,
    drop,
    go_to,
    healthy,
    labels,
    opened,
    press,
    text_of,
    trial_csv,
)

pytestmark = pytest.mark.slow

SETTINGS, VARIANTS = "alslope.settings", "alslope.variants"
NAMES = [f"P{i:02d}" for i in range(1, 9)]
FILE = trial_csv(NAMES)
HEADER, *ROWS = FILE.splitlines()


def page(at, *, both=False):
    """Go to the What-if page, its quickest tab open, few trials simulated, one endpoint shown."""
    if not both:
        at.session_state["alslope.view"] = replace(
            at.session_state["alslope.view"], show="alsfrs_r"
        )
    for name in (SETTINGS, "alslope.own_settings"):
        at.session_state[name] = at.session_state[name].with_(untreated_trials=100)
    at.session_state["w.what-if-tab"] = "Other run-ins"
    return healthy(go_to(at, WHAT_IF))


def bundled(**link):
    """Open the What-if page on a bundled trial."""
    return page(opened(**{"trial": "every-detail"} | link))


def uploaded(text=FILE, *, both=False):
    """Open the What-if page on an uploaded trial."""
    return page(drop(opened(), text), both=both)


def read(text):
    """Return the trial of a file."""
    trial = read_files([UploadedFile("edited.csv", text.encode())]).trial
    assert trial is not None
    return trial


def edited(keep):
    """Return the comparison of the file with only some of its rows, under default settings."""
    kept = [row for row in ROWS if keep(row.replace('"', "").split(","))]
    return compare(read("\n".join([HEADER, *kept])), DEFAULT)


def open_file(at, text):
    """Drop a saved analysis."""
    field = next(f for f in at.file_uploader if f.label == "Open a saved analysis")
    return field.set_value([("analysis.json", text.encode(), "application/json")]).run()


def months_after(row):
    """Return whole months from transplant to visit: both lie on one day of the month."""
    (y0, m0, _), (y1, m1, _) = (text.split("-") for text in row[1:3])
    return 12 * (int(y1) - int(y0)) + int(m1) - int(m0)


def board(at, key="alsfrs_r"):
    """Return the rows of the board’s file."""
    return list(csv.DictReader(io.StringIO(charts(at)[f"variants-{key}"]["csv"])))


def ask(at, question):
    if question == "Without patient":
        box = next(b for b in at.selectbox if b.label == question)
        return healthy(box.select_index(3).run())
    return healthy(press(at, question))


@pytest.mark.parametrize(
    ("question", "keep"),
    [
        ("Without patient", lambda row: row[0] != "P04"),
        ("First 6 months after", lambda row: months_after(row) <= 6),
        ("Without the day-0 visit", lambda row: months_after(row) != 0),
    ],
)
def test_one_click_answers_as_a_file_edited_by_hand(question, keep):
    at = ask(uploaded(both=True), question)
    expected = edited(keep)
    for key in ("alsfrs_r", "fvc"):
        primary, variant = board(at, key)
        direct = expected.endpoint(key).lead
        assert float(variant["estimate"]) == pytest.approx(direct.estimate)
        assert float(variant["low"]) == pytest.approx(direct.interval.low)
        assert float(variant["high"]) == pytest.approx(direct.interval.high)
        assert float(variant["p"]) == pytest.approx(direct.p)
        assert int(variant["n"]) == direct.n
        whole = edited(lambda row: True).endpoint(key).lead
        assert float(primary["estimate"]) == pytest.approx(whole.estimate)
        assert float(primary["p"]) == pytest.approx(whole.p)


def test_a_question_leaves_the_primary_analysis_alone():
    at = uploaded()
    before = {key: chart["csv"] for key, chart in charts(go_to(at, SLOPES)).items()}
    at = ask(go_to(at, WHAT_IF), "First 6 months after")
    assert chips(at) == []
    assert chips(healthy(go_to(at, PATIENTS))) == []
    assert {k: c["csv"] for k, c in charts(healthy(go_to(at, SLOPES))).items()} == before
    assert len(board(go_to(at, WHAT_IF))) == 2


def test_four_variants_are_kept_and_the_next_takes_the_place_of_the_chosen_one():
    at = uploaded()
    questions = ("First 6 months after", "Without the day-0 visit", "Equal windows", "By Theil–Sen")
    for question in (*questions[:1], *questions):
        at = ask(at, question)
    titles = ["primary", "after: 6 months", "day-0 visit in neither", "equal windows"]
    assert [row["analysis"] for row in board(at)] == [*titles, "slopes by Theil–Sen"]
    assert "takes the place" in text_of(at)
    at = ask(at, "Without the first 30 days")
    assert [row["analysis"] for row in board(at)][:4] == titles
    assert len(board(at)) == 5
    assert "5 other analyses looked at in this session" in text_of(at)


def test_a_fork_is_changed_named_chipped_reset_and_removed():
    at = healthy(press(uploaded(), "Your own variant"))
    assert "Nothing differs from the primary analysis yet." in text_of(at)
    primary, variant = board(at)
    assert (variant["analysis"], variant["estimate"]) == ("as the primary", primary["estimate"])
    at.select_slider(key="w.variant-post_months").set_value(3.0).run()
    at.selectbox(key="w.variant-day0").set_value("both").run()
    at.multiselect(key="w.variant-excluded_patients").set_value([0, 4]).run()
    healthy(at)
    shown = [text.replace("\\", "") for text in bar(at, "w.variant-chips").options]
    assert shown == ["after: 3 months ✕", "day-0 visit counts in both ✕", "without P01, P05 ✕"]
    at.text_input(key="w.variant-name").set_value("short and without two").run()
    assert board(at)[1]["analysis"] == "short and without two"
    assert board(at)[1]["n"] == "6"
    bar(at, "w.variant-chips").set_value(["post_months", "day0"]).run()
    assert board(healthy(at))[1]["n"] == "8"
    at = healthy(press(at, "Reset"))
    assert board(at)[1]["analysis"] == "as the primary"
    at = healthy(press(at, "Remove"))
    assert len(board(at)) == 1
    assert "Swap with primary" not in labels(at)


def test_equal_windows_is_one_switch():
    at = healthy(press(uploaded(), "Your own variant"))
    at = healthy(at.toggle(key="w.variant-equal").set_value(True).run())
    assert at.select_slider(key="w.variant-pre_months").value == 9
    assert at.select_slider(key="w.variant-post_months").value == 9
    at = healthy(at.toggle(key="w.variant-equal").set_value(False).run())
    assert at.select_slider(key="w.variant-pre_months").value == "all"


def test_swapping_makes_the_variant_the_analysis_of_every_page_and_says_so():
    at = ask(uploaded(), "First 6 months after")
    first, second = board(at)
    at = healthy(press(at, "Swap with primary"))
    assert chips(at) == ["after: 6 months"]
    primary, variant = board(at)
    assert (primary["estimate"], variant["estimate"]) == (second["estimate"], first["estimate"])
    slopes = text_of(healthy(go_to(at, SLOPES)))
    assert f"+{float(second['estimate']):.2f}" in slopes
    at = healthy(press(go_to(at, WHAT_IF), "Swap with primary"))
    assert chips(at) == []
    assert [row["estimate"] for row in board(at)] == [first["estimate"], second["estimate"]]


def test_variants_stand_in_the_link_unless_they_name_a_patient():
    at = bundled()
    for question in ("First 6 months after", "Without the day-0 visit", "Without patient"):
        at = ask(at, question)
    _, link = copied_link(at)
    assert [name for name in link if name.startswith("variant-")] == ["variant-1", "variant-2"]
    assert "without" not in " ".join(link.values())
    again = page(opened(**link))
    rows, back = board(at), board(again)
    assert [row["estimate"] for row in back] == [row["estimate"] for row in rows[:3]]
    assert [row["analysis"] for row in back] == [row["analysis"] for row in rows[:3]]


def test_a_name_that_holds_a_patient_stays_out_of_link_and_files():
    at = uploaded(trial_csv(["Anna", "Berta", "Clara", "Dora", "Elsa"]))
    at = healthy(press(at, "Your own variant"))
    at.select_slider(key="w.variant-post_months").set_value(3.0).run()
    at.text_input(key="w.variant-name").set_value("because of anna only").run()
    assert "anna" not in " ".join(copied_link(at)[1].values()).casefold()
    assert "anna" not in charts(at)["variants-alsfrs_r"]["csv"].casefold()
    assert "because of anna only" in charts(at)["variants-alsfrs_r"]["figure"]


@pytest.mark.usefixtures("printing")
def test_downloads_call_patients_by_number():
    at = uploaded(trial_csv(["Anna", "Berta", "Clara", "Dora", "Elsa", "Frida"]))
    at = ask(at, "Without patient")
    chart = charts(at)["variants-alsfrs_r"]
    assert "without Dora" in chart["figure"]
    assert "without P04" in chart["csv"]
    for out in (chart["csv"], chart["printed"]):
        assert not [name for name in ("Anna", "Dora", "Frida") if name in out]


def test_per_period_becomes_per_month_where_lengths_differ():
    primary = Settings.from_json(example_settings("after-shamsaei-2023"))[0]
    at = ask(page(opened()), "Without the day-0 visit")
    assert primary.rate_unit == "period"
    assert {row["unit"] for row in board(at)} == {"points/period"}
    at = ask(at, "First 6 months after")
    assert {row["unit"] for row in board(at)} == {"points/month"}
    assert "Per month: a variant has periods of another length" in text_of(at)


def test_hostile_variants_of_a_link_are_ignored_with_a_word():
    link = {
        "variant-1": "nothing",
        "variant-2": "<b>x</b>~post-months=1e9&skip-days=banana&unknown=1",
        "variant-3": "~" + "a" * 5000,
        "variant-4": "ok~after=6",
    }
    at = healthy(bundled(**link))
    said = alerts(at)
    assert "“variant-1” is ignored" in said
    assert "“variant-3” is ignored" in said
    assert "unknown" in said
    assert [row["analysis"] for row in board(at)][-1] == "ok"
    assert "\\<b\\>" in " ".join(bar(at, "w.variant-chosen").options) or "<b>" not in " ".join(
        bar(at, "w.variant-chosen").options
    )


def test_variants_go_with_the_trial():
    at = ask(uploaded(), "First 6 months after")
    at = drop(at, trial_csv(["X1", "X2", "X3", "X4"]), name="other.csv")
    at = healthy(go_to(at, WHAT_IF))
    assert len(board(at)) == 1


def test_a_saved_analysis_brings_back_settings_exclusions_and_variants():
    at = uploaded()
    at = ask(ask(at, "Without patient"), "First 6 months after")
    at = healthy(press(at, "Swap with primary"))
    rows = board(at)
    saved = AnalysisFile.of(read(FILE), at.session_state[SETTINGS], at.session_state[VARIANTS].kept)
    again = uploaded()
    again = healthy(open_file(again, saved.to_text()))
    assert board(again) == rows
    assert chips(again) == ["after: 6 months"]
    assert "The saved analysis is open." in alerts(again)
    other = healthy(open_file(bundled(), saved.to_text()))
    assert "is of other data" in alerts(other)


def test_what_is_no_analysis_changes_nothing():
    at = ask(uploaded(), "First 6 months after")
    rows = board(at)
    at = healthy(open_file(at, "{}"))
    assert "no saved analysis" in alerts(at)
    assert board(at) == rows


def test_every_tab_opens_and_the_summary_ends_the_page():
    at = opened(trial="after-oh-2018", show="fvc")
    said = {
        "Leave one out": "Influential",
        "Every analysis": "no single best P may be picked",
        "Placebo dates": "Excess",
        "Dropouts": "3 of 59 patients",
        "Other run-ins": "Which way each run-in misleads",
    }
    at.session_state["w.what-if-tab"] = "Dropouts"
    at = healthy(go_to(at, WHAT_IF))
    for tab, words in said.items():
        at.session_state["w.what-if-tab"] = tab
        text = text_of(healthy(at.run()))
        assert words in text, tab
        assert "that they agree is no new evidence" in text
