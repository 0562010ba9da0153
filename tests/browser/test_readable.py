"""What is written can be read: contrast as WCAG 2.2 AA asks, measured on every page."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.browser.driver import Server, User
from tests.browser.screens import SCREENS, Screen, show

pytestmark = pytest.mark.browser

LOW_CONTRAST = Path(__file__).with_name("contrast.js").read_text("utf-8")
MEASURED = [
    screen
    for screen in SCREENS
    if (screen.page, screen.name)
    in {
        ("Trial", "asked"),
        ("Trial", "refused"),
        ("Patients", "one"),
        ("Slopes", "changed"),
        ("Slopes", "Tests"),
        ("What-if", "Leave one out"),
        ("Untreated", "Assumptions"),
        ("Published", "This trial among the others"),
        ("Present", "chosen"),
        ("Help", "first"),
    }
]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("screen", MEASURED, ids=lambda screen: f"{screen.page}-{screen.name}")
def test_every_text_stands_out_from_what_is_behind_it(
    visitor: Callable[..., User], server: Server, screen: Screen, dark: bool
):
    user = show(visitor(dark=dark), server, screen)
    assert user.page.evaluate(LOW_CONTRAST) == []


def test_the_measurement_notices_pale_text(user: User):
    user.page.evaluate("document.querySelector('h3').style.color = '#B0B0B0'")
    assert user.page.evaluate(LOW_CONTRAST) != []
