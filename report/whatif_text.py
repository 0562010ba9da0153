"""Other analyses of one comparison as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import pandas as pd

from analysis.comparison import EndpointComparison
from analysis.dropout_sensitivity import DropoutSensitivity
from analysis.leave_one_out import FEWEST, LeaveOneOut
from analysis.leave_visit_out import LeaveDayZeroOut, LeaveVisitOut, WithoutVisits
from analysis.results import Interval
from analysis.settings import Alternative
from analysis.specification import SpecificationCurve
from analysis.specification_untreated import UntreatedCurve
from data.trial import IntArray
from report import dropout_words, placebo_words, specification_words
from report.charts.parts import Names
from report.console import table_lines
from report.numbers import bare_p, count, decimals_for, p_value, plain, signed, span
from report.run_in_words import run_ins_sentence, run_ins_table
from report.specification_tables import choices_table
from report.variant_words import estimate_text, renamed, variant_title, variants_table
from report.whatif_report import EndpointWhatIf, WhatIfReport
from report.whatif_words import NO_NEW_EVIDENCE
from report.words import rises

MOST_PATIENTS: Final = 24
"""Patients of the table of those who are left out; with more, the most influential ones."""


def report_text(report: WhatIfReport, names: Names | None = None) -> str:
    """Return a report as text for a terminal.

    Parameters
    ----------
    report
        Other analyses of one comparison.
    names
        What each patient is called here; by default what the trial calls them.
    """
    comparison = report.comparison
    ids = comparison.patient_ids
    names = ids if names is None else names
    settings = renamed(comparison.settings, dict(zip(ids, names, strict=True)))
    label = f"{comparison.trial_title}{' (simulated)' if comparison.simulated else ''}"
    lines = [
        f"{label} · data {comparison.trial_hash[:12]}",
        "; ".join(settings.differences().values()) or "default settings",
    ]
    for key, one in report.endpoints.items():
        lines += ["", one.summary(names)]
        for part in _parts(report, key, one, names):
            lines += ["", *part] if part else []
    for note in (report.note, NO_NEW_EVIDENCE):
        lines += ["", note] if note else []
    return "\n".join(lines)


def _parts(
    report: WhatIfReport, key: str, one: EndpointWhatIf, names: Names
) -> Iterator[list[str]]:
    """Yield what stands under a summary, a block each; empty ones are left out."""
    settings, ids = report.comparison.settings, report.comparison.patient_ids
    board = report.board.endpoint(key)
    if report.beside and board is not None:
        titles = (variant_title(v, settings, ids, names) for v in report.variants)
        beside = list(zip(titles, report.beside, strict=True))
        yield [
            f"Beside the primary analysis, {board.lead.estimate_name} in {board.unit}:",
            *table_lines(variants_table(key, board.lead, beside, ids, names, settings.alternative)),
        ]
    found, control = one.answers, one.result.against_control is not None
    if found.leave_out is not None and len(found.leave_out.patient) >= FEWEST:
        yield _leave_out_lines(one.result, found.leave_out, names)
    if one.visits is not None:
        yield _visits_lines(one.visits, ids, names, settings.alternative)
    yield [_day0_line(one.day0, one.result)]
    if found.curve is not None and len(found.curve.estimate):
        yield _curve_lines(one.result, found.curve, found.untreated, settings.confidence)
    if found.placebo is not None:
        yield [
            f"Placebo dates: {placebo_words.verdict_words(found.placebo)}. "
            f"{placebo_words.reasons_sentence(found.placebo)}",
            placebo_words.excess_sentence(found.placebo, settings.alternative),
            *placebo_words.who_sentences(found.placebo, ids, names),
        ]
    yield _dropout_lines(one.result, one.dropouts, ids, names)
    yield [
        run_ins_sentence(one.run_ins, settings.alternative),
        *(["All arms together, the control too."] if control else []),
        *table_lines(run_ins_table(one.run_ins, ids, names, alternative=settings.alternative)),
    ]


def leave_out_table(result: EndpointComparison, found: LeaveOneOut, names: Names) -> pd.DataFrame:
    """Return the comparison without each patient as text, the most influential first.

    Parameters
    ----------
    result, found
        The comparison, and its repetitions.
    names
        What each patient is called here.
    """
    rows, decimals = [], decimals_for(found.full.interval)
    for k in _by_influence(found)[:MOST_PATIENTS].tolist():
        ends = Interval(float(found.low[k]), float(found.high[k]), found.level, found.level)
        rows.append(
            {
                "without": names[found.patient[k]],
                f"mean change, {result.unit} (CI)": f"{signed(float(found.estimate[k]), decimals)} "
                f"({span(ends, decimals)})",
                "P": bare_p(float(found.p[k]), result.alternative),
                "n": f"{len(found.patient) - 1:,}",
                "own change": signed(float(found.change[k]), decimals),
                "DFBETAS": plain(float(found.dfbetas[k])),
                "note": _leave_out_note(found, k),
            }
        )
    return pd.DataFrame(rows)


def _by_influence(found: LeaveOneOut) -> IntArray:
    """Return the rows: those that decide first, then by the size of DFBETAS."""
    weight = np.nan_to_num(np.abs(found.dfbetas), posinf=1e9)
    return np.lexsort((-weight, ~(found.crosses | found.flips)))


def _leave_out_note(found: LeaveOneOut, k: int) -> str:
    said = (
        ("turns the sign", found.flips[k]),
        ("crosses 0.05", found.crosses[k]),
        ("influential", found.influential[k]),
    )
    return ", ".join(text for text, holds in said if holds)


def _leave_out_lines(result: EndpointComparison, found: LeaveOneOut, names: Names) -> list[str]:
    n = len(found.patient)
    shown = f", the {MOST_PATIENTS} most influential" if n > MOST_PATIENTS else ""
    arms = ", all arms together" if result.against_control is not None else ""
    return [
        f"Without each of {count(n, 'patient')}{shown}{arms} (influential: |DFBETAS| beyond "
        f"{plain(found.threshold)}):",
        *table_lines(leave_out_table(result, found, names)),
    ]


def _visits_lines(
    found: LeaveVisitOut, ids: Names, names: Names, alternative: Alternative
) -> list[str]:
    who = names[found.patient]
    if not found.visits:
        why = found.reason.removeprefix(ids[found.patient]).strip()
        return [f"Without each visit of one patient: {who} {why}."]
    rows = [
        {
            "without the visit at": f"{signed(one.month, 1)} months",
            "score": f"{one.value:g}",
            "slope": one.side,
            f"own change, {found.unit}": "falls out" if one.falls_out else signed(one.change),
            f"mean change, {found.unit} (CI)": estimate_text(one.without.test),
            "P": bare_p(one.without.test.p, alternative),
            "n": f"{one.without.test.n:,}",
            "note": _turned(one.without),
        }
        for one in found.visits
    ]
    return [
        f"Without each visit of {who} (own change {signed(found.change)} {found.unit}):",
        *table_lines(pd.DataFrame(rows)),
    ]


def _day0_line(found: LeaveDayZeroOut, result: EndpointComparison) -> str:
    if found.without is None:
        return f"Without the visits on day 0: {found.reason}."
    test, turned = found.without.test, _turned(found.without)
    arms = ", all arms together" if result.against_control is not None else ""
    gone = len(found.without.left)
    out = f"; {count(gone, 'patient')} then without a slope" if gone else ""
    return (
        f"Without the {count(found.visits, 'visit')} on day 0{arms}: {estimate_text(test)} "
        f"{result.unit}, {p_value(test.p, result.alternative)}, n = {test.n:,}{out}"
        f"{f'; {turned}' if turned else ''}."
    )


def _turned(without: WithoutVisits) -> str:
    said = (("turns the sign", without.flips), ("crosses 0.05", without.crosses))
    return ", ".join(text for text, holds in said if holds)


def _curve_lines(
    result: EndpointComparison,
    curve: SpecificationCurve,
    untreated: UntreatedCurve | None,
    confidence: float,
) -> list[str]:
    said = [
        specification_words.median_sentence(curve),
        specification_words.not_run_sentence(curve),
        specification_words.joint_sentence(curve),
    ]
    if untreated is not None:
        said.append(specification_words.untreated_curve_sentence(curve, untreated))
    if curve.note:
        said.append(f"{curve.note[0].upper()}{curve.note[1:]}.")
    heading = specification_words.analyses_heading(curve, confidence, rises(result))
    return [
        f"Every analysis: {heading}.",
        *table_lines(choices_table(curve)),
        *(f"  {sentence}" for sentence in said if sentence),
    ]


def _dropout_lines(
    result: EndpointComparison, found: DropoutSensitivity, ids: Names, names: Names
) -> list[str]:
    arms = " All arms together, the control too." if result.against_control is not None else ""
    lines = [f"Dropouts: {dropout_words.missing_sentence(found, names)}{arms}"]
    if len(found.missing):
        lines.append(dropout_words.tipping_sentence(result, found.tipping))
    if any(not one.reason for one in found.patterns[1:]):
        lines += table_lines(dropout_words.patterns_table(found, ids, names, result.alternative))
        lines.append(f"  {dropout_words.CAVEATS}")
    return lines
