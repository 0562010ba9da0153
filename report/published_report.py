"""What the command ``published`` says, as JSON and as text; the JSON of the check of the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

import pandas as pd

from analysis.comparison import Comparison
from analysis.published.consistency import (
    SLOW,
    TESTS,
    Consistency,
    Reading,
    consistency,
    readings_that_differ,
)
from analysis.published.presets import printed_summaries
from analysis.published.printed import PrintedSummary
from analysis.published.rows import ChangeRow, ShareRow, change_rows, share_rows
from analysis.untreated.benchmark import untreated
from data.published_values import Library
from data.trial import Trial
from report import consistency_words as words
from report import published_words
from report.charts.published_responders import rule_words
from report.console import table_lines
from report.frames import VERSION
from report.json_export import versions
from report.untreated_words import sentences

SCHEMA: Final = "alslope-published-1"
_NAME: Final = 48


@dataclass(frozen=True, slots=True)
class PublishedReport:
    """A trial among published results, or a check of printed numbers, or the library alone.

    Parameters
    ----------
    library
        The published results.
    title
        What the trial is called; empty without a trial.
    endpoints
        Label, changes and responders by key of the endpoint; empty without a trial.
    readings
        The check by reading, as printed first, with the tests that are quickly calculated; empty
        without printed rows.
    every_test
        The check with all tests in the reading that was asked for; ``None`` without printed rows.
    untreated
        What untreated trials with this run-in look like; empty without a trial.
    """

    library: Library
    title: str
    endpoints: dict[str, tuple[str, tuple[ChangeRow, ...], tuple[ShareRow, ...]]]
    readings: dict[Reading, Consistency]
    every_test: Consistency | None
    untreated: str


def published_report(
    library: Library,
    trial: Trial | None = None,
    comparison: Comparison | None = None,
    summaries: Sequence[PrintedSummary] = (),
    reading: Reading = "exact",
) -> PublishedReport:
    """Compute what the command says.

    Parameters
    ----------
    library
        Published results.
    trial, comparison
        A trial to place among them, or neither.
    summaries
        Printed rows of one publication to check, or none.
    reading
        How the printed numbers are read where every test is listed. One that means the same as a
        finer one is replaced by it.
    """
    endpoints, said = {}, ""
    if trial is not None and comparison is not None:
        level = comparison.settings.confidence
        said = sentences(untreated(trial, comparison))
        for result in comparison.endpoints:
            endpoints[result.endpoint.key] = (
                result.endpoint.label,
                change_rows(result, trial.title, library, level),
                share_rows(result, trial.title, library, level),
            )
    readings: dict[Reading, Consistency] = {}
    every = None
    if summaries:
        quick = tuple(test for test in TESTS if test not in SLOW)
        differing = readings_that_differ(summaries)
        readings = {one: consistency(summaries, one, quick) for one in differing}
        every = consistency(summaries, reading if reading in differing else differing[-1])
    title = trial.title if trial is not None else ""
    return PublishedReport(library, title, endpoints, readings, every, said)


def report_json(report: PublishedReport) -> dict[str, Any]:
    """Return the report as JSON values."""
    plain: dict[str, Any] = {"schema": SCHEMA, "versions": versions()}
    if report.endpoints:
        plain["trial"] = report.title
        plain["untreated"] = report.untreated
        plain["caveat"] = published_words.CAVEAT
        plain["endpoints"] = {
            key: {
                "label": label,
                "changes": [row.to_json() for row in changes],
                "responders": [row.to_json() for row in shares],
            }
            for key, (label, changes, shares) in report.endpoints.items()
        }
    if report.every_test is not None:
        plain["verdict"] = words.verdict(report.readings)
        plain["check"] = check_json(report.every_test)
    if not report.endpoints and report.every_test is None:
        plain["library"] = report.library.to_json()
    return plain


def report_text(report: PublishedReport) -> str:
    """Return the report as text for a terminal."""
    if report.every_test is not None:
        return check_text(report.readings, report.every_test)
    if not report.endpoints:
        return _library_text(report.library)
    lines: list[str] = []
    for label, changes, shares in report.endpoints.values():
        lines += [published_words.forest_heading(label), ""]
        for block, rows in published_words.blocks_of(changes):
            lines.append(published_words.BLOCKS[block])
            lines += table_lines(pd.DataFrame([_change_cells(row) for row in rows]))
            lines.append("")
        if shares:
            lines += [f"{label}: patients who meet each rule", ""]
            cells = [
                {
                    "rule": rule_words(row.rule),
                    "result": _cut(row.name),
                    "met it": published_words.share_text(row),
                    "follow-up": row.window,
                }
                for row in shares
            ]
            lines += [*table_lines(pd.DataFrame(cells)), ""]
    return "\n".join([*lines, report.untreated, "", published_words.CAVEAT])


def check_footer(made: date | None = None) -> str:
    """Return the footer of a figure of printed numbers."""
    day = (made or datetime.now(UTC).date()).isoformat()
    return f"Arithmetic on printed numbers, no patient data · ALSlope {VERSION} · {day}"


def check_json(found: Consistency) -> dict[str, Any]:
    """Return everything that was found in one reading, with the words of the screen."""
    return {
        "heading": words.heading(found),
        "rank_tests_sentence": words.rank_sentence(found),
        "whole_numbers_sentence": words.whole_sentence(found),
        "limits": words.LIMITS,
        **found.to_json(),
    }


def check_text(readings: words.Readings, every: Consistency) -> str:
    """Return the check as text: printed rows, verdict by reading, and every test in one reading.

    Parameters
    ----------
    readings
        The check by reading, as printed first.
    every
        The check with all tests.
    """
    first = next(iter(readings.values()))
    summaries = [check.summary for check in first.checks]
    lines = [words.printed_line(summary) for summary in summaries]
    lines += ["", words.heading_over(readings), ""]
    more = (words.rank_sentence(first), words.whole_sentence(first))
    lines += [f"- {line}" for line in (*words.verdict(readings), *more) if line]
    if every.tests:
        reading = words.reading_name(every.reading, summaries)
        lines += ["", f"Which test allows which n up to {every.n_values[-1]}, {reading}:", ""]
        lines += table_lines(words.test_table(every))
    lines += ["", words.LIMITS]
    return "\n".join(lines)


def _library_text(library: Library) -> str:
    rows = [
        {
            "result": _cut(row.source.name),
            "n": published_words.n_text(row.source.n),
            "measured": f"{row.source.endpoint} change, {row.unit}",
            "doi": row.source.doi,
        }
        for row in library.slopes
    ]
    rows += [
        {
            "result": _cut(row.source.name),
            "n": published_words.n_text(row.source.n),
            "measured": f"{row.source.endpoint} {row.rule}",
            "doi": row.source.doi,
        }
        for row in library.responders
    ]
    presets = ", ".join(printed_summaries(library))
    head = f"{len(library.slopes)} changes of slopes and {len(library.responders)} responder rates"
    return "\n".join([head, "", *table_lines(pd.DataFrame(rows)), "", f"For --preset: {presets}"])


def _change_cells(row: ChangeRow) -> dict[str, str]:
    return {
        "result": _cut(row.name),
        "n": published_words.n_text(row.n),
        "change": published_words.full_change_text(row),
        "compared": row.source.periods if row.source else "",
        "why not drawn": row.reason,
        "doi": row.source.doi if row.source else "",
    }


def _cut(name: str) -> str:
    return name if len(name) <= _NAME else f"{name[: _NAME - 1]}…"
