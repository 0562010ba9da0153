"""The five answers of the trial with every detail, read off the Patients page.

The answers were written by the generator from its own truth before the file was drawn.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.sync_api import expect

from data.examples import FOLDER
from tests.browser.driver import Server, User

pytestmark = pytest.mark.browser

TRIAL = "every-detail"
ANSWERS: dict[str, Any] = json.loads(
    (FOLDER / "every_detail_answers.json").read_text(encoding="utf-8")
)
NUMBER = r"[+−]?\d+(?:\.\d+)?"


@pytest.fixture
def everyone(visitor, server: Server) -> User:
    """Return a visitor who looks at all patients of the trial."""
    user: User = visitor().open(f"{server.address}?trial={TRIAL}")
    user.go("Patients")
    user.page.get_by_test_id("stMain").get_by_text("All patients", exact=True).first.click()
    return user.settled()


def tab(user: User, title: str) -> User:
    user.page.get_by_role("tab", name=title).click()
    return user.settled()


def said(user: User) -> str:
    """Return all visible text of the page, the drawn figures included."""
    text: str = user.page.get_by_test_id("stMain").inner_text()
    return text


def number(text: str) -> float:
    return float(text.replace("−", "-").replace("+", ""))


def test_whose_course_bent_most(everyone: User):
    tab(everyone, "Slope changes")
    everyone.chart("caterpillar-alsfrs_r")
    found = re.search(rf"ALSFRS-R, largest change: (\S+), ({NUMBER}) points/month", said(everyone))
    assert found is not None
    told = ANSWERS["bent_most"]
    assert found[1] == told["patient"]
    assert number(found[2]) == pytest.approx(told["change"], abs=0.3)


def test_who_reached_kings_4_and_why(everyone: User):
    tab(everyone, "Stages")
    line = everyone.page.get_by_text("King’s stage 4 was reached by").first
    expect(line).to_be_visible()
    text = line.inner_text()
    found = dict(re.findall(r"(P\d\d) \((4A\+4B|4A|4B)\b", text))
    assert found == {row["patient"]: row["stage"] for row in ANSWERS["kings_4"]}
    for row in ANSWERS["kings_4"]:
        (why,) = re.findall(rf"{row['patient']} \(([^)]*)\)", text)
        for reason in row["because_of"]:
            assert reason in why.casefold(), (row["patient"], why)


def test_whose_fvc_is_below_50(everyone: User):
    tab(everyone, "Follow-up")
    line = everyone.page.get_by_text(re.compile("^FVC below 50 % at the last visit: ")).first
    below = line.inner_text().split(";")[0]
    found = dict(re.findall(r"(P\d\d) \((\d+) %", below))
    told = {row["patient"]: row["true_percent"] for row in ANSWERS["fvc_below_50"]}
    assert set(found) == set(told)
    assert all(abs(float(found[name]) - told[name]) < 4 for name in told)


def test_who_left_and_when(everyone: User):
    tab(everyone, "Follow-up")
    everyone.chart("follow-up")
    rows = re.findall(
        rf"^(P\d\d)\n{NUMBER}\n(died|last contact|lost) ({NUMBER})$",
        said(everyone),
        flags=re.MULTILINE,
    )
    found = {name: (how, number(month)) for name, how, month in rows}
    assert set(found) == {row["patient"] for row in ANSWERS["left"]}
    for row in ANSWERS["left"]:
        how, month = found[row["patient"]]
        assert (how == "died") == (row["how"] == "death")
        assert month == pytest.approx(row["month"], abs=0.1)


def test_what_patient_7_would_have_scored_had_the_run_in_gone_on(visitor, server: Server):
    told = ANSWERS["patient_7"]
    user: User = visitor().open(f"{server.address}?trial={TRIAL}&person=7&at={told['month']}")
    user.go("Patients")
    month = user.page.get_by_role("spinbutton", name="Month after the transplant")
    expect(month).to_have_value(str(told["month"]))
    heading = user.page.get_by_text("Visits of P07")
    expect(heading).to_be_visible()
    found = re.search(
        rf"ALSFRS-R → ({NUMBER}) points \(95 % prediction ({NUMBER}) to ({NUMBER})\)", said(user)
    )
    assert found is not None
    value, low, high = map(number, found.groups())
    assert low <= told["run_in_line"] <= high
    assert value == pytest.approx(told["run_in_line"], abs=told["tolerance"])
    # By numpy.polyfit on the seven visits up to day 0.
    assert value == pytest.approx(30.3, abs=0.5)
