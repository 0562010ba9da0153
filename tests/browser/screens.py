"""Every screen of the app, for pictures and for measurements.

``python -m tests.browser.screens FOLDER`` takes a picture of each in three widths, light and dark;
``--page Slopes`` takes those of one page, ``--readme`` the pictures of the README.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from tests.browser.driver import ROOT, Server, User, new_window

WIDTHS: Final = (900, 1440, 1920)
TALLEST: Final = 6000

Act = Callable[[User], object]


@dataclass(frozen=True, slots=True)
class Screen:
    """One state of the app.

    Parameters
    ----------
    page
        Title in the menu.
    name
        What is seen there; file names are made of page and name.
    query
        Link, without the address of the page.
    act
        What the visitor does once the page is there.
    """

    page: str
    name: str
    query: str = ""
    act: Act = lambda user: None


def tab(title: str) -> Act:
    """Open a tab."""

    def act(user: User) -> None:
        user.page.get_by_role("tab", name=title, exact=True).click()
        user.settled()

    return act


def press(label: str) -> Act:
    """Press a button."""
    return lambda user: user.press(label)


def choose(label: str) -> Act:
    """Choose a segment of a control."""

    def act(user: User) -> None:
        user.page.get_by_role("radio", name=label, exact=True).click()
        user.settled()

    return act


def drop(name: str) -> Act:
    """Drop one of the given uploads."""
    path = ROOT / "tests" / "uploads" / name

    def act(user: User) -> None:
        user.drop(path.read_bytes(), name).settled()

    return act


def all_patients(title: str) -> Act:
    """Show all patients, on one tab."""

    def act(user: User) -> None:
        choose("All patients")(user)
        tab(title)(user)

    return act


def explained(user: User) -> None:
    """Open the explanations."""
    user.page.get_by_role("button", name="Explain").click()
    user.page.wait_for_timeout(500)


def presentation(user: User) -> None:
    """Choose two exhibits on Slopes, then go to Present."""
    user.go("Slopes")
    for button in user.page.get_by_role("button", name="Add to presentation").all()[:2]:
        button.click()
        user.settled()
    user.go("Present")


def in_meeting(user: User) -> None:
    """Choose two exhibits and begin the meeting."""
    presentation(user)
    user.page.get_by_role("button", name="Start meeting").click()
    user.page.wait_for_timeout(2500)


DETAIL: Final = "trial=every-detail"
CONTROL: Final = "trial=after-oh-2018"

SCREENS: Final = (
    Screen("Trial", "example"),
    Screen("Trial", "read", act=drop("L01_long_tidy.csv")),
    Screen("Trial", "asked", act=drop("D06_ambiguous_dmy_all.csv")),
    Screen("Trial", "refused", act=drop("R06_aggregate_means.xlsx")),
    Screen("Trial", "findings", act=drop("Q06_out_of_range.csv")),
    Screen("Patients", "one", DETAIL),
    Screen("Patients", "one-of-reference"),
    *(
        Screen("Patients", f"all-{name}", DETAIL, all_patients(name))
        for name in (
            "Courses",
            "Small multiples",
            "Slope changes",
            "Follow-up",
            "Stages",
            "Survival",
        )
    ),
    Screen("Slopes", "first"),
    Screen("Slopes", "explained", act=explained),
    Screen("Slopes", "changed", "trial=after-shamsaei-2023&after=6&estimator=theil-sen"),
    Screen("Slopes", "control", CONTROL),
    Screen("Slopes", "nobody", "trial=every-detail&visits=12"),
    *(
        Screen("Slopes", name, DETAIL, tab(name))
        for name in (
            "Tests",
            "Model",
            "Responders",
            "Checks",
            "Day 0",
            "Course",
            "Patients",
            "Methods",
        )
    ),
    Screen("Slopes", "Groups", CONTROL, tab("Groups")),
    *(
        Screen("What-if", name, "", tab(name))
        for name in (
            "Leave one out",
            "Every analysis",
            "Placebo dates",
            "Dropouts",
            "Other run-ins",
        )
    ),
    *(
        Screen("Untreated", name, "", tab(name))
        for name in (
            "Responders",
            "Regression to the mean",
            "Deceleration",
            "Entry rule",
            "Planning",
            "Assumptions",
        )
    ),
    *(
        Screen("Published", name, "", tab(name))
        for name in (
            "This trial among the others",
            "Do the printed numbers add up?",
            "From summary to picture",
        )
    ),
    Screen("Present", "nothing"),
    Screen("Present", "chosen", act=presentation),
    Screen("Present", "meeting", act=in_meeting),
    Screen("Help", "first"),
)
"""The screens, in the order of the menu."""


README: Final = {
    "trial": Screen("Trial", "read", act=drop("L01_long_tidy.csv")),
    "patients": Screen("Patients", "one", DETAIL),
    "slopes": Screen("Slopes", "linked", "trial=after-shamsaei-2023&rate=period"),
    "what-if": Screen("What-if", "first"),
    "untreated": Screen("Untreated", "first"),
    "published": Screen("Published", "map", act=tab("Do the printed numbers add up?")),
    "present": Screen("Present", "chosen", act=presentation),
    "help": Screen("Help", "first"),
}
"""The pictures of the README, by file name."""


def show(user: User, server: Server, screen: Screen) -> User:
    """Open a screen as a visitor would."""
    user.open(server.address + (f"?{screen.query}" if screen.query else ""))
    if screen.page != "Slopes":
        user.go(screen.page)
    screen.act(user)
    user.page.wait_for_timeout(1200)
    return user.settled()


def picture(user: User, path: Path, width: int) -> None:
    """Save a picture of the whole page, without scrolling."""
    main = user.page.get_by_test_id("stMain")
    tall = min(int(main.evaluate("e => e.scrollHeight")), TALLEST)
    user.page.set_viewport_size({"width": width, "height": max(tall, 900)})
    user.page.wait_for_timeout(1200)
    user.page.screenshot(path=path)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the Chromium of the system."""
    found = next(p for name in ("chromium", "google-chrome") if (p := shutil.which(name)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found,
            args=["--no-sandbox", "--disable-dev-shm-usage", "--force-color-profile=srgb"],
        )
        yield browser
        browser.close()


@contextmanager
def running() -> Iterator[Server]:
    """Start the app."""
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder) / "log.txt", warmed=True)
        server.start()
        yield server
        server.stop()


