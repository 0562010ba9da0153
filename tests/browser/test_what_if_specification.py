"""The specification curve in a browser: a click on a dot opens its analysis; narrow screens."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from playwright.sync_api import expect

from report.charts.specification import MIN_WIDTH
from tests.browser.driver import Server, User
from tests.browser.test_untreated_page import TEXTS, overlap

pytestmark = pytest.mark.browser

ADDRESS = "analysed-otherwise?trial=every-detail"
CURVE = "curve-alsfrs_r"

DOT = """(gd, key) => {
    const at = (trace, k) => String((trace.customdata || [])[k]?.[0]) === key;
    for (const trace of gd._fullData) {
        const k = (trace.x || []).findIndex((_, k) => at(trace, k));
        if (k < 0 || !trace.mode?.includes('markers')) continue;
        const box = gd.getBoundingClientRect(), layout = gd._fullLayout;
        const xaxis = layout[trace.xaxis.replace('x', 'xaxis')];
        const yaxis = layout[trace.yaxis.replace('y', 'yaxis')];
        return [
            box.x + xaxis._offset + xaxis.l2p(trace.x[k]),
            box.y + yaxis._offset + yaxis.l2p(trace.y[k]),
        ];
    }
}"""
"""Where the mark of one analysis stands on the screen."""


def saved(user: User, name: str) -> list[dict[str, str]]:
    path = Path(user.saved(name, "CSV").path())
    return list(csv.DictReader(path.read_text("utf-8-sig").splitlines()))


def open_tab(user: User, server: Server) -> None:
    user.open(f"{server.address}{ADDRESS}")
    user.page.get_by_role("tab", name="Every analysis").click()
    user.settled()
    expect(user.chart(CURVE).locator(".main-svg").first).to_be_visible()


def test_a_click_on_a_dot_opens_its_analysis_beside_the_primary(visitor, server: Server):
    user: User = visitor()
    open_tab(user, server)
    analyses = saved(user, CURVE)
    primary = next(k for k, row in enumerate(analyses) if row["primary"] == "yes")
    place = 0 if primary else 1
    plot = user.chart(CURVE).locator(".alslope-chart-plot")
    plot.scroll_into_view_if_needed()
    x, y = plot.evaluate(DOT, str(place))
    user.page.mouse.move(x, y)
    user.page.wait_for_timeout(300)
    user.page.mouse.click(x, y)
    user.settled()
    expect(user.page.get_by_text("1 other analysis looked at")).to_be_visible()
    first, variant = saved(user, "variants-alsfrs_r")
    assert float(first["estimate"]) == pytest.approx(float(analyses[primary]["estimate"]))
    for name in ("estimate", "p"):
        assert float(variant[name]) == pytest.approx(float(analyses[place][name]))


@pytest.mark.parametrize(("dark", "width"), [(False, 1440), (True, 900)])
def test_no_text_runs_into_another_and_a_narrow_screen_scrolls(
    visitor, server: Server, dark, width
):
    user: User = visitor(dark=dark, fresh=True)
    user.page.set_viewport_size({"width": width, "height": 900})
    open_tab(user, server)
    boxes = user.chart(CURVE).locator(".alslope-chart-plot").evaluate(TEXTS)
    assert len(boxes) > 12
    assert not [(a, b) for k, a in enumerate(boxes) for b in boxes[:k] if overlap(a, b)]
    chart = user.chart(CURVE).locator(".alslope-chart")
    visible, whole = chart.evaluate("root => [root.clientWidth, root.scrollWidth]")
    assert whole >= MIN_WIDTH
    assert (visible < whole) == (width == 900)
    main = user.page.get_by_test_id("stMain")
    assert main.evaluate("m => m.scrollWidth - m.clientWidth") == 0
