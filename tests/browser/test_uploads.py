"""Files dropped in a browser: read, asked about, corrected, and asked for again."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.app.driver import ROOT, trial_csv
from tests.app.test_reading import scored_csv, unknown_csv
from tests.browser.driver import Server, User

pytestmark = pytest.mark.browser

UPLOADS = ROOT / "tests" / "uploads"


def dropped(user: User, name: str) -> User:
    return user.drop((UPLOADS / name).read_bytes(), name)


def test_workbook_of_two_sheets_opens(user: User):
    dropped(user, "L04_two_sheets.xlsx")
    expect(user.head).to_contain_text("15 loaded")
    expect(user.page.get_by_text("Open now: Trial ")).to_be_visible()


def test_question_is_answered_and_the_file_opens(user: User):
    dropped(user, "D06_ambiguous_dmy_all.csv")
    expect(user.page.get_by_text("Before this file can be read")).to_be_visible()
    expect(user.head).to_contain_text("Simulated trial")
    user.settled().page.get_by_text("day first: 3 April").click()
    user.press("Read the file")
    expect(user.head).to_contain_text("12 loaded")
    expect(user.page.get_by_text("Your answer: day first")).to_be_visible()


def test_correction_is_applied_and_taken_back(user: User):
    user.drop(scored_csv())
    kind = user.page.get_by_text("Totals that differ from their items · 2")
    expect(kind).to_be_visible()
    before = user.settled().head.inner_text()
    user.page.get_by_role("button", name="Read as 46").first.click()
    expect(user.page.get_by_text("Corrections: 1 applied")).to_be_visible()
    expect(user.head).not_to_have_text(before)
    user.settled().page.get_by_text("Corrections: 1 applied").click()
    user.press("Undo")
    expect(kind).to_be_visible()
    expect(user.page.get_by_text("Corrections: ")).to_have_count(0)
    expect(user.head).to_have_text(before)


def test_columns_are_chosen_where_their_names_say_nothing(user: User):
    user.drop(unknown_csv())
    expect(user.page.get_by_text("Which column holds what?")).to_be_visible()
    user.settled()
    for header, words in (
        ("Kuerzel", "patient"),
        ("OP", "transplant date"),
        ("Besuch", "date of the visit"),
        ("S", "ALSFRS-R"),
        ("W", "FVC, % predicted"),
    ):
        box = user.page.get_by_role("combobox", name=f"What {header} holds")
        box.click()
        box.fill(words)
        user.page.get_by_role("option", name=words, exact=True).click()
    user.press("Read with these columns")
    expect(user.head).to_contain_text("8 analysed of 8 loaded")


def test_reload_asks_for_the_file_again_and_keeps_the_settings(user: User):
    user.drop(trial_csv(8))
    expect(user.head).to_contain_text("8 analysed of 8 loaded")
    user.settled().window_after(5)
    user.page.reload()
    expect(user.page.get_by_text("was not kept")).to_be_visible()
    expect(user.chip("after: 5 months")).to_be_visible()
    user.settled().drop(trial_csv(8))
    expect(user.head).to_contain_text("8 loaded")
    expect(user.chip("after: 5 months")).to_be_visible()
    expect(user.page.get_by_text("was not kept")).to_have_count(0)


def test_newer_file_says_what_changed(user: User):
    user.drop(trial_csv(8))
    expect(user.head).to_contain_text("8 loaded")
    user.settled().drop(trial_csv(8) + trial_csv(["B1"]).split("\n", 1)[1], "newer.csv")
    expect(user.page.get_by_text("1 patient added: B1")).to_be_visible()
    expect(user.head).to_contain_text("9 loaded")


def test_de_identified_values_and_templates_are_saved(user: User, server: Server):
    user.drop(trial_csv(["Rossi1", "Rossi2", "Rossi3"]))
    expect(user.head).to_contain_text("3 loaded")
    user.settled().press("Save de-identified data")
    with user.page.expect_download() as waiting:
        user.page.get_by_role("button", name="Save values only (CSV)").click()
    text = waiting.value.path().read_text("utf-8-sig")
    assert text.startswith("patient,day_rel,month,endpoint,unit,value")
    assert "Rossi" not in text
    assert "2021-" not in text
    user.page.keyboard.press("Escape")
    for name, start in (("XLSX", b"PK"), ("CSV", b"\xef\xbb\xbfpatient_id")):
        with user.page.expect_download() as waiting:
            user.page.get_by_role("button", name=f"Template, {name}").click()
        assert waiting.value.path().read_bytes().startswith(start)
