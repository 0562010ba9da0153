"""Other analyses as text: names as asked for, who decides first, every variant and the summary."""

from __future__ import annotations

import re

import pytest

from analysis.compare import compare
from analysis.variants import Variant
from data.examples import EXAMPLE_IDS
from report.whatif_report import whatif_report
from report.whatif_text import leave_out_table, report_text
from tests.report.test_whatif_report import (
    document,
    opened,
    p_of,
    p_written,
    reported,
    without,
)


def test_patients_have_the_names_that_are_asked_for():
    trial, comparison = opened("untreated-60")
    excluded = compare(trial, without(comparison.settings, "U05"))
    varied = Variant("U07 is odd", without(comparison.settings, "U07"))
    report = whatif_report(trial, excluded, (varied,), "none", visits_of=8)
    ids = trial.patient_ids
    text = report_text(report, tuple(f"Person {k}" for k in range(len(ids))))
    assert not [name for name in ids if re.search(rf"\b{name}\b", text)]
    assert "Without each visit of Person 8" in text
    own = report_text(report).replace("U07 is odd", "without U07")
    renamed = re.sub(r"\bU(\d\d)\b", lambda found: f"Person {int(found[1]) - 1}", own)
    assert renamed.split() == text.split()


def test_nobody_who_is_out_keeps_a_name():
    trial, comparison = opened("every-detail")
    ids = trial.patient_ids
    called = tuple(f"Person {k}" for k in range(len(ids)))
    report = whatif_report(trial, comparison, preset="none", visits_of=ids.index("P24"))
    assert "P24 is not compared: " in report_text(report)
    text = report_text(report, called)
    assert re.findall(r"\bP\d\d\b", text) == []
    assert "Without each visit of one patient: Person 23 is not compared: " in text
    report = reported("after-oh-2018")
    assert "Not in the excess: T" in report_text(report)
    called = tuple(f"Person {k}" for k in range(len(report.comparison.patient_ids)))
    assert re.findall(r"\b[CT]\d\d\b", report_text(report, called)) == []


def test_those_who_decide_stand_first_and_the_others_by_their_influence():
    trial, comparison = opened("untreated-60")
    result = comparison.endpoint("alsfrs_r")
    assert result is not None
    found = reported("untreated-60").endpoints["alsfrs_r"].answers.leave_out
    assert found is not None
    table = leave_out_table(result, found, trial.patient_ids)
    assert len(table) == 24
    assert table["note"].str.contains("crosses 0.05").tolist() == [True] * 12 + [False] * 12
    sizes = table["DFBETAS"].str.replace("−", "-").astype(float).abs()
    assert sizes[:12].is_monotonic_decreasing
    assert sizes[12:].is_monotonic_decreasing
    for _, row in table[:3].iterrows():
        p = p_of(trial, "alsfrs_r", comparison.settings, row["without"])
        assert row["P"] == p_written(p)
        assert p < 0.05


@pytest.mark.parametrize("name", EXAMPLE_IDS)
def test_the_text_holds_the_summary_and_every_variant(name):
    text = report_text(reported(name))
    for key, one in document(name)["endpoints"].items():
        assert one["summary"] in text
        for side in document(name)["variants"]:
            (there,) = [e for e in side["endpoints"] if e["endpoint"] == key]
            line = re.compile(rf"^  {re.escape(side['title'])} .* {there['variant']['n']} ", re.M)
            assert line.search(text)
    assert "half a year" in text
    assert text.endswith("none of them is to be picked for its P.")
