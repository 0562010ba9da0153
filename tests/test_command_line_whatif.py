"""``whatif`` and ``--analysis``: what the functions give, clear refusals, honest exit codes."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

import alslope
from analysis.compare import compare
from analysis.opening import opening_settings
from analysis.settings import PatientExclusion, Settings
from analysis.variants import Variant
from data.examples import load_example
from data.files import UploadedFile
from data.reading import read_files
from data.trial import DAYS_PER_MONTH, Trial
from report.analysis_file import AnalysisFile
from report.whatif_report import report_json, whatif_report
from report.whatif_text import report_text
from tests.exported import same

PATIENTS = 8
DAYS = (-270, -180, -90, 0, 60, 150, 240, 330)
QUICK = ("--set", "flips=1000", "--set", "resamples=1000", "--set", "untreated_trials=200")


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    code = alslope.main([str(word) for word in words])
    said = capsys.readouterr()
    return code, said.out, said.err


def document(capsys: pytest.CaptureFixture[str], *words: object) -> dict[str, Any]:
    code, out, err = run(capsys, *words, "--json")
    assert code == 0, err
    result: dict[str, Any] = json.loads(out, parse_constant=pytest.fail)
    return result


def rows() -> list[dict[str, str]]:
    """Return visits in months that the reader takes as they are."""
    return [
        {
            "patient_id": f"P{who:02d}",
            "endpoint": "ALSFRSR",
            "day_rel": str(day),
            "value": f"{40 - who // 2 + who * day % 3 + (who * (day > 0) - 10) * day / 500:.0f}",
        }
        for who in range(1, PATIENTS + 1)
        for day in DAYS
    ]  # fmt: skip


def written(path: Path, visits: list[dict[str, str]]) -> Path:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(visits[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(visits)
    path.write_text(text.getvalue(), encoding="utf-8")
    return path


def read(path: Path) -> Trial:
    trial = read_files([UploadedFile(path.name, path.read_bytes())]).trial
    assert trial is not None
    return trial


@pytest.fixture
def trial_file(tmp_path):
    return written(tmp_path / "trial.csv", rows())


# The questions of a meeting: one option each, against the file edited by hand


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        (("--without", "P04"), lambda row: row["patient_id"] != "P04"),
        (
            ("--vary", "post_months=6"),
            lambda row: int(row["day_rel"]) <= 6 * DAYS_PER_MONTH + 3,
        ),
        (("--vary", "day0=neither"), lambda row: row["day_rel"] != "0"),
        (
            ("--vary", "day0=neither,pre_months=6"),
            lambda row: row["day_rel"] != "0" and int(row["day_rel"]) >= -6 * DAYS_PER_MONTH - 3,
        ),
    ],
    ids=["without patient 4", "over six months", "is it the day-0 visit", "two changes at once"],
)
def test_a_question_is_answered_as_by_the_file_edited_by_hand(
    capsys, tmp_path, trial_file, options, kept
):
    asked = document(capsys, "whatif", trial_file, *options, "--curve", "none", *QUICK)
    edited = written(tmp_path / "edited.csv", [row for row in rows() if kept(row)])
    assert len(edited.read_text("utf-8")) < len(trial_file.read_text("utf-8"))
    fresh = document(capsys, "compare", edited, *QUICK)["endpoints"]["alsfrs_r"]
    (variant,) = asked["variants"]
    (side,) = variant["endpoints"]
    same(side["variant"], fresh["tests"]["paired_t"])
    first = document(capsys, "compare", trial_file, *QUICK)["endpoints"]["alsfrs_r"]
    same(side["primary"], first["tests"]["paired_t"])
    assert side["variant"]["estimate"] != side["primary"]["estimate"]


def test_equal_windows_cut_both_periods_to_the_shorter_one(capsys, trial_file):
    asked = document(capsys, "whatif", trial_file, "--equal-windows", "--curve", "none", *QUICK)
    # 270 days before and 330 after: 8.87 months, of which 8 are whole.
    assert asked["equal_windows"]["months"] == 8
    (variant,) = asked["variants"]
    assert variant["title"] == "equal windows"
    windows = (variant["settings"]["pre_months"], variant["settings"]["post_months"])
    assert windows == (8, 8)
    both = ("--set", "pre_months=8", "--set", "post_months=8")
    fresh = document(capsys, "compare", trial_file, *both, *QUICK)["endpoints"]["alsfrs_r"]
    same(variant["endpoints"][0]["variant"], fresh["tests"]["paired_t"])


def test_text_and_json_are_those_of_the_functions(capsys, trial_file):
    words = ("--vary", "post_months=6", "--without", "P04", "--visits-of", "P02", *QUICK)
    trial = read(trial_file)
    plain = {"flips": 1000, "resamples": 1000, "untreated_trials": 200}
    settings = Settings(**{**opening_settings(trial), **plain})
    variants = (
        Variant("", settings.with_(post_months=6.0)),
        Variant(
            "",
            settings.with_(excluded_patients=(PatientExclusion("P04", "tried as a what-if"),)),
        ),
    )
    report = whatif_report(trial, compare(trial, settings), variants, visits_of=1)
    code, out, _ = run(capsys, "whatif", trial_file, *words)
    assert (code, out) == (0, report_text(report) + "\n")
    assert document(capsys, "whatif", trial_file, *words) == json.loads(
        json.dumps(report_json(report))
    )


# Commands that make no sense


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--without", "P99"), "--without P99: no such patient. There are P01, P02"),
        (("--visits-of", "p1"), "--visits-of p1: no such patient."),
        (("--vary", "post_months"), "--vary post_months: NAME=VALUE is needed."),
        (("--vary", "months=6"), "--vary months: no such setting."),
        (("--vary", "post_months=-6"), "--vary post_months: "),
        (("--vary", "post_months=6,"), "--vary : NAME=VALUE is needed."),
        (("--vary", "confidence=0.9"), "--vary confidence: the same in all analyses"),
        (("--vary", "skip_days=1", *(("--without", "P01") * 4)), "5 variants: at most 4"),
        (("--analysis", "nowhere.json"), "nowhere.json: No such file"),
        (("--settings", "nowhere.json"), "nowhere.json is no JSON file"),
    ],
)
def test_a_command_that_makes_no_sense_ends_with_2(capsys, trial_file, words, said):
    code, out, err = run(capsys, "whatif", trial_file, "--curve", "none", *words)
    assert (code, out) == (2, "")
    assert said in err


def test_windows_that_cannot_be_equal_are_refused(capsys, tmp_path):
    path = written(tmp_path / "t.csv", [row for row in rows() if int(row["day_rel"]) <= 0])
    code, _, err = run(capsys, "whatif", path, "--equal-windows")
    assert code == 2
    assert "--equal-windows: no patient can be compared." in err


@pytest.mark.parametrize("command", ["compare", "untreated", "whatif"])
def test_an_analysis_and_settings_exclude_each_other(capsys, trial_file, command):
    with pytest.raises(SystemExit) as ended:
        run(capsys, command, trial_file, "--analysis", "a.json", "--settings", "s.json")
    assert ended.value.code == 2


def test_files_that_are_asked_about_or_refused_end_with_3_and_4(capsys, tmp_path):
    asked = tmp_path / "asked.csv"
    asked.write_text(
        "patient;date;transplant;ALSFRSR\n"
        "1;03.04.2020;05.06.2020;40\n1;04.05.2020;05.06.2020;39\n".replace(".", "/"),
        encoding="utf-8",
    )
    assert run(capsys, "whatif", asked)[0] == alslope.ASKED
    refused = tmp_path / "refused.csv"
    refused.write_text("nothing\n", encoding="utf-8")
    assert run(capsys, "whatif", refused)[0] in (alslope.ASKED, alslope.REJECTED)
    empty = tmp_path / "empty.csv"
    empty.write_bytes(b"")
    assert run(capsys, "whatif", empty)[0] == alslope.REJECTED


# A saved analysis


def saved(path: Path, trial: Trial, settings: Settings, *variants: Variant) -> Path:
    path.write_text(AnalysisFile.of(trial, settings, variants).to_text(), encoding="utf-8")
    return path


def test_a_saved_analysis_brings_its_settings_and_variants(capsys, tmp_path, trial_file):
    trial = read(trial_file)
    settings = Settings(
        post_months=6.0, endpoints=("alsfrs_r",), flips=1000, resamples=1000, untreated_trials=200
    )
    variant = Variant("tail", settings.with_(post_months=None))
    path = saved(tmp_path / "a.json", trial, settings, variant)
    code, out, err = run(capsys, "compare", trial_file, "--analysis", path, "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["settings"] == settings.to_json()
    assert (
        document(capsys, "untreated", trial_file, "--analysis", path)["settings"]
        == settings.to_json()
    )
    found = document(
        capsys, "whatif", trial_file, "--analysis", path, "--without", "P01", "--curve", "none"
    )
    assert [one["title"] for one in found["variants"]] == ["tail", "without P01"]
    # What is set on the command line comes after the file.
    later = document(capsys, "compare", trial_file, "--analysis", path, "--set", "skip_days=30")
    assert later["settings"] == settings.with_(skip_days=30).to_json()


def test_other_data_are_said_aloud_and_used(capsys, tmp_path, trial_file):
    path = saved(tmp_path / "a.json", load_example("after-oh-2018").trial, Settings(skip_days=30))
    code, out, err = run(capsys, "compare", trial_file, "--analysis", path, *QUICK, "--json")
    assert code == 0
    assert (
        "The saved analysis “Simulated controlled trial, modelled on Oh 2018” is of other data"
        in err
    )
    assert json.loads(out)["settings"]["skip_days"] == 30


def test_the_answers_of_a_saved_analysis_read_the_files_again(capsys, tmp_path):
    visits = [
        f"P{who};{day:02d}/{month:02d}/2020;06/07/2020;{44 - who - month}"
        for who in range(1, 5)
        for month, day in ((1, 3), (3, 5), (6, 4), (9, 5), (12, 2))
    ]
    path = tmp_path / "dates.csv"
    text = "\n".join(["patient_id;visit_date;transplant_date;ALSFRS_R", *visits, ""])
    path.write_text(text, encoding="utf-8")
    assert run(capsys, "compare", path)[0] == alslope.ASKED
    answer = ("--answer", "DATE_ORDER=dmy")
    files = [UploadedFile(path.name, path.read_bytes())]
    trial = read_files(files, {"DATE_ORDER": "dmy"}).trial
    assert trial is not None
    analysis = saved(tmp_path / "a.json", trial, Settings(flips=1000, resamples=1000))
    code, out, err = run(capsys, "compare", path, "--analysis", analysis, "--json")
    assert code == 0, err
    assert "of other data" not in err
    assert json.loads(out)["trial"]["data_sha256"] == trial.hash
    direct = document(capsys, "compare", path, *answer, *QUICK[:4])
    assert direct["trial"]["data_sha256"] == trial.hash


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{}", "this is no saved analysis"),
        ("[", "no JSON"),
        (" " * 1_000_001, "larger than 1 MB"),
        ('{"schema": "alslope-analysis-2"}', "it says “alslope-analysis-2”"),
    ],
)
def test_a_file_that_is_no_saved_analysis_ends_with_2(capsys, tmp_path, trial_file, content, said):
    path = tmp_path / "a.json"
    path.write_text(content, encoding="utf-8")
    code, out, err = run(capsys, "compare", trial_file, "--analysis", path)
    assert (code, out) == (2, "")
    assert said in err


def test_what_is_ignored_in_a_saved_analysis_is_said(capsys, tmp_path, trial_file):
    plain = AnalysisFile.of(read(trial_file), Settings(flips=1000, resamples=1000)).to_json()
    path = tmp_path / "a.json"
    path.write_text(json.dumps({**plain, "basket": []}), encoding="utf-8")
    code, _, err = run(capsys, "compare", trial_file, "--analysis", path)
    assert (code, err) == (0, "Unknown entry “basket”; it is ignored.\n")
