"""Server, browser and users of the browser tests."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from tests.browser.driver import Server, User, new_window, required

expect.set_options(timeout=15_000)

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
    "--force-color-profile=srgb",
)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    found = next((path for name in CHROMIUM if (path := shutil.which(name))), None)
    if found is None:
        message = f"BROWSER TESTS DID NOT RUN: none of {', '.join(CHROMIUM)} is installed"
        if required():
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=list(ARGUMENTS))
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def server(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("server") / "log.txt")
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def windows(browser: Browser) -> Iterator[dict[bool, BrowserContext]]:
    """A light and a dark window whose tabs share what was fetched once; most tests use them."""
    opened = {dark: new_window(browser, dark=dark) for dark in (False, True)}
    yield opened
    for window in opened.values():
        window.close()


@pytest.fixture
def visitor(browser: Browser, windows: dict[bool, BrowserContext]) -> Iterator[Callable[..., User]]:
    """Return a maker of users; at the end nobody may have met an error or left this machine.

    ``fresh`` gives a user a window of their own.
    """
    users: list[User] = []

    def make(*, dark: bool = False, fresh: bool = False) -> User:
        window = new_window(browser, dark=dark) if fresh else windows[dark]
        users.append(User(window, own=fresh))
        return users[-1]

    yield make
    problems = [problem for user in users for problem in user.problems]
    for user in users:
        user.close()
    assert problems == []


@pytest.fixture
def user(visitor: Callable[..., User], server: Server) -> User:
    """Return a visitor who has opened the app."""
    opened: User = visitor().open(server.address)
    return opened
