"""The JSON of ``published``: each key is documented, has its type, and holds what it names."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest

from analysis.compare import compare
from analysis.opening import opening_settings
from analysis.published.presets import printed_summaries
from analysis.settings import Settings
from data.examples import EXAMPLE_IDS, load_example
from data.published import load_library, parse_rows
from report import consistency_words as words
from report.published_report import PublishedReport, published_report, report_json, report_text
from report.published_words import CAVEAT
from tests.conftest import ROOT
from tests.test_docs import Tables, tables_of

# A row without the SD of its change is drawn as an open band.
BAND = {
    "study": "Doe",
    "year": "2024",
    "n": "12",
    "treated": "yes",
    "endpoint": "alsfrs_r",
    "unit": "points/month",
    "pre_mean": "-1.2",
    "pre_sd": "0.5",
    "post_mean": "-0.8",
    "post_sd": "0.6",
}


@cache
def reports() -> tuple[PublishedReport, ...]:
    """Return reports that together have every key."""
    library = load_library().with_rows(parse_rows(BAND).library)
    found = []
    for name in EXAMPLE_IDS:
        trial = load_example(name).trial
        settings = Settings.from_json(dict(opening_settings(trial)))[0]
        settings = settings.with_(untreated_trials=100, flips=1_000)
        found.append(published_report(library, trial, compare(trial, settings)))
    presets = printed_summaries(library)
    found.append(published_report(library, summaries=presets["Shamsaei 2023"], reading="literal"))
    found.append(published_report(library, summaries=presets["Siwek 2018"]))
    found.append(published_report(library))
    return tuple(found)


def plain(report: PublishedReport) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(json.dumps(report_json(report), allow_nan=False))
    return result


@cache
def compared() -> Tables:
    tables = tables_of((ROOT / "docs" / "published-json.md").read_text("utf-8"))
    for report in reports():
        tables.object(plain(report), "published")
    return tables


def test_every_key_is_documented_with_its_type():
    assert sorted(compared().problems) == []


def test_every_documented_key_exists():
    assert compared().unseen() == []


@pytest.mark.parametrize("at", range(len(EXAMPLE_IDS)))
def test_a_trial_stands_among_the_rows_that_the_screen_draws(at):
    report = reports()[at]
    found = plain(report)
    assert found["schema"] == "alslope-published-1"
    assert (found["trial"], found["caveat"]) == (report.title, CAVEAT)
    assert found["untreated"] == report.untreated
    for key, (label, changes, shares) in report.endpoints.items():
        one = found["endpoints"][key]
        assert one["label"] == label
        assert one["changes"] == json.loads(json.dumps([row.to_json() for row in changes]))
        assert one["responders"] == json.loads(json.dumps([row.to_json() for row in shares]))
        for row in one["changes"]:
            assert row["block"] in ("trial", "treated", "untreated", "other_scale", "listed")
            drawn = row["block"] != "listed"
            assert drawn == (not row["reason"])
            if row["interval"]:
                middle = (row["interval"]["low"] + row["interval"]["high"]) / 2
                assert middle == pytest.approx(row["estimate"])
            for ends in row["band"]:
                assert (ends["low"] + ends["high"]) / 2 == pytest.approx(row["estimate"])


def test_a_check_says_what_the_screen_says():
    report = reports()[len(EXAMPLE_IDS)]
    found, every = plain(report), report.every_test
    assert every is not None
    assert found["verdict"] == list(words.verdict(report.readings))
    check = found["check"]
    assert check["reading"] == "literal"
    assert check["heading"] == words.heading(every)
    assert check["rank_tests_sentence"] == words.rank_sentence(every)
    assert check["whole_numbers_sentence"] == words.whole_sentence(every)
    assert check["limits"] == words.LIMITS
    assert check["common_n"]["paired"] == [22, 23, 24, 25]
    for name, rest in every.to_json().items():
        assert check[name] == json.loads(json.dumps(rest))


def test_the_library_alone_has_every_row():
    report = reports()[-1]
    found = plain(report)["library"]
    assert found == json.loads(json.dumps(report.library.to_json()))
    assert (len(found["slopes"]), found["slopes"][-1]["added"]) == (14, True)
    first = found["slopes"][0]
    assert (first["study"], first["pre_mean"], first["change_mean"]) == ("Shamsaei", -5.4, None)


@pytest.mark.parametrize("at", range(len(EXAMPLE_IDS) + 3))
def test_the_text_has_the_same_numbers(at):
    report = reports()[at]
    text = report_text(report)
    for _, changes, _ in report.endpoints.values():
        for row in changes:
            if row.reason:
                assert row.reason in text
            if row.source and row.source.doi:
                assert row.source.doi in text
    for sentence in plain(report).get("verdict", ()):
        assert sentence in text
    if report.endpoints:
        assert report.untreated in text
        assert CAVEAT in text
