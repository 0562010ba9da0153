"""A user at the screen: the selectors and waits of the browser tests in one place."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Download, Locator, Page, expect

ROOT = Path(__file__).resolve().parents[2]
APP = "app.py"
HERE = {"127.0.0.1", "localhost"}
PATIENCE = 30_000


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """The app in a process of its own on one port; it can be ended and started again."""

    def __init__(self, log: Path, port: int | None = None, *, warmed: bool = False) -> None:
        self.port, self.warmed, self.log = port or free_port(), warmed, log
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"http://localhost:{self.port}/"

    def start(self, *, ask: str = "_stcore/script-health-check") -> None:
        """Start and wait until ``ask`` answers "ok"; the usual question also warms the app."""
        if self.warmed:
            command = [sys.executable, "-m", "alslope", "serve", "--port", str(self.port)]
        else:
            command = [sys.executable, "-m", "streamlit", "run", APP]
            command += [f"--server.port={self.port}"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, stdout=log, stderr=log, start_new_session=True
            )
        if self.warmed:
            self._wait_for("ALSlope is ready")
        else:
            self._wait_for_answer(ask)

    def _wait_for(self, words: str) -> None:
        for _ in self._tries():
            if words in self.log.read_text("utf-8", "replace"):
                return

    def _wait_for_answer(self, ask: str) -> None:
        for _ in self._tries():
            try:
                with urllib.request.urlopen(self.address + ask, timeout=20) as answer:
                    if answer.read().strip() == b"ok":
                        return
            except (urllib.error.URLError, OSError):
                continue

    def answers(self) -> bool:
        """Whether anybody listens on the port."""
        try:
            socket.create_connection(("localhost", self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def _tries(self) -> Any:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            assert self.process is not None
            if self.process.poll() is not None:
                break
            yield
            time.sleep(0.1)
        raise RuntimeError(f"the server did not start:\n{self.log.read_text('utf-8', 'replace')}")

    def stop(self) -> None:
        """End the process and wait for its end."""
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(10)
        self.process = None


def new_window(browser: Browser, *, dark: bool = False, width: int = 1400) -> BrowserContext:
    """Return a fresh browser window: no cookies, nothing in its cache."""
    window = browser.new_context(
        viewport={"width": width, "height": 1000},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
        locale="en-GB",
        timezone_id="Europe/Berlin",
        accept_downloads=True,
    )
    window.set_default_timeout(PATIENCE)
    return window


class User:
    """One visitor: a tab, and so a session, of their own.

    What goes wrong behind the screen (script errors, requests to other hosts) is collected in
    ``problems``.
    """

    def __init__(self, context: BrowserContext, *, own: bool = False) -> None:
        self.context, self.own = context, own
        self.problems: list[str] = []
        self.page: Page = context.new_page()
        self.page.on("request", lambda request: self._sent(request.url))
        self.page.on("websocket", lambda socket: self._sent(socket.url))
        self.page.on("pageerror", lambda error: self.problems.append(f"script error: {error}"))

    def _sent(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.hostname not in HERE:
            self.problems.append(f"request to {url}")

    def open(self, address: str) -> User:
        """Open an address and wait for the page's head."""
        self.page.goto(address, wait_until="domcontentloaded")
        expect(self.page.locator("h3").first).to_be_visible(timeout=PATIENCE)
        return self.settled()

    def settled(self) -> User:
        """Wait until the last action has been answered completely."""
        self.page.wait_for_timeout(200)
        app = self.page.get_by_test_id("stApp")
        expect(app).to_have_attribute("data-test-connection-state", "CONNECTED", timeout=PATIENCE)
        expect(app).to_have_attribute("data-test-script-state", "notRunning", timeout=PATIENCE)
        expect(self.page.locator("[data-stale='true']")).to_have_count(0, timeout=PATIENCE)
        expect(self.page.get_by_test_id("stException")).to_have_count(0)
        return self

    def go(self, title: str) -> User:
        """Choose a page in the menu."""
        self.page.get_by_test_id("stSidebarNav").get_by_role("link", name=title).click()
        expect(self.head).to_contain_text(title)
        return self.settled()

    @property
    def head(self) -> Locator:
        return self.page.locator("[data-testid='stMain'] h3").first

    def card(self, endpoint: str = "ALSFRS-R") -> Locator:
        """Return the headline of one endpoint."""
        return self.page.get_by_role("heading", name=f"{endpoint}: ")

    def chip(self, text: str) -> Locator:
        return self.page.locator(".st-key-w\\.chips, .st-key-w-chips").get_by_text(text)

    def drop(self, content: str | bytes, name: str = "visits.csv") -> User:
        """Drop a file on the Trial page, in place of what lay there."""
        self.go("Trial")
        for button in self.page.get_by_role("button", name="Remove ").all():
            button.click()
            self.settled()
        data = content.encode() if isinstance(content, str) else content
        field = self.page.get_by_test_id("stFileUploaderDropzoneInput")
        field.set_input_files({"name": name, "mimeType": "text/csv", "buffer": data})
        return self

    def press(self, label: str) -> User:
        """Press a button and wait for the answer."""
        self.page.get_by_role("button", name=label, exact=True).first.click()
        return self.settled()

    def window_after(self, months: int) -> User:
        """Shorten the window after day 0 with the keyboard."""
        thumb = self.page.get_by_role("slider", name="Window after, months")
        thumb.focus()
        for _ in range(60):
            value = thumb.get_attribute("aria-valuetext")
            if value == str(months):
                self.page.wait_for_timeout(600)
                if thumb.get_attribute("aria-valuetext") == value:
                    break
                continue
            # A rerun that answers late sets the slider to where it was: then go back.
            too_far = value is not None and value.isdigit() and int(value) < months
            thumb.press("ArrowRight" if too_far else "ArrowLeft")
            self.page.wait_for_timeout(150)
        expect(self.chip(f"after: {months} months")).to_be_visible()
        return self.settled()

    def chart(self, name: str) -> Locator:
        """Return a chart once it is drawn."""
        chart = self.page.locator(f".st-key-chart-{name}")
        expect(chart.locator(".alslope-chart-plot[data-drawn] .main-svg").first).to_be_visible(
            timeout=PATIENCE
        )
        return chart

    def layout(self, name: str, path: str) -> Any:
        """Read something of a drawn figure, such as ``layout.paper_bgcolor``."""
        plot = self.chart(name).locator(".alslope-chart-plot")
        return plot.evaluate("(gd, path) => path.split('.').reduce((at, key) => at[key], gd)", path)

    def saved(self, chart: str, kind: str) -> Download:
        """Press one of a chart's download buttons."""
        button = self.chart(chart).locator(f"button[data-kind={kind}]")
        with self.page.expect_download() as waiting:
            button.click()
        return waiting.value

    def link(self) -> str:
        """Return what *Copy link* copies."""
        text = self.page.locator(".alslope-link[data-link]").get_attribute("data-link")
        assert text
        return text

    def close(self) -> None:
        """Close the tab, and the window too if nobody else is in it."""
        if self.own:
            self.context.close()
        else:
            self.page.close()


def required() -> bool:
    """Whether a missing browser is a failure."""
    return os.environ.get("ALSLOPE_REQUIRE_BROWSER") == "1"
