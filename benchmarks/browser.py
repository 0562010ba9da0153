"""What a user waits for: from a changed control, or a chosen page, to the last repaint.

Run ``OPENBLAS_NUM_THREADS=1 python -m benchmarks.browser`` on an idle machine with Chromium; the
table is in the docs. Sizes may follow, such as ``python -m benchmarks.browser 20 300``.

A server and a headless Chromium run on the same machine. The clock runs in the browser: from the
click to the last change inside a chart (a control) or inside the page (a page), after which nothing
changed for 0.7 seconds and the server was at rest. "Fresh" is a choice that was not computed
before, "known" one that the session keeps. Files are simulated registries, as a user drops them.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from data.examples.registry import registry_csv
from tests.browser.driver import PATIENCE, Server, User, new_window

SIZES = (20, 300, 12_000)
CHROMIUM = "/usr/bin/chromium"
DAY0 = ("as after", "in both", "in neither", "as before")
ROUNDS = 4
PAGES = ("Patients", "Slopes", "Trial", "What-if", "Untreated", "Published", "Present", "Slopes")
QUIET_MS = 700
_WATCH = """
([within, quiet]) => {
  const app = document.querySelector("[data-testid=stApp]");
  const start = performance.now();
  let last = start, ran = false;
  const observer = new MutationObserver((changes) => {
    for (const change of changes) {
      const node = change.target.nodeType === 1 ? change.target : change.target.parentElement;
      if (node && node.closest(within)) last = performance.now();
    }
  });
  observer.observe(document.body, {subtree: true, childList: true, attributes: true,
                                   characterData: true});
  window.alslopeWaited = new Promise((resolve) => {
    const timer = setInterval(() => {
      const state = app.getAttribute("data-test-script-state");
      if (state !== "notRunning") { ran = true; return; }
      const now = performance.now();
      const stale = document.querySelector("[data-stale='true']");
      if (!stale && (ran || now - start > 3000) && now - Math.max(last, start) > quiet) {
        clearInterval(timer); observer.disconnect(); resolve(last - start);
      }
    }, 20);
  });
}
"""


def waited(page: Page, act: Callable[[], object], within: str) -> float:
    """Return the milliseconds from an act to the last change within some part of the page."""
    page.evaluate(_WATCH, [within, QUIET_MS])
    act()
    return float(page.evaluate("window.alslopeWaited"))


def day0_times(user: User) -> tuple[list[float], list[float]]:
    """Return the times of choices of the day-0 rule: first ones, and those seen before."""
    fresh, known = [], []
    page = user.page
    for lap in range(ROUNDS):
        for rule in DAY0:
            box = (
                page.get_by_test_id("stSidebar")
                .get_by_test_id("stSelectbox")
                .filter(has_text="Day-0 visit counts")
            )
            box.locator("input").click()
            option = page.get_by_role("option", name=rule, exact=True)
            option.wait_for()
            took = waited(page, option.click, ".alslope-chart-plot")
            (known if lap or rule == DAY0[-1] else fresh).append(took)
    return fresh, known


def page_times(user: User) -> list[float]:
    """Return the times of choosing every page, each once before and once measured."""
    times = []
    menu = user.page.get_by_test_id("stSidebarNav")
    for lap in range(2):
        for title in PAGES:
            link = menu.get_by_role("link", name=title, exact=True)
            took = waited(user.page, link.click, "[data-testid=stMain]")
            if lap:
                times.append(took)
    return times


def opened(browser: Browser, address: str) -> tuple[User, float]:
    """Return a user of a fresh browser window, and the seconds to the first chart."""
    user = User(new_window(browser), own=True)
    started = time.monotonic()
    user.page.goto(address, wait_until="domcontentloaded")
    user.page.locator(".alslope-chart-plot[data-drawn] .main-svg").first.wait_for(timeout=PATIENCE)
    return user, time.monotonic() - started


def loaded(user: User, patients: int) -> float:
    """Drop a registry and return the seconds until its trial is open."""
    user.settled()
    content = registry_csv(patients)
    started = time.monotonic()
    user.drop(content, "registry.csv")
    page = user.page
    page.get_by_text(f"of {patients:,} loaded").first.wait_for(timeout=120_000)
    return time.monotonic() - started


def measured(browser: Browser, address: str, patients: int) -> str:
    """Return the row of one size."""
    user, first = opened(browser, address)
    try:
        took = loaded(user, patients)
        user.go("Slopes")
        fresh, known = day0_times(user)
        pages = page_times(user)
    finally:
        user.close()
    return (
        f"| {patients:,} | {first:.1f} | {took:.1f} | {_both(fresh)} | {_both(known)} | "
        f"{_both(pages)} |"
    )


def _both(times: list[float]) -> str:
    ordered = sorted(times)
    p95 = ordered[min(len(ordered) - 1, round(0.95 * len(ordered)) - 1)]
    return f"{statistics.median(times):,.0f} / {p95:,.0f}"


def main() -> None:
    """Print one line a size."""
    sizes = tuple(int(text) for text in sys.argv[1:]) or SIZES
    columns = (
        "patients",
        "first chart, s",
        "file dropped to open, s",
        "Slopes, control, fresh, ms",
        "Slopes, control, known, ms",
        "page switch, ms",
    )
    print("Median / 95th percentile where there are two.\n")
    print(f"| {' | '.join(columns)} |\n|{' --- |' * len(columns)}")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
        server = Server(Path(folder) / "log", warmed=True)
        server.start()
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            for patients in sizes:
                print(measured(browser, server.address, patients), flush=True)
        finally:
            browser.close()
            server.stop()


if __name__ == "__main__":
    main()
