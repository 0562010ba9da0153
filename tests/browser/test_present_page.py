"""Present in a browser: add, make files, save them, meet, turn with the arrow keys."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import expect
from pptx import Presentation

from tests.browser.driver import Server, User

pytestmark = pytest.mark.browser

ADDRESS = "for-the-meeting"


def test_a_deck_in_ten_clicks(visitor, server: Server):
    user: User = visitor(fresh=True)
    user.open(server.address)
    page = user.page
    add = user.chart("slopes-alsfrs_r").locator('[data-kind="Add"]')
    expect(add).to_have_text("Add to presentation")
    add.click()
    user.settled()
    expect(add).to_have_text("In presentation")
    user.go("Present")
    expect(page.get_by_test_id("stMain")).to_contain_text("1 item")
    user.press("Make slides and files")
    with page.expect_download() as saved:
        page.get_by_role("button", name="PowerPoint").click()
    slides = Presentation(io.BytesIO(Path(saved.value.path()).read_bytes())).slides
    assert saved.value.suggested_filename == "presentation.pptx"
    assert "decline slower by 3.40 points/period" in slides[2].shapes.title.text_frame.text


def test_figures_are_saved_and_the_words_can_be_copied(visitor, server: Server):
    user: User = visitor(fresh=True)
    user.open(f"{server.address}{ADDRESS}")
    user.press("Take what most talks need")
    page = user.page
    page.get_by_text("Words for a text").click()
    user.settled()
    expect(page.get_by_test_id("stMain")).to_contain_text("each patient’s slope per period")
    page.get_by_text("Figures for a journal").click()
    user.settled()
    with page.expect_download() as saved:
        page.get_by_role("button", name="10 figures as one ZIP").click()
    with zipfile.ZipFile(saved.value.path()) as archive:
        assert len(archive.namelist()) == 10
        assert archive.read(archive.namelist()[0]).startswith(b"%PDF")


def test_arrow_keys_turn_the_meeting_and_the_sidebar_is_gone(visitor, server: Server):
    user: User = visitor(fresh=True)
    user.open(f"{server.address}{ADDRESS}")
    user.press("Take what most talks need")
    user.press("Start meeting")
    main = user.page.get_by_test_id("stMain")
    expect(main).to_contain_text("1 of 12")
    expect(user.page.get_by_test_id("stSidebar")).not_to_be_visible()
    user.page.keyboard.press("ArrowRight")
    expect(main).to_contain_text("2 of 12")
    user.page.keyboard.press("ArrowLeft")
    expect(main).to_contain_text("1 of 12")
    image = main.locator('[data-testid="stImage"] img').bounding_box()
    assert image is not None
    assert image["y"] + image["height"] <= user.page.viewport_size["height"] + 1
    user.page.keyboard.press("Escape")
    expect(user.page.get_by_test_id("stSidebar")).to_be_visible()


def test_the_html_page_draws_its_figures_from_disk_without_a_network(visitor, server, tmp_path):
    user: User = visitor(fresh=True)
    user.open(server.address)
    user.chart("slopes-alsfrs_r").locator('[data-kind="Add"]').click()
    user.settled()
    user.go("Present")
    user.press("Make slides and files")
    with user.page.expect_download() as saved:
        user.page.get_by_role("button", name="HTML, one file").click()
    copy = tmp_path / "presentation.html"
    copy.write_bytes(Path(saved.value.path()).read_bytes())
    context = user.page.context.browser.new_context(offline=True)
    page = context.new_page()
    page.goto(copy.as_uri())
    expect(page.locator(".chart .main-svg").first).to_be_visible()
    expect(page.locator(".failed").first).to_be_hidden()
    context.close()


def test_a_caption_outlives_a_meeting_and_a_saved_analysis_holds_it(visitor, server: Server):
    user: User = visitor(fresh=True)
    user.open(server.address)
    user.chart("slopes-alsfrs_r").locator('[data-kind="Add"]').click()
    user.settled()
    user.go("Present")
    page = user.page
    caption = page.get_by_role("textbox", name="Caption")
    caption.fill("Ten people, one arm")
    caption.press("Enter")
    user.settled()
    user.press("Start meeting")
    expect(page.get_by_test_id("stMain")).to_contain_text("Ten people, one arm")
    page.keyboard.press("Escape")
    user.settled()
    expect(caption).to_have_value("Ten people, one arm")
    user.press("Start meeting")
    expect(page.get_by_test_id("stMain")).to_contain_text("Ten people, one arm")
    page.keyboard.press("Escape")
    user.settled()
    page.get_by_role("button", name="Save or open analysis").click()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save analysis").click()
    analysis = json.loads(Path(saved.value.path()).read_bytes())
    assert [item["caption"] for item in analysis["presentation"]] == ["Ten people, one arm"]
