"""What only a browser has: clicks on marks, zoom, downloads, links, keys, dark mode, privacy."""

from __future__ import annotations

import csv
import os
import signal
import struct
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.app.driver import EXAMPLE, trial_csv
from tests.browser.driver import Server, User

pytestmark = pytest.mark.browser

LINK = f"?trial={EXAMPLE}&after=7&rate=year"
MARKS = """gd => gd._fullData.filter(t => t.customdata && t.xaxis === 'x').flatMap(t => {
    const axes = gd._fullLayout, box = gd.getBoundingClientRect();
    return Array.from(t.customdata, (c, i) => ({
        patient: c[0],
        x: box.left + axes.xaxis._offset + axes.xaxis.c2p(t.x[i]),
        y: box.top + axes.yaxis._offset + axes.yaxis.c2p(t.y[i]),
    }));
})"""


def lone_mark(user: User, chart: str) -> dict[str, Any]:
    """Return the mark, not of the first patient, that is farthest from every other one."""
    plot = user.chart(chart).locator(".alslope-chart-plot")
    plot.scroll_into_view_if_needed()
    user.page.wait_for_timeout(300)
    marks = plot.evaluate(MARKS)

    def room(mark: dict[str, Any]) -> float:
        others = [m for m in marks if m is not mark]
        return min(abs(m["x"] - mark["x"]) + abs(m["y"] - mark["y"]) for m in others)

    chosen: dict[str, Any] = max((m for m in marks if m["patient"] not in ("", "0")), key=room)
    return chosen


def drag_zoom(user: User, chart: str) -> list[float]:
    """Drag a box in a chart with the mouse; return the value axis that it gives."""
    plot = user.chart(chart).locator(".alslope-chart-plot")
    plot.scroll_into_view_if_needed()
    user.page.wait_for_timeout(300)
    before = user.layout(chart, "layout.yaxis.range")
    box = plot.locator(".nsewdrag").first.bounding_box()
    assert box
    mouse, middle = user.page.mouse, box["x"] + box["width"] * 0.55
    mouse.move(middle, box["y"] + box["height"] * 0.2)
    mouse.down()
    mouse.move(middle + 5, box["y"] + box["height"] * 0.4, steps=4)
    mouse.move(middle + 60, box["y"] + box["height"] * 0.6, steps=4)
    mouse.up()
    user.page.wait_for_timeout(500)
    zoomed: list[float] = user.layout(chart, "layout.yaxis.range")
    assert zoomed != before
    return zoomed


def test_upload_change_a_setting_and_come_back(user: User):
    user.drop(trial_csv(9))
    expect(user.head).to_contain_text("9 analysed of 9 loaded")
    user.settled().go("Slopes")
    card = user.card()
    expect(card).to_contain_text("points/month")
    heading = card.inner_text()
    user.window_after(5)
    expect(user.card()).not_to_have_text(heading)
    changed = user.settled().card().inner_text()
    for title in ("Patients", "Trial", "Slopes"):
        user.go(title)
        expect(user.chip("after: 5 months")).to_be_visible()
        expect(user.head).to_contain_text("Trial ")
    expect(user.card()).to_have_text(changed)


def test_click_on_a_mark_opens_that_patient_with_all_settings(user: User, server: Server):
    user.open(server.address + LINK)
    mark = lone_mark(user, "slopes-alsfrs_r")
    user.page.mouse.move(mark["x"] - 3, mark["y"] - 3)
    user.page.mouse.move(mark["x"], mark["y"], steps=3)
    user.page.wait_for_timeout(200)
    user.page.mouse.click(mark["x"], mark["y"])
    expect(user.head).to_contain_text("Patients")
    number = int(mark["patient"]) + 1
    expect(user.page.get_by_text(f"Visits of P{number:02d}")).to_be_visible()
    for text in ("after: 7 months", "per year"):
        expect(user.chip(text)).to_be_visible()
    expect(user.page.get_by_role("slider", name="Window after, months")).to_be_visible()
    assert f"person={number}" in user.link()
    user.go("Slopes")
    expect(user.head).to_contain_text("Slopes")


