"""The upload cases of the contract: read in this process and through the command line."""

from __future__ import annotations

import json

import pytest

from alslope import main
from data.reading import read_files
from tests.data.upload_scoring import (
    UPLOADS,
    expectations,
    scored,
    scored_reading,
    stated_answers,
    table_after_answers,
    uploaded,
)

CASES = expectations(UPLOADS)
ASKED = [name for name, expect in CASES.items() if expect.get("questions")]
EXIT = {"load": 0, "load_flagged": 0, "ask": 3, "reject": 4}


def test_every_case_of_the_contract_is_there():
    assert len(CASES) == 27
    assert {expect["verdict"] for expect in CASES.values()} == set(EXIT)


@pytest.mark.parametrize("name", CASES)
def test_case_passes_in_this_process(name):
    reading = read_files(uploaded(UPLOADS, CASES[name]))
    result = scored_reading(UPLOADS, CASES[name], reading)
    assert not result.silently_wrong, result.why
    assert result.status == "PASS", result.why
    json.dumps(reading.to_json(), allow_nan=False)


@pytest.mark.parametrize("name", ASKED)
def test_question_is_put_and_its_answer_gives_the_expected_table(name):
    expect = CASES[name]
    asked = read_files(uploaded(UPLOADS, expect))
    if expect["verdict"] == "ask":
        assert (asked.verdict, asked.trial) == ("ask", None)
        assert {q.code for q in asked.questions} & set(stated_answers(expect))
    compared = table_after_answers(UPLOADS, expect)
    assert compared["ok"] > 0
    assert (compared["missing"], compared["extra"], compared["wrong"]) == (0, 0, 0), compared


@pytest.mark.parametrize("name", CASES)
def test_case_passes_through_the_command_line(name, tmp_path, capsys):
    expect = CASES[name]
    report, table = tmp_path / "report.json", tmp_path / "table.csv"
    words = ["read", *(UPLOADS / name for name in expect["files"])]
    code = main([str(word) for word in [*words, "--report", report, "--table", table]])
    said = json.loads(report.read_text("utf-8"))
    assert code == EXIT[said["verdict"]], capsys.readouterr().err
    rows = table.read_text("utf-8") if table.exists() else ""
    result = scored(UPLOADS, expect, said, rows)
    assert not result.silently_wrong, result.why
    assert result.status == "PASS", result.why
