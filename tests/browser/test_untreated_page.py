"""The Untreated page in a browser: its dots, its words, and stopping a long simulation."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.driver import Server, User

pytestmark = pytest.mark.browser

ADDRESS = "with-no-transplant?trial=after-shamsaei-2023"

MARKS = """gd => {
    const marks = gd.querySelectorAll('.scatterlayer .point');
    return Array.from(marks).map(mark => {
        const box = mark.getBoundingClientRect();
        const fill = getComputedStyle(mark).fill;
        return [box.x + box.width / 2, box.y + box.height / 2, box.width, fill];
    });
}"""
RULES = """gd => Array.from(gd.querySelectorAll('.shapelayer path')).map(rule => {
    const box = rule.getBoundingClientRect();
    return [box.x + box.width / 2, getComputedStyle(rule).stroke];
})"""
TEXTS = """gd => {
    const texts = Array.from(gd.querySelectorAll('text')).filter(t => t.textContent.trim());
    return texts.map(text => {
        const box = text.getBoundingClientRect();
        return [box.left, box.top, box.right, box.bottom];
    });
}"""


@pytest.mark.parametrize(("dark", "width"), [(False, 1440), (True, 900)])
def test_the_hundred_dots_are_drawn_apart_and_the_filled_ones_right_of_this_trial(
    visitor, server: Server, dark, width
):
    user: User = visitor(dark=dark, fresh=True)
    user.page.set_viewport_size({"width": width, "height": 900})
    user.open(f"{server.address}{ADDRESS}")
    for name in ("untreated-alsfrs_r", "untreated-fvc"):
        plot = user.chart(name).locator(".alslope-chart-plot")
        marks = plot.evaluate(MARKS)
        assert len(marks) == 100
        blue = "rgb(111, 180, 255)" if dark else "rgb(15, 95, 179)"
        (rule,) = (x for x, stroke in plot.evaluate(RULES) if stroke == blue)
        full = "rgb(191, 178, 162)" if dark else "rgb(110, 97, 84)"
        assert {x > rule for x, _, _, fill in marks if fill == full} <= {True}
        assert {x < rule for x, _, _, fill in marks if fill != full} == {True}
        for k, (x, y, size, _) in enumerate(marks):
            near = [m for m in marks[:k] if (m[0] - x) ** 2 + (m[1] - y) ** 2 < (size - 1) ** 2]
            assert not near
        boxes = plot.evaluate(TEXTS)
        assert not [(a, b) for k, a in enumerate(boxes) for b in boxes[:k] if overlap(a, b)]


def overlap(a: list[float], b: list[float]) -> bool:
    """Whether two texts share more than the 2 pixels that boxes of two lines do."""
    beside = a[2] <= b[0] or b[2] <= a[0]
    return not beside and a[1] < b[3] - 2 and b[1] < a[3] - 2


def test_the_slopes_page_carries_the_same_sentence(visitor, server: Server):
    user: User = visitor().open(f"{server.address}?trial=after-shamsaei-2023")
    words = user.page.get_by_text("ALSFRS-R: ").filter(has_text="simulated untreated trials")
    said = words.first.inner_text()
    user.go("Untreated")
    expect(user.page.get_by_test_id("stMain")).to_contain_text(said)


def test_a_long_simulation_can_be_stopped_and_started_again(visitor, server: Server):
    user: User = visitor().open(f"{server.address}?trial=after-oh-2018&untreated-trials=20000")
    main = user.page.get_by_test_id("stMain")
    user.page.get_by_test_id("stSidebarNav").get_by_role("link", name="Untreated").click()
    main.get_by_role("button", name="Stop", exact=True).click()
    expect(main).to_contain_text("Stopped: nothing is shown")
    user.settled()
    user.press("Simulate")
    user.chart("untreated-alsfrs_r")
    expect(main).not_to_contain_text("Stopped")