@pytest.mark.parametrize("more", ["&rate=year", ""], ids=["chips", "first-chip"])
def test_zoom_survives_a_setting_that_leaves_the_axis_alone(visitor, server: Server, more: str):
    user = visitor().open(f"{server.address}each-patient?trial={EXAMPLE}{more}")
    zoomed = drag_zoom(user, "patient")
    user.window_after(7)
    assert user.layout("patient", "layout.yaxis.range") == zoomed
    # Another patient is another figure, which opens on the whole scale.
    user.page.locator(".st-key-w-next button").first.click()
    expect(user.page.get_by_text("Visits of P02")).to_be_visible()
    user.settled()
    assert user.layout("patient", "layout.yaxis.range") != zoomed


def test_axis_that_new_slopes_move_is_drawn_whole_again(user: User, server: Server):
    """Plotly keeps a zoom only while the server sends the same axis; else new data would hide."""
    user.open(f"{server.address}?trial={EXAMPLE}&rate=year")
    zoomed = drag_zoom(user, "slopes-alsfrs_r")
    user.window_after(7)
    assert user.layout("slopes-alsfrs_r", "layout.yaxis.range") != zoomed


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_downloads(visitor, server: Server, tmp_path: Path, dark: bool):
    user = visitor(dark=dark).open(server.address)
    name, files = "slopes-alsfrs_r", {}
    background = user.layout(name, "layout.template.layout.paper_bgcolor")
    assert background == ("#12181E" if dark else "#FFFFFF")
    for kind in ("PNG", "SVG", "HTML", "CSV"):
        download = user.saved(name, kind)
        assert download.suggested_filename == f"{name}.{kind.lower()}"
        files[kind] = tmp_path / download.suggested_filename
        download.save_as(files[kind])
    png = files["PNG"].read_bytes()
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    assert (width, height > 1000) == (3 * 620, True)
    svg = files["SVG"].read_text("utf-8")
    assert svg.startswith("<svg")
    assert "simulated data" in svg
    for colour, rgb in (("#FFFFFF", "rgb(255, 255, 255)"), ("#0F5FB3", "rgb(15, 95, 179)")):
        assert rgb in svg or colour.casefold() in svg.casefold()
    assert "rgb(18, 24, 30)" not in svg
    assert "#12181e" not in svg.casefold()
    rows = list(csv.DictReader(files["CSV"].read_text("utf-8-sig").splitlines()))
    assert len(rows) == 10
    assert {row["simulated"] for row in rows} == {"yes"}
    assert all("simulated untreated trials" in row["untreated trials"] for row in rows)
    saved = visitor(dark=dark)
    saved.page.goto(files["HTML"].as_uri())
    expect(saved.page.locator("#figure .main-svg").first).to_be_visible()
    expect(saved.page.locator("#figure")).to_contain_text("simulated data")
    assert "decline slower by 3.40" in saved.page.title()


def test_copied_link_opens_the_same_in_a_fresh_window(visitor, server: Server):
    first, second = visitor().open(f"{server.address}{LINK}&show=fvc&person=3"), visitor(fresh=True)
    for title in ("Slopes", "Patients", "Trial"):
        first.go(title)
        second.open(first.link())
        expect(second.head).to_contain_text(title)
        for text in ("after: 7 months", "per year"):
            expect(second.chip(text)).to_be_visible()
        if title == "Slopes":
            expect(second.card("FVC")).to_have_text(first.card("FVC").inner_text())
            expect(second.card()).to_have_count(0)
        if title == "Patients":
            expect(second.page.get_by_text("Visits of P03")).to_be_visible()
        assert second.link() == first.link()


def test_link_to_a_page_is_the_first_thing_that_a_restarted_cold_server_sees(visitor, tmp_path):
    """Streamlit may say once that it does not know the page; the page is right all the same."""
    cold = Server(tmp_path / "log.txt")
    cold.start()
    try:
        first = visitor().open(f"{cold.address}{LINK}&person=4")
        link = first.go("Patients").link()
        cold.stop()
        cold.start(ask="_stcore/health")
        user = visitor().open(link)
        slider = user.page.get_by_role("slider", name="Window after, months")
        expect(slider).to_be_attached()
        dialog = user.page.get_by_role("dialog")
        if dialog.count():
            expect(dialog).to_contain_text("Page not found")
            user.page.keyboard.press("Escape")
            expect(dialog).to_have_count(0)
        for title in ("Patients", "Slopes", "Patients"):
            user.go(title)
            expect(slider).to_be_visible()
            for text in ("after: 7 months", "per year"):
                expect(user.chip(text)).to_be_visible()
        expect(user.page.get_by_text("Visits of P04")).to_be_visible()
    finally:
        cold.stop()


