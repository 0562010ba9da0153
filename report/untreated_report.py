"""Everything about untreated trials of one comparison, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from analysis.comparison import Comparison, EndpointComparison
from analysis.untreated.benchmark import untreated
from analysis.untreated.deceleration import Deceleration, deceleration
from analysis.untreated.entry import EntryBenchmark, entry_benchmarks
from analysis.untreated.outcome import Untreated, UntreatedEndpoint
from analysis.untreated.presets import OverPresets, over_presets
from analysis.untreated.regression import RegressionReport, regression_report
from data.trial import Trial
from report import untreated_tables as tables
from report import untreated_words as words
from report.console import table_lines
from report.json_export import endpoint_untreated, heads
from report.numbers import count
from report.untreated_entry import entry_sentence, entry_table

SCHEMA: Final = "alslope-untreated-1"


@dataclass(frozen=True, slots=True)
class UntreatedReport:
    """What the Untreated page shows of one comparison.

    Parameters
    ----------
    comparison
        The comparison.
    found
        Simulated trials of people with this run-in.
    presets, bends, regression
        The same under every natural history and with more and more curvature, and regression to
        the mean, by endpoint.
    entry
        Simulated trials with the stated rule of entry, or with each plausible one.
    """

    comparison: Comparison
    found: Untreated
    presets: Mapping[str, OverPresets]
    bends: Mapping[str, Deceleration]
    regression: Mapping[str, RegressionReport]
    entry: tuple[EntryBenchmark, ...]


def untreated_report(trial: Trial, comparison: Comparison) -> UntreatedReport:
    """Simulate everything that the Untreated page shows of a comparison."""
    return UntreatedReport(
        comparison=comparison,
        found=untreated(trial, comparison),
        presets=over_presets(trial, comparison),
        bends=deceleration(trial, comparison),
        regression=regression_report(trial, comparison),
        entry=entry_benchmarks(trial, comparison),
    )


def report_json(report: UntreatedReport) -> dict[str, Any]:
    """Return every number of a report as JSON values; what is not finite becomes null."""
    return {
        **heads(SCHEMA, report.comparison),
        "untreated": report.found.to_json(),
        "endpoints": {
            result.endpoint.key: _endpoint_json(report, one) for result, one in _pairs(report)
        },
        "entry_rules": [rule.to_json() for rule in report.entry],
        "not_covered": list(words.coverage_notes()),
    }


def _endpoint_json(report: UntreatedReport, one: UntreatedEndpoint) -> dict[str, Any]:
    key = one.endpoint.key
    regression = report.regression.get(key)
    return {
        "label": one.endpoint.label,
        "unit": one.unit,
        "heading": words.verdict_heading(one, words.verdict_over(one, report.presets.get(key))),
        **endpoint_untreated(one, report.found.control),
        "over_presets": report.presets[key].to_json(),
        "with_curvature": report.bends[key].to_json(),
        "regression_to_the_mean": None if regression is None else regression.to_json(),
    }


def report_text(report: UntreatedReport) -> str:
    """Return a report as text for a terminal."""
    comparison, found = report.comparison, report.found
    label = f"{comparison.trial_title}{' (simulated)' if comparison.simulated else ''}"
    lines = [
        f"{label} · data {comparison.trial_hash[:12]}",
        "; ".join(comparison.settings.differences().values()) or "default settings",
        f"{count(found.trials, 'simulated untreated trial')} · seed {found.seed} · natural "
        f"history: {found.assumed.preset.label}",
    ]
    for result, one in _pairs(report):
        lines += _endpoint_text(report, result, one)
    notes = (words.controlled_note(found), *words.coverage_notes())
    for note in filter(None, notes):
        lines += ["", note]
    return "\n".join(lines)


def _pairs(report: UntreatedReport) -> Iterator[tuple[EndpointComparison, UntreatedEndpoint]]:
    return zip(report.comparison.endpoints, report.found.endpoints, strict=True)


def _endpoint_text(
    report: UntreatedReport, result: EndpointComparison, one: UntreatedEndpoint
) -> list[str]:
    key = one.endpoint.key
    presets, bends = report.presets[key], report.bends[key]
    lines = ["", words.verdict_heading(one, words.verdict_over(one, presets))]
    lines += [words.untreated_sentence(one, report.found.control)]
    if one.reason:
        return lines
    lines += [f"  {line}" for line in words.verdict_lines(one)]
    lines += ["", *table_lines(tables.responders(one))]
    for said, table in (
        (words.presets_sentence(presets), tables.presets(presets, one.unit)),
        (words.bend_sentence(bends), tables.deceleration(bends, one.unit)),
        (entry_sentence(report.entry, key), entry_table(report.entry, key, one.unit)),
    ):
        lines += ["", *([said] if said else []), *table_lines(table)]
    lines += [f"  {rule.words}: {rule.reason}" for rule in report.entry if rule.reason]
    regression = report.regression.get(key)
    if regression is not None:
        lines += ["", *table_lines(tables.regression(result, regression))]
        if note := words.regression_note(result, regression):
            lines += [f"  {note}"]
        if any(other.against_control is not None for other in report.comparison.endpoints):
            lines += ["  All arms together, the control too."]
    return lines