def take_all(folder: Path, page: str, widths: tuple[int, ...]) -> None:
    """Take a picture of every screen (of one page) in each width, light and dark."""
    folder.mkdir(parents=True, exist_ok=True)
    with running() as server, chromium() as browser:
        for width in widths:
            for dark in (False, True):
                for screen in SCREENS:
                    if page not in ("", screen.page):
                        continue
                    user = User(new_window(browser, dark=dark, width=width), own=True)
                    mode = "dark" if dark else "light"
                    name = f"{screen.page}-{screen.name}-{width}-{mode}.png".replace(" ", "-")
                    show(user, server, screen)
                    picture(user, folder / name.replace("?", ""), width)
                    user.close()
                    print(name, *user.problems, flush=True)


def take_readme() -> None:
    """Take the pictures of the README, one a page, with few colours to keep them small."""
    with running() as server, chromium() as browser:
        for name, screen in README.items():
            window = browser.new_context(
                viewport={"width": 1440, "height": 900}, device_scale_factor=1.5, locale="en-GB"
            )
            user = show(User(window, own=True), server, screen)
            if name == "published":
                user.page.mouse.move(800, 700)
                user.page.mouse.wheel(0, 640)
            user.page.mouse.move(2, 898)
            user.page.wait_for_timeout(1500)
            path = ROOT / "docs" / "pictures" / f"{name}.png"
            user.page.screenshot(path=path)
            Image.open(path).convert("RGB").quantize(64, dither=Image.Dither.NONE).save(
                path, optimize=True
            )
            user.close()
            print(path.name, *user.problems, flush=True)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--readme", action="store_true")
    parser.add_argument("--page", default="", choices=["", *dict.fromkeys(s.page for s in SCREENS)])
    parser.add_argument("--widths", type=int, nargs="+", default=list(WIDTHS))
    asked = parser.parse_args()
    if asked.readme or asked.folder is None:
        take_readme()
        return
    take_all(asked.folder, asked.page, tuple(asked.widths))


if __name__ == "__main__":
    main()
