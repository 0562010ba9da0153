"""``published``: what the functions give, rows of one’s own, clear refusals, honest exit codes."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

import alslope
from analysis.compare import compare
from analysis.opening import opening_settings
from analysis.published.rows import change_rows
from analysis.settings import Settings
from data.examples import load_example
from data.published import load_library
from data.published_values import SLOPE_COLUMNS
from tests.exported import same

pytestmark = pytest.mark.slow

EXAMPLE = "after-shamsaei-2023"
ROW = "ALSFRS-R: −5.4±2.3 -> -2 +- 3.08 points/period, P=0.014, whole"
OWN = {
    "study": "Doe",
    "year": "2025",
    "n": "20",
    "treated": "yes",
    "endpoint": "alsfrs_r",
    "unit": "points/month",
    "change_mean": "0.40",
    "change_sd": "0.90",
}


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    code = alslope.main(["published", *(str(word) for word in words)])
    said = capsys.readouterr()
    return code, said.out, said.err


def document(capsys: pytest.CaptureFixture[str], *words: object) -> dict[str, Any]:
    code, out, err = run(capsys, *words, "--json")
    assert code == 0, err
    result: dict[str, Any] = json.loads(out, parse_constant=pytest.fail)
    return result


def file_of(folder: Path, **changed: str) -> Path:
    path = folder / "rows.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, SLOPE_COLUMNS)
        writer.writeheader()
        writer.writerow(OWN | changed)
    return path


def test_a_typed_row_is_checked(capsys):
    code, out, err = run(capsys, "--check", ROW)
    assert (code, err) == (0, "")
    assert out.startswith("ALSFRS-R −5.4 ± 2.3 → −2 ± 3.08 points/period, P = 0.014\n")
    assert "needs n = 4 to 18" in out
    assert "If every value is a whole number" in out


def test_typed_rows_and_the_preset_are_the_same_check(capsys):
    fvc = "FVC: -12.6±5.22 → -4.8±14.72 %/period; P<0.001; whole"
    typed = document(capsys, "--check", ROW, "--check", fvc, "--reading", "literal")
    preset = document(capsys, "--preset", "Shamsaei 2023", "--reading", "literal")
    assert typed["verdict"] == preset["verdict"]
    assert typed["check"]["common_n"] == preset["check"]["common_n"]
    assert typed["check"]["common_n"]["paired"] == [22, 23, 24, 25]


def test_everything_but_the_numbers_may_be_left_out(capsys):
    printed = document(capsys, "--check", "-5.4±2.3 to -2±3.08")["check"]["summaries"][0]["printed"]
    assert printed["label"] == "This row"
    assert (printed["unit"], printed["p"], printed["n"]) == ("", "", None)
    assert not printed["integers"]


def test_a_trial_stands_among_the_library_and_own_rows(capsys, tmp_path):
    settings = ("--set", "untreated_trials=100", "--set", "post_months=6")
    plain = document(capsys, EXAMPLE, "--rows", file_of(tmp_path), *settings)
    trial = load_example(EXAMPLE).trial
    chosen = Settings.from_json(dict(opening_settings(trial)))[0].with_(post_months=6)
    result = compare(trial, chosen).endpoint("alsfrs_r")
    assert result is not None
    rows = plain["endpoints"]["alsfrs_r"]["changes"]
    expected = change_rows(result, trial.title, load_library(), 0.95)
    assert len(rows) == len(expected) + 1
    same(rows[0]["estimate"], expected[0].estimate)
    (own,) = (row for row in rows if row["name"] == "Doe 2025")
    # 0.40 ± t(19) · 0.90 / √20
    assert own["block"] == "treated"
    assert own["interval"]["low"] == pytest.approx(0.4 - 2.093024 * 0.9 / 20**0.5, abs=1e-6)


def test_the_library_alone_is_listed_with_its_presets(capsys):
    code, out, _ = run(capsys)
    assert code == 0
    assert "10.34172/apb.2023.043" in out
    assert out.rstrip().endswith("For --preset: Shamsaei 2023, Siwek 2018, PRO-ACT aggregate 2016")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--check", "ALSFRS-R -5.4"), "is not understood. Write it as in"),
        (("--check", f"{ROW}, perhaps"), "“perhaps” is not understood"),
        (("--check", ROW.replace("0.014", "7")), "is not a P value"),
        (("--check", f"{ROW}, n=1"), "n is between 2 and 2,000"),
        (("--check", ROW.replace("2.3 ", "2.3.4 ")), "is not"),
        (("--preset", "Doe 1999"), "--preset Doe 1999: unknown. Known: Shamsaei 2023, Siwek 2018"),
        ((EXAMPLE, "--check", ROW), "Give a trial, or rows to check, not both."),
        (("--rows", "nowhere.csv"), "nowhere.csv: No such file or directory."),
        (("--rows", "notes.xlsx"), "notes.xlsx"),
        (("nobody.csv",), "nobody.csv"),
    ],
)
def test_what_cannot_be_done_is_said_with_exit_code_2(capsys, words, said, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.xlsx").write_bytes(b"PK\x03\x04")
    code, out, err = run(capsys, *words)
    assert code == 2
    assert out == ""
    assert said in err
    assert "Traceback" not in err


def test_a_bad_cell_of_a_file_is_named_and_nothing_is_shown(capsys, tmp_path):
    code, out, err = run(capsys, "--rows", file_of(tmp_path, year="soon"))
    assert (code, out) == (2, "")
    assert "Line 2, column year “soon”: must be a whole number from 1900 to 2100." in err