def test_warmed_server_opens_a_link_without_a_dialog_and_ends_with_its_command(visitor, tmp_path):
    server = Server(tmp_path / "log.txt", warmed=True)
    server.start()
    assert server.process is not None
    group = os.getpgid(server.process.pid)
    try:
        user = visitor().open(f"{server.address}each-patient{LINK}&person=4")
        expect(user.page.get_by_text("Visits of P04")).to_be_visible()
        user.page.wait_for_timeout(500)
        assert user.page.get_by_role("dialog").count() == 0
        expect(user.chip("after: 7 months")).to_be_visible()
        user.page.goto("about:blank")
        server.stop()
        end = time.monotonic() + 10
        while server.answers() and time.monotonic() < end:
            time.sleep(0.2)
        assert not server.answers(), "the server still runs after its command was ended"
    finally:
        with suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)


def test_arrow_keys_switch_patients(user: User, server: Server):
    user.open(f"{server.address}each-patient?trial={EXAMPLE}&person=4")
    expect(user.page.get_by_text("Visits of P04")).to_be_visible()
    user.chart("patient")
    for key, name in (("ArrowRight", "P05"), ("ArrowLeft", "P04"), ("ArrowLeft", "P03")):
        user.page.keyboard.press(key)
        expect(user.page.get_by_text(f"Visits of {name}")).to_be_visible()
        user.settled()
    assert "person=3" in user.link()


@pytest.mark.fault
def test_a_server_that_restarts_in_mid_work_keeps_settings_and_asks_for_the_file(visitor, tmp_path):
    server = Server(tmp_path / "log.txt")
    server.start()
    try:
        user = visitor().open(server.address).drop(trial_csv(7))
        expect(user.head).to_contain_text("7 analysed of 7 loaded")
        user.settled().go("Slopes").window_after(7)
        server.stop()
        expect(user.page.get_by_test_id("stApp")).not_to_have_attribute(
            "data-test-connection-state", "CONNECTED"
        )
        server.start()
        # What was on screen stays until the next action, which meets a server without the file.
        user.settled()
        expect(user.head).to_contain_text("7 analysed of 7 loaded")
        user.go("Patients")
        expect(user.page.get_by_text("drop it again")).to_be_visible()
        expect(user.chip("after: 7 months")).to_be_visible()
        user.drop(trial_csv(7))
        expect(user.head).to_contain_text("7 analysed of 7 loaded")
        expect(user.settled().chip("after: 7 months")).to_be_visible()
    finally:
        server.stop()


@pytest.mark.fault
def test_two_tabs_of_one_person_do_not_change_each_other(visitor, server: Server):
    first, second = (visitor().open(server.address) for _ in range(2))
    first.window_after(7)
    second.go("Patients")
    expect(second.chip("after: 7 months")).to_have_count(0)
    first.go("Patients")
    expect(first.chip("after: 7 months")).to_be_visible()


@pytest.mark.fault
def test_nobody_sees_the_file_of_somebody_else(visitor, server: Server):
    first, second = (visitor(fresh=True).open(server.address) for _ in range(2))
    first.drop(trial_csv(7))
    expect(first.head).to_contain_text("7 analysed of 7 loaded")
    link = first.settled().link()
    assert "upload-" in link
    second.go("Patients").go("Trial")
    expect(second.head).to_contain_text("10 analysed of 10 loaded")
    third = visitor().open(link)
    expect(third.page.get_by_text("drop it again")).to_be_visible()
    expect(third.head).to_contain_text("10 analysed of 10 loaded")


