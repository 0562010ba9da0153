"""The generated family of upload cases: kinds of files that the contract does not show."""

from __future__ import annotations

import pytest

from data.reading import read_files
from tests.data.make_upload_family import make_cases, write
from tests.data.upload_scoring import (
    expectations,
    scored_reading,
    stated_answers,
    table_after_answers,
    uploaded,
)

MADE = {case.name: case.expectation() for case in make_cases()}
ASKED = [name for name, expect in MADE.items() if expect.get("questions")]


@pytest.fixture(scope="session")
def family(tmp_path_factory):
    """Write the family once; return its folder and what it expects."""
    folder = tmp_path_factory.mktemp("family")
    names = write(folder)
    expected = expectations(folder)
    assert sorted(names) == sorted(expected) == sorted(MADE)
    return folder, expected


@pytest.mark.parametrize("name", MADE)
def test_made_case_passes(name, family):
    folder, expected = family
    reading = read_files(uploaded(folder, expected[name]))
    result = scored_reading(folder, expected[name], reading)
    assert not result.silently_wrong, result.why
    assert result.status == "PASS", result.why


@pytest.mark.parametrize("name", ASKED)
def test_answer_of_a_made_case_gives_the_expected_table(name, family):
    folder, expected = family
    expect = expected[name]
    asked = read_files(uploaded(folder, expect))
    if expect["verdict"] == "ask":
        assert (asked.verdict, asked.trial) == ("ask", None)
        assert {q.code for q in asked.questions} & set(stated_answers(expect))
    compared = table_after_answers(folder, expect)
    assert compared["ok"] > 0
    assert (compared["missing"], compared["extra"], compared["wrong"]) == (0, 0, 0), compared
