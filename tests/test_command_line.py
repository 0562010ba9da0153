"""The command line: the same numbers as the screen, clear refusals, honest exit codes."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys

import openpyxl
import pytest

import alslope
from tests.app.driver import EXAMPLE, ROOT, SLOPES, drop, go_to, headline, opened, trial_csv

COLUMNS = ["patient_id", "endpoint", "visit_date", "day_rel", "month", "value"]


def run(capsys, *words):
    """Run a command in this process; return exit code, output and error output."""
    code = alslope.main([str(word) for word in words])
    said = capsys.readouterr()
    return code, said.out, said.err


def strict(text):
    """Read JSON that may hold neither NaN nor Infinity."""

    def refuse(name):
        raise AssertionError(f"{name} in JSON")

    return json.loads(text, parse_constant=refuse)


def compared(capsys, *words):
    code, out, err = run(capsys, "compare", *words, "--json")
    assert code == 0, err
    return strict(out)


@pytest.fixture
def trial_file(tmp_path):
    path = tmp_path / "trial.csv"
    path.write_text(trial_csv(8), encoding="utf-8")
    return path


def number(value, decimals=2):
    return f"{value:.{decimals}f}".replace("-", "−")


def on_screen(said):
    """Return the card that the Slopes page shows for one endpoint of ``--json``."""
    change, p = said["change"], said["tests"]["paired_t"]["p"]
    interval = change["interval"]
    decimals = 3 if p < 0.0995 else 2
    texts = [
        f"95 % CI {number(interval['low'])} to {number(interval['high'])}",
        f"P = {number(p, decimals)}",
        f"n = {said['n']}",
    ]
    for side in ("before", "after"):
        summary = said[side]
        sign = "+" if summary["mean"] > 0 else ""
        texts.append(f"{side} {sign}{number(summary['mean'])} ± {number(summary['sd'])}")
    return texts


def test_command_as_a_process_gives_what_the_page_shows():
    done = subprocess.run(
        [sys.executable, "-m", "alslope", "compare", EXAMPLE, "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = strict(done.stdout)
    at = opened()
    for key, label in (("alsfrs_r", "ALSFRS-R"), ("fvc", "FVC")):
        card = headline(at, label)
        for text in on_screen(said["endpoints"][key]):
            assert text in card, (label, text)
        assert card.startswith(f"### {said['endpoints'][key]['heading']}\n")


@pytest.mark.parametrize(
    "changes",
    [{"post_months": ("after", "6")}, {"day0": ("day0", "after"), "rate_unit": ("rate", "year")}],
    ids=str,
)
def test_set_changes_what_the_same_link_changes(capsys, changes):
    words = [w for name, (_, text) in changes.items() for w in ("--set", f"{name}={text}")]
    said = compared(capsys, EXAMPLE, *words)
    link = {"rate": "period"} | dict(changes.values())
    card = headline(opened(trial=EXAMPLE, **link))
    for text in on_screen(said["endpoints"]["alsfrs_r"]):
        assert text in card
    assert said["settings"] | {n: said["settings"][n] for n in changes} == said["settings"]


def test_file_gives_what_the_page_shows_after_dropping_it(capsys, trial_file):
    said = compared(capsys, trial_file)
    at = go_to(drop(opened(), trial_csv(8)), SLOPES)
    assert headline(at).startswith(f"### {said['endpoints']['alsfrs_r']['heading']}\n")
    assert said["trial"]["title"] in at.markdown[0].value
    assert said["trial"]["data_sha256"][:6] == said["trial"]["title"].split()[-1]


def test_workbook_gives_the_same_numbers_as_text(capsys, tmp_path, trial_file):
    book = openpyxl.Workbook()
    for line in csv.reader(io.StringIO(trial_csv(8))):
        book.active.append([float(c) if re.fullmatch(r"\d+(\.\d)?", c) else c for c in line])
    book.save(tmp_path / "trial.xlsx")
    assert compared(capsys, tmp_path / "trial.xlsx") == compared(capsys, trial_file)


def test_settings_file_and_its_neighbour_set(capsys, tmp_path):
    path = tmp_path / "settings.json"
    path.write_text(json.dumps({"post_months": 6, "rate_unit": "year"}), encoding="utf-8")
    said = compared(capsys, EXAMPLE, "--settings", path, "--set", "rate_unit=period")
    assert said["settings"]["post_months"] == 6
    assert said["settings"]["rate_unit"] == "period"
    again = tmp_path / "all.json"
    again.write_text(json.dumps(said["settings"]), encoding="utf-8")
    assert compared(capsys, EXAMPLE, "--settings", again) == said


def test_unknown_entry_of_a_settings_file_is_named_and_ignored(capsys, tmp_path):
    path = tmp_path / "settings.json"
    path.write_text('{"colour": "blue", "post_months": 6}', encoding="utf-8")
    code, out, err = run(capsys, "compare", EXAMPLE, "--settings", path, "--json")
    assert code == 0
    assert "“colour”" in err
    assert strict(out)["settings"]["post_months"] == 6


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--set", "post_months"], "NAME=VALUE"),
        (["--set", "colour=blue"], "no such setting"),
        (["--set", "post_months=six"], "a number is needed"),
        (["--set", "post_months=-1"], "from 0.5 to 240"),
        (["--set", "post_months=nan"], "is needed"),
        (["--set", "min_visits=2.5"], "whole number"),
        (["--set", "day0=sometimes"], "one of before, after, both, neither"),
        (["--settings", "{missing}"], "missing.json"),
        (["--settings", "{broken}"], "broken.json"),
        (["--settings", "{list}"], "holds no settings"),
    ],
    ids=str,
)
def test_command_that_makes_no_sense_ends_with_2(capsys, tmp_path, words, said):
    (tmp_path / "broken.json").write_text("{", encoding="utf-8")
    (tmp_path / "list.json").write_text("[1]", encoding="utf-8")
    paths = {name: str(tmp_path / f"{name}.json") for name in ("missing", "broken", "list")}
    code, out, err = run(capsys, "compare", EXAMPLE, *[w.format(**paths) for w in words])
    assert code == 2
    assert said in err
    assert out == ""
    assert "Traceback" not in err


@pytest.mark.parametrize("command", ["read", "compare", "untreated"])
def test_missing_file_ends_with_2(capsys, command):
    code, out, err = run(capsys, command, "no/such/file.csv")
    assert (code, out) == (2, "")
    assert "no/such/file.csv: No such file" in err


@pytest.mark.parametrize("command", ["read", "compare", "untreated"])
def test_folder_ends_with_2(capsys, command, tmp_path):
    assert run(capsys, command, tmp_path)[0] == 2


@pytest.mark.parametrize("command", ["read", "compare", "untreated"])
def test_useless_file_ends_with_4(capsys, command, tmp_path):
    path = tmp_path / "useless.csv"
    path.write_text("name,height\nx,180\n", encoding="utf-8")
    code, out, err = run(capsys, command, path)
    assert (code, out) == (4, "")
    assert "No column holds ALSFRS-R" in err


def ambiguous(tmp_path):
    path = tmp_path / "ambiguous.csv"
    text = re.sub(r"(\d{4})-(\d\d)-(\d\d)", r"\3/\2/\1", trial_csv(8))
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("command", ["read", "compare", "untreated"])
def test_open_question_ends_with_3_and_says_how_to_answer(capsys, command, tmp_path):
    code, out, err = run(capsys, command, ambiguous(tmp_path))
    assert (code, out) == (3, "")
    assert "--answer DATE_ORDER=" in err
    assert "dmy (day first" in err


def test_answer_settles_the_question(capsys, tmp_path, trial_file):
    asked = ambiguous(tmp_path)
    same = compared(capsys, trial_file)["endpoints"]
    assert compared(capsys, asked, "--answer", "DATE_ORDER=dmy")["endpoints"] == same
    assert compared(capsys, asked, "--answer", "DATE_ORDER=mdy")["endpoints"] != same


@pytest.mark.parametrize("answer", ["DATE_ORDER", "DATE_ORDER=perhaps", "COLOUR=blue"])
def test_answer_that_is_none_is_not_taken(capsys, tmp_path, answer):
    code, out, err = run(capsys, "compare", ambiguous(tmp_path), "--answer", answer)
    assert code in (2, 3)
    assert out == ""
    assert err


def test_read_writes_report_and_table(capsys, tmp_path, trial_file):
    report, table = tmp_path / "report.json", tmp_path / "table.csv"
    code, out, _ = run(capsys, "read", trial_file, "--report", report, "--table", table)
    assert code == 0
    assert "load: 8 patients, 112 values" in out
    said = strict(report.read_text("utf-8"))
    assert said["verdict"] == "load"
    assert len(said["transplants"]) == 8
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == COLUMNS
    assert len(rows) == 112
    assert {row["endpoint"] for row in rows} == {"ALSFRSR", "FVC_PCT"}
    first = next(r for r in rows if r["patient_id"] == "A1" and r["visit_date"] == "2021-09-01")
    assert first["day_rel"] == "92"
    assert float(first["month"]) == pytest.approx(92 / 30.4375)


def test_refused_file_still_gets_its_report(capsys, tmp_path):
    path, report = tmp_path / "useless.csv", tmp_path / "report.json"
    path.write_text("name,height\nx,180\n", encoding="utf-8")
    assert run(capsys, "read", path, "--report", report)[0] == 4
    assert strict(report.read_text("utf-8"))["reasons"] == ["NO_ENDPOINT"]


@pytest.mark.parametrize("option", ["--report", "--table"])
def test_place_that_cannot_be_written_ends_with_2(capsys, tmp_path, trial_file, option):
    code, _, err = run(capsys, "read", trial_file, option, tmp_path / "no" / "such" / "folder.x")
    assert code == 2
    assert "folder.x" in err


@pytest.mark.parametrize(
    ("patients", "months"), [(1, (-3, 0, 3, 6)), (3, (0,)), (2, (-3, 0, 3, 6))]
)
def test_json_of_trials_without_a_result_holds_no_nan(capsys, tmp_path, patients, months):
    path = tmp_path / "small.csv"
    path.write_text(trial_csv(patients, months=months), encoding="utf-8")
    assert compared(capsys, path)["trial"]["patients"] == patients


def test_json_has_every_patient_settings_and_versions(capsys):
    said = compared(capsys, EXAMPLE)
    assert said["schema"] == "alslope-compare-2"
    assert said["trial"]["simulated"] is True
    assert len(said["trial"]["data_sha256"]) == 64
    assert {"alslope", "python", "numpy", "scipy", "pandas"} <= set(said["versions"])
    for endpoint in said["endpoints"].values():
        assert [p["patient"] for p in endpoint["patients"]] == [f"P{i:02d}" for i in range(1, 11)]


def test_text_says_that_the_trial_is_simulated(capsys):
    code, out, _ = run(capsys, "compare", EXAMPLE)
    assert code == 0
    assert "(simulated)" in out.splitlines()[0]
    assert "−5.40 ± 2.30 → after −2.00 ± 3.08" in out


def test_closed_pipe_gives_no_traceback():
    process = subprocess.Popen(
        [sys.executable, "-m", "alslope", "compare", EXAMPLE, "--json"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    said = process.stderr.read().decode()
    assert process.wait(60) == 0
    assert said == ""


@pytest.mark.parametrize("words", [[], ["dance"], ["compare"], ["serve", "--port", "x"]], ids=str)
def test_unknown_command_shows_how_to_call_it(capsys, words):
    with pytest.raises(SystemExit) as stopped:
        alslope.main(words)
    assert stopped.value.code == 2
    assert "usage: alslope" in capsys.readouterr().err


# ---- untreated -----------------------------------------------------------------------------------


def simulated(capsys, *words):
    code, out, err = run(capsys, "untreated", *words, "--trials", "100", "--json")
    assert code == 0, err
    return strict(out)


def test_untreated_json_holds_the_block_of_compare(capsys):
    said = simulated(capsys, EXAMPLE)
    same = compared(capsys, EXAMPLE, "--set", "untreated_trials=100")
    assert said["schema"] == "alslope-untreated-1"
    assert said["untreated"] == same["untreated"]
    for key, block in same["endpoints"].items():
        found = said["endpoints"][key]
        assert {name: found[name] for name in block["untreated"]} == block["untreated"]
        keys = [row["preset"] for row in found["over_presets"]["presets"]]
        assert keys[0] == "reference"
        assert len(keys) == len(set(keys)) > 3
        assert found["regression_to_the_mean"]["formula"]["observed_change"] == pytest.approx(
            same["endpoints"][key]["change"]["mean"]
        )
    assert {"settings", "versions", "trial"} <= set(said)
    assert any("not in the file" in text for text in said["not_covered"])


def test_untreated_options_are_settings(capsys):
    entry = ["slope_at_most:-0.5", "alsfrs_r_at_least:26"]
    words = [w for rule in entry for w in ("--entry", rule)]
    said = simulated(capsys, EXAMPLE, "--history", "slower", "--set", "history=reference", *words)
    assert said["settings"]["history"] == said["untreated"]["natural_history"]["preset"] == "slower"
    assert said["settings"]["untreated_trials"] == said["untreated"]["trials"] == 100
    assert said["settings"]["entry_rule"] == entry
    (rule,) = said["entry_rules"]
    assert rule["rule"] == entry
    assert 0 < rule["accepted_share"] < 1
    assert len(simulated(capsys, EXAMPLE)["entry_rules"]) > 3


def test_untreated_seed_decides(capsys):
    first, again, other = (
        simulated(capsys, EXAMPLE, "--set", f"seed={seed}")["endpoints"] for seed in (1, 1, 2)
    )
    assert first == again != other


def test_untreated_text_gives_verdict_shares_and_limits(capsys):
    code, out, _ = run(capsys, "untreated", EXAMPLE, "--trials", "100")
    assert code == 0
    assert "(simulated)" in out.splitlines()[0]
    shares = ("100 simulated untreated trials", "reach a two-sided P < 0.05", "Over ")
    for said in (*shares, "not covered"):
        assert said in out
    for label in ("ALSFRS-R: ", "FVC: "):
        assert sum(line.startswith(label) for line in out.splitlines()) >= 2
    assert "nan" not in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--trials", "5"], "--trials: a number from 100"),
        (["--history", "rosy"], "--history: one of reference"),
        (["--entry", "age:3"], "--entry: “age” is no entry condition"),
        (["--entry", "none", "--entry", "slope_at_most:-1"], "--entry: an entry rule is “none”"),
        (["--set", "untreated_trials=7"], "--set untreated_trials"),
    ],
    ids=str,
)
def test_untreated_that_makes_no_sense_ends_with_2(capsys, words, said):
    code, out, err = run(capsys, "untreated", EXAMPLE, *words)
    assert (code, out) == (2, "")
    assert said in err


@pytest.mark.parametrize(("patients", "months"), [(1, (-3, 0, 3, 6)), (3, (0,))])
def test_untreated_of_trials_without_a_result_says_why(capsys, tmp_path, patients, months):
    path = tmp_path / "small.csv"
    path.write_text(trial_csv(patients, months=months), encoding="utf-8")
    code, out, _ = run(capsys, "untreated", path, "--trials", "100")
    assert code == 0
    assert "not compared with untreated trials" in out
    for block in simulated(capsys, path)["endpoints"].values():
        assert block["reason"]