@pytest.mark.fault
def test_clear_data_stays_cleared(user: User):
    user.drop(trial_csv(7))
    expect(user.head).to_contain_text("7 analysed of 7 loaded")
    user.settled().page.get_by_role("button", name="Clear data").click()
    expect(user.head).to_contain_text("10 analysed of 10 loaded")
    user.settled().page.wait_for_timeout(500)
    for title in ("Patients", "Trial"):
        user.go(title)
        expect(user.head).to_contain_text("10 analysed of 10 loaded")
    expect(user.page.get_by_text("visits.csv")).to_have_count(0)


NAMES = ["**x**", "<b>y</b>", ":smile:", "a -> b", "P--1", "$a$", "(c)", "1.2"]
MORE_NAMES = [":material/delete:", "www.x.org", "http://x.org/p", "a@x.org"]


@pytest.mark.parametrize("names", [NAMES, MORE_NAMES], ids=["markup", "icons-and-links"])
def test_identifiers_look_as_they_were_written(user: User, names: list[str]):
    user.drop(trial_csv(names))
    expect(user.head).to_contain_text(f"{len(names)} loaded")
    user.settled().go("Patients")
    seen, tags = [], 0
    for i in range(len(names)):
        expect(user.page.get_by_text(f"{i + 1} of {len(names)}")).to_be_visible()
        heading = user.settled().page.locator("h5 [data-heading-text]").filter(has_text="Visits of")
        seen.append(heading.inner_text().strip().removeprefix("Visits of "))
        tags += heading.locator("*").count()
        if i + 1 < len(names):
            user.page.keyboard.press("ArrowRight")
    shown = [name.replace("\u2060", "") for name in seen]  # invisible joiners part the signs
    assert (sorted(shown), tags) == (sorted(names), 0)


def test_narrow_window_needs_no_sideways_scrolling(visitor, server: Server):
    user = visitor()
    user.page.set_viewport_size({"width": 900, "height": 1000})
    for path in ("", "each-patient", "your-trial", "each-patient?everyone=yes"):
        user.open(server.address + path)
        user.page.wait_for_timeout(300)
        main = user.page.get_by_test_id("stMain")
        wide, room = main.evaluate("e => [e.scrollWidth, e.clientWidth]")
        assert wide <= room + 1, path
        for plot in user.page.locator(".alslope-chart-plot[data-drawn] .main-svg").all():
            box, outer = plot.bounding_box(), main.bounding_box()
            assert box
            assert outer
            assert box["x"] + box["width"] <= outer["x"] + outer["width"] + 1, path


def test_rules_of_an_earlier_figure_do_not_stay(user: User):
    """Plotly leaves shapes behind when a figure without any follows one with some."""
    rows = ["patient_id,visit_date,transplant_date,ALSFRS_R"]
    rows += [f"A,2020-0{m}-01,2020-06-01,{44 - m}" for m in (1, 3, 6, 8, 9)]
    rows += [f"B,2020-0{m}-01,,{44 - m}" for m in (1, 9)]
    user.drop("\n".join(rows))
    expect(user.page.get_by_text("Open now: Trial ")).to_be_visible()
    user.settled().go("Patients")
    plot = user.chart("patient")
    expect(plot.get_by_text("months from the transplant")).to_be_visible()
    assert plot.locator(".shapelayer path").count() > 0
    user.page.get_by_role("button", name="Next").click()
    expect(plot.get_by_text("months from the first visit")).to_be_visible()
    assert plot.locator(".shapelayer path").count() == 0


def test_a_name_in_a_chip_fetches_nothing(user: User):
    """The window of every test fails on a request to a foreign host."""
    rows = ["patient_id,month,ALSFRS_R"]
    rows += [f"![i](http://x.invalid/p.png),{m},{40 - m}" for m in (-6, -3, 0, 2, 4, 6)]
    user.drop("\n".join(rows))
    expect(user.page.get_by_text("Open now: Trial ")).to_be_visible()
    user.settled().go("Patients")
    user.page.get_by_role("button", name="Leave out or keep").click()
    user.page.get_by_role("combobox", name="Reason").click()
    user.page.get_by_role("option", name="other", exact=True).click()
    user.page.get_by_role("button", name="Apply").click()
    expect(user.chip("without")).to_be_visible()
    assert user.page.locator(".stApp img").count() == 0
