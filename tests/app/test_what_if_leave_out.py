"""Two tabs of the What-if page: each answer of one click is that of a file edited by hand."""

from __future__ import annotations

import csv
import io

import pytest

from analysis.compare import compare
from analysis.settings import DEFAULT
from data.files import UploadedFile
from data.reading import read_files
from tests.app.driver import WHAT_IF, alerts, charts, drop, go_to, healthy, opened, press, trial_csv

pytestmark = pytest.mark.slow

NAMES = [f"P{i:02d}" for i in range(1, 9)]
FILE = trial_csv(NAMES)
HEADER, *ROWS = FILE.splitlines()


def uploaded():
    return healthy(go_to(drop(opened(), FILE), WHAT_IF))


def edited(keep):
    text = "\n".join([HEADER, *(row for row in ROWS if keep(row))])
    trial = read_files([UploadedFile("edited.csv", text.encode())]).trial
    assert trial is not None
    return compare(trial, DEFAULT)


def rows_of(at, name):
    """Return the rows of a chart’s file."""
    return list(csv.DictReader(io.StringIO(charts(at)[name]["csv"])))


def same(row, mean, test):
    assert float(row[mean]) == pytest.approx(test.estimate)
    assert float(row["low"]) == pytest.approx(test.interval.low)
    assert float(row["high"]) == pytest.approx(test.interval.high)
    assert float(row["p"]) == pytest.approx(test.p)
    assert int(row["n"]) == test.n


def test_each_omission_is_the_file_without_it():
    at = uploaded()
    box = next(b for b in at.selectbox if b.label.startswith("Patient, most"))
    shown = rows_of(at, "leave-out-alsfrs_r")
    most = max(shown[1:], key=lambda row: abs(float(row["dfbetas"])))
    by_fvc = max(rows_of(at, "leave-out-fvc")[1:], key=lambda row: abs(float(row["dfbetas"])))
    first = max((most, by_fvc), key=lambda row: abs(float(row["dfbetas"])))["without"]
    assert box.options[0] == first
    for key in ("alsfrs_r", "fvc"):
        rows = {row["without"]: row for row in rows_of(at, f"leave-out-{key}")}
        same(rows["P04"], "mean_change", edited(lambda r: "P04" not in r).endpoint(key).primary)
        visits = rows_of(at, f"leave-visit-out-{key}")[1:-1]
        mine = [row for row in ROWS if first in row]
        assert len(visits) == len(mine) == 7
        for row, line in list(zip(visits, mine, strict=True))[::3]:
            fresh = edited(lambda r, line=line: r != line).endpoint(key)
            same(row, "mean_change", fresh.primary)


def test_an_omission_is_put_beside_the_primary_by_one_click():
    at = uploaded()
    first = next(b for b in at.selectbox if b.label.startswith("Patient, most")).options[0]
    at = healthy(press(at, f"Without {first}, beside the primary"))
    for key in ("alsfrs_r", "fvc"):
        primary, variant = rows_of(at, f"variants-{key}")
        same(variant, "estimate", edited(lambda r: first not in r).endpoint(key).lead)
        same(primary, "estimate", edited(lambda r: True).endpoint(key).lead)


def test_a_run_in_is_put_beside_the_primary_by_one_click():
    at = drop(opened(), FILE)
    at.session_state["w.what-if-tab"] = "Other run-ins"
    at = healthy(go_to(at, WHAT_IF))
    shown = {row["run_in"]: row for row in rows_of(at, "run-ins-alsfrs_r")}
    at = healthy(press(at, "Last 6 months, beside the primary"))
    _, variant = rows_of(at, "variants-alsfrs_r")
    for name in ("low", "high", "p", "n"):
        assert variant[name] == shown["last 6 months"][name]
    # Of the file, visits from 6 months before day 0: months −9 are not in it.
    trial = read_files([UploadedFile("t.csv", FILE.encode())]).trial
    assert trial is not None
    fresh = compare(trial, DEFAULT.with_(pre_months=6.0)).endpoint("alsfrs_r")
    assert fresh is not None
    same(variant, "estimate", fresh.lead)


def test_where_a_control_leads_it_is_said_that_all_arms_are_together():
    alone = healthy(opened(WHAT_IF, trial="after-oh-2018", groups="none", show="fvc"))
    assert "All arms together" not in alerts(alone)
    led = healthy(opened(WHAT_IF, trial="after-oh-2018", groups="group", show="fvc"))
    assert "All arms together" in alerts(led)
