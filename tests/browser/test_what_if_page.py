"""The What-if page in a browser: fork, change, swap, and the way back from a link."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from playwright.sync_api import expect

from analysis.compare import compare
from analysis.settings import DEFAULT
from data.examples import load_example
from tests.browser.driver import Server, User
from tests.browser.test_untreated_page import TEXTS, overlap

pytestmark = pytest.mark.browser

ADDRESS = "analysed-otherwise?trial=every-detail"


def rows(user: User, key: str = "alsfrs_r") -> list[dict[str, str]]:
    """Return the rows of the board’s saved file."""
    path = Path(user.saved(f"variants-{key}", "CSV").path())
    return list(csv.DictReader(path.read_text("utf-8-sig").splitlines()))


def shorten(user: User, months: int) -> None:
    """Shorten the chosen variant’s follow-up window with the keyboard."""
    thumb = user.page.get_by_role("slider", name="Follow-up window, months")
    thumb.focus()
    for _ in range(60):
        value = thumb.get_attribute("aria-valuetext")
        if value == str(months):
            break
        too_far = value is not None and value.isdigit() and int(value) < months
        thumb.press("ArrowRight" if too_far else "ArrowLeft")
        user.settled()
    expect(thumb).to_have_attribute("aria-valuetext", str(months))


def test_fork_change_and_restore_from_the_link(visitor, server: Server):
    user: User = visitor()
    user.open(f"{server.address}{ADDRESS}")
    user.press("Your own variant")
    shorten(user, 6)
    trial = load_example("every-detail").trial
    direct = compare(trial, DEFAULT.with_(post_months=6)).endpoint("alsfrs_r")
    assert direct is not None
    primary, variant = rows(user)
    assert variant["analysis"] == "after: 6 months"
    assert float(variant["estimate"]) == pytest.approx(direct.lead.estimate)
    assert float(variant["p"]) == pytest.approx(direct.lead.p)
    user.press("Without the day-0 visit")
    before = rows(user)
    assert before[0] == primary

    other: User = visitor(fresh=True)
    other.open(user.link())
    assert rows(other) == before
    other.press("Swap with primary")
    expect(other.chip("after: 6 months")).to_be_visible()
    assert float(rows(other)[0]["estimate"]) == float(before[1]["estimate"])


def test_a_click_on_a_row_chooses_its_variant(visitor, server: Server):
    user: User = visitor()
    user.open(f"{server.address}{ADDRESS}")
    user.press("First 6 months after")
    user.press("By Theil–Sen")
    chosen = user.page.locator(".st-key-w-variant-chosen button[aria-checked=true]")
    expect(chosen).to_have_text("slopes by Theil–Sen")
    marks = user.chart("variants-alsfrs_r").locator(".scatterlayer .trace .point")
    # The mean’s diamond is drawn last; the rows stand in their own trace, in order.
    marks.first.click(force=True)
    user.settled()
    expect(chosen).to_have_text("after: 6 months")


@pytest.mark.parametrize(("dark", "width"), [(False, 1440), (True, 900)])
def test_no_text_of_the_board_runs_into_another(visitor, server: Server, dark, width):
    user: User = visitor(dark=dark, fresh=True)
    user.page.set_viewport_size({"width": width, "height": 900})
    user.open(f"{server.address}{ADDRESS}")
    for question in ("Equal windows", "3 visits a side", "By Theil–Sen"):
        user.press(question)
    for name in ("variants-alsfrs_r", "variants-fvc"):
        boxes = user.chart(name).locator(".alslope-chart-plot").evaluate(TEXTS)
        assert len(boxes) > 12
        assert not [(a, b) for k, a in enumerate(boxes) for b in boxes[:k] if overlap(a, b)]
