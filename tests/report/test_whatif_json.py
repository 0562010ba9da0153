"""The JSON of ``whatif``: every key is documented, has its type, and holds the number it names."""

from __future__ import annotations

import json
import math
import re
from functools import cache
from typing import Any

import pytest

from analysis.compare import compare
from analysis.leave_visit_out import WithoutVisits
from analysis.settings import PatientExclusion, Settings
from analysis.specification_untreated import UntreatedCurve
from analysis.variants import Variant
from data.examples import EXAMPLE_IDS, load_example
from report.json_export import heads
from report.whatif_report import SCHEMA, WhatIfReport, report_json, whatif_report
from tests.conftest import ROOT
from tests.exported import same
from tests.test_docs import Tables, tables_of

DOCS = ROOT / "docs"
QUICK = Settings(flips=1_000, resamples=1_000, untreated_trials=100)


@cache
def reports() -> tuple[WhatIfReport, ...]:
    """Return reports that together have every key."""
    found = []
    for name in EXAMPLE_IDS:
        trial = load_example(name).trial
        settings = QUICK.with_(min_visits=3, day0="neither")
        comparison = compare(trial, settings)
        without = PatientExclusion(trial.patient_ids[0], "other")
        variants = (
            Variant("", settings.with_(min_visits=2, day0="before")),
            Variant("", settings.with_(excluded_patients=(without,))),
        )
        found.append(whatif_report(trial, comparison, variants, visits_of=1))
    trial = load_example("every-detail").trial
    comparison = compare(trial, QUICK)
    found.append(whatif_report(trial, comparison, preset="none", visits_of=1))
    return tuple(found)


def plain(report: WhatIfReport) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(json.dumps(report_json(report), allow_nan=False))
    return result


@cache
def compared() -> Tables:
    own = (DOCS / "what-if-json.md").read_text("utf-8")
    others = tables_of((DOCS / "compare-json.md").read_text("utf-8")).rows
    # A link into the other document names the same kind of object.
    rows = tables_of(own.replace("](compare-json.md#", "](#")).rows
    assert not rows.keys() & others.keys()
    tables = Tables(others | rows)
    for report in reports():
        document = plain(report)
        for key in heads(SCHEMA, report.comparison):
            if key != "schema":
                del document[key]
        tables.object(document, "what-if")
    return tables


def test_every_key_is_documented_with_its_type():
    assert sorted(compared().problems) == []


def test_every_documented_key_exists():
    own = tables_of((DOCS / "what-if-json.md").read_text("utf-8")).rows
    assert [line for line in compared().unseen() if line.partition(": ")[0] in own] == []


def test_links_into_the_other_document_lead_to_its_kinds():
    own = (DOCS / "what-if-json.md").read_text("utf-8")
    others = tables_of((DOCS / "compare-json.md").read_text("utf-8")).rows
    names = set(re.findall(r"\[([^\]`]+)\]\(compare-json.md#", own))
    assert {name.lower() for name in names} - {"settings"} <= others.keys()


def test_the_head_is_that_of_compare():
    for report in reports():
        found, head = plain(report), heads(SCHEMA, report.comparison)
        assert found["schema"] == "alslope-whatif-1"
        assert {key: found[key] for key in head} == json.loads(json.dumps(head))


# What each key holds; the numbers themselves have tests of their own in tests/analysis.


@pytest.mark.parametrize("at", range(len(EXAMPLE_IDS)))
def test_variants_hold_what_they_name(at):
    report = reports()[at]
    for one, found in zip(plain(report)["variants"], report.beside, strict=True):
        assert one["title"] == found.title
        assert one["changes"] == list(found.changes)
        assert one["settings"] == found.settings.to_json()
        assert one["note"] == found.note
        for side, there in zip(one["endpoints"], found.endpoints, strict=True):
            same(side["primary"], there.primary.to_json())
            same(side["variant"], there.variant.to_json())
            same(side["difference"], there.variant.estimate - there.primary.estimate)
            same(side["common_n"], there.common_n)
            same(side["common_difference"], there.common_difference)
            assert (side["endpoint"], side["unit"]) == (there.endpoint.key, there.unit)
            for key, people in (("entered", there.entered), ("left", there.left)):
                assert [(p["patient"], p["missing_because"]) for p in side[key]] == list(people)
            p, q = there.primary.p, there.variant.p
            assert side["crosses_0_05"] is ((p < 0.05) != (q < 0.05))
            assert side["turns_sign"] is (there.primary.estimate * there.variant.estimate < 0)


