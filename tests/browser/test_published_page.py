"""The Published page in a browser: type another number, read the map, open the picture."""

from __future__ import annotations

import csv
from itertools import combinations
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.driver import Server, User
from tests.browser.test_untreated_page import TEXTS, overlap

pytestmark = pytest.mark.browser

ADDRESS = "among-the-others"
CHECK = "Do the printed numbers add up?"
PICTURE = "From summary to picture"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_no_text_of_the_forest_lies_on_another(visitor, server: Server, dark):
    user: User = visitor(dark=dark)
    user.open(f"{server.address}{ADDRESS}")
    for name in ("published-alsfrs_r", "published-fvc"):
        texts = user.chart(name).locator(".alslope-chart-plot").evaluate(TEXTS)
        assert len(texts) > 20
        assert [pair for pair in combinations(texts, 2) if overlap(*pair)] == []


def test_a_typed_number_changes_verdict_and_map(visitor, server: Server):
    user: User = visitor()
    user.open(f"{server.address}{ADDRESS}")
    user.page.get_by_role("tab", name=CHECK).click()
    user.settled()
    expect(user.page.get_by_text("ALSFRS-R needs n = 4 to 18").first).to_be_visible()
    field = user.page.get_by_role("textbox", name="Mean after").first
    field.fill("-4.0")
    field.press("Enter")
    user.settled()
    expect(user.page.get_by_text("ALSFRS-R needs n = 4 to 18")).to_have_count(0)


def test_the_picture_opens_as_a_simulated_trial_on_slopes(visitor, server: Server):
    user: User = visitor(fresh=True)
    user.open(f"{server.address}{ADDRESS}")
    user.page.get_by_role("tab", name=PICTURE).click()
    user.settled()
    user.press("Open this trial")
    user.settled()
    expect(user.page.get_by_text("Simulated from a summary: Shamsaei 2023").first).to_be_visible()


def test_the_forest_is_saved_with_its_sources(visitor, server: Server):
    user: User = visitor()
    user.open(f"{server.address}{ADDRESS}")
    path = Path(user.saved("published-alsfrs_r", "CSV").path())
    lines = path.read_text("utf-8-sig").splitlines()
    start = next(k for k, line in enumerate(lines) if line.startswith("result,"))
    rows = list(csv.DictReader(lines[start:]))
    assert {"10.1002/ana.25302", "10.34172/apb.2023.043"} <= {row["doi"] for row in rows}
    assert user.saved("published-alsfrs_r", "PNG").suggested_filename.endswith(".png")