@pytest.mark.parametrize("at", range(len(EXAMPLE_IDS)))
def test_placebo_dates_hold_what_they_name(at):
    for key, one in reports()[at].endpoints.items():
        found = plain(reports()[at])["endpoints"][key]["placebo_dates"]
        dates = one.answers.placebo
        assert dates is not None
        for name, test in (
            ("excess", dates.excess),
            ("excess_sign_flip", dates.excess_flip),
            ("change_at_day0", dates.change),
            ("beyond_curvature", dates.beyond_curvature),
            ("below_bend", dates.below_bend),
        ):
            same(found[name], test.to_json())
        expected = (dates.bend_excess, dates.even_excess, dates.bias)
        same(list(found["expected_excess"].values()), expected)
        for name, profile in (
            ("shift_profile", dates.profile),
            ("run_in_only", dates.run_in),
            ("follow_up_only", dates.follow_up),
        ):
            fields = ("estimate", "low", "high", "p", "n", "months")
            for field in fields:
                same([row[field] for row in found[name]], getattr(profile, field))
            same([row["shift_days"] for row in found[name]], profile.days)
        people = dates.people
        assert [row["patient"] for row in found["patients"]] == list(people.name)
        for name, values in (
            ("change", people.change),
            ("mean_at_other_dates", people.others),
            ("other_dates", people.n_others),
            ("excess", people.change - people.others),
        ):
            same([row[name] for row in found["patients"]], values)
        left = [(row["patient"], row["reason"]) for row in found["without_other_date"]]
        assert left == list(dates.left)
        assert found["verdict"]["key"] == dates.verdict.key
        assert found["verdict"]["title"] == dates.verdict.title
        assert found["verdict"]["reasons"] == list(dates.verdict.reasons)
        same(found["peak_months"], dates.peak)
        same(found["visit_interval_months"], dates.visit_interval)
        same(found["peak_expected_from"], -dates.level_before)
        same(found["peak_expected_to"], dates.level_after)
        assert found["compared"] == dates.compared
        assert found["control_left_out"] == (dates.control or None)
        for name in ("unit", "level", "least_squares", "shift_days", "peak_near_day0"):
            assert found[name] == getattr(dates, name)
        assert found["endpoint"] == key


@pytest.mark.parametrize("at", range(len(EXAMPLE_IDS)))
def test_run_ins_hold_what_they_name(at):
    for key, one in reports()[at].endpoints.items():
        found = plain(reports()[at])["endpoints"][key]["other_run_ins"]
        assert (found["endpoint"], found["unit"]) == (key, one.run_ins.unit)
        for row, there in zip(found["run_ins"], one.run_ins.rows, strict=True):
            same(row["slope_before"], there.before.to_json())
            same(row["test"], there.test.to_json())
            same(row["visits_before"], there.visits)
            same(row["months"], there.months)
            same(row["same_patients"], there.same_n)
            same(row["difference_in_same_patients"], there.same_difference)
            assert [(p["patient"], p["reason"]) for p in row["missing"]] == list(there.missing)
            flags = (there.primary, there.same_visits, there.crosses, there.flips)
            names = ("primary", "same_visits_as_whole", "crosses_0_05", "flips_sign")
            assert tuple(row[name] for name in names) == flags


@pytest.mark.parametrize("at", range(len(EXAMPLE_IDS)))
def test_dropouts_hold_what_they_name(at):
    ids = reports()[at].comparison.patient_ids
    for key, one in reports()[at].endpoints.items():
        found, there = plain(reports()[at])["endpoints"][key]["dropouts"], one.dropouts
        stopped = there.stopped
        same(found["with_after"], stopped.before_with.to_json())
        same(found["without_after"], stopped.before_without.to_json())
        same([found["difference"], found["p"]], [stopped.difference, stopped.p])
        same(found["interval"], None if stopped.interval is None else stopped.interval.to_json())
        same(found["tipping_point"], there.tipping.to_json())
        rows = zip(found["last_visits"], stopped.patient.tolist(), strict=True)
        assert all(row["patient"] == ids[i] for row, i in rows)
        same([row["last_month"] for row in found["last_visits"]], stopped.last_month)
        same([row["has_after"] for row in found["last_visits"]], stopped.has_after)
        ends = {ids[i]: end for i, end in zip(stopped.patient, there.end, strict=True) if end}
        assert {row["patient"]: row["end"] for row in found["ends"]} == ends
        for name, link in (
            ("slope_after_by_length", there.after_by_length),
            ("change_by_length", there.change_by_length),
        ):
            same([found[name][k] for k in ("r", "p", "n")], [link.r, link.p, link.n])
            same(
                found[name]["interval"], None if link.interval is None else link.interval.to_json()
            )
        if there.delta is None:
            assert found["delta_curve"] is None
        else:
            for name in ("delta", "estimate", "low", "high"):
                same(found["delta_curve"][name], getattr(there.delta, name))
        for row, pattern in zip(found["patterns"], there.patterns, strict=True):
            same(row["test"], pattern.test.to_json())
            said = (pattern.key, pattern.label, pattern.assumption, pattern.reason)
            assert (row["key"], row["label"], row["assumption"], row["reason"]) == said
            assert row["added"] == list(pattern.added)


@pytest.mark.parametrize("at", range(len(EXAMPLE_IDS)))
def test_what_is_left_out_holds_what_it_names(at):
    report = reports()[at]
    ids = report.comparison.patient_ids
    assert plain(report)["equal_windows"] == json.loads(json.dumps(report.windows.to_json()))
    for key, one in report.endpoints.items():
        found, visits = plain(report)["endpoints"][key], one.visits
        assert (found["label"], found["unit"]) == (one.result.endpoint.label, one.result.unit)
        same(found["primary"], one.result.lead.to_json())
        assert visits is not None
        there = found["leave_visit_out"]
        assert (there["patient"], there["unit"]) == (ids[1], visits.unit)
        assert (there["reason"], there["alpha"]) == (visits.reason, 0.05)
        same([there["change"], there["level"]], [visits.change, visits.level])
        same(there["full"], visits.full.to_json())
        for row, visit in zip(there["without"], visits.visits, strict=True):
            numbers = (visit.month, visit.decision.day, visit.value, visit.change)
            same([row[k] for k in ("month", "day", "value", "change")], numbers)
            assert row["side"] == visit.side
            _left_out(row, visit.without)
        day0 = found["leave_day0_out"]
        assert (day0["visits"], day0["reason"]) == (one.day0.visits, one.day0.reason)
        assert (day0["without"] is None) is (one.day0.without is None)
        if one.day0.without is not None:
            _left_out(day0["without"], one.day0.without)


def _left_out(row: dict[str, Any], without: WithoutVisits) -> None:
    same(row["test"], without.test.to_json())
    assert (row["crosses_0_05"], row["flips_sign"]) == (without.crosses, without.flips)
    assert [(p["patient"], p["reason"]) for p in row["left"]] == list(without.left)


@pytest.mark.parametrize("at", range(len(EXAMPLE_IDS)))
def test_curves_hold_what_they_name(at):
    for key, one in reports()[at].endpoints.items():
        found, curve = plain(reports()[at])["endpoints"][key], one.answers.curve
        assert curve is not None
        for row, choice in zip(found["curve"]["choices"], curve.choices, strict=True):
            assert row == {
                "key": choice.key,
                "label": choice.label,
                "options": [option.label for option in choice.options],
            }
        for row, moved in zip(found["curve"]["moves"], curve.moves, strict=True):
            assert row["choice"] == moved.label
            same([row["medians"], row["range"]], [moved.medians, moved.range])
        left = [(row["reason"], row["count"]) for row in found["curve"]["not_run"]]
        assert left == [(gone.reason, gone.count) for gone in curve.not_run]
        joint, names = curve.joint, ("p_median", "p_share", "p_mean_z", "flips", "n", "p_floor")
        same([found["curve"]["joint"][name] for name in names], [getattr(joint, n) for n in names])
        assert found["curve"]["joint"]["exact"] is joint.exact
        assert found["curve"]["joint"]["notes"] == list(joint.notes)
        assert found["curve"]["joint"]["name"].startswith("joint test of no change, not of ")
        _shares(found["untreated_curve"], one.answers.untreated)


def _shares(found: dict[str, Any], there: UntreatedCurve | None) -> None:
    assert there is not None
    assert there.reference is not None
    assert there.own_mean is not None
    parts: list[tuple[Any, Any]] = [
        (found, there),
        (found["reference"], there.reference),
        (found["own_mean"], there.own_mean),
    ]
    for row, shares in parts:
        for name in ("median_at_least", "significant_at_least", "any_significant"):
            share = getattr(shares, name)
            same(row[name]["count"], share.count)
            same(row[name]["trials"], there.trials)
            same(row[name]["share"], share.count / there.trials)
            p = share.count / there.trials
            same(row[name]["monte_carlo_se"], math.sqrt(p * (1 - p) / there.trials))
    for row, shares in parts[1:]:
        same(row["mean_of_medians"], shares.median)
